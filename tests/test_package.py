"""The metadata of the package: one truth for versions, ranges, addresses and Pythons."""

import importlib
import importlib.util
import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

import embedlab
from embedlab.lessons import setup_check

ROOT = Path(__file__).resolve().parents[1]
CONFIG = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PROJECT = CONFIG["project"]
PYTHONS = [re.search(r":: (3\.\d+)$", line) for line in PROJECT["classifiers"]]
PYTHONS = [match[1] for match in PYTHONS if match]


@pytest.fixture(scope="module")
def rehearse():
    spec = importlib.util.spec_from_file_location("rehearse", ROOT / "release" / "rehearse.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_pythons_are_those_of_the_matrix():
    workflow = yaml.safe_load((ROOT / ".github/workflows/package.yml").read_text("utf-8"))
    assert workflow["jobs"]["package"]["strategy"]["matrix"]["python"] == PYTHONS
    assert PROJECT["requires-python"] == f">={PYTHONS[0]}"


def test_the_doctor_asks_for_the_ranges_of_the_package(monkeypatch):
    requested = {}
    monkeypatch.setattr(
        setup_check, "_version", lambda name, *ends: requested.setdefault(name, ends) and name
    )
    for check in setup_check._CHECKS:
        if check[0] in ("NumPy and Numba", "widgets", "host"):
            check[1]()
    lab = PROJECT["optional-dependencies"]["lab"]
    declared = {r.name: r for r in map(Requirement, [*PROJECT["dependencies"], *lab])}
    assert {"numpy", "numba", "ipywidgets", "anywidget", "jupyterlab"} == set(requested)
    for name, (least, *below) in requested.items():
        ends = {f">={least}", *(f"<{end}" for end in below)}
        assert {str(end) for end in declared[name].specifier} == ends, name


def test_the_conda_recipe_needs_what_the_package_needs(rehearse):
    recipe = yaml.safe_load(rehearse.recipe("1.0.0", "0" * 64))
    names = [line.split()[0] for line in recipe["requirements"]["run"]]
    needed = [Requirement(text).name for text in PROJECT["dependencies"]]
    assert names == ["python", *(rehearse.CONDA_NAMES.get(name, name) for name in needed)]
    assert recipe["about"]["homepage"] == PROJECT["urls"]["Homepage"]
    assert recipe["about"]["license"] == PROJECT["license"]
    script = recipe["build"]["python"]["entry_points"]
    assert script == [f"{name} = {where}" for name, where in PROJECT["scripts"].items()]


def test_the_citation_names_this_package_and_no_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert citation["title"].startswith(f"{PROJECT['name']}: ")
    assert citation["license"] == PROJECT["license"]
    assert citation["repository-code"] == PROJECT["urls"]["Homepage"]
    assert [author["name"] for author in citation["authors"]] == [PROJECT["authors"][0]["name"]]
    assert "version" not in citation and citation["cff-version"] and citation["message"]


def test_a_copy_has_the_version_and_the_changelog_of_a_release(rehearse, tmp_path):
    assert re.fullmatch(r"[1-9]\d* entries", rehearse.copy(tmp_path, "1.2.3"))
    assert '__version__ = "1.2.3"' in (tmp_path / "embedlab/__init__.py").read_text("utf-8")
    assert re.search(r"(?m)^## 1\.2\.3 \(", (tmp_path / "CHANGELOG.md").read_text("utf-8"))
    assert embedlab.__version__ != "1.2.3"
    with pytest.raises(rehearse.RehearsalError, match=r"three numbers, as 1\.0\.0"):
        rehearse.check_tag("1.0")


def test_no_address_on_the_package_page_is_relative():
    page = (ROOT / "README.md").read_text("utf-8")
    for change in CONFIG["tool"]["hatch"]["metadata"]["hooks"]["fancy-pypi-readme"][
        "substitutions"
    ]:
        page = re.sub(change["pattern"], change["replacement"], page)
    addresses = re.findall(r'\]\(([^)]+)\)|(?:src|srcset)="([^"]+)"', page)
    assert len(addresses) > 40
    for address in map("".join, addresses):
        assert address.startswith(("https://", "#")), address


def test_every_fault_that_was_seen_has_its_tests(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "tests"))
    faults = importlib.import_module("faults")
    missing = [test for _, _, tests in faults.rows() for test in tests if not faults.exists(test)]
    assert not missing and [number for number, *_ in faults.rows()][:13] == [
        str(number) for number in range(1, 14)
    ]

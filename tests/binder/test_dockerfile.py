"""The image of Binder: repo2docker writes its Dockerfile, no container engine needed."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

if not importlib.util.find_spec("repo2docker") and not os.environ.get("CI"):
    pytest.skip("repo2docker is not installed here", allow_module_level=True)


def render(folder):
    return subprocess.run(
        [sys.executable, "-m", "repo2docker", "--no-build", "--debug", folder],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """Only what repo2docker reads: it looks at names and at the folder binder."""
    folder = tmp_path_factory.mktemp("checkout")
    shutil.copytree(ROOT / "binder", folder / "binder")
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


@pytest.fixture(scope="module")
def dockerfile(checkout):
    process = render(checkout)
    assert process.returncode == 0, process.stderr
    return process.stdout + process.stderr


def test_it_takes_the_python_that_we_name(dockerfile):
    name = (ROOT / "binder" / "runtime.txt").read_text("utf-8").strip()
    version = name.removeprefix("python-")
    assert f"Building conda environment for python={version}" in dockerfile
    assert tuple(map(int, version.split("."))) >= (3, 11)


def test_the_pins_are_a_layer_before_the_source(dockerfile):
    pins = dockerfile.index('pip install --no-cache-dir -r "binder/requirements.txt"')
    source = re.search(r"^COPY .*src/ \$\{REPO_DIR\}/$", dockerfile, re.MULTILINE)
    assert pins < source.start(), "a commit must not make Binder install every package anew"


def test_post_build_and_start_are_used(dockerfile):
    assert "RUN ./binder/postBuild" in dockerfile
    assert 'ENV R2D_ENTRYPOINT="${REPO_DIR}/binder/start"' in dockerfile


def test_a_python_that_binder_does_not_know_is_an_error(checkout, tmp_path):
    shutil.copytree(checkout, tmp_path / "broken")
    (tmp_path / "broken" / "binder" / "runtime.txt").write_text("python-3.99\n", "utf-8")
    assert render(tmp_path / "broken").returncode != 0

"""`embedlab doctor`: green on a sound machine; each fault is named, with a cure."""

import importlib.metadata
import platform
import re
import subprocess
import sys

import pytest

import embedlab.core.jit
from embedlab.cli import main
from embedlab.lessons import doctor
from embedlab.lessons.setup_check import checks


def red():
    return {check.name: check for check in checks() if not check.ok}


def test_this_machine_is_sound(capsys):
    assert main(["doctor"]) == 0, capsys.readouterr().out
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "All green."
    assert all(line.startswith("✓ ") for line in lines[:-1])
    assert f"✓ Python: {platform.python_version()}" in lines


def test_the_report_is_the_same_on_every_sound_machine():
    report = repr(doctor())
    assert doctor().ok
    assert report.endswith("All green: the lessons can start.")
    assert not re.search(r"\d|/|\\", report), "no version and no folder, so that nbval can compare"


def versions(monkeypatch, **others):
    real = importlib.metadata.version

    def version(name):
        if name in others and others[name] is None:
            raise importlib.metadata.PackageNotFoundError(name)
        return others.get(name) or real(name)

    monkeypatch.setattr(importlib.metadata, "version", version)


@pytest.mark.parametrize(
    ("package", "version", "check", "message"),
    [
        ("numpy", "1.26.4", "NumPy and Numba", "numpy 1.26.4 is here, and 2.0 or newer"),
        ("numba", "0.69.0", "NumPy and Numba", "before 0.69 is needed"),
        ("anywidget", "0.12.0", "widgets", "anywidget 0.12.0 is here"),
        ("anywidget", "0.9.21", "widgets", "anywidget 0.9.21 is here"),
        ("ipywidgets", None, "widgets", "ipywidgets"),
        ("jupyterlab", "4.3.0", "host", "jupyterlab 4.3.0 is here, and 4.4 or newer"),
    ],
)
def test_a_version_that_does_not_fit(monkeypatch, package, version, check, message):
    before = set(red())
    versions(monkeypatch, **{package: version})
    assert set(red()) - before == {check}
    line = red()[check].line()
    assert line.startswith(f"✗ {check}: ")
    assert message in line
    assert red()[check].cure in line


HOSTS = dict.fromkeys(("jupyterlab", "notebook", "marimo", "voila", "panel", "streamlit"))


def test_no_host_at_all(monkeypatch):
    versions(monkeypatch, **HOSTS)
    assert "JupyterLab is not installed, nor another host" in red()["host"].line()


def test_another_host_needs_nothing_of_jupyter(monkeypatch):
    versions(monkeypatch, **HOSTS | {"marimo": "0.25.2"})
    monkeypatch.setitem(sys.modules, "jupyter_core.paths", None)  # an import of it would fail
    assert not red()
    lines = [check.line() for check in checks()]
    assert "✓ host: marimo 0.25.2" in lines


def test_an_old_python(monkeypatch):
    monkeypatch.setattr(platform, "python_version", lambda: "3.10.13")
    assert "3.11 or newer is needed" in red()["Python"].line()


def test_too_many_threads(monkeypatch):
    monkeypatch.setattr(embedlab.core.jit, "num_threads", lambda: 4096)
    assert "4096 threads" in red()["threads"].line()


def test_a_wrong_lookup_is_found_out(monkeypatch):
    import embedlab.core.lookup

    monkeypatch.setattr(embedlab.core.lookup, "lookup", lambda table, ids: table[[0, 0, 0]])
    assert "disagree" in red()["lookup"].line()


def test_front_ends_that_lab_cannot_find(monkeypatch):
    import jupyter_core.paths

    monkeypatch.setattr(jupyter_core.paths, "jupyter_path", lambda *parts: [])
    assert "front end of" in red()["widgets"].line()


def test_no_lessons_and_no_views(monkeypatch, tmp_path):
    import embedlab.lessons.setup_check
    from embedlab.lessons import notebook_files  # noqa: F401  (the function; its module is fetched below)

    monkeypatch.setattr(
        embedlab.lessons.setup_check,
        "__file__",
        str(tmp_path / "embedlab" / "lessons" / "setup_check.py"),
    )
    monkeypatch.setattr(
        sys.modules["embedlab.lessons.notebook_files"], "_HERE", tmp_path / "a" / "b"
    )
    failures = red()
    assert "no view is built" in failures["views"].line()
    assert "lessons must lie inside the package" in failures["lessons"].line()
    assert main(["doctor"]) == 1


def test_a_missing_package_does_not_stop_the_other_checks():
    """A real process in which anywidget cannot be imported and NumPy is broken."""
    code = (
        "import sys; sys.modules['numba'] = None\n"
        "from embedlab.cli import main; sys.exit(main(['doctor']))"
    )
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert process.returncode == 1
    assert "✗ compiler" in process.stdout
    assert "✓ host" in process.stdout
    assert "Traceback" not in process.stderr

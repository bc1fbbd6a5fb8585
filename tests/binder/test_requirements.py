"""The pins: exactly what embedlab[lab] needs, and no address of an index."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

BINDER = Path(__file__).resolve().parents[2] / "binder"
PINS = [
    line
    for line in (BINDER / "requirements.txt").read_text("utf-8").splitlines()
    if not line.startswith("#")
]


def test_every_line_is_one_exact_pin():
    for line in PINS:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*==[0-9][0-9a-z.]*", line), (
            f"binder/requirements.txt: {line!r} must be `package==version`: no address, no extra, "
            "and no -e (it would make Binder install everything anew for every commit)."
        )
    assert sorted(PINS) == PINS
    assert len({line.partition("==")[0] for line in PINS}) == len(PINS)


def test_the_pins_are_what_this_environment_runs():
    process = subprocess.run(
        [sys.executable, BINDER / "pins.py"], capture_output=True, text=True, check=False
    )
    assert process.returncode == 0, (
        f"Run `make pins`, or make the environment anew.\n{process.stdout}"
    )


def test_a_pin_that_is_missing_or_old_is_named(tmp_path):
    for name in ("pins.py", "requirements.txt"):
        (tmp_path / name).write_text((BINDER / name).read_text("utf-8"), "utf-8")
    changed = [line for line in PINS if not line.startswith("numba==")]
    changed = ["numpy==1.0" if line.startswith("numpy==") else line for line in changed]
    (tmp_path / "requirements.txt").write_text("\n".join(changed), "utf-8")
    process = subprocess.run(
        [sys.executable, tmp_path / "pins.py"], capture_output=True, text=True, check=False
    )
    assert process.returncode == 1
    assert "missing: numba==" in process.stdout
    assert "not needed, or another version: numpy==1.0" in process.stdout


def test_every_pin_runs_on_the_python_of_debian_12():
    spec = importlib.util.spec_from_file_location("pins", BINDER / "pins.py")
    pins = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(pins)
    assert pins.too_new(PINS) == []
    assert any(line.startswith("numpy==") for line in pins.too_new(PINS, oldest="3.9.2"))


def test_no_tool_of_a_developer_is_pinned():
    names = {line.partition("==")[0] for line in PINS}
    assert not names & {"pytest", "ruff", "mypy", "playwright", "hypothesis", "keras", "torch"}
    assert {"numpy", "numba", "anywidget", "jupyterlab"} <= names

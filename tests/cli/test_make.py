"""`make` on a machine that lacks something: one line that says the cure."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(not shutil.which("make"), reason="make is not installed here")


def make(*words, **env):
    return subprocess.run(
        ["make", *words], cwd=ROOT, env={**os.environ, **env}, capture_output=True, text=True
    )


def test_help_is_the_default_and_lists_every_target():
    text = make().stdout
    for target in ("lab", "test", "check", "notebooks", "bundle", "bench"):
        assert f"\n  {target} " in text


def python_that(tmp_path, fails_on):
    fake = tmp_path / "python"
    fake.write_text(f'#!/bin/sh\ncase "$2" in *"{fails_on}"*) exit 1;; esac\nexit 0\n')
    fake.chmod(0o755)
    return f"PYTHON={fake}"


def test_a_python_without_venv(tmp_path):
    process = make("lab", f"VENV={tmp_path / 'venv'}", python_that(tmp_path, "ensurepip"))
    assert process.returncode
    assert "apt-get install python3-venv" in process.stdout
    assert len(process.stdout.strip().splitlines()) == 1


def test_an_old_python(tmp_path):
    process = make("lab", f"VENV={tmp_path / 'venv'}", python_that(tmp_path, "version_info"))
    assert process.returncode
    assert process.stdout.startswith("Python 3.11 or newer is needed.")


def test_missing_node_is_one_line_and_an_error_in_ci(tmp_path):
    venv = tmp_path / "venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").touch()
    arguments = ("views", f"VENV={venv}", "NODE=")
    here = make(*arguments, CI="")
    assert here.returncode == 0
    assert here.stdout.startswith("NOT RUN: the checks of the browser half, for want of Node")
    ci = make(*arguments, CI="true")
    assert ci.returncode
    assert ci.stdout.startswith("CI must run the checks of the browser half")

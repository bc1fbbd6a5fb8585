"""Run the tests with the lowest and with the newest dependencies, on each Python of this machine.

python tests/versions.py                       each Python that is here, lowest and newest
python tests/versions.py --python 3.12         one Python
python tests/versions.py --lowest tests/core   the lowest alone, some tests

It needs uv: python -m pip install uv. What is installed is removed afterwards.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
"""Those of pyproject.toml's classifiers, and of the workflow that runs this."""
RESOLUTIONS = {"lowest": "lowest-direct", "newest": "highest"}
FAST = ["core", "data", "layers", "models", "traces", "figures", "explorers", "cli"]
UV = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))
DECIDING = ("numpy", "numba", "matplotlib", "ipywidgets", "anywidget")


def run(*command: str, **environment: str) -> tuple[int, str]:
    """Run a command in the repository and return its exit code and what it printed."""
    env = {k: v for k, v in os.environ.items() if k not in ("VIRTUAL_ENV", "PYTHONPATH")}
    process = subprocess.run(
        command,
        cwd=ROOT,
        env=env | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return process.returncode, process.stdout


def test(python: str, resolution: str, tests: list[str]) -> tuple[str, str]:
    """Return the versions that were installed, and how the tests ended."""
    with tempfile.TemporaryDirectory(prefix="embedlab-versions-") as folder:
        here = str(Path(folder) / "bin" / "python")
        install = ["pip", "install", "--quiet", "--python", here, "--editable", ".[test]"]
        for command in (
            ["venv", "--quiet", "--no-python-downloads", "--python", python, folder],
            [*install, "--resolution", RESOLUTIONS[resolution]],
        ):
            code, output = run(UV, *command)
            if code:
                return "", output.strip().splitlines()[-1]
        listed = run(UV, "pip", "list", "--python", here, "--format", "freeze")[1].splitlines()
        versions = " ".join(line for line in listed if line.partition("==")[0] in DECIDING)
        code, output = run(
            *(here, "-m", "pytest", "-q", "-n", "2", "-m", "not browser and not peers", *tests),
            NUMBA_CACHE_DIR=folder + "/kernels",
        )
        lines = output.strip().splitlines()
        print("\n".join(lines[-40:]) if code else lines[-1], file=sys.stderr)
        return versions, lines[-1]


def main() -> int:
    """Print a table: Python, resolution, versions, outcome."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("tests", nargs="*", default=[f"tests/{name}" for name in FAST])
    parser.add_argument("--python", choices=PYTHONS, action="append")
    parser.add_argument("--lowest", action="store_true")
    parser.add_argument("--newest", action="store_true")
    options = parser.parse_args()
    if not Path(UV).exists():
        print("uv is not here: python -m pip install uv", file=sys.stderr)
        return 2
    chosen = [name for name in RESOLUTIONS if getattr(options, name)] or list(RESOLUTIONS)
    rows, failed = [], False
    for python in options.python or PYTHONS:
        if run(UV, "python", "find", "--no-python-downloads", python)[0]:
            rows.append((python, "", "", "not on this machine"))
            continue
        for resolution in chosen:
            start = time.perf_counter()
            versions, outcome = test(python, resolution, options.tests)
            rows.append((python, resolution, versions, outcome))
            failed |= "passed" not in outcome or "failed" in outcome or "error" in outcome
            print(f"{python} {resolution}: {time.perf_counter() - start:.0f} s", file=sys.stderr)
    print("| Python | dependencies | versions | outcome |\n|---|---|---|---|")
    for row in rows:
        print("| " + " | ".join(row) + " |")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())

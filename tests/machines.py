"""Run the solutions strictly, every number compared, as other machines would compute them.

python tests/machines.py                    each kind of machine in the table below
python tests/machines.py generic prescott   some of them
python tests/machines.py haswell -- notebooks/solutions/13*.ipynb

A kind changes for which processor Numba compiles, which kernels OpenBLAS takes, or the number of
threads. Where a last digit differs, the lesson rounds it away: notebooks/source.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
GENERIC = {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}
MACHINES = {
    "generic": GENERIC,
    "generic-prescott": GENERIC | {"OPENBLAS_CORETYPE": "Prescott"},
    "nehalem": {"OPENBLAS_CORETYPE": "Nehalem"},
    "haswell": {"OPENBLAS_CORETYPE": "Haswell"},
    "skylakex": {"OPENBLAS_CORETYPE": "SkylakeX"},
    "one-thread": {"NUMBA_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
}
"""Processors of the last twenty years; all compute the same where none asks for more."""


def run(variables: dict[str, str], notebooks: list[str], kernels: Path) -> tuple[str, str]:
    """Return how the notebooks' tests ended, and what failed."""
    # What is compiled for another processor is of no use to this one, and must not be mistaken.
    folder = kernels / variables.get("NUMBA_CPU_NAME", "host")
    options = ["-q", "-n", "2", "--dist", "loadfile", "-p", "nbval.plugin", "--nbval"]
    process = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *notebooks],
        cwd=ROOT,
        env=os.environ | variables | {"NUMBA_CACHE_DIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return process.stdout.strip().splitlines()[-1], process.stdout if process.returncode else ""


def main() -> int:
    """Print a table: kind of machine, what it sets, outcome."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=", ".join(MACHINES))
    parser.add_argument("--kernels", metavar="FOLDER", help="where compiled kernels stay")
    words = sys.argv[1:]
    at = words.index("--") if "--" in words else len(words)
    options = parser.parse_args(words[:at])
    unknown = set(options.kinds) - set(MACHINES)
    if unknown:
        parser.error(f"a kind must be one of {', '.join(MACHINES)}. Received {unknown.pop()}.")
    notebooks = words[at + 1 :]
    notebooks = notebooks or [str(path) for path in sorted(ROOT.glob("notebooks/solutions/[0-9]*"))]
    rows, failed = [], False
    with tempfile.TemporaryDirectory(prefix="embedlab-machines-") as temporary:
        for kind in options.kinds or MACHINES:
            start = time.perf_counter()
            outcome, output = run(MACHINES[kind], notebooks, Path(options.kernels or temporary))
            failed |= bool(output)
            print(output + f"{kind}: {time.perf_counter() - start:.0f} s", file=sys.stderr)
            text = " ".join(f"{name}={value}" for name, value in MACHINES[kind].items())
            rows.append((kind, text, outcome))
    print("| machine | set | outcome |\n|---|---|---|")
    for row in rows:
        print("| " + " | ".join(row) + " |")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())

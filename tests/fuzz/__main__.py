"""Fuzz a reader, guided by coverage: python -m tests.fuzz READER [--seconds 600]

It needs atheris (Linux: python -m pip install atheris). A fault ends the run; the input that
caused it is written to FOLDER/crash-…, to be kept as a test after the mend.
"""

import argparse
import importlib
import pkgutil
import sys
import warnings
from pathlib import Path

import atheris

import embedlab.core

for module in pkgutil.walk_packages(embedlab.core.__path__, "embedlab.core."):
    importlib.import_module(module.name)  # Numba cannot compile what atheris has changed
with atheris.instrument_imports(include=["embedlab", "zipfile", "json"]):
    from tests.fuzz.readers import READERS

MEGABYTES = 700  # of the whole process; imports are 250


def main() -> None:
    """Fuzz until the time is over or a fault appears."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("reader", choices=READERS)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--corpus", default="fuzz-corpus", metavar="FOLDER")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    reader = READERS[options.reader]()
    folder = Path(options.corpus) / options.reader
    folder.mkdir(parents=True, exist_ok=True)
    for n, sample in enumerate(reader.samples):
        assert reader.check(sample), f"{options.reader} refuses its own sample {n}"
        (folder / f"sample-{n}").write_bytes(sample)
    arguments = [sys.argv[0], f"-max_total_time={options.seconds}", "-timeout=20"]
    arguments += [f"-rss_limit_mb={MEGABYTES}", "-max_len=20000", "-print_final_stats=1"]
    arguments += [f"-artifact_prefix={folder.parent}/{options.reader}-", str(folder)]
    atheris.Setup(arguments, reader.check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()

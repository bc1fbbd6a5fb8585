"""Fuzz a reader, guided by coverage: python -m tests.fuzz READER [--seconds 600]

It needs atheris (Linux: python -m pip install atheris). A fault ends the run; the input that
caused it is written to FOLDER/READER-crash-…, to be kept as a test after the mend. Half of the
mutations of a JSON file change its values and leave it JSON.
"""

import argparse
import copy
import importlib
import json
import pkgutil
import random
import sys
import warnings
from pathlib import Path

import atheris

import embedlab.core

for module in pkgutil.walk_packages(embedlab.core.__path__, "embedlab.core."):
    importlib.import_module(module.name)  # Numba cannot compile what atheris has changed
package = Path(embedlab.core.__file__).parents[1]
traces = [
    ".".join(path.relative_to(package.parent).with_suffix("").parts)
    for path in package.glob("traces/**/*.py")
]  # atheris never frees the arrays that comparisons in them give: 5 kB a state of quantize
with atheris.instrument_imports(include=["embedlab", "zipfile", "json"], exclude=traces):
    from embedlab.explorers.registry import explorer_class
    from tests.fuzz.readers import READERS, VIEWS

    for view in VIEWS:
        explorer_class(view)  # imports its module, which else comes later and uninstrumented

MEGABYTES = 700  # of the whole process; imports are 250
LONGEST = 20_000  # bytes of an input
VALUES = [None, True, False, 0, -1, 2, 3, 0.5, 1e-300, 1e300, 2**31, 2**63, 10**40, [], {}, ""]
VALUES += [float("nan"), float("inf"), [[1]], {"a": 1}, "1", "\0", "\ud800", "\u202e", "é" * 99]
VALUES += ["a" * 5000, [[0.5] * 3] * 3, [0] * 500, "..", "a/b", "one two three"]


def mutate(content: bytes, longest: int, seed: int) -> bytes:
    """Return the bytes changed: a place or more of a JSON document, or any bytes."""
    rng = random.Random(seed)
    try:
        document = [json.loads(content)] if rng.random() < 0.5 else []
    except (ValueError, RecursionError):
        document = []
    if not document:
        return atheris.Mutate(content, longest)
    for _ in range(rng.choice([1, 1, 2, 4])):
        places = _places(document)
        inside, key = rng.choice(places)
        other, name = rng.choice(places)
        choice = rng.randrange(6)
        if choice == 0 and isinstance(inside, dict):
            del inside[key]
        elif choice == 1:
            inside[key] = copy.deepcopy(other[name])
        elif choice == 2:
            inside[key] = [inside[key]] * rng.choice([1, 2, 50])
        elif choice == 3 and isinstance(inside[key], str):
            inside[key] += rng.choice([" cat", "\0", "é", inside[key]])
        elif choice == 4 and isinstance(inside[key], (int, float)):
            inside[key] += rng.choice([-1, 1, 0.5, 100, -100])
        else:
            inside[key] = copy.deepcopy(rng.choice(VALUES))
    changed = json.dumps(document[0]).encode() if document else b"null"
    return changed if len(changed) <= longest else atheris.Mutate(content, longest)


def _places(value: dict | list) -> list[tuple]:
    """Return every container of a document with each of its keys."""
    places = []
    for key, each in value.items() if isinstance(value, dict) else enumerate(value):
        places.append((value, key))
        if isinstance(each, (dict, list)):
            places += _places(each)
    return places


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
    arguments += [f"-rss_limit_mb={MEGABYTES}", f"-max_len={LONGEST}", "-print_final_stats=1"]
    arguments += [f"-artifact_prefix={folder.parent}/{options.reader}-", str(folder)]
    atheris.Setup(arguments, reader.check, custom_mutator=mutate)
    atheris.Fuzz()


if __name__ == "__main__":
    main()

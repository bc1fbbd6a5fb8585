"""Every reader reads its samples, and refuses what is damaged, or a fuzzer found, in one line.

`python -m tests.fuzz READER` looks for more; what it finds is kept in the folder `finds`.
"""

import random
import warnings
from pathlib import Path

import pytest
from readers import READERS

FINDS = Path(__file__).with_name("finds")
DAMAGED = 40  # of each sample


def damage(content, rng):
    """Return the bytes cut, or with a few of them changed, repeated or left out."""
    changed = bytearray(content)
    for _ in range(rng.randint(1, 4)):
        at, what = rng.randrange(len(changed)), rng.randrange(5)
        if what == 0:
            changed[at] = rng.randrange(256)
        elif what == 1:
            changed[at:at] = changed[at : at + rng.randint(1, 40)]
        elif what == 2:
            del changed[at : at + rng.randint(1, 40)]
        elif what == 3:
            changed[at:at] = rng.choice([b"-1", b"9" * 20, b"NaN", b"[" * 50, b"\0" * 8, b"\xff"])
        else:
            changed = changed[: max(1, at)]
        changed = changed or bytearray(b"0")
    return bytes(changed)


@pytest.mark.parametrize("name", READERS)
def test_a_damaged_file_is_refused_in_one_line(name):
    reader, rng = READERS[name](), random.Random(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # values that were read may warn
        for sample in reader.samples:
            assert reader.check(sample)
            for _ in range(DAMAGED):
                reader.check(damage(sample, rng))


@pytest.mark.parametrize("path", sorted(FINDS.glob("*")), ids=lambda path: path.name)
def test_what_a_fuzzer_found(path):
    READERS[path.name.partition(".")[0]]().check(path.read_bytes())

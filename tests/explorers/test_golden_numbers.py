"""The browser prints numbers as Python does: js/test/format.test.js reads what this file checks.

`python tests/explorers/test_golden_numbers.py` writes it.
"""

import json
from pathlib import Path

import numpy as np

from embedlab.traces.text import format_number

PATH = Path(__file__).resolve().parents[2] / "js" / "test" / "golden" / "numbers.json"


def cases():
    """Return numbers, digits and text; NaN and infinities as words, since JSON has none."""
    random = np.random.default_rng(7).normal(size=40).astype(np.float32).tolist()
    halves = [k / 8 for k in range(-9, 10)] + [0.005, -0.045, 1.005, 2.675, 1e-7, -1e-9, 12345.675]
    odd = [0.0, -0.0, 0.1, 1e6, -1e6, 1e15, float("nan"), float("inf"), float("-inf")]
    names = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
    return [
        [names.get(str(value), value), digits, format_number(value, digits)]
        for value in random + halves + odd
        for digits in (0, 2, 4)
    ]


def text():
    lines = ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases())
    return f'{{"cases": [\n{lines}\n]}}\n'


def test_the_committed_numbers_are_what_python_prints():
    assert PATH.read_text(encoding="utf-8") == text()


if __name__ == "__main__":
    PATH.write_text(text(), encoding="utf-8")

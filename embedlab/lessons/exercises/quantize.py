"""Lesson 08: its three exercises and its two questions."""

from collections.abc import Callable
from typing import Any

import numpy as np

from embedlab.core.quantize import pack_int4, quantization_report, quantize, unpack_int4
from embedlab.lessons.grading.describe import (
    describe_failure,
    describe_result,
    format_value,
    shape_mismatch,
)
from embedlab.lessons.grading.grade import Diagnosis, grade_function
from embedlab.lessons.grading.sandbox import RunResult, run_untrusted
from embedlab.lessons.grading.submission import explorer_from_submission
from embedlab.lessons.grading.verdict import Verdict
from embedlab.lessons.question import Choice, Question

__all__ = ["CHECKS", "QUESTIONS"]

ENOUGH = 0.05
"""The largest error that the exercise in the view allows."""


def _codes() -> list[np.ndarray]:
    """Return codes, smallest first: the first that fails is the one to show."""
    rng = np.random.default_rng(8)
    rows = [
        [[1, 0]],
        [[0, 1]],
        [[-1, 0]],
        [[0, -8]],
        [[3, -2]],
        [[5, 1, 2, -4, 3]],
        [[-3, 7, -8]],
        [[5]],
        [[1, 2, 3, 4], [-1, -2, -3, -4]],
    ]
    made = [np.array(row, np.int8) for row in rows]
    wide = rng.integers(-8, 8, (2, 3, 9)).astype(np.int8)
    return [*made, wide[0], wide]


def check_pack(exercise: str, function: Any) -> Verdict:
    """Judge `pack(codes)`: two codes -8..7 a byte, the first in the low half, odd D too."""

    def judge(case: tuple[np.ndarray, ...], done: RunResult) -> Diagnosis | None:
        (codes,) = case
        return _judge_pack(codes, pack_int4(codes), done)

    right = "half the bytes, and no code lost."
    return _judge_all(exercise, function, [(c,) for c in _codes()], pack_int4, judge, right)


def check_unpack(exercise: str, function: Any) -> Verdict:
    """Judge `unpack(packed, D)`: the D codes of each row of bytes, with their signs."""

    def judge(case: tuple[np.ndarray, ...], done: RunResult) -> Diagnosis | None:
        packed, width = case
        return _judge_unpack(unpack_int4(packed, int(width)), done)

    def core(packed: np.ndarray, width: np.ndarray) -> np.ndarray:
        return unpack_int4(packed, int(width))

    cases = [(pack_int4(codes), np.int64(codes.shape[-1])) for codes in _codes()]
    right = "every code comes back, with its sign."
    return _judge_all(exercise, function, cases, core, judge, right)


def _judge_all(
    exercise: str,
    function: Any,
    cases: list[Any],
    core: Callable[..., np.ndarray],
    judge: Callable[[Any, RunResult], Diagnosis | None],
    right: str,
) -> Verdict:
    names = ("codes",) if len(cases[0]) == 1 else ("packed", "D")

    def first(case: Any, done: RunResult) -> Diagnosis | None:
        wrong = describe_failure(done, names)
        return Diagnosis(wrong) if wrong else judge(case, done)

    def shown(case: Any, done: RunResult) -> dict[str, str]:
        asked = {name: format_value(value) for name, value in zip(names, case, strict=True)}
        return asked | {"should give": format_value(core(*case)), "gave": describe_result(done)}

    return grade_function(
        exercise,
        function,
        cases,
        judge=first,
        shown=shown,
        run=lambda function, case: run_untrusted(function, *case),
        right=lambda said: Verdict(exercise, True, f"{said}: {right}"),
    )


def _judge_pack(codes: np.ndarray, wanted: np.ndarray, done: RunResult) -> Diagnosis | None:
    odd = codes.shape[-1] % 2
    if done.error is not None:
        where = " an odd row: half of its last byte stays empty" if odd else " these codes"
        return Diagnosis(f"It stops with {type(done.error).__name__} at{where}.")
    value = done.value
    if isinstance(value, np.ndarray) and value.shape == codes.shape != wanted.shape:
        return Diagnosis("It gives a byte for each code, so nothing is saved.", "M11")
    if odd and isinstance(value, np.ndarray) and value.shape[-1:] == (codes.shape[-1] // 2,):
        return Diagnosis("The last code of an odd row is lost: it needs half a byte of its own.")
    said = shape_mismatch(value, wanted)
    if said:
        return Diagnosis(f"{said} A row of D codes takes (D + 1) // 2 bytes.")
    if value.dtype.kind not in "iu" or value.dtype.itemsize != 1:
        return Diagnosis(f"A byte is int8 or uint8. The dtype is {value.dtype}.")
    given, right = value.view(np.uint8), wanted.view(np.uint8)
    if np.array_equal(given, right):
        return None
    if np.array_equal(given, (right >> 4) | (right << 4)):
        return Diagnosis("The halves are swapped: the first code of a pair lies in the low half.")
    if (codes < 0).any() and np.array_equal(given & right, right):
        return Diagnosis(
            "A negative code fills the other half with ones: keep its lowest four bits, `& 15`."
        )
    return Diagnosis("These are not the bytes of the codes.")


def _judge_unpack(wanted: np.ndarray, done: RunResult) -> Diagnosis | None:
    odd = wanted.shape[-1] % 2
    if done.error is not None:
        where = " an odd row" if odd else " these bytes"
        return Diagnosis(f"It stops with {type(done.error).__name__} at{where}.")
    value = done.value
    if odd and isinstance(value, np.ndarray) and value.shape[-1:] == (wanted.shape[-1] + 1,):
        return Diagnosis("It gives one code too many: half of the last byte belongs to nobody.")
    said = shape_mismatch(value, wanted)
    if said:
        return Diagnosis(f"{said} A row has D codes.")
    if value.dtype.kind not in "iu":
        return Diagnosis(f"Codes are whole numbers. The dtype is {value.dtype}.")
    numbers = value.astype(np.int64)
    if np.array_equal(numbers, wanted):
        return None
    if np.array_equal(numbers, wanted.astype(np.int64) & 15):
        said = "It loses the sign: four bits hold -8 to 7, and the highest of them counts -8."
        return Diagnosis(said, "M11")
    even = wanted.copy()
    pairs = wanted.shape[-1] // 2 * 2
    even[..., 0:pairs:2], even[..., 1:pairs:2] = wanted[..., 1:pairs:2], wanted[..., 0:pairs:2]
    if np.array_equal(numbers, even):
        return Diagnosis("Each pair comes back in the wrong order: the low half is the first code.")
    return Diagnosis("These are not the codes in the bytes.")


def check_groups(exercise: str, given: Any) -> Verdict:
    """Judge a QuantizationExplorer: the largest groups that keep the king's row within bounds."""
    given = explorer_from_submission(exercise, "quantize", given)
    if isinstance(given, Verdict):
        return given
    trace = given.trace
    worst = int(np.argmax(np.abs(trace.table).max(axis=1)))
    name = f"{trace.words[worst]} (row {worst})" if trace.words[worst] else f"row {worst}"
    if given.way != "groups":
        said = f"the way is {given.way}. Choose groups, and look at {name}, the outlier's row."
        return Verdict(exercise, False, said, started=False)
    width = trace.table.shape[1]
    block = min(given.block, width)
    sizes = range(1, width + 1)
    errors = {size: _error(trace.table, worst, size) for size in sizes}
    if errors[block] > ENOUGH:
        said = (
            f"groups of {block}: {name} errs by up to {errors[block]:.3f}, more than {ENOUGH}. "
            "The outlier shares its scale with too many."
        )
        return Verdict(exercise, False, said, see="M14")
    if any(error <= ENOUGH for size, error in errors.items() if size > block):
        said = (
            f"groups of {block} keep {name} within {ENOUGH}, with {errors[block]:.3f}. Larger "
            "groups need fewer scales: find the largest that still do."
        )
        return Verdict(exercise, False, said, started=False)
    nbytes = trace.ways["groups"].nbytes
    said = (
        f"right. Groups of {block}: {name} errs by at most {errors[block]:.3f}, for {nbytes} "
        f"bytes instead of {trace.bytes_before}."
    )
    return Verdict(exercise, True, said)


def _error(table: np.ndarray, row: int, block: int) -> float:
    rows = np.array(table[row : row + 1])
    return float(quantization_report(rows, quantize(rows, 4, block)).largest_error[0])


CHECKS: dict[str, Callable[[str, Any], Verdict]] = {
    "pack": check_pack,
    "unpack": check_unpack,
    "groups": check_groups,
}

QUESTIONS: dict[str, Question] = {
    "predict": Question(
        "A table is stored as int4, with one scale for each row. Then one weight grows tenfold. "
        "What becomes of the other weights, once the table is stored again?",
        right="c",
        later=True,
        choices={
            "a": Choice(
                "Nothing: only one weight changed",
                "Its row shares a scale, so the levels of the whole row move apart.",
            ),
            "b": Choice(
                "All rows become coarser",
                "The scale belongs to a row. No other row notices.",
                "M14",
            ),
            "c": Choice(
                "Those of its row become coarser, other rows stay as they are",
                "Ten times as far from level to level, in this row alone.",
            ),
            "d": Choice(
                "Every weight errs by the same, as before",
                "The error depends on the row's step, and the step just grew tenfold.",
                "M11",
            ),
        },
    ),
    "exit": Question(
        "A table of 1 000 rows, 64 numbers each, becomes int4 with one scale a row. Which sentence "
        "is true?",
        right="b",
        choices={
            "a": Choice(
                "Errors are twice those of int8, and alike in all rows.",
                "The step is 18 times as wide, 127 / 7, and each row has its own.",
                "M11",
            ),
            "b": Choice(
                "The codes take 32 000 bytes, and no error is larger than half a step of its row.",
                "Two codes a byte, and rounding never moves a number by more.",
            ),
            "c": Choice(
                "One very large weight makes all 1 000 rows coarser.",
                "Only its own row, and with groups only its own group.",
                "M14",
            ),
            "d": Choice(
                "To read a row, the layer multiplies a one-hot row by the codes.",
                "It copies the row's codes and turns those few back.",
                "M1",
            ),
        },
    ),
}

"""Lesson 08: the checks of three exercises, and two questions."""

from collections.abc import Callable
from typing import Any

import numpy as np

from embedlab.core.quantize import pack_int4, quantization_report, quantize, unpack_int4
from embedlab.lessons.grading.describe import (
    describe_failure,
    describe_result,
    format_value,
    raised,
    shape_mismatch,
)
from embedlab.lessons.grading.grade import Diagnosis, grade_function
from embedlab.lessons.grading.sandbox import RunResult, run_untrusted
from embedlab.lessons.grading.submission import explorer_or_verdict
from embedlab.lessons.grading.verdict import Verdict
from embedlab.lessons.question import Choice, Question

__all__ = ["CHECKS", "QUESTIONS"]

ENOUGH = 0.05
"""The largest error that the exercise in the view allows."""

_ROWS = (
    " With a single row it was right. Several rows have more axes, and a pair is two neighbors of "
    "one row: use the last axis, `[..., d]` instead of `[d]`."
)
"""To a failure with several rows: the cases of a single row come first, and those were right."""


def _codes() -> list[np.ndarray]:
    """Return codes, smallest first: the first that fails is shown."""
    rng = np.random.default_rng(8)
    rows = [
        [1, 0],
        [0, 1],
        [-1, 0],
        [0, -8],
        [3, -2],
        [5, 1, 2, -4, 3],
        [-3, 7, -8],
        [5],
        [[1, 2, 3, 4], [-1, -2, -3, -4]],
    ]
    codes = [np.array(row, np.int8) for row in rows]
    wide = rng.integers(-8, 8, (2, 3, 9)).astype(np.int8)
    return [*codes, wide[0], wide]


def check_pack(exercise: str, function: Any) -> Verdict:
    """Check `pack(codes)`: two codes -8..7 a byte, the first in the low half, odd D too."""

    def diagnose(case: tuple[np.ndarray, ...], done: RunResult) -> Diagnosis | None:
        (codes,) = case
        return _judge_pack(codes, pack_int4(codes), done)

    right = "half the bytes, and no code lost."
    return _judge_all(exercise, function, [(c,) for c in _codes()], pack_int4, diagnose, right)


def check_unpack(exercise: str, function: Any) -> Verdict:
    """Check `unpack(packed, D)`: the D codes of each row of bytes, with their signs."""

    def diagnose(case: tuple[np.ndarray, ...], done: RunResult) -> Diagnosis | None:
        packed, width = case
        return _judge_unpack(unpack_int4(packed, int(width)), done)

    def core(packed: np.ndarray, width: np.ndarray) -> np.ndarray:
        return unpack_int4(packed, int(width))

    cases = [(pack_int4(codes), np.int64(codes.shape[-1])) for codes in _codes()]
    right = "every code comes back, with its sign."
    return _judge_all(exercise, function, cases, core, diagnose, right)


def _judge_all(
    exercise: str,
    function: Any,
    cases: list[Any],
    core: Callable[..., np.ndarray],
    diagnose: Callable[[Any, RunResult], Diagnosis | None],
    right: str,
) -> Verdict:
    names = ("codes",) if len(cases[0]) == 1 else ("packed", "D")

    def first(case: Any, done: RunResult) -> Diagnosis | None:
        wrong = describe_failure(done, names)
        return Diagnosis(wrong) if wrong else diagnose(case, done)

    def describe(case: Any, done: RunResult) -> dict[str, str]:
        arguments = {name: format_value(value) for name, value in zip(names, case, strict=True)}
        return arguments | {
            "expected": format_value(core(*case)),
            "returned": describe_result(done),
        }

    return grade_function(
        exercise,
        function,
        cases,
        diagnose=first,
        describe=describe,
        run=lambda function, case: run_untrusted(function, *case),
        right=lambda message: Verdict(exercise, True, f"{message}: {right}"),
    )


def _judge_pack(codes: np.ndarray, expected: np.ndarray, done: RunResult) -> Diagnosis | None:
    odd = codes.shape[-1] % 2
    if done.error is not None:
        advice = " With an odd D, the high half of the last byte stays 0." if odd else ""
        return Diagnosis(raised(done) + (_ROWS if codes.ndim > 1 else advice))
    value = done.value
    if isinstance(value, np.ndarray) and value.shape == codes.shape != expected.shape:
        return Diagnosis(
            "It returns a byte for each code, so no bytes are saved. Put two codes into one byte."
        )
    if odd and isinstance(value, np.ndarray) and value.shape[-1:] == (codes.shape[-1] // 2,):
        return Diagnosis(
            "With an odd D the last code is lost. It needs a byte too: the high half stays 0."
        )
    message = shape_mismatch(value, expected)
    if message:
        advice = _ROWS if codes.ndim > 1 else " A row of D codes takes (D + 1) // 2 bytes."
        return Diagnosis(message + advice)
    if value.dtype.kind not in "iu" or value.dtype.itemsize != 1:
        return Diagnosis(f"Bytes have the dtype int8 or uint8. Yours is {value.dtype}.")
    submission, right = value.view(np.uint8), expected.view(np.uint8)
    if np.array_equal(submission, right):
        return None
    if np.array_equal(submission, (right >> 4) | (right << 4)):
        return Diagnosis(
            "The halves are swapped: the first code of a pair belongs into the low half."
        )
    if np.array_equal(submission, _pack_unmasked(codes)):
        return Diagnosis(
            "A negative code fills the other half with ones. Keep its lowest four bits: `& 15`."
        )
    first, second = np.split(_even(codes) & 15, 2, axis=-1)
    if np.array_equal(submission, (first | second << 4).view(np.uint8)):
        return Diagnosis(
            "It pairs the first half of the row with the second. A pair is two neighbors: "
            "codes 0 and 1, then 2 and 3."
        )
    advice = " With an odd D, the last code stands in a low half, and its high half is 0."
    return Diagnosis(
        "These are not the bytes of the codes. Pack the smallest case by hand."
        + (advice if odd else "")
    )


def _even(codes: np.ndarray) -> np.ndarray:
    """Return the codes with a 0 behind each row of an odd length."""
    return np.pad(codes, [(0, 0)] * (codes.ndim - 1) + [(0, codes.shape[-1] % 2)])


def _pack_unmasked(codes: np.ndarray) -> np.ndarray:
    """Return the bytes when all eight bits of a code go into the low half."""
    even = _even(codes)
    return (even[..., 0::2] | even[..., 1::2] << 4).view(np.uint8)


def _judge_unpack(expected: np.ndarray, done: RunResult) -> Diagnosis | None:
    odd = expected.shape[-1] % 2
    if done.error is not None:
        advice = " With an odd D, the last half byte holds no code." if odd else ""
        return Diagnosis(raised(done) + (_ROWS if expected.ndim > 1 else advice))
    value = done.value
    if odd and isinstance(value, np.ndarray) and value.shape[-1:] == (expected.shape[-1] + 1,):
        return Diagnosis(
            "It returns one code too many: with an odd D the last half byte holds no code."
        )
    message = shape_mismatch(value, expected)
    if message:
        return Diagnosis(message + (_ROWS if expected.ndim > 1 else " A row has D codes."))
    if value.dtype.kind not in "iu":
        return Diagnosis(f"Codes are integers. The dtype of yours is {value.dtype}.")
    numbers = value.astype(np.int64)
    if np.array_equal(numbers, expected):
        return None
    if np.array_equal(numbers, expected.astype(np.int64) & 15):
        message = "The sign is lost: four bits hold -8 to 7, and the highest of them counts -8."
        return Diagnosis(message)
    if np.array_equal(numbers, expected.astype(np.int64) & 255):
        return Diagnosis(
            "The dtype uint8 has no negative numbers, so -1 became 255. Use an array of int8."
        )
    even = expected.copy()
    pairs = expected.shape[-1] // 2 * 2
    even[..., 0:pairs:2], even[..., 1:pairs:2] = expected[..., 1:pairs:2], expected[..., 0:pairs:2]
    if np.array_equal(numbers, even):
        return Diagnosis("The two codes of each pair are swapped: the low half is the first one.")
    return Diagnosis("These are not the codes in the bytes. Unpack the smallest case by hand.")


def check_groups(exercise: str, submission: Any) -> Verdict:
    """Check a QuantizationExplorer: the largest groups that keep the error of king's row small."""
    submission = explorer_or_verdict(exercise, "quantize", submission)
    if isinstance(submission, Verdict):
        return submission
    trace = submission.trace
    worst = int(np.argmax(np.abs(trace.table).max(axis=1)))
    name = f"{trace.words[worst]} (row {worst})" if trace.words[worst] else f"row {worst}"
    if submission.scheme != "groups":
        message = (
            f"the view shows {submission.scheme}. Choose groups, and look at {name}: "
            "it has the outlier."
        )
        return Verdict(exercise, False, message, attempted=False)
    width = trace.table.shape[1]
    block = min(submission.block, width)
    sizes = range(1, width + 1)
    errors = {size: _error(trace.table, worst, size) for size in sizes}
    if errors[block] > ENOUGH:
        message = (
            f"groups of {block}: the largest error of {name} is {errors[block]:.3f}, more than "
            f"{ENOUGH}. "
            "The outlier shares its scale with too many weights."
        )
        return Verdict(exercise, False, message, related="M14")
    if any(error <= ENOUGH for size, error in errors.items() if size > block):
        message = (
            f"groups of {block}: the largest error of {name} is {errors[block]:.3f}, below "
            f"{ENOUGH}. "
            "Larger groups need fewer scales: find the largest ones that stay below."
        )
        return Verdict(exercise, False, message, attempted=False)
    nbytes = trace.schemes["groups"].nbytes
    message = (
        f"right. With groups of {block} the largest error of {name} is {errors[block]:.3f}, for "
        f"{nbytes} bytes instead of {trace.bytes_before}."
    )
    return Verdict(exercise, True, message)


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
        "What happens to the other weights when the table is stored again?",
        correct="c",
        delayed_feedback=True,
        choices={
            "a": Choice(
                "Nothing: only one weight changed.",
                "The row has one scale, so the levels of the whole row move apart.",
            ),
            "b": Choice(
                "All rows become coarser.",
                "Each row has its own scale. No other row changes.",
                "M14",
            ),
            "c": Choice(
                "Those of its row become coarser, other rows stay as they are.",
                "The levels of this row are ten times as far apart, and only of this one.",
            ),
            "d": Choice(
                "All weights have the same error as before.",
                "The error depends on the step of the row, and this one grew tenfold.",
                "M11",
            ),
        },
    ),
    "exit": Question(
        "A table of 1 000 rows, 64 numbers each, becomes int4 with one scale a row. Which sentence "
        "is true?",
        correct="b",
        choices={
            "a": Choice(
                "Errors are twice those of int8, and alike in all rows.",
                "The step is 127 / 7 ≈ 18 times as wide, and each row has its own.",
                "M11",
            ),
            "b": Choice(
                "The codes take 32 000 bytes, and no error is larger than half a step of its row.",
                "Two codes a byte, and rounding never changes a weight by more.",
            ),
            "c": Choice(
                "One very large weight makes all 1 000 rows coarser.",
                "Only its own row, or with groups only its own group.",
                "M14",
            ),
            "d": Choice(
                "To read a row, the layer multiplies a one-hot row by the codes.",
                "It copies the codes of the row, and divides them by its scale.",
                "M1",
            ),
        },
    ),
}

"""Lesson 12, cases 4 and 5: the checks compare the repaired tables with the right ones."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from embedlab.core.lora import Adapter, merge
from embedlab.core.quantize import quantize
from embedlab.layers.variable import Variable
from embedlab.lessons.exercises.capstone.data import MENU, adapter, neighbor, tastes, ten_days
from embedlab.lessons.grading.describe import (
    describe_failure,
    describe_result,
    format_value,
    raised,
)
from embedlab.lessons.grading.grade import Diagnosis, grade_function
from embedlab.lessons.grading.sandbox import RunResult, run_untrusted
from embedlab.lessons.grading.unchanged import is_unchanged
from embedlab.lessons.grading.verdict import Verdict
from embedlab.optimizers import Adam

__all__ = ["check_drift", "check_int8"]

# Case 4: rows that drift -----------------------------------------------------------------------


class DriftCase(NamedTuple):
    """The targets of all rows, and the rows that are final after ten days."""

    expected: np.ndarray
    final: np.ndarray


def _drifts() -> list[DriftCase]:
    """Return tables, smallest first."""
    rng = np.random.default_rng(12)
    return [
        DriftCase(np.array([[1.0], [2.0]]), np.array([0])),
        DriftCase(np.array([[1.0, -2.0], [3.0, 1.0], [2.0, 2.0]]), np.array([0, 2])),
        DriftCase(np.array([[1.0], [2.0]]), np.array([], int)),
        DriftCase(rng.normal(size=(6, 3)), np.array([5, 1])),
        DriftCase(np.array([[1.0], [-2.0]]), np.array([0, 1])),
    ]


def check_drift(exercise: str, function: Any) -> Verdict:
    """Check `learn(table, adam, wanted, final)`: final rows stay, the others learn as before."""
    early = is_unchanged(
        exercise, function, _broken_learn, _drift, _drifts()[:2], "A final row still moves."
    )
    if early is not None:
        return early
    return grade_function(
        exercise,
        function,
        _drifts(),
        run=_drift,
        diagnose=_judge_drift,
        describe=lambda case, done: {
            "final": str(case.final.tolist()),
            "before": format_value(ten_days(case.expected)[0].value.round(4)),
            "expected": format_value(_true_end(case).round(4)),
            "yours": describe_result(done)
            if done.error is not None
            else format_value(np.round(done.value, 4)),
        },
        right=lambda message: Verdict(
            exercise,
            True,
            f"{message}. Final rows keep every bit, and the others move exactly as before.",
        ),
    )


def _broken_learn(table: Variable, adam: Adam, expected: np.ndarray, final: np.ndarray) -> None:
    for _ in range(20):
        grad = table.value - expected
        grad[final] = 0
        adam.apply([grad], [table])


def _drift(function: Callable[..., Any], case: DriftCase) -> RunResult:
    """Return the table as it is afterwards; `function` returns nothing."""
    table, adam, _ = ten_days(case.expected)

    def after(expected: np.ndarray, final: np.ndarray) -> np.ndarray:
        function(table, adam, expected, final)
        return np.array(table.value)

    return run_untrusted(after, *case)


def _true_end(case: DriftCase) -> np.ndarray:
    """Return the right end: Adam moves each row by its own slots, so the others are unaffected."""
    table, adam, _ = ten_days(case.expected)
    preserved = table.value[case.final]
    _broken_learn(table, adam, case.expected, case.final)
    table.value[case.final] = preserved
    return np.array(table.value)


def _judge_drift(case: DriftCase, done: RunResult) -> Diagnosis | None:
    message = describe_failure(done, ("wanted", "final"))
    if message:
        return Diagnosis(message)
    if isinstance(done.error, ValueError) and "No gradients" in str(done.error):
        return Diagnosis("The whole table is frozen now. Only the final rows should stay.")
    if isinstance(done.error, AttributeError) and "setter" in str(done.error):
        return Diagnosis(f"{raised(done)} Write into its rows: `table.value[final] = …`.")
    if done.error is not None:
        return Diagnosis(raised(done))
    before, expected, after = ten_days(case.expected)[0].value, _true_end(case), done.value
    if after.shape != expected.shape:
        return Diagnosis(
            f"The shape of the table should stay {expected.shape}. It is {after.shape}."
        )
    others = np.setdiff1d(np.arange(len(expected)), case.final)
    moved = [int(row) for row in case.final if not np.array_equal(after[row], before[row])]
    if moved:
        far = np.abs(after[moved[0]] - before[moved[0]]).max()
        if np.isnan(far):
            return Diagnosis(f"Row {moved[0]} is NaN now. It should stay where it was.")
        if np.allclose(after[moved[0]], 0):
            return Diagnosis(f"Row {moved[0]} is zero now. It should stay where it was.")
        return Diagnosis(f"Row {moved[0]} is final, and it moved by {far:.4f}.", related="M7")
    if np.allclose(after, expected, rtol=1e-6, atol=1e-9):
        return None
    if np.array_equal(after[others], before[others]):
        return Diagnosis("No row moves any more. Only the final ones should stay.")
    message = (
        "The final rows stay, but the others end elsewhere than before. Did they lose Adam's "
        "slots? Is it another optimizer? Are there fewer or more than 20 days?"
    )
    return Diagnosis(message)


# Case 5: a table that lost precision ------------------------------------------------------------


class ShippedTable(NamedTuple):
    """A table, and its adapter: A, B and alpha."""

    w: np.ndarray
    a: np.ndarray
    b: np.ndarray
    alpha: np.ndarray


def _cargo() -> list[ShippedTable]:
    """Return tables, smallest first; the fourth has a row of zeros, as padding has."""
    rng = np.random.default_rng(8)
    none = np.zeros((2, 1)), np.zeros((1, 2)), np.array(1.0)
    a, b, alpha = adapter()
    return [
        ShippedTable(np.array([[1.0, -0.4]]), np.zeros((1, 1)), np.zeros((1, 2)), np.array(1.0)),
        ShippedTable(np.array([[9.0, -0.5], [0.3, 0.1]]), *none),
        ShippedTable(
            np.array([[1.0, 2.0], [3.0, 4.0]]),
            np.array([[1.0, 2.0], [0.5, 1.0]]),
            np.array([[1.0, -1.0], [0.5, 2.0]]),
            np.array(6.0),
        ),
        ShippedTable(np.array([[0.0, 0.0], [1.0, 3.0]]), *none),
        ShippedTable(np.array([[-4.0, 1.0], [0.2, -0.3]]), *none),
        ShippedTable(
            rng.normal(size=(5, 3)), rng.normal(size=(5, 2)), rng.normal(size=(2, 3)), np.array(2.0)
        ),
        ShippedTable(tastes(), a, b, np.array(alpha)),
    ]


def check_int8(exercise: str, function: Any) -> Verdict:
    """Check `ship(W, A, B, alpha)`: int8 codes with one scale for each row."""

    def right(message: str) -> Verdict:
        case = _cargo()[-1]
        codes, scale = _ship(function, case).value
        words = MENU.words[2:]
        floats = _merged(case)
        preserved = sum(neighbor(codes / scale, word) == neighbor(floats, word) for word in words)
        done = (
            f"{message}. On the phone {preserved} of {len(words)} words keep their "
            "nearest neighbor."
        )
        return Verdict(exercise, True, done)

    early = is_unchanged(
        exercise,
        function,
        _broken_ship,
        _ship,
        _cargo()[1:3],
        "All rows still share the scale of the largest weight.",
    )
    if early is not None:
        return early
    return grade_function(
        exercise,
        function,
        _cargo(),
        run=_ship,
        diagnose=_judge_int8,
        ends="return codes, scale",
        right=right,
        describe=lambda case, done: {
            **{
                name: format_value(part)
                for name, part in zip(("W", "A", "B", "alpha"), case, strict=True)
            },
            "expected": _in_words(case),
            "returned": _describe_codes(done),
        },
    )


def _broken_ship(w: np.ndarray, a: np.ndarray, b: np.ndarray, alpha: float) -> Any:
    merged = w + alpha / a.shape[1] * a @ b
    scale = 127 / np.abs(merged).max()
    return np.rint(merged * scale).astype(np.int8), scale


def _ship(function: Callable[..., Any], case: ShippedTable) -> RunResult:
    return run_untrusted(lambda *parts: function(*parts[:3], float(parts[3])), *case)


def _merged(case: ShippedTable) -> np.ndarray:
    return merge(case.w, [Adapter(case.a, case.b, float(case.alpha) / len(case.b))])


def _in_words(case: ShippedTable) -> str:
    merged = _merged(case)
    quantized = quantize(merged)
    scale = np.where(merged.any(axis=1), quantized.scale, 1)  # of a row of zeros any will do
    return f"codes {format_value(quantized.codes)}\nscale {format_value(scale.round(2)[:, None])}"


def _describe_codes(done: RunResult) -> str:
    value = done.value
    if done.error is not None or not (isinstance(value, tuple) and len(value) == 2):
        return describe_result(done)
    codes, scale = value
    scale = np.round(scale, 2) if isinstance(scale, (np.ndarray, np.generic)) else scale
    return f"codes {format_value(codes)}\nscale {format_value(scale)}"


def _judge_int8(case: ShippedTable, done: RunResult) -> Diagnosis | None:
    message = describe_failure(done, ("W", "A", "B", "alpha"))
    if message:
        return Diagnosis(message)
    if done.error is not None:
        return Diagnosis(raised(done))
    if not isinstance(done.value, (tuple, list)) or len(done.value) != 2:
        return Diagnosis("Your function should return two things: `return codes, scale`.")
    codes, scale = (np.asarray(part) for part in done.value)
    merged = _merged(case)
    if codes.shape != merged.shape:
        return Diagnosis(f"The codes should have shape {merged.shape}. They have {codes.shape}.")
    if codes.dtype != np.int8:
        return Diagnosis(f"The codes should be int8, one byte each. They are {codes.dtype}.")
    if scale.ndim == 1 and len(merged) > 1 and _scale_fits_rows(scale, merged):
        return Diagnosis(
            f"The scale of each row is right, but its shape {scale.shape} is applied to the "
            "columns "
            f"of codes {codes.shape}: column j gets the scale of row j. keepdims=True makes it "
            "(V, 1)."
        )
    try:
        scale = np.broadcast_to(scale, merged.shape).astype(np.float64)
    except (TypeError, ValueError):
        return Diagnosis(
            f"A scale of shape {np.shape(done.value[1])} does not fit into `codes / scale`. One "
            "scale for each row has shape (V, 1): keepdims=True."
        )
    zeros = ~merged.any(axis=1)
    if not np.isfinite(scale).all() or (scale == 0).any():
        message = "A scale is inf, NaN or 0."
        if zeros.any():
            message += (
                " The largest weight of a row of zeros is 0: give that row any scale, such as 1."
            )
        return Diagnosis(message)
    return _judge_precision(case, codes / scale, codes * scale, scale)


def _scale_fits_rows(scale: np.ndarray, merged: np.ndarray) -> bool:
    """Return whether a scale (V,) is right for the rows; a row of zeros may have any."""
    largest = np.abs(merged).max(axis=1)
    used = largest > 0
    return scale.shape == used.shape and np.allclose(scale[used], 127 / largest[used], rtol=1e-3)


def _judge_precision(
    case: ShippedTable, back: np.ndarray, upside_down: np.ndarray, scale: np.ndarray
) -> Diagnosis | None:
    """Compare the error of each row with half a step of its own scale."""
    merged = _merged(case)
    half = np.abs(merged).max(axis=1, keepdims=True) / 127 / 2 * 1.001 + 1e-6
    lost = np.abs(back - merged) > half
    if not lost.any():
        return None
    row = int(np.flatnonzero(lost.any(axis=1))[0])
    if not (np.abs(upside_down - merged) > half).any():
        return Diagnosis("The scale is inverted: `codes / scale` should give the floats.")
    rank = case.a.shape[1]
    step = case.a @ case.b
    near = 2 * half + 0.02
    for guess, cause in [
        (case.w + float(case.alpha) * step, "the scale of the adapter is alpha / r"),
        (case.w + step, "the scale alpha / r of the adapter is missing"),
        (case.w, "the adapter is missing"),
        (float(case.alpha) / rank * step, "W itself is missing"),
    ]:
        if step.any() and (np.abs(back - guess) <= near).all():
            return Diagnosis(f"These are the codes of another table: {cause}.", related="M15")
    if (np.sign(back) * np.sign(merged) < 0).any():
        return Diagnosis(
            "A weight has the wrong sign: a code was larger than 127, too large for int8."
        )
    saturated = np.abs(np.rint(back * scale)) >= 127
    cut = saturated & lost & (np.abs(back) < 0.99 * np.abs(merged))
    if cut.any() and not (lost & ~saturated & (np.abs(back - merged) > 0.51 / scale)).any():
        return Diagnosis(
            "A large weight was cut off. It is a weight like the others; its row needs it.",
            related="M14",
        )
    if len(merged) > 1 and np.ptp(scale) == 0:
        message = (
            f"All rows share one scale, so row {row} is coarse because of another row's weight."
        )
        return Diagnosis(message, related="M14")
    if len(merged) > 1 and (np.ptp(scale, axis=0) == 0).all():
        message = (
            f"Each column has a scale, so a large weight makes row {row} coarse in its column."
        )
        return Diagnosis(f"{message} One for each row: axis=1 and keepdims=True.", related="M14")
    for rounded, where in ((np.trunc, "toward zero"), (np.floor, "down")):
        wrong = rounded(merged * scale)
        if np.allclose(back * scale, wrong) and (wrong != np.rint(merged * scale)).any():
            return Diagnosis(
                f"Weights between two levels are all moved {where}: round them with np.rint."
            )
    return Diagnosis(
        f"An error of row {row} is larger than half a step of its own scale: the largest weight of "
        "each row should get the code 127 or -127."
    )

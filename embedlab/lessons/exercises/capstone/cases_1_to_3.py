"""Lesson 12, cases 1 to 3: the checks run the repaired model and compare its results."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from embedlab.core.ids import IdError
from embedlab.core.mask import as_mask, masked_mean
from embedlab.layers.embedding import Embedding
from embedlab.layers.pooling_masking import GlobalAveragePooling1D
from embedlab.lessons.exercises.capstone.data import PRICES, Discount, forecast, traded_shares
from embedlab.lessons.exercises.gradient import check_scatter_add
from embedlab.lessons.grading.describe import (
    describe_failure,
    describe_result,
    format_value,
    raised,
    shape_mismatch,
)
from embedlab.lessons.grading.grade import Diagnosis, grade_function
from embedlab.lessons.grading.sandbox import RunResult, run_untrusted
from embedlab.lessons.grading.unchanged import is_unchanged
from embedlab.lessons.grading.verdict import Verdict
from embedlab.models import Model, Sequential
from embedlab.models.masks import MaskError

__all__ = ["check_factor", "check_id", "check_loss"]

# --- Case 1: milk or juice? ---------------------------------------------------------------------


def _id_cases() -> list[np.ndarray]:
    """Return all ids in use, smallest case first; ids may be missing in between."""
    return [
        np.array([3]),
        np.array([2, 5, 7]),
        np.array([0, 5, 40]),
        np.array([[2, 13], [7, 0]]),
        np.arange(14),
    ]


def check_id(exercise: str, function: Any) -> Verdict:
    """Check `menu_table(ids)`: the smallest Embedding that has a row of 4 numbers for every id."""

    def broken(ids: np.ndarray) -> Embedding:
        return Embedding(int(ids.max()), 4, mask_zero=True, oob="clip", seed=12)

    early = is_unchanged(
        exercise,
        function,
        broken,
        _look_up,
        _id_cases(),
        "The largest id reads the row of another id.",
    )
    if early is not None:
        return early
    return grade_function(
        exercise,
        function,
        _id_cases(),
        run=_look_up,
        diagnose=_judge_id,
        describe=lambda ids, done: {
            "ids": str(ids.tolist()),
            "expected": f"a table of {int(ids.max()) + 1} rows",
            "returned": describe_result(done)
            if done.error is not None
            else format_value(_part(done.value, 0)),
        },
        right=lambda message: Verdict(
            exercise, True, f"{message}: each id has a row of its own, and no row is unused."
        ),
    )


def _look_up(function: Callable[..., Any], ids: np.ndarray) -> RunResult:
    """Build the layer and call it: (layer, rows, mask), or whatever was returned instead."""

    def both(ids: np.ndarray) -> Any:
        layer = function(ids)
        if not isinstance(layer, Embedding):
            return layer
        return layer, layer(ids), layer.compute_mask(ids)

    return run_untrusted(both, ids)


_READS = {
    "clip": "the row of id {}",
    "wrap": "the row of another id",
    "zero": "zeros",
    "nan": "NaN",
}


def _part(value: Any, n: int) -> Any:
    return value[n] if isinstance(value, tuple) else value


def _judge_id(ids: np.ndarray, done: RunResult) -> Diagnosis | None:
    message = describe_failure(done, ("ids",))
    if message:
        return Diagnosis(message)
    largest = int(ids.max())
    if isinstance(done.error, IdError):
        rows = done.error.input_dim
        if rows == largest:
            message = (
                f"A table of {rows} rows has the ids 0 to {rows - 1}. Id {largest} has no row; now "
                "it raises an error, which is better than a wrong row."
            )
            return Diagnosis(message, related="M2")
        message = f"Id {done.error.bad_ids[0]} has no row: the table has {rows}."
        message += " How many different ids there are does not matter, only the largest."
        return Diagnosis(message, related="M2")
    if done.error is not None:
        return Diagnosis(f"The ids are those of the menu. {raised(done)}")
    if not isinstance(done.value, tuple):
        kind = type(done.value).__name__
        return Diagnosis(f"Your function should return an Embedding. It returned {kind}.")
    layer, rows, mask = done.value
    if layer.input_dim <= largest:
        reads = _READS.get(layer.oob, "another row").format(layer.input_dim - 1)
        message = (
            f"Id {largest} has no row of its own: the table has {layer.input_dim}. With "
            f"oob={layer.oob!r} it reads {reads}, without a warning."
        )
        return Diagnosis(message, related="M2")
    if layer.input_dim > largest + 1:
        idle = layer.input_dim - largest - 1
        return Diagnosis(
            f"Each id has a row, but no id reads the last {idle} of {layer.input_dim} rows."
        )
    if rows.shape != (*ids.shape, 4):
        return Diagnosis(f"Rows should have 4 numbers. They have {rows.shape[-1]}.")
    if mask is None:
        return Diagnosis(
            "The rows are right, but padding is no longer masked: keep mask_zero=True."
        )
    return None


# Case 2: the loss that stays -------------------------------------------------------------------


def check_loss(exercise: str, function: Any) -> Verdict:
    """Check `backward(ids, grad_out, input_dim)`, then train the model with it."""

    def broken(ids: np.ndarray, grad_out: np.ndarray, input_dim: int) -> np.ndarray:
        grad = np.zeros((input_dim, grad_out.shape[-1]), grad_out.dtype)
        grad[ids] += grad_out
        return grad

    def run(function: Callable[..., Any], case: np.ndarray) -> RunResult:
        return run_untrusted(lambda ids: function(ids, grads[: ids.size], 2), case)

    grads = np.array([[1.0], [4.0], [5.0], [2.0]])  # the last: not the most, least or mean
    cases = [np.array([0, 1]), np.array([1, 1, 0, 1])]
    symptom = (
        "Each weekday has the number of its last week, and the loss is not the smallest possible."
    )
    early = is_unchanged(exercise, function, broken, run, cases, symptom)
    if early is not None:
        return early
    result = check_scatter_add(exercise, function, one_axis=True)
    if not result:
        return result
    trained = run_untrusted(lambda _: forecast(function), np.zeros(0))
    if trained.error is not None:
        message = (
            "the small cases are right, but in the model your function raised "
            f"{describe_result(trained)}"
        )
        return Verdict(exercise, False, message, related="M4")
    losses, table = trained.value
    days, volume = traded_shares()
    means = [volume[days == day].mean() for day in range(5)]
    if not np.allclose(table, means, atol=0.01):
        message = (
            "the small cases are right, but in the model the weekdays do not reach their means."
        )
        return Verdict(exercise, False, message, related="M4")
    message = (
        f"{result.message[:-1]}. In the model the loss falls from {losses[0]:.0f} to "
        f"{losses[-1]:.1f}, the smallest possible: each weekday has its mean."
    )
    return replace(result, message=message)


# Case 3: the number that is off by a factor ----------------------------------------------------


def _orders() -> list[np.ndarray]:
    """Return batches of orders, smallest first: alone, padded behind, in front, and mixed.

    The last but one holds a word that costs nothing: its row is zero, and it is no padding.
    """
    return [
        np.array([[2]]),
        np.array([[2, 3]]),
        np.array([[2, 3, 0, 0]]),
        np.array([[0, 0, 2, 3]]),
        np.array([[2, 3, 0, 0], [7, 6, 10, 4]]),
        np.array([[0, 0]]),
        np.array([[2, 12]]),
        np.array([[13, 0, 12, 0, 0, 0, 0, 9]]),
    ]


def check_factor(exercise: str, function: Any) -> Verdict:
    """Check `mean_price(prices)`: a model that gives the mean discounted price of each order."""

    def broken(prices: np.ndarray) -> Model:
        layers = [Embedding(14, 1, weights=prices, mask_zero=True), Discount()]
        return Sequential([*layers, GlobalAveragePooling1D()], strict_masks="ignore")

    early = is_unchanged(
        exercise,
        function,
        broken,
        _answer,
        _orders()[1:4],
        "Padding is still counted: “cake pie” costs half as much in a batch with an order of four.",
    )
    if early is not None:
        return early
    return grade_function(
        exercise,
        function,
        _orders(),
        run=_answer,
        diagnose=_judge_factor,
        describe=lambda ids, done: {
            "order": str(ids.tolist()),
            "expected": format_value(_mean_price(ids)),
            "returned": describe_result(done)
            if done.error is not None
            else format_value(_part(done.value, -1)),
        },
        right=lambda message: Verdict(
            exercise, True, f"{message}. An order costs the same in every batch."
        ),
    )


def _answer(function: Callable[..., Any], ids: np.ndarray) -> RunResult:
    """Build the model and call it: (first layer, its output), or whatever was returned instead."""

    def both(ids: np.ndarray, prices: np.ndarray) -> Any:
        model = function(prices)
        return (model.layers[0], model(ids)) if isinstance(model, Model) else model

    return run_untrusted(both, ids, PRICES)


def _mean_price(ids: np.ndarray) -> np.ndarray:
    return masked_mean(PRICES[ids] / 2, as_mask(ids != 0, ids.shape))


def _judge_factor(ids: np.ndarray, done: RunResult) -> Diagnosis | None:
    message = describe_failure(done, ("ids", "prices"))
    if message:
        return Diagnosis(message)
    if isinstance(done.error, MaskError):
        message = (
            "Now the model raises an error instead of a wrong result, which is better. But a layer "
            "still loses the mask."
        )
        return Diagnosis(message, related="M6")
    if done.error is not None:
        return Diagnosis(f"The order is valid. {raised(done)}")
    expected = _mean_price(ids)
    if not isinstance(done.value, tuple):
        kind = type(done.value).__name__
        return Diagnosis(f"Your function should return a model. It returned {kind}.")
    first, gave = done.value
    message = shape_mismatch(gave, expected)
    if message:
        return Diagnosis(f"{message} Build a model that returns one number for each order.")
    if np.allclose(gave, expected, atol=1e-6):
        return None
    everywhere = PRICES[ids].mean(axis=1) / 2
    if np.allclose(gave, everywhere):
        where = "after" if ids[0, 0] else "before"
        if getattr(first, "padding_idx", None) == 0:
            message = (
                f"Row 0 was zero already. Padding {where} the words is still counted, and a zero "
                "makes a mean smaller."
            )
            return Diagnosis(message, related="M6")
        if not getattr(first, "mask_zero", True):
            return Diagnosis(
                "No layer makes a mask now, so padding is always counted.", related="M6"
            )
        return Diagnosis(f"Padding {where} the words is still counted.", related="M6")
    dear = masked_mean(PRICES[ids] / 2, as_mask(PRICES[ids][..., 0] != 0, ids.shape))
    if np.allclose(gave, dear):
        message = "Milk costs nothing, but it is a word: a price of 0 does not mean padding."
        return Diagnosis(message)
    if np.allclose(gave, 2 * expected):
        return Diagnosis("The mean is right, but the discount is missing.")
    if np.allclose(gave, PRICES[ids].max(axis=1) / 2):
        return Diagnosis("It is half the highest price of the order, not half the mean.")
    if np.allclose(gave, PRICES[ids].sum(axis=1) / 2):
        return Diagnosis("It is half the sum of the order: divide by the number of words.")
    return Diagnosis(
        "This is not half the mean price of the words.", related="M6" if (ids == 0).any() else None
    )

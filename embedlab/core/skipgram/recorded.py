"""Recorded training runs on pairs: weights, gradients and optimizer slots of every step.

One kernel computes what separate calls of `grad_pairs` and the optimizers would, to the bit, and 50
times faster: a view computes three runs of 200 steps while a slider is dragged.
"""

from typing import Any, NamedTuple

import numpy as np

from embedlab.core.checks import (
    ShapeError,
    as_array,
    check_choice,
    check_in_range,
    check_size,
    check_table_bytes,
)
from embedlab.core.ids import as_ids
from embedlab.core.jit import kernel
from embedlab.core.optimizers.adagrad import adagrad_reference, adagrad_update
from embedlab.core.optimizers.adam import adam_reference, adam_update
from embedlab.core.optimizers.rmsprop import rmsprop_reference, rmsprop_update
from embedlab.core.optimizers.sgd import momentum_update, sgd_reference, sgd_update
from embedlab.core.skipgram.batches import (
    SkipgramBatches,
    check_pair_tables,
    check_pairs,
    grad_pairs_reference,
)

__all__ = [
    "UPDATE_RULES",
    "RecordedRun",
    "train_recorded",
    "train_recorded_kernel",
    "train_recorded_reference",
]

UPDATE_RULES = ("sgd", "momentum", "adagrad", "rmsprop", "adam", "lazy adam", "sgd + l2")
"""Update rules, in the order of their numbers in the kernel. All but "lazy adam" are as in Keras;
"sgd + l2" is SGD with Keras's regularizer "l2" on the table, not on the context table."""

SLOT_NAMES = {
    "sgd": (),
    "momentum": ("velocity",),
    "adagrad": ("accumulator",),
    "rmsprop": ("average",),
    "adam": ("m", "v"),
    "lazy adam": ("m", "v"),
    "sgd + l2": (),
}
"""Slots of each optimizer, in the order of `RecordedRun.slots`."""

SGD, MOMENTUM, ADAGRAD, RMSPROP, ADAM, LAZY, SGD_L2 = range(7)
BETA, RHO, BETA_2, EPSILON, START, L2 = 0.9, 0.9, 0.999, 1e-7, 0.1, 0.01
# Momentum is BETA for SGD too; START is what Keras's Adagrad begins with; L2 its regularizer's.


class RecordedRun(NamedTuple):
    """Record of one run; index 0 of the second axis is the table, index 1 the context table.

    Attributes
    ----------
    weights : ndarray, (S + 1, 2, V, D)
        Before the first step, and after each.
    slots : ndarray, (S + 1, 2, 2, V, D)
        Optimizer state: the third axis is that of `SLOT_NAMES`; unused slots are 0.
    grads : ndarray, (S, 2, V, D)
        The gradient of the loss that each step used; that of an L2 penalty, 0.02 w, is not in it.
    rates : ndarray, (S,)
        The rate of each step as the formula uses it: Adam's is corrected for the time.
    losses : ndarray of float64, (S,)
        Before each step; NaN without a pair.
    optimizer : str
        The rule at the end.
    learning_rate : float
    since : int
        The step at which its slots began.
    """

    weights: np.ndarray
    slots: np.ndarray
    grads: np.ndarray
    rates: np.ndarray
    losses: np.ndarray
    optimizer: str
    learning_rate: float
    since: int


def train_recorded_reference(
    pairs: np.ndarray,
    label: np.ndarray,
    starts: np.ndarray,
    shares: np.ndarray,
    rule: int,
    rates: np.ndarray,
    hyper: np.ndarray,
    first: int,
    weights: np.ndarray,
    slots: np.ndarray,
    grads: np.ndarray,
    losses: np.ndarray,
) -> None:
    """Reference implementation in NumPy: gradients, sums by row, the optimizers' references."""
    momentum, rho, rest, rest_2, epsilon, decay = hyper
    for s in range(first, len(losses)):
        now = slice(starts[s], starts[s + 1])
        grad_rows = [
            np.empty((now.stop - now.start, weights.shape[3]), weights.dtype) for _ in "ec"
        ]
        loss = grad_pairs_reference(pairs[now], label[now], shares[s], *weights[s], *grad_rows)
        losses[s] = loss if now.stop > now.start else np.nan
        weights[s + 1], slots[s + 1] = weights[s], slots[s]
        for side in range(2):
            rows = pairs[now, side]
            np.add.at(grads[s, side], rows, grad_rows[side])
            w, (one, two) = weights[s + 1, side], slots[s + 1, side]
            decays = rule == SGD_L2 and side == 0
            dense = decays or rule in (MOMENTUM, RMSPROP, ADAM)
            all_rows = np.arange(len(w)) if dense else np.unique(rows)
            g, rate = grads[s, side][all_rows], rates[s]
            if decays:
                g = g + decay * w  # of the penalty, on every row
            if rule in (SGD, MOMENTUM, SGD_L2):
                values = np.array((rate, momentum * (rule == MOMENTUM), False))
                sgd_reference(all_rows, g, values, w, one)
            elif rule == ADAGRAD:
                adagrad_reference(all_rows, g, np.array((rate, epsilon)), w, one)
            elif rule == RMSPROP:
                values = np.array((rate, rho, rest, epsilon, 0, False))
                rmsprop_reference(all_rows, g, values, w, one, two, two)
            else:
                values = np.array((rate, rest, rest_2, epsilon, False))
                adam_reference(all_rows, g, values, w, one, two, two)


@kernel
def train_recorded_kernel(
    pairs, label, starts, shares, rule, rates, hyper, first, weights, slots, grads, losses
):
    """Train from step `first` on, from the weights and slots at that index.

    pairs (P, 2) int64, label (P,) in the dtype of the weights, starts (S + 1,), shares (S,) one
    over the pairs of each step; rule, an index of UPDATE_RULES; rates (S,) and hyper (6,); the rest
    as in `RecordedRun`, written in place.
    """
    zero, one = np.zeros(1, weights.dtype)[0], np.ones(1, weights.dtype)[0]
    rows, width = weights.shape[2], weights.shape[3]
    for s in range(first, losses.size):
        seen = np.zeros((2, rows), np.bool_)
        loss = 0.0
        for p in range(starts[s], starts[s + 1]):
            i, j = pairs[p, 0], pairs[p, 1]
            score = zero
            for d in range(width):
                score += weights[s, 0, i, d] * weights[s, 1, j, d]
            small = np.exp(-abs(score))
            loss += max(score, zero) - score * label[p] + np.log1p(small)
            push = ((one if score >= zero else small) / (one + small) - label[p]) * shares[s]
            seen[0, i] = seen[1, j] = True
            for d in range(width):
                grads[s, 0, i, d] += push * weights[s, 1, j, d]
                grads[s, 1, j, d] += push * weights[s, 0, i, d]
        losses[s] = loss * np.float64(shares[s]) if starts[s] < starts[s + 1] else np.nan
        for side in range(2):
            side_rule = (
                SGD if rule == SGD_L2 and side == 1 else rule
            )  # the penalty is on the table only
            dense = side_rule in (MOMENTUM, RMSPROP, ADAM, SGD_L2)
            for row in range(rows):
                updated = dense or seen[side, row]
                for d in range(width):
                    _update_weight(
                        side_rule,
                        rates[s],
                        hyper,
                        updated,
                        grads[s, side, row, d],
                        weights,
                        slots,
                        s,
                        side,
                        row,
                        d,
                    )


@kernel
def _update_weight(rule, rate, hyper, updated, g, weights, slots, s, side, row, d):
    """Update one weight, or copy it to the next step unchanged."""
    momentum, rho, rest, rest_2, epsilon = hyper[0], hyper[1], hyper[2], hyper[3], hyper[4]
    decay = hyper[5]
    w, a, b = weights[s, side, row, d], slots[s, side, 0, row, d], slots[s, side, 1, row, d]
    if updated:
        if rule == SGD:
            w = sgd_update(w, g, rate)
        elif rule == SGD_L2:
            w = sgd_update(w, g + decay * w, rate)
        elif rule == MOMENTUM:
            w, a = momentum_update(w, a, g, rate, momentum, False)
        elif rule == ADAGRAD:
            w, a = adagrad_update(w, a, g, rate, epsilon)
        elif rule == RMSPROP:
            step, a, _ = rmsprop_update(a, g, g, rate, rho, rest, epsilon, False)
            w -= step
        else:
            w, a, b = adam_update(w, a, b, g, rate, rest, rest_2, epsilon)
    weights[s + 1, side, row, d] = w
    slots[s + 1, side, 0, row, d] = a
    slots[s + 1, side, 1, row, d] = b


def train_recorded(
    batches: SkipgramBatches,
    table: Any,
    context: Any,
    *,
    optimizer: str = "adam",
    learning_rate: float = 0.05,
    after: RecordedRun | None = None,
    step: int = 0,
) -> RecordedRun:
    """Train both tables on the batches, one step each, and record every step.

    Parameters
    ----------
    batches : SkipgramBatches
    table, context : array_like, (V, D), float32 or float64
        Where both tables start; they are copied.
    optimizer : {"sgd", "momentum", "adagrad", "rmsprop", "adam", "lazy adam", "sgd + l2"}
        Keras's rules with its defaults; "momentum" is SGD with 0.9. Lazy Adam updates only the
        rows of the batch. "sgd + l2" adds ``0.01 * sum(table ** 2)`` to the loss.
    learning_rate : float
    after : RecordedRun, optional
        A run on the same batches, to branch from at `step`: its record up to there is copied. A
        rule with the same slots continues with them; any other begins with new ones.
    step : int
        How many steps of `after` to copy.

    Returns
    -------
    RecordedRun

    Raises
    ------
    IdError, ShapeError, DtypeError, ValueError

    Examples
    --------
    >>> pairs, label = np.array([[0, 0]]), np.array([1])
    >>> batches = SkipgramBatches(pairs, label, starts=np.array([0, 1]), places=np.array([[0]]))
    >>> run = train_recorded(batches, [[0.0]], [[2.0]], optimizer="sgd", learning_rate=1.0)
    >>> run.weights[:, 0].ravel().tolist(), run.grads[:, 0].ravel().tolist()
    ([0.0, 1.0], [-1.0])
    """
    check_choice(optimizer, "optimizer", UPDATE_RULES)
    rate = check_in_range(learning_rate, "learning_rate", np.inf)
    table, context = check_pair_tables(table, context)
    if table.shape != context.shape:
        raise ShapeError(
            f"table and context must have one shape. Received {table.shape} and {context.shape}. "
            "Both have a row for each word."
        )
    pairs, label, starts = _check_batches(batches, len(table), table.dtype)
    steps, kind = len(starts) - 1, table.dtype
    step = check_size(step, "step", least=0)
    check_table_bytes(steps + 1, 4 * table.size, kind, "the number of batches")
    shape = (steps + 1, 2, *table.shape)
    weights, slots = np.empty(shape, kind), np.zeros((steps + 1, 2, *shape[1:]), kind)
    grads, losses, rates = np.zeros((steps, *shape[1:]), kind), np.empty(steps), np.zeros(steps)
    since = 0
    if after is None:
        if step:
            raise ValueError(
                f"step must be 0 where no run is continued. Received {step}. Pass after=run."
            )
        weights[0, 0], weights[0, 1] = table, context
        slots[0] = START if optimizer == "adagrad" else 0
    else:
        since = _continue(after, step, optimizer, weights, slots, grads, losses, rates)
    rates[step:] = [_rate(optimizer, rate, s + 1 - since, kind.type) for s in range(step, steps)]
    hyper = np.array((BETA, RHO, 1 - BETA, 1 - BETA_2, EPSILON, 2 * L2), kind)
    rates = rates.astype(kind)
    shares = (1 / np.maximum(np.diff(starts), 1)).astype(kind)
    train_recorded_kernel(
        pairs,
        label,
        starts,
        shares,
        UPDATE_RULES.index(optimizer),
        rates,
        hyper,
        step,
        weights,
        slots,
        grads,
        losses,
    )
    return RecordedRun(weights, slots, grads, rates, losses, optimizer, rate, since)


def _check_batches(
    batches: Any, rows: int, kind: np.dtype
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return private copies of the pairs, the labels and the bounds of the batches, checked."""
    if not isinstance(batches, SkipgramBatches):
        raise TypeError(
            f"batches must be SkipgramBatches. Received {type(batches).__name__}. "
            "Make them with embedlab.core.skipgram.batches.sample_batches."
        )
    pairs = check_pairs(batches.pairs, rows, rows)
    label, starts = as_array(batches.label, "label"), np.array(as_ids(batches.starts))
    if label.shape != (len(pairs),) or label.dtype.kind not in "fiub":
        raise ShapeError(
            f"label must have one number for each of the {len(pairs)} pairs. Received "
            f"{label.dtype} in shape {label.shape}. Use sample_batches."
        )
    rising = starts.ndim == 1 and starts.size > 0 and bool((starts[1:] >= starts[:-1]).all())
    if not rising or starts[0] != 0 or starts[-1] != len(pairs):
        raise ValueError(
            f"starts of the batches must rise from 0 to the number of pairs, {len(pairs)}. "
            f"Received {starts.reshape(-1)[:4].tolist()} in shape {starts.shape}. "
            "Use sample_batches."
        )
    return pairs, label.astype(kind), starts


def _continue(
    after: Any,
    step: int,
    optimizer: str,
    weights: np.ndarray,
    slots: np.ndarray,
    grads: np.ndarray,
    losses: np.ndarray,
    rates: np.ndarray,
) -> int:
    """Copy the record of a run up to `step`; return the step at which its slots began."""
    if not isinstance(after, RecordedRun) or after.optimizer not in SLOT_NAMES:
        raise TypeError(
            f"after must be a RecordedRun. Received {type(after).__name__}. "
            "Pass what train_recorded returned."
        )
    expected, shapes = (
        [np.shape(part) for part in parts]
        for parts in (
            (weights, slots, grads, losses, rates),
            (after.weights, after.slots, after.grads, after.losses, after.rates),
        )
    )
    began = isinstance(after.since, int) and 0 <= after.since <= len(losses)
    if expected != shapes or not began or step > len(losses):
        raise ShapeError(
            f"a run continues from a step of 0..{len(losses)} of a run of its own shape "
            f"{weights.shape}. Received step {step} of {shapes[0]}. Use the same batches."
        )
    weights[: step + 1], slots[: step + 1] = after.weights[: step + 1], after.slots[: step + 1]
    grads[:step], losses[:step], rates[:step] = (
        after.grads[:step],
        after.losses[:step],
        after.rates[:step],
    )
    if SLOT_NAMES[optimizer] == SLOT_NAMES[after.optimizer]:
        return after.since
    slots[step] = START if optimizer == "adagrad" else 0
    return step


def _rate(optimizer: str, rate: float, time: int, kind: Any) -> Any:
    """Return the rate of one step in the precision of the table, as the optimizers compute it."""
    if optimizer not in ("adam", "lazy adam"):
        return kind(rate)
    first, second = (1 - np.power(kind(beta), kind(time)) for beta in (BETA, BETA_2))
    return kind(rate) * np.sqrt(second) / first

"""One backward pass of a lookup, recorded: gradient rows, their sums, and a check."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from embedlab.core.checks import ShapeError, as_table
from embedlab.core.gradient import coalesce
from embedlab.core.ids import as_ids
from embedlab.traces.gradient.check import (
    CHECK_MAX,
    STEPS,
    TOLERANCE,
    central_difference,
    columns_to_check,
    rows_to_check,
)
from embedlab.traces.gradient.losses import GivenGradient, LookupLoss, NextWordLoss, TargetLoss
from embedlab.traces.gradient.report import RULES, GradientCheck
from embedlab.traces.readonly import is_frozen, readonly_copy

__all__ = ["CHECK_MAX", "RULES", "STEPS", "TOLERANCE", "GradientTrace", "trace_gradient"]


@dataclass(frozen=True, eq=False, repr=False)
class GradientTrace(GradientCheck):
    """The record of one backward pass. Its arrays are read-only copies in float64.

    Attributes
    ----------
    ids : ndarray of int64, (N,)
    tokens : tuple of str, N labels; words : tuple of str, V labels
    table, target : ndarray, (V, D) and (N, D)
        The rows, and the target of each position; NaN without targets.
    loss : float
        The sum of ``log(cosh(row - target))``; of ``grad_out * row`` for a given `grad_out`; tied,
        the cross-entropies of the next words.
    grad_out : ndarray, (N, D)
        The gradient of the loss with respect to the looked-up rows.
    grad_scores : ndarray, (N, V) or (N, 0)
        Tied: the gradient of the scores, softmax minus one-hot target.
    direct : ndarray, (V, D)
        Tied: the gradient of the table through the scores, in every row. Otherwise 0.
    has_gradient : ndarray of bool, (N,)
        Whether a token has a gradient: not padding, and, tied, not a word without a next word.
    pair_ids, pair_rows : ndarray, (P,) and (P, D)
        The gradient rows before duplicates are added: the raw sparse gradient.
    running_sums : ndarray, (P, D)
        The sum in the row of a pair after the pair is added.
    sum_ids, counts, sum_rows : ndarray, (K,), (K,) and (K, D)
        The coalesced gradient: rows, their number of pairs, and the sums.
    added, assigned : ndarray, (V, D)
        The gradient of the table, and the result of ``grad[ids] = grad_out``, in which the last
        duplicate wins; with `scale_grad_by_freq` it is divided by the count, as each gradient is.
    checked : ndarray of int64, (C,)
        The checked rows; a padding row is none of them.
    up, down : ndarray, (H, C, K)
        The loss with one weight of the first K columns moved by each step of `STEPS`, and by its
        negative.
    padding_idx : int or None
    scale_grad_by_freq, tied : bool

    Examples
    --------
    >>> trace = trace_gradient(np.ones((3, 2)), [2, 0, 2])
    >>> trace.passes("add"), trace.passes("assign"), trace.counts.tolist()
    (True, False, [1, 2])
    """

    ids: np.ndarray
    tokens: tuple[str, ...]
    words: tuple[str, ...]
    table: np.ndarray
    target: np.ndarray
    loss: float
    grad_out: np.ndarray
    grad_scores: np.ndarray
    direct: np.ndarray
    has_gradient: np.ndarray
    pair_ids: np.ndarray
    pair_rows: np.ndarray
    running_sums: np.ndarray
    sum_ids: np.ndarray
    counts: np.ndarray
    sum_rows: np.ndarray
    added: np.ndarray
    assigned: np.ndarray
    checked: np.ndarray
    up: np.ndarray
    down: np.ndarray
    padding_idx: int | None
    scale_grad_by_freq: bool
    tied: bool

    def __repr__(self) -> str:
        return f"GradientTrace({len(self.pair_ids)} pairs, {len(self.sum_ids)} rows)"


def trace_gradient(
    table: Any,
    ids: Any,
    *,
    target: Any = 0.0,
    grad_out: Any = None,
    tokens: Sequence[str] | None = None,
    words: Sequence[str] | None = None,
    padding_idx: int | None = None,
    scale_grad_by_freq: bool = False,
    tied: bool = False,
    check_max: int = CHECK_MAX,
    check_columns: int | None = None,
) -> GradientTrace:
    """Record one backward pass through a lookup, and check each weight numerically.

    Parameters
    ----------
    table : array_like, (V, D), float16, float32 or float64
        Cast to float64, since a gradient check needs the precision.
    ids : array_like of int, any shape, 0 <= id < V
    target : array_like that fits (*ids.shape, D)
        The target of each output row.
    grad_out : array_like that fits (*ids.shape, D), optional
        The gradient of the output, instead of a loss; `target` is then ignored.
    tokens : sequence of N str, optional
    words : sequence of str, optional
        Labels of the rows. Missing labels are "".
    padding_idx : int, optional
        A row whose gradient is set to zero, although the loss depends on it.
    scale_grad_by_freq : bool
        Use the mean of a row's gradients instead of their sum, the gradient of the loss.
    tied : bool
        Use the table also as the output projection for the next word (along the last axis of
        `ids`). Both gradients are added, and the second reaches every row.
    check_max : int
        The largest number of weights to check.
    check_columns : int, optional
        Check only the first columns; by default all that the time allows.

    Returns
    -------
    GradientTrace

    Raises
    ------
    IdError, IdTypeError, ShapeError, DtypeError, ValueError
        As `embedlab.coalesce`; ShapeError also for a target or labels that do not fit, and
        ValueError for `tied` with `grad_out`, `padding_idx` or `scale_grad_by_freq`.

    Notes
    -----
    Each weight is moved by +h and -h, and the loss is computed forward, independent of the
    gradient. The row `padding_idx` is not trained, and not checked. With `scale_grad_by_freq`
    the check fails: the mean of a row's gradients is not the gradient of the loss.

    Tied weights: Press and Wolf 2017, "Using the Output Embedding to Improve Language Models".

    Examples
    --------
    >>> trace = trace_gradient(np.array([[0.5], [-1.0], [2.0]]), [1, 0, 1], target=[[1], [0], [0]])
    >>> print(trace.summary)
    loss    1.8789 for 3 tokens
    back    3 gradient rows for 2 of 3 rows
            row 1, column 0: −0.964 − 0.762 = −1.726
            row 0, column 0: 0.462 = 0.462
    add     passes the check: the error is below 1e-06
    assign  FAILS the check: the error is 0.56 at h = 1e-05
    checked 3 weights of 3
    >>> trace_gradient(np.eye(4), [1, 0, 1], tied=True).reached.tolist()
    [0, 1, 2, 3]
    """
    table = as_table(table)
    table = table if is_frozen(table) and table.itemsize == 8 else readonly_copy(table, np.float64)
    id_array = as_ids(ids)
    flat, (height, width) = id_array.reshape(-1), table.shape
    labels = tuple(tokens) if tokens is not None else tuple(str(i) for i in flat.tolist())
    if len(labels) != flat.size:
        raise ShapeError(
            f"tokens must be as many as ids. Received {len(labels)} tokens for {flat.size} ids. "
            "Pass one label for each id, or omit tokens."
        )
    if not width:
        raise ShapeError(
            f"table must have at least one column. Received {table.shape}. Pass one with columns."
        )
    if tied and (grad_out is not None or padding_idx is not None or scale_grad_by_freq):
        raise ValueError(
            "tied must be the only option, since it defines the loss. Received it with grad_out, "
            "padding_idx or scale_grad_by_freq. Omit those."
        )
    shape = (*id_array.shape, width)
    targets = np.full((flat.size, width), np.nan)
    grad_scores, has_gradient = (
        np.zeros((flat.size, 0)),
        flat != (-1 if padding_idx is None else padding_idx),
    )
    loss: LookupLoss
    with np.errstate(all="ignore"):
        if tied:
            loss = NextWordLoss(table, id_array)
            grad_scores, has_gradient = loss.grad_scores, loss.has_next
        elif grad_out is not None:
            loss = GivenGradient(table, flat, _broadcast(grad_out, shape, "grad_out"))
        else:
            targets = _broadcast(target, shape, "target")
            loss = TargetLoss(table, flat, targets)
    modes: Any = {"padding_idx": padding_idx, "scale_grad_by_freq": scale_grad_by_freq}
    selected = has_gradient if tied else slice(None)
    sums = coalesce(flat[selected], loss.grad_out[selected], height, **modes)
    pair_ids, pair_rows = sums.uncoalesced()
    columns = columns_to_check(table.shape, flat, check_max, tied=tied)
    columns = columns if check_columns is None else min(columns, check_columns)
    checked = rows_to_check((height, columns), flat, check_max, tied=tied)
    checked = checked[checked != (-1 if padding_idx is None else padding_idx)]  # what is trained
    up, down = central_difference(loss, checked, columns)
    counts = np.array([np.count_nonzero(pair_ids == i) for i in sums.ids], np.int64)
    added, assigned = sums.to_dense(), _assigned(pair_ids, pair_rows, table.shape)
    if scale_grad_by_freq:  # each gradient is divided, also the one that is left
        assigned[sums.ids] /= counts[:, None]
    if tied:
        with np.errstate(invalid="ignore"):
            added += loss.direct
            assigned += loss.direct
    return GradientTrace(
        readonly_copy(flat),
        labels,
        tuple([*(words or ()), *[""] * height][:height]),
        table,
        readonly_copy(targets),
        loss.total,
        readonly_copy(loss.grad_out),
        _frozen(grad_scores),
        _frozen(loss.direct),
        readonly_copy(has_gradient),
        readonly_copy(pair_ids),
        readonly_copy(pair_rows),
        readonly_copy(_running(pair_ids, pair_rows)),
        readonly_copy(sums.ids),
        readonly_copy(counts),
        readonly_copy(sums.rows),
        _frozen(added),
        _frozen(assigned),
        readonly_copy(checked),
        readonly_copy(up),
        readonly_copy(down),
        padding_idx,
        scale_grad_by_freq,
        tied,
    )


def _frozen(array: np.ndarray) -> np.ndarray:
    """Make a new array read-only, without a copy: that of a large table would cost memory."""
    array.flags.writeable = False
    return array


def _assigned(ids: np.ndarray, rows: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return the gradient of a common bug: of equal ids only the last row is kept."""
    grad = np.zeros(shape)
    grad[ids] = rows
    return grad


def _running(ids: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the sum in each pair's row after the pair is added, in order."""
    sums = np.empty(rows.shape)
    for row in np.unique(ids):
        pairs = ids == row
        sums[pairs] = np.cumsum(rows[pairs], axis=0)
    return sums


def _broadcast(value: Any, shape: tuple[int, ...], name: str) -> np.ndarray:
    array = np.asarray(value, np.float64)
    try:
        return np.broadcast_to(array, shape).reshape(-1, shape[-1])
    except ValueError:
        raise ShapeError(
            f"{name} must fit the output, {shape}. Received {array.shape}. "
            "Pass one row for each id, or one number for all."
        ) from None

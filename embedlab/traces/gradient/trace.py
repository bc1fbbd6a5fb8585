"""One backward pass, recorded: what comes back, the pairs, their sums, and whether it is true."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from embedlab.core.checks import ShapeError, as_table
from embedlab.core.gradient import coalesce
from embedlab.core.ids import as_ids
from embedlab.traces.gradient.check import (
    CHECK_MOST,
    STEPS,
    TOLERANCE,
    central_difference,
    rows_to_check,
)
from embedlab.traces.gradient.losses import GivenGradient, LookupLoss, NextWordLoss, TargetLoss
from embedlab.traces.gradient.report import WAYS, GradientCheck
from embedlab.traces.readonly import readonly_copy

__all__ = ["CHECK_MOST", "STEPS", "TOLERANCE", "WAYS", "GradientTrace", "trace_gradient"]


@dataclass(frozen=True, eq=False, repr=False)
class GradientTrace(GradientCheck):
    """The record of one backward pass. Its arrays are copies and read-only, in float64.

    Attributes
    ----------
    ids : ndarray of int64, (N,)
    tokens : tuple of str, N labels; words : tuple of str, V labels
    table, target : ndarray, (V, D) and (N, D)
        The rows, and where the loss wants them; NaN when there is no such target.
    loss : float
        The sum of ``log(cosh(row - target))``; of ``grad_out * row`` when that was given; tied,
        of the cross-entropies of each word's next one.
    grad_out : ndarray, (N, D)
        The gradient of the loss with respect to the looked-up rows.
    grad_scores : ndarray, (N, V) or (N, 0)
        Tied: the gradient with respect to the scores, softmax less truth.
    direct : ndarray, (V, D)
        Tied: what reaches the table through the scores, every row of it. Otherwise 0.
    has_gradient : ndarray of bool, (N,)
        Whether a token sends a row back: padding does not, nor, tied, a word without a next one.
    pair_ids, pair_rows : ndarray, (P,) and (P, D)
        What flies back to the table, before duplicates meet.
    running_sums : ndarray, (P, D)
        The sum in a pair's row once the pair has arrived.
    sum_ids, counts, sum_rows : ndarray, (K,), (K,) and (K, D)
        The rows where pairs arrive, how many each gets, and their sums.
    added, assigned : ndarray, (V, D)
        The gradient of the table as the core gives it, and as ``grad[ids] = grad_out`` would: the
        last duplicate wins.
    checked : ndarray of int64, (C,)
        The rows that were checked.
    up, down : ndarray, (H, C, D)
        The loss with one weight moved by each step of `STEPS`, and by its negative.
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
    check_most: int = CHECK_MOST,
) -> GradientTrace:
    """Record one backward pass through a lookup, and check it number by number.

    Parameters
    ----------
    table : array_like, (V, D), float16, float32 or float64
        Taken to float64: a gradient check in less tells little.
    ids : array_like of int, any shape, 0 <= id < V
    target : array_like that fits (*ids.shape, D)
        Where the loss wants the rows of the output.
    grad_out : array_like that fits (*ids.shape, D), optional
        What comes back from above, when no loss of ours is wanted: target is then not looked at.
    tokens : sequence of N str, optional
    words : sequence of str, optional
        Labels of the rows. Fewer than V: the rest is "".
    padding_idx : int, optional
        A row that learns nothing: its gradient is zero, though the loss does depend on it.
    scale_grad_by_freq : bool
        The mean of a row's gradients instead of their sum, which is not the gradient of the loss.
    tied : bool
        Use the table twice: for the words, and for the scores of the next word (the next along
        the last axis of `ids`). Both gradients add up, and the second reaches every row.
    check_most : int
        How many weights to check at most.

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
    Each weight is moved by +h and -h, and the loss is computed forward, from the rows that the
    core looks up: nothing of the check knows how the gradient was found. A check with `padding_idx`
    or `scale_grad_by_freq` fails, rightly: both change the gradient on purpose.

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
    table = np.array(as_table(table), np.float64)
    given = as_ids(ids)
    flat, (height, width) = given.reshape(-1), table.shape
    labels = tuple(tokens) if tokens is not None else tuple(str(i) for i in flat.tolist())
    if len(labels) != flat.size:
        raise ShapeError(
            f"tokens must be as many as ids. Received {len(labels)} tokens for {flat.size} ids. "
            "Give one label for each id, or leave tokens away."
        )
    if not width:
        raise ShapeError(
            f"table must have at least one column. Received {table.shape}. Nothing can be learned."
        )
    if tied and (grad_out is not None or padding_idx is not None or scale_grad_by_freq):
        raise ValueError(
            "tied has a loss of its own, and stands alone. Received it with grad_out, padding_idx "
            "or scale_grad_by_freq. Leave those away."
        )
    shape = (*given.shape, width)
    wanted = np.full((flat.size, width), np.nan)
    grad_scores, has_gradient = (
        np.zeros((flat.size, 0)),
        flat != (-1 if padding_idx is None else padding_idx),
    )
    loss: LookupLoss
    with np.errstate(all="ignore"):
        if tied:
            loss = NextWordLoss(table, given)
            grad_scores, has_gradient = loss.grad_scores, loss.has_next
        elif grad_out is not None:
            loss = GivenGradient(table, flat, _fitting(grad_out, shape, "grad_out"))
        else:
            wanted = _fitting(target, shape, "target")
            loss = TargetLoss(table, flat, wanted)
    modes: Any = {"padding_idx": padding_idx, "scale_grad_by_freq": scale_grad_by_freq}
    back = has_gradient if tied else slice(None)
    sums = coalesce(flat[back], loss.grad_out[back], height, **modes)
    pair_ids, pair_rows = sums.uncoalesced()
    checked = rows_to_check(table.shape, flat, check_most, tied=tied)
    up, down = central_difference(loss, checked, width)
    with np.errstate(invalid="ignore"):
        added = sums.to_dense() + loss.direct
        assigned = _assigned(pair_ids, pair_rows, table.shape) + loss.direct
    return GradientTrace(
        readonly_copy(flat),
        labels,
        tuple([*(words or ()), *[""] * height][:height]),
        readonly_copy(table),
        readonly_copy(wanted),
        loss.total,
        readonly_copy(loss.grad_out),
        readonly_copy(grad_scores),
        readonly_copy(loss.direct),
        readonly_copy(has_gradient),
        readonly_copy(pair_ids),
        readonly_copy(pair_rows),
        readonly_copy(_running(pair_ids, pair_rows)),
        readonly_copy(sums.ids),
        readonly_copy([np.count_nonzero(pair_ids == i) for i in sums.ids], np.int64),
        readonly_copy(sums.rows),
        readonly_copy(added),
        readonly_copy(assigned),
        readonly_copy(checked),
        readonly_copy(up),
        readonly_copy(down),
        padding_idx,
        scale_grad_by_freq,
        tied,
    )


def _assigned(ids: np.ndarray, rows: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Do what many a first backward pass does: of equal ids only the last is kept."""
    grad = np.zeros(shape)
    grad[ids] = rows
    return grad


def _running(ids: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return what stands in a pair's row once it has arrived, summed as the core sums: in order."""
    made = np.empty(rows.shape)
    for row in np.unique(ids):
        here = ids == row
        made[here] = np.cumsum(rows[here], axis=0)
    return made


def _fitting(given: Any, shape: tuple[int, ...], name: str) -> np.ndarray:
    array = np.asarray(given, np.float64)
    try:
        return np.broadcast_to(array, shape).reshape(-1, shape[-1])
    except ValueError:
        raise ShapeError(
            f"{name} must fit the output, {shape}. Received {array.shape}. "
            "Pass one row for each id, or one number for all."
        ) from None

"""One backward pass, recorded: what comes back, the pairs, their sums, and whether it is true."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from embedlab.core.gradient import coalesce
from embedlab.core.ids import as_ids
from embedlab.core.lookup import lookup
from embedlab.core.table import ShapeError, as_table
from embedlab.losses import LogCosh
from embedlab.traces.frozen import frozen
from embedlab.traces.wording import counted, number, several, shown

__all__ = ["CHECK_MOST", "STEPS", "TOLERANCE", "WAYS", "GradientTrace", "trace_gradient"]

STEPS = frozen(10.0 ** -np.arange(13))
"""How far a weight is moved for a central difference: 1, 0.1, ... 1e-12."""

TOLERANCE = 1e-6
"""A gradient whose best error, over all steps, is larger is wrong."""

CHECK_MOST = 640
"""Weights that are checked unless told; of a larger table only the first rows that are read."""

WAYS = ("add", "assign")

_COPIES_MOST = 2**20
_MIDDLE = 5  # among STEPS: neither too coarse nor too fine


@dataclass(frozen=True, eq=False, repr=False)
class GradientTrace:
    """The record of one backward pass. Its arrays are copies and read-only, in float64.

    Attributes
    ----------
    ids : ndarray of int64, (N,)
    tokens : tuple of str, N labels; words : tuple of str, V labels
    table : ndarray, (V, D)
    target : ndarray, (N, D)
        Where the loss wants the looked-up rows.
    loss : float
        The sum over the tokens of ``mean(log(cosh(row - target)))``.
    grad_out : ndarray, (N, D)
        The gradient of the loss with respect to the looked-up rows.
    pair_ids, pair_rows : ndarray, (P,) and (P, D)
        What flies back to the table, before duplicates meet; padding is left out.
    sum_ids, counts, sum_rows : ndarray, (K,), (K,) and (K, D)
        The rows that get a gradient, how many pairs each gets, and their sums.
    added, assigned : ndarray, (V, D)
        The gradient of the table as the core gives it, and as ``grad[ids] = grad_out`` would: the
        last duplicate wins.
    checked : ndarray of int64, (C,)
        The rows that were checked.
    numeric : ndarray, (H, C, D)
        The central difference of the loss for each step of `STEPS` and each weight checked.
    padding_idx : int or None
    scale_grad_by_freq : bool

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
    pair_ids: np.ndarray
    pair_rows: np.ndarray
    sum_ids: np.ndarray
    counts: np.ndarray
    sum_rows: np.ndarray
    added: np.ndarray
    assigned: np.ndarray
    checked: np.ndarray
    numeric: np.ndarray
    padding_idx: int | None
    scale_grad_by_freq: bool

    def analytic(self, way: str = "add") -> np.ndarray:
        """Give the gradient of the table, (V, D), by "add" or by "assign"."""
        if way not in WAYS:
            raise ValueError(
                f'way must be "add" or "assign". Received {way!r:.40}. '
                'Choose "add" for what the core does.'
            )
        return self.added if way == "add" else self.assigned

    def errors(self, way: str = "add") -> np.ndarray:
        """Give the error of each weight checked, for each step: (H, C, D).

        ``abs(analytic - numeric) / the largest of either``: from 0 to 2.
        """
        said = self.analytic(way)[self.checked]
        seen = np.abs(self.numeric).max((1, 2), initial=0)
        largest = np.maximum(np.abs(said).max(initial=0), seen)
        return np.abs(said - self.numeric) / np.where(largest == 0, 1, largest)[:, None, None]

    def curve(self, way: str = "add") -> np.ndarray:
        """Give the largest error for each step, (H,): a V, too coarse left and too fine right."""
        return self.errors(way).max((1, 2), initial=0)

    def best_step(self, way: str = "add") -> float:
        """Give the step with the smallest error."""
        return float(STEPS[int(np.argmin(self.curve(way)))])

    def passes(self, way: str = "add") -> bool:
        """Say whether this way gives the true gradient of the loss."""
        return bool(self.curve(way).min() <= TOLERANCE)

    @property
    def wrong_rows(self) -> np.ndarray:
        """The rows (of those checked) where assigning gives another gradient than adding."""
        differs = (self.added != self.assigned).any(axis=1)
        return self.checked[differs[self.checked]]

    @property
    def summary(self) -> str:
        """Say the run in a few lines, with its numbers; the same on every machine."""
        rows, width = self.table.shape
        lines = [
            f"loss    {number(self.loss, 4)} for {counted(self.ids.size, 'token')}",
            f"back    {counted(len(self.pair_ids), 'gradient row')} for "
            f"{len(self.sum_ids)} of {counted(rows, 'row')}{self._mode()}",
        ]
        lines += [f"        {self._row(k)}" for k in np.argsort(-self.counts, kind="stable")[:3]]
        for way in WAYS:
            word = "passes" if self.passes(way) else "FAILS"
            lines.append(f"{way:<7} {word} the check: {self._error(way)}")
        lines.append(f"checked {counted(len(self.checked) * width, 'weight')} of {rows * width}")
        return "\n".join(lines)

    @property
    def alt(self) -> str:
        """Describe the picture for somebody who does not see it."""
        gets = [
            f"row {i} gets the sum of {c}" if c > 1 else f"row {i} gets one"
            for i, c in zip(self.sum_ids.tolist(), self.counts.tolist(), strict=True)
        ]
        said = [f"{w} {'passes' if self.passes(w) else 'fails'} the gradient check" for w in WAYS]
        return (
            f"{counted(len(self.pair_ids), 'gradient row')} fly back to a table of "
            f"{counted(len(self.table), 'row')}: {several(gets, 12) or 'none gets any'}; "
            f"{', '.join(said)}."
        )

    def __repr__(self) -> str:
        return f"GradientTrace({len(self.pair_ids)} pairs, {len(self.sum_ids)} rows)"

    def _mode(self) -> str:
        mode = "" if self.padding_idx is None else f", row {self.padding_idx} is padding"
        return f"{mode}, each divided by its count" if self.scale_grad_by_freq else mode

    def _row(self, k: int) -> str:
        row = int(self.sum_ids[k])
        parts = [number(r[0], 3) for r in self.pair_rows[self.pair_ids == row]]
        sum_ = several(parts, 4, between=" + ").replace("+ −", "− ")
        if self.scale_grad_by_freq and self.counts[k] > 1:
            sum_ = f"({sum_}) / {self.counts[k]}"
        name = f" {shown(self.words[row])}" if self.words[row] else ""
        return f"row {row}{name}, column 0: {sum_} = {number(self.sum_rows[k, 0], 3)}"

    def _error(self, way: str) -> str:
        error = float(self.curve(way).min())
        if not np.isfinite(error):
            return "the loss is no number"
        if error <= TOLERANCE:  # what lies below is rounding, another on every machine
            return f"the error is below {TOLERANCE:g}"
        return f"the error is {number(self.curve(way)[_MIDDLE])} at h = {STEPS[_MIDDLE]:g}"


def trace_gradient(
    table: Any,
    ids: Any,
    *,
    target: Any = 0.0,
    tokens: Sequence[str] | None = None,
    words: Sequence[str] | None = None,
    padding_idx: int | None = None,
    scale_grad_by_freq: bool = False,
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
    tokens : sequence of N str, optional
    words : sequence of str, optional
        Labels of the rows. Fewer than V: the rest is "".
    padding_idx : int, optional
        A row that learns nothing: its gradient is zero, though the loss does depend on it.
    scale_grad_by_freq : bool
        The mean of a row's gradients instead of their sum, which is not the gradient of the loss.
    check_most : int
        How many weights to check at most.

    Returns
    -------
    GradientTrace

    Raises
    ------
    IdError, IdTypeError, ShapeError, DtypeError, ValueError
        As `embedlab.coalesce`; ShapeError also for a target or labels that do not fit.

    Notes
    -----
    Each weight is moved by +h and -h in a table of its own, and the core looks all of them up:
    nothing of the check knows how the gradient was found. A check with `padding_idx` or
    `scale_grad_by_freq` fails, rightly: both change the gradient on purpose.

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
    """
    table = np.array(as_table(table), np.float64)
    given = as_ids(ids)
    flat, (height, width) = given.reshape(-1), table.shape
    target = _as_target(target, (*given.shape, width)).reshape(flat.size, width)
    labels = tuple(tokens) if tokens is not None else tuple(str(i) for i in flat.tolist())
    if len(labels) != flat.size:
        raise ShapeError(
            f"tokens must be as many as ids. Received {len(labels)} tokens for {flat.size} ids. "
            "Give one label for each id, or leave tokens away."
        )
    if not width:
        raise ShapeError(
            f"table must have at least one column. Received {table.shape}. Nothing can be learnt."
        )
    output = lookup(table, given).reshape(flat.size, width)
    loss = LogCosh("sum", dtype="float64")
    with np.errstate(invalid="ignore"):
        grad_out, total = loss.grad(target, output), float(loss(target, output))
    modes: Any = {"padding_idx": padding_idx, "scale_grad_by_freq": scale_grad_by_freq}
    sums = coalesce(flat, grad_out, height, **modes)
    pair_ids, pair_rows = sums.uncoalesced()
    checked = np.arange(height)
    if table.size > check_most:
        checked = np.unique(flat)[: max(1, check_most // width)]
    with np.errstate(invalid="ignore"):  # weights without end: the check then says NaN
        numeric = [_central(table, flat, target, checked, h) for h in STEPS]
    return GradientTrace(
        frozen(flat), labels, tuple([*(words or ()), *[""] * height][:height]),
        frozen(table), frozen(target), total, frozen(grad_out),
        frozen(pair_ids), frozen(pair_rows), frozen(sums.ids),
        frozen([np.count_nonzero(pair_ids == i) for i in sums.ids], np.int64), frozen(sums.rows),
        frozen(sums.to_dense()), frozen(_assigned(pair_ids, pair_rows, table.shape)),
        frozen(checked), frozen(numeric), padding_idx, scale_grad_by_freq,
    )  # fmt: skip


def _assigned(ids: np.ndarray, rows: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Do what many a first backward pass does: of equal ids only the last is kept."""
    grad = np.zeros(shape)
    grad[ids] = rows
    return grad


def _central(
    table: np.ndarray, ids: np.ndarray, target: np.ndarray, checked: np.ndarray, h: float
) -> np.ndarray:
    """Give ``(loss(w + h) - loss(w - h)) / 2h`` for each weight of the rows `checked`, (C, D)."""
    weights = (checked[:, None] * table.shape[1] + np.arange(table.shape[1])).reshape(-1)
    most = max(1, _COPIES_MOST // max(table.size, 1))
    found = [
        _losses(table, ids, target, weights[i : i + most], h)
        - _losses(table, ids, target, weights[i : i + most], -h)
        for i in range(0, weights.size, most)
    ]
    made = np.concatenate(found) if found else np.zeros(0)
    return made.reshape(len(checked), table.shape[1]) / (2 * h)


def _losses(
    table: np.ndarray, ids: np.ndarray, target: np.ndarray, weights: np.ndarray, by: float
) -> np.ndarray:
    """Give the loss with each weight moved alone: one copy of the table for each."""
    copies = np.tile(table.reshape(-1), (weights.size, 1))
    copies[np.arange(weights.size), weights] += by
    first = np.arange(weights.size)[:, None] * len(table)  # where each copy starts
    rows = lookup(copies.reshape(-1, table.shape[1]), ids + first)  # (W, N, D)
    return LogCosh("none", dtype="float64")(np.broadcast_to(target, rows.shape), rows).sum(axis=1)


def _as_target(target: Any, shape: tuple[int, ...]) -> np.ndarray:
    array = np.asarray(target, np.float64)
    try:
        return np.broadcast_to(array, shape)
    except ValueError:
        raise ShapeError(
            f"target must fit the output, {shape}. Received {array.shape}. "
            "Pass one row for each id, or one number for all."
        ) from None

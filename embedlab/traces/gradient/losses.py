"""Three losses of a looked-up sentence, each with what it sends back, and with one weight moved.

What a loss says about a moved weight is asked by the gradient check. It goes forward only: nothing
in it knows how the gradient was found.
"""

from typing import Any, Protocol

import numpy as np

from embedlab.core.lookup import lookup
from embedlab.losses import LogCosh, SparseCategoricalCrossentropy

__all__ = ["GivenGradient", "LookupLoss", "NextWordLoss", "TargetLoss"]


class LookupLoss(Protocol):
    """What a backward pass begins with, and what a gradient check asks.

    Attributes
    ----------
    total : float
    grad_out : ndarray, (N, D)
        The gradient of the loss with respect to the looked-up rows.
    direct : ndarray, (V, D)
        What reaches the table on another way than through the lookup.
    """

    total: float
    grad_out: np.ndarray
    direct: np.ndarray

    def moved(self, row: int, by: np.ndarray) -> np.ndarray:
        """Return the loss with each weight of a row moved alone, (S, D) for `by` of shape (S,)."""
        ...


class _Elementwise:
    """A loss that adds up one number for each number looked up."""

    def __init__(self, table: np.ndarray, ids: np.ndarray, grad_out: np.ndarray):
        self.ids, self.grad_out = ids, grad_out
        self.rows = lookup(table, ids)
        self.direct = np.zeros(table.shape)
        self.each = self._each(self.rows, slice(None))  # (N, D)
        self.total = float(self.each.sum())

    def _each(self, rows: np.ndarray, where: Any) -> np.ndarray:
        raise NotImplementedError

    def moved(self, row: int, by: np.ndarray) -> np.ndarray:
        reads = self.ids == row
        width = self.rows.shape[1]
        moved = self.rows[reads] + by[:, None, None]  # (S, reads, D)
        column = self._each(moved, reads).sum(1) + self.each[~reads].sum(0)  # (S, D)
        others = np.where(np.eye(width, dtype=bool), 0, self.each.sum(0)).sum(1)
        return column + others


class TargetLoss(_Elementwise):
    """The sum of ``log(cosh(row - target))``: half the square near the target, straight far off."""

    def __init__(self, table: np.ndarray, ids: np.ndarray, target: np.ndarray):
        self.target = target
        rows = lookup(table, ids)
        grad = LogCosh("sum", dtype="float64").grad(target[..., None], rows[..., None])
        super().__init__(table, ids, grad[..., 0])

    def _each(self, rows: np.ndarray, where: Any) -> np.ndarray:
        target = np.broadcast_to(self.target[where], rows.shape)
        return LogCosh("none", dtype="float64")(target[..., None], rows[..., None])


class GivenGradient(_Elementwise):
    """The sum of ``grad_out * row``: the loss whose gradient is the one that was given."""

    def _each(self, rows: np.ndarray, where: Any) -> np.ndarray:
        return rows * self.grad_out[where]


class NextWordLoss:
    """Each word scores all words with the same table, and the next word should win.

    ``sum of log(sum(exp(scores))) - scores[next]`` with ``scores = table[ids] @ table.T``. The
    last word of a sequence has no next one, and sends nothing back.

    Attributes
    ----------
    grad_scores : ndarray, (N, V)
        The gradient of the loss with respect to the scores: the softmax less the truth.
    """

    def __init__(self, table: np.ndarray, ids: np.ndarray):
        steps = ids.shape[-1] if ids.ndim else 1
        flat = ids.reshape(-1)
        has_next = np.arange(flat.size) % max(steps, 1) < steps - 1
        self.table, self.inputs = table, flat[has_next]
        self.wanted = flat[1:][has_next[:-1]]
        rows = lookup(table, self.inputs)  # (M, D), M words with a next one
        self.scores = rows @ table.T  # (M, V)
        loss = SparseCategoricalCrossentropy(from_logits=True, reduction="sum", dtype="float64")
        self.total, self.rows = float(loss(self.wanted, self.scores)), rows
        self.grad_scores = np.zeros((flat.size, len(table)))
        self.grad_scores[has_next] = loss.grad(self.wanted, self.scores)
        self.has_next = has_next
        self.grad_out = self.grad_scores @ table
        self.direct = self.grad_scores[has_next].T @ rows
        self.highest = self.scores.max(axis=1, initial=-np.inf)
        self.shares = np.exp(self.scores - self.highest[:, None])  # of each word, not yet divided

    def moved(self, row: int, by: np.ndarray) -> np.ndarray:
        """Return the loss with each weight of a row moved alone: in both of its uses."""
        total = np.zeros((by.size, self.table.shape[1]))
        if not self.inputs.size:
            return total
        reads = self.inputs == row
        return total + self._as_word(row, by, ~reads) + self._as_both(row, by, reads)

    def _as_word(self, row: int, by: np.ndarray, which: np.ndarray) -> np.ndarray:
        """Words that do not read the row: one of their scores moves, the others stay."""
        rest = np.delete(self.shares[which], row, axis=1).sum(1)[:, None]
        score = self.scores[which, row][:, None] + by[:, None, None] * self.rows[which]  # (S, M, D)
        highest = self.highest[which][:, None]
        wanted = self.wanted[which]
        stays = self.scores[which, wanted][:, None]
        right = np.where((wanted == row)[:, None], score, stays)
        return (highest + np.log(rest + np.exp(score - highest)) - right).sum(1)

    def _as_both(self, row: int, by: np.ndarray, which: np.ndarray) -> np.ndarray:
        """Words that read the row: all their scores move, and they are the same for each."""
        if not which.any():
            return np.zeros(1)
        first = int(np.argmax(which))
        scores = self.scores[first] + by[:, None, None] * self.table.T  # (S, D, V)
        scores[..., row] += by[:, None] * (self.table[row] + by[:, None])  # it meets itself
        highest = scores.max(axis=2)
        total = highest + np.log(np.exp(scores - highest[..., None]).sum(2))
        return which.sum() * total - scores[..., self.wanted[which]].sum(2)

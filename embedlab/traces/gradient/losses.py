"""Three losses of a looked-up sentence, with their gradients and values at moved weights.

The gradient check uses the values at moved weights. They are computed forward only, independent of
the gradients.
"""

from typing import Any, Protocol

import numpy as np

from embedlab.core.lookup import lookup
from embedlab.losses import LogCosh, SparseCategoricalCrossentropy

__all__ = ["GivenGradient", "LookupLoss", "NextWordLoss", "TargetLoss"]


class LookupLoss(Protocol):
    """A loss with its gradients, and its values at moved weights.

    Attributes
    ----------
    total : float
    grad_out : ndarray, (N, D)
        The gradient of the loss with respect to the looked-up rows.
    direct : ndarray, (V, D)
        The gradient of the table by other paths than the lookup.
    """

    total: float
    grad_out: np.ndarray
    direct: np.ndarray

    def moved(self, row: int, by: np.ndarray, columns: int) -> np.ndarray:
        """Return the loss with one weight of a row moved, (S, K) for `by` of shape (S,).

        The weights are those of the first K columns.
        """
        ...


class _Elementwise:
    """A sum of one term for each element of the output."""

    def __init__(self, table: np.ndarray, ids: np.ndarray, grad_out: np.ndarray):
        self.ids, self.grad_out = ids, grad_out
        self.rows = lookup(table, ids)
        self.direct = np.broadcast_to(0.0, table.shape)
        self.each = self._each(self.rows, slice(None))  # (N, D)
        self.total = float(self.each.sum())

    def _each(self, rows: np.ndarray, where: Any) -> np.ndarray:
        raise NotImplementedError

    def moved(self, row: int, by: np.ndarray, columns: int) -> np.ndarray:
        reads = self.ids == row
        width = self.rows.shape[1]
        moved = self.rows[reads, :columns] + by[:, None, None]  # (S, reads, K)
        same = self.each[~reads, :columns].sum(0)
        column = self._each(moved, (reads, slice(columns))).sum(1) + same  # (S, K)
        others = np.where(np.eye(columns, width, dtype=bool), 0, self.each.sum(0)).sum(1)
        return column + others


class TargetLoss(_Elementwise):
    """The sum of ``log(cosh(row - target))``: quadratic near the target, linear far from it."""

    def __init__(self, table: np.ndarray, ids: np.ndarray, target: np.ndarray):
        self.target = target
        rows = lookup(table, ids)
        grad = LogCosh("sum", dtype="float64").grad(target[..., None], rows[..., None])
        super().__init__(table, ids, grad[..., 0])

    def _each(self, rows: np.ndarray, where: Any) -> np.ndarray:
        target = np.broadcast_to(self.target[where], rows.shape)
        return LogCosh("none", dtype="float64")(target[..., None], rows[..., None])


class GivenGradient(_Elementwise):
    """The sum of ``grad_out * row``, a loss with a given gradient."""

    def _each(self, rows: np.ndarray, where: Any) -> np.ndarray:
        return rows * self.grad_out[where]


class NextWordLoss:
    """Cross-entropy of the next word, with the table as output projection (weight tying).

    ``sum of log(sum(exp(scores))) - scores[next]`` with ``scores = table[ids] @ table.T``. The
    last word of a sequence has no next word and no gradient.

    Attributes
    ----------
    grad_scores : ndarray, (N, V)
        The gradient of the loss with respect to the scores: softmax minus one-hot target.
    """

    def __init__(self, table: np.ndarray, ids: np.ndarray):
        steps = ids.shape[-1] if ids.ndim else 1
        flat = ids.reshape(-1)
        has_next = np.arange(flat.size) % max(steps, 1) < steps - 1
        self.table, self.inputs = table, flat[has_next]
        self.targets = flat[1:][has_next[:-1]]
        rows = lookup(table, self.inputs)  # (M, D), M words with a next one
        self.scores = rows @ table.T  # (M, V)
        loss = SparseCategoricalCrossentropy(from_logits=True, reduction="sum", dtype="float64")
        certain = len(table) == 1  # the only word is always the next: no choice, no loss
        self.total = 0.0 if certain else float(loss(self.targets, self.scores))
        self.rows = rows
        self.grad_scores = np.zeros((flat.size, len(table)))
        self.grad_scores[has_next] = loss.grad(self.targets, self.scores)
        self.has_next = has_next
        self.grad_out = self.grad_scores @ table
        self.direct = self.grad_scores[has_next].T @ rows
        self.highest = self.scores.max(axis=1, initial=-np.inf)
        self.exp_scores = np.exp(self.scores - self.highest[:, None])  # softmax before the division

    def moved(self, row: int, by: np.ndarray, columns: int) -> np.ndarray:
        """Return the loss with one weight of a row moved, in both uses of the table."""
        total = np.zeros((by.size, columns))
        if not self.inputs.size:
            return total
        reads = self.inputs == row
        total += self._moved_as_target(row, by, columns, ~reads)
        return total + self._moved_as_input(row, by, columns, reads)

    def _moved_as_target(
        self, row: int, by: np.ndarray, columns: int, which: np.ndarray
    ) -> np.ndarray:
        """Return the loss of inputs that do not read the row: one of their scores changes."""
        rest = np.delete(self.exp_scores[which], row, axis=1).sum(1)[:, None]
        change = by[:, None, None] * self.rows[which, :columns]  # (S, M, K)
        score = self.scores[which, row][:, None] + change
        highest = self.highest[which][:, None]
        targets = self.targets[which]
        unchanged = self.scores[which, targets][:, None]
        target_score = np.where((targets == row)[:, None], score, unchanged)
        return (highest + np.log(rest + np.exp(score - highest)) - target_score).sum(1)

    def _moved_as_input(
        self, row: int, by: np.ndarray, columns: int, which: np.ndarray
    ) -> np.ndarray:
        """Return the loss of inputs that read the row: all their scores change."""
        if not which.any():
            return np.zeros(1)
        first = int(np.argmax(which))
        scores = self.scores[first] + by[:, None, None] * self.table[:, :columns].T  # (S, K, V)
        # The row is also a target.
        scores[..., row] += by[:, None] * (self.table[row, :columns] + by[:, None])
        highest = scores.max(axis=2)
        total = highest + np.log(np.exp(scores - highest[..., None]).sum(2))
        return which.sum() * total - scores[..., self.targets[which]].sum(2)

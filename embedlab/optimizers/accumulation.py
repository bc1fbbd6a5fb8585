"""Gradient accumulation: the gradients of several batches make one step, as one large batch."""

from typing import Any

import numpy as np

from embedlab.core.coalesce import coalesce
from embedlab.core.sparse_gradient import SparseGrad
from embedlab.optimizers.clipping import mapped
from embedlab.optimizers.kept import cut
from embedlab.optimizers.sums import add_to

__all__ = ["GRADIENTS", "Accumulation", "check_steps"]

GRADIENTS = "gradient_accumulator"
"""The name under which a file holds what was gathered for a variable."""


class Accumulation:
    """The gradients of up to `steps` batches, added up.

    Sparse gradients stay sparse: their sum has the rows that any of the batches used, and equals
    the sum of the dense ones bit for bit. With ``sparse_update="lazy"`` these rows move.

    Parameters
    ----------
    steps : int
        2 or more.

    Notes
    -----
    Source: ``gradient_accumulation_steps`` of ``keras.optimizers.Optimizer``, whose sums are dense.
    A variable that has no gradient in the last batch of a step does not move, as in Keras.

    Examples
    --------
    >>> from embedlab.layers import Variable
    >>> table, gathered = Variable([[0.0], [0.0]]), Accumulation(2)
    >>> gathered.add([(np.array([[1.0], [0.0]]), table)])
    >>> gathered.mean([(np.array([[3.0], [4.0]]), table)])[0].tolist()
    [[2.0], [2.0]]
    """

    def __init__(self, steps: int):
        self.steps = steps
        self._sums: dict[int, tuple[Any, Any, int]] = {}  # variable, sum, how often resized

    def add(self, pairs: list[tuple[Any, Any]]) -> None:
        """Add one batch's (gradient, variable) pairs."""
        for grad, variable in pairs:
            total = {id(variable): self._of(variable)}
            add_to(total, id(variable), grad)
            self._sums[id(variable)] = variable, total[id(variable)], len(variable.resized)

    def mean(self, pairs: list[tuple[Any, Any]]) -> list[Any]:
        """Give the mean of what was gathered and the last batch, and begin anew."""
        self.add(pairs)
        means = [mapped(self._of(v), lambda g: g / g.dtype.type(self.steps)) for _, v in pairs]
        self._sums = {}
        return means

    def dense(self, variable: Any) -> np.ndarray:
        """Give what was gathered for a variable as an array of its shape: for a file."""
        out, total = variable.like(0.0), self._of(variable)
        if isinstance(total, SparseGrad):
            out[total.ids] = total.rows
        elif total is not None:
            out[...] = total
        return out

    def put(self, variable: Any, array: np.ndarray) -> None:
        """Take what a file holds: rows of zeros were not used."""
        total: Any = array
        if variable.ndim == 2:
            used = np.flatnonzero(array.any(axis=1))
            if len(used) < len(array):
                total = coalesce(used, np.asarray(array[used]), len(array))
        self._sums[id(variable)] = variable, total, len(variable.resized)

    def _of(self, variable: Any) -> Any:
        """Give the sum of a variable in the shape that it has now, or None."""
        _, total, resized = self._sums.get(id(variable), (None, None, 0))
        rows = None if total is None else cut(variable, resized)
        if rows is None:
            return total
        if isinstance(total, SparseGrad) and len(rows) == 1:
            stay = total.ids < rows[0].stop
            return coalesce(total.ids[stay], total.rows[stay], variable.shape[0])
        old = total.to_dense() if isinstance(total, SparseGrad) else total
        out = np.zeros(variable.shape, old.dtype)
        out[rows] = old[rows]
        return out


def check_steps(steps: Any) -> int | None:
    """Give how many batches make a step; None where each makes one.

    >>> check_steps(None), check_steps(4)
    (None, 4)
    """
    if steps is None or steps == 0:
        return None
    if isinstance(steps, bool) or not isinstance(steps, (int, np.integer)) or steps < 2:
        raise ValueError(
            "`gradient_accumulation_steps` must be an integer >= 2. Received: "
            f"gradient_accumulation_steps={steps!r:.40}. Say None for a step after each batch."
        )
    return int(steps)

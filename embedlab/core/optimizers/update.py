"""Shared parts of the optimizer steps: checks, the gradient grouped by row, the work split up.

The kernel of an optimizer gets groups of positions; for each row it sums the gradient and updates
the row at once. The formula is a compiled function of one weight (`adam_update` and the like),
which the recorded runs of LoRA and skip-gram call too. The sum stands in each kernel: a function
of arrays counts a reference to each, atomically, which costs 17 ns a row, and one of views of a row
made Adam 2 times slower.
"""

from typing import Any

import numpy as np

from embedlab.core.checks import DtypeError, ShapeError, as_array, check_choice
from embedlab.core.gradient import Groups, SparseGrad, balanced_splits, group
from embedlab.core.ids import as_ids, check_padding_idx
from embedlab.core.jit import num_threads

__all__ = ["BELOW_1", "optimizer_step", "require_slot"]

PARALLEL_FROM = 131_072
"""Numbers to read and write from which two threads win."""

BELOW_1 = 1 - 2.0**-24
"""The largest single-precision number below 1, for running means that must decay."""

Rows = np.ndarray
"""Row numbers, each once."""


def optimizer_step(
    kernels: tuple[Any, Any],
    table: np.ndarray,
    grad: Any,
    hyper: tuple[float, ...],
    state: dict[str, np.ndarray | None],
    *,
    sparse_update: str = "dense",
    padding_idx: int | None = None,
) -> np.ndarray:
    """Run one step of an optimizer's kernel, after all checks that any optimizer needs.

    Parameters
    ----------
    kernels : (serial, parallel)
    table : ndarray, (V, D), float32 or float64
        Changed in place.
    grad : SparseGrad, or (ids, grad_out), or ndarray (V, D)
        The gradient; as a pair, that of the looked-up rows, summed here on the way.
    hyper : tuple of float
        The hyperparameters, which the kernel gets in the dtype of the table.
    state : dict of name to ndarray (V, D) or None
        The optimizer's slots in the order of the kernel's arguments, changed in place.
    sparse_update : {"dense", "lazy"}
    padding_idx : int, optional
        A row whose gradient is 0.

    Returns
    -------
    ndarray
        The table.
    """
    _check_own(table, state)
    do = 'Choose "dense" for what Keras does'
    check_choice(sparse_update, "sparse_update", ("dense", "lazy"), do)
    groups, grad_out, every = _group_gradient(grad, table, padding_idx)
    dense = sparse_update == "dense" and not every
    workers = num_threads() if grad_out.size + dense * table.size >= PARALLEL_FROM else 1
    cuts = balanced_splits(
        groups.starts, workers, cost=2
    )  # updating a row costs about as much as summing two
    if dense:
        cuts = len(table) * np.arange(workers + 1) // workers
    slots = [
        slot if slot is not None else table for slot in state.values()
    ]  # unused slots are never read
    run = kernels[workers > 1]
    run(*groups, cuts, dense, grad_out, np.array(hyper, table.dtype), table, *slots)
    return table


def _group_gradient(
    grad: Any, table: np.ndarray, padding_idx: int | None
) -> tuple[Groups, np.ndarray, bool]:
    """Return a gradient as groups of positions, its rows, and whether every row of V has one."""
    rows, columns = table.shape
    skip = check_padding_idx(padding_idx, rows)
    if isinstance(grad, np.ndarray):
        _check_grad(grad, table, (rows, columns))
        if skip < 0:
            every = np.arange(rows + 1)
            return Groups(every[:-1], every[:-1], every), _unaliased(grad, table), True
        grad = (np.arange(rows), grad)
    elif isinstance(grad, SparseGrad):
        if grad.shape != table.shape:
            raise ShapeError(
                f"grad must be the gradient of the table, with shape {table.shape}. "
                f"Received {grad.shape}. Pass the gradient of this table."
            )
        grad = (grad.ids, grad.rows)
    if not (isinstance(grad, tuple) and len(grad) == 2):
        raise TypeError(
            "grad must be a SparseGrad, a pair (ids, grad_out) or an array (V, D). "
            f"Received {type(grad).__name__}. Make one with "
            "embedlab.core.gradient.coalesce."
        )
    ids, grad_out = as_ids(grad[0]), as_array(grad[1], "the gradient")
    _check_grad(grad_out, table, (*ids.shape, columns))
    grad_out = _unaliased(grad_out, table).reshape(ids.size, columns)
    return group(ids, rows, padding_idx=padding_idx), grad_out, False


def _unaliased(grad: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Copy a gradient that is not C-contiguous, or that the step itself would overwrite."""
    grad = np.asarray(grad, order="C")
    return grad.copy() if np.may_share_memory(grad, table) else grad


def _check_grad(grad: np.ndarray, table: np.ndarray, shape: tuple[int, ...]) -> None:
    if grad.shape != shape:
        raise ShapeError(
            f"the gradient must have shape {shape}. Received {grad.shape}. "
            "Pass one row of the table's width for each id, or a gradient for the whole table."
        )
    if grad.dtype != table.dtype:
        raise DtypeError(
            f"the gradient must have the dtype of the table, {table.dtype}. Received "
            f"{grad.dtype}. Cast it with astype."
        )


def _check_own(table: Any, state: dict[str, Any]) -> None:
    """Refuse arrays that cannot be changed in place, before anything is written."""
    if not isinstance(table, np.ndarray) or table.ndim != 2:
        raise ShapeError(
            "table must be a NumPy array with two axes (V, D), to be changed in place. Received "
            f"{getattr(table, 'shape', type(table).__name__)}. Use numpy.asarray(...)."
        )
    if table.dtype.char not in "fd" or not table.dtype.isnative:
        raise DtypeError(
            f"table must hold float32 or float64 to be trained. Received {table.dtype.str}. "
            "Train a float32 copy: float16 loses small steps."
        )
    arrays = {"table": table, **{name: a for name, a in state.items() if a is not None}}
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray) or array.shape != table.shape:
            raise ShapeError(
                f"{name} must be an array of the table's shape {table.shape}. Received "
                f"{getattr(array, 'shape', type(array).__name__)}. Make it with numpy.zeros_like."
            )
        if array.dtype != table.dtype:
            raise DtypeError(
                f"{name} must have the dtype of the table, {table.dtype}. Received "
                f"{array.dtype}. Make it with numpy.zeros_like."
            )
        if not (array.flags.writeable and array.flags.c_contiguous):
            raise ValueError(
                f"{name} must be writable and C-contiguous, to be changed in place. Received an "
                "array that is not. Use numpy.array(..., order='C')."
            )
    names = list(arrays)
    for i, name in enumerate(names):
        for other in names[:i]:
            if np.may_share_memory(arrays[name], arrays[other]):
                raise ValueError(
                    f"{name} and {other} must be two arrays. Received memory that they share. "
                    "Make a copy of one."
                )


def require_slot(array: Any, name: str, used: bool) -> Any:
    """Return a slot if the formula uses it, else None; refuse a missing one that is used."""
    if used and array is None:
        raise ValueError(
            f"{name} must be an array of the table's shape for this rule. Received None. "
            "Make it with numpy.zeros_like(table), and pass the same one at every step."
        )
    return array if used else None

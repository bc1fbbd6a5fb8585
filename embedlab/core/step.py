"""One step on a table, whatever the rule: sum the gradient of a row, and move the row at once."""

from typing import Any

import numpy as np

from embedlab.core.gradient import SparseGrad, check_padding
from embedlab.core.group import Groups, bands, group
from embedlab.core.ids import as_ids
from embedlab.core.jit import loop, parallel, prange, threads
from embedlab.core.table import DtypeError, ShapeError

__all__ = ["ADAGRAD", "ADAM", "RMSPROP", "SGD", "step", "step_loop", "step_loop_parallel",
           "step_numpy"]  # fmt: skip

PARALLEL_FROM = 131_072
"""Numbers to read and write from which two threads win."""

SGD, RMSPROP, ADAGRAD, ADAM = range(4)

# What `knobs` holds, in the dtype of the table, so that nothing is computed in another precision:
#   SGD      rate, momentum, nesterov (0 or 1)
#   RMSPROP  rate, rho, 1 - rho, epsilon, momentum, centered (0 or 1)
#   ADAGRAD  rate, epsilon
#   ADAM     rate corrected for the step, 1 - beta_1, 1 - beta_2, epsilon, amsgrad (0 or 1)


def step_numpy(rule: int, rows: Any, g: np.ndarray, knobs: np.ndarray, w: np.ndarray,
               a: np.ndarray, b: np.ndarray, c: np.ndarray) -> None:  # fmt: skip
    """Say it in NumPy: move `rows` of the table `w` and of its state `a`, `b`, `c` along `g`."""
    if rule == SGD:
        rate, momentum, nesterov = knobs
        if momentum == 0:
            w[rows] -= g * rate
        else:
            a[rows] = a[rows] * momentum - g * rate
            w[rows] += a[rows] * momentum - g * rate if nesterov else a[rows]
    elif rule == RMSPROP:
        rate, rho, rest, epsilon, momentum, centered = knobs
        a[rows] = rho * a[rows] + rest * (g * g)
        below = a[rows] + epsilon
        if centered:
            c[rows] = rho * c[rows] + rest * g
            below = a[rows] - c[rows] * c[rows] + epsilon
        move = rate * g / np.sqrt(below)
        if momentum > 0:
            b[rows] = momentum * b[rows] + move
            move = b[rows]
        w[rows] -= move
    elif rule == ADAGRAD:
        rate, epsilon = knobs
        a[rows] += g * g
        w[rows] -= rate * g / np.sqrt(a[rows] + epsilon)
    else:
        rate, rest_1, rest_2, epsilon, amsgrad = knobs
        a[rows] += (g - a[rows]) * rest_1
        b[rows] += (g * g - b[rows]) * rest_2
        second = b[rows]
        if amsgrad:
            c[rows] = second = np.maximum(c[rows], second)
        w[rows] -= a[rows] * rate / (np.sqrt(second) + epsilon)


@loop
def _sgd_row(w, velocity, g, knobs):
    rate, momentum, nesterov = knobs[0], knobs[1], knobs[2] != 0
    if momentum == 0:
        for d in range(w.size):
            w[d] -= g[d] * rate
        return
    for d in range(w.size):
        velocity[d] = velocity[d] * momentum - g[d] * rate
        w[d] += velocity[d] * momentum - g[d] * rate if nesterov else velocity[d]


@loop
def _rmsprop_row(w, velocity, momenta, average, g, knobs):
    rate, rho, rest, epsilon, momentum = knobs[0], knobs[1], knobs[2], knobs[3], knobs[4]
    centered = knobs[5] != 0
    for d in range(w.size):
        velocity[d] = rho * velocity[d] + rest * (g[d] * g[d])
        below = velocity[d] + epsilon
        if centered:
            average[d] = rho * average[d] + rest * g[d]
            below = velocity[d] - average[d] * average[d] + epsilon
        move = rate * g[d] / np.sqrt(below)
        if momentum > 0:
            momenta[d] = momentum * momenta[d] + move
            move = momenta[d]
        w[d] -= move


@loop
def _adagrad_row(w, accumulator, g, knobs):
    rate, epsilon = knobs[0], knobs[1]
    for d in range(w.size):
        accumulator[d] += g[d] * g[d]
        w[d] -= rate * g[d] / np.sqrt(accumulator[d] + epsilon)


@loop
def _adam_row(w, m, v, v_max, g, knobs):
    rate, rest_1, rest_2, epsilon = knobs[0], knobs[1], knobs[2], knobs[3]
    amsgrad = knobs[4] != 0
    for d in range(w.size):
        m[d] += (g[d] - m[d]) * rest_1
        v[d] += (g[d] * g[d] - v[d]) * rest_2
        second = v[d]
        if amsgrad:
            second = second if not second <= v_max[d] else v_max[d]  # a NaN stays
            v_max[d] = second
        w[d] -= m[d] * rate / (np.sqrt(second) + epsilon)


@loop
def step_loop(rule, ids, order, starts, cuts, dense, grad_out, knobs, table, a, b, c):
    """Sum the gradient of each row and move it at once, while it is in the first-level cache.

    `ids` (K,), `order` (M,) and `starts` (K + 1,) are groups of positions in `grad_out` (N, D).
    Worker w owns the rows (dense) or groups (lazy) from `cuts[w]` up to `cuts[w + 1]`.
    """
    for worker in prange(cuts.size - 1):
        first = cuts[worker]
        k = np.searchsorted(ids, first) if dense else first
        g = np.empty(table.shape[1], table.dtype)
        for i in range(first, cuts[worker + 1]):
            row = i if dense else ids[i]
            g[:] = 0
            if k < ids.size and ids[k] == row:
                for s in range(starts[k], starts[k + 1]):
                    n = order[s]
                    for d in range(g.size):
                        g[d] += grad_out[n, d]
                k += 1
            if rule == SGD:
                _sgd_row(table[row], a[row], g, knobs)
            elif rule == RMSPROP:
                _rmsprop_row(table[row], a[row], b[row], c[row], g, knobs)
            elif rule == ADAGRAD:
                _adagrad_row(table[row], a[row], g, knobs)
            else:
                _adam_row(table[row], a[row], b[row], c[row], g, knobs)


step_loop_parallel = parallel(step_loop)


def step(
    rule: int,
    table: np.ndarray,
    grad: Any,
    knobs: tuple[float, ...],
    state: dict[str, np.ndarray | None],
    *,
    sparse_update: str = "dense",
    padding_idx: int | None = None,
) -> np.ndarray:
    """Do one step of any rule; for the doors in `embedlab.core.training`.

    Parameters
    ----------
    rule : int
        SGD, RMSPROP, ADAGRAD or ADAM.
    table : ndarray, (V, D), float32 or float64
        Changed in place.
    grad : SparseGrad, or (ids, grad_out), or ndarray (V, D)
        The gradient; as a pair, that of the looked-up rows, summed here on the way.
    knobs : tuple of float
        The numbers of the rule, in the order that the comment above gives.
    state : dict of name to ndarray (V, D) or None
        What the rule remembers, at most three arrays, changed in place.
    sparse_update : {"dense", "lazy"}
    padding_idx : int, optional
        A row whose gradient is 0.

    Returns
    -------
    ndarray
        The table.
    """
    _check_own(table, state)
    if sparse_update not in ("dense", "lazy"):
        raise ValueError(
            f'sparse_update must be "dense" or "lazy". Received {sparse_update!r:.40}. '
            'Choose "dense" for what Keras does.'
        )
    groups, grad_out, every = _gather(grad, table, padding_idx)
    dense = sparse_update == "dense" and not every
    workers = threads() if grad_out.size + dense * table.size >= PARALLEL_FROM else 1
    cuts = bands(groups.starts, workers, cost=2)  # a move costs about as much as summing two rows
    if dense:
        cuts = len(table) * np.arange(workers + 1) // workers
    slots = [slot if slot is not None else table for slot in state.values()]  # unused: not touched
    slots += [table] * (3 - len(slots))
    run = step_loop_parallel if workers > 1 else step_loop
    run(rule, *groups, cuts, dense, grad_out, np.array(knobs, table.dtype), table, *slots)
    return table


def _gather(
    grad: Any, table: np.ndarray, padding_idx: int | None
) -> tuple[Groups, np.ndarray, bool]:
    """Give any gradient as groups of positions, its rows, and whether every row of V has one."""
    rows, columns = table.shape
    skip = check_padding(padding_idx, rows)
    if isinstance(grad, np.ndarray):
        _check_grad(grad, table, (rows, columns))
        if skip < 0:
            every = np.arange(rows + 1)
            return Groups(every[:-1], every[:-1], every), _apart(grad, table), True
        grad = (np.arange(rows), grad)
    elif isinstance(grad, SparseGrad):
        if grad.shape != table.shape:
            raise ShapeError(
                f"grad must be the gradient of the table, with shape {table.shape}. "
                f"Received {grad.shape}. Pass the gradient of this very table."
            )
        grad = (grad.ids, grad.rows)
    if not (isinstance(grad, tuple) and len(grad) == 2):
        raise TypeError(
            "grad must be a SparseGrad, a pair (ids, grad_out) or an array (V, D). "
            f"Received {type(grad).__name__}. Make one with embedlab.core.gradient.coalesce."
        )
    ids, grad_out = as_ids(grad[0]), np.asarray(grad[1], order="C")
    _check_grad(grad_out, table, (*ids.shape, columns))
    grad_out = _apart(grad_out, table).reshape(ids.size, columns)
    return group(ids, rows, padding_idx=padding_idx), grad_out, False


def _apart(grad: np.ndarray, table: np.ndarray) -> np.ndarray:
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

"""One step of an optimiser, fused with the gradient of a lookup, in place.

Keras's formulas and defaults. A step comes in two kinds. "dense" moves the whole table, as Keras
does: a row that was not looked up has gradient 0 and yet moves, because momentum carries it.
"lazy" touches only the rows that were looked up, in O(N) instead of O(V).
"""

from typing import Any

import numpy as np

from embedlab.core.finite import check_number
from embedlab.core.step import ADAGRAD, ADAM, RMSPROP, SGD, step
from embedlab.core.table import check_size

__all__ = ["adagrad", "adam", "rmsprop", "sgd"]

BELOW_1 = np.nextafter(1.0, 0.0)


def sgd(
    table: np.ndarray,
    grad: Any,
    velocity: np.ndarray | None = None,
    *,
    learning_rate: float = 0.01,
    momentum: float = 0.0,
    nesterov: bool = False,
    sparse_update: str = "dense",
    padding_idx: int | None = None,
) -> np.ndarray:
    """Move a table one step against its gradient: ``w -= rate * g``, with momentum if wanted.

    Parameters
    ----------
    table : ndarray, (V, D), float32 or float64
        Changed in place.
    grad : SparseGrad, or (ids, grad_out), or ndarray (V, D)
        A pair is the gradient of the looked-up rows: it is summed and applied in one pass.
    velocity : ndarray, (V, D), needed with momentum
        ``velocity = momentum * velocity - rate * g; w += velocity``. Changed in place.
    learning_rate, momentum : float
        rate >= 0, and 0 <= momentum <= 1.
    nesterov : bool
        Look ahead: ``w += momentum * velocity - rate * g``.
    sparse_update : {"dense", "lazy"}
        Move every row (Keras), or only those with a gradient.
    padding_idx : int, optional
        A row whose gradient is 0.

    Returns
    -------
    ndarray
        The table. Bit-identical for any number of threads.

    Raises
    ------
    IdError, ShapeError, DtypeError, ValueError
        For ids, arrays and numbers that do not fit. Nothing is written then.

    Notes
    -----
    Source: ``keras.optimizers.SGD.update_step``; lazy updates are ours.

    Examples
    --------
    >>> table = np.ones((3, 1))
    >>> sgd(table, ([2, 2], np.array([[1.0], [2.0]])), learning_rate=0.1).ravel().round(3).tolist()
    [1.0, 1.0, 0.7]
    """
    rate = _within(learning_rate, "learning_rate", np.inf)
    momentum = _within(momentum, "momentum", 1.0)
    lazy = sparse_update if momentum or sparse_update != "dense" else "lazy"  # the same, and O(N)
    return step(SGD, table, grad, (rate, momentum, nesterov),
                {"velocity": _needed(velocity, "velocity", momentum > 0)},
                sparse_update=lazy, padding_idx=padding_idx)  # fmt: skip


def rmsprop(
    table: np.ndarray,
    grad: Any,
    velocity: np.ndarray,
    momenta: np.ndarray | None = None,
    average: np.ndarray | None = None,
    *,
    learning_rate: float = 0.001,
    rho: float = 0.9,
    momentum: float = 0.0,
    epsilon: float = 1e-7,
    centered: bool = False,
    sparse_update: str = "dense",
    padding_idx: int | None = None,
) -> np.ndarray:
    """Move a table by its gradient, divided by the root of a running mean of its square.

    Parameters
    ----------
    table, grad, sparse_update, padding_idx
        As `sgd`.
    velocity : ndarray, (V, D)
        ``velocity = rho * velocity + (1 - rho) * g²``. Starts at 0, changed in place.
    momenta : ndarray, (V, D), needed with momentum
    average : ndarray, (V, D), needed when centered
        ``average = rho * average + (1 - rho) * g``; its square is taken off `velocity`.
    learning_rate, rho, momentum, epsilon : float

    Returns
    -------
    ndarray
        The table: ``w -= rate * g / sqrt(velocity + epsilon)``.

    Notes
    -----
    Source: ``keras.optimizers.RMSprop.update_step``. In a dense step the velocity of rows that
    were not looked up fades too, and so their next step is larger.

    Examples
    --------
    >>> table, velocity = np.zeros((2, 1)), np.zeros((2, 1))
    >>> rmsprop(table, ([1], np.array([[5.0]])), velocity).ravel().round(5).tolist()
    [0.0, -0.00316]
    """
    momentum = _within(momentum, "momentum", 1.0)
    rho = _within(rho, "rho", 1.0)
    knobs = (_within(learning_rate, "learning_rate", np.inf), rho, 1 - rho,
             _within(epsilon, "epsilon", np.inf), momentum, centered)  # fmt: skip
    state = {
        "velocity": _needed(velocity, "velocity", True),
        "momenta": _needed(momenta, "momenta", momentum > 0),
        "average": _needed(average, "average", centered),
    }
    return step(RMSPROP, table, grad, knobs, state, sparse_update=sparse_update,
                padding_idx=padding_idx)  # fmt: skip


def adagrad(
    table: np.ndarray,
    grad: Any,
    accumulator: np.ndarray,
    *,
    learning_rate: float = 0.001,
    epsilon: float = 1e-7,
    sparse_update: str = "dense",
    padding_idx: int | None = None,
) -> np.ndarray:
    """Move a table by its gradient, divided by the root of the sum of all its squares so far.

    Parameters
    ----------
    table, grad, sparse_update, padding_idx
        As `sgd`. Both kinds of update give the same here: without a gradient nothing changes.
    accumulator : ndarray, (V, D)
        ``accumulator += g²``. Keras starts it at 0.1. Changed in place.
    learning_rate, epsilon : float

    Returns
    -------
    ndarray
        The table: ``w -= rate * g / sqrt(accumulator + epsilon)``.

    Notes
    -----
    Source: ``keras.optimizers.Adagrad.update_step``.

    Examples
    --------
    >>> table, accumulator = np.zeros((2, 1)), np.full((2, 1), 0.75)
    >>> step = dict(learning_rate=1.0, epsilon=0.0)
    >>> adagrad(table, ([1], np.array([[0.5]])), accumulator, **step).ravel().tolist()
    [0.0, -0.5]
    """
    knobs = (_within(learning_rate, "learning_rate", np.inf), _within(epsilon, "epsilon", np.inf))
    state = {"accumulator": _needed(accumulator, "accumulator", True)}
    lazy = "lazy" if sparse_update == "dense" else sparse_update  # the same, and O(N)
    return step(ADAGRAD, table, grad, knobs, state, sparse_update=lazy, padding_idx=padding_idx)


def adam(
    table: np.ndarray,
    grad: Any,
    m: np.ndarray,
    v: np.ndarray,
    v_max: np.ndarray | None = None,
    *,
    time: int,
    learning_rate: float = 0.001,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-7,
    amsgrad: bool = False,
    sparse_update: str = "dense",
    padding_idx: int | None = None,
) -> np.ndarray:
    """Move a table by the running mean of its gradient over the root of that of its square.

    Parameters
    ----------
    table, grad, sparse_update, padding_idx
        As `sgd`.
    m, v : ndarray, (V, D)
        ``m += (g - m) * (1 - beta_1)`` and ``v += (g² - v) * (1 - beta_2)``. Start at 0.
    v_max : ndarray, (V, D), needed with amsgrad
        The largest `v` so far takes its place.
    time : int
        Which step this is, from 1 up: early means are too small and are corrected for that.
    learning_rate, beta_1, beta_2, epsilon : float

    Returns
    -------
    ndarray
        The table: ``w -= rate * sqrt(1 - beta_2**time) / (1 - beta_1**time) * m / (sqrt(v) +
        epsilon)``. Bit-identical for any number of threads.

    Notes
    -----
    Source: ``keras.optimizers.Adam.update_step``. A lazy step leaves `m` and `v` of the other rows
    alone and counts time for all rows alike, as ``torch.optim.SparseAdam``.

    Examples
    --------
    >>> table, m, v = np.zeros((2, 1)), np.zeros((2, 1)), np.zeros((2, 1))
    >>> adam(table, ([1], np.array([[5.0]])), m, v, time=1).ravel().round(6).tolist()
    [0.0, -0.001]
    """
    beta_1, beta_2 = _within(beta_1, "beta_1", BELOW_1), _within(beta_2, "beta_2", BELOW_1)
    time = check_size(time, "time")
    rate = _within(learning_rate, "learning_rate", np.inf)
    kind = np.float64 if getattr(table, "dtype", None) == np.float64 else np.float32
    first, second = (1 - np.power(kind(beta), kind(time)) for beta in (beta_1, beta_2))
    rate = kind(rate) * np.sqrt(second) / first  # in the table's precision, as Keras
    knobs = (rate, 1 - beta_1, 1 - beta_2, _within(epsilon, "epsilon", np.inf), amsgrad)
    state = {
        "m": _needed(m, "m", True),
        "v": _needed(v, "v", True),
        "v_max": _needed(v_max, "v_max", amsgrad),
    }
    return step(ADAM, table, grad, knobs, state, sparse_update=sparse_update,
                padding_idx=padding_idx)  # fmt: skip


def _within(value: Any, name: str, most: float) -> float:
    number = check_number(value, name)
    if not 0 <= number <= most:
        span = "must be >= 0" if most == np.inf else f"must lie in 0..{most:g}"
        span = "must be >= 0 and below 1" if most == BELOW_1 else span
        raise ValueError(f"{name} {span}. Received {value!r:.40}. Choose another number.")
    return number


def _needed(array: Any, name: str, needed: bool) -> Any:
    if needed and array is None:
        raise ValueError(
            f"{name} must be an array of the table's shape for this rule. Received None. "
            "Make it with numpy.zeros_like(table), and pass the same one at every step."
        )
    return array if needed else None

"""One step of time of an LSTM after its products, there and back.

The products with the kernels are NumPy's (BLAS). The hyperbolic tangent is NumPy's too: it is
vectorized there, 0.3 ns a number, and 13 ns inside a loop; ``sigmoid(x) = (1 + tanh(x / 2)) / 2``
makes the gates of it. All else of a step is one loop: many passes over memory become one. A step
is too small for a second thread.
"""

from typing import Any

import numpy as np

from embedlab.core.jit import kernel
from embedlab.core.recurrent import fit_gates, same_step

__all__ = [
    "grad_lstm_step",
    "grad_lstm_step_kernel",
    "grad_lstm_step_reference",
    "halves",
    "lstm_step",
    "lstm_step_kernel",
    "lstm_step_reference",
]


def lstm_step_reference(before: np.ndarray, carry: np.ndarray) -> tuple[np.ndarray, ...]:
    """Reference implementation: what is kept of the old, what comes in, what is shown."""
    into, forget, candidate, out = np.split(before, 4, axis=1)
    into, forget, out = (1 / (1 + np.exp(-gate)) for gate in (into, forget, out))
    candidate = np.tanh(candidate)
    carried = forget * carry + into * candidate
    shown = np.tanh(carried)
    return out * shown, carried, np.hstack([into, forget, candidate, out]), shown


@kernel
def lstm_step_kernel(gates, carry, carried):
    """Turn tangents (B, 4U) into gates in place, and write the new carried state (B, U)."""
    units, half = carry.shape[1], gates.dtype.type(0.5)
    for b in range(carry.shape[0]):
        for u in range(units):
            into = half + half * gates[b, u]
            forget = half + half * gates[b, units + u]
            gates[b, u], gates[b, units + u] = into, forget
            gates[b, 3 * units + u] = half + half * gates[b, 3 * units + u]
            carried[b, u] = forget * carry[b, u] + into * gates[b, 2 * units + u]


def lstm_step(before: Any, carry: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the states after one step of an LSTM, and what its way back needs.

    Parameters
    ----------
    before : array_like, (B, 4U), float32 or float64
        The sums of the gates i, f, g, o side by side: inputs and state times their kernels, and
        the bias.
    carry : array_like, (B, U), the dtype of `before`
        The carried state before the step.

    Returns
    -------
    hidden, carried : ndarray, (B, U)
        ``carried = f * carry + i * g`` and ``hidden = o * tanh(carried)``.
    gates : ndarray, (B, 4U)
        i, f, g, o.
    shown : ndarray, (B, U)
        ``tanh(carried)``.

    Raises
    ------
    ShapeError, DtypeError
        For arrays that do not fit each other.

    Notes
    -----
    Source: ``keras.layers.LSTM``; Hochreiter, Schmidhuber 1997; the gate f: Gers et al. 2000.

    Examples
    --------
    >>> hidden, carried, gates, shown = lstm_step(np.zeros((1, 4)), np.array([[2.0]]))
    >>> carried.tolist(), gates.tolist()
    ([[1.0]], [[0.5, 0.5, 0.0, 0.5]])
    """
    before, carry = same_step({"before": before, "carry": carry})
    fit_gates(before, carry.shape, 4, "before")
    units = carry.shape[1]
    gates = before * halves((1, 1, 0, 1), units, before.dtype)
    np.tanh(gates, out=gates)
    carried = np.empty_like(carry)
    lstm_step_kernel(gates, carry, carried)
    shown = np.tanh(carried)
    return gates[:, 3 * units :] * shown, carried, gates, shown


def grad_lstm_step_reference(
    gates: np.ndarray,
    carry: np.ndarray,
    shown: np.ndarray,
    grad_hidden: np.ndarray,
    grad_carried: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Reference implementation: through the tangent to the carried state, and from there to every
    gate."""
    into, forget, candidate, out = np.split(gates, 4, axis=1)
    to_carried = grad_carried + grad_hidden * out * (1 - shown**2)
    to_before = np.hstack(
        [
            to_carried * candidate * into * (1 - into),
            to_carried * carry * forget * (1 - forget),
            to_carried * into * (1 - candidate**2),
            grad_hidden * shown * out * (1 - out),
        ]
    )
    return to_before, to_carried * forget


@kernel
def grad_lstm_step_kernel(gates, carry, shown, grad_hidden, grad_carried, to_before, to_carry):
    """Write the gradients of the sums (B, 4U) and of the carried state before (B, U)."""
    units, one = carry.shape[1], gates.dtype.type(1)
    for b in range(carry.shape[0]):
        for u in range(units):
            into, forget = gates[b, u], gates[b, units + u]
            candidate, out = gates[b, 2 * units + u], gates[b, 3 * units + u]
            hidden, wave = grad_hidden[b, u], shown[b, u]
            carried = grad_carried[b, u] + hidden * out * (one - wave * wave)
            to_before[b, u] = carried * candidate * into * (one - into)
            to_before[b, units + u] = carried * carry[b, u] * forget * (one - forget)
            to_before[b, 2 * units + u] = carried * into * (one - candidate * candidate)
            to_before[b, 3 * units + u] = hidden * wave * out * (one - out)
            to_carry[b, u] = carried * forget


def grad_lstm_step(
    gates: Any, carry: Any, shown: Any, grad_hidden: Any, grad_carried: Any
) -> tuple[np.ndarray, np.ndarray]:
    """Return the gradients of `lstm_step`, from those of the two states that it gave.

    Parameters
    ----------
    gates : array_like, (B, 4U), float32 or float64
    carry, shown, grad_hidden, grad_carried : array_like, (B, U), the dtype of `gates`

    Returns
    -------
    grad_before : ndarray, (B, 4U)
    grad_carry : ndarray, (B, U)

    Raises
    ------
    ShapeError, DtypeError
        For arrays that do not fit each other.

    Examples
    --------
    >>> _, _, gates, shown = lstm_step(np.zeros((1, 4)), np.zeros((1, 1)))
    >>> zero, one = np.zeros((1, 1)), np.ones((1, 1))
    >>> [grad.tolist() for grad in grad_lstm_step(gates, zero, shown, zero, one)]
    [[[0.0, 0.0, 0.5, 0.0]], [[0.5]]]
    """
    gates, carry, shown, hidden, carried = same_step(
        {
            "gates": gates,
            "carry": carry,
            "shown": shown,
            "grad_hidden": grad_hidden,
            "grad_carried": grad_carried,
        }
    )
    fit_gates(gates, carry.shape, 4, "gates")
    to_before, to_carry = np.empty_like(gates), np.empty_like(carry)
    grad_lstm_step_kernel(gates, carry, shown, hidden, carried, to_before, to_carry)
    return to_before, to_carry


def halves(which: tuple[int, ...], units: int, dtype: Any) -> np.ndarray:
    """Return 0.5 for each unit of a gate, and 1 for the others.

    >>> halves((1, 0), 2, "float32").tolist()
    [0.5, 0.5, 1.0, 1.0]
    """
    return np.repeat(np.array([0.5 if half else 1.0 for half in which], dtype), units)

"""One step of time of a GRU after its products, there and back; built as that of the LSTM."""

from typing import Any

import numpy as np

from embedlab.core.jit import kernel
from embedlab.core.recurrent import fit_gates, same_step

__all__ = [
    "grad_gru_step",
    "grad_gru_step_kernel",
    "grad_gru_step_reference",
    "gru_step",
    "gru_step_kernel",
    "gru_step_reference",
]


def gru_step_reference(
    sums: np.ndarray, inner: np.ndarray, state: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Reference implementation: forget by the reset gate what the candidate is made of, then
    mix."""
    two = 2 * state.shape[1]
    gates = 1 / (1 + np.exp(-(sums[:, :two] + inner[:, :two])))
    update, reset = np.split(gates, 2, axis=1)
    candidate = np.tanh(sums[:, two:] + reset * inner[:, two:])
    return update * state + (1 - update) * candidate, gates, candidate


@kernel
def gru_step_kernel(gates, inner, candidate):
    """Turn tangents (B, 2U) into gates in place, and add what the reset gate lets through."""
    units, half = candidate.shape[1], gates.dtype.type(0.5)
    for b in range(candidate.shape[0]):
        for u in range(units):
            gates[b, u] = half + half * gates[b, u]
            gates[b, units + u] = half + half * gates[b, units + u]
            candidate[b, u] += gates[b, units + u] * inner[b, 2 * units + u]


def gru_step(sums: Any, inner: Any, state: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the state after one step of a GRU whose reset gate comes after the product.

    Parameters
    ----------
    sums : array_like, (B, 3U), float32 or float64
        The inputs times their kernel, and a bias: update gate z, reset gate r, candidate.
    inner : array_like, (B, 3U), the dtype of `sums`
        The state times its kernel, and a bias of its own.
    state : array_like, (B, U), the dtype of `sums`

    Returns
    -------
    new : ndarray, (B, U)
        ``z * state + (1 - z) * candidate``.
    gates : ndarray, (B, 2U)
        z, r.
    candidate : ndarray, (B, U)
        ``tanh(sums + r * inner)``.

    Raises
    ------
    ShapeError, DtypeError
        For arrays that do not fit each other.

    Notes
    -----
    Source: ``keras.layers.GRU`` with ``reset_after=True``; Cho et al. 2014.

    Examples
    --------
    >>> new, gates, candidate = gru_step(np.zeros((1, 3)), np.zeros((1, 3)), np.array([[4.0]]))
    >>> new.tolist(), gates.tolist(), candidate.tolist()
    ([[2.0]], [[0.5, 0.5]], [[0.0]])
    """
    sums, inner, state = same_step({"sums": sums, "inner": inner, "state": state})
    fit_gates(sums, state.shape, 3, "sums")
    fit_gates(inner, state.shape, 3, "inner")
    two = 2 * state.shape[1]
    gates = sums[:, :two] + inner[:, :two]
    gates *= gates.dtype.type(0.5)
    np.tanh(gates, out=gates)
    candidate = np.array(sums[:, two:], order="C")
    gru_step_kernel(gates, inner, candidate)
    np.tanh(candidate, out=candidate)
    new = state - candidate
    new *= gates[:, : two // 2]
    new += candidate
    return new, gates, candidate


def grad_gru_step_reference(
    gates: np.ndarray,
    inner: np.ndarray,
    candidate: np.ndarray,
    state: np.ndarray,
    grad_new: np.ndarray,
) -> tuple[np.ndarray, ...]:
    """Reference implementation: to the candidate and the state by the update gate, then to both
    gates."""
    update, reset = np.split(gates, 2, axis=1)
    to_candidate = grad_new * (1 - update) * (1 - candidate**2)
    to_update = grad_new * (state - candidate) * update * (1 - update)
    to_reset = to_candidate * inner[:, gates.shape[1] :] * reset * (1 - reset)
    to_sums = np.hstack([to_update, to_reset, to_candidate])
    return to_sums, np.hstack([to_update, to_reset, to_candidate * reset]), grad_new * update


@kernel
def grad_gru_step_kernel(gates, inner, candidate, state, grad_new, to_sums, to_inner, to_state):
    """Write the gradients of both sums (B, 3U), and of the state by the update gate (B, U)."""
    units, one = state.shape[1], gates.dtype.type(1)
    for b in range(state.shape[0]):
        for u in range(units):
            update, reset = gates[b, u], gates[b, units + u]
            made, grad = candidate[b, u], grad_new[b, u]
            to_made = grad * (one - update) * (one - made * made)
            to_update = grad * (state[b, u] - made) * update * (one - update)
            to_reset = to_made * inner[b, 2 * units + u] * reset * (one - reset)
            to_sums[b, u] = to_inner[b, u] = to_update
            to_sums[b, units + u] = to_inner[b, units + u] = to_reset
            to_sums[b, 2 * units + u], to_inner[b, 2 * units + u] = to_made, to_made * reset
            to_state[b, u] = grad * update


def grad_gru_step(
    gates: Any, inner: Any, candidate: Any, state: Any, grad_new: Any
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the gradients of `gru_step`, from that of the state that it gave.

    Parameters
    ----------
    gates : array_like, (B, 2U), float32 or float64
    inner : array_like, (B, 3U), the dtype of `gates`
    candidate, state, grad_new : array_like, (B, U), the dtype of `gates`

    Returns
    -------
    grad_sums, grad_inner : ndarray, (B, 3U)
    grad_state : ndarray, (B, U)
        By the update gate alone; what goes through `inner` is the caller's product.

    Raises
    ------
    ShapeError, DtypeError
        For arrays that do not fit each other.

    Examples
    --------
    >>> gates, zero, one = np.array([[0.5, 0.5]]), np.zeros((1, 1)), np.ones((1, 1))
    >>> made = grad_gru_step(gates, np.zeros((1, 3)), zero, one, one)
    >>> [grad.tolist() for grad in made]
    [[[0.25, 0.0, 0.5]], [[0.25, 0.0, 0.25]], [[0.5]]]
    """
    gates, inner, candidate, state, grad_new = same_step(
        {
            "gates": gates,
            "inner": inner,
            "candidate": candidate,
            "state": state,
            "grad_new": grad_new,
        }
    )
    fit_gates(gates, state.shape, 2, "gates")
    fit_gates(inner, state.shape, 3, "inner")
    to_sums, to_inner, to_state = np.empty_like(inner), np.empty_like(inner), np.empty_like(state)
    grad_gru_step_kernel(gates, inner, candidate, state, grad_new, to_sums, to_inner, to_state)
    return to_sums, to_inner, to_state

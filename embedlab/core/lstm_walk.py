"""The walk of an LSTM along a sequence: one product and one loop a step, there and back.

Time is the first axis, so that a step is one piece of memory; everything is written where it stays.
What the kernels learn is one product over all steps at the end: at 32 x 50 steps of 64 units that
is half of what a product and a sum for each step take.
"""

from typing import Any, NamedTuple

import numpy as np

from embedlab.core.checks import DtypeError, ShapeError
from embedlab.core.lstm import (
    grad_lstm_step_kernel,
    grad_lstm_step_reference,
    halves,
    lstm_step_kernel,
    lstm_step_reference,
)
from embedlab.core.mask import as_floats, as_mask

__all__ = [
    "LSTMWalk",
    "grad_lstm_walk",
    "grad_lstm_walk_reference",
    "lstm_walk",
    "lstm_walk_reference",
]


class LSTMWalk(NamedTuple):
    """What a walk leaves, and its way back needs.

    Attributes
    ----------
    hidden, carried : ndarray, (T + 1, B, U)
        The states before every step, and after the last.
    gates : ndarray, (T, B, 4U)
        i, f, g, o.
    shown : ndarray, (T, B, U)
        ``tanh(carried)`` after each step.
    stays : ndarray of bool, (T, B, 1), or None
        Where a mask keeps the states as they are.
    drop : ndarray, (B, U), or None
    """

    hidden: np.ndarray
    carried: np.ndarray
    gates: np.ndarray
    shown: np.ndarray
    stays: Any
    drop: Any


def lstm_walk_reference(
    sums: np.ndarray,
    kernel: np.ndarray,
    hidden: np.ndarray,
    carry: np.ndarray,
    mask: Any = None,
    drop: Any = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Reference implementation: step after step, and a masked one changes nothing."""
    shown, carried = [hidden], [carry]
    for t, own in enumerate(sums):
        seen = shown[-1] if drop is None else shown[-1] * drop
        new, kept, _, _ = lstm_step_reference(own + seen @ kernel, carried[-1])
        here = np.ones(len(hidden), bool) if mask is None else mask[t]
        shown.append(np.where(here[:, None], new, shown[-1]))
        carried.append(np.where(here[:, None], kept, carried[-1]))
    return np.stack(shown), np.stack(carried)


def lstm_walk(
    sums: Any,
    kernel: Any,
    hidden: Any,
    carry: Any,
    mask: Any = None,
    drop: Any = None,
    overwrite: bool = False,
) -> LSTMWalk:
    """Return the states of an LSTM before every step and after the last.

    Parameters
    ----------
    sums : array_like, (T, B, 4U), float32 or float64
        The inputs times their kernel, and the bias, for the gates i, f, g, o side by side.
    kernel : array_like, (U, 4U)
        Of the output state.
    hidden, carry : array_like, (B, U)
        The states before the first step.
    mask : array_like of bool, (T, B), optional
        At a masked step both states stay what they were, bit for bit.
    drop : array_like, (B, U), optional
        Factors of the output state on its way into the kernel.
    overwrite : bool
        Whether `sums` may become the gates: one array less.

    Raises
    ------
    ShapeError, DtypeError
        For arrays that do not fit each other.

    Notes
    -----
    Each step is `embedlab.core.lstm.lstm_step`. Source: ``keras.layers.LSTM``.

    Examples
    --------
    >>> zeros = np.zeros((1, 1))
    >>> walk = lstm_walk(np.full((2, 1, 4), 99.0), np.zeros((1, 4)), zeros, zeros)
    >>> walk.carried.ravel().tolist()
    [0.0, 1.0, 2.0]
    """
    gates, kernel, hidden, carry, drop = _fitting(sums, kernel, hidden, carry, drop)
    (steps, rows, _), units = gates.shape, kernel.shape[0]
    stays: Any = None if mask is None else ~as_mask(mask, (steps, rows))[:, :, None]
    half = halves((1, 1, 0, 1), units, gates.dtype)  # a power of 2: changes no other bit
    gates = np.multiply(gates, half, out=gates if overwrite and gates.flags.writeable else None)
    kernel = kernel * half
    states = np.empty((2, steps + 1, rows, units), gates.dtype)
    states[:, 0] = hidden, carry
    shown = np.empty((steps, rows, units), gates.dtype)
    product = np.empty((rows, 4 * units), gates.dtype)
    held = _held(stays, steps)
    for t in range(steps):
        own, before, after = gates[t], states[0, t], states[0, t + 1]
        np.dot(before if drop is None else before * drop, kernel, out=product)
        own += product
        np.tanh(own, out=own)
        lstm_step_kernel(own, states[1, t], states[1, t + 1])
        np.tanh(states[1, t + 1], out=shown[t])
        np.multiply(own[:, 3 * units :], shown[t], out=after)
        if held[t]:
            np.copyto(states[:, t + 1], states[:, t], where=stays[t])
    return LSTMWalk(states[0], states[1], gates, shown, stays, drop)


def grad_lstm_walk_reference(
    walk: LSTMWalk,
    kernel: np.ndarray,
    to_outputs: np.ndarray,
    grad_hidden: np.ndarray,
    grad_carried: np.ndarray,
) -> tuple[np.ndarray, ...]:
    """Reference implementation: step back from the last, and add up what the kernel gets."""
    to_sums, to_kernel = np.zeros_like(walk.gates), np.zeros_like(kernel)
    for t in reversed(range(len(walk.gates))):
        grad_hidden = grad_hidden + to_outputs[t]
        stays = np.zeros((len(grad_hidden), 1), bool) if walk.stays is None else walk.stays[t]
        found, back = grad_lstm_step_reference(
            walk.gates[t], walk.carried[t], walk.shown[t], grad_hidden, grad_carried
        )
        to_sums[t] = np.where(stays, 0, found)
        drop = 1 if walk.drop is None else walk.drop
        to_kernel += (walk.hidden[t] * drop).T @ to_sums[t]
        grad_hidden = np.where(stays, grad_hidden, to_sums[t] @ kernel.T * drop)
        grad_carried = np.where(stays, grad_carried, back)
    return to_sums, to_kernel, grad_hidden, grad_carried


def grad_lstm_walk(
    walk: LSTMWalk, kernel: Any, to_outputs: Any, grad_hidden: Any, grad_carried: Any
) -> tuple[np.ndarray, ...]:
    """Return the gradients of what went into `lstm_walk`.

    Parameters
    ----------
    walk : LSTMWalk
    kernel : array_like, (U, 4U)
    to_outputs : array_like, (T, B, U)
        The gradient of the output state after every step.
    grad_hidden, grad_carried : array_like, (B, U)
        The gradients of the last states (further ones, of the output state).

    Returns
    -------
    grad_sums : ndarray, (T, B, 4U)
        Nothing at masked steps.
    grad_kernel : ndarray, (U, 4U)
    grad_hidden, grad_carry : ndarray, (B, U)
        Of the states before the first step.

    Examples
    --------
    >>> zeros, ones = np.zeros((1, 1)), np.ones((2, 1, 1))
    >>> walk = lstm_walk(np.zeros((2, 1, 4)), np.zeros((1, 4)), zeros, zeros)
    >>> grad_lstm_walk(walk, np.zeros((1, 4)), ones, zeros, zeros)[0][:, 0, 2].tolist()
    [0.375, 0.25]
    """
    gates, kernel, hidden, carried, _ = _fitting(walk.gates, kernel, grad_hidden, grad_carried)
    (steps, rows, _), units = gates.shape, kernel.shape[0]
    to_outputs = as_floats(to_outputs, "to_outputs")
    if to_outputs.shape != (steps, rows, units) or to_outputs.dtype != gates.dtype:
        raise ShapeError(
            f"to_outputs must have shape {(steps, rows, units)} and hold {gates.dtype}. Received "
            f"{to_outputs.shape}, {to_outputs.dtype}. Put the time first."
        )
    to_sums, turned = np.empty_like(gates), np.ascontiguousarray(kernel.T)
    came, carried = np.array(hidden), np.array(carried)
    held = _held(walk.stays, steps)
    for t in reversed(range(steps)):
        here = came + to_outputs[t]
        old = carried.copy() if held[t] else carried
        grad_lstm_step_kernel(
            gates[t], walk.carried[t], walk.shown[t], here, carried, to_sums[t], carried
        )
        if held[t]:
            np.copyto(to_sums[t], 0, where=walk.stays[t])
            np.copyto(carried, old, where=walk.stays[t])
        np.dot(to_sums[t], turned, out=came)
        if walk.drop is not None:
            came *= walk.drop
        if held[t]:
            np.copyto(came, here, where=walk.stays[t])
    seen = walk.hidden[:-1] if walk.drop is None else walk.hidden[:-1] * walk.drop
    to_kernel = seen.reshape(steps * rows, units).T @ to_sums.reshape(steps * rows, 4 * units)
    return to_sums, to_kernel, came, carried


def _fitting(sums: Any, kernel: Any, hidden: Any, carry: Any, drop: Any = None) -> list[Any]:
    """Return the arrays, C-contiguous, or refuse what does not fit."""
    told = {"kernel": kernel, "hidden": hidden, "carry": carry, "sums": sums}
    if drop is not None:
        told["drop"] = drop
    arrays = {name: as_floats(array, name) for name, array in told.items()}
    kinds = {array.dtype for array in arrays.values()}
    if len(kinds) > 1 or kinds.pop().char == "e":
        raise DtypeError(
            "all arrays of a walk must hold float32, or all float64. Received "
            f"{[str(array.dtype) for array in arrays.values()]}. Cast them."
        )
    units = arrays["kernel"].shape[0] if arrays["kernel"].ndim else 0
    shape = arrays["sums"].shape
    rows = shape[1] if len(shape) == 3 else len(np.atleast_1d(arrays["hidden"]))
    want = {
        "kernel": (units, 4 * units),
        "hidden": (rows, units),
        "carry": (rows, units),
        "sums": (*shape[:1], rows, 4 * units),
        "drop": (rows, units),
    }
    for name, array in arrays.items():
        if array.shape != want[name]:
            raise ShapeError(
                f"{name} must have shape {want[name]}, for {rows} rows and {units} units. "
                f"Received {array.shape}. Put the time first, and four gates side by side."
            )
    return [
        arrays["sums"],
        *(arrays[name] for name in ("kernel", "hidden", "carry")),
        arrays.get("drop"),
    ]


def _held(stays: Any, steps: int) -> list[bool]:
    """Say for each step whether a mask keeps any state as it is."""
    return [False] * steps if stays is None else stays.any(axis=(1, 2)).tolist()

"""The walk through time: one step of a cell after the other, under a mask, there and back."""

from typing import Any, Protocol

import numpy as np

from embedlab.core.mask import grad_keep_masked_state, keep_masked_state

__all__ = ["Cell", "States", "walk", "walk_back"]

States = tuple[np.ndarray, ...]


class Cell(Protocol):
    """What can walk: one step, and the way back of one step. The first state is the output."""

    def step(self, sums: np.ndarray, states: States, seen: np.ndarray) -> tuple[States, States]:
        """Return the new states, and what `step_back` needs.

        Parameters
        ----------
        sums : ndarray, (B, gates * units)
            The inputs of this step times the kernel, plus the input bias.
        states : tuple of ndarray, (B, units)
        seen : ndarray, (B, units)
            The first state as the recurrent kernel sees it: after its dropout.
        """

    def step_back(
        self, left: States, grads: States, to: dict[str, np.ndarray]
    ) -> tuple[np.ndarray, np.ndarray, States]:
        """Return the gradients of the sums, of `seen`, and of the states by other ways.

        What the recurrent kernel (and a bias of its own) gets is added to `to`.
        """


def walk(
    cell: Cell, sums: np.ndarray, mask: Any, states: States, drop_state: Any = None
) -> tuple[np.ndarray, States, list[States]]:
    """Return the output of every step, the last states, and what each step has kept.

    At a masked step every state stays what it was, bit for bit, and so does the output.

    Parameters
    ----------
    cell : Cell
    sums : ndarray, (B, T, gates * units)
    mask : ndarray of bool, (B, T), or None
    states : tuple of ndarray, (B, units)
    drop_state : ndarray, (B, units), optional

    Examples
    --------
    >>> class Count:
    ...     def step(self, sums, states, seen):
    ...         return (seen + sums,), ()
    >>> ones, mask = np.ones((1, 3, 1)), np.array([[True, False, True]])
    >>> walk(Count(), ones, mask, (np.zeros((1, 1)),))[0].ravel().tolist()
    [1.0, 1.0, 2.0]
    """
    outputs = np.empty((*sums.shape[:2], states[0].shape[1]), sums.dtype)
    steps = []
    for t in range(sums.shape[1]):
        seen = states[0] if drop_state is None else states[0] * drop_state
        new, left = cell.step(sums[:, t], states, seen)
        if mask is not None:
            new = tuple(
                keep_masked_state(mask[:, t], n, s) for n, s in zip(new, states, strict=True)
            )
        states = new
        outputs[:, t] = states[0]
        steps.append(left)
    return outputs, states, steps


def walk_back(
    cell: Cell,
    steps: list[States],
    mask: Any,
    to_outputs: np.ndarray,
    grads: States,
    to: dict[str, np.ndarray],
    drop_state: Any = None,
) -> tuple[np.ndarray, States]:
    """Return the gradients of the sums of every step, and of the states before the first.

    At a masked step everything goes to the states before it, and nothing to the sums.

    Parameters
    ----------
    cell : Cell
    steps : list
        What `walk` has kept.
    mask : ndarray of bool, (B, T), or None
    to_outputs : ndarray, (B, T, units)
        The gradient of every output.
    grads : tuple of ndarray, (B, units)
        The gradients of the last states.
    to : dict
        Where the gradients of the cell's weights are added up.
    drop_state : ndarray, (B, units), optional

    Examples
    --------
    >>> class Count:
    ...     def step_back(self, left, grads, to):
    ...         return grads[0], grads[0], (np.zeros((1, 1)),)
    >>> ones, mask = np.ones((1, 3, 1)), np.array([[True, False, True]])
    >>> walk_back(Count(), [()] * 3, mask, ones, (np.zeros((1, 1)),), {})[0].ravel().tolist()
    [3.0, 0.0, 1.0]
    """
    to_sums: list[np.ndarray] = []
    for t in reversed(range(len(steps))):
        grads = (grads[0] + to_outputs[:, t], *grads[1:])
        stays: list[Any] = [0] * len(grads)
        if mask is not None:
            split = [grad_keep_masked_state(mask[:, t], g) for g in grads]
            grads, stays = tuple(new for new, _ in split), [old for _, old in split]
        left = tuple(kept.astype(to_outputs.dtype, copy=False) for kept in steps[t])
        to_sum, to_seen, grads = cell.step_back(left, grads, to)
        to_sums.append(to_sum)
        if drop_state is not None:
            to_seen = to_seen * drop_state
        grads = (grads[0] + to_seen, *grads[1:])
        grads = tuple(g + s for g, s in zip(grads, stays, strict=True))
    return np.stack(to_sums[::-1], axis=1) if steps else np.empty(0), grads

"""One batch on its way through layers, as it is and cut free of its padding: what a mask is for."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from embedlab.core.gradient import SparseGrad
from embedlab.core.mask import padding_mask
from embedlab.layers import Layer
from embedlab.losses import Loss
from embedlab.traces.readonly import readonly_copy

__all__ = [
    "LayerOutput",
    "UnpaddedReference",
    "padding_row_gradient",
    "reason_mask_is_lost",
    "run_layers",
    "unpadded_reference",
]

_REASONS = {
    "Flatten": "puts all places into one vector: no axis of time is left for a mask to name",
    "Reshape": "makes new axes, and cannot know which of them is time, even where all stay",
    "Conv1D": "mixes each place with its neighbors: no place is only word or only padding",
    "GlobalMaxPooling1D": "takes the largest number of all places, and never asks which count",
}


class LayerOutput(NamedTuple):
    """What one layer gave: its values, the mask that goes on, and its context for the way back."""

    values: np.ndarray
    mask: np.ndarray | None
    context: Any


class UnpaddedReference(NamedTuple):
    """What comes of each sequence alone, without its padding.

    Attributes
    ----------
    loss : float or None
        The mean over all outputs. None where there is none.
    reason : str
        Why there is none, or "".
    row_0 : ndarray, (D,), or None
        The gradient of the padding's row.
    stages : tuple
        For each layer a tuple: for each sequence its values, without the axis of the batch; None
        for a sequence of padding alone. Empty where there is no truth.
    """

    loss: float | None
    reason: str
    row_0: np.ndarray | None
    stages: tuple[tuple[np.ndarray | None, ...], ...]


def reason_mask_is_lost(layer: Layer) -> str:
    """Say why this layer does not pass a mask on.

    Examples
    --------
    >>> from embedlab.layers import Flatten
    >>> reason_mask_is_lost(Flatten(name="flat"))
    'Flatten puts all places into one vector: no axis of time is left for a mask to name.'
    """
    kind = type(layer).__name__
    reason = _REASONS.get(kind, "neither takes a mask nor says that it passes one on")
    return f"{kind} {reason}."


def run_layers(layers: Sequence[Layer], ids: np.ndarray, *, masked: bool) -> list[LayerOutput]:
    """Go through the layers, with the mask or with none anywhere, and keep what each gives.

    Examples
    --------
    >>> from embedlab.layers import Embedding
    >>> words = Embedding(3, 1, mask_zero=True)
    >>> run_layers([words], np.array([[2, 0]]), masked=True)[0].mask.tolist()
    [[True, False]]
    """
    values: Any = ids
    mask, steps = None, []
    for layer in layers:
        values, after, context = layer.forward_with_mask(values, mask)
        mask = after if masked else None
        steps.append(LayerOutput(np.asarray(values), mask, context))
    return steps


def unpadded_reference(
    layers: Sequence[Layer], ids: np.ndarray, wanted: np.ndarray, judge: Loss
) -> UnpaddedReference:
    """Run each sequence alone without its padding; a batch of them has no padding to get wrong.

    Parameters
    ----------
    layers : sequence of Layer
    ids : ndarray of int, (B, T)
    wanted : ndarray, the shape of the output
    judge : Loss

    Returns
    -------
    Truth
    """
    real = padding_mask(ids)
    lengths = real.sum(axis=1)
    alike = [np.flatnonzero(lengths == n) for n in np.unique(lengths) if n]  # these share a run
    loss, row_0, count = 0.0, None, 0
    stages: list[list[np.ndarray | None]] = [[None] * len(ids) for _ in layers]
    for rows in alike:
        words = real[rows]
        goals = wanted[rows]
        if goals.shape[1:-1] == ids.shape[1:]:  # an output for each place
            goals = goals[words].reshape(len(rows), -1, goals.shape[-1])
        try:
            run = run_layers(layers, ids[rows][words].reshape(len(rows), -1), masked=False)
        except ValueError as error:  # Flatten before Dense, input_length: they need one length
            return UnpaddedReference(
                None, f"Without padding the model cannot run: {error}", None, ()
            )
        out = run[-1].values
        if out.shape != goals.shape:
            gave, gives = (size.shape[1:] for size in (out, wanted))
            reason = f"Without padding a sequence gives {gave} numbers, with it {gives}."
            return UnpaddedReference(None, reason, None, ())
        outputs = out[..., 0].size
        loss += float(judge(goals, out)) * outputs
        back = padding_row_gradient(layers, run, judge.grad(goals, out) * outputs)
        row_0 = back if row_0 is None or back is None else row_0 + back
        count += outputs
        for kept, step in zip(stages, run, strict=True):
            for b, values in zip(rows, step.values, strict=True):
                kept[b] = readonly_copy(values)
    if not count:
        return UnpaddedReference(None, "There is no word in any sequence.", None, ())
    mean = None if row_0 is None else readonly_copy(row_0 / count)
    return UnpaddedReference(loss / count, "", mean, tuple(map(tuple, stages)))


def padding_row_gradient(
    layers: Sequence[Layer], steps: list[LayerOutput], grad: Any
) -> np.ndarray | None:
    """Return what the way back leaves for the row of the padding in the first layer's table.

    Parameters
    ----------
    layers : sequence of Layer
    steps : list of Step
        What `run_layers` gave.
    grad : ndarray
        That of the last layer's outputs.

    Returns
    -------
    ndarray, (D,), or None where the first layer has no table
    """
    weights: dict[str, Any] = {}
    for layer, step in zip(reversed(layers), reversed(steps), strict=True):
        grad, weights = layer.backward(step.context, grad)
    table = weights.get("embeddings")
    if table is None:
        return None
    if not isinstance(table, SparseGrad):
        return readonly_copy(table[0])
    read = len(table.ids) and table.ids[0] == 0  # they are sorted
    return readonly_copy(table.rows[0] if read else np.zeros_like(table.rows, shape=table.shape[1]))

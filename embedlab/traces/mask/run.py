"""Runs of a padded batch through layers, and the reference without padding."""

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
    "Flatten": "puts all positions into one vector: no time axis is left for a mask",
    "Reshape": "makes new axes, and cannot know which of them is time, even if none changes",
    "Conv1D": "mixes each position with its neighbors: none is only a word or only padding",
    "GlobalMaxPooling1D": "takes the maximum over all positions, including padding",
}


class LayerOutput(NamedTuple):
    """The output of one layer: values, mask, and the context for its backward pass."""

    values: np.ndarray
    mask: np.ndarray | None
    context: Any


class UnpaddedReference(NamedTuple):
    """The results of each sequence without its padding.

    Attributes
    ----------
    loss : float or None
        The mean over all outputs, or None.
    reason : str
        The reason why there is no reference, or "".
    row_0 : ndarray, (D,), or None
        The gradient of the padding row.
    stages : tuple
        For each layer the values of each sequence, without the batch axis; None for a sequence
        of padding only. Empty without a reference.
    """

    loss: float | None
    reason: str
    row_0: np.ndarray | None
    stages: tuple[tuple[np.ndarray | None, ...], ...]


def reason_mask_is_lost(layer: Layer) -> str:
    """Return the reason why this layer does not pass a mask on.

    Examples
    --------
    >>> from embedlab.layers import Flatten
    >>> reason_mask_is_lost(Flatten(name="flat"))
    'Flatten puts all positions into one vector: no time axis is left for a mask.'
    """
    kind = type(layer).__name__
    reason = _REASONS.get(kind, "neither takes a mask nor says that it passes one on")
    return f"{kind} {reason}."


def run_layers(layers: Sequence[Layer], ids: np.ndarray, *, masked: bool) -> list[LayerOutput]:
    """Return the output of each layer, with masks or without.

    Examples
    --------
    >>> from embedlab.layers import Embedding
    >>> words = Embedding(3, 1, mask_zero=True)
    >>> run_layers([words], np.array([[2, 0]]), masked=True)[0].mask.tolist()
    [[True, False]]
    """
    values: Any = ids
    mask, outputs = None, []
    for layer in layers:
        values, new_mask, context = layer.forward_with_mask(values, mask)
        mask = new_mask if masked else None
        outputs.append(LayerOutput(np.asarray(values), mask, context))
    return outputs


def unpadded_reference(
    layers: Sequence[Layer], ids: np.ndarray, targets: np.ndarray, loss_function: Loss
) -> UnpaddedReference:
    """Run each sequence without its padding, in batches of sequences of one length.

    Parameters
    ----------
    layers : sequence of Layer
    ids : ndarray of int, (B, T)
    targets : ndarray, the shape of the output
    loss_function : Loss

    Returns
    -------
    UnpaddedReference
    """
    is_word = padding_mask(ids)
    lengths = is_word.sum(axis=1)
    same_length = [np.flatnonzero(lengths == n) for n in np.unique(lengths) if n]
    loss, row_0, count = 0.0, None, 0
    stages: list[list[np.ndarray | None]] = [[None] * len(ids) for _ in layers]
    for rows in same_length:
        words = is_word[rows]
        group_targets = targets[rows]
        if group_targets.shape[1:-1] == ids.shape[1:]:  # an output for each position
            last_axis = group_targets.shape[-1]
            group_targets = group_targets[words].reshape(len(rows), -1, last_axis)
        try:
            run = run_layers(layers, ids[rows][words].reshape(len(rows), -1), masked=False)
        except ValueError as error:  # for instance Flatten before Dense needs a fixed length
            return UnpaddedReference(
                None, f"Without padding the model cannot run: {error}", None, ()
            )
        out = run[-1].values
        if out.shape != group_targets.shape:
            unpadded, padded = (size.shape[1:] for size in (out, targets))
            reason = f"Without padding a sequence gives {unpadded} numbers, with it {padded}."
            return UnpaddedReference(None, reason, None, ())
        outputs = out[..., 0].size
        loss += float(loss_function(group_targets, out)) * outputs
        grad = padding_row_gradient(layers, run, loss_function.grad(group_targets, out) * outputs)
        row_0 = grad if row_0 is None or grad is None else row_0 + grad
        count += outputs
        for stage, output in zip(stages, run, strict=True):
            for b, values in zip(rows, output.values, strict=True):
                stage[b] = readonly_copy(values)
    if not count:
        return UnpaddedReference(None, "There is no word in any sequence.", None, ())
    mean = None if row_0 is None else readonly_copy(row_0 / count)
    return UnpaddedReference(loss / count, "", mean, tuple(map(tuple, stages)))


def padding_row_gradient(
    layers: Sequence[Layer], outputs: list[LayerOutput], grad: Any
) -> np.ndarray | None:
    """Return the gradient of the padding row of the first layer's table.

    Parameters
    ----------
    layers : sequence of Layer
    outputs : list of LayerOutput
        The result of `run_layers`.
    grad : ndarray
        The gradient of the last layer's output.

    Returns
    -------
    ndarray, (D,), or None where the first layer has no table
    """
    weights: dict[str, Any] = {}
    for layer, output in zip(reversed(layers), reversed(outputs), strict=True):
        grad, weights = layer.backward(output.context, grad)
    table = weights.get("embeddings")
    if table is None:
        return None
    if not isinstance(table, SparseGrad):
        return readonly_copy(table[0])
    has_row_0 = len(table.ids) and table.ids[0] == 0  # ids are sorted
    return readonly_copy(
        table.rows[0] if has_row_0 else np.zeros_like(table.rows, shape=table.shape[1])
    )

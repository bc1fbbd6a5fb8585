"""Masks in a model: their status at each layer, and the error where one would be lost."""

import warnings
from collections.abc import Iterable
from typing import Any, NamedTuple

from embedlab.layers.layer import Layer
from embedlab.layers.symbolic import KerasTensor

__all__ = [
    "MaskError",
    "MaskNote",
    "check_mask_survives",
    "follow_mask",
    "lint_masks",
    "mask_status",
]


class MaskError(TypeError):
    """A mask would be lost: a layer gets one, and neither uses it nor passes it on.

    Attributes
    ----------
    layer : str
        The layer where it would be lost.
    """

    def __init__(self, message: str, layer: str = ""):
        super().__init__(message)
        self.layer = layer


class MaskNote(NamedTuple):
    """The status of the mask at one layer.

    Attributes
    ----------
    layer : str
    status : {"made", "kept", "consumed", "lost here", "none"}
    """

    layer: str
    status: str

    def __repr__(self) -> str:
        return f"{self.layer}: {self.status}"


def lint_masks(layers: Iterable[Layer], start: KerasTensor) -> list[MaskNote]:
    """Return the status of the mask at each layer of a chain, from shapes alone.

    Parameters
    ----------
    layers : iterable of Layer
    start : KerasTensor
        The input of the first layer.

    Examples
    --------
    >>> from embedlab.layers import Embedding, Flatten, Input
    >>> layers = [Embedding(9, 4, mask_zero=True, name="words"), Flatten(name="flat")]
    >>> lint_masks(layers, Input((10,)))
    [words: made, flat: lost here]
    """
    return follow_mask([(layer, {}) for layer in layers], start)[0]


def follow_mask(
    calls: Iterable[tuple[Layer, dict[str, Any]]], start: KerasTensor, mask: Any = None
) -> tuple[list[MaskNote], Any]:
    """Return a note for each call of a layer, and the mask of the last output."""
    notes = []
    tensor = start
    for layer, kwargs in calls:
        after = layer.compute_mask(tensor, mask, **kwargs)
        notes.append(MaskNote(layer.name, mask_status(layer, mask, after)))
        try:
            tensor = layer.compute_output_spec(tensor, **kwargs)
        except NotImplementedError:  # a layer of one's own may not know its shape
            tensor = KerasTensor((None,) * tensor.ndim)
        mask = after
    return notes, mask


def mask_status(layer: Layer, before: Any, after: Any) -> str:
    """Return what a layer does with a mask, from the masks before and after it (None for none).

    >>> mask_status(Layer(), None, None), mask_status(Layer(), True, None)
    ('none', 'lost here')
    """
    if before is None:
        return "none" if after is None else "made"
    if after is not None:
        return "kept"
    return "consumed" if layer.consumes_mask else "lost here"


def check_mask_survives(mask: Any, layer: Layer, strict: str) -> None:
    """Raise MaskError (or warn, by `strict`) when `layer` gets a mask that it would lose.

    Parameters
    ----------
    mask : array or None
        None loses nothing.
    layer : Layer
    strict : {"raise", "warn", "ignore"}

    Examples
    --------
    >>> check_mask_survives([True], Layer(name="flat"), "raise")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    embedlab.models.masks.MaskError: every layer after one that makes a mask must use it...
    """
    if mask is None or layer.supports_masking or layer.consumes_mask or strict == "ignore":
        return
    message = (
        f"every layer after one that makes a mask must use it or pass it on. Received a mask at "
        f"{layer.name!r}: Layer {layer.name} does not support masking, but was passed an input "
        'mask. Put a pooling or recurrent layer before it, or pass strict_masks="ignore".'
    )
    if strict == "raise":
        raise MaskError(message, layer.name)
    warnings.warn(f"{message} The mask is lost here.", UserWarning, stacklevel=4)

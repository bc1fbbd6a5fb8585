"""Where a mask would be lost, and what a model does about it."""

import warnings
from typing import Any, NamedTuple

from embedlab.layers.base import Layer
from embedlab.layers.symbolic import KerasTensor

__all__ = ["MaskError", "MaskNote", "lint_masks", "refuse_to_lose", "verdict"]


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
    """What becomes of the mask at one layer.

    Attributes
    ----------
    layer : str
    verdict : {"made", "kept", "consumed", "lost here", "none"}
    """

    layer: str
    verdict: str

    def __repr__(self) -> str:
        return f"{self.layer}: {self.verdict}"


def lint_masks(layers: list[Layer], start: KerasTensor) -> list[MaskNote]:
    """Say for layers in a row what becomes of the mask, from their shapes alone.

    Parameters
    ----------
    layers : list of Layer
    start : KerasTensor
        What goes in.

    Examples
    --------
    >>> from embedlab.layers import Embedding, Flatten, Input
    >>> layers = [Embedding(9, 4, mask_zero=True, name="words"), Flatten(name="flat")]
    >>> lint_masks(layers, Input((10,)))
    [words: made, flat: lost here]
    """
    notes = []
    mask: Any = None
    flowing = start
    for layer in layers:
        after = layer.compute_mask(flowing, mask)
        notes.append(MaskNote(layer.name, verdict(layer, mask, after)))
        try:
            flowing = layer.compute_output_spec(flowing)
        except NotImplementedError:  # a layer of one's own may not say its shape
            flowing = KerasTensor((None,) * flowing.ndim)
        mask = after
    return notes


def verdict(layer: Layer, before: Any, after: Any) -> str:
    """Say what a layer did with a mask, from what came and what went (None, one, or a list).

    >>> verdict(Layer(), None, None), verdict(Layer(), [None, True], None)
    ('none', 'lost here')
    """
    came, goes = (
        any(one is not None for one in (masks if isinstance(masks, list) else [masks]))
        for masks in (before, after)
    )
    if not came:
        return "made" if goes else "none"
    if goes:
        return "kept"
    return "consumed" if layer.consumes_mask else "lost here"


def refuse_to_lose(mask: Any, layer: Layer, strict: str) -> None:
    """Raise MaskError (or warn, by `strict`) when `layer` gets a mask that it would lose.

    Parameters
    ----------
    mask : array or None
        None loses nothing.
    layer : Layer
    strict : {"raise", "warn", "ignore"}

    Examples
    --------
    >>> refuse_to_lose([True], Layer(name="flat"), "raise")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    embedlab.models.masks.MaskError: every layer after one that makes a mask must use it...
    """
    if mask is None or layer.supports_masking or layer.consumes_mask or strict == "ignore":
        return
    message = (
        f"every layer after one that makes a mask must use it or pass it on. Received a mask at "
        f"{layer.name!r}: Layer {layer.name} does not support masking, but was passed an input "
        'mask. Pool or recur before it, or say strict_masks="ignore".'
    )
    if strict == "raise":
        raise MaskError(message, layer.name)
    warnings.warn(f"{message} The mask is lost here.", UserWarning, stacklevel=4)

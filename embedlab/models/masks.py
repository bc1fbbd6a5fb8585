"""Where a mask would be lost, and what a model does about it."""

import warnings
from typing import Any

from embedlab.layers.base import Layer

__all__ = ["MaskError", "refuse_to_lose"]


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

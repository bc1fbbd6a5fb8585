"""Masks in a model: their status at each layer, and the error where one would be lost."""

import warnings
from collections.abc import Iterable
from typing import Any, NamedTuple

from embedlab.core.checks import message
from embedlab.layers.layer import Layer
from embedlab.layers.symbolic import KerasTensor

__all__ = ["MaskError", "MaskNote", "check_mask_survives", "follow_mask"]


class MaskError(TypeError):
    """A mask would be lost: the layer whose name is in `layer` neither uses it nor passes it on."""

    def __init__(self, message: str, layer: str = ""):
        super().__init__(message)
        self.layer = layer


class MaskNote(NamedTuple):
    """The status of the mask at one layer: made, kept, consumed, lost here, or none."""

    layer: str
    status: str

    def __repr__(self) -> str:
        return f"{self.layer}: {self.status}"


def follow_mask(
    calls: Iterable[tuple[Layer, dict[str, Any]]], start: KerasTensor, mask: Any = None
) -> tuple[list[MaskNote], Any]:
    """Return a note for each call of a layer, and the mask of the last output, from shapes alone.

    `calls` are the layers of a chain, with the further arguments of each call; `start` is the input
    of the first, and `mask` that of the input.
    """
    notes = []
    tensor = start
    for layer, kwargs in calls:
        after = layer.compute_mask(tensor, mask, **kwargs)
        notes.append(MaskNote(layer.name, _status(layer, mask, after)))
        try:
            tensor = layer.compute_output_spec(tensor, **kwargs)
        except NotImplementedError:  # a layer of one's own may not know its shape
            tensor = KerasTensor((None,) * tensor.ndim)
        mask = after
    return notes, mask


def _status(layer: Layer, before: Any, after: Any) -> str:
    if before is None:
        return "none" if after is None else "made"
    if after is not None:
        return "kept"
    return "consumed" if layer.consumes_mask else "lost here"


def check_mask_survives(mask: Any, layer: Layer, strict: str) -> None:
    """Raise MaskError (or warn, by `strict`) when `layer` gets a mask that it would lose."""
    if mask is None or layer.supports_masking or layer.consumes_mask or strict == "ignore":
        return
    text = message(
        "every layer after one that makes a mask must use it or pass it on",
        f"a mask at {layer.name!r}: Layer {layer.name} does not support masking, but was passed "
        "an input mask",
        "Put GlobalAveragePooling1D, or a recurrent layer that returns only its last output, "
        'before it, or pass strict_masks="ignore"',
    )
    if strict == "raise":
        raise MaskError(text, layer.name)
    warnings.warn(f"{text} The mask is lost here.", UserWarning, stacklevel=5)

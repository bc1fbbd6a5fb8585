"""A mask in a chain of layers, recorded: where it is made, used or lost, and the effect."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from embedlab.core.checks import ShapeError
from embedlab.core.mask import padding_mask
from embedlab.layers import Input, Layer
from embedlab.losses import Loss, MeanSquaredError
from embedlab.models.masks import follow_mask
from embedlab.traces.mask.run import (
    LayerOutput,
    padding_row_gradient,
    reason_mask_is_lost,
    run_layers,
    unpadded_reference,
)
from embedlab.traces.readonly import readonly_copy
from embedlab.traces.text import format_count, format_number, short_label

__all__ = ["MaskStage", "MaskTrace", "trace_mask"]


@dataclass(frozen=True, eq=False, repr=False)
class MaskStage:
    """The output of one layer.

    Attributes
    ----------
    name, kind : str
        The layer's name and its class.
    status : {"made", "kept", "replaced", "consumed", "lost here", "none"}
        "replaced": the layer (such as `Masking`) makes a new mask.
    reason : str
        The reason for a lost mask, or "".
    values : ndarray
        The values of this model; unmasked : ndarray, without any mask.
    mask : ndarray of bool, or None
    reference : tuple of (ndarray or None)
        The values of each sequence without padding; empty without a reference.
    """

    name: str
    kind: str
    status: str
    reason: str
    values: np.ndarray
    unmasked: np.ndarray
    mask: np.ndarray | None
    reference: tuple[np.ndarray | None, ...]


@dataclass(frozen=True, eq=False, repr=False)
class MaskTrace:
    """The record of one batch in a chain of layers. Its arrays are read-only copies.

    Attributes
    ----------
    ids : ndarray of int64, (B, T)
    stages : tuple of MaskStage
    target : ndarray, the shape of the output
    loss : float
        The loss of this model.
    loss_unmasked : float
        The loss without any mask.
    loss_reference : float or None
        The loss of the sequences without padding. None when the model needs a fixed length.
    no_reference : str
        The reason why there is no reference, or "".
    row_0, row_0_unmasked, row_0_reference : ndarray, (D,), or None
        The gradient of the padding row in the first layer's table: of this model, without mask,
        and without padding.

    Examples
    --------
    >>> from embedlab.layers import Embedding, GlobalAveragePooling1D
    >>> layers = [Embedding(5, 2, mask_zero=True, seed=0), GlobalAveragePooling1D()]
    >>> trace = trace_mask(layers, [[3, 0, 0], [1, 2, 0]])
    >>> [stage.status for stage in trace.stages], trace.lost_at
    (['made', 'consumed'], None)
    """

    ids: np.ndarray
    stages: tuple[MaskStage, ...]
    target: np.ndarray
    loss: float
    loss_unmasked: float
    loss_reference: float | None
    no_reference: str
    row_0: np.ndarray | None
    row_0_unmasked: np.ndarray | None
    row_0_reference: np.ndarray | None

    @property
    def pooled_at(self) -> int | None:
        """The number of the first stage that gives one vector for a sequence, or None."""
        pooled = [n for n, stage in enumerate(self.stages) if stage.values.ndim == 2]
        return pooled[0] if pooled else None

    @property
    def padding(self) -> np.ndarray:
        """The positions of padding, (B, T), bool."""
        return ~padding_mask(self.ids)

    @property
    def lost_at(self) -> str | None:
        """The name of the layer that loses the mask, or None."""
        lost = [stage.name for stage in self.stages if stage.status == "lost here"]
        return lost[0] if lost else None

    @property
    def factor(self) -> float | None:
        """The ratio of the loss to that of the unpadded reference: 1 when masking is correct."""
        return self.loss / self.loss_reference if self.loss_reference else None

    @property
    def sentence(self) -> str:
        """The effect of the layers on the mask, and of the mask on the loss, in words."""
        where = f"The mask is lost at {self.lost_at}." if self.lost_at else "No layer loses it."
        if not any(stage.mask is not None for stage in self.stages):
            where = "No layer makes a mask."
        if self.factor is None:
            return f"{where} {self.no_reference}".strip()
        if not np.isfinite(self.factor):
            return f"{where} The loss is {format_number(self.loss)}."
        if abs(self.factor - 1) < 1e-5:
            return f"{where} The loss is that of the sequences without padding."
        percent, direction = 100 * (self.factor - 1), "high" if self.factor > 1 else "low"
        return f"{where} The loss is {format_number(abs(percent), 1)} % too {direction}."

    @property
    def summary(self) -> str:
        """Describe the run in a few lines, with its numbers; the same on every machine."""
        lines = [
            f"ids     {self.ids.shape}, {format_count(int(self.padding.sum()))} of "
            f"{format_count(self.ids.size, 'place')} padding"
        ]
        lines += [
            f"        {short_label(s.name)} ({s.kind}): {s.values.shape}, mask {s.status}"
            for s in self.stages
        ]
        reference = "none" if self.loss_reference is None else format_number(self.loss_reference, 4)
        lines.append(
            f"loss    {format_number(self.loss, 4)}; without any mask "
            f"{format_number(self.loss_unmasked, 4)}; "
            f"without padding {reference}"
        )
        if self.row_0 is not None and self.row_0_unmasked is not None:
            with np.errstate(over="ignore"):  # infinity is shown
                norms = np.linalg.norm([self.row_0, self.row_0_unmasked], axis=1)
            sizes = [format_number(norm, 4) for norm in norms]
            lines.append(f"row 0   gradient {sizes[0]}; without any mask {sizes[1]}")
        return "\n".join([*lines, f"so      {self.sentence}"])

    @property
    def alt(self) -> str:
        """Describe the picture for somebody who does not see it."""
        statuses = ", ".join(f"{short_label(s.name)}: mask {s.status}" for s in self.stages)
        batch, steps = self.ids.shape
        return (
            f"{format_count(batch, 'sequence')} of {format_count(steps, 'place')} go through "
            f"{format_count(len(self.stages), 'layer')}. {statuses}. {self.sentence}"
        )

    def __repr__(self) -> str:
        return f"MaskTrace({self.ids.shape}, {len(self.stages)} layers, lost at {self.lost_at})"


def trace_mask(model: Any, ids: Any, target: Any = 0.0, *, loss: Loss | None = None) -> MaskTrace:
    """Record one batch in a chain of layers: as it is, without masks, and without padding.

    Parameters
    ----------
    model : Sequential, or sequence of Layer
        Layers that are not built are built. The first layer takes ids.
    ids : array_like of int, (B, T)
        0 is padding.
    target : array_like that fits the output
    loss : Loss, optional
        A mean loss; by default the squared error.

    Returns
    -------
    MaskTrace

    Raises
    ------
    ShapeError
        For ids that are not (B, T), and a target that does not fit.
    IdError, IdTypeError, ValueError
        As the layers themselves.

    Notes
    -----
    As in Keras 3, a layer without masking support drops the mask silently here; a model with
    ``strict_masks="raise"`` refuses it.

    Examples
    --------
    >>> from embedlab.layers import Embedding, GlobalAveragePooling1D, Reshape
    >>> words = Embedding(5, 1, weights=[[[2.0], [1.0], [1.0], [3.0], [0.0]]], mask_zero=True,
    ...                   name="words")
    >>> layers = [words, Reshape((-1, 1), name="same"), GlobalAveragePooling1D(name="mean")]
    >>> print(trace_mask(layers, [[3, 0], [3, 3]]).summary)
    ids     (2, 2), 1 of 4 places padding
            words (Embedding): (2, 2, 1), mask made
            same (Reshape): (2, 2, 1), mask lost here
            mean (GlobalAveragePooling1D): (2, 1), mask none
    loss    7.6250; without any mask 7.6250; without padding 9.0000
    row 0   gradient 1.2500; without any mask 1.2500
    so      The mask is lost at same. The loss is 15.3 % too low.
    """
    layers: Sequence[Layer] = getattr(model, "layers", model)
    batch = np.array(ids)
    if batch.ndim != 2:
        raise ShapeError(
            f"ids must have two axes (B, T). Received {batch.shape}. Pad the sequences to one "
            "length."
        )
    loss_function = MeanSquaredError(dtype="float64") if loss is None else loss
    outputs, unmasked_outputs = (
        run_layers(layers, batch, masked=masked) for masked in (True, False)
    )
    values, mask = outputs[-1].values, outputs[-1].mask
    unmasked = unmasked_outputs[-1].values
    try:
        targets = np.broadcast_to(np.asarray(target, np.float64), values.shape)
    except ValueError:
        raise ShapeError(
            f"target must fit the output, {values.shape}. Received {np.shape(target)}. "
            "Pass one number for all, or one for each."
        ) from None
    reference = unpadded_reference(layers, batch, targets, loss_function)
    notes, _ = follow_mask([(layer, {}) for layer in layers], Input((batch.shape[1],)))
    masks = [None, *(output.mask for output in outputs)]
    stages = [
        MaskStage(
            layer.name,
            type(layer).__name__,
            _mask_status(note.status, before, output),
            reason_mask_is_lost(layer) if note.status == "lost here" else "",
            readonly_copy(output.values),
            readonly_copy(plain.values),
            None if output.mask is None else readonly_copy(output.mask),
            reference.stages[n] if reference.stages else (),
        )
        for n, (layer, note, before, output, plain) in enumerate(
            zip(layers, notes, masks[:-1], outputs, unmasked_outputs, strict=True)
        )
    ]
    loss_mask = mask if mask is not None and mask.shape == values.shape[:-1] else None
    row_0 = padding_row_gradient(
        layers, outputs, loss_function.grad(targets, values, mask=loss_mask)
    )
    row_0_unmasked = padding_row_gradient(
        layers, unmasked_outputs, loss_function.grad(targets, unmasked)
    )
    return MaskTrace(
        readonly_copy(batch, np.int64),
        tuple(stages),
        readonly_copy(targets),
        float(loss_function(targets, values, mask=loss_mask)),
        float(loss_function(targets, unmasked)),
        reference.loss,
        reference.reason,
        row_0,
        row_0_unmasked,
        reference.row_0,
    )


def _mask_status(status: str, before: np.ndarray | None, output: LayerOutput) -> str:
    """Return the status, "replaced" where a layer such as `Masking` makes a new mask."""
    if status != "kept" or before is None or output.mask is None or before is output.mask:
        return status
    return "kept" if np.array_equal(before, output.mask) else "replaced"

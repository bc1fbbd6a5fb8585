"""A mask on its way through a model, recorded: where it is kept, used or lost, and the cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from embedlab.core.checks import ShapeError
from embedlab.core.mask import padding_mask
from embedlab.layers import Input, Layer
from embedlab.losses import Loss, MeanSquaredError
from embedlab.models.masks import lint_masks
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
    """What came out of one layer.

    Attributes
    ----------
    name, kind : str
        The layer's name and its class.
    status : {"made", "kept", "replaced", "consumed", "lost here", "none"}
        "replaced": `Masking` makes a mask of its own, whatever mask came.
    reason : str
        Where the mask is lost, why; else "".
    values : ndarray
        With the mask as it flows; unmasked : ndarray, with none anywhere.
    mask : ndarray of bool, or None
    reference : tuple of (ndarray or None)
        For each sequence its values without padding; empty where the model has no truth.
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
    """The record of one batch on its way through a model. Its arrays are read-only copies.

    Attributes
    ----------
    ids : ndarray of int64, (B, T)
    stages : tuple of MaskStage
    target : ndarray, the shape of the output
    loss : float
        As the model is: with the mask as far as it comes.
    loss_unmasked : float
        With no mask anywhere.
    loss_reference : float or None
        Of each sequence alone, cut free of its padding. None where the model needs one length.
    no_reference : str
        Why there is none, or "".
    row_0, row_0_unmasked, row_0_reference : ndarray, (D,), or None
        The gradient of the padding's row of the first layer's table: with the mask, without any,
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
        """The number of the first stage that gives one vector for a sequence; None without one."""
        flat = [n for n, stage in enumerate(self.stages) if stage.values.ndim == 2]
        return flat[0] if flat else None

    @property
    def padding(self) -> np.ndarray:
        """Which places are padding, (B, T), bool."""
        return ~padding_mask(self.ids)

    @property
    def lost_at(self) -> str | None:
        """The name of the layer that loses the mask; None where none does."""
        lost = [stage.name for stage in self.stages if stage.status == "lost here"]
        return lost[0] if lost else None

    @property
    def factor(self) -> float | None:
        """The loss of the model as it is, over the true one: 1 where the mask does its work."""
        return self.loss / self.loss_reference if self.loss_reference else None

    @property
    def sentence(self) -> str:
        """Say what happens to the mask, and what it does to the loss."""
        where = f"The mask is lost at {self.lost_at}." if self.lost_at else "No layer loses it."
        if not any(stage.mask is not None for stage in self.stages):
            where = "No layer makes a mask."
        if self.factor is None:
            return f"{where} {self.no_reference}".strip()
        if not np.isfinite(self.factor):
            return f"{where} The loss is {format_number(self.loss)}."
        if abs(self.factor - 1) < 1e-5:
            return f"{where} The loss is that of the sequences without padding."
        percent, way = 100 * (self.factor - 1), "high" if self.factor > 1 else "low"
        return f"{where} The loss is {format_number(abs(percent), 1)} % too {way}."

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
        truth = "none" if self.loss_reference is None else format_number(self.loss_reference, 4)
        lines.append(
            f"loss    {format_number(self.loss, 4)}; without any mask "
            f"{format_number(self.loss_unmasked, 4)}; "
            f"without padding {truth}"
        )
        if self.row_0 is not None and self.row_0_unmasked is not None:
            sizes = [format_number(np.linalg.norm(g), 4) for g in (self.row_0, self.row_0_unmasked)]
            lines.append(f"row 0   gradient {sizes[0]}; without any mask {sizes[1]}")
        return "\n".join([*lines, f"so      {self.sentence}"])

    @property
    def alt(self) -> str:
        """Describe the picture for somebody who does not see it."""
        said = ", ".join(f"{short_label(s.name)}: mask {s.status}" for s in self.stages)
        batch, steps = self.ids.shape
        return (
            f"{format_count(batch, 'sequence')} of {format_count(steps, 'place')} go through "
            f"{format_count(len(self.stages), 'layer')}. {said}. {self.sentence}"
        )

    def __repr__(self) -> str:
        return f"MaskTrace({self.ids.shape}, {len(self.stages)} layers, lost at {self.lost_at})"


def trace_mask(model: Any, ids: Any, target: Any = 0.0, *, loss: Loss | None = None) -> MaskTrace:
    """Record one batch on its way through layers in a row, with masks, without, and unpadded.

    Parameters
    ----------
    model : Sequential, or sequence of Layer
        Only read, but for building what is not built. The first one takes ids.
    ids : array_like of int, (B, T)
        0 is padding.
    target : array_like that fits the output
    loss : Loss, optional
        With a mean; the squared error unless told.

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
    As in Keras 3, a layer without masking drops the mask silently here, so that one sees what it
    does; a model of ours refuses by ``strict_masks="raise"``.

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
    judge = MeanSquaredError(dtype="float64") if loss is None else loss
    steps, without = (run_layers(layers, batch, masked=masked) for masked in (True, False))
    flowing, mask, unmasked = steps[-1].values, steps[-1].mask, without[-1].values
    try:
        wanted = np.broadcast_to(np.asarray(target, np.float64), flowing.shape)
    except ValueError:
        raise ShapeError(
            f"target must fit the output, {flowing.shape}. Received {np.shape(target)}. "
            "Pass one number for all, or one for each."
        ) from None
    real = unpadded_reference(layers, batch, wanted, judge)
    notes = lint_masks(list(layers), Input((batch.shape[1],)))
    came = [None, *(step.mask for step in steps)]
    stages = [
        MaskStage(
            layer.name,
            type(layer).__name__,
            _mask_status(note.status, before, step),
            reason_mask_is_lost(layer) if note.status == "lost here" else "",
            readonly_copy(step.values),
            readonly_copy(plain.values),
            None if step.mask is None else readonly_copy(step.mask),
            real.stages[n] if real.stages else (),
        )
        for n, (layer, note, before, step, plain) in enumerate(
            zip(layers, notes, came[:-1], steps, without, strict=True)
        )
    ]
    heeded = mask if mask is not None and mask.shape == flowing.shape[:-1] else None
    row_0 = padding_row_gradient(layers, steps, judge.grad(wanted, flowing, mask=heeded))
    row_0_unmasked = padding_row_gradient(layers, without, judge.grad(wanted, unmasked))
    return MaskTrace(
        readonly_copy(batch, np.int64),
        tuple(stages),
        readonly_copy(wanted),
        float(judge(wanted, flowing, mask=heeded)),
        float(judge(wanted, unmasked)),
        real.loss,
        real.reason,
        row_0,
        row_0_unmasked,
        real.row_0,
    )


def _mask_status(noted: str, before: np.ndarray | None, step: LayerOutput) -> str:
    """Tell a mask that is passed on from one that a layer such as `Masking` makes anew."""
    if noted != "kept" or before is None or step.mask is None or before is step.mask:
        return noted
    return "kept" if np.array_equal(before, step.mask) else "replaced"

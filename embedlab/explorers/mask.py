"""MaskExplorer: where does the mask go? Layers in a row, a padded batch, and what it costs."""

import math
from functools import lru_cache
from typing import Any

import numpy as np

from embedlab.explorers.explorer import Explorer
from embedlab.explorers.inputs.batch import Batch, pad_lines
from embedlab.explorers.inputs.model import LayerNames, UserModel, build_layers, embedding
from embedlab.explorers.traits import BoundedInt, BoundedText, Choice, IntList, StrictBool
from embedlab.figures.mask import draw_mask
from embedlab.figures.theme import Figure
from embedlab.traces.mask import MaskStage, MaskTrace, trace_mask
from embedlab.traces.text import short_label

__all__ = ["MaskExplorer"]

SENTENCES, STEPS_MOST, COLUMNS_MOST, LAYERS_MOST, ROWS = 6, 12, 6, 5, 256
TARGET = 1.0  # what every output should be
_LABEL = 40

_TEXT = """the cat sat on the big red mat
a dog ran to the dark blue house
the girl sat in bed and ate bread
a horse ran to the house and slept"""
_LAYERS = ["Dropout", "Conv1D", "GlobalAveragePooling1D", "Dense"]


class MaskExplorer(Explorer):
    """Follow a mask from the embedding to the loss, and see which layer loses it.

    Parameters
    ----------
    text : str
        One sentence a line, six at most; what is shorter than T is padded with id 0. A token
        written ``#12`` is that id itself.
    model : embedlab.Sequential or list of Layer, optional
        Layers of your own: read, never changed. They can be moved and taken out, others put in.
    layer : embedlab.layers.Embedding, optional
        A first layer of your own.
    vocabulary : embedlab.data.Vocabulary, optional
        Gives the ids. Without it row 0 is padding, and new words take the next ids.
    **parameters
        lengths (words of each sentence that count; the rest is padding), steps (T, 1..12),
        padding ("post", "pre"), mask_zero, layers (names: see
        `embedlab.explorers.inputs.model.LAYER_FACTORIES`), output_dim (D, 1..6), seed; and link_id,
        hide.

    Raises
    ------
    TraitError
        For a parameter that cannot be.
    ValueError
        For a model that is not layers in a row, and for layers that do not fit each other.

    Examples
    --------
    >>> explorer = MaskExplorer()
    >>> explorer.trace.lost_at
    'conv'
    >>> explorer.layers = ["Dropout", "GlobalAveragePooling1D", "Dense"]
    >>> explorer.trace.lost_at is None, round(explorer.trace.factor, 6)
    (True, 1.0)
    >>> MaskExplorer.from_state(explorer.state).layers == explorer.layers
    True
    """

    VIEW = "mask"
    QUESTION = "Where does the mask go?"
    PARAMS = ("text", "lengths", "steps", "padding", "mask_zero", "layers", "output_dim", "seed")

    text = BoundedText(_TEXT, 65_536).tag(sync=True)
    lengths = IntList([8, 3, 5, 6], SENTENCES, 0, STEPS_MOST).tag(sync=True)
    steps = BoundedInt(8, 1, STEPS_MOST).tag(sync=True)
    padding = Choice("post", "pre").tag(sync=True)
    mask_zero = StrictBool(True).tag(sync=True)
    layers = LayerNames(_LAYERS, LAYERS_MOST).tag(sync=True)
    output_dim = BoundedInt(3, 1, COLUMNS_MOST).tag(sync=True)
    seed = BoundedInt(22, 0, 2**31 - 1).tag(sync=True)

    def __init__(
        self,
        text: str | None = None,
        *,
        model: Any = None,
        layer: Any = None,
        vocabulary: Any = None,
        **parameters: Any,
    ):
        self._own = UserModel(model, layer)
        self._given = {"model": model, "layer": layer, "vocabulary": vocabulary}
        if model is not None:
            parameters.setdefault("layers", list(self._own.layers))
        first = self._own.embedding
        if first is not None:
            parameters.setdefault("mask_zero", first.mask_zero)
            if text is None and vocabulary is None:
                text = _ids_below(first.input_dim)
        if text is not None:
            parameters = {"text": text, "lengths": [], **parameters}
        self._batch: Batch
        super().__init__(**parameters)

    @property
    def own_layers(self) -> tuple[str, ...]:
        """The names of the layers of your own, which `layers` may hold beside all others."""
        return tuple(self._own.layers)

    def limits(self) -> dict[str, dict[str, Any]]:
        """Return for each parameter its limits; a table of your own fixes D."""
        limits = super().limits()
        limits["layers"]["choices"] = [*self.own_layers, *limits["layers"]["choices"]]
        if self._own.embedding is not None:
            size = self._own.embedding.output_dim
            limits["output_dim"] = {"min": size, "max": size}
        return limits

    def _run(self) -> MaskTrace:
        own = self._own.embedding
        size = self.output_dim if own is None else own.output_dim
        batch = pad_lines(
            self.text,
            self.steps,
            lengths=self.lengths,
            side=self.padding,
            most=SENTENCES,
            vocabulary=self._given["vocabulary"],
        )
        first = embedding(own, _drawn(self.seed)[:, : self.output_dim], mask_zero=self.mask_zero)
        layers = [first, *build_layers(self.layers, self._own.layers, size, self.seed)]
        trace = trace_mask(layers, batch.ids, TARGET)
        self._batch = batch
        self._row_0 = np.asarray(first.call(np.zeros(1, np.int64))[0], np.float64)
        return trace

    def _fill(self, trace: MaskTrace) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        batch = self._batch
        header: dict[str, Any] = {
            "tokens": [[short_label(token, _LABEL) for token in line] for line in batch.tokens],
            "lengths": list(batch.lengths),
            "available": list(batch.available),
            "total": batch.total,
            "stages": [
                _told(stage, name)
                for stage, name in zip(trace.stages, ["Embedding", *self.layers], strict=True)
            ],
            "pooled_at": trace.pooled_at,
            "lost_at": next(
                (n for n, s in enumerate(trace.stages) if s.verdict == "lost here"), None
            ),
            "target": TARGET,
            "no_truth": trace.no_truth,
            "sentence": trace.sentence,
        }
        arrays: dict[str, np.ndarray] = {
            "ids": trace.ids.astype(np.int32),
            "loss": _three(trace.loss, trace.loss_unmasked, trace.loss_truth),
            "row_0": self._row_0[:COLUMNS_MOST],
        }
        gradients = (trace.row_0, trace.row_0_unmasked, trace.row_0_truth)
        for name, gradient in zip(("here", "without", "truth"), gradients, strict=True):
            if gradient is not None:
                arrays[f"grad_{name}"] = gradient.astype(np.float64)[:COLUMNS_MOST]
        for n, stage in enumerate(trace.stages):
            arrays |= _drawn_of(n, stage)
        return header, arrays

    def _draw(self, trace: MaskTrace, *, dark: bool) -> Figure:
        return draw_mask(trace, dark=dark)

    def _needs(self) -> list[str]:
        return [name for name, value in self._given.items() if value is not None]


@lru_cache(maxsize=4)
def _drawn(seed: int) -> np.ndarray:
    """Draw the table once: two decimals, so that the number on the screen is the one in it."""
    drawn = np.random.default_rng(seed).uniform(-0.9, 0.9, (ROWS, COLUMNS_MOST))
    return drawn.round(2) + 0.0  # + 0.0: no minus zero


def _ids_below(rows: int) -> str:
    """Return sentences of bare ids for a table without words."""
    last = max(rows - 1, 0)
    lines = [
        [1 + (3 * b + t) % last if last else 0 for t in range(n)]
        for b, n in enumerate((8, 3, 5, 6))
    ]
    return "\n".join(" ".join(f"#{i}" for i in line) for line in lines)


def _three(*values: float | None) -> np.ndarray:
    return np.array([np.nan if value is None else value for value in values])


def _told(stage: MaskStage, spec: str) -> dict[str, Any]:
    shape = stage.values.shape
    return {
        "name": short_label(stage.name, _LABEL),
        "kind": stage.kind,
        "spec": spec,
        "verdict": stage.verdict,
        "why": stage.why,
        "shape": list(shape),
        "form": "vector" if len(shape) == 2 else "steps",
    }


def _drawn_of(n: int, stage: MaskStage) -> dict[str, np.ndarray]:
    """Return what is drawn of a stage: as it runs, without any mask, and of each sentence alone."""
    here, without = (_flat(values) for values in (stage.values, stage.unmasked))
    arrays = {f"here{n}": here, f"without{n}": without}
    if stage.truth:
        alone = np.full(here.shape, np.nan)
        for b, values in enumerate(stage.truth):
            if values is not None:
                part = _flat(values[None])[0]
                alone[b][tuple(slice(size) for size in part.shape)] = part
        arrays[f"truth{n}"] = alone
    if stage.mask is not None and stage.mask.shape == here.shape[:2] and here.ndim == 3:
        arrays[f"mask{n}"] = stage.mask.astype(np.uint8)
    return arrays


def _flat(values: np.ndarray) -> np.ndarray:
    """Return (B, T, at most 6), or for vectors (B, at most 72)."""
    values = np.asarray(values, np.float64)
    if values.ndim == 2:
        return values[:, : STEPS_MOST * COLUMNS_MOST]
    rows, steps, *rest = values.shape
    return values.reshape(rows, steps, math.prod(rest))[:, :STEPS_MOST, :COLUMNS_MOST]

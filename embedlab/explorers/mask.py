"""Explorer of a padding mask: a chain of layers, a padded batch, and the effect on the loss."""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Annotated, Any, Literal, Unpack

import numpy as np

from embedlab.explorers.explorer import Explorer
from embedlab.explorers.inputs.batch import Batch, pad_lines
from embedlab.explorers.inputs.model import LAYER_FACTORIES, UserModel, build_layers, embedding
from embedlab.explorers.inputs.window import join_notes
from embedlab.explorers.sync import CommonParameters
from embedlab.explorers.table_explorer import TOO_MUCH, table_data, vocabulary_data
from embedlab.explorers.traits import (
    BoundedInt,
    BoundedText,
    Choice,
    IntList,
    LayerNames,
    StrictBool,
)
from embedlab.figures.mask import draw_mask
from embedlab.figures.theme import Figure
from embedlab.layers import Embedding
from embedlab.traces.mask import MaskStage, MaskTrace, trace_mask
from embedlab.traces.text import short_label

__all__ = ["MaskExplorer", "MaskParameters"]

SENTENCES_MAX, STEPS_MAX, COLUMNS_MAX, LAYERS_MAX, ROWS = 6, 12, 6, 5, 256
ROWS_MAX = 16_384
"""V of a random table, unless a vocabulary has more words: an id of 999 999 999 is refused."""
TARGET = 1.0  # the target of every output
_LABEL_LENGTH = 40

_TEXT = """the cat sat on the big red mat
a dog ran to the dark blue house
the girl sat in bed and ate bread
a horse ran to the house and slept"""
_LAYERS = ["Dropout", "Conv1D", "GlobalAveragePooling1D", "Dense"]


class MaskParameters(CommonParameters, total=False):
    """Keyword parameters of `MaskExplorer`, each with its help text."""

    lengths: Annotated[Sequence[int], "words used of each sentence; the rest is padding"]
    steps: Annotated[int, "T, 1..12"]
    padding: Annotated[Literal["post", "pre"], "where a short sentence is padded"]
    mask_zero: Annotated[bool, "whether the embedding makes a mask of id 0"]
    layers: Annotated[Sequence[str], "names: see `embedlab.explorers.inputs.model.LAYER_FACTORIES`"]
    output_dim: Annotated[int, "D, 1..6"]
    seed: Annotated[int, "of the random weights"]


class MaskExplorer(Explorer):
    """Follow a mask from the embedding to the loss, and see which layer drops it.

    Parameters
    ----------
    text : str
        One sentence a line, at most six; sentences shorter than T are padded with id 0. A token
        written ``#12`` stands for that id.
    model : Sequential of embedlab or Keras, or list of layers, optional
        The layers to show, never changed. They can be moved, removed, and combined with others.
        A model by position is the same.
    layer : optional
        The first layer: an `Embedding`, or anything that
        `embedlab.explorers.inputs.table.read_table` takes.
    vocabulary : embedlab.data.Vocabulary, optional
        Maps words to ids. Without it row 0 is padding, and new words take the next ids.
    **parameters
        By keyword.

    Raises
    ------
    TraitError
        For an invalid parameter.
    ValueError
        For a model that is not a chain of layers, and for layers that do not fit each other.

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
    QUESTION = "Which layers pass the mask on?"

    text = BoundedText(_TEXT, 65_536)
    lengths = IntList([8, 3, 5, 6], SENTENCES_MAX, 0, STEPS_MAX)
    steps = BoundedInt(8, 1, STEPS_MAX)
    padding = Choice("post", "pre")
    mask_zero = StrictBool(True)
    layers = LayerNames(_LAYERS, tuple(LAYER_FACTORIES), LAYERS_MAX)
    output_dim = BoundedInt(3, 1, COLUMNS_MAX)
    seed = BoundedInt(22, 0, 2**31 - 1)

    def __init__(
        self,
        text: Any = None,
        *,
        model: Any = None,
        layer: Any = None,
        vocabulary: Any = None,
        **parameters: Unpack[MaskParameters],
    ):
        values: dict[str, Any] = dict(parameters)
        if text is not None and not isinstance(text, str):
            model, layer, text = (text, layer, None) if model is None else (model, text, None)
        self._user_model = UserModel(model, layer)
        self._inputs = {"model": model, "layer": layer, "vocabulary": vocabulary}
        if model is not None:
            values.setdefault("layers", list(self._user_model.layers))
        first = self._user_model.embedding
        if first is not None:
            values.setdefault("mask_zero", first.mask_zero)
            if text is None and vocabulary is None:
                text = _ids_below(first.input_dim)
        if text is not None:
            values = {"text": text, "lengths": [], **values}
        self._batch: Batch
        super().__init__(**values)

    @property
    def own_layers(self) -> tuple[str, ...]:
        """The names of the layers given, which `layers` may hold besides all others."""
        return tuple(self._user_model.layers)

    def limits(self) -> dict[str, dict[str, Any]]:
        """Return for each parameter its limits; a table of your own fixes D."""
        limits = super().limits()
        limits["layers"]["choices"] = [*self.own_layers, *limits["layers"]["choices"]]
        if self._user_model.embedding is not None:
            size = self._user_model.embedding.output_dim
            limits["output_dim"] = {"min": size, "max": size}
        return limits

    def page_inputs(self) -> dict[str, Any] | None:
        """Return the user's table and vocabulary; other layers of a model are not run in a page."""
        layer, table = self._user_model.embedding, None
        if layer is not None:
            rows = _plain_rows(layer)
            table = TOO_MUCH if rows is None else table_data(rows)
        vocabulary = vocabulary_data(self._inputs["vocabulary"])
        if self.own_layers or table is TOO_MUCH or vocabulary is TOO_MUCH:
            return None
        name = "embedding" if layer is None else layer.name
        return {"table": table, "name": name, "vocabulary": vocabulary}

    def compute_trace(self) -> MaskTrace:
        """Return the trace of the current parameters."""
        embedding_layer = self._user_model.embedding
        size = self.output_dim if embedding_layer is None else embedding_layer.output_dim
        batch = pad_lines(
            self.text,
            self.steps,
            lengths=self.lengths,
            side=self.padding,
            maximum=SENTENCES_MAX,
            vocabulary=self._inputs["vocabulary"],
        )
        first = embedding(
            embedding_layer,
            _random_table(self.seed, self._rows_for(batch.ids))[:, : self.output_dim],
            mask_zero=self.mask_zero,
        )
        layers = [first, *build_layers(self.layers, self._user_model.layers, size, self.seed)]
        trace = trace_mask(layers, batch.ids, TARGET)
        self._batch = batch
        self._row_0 = np.asarray(first.call(np.zeros(1, np.int64))[0], np.float64)
        return trace

    def encode_trace(self, trace: MaskTrace) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return the header fields and arrays of a trace."""
        batch = self._batch
        header: dict[str, Any] = {
            "tokens": [
                [short_label(token, _LABEL_LENGTH) for token in line] for line in batch.tokens
            ],
            "lengths": list(batch.lengths),
            "available": list(batch.available),
            "total": batch.total,
            "stages": [
                _layer_header(stage, name)
                for stage, name in zip(trace.stages, ["Embedding", *self.layers], strict=True)
            ],
            "pooled_at": trace.pooled_at,
            "lost_at": next(
                (n for n, s in enumerate(trace.stages) if s.status == "lost here"), None
            ),
            "target": TARGET,
            "no_reference": trace.no_reference,
            "sentence": trace.sentence,
            "note": self._note(),
        }
        arrays: dict[str, np.ndarray] = {
            "ids": trace.ids.astype(np.int32),
            "loss": _as_array(trace.loss, trace.loss_unmasked, trace.loss_reference),
            "row_0": self._row_0[:COLUMNS_MAX],
        }
        gradients = (trace.row_0, trace.row_0_unmasked, trace.row_0_reference)
        for name, gradient in zip(("model", "unmasked", "reference"), gradients, strict=True):
            if gradient is not None:
                arrays[f"grad_{name}"] = gradient.astype(np.float64)[:COLUMNS_MAX]
        for n, stage in enumerate(trace.stages):
            arrays |= _stage_arrays(n, stage)
        return header, arrays

    def _rows_for(self, ids: np.ndarray) -> int:
        """Return V: `ROWS`, or more for the words of a long text and for larger ids."""
        vocabulary = self._inputs["vocabulary"]
        most = ROWS_MAX if vocabulary is None else max(ROWS_MAX, len(vocabulary.words))
        return min(max(ROWS, int(ids.max(initial=0)) + 1), most)

    def _note(self) -> str | None:
        batch = self._batch
        longer = f"The first {self.steps} words of a longer sentence are used."
        more = f"The first {len(batch.ids)} of {batch.total} sentences are used."
        return join_notes(
            longer if batch.is_cut else None, more if batch.total > len(batch.ids) else None
        )

    def draw(self, trace: MaskTrace, *, dark: bool) -> Figure:
        """Return the still picture of a trace."""
        return draw_mask(trace, dark=dark)


def _plain_rows(layer: Embedding) -> np.ndarray | None:
    """Return the table of a layer that only reads its rows, None for one that does more."""
    own_rules = layer.oob != "raise" or layer.negative != "raise" or layer.scale_grad_by_freq
    changes_rows = layer.max_norm is not None or layer.padding_idx is not None or layer.adapters
    quantized = layer.quantization_mode is not None or layer.compute_dtype != layer.dtype
    if type(layer) is not Embedding or own_rules or changes_rows or quantized:
        return None
    first = embedding(layer, np.empty((0, 0)), mask_zero=False)
    return None if first.adapters else first.table.value


@lru_cache(maxsize=4)
def _random_table(seed: int, rows: int = ROWS) -> np.ndarray:
    """Return a random table in two decimals: the number on the screen is the one in the table.

    A table with more rows has the same first ones.
    """
    values = np.random.default_rng(seed).uniform(-0.9, 0.9, (rows, COLUMNS_MAX))
    return values.round(2) + 0.0  # + 0.0: no minus zero


def _ids_below(rows: int) -> str:
    """Return sentences of ids for a table without words."""
    last = max(rows - 1, 0)
    lines = [
        [1 + (3 * b + t) % last if last else 0 for t in range(n)]
        for b, n in enumerate((8, 3, 5, 6))
    ]
    return "\n".join(" ".join(f"#{i}" for i in line) for line in lines)


def _as_array(*values: float | None) -> np.ndarray:
    return np.array([np.nan if value is None else value for value in values])


def _layer_header(stage: MaskStage, spec: str) -> dict[str, Any]:
    shape = stage.values.shape
    return {
        "name": short_label(stage.name, _LABEL_LENGTH),
        "kind": stage.kind,
        "spec": spec,
        "status": stage.status,
        "reason": stage.reason,
        "shape": list(shape),
        "form": "vector" if len(shape) == 2 else "steps",
    }


def _stage_arrays(n: int, stage: MaskStage) -> dict[str, np.ndarray]:
    """Return a stage's values: of this model, without mask, and of the unpadded reference."""
    here, without = (_flat(values) for values in (stage.values, stage.unmasked))
    arrays = {f"model{n}": here, f"unmasked{n}": without}
    if stage.reference:
        unpadded = np.full(here.shape, np.nan)
        for b, values in enumerate(stage.reference):
            if values is not None:
                part = _flat(values[None])[0]
                unpadded[b][tuple(slice(size) for size in part.shape)] = part
        arrays[f"reference{n}"] = unpadded
    if stage.mask is not None and stage.mask.shape == here.shape[:2] and here.ndim == 3:
        arrays[f"mask{n}"] = stage.mask.astype(np.uint8)
    return arrays


def _flat(values: np.ndarray) -> np.ndarray:
    """Return the values that are drawn: (B, T, at most 6), or for vectors (B, at most 72)."""
    values = np.asarray(values, np.float64)
    if values.ndim == 2:
        return values[:, : STEPS_MAX * COLUMNS_MAX]
    rows, steps, *rest = values.shape
    return values.reshape(rows, steps, math.prod(rest))[:, :STEPS_MAX, :COLUMNS_MAX]

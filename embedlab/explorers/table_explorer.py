"""Base class of the explorers that show a table: a random one, or the user's."""

import base64
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from traitlets import TraitError, validate

from embedlab.data.vocabulary import Vocabulary
from embedlab.explorers.explorer import Explorer
from embedlab.explorers.inputs.sentence import RowWords, Sentence, parse_sentence
from embedlab.explorers.inputs.table import (
    COLUMNS_MAX,
    ROWS_MAX,
    UserTable,
    check_single_source,
    random_table,
    read_table,
)

__all__ = ["PAGE_BYTES", "TOO_MUCH", "TableExplorer", "table_data", "vocabulary_data"]

PAGE_BYTES = 300_000
"""Most bytes of a table, and of its words, that travel with a page."""

TOO_MUCH: Any = object()
"""The data of a table or vocabulary that cannot travel with a page."""

_SOME_IDS = (1, 5, 7, 1, 4, 3, 1, 6, 0, 0)  # ids of a given table when there is no sentence


class TableExplorer(Explorer):
    """An explorer of one table. A subclass declares `input_dim` and `output_dim`.

    A user's table, of any V and D, fixes both; a random one has at most `SIZES`.
    """

    SIZES: ClassVar[tuple[int, int]] = (ROWS_MAX, COLUMNS_MAX)
    """The largest random table."""

    _user: UserTable | None = None
    _source: tuple[str, Any] = ("", None)
    _labels: Sequence[str] | None = None
    rows_needed = 0
    """V that all words of the text need."""

    def take_source(
        self,
        source: Any,
        *,
        table: Any,
        layer: Any,
        words: Sequence[str] | None = None,
        vocabulary: Any = None,
    ) -> None:
        """Read the one table or layer that was passed, and the words of its rows."""
        self._source = check_single_source(source, table=table, layer=layer)
        self._labels = None if words is None else [str(word) for word in words]
        self._given_vocabulary = vocabulary
        self._inputs = {
            self._source[0]: self._source[1],
            "words": self._labels,
            "vocabulary": vocabulary,
        }
        self._read_source()

    def _read_source(self) -> None:
        name, source = self._source
        self._user = None if source is None else read_table(source, name)
        self._vocabulary = self._given_vocabulary
        if self._vocabulary is None and (labels := self._row_words()):
            rows = len(labels) if self._user is None else self._user.shape[0]
            self._vocabulary = RowWords(labels, rows)

    def _row_words(self) -> Sequence[str]:
        """Return the words of the rows that the user gave."""
        if self._labels is not None:
            return self._labels
        if self._given_vocabulary is not None:
            return tuple(self._given_vocabulary.words)
        return () if self._user is None else self._user.labels

    @property
    def fixed_shape(self) -> tuple[int, int] | None:
        """(V, D) of the user's table, or None."""
        return None if self._user is None else self._user.shape

    def read_inputs(self) -> None:
        """Read the table or layer again."""
        self._read_source()
        if self._user is not None:
            self.input_dim, self.output_dim = self._user.shape

    def page_inputs(self) -> dict[str, Any] | None:
        """Return the user's table and vocabulary as JSON, or None if they cannot travel."""
        table = None if self._user is None else table_data(self._user.values)
        vocabulary = vocabulary_data(self._vocabulary)
        if table is TOO_MUCH or vocabulary is TOO_MUCH:
            return None
        return {"table": table, "vocabulary": vocabulary}

    def table(self) -> np.ndarray:
        """Return the table, read-only."""
        if self._user is not None:
            return self._user.values
        table = random_table(self.seed)[: self.input_dim, : self.output_dim].copy()
        table.flags.writeable = False
        return table

    def table_shape(self) -> tuple[int, int]:
        """Return (V, D)."""
        return self.fixed_shape or (self.input_dim, self.output_dim)

    def with_sizes(self, parameters: dict[str, Any]) -> dict[str, Any]:
        """Return the parameters of a constructor with V and D of the table or vocabulary."""
        has_text = "text" in self.PARAMS
        defaults: dict[str, Any] = {}
        if (shape := self.fixed_shape) is not None:
            defaults = dict(zip(("input_dim", "output_dim"), shape, strict=True))
            if has_text:
                defaults["text"] = " ".join(f"#{i % shape[0]}" for i in _SOME_IDS)
        elif self._vocabulary is not None:
            defaults["input_dim"] = min(len(self._vocabulary.words), ROWS_MAX)
        sizes = {**defaults, **parameters}
        if "grow" in self.PARAMS and "input_dim" in sizes:
            sizes.setdefault("grow", False)
        return sizes

    # --- a text, and V that grows with it ------------------------------------------------------

    def header_even_if_refused(self) -> dict[str, Any]:
        """Return V that the words need, for the button "Grow V to fit"."""
        return {"rows_needed": self.rows_needed} if "grow" in self.PARAMS else {}

    def words_used(self) -> int:
        """Return how many words of the text are used."""
        raise NotImplementedError

    def parse(self) -> Sentence:
        """Return the first words of the text, with their ids."""
        return parse_sentence(
            self.text,
            self._vocabulary,
            most=self.words_used(),
            only_its_words=self._user is not None,
        )

    def rows_of_words(self) -> int:
        """Return V that gives each word of the text a row."""
        return self.parse().rows_needed

    def normalize_params(self) -> None:
        """Grow V with the words of the text, until somebody sets V."""
        if "grow" not in self.PARAMS:
            return
        if self._user is not None:
            self.grow = False
            return
        self.rows_needed = min(self.rows_of_words(), ROWS_MAX)
        last, V = self._last_params, self.input_dim
        if self.grow and last.get("grow") and last["input_dim"] != V:
            # Only Reset sets V to its first value and has rows for all words.
            self.grow = self._initial["input_dim"] == V and self.rows_needed <= V
        if self.grow and self.rows_needed > V:
            self.input_dim = self.rows_needed

    def limits(self) -> dict[str, dict[str, Any]]:
        """Return for each parameter its limits; a user's table fixes V and D."""
        limits = super().limits()
        rows, columns = self.SIZES
        words = 0 if self._vocabulary is None else len(self._vocabulary.words)
        limits["input_dim"]["max"] = max(rows, min(words, ROWS_MAX), self.rows_needed)
        limits["output_dim"]["max"] = columns
        if (shape := self.fixed_shape) is not None:
            for name, size in zip(("input_dim", "output_dim"), shape, strict=True):
                limits[name] = {"min": size, "max": size}
        return limits

    @validate("input_dim", "output_dim")
    def _check_size(self, proposal: Any) -> int:
        name, value = proposal["trait"].name, proposal["value"]
        limit = self.limits()[name]
        if limit["min"] <= value <= limit["max"]:
            return int(value)
        if self.fixed_shape is not None:
            raise TraitError(
                f"{name} must be {limit['max']}, the size of the given table. Received {value}. "
                "Omit table and layer to change it."
            )
        raise TraitError(
            f"{name} must be an integer from {limit['min']} to {limit['max']}. Received {value}. "
            "Choose a value in this range, or pass a table of this size."
        )


def table_data(values: np.ndarray) -> Any:
    """Return a table as JSON, or `TOO_MUCH`."""
    if values.dtype.name not in ("float32", "float64") or values.nbytes > PAGE_BYTES:
        return TOO_MUCH
    data = base64.b64encode(np.ascontiguousarray(values).tobytes()).decode()
    return {"dtype": values.dtype.name, "shape": list(values.shape), "base64": data}


def vocabulary_data(vocabulary: Any) -> Any:
    """Return a vocabulary as JSON, None without one, or `TOO_MUCH` for one of another kind."""
    if vocabulary is None:
        return None
    if type(vocabulary) is RowWords:
        data = {"kind": "rows", "words": vocabulary.words, "rows": vocabulary.rows}
    elif type(vocabulary) is Vocabulary:
        how = vocabulary.punctuation
        data = {"kind": "vocabulary", "words": vocabulary.words, "punctuation": how}
    else:
        return TOO_MUCH
    return data if sum(map(len, vocabulary.words)) <= PAGE_BYTES else TOO_MUCH

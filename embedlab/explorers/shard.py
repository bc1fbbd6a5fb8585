"""Explorer of a sharded table: a batch of ids, the workers that hold the rows, and the bytes."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Unpack

import numpy as np

from embedlab.core.checks import message, short_repr
from embedlab.core.ids import as_ids
from embedlab.distributed import draw_ids
from embedlab.explorers.explorer import Explorer
from embedlab.explorers.inputs.sentence import parse_sentence
from embedlab.explorers.inputs.table import random_table
from embedlab.explorers.inputs.window import join_notes, words_note
from embedlab.explorers.sync import CommonParameters
from embedlab.explorers.traits import BoundedInt, BoundedText, Choice
from embedlab.figures.shard import draw_shard
from embedlab.figures.theme import Figure
from embedlab.traces.shard import ShardTrace, trace_shard
from embedlab.traces.text import short_label

__all__ = ["ShardExplorer", "ShardParameters"]

IDS_MAX, WORKERS_MAX, HOT_MAX = 16, 8, 128
ROWS_MIN, ROWS_MAX, COLUMNS_MIN, COLUMNS_MAX = 128, 16_384, 8, 32
_LABEL_LENGTH = 40  # characters of a word that are sent


class ShardParameters(CommonParameters, total=False):
    """Keyword parameters of `ShardExplorer`, each with its help text."""

    scheme: Annotated[
        Literal["row_wise", "row_wise_hashed", "column_wise", "table_wise"],
        "how the table is split: see `embedlab.distributed.Sharding`",
    ]
    workers: Annotated[int, "1..8"]
    stream: Annotated[
        Literal["zipf", "uniform", "text"], 'a batch that is drawn, or "text": your own'
    ]
    hot_rows: Annotated[
        int, "0..128 rows, from 0 on, of which every worker has a copy; for row-wise schemes"
    ]
    batch_size: Annotated[int, "ids of a drawn batch, 1..16"]
    input_dim: Annotated[int, "V, 128..16 384"]
    output_dim: Annotated[int, "D, 8..32"]
    seed: Annotated[int, "of the random table and ids"]


class ShardExplorer(Explorer):
    """Split a table over workers, and see who is asked for a batch, and for how many bytes.

    Parameters
    ----------
    text : str, optional
        A batch of your own: words, whose ids are given in the order of a small vocabulary, and ids
        written ``#12``. The first 16 are used.
    ids : array_like of int, optional
        The same batch as numbers.
    **parameters
        By keyword.

    Raises
    ------
    TraitError
        For an invalid parameter.
    ValueError, IdError
        For both `text` and `ids`, for `ids` beside a stream that is drawn, and ids outside the
        table.

    Examples
    --------
    >>> explorer = ShardExplorer(workers=2)
    >>> explorer.trace.rows_requested.tolist(), round(explorer.trace.imbalance, 2)
    ([11, 2], 1.69)
    >>> explorer.scheme = "row_wise_hashed"
    >>> explorer.trace.rows_requested.tolist()
    [8, 5]
    >>> ShardExplorer(ids=[3, 3, 900], workers=2).trace.requests.tolist()
    [4, 4]
    """

    VIEW = "shard"
    QUESTION = "Which worker is asked most?"

    text = BoundedText("the cat sat on the mat #900 #900", 65_536)
    scheme = Choice("row_wise", "row_wise_hashed", "column_wise", "table_wise")
    workers = BoundedInt(4, 1, WORKERS_MAX)
    stream = Choice("zipf", "uniform", "text")
    hot_rows = BoundedInt(0, 0, HOT_MAX)
    batch_size = BoundedInt(16, 1, IDS_MAX)
    input_dim = BoundedInt(1024, ROWS_MIN, ROWS_MAX)
    output_dim = BoundedInt(16, COLUMNS_MIN, COLUMNS_MAX)
    seed = BoundedInt(0, 0, 2**31 - 1)

    def __init__(
        self, text: str | None = None, *, ids: Any = None, **parameters: Unpack[ShardParameters]
    ):
        values: dict[str, Any] = dict(parameters)
        if ids is not None:
            if text is not None:
                must, do = "a batch must be text or ids", "Pass one of them"
                raise ValueError(message(must, "both", do))
            if values.get("stream", "text") != "text":
                must, do = 'ids are a batch of your own, with stream="text"', "Leave stream out"
                raise ValueError(message(must, f"stream={short_repr(values['stream'])}", do))
            text = " ".join(f"#{id_}" for id_ in as_ids(ids).reshape(-1).tolist())
        if text is not None:
            values = {"stream": "text", **values, "text": text}
        super().__init__(**values)

    def page_inputs(self) -> dict[str, Any]:
        """Return nothing: a page computes from the parameters alone."""
        return {}

    def _batch(self) -> tuple[np.ndarray, Sequence[str], int, str]:
        """Return the ids, their labels, how many the text has, and whether as words or ids."""
        if self.stream == "text":
            sentence = parse_sentence(self.text, most=IDS_MAX)
            return sentence.ids, sentence.tokens, sentence.total, sentence.unit
        ids = draw_ids(self.batch_size, self.input_dim, self.stream, self.seed)
        return ids, [f"#{id_}" for id_ in ids.tolist()], ids.size, "id"

    def compute_trace(self) -> ShardTrace:
        """Return the trace of the current parameters."""
        ids, tokens, *_ = self._batch()
        return trace_shard(
            random_table(self.seed, (self.input_dim, self.output_dim)),
            ids,
            scheme=self.scheme,
            workers=self.workers,
            hot_rows=self.hot_rows if self._replicates else 0,
            seed=self.seed,
            tokens=tokens,
        )

    @property
    def _replicates(self) -> bool:
        return self.scheme.startswith("row_wise")

    def encode_trace(self, trace: ShardTrace) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return the header fields and arrays of a trace."""
        arrays: dict[str, np.ndarray] = {
            "ids": trace.ids.astype(np.int32),
            "inverse": trace.inverse.astype(np.uint8),
            "distinct": trace.distinct.astype(np.int32),
            "requested": trace.requested.astype(np.uint8),
            "local_rows": trace.local_rows.astype(np.int32),
            "columns": trace.columns.astype(np.uint8),
            "owned": trace.owned.astype(np.int32),
            "memory": trace.memory.astype(np.int32),
            "requests": trace.requests.astype(np.int32),
            "answers": trace.answers.astype(np.int32),
            "updates": trace.updates.astype(np.int32),
            "rows": trace.rows,
            "difference": np.array([trace.difference]),
            "loads": trace.loads,
        }
        header: dict[str, Any] = {
            "note": self._note(),
            "words": [short_label(token, _LABEL_LENGTH) for token in trace.tokens],
            "holdings": [trace.holding(worker) for worker in range(trace.workers)],
            "hot_rows": trace.hot_rows,
            "planned_batch": trace.planned_batch,
        }
        return header, arrays

    def _note(self) -> str | None:
        """Return which ids and hot rows are left out, or None."""
        ids, _, total, unit = self._batch()
        unused = self.hot_rows and not self._replicates
        hot = "Hot rows are replicated with a row-wise scheme only." if unused else None
        return join_notes(words_note(ids.size, total, unit), hot)

    def draw(self, trace: ShardTrace, *, dark: bool) -> Figure:
        """Return the still picture of a trace."""
        return draw_shard(trace, dark=dark)

"""Skip-gram with negative sampling, word by word: pairs, losses, and each SGD update."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from embedlab.activations import sigmoid
from embedlab.core.checks import ShapeError, check_size, message
from embedlab.core.ids import as_ids
from embedlab.core.skipgram import SkipgramBatches, sample_batches, train_recorded
from embedlab.losses import BinaryCrossentropy
from embedlab.traces.readonly import readonly_copy
from embedlab.traces.text import format_count, format_number, join_some, short_label

__all__ = ["WindowTrace", "trace_window"]


@dataclass(frozen=True, eq=False, repr=False)
class WindowTrace:
    """The record of a window that slides once over a text: one center word, one SGD step.

    Its arrays are read-only. Step n has the word at position n as its center, and the pairs
    ``pairs_of(n)``; it updates the tables that the steps before it left behind.

    Attributes
    ----------
    ids : ndarray of int64, (N,)
        The text. words : tuple of str, V labels.
    sentence : ndarray of int64, (N,)
        The sentence of each word, counted from 0: no pair reaches across.
    batches : SkipgramBatches
        The pairs of each step: a row of the embedding table, a row of the context table.
    context_positions : ndarray of int64, (P,)
        The position of the context word of each pair; a negative has that of the context word for
        which it was sampled.
    weights : ndarray of float32, (N + 1, 2, V, D)
        Before the first step, and after each; the second axis is the embedding table, then the
        context table.
    grads : ndarray of float32, (N, 2, V, D)
        The gradient of each step's mean loss; zero for rows that are in none of its pairs.
    scores, sigmoids, pair_losses : ndarray of float32, (P,)
        For each pair, before its update: the dot product x of its two rows, σ(x), and the loss,
        which is −log σ(x) for a context word and −log(1 − σ(x)) for a negative.
    losses : ndarray of float64, (N,)
        The mean over the pairs of each step; NaN without a pair.
    position : int
        The step that the picture and the summary show.

    Examples
    --------
    >>> trace = trace_window([0, 1, 2], words=["the", "cat", "sat"], negative=1, position=1)
    >>> trace.pairs_of(1), trace.updated(1).astype(int).tolist()
    (slice(3, 6, None), [[0, 1, 0], [1, 0, 1]])
    """

    ids: np.ndarray
    words: tuple[str, ...]
    sentence: np.ndarray
    batches: SkipgramBatches
    context_positions: np.ndarray
    weights: np.ndarray
    grads: np.ndarray
    scores: np.ndarray
    sigmoids: np.ndarray
    pair_losses: np.ndarray
    losses: np.ndarray
    window: int
    negative: int
    learning_rate: float
    position: int
    seed: int

    @property
    def steps(self) -> int:
        """N, one step for each word of the text."""
        return self.ids.size

    @property
    def width(self) -> int:
        """D."""
        return self.weights.shape[3]

    def pairs_of(self, position: int) -> slice:
        """Return which pairs belong to the center word at a position."""
        start, stop = self.batches.starts[position : position + 2]
        return slice(int(start), int(stop))

    def updated(self, position: int) -> np.ndarray:
        """Return the rows that are in a pair of a step, (2, V) bool: SGD updates these alone."""
        rows = np.zeros(self.weights.shape[1:3], bool)
        for side, pair_rows in enumerate(self.batches.pairs[self.pairs_of(position)].T):
            rows[side, pair_rows] = True
        return rows

    @property
    def summary(self) -> str:
        """Describe the step at `position` in a few lines, with its numbers."""
        lines = [
            f"text    {format_count(self.ids.size, 'word')}; two tables of "
            f"{format_count(len(self.words), 'row')} and {format_count(self.width, 'column')}",
            f"window  {format_count(self.window, 'word')} on each side, "
            f"{format_count(self.negative, 'negative')} for each context word, "
            f"rate {self.learning_rate:g}",
        ]
        if not self.ids.size:
            return "\n".join([*lines, "center  none: the text has no word"])
        pairs = self.pairs_of(self.position)
        count = pairs.stop - pairs.start
        lines.append(f"center  {self._center}, word {self.position + 1} of the text")
        if not count:
            return "\n".join([*lines, "        no other word in its window: no pair, no update"])
        context_words, negatives = (
            join_some(self._second_words(label), between=" · ") for label in (1, 0)
        )
        lines += [
            f"context {context_words}",
            f"random  {negatives or 'none'}",
            f"loss    {format_number(self.losses[self.position], 4)}, the mean of "
            f"{format_count(count, 'pair')}",
        ]
        moved = self.updated(self.position).sum(axis=1)
        lines.append(
            f"update  {format_count(int(moved[0]), 'row')} of the embedding table, "
            f"{format_count(int(moved[1]), 'row')} of the context table"
        )
        return "\n".join(lines)

    @property
    def alt(self) -> str:
        """Describe the picture for somebody who does not see it."""
        if not self.ids.size:
            return "A text without words, so no window, no pair and no update."
        start = f"The window stands at word {self.position + 1}, {self._center}. "
        context_words, negatives = (self._second_words(label) for label in (1, 0))
        if not context_words:
            return f"{start}No other word is in it, so there is no pair and no update."
        return (
            f"{start}Its context words are {join_some(context_words)}; its negatives "
            f"{join_some(negatives) or 'none'}. The mean loss is "
            f"{format_number(self.losses[self.position], 4)}. The step updates row {self._center} "
            f"of the embedding table and {format_count(int(self.updated(self.position)[1].sum()))} "
            f"of {format_count(len(self.words), 'row')} of the context table."
        )

    def __repr__(self) -> str:
        return (
            f"WindowTrace({self.steps} words, {len(self.words)} rows, window {self.window}, "
            f"{self.negative} negatives)"
        )

    @property
    def _center(self) -> str:
        return short_label(self.words[self.ids[self.position]])

    def _second_words(self, label: int) -> list[str]:
        """Return the second words of the pairs with this label, in their order."""
        pairs = self.pairs_of(self.position)
        rows = self.batches.pairs[pairs, 1][self.batches.label[pairs] == label]
        return [short_label(self.words[row]) for row in rows]


def trace_window(
    ids: Any,
    *,
    words: Sequence[str] | None = None,
    starts: Any = None,
    window: int = 2,
    negative: int = 2,
    output_dim: int = 4,
    learning_rate: float = 1.0,
    position: int = 0,
    seed: int = 7,
    table: Any = None,
    context_table: Any = None,
) -> WindowTrace:
    """Slide a window once over a text, with one step of SGD at each word, and record every step.

    Parameters
    ----------
    ids : array_like of int, (N,), 0 <= id < V
        The text; it may be empty.
    words : sequence of V str, optional
        Labels of the rows; by default their numbers.
    starts : array_like of int, optional
        The positions where sentences begin; no pair crosses them.
    window : int
        Words on each side of the center word that count as its context.
    negative : int
        Random words for each context word, by frequency ** 0.75. One that happens to be the
        context word itself is left out.
    output_dim : int
        D.
    learning_rate : float
        Of SGD, on the gradient of the mean loss of a step.
    position : int
        The step that the summary describes and `draw_window` draws, 0..N-1.
    seed : int
        Seed of the initial tables, both uniform in ±0.5, and of the negatives.
    table, context_table : array_like, (V, D), optional
        Initial tables instead of random ones; `table` sets D.

    Returns
    -------
    WindowTrace

    Raises
    ------
    IdError, ShapeError, ValueError

    Notes
    -----
    Source: Mikolov et al., "Distributed Representations of Words and Phrases and their
    Compositionality" (2013). Word2vec updates after each pair and begins with a context table of
    zeros; here a step is the mean over one center word, and both tables begin random, so that every
    number of the first step can be inspected.

    Examples
    --------
    >>> trace = trace_window([0, 1, 0], words=["the", "cat"], window=1, negative=0, output_dim=2)
    >>> print(trace.summary)
    text    3 words; two tables of 2 rows and 2 columns
    window  1 word on each side, 0 negatives for each context word, rate 1
    center  the, word 1 of the text
    context cat
    random  none
    loss    0.6608, the mean of 1 pair
    update  1 row of the embedding table, 1 row of the context table
    """
    flat = readonly_copy(as_ids(ids).reshape(-1), np.int64)
    labels = tuple(words) if words is not None else ()
    rows = len(labels) if words is not None else int(flat.max(initial=0)) + 1
    labels = labels or tuple(map(str, range(rows)))
    if not rows:
        raise ShapeError(
            "words must label at least one row. Received none. Omit words to label rows by number."
        )
    window, negative = check_size(window, "window"), check_size(negative, "negative", least=0)
    position = check_size(position, "position", least=0)
    if position >= max(1, flat.size):
        raise ValueError(
            f"position must be that of a word, 0..{max(0, flat.size - 1)}. Received {position}. "
            "Count from 0."
        )
    tables = _initial_tables(rows, check_size(output_dim, "output_dim"), seed, table, context_table)
    batches = _batches(flat, rows, starts, window, negative, seed)
    run = train_recorded(batches, *tables, optimizer="sgd", learning_rate=learning_rate)
    sentence = np.zeros(flat.size, np.int64)
    if starts is not None and flat.size:
        sentence = np.searchsorted(np.asarray(starts), np.arange(flat.size), side="right") - 1
    step = np.repeat(np.arange(flat.size), np.diff(batches.starts))
    first, second = batches.pairs.T
    vectors, contexts = run.weights[step, 0, first], run.weights[step, 1, second]
    with np.errstate(over="ignore", invalid="ignore"):  # a huge rate may end in infinities
        scores = (vectors * contexts).sum(axis=1)
        loss = BinaryCrossentropy(from_logits=True).call
        pair_losses = loss(batches.label[:, None].astype(np.float32), scores[:, None])
    for array in (run.weights, run.grads, run.losses, *batches):
        array.flags.writeable = False
    return WindowTrace(
        flat,
        labels,
        readonly_copy(sentence),
        batches,
        readonly_copy(_context_positions(batches, sentence, window)),
        run.weights,
        run.grads,
        readonly_copy(scores),
        readonly_copy(sigmoid(scores)),
        readonly_copy(pair_losses, np.float32),
        run.losses,
        window,
        negative,
        run.learning_rate,
        position,
        seed,
    )


def _initial_tables(
    rows: int, width: int, seed: int, table: Any, context_table: Any
) -> list[np.ndarray]:
    """Return copies of the given tables, and a random one for each that is not given."""
    with np.errstate(over="ignore"):  # a huge float64 becomes an infinity
        inputs = [None if t is None else np.array(t, np.float32) for t in (table, context_table)]
    if inputs[0] is not None:
        width = inputs[0].shape[-1]
    rng = np.random.default_rng(seed)
    random = [rng.uniform(-0.5, 0.5, (rows, width)).astype(np.float32) for _ in inputs]
    for name, initial in zip(("table", "context_table"), inputs, strict=True):
        if initial is not None and initial.shape != (rows, width):
            must = f"{name} must have the shape (V, D) = ({rows}, {width})"
            received = f"an array of shape {initial.shape}"
            raise ShapeError(message(must, received, "Pass a row for each word"))
    return [r if i is None else i for i, r in zip(inputs, random, strict=True)]


def _batches(
    ids: np.ndarray, rows: int, starts: Any, window: int, negative: int, seed: int
) -> SkipgramBatches:
    """Return the pairs of each center word; without text there is no step."""
    if not ids.size:
        none = np.zeros((0, 2), np.int64)
        return SkipgramBatches(
            none, np.zeros(0, np.uint8), np.zeros(1, np.int64), np.zeros((0, 1), np.int64)
        )
    return sample_batches(
        ids,
        rows,
        steps=ids.size,
        batch=1,
        starts=starts,
        window=window,
        negative=negative,
        seed=seed,
    )


def _context_positions(batches: SkipgramBatches, sentence: np.ndarray, window: int) -> np.ndarray:
    """Return the position of the context word of each pair.

    A step has its context words in the order of the text, each followed by its negatives.
    """
    positions = np.zeros(len(batches.label), np.int64)
    for center in range(sentence.size):
        start, stop = batches.starts[center : center + 2]
        low, high = max(0, center - window), min(sentence.size, center + window + 1)
        near = [n for n in range(low, high) if n != center and sentence[n] == sentence[center]]
        if near:
            positions[start:stop] = np.array(near)[batches.label[start:stop].cumsum() - 1]
    return positions

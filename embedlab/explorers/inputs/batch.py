"""Padded batches of the sentences of a text."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from embedlab.data.padding import pad_sequences
from embedlab.explorers.inputs.sentence import parse_sentence

__all__ = ["Batch", "pad_lines"]


@dataclass(frozen=True)
class Batch:
    """A text as a padded batch.

    Attributes
    ----------
    ids : ndarray of int64, (B, T)
    tokens : tuple of tuple of str
        The T tokens of each sentence; "" for padding.
    lengths : tuple of int
        The words that are used of each sentence.
    available : tuple of int
        The words of each sentence that fit into T positions.
    total : int
        The number of sentences in the text; those after the first B are omitted.
    is_cut : bool
        Whether a sentence has more than T words.
    """

    ids: np.ndarray
    tokens: tuple[tuple[str, ...], ...]
    lengths: tuple[int, ...]
    available: tuple[int, ...]
    total: int
    is_cut: bool


LINE_MAX = 1500
"""The characters of a line that are read: its first words are shown."""


def pad_lines(
    text: str,
    steps: int,
    *,
    lengths: Sequence[int] = (),
    side: str = "post",
    maximum: int = 6,
    vocabulary: Any = None,
) -> Batch:
    """Return a text as a batch: one sentence a line, each padded to `steps` positions.

    Parameters
    ----------
    text : str
        One sentence a line; an empty line is a sequence of padding.
    steps : int
        T.
    lengths : sequence of int
        The words to use of each sentence; sentences without an entry are used whole.
    side : {"post", "pre"}
        The side of padding. Long sentences lose their end.
    maximum : int
        The largest B.
    vocabulary : embedlab.data.Vocabulary, optional
        As for `embedlab.explorers.inputs.sentence.parse_sentence`.

    Examples
    --------
    >>> batch = pad_lines("the cat sat\\na dog", 3, lengths=[2])
    >>> batch.ids.tolist(), batch.lengths, batch.available
    ([[1, 5, 0], [2, 4, 0]], (2, 2), (3, 2))
    """
    lines = text.rstrip("\n").split("\n") if text.strip("\n") else []
    used = [line[:LINE_MAX] for line in lines[:maximum]]
    # All lines at once, so that a word has one id in all lines.
    whole = parse_sentence("\n".join(used), vocabulary)
    counts = [len(parse_sentence(line, vocabulary).tokens) for line in used]
    ends = np.cumsum([0, *counts])
    available = [min(count, steps) for count in counts]
    used_lengths = [
        max(0, min(lengths[b], most)) if b < len(lengths) else most
        for b, most in enumerate(available)
    ]
    spans = [(start, start + n) for start, n in zip(ends, used_lengths, strict=False)]
    ids = pad_sequences([whole.ids[a:b] for a, b in spans], steps, side)
    tokens = []
    for (a, b), n in zip(spans, used_lengths, strict=True):
        words, padding = whole.tokens[a:b], ("",) * (steps - n)
        tokens.append((*padding, *words) if side == "pre" else (*words, *padding))
    longest = max(map(len, lines[:maximum]), default=0)
    is_cut = max(counts, default=0) > steps or longest > LINE_MAX
    return Batch(ids, tuple(tokens), tuple(used_lengths), tuple(available), len(lines), is_cut)

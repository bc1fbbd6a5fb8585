"""Several sentences as one padded batch: one a line, each cut where the learner dragged its end."""

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
        For each sentence its T places; "" where there is padding.
    lengths : tuple of int
        How many words of each sentence count.
    available : tuple of int
        How many words of each sentence fit into T places.
    total : int
        Sentences in the text; those after the first B are left out.
    """

    ids: np.ndarray
    tokens: tuple[tuple[str, ...], ...]
    lengths: tuple[int, ...]
    available: tuple[int, ...]
    total: int


def pad_lines(
    text: str,
    steps: int,
    *,
    lengths: Sequence[int] = (),
    side: str = "post",
    most: int = 6,
    vocabulary: Any = None,
) -> Batch:
    """Read a text line by line, and pad every sentence to `steps` places.

    Parameters
    ----------
    text : str
        One sentence a line; a line without a word is a sequence of padding alone.
    steps : int
        T.
    lengths : sequence of int
        How many words of each sentence count; all of those it does not name.
    side : {"post", "pre"}
        Where padding goes. What is cut is always a sentence's end.
    most : int
        B at most.
    vocabulary : embedlab.data.Vocabulary, optional
        As for `embedlab.explorers.inputs.sentence.parse_sentence`.

    Examples
    --------
    >>> batch = pad_lines("the cat sat\\na dog", 3, lengths=[2])
    >>> batch.ids.tolist(), batch.lengths, batch.available
    ([[1, 5, 0], [2, 4, 0]], (2, 2), (3, 2))
    """
    lines = text.rstrip("\n").split("\n") if text.strip("\n") else []
    drawn = lines[:most]
    whole = parse_sentence(
        "\n".join(drawn), vocabulary
    )  # at once, so that a word has one id in all lines
    counts = [len(parse_sentence(line, vocabulary).tokens) for line in drawn]
    ends = np.cumsum([0, *counts])
    available = [min(count, steps) for count in counts]
    kept = [
        max(0, min(lengths[b], room)) if b < len(lengths) else room
        for b, room in enumerate(available)
    ]
    spans = [(start, start + n) for start, n in zip(ends, kept, strict=False)]
    ids = pad_sequences([whole.ids[a:b] for a, b in spans], steps, side)
    tokens = []
    for (a, b), n in zip(spans, kept, strict=True):
        words, none = whole.tokens[a:b], ("",) * (steps - n)
        tokens.append((*none, *words) if side == "pre" else (*words, *none))
    return Batch(ids, tuple(tokens), tuple(kept), tuple(available), len(lines))

"""Two tables over the same words, compared: what moved, and which neighbors each word kept."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from embedlab.core.checks import ShapeError, as_table, check_flag, check_size, message, short_repr
from embedlab.core.geometry import LazyTable, nearest, normalize_rows
from embedlab.traces.readonly import readonly_copy
from embedlab.traces.text import format_count, format_number, join_some, short_label

__all__ = ["SAMPLE", "TEN", "ComparisonTrace", "WordChange", "procrustes", "trace_comparison"]

TEN = 10
SAMPLE = 300
"""Words whose neighbors are searched: of 400 000 x 300 numbers that takes some seconds."""

MOVED = 8
"""Words that moved most whose neighbors are searched too."""

BLOCK = 8192  # rows that are read at a time


class WordChange(NamedTuple):
    """One word in two tables.

    Attributes
    ----------
    word : str
    cosine : float
        Of its two rows, after the alignment.
    common, lost, gained : tuple of str
        Of its ten nearest words those in both tables, in the first only, in the second only; the
        nearest first.
    """

    word: str
    cosine: float
    common: tuple[str, ...]
    lost: tuple[str, ...]
    gained: tuple[str, ...]


@dataclass(frozen=True, eq=False, repr=False)
class ComparisonTrace:
    """Two tables over the same words, compared. Its arrays are read-only.

    Attributes
    ----------
    names : (str, str)
        Of the two tables.
    shapes : two of (V, D)
    words : tuple of str, N
        The words that both tables have, with a direction in each; "" where rows have no word.
    rows : ndarray of int64, (N, 2)
        Their row in each table.
    only : two of tuple of str
        The words that only one table has.
    without_direction : int
        The number of shared words whose row is zero, or holds NaN or an infinity, in either.
    rotation : ndarray of float32 or None, (D of the second, D of the first)
        The orthogonal matrix that is applied to rows of the second table; None without alignment.
    cosine_as_stored : float or None
        The mean cosine of a word's two rows before the alignment; None for different lengths.
    cosines : ndarray of float32, (N,)
        The cosine of each word's two rows after it.
    checked : ndarray of int64, (Q,)
        The words whose neighbors were searched: sampled, named, and those that moved most.
    sampled : int
        The number of words, evenly spread, at the beginning of `checked`.
    picked : ndarray of int64, (P,)
        The named words.
    near : ndarray of int64, (2, Q, K)
        The K = 10 nearest words in each table, exact over all N; -1 where there are no more.
    """

    names: tuple[str, str]
    shapes: tuple[tuple[int, int], tuple[int, int]]
    words: tuple[str, ...]
    rows: np.ndarray
    only: tuple[tuple[str, ...], tuple[str, ...]]
    without_direction: int
    rotation: np.ndarray | None
    cosine_as_stored: float | None
    cosines: np.ndarray
    checked: np.ndarray
    sampled: int
    picked: np.ndarray
    near: np.ndarray

    @property
    def moved(self) -> np.ndarray:
        """The words that moved most, at most 8: the smallest cosine first."""
        return _smallest(self.cosines)

    @property
    def overlap(self) -> np.ndarray:
        """The number of neighbors that each word of `checked` has in both tables, (Q,)."""
        return np.array(
            [np.intersect1d(a[a >= 0], b).size for a, b in zip(*self.near, strict=True)], np.int64
        )

    @property
    def mean_overlap(self) -> float:
        """The mean of `overlap` over the sample."""
        return float(self.overlap[: self.sampled].mean())

    @property
    def depth(self) -> int:
        """The number of neighbors that a word can have, at most ten."""
        return min(TEN, len(self.words) - 1)

    @property
    def unchanged(self) -> int:
        """The number of words of the sample with the same neighbors in both, in any order."""
        return int((self.overlap[: self.sampled] == self.depth).sum())

    def change(self, word: str | int) -> WordChange:
        """Return how one word of `checked` changed; a number is its position in `words`."""
        at = self.words.index(word) if isinstance(word, str) and word in self.words else word
        matches = np.flatnonzero(self.checked == (-1 if isinstance(at, str) else at))
        if not matches.size:
            raise ValueError(
                message(
                    f"a word must be one of the {len(self.checked)} whose neighbors were searched",
                    short_repr(word),
                    "Name it in pick=",
                )
            )
        before, after = (row[row >= 0].tolist() for row in self.near[:, matches[0]])
        return WordChange(
            self.name(int(at)),
            float(self.cosines[at]),
            tuple(self.name(n) for n in before if n in after),
            tuple(self.name(n) for n in before if n not in after),
            tuple(self.name(n) for n in after if n not in before),
        )

    def name(self, position: int) -> str:
        """Return a word, or the number of its row in the first table."""
        return short_label(self.words[position]) or f"#{self.rows[position, 0]}"

    @property
    def summary(self) -> str:
        """Describe the comparison in a few lines, with its numbers."""
        one, two = self.names
        (_, width), (_, other) = self.shapes
        lines = [
            f"tables   {one}: {_shape(self.shapes[0])}; {two}: {_shape(self.shapes[1])}",
            f"words    {format_count(len(self.words))} in both{self._only()}",
            f"rows     {self._agreement()}",
            f"near     {self._neighbors()}",
            f"moved    {join_some(map(self._scored, self.moved), MOVED, between=' · ')}",
        ]
        lines += [f"word     {self._sentence(self.change(int(at)))}" for at in self.picked]
        if self.rotation is not None and len(self.words) < 2 * max(width, other):
            lines.append(
                "caution  so few words can be aligned whatever they mean: their cosines say little"
            )
        return "\n".join(lines)

    @property
    def alt(self) -> str:
        """Describe the picture for somebody who does not see it."""
        one, two = self.names
        moved = join_some(map(self.name, self.moved), 5)
        return (
            f"Two tables, {one} and {two}, over {format_count(len(self.words), 'word')}. The "
            f"{self._agreement()}. There, {self._neighbors()}. Moved most: {moved}."
        )

    def __repr__(self) -> str:
        return f"ComparisonTrace({' and '.join(self.names)}, {len(self.words)} words)"

    def _scored(self, at: int) -> str:
        return f"{self.name(at)} {format_number(self.cosines[at], 3)}"

    def _sentence(self, change: WordChange) -> str:
        text = f"{change.word} {format_number(change.cosine, 3)}, {len(change.common)} kept"
        for label, words in (("lost", change.lost), ("gained", change.gained)):
            text += f"; {label} {join_some(words, 3)}" if words else ""
        return text

    def _only(self) -> str:
        parts = [
            f"{format_count(len(words))} only in {name} ({join_some(map(short_label, words), 3)})"
            for name, words in zip(self.names, self.only, strict=True)
            if words
        ]
        if self.without_direction:
            parts.append(f"{format_count(self.without_direction)} without a direction left out")
        return "".join(f"; {part}" for part in parts)

    def _agreement(self) -> str:
        mean = float(self.cosines.mean(dtype=np.float64))
        text = f"mean cosine of a word's two rows {format_number(mean, 3)}"
        if self.rotation is None:
            return f"{text}, as stored"
        if self.cosine_as_stored is None:
            return f"{text} after a rotation; as stored they have different lengths"
        return f"{text} after a rotation, {format_number(self.cosine_as_stored, 3)} as stored"

    def _neighbors(self) -> str:
        some = "all" if self.sampled == len(self.words) else f"{format_count(self.sampled)} sampled"
        return (
            f"on average {format_number(self.mean_overlap, 1)} of {self.depth} neighbors are kept, "
            f"over {some} words"
        )


def procrustes(target: Any, rows: Any) -> np.ndarray:
    """Return the orthogonal matrix R for which ``rows @ R`` is nearest to `target`.

    Parameters
    ----------
    target : array_like, (N, D)
    rows : array_like, (N, E)

    Returns
    -------
    ndarray, (E, D)
        ``R.T @ R`` or ``R @ R.T`` is the identity, whichever is smaller: of different lengths the
        shorter rows are taken as if they ended in zeros. Lengths and cosines of `rows` are kept.

    Notes
    -----
    Source: Schönemann, "A generalized solution of the orthogonal Procrustes problem", 1966.

    Examples
    --------
    >>> procrustes([[1.0, 0.0], [0.0, 2.0]], [[0.0, 1.0], [-2.0, 0.0]]).round(6).tolist()
    [[0.0, -1.0], [1.0, 0.0]]
    """
    a, b = as_table(target, "target"), as_table(rows, "rows")
    if len(a) != len(b):
        must = "target and rows must have a row for each word"
        raise ShapeError(message(must, f"{a.shape} and {b.shape}", "Match their words first"))
    return _rotation(b.astype(np.float64).T @ a)


def trace_comparison(
    before: Any,
    after: Any,
    *,
    words: Sequence[str] | None = None,
    words_after: Sequence[str] | None = None,
    names: tuple[str, str] = ("before", "after"),
    pick: str | Sequence[str] = (),
    sample: int = SAMPLE,
    align: bool = True,
) -> ComparisonTrace:
    """Compare two tables word by word.

    Parameters
    ----------
    before, after : array_like, (V, D) and (W, E), float16, float32 or float64
        Neither is copied as a whole.
    words, words_after : sequence of str, optional
        Of the rows of each; `words` stands for both where the second are not given. Of a repeated
        word the first row counts. Without words row n is compared with row n.
    names : (str, str)
        What the two are called.
    pick : str or sequence of str
        Words, or rows written ``#12``, whose neighbors are searched in any case.
    sample : int
        The number of words, evenly spread, whose neighbors are searched.
    align : bool
        Whether the second table is rotated onto the first. Two trainings have different axes, so
        that their numbers cannot be compared as stored; a rotation keeps every cosine within.

    Returns
    -------
    ComparisonTrace

    Raises
    ------
    ValueError
        For fewer than two words that both have, or a picked word that is not among them.
    ShapeError
        For a wrong number of words.

    Notes
    -----
    The rotation is that of orthogonal Procrustes for the rows scaled to length 1. Neighbors are
    searched within each table among the words that both have, so they do not depend on it.
    Source: Hamilton, Leskovec and Jurafsky, "Diachronic word embeddings reveal statistical laws of
    semantic change", ACL 2016.

    Examples
    --------
    >>> before = [[1.0, 0.0], [0.9, 0.1], [0.0, 1.0], [-0.1, 0.9]]
    >>> after = [[0.0, 1.0], [-0.1, 0.9], [-1.0, 0.0], [-0.9, 0.1]]
    >>> trace = trace_comparison(before, after, words=["a", "b", "c", "d"])
    >>> print(trace.summary)
    tables   before: 4 × 2; after: 4 × 2
    words    4 in both
    rows     mean cosine of a word's two rows 0.995 after a rotation, 0.055 as stored
    near     on average 3.0 of 3 neighbors are kept, over all words
    moved    d 0.986 · a 0.998 · b 0.998 · c 0.998
    """
    tables = as_table(before, "before"), as_table(after, "after")
    _check_names(names, pick)
    check_flag(align, "align")
    count = check_size(sample, "sample")
    labels = _labels(tables, words, words_after, names)
    shared, rows, only = _match(tables, labels, names)
    valid = _has_direction(tables[0], rows[:, 0]) & _has_direction(tables[1], rows[:, 1])
    dropped = int((~valid).sum())
    if dropped:
        shared, rows = tuple(itertools.compress(shared, valid.tolist())), rows[valid]
    if len(shared) < 2:
        raise ValueError(_too_few(len(shared), names, dropped))
    picked = _picked(pick, shared, rows, names)
    rotation, stored, cosines = _align(tables, rows, align)
    sampled = np.unique(np.linspace(0, len(shared) - 1, min(count, len(shared))).astype(np.int64))
    checked = np.array(list(dict.fromkeys([*sampled, *picked, *_smallest(cosines)])), np.int64)
    near = [_near(table, rows[:, n], checked) for n, table in enumerate(tables)]
    return ComparisonTrace(
        (str(names[0]), str(names[1])),
        (tables[0].shape, tables[1].shape),
        shared,
        readonly_copy(rows),
        only,
        dropped,
        None if rotation is None else readonly_copy(rotation, np.float32),
        stored,
        readonly_copy(cosines, np.float32),
        readonly_copy(checked),
        int(sampled.size),
        readonly_copy(picked),
        readonly_copy(near),
    )


def _check_names(names: Any, pick: Any) -> None:
    if not (isinstance(names, (tuple, list)) and len(names) == 2 and _are_words(names)):
        do = "Name the first and the second table"
        raise ValueError(message("names must be two words", short_repr(names), do))
    if not isinstance(pick, str) and not (isinstance(pick, (tuple, list)) and _are_words(pick)):
        do = 'Pass pick="cat" or pick=["cat", "dog"]'
        raise ValueError(message("pick must be a word or a list of them", short_repr(pick), do))


def _are_words(some: Any) -> bool:
    return all(isinstance(one, str) for one in some)


def _labels(
    tables: tuple[np.ndarray, np.ndarray],
    words: Sequence[str] | None,
    words_after: Sequence[str] | None,
    names: tuple[str, str],
) -> tuple[Sequence[str], Sequence[str]] | None:
    """Return the words of both tables, or None where row n is compared with row n."""
    if words is None and words_after is None:
        return None
    both = (words_after if words is None else words, words if words_after is None else words_after)
    for table, some, name in zip(tables, both, names, strict=True):
        if some is not None and len(some) != len(table):
            must = f"there must be a word for each of the {len(table)} rows of {name}"
            do = "Pass words= and words_after=, each for its table"
            raise ShapeError(message(must, f"{len(some)} words", do))
    assert both[0] is not None and both[1] is not None
    return both[0], both[1]


def _match(
    tables: tuple[np.ndarray, np.ndarray],
    labels: tuple[Sequence[str], Sequence[str]] | None,
    names: tuple[str, str],
) -> tuple[tuple[str, ...], np.ndarray, tuple[tuple[str, ...], tuple[str, ...]]]:
    """Return the words that both tables have, their rows, and the words that only one has."""
    heights = len(tables[0]), len(tables[1])
    if labels is None:
        if heights[0] != heights[1]:
            must = f"without words, {names[0]} and {names[1]} must have the same number of rows"
            received = f"{heights[0]} and {heights[1]}"
            raise ShapeError(message(must, received, "Pass words= and words_after="))
        return ("",) * heights[0], np.repeat(np.arange(heights[0])[:, None], 2, axis=1), ((), ())
    first, second = (
        dict(zip(reversed(some), reversed(range(len(some))), strict=True)) for some in labels
    )
    first.pop("", None)
    second.pop("", None)
    in_order = [dict.fromkeys(some) for some in labels]
    shared = tuple(word for word in in_order[0] if word in second and word)
    only = (
        tuple(word for word in in_order[0] if word and word not in second),
        tuple(word for word in in_order[1] if word and word not in first),
    )
    rows = [[first[word], second[word]] for word in shared]
    return shared, np.array(rows, np.int64).reshape(-1, 2), only


def _too_few(count: int, names: tuple[str, str], dropped: int) -> str:
    must = f"{names[0]} and {names[1]} must have two words in common"
    if dropped:
        received = f"{count}, and {dropped} whose row is zero or not finite"
        return message(must, received, "Pass tables with numbers in those rows")
    return message(must, str(count), "Write the words of both alike, as in lower case")


def _picked(
    pick: str | Sequence[str], shared: tuple[str, ...], rows: np.ndarray, names: tuple[str, str]
) -> np.ndarray:
    requested = [pick] if isinstance(pick, str) else list(pick)
    position = (
        dict(zip(reversed(shared), reversed(range(len(shared))), strict=True)) if requested else {}
    )
    position.pop("", None)
    numbered = {f"#{row}": at for at, row in enumerate(rows[:, 0].tolist())} if requested else {}
    matches = [position.get(word, numbered.get(word)) for word in requested]
    if None in matches:
        missing = short_repr(requested[matches.index(None)])
        must = f"a picked word must be one of the {len(shared)} that {names[0]} and {names[1]} have"
        raise ValueError(message(must, missing, "Choose another, or write a row as #12"))
    return np.array(list(dict.fromkeys(matches)), np.int64)


def _align(
    tables: tuple[np.ndarray, np.ndarray], rows: np.ndarray, align: bool
) -> tuple[np.ndarray | None, float | None, np.ndarray]:
    """Return the rotation, the mean cosine as stored, and each cosine as it is compared."""
    widths = tables[0].shape[1], tables[1].shape[1]
    if not align and widths[0] != widths[1]:
        must = "without alignment both tables must have rows of one length"
        raise ShapeError(message(must, f"{widths[0]} and {widths[1]} numbers", "Leave out align="))
    stored = None
    cosines = np.empty(len(rows))
    products = np.zeros((widths[1], widths[0]))
    for start, a, b in _blocks(tables, rows):
        if align:
            products += b.T @ a
        if widths[0] == widths[1]:
            cosines[start : start + len(a)] = np.einsum("rd,rd->r", a, b)
    if widths[0] == widths[1]:
        stored = float(cosines.mean())
    if not align:
        return None, stored, cosines.clip(-1, 1)
    rotation = _rotation(products)
    for start, a, b in _blocks(tables, rows):
        cosines[start : start + len(a)] = np.einsum("rd,rd->r", a, b @ rotation.astype(b.dtype))
    return rotation, stored, cosines.clip(-1, 1)


def _rotation(products: np.ndarray) -> np.ndarray:
    """Return the orthogonal matrix that is nearest to ``rows.T @ target``."""
    left, _, right = np.linalg.svd(products, full_matrices=False)
    return np.asarray(left @ right)


def _blocks(
    tables: tuple[np.ndarray, np.ndarray], rows: np.ndarray
) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Yield shared rows of both tables, scaled to length 1, in single precision at least."""
    for start in range(0, len(rows), BLOCK):
        part = rows[start : start + BLOCK]
        a, b = (_unit_rows(table[part[:, n]]) for n, table in enumerate(tables))
        yield start, a, b


def _has_direction(table: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return for each row whether it is finite and not zero."""
    valid = np.empty(len(rows), bool)
    for start in range(0, len(rows), BLOCK):
        block = table[rows[start : start + BLOCK]]
        valid[start : start + len(block)] = np.isfinite(block).all(axis=1) & block.any(axis=1)
    return valid


def _near(table: np.ndarray, rows: np.ndarray, checked: np.ndarray) -> np.ndarray:
    """Return the ten nearest shared words of each checked one, (Q, 10)."""
    if np.array_equal(rows, np.arange(len(table))):
        shared = LazyTable(table.shape, lambda a, b: table[a:b])
    else:
        shared = LazyTable((len(rows), table.shape[1]), lambda a, b: table[rows[a:b]])
    ids = nearest(shared, table[rows[checked]], TEN, exclude=checked[:, None]).ids
    return np.pad(ids, ((0, 0), (0, TEN - ids.shape[1])), constant_values=-1)


def _unit_rows(block: np.ndarray) -> np.ndarray:
    """Return rows scaled to length 1, in single precision at least."""
    single = block.astype(np.promote_types(block.dtype, np.float32), copy=False)
    with np.errstate(over="ignore"):
        squares = np.einsum("rd,rd->r", single, single)
    if not ((squares > np.finfo(single.dtype).tiny * 1e10) & (squares < np.inf)).all():
        return normalize_rows(single)  # which no length overflows
    return np.asarray(single / np.sqrt(squares)[:, None])


def _smallest(cosines: np.ndarray) -> np.ndarray:
    return np.argsort(cosines, kind="stable")[:MOVED]


def _shape(shape: tuple[int, int]) -> str:
    return f"{format_count(shape[0])} × {format_count(shape[1])}"

"""Windows on a user's table: the rows and columns that a view shows, and what it leaves out."""

from collections.abc import Iterable, Sequence

import numpy as np

from embedlab.traces.text import format_count

__all__ = ["join_notes", "row_labels", "rows_around", "window_note", "words_note"]


def rows_around(used: Iterable[int], total: int, most: int) -> np.ndarray:
    """Return at most `most` of `total` rows, sorted: those in use, then the rows around them.

    Parameters
    ----------
    used : iterable of int
        The most important first; rows outside the table are ignored.
    total : int
        V.
    most : int

    Returns
    -------
    ndarray of int64
        All rows, if they are not more than `most`.

    Examples
    --------
    >>> rows_around([50, 900, 50], 1000, 8).tolist()
    [48, 49, 50, 51, 52, 899, 900, 901]
    >>> rows_around([], 1000, 3).tolist()
    [0, 1, 2]
    """
    if total <= most:
        return np.arange(total)
    in_use = [row for row in dict.fromkeys(used) if 0 <= row < total][:most] or [0]
    chosen, distance = set(in_use), 1
    while len(chosen) < most:
        near = [row + by for row in in_use for by in (-distance, distance)]
        for row in near:
            if 0 <= row < total and len(chosen) < most:
                chosen.add(row)
        distance += 1
    return np.array(sorted(chosen), np.int64)


def row_labels(
    rows: Sequence[int] | np.ndarray, words: Sequence[str], *, number: bool = False
) -> list[str]:
    """Return the word of each row, or "" (or its number, as ``#12``) where it has none.

    >>> row_labels([0, 7], ["cat"]), row_labels([0, 7], ["cat"], number=True)
    (['cat', ''], ['cat', '#7'])
    """
    labels = [words[row] if row < len(words) else "" for row in map(int, rows)]
    if not number:
        return labels
    return [label or f"#{int(row)}" for label, row in zip(labels, rows, strict=True)]


def window_note(shape: tuple[int, int], rows: int, columns: int) -> str | None:
    """Return what a view leaves out of a table, or None if it shows all of it.

    Examples
    --------
    >>> window_note((30522, 384), 40, 16)
    'Shown: 40 of 30 522 rows, columns 0 to 15 of 384.'
    >>> window_note((40, 384), 40, 16)
    'Shown: columns 0 to 15 of 384.'
    """
    parts = []
    if rows < shape[0]:
        parts.append(f"{format_count(rows)} of {format_count(shape[0])} rows")
    if columns < shape[1]:
        parts.append(f"columns 0 to {columns - 1} of {format_count(shape[1])}")
    return f"Shown: {', '.join(parts)}." if parts else None


def words_note(used: int, total: int, unit: str = "word") -> str | None:
    """Return how many words, or ids, of a text are used, or None if all are.

    >>> words_note(80, 3000), words_note(16, 17, "id")
    ('The first 80 of 3 000 words are used.', 'The first 16 of 17 ids are used.')
    """
    if used >= total:
        return None
    return f"The first {format_count(used)} of {format_count(total, unit)} are used."


def join_notes(*notes: str | None) -> str | None:
    """Return some notes as one text, or None.

    >>> join_notes("Shown: one.", None), join_notes(None)
    ('Shown: one.', None)
    """
    return " ".join(note for note in notes if note) or None

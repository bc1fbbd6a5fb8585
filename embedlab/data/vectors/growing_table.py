"""A table whose rows are read one block after another, and the rules for broken lines."""

from typing import NoReturn

import numpy as np

from embedlab.data.vectors.vectors import Skipped, Vectors
from embedlab.storage.errors import FileRefused

__all__ = ["GrowingTable"]

SKIP = 'Pass on_error="skip" to leave such lines out'
SKIPPED_MAX = 10_000
"""More broken lines than that are another format."""
GROWTH_BYTES = 64 << 20  # a small table doubles; a large one grows by that, or by an eighth


class GrowingTable:
    """Words and rows read so far. A header never decides how much memory is used.

    Parameters
    ----------
    path : str
        The file, for errors.
    limit : int or None
        The number of rows after which it is full.
    skip : bool
        Whether broken lines are left out; otherwise the first is an error.
    """

    def __init__(self, path: str, limit: int | None, skip: bool):
        self.path, self.limit, self.skip = path, limit, skip
        self.words: list[str] = []
        self.skipped: list[Skipped] = []
        self._known: set[str] = set()
        self._table = np.empty((0, 0), np.float32)

    def __len__(self) -> int:
        return len(self.words)

    @property
    def is_full(self) -> bool:
        """True when `limit` rows were read."""
        return self.limit is not None and len(self) >= self.limit

    def leave_out(self, line: int, must: str, received: str, do: str = SKIP) -> None:
        """Leave a line out, or raise FileRefused where that was not asked for."""
        if not self.skip:
            self.refuse(line, must, received, do)
        self.skipped.append(Skipped(line, received))
        if len(self.skipped) > SKIPPED_MAX:
            received = f"more than {SKIPPED_MAX:,} others, the last in line {line}: {received}"
            self.refuse(0, must, received, "Pass format=... if this is another one")

    def refuse(self, line: int, must: str, received: str, do: str) -> NoReturn:
        """Raise FileRefused for what was received in a line."""
        where = f" in line {line}" if line else ""
        raise FileRefused(self.path, must, f"{received}{where}", do)

    def check_count(self, announced: int, count: int) -> None:
        """Compare the number of words in a file with what its first line announces."""
        if count == announced:
            return
        there = f"{count:,}" if count < announced else "more"
        if not self.skip:
            must = f"hold the {announced:,} words that its first line announces"
            do = 'Get it again if it was cut, or pass on_error="skip" to use what is there'
            self.refuse(0, must, there, do)
        self.skipped.append(Skipped(1, f"announces {announced:,} words; there are {there}"))

    def append(self, lines: list[int], words: list[bytes], rows: np.ndarray) -> None:
        """Append the rows (N, D) of some words; leave out what is no word or no finite row.

        `lines` holds the number of the line of each.
        """
        finite = np.isfinite(rows).all(axis=1).tolist()
        valid = []
        for n, (line, raw) in enumerate(zip(lines, words, strict=True)):
            if self.is_full:
                break
            word = self._word(line, raw)
            if word is None:
                continue
            if not finite[n]:
                at = int(np.argmin(np.isfinite(rows[n])))
                received = f"{rows[n, at]} as number {at + 1} of {word!r:.60}"
                self.leave_out(line, "hold finite numbers that fit into float32", received)
                continue
            self._known.add(word)
            self.words.append(word)
            valid.append(n)
        if valid:
            self._store(rows if len(valid) == len(rows) else rows[valid])

    def vectors(self, source: str) -> Vectors:
        """Return all words and rows."""
        if not self.words:
            left_out = f"none, and {len(self.skipped)} broken lines" if self.skipped else "none"
            self.refuse(0, "hold at least one vector", left_out, "Name another file")
        self._resize(len(self))
        return Vectors(tuple(self.words), self._table, source, tuple(self.skipped))

    def _word(self, line: int, raw: bytes) -> str | None:
        try:
            word = raw.decode("utf-8")
        except UnicodeDecodeError:
            self.leave_out(line, "hold words in UTF-8", f"{raw!r:.60}")
            return None
        if not word:
            self.leave_out(line, "hold a word before the numbers", "none")
            return None
        if word in self._known:
            do = 'Pass on_error="skip" to use the first one'
            self.leave_out(line, "hold each word once", f"{word!r:.60} again", do)
            return None
        return word

    def _store(self, rows: np.ndarray) -> None:
        stop = len(self)
        if self._table.shape[1] != rows.shape[1]:
            self._table = np.empty((0, rows.shape[1]), np.float32)
        if stop > len(self._table):
            count = len(self._table)
            most = count + min(count, max(count // 8, GROWTH_BYTES // (4 * rows.shape[1])))
            self._resize(max(stop, most if self.limit is None else min(most, self.limit)))
        self._table[stop - len(rows) : stop] = rows

    def _resize(self, count: int) -> None:
        # Pages move, numbers are not copied (mremap): there are never two tables.
        self._table.resize((count, self._table.shape[1]), refcheck=False)

"""A folder of cards: each is written whole, and read once."""

import re
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from embedlab.core.checks import message
from embedlab.lessons.classroom.card import Card
from embedlab.lessons.classroom.read_card import CardError, read_card
from embedlab.storage.atomic import atomic_write

__all__ = ["MOST_CARDS", "CardFolder", "FolderFullError"]

MOST_CARDS = 1_000
_SESSION = re.compile(r"card-[0-9a-f]{8}(?!\w)")
"""The beginning of the name that `Card.save` chooses; a browser may append “ (1)”."""


class FolderFullError(OSError):
    """As many cards as a folder may hold."""


@dataclass
class CardFolder:
    """The cards in a folder, also those that somebody copies into it.

    Attributes
    ----------
    path : pathlib.Path
    most : int
        The number of cards that it takes.
    """

    path: Path
    most: int = MOST_CARDS
    _read: dict[tuple[str, int, int, int], Card | str] = field(default_factory=dict, repr=False)

    def add(self, card: Card, name: str = "") -> Path:
        """Write a card, and return its file.

        Parameters
        ----------
        card : Card
        name : str
            The file name that it has on the learner's machine. One that `Card.save` chose belongs
            to one session, and a second card of that session replaces the first.

        Raises
        ------
        FolderFullError
        OSError
            When it cannot be written.

        Examples
        --------
        >>> import tempfile
        >>> folder = CardFolder(Path(tempfile.mkdtemp()))
        >>> folder.add(Card({}), "card-0123abcd (1).json").name
        'card-0123abcd.json'
        >>> _ = folder.add(Card({"01.exit": ("c", True)}), "card-0123abcd.json")
        >>> folder.add(Card({}), "../mine.json").name == "mine.json"
        False
        >>> [len(card.answers) for card in folder.read()[0]]  # in the order of their random names
        [1, 0]
        """
        path = self._session_file(name) or self.path / f"card-{secrets.token_hex(4)}.json"
        if not path.exists() and len(self._files()) >= self.most:
            must = f"a folder takes {self.most} cards"
            raise FolderFullError(message(must, "one more", "Tell your teacher"))
        with atomic_write(path) as temporary:
            temporary.write_text(f"{card.json}\n", encoding="utf-8", newline="\n")
        return path

    def read(self) -> tuple[list[Card], dict[str, str]]:
        """Return the cards, and by file name why others are none; only new files are read."""
        before, self._read = self._read, {}
        cards, refused = [], {}
        for path in self._files():
            try:
                status = path.stat()
            except OSError:  # deleted meanwhile
                continue
            key = (path.name, status.st_ino, status.st_mtime_ns, status.st_size)
            result = before.get(key) or _result(path)
            self._read[key] = result
            if isinstance(result, Card):
                cards.append(result)
            else:
                refused[path.name] = result
        return cards, refused

    def holds(self, name: str) -> bool:
        """Return whether a card of this name would replace that of the same session."""
        path = self._session_file(name)
        return path is not None and path.exists()

    def _session_file(self, name: str) -> Path | None:
        session = _SESSION.match(name)
        return self.path / f"{session[0]}.json" if session else None

    def _files(self) -> list[Path]:
        return sorted(self.path.glob("*.json"))


def _result(path: Path) -> Card | str:
    try:
        return read_card(path)
    except CardError as error:
        return str(error)

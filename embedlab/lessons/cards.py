"""Answer cards: a learner's first answers as a small JSON text, without any personal data."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["MOST_BYTES", "Card", "card", "forget", "keep", "kept"]

MOST_BYTES = 1_000

_FIRST: dict[str, tuple[str, bool]] = {}


@dataclass(frozen=True, repr=False)
class Card:
    """First answers by question. It holds no name, no time and no trace of the machine.

    Attributes
    ----------
    answers : dict
        Question -> (answer, whether it was right).
    left_out : int
        How many did not fit into `MOST_BYTES`.
    """

    answers: dict[str, tuple[str, bool]]
    left_out: int = 0

    @property
    def json(self) -> str:
        """The card as one line of JSON."""
        said: dict[str, Any] = {"embedlab": 1, "answers": self.answers}
        if self.left_out:
            said["left_out"] = self.left_out
        return json.dumps(said, ensure_ascii=False, separators=(",", ":"))

    def save(self, path: str | Path) -> Path:
        """Write the card to a file, to be handed in."""
        path = Path(path)
        path.write_text(self.json + "\n", encoding="utf-8")
        return path

    def __repr__(self) -> str:
        return self.json


def keep(question: str, answer: str, correct: bool) -> None:
    """Keep an answer. The first one stays: a prediction is no prediction once one has looked."""
    _FIRST.setdefault(question, (answer, correct))


def kept(question: str) -> str | None:
    """Give the first answer to a question, or None."""
    found = _FIRST.get(question)
    return found[0] if found else None


def forget() -> None:
    """Begin a new card."""
    _FIRST.clear()


def card(*explorers: Any) -> Card:
    """Give your answers so far, and the predictions made in the given views.

    Parameters
    ----------
    *explorers : Explorer
        Each tells its `answers`: ``{"question", "answer", "correct"}``.

    Returns
    -------
    Card
        At most 1 kB of JSON; what does not fit is counted in `left_out`.

    Examples
    --------
    >>> forget()
    >>> keep("01.exit", "b", False)
    >>> card()
    {"embedlab":1,"answers":{"01.exit":["b",false]}}
    >>> forget()
    """
    answers = dict(_FIRST)
    for question, answer, correct in _seen(explorers):
        answers.setdefault(question, (answer, correct))
    left_out = 0
    while len(Card(answers, left_out).json.encode()) > MOST_BYTES:
        answers.popitem()
        left_out += 1
    return Card(answers, left_out)


def _seen(explorers: Iterable[Any]) -> Iterable[tuple[str, str, bool]]:
    for explorer in explorers:
        for given in explorer.answers:
            said = given.get("answer")
            text = said if isinstance(said, str) else json.dumps(said, separators=(",", ":"))
            yield str(given.get("question"))[:40], text[:60], bool(given.get("correct"))

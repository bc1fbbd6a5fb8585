"""Answer cards: a learner's answers as a small JSON text, without any personal data.

A card belongs to one session, that is to one notebook from its start to its end. It holds letters,
diagnoses, sentences of the checkers and predictions: no name, no folder, no time, nothing of the
machine.
"""

import json
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from embedlab.lessons.classroom.feedback import checker_words_only
from embedlab.lessons.classroom.hand_in import hand_in
from embedlab.storage.atomic import atomic_write

__all__ = [
    "MOST_BYTES",
    "VERSION",
    "Card",
    "card",
    "clear",
    "record_answer",
    "record_attempt",
    "record_reveal",
    "recorded_answer",
    "session_folder",
    "was_revealed",
]

MOST_BYTES = 1_000
VERSION = 1
"""Of the card's form. A reader refuses any other."""

_NAME = re.compile(r"\w[\w.-]{0,59}\.json")


@dataclass
class _Session:
    """The answers of this session, where it began, and the file its card went to."""

    folder: Path = field(default_factory=Path.cwd)  # a lesson may work in another one later
    answers: dict[str, tuple[str, bool]] = field(default_factory=dict)
    checks: dict[str, tuple[str, bool]] = field(default_factory=dict)
    feedback: dict[str, str] = field(default_factory=dict)
    revealed: set[str] = field(default_factory=set)
    file: str | None = None


_now = _Session()


@dataclass(frozen=True, repr=False)
class Card:
    """First answers by question. It holds no name, no time and no trace of the machine.

    Attributes
    ----------
    answers : dict
        Question or prediction -> (answer, whether it was right).
    checks : dict
        Exercise -> (what the first try showed: "right", "wrong" or a misconception such as "M4";
        whether it was solved in the end).
    left_out : int
        How many did not fit into `MOST_BYTES`.
    feedback : dict
        Exercise -> the checker's sentence on a first try that was "wrong", in words of the checker
        only.
    """

    answers: dict[str, tuple[str, bool]]
    checks: dict[str, tuple[str, bool]] = field(default_factory=dict)
    left_out: int = 0
    feedback: dict[str, str] = field(default_factory=dict)

    @property
    def json(self) -> str:
        """The card as one line of JSON."""
        message: dict[str, Any] = {"embedlab": VERSION, "answers": self.answers}
        if self.checks:
            message["checks"] = self.checks
        if self.feedback:
            message["feedback"] = self.feedback
        if self.left_out:
            message["left_out"] = self.left_out
        return json.dumps(message, ensure_ascii=False, separators=(",", ":"))

    def save(self, name: str | None = None) -> None:
        """Write the card beside the notebook, where the session began, and say so in one line.

        Parameters
        ----------
        name : str, optional
            A plain file name that ends in .json. Without one the card is called
            `card-<random>.json`; saved again in the same session, it is the same file.

        Raises
        ------
        ValueError
            When the name is none, or names another folder.
        """
        if name is not None and not (isinstance(name, str) and _NAME.fullmatch(name)):
            raise ValueError(
                "a card must have a plain file name that ends in .json. "
                f"Received {name!r:.60}. Leave it away: card().save()"
            )
        if name is None:
            name = _now.file = _now.file or _unused()
        written = f"{self.json}\n".encode()
        with atomic_write(_now.folder / name) as temporary:
            temporary.write_bytes(written)
        print(f"{name}: {self.contents} in {len(written)} bytes, and nothing about you.")

    def hand_in(self, address: str) -> None:
        """Send the card to your teacher's `embedlab collect`, and say in one line what came of it.

        Nothing but `json` is sent. Handed in again in the same session, it replaces the first.

        Parameters
        ----------
        address : str
            The whole address on the board, ``http://…/…/``.

        Raises
        ------
        ValueError
            When this is not such an address.
        """
        name = _now.file = _now.file or _unused()
        accepted, line = hand_in(address, self.json, name)
        print(f"{line}: {self.contents}, and nothing about you." if accepted else line)

    @property
    def contents(self) -> str:
        """A summary in a few words: ``2 answers and 1 check``."""
        tries = f" and {_count(len(self.checks), 'check')}" if self.checks else ""
        return f"{_count(len(self.answers), 'answer')}{tries}"

    def __repr__(self) -> str:
        return self.json


def record_answer(question: str, answer: str, correct: bool) -> None:
    """Keep an answer, until the right one is shown: a prediction is none once one has looked."""
    if question not in _now.revealed:
        _now.answers[question] = (answer, correct)


def record_reveal(question: str) -> None:
    """Note that the right answer to a question is shown: the recorded one stays from now on."""
    _now.revealed.add(question)


def recorded_answer(question: str) -> str | None:
    """Return the answer to a question, or None."""
    recorded = _now.answers.get(question)
    return recorded[0] if recorded else None


def was_revealed(question: str) -> bool:
    """Return whether the right answer to a question was shown."""
    return question in _now.revealed


def session_folder() -> Path:
    """Return the folder in which the session began: that of the notebook."""
    return _now.folder


def record_attempt(exercise: str, belief: str | None, ok: bool, message: str = "") -> None:
    """Keep what a check found: the first try, and whether any try was right.

    The checker's `message` is kept when the first try was wrong and shows no misconception.

    Examples
    --------
    >>> clear()
    >>> record_attempt("03.scatter_add", "M4", False)
    >>> record_attempt("03.scatter_add", None, True)
    >>> card()
    {"embedlab":1,"answers":{},"checks":{"03.scatter_add":["M4",true]}}
    >>> clear()
    """
    if exercise not in _now.checks and not (ok or belief) and message:
        _now.feedback[exercise] = checker_words_only(message)
    first, solved = _now.checks.get(exercise, ("right" if ok else belief or "wrong", ok))
    _now.checks[exercise] = (first, solved or ok)


def clear() -> None:
    """Begin a new card."""
    global _now
    _now = _Session()


def card(*explorers: Any) -> Card:
    """Return your answers so far, and the predictions made in the given views.

    Parameters
    ----------
    *explorers : Explorer
        Each tells its `answers`: ``{"question", "answer", "correct"}``.

    Returns
    -------
    Card
        At most 1 kB of JSON; what does not fit is counted in `left_out`. Its `save` writes it.

    Examples
    --------
    >>> clear()
    >>> record_answer("01.exit", "b", False)
    >>> card()
    {"embedlab":1,"answers":{"01.exit":["b",false]}}
    >>> clear()
    """
    answers, checks, feedback = dict(_now.answers), dict(_now.checks), dict(_now.feedback)
    for question, answer, correct in _seen(explorers):
        answers.setdefault(question, (answer, correct))
    left_out = 0
    while len(Card(answers, checks, left_out, feedback).json.encode()) > MOST_BYTES:
        (feedback or answers or checks).popitem()
        left_out += 1
    return Card(answers, checks, left_out, feedback)


def _seen(explorers: Iterable[Any]) -> Iterable[tuple[str, str, bool]]:
    for explorer in explorers:
        for submission in explorer.answers:
            message = submission.get("answer")
            text = (
                message if isinstance(message, str) else json.dumps(message, separators=(",", ":"))
            )
            yield str(submission.get("question"))[:40], text[:60], bool(submission.get("correct"))


def _unused() -> str:
    """Return a name that no file there has: a class may share one folder."""
    while (_now.folder / (name := f"card-{secrets.token_hex(4)}.json")).exists():
        pass
    return name


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"

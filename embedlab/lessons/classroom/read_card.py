"""Cards as they are handed in: files from forty strangers, so nothing in them is believed."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from embedlab.core.checks import short_repr
from embedlab.lessons.classroom.card import MOST_BYTES, VERSION, Card
from embedlab.lessons.classroom.feedback import checker_words_only
from embedlab.lessons.grading.check import all_items
from embedlab.lessons.misconceptions import MISCONCEPTIONS
from embedlab.lessons.predictions import PREDICTIONS

__all__ = ["CardError", "parse_card", "read_card"]

_AGAIN = "Ask for it again: card().save()"
_NEWER = "Update embedlab, or leave the card out"
_CURVE = re.compile(r"\[[-+0-9.,eE]*\]?")
"""What a view reports: a list of numbers, perhaps cut short."""


class CardError(ValueError):
    """A file that is no card."""


def read_card(path: str | Path) -> Card:
    """Read the card in a file; see `parse_card`.

    Parameters
    ----------
    path : str or pathlib.Path
        A file that `Card.save` wrote.

    Raises
    ------
    CardError
        In one line, for what is no file, and for what `parse_card` refuses.

    Examples
    --------
    >>> read_card("no such card.json")
    Traceback (most recent call last):
    embedlab.lessons.classroom.read_card.CardError: a card must be a file that can be read. Received
    none. \
Ask for it again: card().save()
    """
    return parse_card(_content(Path(path)))


def parse_card(content: bytes) -> Card:
    """Return the card in some bytes; refuse all that no learner's session could have written.

    Parameters
    ----------
    content : bytes
        `Card.json`, with or without a line break.

    Returns
    -------
    Card
        Every name in it is known here, every letter is a choice of its question, what counts as
        right is right, and every word of a sentence is a checker's.

    Raises
    ------
    CardError
        In one line, for anything else: too large, no JSON, another version, unknown or doubled
        keys, wrong types, a wrong claim.

    Examples
    --------
    >>> parse_card(b'{"embedlab":1,"answers":{"01.exit":["c",true]}}')
    {"embedlab":1,"answers":{"01.exit":["c",true]}}
    """
    message = _parsed(_text(content))
    version = message.get("embedlab")
    if type(version) is not int or version != VERSION:  # true is no version
        _refuse(f"say embedlab: {VERSION}", version, _NEWER)
    unknown = set(message) - {"embedlab", "answers", "checks", "feedback", "left_out"}
    if unknown:
        _refuse("hold answers, checks, feedback and left_out only", sorted(unknown)[0], _NEWER)
    left_out = message.get("left_out", 0)
    if type(left_out) is not int or not 0 <= left_out < 10_000:
        _refuse("count what it left out", left_out, _AGAIN)
    answers = {
        name: _answer(name, *_pair(name, value))
        for name, value in _table(message, "answers", must=True).items()
    }
    checks = {
        name: _check(name, *_pair(name, value)) for name, value in _table(message, "checks").items()
    }
    feedback = {
        name: _sentence(name, value, checks) for name, value in _table(message, "feedback").items()
    }
    return Card(answers, checks, left_out, feedback)


def _content(path: Path) -> bytes:
    try:
        if not path.is_file():  # a folder, a pipe, a device
            _refuse("be a file that can be read", None, _AGAIN)
        with path.open("rb") as file:
            return file.read(2 * MOST_BYTES)
    except (OSError, ValueError) as error:
        if isinstance(error, CardError):
            raise
        _refuse("be a file that can be read", type(error).__name__, _AGAIN)


def _text(content: bytes) -> str:
    if len(content) >= 2 * MOST_BYTES or len(content.strip()) > MOST_BYTES:
        _refuse(f"fit into {MOST_BYTES} bytes", content, _AGAIN)
    try:
        return content.decode("utf-8-sig")  # an editor may have put a mark before it
    except UnicodeDecodeError:
        _refuse("be text in UTF-8", content, _AGAIN)


def _parsed(text: str) -> dict[str, Any]:
    try:
        message = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    except CardError:
        raise
    except (ValueError, RecursionError):
        _refuse("be JSON", text, _AGAIN)
    if not isinstance(message, dict):
        _refuse("be a JSON object", message, _AGAIN)
    return message


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make a dict of an object's keys; JSON lets a key come twice, and a card does not."""
    record = dict(pairs)
    if len(record) < len(pairs):
        _refuse("name each question once", [name for name, _ in pairs], _AGAIN)
    return record


def _no_number(name: str) -> NoReturn:
    _refuse("hold no number that JSON has not", name, _AGAIN)


def _table(message: Mapping[str, Any], key: str, *, must: bool = False) -> dict[str, Any]:
    value = message.get(key, None if must else {})
    if not isinstance(value, dict):
        _refuse(f"hold its {key} as an object", value, _AGAIN)
    return value


def _pair(name: str, value: Any) -> tuple[str, bool]:
    match value:
        case [str() as first, bool() as second]:
            return first, second
    _refuse(f"say [text, true or false] of {short_repr(name)}", value, _AGAIN)


def _answer(name: str, answer: str, correct: bool) -> tuple[str, bool]:
    questions = all_items("QUESTIONS")
    if name in questions:
        if answer not in questions[name].choices:
            _refuse(f"choose a letter of {name}", answer, _AGAIN)
        if correct != (answer == questions[name].correct):
            _refuse(f"tell the truth about {name}", [answer, correct], _AGAIN)
    elif name not in PREDICTIONS:
        _refuse("answer questions that this embedlab knows", name, _NEWER)
    elif not _CURVE.fullmatch(answer) or len(answer) > 60:
        _refuse(f"predict {name} in numbers", answer, _AGAIN)
    return answer, correct


def _check(name: str, first: str, solved: bool) -> tuple[str, bool]:
    if name not in all_items("CHECKS"):
        _refuse("name exercises that this embedlab knows", name, _NEWER)
    if first not in ("right", "wrong", *MISCONCEPTIONS):
        _refuse(f"diagnose {name} in known words", first, _NEWER)
    if first == "right" and not solved:
        _refuse(f"tell the truth about {name}", [first, solved], _AGAIN)
    return first, solved


def _sentence(name: str, sentence: Any, checks: Mapping[str, tuple[str, bool]]) -> str:
    if checks.get(name, ("", False))[0] != "wrong" or not isinstance(sentence, str):
        _refuse(f"keep a sentence on a wrong first try of {short_repr(name)}", sentence, _AGAIN)
    return checker_words_only(sentence)


def _refuse(must: str, received: Any, cure: str) -> NoReturn:
    received = "none" if received is None else short_repr(received)
    raise CardError(f"a card must {must}. Received {received}. {cure}") from None

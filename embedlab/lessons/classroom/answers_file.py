"""Answers given by a button, in a file beside the notebook: a restarted kernel finds them again.

An answer is stored by its text, not by its letter: a newer lesson may change the order of choices.
"""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from embedlab.storage.atomic import atomic_write

__all__ = ["FILE", "AnswersFileError", "SavedAnswer", "load_answer", "save_answer"]

FILE = "embedlab-answers.json"
_VERSION = 1
_MOST_BYTES = 200_000
_WAIT, _STALE = 2.0, 10.0
"""Seconds: to wait for another kernel that writes, and until its lock counts as left behind."""


class AnswersFileError(OSError):
    """The file cannot be read or written, so that an answer cannot be stored."""


@dataclass(frozen=True)
class SavedAnswer:
    """The texts of a question and of the choice, and whether the right answer was shown since."""

    question: str
    choice: str
    revealed: bool


def load_answer(folder: Path, name: str) -> SavedAnswer | None:
    """Return the stored answer to a question, or None; also where the file cannot be read.

    Examples
    --------
    >>> load_answer(Path("no such folder"), "01.predict") is None
    True
    """
    try:
        match _read(folder / FILE).get(name):
            case {
                "question": str() as question,
                "choice": str() as choice,
                "revealed": bool() as r,
            }:
                return SavedAnswer(question, choice, r)
    except AnswersFileError:
        pass  # `save_answer` tells it
    return None


def save_answer(folder: Path, name: str, answer: SavedAnswer) -> None:
    """Store an answer; answers to other questions, of other notebooks too, stay as they are.

    Parameters
    ----------
    folder : pathlib.Path
        Where the notebook lies.
    name : str
        Of the question.
    answer : SavedAnswer

    Raises
    ------
    AnswersFileError
        When the folder cannot be written, or a file of this name is none of ours.
    """
    path = folder / FILE
    try:
        with _locked(path):  # or two kernels would read at once, and one answer would be lost
            answers = _read(path)
            answers[name] = asdict(answer)
            content = {"embedlab": _VERSION, "answers": answers}
            text = json.dumps(content, ensure_ascii=False, indent=1)
            with atomic_write(path) as temporary:  # another kernel never reads half a file
                temporary.write_text(f"{text}\n", encoding="utf-8", newline="\n")
    except AnswersFileError:
        raise
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise AnswersFileError(f"{FILE} cannot be written ({why})") from error


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Wait until no other kernel writes the file; a lock that was left behind is taken over."""
    lock = path.with_name(f".{path.name}.lock")
    until = time.monotonic() + _WAIT
    while True:
        try:
            os.close(os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
            break
        except (FileExistsError, PermissionError):  # Windows: PermissionError while it is deleted
            try:
                stale = time.time() - lock.stat().st_mtime > _STALE
            except FileNotFoundError:
                if not os.access(path.parent, os.W_OK):
                    raise
                stale = False
            if stale or time.monotonic() > until:
                break
            time.sleep(0.01)
    try:
        yield
    finally:
        with suppress(OSError):  # gone, or none of ours: the answers are written
            lock.unlink()


def _read(path: Path) -> dict[str, Any]:
    try:
        if path.exists() and not path.is_file():  # to read a pipe would wait for ever
            raise AnswersFileError(f"{FILE} is a folder, a pipe or a device")
        content = path.read_bytes()
    except AnswersFileError:
        raise
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise AnswersFileError(f"{FILE} cannot be read ({error.strerror})") from error
    try:
        if len(content) > _MOST_BYTES:
            raise ValueError
        match json.loads(content):
            case {"embedlab": 1, "answers": dict() as answers}:
                json.dumps(answers, ensure_ascii=False).encode()  # half a letter is no text
                return answers
        raise ValueError
    except (ValueError, RecursionError):
        raise AnswersFileError(f"{FILE} has not the form that embedlab writes") from None

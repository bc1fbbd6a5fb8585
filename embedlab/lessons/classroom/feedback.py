"""A checker's sentence in a form that a card may hold: no word of its learner's own is in it."""

import builtins
import re
from functools import cache
from pathlib import Path
from textwrap import shorten

__all__ = ["LONGEST", "checker_words_only"]

LONGEST = 120
_COUNT = re.compile(r"^\d+ of \d+ cases are right\. ")
_CHECKERS = ("exercises", "grading")


def checker_words_only(sentence: str) -> str:
    """Return a sentence in one short line, with “…” for every word that no checker uses.

    A checker may quote an error message, a file name or a text of the learner's, and a card holds
    nothing personal. A card from a stranger may hold any text, and it is to be shown to a class.

    Parameters
    ----------
    sentence : str

    Returns
    -------
    str
        At most `LONGEST` characters. A sentence that this function returned comes back as it is.

    Examples
    --------
    >>> checker_words_only("Your function raised KeyError: 'Ada'. Padding still counts.")
    "Your function raised KeyError: '…'. Padding still counts."
    >>> checker_words_only("3 of 9 cases are right. The result must be an array.")
    'The result must be an array.'
    """
    words, letters = _vocabulary()
    line = "".join(c if c in letters else " " for c in _COUNT.sub("", sentence))
    line = re.sub(r"[^\W\d_]+", lambda word: word[0] if word[0] in words else "…", line)
    return shorten(re.sub(r"…[\s…]*…", "…", line), LONGEST, placeholder=" …")


@cache
def _vocabulary() -> tuple[frozenset[str], frozenset[str]]:
    """Return the words and the characters of the checkers' source files, and names of errors."""
    lessons = Path(__file__).parents[1]
    files = [file for folder in _CHECKERS for file in sorted((lessons / folder).rglob("*.py"))]
    text = " ".join([*dir(builtins), *(file.read_text("utf-8") for file in files)])
    return frozenset(re.findall(r"[^\W\d_]+", text)), frozenset(f"{text}…")

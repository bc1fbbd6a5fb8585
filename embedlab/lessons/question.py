"""Questions with a few choices, answered by a letter in a line of Python.

A line of Python works by keyboard and screen reader, is kept in the notebook, runs again with it,
and prints the same words each time, so that a test can compare them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from textwrap import fill

from embedlab.lessons.classroom import card
from embedlab.lessons.grading.check import find_item
from embedlab.lessons.misconceptions import misconception, show_command

__all__ = ["Choice", "Question", "Reply", "answer", "reveal"]


@dataclass(frozen=True)
class Choice:
    """A choice: its text, the feedback to whoever chooses it, and the misconception behind it."""

    text: str
    feedback: str
    misconception: str | None = None


@dataclass(frozen=True)
class Question:
    """A question and its choices by letter; with `later`, feedback waits until `reveal`."""

    text: str
    right: str
    choices: Mapping[str, Choice]
    later: bool = False


@dataclass(frozen=True, repr=False)
class Reply:
    """A few lines of text: plain in a terminal, formatted in a notebook."""

    lines: tuple[str, ...]

    def __repr__(self) -> str:
        return "\n".join(_plain(line) for line in self.lines)

    def _repr_markdown_(self) -> str:
        return "  \n".join(self.lines)  # two spaces: a new line


def _plain(line: str) -> str:
    """Return a line for a terminal; a line of code is not wrapped, so that it can be pasted."""
    if line.startswith("`") and line.endswith("`"):
        return line.strip("`")
    return fill(line, 88, subsequent_indent="   ")


def answer(name: str, letter: str = "?") -> Reply:
    """Ask a question, or answer it.

    Parameters
    ----------
    name : str
        Such as "01.exit".
    letter : str
        Your choice. "?" shows the question.

    Returns
    -------
    Reply
        The question; or what your choice shows. Your first answer goes onto your `card`.

    Raises
    ------
    KeyError
        For an unknown question.

    Examples
    --------
    >>> print(answer("01.exit", "c"))
    ✓ c. The shape of the ids, then D; and V rows are counted from 0.
    """
    question: Question = find_item(name, "QUESTIONS")
    chosen = letter.strip().lower() if isinstance(letter, str) else ""
    if chosen not in question.choices:
        cure = f"Put {_letters(question)} between the quotes, and run the cell again."
        return Reply((question.text, *_listed(question), cure))
    card.record_answer(name, chosen, chosen == question.right)
    if question.later:
        recorded = f"Your answer is {chosen}) {question.choices[chosen].text}"
        return Reply((recorded, "You will see later in the lesson whether it is right."))
    return Reply(_judged(question, chosen))


def reveal(name: str) -> Reply:
    """Return the feedback to an earlier prediction.

    Parameters
    ----------
    name : str
        Such as "01.predict".

    Examples
    --------
    >>> _ = answer("01.predict", "d")
    >>> print(reveal("01.predict"))
    ✓ d. The layer copies 4 rows.
    """
    question: Question = find_item(name, "QUESTIONS")
    chosen = card.recorded_answer(name)
    if chosen is None:
        cure = f'You have not answered yet. Go back to answer("{name}", "?") and choose a letter.'
        return Reply((cure,))
    return Reply(_judged(question, chosen))


def _listed(question: Question) -> list[str]:
    return [f"{letter}) {choice.text}" for letter, choice in question.choices.items()]


def _letters(question: Question) -> str:
    *most, last = question.choices
    return f"{', '.join(most)} or {last}"


def _judged(question: Question, chosen: str) -> tuple[str, ...]:
    choice = question.choices[chosen]
    if chosen == question.right:
        return (f"✓ {chosen}. {choice.feedback}",)
    lines = [f"✗ {chosen}. {choice.feedback}"]
    if choice.misconception:
        record = misconception(choice.misconception)
        lines.append(f"{record.id}, a common belief: “{record.belief}” {record.truth}")
        lines.append("To see it, run this line in a cell:")
        lines.append(f"`{show_command(record.id)}`")
        lines.append(record.look)
    else:
        lines.append(f"Look again: {question.choices[question.right].feedback}")
    return tuple(lines)

"""Questions with a few choices, answered by a button or by a letter in a line of Python.

A letter stands in the notebook, and runs again with it. A button's answer is stored in a file
beside the notebook, so that it is there again when the kernel has been restarted.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from textwrap import fill
from typing import Any

from embedlab.core.checks import message, short_repr
from embedlab.lessons.choice_buttons import ChoiceButtons
from embedlab.lessons.classroom import card
from embedlab.lessons.classroom.answers_file import (
    FILE,
    AnswersFileError,
    SavedAnswer,
    load_answer,
    save_answer,
)
from embedlab.lessons.grading.check import find_item
from embedlab.lessons.misconceptions import misconception, show_command

__all__ = ["Choice", "Question", "Reply", "answer", "not_a_choice", "reveal", "unanswered"]


@dataclass(frozen=True)
class Choice:
    """A choice: its text, the feedback to whoever chooses it, and the misconception behind it."""

    text: str
    feedback: str
    misconception: str | None = None


@dataclass(frozen=True)
class Question:
    """A question and its choices by letter.

    With `delayed_feedback`, feedback waits until `reveal`. `before` names the question that was
    asked before the lesson: its feedback comes with this one's.
    """

    text: str
    correct: str
    choices: Mapping[str, Choice]
    delayed_feedback: bool = False
    before: str = ""


@dataclass(frozen=True, repr=False)
class Reply:
    """A few lines of text: plain in a terminal, formatted in a notebook."""

    lines: tuple[str, ...]

    def __repr__(self) -> str:
        return "\n".join(_plain(line) for line in self.lines)

    def _repr_markdown_(self) -> str:
        return "  \n".join(self.lines)  # two spaces: a new line


@dataclass(frozen=True, repr=False)
class OpenQuestion(Reply):
    """A question with buttons, where a notebook can show them; its lines everywhere else.

    `note` is what was wrong with the letter of the call, which is among the lines too.
    """

    name: str = ""
    note: str = ""

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        data, metadata = self.buttons()._repr_mimebundle_() or ({}, {})
        texts = {"text/plain": repr(self), "text/markdown": self._repr_markdown_()}
        return {**data, **texts}, metadata

    def buttons(self) -> ChoiceButtons:
        """Return the buttons, as the answer is now."""
        name = self.name
        question: Question = find_item(name, "QUESTIONS")
        chosen, note = _saved_answer(name, question)
        reply = _reply_to(name, question, chosen) if chosen else (note,) if note else ()
        reply = (self.note, *reply) if self.note else reply
        texts = {letter: choice.text for letter, choice in question.choices.items()}
        return ChoiceButtons(
            question.text, texts, chosen, reply, lambda letter: _choose(name, question, letter)
        )


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
        Your choice. "?" shows the question, in a notebook with a button for each choice.

    Returns
    -------
    Reply
        The question; or what your choice shows. Your answer goes onto your `card`. You can change
        it until the right one is shown.

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
    recorded, note = _saved_answer(name, question)
    chosen = letter.strip().lower() if isinstance(letter, str) else ""
    if chosen in question.choices:
        if recorded and not card.was_revealed(name) and load_answer(card.session_folder(), name):
            return Reply(_choose(name, question, chosen)[1])  # the file must not say another one
        _record(name, question, chosen)
        return Reply(_reply_to(name, question, chosen))
    wrong = not_a_choice("the letter", letter, tuple(question.choices))
    lines = unanswered(name).lines
    if recorded:
        lines = (question.text, *_listed(question), *_reply_to(name, question, recorded))
    return OpenQuestion((*filter(None, (wrong, note)), *lines), name, wrong)


def not_a_choice(name: str, value: Any, choices: tuple[str, ...]) -> str:
    """Return the line on a value that is none of the choices; "" for "?" and "", which ask.

    >>> not_a_choice("the letter", "z", ("a", "b"))
    "The letter must be a or b. Received 'z'. Choose one of these."
    """
    if isinstance(value, str) and value.strip() in ("", "?"):
        return ""
    must = f"{name[0].upper()}{name[1:]} must be {', '.join(choices[:-1])} or {choices[-1]}"
    return message(must, short_repr(value), "Choose one of these")


def unanswered(name: str) -> Reply:
    """Return a question as it stands before anybody has answered it, for a page or a slide."""
    question: Question = find_item(name, "QUESTIONS")
    cure = f"Put {_letters(question)} between the quotes, and run the cell again."
    return Reply((question.text, *_listed(question), cure))


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
    chosen, note = _saved_answer(name, question)
    if not chosen:
        cure = f'You have not answered yet. Go back to answer("{name}", "?") and choose.'
        return Reply((note, cure) if note else (cure,))
    card.record_reveal(name)
    saved = load_answer(card.session_folder(), name)
    if saved and not saved.revealed:
        _save(name, question, chosen)
    return Reply(_feedback(question, chosen))


def _saved_answer(name: str, question: Question) -> tuple[str, str]:
    """Return the letter of this session or of the file, and a note where the file's is of no use.

    What the file says becomes the answer of this session.
    """
    letter = card.recorded_answer(name)
    if letter is not None:
        return letter, ""
    saved = load_answer(card.session_folder(), name)
    if saved is None:
        return "", ""
    letters = [letter for letter, choice in question.choices.items() if choice.text == saved.choice]
    if saved.question != question.text or not letters:
        return "", "This question has changed since you answered it. Please choose again."
    _record(name, question, letters[0])
    if saved.revealed:
        card.record_reveal(name)
    return letters[0], ""


def _record(name: str, question: Question, chosen: str) -> None:
    card.record_answer(name, chosen, chosen == question.correct)
    if not question.delayed_feedback:
        card.record_reveal(name)


def _choose(name: str, question: Question, letter: str) -> tuple[str, tuple[str, ...]]:
    """Take the choice of a button; return the letter that counts, and what to show below it."""
    revealed = bool(_saved_answer(name, question)[0]) and card.was_revealed(name)
    _record(name, question, letter)
    counts = card.recorded_answer(name) or letter
    reply = _reply_to(name, question, letter)
    if revealed:  # looking at the feedback of the other choices
        return counts, reply
    return counts, (*reply, _save(name, question, counts))


def _save(name: str, question: Question, chosen: str) -> str:
    """Store the answer, and return what became of it."""
    saved = SavedAnswer(question.text, question.choices[chosen].text, card.was_revealed(name))
    try:
        save_answer(card.session_folder(), name, saved)
    except AnswersFileError as error:
        return (
            f"The answer is lost when the kernel stops: {error}. To keep it, put this line into "
            f'the cell: `answer("{name}", "{chosen}")`'
        )
    return f"Stored in {FILE} beside the notebook, for when you run the cell again."


def _reply_to(name: str, question: Question, chosen: str) -> tuple[str, ...]:
    """Return what to show for a choice: its feedback, or that it is recorded."""
    if not card.was_revealed(name):
        recorded = f"Your answer is {chosen}) {question.choices[chosen].text}"
        return recorded, "You will see later in the lesson whether it is right."
    answered = card.recorded_answer(name)
    if question.delayed_feedback and answered != chosen:
        return *_feedback(question, chosen), f"Your prediction was {answered}; it stays."
    if (
        question.before
        and _saved_answer(question.before, find_item(question.before, "QUESTIONS"))[0]
    ):
        return (
            *_feedback(question, chosen),
            "And before the lesson:",
            *reveal(question.before).lines,
        )
    return _feedback(question, chosen)


def _listed(question: Question) -> list[str]:
    return [f"{letter}) {choice.text}" for letter, choice in question.choices.items()]


def _letters(question: Question) -> str:
    *most, last = question.choices
    return f"{', '.join(most)} or {last}"


def _feedback(question: Question, chosen: str) -> tuple[str, ...]:
    choice = question.choices[chosen]
    if chosen == question.correct:
        return (f"✓ {chosen}. {choice.feedback}",)
    lines = [f"✗ {chosen}. {choice.feedback}"]
    if choice.misconception:
        record = misconception(choice.misconception)
        lines.append(f"{record.id}, a common belief: “{record.belief}” {record.truth}")
        lines.append("To see it, run this line in a cell:")
        lines.append(f"`{show_command(record.id)}`")
        lines.append(record.look)
    else:
        lines.append(f"Look again: {question.choices[question.correct].feedback}")
    return tuple(lines)

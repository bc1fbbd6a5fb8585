"""Summary of a class's cards: counts by question, and the misconceptions behind them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from embedlab.lessons.classroom.card import Card
from embedlab.lessons.grading.check import LESSONS, all_items
from embedlab.lessons.misconceptions import Misconception, misconception
from embedlab.lessons.predictions import PREDICTIONS, Prediction
from embedlab.lessons.question import Question

__all__ = [
    "ClassSummary",
    "ExerciseStats",
    "MisconceptionStats",
    "PairStats",
    "PredictionStats",
    "QuestionStats",
    "summarize",
]


@dataclass(frozen=True)
class QuestionStats:
    """Answers of a class to one question: `counts` by letter."""

    name: str
    question: Question
    counts: Mapping[str, int]

    @property
    def right(self) -> int:
        """The number of learners who chose the right letter."""
        return self.counts[self.question.correct]

    @property
    def total(self) -> int:
        """The number of learners who answered."""
        return sum(self.counts.values())


@dataclass(frozen=True)
class ExerciseStats:
    """Results of a class in one exercise: `first` counts what first attempts showed.

    `feedback` counts the checker's sentences on those that were wrong without a misconception.
    """

    name: str
    first: Mapping[str, int]
    solved: int
    feedback: Mapping[str, int]

    @property
    def total(self) -> int:
        """The number of learners who tried."""
        return sum(self.first.values())


@dataclass(frozen=True)
class PredictionStats:
    """Predictions of a class in one view; `counts` by answer, where answers have names."""

    name: str
    prediction: Prediction
    right: int
    total: int
    counts: Mapping[str, int]


@dataclass(frozen=True)
class PairStats:
    """One idea before and after a lesson: `counts` of (right before, right after), by card."""

    lesson: str
    counts: Mapping[tuple[bool, bool], int]

    @property
    def total(self) -> int:
        """The number of learners who answered both questions."""
        return sum(self.counts.values())

    @property
    def before(self) -> int:
        """The number of those who were right before the lesson."""
        return self.counts[True, True] + self.counts[True, False]

    @property
    def after(self) -> int:
        """The number of those who were right after it."""
        return self.counts[True, True] + self.counts[False, True]


@dataclass(frozen=True)
class MisconceptionStats:
    """One belief: on how many cards, of how many that met it, and in which answers."""

    belief: Misconception
    holders: int
    met: int
    where: Mapping[tuple[str, str], int]


@dataclass(frozen=True)
class ClassSummary:
    """All of it. Questions and exercises in the order of the lessons, beliefs most held first."""

    cards: int
    questions: tuple[QuestionStats, ...]
    exercises: tuple[ExerciseStats, ...]
    predictions: tuple[PredictionStats, ...]
    misconceptions: tuple[MisconceptionStats, ...]
    pairs: tuple[PairStats, ...]


def summarize(cards: Sequence[Card]) -> ClassSummary:
    """Count what a room's cards say.

    Parameters
    ----------
    cards : sequence of Card
        As `read_card` gives them: every name and letter in them is known.

    Returns
    -------
    ClassSummary

    Examples
    --------
    >>> found = summarize([Card({"01.exit": ("b", False)}), Card({"01.exit": ("c", True)})])
    >>> found.questions[0].counts["b"], found.questions[0].right, found.questions[0].total
    (1, 1, 2)
    >>> [(held.belief.id, held.holders, held.met) for held in found.misconceptions]
    [('M2', 1, 2)]
    """
    return ClassSummary(
        len(cards),
        _question_stats(cards),
        _exercise_stats(cards),
        _prediction_stats(cards),
        _misconception_stats(cards),
        _pair_stats(cards),
    )


def _question_stats(cards: Iterable[Card]) -> tuple[QuestionStats, ...]:
    chosen = Counter((name, message[0]) for card in cards for name, message in card.answers.items())
    stats = (
        QuestionStats(name, question, {letter: chosen[name, letter] for letter in question.choices})
        for name, question in all_items("QUESTIONS").items()
    )
    return tuple(questions for questions in stats if questions.total)


def _exercise_stats(cards: Sequence[Card]) -> tuple[ExerciseStats, ...]:
    stats = []
    for name in all_items("CHECKS"):
        tries = [card.checks[name] for card in cards if name in card.checks]
        first = Counter(describe for describe, _ in tries)
        feedback = Counter(card.feedback[name] for card in cards if name in card.feedback)
        if tries:
            solved = sum(solved for _, solved in tries)
            stats.append(ExerciseStats(name, first, solved, dict(feedback.most_common())))
    return tuple(stats)


def _prediction_stats(cards: Sequence[Card]) -> tuple[PredictionStats, ...]:
    stats = []
    for name, prediction in PREDICTIONS.items():
        guesses = [card.answers[name] for card in cards if name in card.answers]
        guess_counts = Counter(answer for answer, _ in guesses)
        counts = {choice: guess_counts[f"[{n}]"] for n, choice in enumerate(prediction.choices)}
        if guesses:
            right = sum(correct for _, correct in guesses)
            stats.append(PredictionStats(name, prediction, right, len(guesses), counts))
    return tuple(stats)


def _pair_stats(cards: Iterable[Card]) -> tuple[PairStats, ...]:
    counts: dict[str, Counter[tuple[bool, bool]]] = {}
    for card in cards:
        for lesson in LESSONS:
            pair = [card.answers.get(f"{lesson}.{when}") for when in ("before", "after")]
            match pair:
                case [(_, before), (_, after)]:
                    counts.setdefault(lesson, Counter())[before, after] += 1
    return tuple(PairStats(lesson, counts[lesson]) for lesson in LESSONS if lesson in counts)


def _misconception_stats(cards: Iterable[Card]) -> tuple[MisconceptionStats, ...]:
    holders: Counter[str] = Counter()
    met: Counter[str] = Counter()
    where: dict[str, Counter[tuple[str, str]]] = {}
    for card in cards:
        describe = [*_describe(card)]
        for which, name, letter in describe:
            where.setdefault(which, Counter())[name, letter] += 1
        holds = {which for which, _, _ in describe}
        holders.update(holds)
        met.update(holds | _offered(card))
    stats = [
        MisconceptionStats(
            misconception(which), count, met[which], dict(where[which].most_common())
        )
        for which, count in holders.items()
    ]
    return tuple(
        sorted(
            stats,
            key=lambda misconceptions: (
                -misconceptions.holders,
                misconceptions.met,
                int(misconceptions.belief.id[1:]),
            ),
        )
    )


def _describe(card: Card) -> Iterable[tuple[str, str, str]]:
    """Return (belief, question, letter) for each answer of a card that shows one."""
    questions = all_items("QUESTIONS")
    for name, (letter, _) in card.answers.items():
        belief = questions[name].choices[letter].misconception if name in questions else None
        if belief:
            yield belief, name, letter
    for name, (first, _) in card.checks.items():
        if first not in ("right", "wrong"):
            yield first, name, ""


def _offered(card: Card) -> set[str]:
    """Return the beliefs that the questions of a card could have shown."""
    questions = all_items("QUESTIONS")
    return {
        choice.misconception
        for name in card.answers
        if name in questions
        for choice in questions[name].choices.values()
        if choice.misconception
    }

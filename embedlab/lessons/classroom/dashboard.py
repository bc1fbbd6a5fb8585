"""The dashboard of a class: misconceptions first, with what to say; then every question."""

import html
from collections.abc import Callable, Iterable, Mapping

from embedlab.lessons.classroom.histogram import HistogramRow, bar, histogram, percent, table
from embedlab.lessons.classroom.html_page import inline_markdown, page
from embedlab.lessons.classroom.summary import (
    ClassSummary,
    ExerciseStats,
    MisconceptionStats,
    PairStats,
    PredictionStats,
    QuestionStats,
)
from embedlab.lessons.misconceptions import MISCONCEPTIONS
from embedlab.lessons.notebook_files import LessonError, find_notebook, title

__all__ = ["dashboard"]

MOST_PLACES, MOST_SENTENCES = 8, 6
_LEAD = "First answers only. A card holds no name, no time and no text of its owner."


def dashboard(
    summary: ClassSummary,
    refused: Mapping[str, str],
    views: Callable[[str], str | None] = lambda _: None,
    script: str = "",
) -> str:
    """Return the page.

    Parameters
    ----------
    summary : ClassSummary
    refused : mapping of str to str
        Files that are no cards, and why.
    views : callable
        ``views("M2")`` gives the address of a page that shows this preset, or None.
    script : str
        Keeps the page up to date where a server sends it; none in a file.

    Returns
    -------
    str
        HTML. All that came from a card or a file's name is escaped.

    Examples
    --------
    >>> from embedlab.lessons.classroom.card import Card
    >>> from embedlab.lessons.classroom.summary import summarize
    >>> summary = summarize([Card({"01.exit": ("b", False)})])
    >>> "1 file was not read" in dashboard(summary, {"<b>.json": "no card"})
    True
    """
    lessons = _lessons(summary)
    parts = [_head(summary, refused), _lesson_links(lessons), _beliefs(summary, views)]
    parts += [_pairs(summary.pairs)] if summary.pairs else []
    for lesson, group in lessons.items():
        boxes = "".join(map(_box, group))
        parts.append(
            f'<section id="lesson-{lesson}"><h2>{_title(lesson)}</h2>'
            f'<div class="boxes">{boxes}</div></section>'
        )
    if summary.predictions:
        boxes = "".join(map(_box, summary.predictions))
        parts.append(
            "<section><h2>Predictions in the views <small>each in a text or table of the "
            f'learner’s own</small></h2><div class="boxes">{boxes}</div></section>'
        )
    return page("What this room believes", "\n".join(parts), script=script)


def _head(summary: ClassSummary, refused: Mapping[str, str]) -> str:
    cards = f"{_cards(summary.cards)}, each of one learner in one lesson"
    head = (
        f'<header><p class="eyebrow">{cards}</p>'
        f'<h1>What does this room believe?</h1><p class="lead">{_LEAD}</p></header>'
    )
    if refused:
        lines = "".join(
            f"<li><code>{html.escape(name)}</code>: {html.escape(why)}</li>"
            for name, why in refused.items()
        )
        files = "1 file was" if len(refused) == 1 else f"{len(refused)} files were"
        head += (
            f'<section class="box refused" aria-label="Files that were not read">'
            f"<h2>{files} not read, and not counted</h2><ul>{lines}</ul></section>"
        )
    return head


def _lessons(summary: ClassSummary) -> dict[str, list[QuestionStats | ExerciseStats]]:
    """Return the questions, then the exercises, of each lesson."""
    by_lesson: dict[str, list[QuestionStats | ExerciseStats]] = {}
    every: list[QuestionStats | ExerciseStats] = [*summary.questions, *summary.exercises]
    for one in every:
        by_lesson.setdefault(one.name[:2], []).append(one)
    return dict(sorted(by_lesson.items()))


def _lesson_links(lessons: Mapping[str, Iterable[QuestionStats | ExerciseStats]]) -> str:
    """Return links to each lesson, with the share of its answers that were right."""
    links = ""
    for lesson, group in lessons.items():
        questions = [one for one in group if isinstance(one, QuestionStats)]
        right, total = sum(one.right for one in questions), sum(one.total for one in questions)
        share = f" <small>{percent(right, total)} right</small>" if total else ""
        links += f'<li><a href="#lesson-{lesson}">{lesson}{share}</a></li>'
    return f'<nav aria-label="Lessons"><ul class="lessons">{links}</ul></nav>' if links else ""


def _beliefs(summary: ClassSummary, views: Callable[[str], str | None]) -> str:
    if not summary.misconceptions:
        message = "No answer shows a misconception. Go on." if summary.cards else "No card yet."
        return f"<section><h2>Talk about this first</h2><p>{message}</p></section>"
    boxes = "".join(_belief(stats, views(stats.belief.id)) for stats in summary.misconceptions)
    head = ("belief", "cards", "of those who met it", "share")
    rows = (
        (
            f"{stats.belief.id}: {stats.belief.belief}",
            stats.holders,
            stats.met,
            percent(stats.holders, stats.met),
        )
        for stats in summary.misconceptions
    )
    return (
        "<section><h2>Talk about this first <small>misconceptions, the most held on top</small>"
        f'</h2><div class="beliefs">{boxes}</div>'
        f"{table('Misconceptions in this room', head, rows)}</section>"
    )


def _pairs(pairs: Iterable[PairStats]) -> str:
    """Draw what each lesson changed, of those who answered both of its questions."""
    head = ("lesson", "both", "before", "after", "learned", "lost")
    rows = (
        (
            _lesson_title(pair.lesson),
            pair.total,
            f"{pair.before} right ({percent(pair.before, pair.total)})",
            f"{pair.after} right ({percent(pair.after, pair.total)})",
            f"{pair.counts[False, True]} wrong → right",
            f"{pair.counts[True, False]} right → wrong",
        )
        for pair in pairs
    )
    caption = "One idea in two questions, of those who answered both"
    return (
        '<section id="pairs"><h2>What changed <small>before → after each lesson</small></h2>'
        f"{table(caption, head, rows, folded=False)}</section>"
    )


def _belief(stats: MisconceptionStats, view: str | None) -> str:
    record = stats.belief
    places = [
        f'<a href="#{_anchor(name, exercise=not letter)}">{name}</a> '
        f"{letter or 'first try'} ({count})"
        for (name, letter), count in stats.where.items()
    ]
    if len(places) > MOST_PLACES:
        places[MOST_PLACES:] = [f"and {len(places) - MOST_PLACES} more places"]
    cell = f'<code class="cell">from embedlab.lessons import show; show("{record.id}")</code>'
    if view:
        cell = f'<p><a href="{html.escape(view)}">Open the view</a>, or in a notebook:</p>{cell}'
    return (
        f'<article class="box belief" id="{record.id}" aria-labelledby="{record.id}-text">'
        f'<div class="many"><b>{stats.holders}</b><span>of {_cards(stats.met)} '
        f"({percent(stats.holders, stats.met)})</span>{bar(stats.holders, stats.met)}</div>"
        f'<div><h3 id="{record.id}-text"><span class="tag">{record.id}</span> '
        f"“{inline_markdown(record.belief)}”</h3><dl>"
        f"<dt>Say</dt><dd>{inline_markdown(record.truth)}</dd>"
        f"<dt>Show</dt><dd>{cell}</dd>"
        f"<dt>Look</dt><dd>{inline_markdown(record.look)}</dd>"
        f'<dt>Seen</dt><dd class="note">{", ".join(places)}</dd></dl></div></article>'
    )


def _box(one: QuestionStats | ExerciseStats | PredictionStats) -> str:
    """Draw one question, exercise or prediction."""
    match one:
        case QuestionStats():
            text, good, what = one.question.text, one.right, "right"
            rows = [
                HistogramRow(
                    letter,
                    choice.text,
                    one.counts[letter],
                    letter == one.question.correct,
                    choice.misconception,
                    "" if choice.misconception else choice.feedback,
                )
                for letter, choice in one.question.choices.items()
            ]
        case ExerciseStats():
            text, good, what = f"The exercise `{one.name}`", one.solved, "who tried solved it"
            rows = [*_tries(one)]
        case PredictionStats():
            text, good, what = one.prediction.text, one.right, "right"
            rows = [HistogramRow("", choice, count) for choice, count in one.counts.items()] or [
                HistogramRow("✓", "as the view showed it", one.right, True),
                HistogramRow("✗", "otherwise", one.total - one.right),
            ]
    return (
        '<article class="box asked" '
        f'id="{_anchor(one.name, exercise=isinstance(one, ExerciseStats))}">'
        f'<header><p class="eyebrow">{one.name}</p><h3>{inline_markdown(text)}</h3>'
        f'<p class="share"><b>{good} of {one.total}</b> {what} '
        f"({percent(good, one.total)})</p></header>"
        f"{histogram(one.name, rows, one.total)}</article>"
    )


def _tries(one: ExerciseStats) -> Iterable[HistogramRow]:
    """Return the rows of an exercise: first tries by what they showed."""
    yield HistogramRow("✓", "right at the first try", one.first.get("right", 0), True)
    for which, record in MISCONCEPTIONS.items():
        if one.first.get(which):
            yield HistogramRow("✗", f"first try: “{record.belief}”", one.first[which], belief=which)
    for sentence, count in [*one.feedback.items()][:MOST_SENTENCES]:
        yield HistogramRow("✗", f"first try, the checker: {sentence}", count)
    left = one.first.get("wrong", 0) - sum([*one.feedback.values()][:MOST_SENTENCES])
    yield HistogramRow("✗", "first try: something else was wrong", left)


def _title(number: str) -> str:
    return inline_markdown(_lesson_title(number))


def _lesson_title(number: str) -> str:
    try:
        return title(find_notebook(number))
    except LessonError:
        return f"Lesson {number}"


def _anchor(name: str, *, exercise: bool) -> str:
    """Return the place of a question or an exercise; one of each may share a name."""
    return f"{'try' if exercise else 'at'}-{name.replace('.', '-')}"


def _cards(number: int) -> str:
    return f"{number} {'card' if number == 1 else 'cards'}"

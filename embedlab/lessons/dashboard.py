"""What a room believes, as one page: beliefs first, with what to say; then every question."""

import html
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby

from embedlab.lessons.folder import LessonError, find, title
from embedlab.lessons.misconceptions import MISCONCEPTIONS
from embedlab.lessons.page import inline, page
from embedlab.lessons.room import Asked, Guessed, Held, Room, Tried

__all__ = ["dashboard"]

_LEAD = "First answers only. A card holds no name, no time and no text of its owner."


@dataclass(frozen=True)
class _Row:
    """One bar of a histogram. Behind a wrong answer stands a belief, or what it `says`."""

    mark: str
    text: str
    count: int
    right: bool = False
    belief: str | None = None
    says: str = ""


def dashboard(
    room: Room, refused: Mapping[str, str], views: Callable[[str], str | None] = lambda _: None
) -> str:
    """Give the page.

    Parameters
    ----------
    room : Room
    refused : mapping of str to str
        Files that are no cards, and why.
    views : callable
        ``views("M2")`` gives the address of a page that shows this preset, or None.

    Returns
    -------
    str
        HTML without scripts. All that came from a card or a file's name is escaped.

    Examples
    --------
    >>> from embedlab.lessons.cards import Card
    >>> from embedlab.lessons.room import room
    >>> found = room([Card({"01.exit": ("b", False)})])
    >>> "1 file was not read" in dashboard(found, {"<b>.json": "no card"})
    True
    """
    parts = [_head(room, refused), _beliefs(room, views)]
    named: list[Asked | Tried] = sorted(
        [*room.asked, *room.tried], key=lambda one: one.name[:2]
    )  # stable: as asked
    for lesson, group in groupby(named, key=lambda one: one.name[:2]):
        boxes = "".join(map(_box, group))
        parts.append(
            f'<section><h2>{_lesson(lesson)}</h2><div class="boxes">{boxes}</div></section>'
        )
    if room.guessed:
        boxes = "".join(map(_box, room.guessed))
        parts.append(
            "<section><h2>Predictions in the views <small>each in a text or table of the "
            f'learner’s own</small></h2><div class="boxes">{boxes}</div></section>'
        )
    return page("What this room believes", "\n".join(parts))


def _head(room: Room, refused: Mapping[str, str]) -> str:
    cards = f"{_cards(room.cards)}, each of one learner in one lesson"
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


def _beliefs(room: Room, views: Callable[[str], str | None]) -> str:
    if not room.held:
        said = "No answer shows a misconception. Go on."
        return f"<section><h2>Talk about this first</h2><p>{said}</p></section>"
    boxes = "".join(_belief(held, views(held.belief.id)) for held in room.held)
    head = ("belief", "cards", "of those who met it", "share")
    rows = (
        (f"{held.belief.id}: {held.belief.belief}", held.holders, held.met,
         _percent(held.holders, held.met))
        for held in room.held
    )  # fmt: skip
    return (
        "<section><h2>Talk about this first <small>misconceptions, the most held on top</small>"
        f'</h2><div class="beliefs">{boxes}</div>'
        f"{_table('Misconceptions in this room', head, rows)}</section>"
    )


def _belief(held: Held, view: str | None) -> str:
    record = held.belief
    places = ", ".join(
        f'<a href="#{_anchor(name)}">{name}</a> {letter or "first try"} ({count})'
        for (name, letter), count in held.where.items()
    )
    cell = f'<code class="cell">from embedlab.lessons import show; show("{record.id}")</code>'
    if view:
        cell = f'<p><a href="{html.escape(view)}">Open the view</a>, or in a notebook:</p>{cell}'
    return (
        f'<article class="box belief" id="{record.id}" aria-labelledby="{record.id}-says">'
        f'<div class="many"><b>{held.holders}</b><span>of {_cards(held.met)} '
        f"({_percent(held.holders, held.met)})</span>{_bar(held.holders, held.met)}</div>"
        f'<div><h3 id="{record.id}-says"><span class="tag">{record.id}</span> '
        f"“{inline(record.belief)}”</h3><dl>"
        f"<dt>Say</dt><dd>{inline(record.truth)}</dd>"
        f"<dt>Show</dt><dd>{cell}</dd>"
        f"<dt>Look</dt><dd>{inline(record.look)}</dd>"
        f'<dt>Seen</dt><dd class="note">{places}</dd></dl></div></article>'
    )


def _box(one: Asked | Tried | Guessed) -> str:
    """Draw one question, exercise or prediction."""
    match one:
        case Asked():
            text, good, what = one.question.text, one.right, "right"
            rows = [
                _Row(letter, choice.text, one.counts[letter], letter == one.question.right,
                     choice.misconception, "" if choice.misconception else choice.says)
                for letter, choice in one.question.choices.items()
            ]  # fmt: skip
        case Tried():
            text, good, what = f"The exercise `{one.name}`", one.solved, "solved"
            rows = [*_tries(one)]
        case Guessed():
            text, good, what = one.prediction.text, one.right, "right"
            rows = [_Row("", choice, count) for choice, count in one.counts.items()] or [
                _Row("✓", "as the view showed it", one.right, True),
                _Row("✗", "otherwise", one.total - one.right),
            ]
    drawn = "".join(_row(row, one.total) for row in rows)
    head = ("answer", "cards", "share", "behind it")
    cells = (
        (f"{row.mark} {row.text}".strip(), row.count, _percent(row.count, one.total),
         _meaning(row))
        for row in rows
    )  # fmt: skip
    return (
        f'<article class="box asked" id="{_anchor(one.name)}">'
        f'<header><p class="eyebrow">{one.name}</p><h3>{inline(text)}</h3>'
        f'<p class="share"><b>{good} of {one.total}</b> {what} '
        f"({_percent(good, one.total)})</p></header>"
        f"<ul>{drawn}</ul>{_table(one.name, head, cells)}</article>"
    )


def _tries(one: Tried) -> Iterable[_Row]:
    """Give the rows of an exercise: first tries by what they showed."""
    yield _Row("✓", "right at the first try", one.first.get("right", 0), True)
    for which, record in MISCONCEPTIONS.items():
        if one.first.get(which):
            yield _Row("✗", f"first try: “{record.belief}”", one.first[which], belief=which)
    yield _Row("✗", "first try: something else was wrong", one.first.get("wrong", 0))


def _row(row: _Row, total: int) -> str:
    kind = " right" if row.right else "" if row.count else " none"
    text = f"✓ {row.text}" if row.right and row.mark != "✓" else row.text
    tag = (
        f' <a class="tag" href="#{row.belief}">{row.belief}</a>' if row.belief and row.count else ""
    )
    says = f"<small>{inline(row.says)}</small>" if row.says and row.count and not row.right else ""
    return (
        f'<li class="row{kind}"><span class="mark">{row.mark}</span>'
        f'<span class="text">{inline(text)}{tag}{says}</span>'
        f'<span class="count">{row.count} <small>{_percent(row.count, total)}</small></span>'
        f"{_bar(row.count, total)}</li>"
    )


def _bar(count: int, total: int) -> str:
    """Draw a share. The number stands beside it in words, so a screen reader skips the bar."""
    width = f'<rect width="{100 * count / total:.1f}%" height="100%"/>' if count else ""
    return f'<svg class="bar" aria-hidden="true" focusable="false">{width}</svg>'


def _table(caption: str, head: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> str:
    number = ["n" if n else "" for n in range(len(head))]
    if head[-1] == "behind it":
        number[-1] = ""
    top = "".join(
        f'<th scope="col" class="{n}">{h}</th>' for h, n in zip(head, number, strict=True)
    )
    body = ""
    for first, *rest in rows:
        cells = zip(rest, number[1:], strict=True)
        more = "".join(f'<td class="{n}">{inline(str(cell))}</td>' for cell, n in cells)
        body += f'<tr><th scope="row">{inline(str(first))}</th>{more}</tr>'
    return (
        '<details><summary>As a table</summary><div class="scroll"><table>'
        f"<caption>{inline(caption)}</caption><thead><tr>{top}</tr></thead>"
        f"<tbody>{body}</tbody></table></div></details>"
    )


def _meaning(row: _Row) -> str:
    return "right" if row.right else row.belief or "–"


def _lesson(number: str) -> str:
    try:
        return inline(title(find(number)))
    except LessonError:
        return f"Lesson {number}"


def _anchor(name: str) -> str:
    return f"at-{name.replace('.', '-')}"


def _cards(number: int) -> str:
    return f"{number} {'card' if number == 1 else 'cards'}"


def _percent(count: int, total: int) -> str:
    return f"{100 * count / total:.0f} %"

"""The pages of `embedlab collect`: the board for the projector, and the form for learners."""

import html
from collections.abc import Sequence
from typing import Any

from embedlab.lessons.classroom.card import Card
from embedlab.lessons.classroom.hand_in import CARD_PATH
from embedlab.lessons.classroom.html_page import inline_markdown, page
from embedlab.lessons.notebook_files import notebooks, title

try:
    import segno as segno_module

    segno: Any = segno_module
except ImportError:  # the extra `classroom`
    segno = None

__all__ = ["DASHBOARD_PATH", "board", "cards_by_lesson", "form", "thanks"]

DASHBOARD_PATH = "dashboard"
_NOTHING = "A card holds first answers: no name, no time and no text of yours."


def board(address: str, cards: Sequence[Card], script: str) -> str:
    """Return the page for the projector: where to hand in, and how many did. It shows no answer.

    Parameters
    ----------
    address : str
        Of the form for learners.
    cards : sequence of Card
    script : str
        Keeps the page up to date.

    Examples
    --------
    >>> text = board("http://127.0.0.1:8642/abcd-efgh/", [Card({"01.exit": ("c", True)})], "")
    >>> 'card(explorer).hand_in("http://127.0.0.1:8642/abcd-efgh/")' in html.unescape(text)
    True
    """
    counts = "".join(
        f"<li><b>{count}</b> {inline_markdown(name)}</li>"
        for name, count in cards_by_lesson(cards).items()
    )
    line = html.escape(f'card(explorer).hand_in("{address}")')
    return page(
        "Hand in your card",
        '<header><p class="eyebrow">embedlab</p><h1>Hand in your card</h1></header>'
        f'<section class="box board" aria-label="Where to hand in">{_qr(address)}'
        f'<div><p class="address">{html.escape(address)}</p>'
        "<p>In your notebook, in the last cell of the lesson:</p>"
        f'<code class="cell">{line}</code>'
        "<p>Or open the address in a browser and give your card to the form: from Binder, and from "
        f'any device in this network.</p><p class="note">{_NOTHING}</p></div></section>'
        f'<section><h2>{len(cards)} handed in</h2><ul class="counts">{counts}</ul>'
        f'<p><a href="{DASHBOARD_PATH}">What this room believes</a> '
        '<span class="note">shows the right answers too</span></p></section>',
        script=script,
    )


def cards_by_lesson(cards: Sequence[Card]) -> dict[str, int]:
    """Count the cards that hold something of a lesson, by its title, in the order of the lessons.

    Examples
    --------
    >>> cards_by_lesson([Card({"03.exit": ("c", True)}), Card({"lookup.rows": ("[1]", True)})])
    {'03 · The gradient of a table': 1, 'predictions in views only': 1}
    """
    titles = {number: title(path) for number, path in notebooks().items()}
    lessons = [{name[:2] for name in (*card.answers, *card.checks)} for card in cards]
    counts = {
        titles[number]: sum(number in named for named in lessons)
        for number in sorted(set().union(*lessons) & set(titles))
    }
    rest = sum(not named & set(titles) for named in lessons)
    return counts | ({"predictions in views only": rest} if rest else {})


def _qr(address: str) -> str:
    if segno is None:
        return (
            '<p class="note qr">For a QR code here, stop, run '
            "<code>python -m pip install segno</code> and start again.</p>"
        )
    drawing = segno.make_qr(address, error="m").svg_inline(omitsize=True, light="#fff")
    return f'<div class="qr" role="img" aria-label="The address as a QR code">{drawing}</div>'


def form() -> str:
    """Return the page with which a learner hands in a card by hand.

    Examples
    --------
    >>> 'action="card"' in form() and "<script" not in form()
    True
    """
    return page(
        "Hand in your card",
        '<header><p class="eyebrow">embedlab</p><h1>Hand in your card</h1>'
        f'<p class="lead">{_NOTHING} Hand it in once, at the end of the lesson.</p></header>'
        f'<form class="box" method="post" enctype="multipart/form-data" action="{CARD_PATH}">'
        "<p>In the last cell of your lesson, run <code>card(explorer)</code>. It prints one line "
        'that begins with <code>{"embedlab":1,</code></p>'
        '<p><label for="text">Paste this line here</label>'
        '<textarea id="text" name="text" rows="5" maxlength="2000" spellcheck="false"></textarea>'
        '</p><p><label for="file">Or choose the file that <code>card(explorer).save()</code> '
        "wrote</label>"
        '<input id="file" name="file" type="file" accept=".json,application/json"></p>'
        '<p><button type="submit">Hand in</button></p></form>',
        form=True,
    )


def thanks(contents: str) -> str:
    """Return the page that follows the form.

    Examples
    --------
    >>> "2 answers" in thanks("2 answers")
    True
    """
    return page(
        "Thank you",
        f"<header><h1>Thank you</h1><p class='lead'>Your card was handed in: "
        f"{html.escape(contents)}, and nothing about you. You can close this page.</p></header>",
    )

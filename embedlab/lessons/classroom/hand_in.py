"""The learner's end of `embedlab collect`: send a card, and say in one line what came of it."""

import http.client
import re
import urllib.error
import urllib.request
from typing import Any

__all__ = ["CARD_NAME", "CARD_PATH", "hand_in"]

CARD_PATH = "card"
CARD_NAME = "Card-Name"
"""The header with the card's file name: a second card of a session replaces the first."""

SECONDS = 10
_ADDRESS = re.compile(r"https?://[^\s/?#@]+/[\w-]+/?", re.ASCII)
_BY_HAND = "You can also open it in a browser, on any device in the room, and paste your card there"


def hand_in(address: str, card: str, name: str) -> tuple[bool, str]:
    """Send a card, and return whether it was taken, and a line that says so.

    Parameters
    ----------
    address : str
        As the board shows it: ``http://…/code/``.
    card : str
        `Card.json`.
    name : str
        The card's file name.

    Raises
    ------
    ValueError
        When this is not such an address.

    Examples
    --------
    >>> hand_in("192.168.0.7", "{}", "card-0123abcd.json")
    Traceback (most recent call last):
    ValueError: the address must be the whole one on the board, http://…/…/. Received
    '192.168.0.7'. \
Copy it between the quotes.
    """
    if not isinstance(address, str) or not _ADDRESS.fullmatch(address.strip()):
        raise ValueError(
            "the address must be the whole one on the board, http://…/…/. "
            f"Received {address!r:.80}. Copy it between the quotes."
        )
    address = address.strip().rstrip("/") + "/"
    request = urllib.request.Request(
        address + CARD_PATH,
        data=card.encode(),
        headers={"Content-Type": "application/json", CARD_NAME: name},
    )
    try:
        with _opener().open(request, timeout=SECONDS) as reply:
            if reply.status == 201:
                return True, f"Handed in at {address}"
            status, sentence = reply.status, ""
    except urllib.error.HTTPError as error:
        with error:
            status, sentence = error.code, _first_line(error)
    except (OSError, http.client.HTTPException):
        return False, (
            f"Not handed in: nothing answers at {address} Compare it with the board; your machine "
            f"must be in the same network, and Binder is not. {_BY_HAND}."
        )
    return False, f"Not handed in: {sentence or f'{address} answers with error {status}.'}"


def _opener() -> urllib.request.OpenerDirector:
    """Return an opener that asks this address only: no proxy, and no other address that it names.

    A proxy of the school cannot reach the teacher's machine.
    """
    return urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def _first_line(reply: urllib.error.HTTPError) -> str:
    """Return the first line of a plain reply, without what a terminal would obey."""
    if reply.headers.get_content_type() != "text/plain":
        return ""
    try:
        text = reply.read(1_000).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException):
        return ""
    first = text.partition("\n")[0]
    return "".join(c for c in first if c.isprintable())[:300]

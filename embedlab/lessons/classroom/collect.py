"""The server of `embedlab collect`: it takes one JSON card at a time, and shows pages.

It is made for a network of strangers. A card is at most a kilobyte of JSON, which is read by the
reader of all cards and never executed; who does not know the code of the address gets nothing; the
pages that show answers are for the machine on which it runs.
"""

import ipaddress
import logging
import secrets
import socket
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.iostream import IOStream
from tornado.web import Application, HTTPError, RequestHandler

from embedlab.lessons.classroom.card import Card
from embedlab.lessons.classroom.card_folder import CardFolder, FolderFullError
from embedlab.lessons.classroom.collect_pages import DASHBOARD_PATH, board, form, thanks
from embedlab.lessons.classroom.dashboard import dashboard
from embedlab.lessons.classroom.hand_in import CARD_NAME, CARD_PATH
from embedlab.lessons.classroom.html_page import content_policy
from embedlab.lessons.classroom.read_card import CardError, parse_card
from embedlab.lessons.classroom.summary import summarize
from embedlab.lessons.grading.check import all_items

__all__ = ["LOOPBACK", "CollectServer", "RateLimit", "new_code"]

LOOPBACK = "127.0.0.1"
MOST_BODY, MOST_HEADERS = 64_000, 16_000
SECONDS, SECONDS_OPEN = 10, 60
"""For a whole request to arrive, and between two of them; for a connection, whatever it does."""
MOST_CONNECTIONS, MOST_CONNECTIONS_EACH = 256, 64
"""All in all, and of one address: forty learners on one hub share an address."""
MOST_CARDS_EACH = 64
"""New cards of one lesson from one address, for the same reason; not a session's second card.
One address fills at most half of the folder, so that others can still hand in."""
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that looks like another
_SCRIPT = Path(__file__).with_name("live.js")


def new_code() -> str:
    """Return a random code that can be typed from a board: 40 bits.

    Examples
    --------
    >>> len(new_code()), new_code() == new_code()
    (9, False)
    """
    letters = [secrets.choice(_LETTERS) for _ in range(8)]
    return f"{''.join(letters[:4])}-{''.join(letters[4:])}"


@dataclass
class RateLimit:
    """A limit on the requests of one address: `burst` at once, then `rate` a second.

    Examples
    --------
    >>> limit = RateLimit(burst=2, rate=0.5, clock=lambda: 7.0)
    >>> [limit.allows("192.168.0.7") for _ in range(3)], limit.allows("192.168.0.8")
    ([True, True, False], True)
    """

    burst: float = 240
    rate: float = 10
    clock: Callable[[], float] = time.monotonic
    _left: dict[str, tuple[float, float]] = field(default_factory=dict)

    def allows(self, address: str) -> bool:
        """Count a request, and return whether it is within the limit."""
        now = self.clock()
        if len(self._left) > 10_000:  # forget those whose burst is whole again
            full = now - self.burst / self.rate
            self._left = {who: last for who, last in self._left.items() if last[1] > full}
        left, before = self._left.get(address, (self.burst, now))
        left = min(self.burst, left + (now - before) * self.rate)
        self._left[address] = (left - 1 if left >= 1 else left, now)
        return left >= 1


class CollectServer:
    """The server: bound when it is made, serving from `start` to `stop`.

    Parameters
    ----------
    folder : CardFolder
    network : str, optional
        The address of this machine at which others reach it; without one nobody else does.
    port : int
        0 for any that is free.
    code : str, optional
        The last part of the learners' address; by default a new one.
    limit : RateLimit, optional

    Attributes
    ----------
    address : str
        For learners.
    board_address : str
        For the projector; it works on this machine only.

    Raises
    ------
    OSError
        When the address is not this machine's, or the port is used.
    """

    def __init__(
        self,
        folder: CardFolder,
        *,
        network: str | None = None,
        port: int = 0,
        code: str | None = None,
        limit: RateLimit | None = None,
    ):
        all_items("CHECKS"), all_items("QUESTIONS")  # loaded while no learner waits for her card
        self.folder = folder
        self.code = code or new_code()
        self.board_code = secrets.token_urlsafe(16)
        self.limit = limit or RateLimit()
        self._sockets = [_bind(LOOPBACK, port)]
        self.port = self._sockets[0].getsockname()[1]
        try:
            if network:
                self._sockets.append(_bind(network, self.port))
        except OSError:
            self._close_sockets()
            raise
        public = network or LOOPBACK
        self.hosts = {
            f"{name}{port}"
            for name in (LOOPBACK, "localhost", _in_address(public))
            for port in (f":{self.port}", *([""] if self.port == 80 else []))
        }
        self.address = f"http://{_in_address(public)}:{self.port}/{self.code}/"
        self.board_address = f"http://{LOOPBACK}:{self.port}/{self.board_code}/"
        self._server: _LimitedServer | None = None
        self._accepted: Counter[tuple[str, str]] = Counter()

    def take(self, card: Card, name: str, client: str) -> None:
        """Write a card, if its address has not handed in more than a class would."""
        lessons = sorted({item[:2] for item in (*card.answers, *card.checks)})
        counted = [] if self.folder.holds(name) else [(client, lesson) for lesson in (*lessons, "")]
        for who in counted:
            most = MOST_CARDS_EACH if who[1] else max(self.folder.most // 2, MOST_CARDS_EACH)
            if self._accepted[who] >= most:
                what = f"{most} cards of this lesson" if who[1] else f"{most} cards"
                raise _RefusedError(
                    429,
                    f"From your address {what} were handed in already, more than one class has. "
                    "Tell your teacher.",
                )
        self.folder.add(card, name)
        self._accepted.update(counted)

    def start(self) -> None:
        """Begin to serve, in the event loop that runs."""
        for name in ("tornado.access", "tornado.general"):  # strangers fill no terminal
            logging.getLogger(name).setLevel(logging.CRITICAL)
        application = Application(
            [
                (r"/([^/]+)/", _Start, {"server": self}),
                (r"/([^/]+)", _WithoutSlash, {"server": self}),
                (rf"/([^/]+)/{CARD_PATH}", _Cards, {"server": self}),
                (rf"/([^/]+)/{DASHBOARD_PATH}", _Dashboard, {"server": self}),
            ],
            default_handler_class=_Page,
            default_handler_args={"server": self},
            log_function=lambda handler: None,
        )
        self._server = _LimitedServer(
            application,
            idle_connection_timeout=SECONDS,
            body_timeout=SECONDS,
            max_header_size=MOST_HEADERS,
            max_body_size=MOST_BODY,
            max_buffer_size=4 * MOST_BODY,
        )
        self._server.add_sockets(self._sockets)

    async def stop(self) -> None:
        """Close all connections."""
        if self._server is None:
            self._close_sockets()
        else:
            self._server.stop()
            await self._server.close_all_connections()

    def _close_sockets(self) -> None:
        for one in self._sockets:
            one.close()


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.create_server((host, port), family=family, backlog=128)
    bound.setblocking(False)
    return bound


def _in_address(host: str) -> str:
    return f"[{host}]" if ":" in host else host


class _LimitedServer(HTTPServer):
    """A server that closes connections above a number at once, and each after a time."""

    def initialize(self, *args: Any, **kwargs: Any) -> None:
        super().initialize(*args, **kwargs)
        self.open: Counter[str] = Counter()

    def handle_stream(self, stream: IOStream, address: tuple) -> None:
        if (
            self.open.total() >= MOST_CONNECTIONS
            or self.open[_client(address[0])] >= MOST_CONNECTIONS_EACH
        ):
            stream.close()
            return
        self.open[_client(address[0])] += 1
        # one that reads nothing, or slowly, would stay for ever
        IOLoop.current().call_later(SECONDS_OPEN, stream.close)
        super().handle_stream(stream, address)

    def on_close(self, server_conn: Any) -> None:
        super().on_close(server_conn)
        client = _client(server_conn.context.address[0])
        self.open[client] -= 1
        if not self.open[client]:
            del self.open[client]


def _client(address: str) -> str:
    """Return whom an address belongs to: in IPv6 one machine has a whole network of them.

    Examples
    --------
    >>> _client("192.168.0.7"), _client("2001:db8::1:2:3:4"), _client("fe80::7%eth0")
    ('192.168.0.7', '2001:db8::/64', 'fe80::/64')
    """
    address = address.partition("%")[0]
    if ":" in address:
        return str(ipaddress.ip_network(f"{address}/64", strict=False))
    return address


class _RefusedError(HTTPError):
    """A status, and the sentence for whoever asked."""

    def __init__(self, status: int, sentence: str):
        super().__init__(status)
        self.sentence = sentence


class _Page(RequestHandler):
    """The checks that every request must pass; without a subclass, no page."""

    policy = content_policy()

    def initialize(self, server: CollectServer) -> None:
        self.server = server

    def set_default_headers(self) -> None:
        self.set_header("Server", "embedlab")
        self.set_header("Content-Security-Policy", f"{self.policy}; frame-ancestors 'none'")
        self.set_header("Cache-Control", "no-cache")
        self.set_header("Cross-Origin-Resource-Policy", "same-origin")
        self.set_header("Referrer-Policy", "same-origin")  # the code stays within these pages
        self.set_header("X-Content-Type-Options", "nosniff")

    def prepare(self) -> None:
        if not self.server.limit.allows(_client(self.request.remote_ip or "")):
            raise _RefusedError(429, "Too many requests. Wait ten seconds, and try again.")
        if self.request.host not in self.server.hosts:  # a foreign name that leads to us
            raise _RefusedError(
                403, "This server is asked by another name. Copy the address again."
            )
        ours = f"http://{self.request.host}"
        if self.request.headers.get("Origin", ours) != ours:
            raise _RefusedError(403, "Another page sends this. Open the address of the board.")

    def get(self, *_: str) -> None:
        raise self.wrong_code()

    post = get

    def finish_live(self, build: Callable[[str], str]) -> None:
        """Send a page that keeps itself up to date by the script that `build` gets."""
        script = _SCRIPT.read_text("utf-8")
        policy = f"{content_policy(script)}; frame-ancestors 'none'"
        self.set_header("Content-Security-Policy", policy)
        self.finish(build(script))

    def is_learner(self, code: str) -> bool:
        """Return whether this is the learners' code; how long it takes does not tell how wrong.

        Capitals are as good: a device may begin what is typed with one.
        """
        return secrets.compare_digest(code.lower().encode(), self.server.code.encode())

    def is_teacher(self, code: str) -> bool:
        """Return whether this is the teacher's code, on the teacher's machine."""
        known = secrets.compare_digest(code.encode(), self.server.board_code.encode())
        return known and self.request.remote_ip == LOOPBACK

    def wrong_code(self) -> HTTPError:
        """Return the error for whoever does not know the code."""
        return _RefusedError(404, "There is nothing at this address. Compare it with the board.")

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        error = kwargs.get("exc_info", (None, None))[1]
        sentence = getattr(error, "sentence", f"Error {status_code}.")
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish(f"{sentence}\n")


class _Start(_Page):
    """The form for learners; for the teacher, the board."""

    policy = content_policy(form=True)

    def get(self, code: str) -> None:  # type: ignore[override]
        if self.is_learner(code):
            self.finish(form())
        elif self.is_teacher(code):
            cards, _ = self.server.folder.read()
            self.finish_live(lambda script: board(self.server.address, cards, script))
        else:
            raise self.wrong_code()


class _WithoutSlash(_Page):
    """Leads to the form whoever typed the address without its last character."""

    def get(self, code: str) -> None:  # type: ignore[override]
        if not self.is_learner(code):
            raise self.wrong_code()
        self.redirect(f"/{self.server.code}/")


class _Dashboard(_Page):
    def get(self, code: str) -> None:  # type: ignore[override]
        if not self.is_teacher(code):
            raise self.wrong_code()
        cards, refused = self.server.folder.read()
        self.finish_live(lambda script: dashboard(summarize(cards), refused, script=script))


class _Cards(_Page):
    """Takes a card, as JSON or from the form."""

    def post(self, code: str) -> None:  # type: ignore[override]
        if not self.is_learner(code):
            raise self.wrong_code()
        content, name = self._content()
        try:
            card = parse_card(content)
            self.server.take(card, name, _client(self.request.remote_ip or ""))
        except CardError as error:
            raise _RefusedError(400, str(error)) from None
        except FolderFullError as error:
            raise _RefusedError(507, str(error)) from None
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise _RefusedError(
                507, f"the card cannot be written ({reason}). Tell your teacher."
            ) from None
        self.set_status(201)
        if self._is_json():
            self.set_header("Content-Type", "text/plain; charset=utf-8")
            self.finish(f"{card.contents}\n")
        else:
            self.finish(thanks(card.contents))

    def _is_json(self) -> bool:
        return self._content_type() == "application/json"

    def _content_type(self) -> str:
        return self.request.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    def _content(self) -> tuple[bytes, str]:
        """Return the bytes of the card, and its file name."""
        if self._is_json():
            return self.request.body, self.request.headers.get(CARD_NAME, "")
        if self._content_type() != "multipart/form-data":
            raise _RefusedError(415, "A card is sent as application/json, or by the form.")
        files: Sequence[Any] = self.request.files.get("file", ())
        if files and files[0].body:
            return files[0].body, files[0].filename
        text = b"".join(self.request.body_arguments.get("text", ())[:1])
        if not text.strip():
            raise _RefusedError(
                400, "Paste the line of your card, or choose its file. Then hand it in."
            )
        return text.strip(), ""

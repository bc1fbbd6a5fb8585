"""Export of an explorer as one HTML file that needs no network."""

import base64
import hashlib
import html
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from embedlab.storage.atomic import atomic_write

__all__ = ["NO_PYTHON", "Page", "fixed_header", "render_html", "write_html"]

NO_PYTHON = "This page is saved without Python: it shows one result and cannot compute a new one."

_TEMPLATE = Path(__file__).with_name("page.html")
_SCRIPT = Path(__file__).with_name("static") / "page" / "page.js"


@dataclass(frozen=True)
class Page:
    """The contents of an HTML page. `render_html` escapes all texts.

    Attributes
    ----------
    title, alt, summary : str
    script, style : str
        The bundle of the view.
    traits : dict
        The values of the widget model, of `Explorer.json_state`.
    in_message : tuple of str
        Parameters that the view can change without Python and without `core`.
    names : tuple of str
        Controls that a link to the page can hide.
    core : str
        The bundle that answers edits in Python's place, or "".
    core_data : dict
        What it needs besides the first message.
    still : bytes
        A PNG, shown until the view is rendered, or always without JavaScript. Empty for a view
        that opens with a question: the picture would answer it.
    """

    title: str
    script: str
    style: str
    traits: dict[str, Any]
    in_message: tuple[str, ...]
    names: tuple[str, ...]
    core: str
    core_data: dict[str, Any]
    still: bytes
    alt: str
    summary: str


def render_html(page: Page) -> str:
    """Return the page as HTML text.

    Examples
    --------
    >>> page = Page("<b>?", "", "", {"message": {}}, (), (), "", {}, b"", "", "")
    >>> text = render_html(page)
    >>> "<title>&lt;b&gt;?</title>" in text, "https://" in text
    (True, False)
    """
    model = {
        "script": page.script,
        "style": page.style,
        "traits": page.traits,
        "inMessage": list(page.in_message),
        "names": list(page.names),
        "core": page.core,
        "coreData": page.core_data,
        "noPython": NO_PYTHON,
    }
    script = _SCRIPT.read_text(encoding="utf-8").strip()
    parts = {
        "title": html.escape(page.title),
        "still": _image(page.still, page.alt) if page.still else "",
        "summary": html.escape(page.summary),
        # A "<" could end the script element.
        "model": json.dumps(model, allow_nan=False).replace("<", "\\u003c"),
        "script": script,
        "hash": base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    }
    pieces = _TEMPLATE.read_text(encoding="utf-8").split("%%")  # text, name, text, name, …, text
    return "".join(parts[piece] if n % 2 else piece for n, piece in enumerate(pieces))


def fixed_header(
    header: dict[str, Any], in_message: tuple[str, ...], missing: list[str]
) -> dict[str, Any]:
    """Return the header of a page that cannot compute: with what is fixed there, and why.

    Parameters
    ----------
    header : dict
        The header of the message.
    in_message : tuple of str
        Parameters that can change nevertheless.
    missing : list of str
        The names of inputs that do not travel with the page.

    Examples
    --------
    >>> header = {"params": {"row": 1, "seed": 7}, "initial": {"seed": 8}, "note": None}
    >>> fixed_header(header, ("row",), ["table"])["note"]
    'This page is saved without Python and without its table: gray controls cannot be changed here.'
    """
    inputs = f" and without its {' and '.join(missing)}" if missing else ""
    gray = f"This page is saved without Python{inputs}: gray controls cannot be changed here."
    return {
        **header,
        "fixed": [name for name in header["params"] if name not in in_message],
        "initial": {n: value for n, value in header["initial"].items() if n in in_message},
        "note": f"{gray} {header['note'] or ''}".strip(),
    }


def _image(still: bytes, alt: str) -> str:
    data = base64.b64encode(still).decode()
    return f'<img src="data:image/png;base64,{data}" alt="{html.escape(alt)}">'


def write_html(path: Path, page: Page) -> Path:
    """Write the page atomically: an interrupted write keeps an older file."""
    text = render_html(page)
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")
    return path

"""A page for teachers: one HTML file with its style inside, and nothing to fetch."""

import base64
import hashlib
import html
import re
from pathlib import Path

__all__ = ["content_policy", "inline_markdown", "page"]

_STYLE = Path(__file__).with_name("html_page.css")


def page(
    title: str, body: str, *, images: bool = False, script: str = "", form: bool = False
) -> str:
    """Return a whole page.

    Parameters
    ----------
    title : str
        Plain text.
    body : str
        HTML, in which all that came from outside is escaped.
    images : bool
        Show the pictures that are written in it as data.
    script : str
        Runs at the end of the page, and may fetch from its own server. A browser that runs no
        script loads the page again every ten seconds instead.
    form : bool
        Whether the page has a form, for its own server.

    Returns
    -------
    str
        Its policy lets a browser use what is written in it, and nothing else.

    Examples
    --------
    >>> "<title>a &lt; b</title>" in page("a < b", "<p>yes</p>")
    True
    """
    style = _STYLE.read_text(encoding="utf-8")
    policy = content_policy(script, form, images)
    body = body.encode("utf-8", "replace").decode()  # a file's name may be no text
    again = '<noscript><meta http-equiv="refresh" content="10"></noscript>\n' if script else ""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"{again}<title>{html.escape(title)}</title>\n<style>{style}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n"
        f"{f'<script>{script}</script>' if script else ''}</body>\n</html>\n"
    )


def content_policy(script: str = "", form: bool = False, images: bool = False) -> str:
    """Return the content security policy of a page with this script, a form or pictures.

    Examples
    --------
    >>> content_policy().partition("; ")[0]
    "default-src 'none'"
    """
    rules = ["default-src 'none'", f"style-src '{_hash(_STYLE.read_text(encoding='utf-8'))}'"]
    if images:
        rules.append("img-src data:")
    if script:
        rules += [f"script-src '{_hash(script)}'", "connect-src 'self'"]
    return "; ".join([*rules, "base-uri 'none'", f"form-action '{'self' if form else 'none'}'"])


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def inline_markdown(text: str) -> str:
    """Escape a sentence; what stands between backticks becomes code.

    Examples
    --------
    >>> inline_markdown("`a < b` & c")
    '<code>a &lt; b</code> &amp; c'
    """
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text))

"""A view as one file: complete, escaped, and without any address."""

import base64
import hashlib
import html
import json
import re

import numpy as np
import pytest

from embedlab.explorers.html_export import NO_PYTHON, Page, render_html, write_html
from embedlab.explorers.lookup import LookupExplorer

EVIL = "</script><script>alert(1)</script>\"'&<!--%%still%%"


def page(**changes):
    traits = {"message": {"header": {"tokens": [EVIL]}, "buffer": "AAH/"}, "text": EVIL}
    defaults = {
        "title": EVIL,
        "alt": EVIL,
        "summary": EVIL,
        "style": EVIL,
        "still": b"\x89PNG",
        "script": "export default {}",
        "traits": traits,
        "in_message": ("method",),
        "names": ("text",),
        "core": "",
        "core_data": {},
    }
    return Page(**{**defaults, **changes})


def model(text):
    match = re.search(r'<script type="application/json" id="model">(.*?)</script>', text, re.S)
    return json.loads(match[1])


def test_hostile_text_stays_text():
    text = render_html(page())
    assert text.count("<script") == 2 and text.count("</script>") == 2  # the page's own
    assert f"<title>{html.escape(EVIL)}</title>" in text
    assert model(text)["traits"]["text"] == EVIL and model(text)["style"] == EVIL


def test_everything_is_inside():
    text = render_html(page())
    content = model(text)
    assert content["traits"]["message"]["buffer"] == "AAH/"
    assert content["inMessage"] == ["method"] and content["noPython"] == NO_PYTHON
    assert not re.search(r"(https?:)?//[a-z]", text.replace("// ", ""))
    assert text == render_html(page())


def test_the_policy_allows_one_script_and_nothing_from_outside():
    text = render_html(page())
    policy = re.search(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', text)[1]
    script = re.search(r'<script type="module">(.*?)</script>', text, re.S)[1]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert dict(part.strip().split(" ", 1) for part in policy.split(";")) == {
        "default-src": "'none'",  # connect, frame, font, media, object, worker, manifest
        "script-src": f"'sha256-{digest}' blob:",  # a blob: address is made by that script
        "style-src": "'unsafe-inline'",
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "lit-html",
    }


def test_what_cannot_change_in_a_page_is_named(monkeypatch):
    explorer = LookupExplorer(table=np.ones((4, 3)), text="#1")
    monkeypatch.setattr(LookupExplorer, "page_inputs", lambda self: None)  # as of a large table
    explorer.seed = 8
    header = explorer._page().traits["message"]["header"]
    assert header["fixed"] == [name for name in explorer.params if name != "method"]
    assert header["note"] == (
        "This page is saved without Python and without its table: gray controls cannot be changed "
        "here."
    )
    assert header["initial"] == {}  # Reset leaves what cannot change
    assert "fixed" not in explorer.message["header"]


def test_writing_replaces_the_file_or_leaves_it_whole(tmp_path):
    target = tmp_path / "view.html"
    target.write_text("old", encoding="utf-8")
    with pytest.raises(ValueError, match="JSON"):
        write_html(target, page(traits={"message": {"header": float("nan"), "buffer": b""}}))
    assert target.read_text(encoding="utf-8") == "old"
    assert write_html(target, page()) == target
    assert target.read_text(encoding="utf-8") == render_html(page())
    assert list(tmp_path.iterdir()) == [target]

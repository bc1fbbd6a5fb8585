"""A view as one file: complete, escaped, and without any address."""

import base64
import html
import json
import re

import pytest

from embedlab.explorers.html_export import NO_PYTHON, Page, render_html, write_html

EVIL = "</script><script>alert(1)</script>\"'&<!--%%still%%"


def page(**changes):
    traits = {"message": {"header": {"tokens": [EVIL]}, "buffer": b"\x00\x01\xff"}, "text": EVIL}
    defaults = {
        "title": EVIL,
        "alt": EVIL,
        "summary": EVIL,
        "style": EVIL,
        "still": b"\x89PNG",
        "script": "export default {}",
        "traits": traits,
        "in_message": ("method",),
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
    assert base64.b64decode(content["traits"]["message"]["buffer"]) == b"\x00\x01\xff"
    assert content["inMessage"] == ["method"] and content["noPython"] == NO_PYTHON
    assert not re.search(r"(https?:)?//[a-z]", text.replace("// ", ""))
    assert "default-src 'none'" in text
    assert text == render_html(page())


def test_writing_replaces_the_file_or_leaves_it_whole(tmp_path):
    target = tmp_path / "view.html"
    target.write_text("old", encoding="utf-8")
    with pytest.raises(ValueError, match="JSON"):
        write_html(target, page(traits={"message": {"header": float("nan"), "buffer": b""}}))
    assert target.read_text(encoding="utf-8") == "old"
    assert write_html(target, page()) == target
    assert target.read_text(encoding="utf-8") == render_html(page())
    assert list(tmp_path.iterdir()) == [target]

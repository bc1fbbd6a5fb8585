"""A fixture of the tests that answer questions."""

import pytest

from embedlab.lessons.classroom import card


@pytest.fixture
def new_card(tmp_path, monkeypatch):
    """Begin a session of its own, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    card.clear()
    yield
    card.clear()

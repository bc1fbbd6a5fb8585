"""A state is small and versioned, and what is not one is refused with a sentence."""

import pytest

from embedlab.explorers.state import StateError, from_link, parse, to_dict, to_link

GOOD = {"view": "lookup", "version": 1, "params": {"text": "קטן 🐈", "seed": 7}}


def test_round_trip():
    assert to_dict("lookup", 1, GOOD["params"], []) == GOOD
    assert parse(GOOD, "lookup", 1, ("text", "seed")) == (GOOD["params"], [])
    link = to_link("http://127.0.0.1:8888/lab/tree/a.ipynb?x=1#old", GOOD)
    assert link.startswith("http://127.0.0.1:8888/lab/tree/a.ipynb?x=1#embedlab=")
    assert link.isascii() and from_link(link) == GOOD


def test_needs_are_kept():
    state = to_dict("lookup", 1, {}, ["table"])
    assert parse(state, "lookup", 1, ()) == ({}, ["table"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"view": "lora"}, "be of the view 'lookup'. Received 'lora'"),
        ({"version": 2}, "have version 1. Received 2"),
        ({"version": None}, "have version 1. Received None"),
        ({"params": {"rank": 3}}, "known parameters only. Received 'rank'"),
        ({"params": [1]}, "parameters as a dict"),
        ({"extra": 1}, "known parameters only. Received 'extra'"),
        ({5: 1}, "known parameters only. Received '5'"),
        ({"needs": 5}, "names of its arguments as a list. Received 5"),
        ({"needs": None}, "names of its arguments as a list. Received None"),
        ({"needs": "table"}, "names of its arguments as a list. Received 'table'"),
        ({"needs": [1]}, "names of its arguments as a list. Received [1]"),
    ],
)
def test_what_is_unknown_is_refused(change, message):
    with pytest.raises(StateError) as excinfo:
        parse({**GOOD, **change}, "lookup", 1, ("text", "seed"))
    assert message in str(excinfo.value) and str(excinfo.value).endswith(".")


@pytest.mark.parametrize("text", ["", "{", "[1]", "3", "[" * 100_000, 7, None])
def test_what_is_no_state_is_refused(text):
    with pytest.raises(StateError, match="a state must be"):
        parse(text, "lookup", 1, ())


@pytest.mark.parametrize("tail", ["", "#embedlab=", "#embedlab=%%%", "#embedlab=_w", "#other=e30"])
def test_a_broken_link_is_refused(tail):
    with pytest.raises(StateError, match=r"a (link|state) must"):
        from_link("https://example.org/" + tail)


def test_at_most_two_kilobytes():
    with pytest.raises(StateError, match=r"most of it text\. Shorten text"):
        to_dict("lookup", 1, {"seed": 7, "text": "x" * 2000}, [])

"""The talk of both halves: one run per set of parameters, one answer per edit, errors as sentences.

The browser's side is played through ipywidgets' own message handler.
"""

import json
from types import SimpleNamespace

import ipywidgets
import numpy as np
import pytest
from matplotlib.figure import Figure
from traitlets import TraitError

import embedlab.explorers.explorer as base
from embedlab.explorers.explorer import BundleError, Explorer
from embedlab.explorers.state import StateError
from embedlab.explorers.traits import BoundedInt, BoundedText, CellEdits, Choice
from embedlab.explorers.wire import decode


class Squares(Explorer):
    """The smallest explorer there can be: n squares."""

    VIEW, QUESTION, PARAMS = "squares", "How fast do squares grow?", ("n", "name", "kind", "edits")
    OFFLINE_PARAMS = ("kind",)
    n = BoundedInt(3, 1, 100_000).tag(sync=True)
    name = BoundedText("a", 20).tag(sync=True)
    kind = Choice("x", "y").tag(sync=True)
    edits = CellEdits(2).tag(sync=True)

    def __init__(self, **traits):
        self.runs = 0
        super().__init__(**traits)

    def compute_trace(self):
        self.runs += 1
        if self.name == "bug":
            raise KeyError("lost")
        if self.name == "wrong":
            raise ValueError("n must be even. Received 3. Add 1.")
        if self.name == "slow":
            raise KeyboardInterrupt
        values = np.arange(self.n, dtype=np.float64) ** 2
        return SimpleNamespace(values=values, summary=f"{self.n} squares", alt="squares")

    def encode_trace(self, trace):
        return {"sum": int(trace.values.sum())}, {"values": trace.values}

    def draw(self, trace, *, dark):
        return Figure(figsize=(1, 1))


@pytest.fixture(autouse=True)
def bundle(tmp_path, monkeypatch):
    monkeypatch.setattr(base, "STATIC", tmp_path)
    (tmp_path / "squares.js").write_text("export default { render() {} }", encoding="utf-8")
    (tmp_path / "squares.css").write_text(".x {}", encoding="utf-8")
    return tmp_path


class Browser:
    """The other end of the line: keeps what arrives, sends what a browser sends."""

    kernel = comm_id = "browser"

    def __init__(self, explorer):
        self.got = []
        self.explorer = explorer
        explorer.comm = self

    def send(self, data=None, metadata=None, buffers=None):
        self.got.append((data, buffers))

    def edit(self, **state):
        data = {"method": "update", "state": state, "buffer_paths": []}
        self.explorer._handle_msg({"content": {"data": data}, "buffers": []})

    def message(self, **state):
        data = {"method": "custom", "content": state}
        self.explorer._handle_msg({"content": {"data": data}, "buffers": []})

    def on_msg(self, _):
        pass

    def close(self, *_, **__):
        pass

    def messages(self):
        messages_sent = [
            d["state"]["message"]["header"]
            for d, _ in self.got
            if d["method"] == "update" and "message" in d["state"]
        ]
        self.got.clear()
        return messages_sent


def test_the_first_message_is_there_before_the_browser_asks():
    explorer = Squares(n=4)
    header, arrays = decode(explorer.message)
    assert arrays["values"].tolist() == [0, 1, 4, 9] and header["sum"] == 14
    assert (header["view"], header["version"], header["seq"]) == ("squares", 1, 0)
    assert header["error"] is None and header["params"] == explorer.params
    assert header["limits"]["n"] == {"min": 1, "max": 100_000}
    assert header["limits"]["kind"] == {"choices": ["x", "y"]}
    json.dumps(explorer.message["header"], allow_nan=False)


def test_an_edit_of_the_browser_is_one_run_and_one_message():
    explorer = Squares()
    browser = Browser(explorer)
    runs = explorer.runs
    browser.edit(n=5, name="b", kind="y", _seq=1)
    (header,) = browser.messages()
    assert explorer.runs == runs + 1
    assert header["seq"] == 1 and header["sum"] == 30
    assert header["params"] == {"n": 5, "name": "b", "kind": "y", "edits": []}
    assert header["initial"] == {"n": 3, "name": "a", "kind": "x"}


def test_the_buffer_is_sent_as_bytes():
    browser = Browser(Squares())
    browser.edit(n=2, _seq=1)
    data, buffers = next(g for g in browser.got if "message" in g[0].get("state", {}))
    assert data["buffer_paths"] == [["message", "buffer"]]
    assert np.frombuffer(buffers[0]).tolist() == [0.0, 1.0]


def test_an_edit_to_the_same_value_runs_nothing():
    explorer = Squares()
    browser = Browser(explorer)
    browser.edit(n=3, _seq=7)
    (header,) = browser.messages()
    assert header["seq"] == 7 and explorer.runs == 1


def test_python_sets_parameters_and_gets_errors():
    explorer = Squares()
    browser = Browser(explorer)
    explorer.n = np.int64(6)
    (header,) = browser.messages()
    assert header["sum"] == 55 and type(explorer.n) is int
    with pytest.raises(TraitError) as excinfo:
        explorer.n = -3
    message = str(excinfo.value)
    assert message == (
        "n must be an integer from 1 to 100000. Received -3. Choose a value in this range."
    )
    assert explorer.n == 6 and browser.messages() == []


def test_several_values_at_once_are_one_run():
    explorer = Squares()
    with explorer.hold_trait_notifications():
        explorer.n, explorer.name = 8, "c"
    assert explorer.runs == 2


@pytest.mark.parametrize("value", [-3, "three", 2.5, None, True, [1], 10**30])
def test_a_wrong_value_from_the_browser_is_explained(value):
    explorer = Squares()
    browser = Browser(explorer)
    browser.edit(n=value, _seq=1)
    values_sent = [
        d["state"]["n"] for d, _ in browser.got if d["method"] == "update" and "n" in d["state"]
    ]
    header = browser.messages()[-1]
    assert header["seq"] == 1 and "n must be an integer" in header["error"]
    assert header["params"]["n"] == 3 and explorer.n == 3
    assert values_sent == [3]  # the browser's copy is put right
    browser.edit(n=4, _seq=2)
    assert browser.messages()[-1]["error"] is None


def test_a_run_that_fails_keeps_the_last_good_trace_and_says_why():
    explorer = Squares()
    good = explorer.trace
    browser = Browser(explorer)
    browser.edit(name="wrong", _seq=1)
    (header,) = browser.messages()
    assert header["error"] == "n must be even. Received 3. Add 1." == explorer.error
    assert header["params"]["name"] == "a" and header["sum"] == 5
    assert explorer.trace is good and "n must be even" in explorer.summary
    browser.edit(name="bug", _seq=2)
    assert "KeyError" in browser.messages()[-1]["error"]
    browser.edit(name="fine", _seq=3)
    assert browser.messages()[-1]["error"] is None and explorer.error is None


def test_an_interrupt_undoes_the_edit_and_answers_it():
    explorer = Squares()
    browser = Browser(explorer)
    with pytest.raises(KeyboardInterrupt):
        browser.edit(name="slow", n=4, _seq=1)
    header = browser.messages()[-1]
    assert "Received an interrupt" in header["error"] == explorer.error
    assert header["seq"] == 1 and header["sum"] == 5
    assert (explorer.name, explorer.n) == ("a", 3)
    with pytest.raises(KeyboardInterrupt):
        explorer.name = "slow"  # in a cell
    assert "Received an interrupt" in explorer.error and explorer.name == "a"
    browser.edit(n=4, _seq=2)
    assert (browser.messages()[-1]["sum"], explorer.error) == (14, None)


def test_an_interrupt_while_a_refusal_is_sent(monkeypatch):
    explorer = Squares()
    browser = Browser(explorer)

    def interrupt(*_):
        monkeypatch.undo()
        raise KeyboardInterrupt

    for edit in (
        lambda: browser.edit(name="wrong", _seq=1),
        lambda: setattr(explorer, "name", "wrong"),  # in a cell
    ):
        monkeypatch.setattr(explorer, "_send_message", interrupt)
        with pytest.raises(KeyboardInterrupt):
            edit()
        assert explorer.name == "a"
    browser.messages()
    browser.edit(name="b", _seq=2)
    assert [(h["seq"], h["error"]) for h in browser.messages()] == [(2, None)]


def test_an_interrupt_while_an_edit_is_undone(monkeypatch):
    explorer = Squares()
    browser = Browser(explorer)

    def interrupt():
        monkeypatch.undo()
        raise KeyboardInterrupt

    monkeypatch.setattr(explorer, "_undo_refused", interrupt)
    with pytest.raises(KeyboardInterrupt):
        explorer.name = "wrong"
    browser.messages()
    browser.edit(n=4, _seq=2)
    (header,) = browser.messages()
    assert (header["seq"], header["error"], header["params"]["name"]) == (2, None, "a")
    assert (explorer.n, header["sum"]) == (4, 14)


def test_an_undoing_that_is_interrupted_is_done_again(monkeypatch):
    explorer = Squares()

    def interrupt():
        monkeypatch.undo()
        raise KeyboardInterrupt

    monkeypatch.setattr(explorer, "_restore", interrupt)
    with pytest.raises(KeyboardInterrupt):
        explorer.name = "wrong"
    assert explorer.params == explorer.message["header"]["params"]


def test_a_half_applied_edit_is_whole_when_sent_again():
    explorer = Squares()
    browser = Browser(explorer)
    browser.edit(n=4)  # an interrupt took the rest
    browser.messages()
    browser.edit(n=4, kind="y", _seq=2)
    (header,) = browser.messages()
    assert (header["seq"], header["sum"], header["params"]["kind"]) == (2, 14, "y")


def test_an_edit_sent_again_as_a_message_is_answered_once():
    explorer = Squares()
    browser = Browser(explorer)
    browser.message(n=4, _seq=1)
    assert [(h["seq"], h["sum"]) for h in browser.messages()] == [(1, 14)]
    browser.edit(n=-1, _seq=2)
    browser.message(n=-1, _seq=2)
    (header,) = browser.messages()
    assert header["seq"] == 2 and "n must be an integer" in header["error"]
    browser.message(cursor={"step": 3})
    assert explorer.cursor == {"step": 3}


def test_a_trace_too_large_to_send_is_explained():
    explorer = Squares()
    explorer.n = 50_000
    assert "at most 300000 bytes" in explorer.message["header"]["error"]
    assert explorer.message["header"]["sum"] == 5


def test_an_error_at_the_start_is_raised():
    with pytest.raises(ValueError, match="n must be even"):
        Squares(name="wrong")
    with pytest.raises(TraitError, match="Received 0"):
        Squares(n=0)
    with pytest.raises(TypeError, match=r"Squares takes n, name, kind, edits\. Received m"):
        Squares(m=3)


def test_reset_and_refresh():
    explorer = Squares(n=4)
    explorer.n, explorer.name = 9, "b"
    runs = explorer.runs
    explorer.reset()
    assert explorer.params == {"n": 4, "name": "a", "kind": "x", "edits": []}
    assert explorer.runs == runs + 1
    explorer.refresh()
    assert explorer.runs == runs + 2


def test_link_joins_two_explorers_and_a_slider():
    one, two, slider = Squares(), Squares(), ipywidgets.IntSlider(max=50)
    ipywidgets.link((one, "n"), (two, "n"))
    ipywidgets.link((two, "n"), (slider, "value"))
    slider.value = 12
    assert one.n == two.n == 12 and one.trace.values.size == 12
    assert (one.runs, two.runs) == (2, 2)


def test_answers_are_small():
    explorer = Squares()
    answer = {"question": "q", "answer": [1, 2], "correct": True}
    browser = Browser(explorer)
    browser.edit(answers=[answer])
    assert explorer.answers == [answer]
    browser.edit(answers=[{"question": "x" * 2000}])
    assert explorer.answers == [answer]
    assert "answers must stay within 1000 bytes" in browser.messages()[-1]["error"]


def test_state_and_link_bring_it_back():
    explorer = Squares(n=9, edits=[[0, 1, 0.5]])
    for again in (
        Squares.from_state(explorer.state),
        Squares.from_state(json.dumps(explorer.state)),
        Squares.from_link(explorer.share_link("https://example.org/lab")),
    ):
        assert again.params == explorer.params
    assert len(json.dumps(explorer.state)) <= 2000
    with pytest.raises(StateError, match=r"version 1\. Received 2"):
        Squares.from_state({**explorer.state, "version": 2})


def test_the_last_edit_of_a_cell_counts():
    explorer = Squares(edits=((1, 2, 3), (0, 0, 1), (1, 2, np.float32(0.5))))
    assert explorer.edits == [[1, 2, 0.5], [0, 0, 1.0]]
    for wrong in ([[1, 2]], [[-1, 0, 0.0]], [[0, 0, float("nan")]], [[0, 0, 1e300]], 3, ["abc"]):
        with pytest.raises(TraitError, match="edits must be a list of"):
            explorer.edits = wrong
    with pytest.raises(TraitError, match=r"at most 2 weights\. Received 3"):
        explorer.edits = [[0, 0, 1], [0, 1, 1], [0, 2, 1]]
    assert Squares().edits == [] and Squares().edits is not Squares().edits


def test_text_and_choice():
    assert Squares(name="\ud83d\udc31").name == "🐱"  # two halves make a cat
    assert Squares(name="a\ud83d").name == "a�"
    for name, wrong in (("name", 3), ("name", "x" * 21), ("kind", "z"), ("kind", None)):
        with pytest.raises(TraitError, match=rf"{name} must .* Received .*\."):
            setattr(Squares(), name, wrong)


def test_how_it_prints(bundle):
    explorer = Squares()
    data, metadata = explorer._repr_mimebundle_()
    assert data["text/plain"] == "How fast do squares grow?\n3 squares"
    assert "application/vnd.jupyter.widget-view+json" in data
    assert data["image/png"].startswith("iVBORw0KGgo") and len(data["image/png"]) < 54_000
    assert metadata["image/png"] == {"alt": "squares"}
    assert repr(explorer) == "Squares(n=3, name='a', kind='x', edits=[])"


def test_an_open_question_is_saved_without_picture_and_numbers(bundle):
    data, metadata = Squares(ask=True)._repr_mimebundle_()
    assert set(data) == {"text/plain", "application/vnd.jupyter.widget-view+json"}
    assert data["text/plain"].startswith("How fast do squares grow?\nPredict first: run this cell")
    assert "squares" not in data["text/plain"].partition("\n")[2] and metadata == {}


def test_a_missing_bundle_names_the_cure(bundle):
    (bundle / "squares.js").unlink()
    with pytest.raises(BundleError, match=r"no static/squares\.js\. Run `npm ci && npm run build`"):
        Squares()

"""LookupExplorer: what its parameters mean, and that the numbers are the core's."""

import json
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from traitlets import TraitError

from embedlab.core.lookup import lookup
from embedlab.explorers.inputs.sentence import parse_sentence
from embedlab.explorers.lookup import LookupExplorer
from embedlab.explorers.state import StateError
from embedlab.explorers.wire import MAX_BYTES, decode


class Words:
    """The seam to a vocabulary: three words, and one id for all others."""

    words = ("<pad>", "<unk>", "cat")
    unknown_id = 1

    def tokens(self, text):
        return text.split()

    def encode(self, text):
        return np.array([2 if word == "cat" else 1 for word in text.split()], np.int64)


def test_the_message_is_the_core_s_lookup():
    explorer = LookupExplorer("the cat sat on the mat")
    header, arrays = decode(explorer.message)
    assert header["tokens"] == ["the", "cat", "sat", "on", "the", "mat"]
    np.testing.assert_array_equal(arrays["output"], lookup(arrays["table"], arrays["ids"]))
    np.testing.assert_array_equal(arrays["onehot"], arrays["output"])
    assert arrays["table"].dtype == np.float32 and arrays["table"].shape == (16, 8)
    assert header["shapes"] == {"ids": [6], "table": [16, 8], "output": [6, 8]}
    assert header["parameters"] == 128 and header["bytes_moved"] == 192
    assert header["multiplications"] == {"gather": 0, "one-hot": 768}
    assert header["rows_read"] == 5 and header["max_difference"] == 0
    assert header["gather_ns"] > 0 and header["onehot_ns"] > 0 and header["total"] == 6
    assert header["words"][0] == "<pad>" and len(header["words"]) == 16
    assert [header["words"][i] for i in arrays["ids"]] == header["tokens"]
    assert header["summary"] == explorer.summary and header["alt"] == explorer.trace.alt


def test_every_use_of_a_row_shows_its_edit():
    explorer = LookupExplorer("the cat the")
    before = explorer.trace
    row = int(before.ids[0])
    explorer.edits = [[row, 2, 0.125], [99, 0, 5.0]]
    assert explorer.trace.output[[0, 2], 2].tolist() == [0.125, 0.125]
    assert before.output[0, 2] != 0.125  # the older trace is frozen
    explorer.edits = []
    np.testing.assert_array_equal(explorer.trace.table, before.table)


def test_lists_of_integers_and_very_large_numbers():
    assert LookupExplorer([[1, 2], [3, 4]]).trace.table.tolist() == [[1.0, 2.0], [3.0, 4.0]]
    _, arrays = decode(LookupExplorer(table=[[1e300, 0.0]]).message)
    assert arrays["table"].tolist() == [[np.inf, 0.0]]


def test_growing_keeps_the_numbers_already_there():
    explorer = LookupExplorer("the", input_dim=4, output_dim=3)
    small = explorer.trace.table
    explorer.input_dim, explorer.output_dim = 9, 7
    np.testing.assert_array_equal(explorer.trace.table[:4, :3], small)
    explorer.seed = 8
    assert (explorer.trace.table[:4, :3] != small).any()
    np.testing.assert_array_equal(small, small.round(2))  # what is shown is what is there


def test_a_new_word_takes_the_next_id():
    words = parse_sentence("").words
    explorer = LookupExplorer("zebra quagga zebra", input_dim=len(words) + 1)
    assert explorer.trace.ids.tolist() == [len(words), len(words) + 1, len(words)]
    assert explorer.trace.bad.tolist() == [False, True, False]
    header, arrays = decode(explorer.message)
    assert header["trace_error"].startswith(f"ids must lie in 0..{len(words)} ")
    assert "output" not in arrays and "onehot" not in arrays
    assert header["gather_ns"] is None and header["error"] is None
    assert header["words"][-1] == "zebra"
    explorer.input_dim += 1  # M2: input_dim is the largest index + 1
    assert explorer.trace.error is None


@pytest.mark.parametrize(
    ("oob", "rows"), [("zero", [1, -1]), ("nan", [1, -1]), ("clip", [1, 15]), ("wrap", [1, 1])]
)
def test_rules_for_an_id_outside(oob, rows):
    explorer = LookupExplorer("the #17", oob=oob)
    _, arrays = decode(explorer.message)
    assert arrays["rows"].tolist() == rows and arrays["bad"].tolist() == [0, 1]
    assert np.isnan(arrays["output"][1]).all() == (oob == "nan")


def test_bare_ids():
    assert parse_sentence("#12 a#3 #-1 # #x").ids[0] == 12
    assert parse_sentence("#12 #-1").tokens == ("#12", "#-1")
    explorer = LookupExplorer("#-1", oob="wrap")
    assert explorer.trace.rows.tolist() == [15]
    explorer.oob = "raise"
    assert "Count from 0" in explorer.trace.error
    explorer.text = "#1234567890"
    assert "at most 9 digits" in explorer.error and explorer.trace.tokens == ("#-1",)


def test_own_vocabulary():
    explorer = LookupExplorer("cat dog cat", vocabulary=Words())
    assert explorer.input_dim == 3 and explorer.trace.ids.tolist() == [2, 1, 2]
    assert explorer.trace.words == Words.words
    explorer.text = "cat #0"
    assert explorer.trace.ids.tolist() == [2, 0]
    assert LookupExplorer("cat", vocabulary=Words(), input_dim=2).trace.error


def test_own_table_is_read_and_never_changed():
    table = np.arange(6.0).reshape(3, 2)
    explorer = LookupExplorer("#2 #0", table=table, edits=[[2, 0, 9.0]])
    assert explorer.trace.output.tolist() == [[9.0, 5.0], [0.0, 1.0]]
    assert explorer.trace.output.dtype == np.float64 and table[2, 0] == 4.0
    assert explorer.message["header"]["dtype"] == "float64"
    assert explorer.message["header"]["limits"]["input_dim"] == {"min": 3, "max": 3}
    with pytest.raises(TraitError, match="input_dim must be 3, the size of the given table"):
        explorer.input_dim = 4
    with pytest.raises(StateError, match=r"from_state\(state, table=\.\.\.\)"):
        LookupExplorer.from_state(explorer.state)
    again = LookupExplorer.from_state(explorer.state, table=table)
    assert again.summary == explorer.summary


def test_a_layer_is_read_anew_by_refresh():
    layer = SimpleNamespace(embeddings=np.zeros((4, 2), np.float32))
    explorer = LookupExplorer("#3", layer=layer)
    layer.embeddings[3] = 0.5
    assert explorer.trace.output.tolist() == [[0.0, 0.0]]
    explorer.refresh()
    assert explorer.trace.output.tolist() == [[0.5, 0.5]]
    variable = SimpleNamespace(numpy=lambda: np.ones((2, 2)))
    assert LookupExplorer("#1", layer=SimpleNamespace(embeddings=variable)).input_dim == 2


def test_what_cannot_be_shown_is_refused():
    with pytest.raises(ValueError, match=r"layer must be an array .* Received types.SimpleName"):
        LookupExplorer(layer=SimpleNamespace())
    with pytest.raises(ValueError, match="Received 2"):
        LookupExplorer(table=np.zeros((2, 2)), layer=SimpleNamespace())
    with pytest.raises(TraitError, match="input_dim must be an integer from 1 to 2048"):
        LookupExplorer(input_dim=2049)


@pytest.mark.one_in(2)
@pytest.mark.parametrize(
    "params",
    [
        {"text": ""},
        {"text": "#0", "input_dim": 1, "output_dim": 1},
        {"text": "<script>alert(1)</script> חתול 🐈 \x00 $x$"},
        {"text": "word " * 10_000},
        {"text": "😀" * 9_000, "input_dim": 1500, "output_dim": 20},
        {"input_dim": 2048, "output_dim": 32},
    ],
    ids=["empty", "smallest", "hostile", "ten thousand words", "emoji", "largest"],
)
def test_extreme_inputs(params):
    explorer = LookupExplorer(**params)
    header, arrays = decode(explorer.message)
    assert explorer.error is None and header["total"] == explorer.trace.ids.size
    size = len(json.dumps(explorer.message["header"], ensure_ascii=False).encode())
    assert size + len(explorer.message["buffer"]) <= MAX_BYTES
    assert len(header["tokens"]) == len(arrays["ids"]) == len(arrays["bad"])
    assert len(arrays["ids"]) == header["total"] or len(arrays["ids"]) > 100
    assert len(explorer._repr_mimebundle_()[0]["image/png"]) <= 40_000 * 4 / 3


def test_nan_weights_are_sent_in_arrays_only():
    explorer = LookupExplorer("#0 #1", table=np.array([[np.nan], [1.0]]))
    header, arrays = decode(explorer.message)
    assert header["max_difference"] is None
    assert np.isnan(arrays["output"][0, 0]) and np.isnan(arrays["onehot"][1, 0])
    json.dumps(explorer.message["header"], allow_nan=False)


def test_it_prints_the_same_twice_and_without_an_address():
    make = lambda: LookupExplorer("the cat", input_dim=12)
    assert make()._repr_mimebundle_()[0]["image/png"] == make()._repr_mimebundle_()[0]["image/png"]
    assert make().summary == make().summary and "0x" not in make().summary + repr(make())
    assert eval(repr(make()), {"LookupExplorer": LookupExplorer}).params == make().params


def test_export_html_holds_the_message(tmp_path):
    explorer = LookupExplorer("the <b>cat</b>")
    path = explorer.export_html(tmp_path / "view.html")
    text = path.read_text(encoding="utf-8")
    assert "<b>cat" not in text and "Which rows does this sentence read?" in text
    assert '"inMessage": ["method"]' in text


def test_importing_the_package_loads_no_front_end():
    loaded = "import sys, embedlab; print([m for m in ('matplotlib', 'ipywidgets', 'anywidget')"
    code = f"{loaded} if m in sys.modules])"
    process = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert process.stdout.strip() == "[]"
    code = "import sys, embedlab.explorers.lookup; assert 'matplotlib.pyplot' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)

"""GradientExplorer: what its parameters mean, and that the numbers are the core's."""

import json

import numpy as np
import pytest
from traitlets import TraitError

from embedlab.core.checks import ShapeError
from embedlab.core.gradient import grad_table
from embedlab.core.ids import IdError
from embedlab.data.vocabulary import Vocabulary
from embedlab.explorers.gradient import ROWS_LABELED, TOKENS_MAX, GradientExplorer
from embedlab.explorers.state import StateError
from embedlab.explorers.wire import MAX_BYTES, decode
from embedlab.layers.embedding import Embedding


def size(explorer):
    header = json.dumps(explorer.message["header"], ensure_ascii=False, allow_nan=False)
    return len(header.encode()) + len(explorer.message["buffer"])


def test_the_message_is_the_core_s_gradient():
    explorer = GradientExplorer()
    header, arrays = decode(explorer.message)
    assert header["tokens"][:4] == ["the", "cat", "and", "the"] and header["tokens"][-1] == "<pad>"
    grad = grad_table(arrays["ids"], arrays["grad_out"], 14)
    np.testing.assert_array_equal(arrays["added"], grad)
    np.testing.assert_allclose(
        arrays["grad_out"], np.tanh(arrays["table"][arrays["ids"]] - arrays["target"])
    )
    assert arrays["counts"][1] == 3 and arrays["counts"].sum() == 10
    assert header["passes"] == {"add": True, "assign": False} and header["reached"] == 7
    assert header["V"] == 14 and header["weights_checked"] == 14 * 6
    assert header["summary"] == explorer.summary and header["alt"] == explorer.trace.alt
    np.testing.assert_array_equal(arrays["curve"][1], explorer.trace.curve("assign"))
    numeric = (arrays["up"] - arrays["down"]) / (2 * 10.0 ** -np.arange(13))[:, None, None]
    error = np.abs(arrays["assigned"][arrays["checked"]] - numeric)
    error /= arrays["largest"][1][:, None, None]
    np.testing.assert_array_equal(error, explorer.trace.errors("assign"))


def test_the_last_duplicate_wins_by_assign_alone():
    _, arrays = decode(GradientExplorer("the cat the").message)
    np.testing.assert_array_equal(arrays["assigned"][1], arrays["grad_out"][2])
    np.testing.assert_array_equal(arrays["added"][1], arrays["grad_out"][0] + arrays["grad_out"][2])
    np.testing.assert_array_equal(arrays["running_sums"][2], arrays["added"][1])
    _, arrays = decode(GradientExplorer("the cat").message)
    np.testing.assert_array_equal(arrays["assigned"], arrays["added"])


def test_modes():
    explorer = GradientExplorer("#0 the #0 the")
    plain = explorer.trace.added
    explorer.mode = "padding"
    assert not explorer.trace.added[0].any() and (explorer.trace.added[1] == plain[1]).all()
    assert explorer.message["header"]["passes"] == {"add": True, "assign": False}
    explorer.padding_idx = 1
    assert not explorer.trace.added[1].any() and (explorer.trace.added[0] == plain[0]).all()
    explorer.mode = "frequency"
    np.testing.assert_allclose(explorer.trace.added[:2] * 2, plain[:2])
    explorer.mode = "tied"
    header, arrays = decode(explorer.message)
    assert header["reached"] == 14 and (arrays["added"] != 0).any(axis=1).all()
    assert arrays["has_gradient"].tolist() == [1, 1, 1, 0] and "target" not in arrays
    np.testing.assert_allclose(
        arrays["direct"], arrays["grad_scores"].T @ arrays["table"][arrays["ids"]], atol=1e-12
    )


def test_rule_and_step_change_no_number():
    explorer = GradientExplorer()
    before = explorer.message["buffer"]
    explorer.rule, explorer.digits = "assign", 9
    assert explorer.message["buffer"] == before
    assert explorer.message["header"]["params"]["digits"] == 9
    assert GradientExplorer.OFFLINE_PARAMS == ("rule", "digits")


def test_growing_keeps_the_numbers_already_there():
    explorer = GradientExplorer("the cat the", input_dim=6, output_dim=3)
    small = explorer.trace
    explorer.input_dim, explorer.output_dim, explorer.text = 9, 7, "the cat the dog"
    np.testing.assert_array_equal(explorer.trace.table[:6, :3], small.table)
    np.testing.assert_array_equal(explorer.trace.target[:3, :3], small.target)


def test_limits_of_the_sentence():
    explorer = GradientExplorer("zebra quagga zebra yak gnu ibex")
    assert explorer.input_dim == 15 and explorer.trace.counts.max() == 2
    explorer.input_dim = 12
    assert "Received 12" in explorer.error and explorer.trace.table.shape[0] == 15
    with pytest.raises(IdError):
        GradientExplorer("the #99")


def test_own_table_or_layer_instead_of_a_sentence():
    table = np.arange(12.0).reshape(6, 2)
    explorer = GradientExplorer(table)
    assert explorer.trace.ids.tolist() == [1, 5, 1, 1, 4, 3, 1, 0, 0, 0]
    np.testing.assert_array_equal(explorer.trace.table, table)
    assert explorer.message["header"]["limits"]["input_dim"] == {"min": 6, "max": 6}
    with pytest.raises(TraitError, match="input_dim must be 6, the size of the given table"):
        explorer.input_dim = 7
    with pytest.raises(StateError, match=r"from_state\(state, table=\.\.\.\)"):
        GradientExplorer.from_state(explorer.state)
    again = GradientExplorer.from_state(explorer.state, table=table)
    assert again.summary == explorer.summary
    layer = Embedding(5, 3)
    layer.build()
    explorer = GradientExplorer(layer)
    np.testing.assert_array_equal(explorer.trace.table, layer.embeddings.numpy())
    layer.embeddings.assign(np.ones((5, 3)))
    explorer.refresh()
    assert (explorer.trace.table == 1).all()


def test_own_vocabulary():
    words = Vocabulary(["sun", "moon", *(f"w{n}" for n in range(100))])
    explorer = GradientExplorer("sun w99 sun", vocabulary=words)
    assert explorer.trace.ids.tolist() == [2, 103, 2] and explorer.state["needs"] == ["vocabulary"]
    assert explorer.input_dim == 104 and explorer.message["header"]["limits"]["input_dim"]["max"]


def test_a_large_table_shows_the_rows_where_something_arrives():
    explorer = GradientExplorer("#900 #7 #900", table=np.ones((1000, 32)))
    _, arrays = decode(explorer.message)
    assert len(arrays["rows"]) == ROWS_LABELED and {7, 900} <= set(arrays["rows"].tolist())
    assert arrays["counts"].sum() == 3 and set(arrays["checked"]) <= set(arrays["rows"])
    assert explorer.message["header"]["V"] == 1000


def test_own_gradient_must_fit_the_words():
    explorer = GradientExplorer("#1 #0 #1", grad_out=[[1.0], [2.0], [4.0]], output_dim=1)
    assert explorer.trace.added[:2].ravel().tolist() == [2.0, 5.0]
    assert explorer.message["header"]["own_gradient"] is True
    explorer.text = "#1 #0"
    assert "grad_out must fit the output, (2, 1)" in explorer.error
    assert explorer.trace.ids.tolist() == [1, 0, 1]  # the last good one
    explorer.text, explorer.mode = "#1 #0 #1", "tied"
    assert "tied must be the only option" in explorer.error
    with pytest.raises(ShapeError):
        GradientExplorer("#1", grad_out=np.ones((2, 6)))


def test_what_cannot_be_shown_is_refused():
    with pytest.raises(ValueError, match=r"Received shape \(3, 0\)"):
        GradientExplorer(np.zeros((3, 0)))
    with pytest.raises(ValueError, match="Received 2"):
        GradientExplorer(np.zeros((2, 2)), table=np.zeros((2, 2)))
    with pytest.raises(TraitError, match="input_dim must be an integer from 1 to 40"):
        GradientExplorer(input_dim=41)
    with pytest.raises(TraitError, match="'add', 'assign'"):
        GradientExplorer(rule="max")


EDGES = {
    "empty": {"text": ""},
    "empty and tied": {"text": "", "mode": "tied"},
    "one word, tied": {"text": "the", "mode": "tied"},
    "smallest": {"text": "#0", "input_dim": 1, "output_dim": 1},
    "hostile": {"text": "<script>alert(1)</script> חתול 🐈 \x00 $x$"},
    "ten thousand words": {"text": "the cat sat on " * 2500, "mode": "tied"},
    "largest": {"text": "the " * 80, "input_dim": 40, "output_dim": 16, "mode": "tied"},
    "own": {"table": np.ones((2048, 32)), "text": "#2047 #0 " * 40},
    "own, tied": {"table": np.ones((2048, 32)), "text": "#2047 #0 " * 3, "mode": "tied"},
    "nan": {"table": [[np.nan], [1.0]], "text": "#0 #1 #1"},
    "infinite": {"table": [[np.inf], [1.0]], "text": "#0 #1 #1", "mode": "tied"},
}


@pytest.mark.one_in(2)
@pytest.mark.parametrize("params", EDGES.values(), ids=EDGES)
def test_extreme_inputs(params):
    explorer = GradientExplorer(**params)
    header, arrays = decode(explorer.message)
    assert explorer.error is None and size(explorer) <= MAX_BYTES
    assert len(header["tokens"]) == len(arrays["ids"]) <= TOKENS_MAX <= 80
    assert len(explorer._repr_mimebundle_()[0]["image/png"]) <= 40_000 * 4 / 3


def test_a_long_text_says_how_long_it_was():
    header, _ = decode(GradientExplorer("the cat sat on " * 2500).message)
    assert header["total"] == 10_000 and len(header["tokens"]) == TOKENS_MAX


def test_it_prints_the_same_twice_and_without_an_address():
    make = lambda: GradientExplorer("the cat the", input_dim=12)
    assert make()._repr_mimebundle_()[0]["image/png"] == make()._repr_mimebundle_()[0]["image/png"]
    assert make().summary == make().summary and "0x" not in make().summary + repr(make())
    assert eval(repr(make()), {"GradientExplorer": GradientExplorer}).params == make().params
    state = GradientExplorer(mode="tied", rule="assign").state
    assert GradientExplorer.from_state(state).params == state["params"]

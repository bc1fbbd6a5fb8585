"""LoRAExplorer: what its parameters mean, and that the numbers are the core's."""

import json

import numpy as np
import pytest
from traitlets import TraitError

from embedlab.core.checks import ShapeError
from embedlab.core.lora import Adapter, lora_lookup
from embedlab.explorers.inputs.lora_target import target_delta
from embedlab.explorers.lora import ROWS_DRAWN, LoRAExplorer, _rows_drawn, _steps_that_fit
from embedlab.explorers.state import StateError
from embedlab.explorers.wire import MAX_BYTES, decode
from embedlab.layers import Embedding
from embedlab.traces.lora import trace_lora

RNG = np.random.default_rng(5)
TABLE, DELTA = RNG.normal(size=(9, 4)), RNG.normal(size=(9, 4))


def size(explorer):
    header = json.dumps(explorer.message["header"], ensure_ascii=False)
    return len(header.encode()) + len(explorer.message["buffer"])


def test_defaults_show_the_example():
    trace = LoRAExplorer().trace
    assert trace.words[:3] == ("cat", "dog", "mouse") and trace.seen.tolist() == [0, 1, 4]
    assert trace.moved.all()  # thirteen of them were never trained
    assert trace.errors[1] > 0.5 and trace.errors[2] < 1e-6  # two topics
    assert trace.training_errors[1, -1] < 0.01 < trace.training_errors[0, -1]
    plain, stable = trace.first_norms["α/r"], trace.first_norms["α/√r"]
    assert plain[-1] < 0.15 * plain[0] and stable[-1] > 0.7 * stable[0]


def test_a_zero_start_moves_the_trained_word_alone():
    explorer = LoRAExplorer(seen=[0])
    assert explorer.trace.moved.sum() == 16
    explorer.start = "zero"
    assert explorer.trace.moved.tolist() == [True] + 15 * [False]
    assert decode(explorer.message)[1]["moved"][:, -1].tolist() == [1] * 8


@pytest.mark.parametrize(
    ("target", "rank"), [("topic", 2), ("one word", 1), ("random", 8), ("painted", 2)]
)
def test_each_target_has_its_rank(target, rank):
    explorer = LoRAExplorer(target=target, edits=[[0, 1, 0.9], [3, 2, -0.9], [40, 0, 1.0]])
    assert np.linalg.matrix_rank(explorer.trace.delta) == rank
    if target == "one word":
        assert np.flatnonzero(explorer.trace.delta.any(axis=1)).tolist() == [0]
    if target == "painted":
        assert explorer.trace.delta[3, 2] == -0.9 and np.count_nonzero(explorer.trace.delta) == 2


def test_the_message_is_the_trace_at_every_rank_and_step():
    explorer = LoRAExplorer(rank=3, start="zero", scaling="rslora", alpha=6, seed=11)
    trace = explorer.trace
    header, arrays = decode(explorer.message)
    assert header["shape"] == [16, 8] and header["scales"][2] == trace.scale == 6 / 3**0.5
    steps = arrays["steps"].tolist()
    assert steps[:6] == [0, 1, 2, 3, 4, 8] and steps[-1] == 200 and len(steps) == 54
    trained = arrays["seen"].tolist()
    for rank in (1, 3, 8):
        for f in (0, 1, 30, 53):
            adapter = trace.adapter(steps[f], rank)
            a = arrays["a_start"][:, :rank].copy()
            a[trained] = arrays[f"a{rank}"][f]
            adapter_sent = Adapter(a, arrays[f"b{rank}"][f], adapter.scale)
            rows = lora_lookup(trace.table, np.arange(16), [adapter])
            merged = arrays["table"] + adapter.scale * adapter_sent.a @ adapter_sent.b
            np.testing.assert_allclose(merged, rows, atol=1e-5)
            far = trace.drift(steps[f], rank)
            np.testing.assert_allclose(arrays[f"drift{rank}"][f], far, atol=1e-6)
            assert arrays["moved"][rank - 1, f] == (far > 0).sum()
            largest_untrained = np.delete(far, trace.seen).max()
            np.testing.assert_allclose(
                arrays["largest_unseen"][rank - 1, f], largest_untrained, atol=1e-6
            )
    np.testing.assert_allclose(arrays["training_errors"], trace.training_errors, atol=1e-6)
    np.testing.assert_allclose(arrays["errors"], trace.errors, atol=1e-6)
    assert arrays["merge_differences"].tolist() == trace.merge_differences.tolist() == [0.0] * 8


def test_it_is_the_trace_that_a_user_gets():
    explorer = LoRAExplorer(table=TABLE, delta=DELTA, seen=[2, 5], rank=3, alpha=2, seed=4)
    expected = trace_lora(
        TABLE, DELTA, seen=[2, 5], rank=3, alpha=2, steps=200, learning_rate=0.02, seed=4
    )
    np.testing.assert_array_equal(explorer.trace.losses, expected.losses)
    assert explorer.target == "own" and explorer.params["input_dim"] == 9
    np.testing.assert_array_equal(TABLE, RNG_TABLE)  # read, never changed


RNG_TABLE = TABLE.copy()


def test_a_layer_shows_what_its_adapters_have_learned():
    layer = Embedding(10, 5, lora_rank=2, lora_alpha=6, seed=1)
    layer.build()
    fresh = LoRAExplorer(layer)
    assert (fresh.rank, fresh.alpha, fresh.target) == (2, 6, "topic")  # B is zero: nothing learned
    layer.adapters["default"].b.assign(np.ones((2, 5), np.float32))
    fresh.refresh()
    learned = LoRAExplorer(layer)
    assert learned.target == "own" and learned.limits()["target"]["choices"][-1] == "own"
    np.testing.assert_allclose(learned.trace.table, layer.table.value)
    change = np.asarray(layer.embeddings) - layer.table.value
    np.testing.assert_allclose(learned.trace.delta, change, atol=1e-6)
    assert learned.trace.errors[1] < 1e-6  # rows of ones have one direction
    assert learned.state["needs"] == ["layer"]
    plain = LoRAExplorer(Embedding.from_pretrained(TABLE), words=["a", "b"])
    assert plain.target == "topic" and plain.trace.words[:3] == ("a", "b", "")


def test_bad_inputs_are_explained():
    with pytest.raises(ShapeError, match=r"delta must have the shape of the table, \(9, 4\)"):
        LoRAExplorer(TABLE, delta=DELTA[:3])
    with pytest.raises(ValueError, match="only one table or layer"):
        LoRAExplorer(TABLE, layer=Embedding(3, 2))
    assert LoRAExplorer(layer=Embedding(3, 2)).input_dim == 3  # built, as its first call would
    with pytest.raises(TraitError, match=r'target must be .* Received "own"'):
        LoRAExplorer(target="own")
    with pytest.raises(TraitError, match="input_dim must be 9, the size of the given table"):
        LoRAExplorer(TABLE, input_dim=5)
    with pytest.raises(TraitError, match="output_dim must be an integer from 1 to 16"):
        LoRAExplorer(output_dim=17)


def test_limits_follow_the_table():
    explorer = LoRAExplorer(input_dim=6, output_dim=3, rank=9)
    limits = explorer.limits()
    assert limits["rank"] == {"min": 1, "max": 3} and limits["seen"]["max"] == 5
    assert "own" not in limits["target"]["choices"]
    assert explorer.trace.rank == 3  # as far as the table allows
    table_limits = LoRAExplorer(np.ones((2, 5))).limits()
    assert table_limits["input_dim"] == {"min": 2, "max": 2} and table_limits["output_dim"] == {
        "min": 5,
        "max": 5,
    }


def test_rows_out_of_range_wait():
    explorer = LoRAExplorer(seen=[0, 15], input_dim=4)
    assert explorer.trace.seen.tolist() == [0]
    explorer.input_dim = 16
    assert explorer.trace.seen.tolist() == [0, 15]


@pytest.mark.parametrize(
    "hostile",
    [
        {"input_dim": 1, "output_dim": 1},
        {"seen": []},
        {"target": "painted"},
        {"rank": 16},
        {"source": np.full((3, 2), np.nan)},
        {"source": [[np.inf, 1.0], [0.5, 1.0]]},
        {"delta": np.full((3, 2), np.nan)},
        {"source": np.full((3, 2), 1e300)},
        {"source": TABLE, "words": ["<script>", "חתול 🐈"] * 5000},
        {
            "input_dim": 64,
            "output_dim": 16,
            "seen": list(range(16)),
            "rank": 16,
            "target": "painted",
            "edits": [[n // 16, n % 16, -0.9] for n in range(200)],
        },
        {"source": np.ones((64, 32)), "seen": list(range(48, 64)), "words": ["👩‍🚀" * 20] * 64},
    ],
)
def test_any_state_is_drawn_and_sent(hostile):
    explorer = LoRAExplorer(**hostile)
    assert explorer.error is None and size(explorer) <= MAX_BYTES
    assert explorer.summary and explorer.trace.alt
    refused = explorer.message["header"]["warning"]
    bad = any(word in str(v) for v in hostile.values() for word in ("nan", "inf", "e+300"))
    assert (refused is not None) == bad
    if refused:
        assert "must be finite, and" in refused and "Received" in refused and "\n" not in refused


def test_a_change_that_fails_keeps_the_last_good_trace():
    tables = [TABLE]
    layer = Embedding.from_pretrained(TABLE)
    explorer = LoRAExplorer(layer)
    last_trace = explorer.trace
    layer.table.value[:] = tables[0] * 2
    explorer.refresh()
    assert explorer.error is None and explorer.trace is not last_trace
    explorer.set_state({"rank": 99, "_seq": 5})
    header = explorer.message["header"]
    assert header["seq"] == 5 and "rank must be an integer from 1 to 16" in header["error"]


def test_states_come_back():
    explorer = LoRAExplorer(
        rank=4,
        alpha=9,
        scaling="rslora",
        start="zero",
        target="painted",
        seen=[2],
        edits=[[0, 1, 0.9]],
        input_dim=7,
        seed=3,
    )
    again = LoRAExplorer.from_state(json.dumps(explorer.state))
    assert again.params == explorer.params
    np.testing.assert_array_equal(again.trace.losses, explorer.trace.losses)
    with pytest.raises(StateError, match="table"):
        LoRAExplorer.from_state(LoRAExplorer(TABLE).state)
    explorer.reset()
    assert explorer.rank == 4


def test_the_draws_of_the_change_are_not_those_of_the_table():
    explorer = LoRAExplorer(target="random")
    assert np.abs(explorer.trace.table - explorer.trace.delta).min() > 0
    twice = [target_delta("random", (5, 3), seen=[], seed=8, edits=[]) for _ in range(2)]
    np.testing.assert_array_equal(*twice)


def test_rows_and_steps_that_are_sent():
    assert _rows_drawn(ROWS_DRAWN, np.array([3])).tolist() == list(range(ROWS_DRAWN))
    many = _rows_drawn(64, np.arange(40, 56))
    assert len(many) == ROWS_DRAWN and set(range(40, 56)) < set(many.tolist())
    assert _steps_that_fit(200, 10**9, 1).tolist() == [0, 1, 2, 3, 200]
    assert _steps_that_fit(0, 1, 1).tolist() == [0]
    assert _steps_that_fit(2, 1, 1).tolist() == [0, 1, 2]


def test_a_page_has_what_the_parameters_do_not_say_or_nothing():
    assert LoRAExplorer().page_inputs() == {"table": None, "delta": None, "words": None}
    half = np.eye(4, 3, dtype=np.float16)
    inputs = LoRAExplorer(half, words=["cat"]).page_inputs()
    assert inputs["table"]["dtype"] == "float32" and inputs["words"] == ["cat"]
    assert LoRAExplorer(delta=half).page_inputs()["delta"]["shape"] == [4, 3]
    large = np.zeros((600, 32))
    assert LoRAExplorer(large).page_inputs() is None
    assert LoRAExplorer(delta=large).page_inputs() is None
    assert LoRAExplorer(words=["x" * 100] * 2000).page_inputs() is None

"""ShardExplorer: what its parameters mean, and that the numbers are the planner's and the run's."""

import json

import numpy as np
import pytest
from traitlets import TraitError

from embedlab.core.ids import IdError
from embedlab.distributed import draw_ids, expected_traffic
from embedlab.explorers.shard import ShardExplorer
from embedlab.explorers.wire import decode


def test_the_message_holds_the_trace():
    explorer = ShardExplorer(workers=3, hot_rows=4)
    header, arrays = decode(explorer.message)
    trace = explorer.trace
    for name in ("ids", "distinct", "requested", "requests", "answers", "updates", "rows", "loads"):
        np.testing.assert_array_equal(arrays[name], getattr(trace, name), err_msg=name)
    assert header["holdings"] == [trace.holding(worker) for worker in range(3)]
    assert header["hot_rows"] == 4 and header["planned_batch"] == 256
    traffic = expected_traffic(trace.sharding, [trace.ids], 3)
    np.testing.assert_array_equal(arrays["requests"], traffic.lookup_ids)


@pytest.mark.parametrize("stream", ["zipf", "uniform"])
def test_a_batch_is_drawn_by_the_planner_s_law(stream):
    explorer = ShardExplorer(stream=stream, batch_size=9, input_dim=500, seed=4)
    assert explorer.trace.ids.tolist() == draw_ids(9, 500, stream, 4).tolist()


def test_a_text_of_your_own_is_the_batch():
    explorer = ShardExplorer("the cat the #900")
    assert (explorer.stream, explorer.trace.ids.tolist()) == ("text", [1, 5, 1, 900])
    assert explorer.trace.tokens == ("the", "cat", "the", "#900")
    explorer.stream = "zipf"
    assert explorer.trace.ids.size == 16
    same = ShardExplorer(ids=[[1, 5], [1, 900]])
    assert same.text == "#1 #5 #1 #900"
    assert same.trace.rows_requested.tolist() == [2, 0, 0, 1]
    assert ShardExplorer("#7", stream="uniform").trace.ids.size == 16
    long = ShardExplorer("word " * 30)
    assert long.message["header"]["note"] == "The first 16 of 30 words are used."
    many = ShardExplorer(ids=range(17), stream="text")
    assert many.message["header"]["note"] == "The first 16 of 17 ids are used."


def test_ids_outside_the_table_are_refused_with_their_position():
    with pytest.raises(IdError, match=r"0\.\.1023 .* Received 1024 at \[1\]"):
        ShardExplorer(ids=[3, 1024])
    with pytest.raises(ValueError, match="text or ids"):
        ShardExplorer("the", ids=[1])
    with pytest.raises(ValueError, match=r"Received stream='zipf'\. Leave stream out"):
        ShardExplorer(ids=[1], stream="zipf")
    explorer = ShardExplorer()
    explorer.set_state({"text": "#5000", "stream": "text", "_seq": 1})
    assert "5000" in explorer.error and explorer.stream == "zipf"


def test_hot_rows_are_for_row_wise_schemes():
    explorer = ShardExplorer(hot_rows=8)
    assert explorer.trace.hot_rows == 8 and explorer.message["header"]["note"] is None
    explorer.scheme = "column_wise"
    assert (explorer.hot_rows, explorer.trace.hot_rows) == (8, 0)
    assert "row-wise scheme only" in explorer.message["header"]["note"]
    explorer.scheme = "row_wise_hashed"
    assert explorer.trace.hot_rows == 8


def test_the_story_of_the_default():
    """Zipf ids meet on worker 0; a hash or hot rows spread them; a step then sends more."""
    blocks = ShardExplorer().trace
    hashed = ShardExplorer(scheme="row_wise_hashed").trace
    hot = ShardExplorer(hot_rows=128).trace
    assert blocks.busiest == (0,) and blocks.expected_imbalance[1] > 2.5
    assert hashed.expected_imbalance[1] < 1.1 and hot.expected_imbalance[1] < 1.1
    assert hot.updates.sum() > 2 * blocks.updates.sum()
    assert hashed.requests.sum() == hot.requests.sum() == blocks.requests.sum()


@pytest.mark.parametrize(
    "ends",
    [
        {"workers": 8, "input_dim": 128, "output_dim": 8, "hot_rows": 128},
        {"workers": 8, "output_dim": 8, "scheme": "column_wise"},
        {"workers": 1, "batch_size": 1, "input_dim": 16_384, "output_dim": 32},
        {"workers": 8, "scheme": "table_wise", "stream": "uniform"},
        {"workers": 8, "scheme": "row_wise_hashed", "input_dim": 128, "hot_rows": 127},
    ],
)
def test_the_ends_of_the_parameters(ends):
    explorer = ShardExplorer(**ends)
    assert explorer.trace.difference == 0
    assert len(explorer.message["buffer"]) < 20_000


def test_state_and_link_reproduce_it():
    explorer = ShardExplorer("a b a c", scheme="row_wise_hashed", workers=5, hot_rows=3, seed=2)
    for again in (
        ShardExplorer.from_state(json.dumps(explorer.state)),
        ShardExplorer.from_link(explorer.share_link("page.html")),
    ):
        assert again.params == explorer.params
        np.testing.assert_array_equal(again.trace.requested, explorer.trace.requested)


@pytest.mark.parametrize(
    "wrong", [{"workers": 9}, {"scheme": "row-wise"}, {"hot_rows": -1}, {"output_dim": 7}]
)
def test_what_is_refused(wrong):
    with pytest.raises(TraitError, match=next(iter(wrong))):
        ShardExplorer(**wrong)

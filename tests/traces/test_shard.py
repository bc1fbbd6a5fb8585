"""A sharded lookup: who is asked, which bytes travel, and that they are those of a real run."""

import dataclasses
import subprocess
import sys

import numpy as np
import pytest

from embedlab.core.ids import IdError
from embedlab.distributed import SCHEMES, Sharding, draw_ids, expected_traffic, plan
from embedlab.traces.shard import BATCHES, LAWS, trace_shard

TABLE = np.random.default_rng(3).normal(size=(130, 12)).astype(np.float32)
IDS = [0, 0, 1, 7, 129, 64, 0, 7]
CASES = [
    (scheme, workers, hot)
    for scheme in SCHEMES
    for workers in (1, 3, 8)
    for hot in ((0, 5) if scheme.startswith("row_wise") else (0,))
]


@pytest.mark.parametrize(("scheme", "workers", "hot"), CASES)
def test_the_bytes_of_the_run_are_those_of_the_planner(scheme, workers, hot):
    trace = trace_shard(TABLE, IDS, scheme=scheme, workers=workers, hot_rows=hot)
    traffic = expected_traffic(trace.sharding, [IDS], workers)
    np.testing.assert_array_equal(trace.requests, traffic.lookup_ids)
    np.testing.assert_array_equal(trace.answers, traffic.lookup_rows)
    np.testing.assert_array_equal(trace.updates, traffic.step_ids + traffic.step_rows)
    np.testing.assert_array_equal(trace.requests, 4 * trace.rows_requested)
    assert trace.memory.sum() == 4 * TABLE.size + 4 * 12 * hot * (workers - 1)
    for law, loads in zip(LAWS, trace.loads, strict=True):
        planned = plan(
            {"t": TABLE.shape},
            workers,
            10**9,
            batch_size=256,
            ids={"t": draw_ids(BATCHES * 256, 130, law)},
            optimizer="sgd",
            schemes={"t": scheme},
            replicated={"t": hot},
        )
        np.testing.assert_array_equal(loads, planned.traffic.lookup_rows)


@pytest.mark.parametrize(("scheme", "workers", "hot"), CASES)
def test_the_rows_are_those_of_one_table(scheme, workers, hot):
    trace = trace_shard(TABLE, IDS, scheme=scheme, workers=workers, hot_rows=hot)
    assert trace.difference == 0
    np.testing.assert_array_equal(trace.rows[trace.inverse], TABLE[IDS])
    np.testing.assert_array_equal(trace.distinct[trace.inverse], IDS)
    assert trace.counts.tolist() == [3, 1, 2, 1, 1]
    # every row is read once, in all of its columns
    widths = np.diff(trace.columns, axis=1)
    np.testing.assert_array_equal((trace.requested * widths).sum(axis=0), 12)
    for k, id_ in enumerate(trace.distinct.tolist()):
        for shard in np.flatnonzero(trace.requested[:, k]).tolist():
            assert trace.sharding.global_ids(shard, [trace.local_rows[k]]).tolist() == [id_]


def test_worked_by_hand():
    trace = trace_shard(np.eye(8, 4), [0, 0, 1, 7], workers=2, hot_rows=2)
    assert trace.requested.astype(int).tolist() == [
        [1, 1, 0],
        [0, 0, 1],
    ]  # 7 is cold, and far behind
    assert trace.sharding.shape(0) == (5, 4) and trace.owned.tolist() == [5, 5]
    assert trace.requests.tolist() == [8, 4] and trace.answers.tolist() == [64, 32]
    assert trace.updates.tolist() == [2 * 36, 3 * 36]  # both hot rows go to both workers
    assert trace.busiest == (0,) and trace.imbalance == pytest.approx(4 / 3)
    even = trace_shard(np.eye(8, 4), [0, 7], workers=2)
    assert even.busiest == (0, 1) and even.imbalance == 1


def test_frequent_ids_meet_on_one_worker_in_blocks():
    """A hash or copies on every worker spread them."""
    zipf = [
        trace_shard(TABLE, IDS, **options).expected_imbalance[1]
        for options in ({}, {"scheme": "row_wise_hashed"}, {"hot_rows": 60})
    ]
    assert zipf[0] > 1.5 > 1.1 > max(zipf[1:])
    assert max(trace_shard(TABLE, IDS).expected_imbalance[:1]) < 1.1  # uniform


def test_summary_alt_and_what_each_worker_holds():
    trace = trace_shard(TABLE, IDS, workers=2, hot_rows=4)
    assert "asked     worker 0: 3 rows, worker 1: 2 rows" in trace.summary
    assert trace.alt.startswith(
        "A batch of 8 ids, 5 distinct, and a table of 130 rows and 12 columns, row-wise in blocks "
        "on 2 workers, 4 rows replicated. The lookup asks worker 0 for 3 rows, "
    )
    assert trace.holding(1) == "rows 0–3, 67–129, 3.2 kB"
    assert trace_shard(TABLE, [], workers=2).holding(0) == "rows 0–64, 3.1 kB"
    hashed = trace_shard(TABLE, [], workers=2, scheme="row_wise_hashed", hot_rows=1)
    assert hashed.holding(0) == "rows 0, 64 hashed, 3.1 kB"
    assert trace_shard(TABLE, [], scheme="column_wise").holding(3) == "columns 9–11, 1.6 kB"
    whole = trace_shard(TABLE, [], scheme="table_wise")
    assert [whole.holding(w) for w in (0, 1)] == ["the whole table, 6.2 kB", "nothing"]
    assert repr(trace) == "ShardTrace(8 ids, row_wise, 2 workers, 4 hot rows)"


def test_a_batch_without_ids():
    trace = trace_shard(TABLE, [])
    assert trace.busiest == () and trace.imbalance == 1 and not trace.updates.any()
    assert "No worker is asked." in trace.alt and trace.rows.shape == (0, 12)


def test_read_only_and_by_value():
    ids = np.array(IDS)
    trace = trace_shard(TABLE, ids)
    ids[:] = 5
    assert trace.ids.tolist() == IDS
    for field in dataclasses.fields(trace):
        value = getattr(trace, field.name)
        assert not isinstance(value, np.ndarray) or not value.flags.writeable, field.name


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"ids": [130]}, IdError, r"0\.\.129"),
        ({"ids": [-1]}, IdError, "-1"),
        ({"workers": 0}, ValueError, "workers"),
        ({"scheme": "by_row"}, ValueError, "by_row"),
        ({"scheme": "column_wise", "hot_rows": 2}, ValueError, "a row-wise scheme"),
        ({"hot_rows": 131}, ValueError, "131"),
    ],
)
def test_what_is_refused(options, error, text):
    with pytest.raises(error, match=text):
        trace_shard(TABLE, **{"ids": IDS, **options})


def test_no_dask_is_imported():
    code = "import sys, embedlab.traces.shard; print({'dask', 'distributed'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"


def test_the_plan_is_a_sharding_of_the_planner_itself():
    trace = trace_shard(TABLE, IDS, workers=3, scheme="column_wise")
    expected = Sharding(130, 12, "column_wise", 3)
    assert trace.sharding.get_config() == expected.get_config()

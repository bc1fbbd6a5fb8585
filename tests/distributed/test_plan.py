"""The planner: plans fit, and its bytes are those of a run."""

import numpy as np
import pytest

from embedlab import IdError
from embedlab.distributed import (
    PlanError,
    ShardedEmbedding,
    Sharding,
    draw_ids,
    expected_traffic,
    plan,
)

SIZES = {"words": (20_000, 16), "users": (5_000, 8), "days": (7, 4)}


@pytest.mark.parametrize("law", ["uniform", "zipf"])
@pytest.mark.parametrize(
    ("scheme", "hot"),
    [
        *(("table_wise", 0), ("column_wise", 0), ("row_wise", 0), ("row_wise", 200)),
        *(("row_wise_hashed", 0), ("row_wise_hashed", 200)),
    ],
)
def test_planned_bytes_are_within_5_percent_of_measured(scheme, hot, law):
    rows, columns, batch = 20_000, 16, 2048
    options = {"schemes": {"words": scheme}, "replicated": {"words": hot}, "ids": law}
    expected = plan({"words": (rows, columns)}, 3, 10**9, batch_size=batch, seed=1, **options)
    table = ShardedEmbedding(rows, columns, plan=expected, seed=1, name="words")
    batches = 32
    for number in range(batches):
        ids = draw_ids(batch, rows, law, seed=50 + number)
        table(ids)
        table.step(table.backward(ids, np.ones((batch, columns), np.float32)))
    measured = np.zeros(3)
    for shard, worker in enumerate(table.sharding.workers):
        measured[worker] += table.bytes_sent[shard] + table.bytes_received[shard]
    planned = expected.traffic.by_worker * batches
    np.testing.assert_allclose(planned, measured, rtol=0.05)
    assert abs(planned.sum() / measured.sum() - 1) < 0.02


def test_measured_ids_give_exact_bytes():
    stream = draw_ids(4096, 20_000, seed=9)
    result = plan({"words": (20_000, 16)}, 2, 10**9, batch_size=1024, ids={"words": stream})
    table = ShardedEmbedding(20_000, 16, plan=result["words"], seed=1)
    for ids in stream.reshape(4, 1024):
        table(ids)
        table.step(table.backward(ids, np.ones((1024, 16), np.float32)))
    measured = table.bytes_sent + table.bytes_received
    np.testing.assert_array_equal(result.traffic.by_worker * 4, measured)


def test_zipf_overloads_a_block_and_hashing_or_copies_mend_it():
    batches = [draw_ids(2048, 100_000, seed=seed) for seed in range(3)]
    imbalance = {
        (scheme, hot): expected_traffic(
            Sharding(100_000, 8, scheme, 4, replicated=hot), batches, 4
        ).imbalance
        for scheme, hot in [("row_wise", 0), ("row_wise", 10_000), ("row_wise_hashed", 0)]
    }
    assert imbalance["row_wise", 0] > 2
    assert imbalance["row_wise", 10_000] < 1.01  # copies are read where there is least to do
    assert imbalance["row_wise_hashed", 0] < 1.1


def test_a_plan_fits_the_memory_of_every_worker():
    needed = sum(rows * columns for rows, columns in SIZES.values()) * 4 * 3  # Adam has two slots
    result = plan(SIZES, 3, needed // 3 + 2000, optimizer="adam")
    assert result.memory_by_worker.sum() == needed
    assert result.memory_by_worker.max() <= needed // 3 + 2000
    assert list(result.tables) == list(SIZES)


def test_what_does_not_fit_is_named_in_one_line():
    with pytest.raises(PlanError) as error:
        plan(SIZES, 2, 1_000_000, optimizer="adam")
    text = str(error.value)
    assert "\n" not in text and "2 workers of 1.0 MB" in text and "too little" in text
    assert "Use 5 workers" in text
    plan(SIZES, 5, 1_000_000, optimizer="adam")  # and so it is
    with pytest.raises(PlanError, match="no place for 'words'"):
        plan(SIZES, 5, 1_000_000, schemes={"words": "table_wise"}, optimizer="adam")


def test_a_plan_and_a_table_have_one_default_optimizer():
    result = plan({"words": (40, 4)}, 2, 40 * 4 * 4)
    table = ShardedEmbedding(40, 4, plan=result, name="words", seed=1)
    arrays = [shard._arrays() for shard in table._shards.shards]
    sizes = [sum(array.nbytes for array in some.values()) for some in arrays]
    assert sum(sizes) == result.memory_by_worker.sum() == 640
    with pytest.raises(PlanError, match=r"2 workers of 319 B: they take 640 B\. Received 2 B too"):
        plan({"words": (40, 4)}, 2, 319)


def test_seconds_are_those_of_the_busiest_worker():
    result = plan(SIZES, 2, 10**9, network=10**6)
    assert result.seconds == result.traffic.by_worker.max() / 10**6
    assert plan(SIZES, 2, 10**9).seconds is None


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"tables": {}}, "tables must be a dict"),
        ({"ids": {"words": [1]}}, "nothing for"),
        ({"schemes": {"nobody": "row_wise"}}, "schemes must name tables of the plan"),
        ({"schemes": {"words": "rowwise"}}, "the scheme of 'words' must be"),
        ({"schemes": {"words": "column_wise"}, "replicated": {"words": 3}}, "a row-wise scheme"),
        ({"ids": {"words": [[1], [99_999]], "users": [], "days": [6]}}, r"99999 at \[1, 0\]"),
        ({"dtype": "int8"}, "dtype must be"),
        ({"memory": 0}, "memory must be"),
        ({"network": 0}, "network must be above 0"),
        ({"ids": "pareto"}, "law must be"),
    ],
)
def test_bad_arguments_are_refused(arguments, text):
    with pytest.raises((ValueError, IdError), match=text):
        plan(**{"tables": SIZES, "workers": 2, "memory": 10**9, **arguments})


def test_tables_of_any_height_and_memory_as_a_float():
    """Hashing has fewer rows than that; no worker could count some of the bytes in 64 bits."""
    tall = {"words": (2 * 10**12, 2), "days": (7, 8)}
    result = plan(tall, 4, 13e12, batch_size=64, optimizer="adam")
    assert result["words"].scheme == "row_wise" and result["words"].shards == 4
    with pytest.raises(PlanError, match="too little"):
        plan({"words": (2**62, 2**40)}, 4, 16e9, batch_size=64)
    with pytest.raises(ValueError, match="row_wise_hashed must have at most"):
        plan({"words": (2 * 10**12, 8)}, 4, 50e12, schemes={"words": "row_wise_hashed"})
    ids = draw_ids(1000, 2**63 - 1)
    assert ids.min() >= 0 and ids.max() > 2**60


def test_many_tables_of_few_rows_share_the_workers():
    tables = {f"t{number}": (1, 64) for number in range(8)}
    result = plan(tables, 4, 600, batch_size=8, optimizer="sgd")
    assert result.memory_by_worker.tolist() == [512] * 4


def test_drawn_ids_follow_zipf_for_any_size():
    for rows in (1000, 3_000_000):
        ids = draw_ids(400_000, rows, seed=3)
        assert ids.min() >= 0 and ids.max() < rows
        share = np.bincount(ids, minlength=rows)[:50] / ids.size
        law = 1 / np.arange(1, 51) / (1 / np.arange(1, rows + 1)).sum()
        np.testing.assert_allclose(share, law, rtol=0.15)
    tail = (draw_ids(400_000, 3_000_000, seed=4) >= 2_000_000).mean()
    np.testing.assert_allclose(tail, np.log(1.5) / 15.49, rtol=0.05)

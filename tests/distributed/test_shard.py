"""One shard: steps in order, and answers to calls that are meant for it alone."""

import numpy as np
import pytest

from embedlab.distributed import (
    InconsistentTableError,
    ShardedEmbedding,
    Sharding,
    ShardLostError,
    StepError,
)
from embedlab.distributed.arrays import ShardOptions
from embedlab.distributed.shard import Shard, Stamp
from embedlab.layers.allocation import TableMemoryError

GRAD = np.ones((1, 2), np.float32)


@pytest.fixture
def shard():
    return Shard(Sharding(6, 2, "row_wise", 2), 1, ShardOptions(optimizer={"class_name": "SGD"}))


def apply(shard, number):
    return shard.apply(Stamp(shard.token, number - 1), number, np.array([0]), GRAD)


def test_a_step_is_applied_once_and_none_is_skipped(shard):
    assert apply(shard, 1) == 1
    rows = shard.lookup(Stamp(shard.token, 1), np.arange(3))
    with pytest.raises(StepError, match=r"must apply step 2 next. Received step 1, which it has"):
        apply(shard, 1)
    with pytest.raises(StepError, match=r"must apply step 2 next. Received step 3, which skips"):
        apply(shard, 3)
    np.testing.assert_array_equal(shard.lookup(Stamp(shard.token, 1), np.arange(3)), rows)
    assert apply(shard, 2) == 2


def test_calls_for_another_shard_or_step_are_refused(shard):
    for call in (
        lambda stamp: shard.lookup(stamp, np.arange(1)),
        lambda stamp: shard.apply(stamp, 1, np.arange(1), GRAD),
        lambda stamp: shard.nearest(stamp, GRAD, 1),
        lambda stamp: shard.read(stamp, "embeddings", np.arange(1)),
        lambda stamp: shard.factors(stamp, np.arange(1), True),
        lambda stamp: shard.apply_factors(stamp, 1, np.arange(1), []),
        lambda stamp: shard.set_active(stamp, ()),
        lambda stamp: shard.quantize(stamp, "int8"),
        lambda stamp: shard.write(stamp, "embeddings", np.arange(1), GRAD),
        lambda stamp: shard.save(stamp, "nowhere", "0"),
    ):
        with pytest.raises(ShardLostError, match="started anew"):
            call(Stamp("another", 0))
    with pytest.raises(StepError, match=r"must be at step 4. Received a shard at step 0"):
        shard.lookup(Stamp(shard.token, 4), np.arange(1))


def test_a_shard_started_anew_never_answers_with_its_first_rows():
    """As when an engine makes a lost actor again, with the same arguments."""
    table = ShardedEmbedding(6, 2, seed=1)
    table._shards.shards[1] = Shard(table.sharding, 1, table._shards.shards[0].options)
    with pytest.raises(ShardLostError, match="started anew"):
        table(np.arange(6))


def test_a_shard_that_fails_within_a_step_answers_no_more(shard, monkeypatch):
    monkeypatch.setattr(shard.optimizer, "update", lambda *arguments: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        apply(shard, 1)
    for number in (0, 1):
        with pytest.raises(StepError):
            shard.lookup(Stamp(shard.token, number), np.arange(1))


def test_half_a_step_is_inconsistent_until_a_load(tmp_path, monkeypatch):
    table = ShardedEmbedding(6, 2, seed=1)
    table.save(tmp_path)
    rows, grad = table(np.arange(6)), np.ones((6, 2), np.float32)

    def fail(*arguments):
        raise MemoryError

    monkeypatch.setattr(table._shards.shards[1], "apply", fail)
    with pytest.raises(InconsistentTableError, match=r"step 1 of .* Received 1 of 2 shards"):
        table.step(table.backward(np.arange(6), grad))
    for call in (
        lambda: table([1]),
        lambda: table.step(table.backward([1], grad[:1])),
        lambda: table.nearest(1),
        lambda: table.save(tmp_path),
        table.to_embedding,
    ):
        with pytest.raises(InconsistentTableError, match="Call load"):
            call()
    table.load(tmp_path)
    np.testing.assert_array_equal(table(np.arange(6)), rows)
    assert table.step(table.backward(np.arange(6), grad)) == 1


@pytest.mark.parametrize(
    ("placement", "text"),
    [
        ("memory", 'in the memory of its worker.*more workers, or pass placement="disk"'),
        ("disk", "on the disk of its worker.*more workers, or set TMPDIR of the workers"),
    ],
)
def test_a_shard_that_does_not_fit_says_what_to_do(placement, text):
    with pytest.raises(TableMemoryError, match=f"shard 0, 500000000000 x 128, must fit {text}"):
        ShardedEmbedding(10**12, 128, placement=placement)

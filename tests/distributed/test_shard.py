"""One shard: steps in order, and answers to calls that are meant for it alone."""

import numpy as np
import pytest

from embedlab.distributed import (
    InconsistentTableError,
    ShardedEmbedding,
    Sharding,
    ShardLostError,
    StepError,
    capacity,
)
from embedlab.distributed.arrays import ShardOptions
from embedlab.distributed.shard import Shard, Stamp
from embedlab.layers.allocation import TableMemoryError

GRAD = np.ones((1, 2), np.float32)
SGD = {"class_name": "SGD"}


@pytest.fixture
def shard():
    return Shard(Sharding(6, 2, "row_wise", 2), 1, ShardOptions(optimizer=SGD))


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
    sharding = Sharding(10**12, 128, "row_wise", 2)
    with pytest.raises(TableMemoryError, match=f"shard 0, 500000000000 x 128, must fit {text}"):
        Shard(sharding, 0, ShardOptions("float32", placement, SGD))


@pytest.mark.parametrize(
    ("optimizer", "needed"), [("sgd", 1280), ("adagrad", 2560), ("adam", 3840)]
)
def test_shards_of_one_process_must_fit_together(monkeypatch, optimizer, needed):
    """Each takes half of it, with the optimizer's slots."""
    rule = {"plan": Sharding(40, 8, "row_wise", 2), "optimizer": optimizer}
    monkeypatch.setattr(capacity, "available_memory", lambda: needed)
    ShardedEmbedding(40, 8, **rule)
    monkeypatch.setattr(capacity, "available_memory", lambda: needed - 1)
    with pytest.raises(TableMemoryError) as caught:
        ShardedEmbedding(40, 8, **rule)
    must = "shards 0, 1 must fit together into the memory of one machine: "
    assert str(caught.value).startswith(must) and "\n" not in str(caught.value)
    assert (caught.value.needed, caught.value.available) == (needed, needed - 1)
    ShardedEmbedding(40, 8, placement="disk", **rule)
    monkeypatch.setattr(capacity, "available_memory", lambda: None)
    ShardedEmbedding(40, 8, **rule)


def test_shards_of_several_machines_fit_each_by_itself():
    sharding, options = Sharding(40, 8, "row_wise", 4), ShardOptions(optimizer=SGD)
    check = capacity.check_memory
    machines = [capacity.Machine(name, 640) for name in "abab"]
    check(sharding, options, machines)
    with pytest.raises(TableMemoryError, match=r"^shards 1, 3 must fit together.*machine: 640 B\."):
        check(sharding, options, [*machines[:3], capacity.Machine("b", 639)])
    with pytest.raises(TableMemoryError, match=r"^shard 2 must fit into.*machine: 320 B\. Rec"):
        check(sharding, options, [*machines[:2], capacity.Machine("c", 319), machines[3]])

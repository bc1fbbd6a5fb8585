"""Shards on a real local cluster of Dask: exact, and never half a step presented as whole."""

import os
import signal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedlab import optimizers
from embedlab.distributed import (
    SCHEMES,
    InconsistentTableError,
    ShardedEmbedding,
    Sharding,
    ShardLostError,
    local_cluster,
)
from embedlab.distributed.arrays import ShardOptions
from embedlab.distributed.shard import Shard
from embedlab.distributed.workers import DaskShards
from embedlab.layers.allocation import TableMemoryError
from embedlab.layers.memory import available_memory
from embedlab.storage import FileRefused

if not os.environ.get("CI"):  # there it must be installed
    pytest.importorskip("distributed")

WORKERS = 4
RULE_NAMES = ["sgd", "momentum", "adagrad", "adam"]


@pytest.fixture(scope="module")
def client():
    """A client of workers in processes on the loopback interface; killed ones stay away."""
    with local_cluster(WORKERS) as client:
        yield client


@settings(max_examples=6)
@given(
    rule=st.sampled_from(RULE_NAMES),
    scheme=st.sampled_from(SCHEMES),
    shape=st.tuples(st.integers(5, 40), st.integers(2, 19)),
    shards=st.integers(2, 4),
    hot=st.integers(0, 3),
    seed=st.integers(0, 99),
)
def test_training_is_exact(assert_same_training, client, rule, scheme, shape, shards, hot, seed):
    if scheme in ("table_wise", "column_wise"):
        shards, hot = {"table_wise": 1, "column_wise": min(shards, shape[1])}[scheme], 0
    shards = min(shards, shape[0] - hot)
    options = {"scheme": scheme, "shards": shards, "hot": hot}
    _, table = assert_same_training(rule, shape, seed, client, **options)
    every = np.arange(shape[0])
    rows = table(every)
    for batch in table.lookups([every, every[::-1]]):
        np.testing.assert_array_equal(batch, rows)
        rows = rows[::-1]


def test_shards_on_one_machine_must_fit_together(client):
    """Each of two workers has space for its shard, and the machine not for both."""
    rows = int(0.6 * available_memory()) // 4096
    sharding = Sharding(2 * rows, 1024, "row_wise", 2)
    options = ShardOptions(optimizer={"class_name": "SGD"})  # zeros, which nothing writes
    with pytest.raises(TableMemoryError, match=r"^shards 0, 1 must fit together into the memory"):
        DaskShards(client, sharding, options, 60.0)


def test_adapters_and_codes_are_exact(client, make_pair, tmp_path):
    """Made on the cluster, trained there, saved, and loaded onto two workers."""
    table = ShardedEmbedding(90, 6, client, optimizer="adagrad", seed=1)
    table.quantize("int8")
    table.add_adapter("words", 3, alpha=6)
    layer, rule = table.to_embedding(), optimizers.get("adagrad")
    assert layer.quantization_mode == "int8" and layer.active_adapters == ("words",)
    rng = np.random.default_rng(4)
    for _ in range(3):
        ids, grad = rng.integers(0, 90, 40), rng.normal(size=(40, 6)).astype(np.float32)
        np.testing.assert_array_equal(table(ids), layer(ids))
        gradients = layer.backward(layer.forward(ids)[1], grad).weights
        rule.apply(gradients.values(), [v for v in layer.weights if v.name in gradients])
        table.step(table.backward(ids, grad))
    table.save(tmp_path)
    file, *_ = tmp_path.glob("*.safetensors")
    data = file.read_bytes()
    file.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(FileRefused, match="have the checksum"):
        table.load(tmp_path)
    file.write_bytes(data)
    table.load(tmp_path, Sharding(90, 6, "row_wise", 2, replicated=5))
    np.testing.assert_array_equal(table(np.arange(90)), layer(np.arange(90)))


def test_a_bad_id_and_a_large_answer(client):
    table = ShardedEmbedding(5000, 300, client, seed=1)
    assert table.sharding.shards == WORKERS
    with pytest.raises(IndexError, match=r"Received 5000 at \[0, 1\]"):
        table([[1, 5000]])
    here = ShardedEmbedding(5000, 300, seed=1)
    ids = np.arange(20_000).reshape(4, -1) % 5000
    np.testing.assert_array_equal(table(ids), here(ids))
    near, expected = table.nearest([3, 4], k=3), here.nearest([3, 4], k=3)
    np.testing.assert_array_equal(near.ids, expected.ids)
    np.testing.assert_array_equal(near.similarities, expected.similarities)


def test_plans_for_more_workers_than_there_are(client):
    with pytest.raises(ValueError, match=r"must have 9 workers for this plan\. Received 4"):
        ShardedEmbedding(50, 3, client, Sharding(50, 3, "row_wise", 9))


def test_a_client_that_is_closed(client, tmp_path):
    with client.__class__(client.scheduler.address, set_as_default=False) as other:
        table = ShardedEmbedding(9, 3, other, Sharding(9, 3, "row_wise", 2), seed=1)
        table.save(tmp_path)
        rows = table(np.arange(9))
    for call in (
        lambda: table([1]),
        lambda: table.step(table.backward([1], np.ones((1, 3), np.float32))),
        lambda: table.save(tmp_path),
        lambda: table.load(tmp_path),
        lambda: ShardedEmbedding(9, 3, other),
    ):
        with pytest.raises(ShardLostError, match=r"Received [^\n]+$"):
            call()
    again = ShardedEmbedding.from_saved(tmp_path, client)
    np.testing.assert_array_equal(again(np.arange(9)), rows)


def process_of(client, shard):
    """Return the process number of the worker of a shard."""
    return client.run(os.getpid)[sorted(client.nthreads())[shard]]


def test_a_worker_that_does_not_answer(client, tmp_path, monkeypatch):
    """Its lookup ends at the time limit, and a plan without it loads what was saved."""
    plan = Sharding(50, 3, "row_wise", 8, workers=(0, 1) * 4)
    table = ShardedEmbedding(50, 3, client, plan, seed=1)
    rows, pid = table(np.arange(50)), process_of(client, 1)
    table.save(tmp_path)
    monkeypatch.setattr(table, "timeout", 0.5)
    os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(
            ShardLostError, match=r"shard 1 must answer. Received no answer in 0\.5"
        ):
            table(np.arange(50))
        with pytest.raises(
            InconsistentTableError, match=r"1 of 8 shards that confirmed it, and no"
        ):
            table.step(table.backward([1, 49], np.ones((2, 3), np.float32)))
        with pytest.raises(InconsistentTableError, match="Call load"):
            table(np.arange(50))
        monkeypatch.setattr(table, "timeout", 3.0)
        table.load(tmp_path, Sharding(50, 3, "row_wise", 2, workers=(0, 0)))
        np.testing.assert_array_equal(table(np.arange(50)), rows)
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_table_that_cannot_start_gives_its_space_back(client, monkeypatch):
    submit, futures = client.submit, []

    def submit_one_that_fails(kind, *arguments, **settings):
        if kind is not Shard:
            return submit(kind, *arguments, **settings)
        sharding, index, options = arguments
        options = options if index else options._replace(seed=-1)
        futures.append(submit(kind, sharding, index, options, **settings))
        return futures[-1]

    with monkeypatch.context() as patch:
        patch.setattr(client, "submit", submit_one_that_fails)
        with pytest.raises(ShardLostError, match="shard 0 must answer"):
            ShardedEmbedding(9, 3, client, Sharding(9, 3, "row_wise", 2), seed=1)
    other = futures[1].result()
    stamp = other.describe().result(60)
    with pytest.raises(AttributeError, match="layer"):
        other.lookup(stamp, np.zeros(1, np.int64)).result(60)


@pytest.mark.parametrize("kind", ["lookup", "step", "save"])
def test_a_worker_killed_in_the_middle(client, assert_same_training, tmp_path, monkeypatch, kind):
    """The last shard is stopped, gets its call, and is killed before it can answer."""
    workers = len(client.nthreads())
    options = {"scheme": "row_wise", "shards": workers}
    reference, table = assert_same_training("adam", (60, 5), 7, client, steps=3, **options)
    table.save(tmp_path)
    victim, shards = workers - 1, table._shards
    pid = process_of(client, victim)
    every, grad = np.arange(60), np.ones((60, 5), np.float32)
    calls = {
        "lookup": lambda: table(every),
        "step": lambda: table.step(table.backward(every, grad)),
        "save": lambda: table.save(tmp_path),
    }
    send = shards.call

    def send_and_kill(shard, *arguments):
        answer = send(shard, *arguments)
        if shard == victim:
            os.kill(pid, signal.SIGKILL)
        return answer

    os.kill(pid, signal.SIGSTOP)
    with monkeypatch.context() as patch:
        patch.setattr(shards, "call", send_and_kill)
        expected = InconsistentTableError if kind == "step" else ShardLostError
        with pytest.raises(expected) as error:
            calls[kind]()
    assert "\n" not in str(error.value) and "Call load" in str(error.value)
    while len(client.nthreads()) == workers:  # the scheduler notices it too
        pass
    for call in calls.values():  # nothing is presented as whole afterwards
        with pytest.raises((InconsistentTableError, ShardLostError)):
            call()
    table.load(tmp_path, Sharding(60, 5, "row_wise_hashed", workers - 1))
    assert table.iterations == 3
    np.testing.assert_array_equal(table(every), reference.layer(every))
    table.step(table.backward(every, grad))
    reference.step(every, grad)
    np.testing.assert_array_equal(table(every), reference.layer(every))

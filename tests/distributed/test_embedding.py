"""A table in shards has the numbers of one table on one machine, bit for bit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedlab import IdError
from embedlab.core.checks import DtypeError, ShapeError
from embedlab.core.gradient import SparseGrad, coalesce
from embedlab.core.ids import IdTypeError
from embedlab.distributed import SCHEMES, ShardedEmbedding, Sharding, plan
from embedlab.layers import Embedding

RULE_NAMES = ["sgd", "momentum", "adagrad", "adam"]
CASES = {"rule": st.sampled_from(RULE_NAMES), "scheme": st.sampled_from(SCHEMES)}


@settings(max_examples=30)
@given(
    **CASES,
    shape=st.tuples(st.integers(3, 40), st.integers(1, 19)),
    shards=st.integers(1, 5),
    hot=st.integers(0, 3),
    dtype=st.sampled_from(["float32", "float64"]),
    padding_idx=st.sampled_from([None, 0, 2]),
    by_frequency=st.booleans(),
    seed=st.integers(0, 99),
)
def test_training_is_exact(
    assert_same_training, rule, scheme, shape, shards, hot, dtype, padding_idx, by_frequency, seed
):
    by_rows = scheme.startswith("row_wise")
    hot = hot if by_rows else 0
    most = {"table_wise": 1, "column_wise": shape[1]}.get(scheme, max(1, shape[0] - hot))
    assert_same_training(
        rule,
        shape,
        seed,
        scheme=scheme,
        shards=min(shards, most),
        hot=hot,
        dtype=dtype,
        padding_idx=padding_idx,
        scale_grad_by_freq=by_frequency,
    )


@pytest.mark.parametrize("scheme", SCHEMES)
def test_wide_rows_and_large_batches_are_exact(assert_same_training, scheme):
    """Sums of 128, 64 and 16 columns run in other registers than those of a few columns."""
    shards = 1 if scheme == "table_wise" else 3
    assert_same_training("adam", (500, 211), 1, steps=3, scheme=scheme, shards=shards)


def test_order_of_arrival_does_not_count(make_pair, monkeypatch):
    """Shards that are served in another order, later, give the same rows."""
    reference, table = make_pair(50, 6, "adam", shards=5)
    shards, waiting = table._shards, []
    rng = np.random.default_rng(0)

    class Late:
        def __init__(self, *call):
            self.call = call
            waiting.append(self)

        def result(self, timeout):
            for one in rng.permutation(len(waiting)):
                late = waiting[one]
                late.answer = type(shards).call(shards, *late.call)
            waiting.clear()
            return self.answer.result(timeout)

    monkeypatch.setattr(shards, "call", Late)
    for _ in range(5):
        ids = rng.integers(0, 50, 30)
        grad = rng.normal(size=(30, 6)).astype(np.float32)
        np.testing.assert_array_equal(table(ids), reference.layer(ids))
        table.step(table.backward(ids, grad))
        reference.step(ids, grad)


def test_first_rows_do_not_depend_on_the_plan():
    every = np.arange(9000)  # three blocks of one seed each
    one = ShardedEmbedding(9000, 3, plan=Sharding(9000, 3), seed=4)(every)
    for scheme, shards, hot in [
        ("row_wise", 4, 7),
        ("row_wise_hashed", 3, 0),
        ("column_wise", 2, 0),
    ]:
        sharding = Sharding(9000, 3, scheme, shards, replicated=hot)
        np.testing.assert_array_equal(ShardedEmbedding(9000, 3, plan=sharding, seed=4)(every), one)
    assert len(np.unique(one)) > 20_000 and abs(one).max() <= 0.05
    padded = ShardedEmbedding(9, 3, seed=4, padding_idx=2)
    assert not padded(2).any() and padded(1).any()


def test_duplicates_are_sent_once():
    table = ShardedEmbedding(100, 8, plan=Sharding(100, 8, "row_wise", 2), seed=1)
    table([[3, 3, 3], [70, 3, 70]])
    assert table.bytes_sent.tolist() == [4, 4] and table.bytes_received.tolist() == [32, 32]
    table.reset_traffic()
    table.step(table.backward([3, 3], np.ones((2, 8), np.float32)))
    assert table.bytes_sent.tolist() == [36, 0] and table.bytes_received.tolist() == [0, 0]


def test_ids_of_any_shape_and_none():
    table = ShardedEmbedding(10, 3, seed=1)
    assert table(4).shape == (3,) and table([]).shape == (0, 3)
    assert table([[[1], [2]]]).shape == (1, 2, 1, 3)
    empty = table.backward([], np.zeros((0, 3), np.float32))
    assert table.step(empty) == 1


@pytest.mark.parametrize("call", ["lookup", "backward"])
def test_a_bad_id_is_named_at_its_position(call):
    table = ShardedEmbedding(10, 3, seed=1)
    arguments = [] if call == "lookup" else [np.ones((2, 2, 3), np.float32)]
    with pytest.raises(IdError, match=r"Received 10 at \[1, 0\]") as error:
        getattr(table, call)([[1, 2], [10, 3]], *arguments)
    assert error.value.positions == ((1, 0),)


def test_a_bad_id_of_several_batches_names_its_batch():
    table = ShardedEmbedding(10, 3, seed=1)
    rows = table.lookups([[0], [[1, 2], [10, 3]], [4]])
    with pytest.raises(IdError, match=r"^batch 1: ids must .*Received 10 at \[1, 0\]\.") as error:
        list(rows)
    assert error.value.positions == ((1, 1, 0),) and error.value.bad_ids == (10,)
    assert error.value.input_dim == 10 and not table._requests
    for wrong, kind in ((["cat"], IdTypeError), ([[1], [2, 3]], ShapeError)):
        with pytest.raises(kind, match=r"^batch 2: ids must .*Received "):
            list(table.lookups([[0], [1], wrong]))


@pytest.mark.parametrize("mask_zero", [True, False])
def test_a_mask_stays_with_its_table(mask_zero, tmp_path):
    layer, ids = Embedding(9, 4, mask_zero=mask_zero), [[3, 0], [0, 8]]
    table = ShardedEmbedding.from_embedding(layer)
    table.save(tmp_path)
    other = ShardedEmbedding(9, 4, mask_zero=not mask_zero, seed=1)
    other.load(tmp_path)
    for one in (table, other, ShardedEmbedding.from_saved(tmp_path), table.to_embedding()):
        assert one.mask_zero == mask_zero
        mask = one.compute_mask(ids)
        assert mask is None if not mask_zero else mask.tolist() == [[True, False], [False, True]]
    assert table.to_embedding(mask_zero=not mask_zero).mask_zero != mask_zero


def test_batches_ahead_see_steps_between(make_pair):
    reference, table = make_pair(30, 4, "adam", shards=3)
    rng = np.random.default_rng(3)
    batches = [rng.integers(0, 30, 20) for _ in range(6)]
    for number, rows in enumerate(table.lookups(batches)):
        np.testing.assert_array_equal(rows, reference.layer(batches[number]))
        grad = rng.normal(size=rows.shape).astype(np.float32)
        table.step(table.backward(batches[number], grad))
        reference.step(batches[number], grad)
    assert number == 5 and not table._requests


def test_batches_ahead_see_a_load_and_may_end_early(make_pair, tmp_path):
    reference, table = make_pair(30, 4, "sgd")
    table.save(tmp_path)
    ids = np.arange(30)
    table.step(table.backward(ids, np.ones((30, 4), np.float32)))
    rows = table.lookups([ids, ids, ids])
    assert (next(rows) != reference.layer(ids)).any()
    table.load(tmp_path)
    np.testing.assert_array_equal(next(rows), reference.layer(ids))
    rows.close()
    assert not table._requests


@pytest.mark.parametrize("scheme", SCHEMES)
def test_nearest_is_that_of_one_table(scheme):
    rng = np.random.default_rng(1)
    weights = rng.normal(size=(300, 12)).astype(np.float32)
    weights[[7, 77, 177, 277]] = weights[[8, 8, 8, 8]]  # of equals the lower id comes first
    layer = Embedding.from_pretrained(weights)
    shards = 1 if scheme == "table_wise" else 4
    hot = np.array([3, 77, 200]) if scheme.startswith("row_wise") else 0
    sharding = Sharding(300, 12, scheme, shards, replicated=hot)
    table = ShardedEmbedding.from_embedding(layer, plan=sharding)
    near = table.nearest(8, k=6)
    assert near.ids[:4].tolist() == [7, 77, 177, 277]
    for query, options in [
        (np.arange(20), {"k": 5}),
        (rng.normal(size=(3, 12)).astype(np.float32), {"k": 4, "exclude": [5, 6, 7]}),
        (rng.normal(size=12).astype(np.float32), {"k": 1000}),
    ]:
        ours, theirs = table.nearest(query, **options), layer.nearest(query, **options)
        np.testing.assert_array_equal(ours.ids, theirs.ids)
        np.testing.assert_allclose(ours.similarities, theirs.similarities, atol=1e-6)
        assert ours.similarities.dtype == np.float32


def test_nearest_among_many_equal_rows():
    table = ShardedEmbedding(500, 4, embeddings_initializer="ones", seed=1)
    assert table.nearest(np.ones(4), k=3).ids.tolist() == [0, 1, 2]
    assert table.nearest(0, k=3, exclude=[1]).ids.tolist() == [2, 3, 4]


def test_a_plan_for_several_tables_makes_each_of_them():
    result = plan({"words": (40, 4), "days": (7, 2)}, 2, 10**6, schemes={"days": "table_wise"})
    words = ShardedEmbedding(40, 4, plan=result, name="words", seed=1)
    days = ShardedEmbedding(7, 2, plan=result, name="days", seed=1)
    assert words([39]).shape == (1, 4) and days([6]).shape == (1, 2)
    with pytest.raises(ValueError, match="a table called name='embedding'"):
        ShardedEmbedding(7, 2, plan=result)


def test_to_embedding_returns_all_rows(make_pair):
    reference, table = make_pair(40, 5, "sgd", scheme="column_wise", shards=3, padding_idx=1)
    layer = table.to_embedding()
    np.testing.assert_array_equal(layer.table.value, reference.layer.table.value)
    assert layer.padding_idx == 1


def test_shards_on_disk_are_exact_too(make_pair, monkeypatch):
    """They use a few rows at a time."""
    monkeypatch.setattr("embedlab.distributed.shard.TOUCHED", 7)
    reference, table = make_pair(40, 5, "adam", placement="disk")
    rng = np.random.default_rng(2)
    for _ in range(3):
        ids, grad = rng.integers(0, 40, 50), rng.normal(size=(50, 5)).astype(np.float32)
        table.step(table.backward(ids, grad))
        reference.step(ids, grad)
        np.testing.assert_array_equal(table(ids), reference.layer(ids))


@pytest.mark.parametrize(
    "options",
    [
        {"max_norm": 1.0},
        {"embeddings_regularizer": "l2"},
        {"embeddings_constraint": "non_neg"},
        {"oob": "clip"},
        {"row_dropout": 0.5},
        {"dtype": "mixed_float16"},
    ],
)
def test_layers_with_rules_that_shards_do_not_have_are_refused(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        ShardedEmbedding.from_embedding(Embedding(5, 2, **options))


def test_what_a_layer_says_is_no_option():
    for name, value in {"padding_idx": 1, "dtype": "float64", "seed": 1}.items():
        with pytest.raises(TypeError, match=f"Received {name}. The layer says"):
            ShardedEmbedding.from_embedding(Embedding(5, 2), **{name: value})


def test_numbers_of_numpy_are_numbers(tmp_path):
    one = np.int64(1)
    plan = Sharding(5 * one, 2 * one, shards=2 * one)
    table = ShardedEmbedding(5 * one, 2 * one, plan=plan, padding_idx=one, seed=one)
    table.save(tmp_path)
    assert ShardedEmbedding.from_saved(tmp_path).padding_idx == 1


def test_gradients_that_do_not_fit_are_refused():
    table = ShardedEmbedding(10, 3, seed=1)
    with pytest.raises(TypeError, match="step takes a SparseGrad"):
        table.step(np.ones((10, 3)))
    with pytest.raises(ShapeError, match="of a table"):
        table.step(coalesce([1], np.ones((1, 3), np.float32), 11))
    with pytest.raises(DtypeError, match="dtype float32"):
        rows = np.ones((1, 3))
        table.step(SparseGrad(np.array([1]), rows, (10, 3), (np.array([1]), rows)))
    for shape in ((3, 3), (2, 4), (2,)):
        with pytest.raises(ShapeError, match="grad must have the shape of the rows"):
            table.backward([1, 2], np.ones(shape, np.float32))
    ids, rows = np.array([[1, 8]]), np.ones((2, 3), np.float32)
    with pytest.raises(ShapeError, match=r"Received ids \(1, 2\) and rows \(2, 3\)"):
        table.step(SparseGrad(ids, rows, (10, 3), (ids, rows)))
    with pytest.raises(IdError, match="Received 10"):
        table.step(SparseGrad(np.array([1, 10]), rows, (10, 3), (ids, rows)))
    assert table.iterations == 0 and table([1]).shape == (1, 3)


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"embeddings_initializer": "glorot_uniform"}, ValueError, "embeddings_initializer must"),
        ({"plan": Sharding(9, 3)}, ShapeError, "the plan must be for a table"),
        ({"plan": 3}, TypeError, "plan must be a Sharding"),
        ({"client": "localhost"}, TypeError, "client must be a distributed.Client"),
        ({"dtype": "int8"}, ValueError, "dtype must be"),
        ({"timeout": 0}, ValueError, "timeout must be above 0"),
        ({"placement": "cloud"}, ValueError, "placement must be"),
    ],
)
def test_bad_arguments_are_refused(options, error, text):
    with pytest.raises(error, match=text):
        ShardedEmbedding(10, 3, **options)

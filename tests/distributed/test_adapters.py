"""Adapters and codes in shards: the numbers of one layer, bit for bit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedlab.core.checks import NotFiniteError, ShapeError
from embedlab.distributed import SCHEMES, InconsistentTableError, ShardedEmbedding, Sharding
from embedlab.layers import Embedding
from embedlab.quantizers import Int4QuantizationConfig

CODES = {
    "float": None,
    "int8": "int8",
    "int4": Int4QuantizationConfig(block_size=4),
    "int4 rows": Int4QuantizationConfig(block_size=None),
}


def with_adapters(codes, ranks, active):
    """Return a function that gives a layer codes, and adapters whose B is not zero."""

    def prepare(layer):
        if codes is not None:
            layer.quantize(**({"mode": codes} if codes == "int8" else {"config": codes}))
        for number, rank in enumerate(ranks):
            layer.add_adapter(f"a{number}", rank, 2.0, number == 1, b_initializer="normal")
        layer.set_active([f"a{number}" for number in active if number < len(ranks)])

    return prepare


def shards_for(scheme, codes, shape, shards, hot):
    """Return as many shards, and replicated rows, as the scheme may have."""
    if scheme == "table_wise":
        return 1, 0
    if scheme == "column_wise":
        return (2 if codes == "int4" else 1 if codes != "float" else min(shards, shape[1])), 0
    return max(1, min(shards, shape[0] - hot)), hot


@settings(max_examples=25)
@given(
    rule=st.sampled_from(["sgd", "momentum", "adagrad", "adam"]),
    scheme=st.sampled_from(SCHEMES),
    codes=st.sampled_from(list(CODES)),
    rows=st.integers(3, 30),
    ranks=st.lists(st.integers(1, 6), min_size=1, max_size=2),
    active=st.sampled_from([(0,), (1, 0), (0, 1)]),
    shards=st.integers(1, 4),
    hot=st.integers(0, 2),
    dtype=st.sampled_from(["float32", "float64"]),
    padding_idx=st.sampled_from([None, 2]),
    seed=st.integers(0, 99),
)
@pytest.mark.filterwarnings("ignore:a LoRA rank is meant to be low")
def test_training_of_adapters_is_exact(
    assert_same_training,
    tmp_path_factory,
    *,
    rule,
    scheme,
    codes,
    rows,
    ranks,
    active,
    shards,
    hot,
    dtype,
    padding_idx,
    seed,
):
    """Also once saved and loaded, and back in one layer."""
    shape = rows, 8
    shards, hot = shards_for(scheme, codes, shape, shards, hot)
    prepare = with_adapters(CODES[codes], ranks, active)
    options = {"scheme": scheme, "shards": shards, "hot": hot, "dtype": dtype}
    reference, table = assert_same_training(
        rule, shape, seed, steps=4, prepare=prepare, padding_idx=padding_idx, **options
    )
    every, grad = np.arange(rows), np.ones((rows, 8), dtype)
    layer = table.to_embedding()
    np.testing.assert_array_equal(layer(every), reference.layer(every))
    for one, other in zip(layer.weights, reference.layer.weights, strict=True):
        np.testing.assert_array_equal(one.value, other.value, strict=True)
    folder = tmp_path_factory.mktemp("saved")
    table.save(folder)
    again = ShardedEmbedding.from_saved(folder, plan=Sharding(rows, 8, "row_wise", min(3, rows)))
    assert again.active_adapters == table.active_adapters and again.iterations == 4
    for one in (again, table):
        one.step(one.backward(every, grad))
    reference.step(every, grad)
    np.testing.assert_array_equal(again(every), reference.layer(every))
    np.testing.assert_array_equal(table(every), reference.layer(every))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_wide_rows_and_large_batches_of_adapters_are_exact(assert_same_training, scheme):
    """Sums of 128, 64 and 16 columns run in other registers than those of a few."""
    shards = 1 if scheme == "table_wise" else 3
    prepare = with_adapters(None, [9], [0])
    options = {"steps": 3, "scheme": scheme, "shards": shards, "prepare": prepare}
    assert_same_training("adam", (500, 211), 1, **options)


def test_first_numbers_do_not_depend_on_the_plan():
    tables = [
        ShardedEmbedding(9000, 6, plan=plan, seed=4)
        for plan in (Sharding(9000, 6), Sharding(9000, 6, "column_wise", 3))
    ]
    for table in tables:
        table.enable_lora(2, b_initializer="ones")
    every = np.arange(9000)
    np.testing.assert_array_equal(tables[0](every), tables[1](every))
    a = tables[0].to_embedding().lora_embeddings_a.value
    layer = Embedding(9000, 6, lora_rank=2, seed=4)
    layer.build()
    assert abs(a).max() <= np.sqrt(6 / 9000)
    assert a.std() == pytest.approx(layer.lora_embeddings_a.value.std(), rel=0.02)


@pytest.mark.parametrize("scheme", ["row_wise", "row_wise_hashed", "column_wise"])
@pytest.mark.parametrize("codes", ["int8", "int4"])
def test_quantizing_shards_gives_the_codes_of_one_table(make_pair, scheme, codes):
    if scheme == "column_wise" and codes == "int8":
        return
    arguments = {"mode": "int8"} if codes == "int8" else {"config": CODES["int4"]}
    reference, table = make_pair(40, 8, "adam", scheme=scheme, shards=2, placement="disk")
    table.step(table.backward([1, 2], np.ones((2, 8), np.float32)))
    reference.step([1, 2], np.ones((2, 8), np.float32))
    reference.layer.quantize(**arguments)
    table.quantize(**arguments)
    layer = table.to_embedding()
    for one, other in zip(layer.weights, reference.layer.weights, strict=True):
        np.testing.assert_array_equal(one.value, other.value, strict=True)
    near, expected = table.nearest([3, 4], k=3), reference.layer.nearest([3, 4], k=3)
    np.testing.assert_array_equal(near.ids, expected.ids)


def test_columns_that_share_a_scale_stay_together(tmp_path):
    table = ShardedEmbedding(9, 8, plan=Sharding(9, 8, "column_wise", 3), seed=1)
    for config in (CODES["int4"], CODES["int4 rows"]):
        with pytest.raises(ValueError, match="columns that share a scale must lie in one shard"):
            table.quantize(config=config)
    with pytest.raises(
        ValueError, match=r"two codes of a byte.* Received columns 4 to 6, split by"
    ):
        ten = ShardedEmbedding(9, 10, plan=Sharding(9, 10, "column_wise", 2), seed=1)
        ten.quantize(config=Int4QuantizationConfig(block_size=5))
    rows = ShardedEmbedding(9, 8, plan=Sharding(9, 8, "row_wise", 3), seed=1)
    rows.quantize("int8")
    rows.save(tmp_path)
    with pytest.raises(ValueError, match="columns that share a scale"):
        rows.load(tmp_path, Sharding(9, 8, "column_wise", 2))
    with pytest.raises(ValueError, match="columns that share a scale"):
        ShardedEmbedding.from_embedding(rows.to_embedding(), plan=Sharding(9, 8, "column_wise", 2))
    assert rows([8]).shape == (1, 8)


def test_a_number_that_is_not_finite_changes_nothing():
    weights = np.ones((9, 4), np.float32)
    weights[7, 2] = np.nan
    plan = Sharding(9, 4, "row_wise_hashed", 3)
    table = ShardedEmbedding.from_embedding(Embedding.from_pretrained(weights), plan=plan)
    with pytest.raises(NotFiniteError, match=r"nan at \[7, 2\]"):
        table.quantize("int8")
    assert table.quantization_mode is None and table([1]).tolist() == [[1.0] * 4]


def test_names_and_states_are_those_of_the_layer():
    table = ShardedEmbedding(9, 4, seed=1)
    assert (table.lora_enabled, table.lora_rank, table.lora_alpha) == (False, None, None)
    table.enable_lora(2, 8)
    assert (table.lora_enabled, table.lora_rank, table.lora_alpha) == (True, 2, 8.0)
    table.add_adapter("second", 1)
    assert table.active_adapters == ("default", "second")
    assert "lora rank 2, lora rank 1 'second'" in repr(table)
    table.set_active("second")
    table.step(table.backward([3], np.ones((1, 4), np.float32)))
    rows = table([3])
    table.set_active([])
    with pytest.raises(ValueError, match="an active adapter must be trained"):
        table.backward([3], np.ones((1, 4), np.float32))
    table.set_active("second")
    np.testing.assert_array_equal(table([3]), rows)
    table.remove("second")
    table.remove("default")
    assert table.step(table.backward([3], np.ones((1, 4), np.float32))) == 2
    for call, text in [
        (lambda: table.set_active("second"), "an adapter must be one of"),
        (lambda: table.remove("second"), "an adapter must be one of"),
        (lambda: table.add_adapter("a/b", 1), "a printable name of its own"),
        (lambda: table.add_adapter("x", 1, a_initializer="orthogonal"), "a_initializer must"),
        (lambda: table.quantize("float8x"), "It must be int8 or int4"),
        (lambda: table.quantize("int4/x"), "block_size must be a positive integer. Received 'x'"),
    ]:
        with pytest.raises(ValueError, match=text):
            call()
    with pytest.warns(UserWarning, match=r"at most min\(V, D\) = 4"):
        table.add_adapter("wide", 5)


def test_gradients_of_others_are_refused():
    table = ShardedEmbedding(9, 4, seed=1)
    table.enable_lora(2)
    grads = table.backward([3, 5], np.ones((2, 4), np.float32))
    assert list(grads) == ["lora_embeddings_a", "lora_embeddings_b"]
    for wrong in ({}, grads["lora_embeddings_a"], {**grads, "more": None}):
        with pytest.raises(ValueError, match="step takes the gradients of"):
            table.step(wrong)
    with pytest.raises(ShapeError, match="the gradient of B must be"):
        table.step({**grads, "lora_embeddings_b": np.ones((2, 3), np.float32)})
    with pytest.raises(ShapeError, match="grad must have the shape of the rows"):
        table.backward([3], np.ones((1, 3), np.float32))
    with pytest.raises(IndexError, match=r"Received 9 at \[1\]"):
        table.backward([3, 9], np.ones((2, 4), np.float32))
    assert table.step(grads) == 1


def test_batches_ahead_see_steps_of_adapters():
    """B is shared, so every row is another after a step."""
    table = ShardedEmbedding(20, 4, seed=1)
    table.enable_lora(2, b_initializer="ones")
    batches = []
    for rows in table.lookups([[1, 2], [3, 4], [5]]):
        batches.append((rows, table.to_embedding()))
        table.step(table.backward([9], np.ones((1, 4), np.float32)))
    for ids, (rows, layer) in zip([[1, 2], [3, 4], [5]], batches, strict=True):
        np.testing.assert_array_equal(rows, layer(ids))


def test_half_a_change_is_inconsistent_until_a_load(tmp_path, monkeypatch):
    table = ShardedEmbedding(9, 4, seed=1)
    table.save(tmp_path)

    def fail(*arguments):
        raise MemoryError

    monkeypatch.setattr(table._shards.shards[1], "add_adapter", fail)
    with pytest.raises(InconsistentTableError, match=r"adapter 'one' .* Received 1 of 2 shards"):
        table.add_adapter("one", 1)
    with pytest.raises(InconsistentTableError, match="Call load"):
        table([1])
    table.load(tmp_path)
    assert table.active_adapters == () and table([1]).shape == (1, 4)

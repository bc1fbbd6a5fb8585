"""The layer against Keras's own: forward, mask, shapes, losses, configs, bytes, errors."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from embedlab.core.lookup import lookup
from embedlab.layers import Embedding

CASES = 120


def configurations(rng):
    """Return many random sets of arguments that both layers know."""
    pick = rng.choice
    for _ in range(CASES):
        yield {
            "input_dim": int(rng.integers(1, 40)),
            "output_dim": int(rng.integers(1, 12)),
            "embeddings_initializer": str(pick(["uniform", "he_normal", "ones", "normal"])),
            "embeddings_regularizer": pick([None, "l1", "l2"]),
            "embeddings_constraint": pick([None, "max_norm", "unit_norm"]),
            "mask_zero": bool(pick([True, False])),
            "dtype": str(pick(["float32", "float16", "float64", "mixed_float16"])),
            "trainable": bool(pick([True, False])),
        }


def test_random_configurations(keras, rng):
    for options in configurations(rng):
        theirs, ours = keras.layers.Embedding(**options), Embedding(**options)
        table = rng.normal(size=(options["input_dim"], options["output_dim"]))
        for layer in (theirs, ours):
            layer.build()
            layer.set_weights([table])
        shape = tuple(rng.integers(0, 5, int(rng.integers(1, 4))))
        ids = rng.integers(0, options["input_dim"], shape)
        expected, actual = np.asarray(theirs(ids)), ours(ids)
        assert actual.dtype == expected.dtype and np.array_equal(actual, expected)
        mask = theirs.compute_mask(ids)
        assert (mask is None) == (ours.compute_mask(ids) is None)
        assert mask is None or np.array_equal(ours.compute_mask(ids), mask)
        assert ours.compute_output_shape(shape) == theirs.compute_output_shape(shape)
        assert ours.count_params() == theirs.count_params()
        assert len(ours.trainable_weights) == len(theirs.trainable_weights)
        np.testing.assert_allclose(
            np.sum(ours.losses),
            np.sum([np.float64(x) for x in theirs.losses]),
            rtol=2e-2 if options["dtype"] == "float16" else 1e-5,
        )


def test_configs_load_in_both_directions(keras, rng):
    for options in configurations(rng):
        ours, theirs = Embedding(**options), keras.layers.Embedding(**options)
        back = keras.layers.Embedding.from_config(ours.get_config())
        assert back.get_config() == {**theirs.get_config(), "name": back.name}
        again = Embedding.from_config(theirs.get_config())
        actual, expected = again.get_config(), {**ours.get_config(), "name": again.name}
        for config in (actual, expected):  # Keras rounds the factor of L1 to float32
            penalty = config["embeddings_regularizer"]
            config["embeddings_regularizer"] = penalty and penalty["class_name"]
        assert actual == expected


def test_the_same_seed_gives_the_same_table(keras):
    initializer = keras.initializers.RandomUniform(seed=7)
    theirs, ours = keras.layers.Embedding(9, 4, initializer), Embedding(9, 4, seed=7)
    theirs.build()
    ours.build()
    assert np.array_equal(ours.embeddings, theirs.embeddings.numpy())


def test_lora_gives_the_same_rows_and_the_same_table(keras, rng):
    for rank, alpha in [(1, None), (3, 2.0), (4, 16)]:
        theirs, ours = keras.layers.Embedding(9, 4), Embedding(9, 4)
        for layer in (theirs, ours):
            layer.build()
            layer.enable_lora(rank, alpha)
        weights = [rng.normal(size=w.shape).astype("float32") for w in ours.get_weights()]
        for layer in (theirs, ours):
            layer.set_weights(weights)
        ids = rng.integers(0, 9, (5, 3))
        np.testing.assert_allclose(ours(ids), theirs(ids), rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(ours.embeddings, theirs.embeddings, rtol=1e-5, atol=1e-6)
        config = theirs.get_config()
        assert {k: ours.get_config()[k] for k in ("lora_rank", "lora_alpha")} == {
            k: config[k] for k in ("lora_rank", "lora_alpha")
        }
        assert [v.path.split("/")[1] for v in theirs.weights] == [v.name for v in ours.weights]


def test_lora_s_defects_are_keras_s_alone(keras, rng):
    for make, is_correct in ((keras.layers.Embedding, False), (Embedding, True)):
        layer = make(9, 4, lora_rank=2, lora_alpha=8)
        layer.build()
        assert (layer.get_config()["lora_alpha"] == 8) == is_correct
        layer.trainable = False
        layer.trainable = True
        assert (len(layer.trainable_weights) == 2) == is_correct
    with pytest.raises(ValueError, match="weight list of length 1"):
        keras.layers.Embedding(9, 4, weights=np.ones((9, 4)), lora_rank=2)
    assert Embedding(9, 4, weights=np.ones((9, 4)), lora_rank=2)([1]).tolist() == [[1.0] * 4]


def test_quantized_codes_rows_and_configs(keras, rng):
    for columns in (6, 7, 130):
        for mode, block in [("int8", 0), ("int4", None), ("int4", 4), ("int4", 128), ("int4", -1)]:
            table = rng.normal(size=(9, columns)).astype("float32")
            ids = rng.integers(0, 9, (4, 3))
            theirs = keras.layers.Embedding(9, columns, weights=table)
            ours = Embedding(9, columns, weights=table)
            config = {}
            if mode == "int4":
                config["config"] = keras.quantizers.Int4QuantizationConfig(block_size=block)
            theirs.quantize(mode, **config)
            keras_config = theirs.get_config()
            ours.quantize(mode, config=keras_config["quantization_config"])
            assert [v.name for v in ours.weights] == [v.name for v in theirs.weights]
            for weight, keras_weight in zip(ours.weights, theirs.weights, strict=True):
                if weight.dtype == "int8":
                    # A block whose numbers share one sign is the exception: we include 0.
                    same = (weight.value == keras_weight.numpy()).all(axis=-1)
                    assert same.all() or (mode == "int4" and block == 4)
                assert (
                    weight.shape == tuple(keras_weight.shape) and weight.dtype == keras_weight.dtype
                )
            if mode == "int8" or block != 4:
                np.testing.assert_allclose(ours(ids), theirs(ids), rtol=1e-5, atol=1e-6)
            again = Embedding.from_config(keras_config)
            assert again.dtype_policy.name == theirs.dtype_policy.name
            again.build()
            again.set_weights([w.numpy() for w in theirs.weights])
            np.testing.assert_allclose(again(ids), theirs(ids), rtol=1e-5, atol=1e-6)
            back = keras.layers.Embedding.from_config(ours.get_config())
            back.build()
            back.set_weights(ours.get_weights())
            np.testing.assert_allclose(back(ids), ours(ids), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("size", [(100, 63), (7, 4), (50, 128)], ids=str)
def test_the_report_of_bytes_is_what_keras_takes(keras, size):
    report = Embedding(*size).memory_report(lora_rank=4)
    plain = keras.layers.Embedding(*size)
    plain.build()
    assert report.table == sum(v.numpy().nbytes for v in plain.weights)
    for rule, bytes_kept in (("Adam", report.adam), ("SGD", report.momentum)):
        optimizer = getattr(keras.optimizers, rule)(**({"momentum": 0.9} if rule == "SGD" else {}))
        optimizer.build(plain.trainable_variables)
        assert bytes_kept == sum(v.numpy().nbytes for v in optimizer.variables[2:])
    plain.enable_lora(4)
    assert report.lora == sum(v.numpy().nbytes for v in plain.trainable_weights)
    for mode, announced in (("int8", report.int8), ("int4", report.int4)):
        small = keras.layers.Embedding(*size)
        small.build()
        small.quantize(mode) if mode == "int8" else small.quantize(
            config=keras.quantizers.Int4QuantizationConfig(block_size=None)
        )
        assert announced == sum(v.numpy().nbytes for v in small.weights)


@pytest.mark.parametrize(
    ("act", "phrase"),
    [
        (lambda make: make(0, 4), "must be a positive integer"),
        (lambda make: make(4, -1), "must be a positive integer"),
        (lambda make: make(4, 3, weights=np.zeros((3, 4))), "is not compatible with provided"),
        (lambda make: make(4, 3, bogus=1), "Unrecognized keyword arguments passed to Embedding"),
        (lambda make: make(4, 3, dtype="bogus"), "to a mixed precision DTypePolicy"),
        (lambda make: make(4, 3).quantize("int8"), "Cannot quantize a layer that isn't yet built"),
        (lambda make: make(4, 3, weights=np.ones((4, 3))).quantize("zz"), "quantization mode"),
        (lambda make: make(4, 3, weights=np.ones((4, 3))).quantize("float8"), "quantization mode"),
        (lambda make: make(4, 3, weights=np.ones((4, 3))).quantize(), "You must provide either"),
        (lambda make: make(4, 3).enable_lora(2), "Cannot enable lora on a layer that isn't yet"),
        (lambda make: make(4, 3).embeddings, "You must build the layer before accessing"),
        (lambda make: make(4, 3).count_params(), "but the layer isn't built"),
        (lambda make: make(4, 3).output, "has never been called and thus has no defined output"),
        (lambda make: make(4, 3).set_weights([1]), "but the layer was expecting 0 weights"),
        (lambda make: make(4, 3, "zz"), "Could not interpret initializer identifier"),
        (lambda make: make(4, 3, "ones", "zz"), "Could not interpret regularizer identifier"),
        (lambda make: make(4, 3, "ones", None, "zz"), "Could not interpret constraint identifier"),
    ],
)
def test_an_error_has_keras_s_kind_and_phrase(keras, act, phrase):
    with pytest.raises(Exception, match=phrase) as theirs:
        act(keras.layers.Embedding)
    with pytest.raises(Exception, match=phrase) as ours:
        act(Embedding)
    assert isinstance(ours.value, theirs.type)


@given(data=st.data(), dtype=st.sampled_from(["int8", "int16", "int32", "int64", "uint8"]))
def test_integer_tables_are_looked_up_as_in_pytorch(torch, data, dtype):
    """Every bit: the largest integers of int64 are no floats."""
    shape = data.draw(st.tuples(st.integers(1, 9), st.integers(1, 40)))
    table = data.draw(arrays.arrays(dtype, shape))
    ids = st.integers(0, shape[0] - 1)
    ids = data.draw(
        arrays.arrays("int64", arrays.array_shapes(max_dims=3, max_side=6), elements=ids)
    )
    expected = torch.nn.functional.embedding(torch.tensor(ids), torch.tensor(table)).numpy()
    frozen = {"dtype": dtype, "trainable": False}
    pretrained = Embedding.from_pretrained(table, freeze=True, dtype=dtype)
    results = [lookup(table, ids), pretrained(ids), Embedding(*shape, weights=table, **frozen)(ids)]
    again = Embedding(*shape, **frozen)
    again.build()
    again.set_weights(pretrained.get_weights())
    for rows in (*results, again(ids)):
        assert rows.dtype == expected.dtype and np.array_equal(rows, expected)
    assert not pretrained.trainable_weights

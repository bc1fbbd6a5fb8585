"""ReversibleEmbedding against Keras's: both ways, shapes, configs, codes, gradients by torch."""

import numpy as np
import pytest

from embedlab.layers import ReversibleEmbedding

CASES = 40


def configurations(rng):
    pick = rng.choice
    for _ in range(CASES):
        yield {
            "input_dim": int(rng.integers(1, 20)),
            "output_dim": int(rng.integers(1, 9)),
            "tie_weights": bool(pick([True, False])),
            "mask_zero": bool(pick([True, False])),
            "reverse_dtype": pick([None, "float32", "float16"]),
            "logit_soft_cap": pick([None, 1.0, 30.0]),
            "dtype": str(pick(["float32", "mixed_float16"])),  # its matmul never gives float64
        }


def pair(keras, options, rng):
    theirs, ours = keras.layers.ReversibleEmbedding(**options), ReversibleEmbedding(**options)
    for layer in (theirs, ours):
        layer.build()
    weights = [rng.normal(size=w.shape) for w in ours.get_weights()]
    for layer in (theirs, ours):
        layer.set_weights(weights)
    return theirs, ours


def test_random_configurations_both_ways(keras, rng):
    for options in configurations(rng):
        theirs, ours = pair(keras, options, rng)
        ids = rng.integers(0, options["input_dim"], (3, 2))
        vectors = rng.normal(size=(3, 2, options["output_dim"])).astype("float32")
        assert np.array_equal(ours(ids), theirs(ids))
        expected, actual = np.asarray(theirs(vectors, reverse=True)), ours(vectors, reverse=True)
        # Mixed, theirs announces float16 and gives float32: ours gives what it announces.
        promised = theirs.compute_output_spec(keras.KerasTensor((2, 3))).dtype
        assert actual.dtype == (options["reverse_dtype"] or promised)
        assert actual.dtype == expected.dtype or options["dtype"] == "mixed_float16"
        half = "16" in options["dtype"] or actual.dtype == "float16"
        near = 3e-2 if half else 1e-5  # theirs rounds the table to half before the product
        np.testing.assert_allclose(actual, expected, rtol=near, atol=near)
        assert ours.compute_output_shape((3, 2)) == tuple(theirs.compute_output_shape((3, 2)))
        shape = (3, 2, options["output_dim"])
        back = tuple(theirs.compute_output_shape(shape, reverse=True))
        assert ours.compute_output_shape(shape, reverse=True) == back


def test_configs_load_in_both_directions(keras, rng):
    for options in configurations(rng):
        theirs, ours = pair(keras, options, rng)
        back = keras.layers.ReversibleEmbedding.from_config(ours.get_config())
        assert back.get_config() == {**theirs.get_config(), "name": back.name}
        again = ReversibleEmbedding.from_config(theirs.get_config())
        assert again.get_config() == {**ours.get_config(), "name": again.name}


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize(("mode", "block"), [("int8", None), ("int4", None), ("int4", 8)])
def test_codes_are_equal_and_logits_near(keras, rng, mode, block, tied):
    theirs, ours = pair(keras, {"input_dim": 9, "output_dim": 8, "tie_weights": tied}, rng)
    config = {}
    if mode == "int4":
        config["config"] = keras.quantizers.Int4QuantizationConfig(block_size=block)
    vectors = rng.normal(size=(5, 8)).astype("float32")
    exact = ours(vectors, reverse=True)
    theirs.quantize(mode, **config)
    quantization_config = (
        theirs.get_config()["quantization_config"] if block or mode == "int4" else None
    )
    ours.quantize(mode, config=quantization_config)
    weights = {v.name: v for v in ours.weights}
    assert set(weights) == {v.name for v in theirs.weights}
    for variable in theirs.weights:
        weight = weights[variable.name]
        assert weight.shape == tuple(variable.shape), variable.name
        if weight.dtype == "int8":
            assert np.array_equal(weight.value, variable.numpy()), variable.name
    expected = np.asarray(theirs(vectors, reverse=True))
    # Theirs rounds the vectors to 8 bits too: ours is at least as near to the exact logits.
    assert np.abs(ours(vectors, reverse=True) - expected).max() < 0.12
    if block is None:
        assert (
            np.abs(ours(vectors, reverse=True) - exact).max()
            <= np.abs(expected - exact).max() * 1.5
        )


@pytest.mark.parametrize("cap", [None, 2.0])
def test_both_gradients_add_as_in_torch(torch, rng, cap):
    layer = ReversibleEmbedding(7, 4, logit_soft_cap=cap, dtype="float64", seed=1)
    layer.build()
    ids = rng.integers(0, 7, (2, 3))
    probe = rng.normal(size=(2, 3, 7))
    rows, there = layer.forward(ids)
    logits, back = layer.forward(np.sin(rows), reverse=True)
    second = layer.backward(back, probe)
    first = layer.backward(there, second.inputs * np.cos(rows))
    grad = first.weights["embeddings"].to_dense() + second.weights["embeddings"]
    table = torch.tensor(layer.table.numpy(), requires_grad=True)
    scores = torch.sin(table[torch.tensor(ids)]) @ table.T
    scores = scores if cap is None else torch.tanh(scores / cap) * cap
    (scores * torch.tensor(probe)).sum().backward()
    np.testing.assert_allclose(logits, scores.detach().numpy(), rtol=1e-12)
    np.testing.assert_allclose(grad, table.grad.numpy(), rtol=1e-10, atol=1e-12)

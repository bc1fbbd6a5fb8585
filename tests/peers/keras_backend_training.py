"""Training of a Keras model through embedlab.keras: runs in a process of its own for each backend.

Started by test_keras_backends.py, for the backends that have gradients.
"""

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

from embedlab.core.jit import kernel_calls

sys.path.append(str(Path(__file__).parent))
from keras_backend_cases import array, core_calls, draw, layer_pair, near, quantizations, times


@pytest.fixture
def ours(keras):
    return importlib.import_module("embedlab.keras")


def gradients(keras, layer, ids, back):
    """Return the gradient of sum(layer(ids) * back) for each trainable variable."""
    ops, variables = keras.ops, layer.trainable_variables

    def total(rows):
        return ops.sum(ops.multiply(ops.cast(rows, "float32"), back))

    if keras.backend.backend() == "torch":
        for variable in variables:
            variable.value.grad = None
        total(layer(ids)).backward()
        grads = [variable.value.grad for variable in variables]
    elif keras.backend.backend() == "jax":
        jax = importlib.import_module("jax")
        frozen = [v.value for v in layer.non_trainable_variables]

        def loss(trainable):
            return total(layer.stateless_call(trainable, frozen, ids)[0])

        grads = jax.grad(loss)([v.value for v in variables])
    else:
        tf = importlib.import_module("tensorflow")
        with tf.GradientTape() as tape:
            value = total(layer(ids))
        grads = tape.gradient(value, [v.value for v in variables])
        grads = [tf.convert_to_tensor(one) for one in grads]
    return [array(keras, one) for one in grads]


def test_gradients_are_those_of_keras(keras, ours, rng):
    for case in times(keras, 200):
        config, ids = draw(keras, rng)
        rank = rng.choice([None, 6])
        modes = quantizations(keras, config["dtype"])
        how = modes[rng.integers(len(modes))] if rank and case % 10 == 0 else None
        our_layer, keras_layer = layer_pair(keras, ours, config, rng, quantize=how, rank=rank)
        back = rng.normal(size=(*ids.shape, config["output_dim"]))
        ids, back = (keras.ops.convert_to_tensor(one) for one in (ids, back.astype("f4")))
        before = kernel_calls("lookup"), kernel_calls("gradient")
        actual = gradients(keras, our_layer, ids, back)
        assert kernel_calls("lookup") >= before[0] + core_calls(keras, ids)
        assert kernel_calls("gradient") > before[1]
        after = kernel_calls("lookup"), kernel_calls("gradient")
        expected = gradients(keras, keras_layer, ids, back)
        assert (kernel_calls("lookup"), kernel_calls("gradient")) == after
        assert len(actual) == len(expected) == (2 if rank else 1)
        half = "float16" in config["dtype"]  # Keras sums in these, the core in float32
        dtype = "bfloat16" if half else "float32"
        size = max(1.0, *(float(np.abs(one).max(initial=0)) for one in expected))
        for one, other in zip(actual, expected, strict=True):
            near(one / size, other / size, dtype)


def model(keras, cls, **kwargs):
    keras.utils.set_random_seed(3)
    return keras.Sequential(
        [
            keras.Input((6,), dtype="int32"),
            cls(20, 8, mask_zero=True, **kwargs),
            keras.layers.GlobalAveragePooling1D(),
            keras.layers.Dense(1),
        ]
    )


def data(rng):
    ids = np.array([rng.permutation(20)[:6] for _ in range(32)])
    ids[:, 0] = np.maximum(ids[:, 0], 1)  # no row of nothing but padding: Keras makes NaN of it
    return ids, ids.mean(axis=1, keepdims=True).astype("f4")


def data_without_repeats(rng):
    """Return 4 batches of 3 rows in which no id comes twice."""
    ids = np.concatenate([rng.permutation(20)[:18].reshape(3, 6) for _ in range(4)])
    return ids, ids.mean(axis=1, keepdims=True).astype("f4")


OPTIMIZERS = {
    "SGD": {"learning_rate": 0.1, "momentum": 0.9, "nesterov": True},
    "RMSprop": {"learning_rate": 0.01},
    "Adam": {"learning_rate": 0.01},
    "Adagrad": {"learning_rate": 0.1},
}


def fitted(keras, cls, name, ids, targets, *, rank=None, batch_size=8, **kwargs):
    network = model(keras, cls, **kwargs)
    if rank:
        network.layers[0].enable_lora(rank)
    optimizer = getattr(keras.optimizers, name)(**OPTIMIZERS[name])
    network.compile(optimizer, "mse")
    history = network.fit(
        ids,
        targets,
        epochs=3,
        batch_size=batch_size,
        shuffle=False,
        verbose=0,
        validation_data=(ids, targets),
    )
    return network, history.history


@pytest.mark.parametrize("rank", [None, 4])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_fit_is_the_fit_of_keras(keras, ours, rng, name, rank):
    ids, targets = data(rng)
    kwargs = {"rank": rank, "embeddings_regularizer": "l2"}
    if keras.backend.backend() == "tensorflow" and name != "SGD" and rank is None:
        # There Keras squares sparse gradients before it has summed those of the same id (a penalty
        # comes as one more gradient of every id). The core sums first: no id may come twice here.
        (ids, targets), kwargs = data_without_repeats(rng), {"batch_size": 3}
    before = kernel_calls("lookup"), kernel_calls("gradient")
    our_model, history = fitted(keras, ours.Embedding, name, ids, targets, **kwargs)
    # 3 epochs of 4 batches there and back, and 3 times 4 batches of validation.
    # LoRA's way back looks up rows of A, and has two gradients.
    there_and_back = kernel_calls("lookup") - before[0], kernel_calls("gradient") - before[1]
    assert there_and_back == ((24, 12) if rank is None else (36, 24))
    if keras.backend.backend() == "jax":
        assert our_model.jit_compile
    keras_model, keras_history = fitted(keras, keras.layers.Embedding, name, ids, targets, **kwargs)
    for one, other in zip(our_model.get_weights(), keras_model.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-4, atol=2e-5)
    for key in history:
        np.testing.assert_allclose(history[key], keras_history[key], rtol=1e-4)
    assert history["loss"][-1] < history["loss"][0]


def test_a_frozen_table_costs_no_gradient(keras, ours, rng):
    ids, targets = data(rng)
    frozen = model(keras, ours.Embedding)
    frozen.layers[0].trainable = False
    table = frozen.layers[0].get_weights()[0]
    frozen.compile("sgd", "mse")
    before = kernel_calls("gradient")
    frozen.fit(ids, targets, verbose=0)
    assert kernel_calls("gradient") == before
    np.testing.assert_array_equal(frozen.layers[0].get_weights()[0], table)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", "bfloat16"])
def test_a_model_learns_in_half_precision(keras, ours, rng, policy):
    ids, targets = data(rng)
    keras.config.set_dtype_policy(policy)
    try:
        our_model, history = fitted(keras, ours.Embedding, "SGD", ids, targets)
        keras_model, keras_history = fitted(keras, keras.layers.Embedding, "SGD", ids, targets)
    finally:
        keras.config.set_dtype_policy("float32")
    assert our_model.layers[0].compute_dtype == policy.removeprefix("mixed_")
    np.testing.assert_allclose(history["loss"], keras_history["loss"], rtol=0.05)
    assert history["loss"][-1] < history["loss"][0]
    rows = [m.predict(ids, verbose=0).astype("f4") for m in (our_model, keras_model)]
    np.testing.assert_allclose(*rows, rtol=0.1, atol=0.1)


def test_train_save_load_train_quantize(keras, ours, rng, tmp_path):
    ids, targets = data(rng)
    trained, history = fitted(keras, ours.Embedding, "Adam", ids, targets)
    trained.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    near(again.predict(ids, verbose=0), trained.predict(ids, verbose=0), "float32")
    more = again.fit(ids, targets, verbose=0).history
    assert more["loss"][0] < history["loss"][0]
    assert (
        np.abs(again.layers[0].get_weights()[0] - trained.layers[0].get_weights()[0]).max() > 1e-3
    )
    floats = again.predict(ids, verbose=0)
    again.layers[0].quantize("int8")
    before = kernel_calls("lookup")
    np.testing.assert_allclose(again.predict(ids, verbose=0), floats, atol=0.05)
    assert kernel_calls("lookup") == before + 1


def test_second_derivatives_of_a_plain_lookup(keras, ours, rng):
    if keras.backend.backend() == "tensorflow":
        pytest.skip("the way back is a call of Python there, which TensorFlow cannot differentiate")
    table = rng.normal(size=(5, 3))
    ids = keras.ops.convert_to_tensor(np.array([1, 1, 4]))
    pair = [cls(5, 3, weights=table) for cls in (ours.Embedding, keras.layers.Embedding)]
    actual, expected = (_of_gradient_norm(keras, layer, ids) for layer in pair)
    assert np.abs(expected).max() > 1
    near(actual, expected, "float32")


def _of_gradient_norm(keras, layer, ids):
    """The gradient, in the table, of |gradient of sum(rows ** 3)| ** 2."""
    if keras.backend.backend() == "jax":
        jax = importlib.import_module("jax")

        def loss(table):
            return (layer.stateless_call([table], [], ids)[0] ** 3).sum()

        norm = lambda table: (jax.grad(loss)(table) ** 2).sum()
        return array(keras, jax.grad(norm)(layer.trainable_variables[0].value))
    torch = importlib.import_module("torch")
    table = layer.trainable_variables[0].value
    (first,) = torch.autograd.grad((layer(ids) ** 3).sum(), table, create_graph=True)
    return array(keras, torch.autograd.grad((first**2).sum(), table)[0])


def test_a_tied_table_learns_from_both_ways(keras, ours, rng):
    ids = rng.integers(20, size=(16, 6))
    weights = []
    for cls in (ours.ReversibleEmbedding, keras.layers.ReversibleEmbedding):
        keras.utils.set_random_seed(5)
        tied = cls(20, 8)
        inputs = keras.Input((6,), dtype="int32")
        tied_model = keras.Model(inputs, tied(tied(inputs), reverse=True))
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        tied_model.compile(keras.optimizers.SGD(1.0), loss)
        before = kernel_calls("gradient")
        tied_model.fit(ids, ids, epochs=2, batch_size=8, shuffle=False, verbose=0)
        assert kernel_calls("gradient") - before == (4 if cls is ours.ReversibleEmbedding else 0)
        weights.append(tied.get_weights()[0])
    near(*weights, "float32")

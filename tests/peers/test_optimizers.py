"""Optimizers take Keras's steps: every rule, with weight decay and constraints."""

import numpy as np
import pytest

from embedlab import constraints, optimizers
from embedlab.core.gradient import coalesce
from embedlab.layers import Variable

RULES = [
    ("SGD", {}),
    ("SGD", {"momentum": 0.9}),
    ("SGD", {"momentum": 0.5, "nesterov": True}),
    ("RMSprop", {}),
    ("RMSprop", {"momentum": 0.5, "centered": True}),
    ("Adagrad", {}),
    ("Adagrad", {"initial_accumulator_value": 0.3}),
    ("Adam", {}),
    ("Adam", {"amsgrad": True}),
]
SHARED = [{}, {"learning_rate": 0.3}, {"weight_decay": 0.05}]


@pytest.mark.parametrize("shared", SHARED, ids=str)
@pytest.mark.parametrize(("name", "options"), RULES)
def test_three_steps_on_a_table_and_a_bias(keras, rng, name, options, shared):
    options = {**options, **shared}
    starts = [rng.normal(size=shape).astype("float32") for shape in [(6, 3), (4,), (2, 2, 3)]]
    theirs = [keras.Variable(start) for start in starts]
    ours = [Variable(start) for start in starts]
    peer, optimizer = (
        getattr(keras.optimizers, name)(**options),
        getattr(optimizers, name)(**options),
    )
    for _ in range(3):
        grads = [rng.normal(size=start.shape).astype("float32") for start in starts]
        peer.apply(grads, theirs)
        optimizer.apply(grads, ours)
        for keras_table, our_table in zip(theirs, ours, strict=True):
            np.testing.assert_allclose(our_table.value, keras_table.numpy(), rtol=2e-6, atol=2e-7)
    assert optimizer.iterations == int(peer.iterations) == 3


@pytest.mark.parametrize(("name", "options"), RULES)
def test_a_sparse_gradient_is_the_dense_one(keras, rng, name, options):
    start = rng.normal(size=(9, 4)).astype("float32")
    theirs, ours = keras.Variable(start), Variable(start)
    peer, optimizer = (
        getattr(keras.optimizers, name)(**options),
        getattr(optimizers, name)(**options),
    )
    for _ in range(4):
        sparse = coalesce(
            rng.integers(0, 9, 5), rng.normal(size=(5, 4)).astype("float32"), input_dim=9
        )
        peer.apply([sparse.to_dense()], [theirs])
        optimizer.apply([sparse], [ours])
        np.testing.assert_allclose(ours.value, theirs.numpy(), rtol=2e-6, atol=2e-7)


def test_a_constraint_holds_after_the_step(keras, rng):
    start = rng.normal(size=(6, 3)).astype("float32")
    theirs = keras.layers.Embedding(6, 3, weights=start, embeddings_constraint="unit_norm")
    ours = Variable(start, constraint=constraints.UnitNorm())
    grad = rng.normal(size=(6, 3)).astype("float32")
    keras.optimizers.SGD(0.1).apply([grad], theirs.trainable_variables)
    optimizers.SGD(0.1).apply([grad], [ours])
    np.testing.assert_allclose(ours.value, theirs.embeddings.numpy(), rtol=1e-6)


def test_adam_with_weight_decay_is_adamw(keras, rng):
    start = rng.normal(size=(6, 3)).astype("float32")
    theirs, ours = keras.Variable(start), Variable(start)
    peer, optimizer = keras.optimizers.AdamW(0.1), optimizers.Adam(0.1, weight_decay=0.004)
    for _ in range(3):
        grad = rng.normal(size=(6, 3)).astype("float32")
        peer.apply([grad], [theirs])
        optimizer.apply([grad], [ours])
    np.testing.assert_allclose(ours.value, theirs.numpy(), rtol=2e-6, atol=2e-7)


@pytest.mark.parametrize(("name", "options"), RULES)
def test_dicts_load_in_both_directions(keras, name, options):
    ours, theirs = getattr(optimizers, name)(**options), getattr(keras.optimizers, name)(**options)
    assert type(keras.optimizers.deserialize(optimizers.serialize(ours))) is type(theirs)
    again = optimizers.deserialize(keras.optimizers.serialize(theirs))
    for key, value in ours.get_config().items():
        if key != "name" and value is not None:
            assert again.get_config()[key] == pytest.approx(value, rel=1e-6)


@pytest.mark.parametrize("name", ["sgd", "rmsprop", "adagrad", "adam", "RMSprop"])
def test_names_mean_the_same(keras, name):
    assert type(optimizers.get(name)).__name__ == type(keras.optimizers.get(name)).__name__


def random_options(rng, name):
    """Return random arguments that both know."""
    options = {"learning_rate": float(10 ** rng.uniform(-4, 0))}
    if rng.integers(2):
        options["weight_decay"] = float(rng.uniform(0.01, 1))
    if name in ("SGD", "RMSprop"):
        options["momentum"] = float(rng.choice([0.0, 0.5, 0.95]))
    if name == "SGD":
        options["nesterov"] = bool(rng.integers(2))
    if name == "RMSprop":
        options.update(rho=float(rng.uniform(0.5, 0.99)), centered=bool(rng.integers(2)))
    if name == "Adagrad":
        options["initial_accumulator_value"] = float(rng.uniform(0, 1))
    if name == "Adam":
        options.update(
            beta_1=float(rng.uniform(0.5, 0.99)),
            beta_2=float(rng.uniform(0.9, 0.9999)),
            amsgrad=bool(rng.integers(2)),
        )
    if name != "SGD":
        options["epsilon"] = float(10 ** rng.uniform(-8, -2))
    return options


@pytest.mark.parametrize("name", ["SGD", "RMSprop", "Adagrad", "Adam"])
def test_three_steps_of_random_configurations(keras, rng, name):
    for _ in range(40):
        options = random_options(rng, name)
        shapes = [(int(rng.integers(1, 9)), int(rng.integers(1, 5))), (int(rng.integers(1, 5)),)]
        starts = [rng.normal(size=shape).astype("float32") for shape in shapes]
        theirs = [keras.Variable(start) for start in starts]
        ours = [Variable(start) for start in starts]
        peer, optimizer = (
            getattr(keras.optimizers, name)(**options),
            getattr(optimizers, name)(**options),
        )
        for _ in range(3):
            grads = [rng.normal(size=shape).astype("float32") for shape in shapes]
            peer.apply(grads, theirs)
            optimizer.apply(grads, ours)
        for keras_table, our_table, start in zip(theirs, ours, starts, strict=True):
            scale = np.abs(keras_table.numpy() - start).max() + np.abs(start).max()
            np.testing.assert_allclose(
                our_table.value,
                keras_table.numpy(),
                rtol=2e-5,
                atol=2e-6 * scale,
                err_msg=str(options),
            )

"""Rates that change, and scaled losses, are Keras's: numbers, steps, dicts and files."""

import numpy as np
import pytest

from embedlab import optimizers
from embedlab.layers import Dense, Variable
from embedlab.models import Sequential, load_model
from embedlab.optimizers import schedules

NAMES = list(schedules.REGISTRY.classes)


def drawn(rng, name):
    rate, steps = float(rng.uniform(0.01, 1)), int(rng.integers(1, 30))
    some = bool(rng.integers(2))
    if name == "PiecewiseConstantDecay":
        bounds = np.sort(rng.choice(50, 3, replace=False)).tolist()
        return {"boundaries": bounds, "values": rng.uniform(0.01, 1, 4).tolist()}
    if name == "PolynomialDecay":
        return {"initial_learning_rate": rate, "decay_steps": steps, "cycle": some,
                "power": float(rng.uniform(0.3, 3)), "end_learning_rate": 0.005}  # fmt: skip
    if name == "CosineDecay":
        up = {"warmup_target": 1.5, "warmup_steps": int(rng.integers(1, 9))} if some else {}
        return {"initial_learning_rate": rate, "decay_steps": steps, "alpha": 0.1, **up}
    if name == "CosineDecayRestarts":
        return {"initial_learning_rate": rate, "first_decay_steps": steps, "m_mul": 0.8,
                "t_mul": 1.0 if some else float(rng.uniform(1.1, 2.5)), "alpha": 0.05}  # fmt: skip
    return {"initial_learning_rate": rate, "decay_steps": steps, "staircase": some,
            "decay_rate": float(rng.uniform(0.1, 0.99))}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_the_rate_of_every_step(keras, rng, name):
    for _ in range(8):
        options = drawn(rng, name)
        theirs, ours = (
            getattr(keras.optimizers.schedules, name)(**options),
            getattr(schedules, name)(**options),
        )
        made = np.array([ours(step) for step in range(60)])
        want = np.array([float(theirs(step)) for step in range(60)])
        np.testing.assert_allclose(made, want, rtol=2e-5, atol=3e-6, err_msg=str(options))
        assert keras.optimizers.schedules.deserialize(schedules.serialize(ours)).get_config() == (
            theirs.get_config()
        )
        again = schedules.deserialize(keras.optimizers.schedules.serialize(theirs))
        assert again.get_config() == ours.get_config()


@pytest.mark.parametrize("rule", ["SGD", "RMSprop", "Adagrad", "Adam", "AdamW"])
@pytest.mark.parametrize("name", ["ExponentialDecay", "CosineDecay", "PiecewiseConstantDecay"])
def test_five_steps_along_a_schedule(keras, rng, rule, name):
    options, start = drawn(rng, name), rng.normal(size=(6, 3)).astype("float32")
    theirs, ours = keras.Variable(start), Variable(start)
    peer = getattr(keras.optimizers, rule)(getattr(keras.optimizers.schedules, name)(**options))
    made = getattr(optimizers, rule)(getattr(schedules, name)(**options))
    for _ in range(5):
        grad = rng.normal(size=start.shape).astype("float32")
        peer.apply([grad], [theirs])
        made.apply([grad], [ours])
        np.testing.assert_allclose(ours.value, theirs.numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("rule", ["SGD", "Adam"])
def test_scaled_steps(keras, rng, rule):
    start = rng.normal(size=(6, 3)).astype("float32")
    theirs, ours = keras.Variable(start), Variable(start)
    peer = keras.optimizers.LossScaleOptimizer(getattr(keras.optimizers, rule)(0.1), 64.0, 3)
    made = optimizers.LossScaleOptimizer(getattr(optimizers, rule)(0.1), 64.0, 3)
    plain = getattr(keras.optimizers, rule)(0.1, loss_scale_factor=16.0)
    alone = getattr(optimizers, rule)(0.1, loss_scale_factor=16.0)
    other, own = keras.Variable(start), Variable(start)
    for number in range(9):
        grad = rng.normal(size=start.shape).astype("float32")
        plain.apply([grad], [other])
        alone.apply([grad], [own])
        if number in (1, 6):
            grad[2, 1] = np.inf
        peer.apply([grad], [theirs])
        made.apply([grad], [ours])
        np.testing.assert_allclose(ours.value, theirs.numpy(), rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(own.value, other.numpy(), rtol=1e-5, atol=1e-6)
        assert made.loss_scale == float(peer.dynamic_scale)
        assert made.step_counter == int(peer.step_counter)
        assert made.iterations == int(peer.iterations)


def optimizer(place, kind):
    if kind == "schedule":
        return place.Adam(place.schedules.CosineDecay(0.1, 10))
    if kind == "scaled":
        return place.LossScaleOptimizer(place.Adam(0.1), 256.0, 5)
    if kind == "both":
        return place.LossScaleOptimizer(place.SGD(place.schedules.InverseTimeDecay(0.1, 10, 0.5)))
    return place.SGD(0.1, momentum=0.5, loss_scale_factor=4.0)


@pytest.mark.parametrize("kind", ["schedule", "scaled", "both", "factor"])
def test_files_both_ways(keras, rng, kind, tmp_path):
    model = Sequential([Dense(2, name="d")])
    model.compile(optimizer(optimizers, kind), "mse")
    model.fit(rng.normal(size=(4, 3)), rng.normal(size=(4, 2)), epochs=3, verbose=0)
    model.save(tmp_path / "ours.keras")
    read = keras.saving.load_model(tmp_path / "ours.keras")
    assert int(read.optimizer.iterations) == 3
    assert float(read.optimizer.learning_rate) == pytest.approx(model.optimizer.learning_rate)
    read.save(tmp_path / "theirs.keras")
    again = load_model(tmp_path / "theirs.keras")
    assert again.optimizer.iterations == 3
    assert again.optimizer.learning_rate == pytest.approx(model.optimizer.learning_rate)
    assert again.optimizer.loss_scale == model.optimizer.loss_scale
    for one, other in zip(again.weights, model.weights, strict=True):
        states = again.optimizer.state(one), model.optimizer.state(other)
        assert all(np.array_equal(states[0][slot], states[1][slot]) for slot in states[1])

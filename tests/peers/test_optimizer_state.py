"""Moving averages and gathered gradients are Keras's: step by step, through `fit`, and in files."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from embedlab import constraints, optimizers
from embedlab.core.coalesce import coalesce
from embedlab.layers import Dense, Embedding, Flatten, Variable
from embedlab.models import Sequential, load_model

RULES = [
    ("SGD", {"momentum": 0.9}), ("RMSprop", {"momentum": 0.5, "centered": True}), ("Adagrad", {}),
    ("Adam", {"amsgrad": True}), ("AdamW", {}),
]  # fmt: skip
SHARED = [
    {"use_ema": True}, {"use_ema": True, "ema_momentum": 0.5, "ema_overwrite_frequency": 2},
    {"gradient_accumulation_steps": 2}, {"gradient_accumulation_steps": 3, "clipnorm": 0.5},
    {"gradient_accumulation_steps": 2, "weight_decay": 0.1, "global_clipnorm": 0.4},
    {"gradient_accumulation_steps": 2, "use_ema": True, "ema_momentum": 0.7,
     "ema_overwrite_frequency": 2, "clipvalue": 0.3, "loss_scale_factor": 4.0},
]  # fmt: skip


def rule(place, name, options):
    return getattr(place, name)(**{"learning_rate": 0.1, **options})


def agree(made, peer, ours, theirs, rtol=3e-6):
    """Say that the weights and all that is kept are the same, in Keras's order."""
    for mine, want in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine.value, want.numpy(), rtol=rtol, atol=1e-6)
    kept = [made.kept(slot, v) for group in made.groups for v in ours for slot in group]
    for mine, want in zip(kept, peer.variables[2:], strict=True):
        np.testing.assert_allclose(mine, want.numpy(), rtol=rtol, atol=1e-6)
    assert (made.iterations, made.batches) == (int(peer.iterations), int(peer._iterations))


@pytest.mark.parametrize("shared", SHARED, ids=str)
@pytest.mark.parametrize(("name", "options"), RULES, ids=str)
def test_seven_batches(keras, rng, name, options, shared):
    starts = [rng.normal(size=shape).astype("float32") for shape in [(6, 3), (4,)]]
    theirs, ours = [keras.Variable(s) for s in starts], [Variable(s) for s in starts]
    peer, made = (rule(at, name, {**options, **shared}) for at in (keras.optimizers, optimizers))
    for _ in range(7):
        grads = [rng.normal(size=start.shape).astype("float32") for start in starts]
        peer.apply(grads, theirs)
        made.apply(grads, ours)
        agree(made, peer, ours, theirs)
    peer.finalize_variable_values(theirs)
    made.finalize_variable_values(ours)
    agree(made, peer, ours, theirs)


@pytest.mark.parametrize("shared", SHARED, ids=str)
@pytest.mark.parametrize(("name", "options"), RULES, ids=str)
def test_sparse_gradients_are_the_dense_ones(keras, rng, name, options, shared):
    start = rng.normal(size=(9, 4)).astype("float32")
    theirs, ours = keras.Variable(start), Variable(start)
    peer, made = (rule(at, name, {**options, **shared}) for at in (keras.optimizers, optimizers))
    for _ in range(7):
        rows = rng.normal(size=(3, 4)).astype("float32")
        sparse = coalesce(rng.integers(0, 9, 3), rows, input_dim=9)
        peer.apply([sparse.to_dense()], [theirs])
        made.apply([sparse], [ours])
        agree(made, peer, [ours], [theirs])


def test_a_schedule_counts_batches_and_a_constraint_holds_after_each(keras, rng):
    start = rng.normal(size=(5, 2)).astype("float32")
    theirs = keras.layers.Embedding(5, 2, weights=start, embeddings_constraint="unit_norm")
    ours = Variable(start, constraint=constraints.UnitNorm())
    peer, made = (
        at.Adam(at.schedules.ExponentialDecay(0.5, 2, 0.5), use_ema=True, ema_momentum=0.5,
                gradient_accumulation_steps=3, ema_overwrite_frequency=1)
        for at in (keras.optimizers, optimizers)
    )  # fmt: skip
    for _ in range(8):
        grad = rng.normal(size=(5, 2)).astype("float32")
        peer.apply([grad], theirs.trainable_variables)
        made.apply([grad], [ours])
        assert made.learning_rate == pytest.approx(float(peer.learning_rate))
        np.testing.assert_allclose(ours.value, theirs.embeddings.numpy(), rtol=3e-6, atol=1e-6)


@pytest.mark.filterwarnings("ignore:Gradients do not exist:UserWarning")  # Keras's
def test_a_gradient_that_misses_the_last_batch_is_lost_as_in_keras(keras, rng):
    starts = [rng.normal(size=(2,)).astype("float32") for _ in range(2)]
    theirs, ours = [keras.Variable(s) for s in starts], [Variable(s) for s in starts]
    options = {"gradient_accumulation_steps": 2, "use_ema": True, "ema_momentum": 0.5}
    peer, made = (rule(at, "SGD", options) for at in (keras.optimizers, optimizers))
    for here in ([1, 1], [1, 0], [1, 1], [0, 1]):
        grads = [np.full(2, 1.0 + n, "float32") if on else None for n, on in enumerate(here)]
        peer.apply(grads, theirs)
        made.apply(grads, ours)
        agree(made, peer, ours, theirs)


def test_some_do_not_decay(keras, rng):
    starts = [rng.normal(size=(3,)).astype("float32") for _ in range(4)]
    names = ["kernel", "bias", "bias_more", "table"]
    theirs = [keras.Variable(s, name=n) for s, n in zip(starts, names, strict=True)]
    ours = [Variable(s, name=n) for s, n in zip(starts, names, strict=True)]
    made = []
    for place, variables in ((keras.optimizers, theirs), (optimizers, ours)):
        made.append(place.AdamW(0.1, weight_decay=0.5))
        made[-1].exclude_from_weight_decay([variables[3]], ["^bias$", "mor"])
    for _ in range(3):
        grads = [rng.normal(size=(3,)).astype("float32") for _ in starts]
        for rule_, variables in zip(made, (theirs, ours), strict=True):
            rule_.apply(grads, variables)
        agree(made[1], made[0], ours, theirs)


def test_scaled_losses_gather_too(keras, rng):
    start = rng.normal(size=(3, 2)).astype("float32")
    theirs, ours = keras.Variable(start), Variable(start)
    peer, made = (
        at.LossScaleOptimizer(at.Adam(0.1, gradient_accumulation_steps=2, use_ema=True), 8.0)
        for at in (keras.optimizers, optimizers)
    )
    for _ in range(5):
        grad = rng.normal(size=(3, 2)).astype("float32")
        peer.apply([grad], [theirs])
        made.apply([grad], [ours])
        agree(made.inner_optimizer, peer.inner_optimizer, [ours], [theirs])
    for each, weight in ((peer, theirs), (made, ours)):
        each.finalize_variable_values([weight])
    np.testing.assert_allclose(ours.value, theirs.numpy(), rtol=3e-6)


KERAS = """
import json, sys
import numpy as np
import keras
given = json.load(sys.stdin)
told = []
for number, (name, options) in enumerate(given["cases"]):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Embedding(8, 2, name="words"),
                              keras.layers.Flatten(), keras.layers.Dense(2, name="out")])
    model.set_weights([np.array(w, "float32") for w in given["start"]])
    model.compile(getattr(keras.optimizers, name)(**options), "mse")
    fit = lambda n: model.fit(np.array(given["x"]), np.array(given["y"]), batch_size=5, epochs=n,
                              shuffle=False, verbose=0).history["loss"]
    losses = fit(2)
    model.save(given["path"] + f"/{number}.keras")
    ended = [w.tolist() for w in model.get_weights()]
    told.append([losses, ended, fit(1), [w.tolist() for w in model.get_weights()]])
print(json.dumps(told))
"""
CASES = [(name, {"learning_rate": 0.1, **options, **shared})
         for (name, options), shared in zip(RULES, SHARED[1:], strict=True)]  # fmt: skip


@pytest.fixture(scope="module")
def runs(keras, torch, tmp_path_factory):
    rng = np.random.default_rng(3)
    given = {
        "cases": CASES, "path": str(tmp_path_factory.mktemp("k")),
        "x": rng.integers(0, 8, (17, 3)).tolist(), "y": rng.normal(size=(17, 2)).tolist(),
        "start": [rng.normal(size=shape).tolist() for shape in [(8, 2), (6, 2), (2,)]],
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", KERAS], input=json.dumps(given), text=True,
        capture_output=True, check=True, env={**os.environ, "KERAS_BACKEND": "torch"},
    )  # fmt: skip
    return given, json.loads(done.stdout.splitlines()[-1])


def same(weights, want):
    for mine, theirs in zip(weights, want, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("number", range(len(CASES)))
def test_fit_and_files(keras, runs, number, tmp_path):
    given, told = runs
    (name, options), (losses, ended, more, last) = CASES[number], told[number]
    model = Sequential(
        [Embedding(8, 2, name="words", input_length=3), Flatten(), Dense(2, name="out")]
    )
    model.set_weights(given["start"])
    model.compile(rule(optimizers, name, options), "mse")
    run = {"batch_size": 5, "shuffle": False, "verbose": 0}
    x, y = np.array(given["x"]), np.array(given["y"])
    np.testing.assert_allclose(model.fit(x, y, epochs=2, **run).history["loss"], losses, rtol=2e-5)
    same(model.get_weights(), ended)
    read = load_model(f"{given['path']}/{number}.keras")  # in the middle of a step: 8 batches
    assert read.optimizer.get_config() == pytest.approx(
        {**model.optimizer.get_config(), "name": read.optimizer.name}
    )
    model.save(tmp_path / "m.keras")
    theirs = keras.saving.load_model(tmp_path / "m.keras")
    agree(model.optimizer, theirs.optimizer, model.trainable_weights, theirs.trainable_variables)
    own = load_model(tmp_path / "m.keras")
    for each in (model, read, own):
        np.testing.assert_allclose(each.fit(x, y, **run).history["loss"], more, rtol=2e-5)
        same(each.get_weights(), last)

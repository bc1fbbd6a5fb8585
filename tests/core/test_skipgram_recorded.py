"""A run on pairs: the same as one step at a time, and a branch is the run it left."""

import numpy as np
import pytest

from embedlab.core import optimizers
from embedlab.core.checks import ShapeError
from embedlab.core.skipgram import grad_pairs, sample_batches, train_recorded
from embedlab.core.skipgram.recorded import (
    SLOT_NAMES,
    UPDATE_RULES,
    train_recorded_kernel,
    train_recorded_reference,
)
from embedlab.regularizers import L2

STEPS = 12
UPDATE_FUNCTIONS = {
    "sgd": (optimizers.sgd, {}),
    "momentum": (optimizers.sgd, {"momentum": 0.9}),
    "adagrad": (optimizers.adagrad, {}),
    "rmsprop": (optimizers.rmsprop, {}),
    "adam": (optimizers.adam, {}),
    "lazy adam": (optimizers.adam, {"sparse_update": "lazy"}),
    "sgd + l2": (optimizers.sgd, {}),
}


def task(rng, dtype="f4", width=2):
    ids = rng.integers(8, size=30)  # row 8 is in no batch
    batches = sample_batches(ids, 9, steps=STEPS, batch=3)
    return batches, *(rng.normal(size=(9, width)).astype(dtype) for _ in "ec")


@pytest.mark.parametrize("optimizer", UPDATE_RULES)
@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("width", [1, 2, 8])
def test_a_run_equals_single_steps_bit_by_bit(rng, optimizer, dtype, width):
    batches, *tables = task(rng, dtype, width)
    run = train_recorded(batches, *tables, optimizer=optimizer, learning_rate=0.1)
    update, options = UPDATE_FUNCTIONS[optimizer]
    begin = 0.1 if optimizer == "adagrad" else 0
    memory = [[np.full_like(t, begin) for _ in SLOT_NAMES[optimizer]] for t in tables]
    assert run.weights.dtype == dtype
    for s in range(STEPS):
        now = slice(batches.starts[s], batches.starts[s + 1])
        grad = grad_pairs(batches.pairs[now], batches.label[now], *tables)
        assert run.losses[s] == grad.loss
        time = {"time": s + 1} if "adam" in optimizer else {}
        for side, back in enumerate((grad.table, grad.context)):
            pair = (batches.pairs[now, side], back)
            if optimizer == "sgd + l2" and side == 0:
                pair = run.grads[s, 0] + L2(0.01).grad(tables[0])
            update(tables[side], pair, *memory[side], learning_rate=0.1, **options, **time)
            np.testing.assert_array_equal(run.weights[s + 1, side], tables[side])
            for slot, slot_array in enumerate(memory[side]):
                np.testing.assert_array_equal(run.slots[s + 1, side, slot], slot_array)


@pytest.mark.parametrize("optimizer", UPDATE_RULES)
@pytest.mark.parametrize(("dtype", "close"), [("f4", 2e-5), ("f8", 1e-12)])
def test_kernel_matches_reference(rng, optimizer, dtype, close):
    batches, *tables = task(rng, dtype)
    run = train_recorded(batches, *tables, optimizer=optimizer)
    weights, memory, grads = (np.zeros_like(x) for x in run[:3])
    weights[0], memory[0], losses = run.weights[0], run.slots[0], np.zeros(STEPS)
    shares = (1 / np.diff(batches.starts)).astype(dtype)
    hyper = np.array((0.9, 0.9, 1 - 0.9, 1 - 0.999, 1e-7, 0.02), dtype)
    label = batches.label.astype(dtype)
    train_recorded_reference(
        batches.pairs,
        label,
        batches.starts,
        shares,
        UPDATE_RULES.index(optimizer),
        run.rates,
        hyper,
        0,
        weights,
        memory,
        grads,
        losses,
    )
    for actual, theirs in zip(
        (weights, memory, grads, losses), (*run[:3], run.losses), strict=True
    ):
        np.testing.assert_allclose(actual, theirs, rtol=close, atol=close)
    assert train_recorded_kernel.py_func.__doc__


@pytest.mark.parametrize("optimizer", UPDATE_RULES)
@pytest.mark.parametrize("step", [0, 1, 7, STEPS])
def test_a_branch_with_the_same_settings_changes_no_bit(rng, optimizer, step):
    batches, *tables = task(rng)
    options = {"optimizer": optimizer, "learning_rate": 0.1}
    run = train_recorded(batches, *tables, **options)
    branch = train_recorded(batches, *tables, **options, after=run, step=step)
    for actual, theirs in zip(branch[:5], run[:5], strict=True):
        np.testing.assert_array_equal(actual, theirs)


def test_a_branch_keeps_shared_slots(rng):
    batches, *tables = task(rng)
    run = train_recorded(batches, *tables, optimizer="adam")
    lazy = train_recorded(batches, *tables, optimizer="lazy adam", after=run, step=5)
    np.testing.assert_array_equal(lazy.slots[5], run.slots[5])
    assert lazy.since == 0 and lazy.rates[5] == run.rates[5]
    fresh = train_recorded(batches, *tables, optimizer="adagrad", after=run, step=5)
    assert (fresh.slots[5] == np.float32(0.1)).all() and fresh.since == 5
    back = train_recorded(batches, *tables, optimizer="adam", after=fresh, step=8)
    assert back.since == 8 and back.rates[8] == run.rates[0]  # time begins again
    np.testing.assert_array_equal(back.weights[:6], run.weights[:6])


def moved_without_gradient(run):
    none = ~run.grads.any(axis=-1)
    moved = (np.diff(run.weights, axis=0) != 0).any(axis=-1)
    return bool((none & moved).any())


def test_rows_without_a_gradient_move_by_slots_or_penalty(rng):
    batches, *tables = task(rng)
    for optimizer in UPDATE_RULES:
        run = train_recorded(batches, *tables, optimizer=optimizer, learning_rate=0.5)
        moves = optimizer in ("momentum", "adam", "sgd + l2")
        assert moved_without_gradient(run) == moves, optimizer
        decay = 0.99**STEPS if optimizer == "sgd + l2" else 1  # 1 - 0.5 * 2 * 0.01 a step
        first, last = run.weights[0, :, 8], run.weights[-1, :, 8]
        np.testing.assert_allclose(last[0], decay * first[0], rtol=1e-6)
        np.testing.assert_array_equal(last[1], first[1])  # no penalty on the other table


def test_a_step_without_pairs_has_no_loss(rng):
    run = train_recorded(sample_batches([0], 1, steps=3, batch=1), np.ones((1, 2)), np.ones((1, 2)))
    assert np.isnan(run.losses).all() and (run.weights == 1).all()


def test_training_lowers_the_loss():
    batches = sample_batches([0, 1, 2, 3] * 10, 4, steps=200, batch=8, starts=range(0, 40, 2))
    rng = np.random.default_rng(0)
    tables = [rng.uniform(-0.5, 0.5, (4, 2)) for _ in "ec"]
    for optimizer, rate in zip(UPDATE_RULES, (3, 0.5, 0.3, 0.05, 0.05, 0.05, 3), strict=True):
        run = train_recorded(batches, *tables, optimizer=optimizer, learning_rate=rate)
        assert run.losses[-20:].mean() < 0.75 * run.losses[:5].mean()


BAD = {
    "another rule": ({"optimizer": "adamw"}, ValueError, "'adamw'"),
    "a rate of NaN": ({"learning_rate": np.nan}, ValueError, "nan"),
    "a rate below 0": ({"learning_rate": -1}, ValueError, "-1"),
}


@pytest.mark.parametrize(("options", "error", "received"), BAD.values(), ids=BAD.keys())
def test_bad_arguments_are_refused(rng, options, error, received):
    with pytest.raises(error, match="Received") as excinfo:
        train_recorded(*task(rng), **options)
    assert received in str(excinfo.value)


def test_tables_and_branches_that_do_not_fit(rng):
    batches, table, context = task(rng)
    run = train_recorded(batches, table, context)
    with pytest.raises(ShapeError, match=r"\(9, 2\) and \(10, 2\)"):
        train_recorded(batches, table, np.zeros((10, 2), "f4"))
    with pytest.raises(ShapeError, match=f"step {STEPS + 1}"):
        train_recorded(batches, table, context, after=run, step=STEPS + 1)

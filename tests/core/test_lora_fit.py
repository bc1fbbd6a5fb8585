"""Fitting an adapter equals the lookup, the gradient and Adam, one after another."""

import numpy as np
import pytest

from embedlab.core.checks import NotFiniteError, ShapeError
from embedlab.core.ids import IdError
from embedlab.core.lora import Adapter, grad_lora, lora_lookup, lora_scale, train_lora
from embedlab.core.lora.fit import train_lora_kernel, train_lora_reference
from embedlab.core.optimizers import adam

STEPS, RATE = 60, 0.02


def task(rng, rows=9, columns=5, rank=3, kind="float64"):
    table = rng.normal(size=(rows, columns)).astype(kind)
    target = table + rng.normal(size=(rows, columns)).astype(kind)
    a, b = rng.normal(size=(rows, rank)), rng.normal(size=(rank, columns))
    return table, target, Adapter(a, b, lora_scale(rank, 4.0))


def by_steps(table, target, rows, adapter):
    """The definition: every call one of the core's own."""
    a, b, scale = adapter.a.copy(), adapter.b.copy(), adapter.scale
    moments = [np.zeros_like(x) for x in (a, a, b, b)]
    history = []
    for time in range(1, STEPS + 2):
        away = lora_lookup(table, rows, [Adapter(a, b, scale)]) - target[rows]
        history.append((np.square(away).sum() / (2 * rows.size), a.copy(), b.copy()))
        grad_a, grad_b = grad_lora(rows, away / rows.size, Adapter(a, b, scale))
        adam(a, grad_a, *moments[:2], time=time, learning_rate=RATE)
        adam(b, grad_b, *moments[2:], time=time, learning_rate=RATE)
    return [np.array(part) for part in zip(*history, strict=True)]


@pytest.mark.parametrize("rank", [1, 3, 5])
@pytest.mark.parametrize("rows", [[4], [0, 3, 8], range(9)], ids=["one", "some", "all"])
def test_it_is_lookup_gradient_and_adam_in_turn(rng, rank, rows):
    table, target, adapter = task(rng, rank=rank)
    rows = np.array(rows)
    run = train_lora(table, target, rows, adapter, steps=STEPS, learning_rate=RATE)
    losses, a, b = by_steps(table, target, rows, adapter)
    np.testing.assert_allclose(run.losses, losses, rtol=0, atol=1e-12)
    np.testing.assert_allclose(run.a, a[:, rows], rtol=0, atol=1e-12)
    np.testing.assert_allclose(run.b, b, rtol=0, atol=1e-12)
    others = np.delete(np.arange(9), rows)
    np.testing.assert_array_equal(a[:, others], a[:1, others].repeat(STEPS + 1, axis=0))


def test_kernel_matches_reference(rng):
    goal, rates = rng.normal(size=(4, 6)), np.full(STEPS, RATE)
    results = []
    for train in (train_lora_reference, train_lora_kernel):
        draw = np.random.default_rng(3)
        losses = np.zeros(STEPS + 1)
        a, b = draw.normal(size=(STEPS + 1, 4, 2)), draw.normal(size=(STEPS + 1, 2, 6))
        train(goal, 0.5, rates, losses, a, b)
        results.append((losses, a, b))
    for one, two in zip(*results, strict=True):
        np.testing.assert_allclose(one, two, rtol=0, atol=1e-12)


def test_one_step_by_hand():
    adapter = Adapter(np.array([[1.0], [5.0]]), np.array([[0.0, 0.0]]), 2.0)
    run = train_lora(
        np.zeros((2, 2)), [[3.0, -1.0], [0.0, 0.0]], [0], adapter, steps=1, learning_rate=0.25
    )
    assert run.losses[0] == (9 + 1) / 2
    np.testing.assert_allclose(run.a, 1.0)  # B is zero, so A has no gradient yet
    np.testing.assert_allclose(run.b[1], [[0.25, -0.25]], atol=1e-6)  # Adam's first step is a sign


def test_it_learns_and_reads_only(rng):
    table, target, adapter = task(rng, rank=5)
    copies = [x.copy() for x in (table, target, adapter.a, adapter.b)]
    run = train_lora(table, target, [1, 6], adapter, steps=300, learning_rate=RATE)
    assert run.losses[-1] < 1e-3 * run.losses[0]
    for now, before in zip((table, target, adapter.a, adapter.b), copies, strict=True):
        np.testing.assert_array_equal(now, before)


def test_rows_count_once_and_none_is_fine(rng):
    table, target, adapter = task(rng)
    once = train_lora(table, target, [2, 7], adapter, steps=5)
    twice = train_lora(table, target, [7, 2, 7], adapter, steps=5)
    np.testing.assert_array_equal(once.b, twice.b)
    none = train_lora(table, target, [], adapter, steps=5)
    assert not none.losses.any() and none.a.shape == (6, 0, 3)
    np.testing.assert_array_equal(none.b, adapter.b[None].repeat(6, axis=0))
    still = train_lora(table, target, [2], adapter, steps=0)
    assert still.losses.shape == (1,) and still.losses[0] > 0


def test_half_and_single_precision_tables_are_computed_in_double(rng):
    table, target, adapter = task(rng, kind="float32")
    one = train_lora(table, target, [3], adapter, steps=9)
    two = train_lora(table.astype("f8"), target.astype("f8"), [3], adapter, steps=9)
    np.testing.assert_array_equal(one.b, two.b)


def test_bad_arguments_are_refused(rng):
    table, target, adapter = task(rng)
    with pytest.raises(ShapeError, match=r"target must have the shape of the table, \(9, 5\)"):
        train_lora(table, target[:4], [0], adapter, steps=1)
    with pytest.raises(IdError, match=r"0\.\.8"):
        train_lora(table, target, [9], adapter, steps=1)
    with pytest.raises(NotFiniteError, match="a of the adapter"):
        train_lora(table, target, [0], adapter._replace(a=adapter.a * np.nan), steps=1)
    target[3, 1] = np.inf
    with pytest.raises(NotFiniteError, match="the trained rows"):
        train_lora(table, target, [3], adapter, steps=1)

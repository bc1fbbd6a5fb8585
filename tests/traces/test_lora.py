"""A LoRA trace: the error of each rank, training, and which rows move."""

import dataclasses

import numpy as np
import pytest

from embedlab.core.checks import ShapeError
from embedlab.core.ids import IdError
from embedlab.core.lora import Adapter, lora_lookup, lora_scale, truncated_svd_adapter
from embedlab.traces.lora import first_step_norm, first_step_norms, initial_factors, trace_lora
from embedlab.traces.lora.sweep import DRAWS, initial_adapter, spectrum_of_many_rows
from embedlab.traces.lora.trace import RANKS_MAX

RNG = np.random.default_rng(5)
TABLE = RNG.normal(size=(12, 5))
DELTA = RNG.normal(size=(12, 2)) @ RNG.normal(size=(2, 5)) + 0.05 * RNG.normal(size=(12, 5))


def make(**more):
    return trace_lora(TABLE, DELTA, **{"seen": [4], "steps": 40, **more})


def test_with_a_random_one_trained_token_moves_every_row():
    trace = make(start="random")
    assert trace.moved.all()
    assert not trace.drift(0).any()  # before any step the table is untouched
    assert (trace.drifts > 0).all()  # at every rank
    assert "11 of 11 unseen" in trace.summary and "11 of 11 rows" in trace.alt


def test_with_a_zero_only_the_trained_token_moves():
    trace = make(start="zero")
    assert trace.moved.tolist() == [row == 4 for row in range(12)]
    assert (np.delete(trace.drifts, 4, axis=1) == 0).all() and (trace.drifts[:, 4] > 0).all()
    assert "0 of 11 unseen" in trace.summary


def test_alpha_over_root_r_keeps_the_update_norm():
    ranks, table = np.arange(1, 17), np.zeros((200, 24))
    target, seen = np.ones((200, 24)), np.array([17])
    slopes = []
    for rslora in (True, False):
        norms = np.zeros(16)
        for seed in range(20):
            a, b = initial_factors((200, 24), 16, "random", seed)
            for r in ranks:
                adapter = Adapter(a[:, :r].copy(), b[:r].copy(), lora_scale(r, 8, rslora=rslora))
                norms[r - 1] += first_step_norm(table, target, seen, adapter)
        slopes.append(np.polyfit(np.log(ranks), np.log(norms), 1)[0])
    assert abs(slopes[0]) < 0.15 and slopes[1] < -0.85


def test_both_scalings_differ_by_the_rank():
    trace = make()
    plain, stable = trace.first_norms["α/r"], trace.first_norms["α/√r"]
    np.testing.assert_allclose(stable / plain, trace.ranks)
    assert plain[0] == stable[0]


@pytest.mark.parametrize("start", ["random", "zero"])
@pytest.mark.parametrize("seen", [[4], [0, 1, 2]])
def test_the_first_update_is_the_core_s_own_step_averaged(start, seen):
    goal = DELTA[seen]
    mean_norms = first_step_norms(goal, 12, 5, start, seed=3)
    for rank in (1, 4, 5):
        norms = []
        for seed in range(3, 3 + DRAWS):
            a, b = initial_factors((12, 5), 5, start, seed)
            a[seen] = a[: len(seen)]  # the draws are alike in every row
            adapter = Adapter(a[:, :rank].copy(), b[:rank].copy(), 1.0)
            norms.append(first_step_norm(TABLE, TABLE + DELTA, np.array(seen), adapter))
        np.testing.assert_allclose(mean_norms[rank - 1], np.mean(norms))


@pytest.mark.parametrize(("start", "most"), [("random", 0.2), ("zero", 0.45)])
def test_update_norms_of_both_scalings(start, most):
    """With A zero a step spreads over D columns by way of few directions: more so at low ranks."""
    table, delta = np.zeros((32, 16)), np.outer(np.ones(32), np.ones(16))
    for seed in (7, 100, 1000):
        trace = trace_lora(table, delta, seen=[0], start=start, seed=seed, steps=1, alpha=8)
        logs = {name: np.log(norm) for name, norm in trace.first_norms.items()}
        slopes = {n: np.polyfit(np.log(trace.ranks), log, 1)[0] for n, log in logs.items()}
        assert abs(slopes["α/√r"]) < most and slopes["α/r"] < -0.8


def test_the_best_of_each_rank_is_the_core_s():
    trace = make()
    assert trace.errors[0] == 1 and trace.errors[5] == 0
    length = np.linalg.norm(DELTA)
    for r in range(1, 6):
        best, expected = trace.best(r), truncated_svd_adapter(DELTA, r)
        np.testing.assert_allclose(best.a @ best.b, expected.a @ expected.b, atol=1e-12)
        error = np.linalg.norm(DELTA - best.a @ best.b) / length
        np.testing.assert_allclose(error, trace.errors[r], atol=1e-12)
    assert trace.errors[2] < 0.05 < trace.errors[1]
    assert 1 < trace.effective_rank < 3


def test_training_learns_the_rows_that_it_sees():
    trace = make(seen=[1, 4, 6], rank=3, steps=200)
    target = (TABLE + DELTA)[trace.seen]
    rows = lora_lookup(TABLE, trace.seen, [trace.adapter()])
    np.testing.assert_allclose(trace.losses[2, -1], np.square(rows - target).sum() / 6)
    assert trace.losses[2, -1] < 0.01 * trace.losses[2, 0]
    assert trace.losses[0, -1] > 10 * trace.losses[2, -1]  # a rank too low stays behind


def test_every_step_can_be_recomputed():
    trace = make(steps=7, rank=2, rslora=True)
    assert trace.scale == 4 / 2**0.5 and trace.steps == 7 and trace.parameters == 34
    for step in (0, 3, 7):
        moved = lora_lookup(np.zeros((12, 5)), np.arange(12), [trace.adapter(step)])
        far = np.linalg.norm(moved, axis=1)
        np.testing.assert_array_equal(trace.drift(step), far)
        np.testing.assert_allclose(trace.drift_along([step], [4, 9], 2)[0], far[[4, 9]], atol=1e-12)
        left = np.linalg.norm(DELTA - moved) / np.linalg.norm(DELTA)
        np.testing.assert_allclose(trace.errors_along([step], 2), [left])
    assert trace.errors_along([0], 2).tolist() == [1.0]
    assert (trace.errors_along([0, 7], 2) >= trace.errors[2]).all()
    np.testing.assert_array_equal(trace.drift(), trace.drifts[1])
    np.testing.assert_array_equal(trace.drift(rank=5), trace.drifts[4])


def test_merged_rows_are_the_same():
    assert make().merge_differences.tolist() == [0.0] * 5


def test_ranks_stop_at_sixteen_and_at_the_smaller_side():
    big = trace_lora(np.zeros((40, 30)), np.ones((40, 30)), seen=[0], steps=1)
    assert big.ranks.tolist() == list(range(1, RANKS_MAX + 1)) and len(big.errors) == 31
    one = trace_lora([[1.0]], [[0.5]], rank=1, steps=2)
    assert one.moved.all() and one.ranks.tolist() == [1]


def test_a_change_of_zero_and_no_row_seen():
    still = trace_lora(TABLE, np.zeros((12, 5)), steps=3)
    assert not still.drifts.any() and still.errors[0] == 0 and not still.training_errors.any()
    nobody = make(seen=[], steps=3)
    assert not nobody.drifts.any() and nobody.losses.max() == 0 and "nothing" in nobody.alt


def test_training_error_is_that_of_trained_rows():
    trace = make(seen=[1, 4, 6], rank=3)
    rows = lora_lookup(np.zeros((12, 5)), trace.seen, [trace.adapter()])
    error = np.linalg.norm(DELTA[trace.seen] - rows) / np.linalg.norm(DELTA[trace.seen])
    np.testing.assert_allclose(trace.training_errors[2, -1], error)
    np.testing.assert_allclose(trace.training_errors[:, 0], 1)


def test_read_only_and_by_value():
    table = TABLE.copy()
    trace = trace_lora(table, DELTA, seen=[4], steps=2)
    table[:] = 0
    assert trace.table[0, 0] == TABLE[0, 0]
    arrays = [getattr(trace, field.name) for field in dataclasses.fields(trace)]
    arrays += [*trace.first_norms.values()]
    arrays += [*trace.factors, *trace.a_paths, *trace.b_paths]
    assert all(not h.flags.writeable for h in arrays if isinstance(h, np.ndarray))
    with pytest.raises(dataclasses.FrozenInstanceError):
        trace.rank = 5


def test_words_are_deterministic():
    assert make(steps=9).summary == make(steps=9).summary != make(steps=9, seed=8).summary
    assert "Trained: moon." in make(words=["", "", "", "", "moon"], steps=1).alt
    assert "0x" not in repr(make(steps=1))
    huge = trace_lora([[0.0]], [[2e6]], rank=1, steps=0).summary
    assert "the loss is 2000000000000, from" in huge  # no decimals that a machine could differ in


def test_bad_arguments_are_refused():
    with pytest.raises(ShapeError, match=r"delta must have the shape of the table, \(12, 5\)"):
        trace_lora(TABLE, DELTA[:3])
    with pytest.raises(ValueError, match=r"rank must lie in 1\.\.5 .* Received 6"):
        make(rank=6)
    with pytest.raises(IdError, match=r"0\.\.11"):
        make(seen=[12])
    with pytest.raises(ValueError, match='"random" or "zero"'):
        make(start="ones")
    with pytest.raises(ValueError, match="delta"):
        trace_lora(TABLE, DELTA * np.nan)


@pytest.mark.parametrize("start", ["random", "zero"])
def test_numbers_of_all_rows_are_those_of_the_products(start):
    rng = np.random.default_rng(6)
    table, delta = rng.normal(size=(2, 3000, 24))
    delta[1500:] = 0
    seen = [5, 2000, 2999]
    trace = trace_lora(table, delta, seen=seen, rank=2, start=start, steps=12)
    values = np.linalg.svd(delta, compute_uv=False)
    np.testing.assert_allclose(trace.singular_values, values, atol=1e-7 * values[0])
    steps = [0, 1, 5, 12]
    for rank in (1, 2, 16):
        products = np.stack(
            [one.scale * one.a @ one.b for one in (trace.adapter(s, rank) for s in steps)]
        )
        squares = np.square(products).sum(axis=2)
        np.testing.assert_allclose(trace.squared_drifts(steps, rank), squares, atol=1e-12)
        np.testing.assert_array_equal(trace.squared_drifts(steps, rank) > 0, squares > 0)
        left = np.linalg.norm(delta - products, axis=(1, 2)) / np.linalg.norm(delta)
        np.testing.assert_allclose(trace.errors_along(steps, rank), left, rtol=1e-9)
        np.testing.assert_allclose(trace.drifts[rank - 1], squares[-1] ** 0.5, atol=1e-9)
    known = trace_lora(
        table, delta, seen=seen, rank=2, start=start, steps=12, singular_values=values
    )
    assert known.summary == trace.summary


def test_the_spectrum_of_many_rows_of_a_low_rank_ends_in_zeros():
    rng = np.random.default_rng(1)
    delta = rng.normal(size=(4000, 2)) @ rng.normal(size=(2, 30)) * 1e150
    values = spectrum_of_many_rows(delta)
    np.testing.assert_allclose(values[:2], np.linalg.svd(delta, compute_uv=False)[:2], rtol=1e-12)
    assert values.shape == (30,) and not values[2:].any()
    assert spectrum_of_many_rows(np.zeros((9000, 20))).tolist() == [0.0] * 20


def test_the_first_update_is_that_of_the_step_itself():
    """Rows of A are drawn in order: a few of them are those of a whole A."""
    delta = np.random.default_rng(2).normal(size=(3, 5))
    unit = first_step_norms(delta, 400, 4, "random", seed=3)
    for rank in (1, 4):
        expected = []
        for seed in range(3, 3 + DRAWS):
            adapter = initial_adapter(initial_factors((400, 5), 4, "random", seed), rank, 1.0)
            task = np.zeros((400, 5)), np.vstack([delta, np.zeros((397, 5))]), np.arange(3)
            expected.append(first_step_norm(*task, adapter))
        assert unit[rank - 1] == pytest.approx(np.mean(expected), rel=1e-9)

"""A gradient's trace: the pairs, the sums, and a check that "add" passes and "assign" fails."""

import dataclasses

import numpy as np
import pytest

from embedlab.core.checks import ShapeError
from embedlab.core.gradient import coalesce, grad_table
from embedlab.core.ids import IdError
from embedlab.layers.reversible import ReversibleEmbedding
from embedlab.losses import SparseCategoricalCrossentropy
from embedlab.traces.gradient import trace_gradient
from embedlab.traces.gradient.check import STEPS, TOLERANCE

TABLE = np.random.default_rng(3).normal(size=(6, 4))
IDS = [1, 4, 1, 2, 1]


def test_worked_by_hand():
    trace = trace_gradient([[0.5], [-1.0]], [1, 0, 1], target=[[1.0], [0.5], [0.0]])
    first, last = np.tanh(-2.0), np.tanh(-1.0)
    np.testing.assert_allclose(trace.grad_out.ravel(), [first, 0.0, last])
    np.testing.assert_allclose(trace.added.ravel(), [0.0, first + last])
    np.testing.assert_allclose(trace.assigned.ravel(), [0.0, last])
    np.testing.assert_allclose(trace.loss, np.log(np.cosh(2.0) * np.cosh(1.0)))
    assert trace.pair_ids.tolist() == [1, 0, 1] and trace.counts.tolist() == [1, 2]
    assert trace.wrong_rows.tolist() == [1]


def test_add_passes_the_check_and_assign_fails_it():
    trace = trace_gradient(TABLE, IDS)
    assert trace.passes("add") and not trace.passes("assign")
    assert trace.curve("assign").min() > 0.1
    assert "add     passes" in trace.summary and "assign  FAILS" in trace.summary
    assert "assign fails the gradient check" in trace.alt


def test_without_duplicates_both_rules_are_right():
    trace = trace_gradient(TABLE, [5, 0, 3])
    assert trace.passes("add") and trace.passes("assign") and not trace.wrong_rows.size
    np.testing.assert_array_equal(trace.added, trace.assigned)


def test_the_error_by_step_size_is_a_v():
    curve = trace_gradient(TABLE, IDS).curve()
    best = int(np.argmin(curve))
    assert 3 <= best <= 8 and curve[best] < TOLERANCE / 100
    assert (np.diff(curve[: best + 1]) < 0).all()
    assert curve[-1] > 100 * curve[best] and curve[0] > 1e4 * curve[best]
    assert trace_gradient(TABLE, IDS).best_step() == STEPS[best]


def test_the_numbers_are_those_of_the_core():
    trace = trace_gradient(TABLE, IDS)
    sparse = coalesce(IDS, trace.grad_out, 6)
    np.testing.assert_array_equal(trace.added, grad_table(IDS, trace.grad_out, 6))
    np.testing.assert_array_equal(trace.sum_ids, sparse.ids)
    np.testing.assert_array_equal(trace.sum_rows, sparse.rows)
    np.testing.assert_array_equal(trace.pair_rows, trace.grad_out)


def test_a_row_that_no_id_reads_has_zero_gradient():
    trace = trace_gradient(TABLE, IDS)
    unread = [0, 3, 5]
    assert (trace.added[unread] == 0).all() and (trace.numeric[:, unread] == 0).all()


def test_padding_learns_nothing_though_the_loss_depends_on_it():
    trace = trace_gradient(TABLE, IDS, padding_idx=1)
    assert 1 not in trace.sum_ids and 1 not in trace.pair_ids and len(trace.pair_rows) == 2
    assert (trace.added[1] == 0).all() and (trace.assigned[1] == 0).all()
    assert 1 not in trace.checked and trace.passes("add")  # the check compares what is trained
    assert np.abs(trace_gradient(TABLE, IDS).numeric[5, 1]).max() > 0.05
    assert trace_gradient(TABLE[:1], [0, 0], padding_idx=0).passes("add")  # nothing is trained
    np.testing.assert_array_equal(trace.added[[4, 2]], trace_gradient(TABLE, IDS).added[[4, 2]])


def test_scaled_by_frequency_is_the_mean():
    plain, scaled = trace_gradient(TABLE, IDS), trace_gradient(TABLE, IDS, scale_grad_by_freq=True)
    np.testing.assert_allclose(scaled.added[1] * 3, plain.added[1])
    np.testing.assert_array_equal(scaled.added[4], plain.added[4])
    assert not scaled.passes("add") and "divided by its count" in scaled.summary


def test_running_sums_are_the_core_s():
    trace = trace_gradient(TABLE, IDS, target=np.sin(np.arange(20.0)).reshape(5, 4))
    for n in range(len(IDS)):
        part = grad_table(IDS[: n + 1], trace.grad_out[: n + 1], 6)
        np.testing.assert_array_equal(trace.running_sums[n], part[IDS[n]])
    last = {i: n for n, i in enumerate(IDS)}
    np.testing.assert_array_equal(trace.running_sums[list(last.values())], trace.added[list(last)])


def test_a_given_grad_out_is_used():
    grad_out = np.arange(20.0).reshape(5, 4) - 7
    trace = trace_gradient(TABLE, IDS, grad_out=grad_out)
    np.testing.assert_array_equal(trace.grad_out, grad_out)
    np.testing.assert_array_equal(trace.added, grad_table(IDS, grad_out, 6))
    np.testing.assert_allclose(trace.loss, (TABLE[IDS] * grad_out).sum())
    assert trace.passes("add") and not trace.passes("assign")
    assert (trace.curve()[:3] < 1e-12).all()  # straight: even a large step is exact
    with pytest.raises(ShapeError, match=r"grad_out must fit the output, \(5, 4\)"):
        trace_gradient(TABLE, IDS, grad_out=np.zeros((3, 4)))


# --- one table, used twice ----------------------------------------------------------------------


def test_tied_every_row_gets_a_gradient_and_both_add():
    trace = trace_gradient(TABLE, IDS, tied=True)
    assert trace.reached.tolist() == [0, 1, 2, 3, 4, 5] and (trace.direct != 0).any(axis=1).all()
    assert trace.sum_ids.tolist() == [1, 2, 4]  # the last word has no next one
    through = np.zeros_like(TABLE)
    through[trace.sum_ids] = trace.sum_rows
    np.testing.assert_allclose(trace.added, through + trace.direct)
    assert trace.passes("add") and not trace.passes("assign")
    assert "one for every row" in trace.summary and "every row gets one more" in trace.alt


def test_tied_gradient_is_that_of_layer_and_loss():
    layer = ReversibleEmbedding(6, 4, weights=TABLE, dtype="float64")
    trace = trace_gradient(TABLE, IDS, tied=True)
    rows, looked = layer.forward(np.array(IDS[:-1]))
    scores, scored = layer.forward(rows, reverse=True)
    loss = SparseCategoricalCrossentropy(from_logits=True, dtype="float64")
    mean, grad_scores = float(loss(IDS[1:], scores)), loss.grad(IDS[1:], scores)
    back = layer.backward(scored, 4 * grad_scores)
    first = layer.backward(looked, back.inputs).weights["embeddings"]
    np.testing.assert_allclose(trace.loss, 4 * mean)
    np.testing.assert_allclose(trace.grad_scores[:-1], 4 * grad_scores)
    np.testing.assert_allclose(trace.direct, back.weights["embeddings"])
    np.testing.assert_allclose(trace.added, back.weights["embeddings"] + first.to_dense())


def test_tied_numeric_gradient_moves_the_whole_table():
    trace = trace_gradient(TABLE, IDS, tied=True)
    for c, d, h in [(1, 0, 0), (3, 2, 2), (2, 3, 1)]:  # read three times, never, and as the last
        table = TABLE.copy()
        table[c, d] += STEPS[h]
        scores = table[IDS[:-1]] @ table.T
        whole = np.log(np.exp(scores).sum(1)).sum() - scores[np.arange(4), IDS[1:]].sum()
        np.testing.assert_allclose(trace.up[h, c, d], whole, rtol=1e-13)


def test_tied_over_a_batch_looks_one_ahead_in_each_sequence():
    both = trace_gradient(TABLE, [[1, 2], [4, 1]], tied=True)
    assert both.has_gradient.tolist() == [True, False, True, False] and both.passes("add")
    one, other = (trace_gradient(TABLE, ids, tied=True) for ids in ([1, 2], [4, 1]))
    np.testing.assert_allclose(both.added, one.added + other.added)


@pytest.mark.parametrize("ids", [[], [3], 3, [[1], [2]]])
def test_tied_without_a_next_word_has_no_gradient(ids):
    trace = trace_gradient(TABLE, ids, tied=True)
    assert trace.loss == 0 and not trace.added.any() and not trace.reached.size
    assert trace.passes("add")


@pytest.mark.parametrize("ids", [[], [0], [0, 0, 0]])
def test_tied_of_one_word_has_no_loss_and_warns_of_nothing(ids):
    trace = trace_gradient(np.ones((1, 2)), ids, tied=True)
    assert trace.loss == 0.0
    assert not trace.added.any() and not trace.numeric.any()


def test_tied_excludes_other_options():
    for more in ({"padding_idx": 0}, {"scale_grad_by_freq": True}, {"grad_out": 1.0}):
        with pytest.raises(ValueError, match="tied must be the only option"):
            trace_gradient(TABLE, IDS, tied=True, **more)


def test_read_only_and_by_value():
    table = TABLE.copy()
    trace = trace_gradient(table, IDS)
    table[:] = 0
    assert trace.table[0, 0] == TABLE[0, 0] and table.flags.writeable
    for field in dataclasses.fields(trace):
        value = getattr(trace, field.name)
        assert not isinstance(value, np.ndarray) or not value.flags.writeable, field.name
    with pytest.raises(dataclasses.FrozenInstanceError):
        trace.loss = 0.0


def test_a_large_table_is_checked_where_it_is_read():
    trace = trace_gradient(np.sin(np.arange(4000.0)).reshape(500, 8), [7, 400, 7], check_max=16)
    assert trace.checked.tolist() == [7, 400]
    assert trace.numeric.shape == (len(STEPS), 2, 8) and trace.passes("add")
    assert "checked 16 weights of 4000" in trace.summary


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("tied", [False, True])
def test_a_nan_loss_passes_no_check(bad, tied):
    trace = trace_gradient(np.full((2, 2), bad), [0, 1, 1], tied=tied)
    assert not trace.passes("add") and "not finite" in trace.summary


def test_smallest_and_empty():
    assert trace_gradient([[2.0]], 0).passes("assign")
    empty = trace_gradient(TABLE, np.empty((0, 2), int))
    assert empty.loss == 0 and empty.passes("add") and "none gets any" in empty.alt


def test_words_are_deterministic():
    make = lambda: trace_gradient(TABLE, IDS, words=["a", "b\x00"])
    assert make().summary == make().summary and "row 1 b␣" in make().summary
    assert "0x" not in repr(make())


def test_bad_arguments_are_refused():
    with pytest.raises(IdError, match=r"0\.\.5"):
        trace_gradient(TABLE, [6])
    with pytest.raises(ShapeError, match=r"target must fit the output, \(2, 4\)"):
        trace_gradient(TABLE, [0, 1], target=np.zeros((3, 4)))
    with pytest.raises(ShapeError, match="1 tokens for 2 ids"):
        trace_gradient(TABLE, [0, 1], tokens=["a"])
    with pytest.raises(ShapeError, match="at least one column"):
        trace_gradient(TABLE[:, :0], [0])
    with pytest.raises(ValueError, match='"add" or "assign"'):
        trace_gradient(TABLE, [0]).passes("sum")

"""The trace of a training run: its examples, its numbers, and that it is read-only."""

import numpy as np
import pytest

from embedlab.core.checks import ShapeError
from embedlab.core.ids import IdError
from embedlab.core.optimizers import adam
from embedlab.core.skipgram import grad_pairs
from embedlab.core.skipgram.recorded import UPDATE_RULES
from embedlab.traces.training import RATES, Branch, trace_training

WORDS = ("the", "cat", "sun", "moon")
IDS = [0, 1, 0, 2, 0, 1, 0, 2, 0, 3, 0, 1]  # moon once in a pass
GLIDING = ("momentum", "adam")


def trace(*runs, **options):
    options = {"steps": 30, "batch": 2, **options}
    return trace_training(IDS, words=WORDS, runs=runs, **options)


@pytest.mark.parametrize("optimizer", [name for name in UPDATE_RULES if name != "sgd + l2"])
def test_rows_that_move_without_a_gradient(optimizer):
    """M7: zero gradient does not mean that the weight stays."""
    (run,) = trace(optimizer).runs
    still = ~run.has_grad
    assert still.any() and (run.moves[run.has_grad] > 0).all()
    if optimizer not in GLIDING:
        assert not run.moved_without_grad.any() and (run.moves[still] == 0).all()
        return
    first = run.has_grad.argmax(axis=0)  # before a row was ever seen nothing carries it
    for row, first_step in enumerate(first.tolist()):
        assert (run.moves[:first_step, row] == 0).all()
        assert (run.moves[first_step:, row] > 0).all()
    assert run.moved_without_grad.sum() > 20


def test_an_l2_penalty_shortens_each_row_that_has_no_gradient():
    """M8: the penalty is on the whole table, so a row that no batch used shrinks too."""
    (run,) = trace("sgd + l2").runs
    still = ~run.has_grad
    assert (run.moves > 0).all() and still.any()
    before, after = run.table[:-1][still], run.table[1:][still]
    np.testing.assert_allclose(after, 0.98 * before, rtol=1e-5)  # 1 - rate * 2 * 0.01


def test_moves_without_a_gradient_decay():
    (run,) = trace("momentum").runs
    row = 3
    glides = np.flatnonzero(run.moved_without_grad[:, row])
    runs = np.split(glides, np.flatnonzero(np.diff(glides) > 1) + 1)
    longest = max(runs, key=len)
    assert len(longest) >= 3
    np.testing.assert_allclose(
        run.moves[longest[1:], row] / run.moves[longest[:-1], row], 0.9, rtol=1e-3
    )


@pytest.mark.parametrize("optimizer", UPDATE_RULES)
@pytest.mark.parametrize("step", [0, 11, 30])
def test_a_branch_with_the_same_settings_changes_no_bit(optimizer, step):
    result = trace(optimizer, branch=Branch(0, step, optimizer, RATES[optimizer]))
    assert result.unbranched is not result.runs[0]
    for name in ("table", "slots", "grad", "rates", "losses"):
        np.testing.assert_array_equal(
            getattr(result.runs[0], name), getattr(result.unbranched, name)
        )


def test_a_branch_starts_with_the_slots_of_its_step():
    result = trace("sgd", "adam", branch=Branch(1, 12, "lazy adam", 0.05))
    run, unbranched = result.runs[1], result.unbranched
    np.testing.assert_array_equal(run.table[:13], unbranched.table[:13])
    np.testing.assert_array_equal(run.slots[:13], unbranched.slots[:13])
    assert (run.table[13] != unbranched.table[13]).any()
    assert run.moved_without_grad[:12].any() and not run.moved_without_grad[12:].any()
    assert run.optimizer_at(11) == ("adam", 0.05, ("m", "v"))
    assert run.optimizer_at(12) == ("lazy adam", 0.05, ("m", "v"))
    assert result.runs[0].branch is None and unbranched.optimizer_at(12)[0] == "adam"
    np.testing.assert_array_equal(result.runs[0].table, trace("sgd").runs[0].table)


def test_the_numbers_are_those_of_the_core():
    result = trace("lazy adam", steps=8, output_dim=3)
    (run,), rng = result.runs, np.random.default_rng(7)
    table, context = (rng.uniform(-0.5, 0.5, (4, 3)).astype("f4") for _ in "ec")
    moments = [[np.zeros_like(t) for _ in "mv"] for t in (table, context)]
    for s in range(8):
        now = slice(result.batches.starts[s], result.batches.starts[s + 1])
        pairs = result.batches.pairs[now]
        grad = grad_pairs(pairs, result.batches.label[now], table, context)
        for side, (weights, back) in enumerate(((table, grad.table), (context, grad.context))):
            adam(
                weights,
                (pairs[:, side], back),
                *moments[side],
                time=s + 1,
                learning_rate=0.05,
                sparse_update="lazy",
            )
        assert run.losses[s] == grad.loss
        np.testing.assert_array_equal(run.table[s + 1], table)
        np.testing.assert_array_equal(run.slots[s + 1], moments[0])


def test_all_runs_see_the_same_batches_and_start():
    result = trace("adam", "sgd", ("rmsprop", 0.1))
    assert [run.optimizer for run in result.runs] == ["adam", "sgd", "rmsprop"]
    assert result.runs[2].learning_rate == 0.1
    for run in result.runs[1:]:
        np.testing.assert_array_equal(run.table[0], result.runs[0].table[0])
        np.testing.assert_array_equal(run.has_grad, result.runs[0].has_grad)
        assert run.losses[0] == result.runs[0].losses[0]
    assert result.batch(4) == ("the", "moon") and result.order.tolist() == [0, 1, 2, 3]


def test_projection_of_the_map():
    center, axes, variance_share = trace("adam").map()
    assert variance_share == 1 and axes.tolist() == np.eye(2).tolist() and not center.any()
    center, axes, variance_share = trace("adam", output_dim=6).map()
    np.testing.assert_allclose(axes.T @ axes, np.eye(2), atol=1e-12)
    assert 0.4 < variance_share < 1
    assert trace("adam", output_dim=1).map()[1].tolist() == [[1, 0]]
    assert np.isnan(trace("adam", table=np.full((4, 3), np.nan)).map()[2])


def test_same_seed_same_trace_and_read_only():
    one, two, other = trace("adam"), trace("adam"), trace("adam", seed=8)
    np.testing.assert_array_equal(one.runs[0].table, two.runs[0].table)
    assert one.summary == two.summary and (one.runs[0].table[0] != other.runs[0].table[0]).all()
    for array in (one.ids, one.runs[0].table, one.runs[0].slots, one.runs[0].losses):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


def test_a_given_table_is_copied():
    table = np.ones((6, 2))
    result = trace_training([0, 1, 0], table=table, runs=["adam"], steps=5, batch=1)
    assert (table == 1).all() and result.words == ("0", "1", "2", "3", "4", "5")
    assert (result.runs[0].table[-1, 2:] == 1).all() and (result.runs[0].table[-1, :2] != 1).all()


@pytest.mark.parametrize("ids", [[], [0]], ids=["no word", "one word"])
def test_without_a_pair_nothing_moves(ids):
    result = trace_training(ids, input_dim=1, runs=["adam"], steps=3, output_dim=1)
    assert not result.runs[0].moves.any() and np.isnan(result.runs[0].losses).all()
    assert "1 row of" in result.summary and "Rows of a table" in result.alt


BAD = {
    "an id outside": ({"input_dim": 2}, IdError, "Received 2"),
    "labels too few": ({"words": ("a",), "input_dim": 4}, ShapeError, "1 for 4 rows"),
    "no run": ({"runs": ()}, ValueError, "Received 0"),
    "four runs": ({"runs": ["sgd"] * 4}, ValueError, "Received 4"),
    "another rule": ({"runs": ["adamw"]}, ValueError, "'adamw'"),
    "a branch of no run": ({"branch": Branch(1, 0, "sgd", 1.0)}, ValueError, "run 1"),
    "a branch too late": ({"branch": Branch(0, 101, "sgd", 1.0)}, ValueError, "step 101"),
}


@pytest.mark.parametrize(("options", "error", "received"), BAD.values(), ids=BAD.keys())
def test_what_cannot_be_is_refused(options, error, received):
    with pytest.raises(error, match="Received") as excinfo:
        trace_training(IDS, **options)
    assert received in str(excinfo.value)

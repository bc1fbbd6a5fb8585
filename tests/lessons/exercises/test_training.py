"""The checker of lesson 06: right is right, each wrong has its name, and M7 is really refuted."""

import numpy as np
import pytest

from embedlab.explorers.training import TrainingExplorer
from embedlab.lessons import check, show


def rate(time):
    return 0.05 * np.sqrt(1 - 0.999**time) / (1 - 0.9**time)


def dense(W, m, v, grad, time):
    m = m + 0.1 * (grad - m)
    v = v + 0.001 * (grad**2 - v)
    return W - rate(time) * m / (np.sqrt(v) + 1e-7), m, v


def by_where(W, m, v, grad, time):
    used = grad.any(axis=1)[:, None]
    new = dense(W, m, v, grad, time)
    return tuple(np.where(used, a, b) for a, b in zip(new, (W, m, v), strict=True))


def by_rows(W, m, v, grad, time):
    W, m, v = W.copy(), m.copy(), v.copy()
    rows = np.flatnonzero(grad.any(axis=1))
    W[rows], m[rows], v[rows] = dense(W[rows], m[rows], v[rows], grad[rows], time)
    return W, m, v


def by_loop(W, m, v, grad, time):
    W, m, v = W.copy(), m.copy(), v.copy()
    for row, g in enumerate(grad):
        if g.any():
            W[row], m[row], v[row] = dense(W[row], m[row], v[row], g, time)
    return [W, m, v]


@pytest.mark.parametrize("right", [by_where, by_rows, by_loop], ids=lambda f: f.__name__)
def test_right_ways_pass(right):
    verdict = check("06.lazy_adam", right)
    assert verdict, verdict
    assert "8 of 8 cases, and it agrees with a whole training" in verdict.message
    assert "20 of 20 steps" in verdict.message


def only_w_stays(W, m, v, grad, time):
    new = dense(W, m, v, grad, time)
    return np.where(grad.any(axis=1)[:, None], new[0], W), *new[1:]


def cell_by_cell(W, m, v, grad, time):
    new = dense(W, m, v, grad, time)
    return tuple(np.where(grad != 0, a, b) for a, b in zip(new, (W, m, v), strict=True))


def no_correction(W, m, v, grad, time):
    used, (_, m2, v2) = grad.any(axis=1)[:, None], dense(W, m, v, grad, time)
    return (
        np.where(used, W - 0.05 * m2 / (np.sqrt(v2) + 1e-7), W),
        np.where(used, m2, m),
        np.where(used, v2, v),
    )


def climbs(W, m, v, grad, time):
    new = by_where(W, m, v, grad, time)
    return 2 * W - new[0], *new[1:]


def sum_of_squares(W, m, v, grad, time):
    new = by_where(W, m, v, grad, time)
    return new[0], new[1], np.where(grad.any(axis=1)[:, None], v + grad**2, v)


def m_of_sgd(W, m, v, grad, time):
    new = by_where(W, m, v, grad, time)
    return new[0], np.where(grad.any(axis=1)[:, None], 0.9 * m + grad, m), new[2]


def in_place(W, m, v, grad, time):
    W -= 1.0
    return W, m, v


def one_array(W, m, v, grad, time):
    return by_where(W, m, v, grad, time)[0]


def stops(W, m, v, grad, time):
    raise RuntimeError("no")


def endless(W, m, v, grad, time):
    while True:
        pass


def of_another_shape(W, m, v, grad, time):
    return W[:, 0], m, v


WRONG = {
    dense: ("That is dense Adam", "M7"),
    only_w_stays: ("its m or v changed", None),
    cell_by_cell: ("updated as a whole", None),
    no_correction: ("The rate lacks its correction", None),
    climbs: ("wrong sign", None),
    sum_of_squares: ("v should be", None),
    m_of_sgd: ("m should be", None),
    in_place: ("changes its W", None),
    one_array: ("Return three arrays", None),
    stops: ("Your function raised RuntimeError", None),
    endless: ("does not finish", None),
    of_another_shape: ("must have shape", None),
}


@pytest.mark.parametrize(
    ("function", "message", "see"),
    [(f, *rest) for f, rest in WRONG.items()],
    ids=[f.__name__ for f in WRONG],
)
def test_each_wrong_way_is_named(function, message, see):
    verdict = check("06.lazy_adam", function)
    assert not verdict and message in verdict.message and verdict.related == see
    assert "expected" in verdict.case and repr(verdict).startswith("✗ 06.lazy_adam")


def test_a_stub_is_not_yet_and_no_function_is_explained():
    assert "not yet" in repr(check("06.lazy_adam", lambda W, m, v, grad, time: ...))
    assert "needs the function itself" in check("06.lazy_adam", 5).message


def test_a_branch_into_stillness():
    explorer = TrainingExplorer(runs=["adam"], steps=30)
    assert not check("06.still", explorer).attempted
    explorer.branch = [0, 12, "momentum", 0.05]
    verdict = check("06.still", explorer)
    assert not verdict and "rows still move" in verdict.message and verdict.related == "M7"
    for rule in ("lazy adam", "sgd", "adagrad", "rmsprop"):
        explorer.branch = [0, 12, rule, 0.05]
        assert check("06.still", explorer), rule
        assert check("06.still", explorer.state)
    explorer.runs = ["sgd"]
    assert not check("06.still", explorer).attempted
    assert "needs the view" in check("06.still", 3).message


def test_m7_row_without_gradient_still_moves():
    trace = show("M7").trace
    moon = trace.words.index("moon")
    adam, sgd = trace.runs
    assert not adam.has_grad[39, moon] and adam.moved_without_grad[39, moon]
    assert sgd.moves[39, moon] == 0 and not sgd.moved_without_grad.any()

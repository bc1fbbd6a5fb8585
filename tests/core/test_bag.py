"""Bags: references, an example by hand, the adjoint, differences, threads, refusals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedlab.core.bag import (
    Bags,
    bag,
    bag_max,
    grad_bag,
    grad_bag_max,
    grad_bag_weights,
    parse_bags,
)
from embedlab.core.bag.forward import PARALLEL_FROM, bag_reference
from embedlab.core.bag.gradient import (
    grad_bag_max_reference,
    grad_bag_reference,
    grad_bag_weights_reference,
)
from embedlab.core.bag.max import bag_max_reference
from embedlab.core.checks import DtypeError, ShapeError
from embedlab.core.ids import IdError, IdTypeError

V = 7


def scaled(bags, back, mode):
    counts = np.maximum(bags.counts(), 1)[:, None].astype(back.dtype)
    return back / counts if mode == "mean" else back


@st.composite
def cut(draw):
    """Draw ids cut into bags, some of them empty, some longer than the eight rows of a stride."""
    sizes = draw(st.lists(st.integers(0, 20), max_size=5))
    ids = draw(st.lists(st.integers(0, V - 1), min_size=sum(sizes), max_size=sum(sizes)))
    offsets = np.concatenate(([0], np.cumsum(sizes)))[:-1] if sizes else np.empty(0, int)
    return np.array(ids, np.int64), offsets.astype(int), draw(st.sampled_from([None, 0, 3]))


@given(cut=cut(), columns=st.integers(0, 5), seed=st.integers(0, 99), weighted=st.booleans())
def test_kernels_match_references(cut, columns, seed, weighted):
    ids, offsets, padding = cut
    rng = np.random.default_rng(seed)
    table = rng.integers(-3, 4, size=(V, columns)).astype("f4") / 8  # ties are frequent
    factors = rng.normal(size=ids.size).astype("f4") if weighted else None
    back = rng.normal(size=(len(offsets), columns)).astype("f4")
    for mode in ("sum", "mean"):
        options = {"mode": mode, "weights": factors, "padding_idx": padding}
        bags = parse_bags(table, ids, offsets, **options)
        out = bag(table, ids, offsets, **options)
        np.testing.assert_array_equal(out, bag_reference(table, bags, mode == "mean"))
        np.testing.assert_array_equal(
            grad_bag(bags, back, V, mode=mode).to_dense(),
            grad_bag_reference(bags, scaled(bags, back, mode), V),
        )
        np.testing.assert_allclose(
            grad_bag_weights(table, bags, back, mode=mode),
            grad_bag_weights_reference(table, bags, scaled(bags, back, mode)),
            rtol=1e-5,
            atol=1e-6,
        )
    bags = parse_bags(table, ids, offsets, mode="max", padding_idx=padding)
    out, winners = bag_max(table, bags)
    expected, first = bag_max_reference(table, bags)
    np.testing.assert_array_equal(out, expected)
    np.testing.assert_array_equal(winners, first)
    np.testing.assert_array_equal(bag(table, ids, offsets, mode="max", padding_idx=padding), out)
    np.testing.assert_array_equal(
        grad_bag_max(bags, winners, back, V).to_dense(),
        grad_bag_max_reference(bags, first, back, V),
    )


@pytest.mark.one_in(2, 1)
@pytest.mark.parametrize("count", [1, 2])
def test_kernels_match_references_at_parallel_sizes(rng, threads, count):
    threads(count)
    size = PARALLEL_FROM // 16 + 5
    ids = np.minimum(rng.zipf(1.3, size=size) - 1, 999)
    offsets = np.sort(np.append(rng.integers(size, size=999), 0))
    table = rng.normal(size=(1000, 16)).astype("f4")
    back = rng.normal(size=(1000, 16)).astype("f4")
    weights = rng.normal(size=size).astype("f4")
    for factors in (None, weights):
        bags = parse_bags(table, ids, offsets, weights=factors, padding_idx=1)
        out = bag(table, ids, offsets, weights=factors, padding_idx=1)
        np.testing.assert_array_equal(out, bag_reference(table, bags, True))
        np.testing.assert_array_equal(
            grad_bag(bags, back, 1000).to_dense(),
            grad_bag_reference(bags, scaled(bags, back, "mean"), 1000),
        )
    out, winners = bag_max(table, bags)
    expected, first = bag_max_reference(table, bags)
    np.testing.assert_array_equal(out, expected)
    np.testing.assert_array_equal(winners, first)
    np.testing.assert_array_equal(
        grad_bag_max(bags, winners, back, 1000).to_dense(),
        grad_bag_max_reference(bags, first, back, 1000),
    )
    grad = grad_bag_weights(table, bags, back)
    threads(3 - count)
    np.testing.assert_array_equal(grad_bag_weights(table, bags, back), grad)


TABLE = np.array([[1.0, 10.0], [2.0, 20.0], [4.0, 5.0]])


def test_worked_by_hand():
    ids, offsets = [0, 1, 2, 2], [0, 3, 3]
    assert bag(TABLE, ids, offsets, mode="sum").tolist() == [[7, 35], [0, 0], [4, 5]]
    assert bag(TABLE, ids, offsets, padding_idx=1).tolist() == [[2.5, 7.5], [0, 0], [4, 5]]
    assert bag(TABLE, ids, offsets, mode="max").tolist() == [[4, 20], [0, 0], [4, 5]]
    assert bag(TABLE, [[0, 1]], weights=[[3, -1]]).tolist() == [[0.5, 5]]
    assert bag(TABLE, [[0, 1]], weights=[[3, -1]], mode="sum").tolist() == [[1, 10]]
    assert bag(TABLE, ids, [0, 3, 3, 4], include_last_offset=True).shape == (3, 2)
    assert bag(TABLE, [], []).shape == (0, 2)
    assert bag(TABLE, [], [0, 0]).tolist() == [[0, 0], [0, 0]]
    assert bag(TABLE, np.zeros((2, 0), int), mode="max").tolist() == [[0, 0], [0, 0]]


def test_gradient_of_ties_goes_to_the_first():
    table = np.array([[1.0, 2.0], [1.0, 3.0]])
    bags = parse_bags(table, [[0, 1, 0]], mode="max")
    _, winners = bag_max(table, bags)
    assert winners.tolist() == [[0, 1]]
    grad = grad_bag_max(bags, winners, np.array([[5.0, 7.0]]), 2)
    assert grad.to_dense().tolist() == [[5, 0], [0, 7]]


def test_a_nan_wins_and_a_negative_maximum_is_kept():
    table = np.array([[-2.0], [-1.0], [np.nan]])
    assert bag(table, [[0, 1]], mode="max").tolist() == [[-1]]
    assert np.isnan(bag(table, [[0, 2, 1]], mode="max")).all()


@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
def test_half_floats_are_summed_in_single(rng, mode):
    table = rng.normal(size=(V, 3)).astype("f2")
    ids = rng.integers(V, size=(4, 30))
    out = bag(table, ids, mode=mode, padding_idx=2)
    exact = bag(table.astype("f8"), ids, mode=mode, padding_idx=2)
    assert out.dtype == np.float16
    np.testing.assert_allclose(out, exact, rtol=2e-3, atol=2e-3)
    if mode != "max":
        assert (out == bag(table.astype("f4"), ids, mode=mode, padding_idx=2).astype("f2")).all()
        bags = parse_bags(table, ids, padding_idx=2)
        grad = grad_bag(bags, out, V)
        assert grad.rows.dtype == np.float16
        assert grad_bag_weights(table, bags, out).dtype == np.float16


@pytest.mark.parametrize("mode", ["sum", "mean"])
def test_the_gradient_is_the_adjoint_and_the_difference(rng, mode):
    table = rng.normal(size=(V, 4))
    ids, weights = rng.integers(V, size=(5, 6)), rng.normal(size=(5, 6))
    back = rng.normal(size=(5, 4))
    options = {"mode": mode, "padding_idx": 3}
    bags = parse_bags(table, ids, weights=weights, **options)
    forward = np.vdot(bag(table, ids, weights=weights, **options), back)
    grad = grad_bag(bags, back, V, mode=mode).to_dense()
    np.testing.assert_allclose(np.vdot(table, grad), forward, rtol=1e-12)
    by_weight = grad_bag_weights(table, bags, back, mode=mode)
    np.testing.assert_allclose(np.vdot(weights, by_weight), forward, rtol=1e-12)
    h = 1e-6
    more = weights.copy()
    more[1, 2] += h
    slope = (np.vdot(bag(table, ids, weights=more, **options), back) - forward) / h
    np.testing.assert_allclose(by_weight.reshape(5, 6)[1, 2], slope, rtol=1e-4, atol=1e-8)


def test_scaled_by_frequency(rng):
    ids = np.array([[1, 1, 0], [1, 2, 2]])
    back = rng.normal(size=(2, 3))
    bags = parse_bags(np.zeros((4, 3)), ids, mode="sum")
    plain = grad_bag(bags, back, 4, mode="sum").rows
    scaled = grad_bag(bags, back, 4, mode="sum", scale_grad_by_freq=True).rows
    np.testing.assert_allclose(scaled, plain / [[1], [3], [2]], rtol=1e-15)


BAD = {
    "an id above": (([[0, 3]],), {}, IdError, "3 at"),
    "an id below": (([[0, -1]],), {}, IdError, "-1 at"),
    "half an id": (([[0, 0.5]],), {}, IdTypeError, "0.5"),
    "one axis": (([0, 1],), {}, ShapeError, "(2,)"),
    "matrix and offsets": (([[0, 1]], [0]), {}, ShapeError, "(1, 2)"),
    "offsets in a matrix": (([0, 1], [[0]]), {}, ShapeError, "(1, 1)"),
    "offsets from 1": (([0, 1], [1]), {}, ValueError, "1 at [0]"),
    "offsets that fall": (([0, 1, 2], [0, 2, 1]), {}, ValueError, "1 at [2]"),
    "offsets too far": (([0, 1], [0, 5]), {}, ValueError, "5 at [1]"),
    "offsets below 0": (([0, 1], [0, -1]), {}, ValueError, "-1 at [1]"),
    "half an offset": (([0, 1], [0, 0.5]), {}, IdTypeError, "0.5"),
    "no bag for ids": (([0, 1], []), {}, ValueError, "no offset for 2"),
    "last offset beyond": (([0, 1], [0, 3]), {"include_last_offset": True}, ValueError, "3"),
    "no last offset": (([], []), {"include_last_offset": True}, ValueError, "no offset"),
    "another mode": (([[0]],), {"mode": "min"}, ValueError, "min"),
    "weights for max": (([[0]],), {"mode": "max", "weights": [[1.0]]}, ValueError, "max"),
    "weights too few": (([[0, 1]],), {"weights": [[1.0]]}, ShapeError, "(1, 1)"),
    "words as weights": (([[0]],), {"weights": [["a"]]}, DtypeError, "U1"),
    "padding above": (([[0]],), {"padding_idx": 3}, IdError, "3"),
    "padding below": (([[0]],), {"padding_idx": -1}, ValueError, "-1"),
}


@pytest.mark.parametrize(("args", "options", "error", "received"), BAD.values(), ids=BAD.keys())
def test_bad_arguments_are_refused(args, options, error, received):
    for mode in ("sum", "mean", "max") if "weights" not in options else ("sum", "mean"):
        with pytest.raises(error, match="Received") as excinfo:
            bag(TABLE, *args, **{"mode": mode, **options})
        assert received in str(excinfo.value)


def test_bad_gradient_arguments_are_refused():
    bags = parse_bags(TABLE, [[0, 2]])
    back = np.ones((1, 2))
    for call, error, received in [
        (lambda: grad_bag(bags, np.ones((2, 2)), 3), ShapeError, "(2, 2)"),
        (lambda: grad_bag(bags, back.astype(int), 3), DtypeError, "<i8"),
        (lambda: grad_bag(bags, back, 2), IdError, "2 at [1]"),
        (lambda: grad_bag(bags, back, 0), ValueError, "0"),
        (lambda: grad_bag(bags, back, 3, mode="max"), ValueError, "max"),
        (lambda: grad_bag_max(bags, np.zeros((1, 3), int), back, 3), ShapeError, "(1, 3)"),
        (lambda: grad_bag_max(bags, np.zeros((1, 2)), back, 3), ShapeError, "float64"),
        (lambda: grad_bag_weights(TABLE, bags, np.ones((1, 3))), ShapeError, "(1, 3)"),
        (lambda: grad_bag_weights(TABLE, bags, back.astype("f4")), ShapeError, "float32"),
        (lambda: grad_bag_weights(TABLE[:2], bags, back), IdError, "2 at [1]"),
        (lambda: grad_bag_weights(TABLE, bags, back, mode="max"), ValueError, "max"),
        (lambda: bag_max(TABLE, bags._replace(starts=np.array([0, 99]))), ShapeError, "starts"),
        (lambda: grad_bag(Bags(bags.ids, bags.starts, np.ones(1), -1), back, 3), ShapeError, "or"),
    ]:
        with pytest.raises(error) as excinfo:
            call()
        assert received in str(excinfo.value)

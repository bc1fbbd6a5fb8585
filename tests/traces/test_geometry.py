"""A geometry trace: the core's cosines, a map that only shortens, and the stories of lesson 10."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedlab.core.checks import ShapeError
from embedlab.core.geometry import analogy, cosine, nearest, odd_one_out
from embedlab.core.ids import IdError
from embedlab.data import Corpus
from embedlab.traces.geometry import reference_vectors, trace_geometry, train_vectors
from embedlab.traces.geometry.plane import PLANES, TEN, fit_plane, nearest_in_plane
from embedlab.traces.geometry.unit_rows import unit_directions

TABLE = np.random.default_rng(3).normal(size=(40, 6)).astype(np.float32)


@pytest.fixture(scope="module")
def vectors():
    return reference_vectors()


def of(vectors, word, *terms, **options):
    find = vectors.words.index
    term_ids = tuple(map(find, terms)) or None
    return trace_geometry(vectors.table, find(word), words=vectors.words, terms=term_ids, **options)


def test_worked_by_hand():
    table = [[2.0, 0.0], [0.0, 3.0], [-1.0, 0.0], [1.0, 1.0]]
    trace = trace_geometry(table, 0, words=list("abcd"))
    np.testing.assert_allclose(trace.cosines, [1, 0, -1, 0.5**0.5], atol=1e-7)
    np.testing.assert_allclose(trace.distances, [0, 2**0.5, 2, (2 - 2**0.5) ** 0.5], atol=1e-6)
    np.testing.assert_allclose(
        trace.map_distances, trace.distances, atol=1e-6
    )  # D = 2: no map lies
    assert trace.near.tolist() == trace.near_map.tolist() == [3, 1, 2]
    assert trace.closer_on_map.tolist() == [0, 1, 2]
    assert trace.typical == 3.0 and trace.in_both.tolist() == [3, 1, 2]


@given(st.integers(0, 39), st.sampled_from(PLANES), st.integers(0, 9))
def test_numbers_are_the_core_s(picked, plane, seed):
    trace = trace_geometry(TABLE, picked, plane=plane, seed=seed, terms=(picked, 3, 5))
    np.testing.assert_allclose(trace.cosines, cosine(TABLE[[picked]], TABLE)[0], atol=2e-7)
    units = TABLE / np.linalg.norm(TABLE, axis=1, keepdims=True)
    true = np.linalg.norm(units - units[picked], axis=1)
    np.testing.assert_allclose(trace.distances, true, atol=1e-3)
    assert (trace.map_distances <= trace.distances + 1e-3).all()
    assert trace.near.tolist() == nearest(TABLE, TABLE[picked], TEN, exclude=[picked]).ids.tolist()
    on_map = np.linalg.norm(trace.plane.points - trace.plane.points[picked], axis=1)
    np.testing.assert_allclose(trace.map_distances, on_map, atol=1e-6)
    assert trace.near_map.tolist() == np.argsort(on_map, kind="stable")[1 : TEN + 1].tolist()
    order = np.argsort(np.delete(on_map, picked), kind="stable")
    ranks = {int(row + (row >= picked)): rank for rank, row in enumerate(order)}
    assert trace.closer_on_map.tolist() == [ranks[int(row)] for row in trace.near]
    assert trace.analogy.ids.tolist() == analogy(TABLE, 3, picked, 5).ids.tolist()


def test_the_target_of_an_analogy_on_the_map():
    trace = trace_geometry(TABLE, 0, terms=(4, 7, 9))
    a, b, c = (trace.plane.rows[row] for row in (4, 7, 9))
    expected = (a - b + c - trace.plane.center) @ trace.plane.axes.T
    np.testing.assert_allclose(trace.analogy.target, expected, atol=1e-5)


def test_a_plane_has_its_share_of_variance():
    rows = unit_directions(TABLE)
    spread = rows.var(axis=0).sum()
    for name in PLANES:
        plane = fit_plane(rows, name, seed=2)
        np.testing.assert_allclose(plane.axes @ plane.axes.T, np.eye(2), atol=1e-5)
        np.testing.assert_allclose(plane.shares, plane.points.var(axis=0) / spread, rtol=1e-3)
        np.testing.assert_array_equal(plane.first(7).points, plane.points[:7])
    first, second = fit_plane(rows), fit_plane(rows, "pca 3+4")
    assert first.shares[0] >= first.shares[1] >= second.shares[0] >= second.shares[1]
    assert (fit_plane(rows, "random", seed=1).points != fit_plane(rows, "random").points).any()
    with pytest.raises(ValueError, match=r"pca 1\+2, pca 3\+4, random\. Received 'tsne'"):
        fit_plane(rows, "tsne")


def test_read_only_and_by_value():
    table = TABLE.copy()
    trace = trace_geometry(table, 1)
    table[:] = 0
    assert np.isfinite(trace.rows).all() and trace.rows.any()
    for field in ("rows", "cosines", "distances", "map_distances", "near", "near_map"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(trace, field)[0] = 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        trace.picked = 2


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (np.ones((1, 1)), "no other word"),
        (np.zeros((3, 2)), "Nearest by cosine"),
        (np.array([[1.0], [-2.0], [0.5]]), "Nearest by cosine"),
        (np.array([[1.0, 2.0], [np.nan, 1.0], [np.inf, 0.0], [0.0, 1.0]]), "Nearest by cosine: #3"),
        (np.full((3, 2), np.nan), "no other word"),
        (np.full((4, 3), 1e-30, np.float32), "Nearest by cosine"),
    ],
    ids=["one", "zeros", "one column", "some lost", "all lost", "tiny"],
)
@pytest.mark.parametrize("plane", PLANES)
def test_extreme_inputs(table, message, plane):
    trace = trace_geometry(table, 0, plane=plane, terms=(0, 0, len(table) - 1))
    assert message in trace.alt and trace.summary
    assert trace.invalid_rows == (~np.isfinite(table)).any(axis=1).sum()
    assert not np.isin(np.flatnonzero(~np.isfinite(table).all(axis=1)), trace.near).any()


def test_what_does_not_fit_is_refused():
    with pytest.raises(IdError, match="Received 40"):
        trace_geometry(TABLE, 40)
    with pytest.raises(IdError, match="Received -1"):
        trace_geometry(TABLE, 0, terms=(0, 1, -1))
    with pytest.raises(ShapeError, match="Received 2 for 40 rows"):
        trace_geometry(TABLE, 0, words=["a", "b"])
    with pytest.raises(ShapeError, match=r"Received \(0, 3\)"):
        trace_geometry(np.zeros((0, 3)), 0)
    with pytest.raises(ValueError, match="occur 2 times"):
        train_vectors(Corpus.from_text("short", "no word twice"))


def test_nearest_in_plane_omits_invalid_rows():
    points = np.array([[0, 0], [1, 0], [np.nan, 0], [0, 1], [0, -1]])
    assert nearest_in_plane(points, 0, 2).tolist() == [1, 3]
    assert nearest_in_plane(points, 2).tolist() == []


# --- the stories of lesson 10, on whichever reference this Python brings -------------------------


def test_m12_neighbors_on_the_map_are_not_neighbors(vectors):
    for plane in PLANES:
        trace = of(vectors, "tuple", plane=plane)
        assert trace.typical < 2.5, "fewer than a quarter of the ten nearest are near on the map"
        assert len(trace.in_both) <= 5
        assert sum(trace.plane.shares) < 0.5
    near = {plane: set(of(vectors, "true", plane=plane).near_map) for plane in PLANES}
    assert len(near["pca 1+2"] & near["pca 3+4"] & near["random"]) <= 3


def test_words_with_shared_contexts_are_near(vectors):
    nearest_to = lambda word: [vectors.words[row] for row in of(vectors, word).near]
    assert "false" in nearest_to("true")[:3]
    assert "complex" in nearest_to("float")[:3]
    assert "list" in nearest_to("tuple")[:3]
    analogy = of(vectors, "true", "values", "value", "field").analogy
    assert "fields" in [vectors.words[row] for row in analogy.ids]


def test_m3_before_training_nothing_is_near(vectors):
    fresh = np.random.default_rng(0).uniform(-1, 1, vectors.table.shape)
    find = vectors.words.index
    true, false = find("true"), find("false")
    assert abs(cosine(fresh[[true]], fresh[[false]])[0, 0]) < 0.4
    assert cosine(vectors.table[[true]], vectors.table[[false]])[0, 0] > 0.7
    odd = [find(word) for word in ("int", "float", "complex", "import")]
    assert odd_one_out(vectors.table, odd)[0] == find("import")


def test_training_is_the_same_every_time(vectors):
    corpus = Corpus.from_text("small", "the cat sat on the mat the dog sat on the mat. " * 20)
    one, two = train_vectors(corpus), train_vectors(corpus)
    np.testing.assert_array_equal(one.table, two.table)
    assert (train_vectors(corpus, seed=2).table != one.table).any()
    assert not vectors.table.flags.writeable and "<unk>" not in vectors.words

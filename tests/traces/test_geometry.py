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
from embedlab.traces.geometry.region import kept_neighbors
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


def table_of_lengths(kind, dtype="float32"):
    """Return rows whose lengths differ a lot, or that lie close together and far from 0."""
    rng = np.random.default_rng(11)
    rows = rng.normal(size=(700, 12))
    if kind == "lengths":
        rows *= np.exp(rng.normal(0, 2.5, size=(700, 1)))
    else:
        rows = 50 + rows / 8
    rows[[20, 400]] = rows[3]  # equal rows
    return rows.astype(dtype)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("kind", ["lengths", "close"])
def test_euclidean_neighbors_are_those_of_all_differences(kind, dtype):
    table = table_of_lengths(kind, dtype)
    table[9, 2], table[10] = np.nan, 0
    wide = table.astype(np.float64)
    valid = np.flatnonzero(np.isfinite(wide).all(axis=1))

    def ranked(query, without, of=wide):
        distances = np.linalg.norm(of - query, axis=1)
        order = np.argsort(np.where(np.isnan(distances), np.inf, distances), kind="stable")
        return [row for row in order[: valid.size].tolist() if row not in without], distances

    for picked, terms in [(3, (3, 77, 699)), (10, (0, 1, 2)), (699, None)]:
        trace = trace_geometry(table, picked, metric="euclidean", terms=terms)
        near, distances = ranked(wide[picked], [picked])
        assert trace.metric == "euclidean" and trace.near.tolist() == near[:TEN]
        near_all = np.r_[picked, trace.near]
        np.testing.assert_allclose(trace.distances[near_all], distances[near_all], rtol=1e-7)
        slack = 1e-3 * np.sqrt(np.square(wide).sum(axis=1) + np.square(wide[picked]).sum())
        assert (np.abs(trace.distances - distances) <= slack)[valid].all()
        assert np.isnan(trace.distances[9]) and trace.invalid_rows == 1
        on_map = ranked(trace.plane.points[picked], [picked], trace.plane.points.astype(float))[0]
        assert trace.near_map.tolist() == on_map[:TEN]
        assert (trace.map_distances <= trace.distances + slack)[valid].all()
        if terms:
            a, b, c = terms
            answers, distances = ranked(wide[a] - wide[b] + wide[c], terms)
            assert trace.analogy.ids.tolist() == answers[:5]
            np.testing.assert_allclose(trace.analogy.distances, distances[answers[:5]], rtol=1e-7)
    sample = valid[np.linspace(0, valid.size - 1, 50).astype(int)]
    points = trace.plane.points.astype(float)
    common = [
        len({*ranked(wide[row], [row])[0][:TEN]} & {*ranked(points[row], [row], points)[0][:TEN]})
        for row in sample
    ]
    assert trace.typical == pytest.approx(np.mean(common))
    assert kept_neighbors(trace.plane, sample.tolist()) == common
    variance = wide[valid].var(axis=0).sum()
    np.testing.assert_allclose(
        trace.plane.shares,
        points[valid].var(axis=0) / variance,
        rtol=1e-3 if kind == "close" else 1e-4,
    )


def test_of_rows_of_one_length_both_metrics_find_the_same():
    units = unit_directions(TABLE.astype(np.float64)) * 3
    for picked in range(0, 40, 7):
        one, two = (
            trace_geometry(units, picked, metric=metric, terms=(1, 2, picked or 3))
            for metric in ("cosine", "euclidean")
        )
        assert one.near.tolist() == two.near.tolist()
        assert one.analogy.ids.tolist() == two.analogy.ids.tolist()
        np.testing.assert_allclose(one.distances * 3, two.distances, atol=1e-6)
    assert "nearest by Euclidean distance" in two.summary
    assert "Nearest by Euclidean distance: " in two.alt


@pytest.mark.parametrize("scale", [1e-30, 1e-6, 1e6, 1e26, 1e200])
def test_a_metric_does_not_depend_on_the_unit(scale):
    table = table_of_lengths("close", "float64")
    if scale == 1e200:  # longer than a map can show: no place
        trace = trace_geometry(table * scale, 5, metric="euclidean")
        assert trace.invalid_rows == 700 and not trace.near.size
        return
    one, two = (trace_geometry(some, 5, metric="euclidean") for some in (table, table * scale))
    assert one.near.tolist() == two.near.tolist()
    assert one.near_map.tolist() == two.near_map.tolist()
    assert one.quality[1:] == pytest.approx(two.quality[1:], abs=1e-6)
    assert one.plane.shares == pytest.approx(two.plane.shares, rel=1e-4)


@pytest.mark.parametrize("plane", ["pca 1+2", "random"])
@pytest.mark.parametrize(("rows", "times"), [(4, 1), (9, 1), (60, 1), (60, 1e18)])
def test_trustworthiness_of_distances_is_that_of_the_paper(rows, times, plane):
    table = table_of_lengths("lengths", "float64")[30 : 30 + rows]
    table[2] *= times
    trace = trace_geometry(table, 0, metric="euclidean", plane=plane)
    ranks = []
    for some in (table, trace.plane.points.astype(float)):
        distances = np.linalg.norm(some[:, None] - some, axis=2)
        if times > 1:
            distances[2] = times  # from there all others are equally far
        np.fill_diagonal(distances, np.inf)
        ranks.append(distances.argsort(axis=1, kind="stable").argsort(axis=1) + 1)
    k = min(10, (rows - 1) // 2)
    scale = 2 / (rows * k * (2 * rows - 3 * k - 1))
    true, on_map = ranks
    trust = 1 - scale * np.maximum(true - k, 0)[on_map <= k].sum()
    continuity = 1 - scale * np.maximum(on_map - k, 0)[true <= k].sum()
    assert trace.quality[1:] == pytest.approx((trust, continuity))


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

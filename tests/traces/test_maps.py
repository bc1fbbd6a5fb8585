"""Maps by t-SNE and UMAP: what they keep is measured, and what cannot be is said in one line."""

import builtins

import numpy as np
import pytest

from embedlab.core.checks import ShapeError
from embedlab.traces import maps as module
from embedlab.traces.geometry.unit_rows import unit_directions
from embedlab.traces.maps import trace_maps

RNG = np.random.default_rng(3)
GROUPS = np.repeat(np.arange(4), 20)
TABLE = (RNG.normal(size=(4, 16))[GROUPS] * 3 + RNG.normal(size=(80, 16))).astype(np.float32)
WORDS = [f"w{n}" for n in range(80)]


@pytest.fixture(scope="module")
def trace():
    return trace_maps(TABLE, ["t-SNE 5", "t-SNE 12"], words=WORDS, pick="w25")


def test_a_map_by_tsne_keeps_the_groups(trace):
    assert trace.names == ("pca 1+2", "t-SNE 5", "t-SNE 12") and trace.fitted == 80
    for plane in trace.planes[1:]:
        points = plane.points.astype(np.float64)
        centers = np.array([points[n == GROUPS].mean(axis=0) for n in range(4)])
        distances = np.linalg.norm(points[:, None] - centers, axis=2)
        assert (distances.argmin(axis=1) == GROUPS).all()
    assert min(trace.typical[1:]) > trace.typical[0]


def test_neighbors_are_those_of_plain_numpy(trace):
    units = unit_directions(TABLE).astype(np.float64)
    cosines = units @ units[25]
    cosines[25] = -2
    assert trace.near.tolist() == np.argsort(-cosines)[:10].tolist()
    for plane, common in zip(trace.planes, trace.common, strict=True):
        distances = np.linalg.norm(plane.points - plane.points[25], axis=1)
        distances[25] = np.inf
        assert common == len(set(np.argsort(distances)[:10]) & set(trace.near.tolist()))


def test_the_same_seed_gives_the_same_map(trace):
    again = trace_maps(TABLE, "t-SNE 5", words=WORDS)
    assert np.array_equal(again.planes[1].points, trace.planes[1].points)
    other = trace_maps(TABLE, "t-SNE 5", seed=1)
    assert not np.array_equal(other.planes[1].points, trace.planes[1].points)


def test_umap_keeps_the_groups_too():
    pytest.importorskip("umap")
    trace = trace_maps(TABLE, "UMAP 8")
    assert trace.names == ("pca 1+2", "UMAP 8") and trace.typical[1] > trace.typical[0]


def test_rows_that_were_not_fitted_lie_amid_their_nearest(monkeypatch):
    monkeypatch.setattr(module, "_tsne", lambda number, data, seed, share: data[:, :2] * 1.0)
    monkeypatch.setattr(module, "_library", lambda method: None)
    table = np.vstack([TABLE, np.zeros(16), np.full(16, np.nan)])
    trace = trace_maps(table, "t-SNE 5", rows=40)
    assert trace.fitted == 40 and "Fitted to 40 of 82 rows" in trace.summary
    units = unit_directions(TABLE)
    chosen = np.linspace(0, 79, 40).astype(int)
    points = trace.planes[1].points
    expected = np.zeros((81, 2)) + units[chosen, :2].mean(axis=0)
    for row in range(80):
        near = chosen[np.argsort(-(units[chosen] @ units[row]))[:10]]
        expected[row] = units[row, :2] if row in chosen else np.median(units[near, :2], axis=0)
    expected -= expected.mean(axis=0)
    scale = np.linalg.norm(points[:81]) / np.linalg.norm(expected)
    assert np.allclose(points[:81], expected * scale, atol=1e-5)
    assert np.isnan(points[81]).all()


def test_what_is_finished_survives_an_interrupt():
    def interrupt(share, name):
        if name == "t-SNE 6":
            raise KeyboardInterrupt

    trace = trace_maps(TABLE, ["t-SNE 5", "t-SNE 6", "t-SNE 7"], report=interrupt)
    assert trace.names == ("pca 1+2", "t-SNE 5") and trace.left_out == ("t-SNE 6", "t-SNE 7")
    assert "Interrupted: t-SNE 6, t-SNE 7 left out." in trace.summary
    with pytest.raises(KeyboardInterrupt):
        trace_maps(TABLE, "t-SNE 6", report=interrupt)


def test_progress_rises_to_one():
    seen = []
    trace_maps(TABLE, "t-SNE 5", report=lambda share, name: seen.append((share, name)))
    shares = [share for share, _ in seen]
    assert shares == sorted(shares) and shares[0] == 0 and shares[-1] == 1 and len(set(shares)) > 20


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ({"maps": "PCA"}, r"a map must be t-SNE or UMAP and a number.* Received 'PCA'"),
        ({"maps": ["t-SNE 27"]}, r"the perplexity must be 2 to 26 for 80 rows. Received t-SNE 27"),
        ({"maps": ["UMAP 80"]}, r"the number of neighbors must be 2 to 79.* Received UMAP 80"),
        ({"maps": [5]}, r"a map must be .* Received 5"),
        ({"maps": 5}, r"maps must be names, at most 8. Received 5"),
        ({"maps": ["t-SNE 5"] * 9}, r"maps must be names, at most 8"),
        (
            {"pick": "unicorn"},
            r"pick must be a word of the table, or #0 to #79. Received 'unicorn'",
        ),
        ({"pick": -1}, r"pick must be a word"),
        ({"pick": True}, r"pick must be a word"),
        ({"rows": 3}, r"rows must be an integer >= 8. Received 3"),
        ({"table": TABLE[:5]}, r"a map needs at least 8 rows. Received 5 of them"),
        ({"words": [*WORDS, "x"]}, r"words must be at most 80.* Received 81"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(arguments, line):
    arguments = {"table": TABLE, "maps": "t-SNE 5", **arguments}
    with pytest.raises((ValueError, ShapeError), match=line) as raised:
        trace_maps(arguments.pop("table"), **arguments)
    assert "\n" not in str(raised.value)


def test_a_missing_library_is_named_before_any_work(monkeypatch):
    real = builtins.__import__

    def without(name, *rest, **options):
        if name == "umap":
            raise ModuleNotFoundError("No module named 'umap'", name="umap")
        return real(name, *rest, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    seen = []
    with pytest.raises(
        ModuleNotFoundError, match=r"UMAP needs the library umap-learn.*embedlab\[maps"
    ):
        trace_maps(TABLE, ["t-SNE 5", "UMAP 5"], report=lambda *values: seen.append(values))
    assert not seen

"""GeometryExplorer: what its parameters mean, and that the numbers are the core's."""

import json
import tracemalloc
from types import SimpleNamespace

import numpy as np
import pytest
from traitlets import TraitError

from embedlab.core.geometry import analogy, cosine, nearest
from embedlab.core.quantize import dequantize, quantize
from embedlab.data import Corpus, Vocabulary
from embedlab.explorers.geometry import GeometryExplorer
from embedlab.explorers.inputs.labels import read_labels
from embedlab.explorers.inputs.table import read_table
from embedlab.explorers.inputs.word_search import MATCHES_MAX, WordSearch
from embedlab.explorers.state import StateError
from embedlab.explorers.wire import MAX_BYTES, decode
from embedlab.traces.geometry import reference_vectors, unit_rows
from embedlab.traces.geometry.plane import PLANES, TEN, principal_axes
from embedlab.traces.geometry.quality import MEASURED_MAX

TABLE = np.random.default_rng(5).normal(size=(30, 6)).astype(np.float32)
WORDS = [f"w{n}" for n in range(30)]


def explorer_of_table(word="w3", **more):
    return GeometryExplorer(word, table=TABLE, words=WORDS, **more)


@pytest.fixture
def few_drawn(monkeypatch):
    """Set the rows that a map draws to 4 000, so that a table of some thousands has more."""
    monkeypatch.setattr("embedlab.explorers.inputs.word_vectors.DRAWN_MAX", 4000)


def size(explorer):
    header = json.dumps(explorer.message["header"], ensure_ascii=False).encode(errors="replace")
    return len(header) + len(explorer.message["buffer"])


def test_the_message_is_the_core_s():
    explorer = explorer_of_table(a="w1", b="w2", c="w4")
    header, arrays = decode(explorer.message)
    assert header["words"] == WORDS and arrays["named"].all() and header["picked"] == 3
    np.testing.assert_allclose(arrays["cosines"], cosine(TABLE[[3]], TABLE)[0], atol=2e-7)
    near = nearest(TABLE, TABLE[3], TEN, exclude=[3])
    assert arrays["near"].tolist() == near.ids.tolist()
    np.testing.assert_allclose(arrays["cosines"][arrays["near"]], near.similarities, atol=2e-7)
    dots = arrays["vectors"] @ arrays["vectors"][0]
    np.testing.assert_allclose(dots[1:], near.similarities, atol=2e-7)
    expected = analogy(TABLE, 2, 1, 4, 5)
    assert header["terms"] == [1, 2, 4] and arrays["answers"].tolist() == expected.ids.tolist()
    np.testing.assert_allclose(arrays["answer_cosines"], expected.similarities, atol=2e-7)
    a, b, c = (arrays["points"][row].astype(float) for row in (1, 2, 4))
    np.testing.assert_allclose(arrays["target"], a - b + c, atol=1e-6)
    expected_distances = np.hypot(*(arrays["points"] - arrays["points"][3]).T)
    np.testing.assert_allclose(arrays["map_distances"], expected_distances, atol=1e-6)
    assert header["shares"] == list(explorer.trace.plane.shares)
    assert header["summary"] == explorer.summary and header["alt"] == explorer.trace.alt


def test_defaults_show_the_example():
    explorer = GeometryExplorer()
    trace = explorer.trace
    assert explorer.word == "tuple" and explorer.error is None
    assert len(trace.words) > 500 and trace.typical < 2.5
    answers = [trace.words[row] for row in trace.analogy.ids]
    assert "fields" in answers  # values − value + field
    assert size(explorer) <= MAX_BYTES
    assert GeometryExplorer("true")._space is explorer._space  # trained once


def test_every_control_at_the_largest():
    table = np.random.default_rng(0).normal(size=(4000, 128)).astype(np.float32)
    explorer = GeometryExplorer("#1", table=table, a="#2", b="#3", c="#4")
    edits = [{"plane": plane} for plane in PLANES] + [
        {"word": "#77"},
        {"rows": 3999},
        {"a": "#9"},
        {"seed": 3},
    ]
    for edit in edits:
        for name, value in edit.items():
            setattr(explorer, name, value)
        assert size(explorer) <= MAX_BYTES
    assert explorer.error is None and explorer.trace.rows.shape == (3999, 128)


def whole_ranking(table, query):
    """Return the rows by their cosine with a query, the nearest first, in plain float64."""
    wide = table.astype(np.float64)
    return np.argsort(-(wide @ query) / np.linalg.norm(wide, axis=1), kind="stable")


@pytest.mark.usefixtures("few_drawn")
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_neighbors_and_analogies_are_those_of_all_rows(dtype):
    table = np.random.default_rng(8).normal(size=(9000, 24)).astype(dtype)
    near = table[8765] + 0.01  # far down, and between two rows of the sample
    table[17] = near
    labels = [f"word{n}" for n in range(9000)]
    explorer = GeometryExplorer("word17", table=table, words=labels, a="#8999", b="#3", c="#4001")
    header, arrays = decode(explorer.message)
    trace, wide = explorer.trace, table.astype(np.float64)
    ranked = whole_ranking(table, wide[17])
    assert ranked[1] == 8765 == trace.near[0]
    np.testing.assert_array_equal(trace.near, ranked[1:11])
    unit = wide / np.linalg.norm(wide, axis=1, keepdims=True)
    answers = whole_ranking(table, unit[8999] - unit[3] + unit[4001])
    assert trace.analogy.ids.tolist() == [r for r in answers[:8] if r not in (8999, 3, 4001)][:5]
    # Every row that is named is on the map, under its word.
    rows = arrays["rows"]
    np.testing.assert_array_equal(rows[arrays["near"]], trace.near)
    np.testing.assert_array_equal(rows[arrays["near_map"]], trace.near_map)
    np.testing.assert_array_equal(rows[arrays["answers"]], trace.analogy.ids)
    assert rows[header["terms"]].tolist() == [8999, 3, 4001] and rows[header["picked"]] == 17
    assert [header["words"][seat] for seat in arrays["near"]] == [labels[r] for r in trace.near]
    np.testing.assert_array_equal(arrays["points"], trace.plane.points[rows])
    np.testing.assert_array_equal(arrays["cosines"], trace.cosines[rows])
    on_map = np.hypot(*(trace.plane.points.astype(float) - trace.plane.points[17]).T)
    assert trace.near_map.tolist() == np.argsort(on_map, kind="stable")[1:11].tolist()
    ahead = [int((np.delete(on_map, 17) < on_map[row]).sum()) for row in trace.near]
    assert arrays["closer_on_map"].tolist() == ahead
    share = f"{len(rows) / 90:.1f}"
    assert header["note"] == (
        f"The map shows {len(rows):,} of 9 000 rows ({share} %); neighbors are those of all."
    ).replace(",", " ")
    assert len(np.unique(rows)) == len(rows) < 4040


@pytest.mark.usefixtures("few_drawn")
def test_any_word_of_a_large_table_can_be_searched():
    table = np.random.default_rng(2).normal(size=(5000, 8)).astype(np.float32)
    explorer = GeometryExplorer("#4998", table=table, words=[f"w{n}" for n in range(5000)])
    for text, row in [("w4999", 4999), ("#4001", 4001), ("W13", 13)]:
        explorer.word = text
        header, arrays = decode(explorer.message)
        assert explorer.error is None and arrays["rows"][header["picked"]] == row
        assert arrays["cosines"][header["picked"]] == pytest.approx(1)
    explorer.rows = 4100  # of these all but 100 are drawn, and only these are searched
    explorer.word = "w4099"
    assert explorer.error is None and explorer.trace.near.max() < 4100
    explorer.rows = 300
    assert "has rank 4100" in explorer.error
    explorer.word = "w7"
    explorer.rows = 300
    assert explorer.message["header"]["note"] is None and len(explorer.trace.cosines) == 300


def test_words_are_offered_by_their_beginning_then_by_a_part():
    words = ["Parking", "w1", "king", "", "kingdom", "King", "two\nlines", "a king"]
    explorer = GeometryExplorer("w1", table=TABLE[:8], words=words)

    def offered(text, n):
        explorer.set_state({"_query": {"n": n, "text": text}})
        assert explorer._matches["n"] == n
        return explorer._matches["rows"], explorer._matches["named"]

    assert offered(" KING", 1) == ([2, 5, 4, 0, 7], [1, 1, 1, 1, 1])
    assert offered("two", 2) == ([6], [0])  # its label is another text: it is picked as #6
    assert offered("#3", 3) == ([3], [0])
    assert offered("", 4) == offered("unicorn", 5) == ([], [])
    explorer.rows = 3
    assert offered("king", 6) == ([2, 0], [1, 1])  # of the rows that are searched
    before = explorer._matches
    explorer.set_state({"_query": {"n": "x", "text": ["king"]}})
    assert explorer._matches == before and explorer.error is None


def test_any_of_400_000_words_is_offered():
    numbers = np.random.default_rng(6).permutation(400_000)
    search = WordSearch([f"w{n:06}" for n in numbers])
    for n in (0, 77, 399_999):
        assert search.find(f"w{numbers[n]:06}") == ([n], False)
    some = [row for row, n in enumerate(numbers) if f"w{n:06}".startswith("w123")][:MATCHES_MAX]
    assert search.find("W123") == (some, True)
    parts = [row for row, n in enumerate(numbers) if "12345" in f"{n:06}"]
    assert search.find("12345").rows == parts[:MATCHES_MAX]


def test_a_memory_mapped_table_is_not_copied(tmp_path, monkeypatch):
    table = np.random.default_rng(4).normal(size=(6000, 10)).astype(np.float32)
    table[5] = 0
    table[7, 3] = np.nan
    np.save(tmp_path / "table.npy", table)
    mapped = np.load(tmp_path / "table.npy", mmap_mode="r")
    assert np.shares_memory(read_table(mapped).values, mapped)
    expected = GeometryExplorer("#77", table=table, a="#1", b="#2", c="#5999").trace
    for most in (unit_rows.COPIED_MAX, 100):  # with a scaled copy, and without
        monkeypatch.setattr(unit_rows, "COPIED_MAX", most)
        trace = GeometryExplorer("#77", table=mapped, a="#1", b="#2", c="#5999").trace
        assert trace.near.tolist() == expected.near.tolist()
        assert trace.analogy.ids.tolist() == expected.analogy.ids.tolist()
        np.testing.assert_allclose(trace.cosines, expected.cosines, atol=1e-6)
        np.testing.assert_allclose(trace.plane.points, expected.plane.points, atol=1e-5)
        np.testing.assert_allclose(trace.rows, expected.rows, atol=1e-7)
        assert trace.invalid_rows == 1


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_rows_scaled_when_they_are_used_are_those_of_a_copy(dtype, monkeypatch):
    rng = np.random.default_rng(6)
    table = rng.normal(size=(5000, 7)).astype(dtype)
    table[[1, 4096, 4097]] = table[0]  # equal rows, in two blocks
    info = np.finfo(dtype)
    table[2], table[7, 3], table[4500, 0] = 0, np.nan, -np.inf
    table[10], table[4095, 1:] = info.smallest_subnormal, 0
    table[11] = info.max * rng.choice([-1, 1], 7)
    table.flags.writeable = False
    copied = unit_rows.UnitRows(table)
    monkeypatch.setattr(unit_rows, "COPIED_MAX", 100)
    monkeypatch.setattr(unit_rows, "_is_copied", lambda array: False)
    used = unit_rows.UnitRows(table)
    assert np.shares_memory(used._table, table) and used.dtype == copied.dtype
    np.testing.assert_array_equal(used.lengths, copied.lengths)
    for rows in (0, 2, 7, 10, [0, 5, 4999], [2, 5], slice(4000, 4200)):
        np.testing.assert_allclose(used[rows], copied[rows], rtol=3e-7)
    np.testing.assert_allclose(used.whole(), copied.whole(), rtol=3e-7)
    queries = np.nan_to_num(copied[[0, 2, 10, 11, 4999]])
    for some, others in [(used, copied), (used.first(4200), copied.first(4200))]:
        cosines, expected = some.cosines(queries), others.cosines(queries)
        np.testing.assert_allclose(cosines, expected, atol=5e-7)
        assert unit_rows.largest(cosines[0], 4).tolist() == [0, 1, 4096, 4097]
        for one, other in zip(cosines, expected, strict=True):
            near = [unit_rows.largest(values.round(5), 10).tolist() for values in (one, other)]
            assert near[0] == near[1]


def test_a_large_table_that_cannot_change_is_not_copied(monkeypatch):
    monkeypatch.setattr(unit_rows, "COPIED_MAX", 1000)
    table = np.random.default_rng(7).normal(size=(20_000, 100)).astype(np.float32)
    assert not np.shares_memory(unit_rows.UnitRows(table)._table, table)  # somebody may change it
    table.flags.writeable = False
    tracemalloc.start()
    rows = unit_rows.UnitRows(table)
    rows.cosines(rows[[5]])
    assert tracemalloc.get_traced_memory()[1] < table.nbytes / 10
    tracemalloc.stop()


@pytest.mark.parametrize("shape", [(3000, 40), (40, 1500), (3000, 1200)])
def test_axes_of_a_large_table_are_its_principal_axes(shape, monkeypatch):
    rng = np.random.default_rng(1)
    table = rng.normal(size=shape) @ np.diag(np.linspace(3, 0.1, shape[1]))
    rows = unit_rows.UnitRows(table)
    axes, _, variance, fitted, square = principal_axes(rows)
    assert square == 1
    whole = rows.whole()[np.linspace(0, shape[0] - 1, fitted).astype(int)]
    _, right = np.linalg.svd(whole - whole.mean(axis=0), full_matrices=False)[1:]
    np.testing.assert_allclose(np.abs((axes * right[:4]).sum(axis=1)), 1, atol=1e-6)
    np.testing.assert_allclose(axes @ axes.T, np.eye(4), atol=1e-9)
    assert variance == pytest.approx(rows.whole().var(axis=0).sum())
    assert fitted == (shape[0] if shape[1] <= 1024 or shape[0] < 1024 else 1024)
    monkeypatch.setattr("embedlab.traces.geometry.plane.FITTED_MAX", 1000 * shape[1])
    explorer = GeometryExplorer("#0", table=table)
    some = explorer.message["header"]["note"]
    assert ("fitted to 1 0" in (some or "")) == (shape[0] > 1000)
    points = explorer.trace.plane.points.astype(float)
    shares = points.var(axis=0) / rows.whole().var(axis=0).sum()
    np.testing.assert_allclose(explorer.trace.plane.shares, shares, rtol=1e-4)


@pytest.mark.parametrize("seed", range(5))
def test_the_largest_of_many_are_those_of_a_sort(seed):
    rng = np.random.default_rng(seed)
    values = rng.choice(rng.normal(size=900), size=9000).astype(np.float32)  # many are equal
    values[rng.integers(9000, size=seed * 2000)] = np.nan
    exclude = rng.integers(9000, size=4)
    scores = np.where(np.isnan(values), -np.inf, values)
    scores[exclude] = -np.inf
    expected = [i for i in np.argsort(-scores, kind="stable")[:10] if scores[i] > -np.inf]
    assert unit_rows.largest(values, 10, exclude).tolist() == expected


def test_a_map_computed_elsewhere_is_shown_and_measured():
    table = np.random.default_rng(3).normal(size=(40, 2))
    unit = table / np.linalg.norm(table, axis=1, keepdims=True)
    noise = np.random.default_rng(4).normal(size=(40, 2))
    copied = noise.copy()
    maps = {"faithful": 70 * unit + 9, "noise": copied}
    explorer = GeometryExplorer("#3", table=table, maps=maps, a="#1", b="#2", c="#4")
    before = explorer.trace
    assert explorer.limits()["plane"]["choices"] == [*PLANES, "faithful", "noise"]
    explorer.plane = "faithful"
    header, arrays = decode(explorer.message)
    assert explorer.error is None and header["shares"] == [] and np.isnan(arrays["target"]).all()
    assert header["quality"]["trustworthiness"] == pytest.approx(1)
    np.testing.assert_allclose(explorer.trace.map_distances, before.distances, atol=1e-5)
    np.testing.assert_array_equal(explorer.trace.near, before.near)
    assert explorer.trace.near_map.tolist() == before.near.tolist()
    explorer.plane = "noise"
    assert explorer.trace.quality.trustworthiness < 0.8 and (copied == noise).all()
    far = np.hypot(*(noise - noise[3]).T).argsort()[1:11]
    assert explorer.trace.near_map.tolist() == far.tolist()
    assert "map     noise\n" in explorer.summary and explorer.figure()
    explorer.rows = 20
    assert explorer.error is None and len(explorer.trace.plane.points) == 20
    with pytest.raises(StateError, match="maps"):
        GeometryExplorer.from_state(explorer.state, table=table)
    again = GeometryExplorer.from_state(explorer.state, table=table, maps=maps)
    assert again.summary == explorer.summary
    with pytest.raises(TraitError, match="'random', 'faithful', 'noise'"):
        explorer.plane = "t-SNE"


@pytest.mark.parametrize(
    ("maps", "message"),
    [
        ([1], r"a dict of at most 8 maps by their names\. Received \[1\]"),
        ({f"m{n}": TABLE[:, :2] for n in range(9)}, "Received 9 of them"),
        ({"random": TABLE[:, :2]}, "be no plane. Received 'random'"),
        ({"": TABLE[:, :2]}, "1 to 24 characters"),
        ({7: TABLE[:, :2]}, "Received 7"),
        ({"m": TABLE[:, :3]}, r"\(30, 2\)\. Received shape \(30, 3\)"),
        ({"m": "no"}, r"Received shape \(0,\)"),
        ({"m": np.full((30, 2), np.inf)}, r"must be finite\. Received \[inf, inf\] for row 0"),
    ],
)
def test_maps_that_fit_no_table_are_refused(maps, message):
    with pytest.raises(ValueError, match=message):
        explorer_of_table(maps=maps)


def penalty(near, far, k):
    """Return how many ranks the k nearest in one order lie beyond the k-th in another, in plain."""
    n = len(near)
    total = 0
    for i in range(n):
        others = [j for j in range(n) if j != i]
        in_near, in_far = (sorted(others, key=line.__getitem__) for line in (near[i], far[i]))
        total += sum(max(0, in_far.index(j) + 1 - k) for j in in_near[:k])
    return total


@pytest.mark.parametrize("rows", [4, 9, 60])
def test_trustworthiness_and_continuity_are_those_of_the_paper(rows):
    table = np.random.default_rng(rows).normal(size=(rows, 6))
    trace = GeometryExplorer("#0", table=table).trace
    wide, points = trace.rows.astype(float), trace.plane.points.astype(float)
    true = -(wide @ wide.T)
    on_map = np.hypot(*(points[:, None] - points).transpose(2, 0, 1))
    k = min(10, (rows - 1) // 2)
    scale = 2 / (rows * k * (2 * rows - 3 * k - 1))
    assert trace.quality.rows == rows
    assert trace.quality.trustworthiness == pytest.approx(1 - scale * penalty(on_map, true, k))
    assert trace.quality.continuity == pytest.approx(1 - scale * penalty(true, on_map, k))


def test_a_map_is_measured_among_rows_evenly_spread():
    table = np.random.default_rng(0).normal(size=(1200, 5))
    table[3] = np.nan
    flat = np.random.default_rng(0).normal(size=(700, 2))
    assert GeometryExplorer("#0", table=table).trace.quality.rows == MEASURED_MAX
    quality = GeometryExplorer("#0", table=flat).message["header"]["quality"]
    assert quality == pytest.approx({"rows": 500, "trustworthiness": 1, "continuity": 1}, abs=1e-5)
    assert GeometryExplorer("#0", table=table[:2]).trace.quality[1:] == (None, None)


def euclidean_ranking(table, query):
    return np.argsort(np.linalg.norm(table.astype(float) - query, axis=1), kind="stable")


@pytest.mark.usefixtures("few_drawn")
@pytest.mark.parametrize("kind", ["copied", "mapped", "mapped float16", "int8", "int4"])
def test_euclidean_neighbors_are_those_of_all_rows(kind, tmp_path, monkeypatch):
    rng = np.random.default_rng(9)
    rows = rng.normal(size=(9000, 16)) * np.exp(rng.normal(0, 1, size=(9000, 1)))
    table = rows.astype("float16" if kind == "mapped float16" else "float32")
    source = table
    if "mapped" in kind:
        np.save(tmp_path / "table.npy", table)
        source = np.load(tmp_path / "table.npy", mmap_mode="r")
        monkeypatch.setattr(unit_rows, "COPIED_MAX", 100)
        monkeypatch.setattr(unit_rows, "HALF_COPIED_MAX", 100)
    if kind.startswith("int"):
        source = quantize(table, int(kind[3:]))
        table = dequantize(source)
    explorer = GeometryExplorer("#17", table=source, a="#8999", b="#3", c="#4001")
    explorer.metric = "euclidean"
    header, arrays = decode(explorer.message)
    trace, wide = explorer.trace, table.astype(np.float64)
    assert explorer.error is None and header["equal_length"] is None
    near = euclidean_ranking(table, wide[17])
    assert trace.near.tolist() == near[1:11].tolist()
    assert trace.near.tolist() != whole_ranking(table, wide[17])[1:11].tolist()
    answers = euclidean_ranking(table, wide[8999] - wide[3] + wide[4001])
    assert trace.analogy.ids.tolist() == [r for r in answers[:8] if r not in (8999, 3, 4001)][:5]
    np.testing.assert_array_equal(arrays["rows"][arrays["near"]], trace.near)
    lengths = np.linalg.norm(wide[arrays["rows"]], axis=1)
    np.testing.assert_allclose(arrays["lengths"], lengths, rtol=2e-6)
    u, v = lengths[header["picked"]], lengths[arrays["near"]]
    cosines = arrays["cosines"][arrays["near"]]
    by_formula = np.sqrt(u * u + v * v - 2 * u * v * cosines)  # as the view writes it
    np.testing.assert_allclose(arrays["distances"][arrays["near"]], by_formula, rtol=1e-4)
    assert arrays["answer_distances"].tolist() == trace.analogy.distances.tolist()
    explorer.rows = 5000
    assert trace.near.tolist() != explorer.trace.near.tolist()
    assert explorer.trace.near.tolist() == euclidean_ranking(table[:5000], wide[17])[1:11].tolist()


def test_a_length_that_all_rows_have():
    units = TABLE / np.linalg.norm(TABLE, axis=1, keepdims=True)
    lengths = {}
    for name, table in {"units": units, "twice": 2 * units, "rows": TABLE, "0": 0 * units}.items():
        lengths[name] = GeometryExplorer(table=table).message["header"]["equal_length"]
    assert lengths == {"units": pytest.approx(1), "twice": pytest.approx(2), "rows": None, "0": 0}
    units[3] = 0  # a zero row is in no direction, but at a distance
    assert GeometryExplorer(table=units).message["header"]["equal_length"] is None
    with pytest.raises(TraitError, match="metric must be one of 'cosine', 'euclidean'"):
        explorer_of_table(metric="manhattan")


def test_fewer_words_search_fewer_and_move_none():
    explorer = explorer_of_table()
    before = decode(explorer.message)[1]["points"]
    explorer.rows = 12
    header, arrays = decode(explorer.message)
    assert len(header["words"]) == 12 and max(arrays["near"]) < 12
    np.testing.assert_array_equal(arrays["points"], before[:12])
    explorer.word = "w20"
    assert explorer.error == (
        "a word must be among the first 12. Received w20, which has rank 21. Increase rows."
    )
    explorer.word = "a word\nof two lines"
    assert explorer.error == (
        "a word must be one of these 30, or #0 to #29. Received a word of two lines. "
        "Try one that is on the map."
    )
    explorer.word = " "
    assert "Received no word." in explorer.error
    assert explorer.trace.picked == 3  # the last good trace stays
    explorer.rows = 4000
    assert explorer.error is None and len(explorer.trace.words) == 30


def test_the_sum_waits_for_rows_too():
    explorer = explorer_of_table(a="w1", b="w2", c="w20", rows=12)
    assert explorer.error is None and explorer.trace.analogy is None
    assert explorer.message["header"]["waiting"] == ["w20"]
    explorer.rows = 21
    assert explorer.trace.analogy.terms == (1, 2, 20)
    assert explorer.message["header"]["waiting"] == []


def test_words_are_found_by_text_case_and_number():
    words = ["Cat", "dog", "#1", "", "dog"]
    explorer = GeometryExplorer("Cat", table=TABLE[:5], words=words)
    for text, row in [("DOG", 1), (" Cat ", 0), ("#1", 2), ("#3", 3), ("#0", 0)]:
        explorer.word = text
        assert (explorer.trace.picked, explorer.error) == (row, None)
    assert decode(explorer.message)[1]["named"].tolist() == [1, 0, 1, 0, 0]
    for text in ("", "#", "#9", "#-1", "#²", "unicorn"):
        explorer.word = text
        assert explorer.error.startswith("a word must be one of these 5, or #0 to #4.")
    explorer.word = "doggerel"
    assert "Try dog" in explorer.error


def test_the_sum_waits_for_three_words():
    explorer = explorer_of_table(a="w1", b="w2")
    assert explorer.trace.analogy is None and decode(explorer.message)[0]["terms"] is None
    explorer.c = "w5"
    assert explorer.trace.analogy.terms == (1, 2, 5)
    explorer.b = "unicorn"
    assert "unicorn" in explorer.error and explorer.trace.analogy.terms == (1, 2, 5)
    explorer.b = ""
    assert explorer.error is None and explorer.trace.analogy is None


def test_a_path_is_no_word_and_no_table(tmp_path):
    path = tmp_path / "v.txt"
    path.write_text("cat 1.0 0.0\n")
    with pytest.raises(ValueError, match=r"Received the file .*v.txt\. Pass it to Geom"):
        GeometryExplorer(str(path))
    for arguments in ({"table": str(path)}, {"word": path}):
        with pytest.raises(ValueError, match=r"Open a file with embedlab.data.vectors.open"):
            GeometryExplorer(**arguments)


def test_own_table_vocabulary_and_layer():
    layer = SimpleNamespace(embeddings=TABLE[:4].copy())
    vocabulary = Vocabulary(["cat", "dog"])
    explorer = GeometryExplorer("cat", layer=layer, vocabulary=vocabulary)
    assert explorer.trace.words == ("<pad>", "<unk>", "cat", "dog")
    before = explorer.trace.cosines[3]
    layer.embeddings[3] = layer.embeddings[2]
    explorer.refresh()
    assert explorer.trace.cosines[3] == pytest.approx(1) and before < 0.99
    assert explorer.a == "" and explorer.trace.analogy is None
    with pytest.raises(StateError, match=r"from_state\(state, layer=\.\.\.\)"):
        GeometryExplorer.from_state(explorer.state)
    again = GeometryExplorer.from_state(explorer.state, layer=layer, vocabulary=vocabulary)
    assert again.summary == explorer.summary
    with pytest.raises(ValueError, match=r"Received types\.SimpleNamespace"):
        GeometryExplorer(layer=SimpleNamespace(embeddings=None))


def test_an_embedding_of_this_package():
    from embedlab.layers.embedding import Embedding

    layer = Embedding(6, 3)
    layer(np.array([0]))
    row = layer.embeddings.numpy()[2]
    row_of_trace = GeometryExplorer(layer=layer).trace.rows[2]
    np.testing.assert_allclose(row_of_trace, row / np.linalg.norm(row), rtol=1e-5)


def test_a_text_of_one_s_own():
    corpus = Corpus.from_text("mine", "the cat sat on the mat. the dog sat on the mat. " * 30)
    explorer = GeometryExplorer(corpus=corpus)
    assert set(explorer.trace.words) == {"the", "cat", "dog", "sat", "on", "mat"}
    assert explorer.message["header"]["source"] == "mine" and explorer.state["needs"] == ["corpus"]


def test_a_state_comes_back():
    explorer = GeometryExplorer("true", plane="random", seed=3, rows=900, a="", b="x")
    assert explorer.error is None
    again = GeometryExplorer.from_state(json.dumps(explorer.state))
    assert again.summary == explorer.summary and again.params == explorer.params
    assert len(json.dumps(explorer.state)) < 2000
    with pytest.raises(StateError, match="version"):
        GeometryExplorer.from_state({**explorer.state, "version": 2})


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match="Received table and corpus"):
        GeometryExplorer(table=TABLE, corpus="x")
    with pytest.raises(ValueError, match="Pass table or layer"):
        GeometryExplorer(words=WORDS)
    with pytest.raises(ValueError, match=r"Received shape \(0, 3\)"):
        GeometryExplorer(table=np.zeros((0, 3)))
    with pytest.raises(ValueError, match="one of these 30"):
        explorer_of_table("unicorn")
    with pytest.raises(TraitError, match="rows must be an integer from 1 to 2147483647"):
        explorer_of_table(rows=0)
    with pytest.raises(TraitError, match="plane must be one of"):
        explorer_of_table(plane="tsne")


HOSTILE = {
    "one": {"table": np.ones((1, 1))},
    "one column": {"table": np.array([[1.0], [-1.0], [0.0]])},
    "nan": {"table": np.array([[np.nan, 1.0], [1.0, 0.0], [np.inf, 0.0]])},
    "all nan": {"table": np.full((3, 3), np.nan), "a": "#0", "b": "#1", "c": "#2"},
    "nan beside": {
        "table": np.array([[1.0, 0.0], [np.nan, 0.0], [0.5, 1.0]]),
        "a": "#0",
        "b": "#1",
        "c": "#2",
    },
    "zeros": {"table": np.zeros((4, 2)), "a": "#0", "b": "#1", "c": "#2"},
    "huge": {"table": np.full((3, 2), 3e38, np.float32)},
    "script": {"table": TABLE[:3], "words": ["<script>alert(1)</script>", "חתול‮", "👩‍🚀\x00"]},
    "ten thousand": {
        "table": np.random.default_rng(1).normal(size=(10_000, 8)),
        "words": ["👩‍🚀" * 30 + str(n) for n in range(10_000)],
    },
    "wide": {"table": np.random.default_rng(1).normal(size=(300, 4096)).astype(np.float32)},
}


@pytest.mark.one_in(2)
@pytest.mark.parametrize("params", HOSTILE.values(), ids=HOSTILE)
def test_extreme_inputs(params):
    explorer = GeometryExplorer("#0", **params)
    header, arrays = decode(explorer.message)
    json.dumps(header, allow_nan=False)
    most = explorer.MESSAGE_BYTES if header["total"] > 4000 else MAX_BYTES
    assert explorer.error is None and size(explorer) <= most
    assert len(header["words"]) == len(arrays["points"]) <= len(explorer.trace.words)
    assert header["total"] == len(params["table"]) == len(explorer.trace.cosines)
    assert len(explorer._repr_mimebundle_()[0]["image/png"]) <= 40_000 * 4 / 3
    for plane in PLANES:
        explorer.plane = plane
        assert explorer.error is None


def test_twenty_thousand_dots_are_sent_with_their_share():
    table = np.random.default_rng(1).normal(size=(25_000, 4)).astype(np.float32)
    words = [f"a long word {n}" for n in range(25_000)]
    explorer = GeometryExplorer("#24999", table=table, words=words, labels=np.arange(25_000) + 1)
    explorer.color = "label"
    header, arrays = decode(explorer.message)
    assert 20_000 <= len(arrays["points"]) <= 20_040 and size(explorer) <= 1_500_000
    assert header["note"].startswith("The map shows 20 0") and "(80." in header["note"]
    np.testing.assert_array_equal(arrays["labels"], arrays["rows"] + 1)


# --- labels and selection ------------------------------------------------------------------------

KINDS = ["noun", "verb", None, "noun", "", "adverb"] * 5


def test_dots_are_colored_by_a_column_of_labels():
    labels = {"kind": KINDS, "frequency": 10.0 ** np.arange(30)}
    explorer = explorer_of_table(labels=labels)
    assert "legend" not in explorer.message["header"]
    assert explorer.limits()["color"] == {"choices": ["nearness", "kind", "frequency"]}
    explorer.color = "kind"
    header, arrays = decode(explorer.message)
    names = ["noun", "verb", "adverb"]
    legend = {"kind": "categories", "names": names, "counts": [10, 5, 5], "missing": 10}
    assert header["legend"] == legend and arrays["labels"].dtype == np.uint8
    decoded = [names[code] if code < 3 else None for code in arrays["labels"]]
    assert decoded == [kind or None for kind in KINDS]
    explorer.color = "frequency"
    header, arrays = decode(explorer.message)
    assert header["legend"] == {
        "kind": "numbers",
        "low": 1.0,
        "high": pytest.approx(1e29),
        "log": True,
        "missing": 0,
    }
    np.testing.assert_allclose(arrays["labels"], labels["frequency"], rtol=1e-6)
    with pytest.raises(StateError, match="labels"):
        GeometryExplorer.from_state(explorer.state, table=TABLE, words=WORDS)
    inputs = {"table": TABLE, "words": WORDS}
    again = GeometryExplorer.from_state(explorer.state, **inputs, labels=labels)
    assert again.color == "frequency"
    old = explorer_of_table().state
    del old["params"]["color"]
    assert GeometryExplorer.from_state(old, **inputs).color == "nearness"
    with pytest.raises(TraitError, match="'nearness', 'kind', 'frequency'"):
        explorer.color = "shape"


def test_the_still_picture_is_colored_too():
    explorer = explorer_of_table(labels={"kind": ["noun"] * 29 + ["verb"]})
    texts = [text.get_text() for text in explorer.figure().axes[0].texts]
    assert "verb" not in texts
    explorer.color = "kind"
    texts = [text.get_text() for text in explorer.figure().axes[0].texts]
    assert {"noun", "verb", "flat map, 30 words, colored by kind"} <= {*texts}


def test_what_a_column_of_labels_holds():
    class Frame:
        columns = ("a",)

        def items(self):
            return [("a", [1.5, None, 3])]

    columns = read_labels(Frame(), 3)
    assert columns["a"].legend["kind"] == "numbers" and columns["a"].legend["missing"] == 1
    assert np.isnan(columns["a"].values).tolist() == [False, True, False]
    clusters = read_labels([2, 0, 2.0, float("nan")], 4)["label"]
    assert clusters.legend["names"] == ["2", "0"] and clusters.values.tolist() == [0, 1, 0, 255]
    many = read_labels([f"n{n % 60}" for n in range(600)], 600)["label"]
    assert len(many.legend["names"]) == 40 and (many.values == 254).sum() == 200
    assert read_labels([True, False, True], 3)["label"].legend["names"] == ["True", "False"]
    assert read_labels([None, None], 2)["label"].legend["missing"] == 2
    assert read_labels(np.full(20, 7.5), 20)["label"].legend["low"] == 7.5
    beyond = read_labels([1.5, 1e300, 10**400, np.float16(2.5)], 4)["label"]
    assert np.isnan(beyond.values).tolist() == [False, True, True, False]


@pytest.mark.parametrize(
    ("labels", "text"),
    [
        ({"a": ["x"] * 29}, "one for each of the 30 rows. Received 29. Pass one"),
        ("noun", "labels label must be a sequence"),
        ({"nearness": KINDS}, "Received 'nearness'. Choose another"),
        ({3: KINDS}, "1 to 24 characters. Received 3"),
        ({f"c{n}": KINDS for n in range(9)}, "at most 8 columns. Received 9 of them"),
    ],
)
def test_labels_that_fit_no_table_are_refused(labels, text):
    with pytest.raises(ValueError, match=text):
        explorer_of_table(labels=labels)


def test_a_selection_is_read_set_and_cleared_from_python():
    explorer = explorer_of_table()
    assert explorer.selection == [] and "selection" not in explorer.params
    explorer.selection = [5, 3, 5]
    assert explorer.selection == [3, 5]
    with pytest.raises(TraitError, match=r"from 0 to 29\. Received 30\. Leave it out"):
        explorer.selection = [3, 30]
    explorer.set_state({"selection": [9, 1]})
    assert explorer.selection == [1, 9]
    explorer.selection = np.flatnonzero(np.arange(30) % 10 == 4)
    assert explorer.selection == [4, 14, 24]
    assert {type(row) for row in explorer.selection} == {int}
    with pytest.raises(TraitError, match=r"list of row numbers\. Received \['w1'\]\. Write"):
        explorer.selection = ["w1"]
    explorer.selection = []
    assert explorer.selection == []


@pytest.mark.parametrize("plane", ["pca 1+2", "random"])
def test_a_selection_says_how_alike_its_words_are(plane):
    table = TABLE.copy()
    table[4], table[[7, 9]] = np.nan, 0
    explorer = GeometryExplorer("#3", table=table, plane=plane)
    rows = [3, 4, 7, 21]
    explorer.selection = rows
    explorer.set_state({"_members": {"n": 6, "rows": [*rows, 99, "x", -1]}})
    answer = explorer._member_facts
    expected = []
    for row in rows:
        explorer.word = f"#{row}"
        expected.append(len(explorer.trace.in_both))
    assert answer["n"] == 6 and answer["rows"] == rows and answer["kept"] == expected
    with np.errstate(invalid="ignore"):  # the cosine with a row of zeros is 0
        unit = np.nan_to_num(table / np.linalg.norm(table, axis=1, keepdims=True)).astype(float)
    pairs = [unit[i] @ unit[j] for i in (3, 7, 21) for j in (3, 7, 21) if i < j]
    assert answer["alike"] == pytest.approx(np.mean(pairs), abs=1e-6)
    valid = np.delete(unit, 4, axis=0)
    cosines = (valid @ valid.T)[np.triu_indices(29, 1)]
    assert answer["all"] == pytest.approx(cosines.mean(), abs=1e-6)
    explorer.set_state({"_members": {"n": "x"}})
    assert explorer._member_facts == answer


def test_a_selection_is_measured_again_after_training():
    layer = SimpleNamespace(embeddings=TABLE.copy())
    explorer = GeometryExplorer(layer=layer, plane="random", selection=[3, 7, 21])
    explorer.set_state({"_members": {"n": 1, "rows": [3, 7, 21]}})
    before = explorer._member_facts
    layer.embeddings[:] = np.roll(TABLE, 5, axis=0)
    explorer.refresh()
    again = GeometryExplorer(layer=layer, plane="random", selection=[3, 7, 21])
    again.set_state({"_members": {"n": 1, "rows": [3, 7, 21]}})
    assert before != explorer._member_facts == again._member_facts


def test_it_prints_the_same_twice():
    assert explorer_of_table()._repr_mimebundle_()[0].keys() >= {"text/plain", "image/png"}
    assert (
        explorer_of_table().summary == explorer_of_table().summary
        and "0x" not in explorer_of_table().summary + repr(explorer_of_table())
    )
    assert reference_vectors() is reference_vectors()

"""Every kind of table that a user may have, in every view: shown, or refused in one line."""

import json
from types import SimpleNamespace

import ml_dtypes
import numpy as np
import pytest

from embedlab.core.checks import ShapeError
from embedlab.explorers.geometry import GeometryExplorer
from embedlab.explorers.gradient import GradientExplorer
from embedlab.explorers.inputs.table import read_table
from embedlab.explorers.lookup import LookupExplorer
from embedlab.explorers.lora import LoRAExplorer
from embedlab.explorers.mask import MaskExplorer
from embedlab.explorers.quantize import QuantizationExplorer
from embedlab.explorers.training import TrainingExplorer
from embedlab.explorers.window import WindowExplorer
from embedlab.explorers.wire import MAX_BYTES, decode
from embedlab.layers import Dense, Embedding

torch = keras = None  # imported by the first test, not when the tests are collected


@pytest.fixture(autouse=True)
def import_peers(request):
    globals().update({name: request.getfixturevalue(name) for name in ("torch", "keras")})


class KeyedVectors:
    """The part of gensim's class that a view reads."""

    def __init__(self):
        self.vectors = np.random.default_rng(3).normal(size=(90, 40)).astype(np.float32)
        self.index_to_key = [f"word{n}" for n in range(90)]


def table(rows, columns, dtype="float32"):
    return np.random.default_rng(rows).normal(0, 0.3, (rows, columns)).astype(dtype)


def embedlab_layer(*, rank=None, mode=None):
    layer = Embedding(70, 12, lora_rank=rank, seed=4)
    layer.build()
    if mode:
        layer.quantize(mode)
    if rank:
        layer.lora_embeddings_b.assign(np.full((rank, 12), 0.1, np.float32))
    return layer


KINDS = {
    "float16": lambda: table(50, 9, "float16"),
    "float32": lambda: table(1000, 64),
    "float64": lambda: table(7, 5, "float64"),
    "big-endian": lambda: table(7, 5, ">f4"),
    "long double": lambda: table(7, 5, np.longdouble),
    "bfloat16 of ml_dtypes": lambda: table(70, 6).astype(ml_dtypes.bfloat16),
    "nested lists": lambda: table(4, 3).tolist(),
    "very many rows": lambda: table(9000, 16),
    "three by one": lambda: table(3, 1),
    "one row": lambda: table(1, 70),
    "torch.nn.Embedding": lambda: torch.nn.Embedding(1000, 64),
    "torch Parameter": lambda: torch.nn.Parameter(torch.randn(45, 33)),
    "torch bfloat16": lambda: torch.randn(45, 10).bfloat16(),
    "embedlab Embedding, never called": lambda: Embedding(1000, 64),
    "embedlab LoRA": lambda: embedlab_layer(rank=3),
    "embedlab int8": lambda: embedlab_layer(mode="int8"),
    "embedlab int4": lambda: embedlab_layer(mode="int4"),
    "gensim KeyedVectors": KeyedVectors,
    "gensim Word2Vec": lambda: SimpleNamespace(wv=KeyedVectors()),
}
VIEWS = {
    "lookup": LookupExplorer,
    "gradient": GradientExplorer,
    "quantize": QuantizationExplorer,
    "lora": LoRAExplorer,
    "geometry": GeometryExplorer,
}


def keras_layer(*, rank=None, mode=None):
    layer = keras.layers.Embedding(70, 12)
    layer.build()
    if mode:
        layer.quantize(mode)
    if rank:
        layer.enable_lora(rank)
        layer.lora_embeddings_b.assign(np.full((rank, 12), 0.1, np.float32))
    return layer


KINDS |= {
    "Keras Embedding, never called": lambda: keras.layers.Embedding(1000, 64),
    "Keras LoRA": lambda: keras_layer(rank=3),
    "Keras int8": lambda: keras_layer(mode="int8"),
    "Keras int4": lambda: keras_layer(mode="int4"),
    "Keras Sequential": lambda: keras.Sequential([keras.layers.Embedding(90, 5)]),
}


@pytest.mark.parametrize("mode", [None, "int8", "int4"])
def test_table_of_a_keras_layer_is_what_the_layer_returns(mode):
    layer = keras_layer(mode=mode)
    rows = keras.ops.convert_to_numpy(layer(np.arange(70)))
    np.testing.assert_allclose(read_table(layer).values, rows, rtol=1e-6)
    assert (read_table(layer).codes is None) == (mode is None)


@pytest.mark.filterwarnings("ignore:Layer 'conv1d")  # Keras says where the mask is lost
def test_mask_explorer_shows_a_keras_model_with_its_own_numbers():
    model = keras.Sequential(
        [
            keras.layers.Embedding(1000, 64, mask_zero=True),
            keras.layers.Conv1D(8, 3, padding="same"),
            keras.layers.GlobalAveragePooling1D(),
            keras.layers.Dense(1),
        ]
    )
    ids = np.array([[1, 2, 3, 0], [4, 5, 0, 0]])
    output = keras.ops.convert_to_numpy(model(ids))
    explorer = MaskExplorer("#1 #2 #3\n#4 #5", model=model, steps=4)
    assert explorer.error is None and explorer.trace.lost_at == explorer.layers[0]
    np.testing.assert_allclose(explorer.trace.stages[-1].values, output, atol=1e-6)
    assert MaskExplorer(model).error is None


@pytest.mark.parametrize("kind", KINDS)
def test_mask_explorer_takes_any_table_as_its_first_layer(kind):
    source = KINDS[kind]()
    explorer = MaskExplorer(layer=source, layers=["GlobalAveragePooling1D"])
    table = read_table(source).values
    ids = explorer.trace.ids
    np.testing.assert_allclose(explorer.trace.stages[0].values, table[ids], rtol=1e-5, atol=1e-6)


def message_size(explorer):
    header = json.dumps(explorer.message["header"], ensure_ascii=False, allow_nan=False)
    return len(header.encode()) + len(explorer.message["buffer"])


def shown_rows(view, explorer):
    """Return the numbers of the rows that the message holds, and their values."""
    header, arrays = decode(explorer.message)
    if view == "geometry":
        seats = np.array([header["picked"], *arrays["near"]])
        return header, arrays.get("rows", np.arange(header["total"]))[seats], arrays["vectors"]
    name = "row_ids" if view == "lookup" else "rows"
    rows = arrays.get(name)
    return header, np.arange(len(arrays["table"])) if rows is None else rows, arrays["table"]


@pytest.mark.one_in(4)
@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("kind", KINDS)
def test_own_table_is_shown_with_its_own_numbers_and_labels(kind, view):
    source = KINDS[kind]()
    explorer = VIEWS[view](source)
    assert explorer.error is None and message_size(explorer) <= MAX_BYTES
    user = read_table(source)
    header, rows, values = shown_rows(view, explorer)
    expected = user.values
    if view == "lora" and user.adapter is not None:
        expected = user.adapter.base
    expected = expected.astype(np.float64)[rows]
    if view == "geometry":
        expected = expected / np.linalg.norm(expected, axis=1, keepdims=True)
    columns = values.shape[1]
    np.testing.assert_allclose(values, expected[:, :columns], rtol=1e-5, atol=2e-6)
    visible = len(header["words"]) if view == "geometry" else len(rows)
    whole = visible == user.shape[0]
    assert (header["note"] is None) == (whole and columns == user.shape[1]), header["note"]
    if view != "geometry":
        assert (explorer.input_dim, explorer.output_dim) == user.shape
        words = [user.labels[row] if user.labels else "" for row in rows.tolist()]
        assert header["words"] == words  # the labels of the source, and no words of ours
    assert explorer.trace.summary and explorer.figure()


@pytest.mark.parametrize("kind", KINDS)
def test_training_begins_with_the_rows_of_any_table(kind):
    source = KINDS[kind]()
    explorer = TrainingExplorer(source, runs=["sgd"], steps=10)
    header, arrays = decode(explorer.message)
    assert explorer.error is None and message_size(explorer) <= MAX_BYTES
    user, rows = read_table(source), header["rows"]
    expected = user.values[rows][:, :8].astype(np.float32)
    np.testing.assert_array_equal(arrays["w0"][0], expected)
    whole = arrays["w0"].shape[1:] == user.shape
    assert (header["note"] is None) == whole, header["note"]
    assert (explorer.input_dim, explorer.output_dim) == user.shape
    numbers = [""] * len(rows) if len(rows) == user.shape[0] else [f"#{row}" for row in rows]
    assert header["words"] == ([user.labels[row] for row in rows] if user.labels else numbers)
    assert explorer.trace.summary and explorer.figure()


@pytest.mark.one_in(3)
@pytest.mark.parametrize("kind", KINDS)
def test_the_window_slides_over_the_rows_of_any_table(kind):
    source = KINDS[kind]()
    user = read_table(source)
    explorer = WindowExplorer(source, context_table=-user.values)
    header, arrays = decode(explorer.message)
    assert explorer.error is None and message_size(explorer) <= MAX_BYTES
    rows, first = header["rows"], arrays["weights"][0]
    expected = user.values[rows][:, :8].astype(np.float32)
    np.testing.assert_array_equal(first, [expected, -expected])
    whole = expected.shape == user.shape
    assert (header["note"] is None) == whole, header["note"]
    assert header["shape"] == user.shape == (explorer.input_dim, explorer.output_dim)
    labels = [user.labels[row] if user.labels else f"#{row}" for row in rows]
    assert header["words"] == labels  # the labels of the source, else the numbers of the rows
    assert explorer.trace.summary and explorer.figure()
    single = WindowExplorer("#0 #0 .", table=source)
    np.testing.assert_array_equal(
        decode(single.message)[1]["weights"][0, 0],
        user.values[single.message["header"]["rows"]][:, :8].astype(np.float32),
    )


def test_the_two_tables_of_a_model_have_one_shape():
    values = table(30, 6)
    with pytest.raises(ShapeError, match=r"\(V, D\) = \(30, 6\)\. Received .* \(30, 5\)"):
        WindowExplorer(values, context_table=values[:, :5])
    for missing in ({"context_table": values}, {"words": ["cat"]}):
        with pytest.raises(ValueError, match=r"must come with the table.*Received \w+ alone"):
            WindowExplorer("the cat", **missing)
    with pytest.raises(ValueError, match=r"context_table .*Received torch\.nn\.modules\.linear"):
        WindowExplorer(values, context_table=torch.nn.Linear(2, 3))


REFUSED = {
    "torch.nn.modules.linear.Linear": lambda: torch.nn.Linear(2, 3),
    "embedlab.layers.dense.Dense": lambda: Dense(3),
    "the class embedlab.layers.embedding.Embedding": lambda: Embedding,
    "builtins.dict": lambda: {"cat": [1.0]},
    "an array of <U3": lambda: np.array([["cat"]]),
    "builtins.list": lambda: [[1.0], [1.0, 2.0]],
    "types.SimpleNamespace": SimpleNamespace,
    r"shape \(3, 0\)": lambda: np.zeros((3, 0)),
    r"shape \(0, 3\)": lambda: np.zeros((0, 3)),
    r"shape \(3,\)": lambda: np.zeros(3),
    "<i8": lambda: np.zeros((3, 2), np.int64),
}


@pytest.mark.parametrize("view", [*VIEWS, "training", "window"])
@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_table_is_named_in_one_line(kind, view):
    others = {"training": TrainingExplorer, "window": WindowExplorer}
    explorer = {**VIEWS, **others}[view]
    with pytest.raises((ValueError, TypeError), match=f"Received {kind}") as caught:
        explorer(table=REFUSED[kind]())
    assert "\n" not in str(caught.value)


def test_the_adapter_of_a_layer_is_the_change_that_is_shown():
    layer = embedlab_layer(rank=3)
    explorer = LoRAExplorer(layer)
    assert (explorer.target, explorer.rank) == ("own", 3)
    change = np.asarray(layer.embeddings) - layer.table.value
    np.testing.assert_allclose(explorer.trace.delta, change, atol=1e-6)


def test_errors_bytes_and_neighbors_are_those_of_the_whole_table():
    values = table(500, 12)
    explorer = QuantizationExplorer(values, row=400)
    trace = explorer.trace
    assert trace.rows.tolist() == list(range(368, 432))
    cosines = values @ values[400] / np.linalg.norm(values, axis=1)
    cosines[400] = -np.inf
    np.testing.assert_array_equal(trace.neighbors(), np.argsort(-cosines)[:5])
    assert trace.bytes_before == values.nbytes
    assert trace.histogram("int4")[0].sum() == values.size
    explorer.row = 410  # in the window: nothing moves
    assert trace.rows.tolist() == explorer.trace.rows.tolist()
    explorer.row = 3
    assert 3 in explorer.trace.rows


def test_a_lookup_in_a_large_table_numbers_the_rows():
    values = table(30_000, 40)
    explorer = LookupExplorer("#29999 #5", table=values, edits=[[5, 1, 0.25]])
    header, arrays = decode(explorer.message)
    assert arrays["ids"].tolist() == [29_999, 5]
    assert arrays["row_ids"][arrays["rows"]].tolist() == [29_999, 5]
    np.testing.assert_array_equal(arrays["output"][0], values[29_999, :32])
    assert arrays["output"][1, 1] == 0.25
    assert header["note"] == "Shown: 512 of 30 000 rows, columns 0 to 31 of 40."
    assert header["shapes"]["table"] == [30_000, 40]


def test_words_find_the_rows_of_their_labels():
    explorer = LookupExplorer("Word7 word3 nothing", table=KeyedVectors())
    assert explorer.trace.ids.tolist() == [7, 3, 90]
    assert explorer.trace.error.startswith("ids must lie in 0..89")
    assert GradientExplorer("word3 word3", table=KeyedVectors()).trace.ids.tolist() == [3, 3]
    named = QuantizationExplorer(table(3, 2), words=["a", "b"])
    assert decode(named.message)[0]["words"] == ["a", "b", ""]

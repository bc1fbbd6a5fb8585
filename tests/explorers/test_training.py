"""TrainingExplorer: what its parameters mean, and that the numbers are the core's."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from traitlets import TraitError

from embedlab.core.ids import IdError
from embedlab.core.skipgram import sample_batches, train_recorded
from embedlab.core.skipgram.recorded import UPDATE_RULES
from embedlab.data import Vocabulary
from embedlab.explorers.inputs.corpus import STORY, parse_corpus
from embedlab.explorers.state import StateError
from embedlab.explorers.training import TrainingExplorer
from embedlab.explorers.wire import MAX_BYTES, decode

MANY = " ".join(f"w{n * n % 97}" for n in range(3000))


def size(explorer):
    header = json.dumps(explorer.message["header"], ensure_ascii=False)
    return len(header.encode()) + len(explorer.message["buffer"])


@pytest.mark.parametrize("optimizer", UPDATE_RULES)
def test_the_message_is_the_core_s_run(optimizer):
    explorer = TrainingExplorer(runs=[[optimizer, 0.1]], steps=20, seed=3)
    header, arrays = decode(explorer.message)
    story = parse_corpus(STORY, 24)
    batches = sample_batches(story.ids, 11, steps=20, batch=4, starts=story.starts, seed=3)
    rng = np.random.default_rng(3)
    tables = [rng.uniform(-0.5, 0.5, (11, 2)).astype("f4") for _ in "ec"]
    run = train_recorded(batches, *tables, optimizer=optimizer, learning_rate=0.1)
    np.testing.assert_array_equal(arrays["w0"], run.weights[:, 0])
    np.testing.assert_array_equal(arrays["losses0"], run.losses)
    np.testing.assert_array_equal(arrays["rates0"], run.rates)
    dense = np.zeros((20, 11, 2), "f4")
    dense[arrays["events"][:, 0], arrays["events"][:, 1]] = arrays["g0"]
    np.testing.assert_array_equal(dense, run.grads[:, 0])
    slots = len(header["runs"][0]["slots"])
    assert [f"slot0{n}" in arrays for n in range(2)] == [slots > 0, slots > 1]
    for slot in range(slots):
        np.testing.assert_array_equal(arrays[f"slot0{slot}"], run.slots[:, 0, slot])
    assert header["words"] == list(story.words) and header["batch"] == 4
    assert header["summary"] == explorer.summary
    assert header["question"] == "Which rows move under which optimizer?"


def test_defaults_show_the_example():
    explorer = TrainingExplorer()
    dense, lazy = explorer.trace.runs
    moon = explorer.trace.words.index("moon")
    assert dense.moved_without_grad[:, moon].sum() == 50 and not lazy.moved_without_grad.any()
    assert explorer.trace.counts[moon] == 1 and explorer.trace.order[-1] == moon
    assert "405 without a gradient" in explorer.summary


def test_similar_words_move_together():
    """M3: the initial vectors mean nothing; training on the text moves similar words together."""
    explorer = TrainingExplorer(runs=["adam"], steps=200)
    words, table = explorer.trace.words, explorer.trace.runs[0].table

    def distance_at(one, two, step):
        return np.linalg.norm(table[step, words.index(one)] - table[step, words.index(two)])

    for one, two in (("cat", "dog"), ("runs", "sleeps")):
        assert distance_at(one, two, -1) < 0.5 * distance_at(one, "shines", -1)
    assert distance_at("runs", "sleeps", 0) > distance_at("runs", "shines", 0)  # by chance, before


def test_a_branch_and_its_original_run_are_sent():
    explorer = TrainingExplorer(runs=["sgd", "adam"], steps=30)
    before = decode(explorer.message)[1]["w1"].copy()
    explorer.branch = [1, 10, "adam", 0.05]
    header, arrays = decode(explorer.message)
    np.testing.assert_array_equal(arrays["w1"], before)  # the same settings, the same run
    np.testing.assert_array_equal(arrays["unbranched"], before[10:])
    assert header["branched"] == 1 and header["runs"][0]["branch"] is None
    explorer.branch = [1, 10, "lazy adam", 0.05]
    header, arrays = decode(explorer.message)
    assert (arrays["w1"][:11] == before[:11]).all() and (arrays["w1"][12] != before[12]).any()
    assert header["runs"][1]["branch"]["optimizer"] == "lazy adam"
    explorer.runs = ["adam"]  # a branch of a run that is not there waits
    assert explorer.error is None and explorer.message["header"]["branched"] is None
    explorer.branch = []
    assert "unbranched" not in explorer.message["header"]["arrays"]


def test_runs_are_names_or_names_with_a_rate():
    explorer = TrainingExplorer(runs=["sgd", ["adam", 0.2]], steps=10)
    assert explorer.runs == [["sgd", 1.0], ["adam", 0.2]]
    for wrong in ([], ["adam"] * 4, ["adamw"], [["adam", 0.1, 2]], "adam", [["adam", "x"]], [3]):
        with pytest.raises(TraitError, match="Received"):
            explorer.runs = wrong
    for rate in (0, -1, 11, float("nan"), True):
        with pytest.raises(TraitError, match=r"must lie in 0\.0001\.\.10"):
            explorer.runs = [["adam", rate]]
    for wrong in (
        [0, 5],
        [0, 5, "adamw", 0.1],
        [3, 5, "sgd", 1.0],
        [0, -1, "sgd", 1.0],
        [0, 5.5, "sgd", 1.0],
        "x",
        [0, 5, "sgd", 0],
    ):
        with pytest.raises(TraitError, match="Received"):
            explorer.branch = wrong
    assert explorer.trace.runs[1].learning_rate == 0.2


def test_a_refused_edit_is_explained():
    explorer = TrainingExplorer(steps=10)
    explorer.set_state({"runs": [["adamw", 1]], "_seq": 1})
    assert explorer.message["header"]["seq"] == 1
    assert "runs must be 1 to 3 of sgd" in explorer.message["header"]["error"]
    assert explorer.runs[0][0] == "adam"


@pytest.mark.parametrize(
    ("columns", "steps"), [(1, 100), (2, 60), (8, 16)], ids=["D 1", "D 2", "D 8"]
)
def test_at_its_largest_the_message_stays_small(columns, steps):
    explorer = TrainingExplorer(
        MANY,
        runs=["adam"] * 3,
        branch=[0, 5, "adam", 0.1],
        steps=200,
        batch=16,
        input_dim=40,
        output_dim=columns,
    )
    assert size(explorer) <= MAX_BYTES and explorer.error is None
    header = explorer.message["header"]
    assert header["steps"] == header["fitting"] == explorer.trace.steps >= steps
    assert explorer.steps == 200  # what was asked for stays, until they fit


@pytest.mark.one_in(2)
@pytest.mark.parametrize(
    "params",
    [
        {"text": ""},
        {"text": "a"},
        {"text": "a", "input_dim": 1, "output_dim": 1},
        {"text": "<script>alert(1)</script> חתול 🐈 \x00 $x$"},
        {"text": "the cat sat on " * 2500},
        {"text": "😀 " * 9000},
        {"table": np.full((3, 2), np.nan)},
        {"table": np.array([[np.inf, 1.0], [0.5, 1.0], [2.0, -np.inf]])},
        {"table": np.ones((1, 1))},
        {"table": np.ones((40, 8)), "text": MANY},
        {"batch": 16, "text": "one two"},
    ],
    ids=[
        "empty",
        "one word",
        "smallest",
        "hostile",
        "ten thousand words",
        "emoji",
        "nan",
        "inf",
        "one number",
        "largest table",
        "batch above text",
    ],
)
def test_extreme_inputs(params):
    explorer = TrainingExplorer(**{"steps": 12, **params})
    assert explorer.error is None and size(explorer) <= MAX_BYTES
    json.dumps(explorer.message["header"], allow_nan=False)
    assert len(explorer._repr_mimebundle_()[0]["image/png"]) <= 40_000 * 4 / 3


def test_of_too_long_a_text_the_first_words_are_used():
    explorer = TrainingExplorer(steps=10)
    explorer.text = "a " * 10_001
    assert explorer.error is None and explorer.trace.ids.size == 10_000
    assert explorer.message["header"]["note"] == "The first 10 000 of 10 001 words are used."


def test_the_rarest_words_share_a_row():
    explorer = TrainingExplorer("a a a b b c d", input_dim=3, steps=10)
    assert explorer.trace.words == ("a", "b", "<unk>")
    assert explorer.trace.counts.tolist() == [3, 2, 2]


def test_own_vocabulary_table_and_layer():
    vocabulary = Vocabulary.from_tokens(["the", "cat", "the"])
    explorer = TrainingExplorer("the cat the dog", vocabulary=vocabulary, steps=10)
    assert explorer.trace.words == tuple(vocabulary.words)
    assert explorer.trace.ids.tolist() == vocabulary.encode("the cat the dog").tolist()
    with pytest.raises(StateError, match="vocabulary"):
        TrainingExplorer.from_state(explorer.state)
    table = np.arange(12.0).reshape(6, 2) / 10
    explorer = TrainingExplorer("a b a", table=table, steps=10)
    assert explorer.trace.words == ("a", "b", "", "", "", "")
    np.testing.assert_array_equal(explorer.trace.runs[0].table[0], table.astype("f4"))
    with pytest.raises(TraitError, match="output_dim must be 2, the size of the given table"):
        explorer.output_dim = 3
    layer = SimpleNamespace(embeddings=np.zeros((4, 3), np.float32))
    explorer = TrainingExplorer("a b", layer=layer, steps=10)
    layer.embeddings[:] = 0.25
    explorer.refresh()
    assert (explorer.trace.runs[0].table[0] == 0.25).all()


def test_a_window_of_a_large_table_is_trained():
    table = np.random.default_rng(3).normal(size=(30_000, 64)).astype(np.float32)
    text = "#29999 #5 #29999 . #700 #5 #29999 ."
    explorer = TrainingExplorer(text, table=table, steps=10)
    header, arrays = decode(explorer.message)
    rows = np.array(header["rows"])
    assert header["note"] == "Shown and trained: 40 of 30 000 rows, columns 0 to 7 of 64."
    assert {5, 700, 29_999} <= set(header["rows"]) and (np.diff(rows) > 0).all()
    np.testing.assert_array_equal(arrays["w0"][0], table[rows, :8])
    np.testing.assert_array_equal(rows[arrays["ids"]], [29_999, 5, 29_999, 700, 5, 29_999])
    assert header["words"] == [f"#{row}" for row in rows]  # no words of ours
    assert (explorer.input_dim, explorer.output_dim) == table.shape
    moved = np.flatnonzero((arrays["w1"][-1] != arrays["w1"][0]).any(axis=1))  # lazy Adam
    assert set(rows[moved]) == {5, 700, 29_999}
    again = TrainingExplorer.from_state(explorer.state, table=table)
    assert again.summary == explorer.summary


def test_rows_of_a_table_have_their_labels_or_numbers():
    table = np.zeros((50, 3))
    words = [f"word{n}" for n in range(50)]
    explorer = TrainingExplorer("word49 word3 nothing. Word3", table=table, words=words, steps=10)
    header, arrays = decode(explorer.message)
    labels = np.array(header["words"])
    assert labels[arrays["ids"]].tolist() == ["word49", "word3", "word3"]
    assert header["note"].endswith("1 word without a row here left out.")
    small = TrainingExplorer(table[:6], steps=10)
    assert set(small.trace.words) == {""} and small.message["header"]["note"] is None
    assert "cat" not in small.text


def test_what_cannot_be_shown_is_refused():
    with pytest.raises(TraitError, match="input_dim must be an integer from 1 to 40"):
        TrainingExplorer(input_dim=41)
    with pytest.raises(IdError, match=r"0\.\.40 .*Received 41"):
        TrainingExplorer("#41", table=np.zeros((41, 2)))
    with pytest.raises(ValueError, match=r"Received types\.SimpleNamespace"):
        TrainingExplorer(layer=SimpleNamespace())
    with pytest.raises(ValueError, match="Received 2"):
        TrainingExplorer(table=np.zeros((2, 2)), layer=SimpleNamespace())
    with pytest.raises(ValueError, match="at most 40 words"):
        TrainingExplorer(vocabulary=Vocabulary.from_tokens(MANY.split()))


def test_a_state_brings_everything_back():
    explorer = TrainingExplorer(
        runs=[["adam", 0.1], "momentum"], branch=[0, 7, "sgd", 1.0], steps=20, seed=5
    )
    again = TrainingExplorer.from_link(explorer.share_link("https://example.org/lab"))
    assert again.params == explorer.params and again.summary == explorer.summary
    assert eval(repr(again), {"TrainingExplorer": TrainingExplorer}).params == explorer.params
    assert again._repr_mimebundle_()[0]["image/png"] == explorer._repr_mimebundle_()[0]["image/png"]

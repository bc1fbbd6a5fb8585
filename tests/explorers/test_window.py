"""WindowExplorer: what its parameters mean, and that the numbers are the core's."""

import json

import numpy as np
import pytest
from traitlets import TraitError

from embedlab.core.skipgram import sample_batches, train_recorded
from embedlab.data import Vocabulary
from embedlab.explorers.inputs.corpus import STORY, parse_corpus
from embedlab.explorers.training import TrainingExplorer
from embedlab.explorers.window import WindowExplorer
from embedlab.explorers.wire import MAX_BYTES, decode

MANY = " ".join(f"w{n * n % 97}" for n in range(3000))


def size(explorer):
    header = json.dumps(explorer.message["header"], ensure_ascii=False)
    return len(header.encode()) + len(explorer.message["buffer"])


@pytest.mark.parametrize(
    "params",
    [{}, {"window": 1, "negative": 0}, {"window": 4, "negative": 3, "output_dim": 7, "seed": 5}],
)
def test_the_message_is_the_core_s_run(params):
    explorer = WindowExplorer(learning_rate=0.3, position=5, **params)
    _, arrays = decode(explorer.message)
    story = parse_corpus(STORY, 18)
    batches = sample_batches(
        story.ids,
        11,
        steps=70,
        batch=1,
        starts=story.starts,
        window=explorer.window,
        negative=explorer.negative,
        seed=explorer.seed,
    )
    rng = np.random.default_rng(explorer.seed)
    shape = (11, explorer.output_dim)
    tables = [rng.uniform(-0.5, 0.5, shape).astype("f4") for _ in "ec"]
    run = train_recorded(batches, *tables, optimizer="sgd", learning_rate=0.3)
    np.testing.assert_array_equal(arrays["weights"], run.weights)
    np.testing.assert_array_equal(arrays["grads"], run.grads)
    np.testing.assert_array_equal(arrays["losses"], run.losses)
    np.testing.assert_array_equal(arrays["starts"], batches.starts)
    np.testing.assert_array_equal(arrays["second"], batches.pairs[:, 1])
    np.testing.assert_array_equal(arrays["label"], batches.label)
    np.testing.assert_array_equal(np.flatnonzero(arrays["begins"]), story.starts)


def test_the_header_names_words_and_position():
    explorer = WindowExplorer("The cat sat. A dog ran.", position=4)
    header, arrays = decode(explorer.message)
    assert header["words"] == ["the", "cat", "sat", "a", "dog", "ran"]
    assert header["position"] == 4 and arrays["ids"].tolist() == [0, 1, 2, 3, 4, 5]
    assert header["note"] is None and header["summary"] == explorer.summary
    assert "center  dog, word 5 of the text" in explorer.summary


def test_it_starts_from_the_tables_of_the_training_view():
    window, training = WindowExplorer(output_dim=3, seed=4), TrainingExplorer(output_dim=3, seed=4)
    np.testing.assert_array_equal(window.trace.weights[0, 0], training.trace.runs[0].table[0])
    assert window.trace.words == training.trace.words


def test_the_vocabulary_grows_until_v_is_set():
    explorer = WindowExplorer("the cat")
    assert (explorer.input_dim, explorer.grow, len(explorer.trace.words)) == (12, True, 2)
    explorer.text = "one two three four five six seven eight nine ten eleven twelve thirteen"
    assert explorer.input_dim == len(explorer.trace.words) == 13
    explorer.input_dim = 4
    assert explorer.grow is False
    assert explorer.trace.words == ("one", "two", "three", "<unk>")
    assert explorer.message["header"]["rows_needed"] == 13
    explorer.grow = True  # the button "Grow V to fit"
    assert explorer.input_dim == 13
    explorer.reset()
    assert (explorer.input_dim, explorer.grow, explorer.text) == (12, True, "the cat")
    assert WindowExplorer("a b c d", input_dim=2).trace.words == ("a", "<unk>")


def test_the_position_stays_inside_the_text():
    explorer = WindowExplorer("the cat sat on the mat", position=5)
    explorer.text = "the cat"
    assert explorer.position == explorer.trace.position == 1 and explorer.error is None
    explorer.text = ""
    assert explorer.position == 0 and explorer.trace.steps == 0


@pytest.mark.parametrize(
    "text", [MANY, "猫 坐在 " * 9000, "बिल्ली लाल " * 5000], ids=["many", "Chinese", "Hindi"]
)
def test_the_largest_settings_fit_into_a_message(text):
    explorer = WindowExplorer(
        text, window=4, negative=4, output_dim=8, input_dim=18, learning_rate=10
    )
    assert explorer.error is None and size(explorer) <= MAX_BYTES
    assert 1 <= explorer.trace.steps <= 100
    assert explorer.message["header"]["note"].startswith("The first ")
    explorer.text = "the cat"  # the first text is sent too, for Reset
    assert explorer.error is None and size(explorer) <= MAX_BYTES


@pytest.mark.parametrize(
    ("name", "value"),
    [("window", 0), ("window", 5), ("negative", -1), ("output_dim", 1), ("output_dim", 9)],
)
def test_sizes_have_limits(name, value):
    explorer = WindowExplorer()
    with pytest.raises(TraitError, match=f"{name} must be an integer"):
        setattr(explorer, name, value)


@pytest.mark.parametrize("rate", [0, -1, 11, float("nan"), True, "1", None])
def test_a_rate_is_a_number_in_its_range(rate):
    explorer = WindowExplorer()
    with pytest.raises(TraitError, match=r"must lie in 0\.0001\.\.10"):
        explorer.learning_rate = rate
    assert explorer.learning_rate == 1.0


def test_the_state_brings_everything_back():
    explorer = WindowExplorer("a b a c", window=1, negative=3, learning_rate=0.5, position=2)
    again = WindowExplorer.from_state(json.dumps(explorer.state))
    assert again.state == explorer.state
    np.testing.assert_array_equal(again.trace.weights, explorer.trace.weights)


def test_the_still_picture_is_that_of_the_position():
    explorer = WindowExplorer("The cat sat. A dog ran.", position=4)
    texts = [text.get_text() for text in explorer.figure().axes[0].texts]
    assert any("row “dog”" in text for text in texts)


def test_a_table_fixes_v_and_d_and_rows_have_numbers_or_words():
    values = np.arange(60, dtype=np.float32).reshape(30, 2)
    explorer = WindowExplorer("#29 cat #3 . cat #29", table=values, words=["cat"])
    assert explorer.trace.words[-1] == "#29" and explorer.trace.words[0] == "cat"
    assert [explorer.trace.words[i] for i in explorer.trace.ids] == [
        "#29",
        "cat",
        "#3",
        "cat",
        "#29",
    ]
    assert (explorer.input_dim, explorer.output_dim, explorer.grow) == (30, 2, False)
    assert explorer.message["header"]["note"] == "Shown and trained: 18 of 30 rows."
    limits = explorer.message["header"]["limits"]
    assert limits["input_dim"] == {"min": 30, "max": 30}
    with pytest.raises(TraitError, match="input_dim must be 30, the size of the given table"):
        explorer.input_dim = 4
    explorer.text = "#30"
    assert "0..29" in explorer.error and explorer.text.startswith("#29")
    values[29] = 7
    explorer.refresh()
    assert explorer.trace.weights[0, 0, -1].tolist() == [7, 7]
    again = WindowExplorer.from_state(explorer.state, table=values, words=["cat"])
    np.testing.assert_array_equal(again.trace.weights, explorer.trace.weights)


def test_a_vocabulary_sets_the_ids():
    vocabulary = Vocabulary.from_tokens(["a", "b", "c", "a"])
    explorer = WindowExplorer("c a c", vocabulary=vocabulary)
    assert explorer.trace.words == tuple(vocabulary.words)
    assert explorer.trace.ids.tolist() == vocabulary.encode("c a c").tolist()
    with pytest.raises(ValueError, match="at most 18 words here"):
        WindowExplorer(vocabulary=Vocabulary.from_tokens([f"w{n}" for n in range(30)]))

"""The numbers that lessons 00 to 06 state in their text, and the lines that they print to paste."""

import ast
import re
from pathlib import Path

import numpy as np
import pytest

from embedlab import (
    GradientExplorer,
    LookupExplorer,
    MaskExplorer,
    TrainingExplorer,
    WindowExplorer,
    trace_cache_lines,
)
from embedlab.data import python_reference
from embedlab.data.zipf import zipf_stream
from embedlab.lessons import MISCONCEPTIONS, answer, check
from embedlab.lessons.misconceptions import show_command
from embedlab.lessons.question import Reply

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
SENTENCE = "the cat sat on the mat"


def lesson(number):
    (path,) = (NOTEBOOKS / "source").glob(f"{number}_*.md")
    return " ".join(path.read_text("utf-8").split())


def page(number):
    (path,) = (NOTEBOOKS / "instructor").glob(f"{number}_*.md")
    return " ".join(path.read_text("utf-8").split())


def assert_in_text(text, *parts):
    for part in parts:
        assert part in text, part


# --- lines to paste ------------------------------------------------------------------------------


def pasted(source, space):
    """Run a cell as Jupyter does, and return the value of its last line."""
    *lines, last = ast.parse(source).body
    exec(compile(ast.Module(lines, []), "cell", "exec"), space)
    return eval(compile(ast.Expression(last.value), "cell", "eval"), space)


@pytest.mark.parametrize("which", MISCONCEPTIONS)
def test_show_command_opens_its_view_in_an_empty_notebook(which):
    view = pasted(show_command(which), {})
    assert MISCONCEPTIONS[which].preset["view"] == view.VIEW


def test_feedback_holds_the_show_command_on_one_line():
    feedback = repr(check("01.lookup", lambda W, ids: W[ids]))
    assert show_command("M2") in [line.strip() for line in feedback.splitlines()]
    for letter, misconception in (("a", "M1"), ("b", "M2"), ("d", "M3")):
        reply = answer("01.exit", letter)
        assert isinstance(reply, Reply)
        assert show_command(misconception) in repr(reply).splitlines()
        assert f"`{show_command(misconception)}`" in reply._repr_markdown_()


def calls(number):
    """The calls that a teacher's page prints, without its table of wrong answers."""
    text = re.sub(r"## Typical wrong answers.*?(?=## )", "", page(number))
    for code in re.findall(r"`([^`]+)`", text):
        if re.match(r"from embedlab|[A-Z]\w+Explorer\(", code):
            yield code


@pytest.mark.parametrize("number", ["01", "02", "03", "04", "05", "06"])
def test_calls_of_instructor_pages_run_in_the_lesson(number):
    text = next((NOTEBOOKS / "source").glob(f"{number}_*.md")).read_text("utf-8")
    space = {}
    exec(re.search(r"```\{code-cell\} ipython3\n(import .*?)\n```", text, re.S)[1], space)
    snippets = list(calls(number))
    assert snippets
    for code in snippets:
        assert pasted(code, space) is not None


# --- 01 ------------------------------------------------------------------------------------------


def test_01():
    assert_in_text(lesson("01"), "50 257 rows of 768 numbers", "50 257 · 768 ≈ 39 million")
    assert round(50_257 * 768 / 1e6) == 39
    assert_in_text(lesson("01"), "six words read five different rows")
    trace = LookupExplorer(SENTENCE).trace
    assert (trace.ids.size, trace.rows_read) == (6, 5)
    assert_in_text(lesson("01"), "<p>Four times, and it is still one row of the table.</p>")
    sentences = python_reference().sentences_with("tuple")
    sentence = next(words for words in sentences if words[:2] == ("the", "length"))
    assert sentence.count("the") == 4


def test_01_the_counts_move_as_the_answer_says():
    small, large = (LookupExplorer(SENTENCE, input_dim=v).trace for v in (16, 40))
    assert large.multiplications["one-hot"] > small.multiplications["one-hot"]
    assert large.multiplications["gather"] == small.multiplications["gather"] == 0


# --- 02 ------------------------------------------------------------------------------------------


def test_02():
    text = lesson("02")
    assert_in_text(text, "6 · D · 4 bytes, 192 for D = 8, whatever V is")
    for v in (16, 40):
        assert LookupExplorer(SENTENCE, input_dim=v, output_dim=8).trace.bytes_moved == 192
    assert_in_text(text, "Rows 2 and 3 share a line: they are the bytes 64 to 127")
    assert 2 * 8 * 4 == 64 and 4 * 8 * 4 == 128
    assert_in_text(text, "so that mark becomes a hit")
    fetches = [trace_cache_lines([3, 9, 15, 2, 3], 16, 8, cache=size).fetches for size in (2, 3)]
    assert fetches == [4, 3]
    assert_in_text(text, "a row takes 80 bytes, more than a line, so every row needs two")
    assert all(trace_cache_lines([row], 16, 20).touched == 2 for row in range(16))
    assert all(trace_cache_lines([row], 16, 16).touched == 1 for row in range(16))
    assert_in_text(text, "From 13 lines on it does not. The 48 words lie in 13 different lines.")
    words = zipf_stream(48, 32, seed=2)
    assert trace_cache_lines(words, 32, 8).touched == 13
    by_id = trace_cache_lines(np.sort(words), 32, 8, cache=1).fetches
    assert by_id == trace_cache_lines(words, 32, 8, cache=13).fetches == 13
    assert trace_cache_lines(words, 32, 8, cache=12).fetches > 13


# --- 03 ------------------------------------------------------------------------------------------


def test_03():
    text = lesson("03")
    trace = GradientExplorer("the cat and the dog on the mat").trace
    places = np.flatnonzero(trace.ids == trace.ids[0])
    parts = trace.grad_out.reshape(trace.ids.size, -1)[places, 0]
    minus = [f"{part:.3f}".replace("-", "−") for part in parts]
    assert minus == ["−0.515", "−0.653", "−0.939"]
    assert_in_text(text, "−0.515 − 0.653 − 0.939 = −2.107", "keeps only the last, −0.939")
    assert round(float(parts.sum()), 3) == -2.107
    assert_in_text(text, "The check fails. With <i>add</i> it passes.", "h ≈ 0.00001 works well")
    assert "assign  FAILS the check: the error is 0.68 at h = 1e-05" in trace.summary
    assert trace.passes("add") and not trace.passes("assign")


# --- 04 ------------------------------------------------------------------------------------------


def test_04():
    text = lesson("04")
    trace = MaskExplorer().trace
    assert trace.lost_at == "conv" and [s.mask is None for s in trace.stages[:3]] == [0, 0, 1]
    assert_in_text(text, "this model is 0.527, that of the unpadded reference 0.847")
    assert (round(trace.loss, 3), round(trace.loss_reference, 3)) == (0.527, 0.847)
    assert_in_text(
        text, "the difference grows from 0.321 to 0.335", "the loss is 0.471 instead of 0.527"
    )
    three, four = (MaskExplorer(lengths=[8, n, 5, 6]).trace for n in (3, 4))
    differences = [round(abs(t.loss - t.loss_reference), 3) for t in (three, four)]
    assert differences == [0.321, 0.335]
    assert round(MaskExplorer(padding="pre").trace.loss, 3) == 0.471


# --- 05 ------------------------------------------------------------------------------------------


def test_05():
    text = lesson("05")
    corpus = "The cat sleeps. A dog runs. The dog sleeps. A cat runs. " * 5 + "The blue moon."
    runs = [["sgd + l2", 2.0], ["sgd", 2.0]]
    trace = TrainingExplorer(corpus, runs=runs, steps=30, batch=1, seed=34).trace
    decays, plain = trace.runs
    assert_in_text(text, "On the left all 8, on the right one")
    assert (decays.moves > 0).sum(axis=1).tolist() == [8] * 30
    assert (plain.moves > 0).sum(axis=1).tolist() == [1] * 30
    assert_in_text(text, "all point to the origin, (0, 0)")
    for row in np.flatnonzero(~decays.has_grad.any(axis=0)):
        here, there = decays.table[0, row].astype(float), decays.table[-1, row].astype(float)
        assert np.isclose(here[0] * there[1], here[1] * there[0], atol=1e-7)
        assert np.abs(there).sum() < np.abs(here).sum()
    assert_in_text(text, "Each step takes 4 %", "0.96<sup>29</sup> ≈ 0.31")
    moon = trace.words.index("moon")
    assert round(decays.moves[-1, moon] / decays.moves[0, moon], 2) == 0.31


# --- 06 ------------------------------------------------------------------------------------------

OPENS, AHEAD = 39, 20  # of the view: js/training


def trace_of_06():
    text = "The blue moon shines. " + 5 * (
        "The cat sleeps. A dog runs. The dog sleeps. A cat runs. The sun shines. "
    )
    return TrainingExplorer(text, batch=3, steps=21).trace


def test_06_the_optimizer_alone_decides_the_drawn_prediction():
    assert_in_text(lesson("06"), "explorer = TrainingExplorer(text, batch=3, steps=21, ask=True")
    assert_in_text(
        lesson("06"), "It opens after step 1, whose batch contains “moon”", "the next 20 steps"
    )
    trace = trace_of_06()
    opens = min(OPENS, trace.steps - 1 - AHEAD)
    assert opens == 0 and trace.steps == 1 + AHEAD
    moon = trace.words.index("moon")
    assert trace.order[-1] == moon and trace.counts[moon] == 1  # the row that the view asks about
    for run in trace.runs:
        assert run.has_grad[0, moon] and not run.has_grad[1:, moon].any()
        assert not run.moved_without_grad[
            0
        ].any()  # nothing on the screen has moved without a gradient yet
    adam, lazy = (np.diff(run.table[1:, moon].astype(float), axis=0) for run in trace.runs)
    assert (np.abs(adam).sum(axis=1) > 0).all() and not lazy.any()


def test_06_one_step_of_the_window():
    text = "The blue moon shines. " + 5 * (
        "The cat sleeps. A dog runs. The dog sleeps. A cat runs. The sun shines. "
    )
    assert_in_text(
        lesson("06"),
        "WindowExplorer(text, position=5, ask=True)",
        "One row of the embedding table, that of “cat”, and 4 rows of the context table: those of "
        "the context words “the” and “sleeps”, and of the negatives “blue” and “shines”. "
        "Before the step the mean loss is 0.64.",
        "The up to two words on each side",
        "two **negatives** are drawn",
    )
    explorer = WindowExplorer(text, position=5)
    assert (explorer.window, explorer.negative) == (2, 2)
    trace = explorer.trace
    pairs, label = (part[trace.pairs_of(5)] for part in trace.batches[:2])
    words = [trace.words[row] for row in pairs[:, 1]]
    assert [word for word, true in zip(words, label, strict=True) if true] == ["the", "sleeps"]
    assert {word for word, true in zip(words, label, strict=True) if not true} == {"blue", "shines"}
    changed = (trace.weights[6] != trace.weights[5]).any(axis=-1)
    assert changed.sum(axis=1).tolist() == [1, 4] and changed[0, trace.words.index("cat")]
    assert round(trace.losses[5], 2) == 0.64
    later = (trace.weights[7] != trace.weights[6]).any(axis=-1)
    assert later[0, trace.words.index("sleeps")]  # one word later


def test_06_who_moves():
    text = lesson("06")
    assert_in_text(
        text, "At step 2 five rows move, 2 of them without a gradient; at step 6 all 10 move, 7"
    )
    assert_in_text(page("06"), "all 10 rows move at step 6, and 7 of them are not in the batch")
    trace = trace_of_06()
    adam = trace.runs[0]
    assert len(trace.words) == 10
    counts = [
        (int((adam.moves[s] > 0).sum()), int(adam.moved_without_grad[s].sum())) for s in (1, 5)
    ]
    assert counts == [(5, 2), (10, 7)]
    assert all(len(set(trace.batch(s))) == 3 for s in (1, 5))
    assert not np.array_equal(adam.table[-1], trace.runs[1].table[-1])


@pytest.mark.parametrize("seed", [7, 1, 2, 3, 4])
def test_06_words_that_share_contexts_end_up_next_to_each_other(seed):
    trace = TrainingExplorer(runs=["adam"], steps=200, batch=16, seed=seed).trace
    table = trace.runs[0].table[-1].astype(float)
    for word, other in (("cat", "dog"), ("runs", "sleeps")):
        distances = np.linalg.norm(table - table[trace.words.index(word)], axis=1)
        assert trace.words[int(np.argsort(distances)[1])] == other


def test_06_cat_and_dog_share_contexts_and_no_sentence():
    assert_in_text(lesson("06"), "the same context words: the, a, runs, sleeps")
    contexts = {"cat": set(), "dog": set()}
    for sentence in TrainingExplorer().text.lower().replace(".", " .").split(" ."):
        words = sentence.split()
        assert not {"cat", "dog"} <= set(words)
        for word in contexts.keys() & set(words):
            place = words.index(word)
            near = words[max(0, place - 2) : place] + words[place + 1 : place + 3]
            contexts[word] |= set(near)
    assert contexts["cat"] == contexts["dog"] == {"the", "a", "runs", "sleeps"}
    assert_in_text(page("06"), "−0.469 − 0.9 · 0.059")
    assert np.isclose(sum(-0.1 * 0.9**k for k in range(6)), -0.469, atol=5e-4)

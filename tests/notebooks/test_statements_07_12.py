"""The numbers that lessons 07 to 12 state in their text, and the lines that teachers paste."""

import ast
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from embedlab import Embedding, GradientExplorer, LoRAExplorer, QuantizationExplorer, WindowExplorer
from embedlab.core.geometry import analogy, nearest
from embedlab.core.quantize import quantize, unpack_int4
from embedlab.core.skipgram import train_skipgram
from embedlab.data import python_reference, standard_library, vectors
from embedlab.lessons.exercises.capstone.data import MENU, adapter, tastes, ten_days
from embedlab.optimizers import Adam
from embedlab.storage import FileRefused

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"


def lesson(number):
    (path,) = (NOTEBOOKS / "source").glob(f"{number}_*.md")
    return " ".join(path.read_text("utf-8").split())


def page(number):
    (path,) = (NOTEBOOKS / "instructor").glob(f"{number}_*.md")
    return " ".join(path.read_text("utf-8").split())


def assert_in_text(text, *parts):
    for part in parts:
        assert part in text, part


# --- a file of the learner's own -----------------------------------------------------------------


def test_13_a_table_among_several_is_named_once(tmp_path):
    tables = {name: np.full((3, 2), n, np.float32) for n, name in enumerate("ab")}
    save_file(tables, tmp_path / "two.safetensors")
    text = next((NOTEBOOKS / "source").glob("13_*.md")).read_text("utf-8")
    cells = re.findall(r"```\{code-cell\} ipython3\n(?::tags:[^\n]*\n\n)?(.*?)```", text, re.S)
    ask, skip = (next(c for c in cells if start in c) for start in ("my_file = ", "mine = "))
    ask = ask.replace('my_file = ""', f"my_file = {str(tmp_path / 'two.safetensors')!r}")
    space = {"vectors": vectors}
    with pytest.raises(
        FileRefused, match=r"2: 'a' \(3, 2\), 'b' \(3, 2\)\. Pass tensor=\.\.\. with"
    ):
        exec(ask, space)
    exec(ask.replace("tensor = None", 'tensor = "b"'), space)
    exec(skip, space)
    assert space["mine"].table.tolist() == tables["b"].tolist()


# --- lines to paste ------------------------------------------------------------------------------


def pasted(source, space):
    """Run a cell as Jupyter does, and return the value of its last line."""
    *lines, last = ast.parse(source).body
    exec(compile(ast.Module(lines, []), "cell", "exec"), space)
    return eval(compile(ast.Expression(last.value), "cell", "eval"), space)


@pytest.mark.parametrize("number", ["07", "08", "09", "10", "11", "12", "13", "14"])
def test_calls_of_instructor_pages_run_in_the_lesson(number):
    text = next((NOTEBOOKS / "source").glob(f"{number}_*.md")).read_text("utf-8")
    imports = re.search(
        r"```\{code-cell\} ipython3\n(import .*?)\n\n?(?:rng|os\.|```)", text, re.S
    )[1]
    space = {}
    exec("\n".join(ast.unparse(node) for node in ast.parse(imports.strip("`")).body), space)
    snippets = [
        code
        for code in re.findall(r"`([^`]+)`", page(number))
        if re.match(r"from embedlab|evidence\(|[A-Z]\w+Explorer\(", code)
    ]
    assert snippets
    for code in snippets:
        if code.endswith(")"):
            assert pasted(code, space) is not None
        else:
            exec(code, space)


# --- the glossary ---------------------------------------------------------------------------------


def test_the_glossary_is_sorted_and_has_the_terms_of_the_lessons():
    text = (NOTEBOOKS / "glossary.md").read_text("utf-8")
    lines = [line for line in text.splitlines() if re.search(r"\| [\d, ]+ \|$", line)]
    rows = [line.removeprefix("| ").removesuffix(" |").split(" | ") for line in lines]
    assert len(rows) > 30 and {len(row) for row in rows} == {4}
    terms = [row[0] for row in rows]
    assert terms == sorted(terms, key=str.lower)
    for term, _, _, numbers in rows:
        word = re.split(r"[ ,(]", term)[0].lower().rstrip("s")
        for number in numbers.split(", "):
            assert word in lesson(number).lower(), (term, number)


@pytest.mark.parametrize("number", ["07", "08", "09", "10"])
def test_every_bold_term_is_in_the_glossary(number):
    text = (NOTEBOOKS / "glossary.md").read_text("utf-8").lower()
    bold = re.findall(
        r"(?:\b[Aa]n?|[Tt]he|\*\*\(|are|its|their) \*\*([A-Za-z -]+)\*\*", lesson(number)
    )
    terms = [term.lower().rstrip("s") for term in bold]
    assert terms and all(term in text for term in terms), terms


# --- 07 ------------------------------------------------------------------------------------------


def test_07():
    text = lesson("07")
    assert_in_text(text, "rank 2 on: ΔW has two directions", "only at rank 8, which is D")
    topic, random = LoRAExplorer().trace, LoRAExplorer(target="random").trace
    assert (topic.errors < 1e-6).tolist() == [False, False] + 7 * [True]
    assert (random.errors < 1e-6).tolist() == 8 * [False] + [True] and random.table.shape[1] == 8
    assert_in_text(text, "(16 + 8) · 6 = 144 numbers, and the table 128")
    assert (16 + 8) * 5 < topic.table.size == 128 < (16 + 8) * 6 == 144
    assert_in_text(
        text, "from rank 1 to 8 the first update goes from 0.97 to 0.84, with α/r from 0.97 to 0.10"
    )
    norms = {name: norm[[0, 7]].round(2).tolist() for name, norm in topic.first_norms.items()}
    assert norms == {"α/r": [0.97, 0.1], "α/√r": [0.97, 0.84]}
    assert_in_text(text, "the difference is 0")
    assert not topic.merge_differences.any()


def test_07_the_solid_line_can_rise_above_100_percent():
    assert_in_text(lesson("07"), "The solid line can rise above 100 %")
    trace = LoRAExplorer().trace
    assert trace.errors_along([trace.steps], trace.rank).max() > 1


def test_07_one_step_moves_the_factor_that_is_not_zero():
    for start, moves_a, moves_b in (("random", False, True), ("zero", True, False)):
        trace = LoRAExplorer(seen=[0], rank=2, start=start).trace
        before, after = trace.adapter(0), trace.adapter(1)
        assert np.any(before.a != after.a) == moves_a and np.any(before.b != after.b) == moves_b
        assert trace.moved.sum() == (16 if start == "random" else 1)


@pytest.mark.parametrize("alpha", [1, 4, 16, 64])
def test_07_alpha_limits_no_error(alpha):
    assert_in_text(lesson("07"), "A and B can make up for any alpha")
    assert LoRAExplorer(alpha=alpha, rank=2).trace.training_errors[1, -1] < 0.01


# --- 08 ------------------------------------------------------------------------------------------


def test_08():
    text = lesson("08")
    assert_in_text(text, "50 000 words with 300 numbers each: 60 MB", "the table takes 15.2 MB")
    assert 50_000 * 300 * 4 == 60e6 and 50_000 * (300 + 4) == 15.2e6
    assert_in_text(text, "127 / 7 ≈ 18 times as wide", "int8 uses 255 levels and int4 uses 15")
    table = np.random.default_rng(0).normal(size=(500, 64)).astype(np.float32)
    eight, four = quantize(table, 8).codes, unpack_int4(quantize(table, 4).codes, 64)
    assert (eight.min(), eight.max()) == (-127, 127) and (four.min(), four.max()) == (-7, 7)
    assert_in_text(text, "about nine times as far apart")
    assert round(2.7 / 0.31) == 9


def test_08_largest_weight_keeps_its_code():
    assert_in_text(lesson("08"), "the largest weight always has the code −7 or 7")
    view = QuantizationExplorer()
    row = view.row
    before = view.trace.schemes["int4"].codes
    column = int(np.abs(view.trace.table[row]).argmax())
    view.edits = [[row, column, 10 * float(view.trace.table[row, column])]]
    after = view.trace.schemes["int4"].codes
    assert abs(before[row, column]) == 7 and after[row, column] == before[row, column]
    changed = np.flatnonzero((before != after).any(axis=1))
    assert changed.tolist() == [row]
    assert (np.abs(after[row]) <= np.abs(before[row])).all()


def test_08_king_has_the_largest_error():
    trace = QuantizationExplorer().trace
    assert trace.words[int(trace.schemes["int4"].largest_error.argmax())] == "king"


# --- 09 ------------------------------------------------------------------------------------------


def test_09():
    assert_in_text(
        lesson("09"),
        "All 14 rows when tied.",
        "In <i>plain</i> only the rows of the words in the sentence: 5 of 14",
    )
    for mode, rows in (("tied", 14), ("plain", 5)):
        trace = GradientExplorer("the cat sat on the mat", mode=mode).trace
        assert (trace.added != 0).any(axis=1).sum() == rows and len(trace.table) == 14


# --- 10 ------------------------------------------------------------------------------------------

PAIRS = [("true", "false"), ("left", "right"), ("client", "server"), ("first", "last"),
         ("row", "column"), ("encode", "decode")]  # fmt: skip


@cache
def corpus_of_10():
    corpus = python_reference() + standard_library()
    vocabulary = corpus.vocabulary(at_least=20)
    return vocabulary, corpus.ids(vocabulary), corpus.starts


@pytest.mark.slow
@pytest.mark.thorough  # the lesson has the first seed, and runs in the gate
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_10_named_pairs_are_nearest_whatever_the_seed(seed):
    vocabulary, ids, starts = corpus_of_10()
    table = train_skipgram(
        ids, vocabulary.size, 64, starts=starts, epochs=20, rate=0.05, seed=seed
    ).table

    def near(word, k):
        row = vocabulary.id(word)
        return vocabulary.decode(nearest(table, table[row], k, first=2, exclude=[row]).ids)

    for word, other in PAIRS:
        assert near(word, 1) == [other]
    read, reading, write, writing = map(vocabulary.id, ("read", "reading", "write", "writing"))
    assert analogy(table, read, reading, write, 1, first=2).ids.tolist() == [writing]
    assert "writing" not in near("write", 3)


def test_10_one_step_of_the_window():
    text = lesson("10")
    words = "Put the sofa near the wall. Put the couch near the wall. The cat sleeps. A dog runs."
    assert_in_text(
        text,
        f'text = "{words}"',
        "WindowExplorer(text, position=2, negative=1, seed=49)",
        "the third word is “sofa”",
        "All of them: put, the, near, the.",
        "One row of the table has changed and six rows of the context table",
        "The probabilities of context words have grown, those of negatives have shrunk.",
    )
    trace = WindowExplorer(words, position=2, negative=1, seed=49).trace
    sofa, couch = (
        int(np.flatnonzero(trace.ids == trace.words.index(w))[0]) for w in ("sofa", "couch")
    )
    assert sofa == 2
    for step in (sofa, couch):
        pairs, labels = (
            values[trace.pairs_of(step)] for values in (trace.batches.pairs, trace.batches.label)
        )
        context = sorted(trace.words[row] for row in pairs[labels == 1, 1])
        assert context == ["near", "put", "the", "the"]
    assert trace.updated(2).sum(axis=1).tolist() == [1, 6]
    pairs, labels = (
        values[trace.pairs_of(2)] for values in (trace.batches.pairs, trace.batches.label)
    )
    before, after = (
        (table[pairs[:, 0]] * context[pairs[:, 1]]).sum(axis=1)
        for table, context in trace.weights[2:4]
    )
    assert ((after > before) == (labels == 1)).all()


def test_10_a_vocabulary_of_words_that_come_twenty_times():
    assert_in_text(
        lesson("10"), "Words that come fewer than twenty times are left out", "at_least=20"
    )


# --- 11 ------------------------------------------------------------------------------------------


def test_11():
    assert_in_text(lesson("11"), "188 000 bytes: 68 000 remain of 256 000")
    layer = Embedding(1000, 64)
    layer.build()
    assert np.asarray(layer.embeddings).nbytes == 256_000
    layer.quantize("int8")
    assert 1000 * 64 + 1000 * 4 == 68_000 == 256_000 - 188_000


# --- 12 ------------------------------------------------------------------------------------------


def test_12_the_final_rows_went_on():
    assert_in_text(lesson("12"), "moved, more than half as far as in the ten days before")
    table, adam, target = ten_days()
    before = table.value.copy()
    for _ in range(20):
        grad = table.value - target
        grad[[0, 1]] = 0
        adam.apply([grad], [table])
    step = (table.value - before)[:2]
    assert (np.sign(step) == np.sign(before[:2])).all()
    assert (np.abs(step) > 0.5 * np.abs(before[:2])).all() and isinstance(adam, Adam)


def test_12_one_step_of_the_largest_weight():
    a, b, alpha = adapter()
    merged = tastes() + alpha / a.shape[1] * a @ b
    cake = MENU.words.index("cake")
    changed = np.flatnonzero((merged != tastes()).any(axis=1))
    assert [MENU.words[row] for row in changed] == ["cake", "pie"]
    assert round(float(np.abs(merged[cake]).max())) == 40 == round(float(np.abs(merged).max()))
    assert round(40 / 127, 1) == 0.3

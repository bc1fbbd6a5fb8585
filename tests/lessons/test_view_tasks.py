"""Tasks in the panel of a view: their texts are the lesson's, and each can be reached."""

import ast
import importlib.util
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import embedlab
from embedlab.lessons import card, tasks
from embedlab.lessons.classroom import card as card_module
from embedlab.lessons.grading.check import all_items
from embedlab.lessons.view_tasks import CONDITIONS

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
TEXT_06 = "The blue moon shines. " + 5 * (
    "The cat sleeps. A dog runs. The dog sleeps. A cat runs. The sun shines. "
)


def lesson_source(lesson):
    (path,) = (NOTEBOOKS / "source").glob(f"{lesson}_*.md")
    return path.read_text("utf-8")


WORDS_10 = ("<pad>", "<unk>", "encode", "read", "reading", "write", "writing", "writer")
ROWS_10 = [[0, 0, 0], [0, 0, 0], [1, 1, 0], [1, 0, 0], [1, 0, 1], [0, 1, 0], [0, 1, 1], [0, 9, -1]]


def views(lesson):
    """Return the explorers to which a lesson gives its tasks, made by the lesson's own cells."""
    values = {
        **{name: getattr(embedlab, name) for name in embedlab.__all__ if "Explorer" in name},
        "tasks": tasks,
        "text": TEXT_06,
        "vectors": np.array(ROWS_10, np.float32),
        "vocabulary": SimpleNamespace(words=WORDS_10),
    }
    explorers = []
    for cell in re.findall(r"```{code-cell} ipython3\n(.*?)```", lesson_source(lesson), re.S):
        if "tasks=tasks(" in cell:
            tree = ast.parse(re.sub(r"^:.*\n", "", cell))
            last = ast.Expression(tree.body.pop().value)
            exec(compile(tree, lesson, "exec"), values)
            explorers.append(eval(compile(last, lesson, "eval"), values))
    return explorers


def step(view, number, **more):
    view.cursor = {"step": number, **more}


def test_the_texts_are_those_of_the_lessons():
    spec = importlib.util.spec_from_file_location("build", NOTEBOOKS / "build.py")
    build = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(build)
    assert build.write_task_texts([], check=True) is False, "run: python notebooks/build.py"
    for lesson, conditions in CONDITIONS.items():
        texts = build.task_texts(lesson_source(lesson), lesson)
        assert [*texts] == [str(number) for number in conditions]
        assert all(re.match(r"\*\*[^*]+[.?]\*\* \S", text) for text in texts.values())
        assert not any(text.endswith(":") for text in texts.values())


@pytest.mark.parametrize("lesson", CONDITIONS)
def test_a_lesson_gives_each_task_to_one_view(lesson):
    numbers = [task.number for view in views(lesson) for task in view.tasks]
    assert sorted(numbers) == sorted(CONDITIONS[lesson])


@pytest.mark.parametrize("lesson", CONDITIONS)
def test_no_task_is_done_at_the_start(lesson):
    for view in views(lesson):
        assert not any(view.tasks_done)
        view.refresh()
        assert not any(view.tasks_done)


def open_views(lesson):
    """Return the first view of a lesson, and a function that asks which tasks are done."""
    view = views(lesson)[0]

    def done():
        numbers = [task.number for task in view.tasks]
        return [n for n, ticked in zip(numbers, view.tasks_done, strict=True) if ticked]

    return view, done


def test_lesson_01():
    view, done = open_views("01")
    step(view, 3)
    view.text = "my own words"
    assert done() == []  # no word occurs twice
    view.text = "the bird saw the other bird"
    assert done() == [1]
    view.input_dim = 40
    needed = int(view.trace.ids.max()) + 1
    view.input_dim = needed - 1
    assert view.trace.bad.any() and done() == [1]
    view.input_dim = needed
    assert done() == [1, 2]
    view.method = "one-hot"
    assert done() == [1, 2, 3]
    view.reset()
    assert done() == [1, 2, 3]  # a tick stays


def test_lesson_01_by_its_own_solution():
    view, done = open_views("01")
    view.input_dim = 11
    assert done() == [2]


def test_a_table_that_grows_with_the_words_is_no_smallest_table():
    view, done = open_views("01")
    view.text = " ".join(f"word{n}" for n in range(30))
    assert view.input_dim == int(view.trace.ids.max()) + 1 and done() == []


def test_lesson_03():
    view, done = open_views("03")
    last = view.trace.ids.size
    step(view, last)  # where the view opens
    assert done() == []
    step(view, 0)
    step(view, 1)
    assert done() == [1]
    view.rule = "assign"
    assert done() == [1, 2]
    view.rule = "add"
    view.digits = 9
    assert done() == [1, 2, 3]
    view.text = "the cat sat on a mat"
    assert done() == [1, 2, 3, 4]


def test_lesson_04():
    view, done = open_views("04")
    step(view, 1)
    assert done() == []
    step(view, 4)
    assert done() == [1]
    view.lengths = [8, 8, 5, 6]
    view.lengths = [8, 3, 5, 6]
    view.padding = "pre"
    assert done() == [1, 2]
    view.layers = ["LSTM(return_sequences=True)", "GlobalAveragePooling1D", "Dense"]
    assert done() == [1, 2, 3]


def test_lesson_06():
    view, done = open_views("06")
    step(view, 0, run=0)  # where the view opens
    assert done() == []
    step(view, 5, run=0)
    assert done() == [1]
    step(view, 5, run=1)
    assert done() == [1, 2]
    view.branch = [0, 10, "momentum", 0.5]
    assert done() == [1, 2]
    view.branch = [0, 10, "lazy adam", 0.05]
    assert done() == [1, 2, 3]


def test_the_second_view_of_lesson_06():
    view = views("06")[1]
    rows = [view.trace.words.index(word) for word in ("cat", "dog")]
    step(view, 199, pins=rows[:1])
    step(view, 0, pins=rows)
    assert view.tasks_done == [False]
    step(view, 199, pins=rows)
    assert view.tasks_done == [True]


def test_lesson_07():
    view, done = open_views("07")
    view.target = "random"
    assert done() == []
    view.rank = 8
    assert done() == [1]
    view.target, view.seen = "topic", [0]
    view.start = "zero"
    assert done() == [1]
    step(view, 1)
    assert done() == [1, 2]
    view.scaling = "rslora"
    assert done() == [1, 2]
    view.alpha = 16
    assert done() == [1, 2, 3]


def test_lesson_08():
    view, done = open_views("08")
    row = view.row
    column = int(abs(view.trace.table[row]).argmax())
    view.edits = [[row, column, float(view.trace.table[row, column]) / 2]]
    assert done() == []
    view.edits = [[row, column, float(view.trace.table[row, column]) * 10]]
    assert done() == [1]
    view.edits = []
    view.row, view.scheme, view.block = 8, "groups", 4
    assert done() == [1, 2]
    view.scheme = "int4"
    assert done() == [1, 2]
    view.flips = [["int4", 8, 0, 3]]
    assert done() == [1, 2, 3]


def test_lesson_05():
    view, done = open_views("05")
    moon = view.trace.words.index("moon")
    step(view, 9, run=0, row=moon)  # where the view asks
    assert done() == []
    step(view, 0, run=0, row=moon)
    step(view, 1, run=0, row=moon)
    assert done() == [1]
    step(view, 29, run=1, row=moon)
    assert done() == [1]
    step(view, 29, run=0, row=moon)
    assert done() == [1, 2]
    view.runs = [["sgd + l2", 1.0], ["sgd", 2.0]]
    assert done() == [1, 2, 3]


def test_lesson_09():
    view, done = open_views("09")
    step(view, 6, selected={"part": "cell", "row": 1, "col": 0})  # it opens at the last step
    assert done() == []
    step(view, 1)
    assert done() == [1]
    step(view, 6, selected={"part": "cell", "row": 4, "col": 0})
    assert done() == [1, 2]
    view.mode = "plain"
    assert done() == [1, 2, 3]
    view.text = "the"
    view.mode = "tied"
    assert done() == [1, 2, 3]
    view.text = "the cat"
    assert done() == [1, 2, 3, 4]


def test_lesson_10():
    view, done = open_views("10")
    step(view, 9)
    assert done() == []
    view.word = "read"
    assert done() == [1]  # the step is still the tenth
    view.plane = "random"
    assert done() == [1, 2]
    view.a, view.b, view.c = "read", "encode", "write"
    assert done() == [1, 2]
    view.a, view.b, view.c = "reading", "read", "write"
    assert done() == [1, 2, 3]


def test_a_tick_is_no_try_of_an_exercise():
    card_module.clear()
    view, _ = open_views("01")
    view.input_dim = 4
    view.input_dim = 11
    assert card().checks == {}


def test_what_a_browser_sends_ends_nothing():
    for lesson in CONDITIONS:
        for view in views(lesson):
            for cursor in ({"step": None}, {"step": "4"}, {"pins": [10**6]}, {"run": [1]}, {}):
                view.set_state({"cursor": cursor})
                assert not any(view.tasks_done)


def test_unknown_lessons_and_tasks_are_refused():
    with pytest.raises(
        KeyError, match=r"among 01, 03, 04, .* Received '02'\. Copy the lesson's line"
    ):
        tasks("02")
    with pytest.raises(KeyError, match=r"among 1, 2, 3\. Received 4\."):
        tasks("01", 4)


GIVEAWAYS = {
    "01": r"multipl\w+ (is|are) (none|0)",
    "03": r"\bsum\b|\badded\b|\badds\b",
    "04": r"\bgone\b|like words",
    "07": r"\b16\b|all rows",
    "09": r"all .*rows|50 000",
}


@pytest.mark.parametrize("lesson", CONDITIONS)
def test_no_task_gives_the_prediction_away(lesson):
    """The tasks can be read in the panel and in the lesson while the question is open."""
    text = " ".join(task.text for task in tasks(lesson))
    question = all_items("QUESTIONS")[f"{lesson}.predict"]
    right = question.choices[question.correct]
    sentences = re.split(r"(?<=[.;:!?])\s", f"{right.text} {right.feedback}")
    assert [one for one in sentences if len(one) > 12 and one.lower() in text.lower()] == []
    assert not re.search(GIVEAWAYS.get(lesson, r"(?!)"), text)

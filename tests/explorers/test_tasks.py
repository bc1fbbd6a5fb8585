"""Tasks of a view: ticked in Python, sent to the browser, kept once reached."""

import json
import re

import pytest
from traitlets import TraitError

from embedlab.explorers.lookup import LookupExplorer
from embedlab.explorers.mask import MaskExplorer
from embedlab.explorers.tasks import Task, TaskError

SMALL = Task("Make V **small**.", lambda view: view.input_dim < 5)
STEP = Task("Go to step 3.", lambda view: view.cursor.get("step") == 3)


def test_tasks_are_ticked_by_parameters_and_by_the_cursor():
    explorer = LookupExplorer("the cat", tasks=[SMALL, STEP])
    assert explorer._tasks == [
        {"number": 1, "text": "Make V **small**.", "done": False},
        {"number": 2, "text": "Go to step 3.", "done": False},
    ]
    explorer.set_state({"input_dim": 4, "_seq": 1})
    assert explorer.tasks_done == [True, False]
    explorer.set_state({"cursor": {"step": 3}})
    assert explorer.tasks_done == [True, True]
    explorer.input_dim = 16
    explorer.cursor = {}
    explorer.reset()
    assert explorer.tasks_done == [True, True]


def test_a_task_reached_at_the_start_is_ticked():
    assert LookupExplorer(input_dim=4, tasks=[SMALL]).tasks_done == [True]


def test_the_answer_to_an_edit_goes_out_before_the_ticks():
    order = []
    explorer = LookupExplorer(tasks=[SMALL])
    explorer.observe(lambda change: order.append(change["name"]), ["message", "_tasks"])
    explorer.input_dim = 4
    assert order == ["message", "_tasks"]


def test_a_refused_edit_reaches_no_task():
    task = Task("Take all layers away but two.", lambda view: len(view.layers) == 2)
    explorer = MaskExplorer(tasks=[task, STEP])
    explorer.set_state({"layers": ["GlobalAveragePooling1D", "Conv1D"], "_seq": 1})
    assert explorer.error and explorer.tasks_done == [False, False]
    explorer.set_state({"cursor": {"step": 3}})  # the view goes on without that edit
    assert explorer.tasks_done == [False, True]


def test_other_tasks_begin_without_ticks():
    explorer = LookupExplorer(tasks=[SMALL])
    explorer.input_dim = 4
    explorer.tasks = [STEP, Task("See V.", lambda view: True, number=7)]
    assert explorer.tasks_done == [False, True]
    assert [entry["number"] for entry in explorer._tasks] == [1, 7]
    explorer.tasks = []
    assert explorer.tasks_done == []


def test_a_condition_that_fails_says_so_and_ends_nothing():
    explorer = LookupExplorer(tasks=[Task("Divide.", lambda view: 1 / (view.input_dim - 16))])
    (entry,) = explorer._tasks
    assert entry["done"] is False
    assert entry["error"].startswith("The condition of this task failed with ZeroDivisionError: ")
    explorer.input_dim = 17
    assert explorer._tasks == [{"number": 1, "text": "Divide.", "done": True}]


def test_a_state_can_be_opened_with_tasks():
    explorer = LookupExplorer.from_state(LookupExplorer(input_dim=20).state, tasks=[SMALL])
    assert explorer.tasks_done == [False] and "tasks" not in explorer.state["params"]


def test_a_saved_page_shows_the_steps_without_ticks(tmp_path):
    page = LookupExplorer(input_dim=4, tasks=[SMALL]).export_html(tmp_path / "page.html")
    model = re.search(r'id="model">(.*?)</script>', page.read_text("utf-8"), re.S)[1]
    assert json.loads(model)["traits"]["_tasks"] == [
        {"number": 1, "text": "Make V **small**.", "done": None}
    ]


def test_without_a_text_or_a_condition_it_is_no_task():
    for text in ("", " ", 3):
        with pytest.raises(TaskError, match=r"must have a text\. Received .* Write what"):
            Task(text, bool)
    with pytest.raises(TaskError, match=r"must have a condition\. Received 'rank'\. Pass a func"):
        Task("Choose.", "rank")
    with pytest.raises(TraitError):
        LookupExplorer(tasks=["Choose."])

"""Explorers by name: lazy imports of the packages, and the class of a view."""

import inspect
import subprocess
import sys
from typing import get_args, get_type_hints

import pytest

import embedlab
from embedlab import explorers
from embedlab.explorers.explorer import available_views
from embedlab.explorers.geometry import ColorChoice, MapChoice
from embedlab.explorers.registry import explorer_class
from embedlab.explorers.sync import CommonParameters

NAMES = [name for name in explorers.__all__ if name.endswith("Explorer")]


def test_both_packages_export_every_explorer():
    for name in NAMES:
        assert getattr(explorers, name) is getattr(embedlab, name)
        assert name in dir(explorers)
    classes = {explorer_class(view).__name__ for view in available_views()}
    assert classes == {*NAMES}, (
        "every view must be in the table in embedlab/explorers/__init__.pyi. It differs in "
        f"{sorted(classes ^ {*NAMES})}. Add the class, or delete what is left in static/."
    )


def test_importing_the_package_imports_no_explorer():
    code = (
        "import sys, embedlab.explorers as e; e.LookupExplorer; "
        "print([n for n in sys.modules if n.startswith('embedlab.explorers.')])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "embedlab.explorers.lookup" in run.stdout
    assert "embedlab.explorers.lora" not in run.stdout


def test_dir_lists_every_name_once():
    _ = embedlab.LookupExplorer, explorers.LookupExplorer  # now also among the globals
    for package in (embedlab, explorers):
        assert len(dir(package)) == len(set(dir(package)))


def test_an_unknown_explorer_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'Explorers'"):
        _ = explorers.Explorers
    with pytest.raises(KeyError, match="view must be one of"):
        explorer_class("lookups")


@pytest.mark.parametrize("name", NAMES)
def test_a_view_that_asks_saves_its_question_and_no_answer(name):
    explorer = getattr(explorers, name)(ask=True)
    data, metadata = explorer._repr_mimebundle_()
    assert set(data) == {"text/plain", "application/vnd.jupyter.widget-view+json"}
    question, how = data["text/plain"].splitlines()
    assert question == explorer.QUESTION and how.startswith("Predict first") and not metadata
    for line in (explorer.trace.alt, *explorer.trace.summary.splitlines()):
        assert line not in data["text/plain"]
    explorer.ask = False
    assert "image/png" in explorer._repr_mimebundle_()[0]


@pytest.mark.parametrize("name", NAMES)
def test_the_typed_keywords_are_the_parameters(name):
    explorer = getattr(explorers, name)
    keywords = get_args(inspect.signature(explorer).parameters["parameters"].annotation)[0]
    hints = get_type_hints(keywords, include_extras=True)
    positional = {*inspect.signature(explorer).parameters} & {*explorer.PARAMS}
    assert {*hints} - {*CommonParameters.__annotations__} == {*explorer.PARAMS} - positional
    for trait in (explorer.class_traits()[param] for param in {*explorer.PARAMS} - positional):
        kind, text = get_args(hints[trait.name])
        assert trait.help == text and f"\n    {trait.name} : " in explorer.__doc__
        if isinstance(trait, (MapChoice, ColorChoice)):  # the names of a caller's own besides
            assert kind is str
        elif "choices" in trait.limits() and isinstance(trait.default_value, str):
            assert list(get_args(kind)) == trait.limits()["choices"], trait.name
        elif type(trait.default_value) in (bool, int, float, str):
            assert kind is type(trait.default_value), trait.name
    assert "**parameters" not in explorer.__doc__

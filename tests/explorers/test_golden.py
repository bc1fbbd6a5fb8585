"""The messages that the browser's tests read are those the explorer sends today."""

import importlib.util
from pathlib import Path

import pytest

spec = importlib.util.spec_from_file_location("golden", Path(__file__).with_name("golden.py"))
golden = importlib.util.module_from_spec(spec)
spec.loader.exec_module(golden)


@pytest.mark.parametrize(("view", "state"), golden.NAMES)
def test_committed_message_is_the_one_sent(view, state):
    hint = "run `python tests/explorers/golden.py` and look at the difference"
    assert golden.matches(view, state), hint


def test_no_golden_file_is_obsolete():
    names = {path.name for path in golden.FOLDER.glob("*-*.json")}
    assert names == {golden.path(view, state).name for view, state in golden.NAMES}

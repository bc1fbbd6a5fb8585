"""What the browser's tests read is what the explorer sends today."""

import importlib.util
from pathlib import Path

import pytest

spec = importlib.util.spec_from_file_location("golden", Path(__file__).with_name("golden.py"))
golden = importlib.util.module_from_spec(spec)
spec.loader.exec_module(golden)


@pytest.mark.parametrize("name", golden.STATES)
def test_committed_message_is_the_one_sent(name):
    assert golden.matches(name), "run `python tests/explorers/golden.py` and look at the difference"


def test_none_is_left_over():
    found = {path.stem.removeprefix("lookup-") for path in golden.FOLDER.glob("lookup-*.json")}
    assert found == set(golden.STATES)

"""The table of new names in the changelog."""

import re
from importlib import import_module
from pathlib import Path

import pytest

TEXT = (Path(__file__).parents[1] / "CHANGELOG.md").read_text(encoding="utf-8")
NEW_NAMES = re.findall(r"^\| `[\w.]+` \| `([\w.]+)` \|$", TEXT, re.MULTILINE)


@pytest.mark.parametrize("name", NEW_NAMES)
def test_a_new_name_exists(name):
    value, path = import_module("embedlab"), "embedlab"
    for part in name.split("."):
        path = f"{path}.{part}"
        if not hasattr(value, part):
            import_module(path)
        value = getattr(value, part)


def test_there_is_a_table():
    assert len(NEW_NAMES) > 40

"""A monkey at the keyboard and the mouse: no error in the console, nothing left behind.

A fixed number of acts, drawn from a seed, as fast as the page takes them. The longer version is
`EMBEDLAB_PLAY=600`, seconds of play on each view.
"""

import os
import time
from pathlib import Path

import numpy as np
import pytest
from view_cases import CASES, THOROUGH

KEYS = [
    ".",
    ",",
    "Tab",
    "Shift+Tab",
    "Enter",
    "Escape",
    "p",
    "t",
    "?",
    "r",
    " ",
    "Home",
    "End",
    "ArrowUp",
    "ArrowDown",
    "ArrowLeft",
    "ArrowRight",
    "PageDown",
    "Delete",
    "1",
]
ACTS = 150 if THOROUGH else 40
MOST_GROWTH = 50_000_000
SECONDS = float(os.environ.get("EMBEDLAB_PLAY", "0"))


def heap(page):
    """Return the bytes that the page still needs, once what it does not need is gone."""
    client = page.context.new_cdp_session(page)
    client.send("HeapProfiler.collectGarbage")
    used = client.send("Runtime.getHeapUsage")["usedSize"]
    client.detach()
    return used


def resident():
    """Return the bytes of memory of this process, the kernel, or 0 if the system reports none."""
    statm = Path("/proc/self/statm")
    return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") if statm.exists() else 0


def play(view, rng, acts):
    box = view.root.bounding_box()
    for _ in range(acts):
        what = rng.integers(10)
        x = box["x"] + rng.uniform(0, box["width"])
        y = box["y"] + rng.uniform(0, min(box["height"], 900))
        if what < 6:
            view.page.keyboard.press(KEYS[rng.integers(len(KEYS))])
        elif what < 8:
            view.page.mouse.move(x, y)
        elif what < 9:
            view.page.mouse.click(x, y)
        else:
            view.page.mouse.move(x, y)
            view.page.mouse.down()
            view.page.mouse.move(x + rng.uniform(-90, 90), y + rng.uniform(-40, 40), steps=3)
            view.page.mouse.up()


@pytest.mark.one_in(3, 2)
@pytest.mark.parametrize("name", CASES)
def test_it_survives_a_monkey(show, name):
    rng = np.random.default_rng(7)
    view = show(CASES[name].make())
    play(view, rng, 30)  # what is made once and kept
    before, memory_before = heap(view.page), resident()
    if SECONDS:
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            play(view, rng, ACTS)
    else:
        play(view, rng, ACTS)
    view.settle()
    assert heap(view.page) - before < MOST_GROWTH
    assert resident() - memory_before < MOST_GROWTH
    assert view.root.locator(".figure > *").count() >= 1
    view.place("top:help").focus()
    view.press("r")
    assert view.narration  # it still answers

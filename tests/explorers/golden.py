"""The messages that the browser's unit tests read, written by the real explorer.

`python tests/explorers/golden.py` writes them to js/test/golden; test_golden.py compares. Times
are measured, so they alone may differ.
"""

import base64
import json
from pathlib import Path

from embedlab.explorers.lookup import LookupExplorer

FOLDER = Path(__file__).resolve().parents[2] / "js" / "test" / "golden"
MEASURED = {"lookup": ("gather_ns", "onehot_ns")}
EXPLORERS = {"lookup": LookupExplorer}
STATES = {
    "lookup": {
        "default": {},
        "refused": {"text": "the cat #16 sat #-1"},
        "smallest": {"text": "#0", "input_dim": 1, "output_dim": 1},
        "lens": {"text": "the cat sat #150 #199 on the mat", "input_dim": 200, "output_dim": 12},
        "hostile": {
            "text": "<script>alert('a')</script> חתול قطة 🐈 👩‍🚀 &amp; $x$",
            "input_dim": 40,
        },
        "nan": {"text": "the #99 mat", "oob": "nan", "way": "one-hot"},
        "clip": {"text": "the #99 mat", "oob": "clip", "edits": [[1, 0, 0.25], [500, 0, 1.0]]},
        "empty": {"text": ""},
    },
}
NAMES = [(view, state) for view, states in STATES.items() for state in states]


def path(view, state):
    """Give where a message is kept."""
    return FOLDER / f"{view}-{state}.json"


def message(view, state):
    """Give one message as JSON: its buffer in base64."""
    made = EXPLORERS[view](**STATES[view][state]).message
    return {"header": made["header"], "buffer": base64.b64encode(made["buffer"]).decode()}


def matches(view, state):
    """Whether the committed message is the one sent today, times apart."""
    if not path(view, state).exists():
        return False
    kept = json.loads(path(view, state).read_text(encoding="utf-8"))
    made = message(view, state)
    for measured in MEASURED.get(view, ()):
        if (kept["header"].pop(measured) is None) != (made["header"].pop(measured) is None):
            return False
    return kept == json.loads(json.dumps(made))


def write():
    FOLDER.mkdir(parents=True, exist_ok=True)
    for view, state in NAMES:
        if matches(view, state):
            continue  # else every run would change the times
        text = json.dumps(message(view, state), ensure_ascii=False, indent=1, allow_nan=False)
        path(view, state).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    write()

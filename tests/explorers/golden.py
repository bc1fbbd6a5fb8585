"""The messages that the browser's unit tests read, written by the real explorer.

`python tests/explorers/golden.py` writes them to js/test/golden; test_golden.py compares. Times
are measured, so they alone may differ.
"""

import base64
import json
from pathlib import Path

from embedlab.explorers.lookup import LookupExplorer

FOLDER = Path(__file__).resolve().parents[2] / "js" / "test" / "golden"
MEASURED = ("gather_ns", "onehot_ns")
STATES = {
    "default": {},
    "refused": {"text": "the cat #16 sat #-1"},
    "smallest": {"text": "#0", "input_dim": 1, "output_dim": 1},
    "lens": {"text": "the cat sat #150 #199 on the mat", "input_dim": 200, "output_dim": 12},
    "hostile": {"text": "<script>alert('a')</script> חתול قطة 🐈 👩‍🚀 &amp; $x$", "input_dim": 40},
    "nan": {"text": "the #99 mat", "oob": "nan", "way": "one-hot"},
    "clip": {"text": "the #99 mat", "oob": "clip", "edits": [[1, 0, 0.25], [500, 0, 1.0]]},
    "empty": {"text": ""},
}


def message(name):
    """Give one message as JSON: its buffer in base64."""
    made = LookupExplorer(**STATES[name]).message
    return {"header": made["header"], "buffer": base64.b64encode(made["buffer"]).decode()}


def matches(name):
    """Whether the committed message is the one sent today, times apart."""
    path = FOLDER / f"lookup-{name}.json"
    if not path.exists():
        return False
    kept, made = json.loads(path.read_text(encoding="utf-8")), message(name)
    for measured in MEASURED:
        if (kept["header"].pop(measured) is None) != (made["header"].pop(measured) is None):
            return False
    return kept == made


def write():
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in STATES:
        if matches(name):
            continue  # else every run would change the times
        text = json.dumps(message(name), ensure_ascii=False, indent=1, allow_nan=False)
        (FOLDER / f"lookup-{name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    write()

"""Lesson 11 prints with Keras what it prints without: its notebook was built without."""

import contextlib
import io
import json
from pathlib import Path

import numpy as np

from embedlab.lessons.exercises.files import _cases

LESSON = Path(__file__).resolve().parents[2] / "notebooks" / "solutions" / "11_files.ipynb"


def test_the_lesson_prints_the_same_with_keras(keras, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    namespace = {}
    for cell in json.loads(LESSON.read_text("utf-8"))["cells"]:
        if cell["cell_type"] != "code" or "raises-exception" in cell["metadata"].get("tags", []):
            continue
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec("".join(cell["source"]), namespace)
        expected = "".join("".join(o["text"]) for o in cell["outputs"] if "text" in o)
        assert printed.getvalue() == expected
    assert namespace["keras"] is keras
    assert not list(tmp_path.iterdir())  # the lesson has tidied up


def test_keras_takes_from_each_file_what_the_exercise_asks_for(keras, tmp_path):
    for case in _cases():
        path = tmp_path / case.path.name
        path.write_bytes(case.content)
        layer = keras.layers.Embedding(*case.expected.shape)
        model = keras.Sequential([keras.Input((1,)), layer])
        coded = "layers/embedding/vars/1" in case.arrays
        if coded:
            layer.quantize("int8")
        model.load_weights(path)
        ids = np.arange(len(case.expected))[:, None]
        np.testing.assert_allclose(
            np.asarray(model(ids))[:, 0], case.expected, rtol=1e-5 if coded else 0, atol=1e-7
        )

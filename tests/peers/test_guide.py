"""The guide for people who have a Keras model: every line of it runs."""

import doctest
import os
import re
import warnings
from pathlib import Path

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guides" / "keras.md"


def test_the_guide_runs(keras, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", os.environ["KERAS_BACKEND"])  # the guide sets another
    text = re.sub("^```.*$", "", GUIDE.read_text("utf-8"), flags=re.M)
    test = doctest.DocTestParser().get_doctest(text, {}, "guide", str(GUIDE), 0)
    report = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras's own, from fit and predict
        run = doctest.DocTestRunner().run(test, out=report.append)
    assert not run.failed, "".join(report)
    assert run.attempted >= 10

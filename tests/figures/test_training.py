"""The still picture of a training run: deterministic, for any trace, and nothing of pyplot."""

import io

import numpy as np
import pytest

from embedlab.figures.png import png
from embedlab.figures.training import draw_training
from embedlab.traces.training import Branch, trace_training

IDS = [0, 1, 0, 2, 0, 3]


def text(figure):
    return " | ".join(label.get_text() for label in figure.axes[0].texts)


def test_it_says_who_moved_without_a_gradient():
    trace = trace_training(
        IDS, words=["the", "cat", "sun", "$x$"], runs=["adam", "lazy adam"], steps=10, batch=1
    )
    labels = text(draw_training(trace))
    glides = int(trace.runs[0].moved_without_grad.sum())
    assert f"adam: {glides} of " in labels and "lazy adam: 0 of " in labels
    assert "adam, rate 0.05" in labels and "$x$" in labels


def test_the_same_trace_gives_the_same_picture():
    pictures = [png(draw_training(trace_training(IDS, steps=6, batch=1))) for _ in range(2)]
    assert pictures[0] == pictures[1] and len(pictures[0]) < 40_000
    dark = png(draw_training(trace_training(IDS, steps=6, batch=1), dark=True))
    assert dark != pictures[0]


@pytest.mark.parametrize(
    "options",
    [
        {"ids": [], "input_dim": 1},
        {"ids": [0], "output_dim": 1},
        {"ids": np.arange(40), "steps": 20},
        {"ids": IDS, "output_dim": 6, "runs": ["sgd", "adam", "rmsprop"]},
        {"ids": IDS, "table": np.full((4, 2), np.nan)},
        {"ids": IDS, "table": np.full((4, 2), np.inf)},
        {"ids": IDS, "branch": Branch(0, 3, "sgd", 0.5), "steps": 8},
    ],
    ids=["no text", "one word", "many rows", "three runs", "nan", "inf", "branch"],
)
def test_every_trace_can_be_drawn(options):
    figure = draw_training(trace_training(options.pop("ids"), **{"steps": 5, **options}))
    figure.savefig(io.BytesIO())
    assert "without a gradient" in text(figure)

"""A whole text classifier on real text: from the language reference, or from a docstring?

python -m benchmarks.classifier                what embedlab scores, and how long it takes
python -m benchmarks.classifier --peer keras   the same model in Keras beside it

The sentences are those of the Python reference and of the standard library's docstrings on this
machine, so figures differ a little from one version of Python to the next.
"""

import argparse
import sys
import time
from collections import Counter
from typing import Any, NamedTuple

import numpy as np

from embedlab.data import Vocabulary, python_reference, standard_library

LENGTH = 40  # words of a sentence that count
LEAST = 5  # words that a sentence must have
WIDTH, HIDDEN, EPOCHS, BATCH, RATE = 32, 16, 5, 64, 0.003


class Task(NamedTuple):
    """Sentences as ids (S, LENGTH), and 1.0 for those of the reference; words are learnt ones."""

    x: np.ndarray
    y: np.ndarray
    held_x: np.ndarray
    held_y: np.ndarray
    rows: int


def task(seed: int) -> Task:
    """Give the sentences, as many of either kind, every one once; a fifth is held out.

    The vocabulary comes from the training part alone; what the held-out part adds is unknown.
    """
    kinds = [set(corpus.sentences) for corpus in (standard_library(progress=True),
                                                  python_reference())]  # fmt: skip
    both = kinds[0] & kinds[1]
    rng = np.random.default_rng(seed)
    sides = [sorted(s for s in kind - both if len(s) >= LEAST) for kind in kinds]
    count = min(map(len, sides))
    chosen = [[side[n] for n in rng.permutation(len(side))[:count]] for side in sides]
    pairs = [(s, label) for label, side in enumerate(chosen) for s in side]
    pairs = [pairs[n] for n in rng.permutation(len(pairs))]
    cut = len(pairs) * 4 // 5
    words = Vocabulary.from_tokens((w for s, _ in pairs[:cut] for w in s), at_least=2)
    x = words.pad([words.encode(s[:LENGTH]) for s, _ in pairs], LENGTH)
    y = np.array([[label] for _, label in pairs], np.float32)
    return Task(x[:cut], y[:cut], x[cut:], y[cut:], len(words))


def word_counts(told: Task) -> float:
    """Give the accuracy of naive Bayes: each word votes by how often either side used it."""
    votes = np.zeros(told.rows)
    for label, sign in ((1, 1), (0, -1)):
        used = Counter(told.x[told.y[:, 0] == label].ravel().tolist())
        counts = np.array([used[n] + 1.0 for n in range(told.rows)])
        votes += sign * np.log(counts / counts.sum())
    votes[0] = 0  # padding has no vote
    return float(((votes[told.held_x].sum(axis=1) > 0) == told.held_y[:, 0]).mean())


def build(lab: Any, sequential: Any, rows: int) -> Any:
    """Give the model in the words that both libraries know."""
    layers = lab
    return sequential([
        layers.Input((LENGTH,), dtype="int32"),
        layers.Embedding(rows, WIDTH, mask_zero=True),
        layers.GlobalAveragePooling1D(),
        layers.Dense(HIDDEN, activation="relu"),
        layers.Dense(1, activation="sigmoid"),
    ])  # fmt: skip


def ours(told: Task, seed: int) -> tuple[float, float]:
    """Give held-out accuracy and seconds of training; the second run, so that nothing compiles."""
    import random

    from embedlab import layers
    from embedlab.models import Sequential
    from embedlab.optimizers import Adam

    def run(epochs: int, x: np.ndarray, y: np.ndarray, verbose: int) -> tuple[Any, float]:
        random.seed(seed)
        model = build(layers, Sequential, told.rows)
        model.compile(Adam(RATE), "binary_crossentropy", metrics=["accuracy"])
        start = time.perf_counter()
        model.fit(x, y, batch_size=BATCH, epochs=epochs, seed=seed, verbose=verbose)
        return model, time.perf_counter() - start

    run(1, told.x[: 2 * BATCH], told.y[: 2 * BATCH], 0)
    model, seconds = run(EPOCHS, told.x, told.y, 1)
    return model.evaluate(told.held_x, told.held_y, verbose=0)[1], seconds


def keras(told: Task, seed: int) -> tuple[float, float]:
    """Give the same of Keras, on the backend that KERAS_BACKEND names."""
    import keras as lab

    def run(epochs: int, x: np.ndarray, y: np.ndarray, verbose: int) -> tuple[Any, float]:
        lab.utils.set_random_seed(seed)
        model = build(lab.layers, lab.Sequential, told.rows)
        model.compile(lab.optimizers.Adam(RATE), "binary_crossentropy", metrics=["accuracy"])
        start = time.perf_counter()
        model.fit(x, y, batch_size=BATCH, epochs=epochs, verbose=verbose)
        return model, time.perf_counter() - start

    run(1, told.x[: 2 * BATCH], told.y[: 2 * BATCH], 0)
    model, seconds = run(EPOCHS, told.x, told.y, 2)
    return float(model.evaluate(told.held_x, told.held_y, verbose=0)[1]), seconds


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.classifier", description=__doc__,
                                     formatter_class=argparse.RawTextHelpFormatter)  # fmt: skip
    parser.add_argument("--peer", choices=["keras"], help="train the same model there too")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    told = task(options.seed)
    print(f"{len(told.y):,} sentences to learn from, {len(told.held_y):,} held out, "
          f"{told.rows:,} rows of {WIDTH} numbers")  # fmt: skip
    runs = [("embedlab", *ours(told, options.seed))]
    if options.peer:
        runs.append((f"{options.peer}", *keras(told, options.seed)))
    most = max(float(told.held_y.mean()), 1 - float(told.held_y.mean()))
    noise = (0.25 / len(told.held_y)) ** 0.5
    print(f"\naccuracy on held-out sentences (give or take {2 * noise:.1%} by chance at most)")
    print(f"  {'always the more frequent answer':<34}{most:>7.1%}")
    print(f"  {'naive Bayes on the same words':<34}{word_counts(told):>7.1%}")
    for name, score, seconds in runs:
        print(f"  {name:<34}{score:>7.1%}   {seconds:5.1f} s for {EPOCHS} epochs")
    return 0 if runs[0][1] > most else 1


if __name__ == "__main__":
    sys.exit(main())

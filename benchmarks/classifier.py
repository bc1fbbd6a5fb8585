"""A whole text classifier on real text: from the language reference, or from a docstring?

python -m benchmarks.classifier                what embedlab scores, and how long it takes
python -m benchmarks.classifier --peer keras   the same model in Keras beside it

The sentences are those of the Python reference and of the standard library's docstrings on this
machine, so figures differ a little from one version of Python to the next.
"""

import argparse
import random
import statistics
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
    """Sentences as ids (S, LENGTH), and 1.0 for those of the reference; words are learned ones."""

    x: np.ndarray
    y: np.ndarray
    held_x: np.ndarray
    held_y: np.ndarray
    rows: int


def task(seed: int) -> Task:
    """Return the sentences, as many of either kind, every one once; a fifth is held out.

    The vocabulary comes from the training part alone; what the held-out part adds is unknown.
    """
    kinds = [
        set(corpus.sentences) for corpus in (standard_library(progress=True), python_reference())
    ]
    both = kinds[0] & kinds[1]
    rng = np.random.default_rng(seed)
    sides = [sorted(s for s in kind - both if len(s) >= LEAST) for kind in kinds]
    count = min(map(len, sides))
    samples = [[side[n] for n in rng.permutation(len(side))[:count]] for side in sides]
    pairs = [(s, label) for label, side in enumerate(samples) for s in side]
    pairs = [pairs[n] for n in rng.permutation(len(pairs))]
    count_train = len(pairs) * 4 // 5
    words = Vocabulary.from_tokens((w for s, _ in pairs[:count_train] for w in s), at_least=2)
    x = words.pad([words.encode(s[:LENGTH]) for s, _ in pairs], LENGTH)
    y = np.array([[label] for _, label in pairs], np.float32)
    return Task(x[:count_train], y[:count_train], x[count_train:], y[count_train:], len(words))


def word_counts(data: Task) -> float:
    """Return the accuracy of naive Bayes: each word votes by how often either side used it."""
    votes = np.zeros(data.rows)
    for label, sign in ((1, 1), (0, -1)):
        used = Counter(data.x[data.y[:, 0] == label].ravel().tolist())
        counts = np.array([used[n] + 1.0 for n in range(data.rows)])
        votes += sign * np.log(counts / counts.sum())
    votes[0] = 0  # padding has no vote
    return float(((votes[data.held_x].sum(axis=1) > 0) == data.held_y[:, 0]).mean())


def build(layers: Any, sequential: Any, rows: int) -> Any:
    """Return the model in the words that both libraries know."""
    return sequential(
        [
            layers.Input((LENGTH,), dtype="int32"),
            layers.Embedding(rows, WIDTH, mask_zero=True),
            layers.GlobalAveragePooling1D(),
            layers.Dense(HIDDEN, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


def ours(data: Task, seed: int) -> tuple[float, list[float]]:
    """Train once: give the held-out accuracy, and the seconds of each epoch."""
    from embedlab import layers
    from embedlab.models import Sequential
    from embedlab.optimizers import Adam

    random.seed(seed)  # where initializers draw their seeds from
    model = build(layers, Sequential, data.rows)
    model.compile(Adam(RATE), "binary_crossentropy", metrics=["accuracy"])
    seconds = epochs(model, data, seed=seed, verbose=1)
    return model.evaluate(data.held_x, data.held_y, verbose=0)[1], seconds


def keras(data: Task, seed: int) -> tuple[float, list[float]]:
    """Return the same of Keras, on the backend that KERAS_BACKEND names."""
    import keras as lab

    lab.utils.set_random_seed(seed)
    model = build(lab.layers, lab.Sequential, data.rows)
    model.compile(lab.optimizers.Adam(RATE), "binary_crossentropy", metrics=["accuracy"])
    seconds = epochs(model, data, verbose=0)
    return float(model.evaluate(data.held_x, data.held_y, verbose=0)[1]), seconds


def epochs(model: Any, data: Task, **options: Any) -> list[float]:
    """Train epoch by epoch, and give the seconds of each; the first one compiles."""
    seconds = []
    for epoch in range(EPOCHS):
        if "seed" in options:
            options["seed"] += epoch  # another order of the sentences
        start = time.perf_counter()
        model.fit(data.x, data.y, batch_size=BATCH, epochs=1, **options)
        seconds.append(time.perf_counter() - start)
    return seconds


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.classifier",
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("--peer", choices=["keras"], help="train the same model there too")
    parser.add_argument("--seed", type=int, default=7, help="for the choice of sentences")
    parser.add_argument("--starts", type=int, default=3, help="models trained on each side")
    options = parser.parse_args()
    data = task(options.seed)
    print(
        f"{len(data.y):,} sentences to learn from, {len(data.held_y):,} held out, "
        f"{data.rows:,} rows of {WIDTH} numbers"
    )
    sides = [("embedlab", ours)] + ([("keras", keras)] if options.peer else [])
    seeds = range(options.seed, options.seed + options.starts)
    runs = [(name, [side(data, seed) for seed in seeds]) for name, side in sides]
    most = max(float(data.held_y.mean()), 1 - float(data.held_y.mean()))
    noise = (0.25 / len(data.held_y)) ** 0.5
    print(f"\naccuracy on held-out sentences (give or take {2 * noise:.1%} by chance at most)")
    print(f"  {'always the more frequent answer':<34}{most:>7.1%}")
    print(f"  {'naive Bayes on the same words':<34}{word_counts(data):>7.1%}")
    means = []
    for name, results in runs:
        scores = [score for score, _ in results]
        means.append(statistics.mean(scores))
        each = statistics.median(s for _, seconds in results for s in seconds[1:])
        first = results[0][1][0]
        span = f"{min(scores):.1%} to {max(scores):.1%} in {len(results)} starts"
        print(f"  {name:<34}{means[-1]:>7.1%}   {span}; {each:.2f} s an epoch, first {first:.2f} s")
    return 0 if means[0] > most else 1


if __name__ == "__main__":
    sys.exit(main())

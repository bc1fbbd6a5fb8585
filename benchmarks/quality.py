"""Are the word vectors as good as gensim's? The same text, settings and measures for both.

Two texts: the Python reference with the standard library's docstrings, a tenth of the sentences
held out; and the made-up language, whose true neighbors are known. Every measure looks at the
word vectors alone, so that neither tool's own view of its training matters.
"""

import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.race import environment
from benchmarks.vectors import SETTINGS
from embedlab.data import python_reference, standard_library, toy_corpus
from embedlab.data.toy_language import CLASSES, true_neighbors

SIDES = ("embedlab", "gensim")
SEEDS = (1, 2, 3, 4, 5)
DIMS = (64, 100)
RIVALS = 200


def reference() -> dict[str, Any]:
    """Return the real text: words that come five times or more, every tenth sentence held out."""
    corpus = python_reference() + standard_library()
    sentences = list(dict.fromkeys(corpus.sentences))  # some sections come twice
    train, held_out_sentences = [], []
    for n, sentence in enumerate(sentences):
        (held_out_sentences if n % 10 == 7 else train).append(sentence)
    counts: dict[str, int] = {}
    for word in (word for sentence in train for word in sentence):
        counts[word] = counts.get(word, 0) + 1
    words = sorted((w for w in counts if counts[w] >= 5), key=lambda w: (-counts[w], w))
    return {
        "words": words,
        "rate": 0.025,
        **_numbered(train, words, ""),
        **_numbered(held_out_sentences, words, "held_"),
    }


def language() -> dict[str, Any]:
    """Return the made-up text, 2 000 sentences: few words, so a higher rate."""
    corpus = toy_corpus(2_000, seed=0)
    words = sorted(set(corpus.tokens))
    return {"words": words, "rate": 0.05, **_numbered(corpus.sentences, words, "")}


def _numbered(sentences: Any, words: list[str], prefix: str) -> dict[str, Any]:
    number = {word: n for n, word in enumerate(words)}
    rows = [[number[w] for w in sentence if w in number] for sentence in sentences]
    rows = [row for row in rows if row]
    starts = np.cumsum([0, *map(len, rows)])[:-1]
    return {f"{prefix}ids": np.array([n for row in rows for n in row]), f"{prefix}starts": starts}


def train(text: dict[str, Any], side: str, dim: int, seed: int, epochs: int) -> tuple:
    """Train in a process of its own; give the vectors as unit rows, and words per second."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "in.npz"), Path(folder, "out.npz")
        initial = {
            "rows": len(text["words"]),
            "dim": dim,
            "seed": seed,
            "rate": text["rate"],
            **SETTINGS,
            "epochs": epochs,
        }
        np.savez(source, ids=text["ids"], starts=text["starts"], **initial)
        subprocess.run(
            [sys.executable, "-m", "benchmarks.vectors", side, source, target],
            check=True,
            env=environment(side),
        )
        with np.load(target) as file:
            table, seconds = file["table"], float(file["seconds"])
    length = np.linalg.norm(table, axis=1, keepdims=True)
    return table / np.maximum(length, 1e-12), epochs * len(text["ids"]) / seconds


def validation(unit: np.ndarray, text: dict[str, Any], rivals: str) -> float:
    """Guess held-out words: how often the true one is nearer to its neighbors than a rival is.

    The neighbors' unit vectors are averaged, after what all words have in common is taken off
    (rare words lie close to everything otherwise). Rivals are drawn evenly, or as words come. 0.5
    is chance, 1 is perfect (this is the area under the ROC curve).
    """
    unit = unit - unit.mean(axis=0)
    unit /= np.maximum(np.linalg.norm(unit, axis=1, keepdims=True), 1e-12)
    rng = np.random.default_rng(0)
    ids, starts = text["held_ids"], text["held_starts"]
    counts = np.bincount(text["ids"], minlength=len(unit))
    share = None if rivals == "even" else counts / counts.sum()
    negatives = rng.choice(len(unit), size=(len(ids), RIVALS), p=share)
    ends = np.append(starts[1:], len(ids))
    error_rates = []
    for first, last in zip(starts, ends, strict=True):
        for at in range(first, last):
            near = np.r_[ids[max(first, at - 5) : at], ids[at + 1 : min(last, at + 6)]]
            if near.size < 4:
                continue
            center = unit[near].mean(axis=0)
            true, scores = unit[ids[at]] @ center, unit[negatives[at]] @ center
            wrong = negatives[at] != ids[at]
            error_rates.append(((scores < true) & wrong).sum() / max(wrong.sum(), 1))
    return float(np.mean(error_rates))


def precision(unit: np.ndarray, text: dict[str, Any]) -> float:
    """Return the share of true neighbors among a word's k nearest, k being how many it has."""
    words = text["words"]
    cosine = unit @ unit.T
    np.fill_diagonal(cosine, -2)
    precisions = []
    for n, word in enumerate(words):
        true = true_neighbors(word)
        if true:
            near = np.argsort(-cosine[n])[: len(true)]
            precisions.append(np.mean([words[m] in true for m in near]))
    return float(np.mean(precisions))


def odd_one_out(unit: np.ndarray, text: dict[str, Any]) -> float:
    """Return how often the stranger among three words of a class is the one farthest from the mean.

    Every class of two or more words (two of them, or three) with every word of another class.
    """
    number = {word: n for n, word in enumerate(text["words"])}
    right = []
    for name, members in CLASSES.items():
        if len(members) < 2:
            continue
        for other, strangers in CLASSES.items():
            for stranger in strangers if other != name else ():
                rows = unit[[number[w] for w in (*members[:3], stranger)]]
                right.append(int(np.argmin(rows @ rows.mean(axis=0))) == len(rows) - 1)
    return float(np.mean(right))


def overlap(one: np.ndarray, two: np.ndarray, count: int = 10, words: int = 1000) -> float:
    """Return the share of the ten nearest that two trainings agree on, for the commonest words."""
    near = []
    for unit in (one, two):
        cosine = unit[:words] @ unit.T
        cosine[np.arange(len(cosine)), np.arange(len(cosine))] = -2
        near.append(np.argpartition(-cosine, count, axis=1)[:, :count])
    return float(np.mean([len(set(a) & set(b)) / count for a, b in zip(*near, strict=True)]))


def quality(seeds: tuple[int, ...] = SEEDS, dims: tuple[int, ...] = DIMS) -> list[dict[str, Any]]:
    """Train both, seed by seed in turns; print a table of means and spreads, and give it."""
    real, toy = reference(), language()
    rows: list[dict[str, Any]] = []
    print(
        f"\n{len(real['ids']):,} words, {len(real['words']):,} different; "
        f"{len(real['held_ids']):,} held out; seeds {len(seeds)}"
    )
    print("\n| D | measure | embedlab | gensim | difference / noise |\n|--:|---|--:|--:|--:|")
    for dim in dims:
        results: dict[tuple[str, str], list[float]] = {}
        vectors: dict[str, list[np.ndarray]] = {side: [] for side in SIDES}
        for seed in seeds:
            for side in SIDES:
                unit, speed = train(real, side, dim, seed, SETTINGS["epochs"])
                vectors[side].append(unit)
                note(
                    results,
                    side,
                    {
                        "held-out word against even rivals": validation(unit, real, "even"),
                        "held-out word against common rivals": validation(unit, real, "common"),
                        "thousand words a second": speed / 1000,
                    },
                )
                unit, _ = train(toy, side, dim, seed, 10)
                note(
                    results,
                    side,
                    {
                        "made-up: precision at k": precision(unit, toy),
                        "made-up: odd one out": odd_one_out(unit, toy),
                    },
                )
        for side in SIDES:  # as alike as two of gensim's own trainings are?
            for i, one in enumerate(vectors[side]):
                peer_runs = [two for j, two in enumerate(vectors["gensim"]) if i != j]
                same = statistics.mean(overlap(one, two) for two in peer_runs)
                note(results, side, {"ten nearest as other gensim runs": same})
        rows += report(dim, results)
    return rows


def note(results: dict, side: str, values: dict[str, float]) -> None:
    for measure, value in values.items():
        results.setdefault((measure, side), []).append(value)


def report(dim: int, results: dict[tuple[str, str], list[float]]) -> list[dict[str, Any]]:
    rows = []
    for measure in dict.fromkeys(name for name, _ in results):
        ours, peer = (results[measure, side] for side in SIDES)
        spread = [statistics.stdev(x) if len(x) > 1 else 0.0 for x in (ours, peer)]
        mean = [statistics.mean(x) for x in (ours, peer)]
        noise = (spread[0] ** 2 / len(ours) + spread[1] ** 2 / len(peer)) ** 0.5
        rows.append(
            {
                "dim": dim,
                "measure": measure,
                "mean": dict(zip(SIDES, mean, strict=True)),
                "spread": dict(zip(SIDES, spread, strict=True)),
                "z": (mean[0] - mean[1]) / noise if noise else None,
            }
        )
        cells = " | ".join(f"{m:.4g} ± {s:.2g}" for m, s in zip(mean, spread, strict=True))
        z = f"{rows[-1]['z']:+.1f}" if noise else ""
        print(f"| {dim} | {measure} | {cells} | {z} |", flush=True)
    return rows

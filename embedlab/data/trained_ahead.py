"""Word vectors that were trained ahead, for a Python that compiles nothing: there it takes hours.

`python notebooks/train_ahead.py` trains them as the lessons do, and writes the file. It stays below
200 kB: each row is rounded to 63 levels, and 9.6 of ten neighbors of a word are the same as before.
"""

import importlib.resources
from pathlib import Path

import numpy as np

__all__ = ["FILE", "LEVELS", "read_trained_ahead", "round_rows", "write_trained_ahead"]

FILE = "trained_ahead.npz"
LEVELS = 31
"""Levels on each side of zero."""


def read_trained_ahead(corpus: str, seed: int) -> tuple[tuple[str, ...], np.ndarray]:
    """Return words and their vectors, float32 (V, D).

    Parameters
    ----------
    corpus : str
        "reference", with the seeds 1 and 2, or "library" (both texts of lesson 10), with seed 1.
    seed : int

    Examples
    --------
    >>> words, table = read_trained_ahead("library", 1)
    >>> table.shape == (len(words), 64), "sorted" in words
    (True, True)
    """
    source = importlib.resources.files("embedlab.data").joinpath(FILE)
    with source.open("rb") as file, np.load(file) as arrays:
        words = arrays[f"{corpus} words"].tobytes().decode().split("\n")
        codes, steps = arrays[f"{corpus} {seed} codes"], arrays[f"{corpus} {seed} steps"]
    return tuple(words), codes * steps.astype(np.float32)


def round_rows(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return integer codes, int8 (V, D), and the step of each row, float16 (V, 1).

    Examples
    --------
    >>> codes, steps = round_rows(np.array([[31.0, -15.4, 0.6]]))
    >>> codes.tolist(), steps.tolist()
    ([[31, -15, 1]], [[1.0]])
    """
    steps = (np.abs(table).max(axis=1, keepdims=True) / LEVELS).astype(np.float16)
    return np.rint(table / steps.astype(np.float32)).astype(np.int8), steps


def write_trained_ahead(
    path: Path, tables: dict[str, tuple[tuple[str, ...], dict[int, np.ndarray]]]
) -> None:
    """Write for each corpus its words, and the vectors that each seed gave."""
    arrays = {}
    for corpus, (words, by_seed) in tables.items():
        arrays[f"{corpus} words"] = np.frombuffer("\n".join(words).encode(), np.uint8)
        for seed, table in by_seed.items():
            codes, steps = round_rows(table)
            arrays |= {f"{corpus} {seed} codes": codes, f"{corpus} {seed} steps": steps}
    np.savez_compressed(path, **arrays)  # type: ignore[arg-type]

"""Train the vectors of the lessons ahead: `python notebooks/train_ahead.py`, a minute at most.

They serve where nothing compiles the training, as in a browser: `embedlab.data.trained_ahead`.
"""

from pathlib import Path

from embedlab.core.jit import COMPILED
from embedlab.data import python_reference, standard_library
from embedlab.data.trained_ahead import FILE, write_trained_ahead
from embedlab.traces.geometry import WordVectors, reference_vectors, train_vectors

PATH = Path(__file__).resolve().parents[1] / "embedlab" / "data" / FILE


def library_vectors() -> WordVectors:
    """Return the vectors of lesson 10."""
    corpus = python_reference() + standard_library(progress=True)
    return train_vectors(corpus, seed=1, min_count=20, epochs=20, rate=0.05)


def main() -> None:
    """Train, and write."""
    if not COMPILED:
        raise SystemExit("Training must be compiled. Received no compiler. Install numba.")
    one, two, library = reference_vectors(1), reference_vectors(2), library_vectors()
    tables = {
        "reference": (one.words, {1: one.table, 2: two.table}),
        "library": (library.words, {1: library.table}),
    }
    write_trained_ahead(PATH, tables)
    print(f"{FILE}: {PATH.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()

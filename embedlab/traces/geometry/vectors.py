"""Word vectors trained on the Python language reference or another corpus."""

import warnings
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from embedlab.core.checks import message
from embedlab.core.jit import COMPILED
from embedlab.core.skipgram import train_skipgram
from embedlab.data.bundled import python_reference
from embedlab.data.corpus import Corpus
from embedlab.data.trained_ahead import read_trained_ahead
from embedlab.data.vectors import Vectors, sentence_model
from embedlab.traces.readonly import readonly_copy

__all__ = ["WordVectors", "example_vectors", "reference_vectors", "train_vectors", "trained_ahead"]

MIN_COUNT, LENGTH, EPOCHS, RATE = 2, 64, 15, 0.08
"""Smallest word count, vector length, epochs and learning rate for a text of any size."""

REFERENCE_MIN_COUNT, REFERENCE_EPOCHS, REFERENCE_RATE = 8, 30, 0.06
"""For the Python reference: rarer words have random neighbors. Training takes about a second."""


@dataclass(frozen=True, repr=False)
class WordVectors:
    """Words and their vectors, the most frequent first.

    Attributes
    ----------
    name : str
        The name of the corpus.
    words : tuple of str, V
    table : ndarray of float32, (V, D), read-only
    """

    name: str
    words: tuple[str, ...]
    table: np.ndarray

    def __repr__(self) -> str:
        rows, width = self.table.shape
        return f"WordVectors({self.name!r}: {rows} words of {width} numbers)"


def train_vectors(
    corpus: Corpus,
    *,
    seed: int = 1,
    min_count: int = MIN_COUNT,
    epochs: int = EPOCHS,
    rate: float = RATE,
) -> WordVectors:
    """Train word vectors on a corpus with the core's skip-gram, in one thread.

    Parameters
    ----------
    corpus : embedlab.data.Corpus
        At least a few thousand words; shorter texts give no meaningful vectors.
    seed : int
        Seed of the initial vectors.
    min_count : int
        Words that occur less often are left out.
    epochs : int
    rate : float
        The learning rate at the beginning.

    Returns
    -------
    WordVectors
        The vectors of all words that occur at least `min_count` times, (V, 64).

    Raises
    ------
    ValueError
        When no word occurs so often.

    Examples
    --------
    >>> text = "the cat sat on the mat the dog sat on the mat " * 5
    >>> train_vectors(Corpus.from_text("a cat", text))
    WordVectors('a cat': 6 words of 64 numbers)
    """
    vocabulary = corpus.vocabulary(at_least=min_count)
    words = vocabulary.words[2:]  # without padding and unknown
    if not words:
        raise ValueError(
            f"a training corpus must have words that occur {min_count} times. Received {corpus!r}. "
            "Take a longer text."
        )
    run = train_skipgram(
        corpus.ids(vocabulary),
        vocabulary.size,
        LENGTH,
        starts=corpus.starts,
        epochs=epochs,
        rate=rate,
        seed=seed,
    )
    return WordVectors(corpus.name, tuple(words), readonly_copy(run.table[2:]))


@lru_cache(maxsize=2)
def reference_vectors(seed: int = 1) -> WordVectors:
    """Return word vectors of the Python language reference, trained once in each process.

    Where nothing compiles the training (`embedlab.core.jit.COMPILED`), those of the seeds 1 and 2
    were trained ahead, as their name and a warning say.

    Raises
    ------
    MissingTextError
        When Python was installed without its reference.

    Examples
    --------
    >>> vectors = reference_vectors()
    >>> vectors.table.shape[1], "tuple" in vectors.words, vectors is reference_vectors()
    (64, True, True)
    """
    if not COMPILED and seed in (1, 2):
        return trained_ahead("reference", seed)
    return train_vectors(
        python_reference(),
        seed=seed,
        min_count=REFERENCE_MIN_COUNT,
        epochs=REFERENCE_EPOCHS,
        rate=REFERENCE_RATE,
    )


def trained_ahead(corpus: str, seed: int = 1) -> WordVectors:
    """Return vectors that were trained before embedlab was packed, with a warning that says so.

    Parameters
    ----------
    corpus : str
        "reference" for those of `reference_vectors`, or "library" for those of lesson 10.
    seed : int
        1; of the reference 2 as well.
    """
    names = {"reference": "Python reference", "library": "Python reference + standard library"}
    warnings.warn(
        message(
            "training must be compiled to take seconds",
            f"no compiler, so vectors that were trained ahead (seed {seed}, rounded to 6 bits)",
            "Install numba to train them here",
        ),
        RuntimeWarning,
        stacklevel=2,
    )
    words, table = read_trained_ahead(corpus, seed)
    return WordVectors(f"{names[corpus]}, ahead", words, readonly_copy(table))


def example_vectors() -> Vectors:
    """Return real vectors to try things on, without a network.

    The token table of a sentence model where one is installed (see
    `embedlab.data.vectors.sentence_model`), else the vectors of `reference_vectors`.

    Raises
    ------
    embedlab.data.docstrings.MissingTextError
        When there is no model, and Python was installed without its reference.

    Examples
    --------
    >>> example_vectors().shape[1] in (64, 384)
    True
    """
    model = sentence_model()
    if model is not None:
        return model
    trained = reference_vectors()
    return Vectors(trained.words, trained.table, trained.name)

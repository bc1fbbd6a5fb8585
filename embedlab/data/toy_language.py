"""A made-up language of 45 words whose meanings are known, because a grammar defines them.

Two words mean the same here when one can take the other's place in every sentence: that is the
idea that word vectors rest on, and here it holds exactly. Everything is the same on every Python.
"""

import random
import re
from collections.abc import Callable, Iterable

import numpy as np

from embedlab.core.checks import check_size, short_repr
from embedlab.data.corpus import Corpus

__all__ = [
    "BASE_WORDS",
    "CLASSES",
    "KINDS",
    "WORDS",
    "is_sentence",
    "toy_corpus",
    "true_neighbors",
    "true_similarity",
]

CLASSES = {
    "article": ("the", "a"),
    "animal": ("cat", "dog", "mouse", "horse"),
    "person": ("girl", "boy", "king", "queen"),
    "light": ("sun", "moon", "star"),
    "food": ("bread", "soup", "cake"),
    "vessel": ("cup", "bowl"),
    "seat": ("mat", "log", "bed"),
    "place": ("garden", "forest", "house"),
    "size": ("big", "small"),
    "color": ("red", "blue"),
    "rests": ("sat", "slept", "stood"),
    "runs": ("ran", "jumped"),
    "walks": ("walked", "danced"),
    "eats": ("ate", "found"),
    "cooks": ("cooked", "made"),
    "shines": ("shone", "glowed"),
    "on": ("on",),
    "into": ("in", "to"),
    "of": ("of",),
}
"""Which words can always take each other's place."""

KINDS = {
    "noun": ("animal", "person", "light", "food", "vessel", "seat", "place"),
    "adjective": ("size", "color"),
    "verb": ("rests", "runs", "walks", "eats", "cooks", "shines"),
    "preposition": ("on", "into", "of"),
    "article": ("article",),
}
"""Which classes are of one kind."""

WORDS = tuple(word for words in CLASSES.values() for word in words)
"""All words, class by class."""

BASE_WORDS = ("the", "a", "on", "dog", "cat", "in", "of", "ran", "sat")
"""The words a view knows before the learner types: all are words of the made-up language."""

# A slot is a class, a choice of classes (a|b), or one that may be left out (?).
_PATTERNS = tuple(
    pattern.split()
    for pattern in (
        "article size? animal|person rests on article color? seat",
        "article size? animal runs into article place",
        "article size? person walks into article place",
        "article size? animal|person eats article color? vessel of food",
        "article size? person cooks food",
        "article light shines on article place",
    )
)
_CLASS_OF = {word: name for name, words in CLASSES.items() for word in words}
_KIND_OF = {name: kind for kind, names in KINDS.items() for name in names}


def toy_corpus(sentences: int = 2000, seed: int = 0) -> Corpus:
    """Return a corpus of random sentences of the made-up language.

    Parameters
    ----------
    sentences : int
        S.
    seed : int

    Returns
    -------
    Corpus
        About 6 words a sentence. More sentences begin with the fewer ones.

    Raises
    ------
    ValueError
        For a number that is not whole or below 0.

    Examples
    --------
    >>> " ".join(toy_corpus(3, seed=1).sentences[0])
    'a big horse slept on a mat'
    """
    count = check_size(sentences, "sentences", least=0)
    # Python promises that random() gives the same numbers in every version; choice() may change.
    draw = random.Random(check_size(seed, "seed", least=0)).random
    drawn_sentences = [
        _sentence(_PATTERNS[int(draw() * len(_PATTERNS))], draw) for _ in range(count)
    ]
    return Corpus.from_sentences("made-up", drawn_sentences)


def is_sentence(words: Iterable[str]) -> bool:
    """Return whether `words` form a sentence of the made-up language.

    >>> is_sentence("the cat sat on the mat".split())
    True
    >>> is_sentence("the mat sat on the cat".split())
    False
    """
    names = "".join(f"{_CLASS_OF.get(word, '?')} " for word in words)
    return any(re.fullmatch(expression, names) for expression in _EXPRESSIONS)


def true_neighbors(word: str) -> tuple[str, ...]:
    """Return the words that can take the place of `word` in every sentence.

    Returns
    -------
    tuple of str
        Sorted; empty for "on" and "of", which are alone.

    Raises
    ------
    ValueError
        For a word of another language.

    Examples
    --------
    >>> true_neighbors("cat")
    ('dog', 'horse', 'mouse')
    """
    if word not in _CLASS_OF:
        raise ValueError(
            f"word must be one of the {len(WORDS)} of the made-up language. Received "
            f"{short_repr(word)}. See embedlab.data.toy_language.WORDS."
        )
    return tuple(sorted(other for other in CLASSES[_CLASS_OF[word]] if other != word))


def true_similarity() -> tuple[tuple[str, ...], np.ndarray]:
    """Return how alike any two words are, by the grammar alone.

    Returns
    -------
    words : tuple of str, (V,)
        `WORDS`, class by class.
    matrix : ndarray of float64, (V, V)
        1 for words of one class (they can always change places), 0.5 for words of one kind (two
        nouns: sometimes, or never), 0 else. Symmetric.

    Examples
    --------
    >>> words, matrix = true_similarity()
    >>> cat, dog, moon, ran = (words.index(word) for word in ("cat", "dog", "moon", "ran"))
    >>> matrix[cat, [cat, dog, moon, ran]].tolist()
    [1.0, 1.0, 0.5, 0.0]
    """
    classes = np.array([_CLASS_OF[word] for word in WORDS])
    kinds = np.array([_KIND_OF[name] for name in classes.tolist()])
    same_class = classes[:, None] == classes  # (V, V)
    same_kind = kinds[:, None] == kinds
    return WORDS, (1.0 * same_class + same_kind) / 2


def _sentence(pattern: list[str], draw: Callable[[], float]) -> list[str]:
    words = []
    for slot in pattern:
        if slot.endswith("?") and draw() < 0.5:
            continue
        choice = [word for name in slot.rstrip("?").split("|") for word in CLASSES[name]]
        words.append(choice[int(draw() * len(choice))])
    return words


def _expression(pattern: list[str]) -> str:
    """Return a pattern as a regular expression over names of classes."""
    slots = (f"(?:(?:{slot.rstrip('?')}) )" + "?" * slot.endswith("?") for slot in pattern)
    return "".join(slots)


_EXPRESSIONS = [_expression(pattern) for pattern in _PATTERNS]

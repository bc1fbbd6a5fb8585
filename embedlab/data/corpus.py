"""A corpus: the words of a text in order, and where each sentence begins."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, chain, pairwise

import numpy as np

from embedlab.core.checks import short_repr
from embedlab.data.text import split_sentences, tokenize
from embedlab.data.vocabulary import Vocabulary

__all__ = ["Corpus"]


@dataclass(frozen=True, repr=False, eq=False)
class Corpus:
    """The words of a text; made by `from_text`, `from_sentences` or a function of this package.

    Attributes
    ----------
    name : str
    tokens : tuple of str, (N,)
        All words in order.
    starts : ndarray of int64, (S + 1,), read-only
        Sentence s is ``tokens[starts[s]:starts[s + 1]]``.
    punctuation : bool
        Whether punctuation was kept; the vocabulary will do the same.

    Examples
    --------
    >>> corpus = Corpus.from_text("two lines", "The cat sat. The dog ran.")
    >>> corpus
    Corpus('two lines': 6 words, 5 different, 2 sentences)
    >>> corpus.sentences
    (('the', 'cat', 'sat'), ('the', 'dog', 'ran'))
    >>> corpus.ids().tolist()
    [2, 3, 6, 2, 4, 5]
    """

    name: str
    tokens: tuple[str, ...]
    starts: np.ndarray
    punctuation: bool = False

    @classmethod
    def from_text(cls, name: str, text: str, *, punctuation: bool = False) -> "Corpus":
        """Cut `text` into sentences (`split_sentences`) and words (`tokenize`).

        Raises
        ------
        TypeError
            Unless `text` is a str.

        Examples
        --------
        >>> Corpus.from_text("mine", "Hello, world!", punctuation=True).tokens
        ('hello', ',', 'world', '!')
        """
        sentences = (tokenize(part, punctuation=punctuation) for part in split_sentences(text))
        return cls.from_sentences(name, sentences, punctuation=punctuation)

    @classmethod
    def from_sentences(
        cls, name: str, sentences: Iterable[Iterable[str]], *, punctuation: bool = False
    ) -> "Corpus":
        """Join sentences that are cut into words already; empty ones are left out.

        Raises
        ------
        TypeError
            For a sentence that is one str.

        Examples
        --------
        >>> Corpus.from_sentences("mine", [["the", "cat"], [], ["sat"]]).starts.tolist()
        [0, 2, 3]
        """
        once: dict[str, str] = {}  # a word that comes again is the same str: half of the memory
        words = [
            tuple(once.setdefault(word, word) for word in _words(sentence))
            for sentence in sentences
        ]
        lengths = [len(sentence) for sentence in words if sentence]
        starts = np.fromiter(accumulate(lengths, initial=0), np.int64, len(lengths) + 1)
        starts.setflags(write=False)
        return cls(name, tuple(chain.from_iterable(words)), starts, punctuation)

    @cached_property
    def sentences(self) -> tuple[tuple[str, ...], ...]:
        """The words, sentence by sentence."""
        return tuple(self.tokens[a:b] for a, b in pairwise(self.starts.tolist()))

    def sentences_with(self, word: str) -> tuple[tuple[str, ...], ...]:
        """Return the sentences in which `word` stands, in order.

        >>> Corpus.from_text("mine", "The cat sat. The dog ran.").sentences_with("dog")
        (('the', 'dog', 'ran'),)
        """
        return tuple(sentence for sentence in self.sentences if word in sentence)

    def vocabulary(self, most: int | None = None, at_least: int = 1) -> Vocabulary:
        """Number the words, the commonest first: `Vocabulary.from_tokens`."""
        return Vocabulary.from_tokens(self.tokens, most, at_least, punctuation=self.punctuation)

    def ids(self, vocabulary: Vocabulary | None = None) -> np.ndarray:
        """Return the id of each word, int64 (N,), in `vocabulary` or in the corpus's own."""
        return (self.vocabulary() if vocabulary is None else vocabulary).encode(self.tokens)

    def __len__(self) -> int:
        return len(self.tokens)

    def __add__(self, other: "Corpus") -> "Corpus":
        if not isinstance(other, Corpus):
            return NotImplemented
        if self.punctuation != other.punctuation:
            raise ValueError(
                "both corpora must treat punctuation alike. Received one with and one without. "
                "Make both with the same punctuation=."
            )
        return Corpus.from_sentences(
            f"{self.name} + {other.name}",
            self.sentences + other.sentences,
            punctuation=self.punctuation,
        )

    def __repr__(self) -> str:
        return (
            f"Corpus({self.name!r}: {len(self.tokens)} words, {len(set(self.tokens))} different, "
            f"{len(self.starts) - 1} sentences)"
        )


def _words(sentence: Iterable[str]) -> Iterable[str]:
    if isinstance(sentence, str):
        raise TypeError(
            f"each sentence must be a list of words. Received the str {short_repr(sentence)}. "
            "Use Corpus.from_text for a text that is not cut yet."
        )
    return sentence

"""A vocabulary: which word has which id, and so which row of the table."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from embedlab.core.checks import check_size, short_repr
from embedlab.core.ids import as_ids, out_of_range_error
from embedlab.data.padding import pad_sequences
from embedlab.data.text import tokenize

__all__ = ["Vocabulary", "VocabularyError"]


class VocabularyError(ValueError):
    """Words or counts of which no vocabulary can be made.

    Attributes
    ----------
    words : tuple
        The first few offending words or counts (at most 16).
    """

    def __init__(self, message: str, words: Iterable[Any] = ()):
        super().__init__(message)
        self.words = tuple(words)[:16]


class Vocabulary:
    """Words and their ids: 0 is padding, 1 every unknown word, 2 the first of `words`.

    Parameters
    ----------
    words : iterable of str
        Each once; without the two special words.
    counts : iterable of int, optional
        How often each of `words` came; zeros if left away.
    pad, unknown : str
        How the words of id 0 and id 1 are written.
    punctuation : bool
        Whether `encode` and `tokens` keep punctuation as tokens.

    Attributes
    ----------
    words : tuple of str, length V
        The word of each id.
    counts : ndarray of int64, (V,), read-only

    Raises
    ------
    VocabularyError
        For a word that comes twice, is empty or no str; for counts that do not fit.

    Examples
    --------
    >>> vocabulary = Vocabulary(["the", "cat", "sat"])
    >>> vocabulary.encode("The cat purred").tolist()
    [2, 3, 1]
    >>> vocabulary.decode([2, 3, 1])
    ['the', 'cat', '<unk>']
    >>> vocabulary.input_dim
    5
    """

    pad_id = 0
    unknown_id = 1

    def __init__(
        self,
        words: Iterable[str],
        counts: Iterable[int] | None = None,
        *,
        pad: str = "<pad>",
        unknown: str = "<unk>",
        punctuation: bool = True,
    ):
        self.words = (*_check_words([pad, unknown]), *_check_words(words))
        self._index = {word: n for n, word in enumerate(self.words)}
        if len(self._index) < len(self.words):
            twice = [word for word, count in Counter(self.words).items() if count > 1]
            raise VocabularyError(
                f"each word must come once, and {pad!r} and {unknown!r} not at all. Received "
                f"{short_repr(twice[0])} twice. Use Vocabulary.from_tokens to count words.",
                twice,
            )
        self.counts = _check_counts(counts, len(self.words) - 2)
        self.punctuation = punctuation

    @classmethod
    def from_tokens(
        cls, tokens: Iterable[str], most: int | None = None, at_least: int = 1, **options: Any
    ) -> "Vocabulary":
        """Count `tokens` and number their words: the commonest first, ties by the alphabet.

        Parameters
        ----------
        tokens : iterable of str
        most : int, optional
            Keep so many words (and the two special ones besides).
        at_least : int
            Keep words that come so often.
        **options
            As the constructor: `pad`, `unknown`, `punctuation`.

        Returns
        -------
        Vocabulary
            The count of the unknown word is the number of tokens that were not kept.

        Raises
        ------
        TypeError
            For a text that is not cut into tokens yet.

        Examples
        --------
        >>> vocabulary = Vocabulary.from_tokens("the cat and the dog".split(), most=2)
        >>> vocabulary.words
        ('<pad>', '<unk>', 'the', 'and')
        >>> vocabulary.counts.tolist()
        [0, 2, 2, 1]
        """
        if isinstance(tokens, (str, bytes)):
            raise TypeError(
                f"tokens must be a list of words. Received one {type(tokens).__name__}. "
                "Cut it first: tokenize(text)."
            )
        counted = Counter(tokens)
        frequent = {w: c for w, c in counted.items() if c >= check_size(at_least, "at_least")}
        for special in (options.get("pad", "<pad>"), options.get("unknown", "<unk>")):
            frequent.pop(special, None)
        limit = None if most is None else check_size(most, "most", least=0)
        words = sorted(_check_words(frequent), key=lambda word: (-frequent[word], word))[:limit]
        vocabulary = cls(words, [frequent[word] for word in words], **options)
        padding = counted[vocabulary.words[cls.pad_id]]
        special_counts = [padding, counted.total() - padding - int(vocabulary.counts.sum())]
        vocabulary.counts = _frozen(np.append(special_counts, vocabulary.counts[2:]))
        return vocabulary

    @property
    def size(self) -> int:
        """V, the number of words with the two special ones."""
        return len(self.words)

    input_dim = size

    def id(self, word: str) -> int:
        """Return the id of one word exactly as written, `unknown_id` if there is none.

        >>> Vocabulary(["cat"]).id("cat"), Vocabulary(["cat"]).id("unicorn")
        (2, 1)
        """
        return self._index.get(word, self.unknown_id)

    def tokens(self, text: str) -> list[str]:
        """Cut `text` as this vocabulary does: `tokenize` with its choice about punctuation."""
        return tokenize(text, punctuation=self.punctuation)

    def encode(self, text: str | Iterable[str]) -> np.ndarray:
        """Return the id of each word of a text, or of each of a list of tokens.

        Parameters
        ----------
        text : str or iterable of str
            A str is cut by `tokens`; tokens are taken as they are.

        Returns
        -------
        ndarray of int64, (N,)
            0 <= id < V; `unknown_id` for words not in the vocabulary.

        Raises
        ------
        TypeError
            For anything but words.

        Examples
        --------
        >>> Vocabulary(["the", "cat"]).encode(["cat", "<pad>"]).tolist()
        [3, 0]
        """
        tokens = self.tokens(text) if isinstance(text, str) else list(text)
        for token in tokens:
            if not isinstance(token, str):
                raise TypeError(
                    "encode takes a text or a list of words. "
                    f"Received {short_repr(token)} in the list. "
                    "Encode one sentence at a time; ids need no encoding."
                )
        get, unknown = self._index.get, self.unknown_id
        return np.fromiter((get(token, unknown) for token in tokens), np.int64, len(tokens))

    ids = encode

    def decode(self, ids: Any) -> Any:
        """Return the word of each id, as a list nested as `ids` is.

        Raises
        ------
        IdError
            For ids outside 0..V-1.

        Examples
        --------
        >>> Vocabulary(["the", "cat"]).decode([[2, 3], [3, 0]])
        [['the', 'cat'], ['cat', '<pad>']]
        """
        ids = self._check(ids)
        return (
            np.array(self.words, dtype=object)[ids].tolist() if ids.ndim else self.words[int(ids)]
        )

    def pad(
        self, sequences: Iterable[Any], length: int | None = None, side: str = "post"
    ) -> np.ndarray:
        """Stack sequences of different lengths into one array, filled up with `pad_id`:
        `pad_sequences`.

        Parameters
        ----------
        sequences : iterable of texts, lists of words, or lists of ids
        length : int, optional
            T; that of the longest if left away.
        side : {"post", "pre"}
            Where padding goes, and where too long a sequence is cut: at its end or its start.

        Returns
        -------
        ndarray of int64, (B, T)

        Raises
        ------
        IdError
            For ids outside 0..V-1.

        Examples
        --------
        >>> Vocabulary(["the", "cat", "sat"]).pad(["the cat sat", "cat"]).tolist()
        [[2, 3, 4], [3, 0, 0]]
        """
        texts = [sequences] if isinstance(sequences, str) else sequences
        return pad_sequences([self._row(text) for text in texts], length, side, self.pad_id)

    def _row(self, sequence: Any) -> np.ndarray:
        """Return one sequence as checked ids (T,)."""
        words = isinstance(sequence, str) or any(isinstance(item, str) for item in sequence)
        return self.encode(sequence) if words else self._check(sequence).reshape(-1)

    def _check(self, ids: Any) -> np.ndarray:
        ids = as_ids(ids)
        if ids.size and not 0 <= int(ids.min()) <= int(ids.max()) < self.size:
            raise out_of_range_error(ids, self.size)
        return ids

    def __len__(self) -> int:
        return self.size

    def __contains__(self, word: object) -> bool:
        return word in self._index

    def __iter__(self) -> Iterator[str]:
        return iter(self.words)

    def __repr__(self) -> str:
        preview = " ".join(self.words[:8]) + (" …" if self.size > 8 else "")
        return f"Vocabulary({self.size} words: {preview})"


def _check_words(words: Iterable[str]) -> list[str]:
    if isinstance(words, (str, bytes)):
        raise VocabularyError(
            f"words must be a list of words. Received one {type(words).__name__}. "
            "Cut it first: Vocabulary.from_tokens(tokenize(text)).",
            [words],
        )
    checked = list(words)
    wrong = [word for word in checked if not isinstance(word, str) or not word]
    if wrong:
        raise VocabularyError(
            f"each word must be a str of at least one character. Received {short_repr(wrong[0])} "
            f"at [{checked.index(wrong[0])}]. Leave it out, or write it as a word.",
            wrong,
        )
    return checked


def _check_counts(counts: Iterable[int] | None, words: int) -> np.ndarray:
    """Return `counts` with a zero for padding and one for unknown before them, (V,)."""
    numbers = as_ids([0] * words if counts is None else list(counts))
    if numbers.shape != (words,) or (numbers < 0).any():
        raise VocabularyError(
            f"counts must hold one number >= 0 for each of {words} words. Received shape "
            f"{numbers.shape}{', some below 0' if (numbers < 0).any() else ''}. "
            "Use Vocabulary.from_tokens to count.",
            numbers[numbers < 0].tolist(),
        )
    return _frozen(np.append(np.zeros(2, np.int64), numbers))


def _frozen(array: np.ndarray) -> np.ndarray:
    array = np.asarray(array, np.int64)
    array.setflags(write=False)
    return array

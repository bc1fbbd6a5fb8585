"""From text to words: one regular expression, and what Unicode asks of it."""

import re
import unicodedata

__all__ = ["split_sentences", "tokenize"]

_CONTROL = "\x00-\x1f\x7f-\x9f\ud800-\udfff"  # never a token
# Chinese characters are written without spaces: each is a word of its own, as in BERT.
_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_JOINERS = "\u200c\u200d"  # zero-width: they stand inside Persian and Hindi words and in emoji
_EMOJI_STYLE = "\ufe0f"  # asks for the colored picture of the sign before it
_SKIN_TONES = "\U0001f3fb-\U0001f3ff"  # color the person before them
_FLAG = "[\U0001f1e6-\U0001f1ff]{2}"  # two letters of a country
_TAGS = "\U000e0020-\U000e007f"  # spell the flag of a region
_REPLACE = {
    **dict.fromkeys("’ʼ＇", "'"),
    **dict.fromkeys("\u00ad\u200b\u2060\ufeff", ""),  # soft hyphen, spaces of no width
}
_SENTENCE_END = re.compile(r"(?<=[.!?؟])[\"')\]]*\s+|(?<=[。！？।॥])\s*|\n\s*\n")


def tokenize(text: str, *, punctuation: bool = True) -> list[str]:
    """Return the words of `text`, lower-cased, in order.

    Parameters
    ----------
    text : str
    punctuation : bool
        Whether marks such as ``.`` and ``+`` are tokens of their own, or left out.

    Returns
    -------
    list of str
        Words keep an apostrophe inside (``don't``), numbers their point (``3.14``). Underscores
        and hyphens separate: ``__init__`` gives ``init``, ``max_norm`` gives ``max``, ``norm``.
        The same on every Python, apart from characters newer than its Unicode tables.

    Raises
    ------
    TypeError
        Unless `text` is a str.

    Notes
    -----
    Letters of any script, with their accents and vowel signs, make a word; the two ways to write
    an accented letter become one (Unicode form NFC). A Chinese character is a word; other text
    without spaces (Thai, Japanese kana) stays in one piece, for it takes a dictionary to cut it.

    Examples
    --------
    >>> tokenize("The cat didn't sit; it slept.")
    ['the', 'cat', "didn't", 'sit', ';', 'it', 'slept', '.']
    >>> tokenize("object.__init__(self, 3.14)", punctuation=False)
    ['object', 'init', 'self', '3.14']
    """
    if not isinstance(text, str):
        raise TypeError(
            f"text must be a str. Received {type(text).__name__}. "
            "Decode bytes first, and join a list of words with ' '.join(words)."
        )
    text = text.lower()
    marks = _EMOJI_STYLE
    if not text.isascii():
        for old, new in _REPLACE.items():  # ten times as fast as str.translate
            text = text.replace(old, new)
        text = unicodedata.normalize("NFC", text)
        # Python's \w leaves out the signs that combine with a letter: add those that occur here.
        marks += "".join(sorted(c for c in set(text) if unicodedata.category(c)[0] == "M"))
    return _pattern(marks, punctuation).findall(text)


def split_sentences(text: str) -> list[str]:
    """Cut `text` after ``.``, ``!`` or ``?`` before a space, and at empty lines.

    The full stops of Chinese, Japanese and Hindi need no space, and ``؟`` asks in Arabic.

    Returns
    -------
    list of str
        Without the spaces around them; none is empty. An abbreviation ends a sentence too.

    Examples
    --------
    >>> split_sentences("It has 3.5 legs. Does it?\\n\\nA title")
    ['It has 3.5 legs.', 'Does it?', 'A title']
    >>> split_sentences("猫睡觉。狗跑！")
    ['猫睡觉。', '狗跑！']
    """
    return [part.strip() for part in _SENTENCE_END.split(text) if part.strip()]


def _pattern(marks: str, punctuation: bool) -> re.Pattern[str]:
    """Compile the expression; `re` itself remembers those already compiled."""
    letters = rf"[^\W_{_HAN}]"
    part = rf"{letters}+(?:[{marks}{_JOINERS}]+{letters}*)*"
    number = r"\d+(?:\.\d+)+"
    word = rf"{part}(?:'{part})*"
    tokens = [number, word, rf"[{_HAN}][{marks}]*"]
    if punctuation:
        symbol = rf"(?:{_FLAG}|[^\w\s{_CONTROL}{marks}{_JOINERS}])[{marks}{_SKIN_TONES}{_TAGS}]*"
        tokens.append(rf"{symbol}(?:\u200d{symbol})*")
    return re.compile("|".join(tokens))

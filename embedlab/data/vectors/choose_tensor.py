"""The tensor of a file that holds a table of word vectors."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from embedlab.storage.errors import FileRefused

__all__ = ["choose_name", "choose_tensor"]

LISTED = 12
EMBEDDING = re.compile(
    r"(^|[./])((word|token)_embeddings?|embed_tokens|tok_embeddings|wte)(\.weight)?$"
)
"""Names of the table of words in models of Transformers, in a state_dict or safetensors."""
KERAS_EMBEDDING = re.compile(r"(^|/)(embedding(_\d+)?/vars/0|embeddings(:0)?)$")
"""Names of the table of an Embedding in files of Keras."""


def choose_tensor(path: Path, shapes: Mapping[str, tuple[int, ...]], name: str | None) -> str:
    """Return the name of the table in a file: `name`, the only one, or one with a known name.

    >>> choose_tensor("m", {"wte.weight": (9, 2), "wpe.weight": (4, 2)}, None)
    'wte.weight'
    >>> choose_tensor("m", {"a": (9, 2), "b": (4, 2)}, None)
    Traceback (most recent call last):
    embedlab.storage.errors.FileRefused: m must hold one table, or one whose name is known. \
Received 2: 'a' (9, 2), 'b' (4, 2). Pass tensor=... with one of these names.
    """
    tables = {n: shape for n, shape in shapes.items() if len(shape) == 2 and all(shape)}
    if name is not None:
        if name in tables:
            return name
        must, do = "hold floats (rows, columns) under the name in tensor=", "Choose one of these"
        received = f"{name!r:.80}" + (f" of shape {shapes[name]}" if name in shapes else "")
        raise FileRefused(path, must, f"{received}; there are {_list(tables)}", do)
    if len(tables) == 1:
        return next(iter(tables))
    if (known := _known_name(tables)) is not None:
        return known
    if not tables:
        received = f"none among {len(shapes)} arrays of floats" if shapes else "no array of floats"
        do = "Name another file, or load the model and pass its layer"
        raise FileRefused(path, "hold a table of floats (rows, columns)", received, do)
    must, do = (
        "hold one table, or one whose name is known",
        "Pass tensor=... with one of these names",
    )
    raise FileRefused(path, must, f"{len(tables)}: {_list(tables)}", do)


def choose_name(path: Path, names: list[str], name: str | None) -> str:
    """Return the name of the table among tensors of which only the names are known.

    >>> choose_name("m", ["wte.weight", "ln.bias"], None)
    'wte.weight'
    """
    if name in names:
        return str(name)
    listed = sorted(names, key=lambda n: ("emb" not in n.lower(), n))
    there = ", ".join(f"{n!r:.80}" for n in listed[:LISTED])
    there += f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    if name is not None:
        received = f"{name!r:.80}; there are {there}"
        raise FileRefused(path, "name the tensor in tensor=", received, "Choose one of these")
    known = names[0] if len(names) == 1 else _known_name(names)
    if known is None:
        must, do = "hold a table whose name is known", "Pass tensor=... with one of these names"
        raise FileRefused(path, must, f"{len(names)}: {there}", do)
    return known


def _known_name(names: Iterable[str]) -> str | None:
    """Return the one name that a table of words has in models, if there is exactly one."""
    for pattern in (EMBEDDING, KERAS_EMBEDDING):
        known = [n for n in names if pattern.search(n)]
        if len(known) == 1:
            return known[0]
    return None


def _list(tables: Mapping[str, tuple[int, ...]]) -> str:
    """Return names and shapes; those that may be embeddings first."""
    names = sorted(tables, key=lambda n: ("emb" not in n.lower(), -tables[n][0], n))
    listed = ", ".join(f"{n!r:.80} {tables[n]}" for n in names[:LISTED])
    return listed + (f" and {len(names) - LISTED} more" if len(names) > LISTED else "")

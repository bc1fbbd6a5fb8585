"""Tables and adapters as safetensors: plain numbers under names, and nothing else."""

import math
from typing import Any

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

from embedlab.core.checks import ShapeError
from embedlab.core.lora import lora_scale
from embedlab.saving.atomic import writing
from embedlab.saving.refusal import FileRefused, refusing

__all__ = ["export_adapter", "export_table", "import_adapter", "import_table"]

_CURE = "Save it again, or take a backup."


def export_table(layer: Any, path: Any, overwrite: bool = True) -> None:
    """Write the table that counts, adapters and codes worked in, as one tensor "embeddings".

    Parameters
    ----------
    layer : Embedding
        Built.
    path : path-like
        Usually ending in ``.safetensors``.
    overwrite : bool

    Examples
    --------
    >>> import tempfile
    >>> from embedlab.layers import Embedding
    >>> path = tempfile.mkdtemp() + "/table.safetensors"
    >>> export_table(Embedding(3, 2, weights=np.eye(3, 2)), path)
    >>> Embedding.from_pretrained(import_table(path))([1]).tolist()
    [[0.0, 1.0]]
    """
    table = np.ascontiguousarray(np.asarray(layer.embeddings))
    _write(path, {"embeddings": table}, {"kind": "table"}, overwrite)


def import_table(path: Any, name: str | None = None) -> np.ndarray:
    """Return a table (V, D) of floats that a safetensors file holds.

    Parameters
    ----------
    path : path-like
        Any safetensors file, of a language model too.
    name : str, optional
        Which tensor; needed where there is more than one.

    Raises
    ------
    FileRefused
        For a damaged file, and for a tensor that is no table of floats.
    """
    with refusing(path, "be a safetensors file with a table", _CURE), _open(path) as file:
        names = list(file.keys())
        if name is None and len(names) == 1:
            name = names[0]
        if name is None or name not in names:
            raise FileRefused(
                path,
                "must be asked for one of its tensors. Received "
                f"name={name!r:.80}; there are {sorted(names)!r:.200}. "
                "Pass name=...",
            )
        return _tensor(file, path, name)


def export_adapter(layer: Any, path: Any, name: str = "default", overwrite: bool = True) -> None:
    """Write one adapter: tensors "lora_a" (V, R) and "lora_b" (R, D); name and alpha beside them.

    Raises
    ------
    ValueError
        When the layer has no such adapter.

    Examples
    --------
    >>> import tempfile
    >>> from embedlab.layers import Embedding
    >>> one, other = (Embedding(4, 3, weights=np.ones((4, 3))) for _ in range(2))
    >>> one.enable_lora(2, 8.0)
    >>> path = tempfile.mkdtemp() + "/adapter.safetensors"
    >>> export_adapter(one, path)
    >>> import_adapter(other, path, name="legal")
    LoRAAdapter(legal, rank 2, alpha 8)
    """
    if name not in layer.adapters:
        raise ValueError(
            f"an adapter must be one of {list(layer.adapters)}. Received {name!r:.40}. "
            "Make it with enable_lora or add_adapter."
        )
    lora = layer.adapters[name]
    about = {
        "kind": "lora",
        "name": name,
        "alpha": repr(float(lora.alpha)),
        "rslora": str(bool(lora.rslora)).lower(),
    }
    _write(path, {"lora_a": lora.a.value, "lora_b": lora.b.value}, about, overwrite)


def import_adapter(layer: Any, path: Any, name: str | None = None) -> Any:
    """Add the adapter that a file holds to a built layer, switch it on, and give it.

    Parameters
    ----------
    layer : Embedding
    path : path-like
        What `export_adapter` wrote.
    name : str, optional
        Its name in this layer; the one in the file unless told.

    Raises
    ------
    FileRefused
        For a damaged file, and for an adapter of another table.
    ValueError
        For a name that is taken. In both cases the layer is as it was.
    """
    cure = "Save it with export_adapter."
    with refusing(path, "be a safetensors file with an adapter", cure), _open(path) as file:
        about = file.metadata() or {}
        a, b = _tensor(file, path, "lora_a"), _tensor(file, path, "lora_b")
        alpha, rslora = float(about["alpha"]), about["rslora"] == "true"
        if a.dtype != b.dtype or not math.isfinite(alpha):
            raise ValueError(f"dtypes {a.dtype} and {b.dtype}, alpha {alpha}")
        shape = (layer.input_dim, layer.output_dim)
        if not a.shape[1] == b.shape[0] >= 1 or (len(a), b.shape[1]) != shape:
            raise ShapeError(f"shapes {a.shape} and {b.shape} for a table of shape {shape}")
        rank = a.shape[1]
        lora_scale(rank, alpha, rslora=rslora)
        name = name or str(about["name"])
    made = layer.add_adapter(name, rank, alpha, rslora=rslora, a_initializer="zeros")
    made.a.assign(a)
    made.b.assign(b)
    return made


def _write(
    path: Any, tensors: dict[str, np.ndarray], about: dict[str, str], overwrite: bool
) -> None:
    with writing(path, overwrite) as fresh:
        save_file({name: np.ascontiguousarray(t) for name, t in tensors.items()}, fresh, about)


def _open(path: Any) -> Any:
    with open(path, "rb"):  # says in Python's own words when there is no such file
        return safe_open(path, framework="numpy")


def _tensor(file: Any, path: Any, name: str) -> np.ndarray:
    """Return a tensor; what it is, is asked before it is read."""
    told = file.get_slice(name)
    if told.get_dtype() not in ("F16", "F32", "F64") or len(told.get_shape()) != 2:
        raise FileRefused(
            path,
            f"must hold floats (rows, columns) under {name!r:.80}. Received "
            f"{told.get_dtype()} of shape {told.get_shape()}. Choose another tensor, "
            "or cast it to float32.",
        )
    return file.get_tensor(name)

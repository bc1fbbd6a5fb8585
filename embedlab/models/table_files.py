"""Tables and LoRA adapters of a layer in safetensors files."""

import math
from typing import Any

import numpy as np

from embedlab.core.checks import ShapeError, message
from embedlab.core.lora import lora_scale
from embedlab.storage.errors import as_file_refused
from embedlab.storage.safetensors import read_tables, write_tensors

__all__ = ["export_adapter", "export_table", "import_adapter", "import_table"]


def export_table(layer: Any, path: Any, overwrite: bool = True) -> None:
    """Write the effective table, adapters and codes included, as one tensor "embeddings".

    >>> import tempfile
    >>> from embedlab.layers import Embedding
    >>> path = tempfile.mkdtemp() + "/table.safetensors"
    >>> export_table(Embedding(3, 2, weights=np.eye(3, 2)), path)
    >>> Embedding.from_pretrained(import_table(path))([1]).tolist()
    [[0.0, 1.0]]
    """
    write_tensors(path, {"embeddings": np.asarray(layer.embeddings)}, {"kind": "table"}, overwrite)


def import_table(path: Any, name: str | None = None) -> np.ndarray:
    """Return a table (V, D) of floats from any safetensors file, also of a language model.

    The `name` of the tensor is needed where there is more than one. FileRefused for a damaged
    file, and for a tensor that is no table of floats.
    """
    return read_tables(path, name)[0][0]


def export_adapter(layer: Any, path: Any, name: str = "default", overwrite: bool = True) -> None:
    """Write one adapter: tensors "lora_a" (V, R) and "lora_b" (R, D), its name and alpha.

    >>> import tempfile
    >>> from embedlab.layers import Embedding
    >>> one, other = (Embedding(4, 3, weights=np.ones((4, 3))) for _ in range(2))
    >>> one.enable_lora(2, 8.0)
    >>> path = tempfile.mkdtemp() + "/adapter.safetensors"
    >>> export_adapter(one, path)
    >>> adapter = import_adapter(other, path, name="legal")
    >>> adapter.name, adapter.rank, adapter.alpha
    ('legal', 2, 8.0)
    """
    if name not in layer.adapters:
        must, received = f"an adapter must be one of {list(layer.adapters)}", f"{name!r:.40}"
        raise ValueError(message(must, received, "Make it with enable_lora or add_adapter"))
    adapter = layer.adapters[name]
    alpha, rslora = repr(float(adapter.alpha)), str(bool(adapter.rslora)).lower()
    metadata = {"kind": "lora", "name": name, "alpha": alpha, "rslora": rslora}
    tensors = {"lora_a": adapter.a.value, "lora_b": adapter.b.value}
    write_tensors(path, tensors, metadata, overwrite)


def import_adapter(layer: Any, path: Any, name: str | None = None) -> Any:
    """Add the adapter that `export_adapter` wrote to a built layer, make it active, return it.

    It is called `name` in this layer, or as in the file.

    Raises
    ------
    FileRefused
        For a damaged file, and for an adapter of another table.
    ValueError
        For a name that is taken. In both cases the layer is as it was.
    """
    (a, b), metadata = read_tables(path, "lora_a", "lora_b")
    with as_file_refused(path, "hold an adapter", "Save it with export_adapter"):
        alpha, rslora = float(metadata["alpha"]), metadata["rslora"] == "true"
        if a.dtype != b.dtype or not math.isfinite(alpha):
            raise ValueError(f"dtypes {a.dtype} and {b.dtype}, alpha {alpha}")
        shape = (layer.input_dim, layer.output_dim)
        if not a.shape[1] == b.shape[0] >= 1 or (len(a), b.shape[1]) != shape:
            raise ShapeError(f"shapes {a.shape} and {b.shape} for a table of shape {shape}")
        rank = a.shape[1]
        lora_scale(rank, alpha, rslora=rslora)
        name = name or str(metadata["name"])
    adapter = layer.add_adapter(name, rank, alpha, rslora=rslora, a_initializer="zeros")
    adapter.a.assign(a)
    adapter.b.assign(b)
    return adapter

"""Tables of explorers: random, or read from a user's array, tensor, layer, model or vectors."""

import os
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from embedlab.core.checks import as_table, message
from embedlab.core.lora import Adapter
from embedlab.core.quantize import QuantizedTable, dequantize
from embedlab.data.vectors import Vectors
from embedlab.traces.geometry import WordVectors
from embedlab.traces.readonly import is_mapped

__all__ = [
    "COLUMNS_MAX",
    "ROWS_MAX",
    "UserAdapter",
    "UserTable",
    "check_single_source",
    "holds_table",
    "random_table",
    "read_table",
]

ROWS_MAX, COLUMNS_MAX = 2048, 32
"""The largest default table."""


@lru_cache(maxsize=8)
def random_table(seed: int, shape: tuple[int, int] = (ROWS_MAX, COLUMNS_MAX)) -> np.ndarray:
    """Return the largest random table, so that growing V or D keeps the values already shown.

    Values have two decimals: the number on the screen is the number in the table.

    Parameters
    ----------
    seed : int
    shape : (V, D)
        Of a larger table, for a user's table.

    Returns
    -------
    ndarray of float32, (V, D)
        Read-only: slice it, and copy the slice.

    Examples
    --------
    >>> random_table(7).shape, bool((random_table(7) == random_table(7).round(2)).all())
    ((2048, 32), True)
    """
    values = np.random.default_rng(seed).uniform(-0.9, 0.9, shape)
    table = (values.round(2) + 0.0).astype(np.float32)  # + 0.0: no minus zero
    table.flags.writeable = False
    return table


def check_single_source(
    source: Any = None, *, table: Any = None, layer: Any = None
) -> tuple[str, Any]:
    """Return the name and value of the one table or layer that was passed.

    Parameters
    ----------
    source : array_like or a layer with a table, optional
        Either of them, by position.
    table : array_like, optional
    layer : a layer with a table, optional

    Returns
    -------
    (str, object)
        "table" or "layer", and the object; "" and None when nothing was passed.

    Raises
    ------
    ValueError
        When more than one was passed.

    Examples
    --------
    >>> check_single_source([[1.0]])
    ('table', [[1.0]])
    >>> check_single_source()
    ('', None)
    """
    sources = [(n, value) for n, value in (("table", table), ("layer", layer)) if value is not None]
    if source is not None:
        is_layer = hasattr(source, "embeddings") or hasattr(source, "embedding_dim")
        sources.append(("layer" if is_layer else "table", source))
    if len(sources) > 1:
        raise ValueError(
            f"only one table or layer can be shown. Received {len(sources)}. Pass one."
        )
    return sources[0] if sources else ("", None)


@dataclass(frozen=True, eq=False)
class UserAdapter:
    """The active LoRA adapter of a user's layer.

    Attributes
    ----------
    base : ndarray, (V, D)
        The frozen table, in floats.
    delta : ndarray of float64, (V, D)
        The change that the adapter adds.
    rank : int
    alpha : float
    rslora : bool
        Whether the factor is α/√r.
    """

    base: np.ndarray
    delta: np.ndarray
    rank: int
    alpha: float
    rslora: bool


@dataclass(frozen=True, eq=False)
class UserTable:
    """A user's table as it is looked up.

    Attributes
    ----------
    values : ndarray, (V, D), read-only
        float16, float32 or float64; a bfloat16 table as float32, integer codes dequantized, and
        adapters added.
    labels : tuple of str
        The words of the rows, if the source has them; V or none.
    codes : QuantizedTable or None
        The stored codes of a quantized layer without active adapters.
    adapter : UserAdapter or None
    """

    values: np.ndarray
    labels: tuple[str, ...] = ()
    codes: QuantizedTable | None = None
    adapter: UserAdapter | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """(V, D)."""
        rows, columns = self.values.shape
        return rows, columns


def holds_table(source: Any) -> bool:
    """Return whether `source` is a layer or an array, rather than a text or a model.

    >>> holds_table(np.zeros((2, 2))), holds_table("the cat")
    (True, False)
    """
    known = ("embeddings", "embedding_dim", "index_to_key", "__array__", "detach")
    return isinstance(source, (list, tuple)) or any(hasattr(source, name) for name in known)


def read_table(source: Any, name: str = "table") -> UserTable:
    """Return a copy of a user's table; a memory-mapped array is not copied.

    Parameters
    ----------
    source : object
        An array (any float dtype, bfloat16 too), a PyTorch tensor, parameter or ``nn.Embedding``,
        an `Embedding` of embedlab or Keras (any backend, with LoRA, int8 or int4), a model whose
        first layer with a table is one of these, or vectors as gensim's ``KeyedVectors`` and
        those of `embedlab.data.vectors.open` and `embedlab.traces.geometry.train_vectors`.
    name : str
        Its name in an error.

    Raises
    ------
    ValueError
        For anything else, for a layer that has not been built, and for no rows or columns.

    Examples
    --------
    >>> read_table([[0.5, 1.0]]).shape
    (1, 2)
    >>> read_table({"cat": [1.0]})
    Traceback (most recent call last):
    ValueError: table must be an array (V, D), or a layer or vectors that hold one. Received \
builtins.dict. Pass its numbers as numpy.asarray(...).
    """
    if isinstance(source, UserTable):
        return source
    read = _read(source, name)
    rows, columns = read.shape
    if not (rows and columns):
        raise ValueError(
            message(
                f"{name} must have at least one row and one column",
                f"shape {read.shape}",
                "Pass a table with numbers",
            )
        )
    return read


def _read(source: Any, name: str) -> UserTable:
    if isinstance(source, type):
        raise ValueError(_not_a_table(name, f"the class {_kind(source)}"))
    if isinstance(source, (str, os.PathLike)):
        do = "Open a file with embedlab.data.vectors.open"
        raise ValueError(_not_a_table(name, f"the text {str(source)!r:.200}", do))
    if isinstance(source, WordVectors):
        return UserTable(source.table, source.words)
    if isinstance(source, Vectors):  # read-only, and perhaps as large as the memory: no copy
        return UserTable(source.table, source.words)
    if isinstance(source, QuantizedTable):
        return UserTable(_frozen(dequantize(source)), codes=source)
    if hasattr(source, "index_to_key"):  # gensim's KeyedVectors
        return UserTable(_floats(source.vectors, name), tuple(map(str, source.index_to_key)))
    if hasattr(source, "wv"):  # gensim's Word2Vec and FastText
        return _read(source.wv, name)
    if hasattr(type(source), "embedding_table"):
        return _of_embedlab_layer(source, name)
    if hasattr(source, "lora_enabled") and hasattr(type(source), "embeddings"):
        return _of_keras_layer(source, name)
    if hasattr(source, "embedding_dim") and hasattr(source, "weight"):  # torch.nn.Embedding
        return UserTable(_floats(source.weight, name))
    if getattr(source, "embeddings", None) is not None:
        return UserTable(_floats(source.embeddings, name))
    layers = getattr(source, "layers", None)
    for layer in layers or ():
        if hasattr(type(layer), "embeddings"):
            return _read(layer, name)
    if layers:
        raise ValueError(_not_a_table(name, f"{_kind(source)} without an Embedding"))
    return UserTable(_floats(source, name))


def _of_embedlab_layer(layer: Any, name: str) -> UserTable:
    _build(layer)
    codes = None if layer.quantization_mode is None else layer.embedding_table.quantized
    values = _floats(layer.embeddings, name)
    if not layer.active_adapters:
        return UserTable(values, codes=codes)
    base = _floats(layer.embedding_table.dense(), name)
    first = layer.adapters[layer.active_adapters[0]]
    delta = _product(layer.adapters.active_arrays(), base.shape)
    return UserTable(
        values, adapter=UserAdapter(base, delta, first.rank, float(first.alpha), first.rslora)
    )


def _of_keras_layer(layer: Any, name: str) -> UserTable:
    """Return the table of a layer of Keras, on any backend, as its `call` reads it."""
    _build(layer)
    mode, codes = layer.quantization_mode, None
    if mode in ("int8", "int4"):
        codes = _codes_of_keras_layer(layer, 8 if mode == "int8" else 4)
        base = _frozen(dequantize(codes))
    else:
        base = _floats(layer._embeddings, name)
    if not layer.lora_enabled:
        return UserTable(base, codes=codes)
    factors = [np.asarray(_floats(layer.lora_embeddings_a, name))]
    factors.append(np.asarray(_floats(layer.lora_embeddings_b, name)))
    scale = float(layer.lora_alpha / layer.lora_rank)
    delta = _product([Adapter(factors[0], factors[1], scale)], base.shape)
    values = (base.astype(np.float64) + delta).astype(base.dtype)
    return UserTable(
        _frozen(values),
        adapter=UserAdapter(base, delta, int(layer.lora_rank), float(layer.lora_alpha), False),
    )


def _codes_of_keras_layer(layer: Any, bits: int) -> QuantizedTable:
    codes = np.array(_numpy(layer._embeddings), np.int8)
    scale = _native(_numpy(layer.embeddings_scale))
    scale = scale.astype(np.promote_types(scale.dtype, np.float32))
    block = getattr(layer, "_int4_block_size", None) if bits == 4 else None
    zero = None
    if block in (None, -1):
        block, scale = None, scale.reshape(-1)
    else:
        zero = np.array(_numpy(layer.embeddings_zero), np.int8)
    return QuantizedTable(codes, scale, zero, layer.output_dim, bits, block)


def _product(adapters: Any, shape: tuple[int, ...]) -> np.ndarray:
    delta = np.zeros(shape)
    for adapter in adapters:
        delta += adapter.scale * (adapter.a.astype(np.float64) @ adapter.b.astype(np.float64))
    return _frozen(delta)


def _floats(source: Any, name: str) -> np.ndarray:
    """Return a read-only copy of an array or tensor as floats that the core reads."""
    array = _numpy(source)
    if not isinstance(array, np.ndarray) or array.dtype.kind in "OSUMmb":
        known = isinstance(array, np.ndarray) and array is source
        received = f"an array of {array.dtype}" if known else _kind(source)
        raise ValueError(_not_a_table(name, received))
    if array.dtype.kind in "iu" and isinstance(source, (list, tuple)):
        array = array.astype(np.float64)  # [[1, 2], [3, 4]] has no dtype that its owner chose
    checked = as_table(_native(array), name)
    if is_mapped(checked):  # it may be larger than the memory
        return _frozen(checked.view())
    return _frozen(np.array(checked, order="C"))


def _native(array: np.ndarray) -> np.ndarray:
    """Return floats of a dtype that the core reads; other arrays as they are."""
    if array.dtype.name == "bfloat16" or array.dtype.name.startswith("float8"):
        return array.astype(np.float32)  # exact
    if array.dtype.kind != "f":
        return array
    if array.dtype.char not in "efd":
        return array.astype(np.float64)  # long double
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _numpy(source: Any) -> Any:
    """Return an array for a tensor or variable of any library, or None."""
    if isinstance(source, np.ndarray):
        return source
    if hasattr(source, "detach"):  # PyTorch
        tensor = source.detach().cpu()
        narrow = str(tensor.dtype) == "torch.bfloat16" or "float8" in str(tensor.dtype)
        source = tensor.float() if narrow else tensor
    elif hasattr(source, "numpy") and not hasattr(source, "__array__"):
        return np.asarray(source.numpy())
    elif not isinstance(source, (list, tuple)) and not hasattr(source, "__array__"):
        return None
    try:
        # Keras's `__array__` takes no `copy`, which NumPy 2 would pass with a warning.
        return np.asarray(source if isinstance(source, (list, tuple)) else source.__array__())
    except (TypeError, ValueError, RuntimeError):
        return None


def _frozen(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array


def _kind(source: Any) -> str:
    """Return the class of an object with its module, such as ``torch.nn.modules.linear.Linear``."""
    kind = source if isinstance(source, type) else type(source)
    return f"{kind.__module__}.{kind.__qualname__}"


def _not_a_table(
    name: str, received: str, do: str = "Pass its numbers as numpy.asarray(...)"
) -> str:
    must = f"{name} must be an array (V, D), or a layer or vectors that hold one"
    return message(must, received, do)


def _build(layer: Any) -> None:
    """Make the table of a layer that was never called, as its first call would."""
    if not layer.built:
        layer.build()

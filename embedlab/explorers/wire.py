"""Messages to the browser: one JSON header and one buffer of bytes."""

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

__all__ = ["MAX_BYTES", "WireError", "decode", "encode"]

MAX_BYTES = 300_000
"""Most bytes of one message, header and buffer together, where a view does not allow more."""

_ALIGN = 8  # the offset of a Float64Array must be a multiple of 8
_DTYPES = ("float32", "float64", "int8", "int16", "int32", "uint8", "uint16", "uint32")


class WireError(ValueError):
    """A message that cannot be encoded: too large, of an unknown dtype, or with NaN in JSON."""


def encode(
    header: Mapping[str, Any], arrays: Mapping[str, np.ndarray], most: int = MAX_BYTES
) -> dict[str, Any]:
    """Return the message that holds `header` and `arrays`.

    Parameters
    ----------
    header : mapping of JSON values
        Without NaN and infinities, which only arrays can hold.
    arrays : mapping of ndarray
        Any shape; float32, float64, or integers of up to 32 bits.
    most : int
        Most bytes, header and buffer together.

    Returns
    -------
    dict
        ``{"header": {..., "arrays": {name: {"dtype", "shape", "offset"}}}, "buffer": bytes}``,
        little-endian, every offset a multiple of 8.

    Raises
    ------
    WireError
        For more than `most` bytes, another dtype, or a NaN in the header.

    Examples
    --------
    >>> message = encode({"view": "demo"}, {"ids": np.array([1, 5], np.int32)})
    >>> message["header"]["arrays"]
    {'ids': {'dtype': 'int32', 'shape': [2], 'offset': 0}}
    >>> len(message["buffer"])
    8
    """
    index: dict[str, dict[str, Any]] = {}
    parts: list[bytes] = []
    offset = 0
    for name, array in arrays.items():
        data = _bytes(name, np.asarray(array))
        index[name] = {"dtype": array.dtype.name, "shape": list(array.shape), "offset": offset}
        parts.append(data + bytes(-len(data) % _ALIGN))
        offset += len(parts[-1])
    full = {**header, "arrays": index}
    size = len(_json(full)) + offset
    if size > most:
        raise WireError(_too_large(size, arrays, most))
    return {"header": full, "buffer": b"".join(parts)}


def decode(message: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return the header and the arrays of a message (read-only views of the buffer).

    Examples
    --------
    >>> header, arrays = decode(encode({"n": 1}, {"x": np.array([[0.5, np.nan]])}))
    >>> header, arrays["x"]
    ({'n': 1}, array([[0.5, nan]]))
    """
    header = dict(message["header"])
    arrays = {}
    for name, spec in header.pop("arrays").items():
        dtype = np.dtype(spec["dtype"]).newbyteorder("<")
        flat = np.frombuffer(message["buffer"], dtype, math.prod(spec["shape"]), spec["offset"])
        arrays[name] = flat.reshape(spec["shape"])
    return header, arrays


def _bytes(name: str, array: np.ndarray) -> bytes:
    if array.dtype.name not in _DTYPES:
        raise WireError(
            f"the dtype of an array must be one of {', '.join(_DTYPES)}. Received "
            f"{array.dtype} for {name}. Cast it, for instance to float32 or int32."
        )
    return np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes()


def _json(header: Mapping[str, Any]) -> bytes:
    try:
        return json.dumps(header, allow_nan=False, ensure_ascii=False).encode(errors="replace")
    except ValueError as error:
        raise WireError(
            f"a header must be plain JSON. Received {_not_json(header)}. "
            "Send NaN and infinities in an array, or as null."
        ) from error


def _not_json(value: Any, where: str = "header") -> str:
    """Describe the first number that JSON cannot hold, and its position."""
    if isinstance(value, Mapping):
        problems = (_not_json(item, f"{where}.{key}") for key, item in value.items())
    elif isinstance(value, (list, tuple)):
        problems = (_not_json(item, f"{where}[{n}]") for n, item in enumerate(value))
    else:
        invalid = isinstance(value, float) and not math.isfinite(value)
        return f"{value!r} at {where}" if invalid else ""
    return next(filter(None, problems), "")


def _too_large(size: int, arrays: Mapping[str, np.ndarray], most: int) -> str:
    largest = max(arrays, key=lambda name: arrays[name].nbytes, default="")
    where = f", most of it {largest} {arrays[largest].shape}" if largest else " of text"
    return (
        f"a message must have at most {most} bytes. Received {size}{where}. "
        "Make the table smaller or the text shorter."
    )

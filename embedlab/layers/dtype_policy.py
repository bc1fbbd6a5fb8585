"""Dtype policies: the dtype of a layer's weights, and the one that it computes in."""

import re
from typing import Any

import numpy as np

from embedlab.core.checks import short_repr

__all__ = ["INTEGERS", "DTypePolicy", "get_policy"]

_MODE = re.compile(r"int8|int4(/(-1|[1-9][0-9]*))?")
_FLOATS = ("float16", "float32", "float64")
INTEGERS = ("int8", "int16", "int32", "int64", "uint8")
"""For a table that is only looked up, as PyTorch allows."""


class DTypePolicy:
    """A pair of dtypes under one name, as in Keras, and the `quantization_mode` or None.

    "mixed_float16" keeps float32 weights (`variable_dtype`) and computes in float16
    (`compute_dtype`). "int8_from_float32" and "int4/128_from_float32" say that codes stand for such
    a table. NumPy has no bfloat16, so the two policies with it are refused.

    >>> policy = DTypePolicy("mixed_float16")
    >>> policy.variable_dtype, policy.compute_dtype
    ('float32', 'float16')
    """

    def __init__(self, name: str):
        mode, _, source = str(name).rpartition("_from_")
        self.quantization_mode = mode.partition("/")[0] or None
        sources = (*_FLOATS, "mixed_float16") if mode else (*_FLOATS, "mixed_float16", *INTEGERS)
        if source not in sources or (mode and not _MODE.fullmatch(mode)):
            raise ValueError(
                f"dtype must be one of {', '.join(_FLOATS)} or mixed_float16. Received "
                f"{short_repr(name)}: cannot convert it to a mixed precision DTypePolicy. "
                "Choose one of these."
            )
        mixed = source == "mixed_float16"
        self.variable_dtype = "float32" if mixed else source
        self.compute_dtype = "float16" if mixed else source
        self.variable, self.compute = np.dtype(self.variable_dtype), np.dtype(self.compute_dtype)
        self.name = name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DTypePolicy) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        kind = {None: "", "int8": "Quantized", "int4": "Int4"}[self.quantization_mode]
        return f'<{kind}DTypePolicy "{self.name}">'


def get_policy(dtype: Any) -> DTypePolicy:
    """Return the policy that a name, NumPy dtype, config, policy or None (float32) means.

    >>> get_policy(None).name, get_policy(np.float16).name
    ('float32', 'float16')
    """
    if isinstance(dtype, DTypePolicy):
        return dtype
    if dtype is None:
        return DTypePolicy("float32")
    if isinstance(dtype, dict):  # the form in which Keras writes it
        config = dtype.get("config", dtype)
        if "mode" in config:
            return DTypePolicy(f"{config['mode']}_from_{config.get('source_name')}")
        return DTypePolicy(config.get("name"))
    if isinstance(dtype, str):
        return DTypePolicy(dtype)
    try:
        return DTypePolicy(np.dtype(dtype).name)
    except TypeError:
        return DTypePolicy(dtype)  # its refusal names what came

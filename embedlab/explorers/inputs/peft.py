"""Adapters that PEFT saved, as the table and the target change of an explorer."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from embedlab.core.checks import ShapeError, message
from embedlab.data.peft import read_adapters
from embedlab.explorers.inputs.lora_target import adapter_params
from embedlab.explorers.inputs.table import UserAdapter, UserTable, read_table

__all__ = ["adapter_sources"]

CHANGE_MAX = 2**27
"""Numbers of the largest change, (V, D), that is computed: 1 GB in float64."""


def adapter_sources(
    folder: Any, table: Any, name: str | None, module: str | None, words: Sequence[str] | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the sources of LoRAExplorer for an adapter in a folder, and its parameters.

    ``table`` and the change that the adapter adds to it, or the change alone.
    """
    adapters = {adapter.name: adapter for adapter in read_adapters(folder, module)}
    if name is not None and name not in adapters:
        must = f"adapter must be one of {list(adapters)}"
        raise ValueError(message(must, f"{name!r:.60}", "Choose one of these"))
    adapter = next(iter(adapters.values())) if name is None else adapters[name]
    rows, columns = shape = (len(adapter.a), adapter.b.shape[1])
    if rows * columns > CHANGE_MAX:
        must, do = f"a change may have {CHANGE_MAX:,} numbers", "Load it into an Embedding"
        raise ValueError(message(must, f"{rows:,} rows of {columns:,}", do))
    base = read_table(adapter.base if table is None else table) if _any(adapter, table) else None
    if base is not None and base.shape != shape:
        must = f"table must have the shape of the adapter, {shape}"
        raise ShapeError(message(must, f"shape {base.shape}", "Pass the table of its model"))
    delta = adapter.scale * (adapter.a.astype(np.float64) @ adapter.b.astype(np.float64))
    values = delta if base is None else base.values
    user = UserAdapter(values, delta, adapter.rank, adapter.alpha, adapter.rslora)
    if base is None:
        params = adapter_params(user)
        params["rank"] = min(params["rank"], *shape)
        return {"delta": delta}, params
    changed = (base.values + delta).astype(base.values.dtype)
    changed.flags.writeable = False
    return {"table": UserTable(changed, base.labels, adapter=user)}, {}


def _any(adapter: Any, table: Any) -> bool:
    return table is not None or adapter.base is not None

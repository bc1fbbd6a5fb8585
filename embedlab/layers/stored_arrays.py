"""The arrays of a layer in a file: Keras's names "0", "1", ..., and LoRA adapters beside them."""

import json
import math
import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from embedlab import initializers
from embedlab.budget import read_json
from embedlab.core.checks import ShapeError, check_size, message
from embedlab.core.lora import Adapter, lora_scale
from embedlab.layers.lora import adapter_weight_names, is_adapter_name
from embedlab.layers.variable import Variable

__all__ = ["adapter_arrays", "prepare_load"]


def adapter_arrays(layer: Any) -> dict[str, np.ndarray]:
    """Return the arrays of a layer's adapters, and its table without them; empty without adapters.

    "about" is JSON in UTF-8: names, ranks, alphas, which adapters are active, which merged.
    "a.0", "b.0", "a.1", ... are the adapters, "merged.a.0", ... as they were merged. "base.0", ...
    is the table as it is, where the store has it with adapters added; "before.0", ... the codes
    before a merge.

    >>> from embedlab.layers import Embedding
    >>> layer = Embedding(4, 3, lora_rank=1)
    >>> layer.build()
    >>> sorted(adapter_arrays(layer)), bytes(adapter_arrays(layer)["about"]).decode()[:40]
    (['a.0', 'about', 'b.0', 'base.0'], '{"active": ["default"], "adapters": [{"a')
    """
    adapters = getattr(layer, "adapters", None)
    if not adapters:
        return {}
    table = layer.embedding_table
    description = {
        "adapters": [lora.get_config() for lora in adapters.values()],
        "active": list(adapters.active),
        "merged": [{"name": name, "scale": float(core.scale)} for name, core in adapters.merged],
    }
    text = json.dumps(description, sort_keys=True).encode()
    arrays: dict[str, np.ndarray] = _numbered(
        {
            "a": [lora.a.value for lora in adapters.values()],
            "b": [lora.b.value for lora in adapters.values()],
            "merged.a": [core.a for _, core in adapters.merged],
            "merged.b": [core.b for _, core in adapters.merged],
            "before": table.before_merge,
            "base": [v.value for v in table.row_variables] if adapters.active else [],
        }
    )
    return {"about": np.frombuffer(text, np.uint8), **arrays}


def prepare_load(
    layer: Any, store: Mapping[str, Any], extra: Mapping[str, Any]
) -> Callable[[], None]:
    """Check and read arrays for `layer`, and return the function that assigns them.

    `store` has the arrays of `save_own_variables`, which may be `LazyArray`s of a file, and `extra`
    those of `adapter_arrays`, none in a file of Keras. ValueError or ShapeError when something does
    not fit; shapes are compared before any number is read.
    """
    variables = layer.stored_variables()
    _check_store(layer, variables, store)
    description = _read_description(layer, extra) if extra else None
    names = [] if description is None else _check_adapters(layer, description, extra)
    source = {name: extra.get(f"base.{name}", array) for name, array in store.items()}
    _check_store(layer, variables, source)
    arrays = [_read_for(variable, source[str(n)]) for n, variable in enumerate(variables)]
    layer.check_stored_arrays(arrays)
    of_adapters = {name: np.asarray(extra[name]) for name in names if not name.startswith("base")}

    def assign() -> None:
        for variable, array in zip(variables, arrays, strict=True):
            if variable.on_disk:
                variable.replace(array)
            else:
                variable.assign(array)
        if description is not None:
            _assign_adapters(layer, description, of_adapters)
        elif getattr(layer, "adapters", None):
            _reinitialize_adapters(layer)

    return assign


def _read_for(variable: Variable, value: Any) -> np.ndarray:
    """Return the numbers of `value`; for a variable on disk, in a second file to take its place."""
    if not variable.on_disk:
        return np.asarray(value)
    out: np.ndarray = variable.allocate(variable.shape, variable.dtype)
    if hasattr(value, "read"):  # from a file, a few rows at a time
        value.read(out)
    else:
        out[...] = value
    return out


def _check_store(layer: Any, variables: list[Variable], store: Mapping[str, Any]) -> None:
    if set(store) != {str(n) for n in range(len(variables))}:
        raise ValueError(
            f"Layer {layer.name!r} expected {len(variables)} variables: "
            f"{[v.name for v in variables]}. "
            f"Received {len(store)} arrays called {sorted(store)!r:.80}. Load them into the layer "
            "they come from" + ("." if layer.built or store else "; build it first.")
        )
    for number, variable in enumerate(variables):
        received = store[str(number)]
        target, source = np.dtype(variable.dtype), np.dtype(received.dtype)
        fits = source.kind == "f" if target.kind == "f" else source == target
        if variable.name.endswith("_zero"):  # Keras writes some of them as floats
            fits = source.kind in "fi"
        _check_array(variable.path, received, variable.shape, variable.dtype, fits)


def _check_array(label: str, array: Any, shape: tuple[int, ...], dtype: str, fits: bool) -> None:
    if tuple(array.shape) != shape:
        must = f"The shape of the target variable must match: {label} has shape {shape}"
        received = f"shape {tuple(array.shape)}"
        raise ShapeError(message(must, received, "Compare the two configs"))
    if not fits:
        do = "A quantized table does not fit a float one: quantize the layer as in the file"
        must, received = f"{label} must have dtype {dtype}", np.dtype(array.dtype).name
        raise ValueError(message(must, received, do))


# Adapters -------------------------------------------------------------------------------------


def _numbered(parts: Mapping[str, Iterable[Any]]) -> dict[str, Any]:
    return {f"{part}.{n}": each for part, all_ in parts.items() for n, each in enumerate(all_)}


def _read_description(layer: Any, arrays: Mapping[str, Any]) -> dict[str, Any]:
    """Return the description of the adapters, every part of it checked."""
    if not hasattr(layer, "adapters"):
        must, received = "only a layer with a table has adapters", f"some for {layer.name!r}"
        raise ValueError(message(must, received, "Compare the two configs"))
    text = arrays.get("about")
    try:
        if text is None or np.dtype(text.dtype) != np.uint8 or len(text.shape) != 1:
            raise ValueError("no text")
        description: dict[str, Any] = read_json(bytes(np.asarray(text)), "the adapters")
        names = [config["name"] for config in description["adapters"]]
        active, merged = description["active"], [each["name"] for each in description["merged"]]
        for config in description["adapters"]:
            lora_scale(check_size(config["rank"], "rank"), config["alpha"])
        if not (
            all(is_adapter_name(name) for name in names)
            and len({adapter_weight_names(name) for name in names}) == len(names)
            and len(set(active)) == len(active)
            and set(names) >= {*active, *merged}
            and not (active and merged)
            and all(isinstance(config["rslora"], bool) for config in description["adapters"])
            and all(math.isfinite(each["scale"]) for each in description["merged"])
        ):
            raise ValueError("parts that do not fit each other")
    except (ValueError, KeyError, TypeError, RecursionError, OverflowError) as error:
        raise ValueError(
            f"the description of the adapters of {layer.name!r} must be names, ranks and alphas. "
            f"Received something else ({error!r:.80}). Save it again."
        ) from error
    if names and layer.embeddings_constraint is not None:
        raise ValueError(
            "Lora is incompatible with embedding constraints. Received adapters for "
            f"{layer.name!r}, which has one. Leave the constraint away."
        )
    return description


def _check_adapters(
    layer: Any, description: dict[str, Any], arrays: Mapping[str, Any]
) -> list[str]:
    """Return the names of the arrays of adapters, whose shapes and dtypes fit the layer."""
    table, rows, columns = layer.embedding_table, layer.input_dim, layer.output_dim
    ranks = {config["name"]: config["rank"] for config in description["adapters"]}
    merged = [ranks[each["name"]] for each in description["merged"]]
    shapes: dict[str, tuple[int, ...]] = _numbered(
        {
            "a": [(rows, rank) for rank in ranks.values()],
            "b": [(rank, columns) for rank in ranks.values()],
            "merged.a": [(rows, rank) for rank in merged],
            "merged.b": [(rank, columns) for rank in merged],
            "before": table.before_merge_shapes if merged else (),
            "base": [v.shape for v in table.row_variables] if description["active"] else (),
        }
    )
    if set(arrays) - {"about"} != set(shapes):
        must = f"the file must hold for the adapters of {layer.name!r} {sorted(shapes)!r:.200}"
        raise ValueError(message(must, f"{sorted(arrays)!r:.200}", "Save it again"))
    for name, shape in shapes.items():
        fits = name.startswith(("base", "before")) or np.dtype(arrays[name].dtype).kind == "f"
        label = f"{name} of the adapters of {layer.name!r}"
        _check_array(label, arrays[name], shape, "float32", fits)
    return list(shapes)


def _assign_adapters(
    layer: Any, description: dict[str, Any], arrays: dict[str, np.ndarray]
) -> None:
    """Replace the layer's adapters; variables of the same name and rank are kept."""
    adapters, configs = layer.adapters, description["adapters"]
    adapters.merged = ()
    if [(c["name"], c["rank"]) for c in configs] != [(a.name, a.rank) for a in adapters.values()]:
        for name in list(adapters):
            layer.remove(name)
        for config in configs:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # its rank was warned of before
                layer.add_adapter(config["name"], config["rank"], a_initializer="zeros")
    for number, config in enumerate(configs):
        lora = adapters[config["name"]]
        lora.alpha, lora.rslora = config["alpha"], config["rslora"]
        lora.a.assign(arrays[f"a.{number}"])
        lora.b.assign(arrays[f"b.{number}"])
    adapters.set_active(description["active"])
    before = [array for name, array in arrays.items() if name.startswith("before.")]
    layer.embedding_table.before_merge = before
    adapters.merged = tuple(
        (each["name"], Adapter(arrays[f"merged.a.{n}"], arrays[f"merged.b.{n}"], each["scale"]))
        for n, each in enumerate(description["merged"])
    )


def _reinitialize_adapters(layer: Any) -> None:
    """Initialize a layer's adapters again, after a table was loaded with them merged.

    With A and B zero, as in Keras after loading, no gradient would ever change them.
    """
    if layer.adapters.merged:
        layer.adapters.mark_unmerged()
    for number, lora in enumerate(layer.adapters.values()):
        seed = None if layer.seed is None else layer.seed + 1 + number
        initializer = initializers.seeded(initializers.get("he_uniform"), seed)
        lora.a.assign(initializer(lora.a.shape, dtype=lora.a.dtype))
        if layer.padding_idx is not None:
            lora.a.value[layer.padding_idx] = 0
        lora.b.assign(np.zeros(lora.b.shape, lora.b.dtype))

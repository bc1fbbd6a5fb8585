"""LoRA adapters in files, next to the arrays that Keras reads: with names, ranks and alphas."""

import json
import math
import warnings
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from embedlab import initializers
from embedlab.core.checks import ShapeError
from embedlab.core.lora import Adapter, lora_scale

__all__ = ["AdapterArrays", "adapter_arrays", "read_adapter_arrays", "reinitialize_adapters"]

_MAX_DESCRIPTION = 1 << 20  # bytes of the text that describes adapters


def adapter_arrays(layer: Any) -> dict[str, np.ndarray]:
    """Return the arrays of a layer's adapters, and its table without them.

    Returns
    -------
    dict of str to ndarray
        "about" is JSON in UTF-8: names, ranks, alphas, which adapters are active, which merged.
        "a.0", "b.0", "a.1", ... are the adapters. "base.0", ... is the table as it is, where the
        store has it with adapters added; "before.0", ... the codes before a merge. Empty without
        adapters.

    Examples
    --------
    >>> from embedlab.layers import Embedding
    >>> layer = Embedding(4, 3, lora_rank=1)
    >>> layer.build()
    >>> sorted(adapter_arrays(layer)), bytes(adapter_arrays(layer)["about"]).decode()[:40]
    (['a.0', 'about', 'b.0', 'base.0'], '{"active": ["default"], "adapters": [{"a')
    """
    adapters = getattr(layer, "adapters", None)
    if not adapters:
        return {}
    description = {
        "adapters": [
            {
                "name": lora.name,
                "rank": lora.rank,
                "alpha": float(lora.alpha),
                "rslora": bool(lora.rslora),
            }
            for lora in adapters.values()
        ],
        "active": list(layer.active_adapters),
        "merged": [{"name": name, "scale": float(core.scale)} for name, core in adapters.merged],
    }
    text = json.dumps(description, sort_keys=True).encode()
    arrays: dict[str, np.ndarray] = {"about": np.frombuffer(text, np.uint8)}
    for number, lora in enumerate(adapters.values()):
        arrays[f"a.{number}"], arrays[f"b.{number}"] = lora.a.value, lora.b.value
    for number, (_, core) in enumerate(adapters.merged):
        arrays[f"merged.a.{number}"], arrays[f"merged.b.{number}"] = core.a, core.b
    table = layer.embedding_table
    if adapters.merged:
        arrays.update({f"before.{n}": array for n, array in enumerate(table.before_merge)})
    if adapters.active:
        arrays.update({f"base.{n}": v.value for n, v in enumerate(table.row_variables)})
    return arrays


class AdapterArrays(NamedTuple):
    """Adapters that were read and checked, ready to be applied to their layer.

    Attributes
    ----------
    layer : Layer
    description : dict
    arrays : dict of str to ndarray
    base : dict of str to array
        The table without adapters, where the store has it with them; not read yet.
    """

    layer: Any
    description: dict[str, Any]
    arrays: dict[str, np.ndarray]
    base: dict[str, Any]

    def apply(self) -> None:
        """Replace the layer's adapters; variables of the same name and rank are kept."""
        layer, configs = self.layer, self.description["adapters"]
        layer.adapters.merged = ()
        if [(c["name"], c["rank"]) for c in configs] != [
            (lora.name, lora.rank) for lora in layer.adapters.values()
        ]:
            for name in list(layer.adapters):
                layer.remove(name)
            for config in configs:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", UserWarning)  # its rank was warned of before
                    layer.add_adapter(config["name"], config["rank"], a_initializer="zeros")
        for number, config in enumerate(configs):
            lora = layer.adapters[config["name"]]
            lora.alpha, lora.rslora = config["alpha"], config["rslora"]
            lora.a.assign(self.arrays[f"a.{number}"])
            lora.b.assign(self.arrays[f"b.{number}"])
        layer.set_active(self.description["active"])
        layer.embedding_table.before_merge = [
            array for name, array in self.arrays.items() if name.startswith("before.")
        ]
        layer.adapters.merged = tuple(
            (
                config["name"],
                Adapter(
                    self.arrays[f"merged.a.{number}"],
                    self.arrays[f"merged.b.{number}"],
                    config["scale"],
                ),
            )
            for number, config in enumerate(self.description["merged"])
        )


def read_adapter_arrays(layer: Any, arrays: Mapping[str, Any]) -> AdapterArrays:
    """Check the arrays of adapters against a layer, and read them.

    Raises
    ------
    ValueError, ShapeError
        When it does not fit the layer, or itself.
    """
    if not hasattr(layer, "adapters"):
        raise ValueError(
            f"only a layer with a table has adapters. Received some for {layer.name!r}. "
            "Compare the two configs."
        )
    description = _read_description(layer, arrays)
    shape = (layer.input_dim, layer.output_dim)
    expected: dict[str, tuple[int, ...]] = {}
    ranks = {}
    for number, config in enumerate(description["adapters"]):
        ranks[config["name"]] = config["rank"]
        expected[f"a.{number}"], expected[f"b.{number}"] = _factors(shape, config["rank"])
    for number, config in enumerate(description["merged"]):
        pair = _factors(shape, ranks[config["name"]])
        expected[f"merged.a.{number}"], expected[f"merged.b.{number}"] = pair
    table = layer.embedding_table
    if description["merged"]:
        expected.update({f"before.{n}": s for n, s in enumerate(table.before_merge_shapes)})
    rows = [variable.shape for variable in table.row_variables]
    base = {f"base.{n}": s for n, s in enumerate(rows)} if description["active"] else {}
    names = set(expected) | set(base)
    if set(arrays) - {"about"} != names:
        raise ValueError(
            f"the file must hold for the adapters of {layer.name!r} {sorted(names)!r:.200}. "
            f"Received {sorted(arrays)!r:.200}. Save it again."
        )
    for name, shape in {**expected, **base}.items():
        if tuple(arrays[name].shape) != shape:
            raise ShapeError(
                f"{name} of the adapters of {layer.name!r} must have shape {shape}. "
                f"Received {tuple(arrays[name].shape)}. Compare the two configs."
            )
        if not name.startswith(("base", "before")) and np.dtype(arrays[name].dtype).kind != "f":
            raise ValueError(
                f"{name} of the adapters of {layer.name!r} must hold floats. "
                f"Received {np.dtype(arrays[name].dtype).name}. Save it again."
            )
    return AdapterArrays(
        layer,
        description,
        {name: np.asarray(arrays[name]) for name in expected},
        {name: arrays[name] for name in base},
    )


def reinitialize_adapters(layer: Any) -> None:
    """Initialize a layer's adapters again, after a table was loaded with them merged.

    A is random and B zero. With both zero, as in Keras after loading, no gradient would ever
    change them.
    """
    if layer.adapters.merged:
        layer.adapters.mark_unmerged()
    for number, lora in enumerate(layer.adapters.values()):
        initializer = initializers.get("he_uniform")
        if layer.seed is not None:
            initializer = initializers.seeded(initializer, layer.seed + 1 + number)
        lora.a.assign(initializer(lora.a.shape, dtype=lora.a.dtype))
        if layer.padding_idx is not None:
            lora.a.value[layer.padding_idx] = 0
        lora.b.assign(np.zeros(lora.b.shape, lora.b.dtype))


def _factors(shape: tuple[int, int], rank: int) -> tuple[tuple[int, int], tuple[int, int]]:
    return (shape[0], rank), (rank, shape[1])


def _read_description(layer: Any, arrays: Mapping[str, Any]) -> dict[str, Any]:
    """Return the description of the adapters, every part of it checked."""
    text = arrays.get("about")
    fits = text is not None and np.dtype(text.dtype) == np.uint8 and len(text.shape) == 1
    try:
        if not fits or text.shape[0] > _MAX_DESCRIPTION:  # type: ignore[union-attr]
            raise ValueError("no short text")
        description: dict[str, Any] = json.loads(bytes(np.asarray(text)).decode())
        for config in description["adapters"]:
            _check_config(config)
        names = [config["name"] for config in description["adapters"]]
        merged = [config["name"] for config in description["merged"]]
        labels = {"embeddings" if name == "default" else name for name in names}
        if len(labels) < len(names) or {*description["active"], *merged} - set(names):
            raise ValueError("names that do not fit each other")
        if len(set(description["active"])) < len(description["active"]) or (
            merged and description["active"]
        ):
            raise ValueError("adapters that are active twice, or active and merged")
        if not all(math.isfinite(config["scale"]) for config in description["merged"]):
            raise ValueError("a scale that is no number")
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


def _check_config(config: Any) -> None:
    name, rank = config["name"], config["rank"]
    if not isinstance(name, str) or not name or "/" in name:
        raise ValueError(f"the name {name!r:.40}")
    if not isinstance(rank, int) or isinstance(rank, bool) or rank < 1:
        raise ValueError(f"the rank {rank!r:.40}")
    if not isinstance(config["rslora"], bool):
        raise ValueError("rslora")
    lora_scale(rank, config["alpha"], rslora=config["rslora"])

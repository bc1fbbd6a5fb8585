"""LoRA adapters beside the arrays that Keras knows: named, whole, restored exactly."""

import json
import math
import warnings
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from embedlab import initializers
from embedlab.core.checks import ShapeError
from embedlab.core.lora import Adapter, lora_scale
from embedlab.saving.h5 import numbers

__all__ = ["Restored", "beside", "restart", "restored"]

_LONGEST = 1 << 20  # bytes of the text that describes adapters


def beside(layer: Any) -> dict[str, np.ndarray]:
    """Return the arrays that stand beside a layer's own: adapters, and the table without them.

    Returns
    -------
    dict of str to ndarray
        "about" is a text (JSON in UTF-8): names, ranks, alphas, which are active, which merged.
        "a.0", "b.0", "a.1", ... are the adapters. "base.0", ... is the table as it is, where the
        store has it with adapters added; "before.0", ... the codes before a merge. Empty without
        adapters.

    Examples
    --------
    >>> from embedlab.layers import Embedding
    >>> layer = Embedding(4, 3, lora_rank=1)
    >>> layer.build()
    >>> sorted(beside(layer)), bytes(beside(layer)["about"]).decode()[:40]
    (['a.0', 'about', 'b.0', 'base.0'], '{"active": ["default"], "adapters": [{"a')
    """
    adapters = getattr(layer, "adapters", None)
    if not adapters:
        return {}
    about = {
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
    text = json.dumps(about, sort_keys=True).encode()
    found: dict[str, np.ndarray] = {"about": np.frombuffer(text, np.uint8)}
    for number, lora in enumerate(adapters.values()):
        found[f"a.{number}"], found[f"b.{number}"] = lora.a.value, lora.b.value
    for number, (_, core) in enumerate(adapters.merged):
        found[f"merged.a.{number}"], found[f"merged.b.{number}"] = core.a, core.b
    table = layer.embedding_table
    if adapters.merged:
        found.update({f"before.{n}": array for n, array in enumerate(table.before_merge)})
    if adapters.active:
        found.update({f"base.{n}": v.value for n, v in enumerate(table.row_variables)})
    return found


class Restored(NamedTuple):
    """Adapters that were read and checked, ready to be put into their layer.

    Attributes
    ----------
    layer : Layer
    about : dict
    arrays : dict of str to ndarray
    base : dict of str to array
        The table without adapters, where the store has it with them; not read yet.
    """

    layer: Any
    about: dict[str, Any]
    arrays: dict[str, np.ndarray]
    base: dict[str, Any]

    def put(self) -> None:
        """Make the layer's adapters those that were read; variables that fit are kept."""
        layer, plans = self.layer, self.about["adapters"]
        layer.adapters.merged = ()
        if [(p["name"], p["rank"]) for p in plans] != [
            (lora.name, lora.rank) for lora in layer.adapters.values()
        ]:
            for name in list(layer.adapters):
                layer.remove(name)
            for plan in plans:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", UserWarning)  # its rank was warned of before
                    layer.add_adapter(plan["name"], plan["rank"], a_initializer="zeros")
        for number, plan in enumerate(plans):
            lora = layer.adapters[plan["name"]]
            lora.alpha, lora.rslora = plan["alpha"], plan["rslora"]
            lora.a.assign(self.arrays[f"a.{number}"])
            lora.b.assign(self.arrays[f"b.{number}"])
        layer.set_active(self.about["active"])
        layer.embedding_table.before_merge = [
            array for name, array in self.arrays.items() if name.startswith("before.")
        ]
        layer.adapters.merged = tuple(
            (
                plan["name"],
                Adapter(
                    self.arrays[f"merged.a.{number}"],
                    self.arrays[f"merged.b.{number}"],
                    plan["scale"],
                ),
            )
            for number, plan in enumerate(self.about["merged"])
        )


def restored(layer: Any, found: Mapping[str, Any]) -> Restored:
    """Check what stood beside a layer's arrays, and read it.

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
    about = _about(layer, found)
    shape = (layer.input_dim, layer.output_dim)
    wanted: dict[str, tuple[int, ...]] = {}
    ranks = {}
    for number, plan in enumerate(about["adapters"]):
        ranks[plan["name"]] = plan["rank"]
        wanted[f"a.{number}"], wanted[f"b.{number}"] = _factors(shape, plan["rank"])
    for number, plan in enumerate(about["merged"]):
        pair = _factors(shape, ranks[plan["name"]])
        wanted[f"merged.a.{number}"], wanted[f"merged.b.{number}"] = pair
    table = layer.embedding_table
    if about["merged"]:
        wanted.update({f"before.{n}": s for n, s in enumerate(table.before_merge_shapes)})
    rows = [variable.shape for variable in table.row_variables]
    base = {f"base.{n}": s for n, s in enumerate(rows)} if about["active"] else {}
    names = set(wanted) | set(base)
    if set(found) - {"about"} != names:
        raise ValueError(
            f"beside {layer.name!r} there must stand {sorted(names)!r:.200}. "
            f"Received {sorted(found)!r:.200}. Save it again."
        )
    for name, want in {**wanted, **base}.items():
        if tuple(found[name].shape) != want:
            raise ShapeError(
                f"{name} beside {layer.name!r} must have shape {want}. "
                f"Received {tuple(found[name].shape)}. Compare the two configs."
            )
        if not name.startswith(("base", "before")) and np.dtype(found[name].dtype).kind != "f":
            raise ValueError(
                f"{name} beside {layer.name!r} must hold floats. "
                f"Received {np.dtype(found[name].dtype).name}. Save it again."
            )
    return Restored(
        layer,
        about,
        {name: numbers(found[name]) for name in wanted},
        {name: found[name] for name in base},
    )


def restart(layer: Any) -> None:
    """Start a layer's adapters again after its table came with them merged: A random, B zero.

    Where A and B were both zero, as in Keras after loading, no gradient could ever move them.
    """
    if layer.adapters.merged:
        layer.adapters.mark_unmerged()
    for number, lora in enumerate(layer.adapters.values()):
        drawn = initializers.get("he_uniform")
        if layer.seed is not None:
            drawn = initializers.seeded(drawn, layer.seed + 1 + number)
        lora.a.assign(drawn(lora.a.shape, dtype=lora.a.dtype))
        if layer.padding_idx is not None:
            lora.a.value[layer.padding_idx] = 0
        lora.b.assign(np.zeros(lora.b.shape, lora.b.dtype))


def _factors(shape: tuple[int, int], rank: int) -> tuple[tuple[int, int], tuple[int, int]]:
    return (shape[0], rank), (rank, shape[1])


def _about(layer: Any, found: Mapping[str, Any]) -> dict[str, Any]:
    """Return the description of the adapters, every part of it checked."""
    text = found.get("about")
    fits = text is not None and np.dtype(text.dtype) == np.uint8 and len(text.shape) == 1
    try:
        if not fits or text.shape[0] > _LONGEST:  # type: ignore[union-attr]
            raise ValueError("no short text")
        about = json.loads(bytes(numbers(text)).decode())
        for plan in about["adapters"]:
            _check_plan(plan)
        names = [plan["name"] for plan in about["adapters"]]
        merged = [plan["name"] for plan in about["merged"]]
        labels = {"embeddings" if name == "default" else name for name in names}
        if len(labels) < len(names) or {*about["active"], *merged} - set(names):
            raise ValueError("names that do not fit each other")
        if len(set(about["active"])) < len(about["active"]) or (merged and about["active"]):
            raise ValueError("adapters that are active twice, or active and merged")
        if not all(math.isfinite(plan["scale"]) for plan in about["merged"]):
            raise ValueError("a scale that is no number")
    except (ValueError, KeyError, TypeError, RecursionError, OverflowError) as error:
        raise ValueError(
            f"what is told of the adapters of {layer.name!r} must be names, ranks and alphas. "
            f"Received something else ({error!r:.80}). Save it again."
        ) from error
    if names and layer.embeddings_constraint is not None:
        raise ValueError(
            "Lora is incompatible with embedding constraints. Received adapters for "
            f"{layer.name!r}, which has one. Leave the constraint away."
        )
    return about


def _check_plan(plan: Any) -> None:
    name, rank = plan["name"], plan["rank"]
    if not isinstance(name, str) or not name or "/" in name:
        raise ValueError(f"the name {name!r:.40}")
    if not isinstance(rank, int) or isinstance(rank, bool) or rank < 1:
        raise ValueError(f"the rank {rank!r:.40}")
    if not isinstance(plan["rslora"], bool):
        raise ValueError("rslora")
    lora_scale(rank, plan["alpha"], rslora=plan["rslora"])

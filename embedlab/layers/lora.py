"""LoRA adapters of a layer with a table: they are added, switched, merged and removed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from embedlab.core.checks import short_repr
from embedlab.core.lora import Adapter, grad_lora, lora_scale
from embedlab.layers.variable import Variable

__all__ = ["DEFAULT_NAME", "AdapterSet", "LoRAAdapter", "adapter_weight_names", "is_adapter_name"]

DEFAULT_NAME = "default"
"""The adapter that `enable_lora` makes, the only one that Keras knows."""


@dataclass(eq=False, repr=False)
class LoRAAdapter:
    """One adapter of a layer: it adds ``alpha / rank * a @ b`` to the table.

    `a`, (V, R), is random at first; `b`, (R, D), shared by all rows, is zero, so that a new adapter
    changes nothing. With `rslora` the divisor is the root of the rank: the product keeps its size
    when the rank grows.
    """

    name: str
    a: Variable
    b: Variable
    rank: int
    alpha: float
    rslora: bool = False

    @property
    def scale(self) -> float:
        """The factor of ``a @ b``."""
        return lora_scale(self.rank, self.alpha, rslora=self.rslora)

    @property
    def arrays(self) -> Adapter:
        """The arrays and the factor in the form that the core takes."""
        return Adapter(self.a.value, self.b.value, self.scale)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of `add_adapter`."""
        return {"name": self.name, "rank": self.rank, "alpha": self.alpha, "rslora": self.rslora}

    def __repr__(self) -> str:
        kind = "rslora, " if self.rslora else ""
        return f"LoRAAdapter({self.name}, {kind}rank {self.rank}, alpha {self.alpha:g})"


class AdapterSet(Mapping[str, LoRAAdapter]):
    """The adapters of one layer by name, which of them are active, and which are merged.

    Attributes
    ----------
    active : tuple of str
        Only these count in the forward pass and are trained.
    merged : tuple of (str, Adapter)
        Copies of the adapters that the table holds now, by name. While there are any, none is
        active, and what would lose track of them is refused.

    Examples
    --------
    >>> adapters = AdapterSet()
    >>> a, b = Variable(np.ones((3, 1))), Variable(np.zeros((1, 2)))
    >>> adapters.add(LoRAAdapter("first", a, b, 1, 1.0))
    >>> adapters
    AdapterSet([LoRAAdapter(first, rank 1, alpha 1)])
    >>> adapters.active, adapters.merged, list(adapters)
    (('first',), (), ['first'])
    """

    def __init__(self) -> None:
        self._by_name: dict[str, LoRAAdapter] = {}
        self.active: tuple[str, ...] = ()
        self.merged: tuple[tuple[str, Adapter], ...] = ()

    def __getitem__(self, name: str) -> LoRAAdapter:
        return self._by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)

    def __repr__(self) -> str:
        return f"AdapterSet({list(self.values())})"

    @property
    def variables(self) -> list[Variable]:
        """A and B of each adapter, in order."""
        return [variable for adapter in self.values() for variable in (adapter.a, adapter.b)]

    def active_arrays(self) -> list[Adapter]:
        """Return the arrays of the active adapters."""
        return [self._by_name[name].arrays for name in self.active]

    # Changing the set -------------------------------------------------------------------------

    def add(self, adapter: LoRAAdapter) -> None:
        """Add an adapter and make it active beside the others."""
        self._by_name[adapter.name] = adapter
        self.set_active([*self.active, adapter.name])

    def remove(self, name: str) -> LoRAAdapter:
        """Take an adapter out of the set and return it."""
        self.refuse_if_merged("remove")
        self._check_known(name)
        adapter = self._by_name.pop(name)
        self.set_active([other for other in self.active if other != name])
        return adapter

    def clear(self) -> list[LoRAAdapter]:
        """Take all adapters out of the set, merged or not, and return them."""
        removed = list(self.values())
        self._by_name, self.active, self.merged = {}, (), ()
        return removed

    def set_active(self, names: Any) -> None:
        """Make the named adapters active, and no others."""
        names = list(names) if np.iterable(names) and not isinstance(names, str) else [names]
        self.refuse_if_merged("set_active")
        for name in names:
            self._check_known(name)
        self.active = names = tuple(dict.fromkeys(names))
        active = set(names)
        for name, adapter in self.items():
            adapter.a.trainable = adapter.b.trainable = name in active

    def mark_merged(self) -> None:
        """Note that the table holds the active adapters now: they rest, and are remembered."""
        copies = [Adapter(a.copy(), b.copy(), scale) for a, b, scale in self.active_arrays()]
        merged = tuple(zip(self.active, copies, strict=True))
        self.set_active([])
        self.merged = merged

    def mark_unmerged(self) -> None:
        """Note that the table is free of adapters again: those that were merged are active."""
        names = [name for name, _ in self.merged]
        self.merged = ()
        self.set_active(names)

    # Backward ---------------------------------------------------------------------------------

    def gradients(
        self, rows: np.ndarray, grad: np.ndarray, padding_idx: int | None
    ) -> dict[str, Any]:
        """Return the gradients of A (sparse) and B of each active adapter, by weight name."""
        if padding_idx is not None and self.active:
            counts = rows != padding_idx
            rows, grad = rows[counts], grad[counts]
        gradients: dict[str, Any] = {}
        for name, arrays in zip(self.active, self.active_arrays(), strict=True):
            pair = grad_lora(rows, grad, arrays)
            gradients.update(zip(adapter_weight_names(name), pair, strict=True))
        return gradients

    # Refusals ---------------------------------------------------------------------------------

    def _check_known(self, name: Any) -> None:
        if not isinstance(name, str) or name not in self._by_name:
            raise ValueError(
                f"an adapter must be one of {list(self)}. Received {short_repr(name)}. "
                "Make it with add_adapter."
            )

    def refuse_if_merged(self, what: str) -> None:
        """Refuse `what` while adapters are merged into the table."""
        if self.merged:
            raise ValueError(
                f"{what} needs a table without merged adapters. Received a layer whose adapters "
                f"{[name for name, _ in self.merged]} are merged into it. "
                "Call layer.unmerge() first, or layer.merge_and_unload() to keep the sum."
            )


def is_adapter_name(name: Any) -> bool:
    """Return whether a value is a name: printable, and without a slash, a path to files."""
    return isinstance(name, str) and 0 < len(name) <= 255 and name.isprintable() and "/" not in name


def adapter_weight_names(name: str) -> tuple[str, str]:
    """Return the names of A and B of an adapter: Keras's for the default one.

    >>> adapter_weight_names("default"), adapter_weight_names("slang")
    (('lora_embeddings_a', 'lora_embeddings_b'), ('lora_slang_a', 'lora_slang_b'))
    """
    middle = "embeddings" if name == DEFAULT_NAME else name
    return f"lora_{middle}_a", f"lora_{middle}_b"

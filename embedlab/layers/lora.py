"""LoRA on a layer with a table: adapters that are added, switched, merged and removed."""

import warnings
from typing import Any

import numpy as np

from embedlab import initializers
from embedlab.core.checks import check_size
from embedlab.core.lora import Adapter, grad_lora, lora_scale, merge, unmerge
from embedlab.layers.base import Layer
from embedlab.layers.variable import Variable

__all__ = ["Adapted", "LoRA", "adapter_labels"]

DEFAULT = "default"
"""The adapter that `enable_lora` makes, the only kind that Keras knows."""


class LoRA:
    """One adapter of a layer: the step ``alpha / rank * a @ b`` on its table.

    Attributes
    ----------
    name : str
    a : Variable, (V, R)
        Random at the start.
    b : Variable, (R, D)
        Zero at the start, so that a new adapter changes nothing; shared by all rows.
    rank : int
    alpha : float
    rslora : bool
        Divide by the root of the rank instead: the step keeps its size when the rank grows.
    """

    def __init__(
        self, name: str, a: Variable, b: Variable, rank: int, alpha: float, rslora: bool = False
    ):
        self.name, self.a, self.b = name, a, b
        self.rank, self.alpha, self.rslora = rank, alpha, rslora

    @property
    def scale(self) -> float:
        """The number before ``a @ b``."""
        return lora_scale(self.rank, self.alpha, rslora=self.rslora)

    @property
    def core(self) -> Adapter:
        """The arrays, as the core wants them."""
        return Adapter(self.a.value, self.b.value, self.scale)

    def __repr__(self) -> str:
        kind = "rslora, " if self.rslora else ""
        return f"LoRA({self.name}, {kind}rank {self.rank}, alpha {self.alpha:g})"


class Adapted(Layer):
    """A layer with a table (V, D) that LoRA adapters may stand beside.

    While there are adapters the table is frozen: `layer.trainable` does not thaw it. Only active
    adapters count in the forward pass and are trained.
    """

    input_dim: int
    output_dim: int
    padding_idx: int | None
    seed: int | None
    embeddings_constraint: Any
    embeddings_regularizer: Any
    _embeddings: Variable | None

    def __init__(self, **options: Any):
        super().__init__(**options)
        self.adapters: dict[str, LoRA] = {}
        self._active: tuple[str, ...] = ()
        self._merged: list[tuple[str, Adapter]] = []

    # What there is ----------------------------------------------------------------------------

    @property
    def lora_enabled(self) -> bool:
        """Whether the default adapter is there."""
        return DEFAULT in self.adapters

    @property
    def active_adapters(self) -> tuple[str, ...]:
        """The names of the adapters that count now."""
        return self._active

    @property
    def merged(self) -> bool:
        """Whether adapters are baked into the table now."""
        return bool(self._merged)

    def _cores(self) -> list[Adapter]:
        return [self.adapters[name].core for name in self._active]

    # Making and unmaking ----------------------------------------------------------------------

    def enable_lora(
        self,
        rank: int,
        lora_alpha: float | None = None,
        a_initializer: Any = "he_uniform",
        b_initializer: Any = "zeros",
    ) -> None:
        """Make the default adapter: the table is frozen, and A and B are trained instead.

        Parameters
        ----------
        rank : int >= 1
            R. More than min(V, D) is allowed with a warning: it is no longer low.
        lora_alpha : float, optional
            The step is scaled by alpha / rank; the rank unless told.
        a_initializer, b_initializer : optional
            With "he_uniform" the numbers of A shrink as the vocabulary grows.

        Raises
        ------
        ValueError
            For a layer that is not built, a second call, a rank below 1, and a layer with a
            constraint. "Lora is incompatible with embedding constraints": the constraint could
            not be kept by training A and B.

        Examples
        --------
        >>> from embedlab.layers.embedding import Embedding
        >>> layer = Embedding(5, 3, seed=1)
        >>> before = layer([1, 2])
        >>> layer.enable_lora(2)
        >>> bool((layer([1, 2]) == before).all()), len(layer.trainable_weights)
        (True, 2)
        """
        if self.lora_enabled:
            raise ValueError(
                "lora is already enabled. This can only be done once per layer. "
                f"Received rank={rank!r:.40}. Use add_adapter for a second one."
            )
        self.add_adapter(
            DEFAULT, rank, lora_alpha, a_initializer=a_initializer, b_initializer=b_initializer
        )

    def add_adapter(
        self,
        name: str,
        rank: int,
        alpha: float | None = None,
        rslora: bool = False,
        *,
        a_initializer: Any = "he_uniform",
        b_initializer: Any = "zeros",
    ) -> LoRA:
        """Make an adapter under a name, switch it on beside the others, and give it.

        Raises
        ------
        ValueError
            As `enable_lora`, and for a name that is taken.
        """
        rank = self._check_lora(name, rank)
        alpha = float(rank) if alpha is None else alpha
        lora_scale(rank, alpha, rslora=rslora)  # refuses an alpha that is no number
        labels = adapter_labels(name)
        kind = "float64" if self.variable_dtype == "float64" else "float32"
        started = initializers.get(a_initializer)
        if self.seed is not None:  # another seed than the table's, whose draws would come again
            started = initializers.seeded(started, self.seed + 1 + len(self.adapters))
        about = {"dtype": kind, "regularizer": self.embeddings_regularizer}
        try:
            a = self.add_weight(labels[0], (self.input_dim, rank), started, **about)
            b = self.add_weight(labels[1], (rank, self.output_dim), b_initializer, **about)
        except Exception:
            for label in labels:  # half an adapter is none
                self._own.pop(label, None)
            raise
        if self.padding_idx is not None:
            a.value[self.padding_idx] = 0  # B is shared: only a zero here keeps that row still
        self.adapters[name] = LoRA(name, a, b, rank, alpha, rslora)
        self.set_active([*self._active, name])
        return self.adapters[name]

    def set_active(self, names: Any) -> None:
        """Say which adapters count, by name; the others keep their numbers and rest.

        >>> from embedlab.layers.embedding import Embedding
        >>> layer = Embedding(5, 3, lora_rank=2)
        >>> layer.build()
        >>> layer.set_active([])
        >>> layer.active_adapters, layer.trainable_weights
        ((), [])
        """
        names = (names,) if isinstance(names, str) else tuple(dict.fromkeys(names))
        self._refuse_merged("set_active")
        for name in names:
            self._known(name)
        self._active = names
        for name, adapter in self.adapters.items():
            adapter.a.trainable = adapter.b.trainable = name in names
        if self._embeddings is not None:
            self._embeddings.trainable = not self.adapters

    def remove(self, name: str) -> None:
        """Take an adapter away; without any, the table may be trained again."""
        self._refuse_merged("remove")
        self._known(name)
        for label in adapter_labels(name):
            del self._own[label]
        del self.adapters[name]
        self.set_active([n for n in self._active if n != name])

    def merge(self, safe: bool = True) -> None:
        """Bake the active adapters into the table: the same rows come out, at no extra cost.

        With `safe`, a merged number that is not finite raises NotFiniteError, and nothing changes.
        They rest until `unmerge`; until then `set_weights` is refused, and `get_weights` gives the
        table with them.
        """
        self._refuse_merged("merge")
        table = self._built_table().value
        cores = [(name, self.adapters[name].core) for name in self._active]
        kept = [(name, Adapter(c.a.copy(), c.b.copy(), c.scale)) for name, c in cores]
        merge(table, [core for _, core in cores], safe=safe, out=table)
        self.set_active([])
        self._merged = kept

    def unmerge(self) -> None:
        """Take what `merge` baked in out of the table again (to within a rounding), and go on."""
        if not self._merged:
            raise ValueError(
                "unmerge must follow merge. Received a layer without merged adapters. "
                "Call layer.merge() first."
            )
        table = self._built_table().value
        unmerge(table, [core for _, core in self._merged], safe=False, out=table)
        names, self._merged = [name for name, _ in self._merged], []
        self.set_active(names)

    # Backward ---------------------------------------------------------------------------------

    def _grad_adapters(self, rows: np.ndarray, grad: np.ndarray) -> dict[str, Any]:
        """Return the gradients of A (sparse) and B of each active adapter."""
        if self.padding_idx is not None:
            learns = rows != self.padding_idx
            rows, grad = rows[learns], grad[learns]
        found: dict[str, Any] = {}
        for name in self._active:
            found.update(
                zip(
                    adapter_labels(name),
                    grad_lora(rows, grad, self.adapters[name].core),
                    strict=True,
                )
            )
        return found

    def _ready_to_set(self) -> None:
        self._refuse_merged("set_weights")
        super()._ready_to_set()

    # Refusals ---------------------------------------------------------------------------------

    def _check_lora(self, name: str, rank: Any) -> int:
        if self.embeddings_constraint is not None:
            raise ValueError(
                "Lora is incompatible with embedding constraints: they hold for the table, which "
                f"is frozen. Received {self.embeddings_constraint!r:.60}. Leave one of them away."
            )
        if not self.built:
            raise ValueError(
                "Cannot enable lora on a layer that isn't yet built. "
                f"Received no call of {self.name} yet. Call layer.build() first."
            )
        fine = isinstance(name, str) and name and "/" not in name
        if not fine or adapter_labels(name)[0] in self._own:
            raise ValueError(
                "an adapter needs a name of its own, without a slash. "
                f"Received {name!r:.40} beside {list(self.adapters)}. Choose another."
            )
        self._refuse_merged("add_adapter")
        rank = check_size(rank, "rank")
        if rank > min(self.input_dim, self.output_dim):
            warnings.warn(
                f"a LoRA rank is meant to be low: it should be at most min(V, D) = "
                f"{min(self.input_dim, self.output_dim)}. Received {rank}. "
                "A smaller one gives the same freedom with less memory.",
                UserWarning,
                stacklevel=4,
            )
        return rank

    def _built_table(self) -> Variable:
        if self._embeddings is None:
            raise ValueError("a table is needed. Received an unbuilt layer. Call layer.build().")
        return self._embeddings

    def _known(self, name: str) -> None:
        if name not in self.adapters:
            raise ValueError(
                f"an adapter must be one of {list(self.adapters)}. Received {name!r:.40}. "
                "Make it with add_adapter."
            )

    def _refuse_merged(self, what: str) -> None:
        if self._merged:
            raise ValueError(
                f"{what} needs adapters beside the table. Received a layer whose adapters are "
                "merged into it. Call layer.unmerge() first."
            )


def adapter_labels(name: str) -> tuple[str, str]:
    """Return the names of A and B of an adapter: Keras's for the default one.

    >>> adapter_labels("default"), adapter_labels("slang")
    (('lora_embeddings_a', 'lora_embeddings_b'), ('lora_slang_a', 'lora_slang_b'))
    """
    middle = "embeddings" if name == DEFAULT else name
    return f"lora_{middle}_a", f"lora_{middle}_b"

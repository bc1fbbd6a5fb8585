"""EmbeddingBag: one row for a whole bag of ids. Its arithmetic lives in the core."""

from typing import Any, NamedTuple

import numpy as np

from embedlab import constraints, initializers, regularizers
from embedlab.core.bag import (
    Bags,
    bag,
    bag_max,
    grad_bag,
    grad_bag_max,
    grad_bag_weights,
    parse_bags,
)
from embedlab.core.checks import ShapeError, check_size
from embedlab.core.ids import check_padding_idx
from embedlab.core.max_norm import max_norm as shorten
from embedlab.layers.base import Gradients, Layer
from embedlab.layers.memory_report import check_fits_in_memory

__all__ = ["BagContext", "EmbeddingBag"]


class BagContext(NamedTuple):
    """What `EmbeddingBag.forward` leaves for `EmbeddingBag.backward`.

    Attributes
    ----------
    bags : Bags
    shape : tuple of int
        That of the weights that came with the ids, or () without weights.
    winners : ndarray or None
        Where the largest numbers stood, for "max".
    """

    bags: Bags
    shape: tuple[int, ...]
    winners: np.ndarray | None


class EmbeddingBag(Layer):
    """Turn bags of ids into one row each: the sum, mean or maximum of their rows of a table.

    Parameters
    ----------
    input_dim, output_dim : int
        V and D, as for `Embedding`.
    mode : {"mean", "sum", "max"}
    embeddings_initializer, embeddings_regularizer, embeddings_constraint, weights : optional
        As for `Embedding`.
    include_last_offset : bool
        `offsets` end with the number of ids.
    padding_idx : int, optional
        An id that does not count, as if it were not there; its row starts at zero.
    max_norm, norm_type, scale_grad_by_freq, seed
        As for `Embedding`.

    Raises
    ------
    ValueError, ShapeError, IdError
        For sizes, ids, offsets and weights that do not fit.

    Notes
    -----
    An empty bag gives zeros. Source: ``torch.nn.EmbeddingBag``; on purpose different: weights also
    work with "mean".

    Examples
    --------
    >>> layer = EmbeddingBag(3, 2, "sum", weights=[[1, 10], [2, 20], [4, 40]])
    >>> layer([[0, 1], [2, 2]]).tolist()
    [[3.0, 30.0], [8.0, 80.0]]
    >>> layer([0, 1, 2], offsets=[0, 2]).tolist()
    [[3.0, 30.0], [4.0, 40.0]]
    """

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        mode: str = "mean",
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        weights: Any = None,
        *,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        seed: int | None = None,
        **options: Any,
    ):
        super().__init__(**options)
        self.input_dim = check_size(input_dim, "input_dim")
        self.output_dim = check_size(output_dim, "output_dim")
        parse_bags(np.zeros((1, 1)), [[0]], mode=mode)  # refuses an unknown mode now
        check_padding_idx(padding_idx, self.input_dim)
        self.mode, self.padding_idx, self.seed = mode, padding_idx, seed
        self.embeddings_initializer = initializers.seeded(
            initializers.get(embeddings_initializer), seed
        )
        self.embeddings_regularizer = regularizers.get(embeddings_regularizer)
        self.embeddings_constraint = constraints.get(embeddings_constraint)
        self.include_last_offset = bool(include_last_offset)
        self.max_norm, self.norm_type = max_norm, norm_type
        if max_norm is not None:
            shorten(np.zeros((1, 1)), [], max_norm, norm_type=norm_type)
        self.scale_grad_by_freq = bool(scale_grad_by_freq)
        if weights is not None:
            self._build_around(np.asarray(weights))

    def build(self, input_shape: Any = None) -> None:
        """Make the table, unless it is there; TableMemoryError when it cannot fit."""
        self._make(self.embeddings_initializer)
        if self.padding_idx is not None:
            self.embeddings.value[self.padding_idx] = 0

    def _build_on(self, inputs: Any) -> None:
        self.build()

    def _build_around(self, table: np.ndarray) -> None:
        if table.shape != (self.input_dim, self.output_dim):
            raise ShapeError(
                f"Layer {self.name} weight shape {(self.input_dim, self.output_dim)} is not "
                f"compatible with provided weight shape {table.shape}. Received it as weights=. "
                "It must be (input_dim, output_dim)."
            )
        self._make(lambda shape, dtype: table)

    def _make(self, initializer: Any) -> None:
        shape = (self.input_dim, self.output_dim)
        itemsize = np.dtype(self.variable_dtype).itemsize
        check_fits_in_memory(
            self.input_dim * self.output_dim * itemsize, f"a table (V, D) = {shape}"
        )
        self.embeddings = self.add_weight(
            "embeddings",
            shape,
            initializer,
            regularizer=self.embeddings_regularizer,
            constraint=self.embeddings_constraint,
        )
        self.built = True

    def call(self, inputs: Any, offsets: Any = None, per_sample_weights: Any = None) -> np.ndarray:
        """Return one row for each bag, (B, D), in the compute dtype.

        Parameters
        ----------
        inputs : array_like of int, (B, T), or (N,) with offsets
        offsets : array_like of int, (B,), optional
            Where each bag begins.
        per_sample_weights : array_like, the shape of `inputs`, optional
            A factor for each row, with "sum" and "mean".
        """
        return self.forward(inputs, offsets=offsets, per_sample_weights=per_sample_weights)[0]

    def forward(
        self,
        inputs: Any,
        mask: Any = None,
        training: bool = False,
        *,
        offsets: Any = None,
        per_sample_weights: Any = None,
    ) -> tuple[np.ndarray, BagContext]:
        """Return the rows of the bags, and the context that `backward` needs."""
        if not self.built:
            self.build()
        table = self.embeddings.value
        factors = per_sample_weights
        if factors is not None:
            factors = np.asarray(factors, table.dtype)
        told = {
            "mode": self.mode,
            "weights": factors,
            "padding_idx": self.padding_idx,
            "include_last_offset": self.include_last_offset,
        }
        bags = parse_bags(table, inputs, offsets, **told)
        bags = bags._replace(ids=bags.ids.copy(), weights=bags.weights.copy())
        if self.max_norm is not None:
            shorten(table, bags.ids, self.max_norm, norm_type=self.norm_type)
        winners = None
        if self.mode == "max":
            out, winners = bag_max(table, bags)
        else:
            out = bag(table, inputs, offsets, **told)
        shape = () if factors is None else factors.shape
        return out.astype(self.compute_dtype, copy=False), BagContext(bags, shape, winners)

    def backward(self, context: BagContext, grad: Any) -> Gradients:
        """Return the gradient of the table as a SparseGrad.

        `inputs` holds the gradient of `per_sample_weights`, where there were any; else None.
        """
        grad = np.asarray(grad, self.variable_dtype)
        bags, shape, winners = context
        if winners is not None:
            return Gradients(
                None, {"embeddings": grad_bag_max(bags, winners, grad, self.input_dim)}
            )
        by_row = grad_bag(
            bags, grad, self.input_dim, mode=self.mode, scale_grad_by_freq=self.scale_grad_by_freq
        )
        by_factor = None
        if shape:
            by_factor = grad_bag_weights(self.embeddings.value, bags, grad, mode=self.mode)
            by_factor = by_factor.reshape(shape)
        return Gradients(by_factor, {"embeddings": by_row})

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """Return (B, D) for bags (B, T)."""
        batch, *_ = input_shape
        return (batch, self.output_dim)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        return {
            **super().get_config(),
            "input_dim": self.input_dim,
            "output_dim": self.output_dim,
            "mode": self.mode,
            "embeddings_initializer": initializers.serialize(self.embeddings_initializer),
            "embeddings_regularizer": regularizers.serialize(self.embeddings_regularizer),
            "embeddings_constraint": constraints.serialize(self.embeddings_constraint),
            "include_last_offset": self.include_last_offset,
            "padding_idx": self.padding_idx,
            "max_norm": self.max_norm,
            "norm_type": self.norm_type,
            "scale_grad_by_freq": self.scale_grad_by_freq,
            "seed": self.seed,
        }

    def __repr__(self) -> str:
        padding = "" if self.padding_idx is None else f", padding_idx {self.padding_idx}"
        return (
            f"EmbeddingBag({self.input_dim} words -> {self.output_dim} numbers, {self.mode}"
            f"{padding})"
        )

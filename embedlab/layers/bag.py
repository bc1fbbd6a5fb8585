"""EmbeddingBag: one row for a bag of ids. Its arithmetic lives in the core."""

from typing import Any, ClassVar

import numpy as np

from embedlab.core.bag import (
    Bags,
    bag,
    bag_max,
    grad_bag,
    grad_bag_max,
    grad_bag_weights,
    parse_bags,
)
from embedlab.core.checks import as_numeric_array, check_flag
from embedlab.core.ids import IdError, as_ids, out_of_range_error
from embedlab.layers.embedding_table import TableLayer
from embedlab.layers.input_checks import cast_grad
from embedlab.layers.layer import Gradients
from embedlab.layers.variable import Variable

__all__ = ["EmbeddingBag"]

SavedBags = tuple[Bags, tuple[int, ...], np.ndarray | None]
"""Bags, the shape of `per_sample_weights` or (), and the positions of maxima."""


class EmbeddingBag(TableLayer):
    """Turn bags of ids into one row each: the sum, mean or maximum of their rows of a table.

    Parameters
    ----------
    input_dim, output_dim : int
        V and D, as for `Embedding`.
    mode : {"mean", "sum", "max"}
    embeddings_initializer, embeddings_regularizer, embeddings_constraint, weights : optional
        As for `Embedding`.
    include_last_offset : bool
        `offsets` has one entry more, which ends the last bag.
    padding_idx : int, optional
        An id that does not count, as if it were not there; its row starts at zero and stays so.
        Negative: counted from the end.
    max_norm, norm_type, scale_grad_by_freq, seed
        As for `Embedding`; "max" cannot scale by frequency, as in PyTorch.

    Raises
    ------
    ValueError, ShapeError, IdError
        For sizes, ids, offsets and weights that do not fit.

    Notes
    -----
    An empty bag gives zeros. Source: ``torch.nn.EmbeddingBag``; on purpose different: weights also
    work with "mean", and ids behind the last offset are in no bag (PyTorch's kernels disagree).

    Examples
    --------
    >>> layer = EmbeddingBag(3, 2, "sum", weights=[[1, 10], [2, 20], [4, 40]])
    >>> layer([[0, 1], [2, 2]]).tolist()
    [[3.0, 30.0], [8.0, 80.0]]
    >>> layer([0, 1, 2], offsets=[0, 2]).tolist()
    [[3.0, 30.0], [4.0, 40.0]]
    """

    CONFIG: ClassVar = (
        *("input_dim", "output_dim", "mode", "include_last_offset", "padding_idx", "max_norm"),
        *("norm_type", "scale_grad_by_freq", "seed"),
    )

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
        **options: Any,
    ):
        table = embeddings_initializer, embeddings_regularizer, embeddings_constraint
        super().__init__(input_dim, output_dim, *table, **options)
        parse_bags(np.zeros((1, 1)), [[0]], mode=mode)  # refuses an unknown mode now
        self.mode = mode
        self.include_last_offset = check_flag(include_last_offset, "include_last_offset")
        if self.scale_grad_by_freq and mode == "max":
            raise ValueError(
                'scale_grad_by_freq must be False with mode="max", as in PyTorch: a number of a '
                "bag comes from one row. Received True. Leave it away, or choose sum or mean."
            )
        if weights is not None:
            self._make_table(weights)

    def build(self, input_shape: Any = None) -> None:
        """Make the table, unless it is there; TableMemoryError when it cannot fit."""
        self._make_table()

    def _make_table(self, weights: Any = None) -> None:
        self._table, self.built = self._make_float_table(weights), True
        self.embeddings = self._table.variable

    def call(self, inputs: Any, offsets: Any = None, per_sample_weights: Any = None) -> np.ndarray:
        """Return one row for each bag, (B, D), in the compute dtype.

        `inputs` are ids, (B, T), or (N,) with `offsets` (B,), where each bag begins;
        `per_sample_weights`, of the same shape, factors for the rows, with "sum" and "mean".
        """
        return self.forward(inputs, offsets=offsets, per_sample_weights=per_sample_weights)[0]

    def forward(
        self, inputs: Any, *, offsets: Any = None, per_sample_weights: Any = None
    ) -> tuple[np.ndarray, SavedBags]:
        """Return the rows of the bags, and the context that `backward` needs."""
        table, weights = self.embeddings.value, per_sample_weights
        if weights is not None:
            weights = as_numeric_array(weights, "per_sample_weights").astype(table.dtype)
        options = {
            "mode": self.mode,
            "weights": weights,
            "padding_idx": self.padding_idx,
            "include_last_offset": self.include_last_offset,
        }
        try:
            bags = parse_bags(table, inputs, offsets, **options)
            bags = bags._replace(ids=bags.ids.copy(), weights=bags.weights.copy())
            self._table.apply_max_norm(bags.ids)
            winners = None
            if self.mode == "max":
                out, winners = bag_max(table, bags)
            else:
                out = bag(table, inputs, offsets, **options)
        except IdError as error:  # its positions may be those of the flat ids
            flat = error.input_dim and error.positions and (ids := as_ids(inputs)).ndim == 2
            raise (out_of_range_error(ids, self.input_dim) if flat else error) from None
        shape = () if weights is None else weights.shape
        return out.astype(self.compute_dtype, copy=False), (bags, shape, winners)

    def _read_by_backward(self, saved: SavedBags) -> list[Variable]:
        return [self.embeddings] if saved[1] else []

    def backward(self, saved: SavedBags, grad: Any) -> Gradients:
        """Return the gradient of the table as a SparseGrad.

        `inputs` holds the gradient of `per_sample_weights`, where there were any; else None.
        """
        bags, shape, winners = saved
        grad = cast_grad(self, grad, (bags.starts.size - 1, self.output_dim))
        if winners is not None:
            grad_table = grad_bag_max(bags, winners, grad, self.input_dim)
            return Gradients(None, {"embeddings": grad_table})
        grad_table = grad_bag(
            bags, grad, self.input_dim, mode=self.mode, scale_grad_by_freq=self.scale_grad_by_freq
        )
        grad_weights = None
        if shape:
            grad_weights = grad_bag_weights(self.embeddings.value, bags, grad, mode=self.mode)
            behind = int(np.prod(shape)) - grad_weights.size  # ids behind the last bag
            grad_weights = np.pad(grad_weights, (0, behind)).reshape(shape)
        return Gradients(grad_weights, {"embeddings": grad_table})

    def compute_output_shape(self, input_shape: Any) -> tuple[Any, ...]:
        """Return (B, D) for bags (B, T)."""
        batch, *_ = input_shape
        return (batch, self.output_dim)

    def __repr__(self) -> str:
        padding = "" if self.padding_idx is None else f", padding_idx {self.padding_idx}"
        return (
            f"EmbeddingBag({self.input_dim} words -> {self.output_dim} numbers, {self.mode}"
            f"{padding})"
        )

"""EmbeddingBag: one row for a bag of ids. Its arithmetic lives in the core."""

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
from embedlab.core.checks import check_size, message
from embedlab.core.ids import IdError
from embedlab.layers.embedding import as_padding_idx, check_max_norm, make_float_table, table_config
from embedlab.layers.embedding_table import FloatTable
from embedlab.layers.input_checks import as_numeric_array, cast_grad, name_layer
from embedlab.layers.layer import Gradients, Layer
from embedlab.layers.variable import Variable

__all__ = ["BagContext", "EmbeddingBag"]


class BagContext(NamedTuple):
    """The part of a forward pass that `EmbeddingBag.backward` needs.

    Attributes
    ----------
    bags : Bags
    shape : tuple of int
        The shape of `per_sample_weights`, or () without them.
    winners : ndarray or None
        The positions of the largest numbers, for "max".
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
        self.mode, self.seed = mode, seed
        self.padding_idx = as_padding_idx(padding_idx, self.input_dim)
        self.embeddings_initializer = initializers.seeded(
            initializers.get(embeddings_initializer), seed
        )
        self.embeddings_regularizer = regularizers.get(embeddings_regularizer)
        self.embeddings_constraint = constraints.get(embeddings_constraint)
        self.include_last_offset = bool(include_last_offset)
        self.max_norm, self.norm_type = max_norm, norm_type
        check_max_norm(max_norm, norm_type)
        self.scale_grad_by_freq = bool(scale_grad_by_freq)
        if self.scale_grad_by_freq and mode == "max":
            raise ValueError(
                'scale_grad_by_freq must be False with mode="max", as in PyTorch: a number of a '
                "bag comes from one row. Received True. Leave it away, or choose sum or mean."
            )
        self._table: FloatTable | None = None
        if weights is not None:
            self._table, self.built = make_float_table(self, weights), True

    def build(self, input_shape: Any = None) -> None:
        """Make the table, unless it is there; TableMemoryError when it cannot fit."""
        self._table = make_float_table(self)

    def _build_from_data(self, inputs: Any) -> None:
        self.build()

    @property
    def embeddings(self) -> Variable:
        """The table (V, D); AttributeError before build."""
        if self._table is None:
            must = "You must build the layer before accessing `embeddings`"
            do = "Call it on ids, or layer.build()"
            raise AttributeError(message(must, f"no call of {self.name} yet", do))
        return self._table.variable

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
        if self._table is None:
            self.build()
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
            self._table.apply_max_norm(bags.ids)  # type: ignore[union-attr]
            winners = None
            if self.mode == "max":
                out, winners = bag_max(table, bags)
            else:
                out = bag(table, inputs, offsets, **options)
        except IdError as error:
            raise name_layer(error, self) from None
        shape = () if weights is None else weights.shape
        return out.astype(self.compute_dtype, copy=False), BagContext(bags, shape, winners)

    def backward(self, context: BagContext, grad: Any) -> Gradients:
        """Return the gradient of the table as a SparseGrad.

        `inputs` holds the gradient of `per_sample_weights`, where there were any; else None.
        """
        bags, shape, winners = context
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

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        own = "mode include_last_offset padding_idx max_norm norm_type scale_grad_by_freq seed"
        config = {**super().get_config(), **table_config(self)}
        return {**config, **{name: getattr(self, name) for name in own.split()}}

    def __repr__(self) -> str:
        padding = "" if self.padding_idx is None else f", padding_idx {self.padding_idx}"
        return (
            f"EmbeddingBag({self.input_dim} words -> {self.output_dim} numbers, {self.mode}"
            f"{padding})"
        )

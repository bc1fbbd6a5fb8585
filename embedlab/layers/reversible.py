"""ReversibleEmbedding: rows for ids, and with the same table logits over the vocabulary."""

from typing import Any, NamedTuple

import numpy as np

from embedlab.core.checks import as_numeric_array, check_above_zero, check_dtype, check_flag
from embedlab.core.lora import Adapter
from embedlab.layers.embedding import Embedding
from embedlab.layers.embedding_table import FloatTable, Table
from embedlab.layers.input_checks import cast_grad, check_input_shape
from embedlab.layers.layer import Gradients
from embedlab.layers.lora import adapter_weight_names
from embedlab.layers.symbolic import KerasTensor
from embedlab.layers.variable import Variable

__all__ = ["ReverseContext", "ReversibleEmbedding"]


class ReverseContext(NamedTuple):
    """Vectors (..., D), and logits (..., V) after the cap."""

    vectors: np.ndarray
    logits: np.ndarray


class ReversibleEmbedding(Embedding):
    """An `Embedding` that also projects back: ``layer(vectors, reverse=True)`` returns logits.

    Parameters
    ----------
    tie_weights : bool
        Whether both directions share one table. If not, the reverse projection has a weight of
        its own, `reverse_embeddings` (D, V), which starts from `embeddings_initializer`:
        ``weights=``, regularizer and constraint hold for the first table only.
    reverse_dtype : str, optional
        The dtype of the logits; by default the compute dtype.
    logit_soft_cap : float, optional
        The logits become ``tanh(logits / cap) * cap``.
    input_dim, output_dim, options
        As for `Embedding`.

    Raises
    ------
    ValueError, ShapeError
        For a cap that is not above 0, and vectors of another length than D.

    Notes
    -----
    ``rows = table[ids]`` and ``logits = vectors @ table.T``. In training both directions send a
    gradient to the one table, and the two add up: the first is sparse, the second reaches all rows.

    Source: ``keras.layers.ReversibleEmbedding``; Press and Wolf 2017, "Using the Output Embedding
    to Improve Language Models". On purpose different: a mask that comes in with the vectors stays
    with the logits, so that a loss leaves padding out; adapters are never merged for a call; int8
    and int4 tables meet the vectors themselves, where Keras rounds the vectors to 8 bits too.

    Examples
    --------
    >>> layer = ReversibleEmbedding(3, 2, weights=[[1, 0], [0, 1], [1, 1]])
    >>> layer([2]).tolist(), layer([[3.0, 4.0]], reverse=True).tolist()
    ([[1.0, 1.0]], [[3.0, 4.0, 7.0]])
    """

    CONFIG = (*Embedding.CONFIG, "tie_weights", "reverse_dtype", "logit_soft_cap")
    supports_masking = True
    _INTEGER_WEIGHTS = False  # the way back multiplies by the table

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        tie_weights: bool = True,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        reverse_dtype: Any = None,
        logit_soft_cap: float | None = None,
        **options: Any,
    ):
        self.tie_weights = check_flag(tie_weights, "tie_weights")
        dtype = reverse_dtype
        self.reverse_dtype = None if dtype is None else check_dtype(dtype, "reverse_dtype", "f")
        cap = logit_soft_cap
        self.logit_soft_cap = None if cap is None else check_above_zero(cap, "logit_soft_cap")
        if not self.tie_weights:
            self._table_names = ("embeddings", "reverse_embeddings")
        table = embeddings_initializer, embeddings_regularizer, embeddings_constraint
        super().__init__(input_dim, output_dim, *table, mask_zero, **options)

    # The reverse table ------------------------------------------------------------------------

    def _make_float_tables(self, weights: Any) -> dict[str, Table]:
        tables = super()._make_float_tables(weights)
        for name in self._table_names[1:]:
            shape = self.output_dim, self.input_dim
            variable = self.add_weight(shape, self.embeddings_initializer, name=name)
            tables[name] = FloatTable(variable, transposed=True)
        return tables

    @property
    def reverse_embeddings(self) -> Variable:
        """The reverse table, (D, V), or its codes; AttributeError where weights are tied."""
        if len(self._tables) < 2:
            raise AttributeError(
                "reverse_embeddings belongs to tie_weights=False, once the layer is built. "
                f"Received {self!r}. Use layer.embeddings, or layer.build()."
            )
        return self._tables["reverse_embeddings"].variables[0]

    def _reverse_parts(self, dtype: Any) -> tuple[Table, np.ndarray, list[Adapter]]:
        """Return the table of the reverse projection, its floats, and the adapters added to it."""
        table = self._tables[self._table_names[-1]]
        active = [
            Adapter(a.astype(dtype, copy=False), b.astype(dtype, copy=False), dtype.type(scale))
            for a, b, scale in (self.adapters.active_arrays() if self.tie_weights else [])
        ]
        return table, table.dense().astype(dtype, copy=False), active

    # Both directions --------------------------------------------------------------------------

    def call(self, inputs: Any, reverse: bool = False) -> np.ndarray:
        """Return rows (*ids.shape, D) for ids; with `reverse`, logits (..., V) for (..., D)."""
        if not reverse:
            return super().call(inputs)
        return self.forward(inputs, reverse=True)[0]

    def forward(
        self, inputs: Any, training: bool = False, *, reverse: bool = False
    ) -> tuple[np.ndarray, Any]:
        """Return the outputs of either direction, and the context that `backward` needs.

        Rows (*ids.shape, D) in the compute dtype; with `reverse`, logits (..., V) for (..., D),
        in `reverse_dtype`.
        """
        if not reverse:
            return super().forward(inputs, training=training)
        vectors = as_numeric_array(inputs, f"vectors of {self.name!r}")
        vectors = np.array(vectors, self._reverse_dtype, order="C")
        check_input_shape(self, vectors.shape, least=1, last=self.output_dim)
        work_dtype = np.promote_types(vectors.dtype, np.float32)  # half floats are summed in single
        _, floats, active = self._reverse_parts(work_dtype)
        flat = vectors.reshape(-1, self.output_dim).astype(work_dtype, copy=False)
        logits = flat @ floats.T
        for a, b, scale in active:  # their product a @ b (V, D) itself is never made
            logits += scale * ((flat @ b.T) @ a.T)
        if self.logit_soft_cap is not None:
            logits = np.tanh(logits / self.logit_soft_cap) * work_dtype.type(self.logit_soft_cap)
        shape = (*vectors.shape[:-1], self.input_dim)
        logits = logits.astype(vectors.dtype, copy=False).reshape(shape)
        return logits, ReverseContext(vectors, logits)

    def _read_by_backward(self, saved: Any) -> list[Variable]:
        read = super()._read_by_backward(saved)
        if isinstance(saved, ReverseContext):
            read += self._tables[self._table_names[-1]].row_variables
        return read

    def backward(self, context: Any, grad: Any) -> Gradients:
        """Return the gradients of either direction.

        With reverse: `inputs` (..., D), and an array under the name of each weight that it reads,
        unless that is frozen codes. RuntimeError when anything has changed the table since the
        forward pass, as in PyTorch: the gradient needs the table as it was.
        """
        if not isinstance(context, ReverseContext):
            return super().backward(context, grad)
        work_dtype = np.promote_types(self.variable_dtype, np.float32)
        grad = cast_grad(self, grad, context.logits.shape).astype(work_dtype, copy=False)
        table, floats, active = self._reverse_parts(work_dtype)
        vectors = context.vectors.astype(work_dtype, copy=False).reshape(-1, self.output_dim)
        if self.logit_soft_cap is not None:
            grad = grad * (1 - (context.logits.astype(work_dtype) / self.logit_soft_cap) ** 2)
        grad = grad.reshape(-1, self.input_dim)
        grad_vectors = grad @ floats
        for a, b, scale in active:
            grad_vectors += scale * ((grad @ a) @ b)
        if self.tie_weights and self.padding_idx is not None:
            grad = grad.copy()
            grad[:, self.padding_idx] = 0
        weights: dict[str, Any] = {}
        for name, (a, b, scale) in zip(self.adapters.active, active, strict=False):
            pair = scale * (grad.T @ (vectors @ b.T)), scale * ((grad @ a).T @ vectors)
            weights.update(zip(adapter_weight_names(name), pair, strict=True))
        if not (self.tie_weights and self.adapters):
            weights = table.gradients(grad.T @ vectors)
        return Gradients(grad_vectors.reshape(context.vectors.shape), weights)

    # Masks and shapes -------------------------------------------------------------------------

    def compute_mask(self, inputs: Any, mask: Any = None, reverse: bool = False) -> Any:
        """Return the mask of ids as `Embedding`; with `reverse`, the one of the vectors."""
        return mask if reverse else super().compute_mask(inputs)

    def compute_output_shape(self, input_shape: Any, reverse: bool = False) -> tuple[Any, ...]:
        """Return (*input_shape, D), or (..., V) with `reverse`."""
        if not reverse:
            return super().compute_output_shape(input_shape)
        check_input_shape(self, input_shape, least=1)
        if input_shape[-1] is not None:
            check_input_shape(self, input_shape, last=self.output_dim)
        return (*tuple(input_shape)[:-1], self.input_dim)

    def compute_output_spec(self, inputs: Any, reverse: bool = False) -> KerasTensor:
        """Return the placeholder of the outputs of either direction."""
        dtype = self._reverse_dtype if reverse else self.compute_dtype
        return KerasTensor(self.compute_output_shape(inputs.shape, reverse), dtype)

    @property
    def _reverse_dtype(self) -> str:
        return self.reverse_dtype or self.compute_dtype

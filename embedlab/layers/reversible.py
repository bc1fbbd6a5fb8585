"""ReversibleEmbedding: rows for ids, and with the same table logits over the vocabulary."""

from typing import Any, NamedTuple

import numpy as np

from embedlab.core.checks import ShapeError
from embedlab.layers.embedding import Embedding
from embedlab.layers.embedding_table import FloatTable, QuantizedTableWeights, resolve_quantization
from embedlab.layers.input_checks import check_input_shape
from embedlab.layers.layer import Gradients
from embedlab.layers.lora import adapter_weight_names
from embedlab.layers.symbolic import KerasTensor
from embedlab.layers.variable import Variable

__all__ = [
    "ReverseContext",
    "ReversibleEmbedding",
    "grad_soft_cap",
    "grad_vocabulary_logits",
    "soft_cap",
    "vocabulary_logits",
]


class ReverseContext(NamedTuple):
    """The part of a pass with ``reverse=True`` that `ReversibleEmbedding.backward` needs.

    Attributes
    ----------
    vectors : ndarray, (..., D)
    logits : ndarray, (..., V)
        After the cap.
    version : int
        That of the table, which `max_norm` may change in place.
    """

    vectors: np.ndarray
    logits: np.ndarray
    version: int = 0


class ReversibleEmbedding(Embedding):
    """An `Embedding` that also projects back: ``layer(vectors, reverse=True)`` returns logits.

    Parameters
    ----------
    input_dim, output_dim : int
        V and D.
    tie_weights : bool
        Whether both directions share one table. If not, the reverse projection has a weight of
        its own, `reverse_embeddings` (D, V).
    embeddings_initializer, embeddings_regularizer, embeddings_constraint, mask_zero
        As for `Embedding`.
    reverse_dtype : str, optional
        The dtype of the logits; by default the compute dtype.
    logit_soft_cap : float, optional
        The logits become ``tanh(logits / cap) * cap``.
    options
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

    supports_masking = True

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
        self.tie_weights = bool(tie_weights)
        self.reverse_dtype = None if reverse_dtype is None else np.dtype(reverse_dtype).name
        self.logit_soft_cap = _check_cap(logit_soft_cap)
        self._reverse: FloatTable | QuantizedTableWeights | None = None
        super().__init__(
            input_dim,
            output_dim,
            embeddings_initializer,
            embeddings_regularizer,
            embeddings_constraint,
            mask_zero,
            **options,
        )

    # The reverse table ------------------------------------------------------------------------

    def _make_float_table(self, initializer: Any) -> None:
        super()._make_float_table(initializer)
        if not self.tie_weights:
            shape = (self.output_dim, self.input_dim)
            variable = self.add_weight(
                shape, self.embeddings_initializer, name="reverse_embeddings"
            )
            self._reverse = FloatTable(variable, transposed=True)

    def _build_from_data(self, inputs: Any) -> None:
        self.build()  # ids or vectors: the weights do not depend on them

    @property
    def reverse_embeddings(self) -> Variable:
        """The reverse table, (D, V), or its codes; AttributeError where weights are tied.

        It is made with the layer: before that, an AttributeError too.
        """
        if self._reverse is None:
            raise AttributeError(
                "reverse_embeddings belongs to tie_weights=False, once the layer is built. "
                f"Received {self!r}. Use layer.embeddings, or layer.build()."
            )
        return self._reverse.variables[0]

    def _reverse_table(self) -> tuple[FloatTable | QuantizedTableWeights, list[Any]]:
        """Return the table of the reverse projection, and the adapters that count for it."""
        if self._reverse is not None:
            return self._reverse, []
        return self._built_table("reverse=True"), self.adapters.active_arrays()

    def _tables(self) -> list[FloatTable | QuantizedTableWeights]:
        return [*super()._tables(), *([] if self._reverse is None else [self._reverse])]

    # Both directions --------------------------------------------------------------------------

    def call(self, inputs: Any, reverse: bool = False) -> np.ndarray:
        """Return rows (*ids.shape, D) for ids; with `reverse`, logits (..., V) for vectors (...,
        D).

        Parameters
        ----------
        inputs : array_like
        reverse : bool
        """
        if not reverse:
            return super().call(inputs)
        return self.forward(inputs, reverse=True)[0]

    def attend(self, vectors: Any) -> np.ndarray:
        """Return ``call(vectors, reverse=True)``: the name that other libraries have for it.

        >>> ReversibleEmbedding(3, 2, weights=[[1, 0], [0, 1], [1, 1]]).attend([5.0, 0.5]).tolist()
        [5.0, 0.5, 5.5]
        """
        logits: np.ndarray = self(vectors, reverse=True)
        return logits

    def forward(
        self, inputs: Any, mask: Any = None, training: bool = False, *, reverse: bool = False
    ) -> tuple[np.ndarray, Any]:
        """Return the outputs of either direction, and the context that `backward` needs."""
        if not reverse:
            return super().forward(inputs, mask, training)
        if self._table is None:
            self.build()
        vectors = np.array(inputs, self._reverse_dtype, order="C")
        check_input_shape(self, vectors.shape, least=1, last=self.output_dim)
        table, adapters = self._reverse_table()
        work = np.promote_types(vectors.dtype, np.float32)  # half floats are summed in single
        flat = vectors.reshape(-1, self.output_dim).astype(work, copy=False)
        logits = vocabulary_logits(flat, table.dense().astype(work, copy=False), adapters)
        logits = soft_cap(logits, self.logit_soft_cap).astype(vectors.dtype, copy=False)
        logits = logits.reshape(*vectors.shape[:-1], self.input_dim)
        return logits, ReverseContext(vectors, logits, table.version)

    def backward(self, context: Any, grad: Any) -> Gradients:
        """Return the gradients of either direction; with reverse, of the vectors too.

        Parameters
        ----------
        context : LookupContext or ReverseContext
        grad : array_like, the shape of the outputs

        Returns
        -------
        Gradients
            With reverse: `inputs` (..., D), and an array under the name of each weight that it
            reads, unless that is frozen codes. `padding_idx` has no gradient here either.

        Raises
        ------
        RuntimeError
            When a lookup with `max_norm` has changed the table since the reverse forward pass:
            its gradient needs the table as it was. PyTorch refuses it too.
        """
        if not isinstance(context, ReverseContext):
            return super().backward(context, grad)
        work = np.promote_types(self.variable_dtype, np.float32)
        grad = np.asarray(grad, work)
        if grad.shape != context.logits.shape:
            raise ShapeError(
                f"grad must have the shape of the logits, {context.logits.shape}. "
                f"Received {grad.shape}. Pass what the layer above sends back."
            )
        table, adapters = self._reverse_table()
        if table.version != context.version:
            raise RuntimeError(
                "backward needs the table as the forward pass with reverse=True read it. Received "
                f"a table of {self.name!r} that was changed in place since, as a lookup with "
                "max_norm does. Look ids up first, or leave max_norm away."
            )
        vectors = context.vectors.astype(work, copy=False).reshape(-1, self.output_dim)
        logits = context.logits.astype(work, copy=False)
        grad = grad_soft_cap(logits, self.logit_soft_cap, grad).reshape(-1, self.input_dim)
        grad_vectors, factor_grads = grad_vocabulary_logits(
            vectors, table.dense().astype(work, copy=False), adapters, grad
        )
        weights = self._grad_reverse(table, vectors, grad, factor_grads)
        return Gradients(grad_vectors.reshape(context.vectors.shape), weights)

    def _grad_reverse(
        self,
        table: FloatTable | QuantizedTableWeights,
        vectors: np.ndarray,
        grad: np.ndarray,
        factor_grads: Any,
    ) -> dict[str, np.ndarray]:
        if self._reverse is None:
            if self.padding_idx is not None:
                grad = grad.copy()
                grad[:, self.padding_idx] = 0
                for grad_a, _ in factor_grads:
                    grad_a[self.padding_idx] = 0
            if self.adapters:
                weights = self._own_weights()
                return {
                    label: array.astype(weights[label].dtype, copy=False)
                    for name, pair in zip(self.adapters.active, factor_grads, strict=True)
                    for label, array in zip(adapter_weight_names(name), pair, strict=True)
                }
        return table.dense_gradients(grad.T @ vectors)

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

    # Quantizing -------------------------------------------------------------------------------

    def quantize(
        self, mode: str | None = None, type_check: bool = True, config: Any = None
    ) -> None:
        """Turn the table into codes as `Embedding.quantize`, and the reverse table too."""
        super().quantize(mode, type_check, config)
        if self._reverse is not None:
            self._set_reverse(self._reverse.quantize(self.quantization_config, self.dtype_policy))

    def quantized_build(self, embeddings_shape: Any, mode: str, config: Any = None) -> None:
        """Make codes of zero (and scales of one) for both tables: to be loaded into."""
        super().quantized_build(embeddings_shape, mode, config)
        if not self.tie_weights:
            self._set_reverse(
                QuantizedTableWeights.empty(
                    embeddings_shape,
                    resolve_quantization(mode, config, self.quantization_config),
                    self.variable_dtype,
                    self.name,
                    "reverse_embeddings",
                    transposed=True,
                )
            )

    def _set_reverse(self, table: QuantizedTableWeights) -> None:
        for variable in [] if self._reverse is None else self._reverse.variables:
            self._untrack_variable(variable)
        for variable in table.variables:
            self._track_variable(variable)
        self._reverse = table

    # Configs ----------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        return {
            **super().get_config(),
            "tie_weights": self.tie_weights,
            "reverse_dtype": self.reverse_dtype,
            "logit_soft_cap": self.logit_soft_cap,
        }


ReversibleEmbedding._QUANTIZABLE = ReversibleEmbedding


def _check_cap(value: Any) -> float | None:
    number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
    if value is not None and not (number and 0 < value < np.inf):
        raise ValueError(
            f"logit_soft_cap must be a number above 0, or None. Received {value!r:.40}. "
            "Pass for example 30.0."
        )
    return None if value is None else float(value)


# Logits and their gradients ------------------------------------------------------------------


def vocabulary_logits(vectors: np.ndarray, table: np.ndarray, adapters: Any = ()) -> np.ndarray:
    """Return the dot product of each vector (N, D) with each row of `table` (V, D): (N, V).

    Parameters
    ----------
    vectors : ndarray, (N, D)
    table : ndarray, (V, D)
    adapters : iterable of Adapter
        Added to the table; the (V, D) product ``a @ b`` itself is never made.

    Examples
    --------
    >>> table = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    >>> vocabulary_logits(np.array([[1.0, 2.0]]), table).tolist()
    [[1.0, 2.0, 3.0]]
    """
    logits: np.ndarray = vectors @ table.T
    dtype = logits.dtype
    for adapter in adapters:
        a, b = adapter.a.astype(dtype, copy=False), adapter.b.astype(dtype, copy=False)
        logits += dtype.type(adapter.scale) * ((vectors @ b.T) @ a.T)
    return logits


def grad_vocabulary_logits(
    vectors: np.ndarray, table: np.ndarray, adapters: Any, grad: np.ndarray
) -> tuple[np.ndarray, list[tuple[np.ndarray, np.ndarray]]]:
    """Return the gradients of the vectors, and of the factors (a, b) of each adapter.

    That of the table itself is ``grad.T @ vectors``.

    Examples
    --------
    >>> grad_vocabulary_logits(np.ones((1, 2)), np.eye(2), (), np.array([[3.0, 4.0]]))
    (array([[3., 4.]]), [])
    """
    grad_vectors = grad @ table
    factor_grads = []
    for adapter in adapters:
        a, b = adapter.a.astype(grad.dtype, copy=False), adapter.b.astype(grad.dtype, copy=False)
        scale = grad.dtype.type(adapter.scale)
        grad_hidden = grad @ a  # (N, R)
        grad_vectors += scale * (grad_hidden @ b)
        grad_a, grad_b = grad.T @ (vectors @ b.T), grad_hidden.T @ vectors
        factor_grads.append((scale * grad_a, scale * grad_b))
    return grad_vectors, factor_grads


def soft_cap(logits: np.ndarray, cap: float | None) -> np.ndarray:
    """Return ``tanh(logits / cap) * cap``: small logits stay, large ones approach ±cap.

    >>> soft_cap(np.array([0.0, 1e9]), 30.0).tolist()
    [0.0, 30.0]
    """
    return logits if cap is None else np.tanh(logits / cap) * logits.dtype.type(cap)


def grad_soft_cap(logits: np.ndarray, cap: float | None, grad: np.ndarray) -> np.ndarray:
    """Return the gradient of `soft_cap`, from the capped `logits`.

    >>> grad_soft_cap(np.array([0.0, 30.0]), 30.0, np.ones(2)).tolist()
    [1.0, 0.0]
    """
    return grad if cap is None else grad * (1 - (logits / cap) ** 2)

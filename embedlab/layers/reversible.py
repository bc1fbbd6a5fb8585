"""ReversibleEmbedding: from ids to rows, and with the same table from rows back to words."""

from typing import Any, NamedTuple

import numpy as np

from embedlab.core.checks import ShapeError
from embedlab.core.quantize import QuantizedTable, dequantize, quantize
from embedlab.layers.attend import (
    grad_soft_cap,
    grad_vocabulary_logits,
    soft_cap,
    vocabulary_logits,
)
from embedlab.layers.base import Gradients
from embedlab.layers.embedding import Embedding
from embedlab.layers.input_checks import check_input_shape
from embedlab.layers.lora import adapter_labels
from embedlab.layers.resize import longer, longer_codes
from embedlab.layers.symbolic import KerasTensor
from embedlab.layers.variable import Variable
from embedlab.layers.weight_budget import charge

__all__ = ["ReverseContext", "ReversibleEmbedding"]


class ReverseContext(NamedTuple):
    """What `ReversibleEmbedding.forward` leaves for the way back of ``reverse=True``.

    Attributes
    ----------
    vectors : ndarray, (..., D)
    logits : ndarray, (..., V)
        After the cap.
    """

    vectors: np.ndarray
    logits: np.ndarray


class ReversibleEmbedding(Embedding):
    """An `Embedding` that also goes back: ``layer(vectors, reverse=True)`` scores every word.

    Parameters
    ----------
    input_dim, output_dim : int
        V and D.
    tie_weights : bool
        Whether both ways share one table. If not, the way back has `reverse_embeddings` (D, V).
    embeddings_initializer, embeddings_regularizer, embeddings_constraint, mask_zero
        As for `Embedding`.
    reverse_dtype : str, optional
        What the way back computes in, and gives; the compute dtype unless told.
    logit_soft_cap : float, optional
        The scores become ``tanh(score / cap) * cap``.
    options
        As for `Embedding`.

    Raises
    ------
    ValueError, ShapeError
        For a cap that is not above 0, and vectors of another length than D.

    Notes
    -----
    ``rows = table[ids]`` and ``logits = vectors @ table.T``. In training both ways send a gradient
    to the one table, and the two add up: the first is sparse, the second reaches all rows.

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
        self.logit_soft_cap = _cap(logit_soft_cap)
        super().__init__(
            input_dim,
            output_dim,
            embeddings_initializer,
            embeddings_regularizer,
            embeddings_constraint,
            mask_zero,
            **options,
        )

    # The weights of the way back --------------------------------------------------------------

    def _make(self, initializer: Any) -> None:
        super()._make(initializer)
        if not self.tie_weights:
            shape = (self.output_dim, self.input_dim)
            self.add_weight("reverse_embeddings", shape, self.embeddings_initializer)

    def _build_on(self, inputs: Any) -> None:
        self.build()  # ids or vectors: the weights do not depend on them

    @property
    def reverse_embeddings(self) -> Variable:
        """The table of the way back, (D, V), or its codes; AttributeError where weights are tied.

        It is made with the layer: before that, an AttributeError too.
        """
        if "reverse_embeddings" not in self._own:
            raise AttributeError(
                "reverse_embeddings belongs to tie_weights=False, once the layer is built. "
                f"Received {self!r}. Use layer.embeddings, or layer.build()."
            )
        return self._own["reverse_embeddings"]

    def _backwards(self) -> tuple[np.ndarray, list[Any]]:
        """Return the table (V, D) of the way back, and the adapters that stand on it."""
        if not self.tie_weights:
            if self._quantized is None:
                return self.reverse_embeddings.value.T, []
            return dequantize(self._reverse_codes()), []
        table = self.table.value if self._quantized is None else dequantize(self._quantized)
        return table, self._cores()

    def _resize_more(self, total: int, init: str, sources: Any, leave_out: int | None) -> None:
        if self.tie_weights:
            return
        if self._quantized is None:
            turned = longer(self.reverse_embeddings.value.T, total, init, sources, leave_out)
            self.reverse_embeddings.replace(np.ascontiguousarray(turned.T), axis=1)
            return
        self._take_reverse(longer_codes(self._reverse_codes(), total, init, sources, leave_out))

    # Both ways --------------------------------------------------------------------------------

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
        return self(vectors, reverse=True)

    def forward(
        self, inputs: Any, mask: Any = None, training: bool = False, *, reverse: bool = False
    ) -> tuple[np.ndarray, Any]:
        """Return the outputs of either way, and the context that `backward` needs."""
        if not reverse:
            return super().forward(inputs, mask, training)
        if not self.built:
            self.build()
        vectors = np.array(inputs, self._reverse_dtype, order="C")
        check_input_shape(self, vectors.shape, least=1, last=self.output_dim)
        table, adapters = self._backwards()
        work = np.promote_types(vectors.dtype, np.float32)  # half floats are summed in single
        flat = vectors.reshape(-1, self.output_dim).astype(work, copy=False)
        logits = vocabulary_logits(flat, table.astype(work, copy=False), adapters)
        logits = soft_cap(logits, self.logit_soft_cap).astype(vectors.dtype, copy=False)
        logits = logits.reshape(*vectors.shape[:-1], self.input_dim)
        return logits, ReverseContext(vectors, logits)

    def backward(self, context: Any, grad: Any) -> Gradients:
        """Return the gradients of either way; the way back has one for the vectors too.

        Parameters
        ----------
        context : LookupContext or AttendContext
        grad : array_like, the shape of the outputs

        Returns
        -------
        Gradients
            Of the way back: `inputs` (..., D), and an array under the name of each weight that
            it reads, unless that is frozen codes. `padding_idx` learns nothing here either.
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
        vectors = context.vectors.astype(work, copy=False).reshape(-1, self.output_dim)
        logits = context.logits.astype(work, copy=False)
        sent = grad_soft_cap(logits, self.logit_soft_cap, grad).reshape(-1, self.input_dim)
        table, adapters = self._backwards()
        to_vectors, found = grad_vocabulary_logits(
            vectors, table.astype(work, copy=False), adapters, sent
        )
        weights = self._grad_backwards(vectors, sent, found)
        return Gradients(to_vectors.reshape(context.vectors.shape), weights)

    def _grad_backwards(
        self, vectors: np.ndarray, sent: np.ndarray, found: Any
    ) -> dict[str, np.ndarray]:
        if self.padding_idx is not None and self.tie_weights:
            sent = sent.copy()
            sent[:, self.padding_idx] = 0
            for to_a, _ in found:
                to_a[self.padding_idx] = 0
        if not self.tie_weights:
            if self._quantized is not None:
                return {}
            return {"reverse_embeddings": (vectors.T @ sent).astype(self.variable_dtype)}
        if self.adapters or self._quantized is not None:
            return {
                label: array.astype(self._own[label].dtype, copy=False)
                for name, pair in zip(self._active, found, strict=True)
                for label, array in zip(adapter_labels(name), pair, strict=True)
            }
        return {"embeddings": (sent.T @ vectors).astype(self.variable_dtype, copy=False)}

    # Masks and shapes -------------------------------------------------------------------------

    def compute_mask(self, inputs: Any, mask: Any = None, reverse: bool = False) -> Any:
        """Return the mask of ids as `Embedding`; on the way back, the one that came."""
        return mask if reverse else super().compute_mask(inputs)

    def compute_output_shape(self, input_shape: Any, reverse: bool = False) -> tuple:
        """Return (*input_shape, D), or (..., V) on the way back."""
        if not reverse:
            return super().compute_output_shape(input_shape)
        check_input_shape(self, input_shape, least=1)
        if input_shape[-1] is not None:
            check_input_shape(self, input_shape, last=self.output_dim)
        return (*tuple(input_shape)[:-1], self.input_dim)

    def compute_output_spec(self, inputs: Any, reverse: bool = False) -> KerasTensor:
        """Return the placeholder of the outputs of either way."""
        dtype = self._reverse_dtype if reverse else self.compute_dtype
        return KerasTensor(self.compute_output_shape(inputs.shape, reverse), dtype)

    @property
    def _reverse_dtype(self) -> str:
        return self.reverse_dtype or self.compute_dtype

    # Quantizing -------------------------------------------------------------------------------

    def quantize(
        self, mode: str | None = None, type_check: bool = True, config: Any = None
    ) -> None:
        """Turn the table into codes as `Embedding.quantize`, and that of the way back too."""
        reverse = None if self.tie_weights or not self.built else self._own["reverse_embeddings"]
        super().quantize(mode, type_check, config)
        if reverse is not None and self._quantized is not None:
            made = self._quantized
            self._take_reverse(quantize(reverse.value.T, made.bits, made.block_size))

    def quantized_build(self, embeddings_shape: Any, mode: str, config: Any = None) -> None:
        """Make codes of zero (and scales of one) for both ways: to be loaded into."""
        super().quantized_build(embeddings_shape, mode, config)
        if not self.tie_weights and self._quantized is not None:
            made = self._quantized
            charge(made.codes.shape, np.int8, f"{self.name}/reverse_embeddings")
            zero = None if made.zero is None else made.zero.copy()
            self._take_reverse(
                QuantizedTable(
                    made.codes.copy(),
                    made.scale.copy(),
                    zero,
                    made.output_dim,
                    made.bits,
                    made.block_size,
                )
            )

    def _take_reverse(self, made: QuantizedTable) -> None:
        """Keep the codes of the way back as Keras does: turned over, words along the last axis."""
        parts = {"": made.codes, "_scale": made.scale, "_zero": made.zero}
        for ending, array in parts.items():
            if array is not None:
                name = f"reverse_embeddings{ending}"
                self._own[name] = Variable.adopt(
                    np.ascontiguousarray(array.T),
                    name=name,
                    path=f"{self.name}/{name}",
                    trainable=False,
                )
                self._own[name]._frozen = not self._trainable

    def _reverse_codes(self) -> QuantizedTable:
        made = self._needs_codes()
        parts = [self._own.get(f"reverse_embeddings{end}") for end in ("", "_scale", "_zero")]
        codes, scale, zero = (None if part is None else part.value.T for part in parts)
        return QuantizedTable(codes, scale, zero, made.output_dim, made.bits, made.block_size)  # type: ignore[arg-type]

    # Configs ----------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        return {
            **super().get_config(),
            "tie_weights": self.tie_weights,
            "reverse_dtype": self.reverse_dtype,
            "logit_soft_cap": self.logit_soft_cap,
        }


ReversibleEmbedding._OWN_CLASS = ReversibleEmbedding


def _cap(value: Any) -> float | None:
    number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
    if value is not None and not (number and 0 < value < np.inf):
        raise ValueError(
            f"logit_soft_cap must be a number above 0, or None. Received {value!r:.40}. "
            "Pass for example 30.0."
        )
    return None if value is None else float(value)

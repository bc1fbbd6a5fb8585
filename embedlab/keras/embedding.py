"""`keras.layers.Embedding` with this project's core in it."""

import importlib
from typing import Any

import keras
from keras.src.backend import AutocastScope

from embedlab.core.checks import short_repr
from embedlab.keras.bridge import LookupSpec

__all__ = ["Embedding"]

_BACKEND = keras.backend.backend()
_INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")


@keras.saving.register_keras_serializable(package="embedlab")
class Embedding(keras.layers.Embedding):
    """A `keras.layers.Embedding` whose lookups and gradients run on the Numba core.

    It takes the place of Keras's layer in any Keras model, on the numpy, torch, jax and TensorFlow
    backends; building, saving, quantizing and LoRA are Keras's own, and so are its files.

    Parameters
    ----------
    input_dim, output_dim : int
        V and D.
    embeddings_initializer, embeddings_regularizer, embeddings_constraint, mask_zero, weights, \
lora_rank, lora_alpha, quantization_config, **kwargs
        As in Keras 3.15.

    Notes
    -----
    Source: ``keras.layers.Embedding``, its method ``call`` above all. Like there, negative ids
    count from the end, and an id outside the table is an error, or a row of NaN on JAX. Different
    on purpose: LoRA and quantized tables cost O(N * D), never O(V * D); half-precision gradients
    are summed in float32; integers of any width are taken as they are, never through int32; and
    a quantized lookup gives the compute dtype that its own output spec promises, where Keras gives
    float32 under "mixed_bfloat16".

    `embedlab.core.jit.kernel_calls` counts what the core did: "lookup" and "gradient".

    Examples
    --------
    >>> import numpy as np
    >>> layer = Embedding(3, 2, weights=np.array([[0.0, 0.5], [1.0, 1.5], [2.0, 2.5]]))
    >>> keras.ops.convert_to_numpy(layer(np.array([2, -3]))).tolist()
    [[2.0, 2.5], [0.0, 0.5]]
    """

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        weights: Any = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        quantization_config: Any = None,
        **kwargs: Any,
    ):
        super().__init__(
            input_dim,
            output_dim,
            embeddings_initializer=embeddings_initializer,
            embeddings_regularizer=embeddings_regularizer,
            embeddings_constraint=embeddings_constraint,
            mask_zero=mask_zero,
            weights=weights,
            lora_rank=lora_rank,
            lora_alpha=lora_alpha,
            quantization_config=quantization_config,
            **kwargs,
        )
        if _BACKEND == "tensorflow":  # XLA cannot compile a call of Python there
            self.supports_jit = False

    def call(self, inputs: Any) -> Any:
        """Return a row for each id: (*inputs.shape, D), the compute dtype."""
        return self._take(inputs, self._embeddings)

    def quantize(self, mode: Any = None, type_check: bool = True, config: Any = None) -> None:
        """Turn the table into int8 or int4 codes, by Keras's own quantizers.

        Raises NotImplementedError for a subclass, unless `type_check` is False, as Keras does.
        """
        if type_check and type(self) is not Embedding:
            raise self._not_implemented_error(self.quantize)
        super().quantize(mode, type_check=False, config=config)

    def _int8_call(self, inputs: Any, training: Any = None) -> Any:
        return self._take(inputs, self._embeddings, self.embeddings_scale, bits=8)

    def _int4_call(self, inputs: Any, training: Any = None) -> Any:
        block = self._int4_block_size
        if block is None or block == -1:
            return self._take(inputs, self._embeddings, self.embeddings_scale, bits=4)
        parts = self._embeddings, self.embeddings_scale, self.embeddings_zero
        return self._take(inputs, *parts, bits=4, block_size=block)

    def _take(self, inputs: Any, *parts: Any, bits: int = 0, block_size: int = 0) -> Any:
        # Keras's numpy backend would squeeze 64-bit integers into 32 bits here.
        ids = inputs if _BACKEND == "numpy" else keras.ops.convert_to_tensor(inputs, sparse=False)
        if keras.backend.standardize_dtype(ids.dtype) not in _INTEGERS:
            ids = keras.ops.cast(ids, "int32")
        scale = None
        if self.lora_enabled:
            parts = *parts, self.lora_embeddings_a, self.lora_embeddings_b
            scale = float(self.lora_alpha / self.lora_rank)
        with AutocastScope(None):  # round the rows to the compute dtype, not the whole table
            tensors = [part.value for part in parts]
        spec = LookupSpec(
            shape=(self.input_dim, self.output_dim),
            table_dtype=keras.backend.standardize_dtype(tensors[1 if bits else 0].dtype),
            oob="nan" if _BACKEND == "jax" else "raise",
            bits=bits,
            block_size=block_size,
            lora_scale=scale,
        )
        return keras.ops.cast(_backend().lookup(spec, ids, *tensors), self.compute_dtype)


def _backend() -> Any:
    try:
        return importlib.import_module(f"embedlab.keras.backend_{_BACKEND}")
    except ModuleNotFoundError as error:
        if error.name != f"embedlab.keras.backend_{_BACKEND}":
            raise
        raise NotImplementedError(
            "the backend of Keras must be numpy, torch, jax or tensorflow. "
            f"Received {short_repr(_BACKEND)}. Set KERAS_BACKEND before Keras is imported."
        ) from None

"""Quantizing a layer with a table: codes replace its floats, and adapters stay beside them."""

from typing import Any

import numpy as np

from embedlab import quantizers
from embedlab.core.quantize import (
    QuantizationReport,
    QuantizedTable,
    dequantize,
    merge_adapters_into_codes,
    quantization_report,
    quantize,
    quantized_lookup,
)
from embedlab.layers.dtype_policy import DTypePolicy
from embedlab.layers.lora import Adapted
from embedlab.layers.variable import Variable
from embedlab.layers.weight_budget import charge

__all__ = ["Quantizable"]

_MODES = ("int8", "int4")


class Quantizable(Adapted):
    """A layer whose table (V, D) can be turned into int8 or int4 codes.

    The float table is given up; the codes get no gradient. LoRA adapters, made before or after,
    work on and can be trained.
    """

    quantization_config: Any
    _OWN_CLASS: type

    def __init__(self, **options: Any):
        super().__init__(**options)
        self._quantized: QuantizedTable | None = None
        self._report: QuantizationReport | None = None

    @property
    def quantization_mode(self) -> str | None:
        """Such as "int8", or None for a float table."""
        return self.dtype_policy.quantization_mode

    @property
    def codes(self) -> np.ndarray:
        """The small integers: (V, D) for int8, (V, ceil(D / 2)) with two a byte for int4."""
        return self._needs_codes().codes

    @property
    def scale(self) -> np.ndarray:
        """One number a row (a divisor), or one a block (a factor)."""
        return self._needs_codes().scale

    @property
    def zero(self) -> np.ndarray | None:
        """The code that means 0, for each block; None without blocks."""
        return self._needs_codes().zero

    def quantize(
        self, mode: str | None = None, type_check: bool = True, config: Any = None
    ) -> None:
        """Turn the table into codes.

        Parameters
        ----------
        mode : {"int8", "int4"}, optional
            int4 has blocks of 128 unless `config` says otherwise.
        type_check : bool
            Refuse subclasses, whose own methods may want floats.
        config : Int8QuantizationConfig or Int4QuantizationConfig, optional

        Raises
        ------
        ValueError
            For a layer that is not built, one that is quantized already, an unknown mode, and int8
            where the layer computes in float16.
        NotImplementedError
            For subclasses, float8, gptq and awq.

        Notes
        -----
        Source: ``keras.layers.Embedding.quantize``; the codes are equal to the bit. On purpose
        different: in a block whose numbers share one sign the range includes 0.

        Examples
        --------
        >>> from embedlab.layers.embedding import Embedding
        >>> layer = Embedding(5, 4, weights=np.ones((5, 4)))
        >>> layer.quantize("int8")
        >>> layer
        Embedding(5 words -> 4 numbers, int8)
        >>> layer([1]).round(3).tolist(), layer.codes.dtype.name
        ([[1.0, 1.0, 1.0, 1.0]], 'int8')
        """
        if type_check and type(self) is not self._OWN_CLASS:
            raise NotImplementedError(
                f"Layer {type(self).__name__} does not have a `quantize` method implemented: only "
                f"{self._OWN_CLASS.__name__} itself is quantized. Received a subclass. "
                "Pass type_check=False if its methods can do without a float table."
            )
        config = self._quantization(mode, config)
        if self._embeddings is None and self._quantized is None:
            raise ValueError(
                "Cannot quantize a layer that isn't yet built. "
                f"Received no call of {self.name} yet. Call layer.build() first."
            )
        if self._quantized is not None:
            raise ValueError(
                f"Layer {self.name!r} is already quantized with "
                f"dtype_policy={self.dtype_policy.name!r}. Received mode={config.mode}. "
                "Make a new layer from the floats."
            )
        if config.mode == "int8" and self.compute_dtype == "float16":
            raise ValueError(
                "Quantization mode='int8' doesn't work well with compute_dtype='float16'. "
                f"Received {self.dtype_policy.name}. Choose float32, or int4."
            )
        self._refuse_merged("quantize")
        table = self._built_table().value
        made = quantize(table, config.bits, config.block_size)
        self._report = quantization_report(table, made)
        self._take_codes(made, config)

    def quantized_build(self, embeddings_shape: Any, mode: str, config: Any = None) -> None:
        """Make codes of zero (and scales of one) for a table of a shape: to be loaded into.

        >>> from embedlab.layers.embedding import Embedding
        >>> layer = Embedding(5, 4, dtype="int8_from_float32")
        >>> layer.build()
        >>> [(v.name, v.dtype) for v in layer.weights]
        [('embeddings', 'int8'), ('embeddings_scale', 'float32')]
        """
        config = self._quantization(mode, config)
        rows, columns = embeddings_shape
        width = columns if config.bits == 8 else -(-columns // 2)
        block = None if config.block_size in (None, -1) else config.block_size
        groups = (rows,) if block is None else (rows, -(-columns // block))
        charge((rows, width), np.int8, f"{self.name}/embeddings")
        kind = np.float64 if self.variable_dtype == "float64" else np.float32
        made = QuantizedTable(
            np.zeros((rows, width), np.int8),
            np.ones(groups, kind),
            None if block is None else np.zeros(groups, np.int8),
            columns,
            config.bits,
            block,
        )
        self._take_codes(made, config)

    def quantized_call(self, inputs: Any) -> np.ndarray:
        """Return the rows for ids, from the codes and the active adapters."""
        return quantized_lookup(
            self._needs_codes(), inputs, self._cores(), oob=self.oob, negative=self.negative
        )

    def quantization_report(self) -> QuantizationReport:
        """Return what quantizing did to each row: errors, cosines, bytes.

        Raises
        ------
        ValueError
            Unless this very layer was quantized from floats.
        """
        if self._report is None:
            raise ValueError(
                "a report compares codes with the floats they came from. Received a layer that was "
                "not quantized here. Call layer.quantize(...) on a float table."
            )
        return self._report

    def merge(self, safe: bool = True) -> None:
        """Bake the active adapters into the table, or into its codes."""
        if self._quantized is None:
            super().merge(safe)
            return
        self._refuse_merged("merge")
        kept = [(name, self.adapters[name].core) for name in self._active]
        made = merge_adapters_into_codes(self._quantized, [core for _, core in kept])
        self._before = [v.numpy() for v in self._code_variables()]  # rounding cannot be undone
        self._refill([made.codes, made.scale, made.zero])
        self.set_active([])
        self._merged = kept

    def unmerge(self) -> None:
        """Take what `merge` baked in out of the table again; codes come back exactly."""
        if self._quantized is None or not self._merged:
            super().unmerge()
            return
        self._refill(self._before)
        names, self._merged = [name for name, _ in self._merged], []
        self.set_active(names)

    # Inside -----------------------------------------------------------------------------------

    oob: str | int
    negative: str

    def _quantization(self, mode: Any, config: Any) -> Any:
        if mode is None and config is None:
            config = self.quantization_config
        if mode is None and config is None:
            raise ValueError(
                "You must provide either `mode` or `config` to `quantize`. Received none of them. "
                'Say layer.quantize("int8").'
            )
        if mode in ("float8", "gptq", "awq"):
            raise NotImplementedError(
                f"Invalid quantization mode. It must be one of {_MODES}. Received {mode!r:.40}, "
                "which is not built. Choose int8 or int4."
            )
        family = str(mode).partition("/")[0]
        if mode is not None and family not in _MODES:
            raise ValueError(
                f"Invalid quantization mode. It must be one of {_MODES}. Received {mode!r:.40}. "
                "Choose int8 or int4."
            )
        if config is None and self.quantization_config is not None:
            config = self.quantization_config if self.quantization_config.mode == family else None
        config = quantizers.get(family if config is None else config)
        if mode is not None and config.mode != family:
            raise ValueError(
                f"Contradictory arguments: mode={mode!r} but config.mode={config.mode!r}. They "
                "must agree. Received both. Leave mode away."
            )
        if isinstance(mode, str) and "/" in mode and config.policy != mode:
            config = quantizers.Int4QuantizationConfig(block_size=int(mode.partition("/")[2]))
        return config

    def _take_codes(self, made: QuantizedTable, config: Any) -> None:
        parts = {"embeddings": made.codes, "embeddings_scale": made.scale}
        if made.zero is not None and made.block_size is not None:
            index = np.arange(made.output_dim, dtype=np.float32) // made.block_size
            parts.update(embeddings_zero=made.zero, g_idx=index)
        adapters = {k: v for k, v in self._own.items() if k != "embeddings"}
        self._own = {}
        for name, array in parts.items():
            self._own[name] = Variable.adopt(
                array, name=name, path=f"{self.name}/{name}", trainable=False
            )
            self._own[name]._frozen = not self._trainable
        self._own.update(adapters)
        self._embeddings, self._quantized = None, made
        self.quantization_config = config
        source = self.dtype_policy.name.rpartition("_from_")[2]
        self._dtype_policy = DTypePolicy(f"{config.policy}_from_{source}")
        self.built = True

    def _code_variables(self) -> list[Variable]:
        names = ("embeddings", "embeddings_scale", "embeddings_zero")
        return [self._own[name] for name in names if name in self._own]

    def _refill(self, arrays: list[Any]) -> None:
        for variable, array in zip(self._code_variables(), arrays, strict=False):
            variable.assign(array)

    def _needs_codes(self) -> QuantizedTable:
        if self._quantized is None:
            raise AttributeError(
                "codes, scale and zero belong to a quantized table. Received a layer with floats. "
                'Call layer.quantize("int8") first.'
            )
        return self._quantized

    def _float_table(self) -> np.ndarray:
        return dequantize(self._needs_codes(), self._cores())

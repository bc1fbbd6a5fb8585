"""The Embedding layer: a table of rows, one for each id. Its arithmetic lives in the core."""

import operator
from typing import Any, NamedTuple

import numpy as np

from embedlab import constraints, initializers, quantizers, regularizers
from embedlab.core.checks import ShapeError, as_table, check_size
from embedlab.core.gradient import coalesce
from embedlab.core.ids import apply_out_of_range_rule, as_ids
from embedlab.core.lookup import lookup
from embedlab.core.lora import lora_lookup, merge
from embedlab.core.max_norm import max_norm as shorten
from embedlab.layers.base import Gradients
from embedlab.layers.embedding_config import embedding_config, in_words
from embedlab.layers.input_length import as_input_length, batch_shape, check_length
from embedlab.layers.lora import DEFAULT
from embedlab.layers.memory_report import MemoryReport
from embedlab.layers.placement import as_placement, refuse_no_room
from embedlab.layers.resize import Resizable
from embedlab.layers.symbolic import KerasTensor
from embedlab.layers.variable import Variable

__all__ = ["Embedding", "LookupContext"]


class LookupContext(NamedTuple):
    """What `Embedding.forward` leaves for `Embedding.backward`.

    Attributes
    ----------
    ids : ndarray of int64
        A copy, so that the caller may reuse the array.
    factors : ndarray or None, the shape of `ids`
        What row dropout multiplied each row with: 0, or 1 / (1 - row_dropout).
    """

    ids: np.ndarray
    factors: np.ndarray | None = None


class Embedding(Resizable):
    """Turn ids into rows of a table (V, D) that training can change.

    Parameters
    ----------
    input_dim : int
        V, the number of rows: the largest id + 1.
    output_dim : int
        D, the numbers in each row.
    embeddings_initializer : str, dict, callable or Initializer
        What the table starts with; "uniform" draws within ±0.05.
    embeddings_regularizer, embeddings_constraint : optional
        A penalty on, or a condition for, the whole table.
    mask_zero : bool
        Mark id 0 as padding in the mask. It neither zeroes nor freezes row 0; `padding_idx` does.
    weights : array_like, (V, D), optional
        The table to start with; a list holding one table, as old Keras wanted it, is fine too.
    input_length : int or tuple of int, optional
        The fixed length of the input (without the batch), known before any data.
    padding_idx : int, optional
        A row that starts at zero and whose gradient is always zero.
    oob : {"raise", "zero", "nan", "clip", "wrap"} or int
        What an id outside the table means.
    negative : {"raise", "wrap"}
        What an id below 0 means.
    seed : int, optional
        For an initializer that draws and has no seed of its own.
    scale_grad_by_freq : bool
        Divide the gradient of each row by how often its id came in this batch.
    lora_rank : int, optional
        Make a LoRA adapter of this rank when the layer is built: see `enable_lora`.
    lora_alpha : float, optional
        Its step is scaled by alpha / rank; the rank unless told.
    adapters : list of dict, optional
        Further adapters: the arguments of `add_adapter`, one dict each.
    max_norm : float, optional
        Before each lookup, shorten the rows it reads to this length, in place (as PyTorch).
    norm_type : float
        Which length: 2 for the usual one.
    row_dropout : float
        In training, drop this share of the vocabulary for a whole batch: `dropout` in Keras 1.
    quantization_config : Int8QuantizationConfig or Int4QuantizationConfig, optional
        What `quantize()` does unless told.
    placement : {"memory", "disk"}
        "disk" maps a file: the table may be larger than memory, and so may what optimizers keep.
        Only pages that are read or written come into memory; with momentum or Adam say
        ``sparse_update="lazy"``, or every step walks through the whole file.
    name, dtype, trainable
        As for every `Layer`.

    Raises
    ------
    ValueError, ShapeError
        For sizes that are no positive integers, and a table of another shape.
    IdError
        From a call, for ids outside the table.
    TableMemoryError
        When the table does not fit into memory, before it is allocated.

    Notes
    -----
    ``out[..., :] = embeddings[ids[...], :]``: ids of any shape give one more axis.
    Source: ``keras.layers.Embedding``. On purpose different: ids outside the table are an error
    unless you choose otherwise, and lists, scalars and floats that are whole numbers are welcome.

    Examples
    --------
    >>> layer = Embedding(10, 4, mask_zero=True, seed=7)
    >>> layer
    Embedding(10 words -> 4 numbers, mask_zero)
    >>> layer([[1, 2, 0]]).shape
    (1, 3, 4)
    >>> layer.compute_mask([[1, 2, 0]]).tolist()
    [[True, True, False]]
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
        *,
        input_length: Any = None,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        oob: str | int = "raise",
        negative: str = "raise",
        row_dropout: float = 0.0,
        placement: str = "memory",
        name: str | None = None,
        dtype: Any = None,
        trainable: bool = True,
        seed: int | None = None,
        adapters: Any = None,
        **unknown: Any,
    ):
        super().__init__(name=name, dtype=dtype, trainable=trainable, **unknown)
        self.placement = as_placement(placement)
        self.quantization_config = quantizers.get(quantization_config)
        self._compute = np.dtype(self.compute_dtype)
        self.input_dim = check_size(input_dim, "input_dim")
        self.output_dim = check_size(output_dim, "output_dim")
        self.embeddings_initializer = initializers.seeded(
            initializers.get(embeddings_initializer), seed
        )
        self.embeddings_regularizer = regularizers.get(embeddings_regularizer)
        self.embeddings_constraint = constraints.get(embeddings_constraint)
        if self.placement == "disk" and (
            self.embeddings_regularizer is not None or self.embeddings_constraint is not None
        ):
            raise ValueError(
                "a table on disk cannot have a regularizer or a constraint: they take all of it at "
                "every step. Received placement='disk' with one. Leave it away; max_norm holds for "
                "the rows that are used."
            )
        self.mask_zero = bool(mask_zero)
        self.input_length = as_input_length(input_length)
        self.padding_idx = _row(padding_idx, self.input_dim)
        self.scale_grad_by_freq = bool(scale_grad_by_freq)
        self.row_dropout = _share(row_dropout)
        self.max_norm, self.norm_type = max_norm, norm_type
        if max_norm is not None:
            shorten(np.zeros((1, 1)), [], max_norm, norm_type=norm_type)  # refuses them now
        self._rng = np.random.default_rng(seed)
        apply_out_of_range_rule(
            [], self.input_dim, oob=oob, negative=negative
        )  # refuses unknown rules now
        self.oob, self.negative, self.seed = oob, negative, seed
        self._embeddings: Variable | None = None
        self._planned = [dict(about) for about in adapters or []]
        if lora_rank is not None:
            self._planned.insert(
                0,
                {"name": DEFAULT, "rank": check_size(lora_rank, "lora_rank"), "alpha": lora_alpha},
            )
        elif lora_alpha is not None:
            raise ValueError(
                f"lora_alpha needs lora_rank. Received lora_alpha={lora_alpha!r:.40} alone. "
                "Pass both, or call enable_lora(rank, lora_alpha)."
            )
        if self._planned and self.embeddings_constraint is not None:
            raise ValueError(
                "Lora is incompatible with embedding constraints: they hold for the table, which "
                f"is frozen. Received {self.embeddings_constraint!r:.60}. Leave one of them away."
            )
        if weights is not None:
            self._build_around(weights)

    # The table --------------------------------------------------------------------------------

    def build(self, input_shape: Any = None) -> None:
        """Make the table, unless it is there; TableMemoryError when it cannot fit."""
        if self.quantization_mode is not None:  # codes will be loaded
            mode = self.dtype_policy.name.rpartition("_from_")[0]
            self.quantized_build((self.input_dim, self.output_dim), mode)
            self._add_planned()
            return
        self._make(self.embeddings_initializer)
        if self.padding_idx is not None:
            self.table.value[self.padding_idx] = 0

    def _build_on(self, inputs: Any) -> None:
        self.build(as_ids(inputs).shape)

    def _make(self, initializer: Any) -> None:
        itemsize = np.dtype(self.variable_dtype).itemsize
        shape = (self.input_dim, self.output_dim)
        nbytes = self.input_dim * self.output_dim * itemsize
        refuse_no_room(self.placement, nbytes, f"a table (V, D) = {shape}")
        self._embeddings = self.add_weight(
            "embeddings",
            shape,
            initializer,
            regularizer=self.embeddings_regularizer,
            constraint=self.embeddings_constraint,
            placement=self.placement,
        )
        self.built = True
        self._add_planned()

    def _add_planned(self) -> None:
        for about in self._planned:
            self.add_adapter(**about)

    def _build_around(self, weights: Any) -> None:
        if isinstance(weights, (list, tuple)) and len(weights) == 1 and np.ndim(weights[0]) == 2:
            weights = weights[0]
        table = np.asarray(weights)
        if table.shape != (self.input_dim, self.output_dim):
            raise ShapeError(
                f"Layer {self.name} weight shape {(self.input_dim, self.output_dim)} is not "
                f"compatible with provided weight shape {table.shape}. Received it as weights=. "
                "It must be (input_dim, output_dim)."
            )
        self._make(lambda shape, dtype: table)

    @property
    def table(self) -> Variable:
        """The table (V, D) without adapters, a `Variable`; AttributeError before build."""
        if self._quantized is not None:
            raise AttributeError(
                "table is the float table. Received a quantized layer, which has none. "
                "Use layer.codes, or layer.embeddings for floats made of them."
            )
        if self._embeddings is None:
            raise AttributeError(
                "You must build the layer before accessing `embeddings`. "
                f"Received no call of {self.name} yet. Call it on ids, or layer.build()."
            )
        return self._embeddings

    @property
    def embeddings(self) -> Any:
        """The table that counts: `table`, or an array (V, D) of floats made for you.

        Made where adapters are active (their steps added) or the layer is quantized.
        """
        if self._quantized is not None:
            return self._float_table()
        if not self.active_adapters:
            return self.table
        return merge(self.table.value, self._cores(), safe=False)

    # Forward and backward ---------------------------------------------------------------------

    def call(self, inputs: Any) -> np.ndarray:
        """Return the rows for ids of any shape: (*ids.shape, D), in the compute dtype."""
        if not self.built:
            self.build()
        ids = as_ids(inputs)
        if self.input_length is not None:
            check_length(self.input_length, ids.shape)
        if self.max_norm is not None and self._quantized is None:
            shorten(self.table.value, self._rows(ids)[0], self.max_norm, norm_type=self.norm_type)
        if self._quantized is not None:
            rows = self.quantized_call(ids)
        elif self._active:
            rows = lora_lookup(
                self.table.value, ids, self._cores(), oob=self.oob, negative=self.negative
            )
        else:
            rows = lookup(self.table.value, ids, oob=self.oob, negative=self.negative)
        return rows if rows.dtype is self._compute else rows.astype(self._compute)

    def forward(
        self, inputs: Any, mask: Any = None, training: bool = False
    ) -> tuple[np.ndarray, LookupContext]:
        """Return the rows, and the context that `backward` needs: the ids.

        >>> layer = Embedding(3, 2, weights=[[0, 1], [2, 3], [4, 5]])
        >>> rows, context = layer.forward([2, 2])
        >>> layer.backward(context, np.ones((2, 2), "float32")).weights["embeddings"].to_dense()
        array([[0., 0.],
               [0., 0.],
               [2., 2.]], dtype=float32)
        """
        ids = as_ids(inputs).copy()  # the caller may reuse the array before `backward`
        rows = self.call(ids)
        if not (training and self.row_dropout):
            return rows, LookupContext(ids)
        words, place = np.unique(ids, return_inverse=True)
        stays = self._rng.random(len(words)) >= self.row_dropout
        factors = (stays / (1 - self.row_dropout)).astype(rows.dtype)[place].reshape(ids.shape)
        return rows * factors[..., None], LookupContext(ids, factors)

    def _rows(self, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return where the ids read, without those that read no row, and which those are not."""
        rows = apply_out_of_range_rule(ids, self.input_dim, oob=self.oob, negative=self.negative)
        inside = rows < self.input_dim
        return rows[inside], inside

    def backward(self, context: LookupContext, grad: Any) -> Gradients:
        """Return the gradient of the table as a SparseGrad: only rows that were used have one.

        With adapters the table is frozen: A gets a SparseGrad and B an array, each under its name.

        Parameters
        ----------
        context : LookupContext
        grad : array_like, (*ids.shape, D)
            The gradient of the loss with respect to the rows.

        Returns
        -------
        Gradients
            `inputs` is None (ids have no gradient); `weights["embeddings"]` is a SparseGrad.
        """
        ids = context.ids
        grad = np.asarray(grad, self.variable_dtype)  # mixed precision sums in float32
        if grad.shape != (*ids.shape, self.output_dim):
            raise ShapeError(
                f"grad must have the shape of the rows, {(*ids.shape, self.output_dim)}. "
                f"Received {grad.shape}. Pass what the layer above sends back."
            )
        if context.factors is not None:
            grad = grad * context.factors[..., None].astype(grad.dtype)
        rows = ids
        if self.oob != "raise" or self.negative != "raise":
            rows, inside = self._rows(ids)
            grad = grad[inside]
        if self.adapters or self._quantized is not None:
            return Gradients(None, self._grad_adapters(rows, grad))
        sparse = coalesce(
            rows,
            grad,
            self.input_dim,
            padding_idx=self.padding_idx,
            scale_grad_by_freq=self.scale_grad_by_freq,
        )
        return Gradients(None, {"embeddings": sparse})

    # Masks and shapes -------------------------------------------------------------------------

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return True where an id is not 0, if `mask_zero`; else None. Works before build."""
        if not self.mask_zero:
            return None
        if isinstance(inputs, KerasTensor):
            return KerasTensor(inputs.shape, "bool")
        return as_ids(inputs) != 0

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """Return (*input_shape, D), with the lengths that `input_length` adds.

        Raises
        ------
        ShapeError
            When `input_length` and the shape disagree.

        Examples
        --------
        >>> Embedding(1000, 64, input_length=10).compute_output_shape((None, None))
        (None, 10, 64)
        """
        shape = tuple(input_shape)
        if self.input_length is not None:
            shape = check_length(self.input_length, shape)
        return (*shape, self.output_dim)

    @property
    def batch_input_shape(self) -> tuple | None:
        """The input shape that `input_length` announces, such as (None, 10), or None."""
        return None if self.input_length is None else batch_shape(self.input_length)

    # Configs and reports ----------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """Return the arguments; those beyond Keras's own only where they are not the default."""
        return {**super().get_config(), **embedding_config(self)}

    @classmethod
    def from_legacy(cls, config: dict[str, Any]) -> "Embedding":
        """Return a layer from a config of Keras 1 or 2.

        Examples
        --------
        >>> old = {"input_dim": 5, "output_dim": 2, "init": "glorot_uniform", "W_constraint": None}
        >>> Embedding.from_legacy(old).embeddings_initializer
        GlorotUniform()
        """
        from embedlab.layers.keras1_config import from_keras1_config

        return cls(**from_keras1_config(config))

    @classmethod
    def from_pretrained(cls, table: Any, freeze: bool = False, **options: Any) -> "Embedding":
        """Return a layer around a copy of `table` (V, D); `padding_idx` keeps the row it is given.

        >>> Embedding.from_pretrained(np.ones((3, 2)), freeze=True).trainable_weights
        []
        """
        table = as_table(np.asarray(table, None if np.asarray(table).dtype.kind == "f" else float))
        options.setdefault("trainable", not freeze)
        options.setdefault("dtype", table.dtype.name)
        rows, columns = table.shape
        return cls(rows, columns, weights=table, **options)

    def memory_report(self, lora_rank: int = 8) -> MemoryReport:
        """Return the bytes of the table and of what training and compression would add.

        Nothing is allocated: ask before building.
        """
        itemsize = np.dtype(self.variable_dtype).itemsize
        return MemoryReport.of(self.input_dim, self.output_dim, itemsize, lora_rank)

    def __repr__(self) -> str:
        return in_words(self)


Embedding._OWN_CLASS = Embedding


def _share(row_dropout: Any) -> float:
    number = isinstance(row_dropout, (int, float)) and not isinstance(row_dropout, bool)
    if not (number and 0 <= row_dropout < 1):
        raise ValueError(
            f"row_dropout must lie in 0..1, below 1. Received {row_dropout!r:.40}. "
            "Pass for example 0.1."
        )
    return float(row_dropout)


def _row(padding_idx: Any, input_dim: int) -> int | None:
    if padding_idx is None:
        return None
    try:
        row = operator.index(padding_idx)
    except TypeError:
        row = input_dim
    if isinstance(padding_idx, bool) or not -input_dim <= row < input_dim:
        raise ValueError(
            f"padding_idx must be a row of the table, 0..{input_dim - 1}. "
            f"Received {padding_idx!r:.40}. Leave it away, or raise input_dim."
        )
    return row % input_dim

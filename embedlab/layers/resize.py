"""More words, or fewer: a table that keeps its rows, its adapters and what optimizers remember."""

from typing import Any

import numpy as np

from embedlab.core.checks import ShapeError, check_size
from embedlab.core.ids import apply_out_of_range_rule, as_ids
from embedlab.core.quantize import QuantizedTable, dequantize, quantize
from embedlab.layers.placement import Room, refuse_no_room
from embedlab.layers.searchable import Searchable
from embedlab.layers.weight_budget import charge

__all__ = ["Resizable", "longer", "longer_codes"]

_STARTS = ("mean", "zeros", "copy")


def longer(
    rows: np.ndarray,
    total: int,
    init: str,
    sources: Any = (),
    leave_out: int | None = None,
    room: Room = np.zeros,
) -> np.ndarray:
    """Return a copy of `rows` (V, ...) with `total` of them: cut off, or with new ones behind.

    Parameters
    ----------
    rows : ndarray, (V, ...)
    total : int
    init : {"mean", "zeros", "copy"}
    sources : array_like of int, (total - V,)
        For "copy": which row each new one copies.
    leave_out : int, optional
        A row that the mean does not count, such as that of padding.
    room : callable
        Makes the array: in memory, or on disk.

    Examples
    --------
    >>> longer(np.array([[1.0], [3.0]]), 3, "mean").ravel().tolist()
    [1.0, 3.0, 2.0]
    >>> longer(np.array([[1.0], [3.0]]), 1, "mean").tolist()
    [[1.0]]
    """
    kept = min(len(rows), total)
    out = room((total, *rows.shape[1:]), rows.dtype)
    out[:kept] = rows[:kept]
    if total > kept and init == "copy":
        out[kept:] = rows[np.asarray(sources)]
    elif total > kept and init == "mean":
        counts = np.ones((len(rows),) + (1,) * (rows.ndim - 1), bool)
        if leave_out is not None:
            counts[leave_out] = False
        if counts.any():  # summed as they lie: no copy of the table
            out[kept:] = rows.mean(axis=0, dtype=np.float64, where=counts)
    return out


class Resizable(Searchable):
    """A layer with a table (V, D) that can get more rows, or fewer."""

    oob: str | int
    placement: str

    def resize(self, input_dim: int, init: str = "mean", *, source: Any = None) -> None:
        """Change the number of rows; those that stay keep every number.

        Parameters
        ----------
        input_dim : int
            The new V. Fewer rows: the last ones go.
        init : {"mean", "zeros", "copy"}
            What a new row starts as: the mean of all (but padding), zeros, or the copy of a row.
        source : int or array_like of int, (new V - V,), optional
            For "copy": which row, for all new ones or for each. Unless told, that of unknown words
            (`oob`, where it is an id), or else the last.

        Raises
        ------
        ValueError
            For a layer that is not built, an unknown `init`, adapters that are merged now, and a
            V that leaves out `padding_idx` or `oob`. Nothing is changed then.
        TableMemoryError
            When it cannot fit.

        Notes
        -----
        LoRA's A grows and shrinks alike, so a new row counts as the mean or copy of whole rows,
        adapters included. Codes of rows that stay are kept to the bit. Optimizers go on: rows
        that stay keep their moments, new ones start without.

        Examples
        --------
        >>> from embedlab.layers.embedding import Embedding
        >>> layer = Embedding(2, 2, weights=[[1, 2], [3, 6]])
        >>> layer.resize(3)
        >>> layer, layer([2]).tolist()
        (Embedding(3 words -> 2 numbers), [[2.0, 4.0]])
        """
        total = check_size(input_dim, "input_dim")
        sources = self._check_resize(total, init, source)
        told = (total, init, sources, self.padding_idx)
        adapters = [longer(lora.a.value, *told) for lora in self.adapters.values()]
        if self._quantized is None:
            variable = self._built_table()
            nbytes = total * self.output_dim * variable.value.itemsize
            refuse_no_room(self.placement, nbytes, f"a table (V, D) = {(total, self.output_dim)}")
            charge((total, self.output_dim), variable.dtype, variable.path)
            variable.replace(longer(variable.value, *told, variable.room))
        else:
            made = longer_codes(self._quantized, *told)
            parts = (made.codes, made.scale, made.zero)
            for own, array in zip(self._code_variables(), parts, strict=False):
                own.replace(np.asarray(array))
            self._quantized, self._report = made, None
        for lora, a in zip(self.adapters.values(), adapters, strict=True):
            lora.a.replace(a)
        self._resize_more(*told)
        self.input_dim = total

    def _resize_more(self, total: int, init: str, sources: Any, leave_out: int | None) -> None:
        """Resize what a layer has besides the table and its adapters."""

    def _check_resize(self, total: int, init: str, source: Any) -> Any:
        if self._embeddings is None and self._quantized is None:
            raise ValueError(
                "resize needs a table. Received a layer that is not built. Call layer.build()."
            )
        self._refuse_merged("resize")
        if init not in _STARTS:
            raise ValueError(
                f"init must be one of {_STARTS}. Received {init!r:.40}. Choose how new rows start."
            )
        fixed = {"padding_idx": self.padding_idx, "oob": self.oob}
        for name, row in fixed.items():
            if isinstance(row, int) and row >= total:
                raise ValueError(
                    f"{name} must stay a row of the table. Received input_dim={total} with "
                    f"{name}={row}. Keep at least {row + 1} rows."
                )
        if init != "copy" or total <= self.input_dim:
            return ()
        if source is None:
            source = self.oob if isinstance(self.oob, int) else self.input_dim - 1
        rows = apply_out_of_range_rule(as_ids(source), self.input_dim)
        if rows.shape not in ((), (total - self.input_dim,)):
            raise ShapeError(
                f"source must be one row, or one for each of {total - self.input_dim} new ones. "
                f"Received shape {rows.shape}. Pass an int."
            )
        return np.broadcast_to(rows, (total - self.input_dim,))


def longer_codes(
    table: QuantizedTable, total: int, init: str, sources: Any, leave_out: int | None
) -> QuantizedTable:
    """Return a quantized table with `total` rows: old codes as they are, new rows quantized.

    >>> from embedlab.core.quantize.rows import quantize
    >>> longer_codes(quantize(np.ones((2, 4)), 8, None), 3, "mean", (), None).codes[:, 0].tolist()
    [127, 127, 127]
    """
    rows = table.shape[0]
    kept = min(rows, total)
    fresh = None
    if total > rows:
        floats = np.zeros((total - rows, table.output_dim), table.scale.dtype)
        if init == "copy":
            fresh = QuantizedTable(
                table.codes[sources],
                table.scale[sources],
                None if table.zero is None else table.zero[sources],
                table.output_dim,
                table.bits,
                table.block_size,
            )
        elif init == "mean":
            floats[:] = longer(dequantize(table), rows + 1, "mean", (), leave_out)[-1]
        fresh = quantize(floats, table.bits, table.block_size) if fresh is None else fresh

    def joined(old: Any, new: Any) -> Any:
        return old[:kept].copy() if new is None else np.concatenate([old, new.astype(old.dtype)])

    zero = None
    if table.zero is not None:
        zero = joined(table.zero, None if fresh is None else fresh.zero)
    return QuantizedTable(
        joined(table.codes, None if fresh is None else fresh.codes),
        joined(table.scale, None if fresh is None else fresh.scale),
        zero,
        table.output_dim,
        table.bits,
        table.block_size,
    )

"""Questions to a layer's rows: who is near, what is to this as that is to those, who is odd."""

from typing import Any

import numpy as np

from embedlab.core.checks import as_array
from embedlab.core.geometry import LazyTable, Neighbors, analogy, nearest, odd_one_out
from embedlab.core.ids import as_ids
from embedlab.core.lookup import lookup
from embedlab.core.lora import lora_lookup
from embedlab.core.quantize import quantized_lookup
from embedlab.layers.quantize import Quantizable

__all__ = ["Searchable"]


class Searchable(Quantizable):
    """A layer with a table (V, D) whose rows can be compared: as they count now.

    Active adapters are added, and codes are turned back, a stretch of rows at a time: the float
    table of a quantized layer is never made.
    """

    def nearest(
        self, query: Any, k: int = 10, *, first: int = 0, last: int | None = None, exclude: Any = ()
    ) -> Neighbors:
        """Return the k rows whose direction is nearest, by cosine.

        Parameters
        ----------
        query : array_like
            Ids, () or (Q,) integer: the rows near to each, itself left out. Or vectors, (D,) or
            (Q, D) float.
        k : int
        first, last : int
            Search rows first..last-1 only.
        exclude : array_like of int, (E,)
            Rows not to give.

        Returns
        -------
        Neighbors
            ``ids`` and ``similarities``, (K,) or (Q, K), the nearest first.

        Raises
        ------
        IdError, ShapeError, ValueError
            For what does not fit, and a layer that is not built.

        Examples
        --------
        >>> from embedlab.layers.embedding import Embedding
        >>> layer = Embedding(3, 2, weights=[[1, 0], [0, 1], [1, 1]])
        >>> layer.nearest(0, k=1).ids.tolist(), layer.nearest([2.0, 0.1], k=2).ids.tolist()
        ([2], [0, 2])
        """
        rows = self._searched()
        array = as_array(query, "query")
        if array.dtype.kind not in "iu":
            return nearest(rows, array, k, first=first, last=last, exclude=exclude)
        ids = as_ids(array)
        itself = np.atleast_1d(ids)[:, None]
        others = np.broadcast_to(as_ids(exclude), (len(itself), len(as_ids(exclude))))
        apart = np.concatenate([itself, others], axis=1)
        vectors = self._read(ids)
        apart = apart[0] if ids.ndim == 0 else apart
        return nearest(rows, vectors, k, first=first, last=last, exclude=apart)

    def analogy(
        self, a: int, b: int, c: int, k: int = 5, *, first: int = 0, last: int | None = None
    ) -> Neighbors:
        """Return the k rows d for which "a is to b as c is to d" holds best.

        Parameters
        ----------
        a, b, c : int
            Ids; never the answer.
        k, first, last
            As `nearest`.

        Examples
        --------
        >>> from embedlab.layers.embedding import Embedding
        >>> words = ["man", "king", "woman", "queen", "cat"]
        >>> table = [[0, 1, 0], [3, 1, 0], [0, 0, 1], [3, 0, 1], [0, 1, 1]]
        >>> words[Embedding(5, 3, weights=table).analogy(0, 1, 2, k=1).ids[0]]
        'queen'
        """
        return analogy(self._searched(), a, b, c, k, first=first, last=last)

    def doesnt_match(self, ids: Any) -> int:
        """Return the id, of two or more, whose row fits least to the others.

        Examples
        --------
        >>> from embedlab.layers.embedding import Embedding
        >>> Embedding(3, 2, weights=[[1, 0.1], [1, 0], [-0.1, 1]]).doesnt_match([0, 1, 2])
        2
        """
        return odd_one_out(self._searched(), ids)[0]

    def _searched(self) -> Any:
        """Return the rows as they count now: the table, or rows that are made when read."""
        if self._quantized is None and not self._active:
            return self._built_table().value
        shape = (self.input_dim, self.output_dim)
        return LazyTable(shape, lambda first, last: self._read(np.arange(first, last)))

    def _read(self, ids: np.ndarray) -> np.ndarray:
        """Return rows by id; an id outside the table is an error here, whatever `oob` says."""
        if self._quantized is not None:
            return quantized_lookup(self._quantized, ids, self._cores())
        table = self._built_table().value
        return lora_lookup(table, ids, self._cores()) if self._active else lookup(table, ids)

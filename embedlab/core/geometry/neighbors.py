"""Nearest rows by cosine similarity: a block of the table at a time, with a top-k."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from embedlab.core.checks import ShapeError, as_array, as_table, check_finite, check_size
from embedlab.core.ids import as_ids, out_of_range_error
from embedlab.core.jit import compile_parallel, kernel, num_threads, prange
from embedlab.core.quantize import QuantizedTable, quantized_lookup

__all__ = [
    "LazyTable",
    "Neighbors",
    "as_lazy_table",
    "cosine",
    "nearest",
    "nearest_kernel",
    "nearest_kernel_parallel",
    "nearest_reference",
    "normalize_rows",
]

BLOCK = 2048
"""Rows at a time: at D = 128 they are 1 MB, and their products with 64 queries 0.5 MB, so both
stay in the L2 cache between the matrix product and the selection."""

PARALLEL_FROM = 65_536
"""Similarities of one block from which two threads win."""

CHUNK = 32


class LazyTable(NamedTuple):
    """Table that is read in slices, for rows that are computed on demand.

    Attributes
    ----------
    shape : (V, D)
    read : callable
        ``read(first, last)`` returns rows first..last-1 as a float array (last - first, D).
    """

    shape: tuple[int, int]
    read: Callable[[int, int], np.ndarray]


class Neighbors(NamedTuple):
    """Nearest rows of each query, the nearest first.

    Attributes
    ----------
    ids : ndarray of int64, (..., K)
        -1 where there are no more rows.
    similarities : ndarray, (..., K)
        Cosines; NaN where there are no more rows.
    """

    ids: np.ndarray
    similarities: np.ndarray


def normalize_rows(vectors: np.ndarray) -> np.ndarray:
    """Return vectors (..., D) of length 1 in the same directions; zero vectors stay zero.

    Examples
    --------
    >>> normalize_rows(np.array([[3.0, 4.0], [0.0, 0.0]])).tolist()
    [[0.6, 0.8], [0.0, 0.0]]
    """
    largest = np.abs(vectors).max(axis=-1, keepdims=True, initial=0)
    scaled = vectors / np.where(largest == 0, 1, largest)  # squares of 1e-30 would vanish
    length = np.sqrt((scaled * scaled).sum(axis=-1, keepdims=True))
    return scaled / np.where(length == 0, 1, length)


def cosine(a: Any, b: Any) -> np.ndarray:
    """Return the cosine of every row of `a` with every row of `b`.

    Parameters
    ----------
    a : array_like, (N, D), float16, float32 or float64
    b : array_like, (M, D)

    Returns
    -------
    ndarray, (N, M)
        From -1 to 1; 0 where a row is zero; in float32 at least.

    Raises
    ------
    ShapeError
        For rows of different lengths.

    Examples
    --------
    >>> cosine([[1.0, 0.0], [0.0, 0.0]], [[2.0, 0.0], [0.0, 3.0], [-1.0, 0.0]]).tolist()
    [[1.0, 0.0, -1.0], [0.0, 0.0, 0.0]]
    """
    a, b = _single(as_table(a, "a")), _single(as_table(b, "b"))
    if a.shape[1] != b.shape[1]:
        raise ShapeError(
            f"a and b must have rows of one length. Received {a.shape} and {b.shape}. "
            "Take both from one table."
        )
    return np.clip(normalize_rows(a) @ normalize_rows(b).T, -1, 1)


def nearest_reference(table: np.ndarray, queries: np.ndarray, k: int) -> Neighbors:
    """Reference implementation in NumPy: all cosines, sorted; of equals the lower id first."""
    similarities = normalize_rows(queries) @ normalize_rows(table).T  # (Q, V)
    ids = np.argsort(-similarities, axis=1, kind="stable")[:, :k]
    return Neighbors(ids, np.take_along_axis(similarities, ids, axis=1))


@kernel
def nearest_kernel(products, factors, first, best, ids):
    """Merge one block into the best so far: `best` and `ids` (Q, K), the best first.

    `products` (Q, R) times `factors` (R,) are the cosines of rows first..first+R-1. A row enters
    when it is better than the last of the K, which is rare; so 32 rows are compared at once, and
    one by one only where any is better. NaN never enters, and of equals the lower id stays.
    """
    queries, rows = products.shape
    for q in prange(queries):
        for start in range(0, rows, CHUNK):
            stop = min(start + CHUNK, rows)
            worst = best[q, best.shape[1] - 1]
            hits = 0
            for r in range(start, stop):
                hits += products[q, r] * factors[r] > worst
            if hits == 0:
                continue
            for r in range(start, stop):
                one = products[q, r] * factors[r]
                if not one > best[q, best.shape[1] - 1]:
                    continue
                place = best.shape[1] - 1
                while place > 0 and one > best[q, place - 1]:
                    best[q, place] = best[q, place - 1]
                    ids[q, place] = ids[q, place - 1]
                    place -= 1
                best[q, place] = one
                ids[q, place] = first + r


nearest_kernel_parallel = compile_parallel(nearest_kernel)


def nearest(
    table: Any,
    queries: Any,
    k: int = 10,
    *,
    first: int = 0,
    last: int | None = None,
    exclude: Any = (),
) -> Neighbors:
    """Return the k rows with the largest cosine similarity to each query.

    Parameters
    ----------
    table : array_like (V, D), QuantizedTable or LazyTable
        The rows to search; a quantized table is dequantized block by block.
    queries : array_like, (D,) or (Q, D), float16, float32 or float64
    k : int
        How many rows, at most.
    first, last : int
        Search rows first..last-1 only. A table sorted by frequency has its frequent words first.
    exclude : array_like of int, (E,), or (Q, E)
        Rows to leave out: the same for all queries, or for each its own.

    Returns
    -------
    Neighbors
        ``ids`` and ``similarities``, (K,) or (Q, K), K = min(k, last - first). Of equals the lower
        id comes first. A zero row has cosine 0 with everything; a row with NaN is never returned.

    Raises
    ------
    IdError
        For excluded ids outside the table.
    ShapeError, DtypeError, NotFiniteError, ValueError
        For what does not fit; queries must be finite.

    Notes
    -----
    The Q x V matrix is never formed: blocks of 2 048 rows go through a matrix product, and the k
    best so far are kept.

    Examples
    --------
    >>> table = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    >>> near = nearest(table, [2.0, 0.1], k=2)
    >>> near.ids.tolist(), near.similarities.round(3).tolist()
    ([0, 2], [0.999, 0.742])
    >>> nearest(table, table, k=1, exclude=[[0], [1], [2]]).ids.ravel().tolist()
    [2, 2, 0]
    """
    rows = as_lazy_table(table)
    vectors, single = _queries(queries, rows.shape[1])
    first, last = _span(first, last, rows.shape[0])
    excluded = _exclude(exclude, rows.shape[0], len(vectors))
    count = min(check_size(k, "k"), last - first)
    depth = min(count + excluded.shape[1], last - first)
    best = np.full((len(vectors), depth), -np.inf, vectors.dtype)
    ids = np.full(best.shape, -1)
    directions = normalize_rows(vectors)
    for start in range(first, last if depth and len(vectors) else first, BLOCK):
        stop = min(start + BLOCK, last)
        _merge(rows.read(start, stop), directions, start, stop, best, ids)
    left_out = (ids[:, :, None] == excluded[:, None, :]).any(axis=2) | (ids < 0)
    order = np.argsort(left_out, axis=1, kind="stable")[:, :count]
    missing = np.take_along_axis(left_out, order, axis=1)
    ids = np.where(missing, -1, np.take_along_axis(ids, order, axis=1))
    similarities = np.clip(np.take_along_axis(best, order, axis=1), -1, 1)
    similarities = np.where(missing, np.nan, similarities).astype(best.dtype)
    return Neighbors(ids[0], similarities[0]) if single else Neighbors(ids, similarities)


def as_lazy_table(table: Any) -> LazyTable:
    """Return an array, a quantized table or a `LazyTable` as `LazyTable`.

    Examples
    --------
    >>> as_lazy_table([[1.0, 2.0], [3.0, 4.0]]).read(1, 2).tolist()
    [[3.0, 4.0]]
    """
    if isinstance(table, LazyTable):
        return table
    if isinstance(table, QuantizedTable):
        return LazyTable(table.shape, lambda a, b: quantized_lookup(table, np.arange(a, b)))
    array = as_table(table)
    return LazyTable((array.shape[0], array.shape[1]), lambda a, b: array[a:b])


def _merge(
    block: np.ndarray,
    directions: np.ndarray,
    start: int,
    stop: int,
    best: np.ndarray,
    ids: np.ndarray,
) -> None:
    block = np.asarray(_single(as_table(block, "a block of rows")), dtype=best.dtype)
    if block.shape != (stop - start, directions.shape[1]):
        raise ShapeError(
            f"rows {start}..{stop - 1} must be read with shape "
            f"{(stop - start, directions.shape[1])}. Received {block.shape}. "
            "Read (last - first, D)."
        )
    squares = np.einsum("rd,rd->r", block, block)
    # Beyond these the square of a length loses digits or overflows.
    tiny, huge = np.finfo(best.dtype).tiny * 1e10, np.finfo(best.dtype).max / 1e3
    if ((squares < tiny) | ~(squares < huge)).any():
        with np.errstate(invalid="ignore"):  # a row with NaN or infinity stays NaN: never returned
            block = normalize_rows(block)
        squares = (block * block).sum(axis=1)
    factors = 1 / np.sqrt(np.where(squares == 0, 1, squares))
    products = directions @ block.T  # (Q, R)
    wide = products.size >= PARALLEL_FROM and num_threads() > 1
    (nearest_kernel_parallel if wide else nearest_kernel)(products, factors, start, best, ids)


def _single(array: np.ndarray) -> np.ndarray:
    return array.astype(np.float32) if array.dtype.char == "e" else array


def _queries(queries: Any, columns: int) -> tuple[np.ndarray, bool]:
    array = as_array(queries, "queries")
    single = array.ndim == 1
    array = _single(as_table(array[None] if single else array, "queries"))
    if array.shape[1] != columns:
        raise ShapeError(
            f"queries must have the length of the rows, {columns}. Received {array.shape}. "
            "Take them from the same table."
        )
    check_finite(array, "queries", "Leave such a query out.")
    return array, single


def _span(first: Any, last: Any, rows: int) -> tuple[int, int]:
    begin = check_size(first, "first", least=0)
    end = rows if last is None else check_size(last, "last", least=0)
    if not begin <= end <= rows:
        raise ValueError(
            f"first and last must satisfy 0 <= first <= last <= {rows}. Received {begin} and "
            f"{end}. Leave out last to search to the end."
        )
    return begin, end


def _exclude(exclude: Any, rows: int, queries: int) -> np.ndarray:
    ids = as_ids(exclude)
    if ids.size and not 0 <= int(ids.min()) <= int(ids.max()) < rows:
        raise out_of_range_error(ids, rows)
    if ids.ndim == 1:
        return np.broadcast_to(np.unique(ids), (queries, np.unique(ids).size))
    if ids.ndim != 2 or len(ids) != queries:
        raise ShapeError(
            f"exclude must have shape (E,) or ({queries}, E). Received {ids.shape}. "
            "Give all queries the same ids, or each its own."
        )
    return ids

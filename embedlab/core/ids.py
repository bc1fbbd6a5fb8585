"""Checks of ids, and the rules for ids out of range.

Compiled code does not check bounds: an id of 40 in a table of 4 rows would read stray memory
without an error. So every id is checked here, and every kernel compares once more before it reads.
"""

from typing import Any

import numpy as np

from embedlab.core.checks import ShapeError, check_choice, check_size, short_repr
from embedlab.core.jit import kernel

__all__ = [
    "IdError",
    "IdTypeError",
    "apply_out_of_range_rule",
    "apply_out_of_range_rule_kernel",
    "apply_out_of_range_rule_reference",
    "as_ids",
    "check_padding_idx",
    "out_of_range_error",
]

_INT64 = np.dtype(np.int64)
_LARGEST = np.iinfo(np.int64).max
_MARK, _CLIP, _WRAP, _TO_ONE_ID = range(4)  # what becomes of an id that is out of bounds (oob)
_OOB = {"raise": _MARK, "zero": _MARK, "nan": _MARK, "clip": _CLIP, "wrap": _WRAP}


class IdError(IndexError):
    """Raised for ids outside the table.

    Attributes
    ----------
    bad_ids : tuple of int
        The first few offending ids (at most 16).
    positions : tuple of tuple of int
        Their indices in the ids of the call; `fit`, `predict` and bags make them those in the
        array that their caller passed.
    input_dim : int
        The number of rows of the table.
    """

    def __init__(self, message: str, bad_ids: Any = (), positions: Any = (), input_dim: int = 0):
        super().__init__(message)
        self.bad_ids = tuple(bad_ids)
        self.positions = tuple(positions)
        self.input_dim = input_dim


class IdTypeError(TypeError):
    """Raised for ids that are not whole numbers: words, 2.9, NaN."""


def as_ids(ids: Any) -> np.ndarray:
    """Return `ids` as C-contiguous int64 of the same shape, without a copy where they already are.

    Parameters
    ----------
    ids : array_like of any shape
        Integers, booleans, or floats that are whole numbers. Lists and scalars are fine.

    Returns
    -------
    ndarray of int64, same shape

    Raises
    ------
    IdTypeError
        For words, fractions, NaN and infinities.
    IdError
        For integers beyond the range of int64.
    ShapeError
        For a ragged list.

    Examples
    --------
    >>> as_ids([[1, 2], [3, 4]]).shape
    (2, 2)
    >>> as_ids(2.0).item()
    2
    >>> as_ids([1.0, 2.9])
    Traceback (most recent call last):
    embedlab.core.ids.IdTypeError: ids must be whole numbers. Received 2.9 at [1]. \
Round or floor them first; nothing is truncated silently.
    """
    if type(ids) is np.ndarray and ids.dtype is _INT64 and ids.flags.c_contiguous:
        return ids
    try:
        array = np.asarray(ids)
    except (TypeError, RuntimeError) as error:  # a tensor that NumPy cannot read, such as bfloat16
        raise IdTypeError(
            "ids must be an array of whole numbers. Received "
            f"{getattr(ids, 'dtype', type(ids).__name__)}. Convert them to integers first."
        ) from error
    except ValueError as error:
        raise ShapeError(
            "ids must form a rectangular array. Received lists of different lengths. "
            "Pad them to one length first."
        ) from error
    kind = array.dtype.kind
    if array.size == 0 and kind in "fbiuO":
        return np.zeros(array.shape, np.int64)
    if kind == "f":
        _refuse_fractions(array)
    elif kind == "u":
        _refuse_beyond(array, array > np.uint64(_LARGEST))
    elif kind == "O":
        array = _whole_objects(array)
    elif kind not in "bi":
        raise IdTypeError(_not_whole(array))
    return np.asarray(array, dtype=np.int64, order="C")


def out_of_range_error(
    ids: np.ndarray, input_dim: int, *, negative: bool = False, can_wrap: bool = False
) -> IdError:
    """Return the error for ids outside 0..input_dim - 1; with `negative`, only for those below 0.

    Parameters
    ----------
    ids : ndarray of int64, any shape
    input_dim : int
        V, the number of rows.
    can_wrap : bool
        Whether the caller has an argument ``negative="wrap"``, which the text then names.
    """
    wrong = (ids < 0) if negative else ((ids < 0) | (ids >= input_dim))
    count = int(np.count_nonzero(wrong))
    first = np.argwhere(wrong)[:16]
    bad = [int(ids[tuple(at)]) for at in first]
    where = [tuple(int(i) for i in at) for at in first]
    more = f" (and {count - 1} more)" if count > 1 else ""
    cure = "Raise input_dim, or map unknown words to one id."
    if bad and bad[0] < 0:
        cure = 'Count from 0, or pass negative="wrap".' if can_wrap else "Count from 0."
    at = f" at {list(where[0])}" if where and where[0] else ""  # a single id has no position
    received = f"Received {bad[0]}{at}{more}. " if bad else "They changed meanwhile. "
    return IdError(
        f"ids must lie in 0..{input_dim - 1} (input_dim={input_dim}). {received}{cure}",
        bad,
        where,
        input_dim,
    )


def check_padding_idx(padding_idx: Any, input_dim: int) -> int:
    """Return `padding_idx` as a row number, or -1 for none.

    Raises
    ------
    IdError
        Unless padding_idx < V.
    ValueError
        Unless it is a whole number from 0 up.

    Examples
    --------
    >>> check_padding_idx(None, 4), check_padding_idx(3, 4)
    (-1, 3)
    """
    if padding_idx is None:
        return -1
    row = check_size(padding_idx, "padding_idx", least=0)
    input_dim = check_size(input_dim, "input_dim", least=0)
    if row >= input_dim:
        raise IdError(
            f"padding_idx must lie in 0..{input_dim - 1} (input_dim={input_dim}). "
            f"Received {row}. Count from 0.",
            [row],
            [()],
            input_dim,
        )
    return row


def apply_out_of_range_rule_reference(
    ids: np.ndarray, input_dim: int, mode: int, to: int, wrap: bool
) -> np.ndarray:
    """Reference implementation in NumPy: negatives counted from the end, the rest by `mode`."""
    rows = np.where(wrap & (ids < 0) & (ids >= -input_dim), ids + input_dim, ids)
    outside = (rows < 0) | (rows >= input_dim)
    if mode == _CLIP:
        return np.clip(rows, 0, input_dim - 1)
    if mode == _WRAP:
        return rows % input_dim
    if mode == _TO_ONE_ID:
        return np.where(outside, to, rows)
    return np.where(outside, input_dim, rows)


@kernel
def apply_out_of_range_rule_kernel(ids, input_dim, mode, to, wrap, rows):
    """Write into `rows` (N,) the row that each of `ids` (N,) reads."""
    for n in range(ids.size):
        row = ids[n]
        if wrap and -input_dim <= row < 0:
            row += input_dim
        if row < 0 or row >= input_dim:
            if mode == _CLIP:
                row = 0 if row < 0 else input_dim - 1
            elif mode == _WRAP:
                row = row % input_dim
            else:
                row = to if mode == _TO_ONE_ID else input_dim
        rows[n] = row


def apply_out_of_range_rule(
    ids: Any, input_dim: int, *, oob: str | int = "raise", negative: str = "raise"
) -> Any:
    """Return the row that each id reads, by the rules chosen for ids out of range.

    Parameters
    ----------
    ids : array_like of int, any shape
    input_dim : int
        V, the number of rows.
    oob : {"raise", "zero", "nan", "clip", "wrap"} or int
        For ids out of range: raise; mark as `input_dim` (the lookup then writes zeros or NaN);
        the nearest row; the remainder modulo V; or one fixed row, for unknown words.
    negative : {"raise", "wrap"}
        For ids below 0: raise, or count -V..-1 from the end, as Keras does.

    Returns
    -------
    ndarray of int64, the shape of `ids`

    Raises
    ------
    IdError
        Where a rule says "raise" and an id breaks it, or a fixed row is itself outside.

    Examples
    --------
    >>> apply_out_of_range_rule([0, 9, -1], 4, oob="clip", negative="wrap").tolist()
    [0, 3, 3]
    >>> apply_out_of_range_rule([0, 9], 4, oob=1).tolist()
    [0, 1]
    """
    ids = as_ids(ids)
    input_dim = check_size(input_dim, "input_dim", least=0)
    mode, to = _mode(oob, input_dim)
    check_choice(negative, "negative", ("raise", "wrap"), 'Choose "wrap" to count from the end')
    wrap = negative == "wrap"
    if not wrap and ids.size and int(ids.min()) < 0:
        raise out_of_range_error(ids, input_dim, negative=oob != "raise", can_wrap=True)
    if input_dim == 0 and ids.size and mode != _MARK:
        raise out_of_range_error(ids, input_dim)
    rows = np.empty(ids.shape, np.int64)
    apply_out_of_range_rule_kernel(ids.reshape(-1), input_dim, mode, to, wrap, rows.reshape(-1))
    if oob == "raise" and ids.size and int(rows.max()) >= input_dim:
        raise out_of_range_error(np.where(rows == input_dim, ids, 0), input_dim)
    return rows


def _mode(oob: Any, input_dim: int) -> tuple[int, int]:
    if isinstance(oob, str) and oob in _OOB:
        return _OOB[oob], 0
    if isinstance(oob, (int, np.integer)) and not isinstance(oob, (bool, np.bool_)):
        if not 0 <= oob < input_dim:
            # an object array: the number may not fit into int64
            raise out_of_range_error(np.asarray(oob, object), input_dim)
        return _TO_ONE_ID, int(oob)
    raise ValueError(
        f'oob must be one of "raise", "zero", "nan", "clip", "wrap" or a row number. '
        f"Received {short_repr(oob)}. Choose one of these."
    )


def _refuse_fractions(array: np.ndarray) -> None:
    wrong = ~(np.isfinite(array) & (array == np.floor(array)))
    if wrong.any():
        at = tuple(int(i) for i in np.argwhere(wrong)[0])
        raise IdTypeError(
            f"ids must be whole numbers. Received {array[at]}{f' at {list(at)}' if at else ''}. "
            "Round or floor them first; nothing is truncated silently."
        )
    _refuse_beyond(array, np.abs(array.astype(np.float64)) >= float(_LARGEST))


def _refuse_beyond(array: np.ndarray, wrong: np.ndarray) -> None:
    if wrong.any():
        at = tuple(int(i) for i in np.argwhere(wrong)[0])
        raise IdError(
            f"ids must fit into int64. Received {array[at]}{f' at {list(at)}' if at else ''}. "
            "Hash or map such keys to rows first.",
            [int(array[at])],
            [at],
        )


def _whole_objects(array: np.ndarray) -> np.ndarray:
    for at, value in np.ndenumerate(array):
        if not isinstance(value, (int, np.integer)):
            raise IdTypeError(_not_whole(array, value, at))
        if not -_LARGEST <= value <= _LARGEST:
            flags = np.zeros(array.shape, bool)
            flags[at] = True
            _refuse_beyond(array, flags)
    return array


def _not_whole(array: np.ndarray, value: Any = "", at: tuple[int, ...] = ()) -> str:
    if array.dtype.kind in "US":
        at = next(iter(np.ndindex(array.shape)), ())
        value = array[at].item() if array.size else ""
    cure = "Convert them to integers first."
    if isinstance(value, (str, bytes)) and array.dtype.kind in "USO":
        cure = "Look words up first: ids = vocabulary.ids(text)."
    elif isinstance(value, (list, tuple, np.ndarray)):
        cure = "Pad the lists to one length first."
    where = f" at {list(at)}" if at else ""
    what = f"{short_repr(value)}{where}" if array.dtype.kind in "USO" else f"dtype {array.dtype}"
    return f"ids must be whole numbers. Received {what}. {cure}"

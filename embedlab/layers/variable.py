"""A variable: an array that a layer owns, with what training must know about it."""

from typing import Any

import numpy as np

from embedlab.constraints import Constraint
from embedlab.core.checks import (
    ShapeError,
    as_numeric_array,
    check_dtype,
    check_flag,
    check_held_by,
    check_name,
    message,
)
from embedlab.core.ids import as_ids, out_of_range_error

__all__ = ["Variable"]


class Variable(np.lib.mixins.NDArrayOperatorsMixin):
    """An array with a name, which only `assign` changes.

    Parameters
    ----------
    value : array_like
        Copied.
    name, dtype : str, optional
    trainable : bool
    constraint, regularizer : callable, optional
        Applied by the optimizer after a step, and added to the loss.
    path : str, optional
        The name with its layer's in front.

    Notes
    -----
    ``np.asarray(variable)`` gives a read-only view, `numpy()` a copy, and `value` the array
    itself. Arithmetic gives plain arrays. Source: ``keras.Variable``.

    Examples
    --------
    >>> table = Variable([[1.0, 2.0]], name="embeddings", dtype="float32")
    >>> table
    Variable(embeddings, (1, 2) float32, trainable)
    >>> table.assign([[3.0, 4.0]]).tolist(), (table * 2).tolist()
    ([[3.0, 4.0]], [[6.0, 8.0]])
    """

    def __init__(
        self,
        value: Any,
        *,
        name: str = "variable",
        dtype: Any = None,
        trainable: bool = True,
        constraint: Any = None,
        regularizer: Any = None,
        path: str | None = None,
    ):
        self.name = check_name(name)
        self.path = check_name(path) or self.name
        dtype = None if dtype is None else check_dtype(dtype)
        self._value = np.array(as_numeric_array(value, self.name), dtype, order="C")
        self.constraint, self.regularizer = constraint, regularizer
        self._trainable = check_flag(trainable, "trainable")
        self._frozen = False  # by its layer; kept apart, so that thawing restores what was
        self.allocate: Any = np.zeros  # makes arrays of zeros where this one lies
        self.padding_idx: int | None = None  # a row that no step of an optimizer moves
        self._trainable_rows: np.ndarray | None = None
        self.resized: list[tuple[int, int]] = []  # axis and length, of every `replace`
        self.changes, self.changed_by = 0, ""  # how often the array was changed, and last by what

    @classmethod
    def from_array(cls, value: np.ndarray, **options: Any) -> "Variable":
        """Return a variable around `value` itself, without a copy: for an array just made."""
        self = cls(0.0, **options)
        self._value = value
        if isinstance(self.constraint, Constraint):
            self.constraint.check_shape(value.shape)  # now, and not at the first step
        return self

    @property
    def value(self) -> np.ndarray:
        """The array itself: what the core reads and an optimizer writes."""
        return self._value

    @property
    def trainable(self) -> bool:
        """True where an optimizer may change it: its own switch, and its layer's."""
        return self._trainable and not self._frozen

    @trainable.setter
    def trainable(self, trainable: bool) -> None:
        self._trainable = check_flag(trainable, "trainable")

    @property
    def trainable_rows(self) -> np.ndarray | None:
        """The rows (K,) of a table that a step of an optimizer may move, or None for all.

        PEFT's trainable tokens. The other rows stay, whatever pulls at them: momentum, weight
        decay, a regularizer, a constraint. A list or array of ids sets them; None thaws the table.

        >>> table = Variable([[1.0], [2.0], [3.0]])
        >>> table.trainable_rows = [2, 0]
        >>> table.trainable_rows.tolist()
        [0, 2]
        """
        rows = self._trainable_rows
        return rows if rows is None else rows[rows < len(self._value)]  # shorter after a resize

    @trainable_rows.setter
    def trainable_rows(self, rows: Any) -> None:
        if rows is not None:
            rows = np.unique(as_ids(rows))
            if self.ndim != 2 or not rows.size:
                must, received = "trainable rows are some of a table", f"{rows.size} of {self.path}"
                raise ValueError(message(must, received, "Pass ids of an Embedding, or None"))
            if rows[0] < 0 or rows[-1] >= len(self._value):
                raise out_of_range_error(rows, len(self._value))
        self._trainable_rows = rows

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the array."""
        return self._value.shape

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self._value.ndim

    @property
    def size(self) -> int:
        """The number of elements."""
        return self._value.size

    @property
    def dtype(self) -> str:
        """The dtype by name, as in Keras."""
        return self._value.dtype.name

    @property
    def on_disk(self) -> bool:
        """True where the array lies in a file: new ones for it are made there too."""
        return self.allocate is not np.zeros

    def numpy(self) -> np.ndarray:
        """Return a copy, yours to change."""
        return self._value.copy()

    def assign(self, value: Any) -> np.ndarray:
        """Copy `value` into the array, cast to its dtype, and return it.

        ShapeError if it differs; the array is left as it was then.
        """
        self._value[...] = self.checked(value)
        self.mark_changed("assign")
        return self._value

    def checked(self, value: Any) -> np.ndarray:
        """Return `value` as an array of this shape, whose numbers the dtype can hold."""
        array = as_numeric_array(value, f"the value for {self.path}")
        if array.shape != self.shape:
            raise ShapeError(
                "The shape of the target variable and the shape of the target value in "
                f"`variable.assign(value)` must match. {self.path} has shape {self.shape}. "
                f"Received shape {array.shape}. Reshape the value first."
            )
        check_held_by(self.dtype, array, self.path)
        return array

    def mark_changed(self, by: str) -> None:
        """Count a change of the array, which a backward pass may need as it was."""
        self.changes, self.changed_by = self.changes + 1, by

    def full_like(self, number: float) -> np.ndarray:
        """Return a new array of this shape and dtype, in the same place, full of one number."""
        out: np.ndarray = self.allocate(self.shape, self._value.dtype)
        if number:
            out[...] = number
        return out

    def replace(self, value: np.ndarray, axis: int = 0) -> None:
        """Take `value` itself instead of the array; it may be longer or shorter along one axis.

        What the array loses is forgotten for good: an optimizer keeps what belongs to the rows
        that have stayed all the time since its last step.

        >>> bias = Variable([1.0, 2.0])
        >>> bias.replace(np.array([1.0, 2.0, 0.0]))
        >>> bias.shape, bias.resized
        ((3,), [(0, 2)])
        """
        if value.shape != self.shape:
            self.resized.append((axis, min(self._value.shape[axis], value.shape[axis])))
        self._value = value
        self.mark_changed("resize or load_weights")

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if copy or (dtype is not None and np.dtype(dtype) != self._value.dtype):
            if copy is False:
                raise ValueError("another dtype needs a copy. Received copy=False. Leave it away.")
            return self._value.astype(dtype or self._value.dtype)
        view = self._value.view()
        view.flags.writeable = False
        return view

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if kwargs.get("out"):
            raise TypeError(
                f"a variable changes by assign only. Received {ufunc.__name__} with out= or an "
                "operator such as +=. Write variable.assign(variable + ...)."
            )
        plain = [np.asarray(i) if isinstance(i, Variable) else i for i in inputs]
        return getattr(ufunc, method)(*plain, **kwargs)

    def __getitem__(self, index: Any) -> Any:
        return np.asarray(self)[index]

    def __len__(self) -> int:
        return len(self._value)

    def __hash__(self) -> int:
        return id(self)

    def __repr__(self) -> str:
        state = "trainable" if self.trainable else "frozen"
        return f"Variable({self.path}, {self.shape} {self.dtype}, {state})"

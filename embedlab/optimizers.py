"""Optimizers: SGD, RMSprop, Adagrad and Adam, under Keras's names and with Keras's formulas.

The arithmetic is the core's, fused with the summing of a sparse gradient. Here are the arguments,
the slots that a rule keeps for each variable, weight decay, and configs in Keras's form.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from embedlab.core.checks import (
    ShapeError,
    as_numeric_array,
    check_choice,
    check_flag,
    check_in_range,
    check_name,
    message,
    short_repr,
)
from embedlab.core.gradient import SparseGrad
from embedlab.core.optimizers import adagrad, adam, rmsprop, sgd
from embedlab.layers.variable import Variable
from embedlab.registry import (
    Configured,
    Registry,
    left_to_keras,
    not_defined,
    refuse_missing,
    snake_case,
)

__all__ = ["SGD", "Adagrad", "Adam", "Optimizer", "RMSprop", "deserialize", "get", "serialize"]

_KERAS_ONLY_NAMES = (
    "Adadelta AdamW Adamax Ftrl Lamb Lion LossScaleOptimizer Muon Nadam ScheduleFreeAdamW schedules"
)
_PIECE = 1 << 20
__getattr__ = refuse_missing(__name__, _KERAS_ONLY_NAMES)


@dataclass
class _Slots:
    """The slots of one variable, and how often it had been resized when they were last used."""

    variable: Any  # kept here too, so that its id stays its own
    arrays: dict[str, np.ndarray]
    resizes: int


class Optimizer(Configured):
    """The base of all optimizers, under Keras's names.

    Parameters
    ----------
    learning_rate : float
    weight_decay : float, optional
        Before each step, a weight loses this share of itself, times the rate: every weight, or
        with ``sparse_update="lazy"`` those of the rows that the batch used.
    sparse_update : {"dense", "lazy"}
        "dense" is what Keras does: with momentum, rows without a gradient still move. "lazy"
        touches only the rows that a batch used, in the table and in the slots.
    name : str, optional

    Attributes
    ----------
    iterations : int
        How many steps were done.
    slots : tuple of str
        What the rule keeps for each variable: one array of its shape under each name.

    Notes
    -----
    After each step a variable's constraint is applied to all of it, as in Keras: with a constraint
    a lazy step touches every row. So does a step whose gradient is dense, such as one with the
    penalty of a regularizer.

    An optimizer of your own defines `slots` and ``update(table, grad, state)``.
    """

    slots: tuple[str, ...] = ()
    slot_start = 0.0  # the number that a slot is filled with at first
    HIDDEN = ("name",)
    KERAS_ONLY: ClassVar = {
        **dict.fromkeys(("clipnorm", "clipvalue", "global_clipnorm", "ema_overwrite_frequency")),
        **dict.fromkeys(("loss_scale_factor", "gradient_accumulation_steps")),
        "use_ema": False,
        "ema_momentum": 0.99,
    }

    def __init__(
        self,
        learning_rate: Any = 0.001,
        *,
        weight_decay: float | None = None,
        sparse_update: str = "dense",
        name: str | None = None,
        **other: Any,
    ):
        self._refuse_other(other)
        check_choice(sparse_update, "sparse_update", ("dense", "lazy"))
        self.learning_rate = learning_rate
        decay = weight_decay
        self.weight_decay = None if decay is None else check_in_range(decay, "weight_decay")
        self.sparse_update = sparse_update
        self.name = check_name(name) or snake_case(type(self).__name__)
        self.iterations = 0
        self._slots: dict[int, _Slots] = {}

    @property
    def learning_rate(self) -> float:
        """The size of the next step; it may be changed between steps."""
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, rate: Any) -> None:
        if isinstance(rate, dict) or callable(rate):
            received = f"learning_rate={short_repr(rate)}"
            raise ValueError(left_to_keras("a learning-rate schedule", received))
        self._learning_rate = check_in_range(rate, "learning_rate")

    # Steps ------------------------------------------------------------------------------------

    def apply(self, grads: Iterable[Any], variables: Iterable[Any]) -> None:
        """Do one step: each variable by its gradient, in two lists of one length.

        A gradient is an array of the variable's shape, a SparseGrad, or None; variables without
        one stay, and so do frozen ones.

        Raises
        ------
        ShapeError
            When a gradient has another shape. Nothing is changed then.
        """
        try:
            pairs = list(zip(grads, variables, strict=True))
        except (TypeError, ValueError) as error:
            must, received = "grads and variables must be lists of one length", short_repr(grads)
            do = "Pass a gradient, or None, for each variable"
            received += f" and {short_repr(variables)}"
            raise ValueError(message(must, received, do)) from error
        pairs = [pair for pair in map(_checked, pairs) if pair[0] is not None]
        if not pairs:
            must = "No gradients provided for any variable: at least one must be trainable"
            do = "Set layer.trainable = True; after merge() call unmerge() or merge_and_unload()"
            raise ValueError(message(must, "none", do))
        for grad, variable in pairs:
            # The core moves tables (V, D). A bias (D,) is one of one row; some rows are one too.
            columns = variable.shape[-1] if variable.ndim else 1
            table, chosen = variable.value.reshape(-1, columns), variable.trainable_rows
            rows = slice(None) if chosen is None else chosen
            state = {k: v.reshape(-1, columns) for k, v in self.state(variable).items()}
            part, slots = table[rows], {slot: array[rows] for slot, array in state.items()}
            if not isinstance(grad, SparseGrad):
                grad = grad.reshape(-1, columns)[rows]
            elif chosen is not None:
                grad = _rows_of(grad, chosen)
            padding = variable.padding_idx
            fixed = None if padding is None else table[padding].copy()
            if self.weight_decay:
                self._shrink(part, grad, self.weight_decay * self.learning_rate)
            self.update(part, grad, slots)
            if chosen is not None:  # they were copies
                table[rows] = part
                for slot, array in slots.items():
                    state[slot][rows] = array
            variable.mark_changed("a step of an optimizer")
            if variable.constraint is not None:
                constrained = variable.checked(variable.constraint(variable.value))
                table[rows] = constrained.reshape(table.shape)[rows]
            if fixed is not None:  # whatever pulls at it: penalty, decay, momentum, constraint
                table[padding] = fixed
        self.iterations += 1

    def update(self, table: np.ndarray, grad: Any, state: dict[str, np.ndarray]) -> None:
        """Move `table` (V, D) and its `state` in place: each rule defines this."""
        raise not_defined(self, "update(table, grad, state)")

    def _core_options(self, *names: str) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("learning_rate", "sparse_update", *names)}

    def _shrink(self, table: np.ndarray, grad: Any, amount: float) -> None:
        share = table.dtype.type(amount)
        if self.sparse_update == "lazy" and isinstance(grad, SparseGrad):
            table[grad.ids] -= table[grad.ids] * share
            return
        flat = table.reshape(-1)  # a piece at a time: a table on disk never comes into memory whole
        for first in range(0, flat.size, _PIECE):
            flat[first : first + _PIECE] -= flat[first : first + _PIECE] * share

    # Slots ------------------------------------------------------------------------------------

    def state(self, variable: Any) -> dict[str, np.ndarray]:
        """Return the slots of a variable by name, made when they are first asked for.

        After a resizing, rows that stayed all the time keep their numbers; new rows start anew.

        >>> from embedlab.layers import Variable
        >>> SGD(momentum=0.9).state(Variable([1.0, 2.0]))["momentum"].tolist()
        [0.0, 0.0]
        """
        slots = self._slots.get(id(variable))
        if slots is None:
            arrays = {slot: variable.full_like(self.slot_start) for slot in self.slots}
            slots = self._slots[id(variable)] = _Slots(variable, arrays, len(variable.resized))
        since = variable.resized[slots.resizes :]
        if since:
            axis, stayed = since[0][0], min(length for _, length in since)
            rows = (slice(None),) * axis + (slice(stayed),)
            for slot, old in slots.arrays.items():
                slots.arrays[slot] = variable.full_like(self.slot_start)
                slots.arrays[slot][rows] = old[rows]
            slots.resizes = len(variable.resized)
        return slots.arrays

    def get_config(self) -> dict[str, Any]:
        """Return the arguments; `sparse_update` only where it is not Keras's."""
        config = super().get_config()
        if self.sparse_update == "dense":
            del config["sparse_update"]
        return config


class SGD(Optimizer):
    """Stochastic gradient descent: ``w -= rate * g``.

    `momentum` is the share (0..1) of the last update that is added to the next; with `nesterov` it
    is evaluated one step ahead.

    >>> from embedlab.layers import Variable
    >>> table = Variable([[1.0, 2.0]])
    >>> SGD(0.5).apply([np.array([[1.0, 1.0]])], [table])
    >>> table.value.tolist()
    [[0.5, 1.5]]
    """

    def __init__(
        self, learning_rate: Any = 0.01, momentum: float = 0.0, nesterov: bool = False, **other: Any
    ):
        super().__init__(learning_rate, **other)
        self.momentum = check_in_range(momentum, "momentum", 1.0)
        self.nesterov = check_flag(nesterov, "nesterov")
        self.slots = ("momentum",) if self.momentum else ()

    def update(self, table: np.ndarray, grad: Any, state: dict[str, np.ndarray]) -> None:
        """Move the table by `embedlab.core.optimizers.sgd`."""
        sgd(table, grad, state.get("momentum"), **self._core_options("momentum", "nesterov"))


class RMSprop(Optimizer):
    """Divide the gradient by the root of a running mean of its square.

    Source: Hinton 2012, "Neural Networks for Machine Learning", lecture 6e.

    >>> from embedlab.layers import Variable
    >>> table = Variable([[1.0]])
    >>> RMSprop(0.1, rho=0.0, epsilon=0.0).apply([np.array([[4.0]])], [table])
    >>> table.value.tolist()
    [[0.9]]
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        **other: Any,
    ):
        super().__init__(learning_rate, **other)
        self.rho = check_in_range(rho, "rho", 1.0)
        self.momentum = check_in_range(momentum, "momentum", 1.0)
        self.epsilon = check_in_range(epsilon, "epsilon")
        self.centered = check_flag(centered, "centered")
        self.slots = ("velocity",)
        self.slots += ("momentum",) if self.momentum else ()
        self.slots += ("average_gradient",) if self.centered else ()

    def update(self, table: np.ndarray, grad: Any, state: dict[str, np.ndarray]) -> None:
        """Move the table by `embedlab.core.optimizers.rmsprop`."""
        options = self._core_options("rho", "momentum", "epsilon", "centered")
        velocity, momentum = state["velocity"], state.get("momentum")
        rmsprop(table, grad, velocity, momentum, state.get("average_gradient"), **options)


class Adagrad(Optimizer):
    """Divide the gradient by the root of the sum of all its squares: rare rows move far.

    Source: Duchi, Hazan, Singer 2011, "Adaptive Subgradient Methods", section 1.1.

    >>> from embedlab.layers import Variable
    >>> table = Variable([[1.0]])
    >>> rule = Adagrad(0.1, initial_accumulator_value=0.0, epsilon=0.0)
    >>> rule.apply([np.array([[4.0]])], [table])
    >>> table.value.tolist()
    [[0.9]]
    """

    slots = ("accumulator",)

    def __init__(
        self,
        learning_rate: Any = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        **other: Any,
    ):
        super().__init__(learning_rate, **other)
        start = initial_accumulator_value
        self.initial_accumulator_value = check_in_range(start, "initial_accumulator_value")
        self.slot_start = self.initial_accumulator_value
        self.epsilon = check_in_range(epsilon, "epsilon")

    def update(self, table: np.ndarray, grad: Any, state: dict[str, np.ndarray]) -> None:
        """Move the table by `embedlab.core.optimizers.adagrad`."""
        adagrad(table, grad, state["accumulator"], **self._core_options("epsilon"))


class Adam(Optimizer):
    """Running means of the gradient and of its square, both corrected for their slow start.

    Source: Kingma, Ba 2015, "Adam: A Method for Stochastic Optimization", algorithm 1, in the form
    of the end of section 2; `amsgrad`: Reddi, Kale, Kumar 2018; with `weight_decay` it is AdamW:
    Loshchilov, Hutter 2019, algorithm 2.

    >>> from embedlab.layers import Variable
    >>> table = Variable([[1.0]])
    >>> Adam(0.1).apply([np.array([[4.0]])], [table])
    >>> table.value.round(6).tolist()
    [[0.9]]
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **other: Any,
    ):
        super().__init__(learning_rate, **other)
        self.beta_1 = check_in_range(beta_1, "beta_1", 1.0)
        self.beta_2 = check_in_range(beta_2, "beta_2", 1.0)
        self.epsilon = check_in_range(epsilon, "epsilon")
        self.amsgrad = check_flag(amsgrad, "amsgrad")
        self.slots = ("momentum", "velocity") + (("velocity_hat",) if self.amsgrad else ())

    def update(self, table: np.ndarray, grad: Any, state: dict[str, np.ndarray]) -> None:
        """Move the table by `embedlab.core.optimizers.adam`."""
        options = self._core_options("beta_1", "beta_2", "epsilon", "amsgrad")
        mean, square, largest = state["momentum"], state["velocity"], state.get("velocity_hat")
        adam(table, grad, mean, square, largest, time=self.iterations + 1, **options)


def _checked(pair: tuple[Any, Any]) -> tuple[Any, Variable]:
    grad, variable = pair
    if not isinstance(variable, Variable):
        must, do = "a step takes a gradient for each Variable", "Pass layer.weights"
        raise TypeError(message(must, short_repr(variable), do))
    rows = variable.trainable_rows
    if grad is None or not variable.trainable or (rows is not None and not rows.size):
        return None, variable
    if not isinstance(grad, SparseGrad):
        array = as_numeric_array(grad, f"the gradient of {variable.path}")
        grad = np.asarray(array, variable.dtype, order="C")
    if grad.shape != variable.shape:
        must = f"a gradient must have the shape of its variable, {variable.shape}"
        do = "Pass the gradient of this very variable"
        raise ShapeError(message(must, f"{grad.shape} for {variable.path}", do))
    return grad, variable


def _rows_of(grad: SparseGrad, rows: np.ndarray) -> SparseGrad:
    """Return the gradient of some sorted rows, numbered from 0."""
    at = np.searchsorted(rows, grad.ids).clip(max=rows.size - 1)
    known = rows[at] == grad.ids
    pairs = at[known], grad.rows[known]
    return SparseGrad(*pairs, (rows.size, grad.shape[1]), pairs)


_RULES, _ALIASES = [SGD, Adagrad, Adam, RMSprop], {"rmsprop": RMSprop}
REGISTRY = Registry(
    "optimizer", "keras.optimizers", _RULES, _ALIASES, _KERAS_ONLY_NAMES, base=Optimizer
)
get, serialize, deserialize = REGISTRY.get, REGISTRY.serialize, REGISTRY.deserialize

"""Optimizers: SGD, RMSprop, Adagrad and Adam, under Keras's names and with Keras's formulas.

The arithmetic is the core's, fused with the summing of a sparse gradient. Here are the arguments,
the slots that a rule keeps for each variable, weight decay, and configs in Keras's form.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from embedlab.core.checks import ShapeError
from embedlab.core.gradient import SparseGrad
from embedlab.core.optimizers import adagrad, adam, rmsprop, sgd
from embedlab.registry import (
    Registry,
    drop_keras_defaults,
    left_to_keras,
    missing_attribute,
    snake_case,
)

__all__ = ["SGD", "Adagrad", "Adam", "Optimizer", "RMSprop", "deserialize", "get", "serialize"]

_KERAS_ONLY_NAMES = (
    "Adadelta AdamW Adamax Ftrl Lamb Lion LossScaleOptimizer Muon Nadam ScheduleFreeAdamW schedules"
)
_KERAS_ONLY_ARGUMENTS = {
    "clipnorm": None,
    "clipvalue": None,
    "global_clipnorm": None,
    "use_ema": False,
    "ema_momentum": 0.99,
    "ema_overwrite_frequency": None,
    "loss_scale_factor": None,
    "gradient_accumulation_steps": None,
}
_PIECE = 1 << 20


def __getattr__(name: str) -> Any:
    raise missing_attribute(__name__, name, _KERAS_ONLY_NAMES)


@dataclass
class _Slots:
    """The slots of one variable, and how often it had been resized when they were last used."""

    variable: Any  # kept here too, so that its id stays its own
    arrays: dict[str, np.ndarray]
    resizes: int


class Optimizer:
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

    Raises
    ------
    ValueError
        For a rate that is no number >= 0, for unknown arguments, and for those of Keras that are
        not part of this package.

    Notes
    -----
    After each step a variable's constraint is applied to all of it, as in Keras: with a constraint
    a lazy step touches every row. So does a step whose gradient is dense, such as one with the
    penalty of a regularizer.

    An optimizer of your own defines `slots` and ``update(table, grad, state)``.
    """

    slots: tuple[str, ...] = ()

    def __init__(
        self,
        learning_rate: Any = 0.001,
        *,
        weight_decay: float | None = None,
        sparse_update: str = "dense",
        name: str | None = None,
        **other: Any,
    ):
        other = drop_keras_defaults(type(self).__name__, other, _KERAS_ONLY_ARGUMENTS)
        if other:
            raise ValueError(
                "Argument(s) not recognized: every argument must be known. "
                f"Received {sorted(other)!r:.80}. See help() of the optimizer."
            )
        if sparse_update not in ("dense", "lazy"):
            raise ValueError(
                f'sparse_update must be "dense" or "lazy". Received {sparse_update!r:.40}. '
                'Choose "dense" for what Keras does.'
            )
        self.learning_rate = learning_rate
        self.weight_decay = None if weight_decay is None else _decay(weight_decay)
        self.sparse_update = sparse_update
        self.name = name or snake_case(type(self).__name__)
        self.iterations = 0
        self._slots: dict[int, _Slots] = {}

    @property
    def learning_rate(self) -> float:
        """The size of the next step; it may be changed between steps."""
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, rate: Any) -> None:
        if isinstance(rate, dict) or callable(rate):
            raise ValueError(
                left_to_keras("a learning-rate schedule", f"learning_rate={rate!r:.60}")
            )
        if isinstance(rate, bool) or not isinstance(rate, (int, float, np.number)) or not rate >= 0:
            raise ValueError(
                "Argument `learning_rate` should be float, and not below 0. "
                f"Received {rate!r:.40}. Pass for example 0.001."
            )
        self._learning_rate = float(rate)

    # Steps ------------------------------------------------------------------------------------

    def apply_gradients(self, pairs: Iterable[tuple[Any, Any]]) -> None:
        """Do one step for all (gradient, variable) pairs; those without a gradient stay.

        A gradient is an array of the variable's shape or a SparseGrad; frozen variables stay.

        Raises
        ------
        ShapeError
            When a gradient has another shape. Nothing is changed then.
        """
        pairs = [(_checked(grad, v), v) for grad, v in pairs if grad is not None and v.trainable]
        if not pairs:
            raise ValueError(
                "No gradients provided for any variable: at least one must be trainable. "
                "Received none. Set layer.trainable = True, and after merge() call unmerge() or "
                "merge_and_unload()."
            )
        for grad, variable in pairs:
            # The core moves tables (V, D); a bias (D,) is a table of one row.
            columns = variable.shape[-1] if variable.ndim else 1
            table = variable.value.reshape(-1, columns)
            state = {k: v.reshape(-1, columns) for k, v in self.state(variable).items()}
            grad = grad if isinstance(grad, SparseGrad) else grad.reshape(-1, columns)
            padding = variable.padding_idx
            fixed = None if padding is None else table[padding].copy()
            if self.weight_decay:
                self._shrink(table, grad)
            self.update(table, grad, state)
            if variable.constraint is not None:
                variable.assign(variable.constraint(variable.value))
            if fixed is not None:  # whatever pulls at it: penalty, decay, momentum, constraint
                table[padding] = fixed
        self.iterations += 1

    def apply(self, grads: Iterable[Any], variables: Iterable[Any]) -> None:
        """Do one step: as `apply_gradients`, with gradients and variables in two lists."""
        self.apply_gradients(zip(grads, variables, strict=True))

    def update(self, table: np.ndarray, grad: Any, state: dict[str, np.ndarray]) -> None:
        """Move `table` (V, D) and its `state` in place: each rule defines this."""
        raise NotImplementedError(
            f"an optimizer must define update(table, grad, state). {type(self).__name__} does not."
            " Add the method."
        )

    def _shrink(self, table: np.ndarray, grad: Any) -> None:
        assert self.weight_decay is not None
        share = table.dtype.type(self.weight_decay * self.learning_rate)
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
            arrays = {slot: variable.full_like(self.start(slot)) for slot in self.slots}
            slots = self._slots[id(variable)] = _Slots(variable, arrays, len(variable.resized))
        since = variable.resized[slots.resizes :]
        if since:
            axis, stayed = since[0][0], min(length for _, length in since)
            rows = (slice(None),) * axis + (slice(stayed),)
            for slot, old in slots.arrays.items():
                slots.arrays[slot] = variable.full_like(self.start(slot))
                slots.arrays[slot][rows] = old[rows]
            slots.resizes = len(variable.resized)
        return slots.arrays

    def start(self, slot: str) -> float:
        """Return the number that a slot is filled with at first."""
        return 0.0

    # Configs ----------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """Return the arguments; `sparse_update` only where it is not Keras's."""
        config = {
            "name": self.name,
            "learning_rate": self.learning_rate,
            "weight_decay": self.weight_decay,
        }
        if self.sparse_update != "dense":
            config["sparse_update"] = self.sparse_update
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Optimizer":
        """Return an optimizer with the arguments that `get_config` returned, at step 0."""
        return cls(**config)

    def __repr__(self) -> str:
        config = {k: v for k, v in self.get_config().items() if v is not None and k != "name"}
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in config.items())})"


class SGD(Optimizer):
    """Stochastic gradient descent: ``w -= rate * g``, optionally with momentum.

    Parameters
    ----------
    learning_rate : float
    momentum : float, 0..1
        The share of the last update that is added to the next.
    nesterov : bool
        Evaluate the momentum one step ahead.
    other
        As `Optimizer`.

    Examples
    --------
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
        self.momentum = _share("momentum", momentum)
        self.nesterov = bool(nesterov)
        self.slots = ("momentum",) if self.momentum else ()

    def update(self, table: np.ndarray, grad: Any, state: dict[str, np.ndarray]) -> None:
        """Move the table by `embedlab.core.optimizers.sgd`."""
        sgd(
            table,
            grad,
            state.get("momentum"),
            learning_rate=self.learning_rate,
            momentum=self.momentum,
            nesterov=self.nesterov,
            sparse_update=self.sparse_update,
        )

    def get_config(self) -> dict[str, Any]:
        """Return every argument."""
        return {**super().get_config(), "momentum": self.momentum, "nesterov": self.nesterov}


class RMSprop(Optimizer):
    """Divide the gradient by the root of a running mean of its square.

    References
    ----------
    Hinton 2012, "Neural Networks for Machine Learning", lecture 6e.

    Examples
    --------
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
        self.rho, self.momentum = _share("rho", rho), _share("momentum", momentum)
        self.epsilon, self.centered = float(epsilon), bool(centered)
        self.slots = (
            "velocity",
            *(["momentum"] if self.momentum else []),
            *(["average_gradient"] if self.centered else []),
        )

    def update(self, table: np.ndarray, grad: Any, state: dict[str, np.ndarray]) -> None:
        """Move the table by `embedlab.core.optimizers.rmsprop`."""
        rmsprop(
            table,
            grad,
            state["velocity"],
            state.get("momentum"),
            state.get("average_gradient"),
            learning_rate=self.learning_rate,
            rho=self.rho,
            momentum=self.momentum,
            epsilon=self.epsilon,
            centered=self.centered,
            sparse_update=self.sparse_update,
        )

    def get_config(self) -> dict[str, Any]:
        """Return every argument."""
        return {
            **super().get_config(),
            "rho": self.rho,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "centered": self.centered,
        }


class Adagrad(Optimizer):
    """Divide the gradient by the root of the sum of all its squares: rare rows move far.

    References
    ----------
    Duchi, Hazan, Singer 2011, "Adaptive Subgradient Methods", section 1.1.

    Examples
    --------
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
        self.initial_accumulator_value = float(initial_accumulator_value)
        self.epsilon = float(epsilon)

    def start(self, slot: str) -> float:
        """Return the number that the accumulator is filled with at first."""
        return self.initial_accumulator_value

    def update(self, table: np.ndarray, grad: Any, state: dict[str, np.ndarray]) -> None:
        """Move the table by `embedlab.core.optimizers.adagrad`."""
        adagrad(
            table,
            grad,
            state["accumulator"],
            learning_rate=self.learning_rate,
            epsilon=self.epsilon,
            sparse_update=self.sparse_update,
        )

    def get_config(self) -> dict[str, Any]:
        """Return every argument."""
        return {
            **super().get_config(),
            "epsilon": self.epsilon,
            "initial_accumulator_value": self.initial_accumulator_value,
        }


class Adam(Optimizer):
    """Running means of the gradient and of its square, both corrected for their slow start.

    References
    ----------
    Kingma, Ba 2015, "Adam: A Method for Stochastic Optimization", algorithm 1, in the form of
    the end of section 2; `amsgrad`: Reddi, Kale, Kumar 2018; with `weight_decay` it is AdamW:
    Loshchilov, Hutter 2019, algorithm 2.

    Examples
    --------
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
        self.beta_1, self.beta_2 = _share("beta_1", beta_1), _share("beta_2", beta_2)
        self.epsilon, self.amsgrad = float(epsilon), bool(amsgrad)
        self.slots = ("momentum", "velocity", *(["velocity_hat"] if self.amsgrad else []))

    def update(self, table: np.ndarray, grad: Any, state: dict[str, np.ndarray]) -> None:
        """Move the table by `embedlab.core.optimizers.adam`."""
        adam(
            table,
            grad,
            state["momentum"],
            state["velocity"],
            state.get("velocity_hat"),
            time=self.iterations + 1,
            learning_rate=self.learning_rate,
            beta_1=self.beta_1,
            beta_2=self.beta_2,
            epsilon=self.epsilon,
            amsgrad=self.amsgrad,
            sparse_update=self.sparse_update,
        )

    def get_config(self) -> dict[str, Any]:
        """Return every argument."""
        return {
            **super().get_config(),
            "beta_1": self.beta_1,
            "beta_2": self.beta_2,
            "epsilon": self.epsilon,
            "amsgrad": self.amsgrad,
        }


def _checked(grad: Any, variable: Any) -> Any:
    if not isinstance(grad, SparseGrad):
        grad = np.ascontiguousarray(grad, variable.value.dtype).reshape(np.shape(grad))
    if grad.shape != variable.shape:
        raise ShapeError(
            f"a gradient must have the shape of its variable, {variable.shape}. "
            f"Received {grad.shape} for {variable.path}. Pass the gradient of this very variable."
        )
    return grad


def _share(name: str, value: Any) -> float:
    number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
    if not number or not 0 <= value <= 1:
        raise ValueError(
            f"`{name}` must be a float between [0, 1]. Received {value!r:.40}. "
            "Pass for example 0.9."
        )
    return float(value)


def _decay(value: Any) -> float:
    number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
    if not number or not value >= 0:
        raise ValueError(
            f"weight_decay must be a number >= 0, or None. Received {value!r:.40}. Leave it away."
        )
    return float(value)


REGISTRY = Registry(
    "optimizer",
    "keras.optimizers",
    [SGD, Adagrad, Adam, RMSprop],
    {"rmsprop": RMSprop},
    keras_only=_KERAS_ONLY_NAMES,
)


def get(identifier: Any) -> Any:
    """Return the optimizer that a name, dict, class or instance means.

    Raises
    ------
    ValueError
        "Could not interpret optimizer identifier", with the names that are known.

    Examples
    --------
    >>> get("rmsprop").learning_rate
    0.001
    """
    if isinstance(identifier, Optimizer):  # one of your own too
        return identifier
    optimizer = REGISTRY.get(identifier)
    if optimizer is not None and not isinstance(optimizer, Optimizer):
        raise REGISTRY.unknown_error(identifier)
    return optimizer


def serialize(optimizer: Any) -> Any:
    """Return a dict in Keras's form from which `deserialize` makes an equal optimizer.

    >>> serialize(SGD(0.5))["config"]["learning_rate"]
    0.5
    """
    return REGISTRY.serialize(optimizer)


def deserialize(config: Any, custom_objects: Any = None) -> Any:
    """Return the optimizer that a dict describes, at step 0.

    >>> deserialize(serialize(SGD(0.5, momentum=0.9)))
    SGD(learning_rate=0.5, momentum=0.9, nesterov=False)
    """
    return REGISTRY.deserialize(config, custom_objects)

"""What all optimizers share: rate, step count, clipping, decay, and the state they keep."""

import dataclasses
import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from embedlab.core.sparse_gradient import SparseGrad
from embedlab.core.table import ShapeError
from embedlab.optimizers import schedules
from embedlab.optimizers.schedules import LearningRateSchedule
from embedlab.registry import snake_case

__all__ = ["Optimizer", "mapped"]

# Options of Keras that are not built here: fine at the default, refused otherwise.
_NOT_BUILT = {"use_ema": False, "ema_momentum": 0.99, "ema_overwrite_frequency": None,
              "gradient_accumulation_steps": None}  # fmt: skip

_PIECE = 1 << 20


@dataclasses.dataclass
class _Kept:
    """What an optimizer keeps for a variable, and how often that was resized so far."""

    variable: Any
    arrays: dict[str, np.ndarray]
    resized: int

    def in_shape(self, start: Any) -> dict[str, np.ndarray]:
        """Give the arrays in the shape that the variable has now: new rows start anew."""
        since = self.variable.resized[self.resized :]
        if since:
            axis, stayed = since[0][0], min(length for _, length in since)
            rows = (slice(None),) * axis + (slice(stayed),)
            for slot, old in self.arrays.items():
                self.arrays[slot] = self.variable.like(start(slot))
                self.arrays[slot][rows] = old[rows]
            self.resized = len(self.variable.resized)
        return self.arrays


class Optimizer:
    """The base of all optimizers, under Keras's names.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule
    weight_decay : float, optional
        Before each step, every weight loses this share of itself, times the rate.
    clipnorm, clipvalue, global_clipnorm : float, optional
        At most one: limit each gradient's length, each number, or the length of all together.
    loss_scale_factor : float, optional
        Gradients come this many times too large, and are divided by it: `fit` multiplies the loss
        before the way back. With float16 it kept small gradients from vanishing; here gradients
        travel in the dtype of the weights, so it changes nothing but what Keras reads.
    sparse_update : {"dense", "lazy"}
        "dense" is what Keras does: with momentum, rows without a gradient still move. "lazy"
        touches only the rows that a batch used.
    name : str, optional

    Attributes
    ----------
    iterations : int
        How many steps were done.

    Raises
    ------
    ValueError
        For a rate that is no number >= 0, two ways of clipping at once, unknown arguments.

    Notes
    -----
    After a step, a variable's constraint is applied to the whole of it, as in Keras.
    """

    slots: tuple[str, ...] = ()
    """What is kept for each variable, an array of its shape each."""

    def __init__(self, learning_rate: Any = 0.001, *, weight_decay: float | None = None,
                 clipnorm: float | None = None, clipvalue: float | None = None,
                 global_clipnorm: float | None = None, loss_scale_factor: float | None = None,
                 sparse_update: str = "dense", name: str | None = None, **other: Any):  # fmt: skip
        _check_other(other)
        clips = {"clipnorm": clipnorm, "clipvalue": clipvalue, "global_clipnorm": global_clipnorm}
        if sum(v is not None for v in clips.values()) > 1:
            raise ValueError(
                "Only one of `clipnorm`, `clipvalue` and `global_clipnorm` can be set. "
                f"Received {clips}. Choose one."
            )
        if sparse_update not in ("dense", "lazy"):
            raise ValueError(
                f'sparse_update must be "dense" or "lazy". Received {sparse_update!r:.40}. '
                'Choose "dense" for what Keras does.'
            )
        self.learning_rate = learning_rate
        self.weight_decay = _optional("weight_decay", weight_decay)
        self.clipnorm = _optional("clipnorm", clipnorm)
        self.clipvalue = _optional("clipvalue", clipvalue)
        self.global_clipnorm = _optional("global_clipnorm", global_clipnorm)
        self.loss_scale_factor = _optional("loss_scale_factor", loss_scale_factor)
        self.sparse_update = sparse_update
        self.name = name or snake_case(type(self).__name__)
        self.iterations = 0
        self._state: dict[int, _Kept] = {}

    @property
    def learning_rate(self) -> float:
        """How far the next step goes; it may be changed, unless a schedule says it."""
        return self._rate if self.schedule is None else float(self.schedule(self.iterations))

    @learning_rate.setter
    def learning_rate(self, rate: Any) -> None:
        if isinstance(rate, LearningRateSchedule):
            self.schedule: LearningRateSchedule | None = rate
            return
        if isinstance(rate, bool) or not isinstance(rate, (int, float, np.number)) or not rate >= 0:
            raise ValueError(
                "Argument `learning_rate` should be float, and not below 0, or a schedule. "
                f"Received {rate!r:.40}. Pass for example 0.001."
            )
        if getattr(self, "schedule", None) is not None:
            raise TypeError(
                "This optimizer was created with a `LearningRateSchedule`, hence its learning rate "
                f"is not settable. Received {rate!r:.40}. Make a new optimizer with a number."
            )
        self._rate, self.schedule = float(rate), None

    @property
    def loss_scale(self) -> float:
        """How many times too large gradients are to come."""
        return 1.0 if self.loss_scale_factor is None else self.loss_scale_factor

    # Steps ------------------------------------------------------------------------------------

    def apply_gradients(self, pairs: Iterable[tuple[Any, Any]]) -> None:
        """Do one step for all (gradient, variable) pairs; those without a gradient stay.

        A gradient is an array of the variable's shape or a SparseGrad; frozen variables stay.

        Raises
        ------
        ShapeError
            When a gradient has another shape. Nothing is changed then.
        """
        pairs = [(_plain(grad, v), v) for grad, v in pairs if grad is not None and v.trainable]
        if not pairs:
            raise ValueError(
                "No gradients provided for any variable: at least one must be trainable. "
                "Received none. Thaw a layer with layer.trainable = True."
            )
        scale = self.loss_scale
        grads = [grad if scale == 1 else mapped(grad, lambda g: g / scale) for grad, _ in pairs]
        grads = self._clipped(grads)
        rate = self.learning_rate
        for grad, (_, variable) in zip(grads, pairs, strict=True):
            if self.weight_decay:
                _shrink(variable.value, self.weight_decay * rate)
            self._move(grad, variable)
            if variable.constraint is not None:
                variable.assign(variable.constraint(variable.value))
        self.iterations += 1

    def apply(self, grads: Iterable[Any], variables: Iterable[Any]) -> None:
        """Do one step: as `apply_gradients`, with gradients and variables in two lists."""
        self.apply_gradients(zip(grads, variables, strict=True))

    def state(self, variable: Any) -> dict[str, np.ndarray]:
        """Give what is kept for a variable: name of the slot to array, made when first asked."""
        key = id(variable)
        if key not in self._state:  # the variable is kept too, so that its id stays its own
            made = {name: variable.like(self.start(name)) for name in self.slots}
            self._state[key] = _Kept(variable, made, len(variable.resized))
        return self._state[key].in_shape(self.start)

    def start(self, slot: str) -> float:
        """Give the number that a slot starts with."""
        return 0.0

    def update(self, table: np.ndarray, grad: Any, state: dict[str, np.ndarray]) -> None:
        """Move `table` (V, D) and its `state` in place: the one line that tells the rules apart."""
        raise NotImplementedError(
            f"an optimizer must define update(table, grad, state). {type(self).__name__} does not."
            " Add the method."
        )

    def _move(self, grad: Any, variable: Any) -> None:
        # The core moves tables (V, D); a bias (D,) is a table of one row.
        columns = variable.shape[-1] if variable.ndim else 1
        state = {k: v.reshape(-1, columns) for k, v in self.state(variable).items()}
        if not isinstance(grad, SparseGrad):
            grad = grad.reshape(-1, columns)
        self.update(variable.value.reshape(-1, columns), grad, state)

    def _clipped(self, grads: list[Any]) -> list[Any]:
        if self.clipvalue is not None:
            limit = self.clipvalue
            return [mapped(grad, lambda g: np.clip(g, -limit, limit)) for grad in grads]
        if self.clipnorm is not None:
            return [_shortened(grad, _square(grad) ** 0.5, self.clipnorm) for grad in grads]
        if self.global_clipnorm is not None:
            length = math.sqrt(sum(_square(grad) for grad in grads))
            return [_shortened(grad, length, self.global_clipnorm) for grad in grads]
        return grads

    # Configs ----------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """Give the arguments; `sparse_update` only where it is not Keras's."""
        rate = self.learning_rate if self.schedule is None else schedules.serialize(self.schedule)
        config = {"name": self.name, "learning_rate": rate,
                  "weight_decay": self.weight_decay, "clipnorm": self.clipnorm,
                  "global_clipnorm": self.global_clipnorm, "clipvalue": self.clipvalue}  # fmt: skip
        if self.loss_scale_factor is not None:
            config["loss_scale_factor"] = self.loss_scale_factor
        if self.sparse_update != "dense":
            config["sparse_update"] = self.sparse_update
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Optimizer":
        """Give an optimizer with the arguments that `get_config` gave, at step 0."""
        rate = config.get("learning_rate")
        if isinstance(rate, dict):
            config = {**config, "learning_rate": schedules.deserialize(rate)}
        return cls(**config)

    def __repr__(self) -> str:
        told = {k: v for k, v in self.get_config().items() if v is not None and k != "name"}
        if self.schedule is not None:
            told["learning_rate"] = self.schedule
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in told.items())})"


def _plain(grad: Any, variable: Any) -> Any:
    if not isinstance(grad, SparseGrad):
        grad = np.ascontiguousarray(grad, variable.value.dtype).reshape(np.shape(grad))
    if grad.shape != variable.shape:
        raise ShapeError(
            f"a gradient must have the shape of its variable, {variable.shape}. "
            f"Received {grad.shape} for {variable.path}. Pass the gradient of this very variable."
        )
    return grad


def _shrink(array: np.ndarray, share: float) -> None:
    flat = array.reshape(-1)  # a piece at a time: a table on disk never comes into memory whole
    for first in range(0, flat.size, _PIECE):
        flat[first : first + _PIECE] -= flat[first : first + _PIECE] * share


def mapped(grad: Any, change: Any) -> Any:
    """Give a gradient whose numbers are changed, sparse or not.

    >>> mapped(np.array([1.0, 2.0]), lambda g: g / 2).tolist()
    [0.5, 1.0]
    """
    if isinstance(grad, SparseGrad):  # rows that are not there are 0, and stay 0
        return dataclasses.replace(grad, rows=change(grad.rows))
    return change(grad)


def _square(grad: Any) -> float:
    rows = grad.rows if isinstance(grad, SparseGrad) else grad
    return float(np.sum(np.square(rows)))


def _shortened(grad: Any, length: float, most: float) -> Any:
    return mapped(grad, lambda g: g * (most / length)) if length > most else grad


def _optional(name: str, value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)) or not value > 0:
        if name == "weight_decay" and value == 0 and not isinstance(value, bool):
            return 0.0
        raise ValueError(
            f"{name} must be a number above 0, or None. Received {value!r:.40}. Leave it away."
        )
    return float(value)


def _check_other(other: dict[str, Any]) -> None:
    for name, value in other.items():
        if name not in _NOT_BUILT:
            raise ValueError(
                f"Argument(s) not recognized: every argument must be known. Received {name!r:.40}. "
                "See help() of the optimizer."
            )
        if value != _NOT_BUILT[name]:
            raise NotImplementedError(
                f"{name} is not built. Received {name}={value!r:.40}. Leave it away."
            )

"""What all optimizers share: rate, step count, clipping, decay, and the state they keep."""

import re
from collections.abc import Iterable
from typing import Any

import numpy as np

from embedlab.core.sparse_gradient import SparseGrad
from embedlab.core.table import ShapeError
from embedlab.optimizers import schedules
from embedlab.optimizers.clipping import clipped, mapped
from embedlab.optimizers.schedules import LearningRateSchedule
from embedlab.optimizers.state import Keeper
from embedlab.registry import snake_case

__all__ = ["Optimizer"]

_PIECE = 1 << 20


class Optimizer(Keeper):
    """The base of all optimizers, under Keras's names.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule
    weight_decay : float, optional
        Before each step, every weight loses this share of itself, times the rate.
    clipnorm, clipvalue, global_clipnorm : float, optional
        At most one: limit each gradient's length, each number, or the length of all together.
    use_ema : bool
        Keep a moving average of every weight, and take it over at the end of `fit`.
    ema_momentum : float, 0..1
        How much of the average stays at each batch.
    ema_overwrite_frequency : int, optional
        Take the averages over after as many steps too.
    gradient_accumulation_steps : int, optional
        From how many batches a step is made, with the mean of their gradients; 2 or more. Sparse
        gradients stay sparse and exact: see `Accumulation`.
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
    batches : int
        How often gradients came: by this number a schedule says the rate.
    iterations : int
        How many steps were done: fewer than batches, where these accumulate.

    Raises
    ------
    ValueError
        For a rate that is no number >= 0, two ways of clipping at once, unknown arguments.

    Notes
    -----
    After each batch, a variable's constraint is applied to the whole of it, as in Keras. A moving
    average is one of the whole variable too, with ``sparse_update="lazy"`` as well.
    """

    def __init__(self, learning_rate: Any = 0.001, *, weight_decay: float | None = None,
                 clipnorm: float | None = None, clipvalue: float | None = None,
                 global_clipnorm: float | None = None, use_ema: bool = False,
                 ema_momentum: float = 0.99, ema_overwrite_frequency: int | None = None,
                 loss_scale_factor: float | None = None,
                 gradient_accumulation_steps: int | None = None, sparse_update: str = "dense",
                 name: str | None = None, **other: Any):  # fmt: skip
        if other:
            raise ValueError(
                "Argument(s) not recognized: every argument must be known. "
                f"Received {sorted(other)!r:.80}. See help() of the optimizer."
            )
        clips = {"clipnorm": clipnorm, "clipvalue": clipvalue, "global_clipnorm": global_clipnorm}
        if sum(v is not None for v in clips.values()) > 1:
            raise ValueError(
                "Only one of `clipnorm`, `clipvalue` and `global_clipnorm` can be set. "
                f"Received {clips}. Choose one."
            )
        super().__init__(
            use_ema, ema_momentum, ema_overwrite_frequency, gradient_accumulation_steps
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
        self._spared: tuple[list[Any], list[str]] = ([], [])

    @property
    def learning_rate(self) -> float:
        """How far the next step goes; it may be changed, unless a schedule says it."""
        return self._rate if self.schedule is None else float(self.schedule(self.batches))

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
        variables = [variable for _, variable in pairs]
        scale = self.loss_scale
        if scale != 1:
            pairs = [(mapped(grad, lambda g: g / scale), v) for grad, v in pairs]
        if self.use_ema:
            for variable in variables:
                self.state(variable)  # the average starts with what the variable is before
        if self.gradient_accumulation_steps is None:
            self._step([grad for grad, _ in pairs], variables)
        elif (self.batches + 1) % self.gradient_accumulation_steps:
            self._gathered.add(pairs)
        else:
            self._step(self._gathered.mean(pairs), variables)
        if self.use_ema:
            self._follow()
        for variable in variables:
            if variable.constraint is not None:
                variable.assign(variable.constraint(variable.value))
        self.batches += 1

    def _step(self, grads: list[Any], variables: list[Any]) -> None:
        """Clip the gradients, let the variables decay, and move them."""
        grads = clipped(grads, self.clipvalue, self.clipnorm, self.global_clipnorm)
        rate = self.learning_rate
        for grad, variable in zip(grads, variables, strict=True):
            if self.weight_decay and not self._is_spared(variable):
                _shrink(variable.value, self.weight_decay * rate)
            self._move(grad, variable)

    def apply(self, grads: Iterable[Any], variables: Iterable[Any]) -> None:
        """Do one step: as `apply_gradients`, with gradients and variables in two lists."""
        self.apply_gradients(zip(grads, variables, strict=True))

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

    def exclude_from_weight_decay(self, var_list: Any = None, var_names: Any = None) -> None:
        """Let some variables not decay; in place of those that were told before.

        Parameters
        ----------
        var_list : list of Variable, optional
        var_names : list of str, optional
            Patterns: a variable whose name holds one does not decay, such as "bias".

        Notes
        -----
        Source: ``keras.optimizers.Optimizer``. A config and a file do not tell of it, as there.

        Examples
        --------
        >>> from embedlab.layers import Variable
        >>> from embedlab.optimizers import SGD
        >>> rule, bias = SGD(0.5, weight_decay=1.0), Variable([1.0], name="bias")
        >>> rule.exclude_from_weight_decay(var_names=["bias"])
        >>> rule.apply([np.zeros(1)], [bias])
        >>> bias.value.tolist()
        [1.0]
        """
        self._spared = list(var_list or []), list(var_names or [])

    def _is_spared(self, variable: Any) -> bool:
        variables, names = self._spared
        return any(one is variable for one in variables) or any(
            re.search(name, variable.name) for name in names
        )

    # Configs ----------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """Give the arguments; `sparse_update` only where it is not Keras's."""
        rate = self.learning_rate if self.schedule is None else schedules.serialize(self.schedule)
        config = {"name": self.name, "learning_rate": rate,
                  "weight_decay": self.weight_decay, "clipnorm": self.clipnorm,
                  "global_clipnorm": self.global_clipnorm, "clipvalue": self.clipvalue,
                  "use_ema": self.use_ema, "ema_momentum": self.ema_momentum,
                  "ema_overwrite_frequency": self.ema_overwrite_frequency,
                  "loss_scale_factor": self.loss_scale_factor,
                  "gradient_accumulation_steps": self.gradient_accumulation_steps}  # fmt: skip
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
        quiet = {"name"} if self.use_ema else {"name", "use_ema", "ema_momentum"}
        told = {k: v for k, v in self.get_config().items() if v is not None and k not in quiet}
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

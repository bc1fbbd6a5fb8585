"""Learning rates that change from step to step: Keras's names, formulas and dicts."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from embedlab.core.table import check_size
from embedlab.registry import Registry

__all__ = ["CosineDecay", "CosineDecayRestarts", "ExponentialDecay", "InverseTimeDecay",
           "LearningRateSchedule", "PiecewiseConstantDecay", "PolynomialDecay", "deserialize",
           "serialize"]  # fmt: skip


class LearningRateSchedule:
    """The base of all schedules: a function of the steps that were done so far.

    Give one to an optimizer as its `learning_rate`. A schedule of your own defines
    ``__call__(step)``, and `options`, the names of its arguments and attributes.

    Examples
    --------
    >>> from embedlab.optimizers import SGD
    >>> class Half(LearningRateSchedule):
    ...     def __call__(self, step):
    ...         return 0.5**step
    >>> rule = SGD(Half())
    >>> rule.iterations = 3
    >>> rule.learning_rate
    0.125
    """

    options: tuple[str, ...] = ()

    def __call__(self, step: int) -> float:
        """Give the rate for the step that comes after `step` steps."""
        raise NotImplementedError(
            "a schedule must override `__call__(self, step)`. "
            f"{type(self).__name__} does not. Add the method."
        )

    def get_config(self) -> dict[str, Any]:
        """Give the arguments."""
        return {name: getattr(self, name) for name in self.options}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "LearningRateSchedule":
        """Give a schedule with the arguments that `get_config` gave."""
        return cls(**config)

    def __repr__(self) -> str:
        told = {k: v for k, v in self.get_config().items() if k != "name"}
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in told.items())})"


class ExponentialDecay(LearningRateSchedule):
    """Multiply by `decay_rate` over each `decay_steps`: ``rate * decay_rate ** (step / steps)``.

    Parameters
    ----------
    initial_learning_rate : float
    decay_steps : int
    decay_rate : float
    staircase : bool
        Change only after each whole `decay_steps`.
    name : str

    Examples
    --------
    >>> [ExponentialDecay(0.1, 10, 0.5)(step) for step in (0, 10, 20)]
    [0.1, 0.05, 0.025]
    """

    options = ("initial_learning_rate", "decay_steps", "decay_rate", "staircase", "name")

    def __init__(self, initial_learning_rate: float, decay_steps: int, decay_rate: float,
                 staircase: bool = False, name: str = "ExponentialDecay"):  # fmt: skip
        self.initial_learning_rate = _number("initial_learning_rate", initial_learning_rate)
        self.decay_rate = _number("decay_rate", decay_rate)
        self.decay_steps, self.staircase = _steps("decay_steps", decay_steps), bool(staircase)
        self.name = name

    def __call__(self, step: int) -> float:
        """Give the rate."""
        return self.initial_learning_rate * self.decay_rate ** _part(self, step)


class InverseTimeDecay(ExponentialDecay):
    """Divide by what grows with time: ``rate / (1 + decay_rate * step / decay_steps)``.

    Parameters as for `ExponentialDecay`.

    >>> [InverseTimeDecay(0.1, 10, 1.0)(step) for step in (0, 10, 30)]
    [0.1, 0.05, 0.025]
    """

    def __init__(self, initial_learning_rate: float, decay_steps: int, decay_rate: float,
                 staircase: bool = False, name: str = "InverseTimeDecay"):  # fmt: skip
        super().__init__(initial_learning_rate, decay_steps, decay_rate, staircase, name)

    def __call__(self, step: int) -> float:
        """Give the rate."""
        return self.initial_learning_rate / (1 + self.decay_rate * _part(self, step))


class PiecewiseConstantDecay(LearningRateSchedule):
    """One rate up to the first boundary (which belongs to it), another up to the second, ...

    Parameters
    ----------
    boundaries : sequence of int
    values : sequence of float
        One more than boundaries.
    name : str

    Examples
    --------
    >>> [PiecewiseConstantDecay([10, 20], [1.0, 0.5, 0.1])(step) for step in (10, 11, 21)]
    [1.0, 0.5, 0.1]
    """

    options = ("boundaries", "values", "name")

    def __init__(self, boundaries: Sequence[float], values: Sequence[float],
                 name: str = "PiecewiseConstant"):  # fmt: skip
        if len(boundaries) != len(values) - 1 or not boundaries:
            raise ValueError(
                "The length of boundaries should be 1 less than the length of values, and above "
                f"0. Received {len(boundaries)} and {len(values)}. Add a value, or leave one away."
            )
        if list(boundaries) != sorted(set(boundaries)):
            raise ValueError(
                "boundaries must grow from one to the next. "
                f"Received {boundaries!r:.80}. Sort them."
            )
        self.boundaries, self.name = list(boundaries), name
        self.values = [_number("values", value) for value in values]

    def __call__(self, step: int) -> float:
        """Give the rate."""
        return self.values[sum(step > boundary for boundary in self.boundaries)]


class PolynomialDecay(LearningRateSchedule):
    """Go down to `end_learning_rate` within `decay_steps`, along ``(1 - share) ** power``.

    Parameters
    ----------
    initial_learning_rate : float
    decay_steps : int
    end_learning_rate : float
    power : float
        1 for a straight line.
    cycle : bool
        Stretch `decay_steps` to the next multiple when it is over, instead of staying at the end.
    name : str

    Examples
    --------
    >>> [PolynomialDecay(1.0, 10, 0.5)(step) for step in (0, 5, 10, 15)]
    [1.0, 0.75, 0.5, 0.5]
    """

    options = ("initial_learning_rate", "decay_steps", "end_learning_rate", "power", "cycle",
               "name")  # fmt: skip

    def __init__(self, initial_learning_rate: float, decay_steps: int,
                 end_learning_rate: float = 0.0001, power: float = 1.0, cycle: bool = False,
                 name: str = "PolynomialDecay"):  # fmt: skip
        self.initial_learning_rate = _number("initial_learning_rate", initial_learning_rate)
        self.decay_steps = _steps("decay_steps", decay_steps)
        self.end_learning_rate = _number("end_learning_rate", end_learning_rate)
        self.power = _number("power", power)
        self.cycle, self.name = bool(cycle), name

    def __call__(self, step: int) -> float:
        """Give the rate."""
        steps = self.decay_steps
        if self.cycle:
            steps *= max(math.ceil(step / steps), 1)
        left = 1 - min(step, steps) / steps
        span = self.initial_learning_rate - self.end_learning_rate
        return span * left**self.power + self.end_learning_rate


class CosineDecay(LearningRateSchedule):
    """Go down along half a cosine, after a straight way up if wanted.

    Parameters
    ----------
    initial_learning_rate : float
    decay_steps : int
        Of the way down.
    alpha : float
        The share of the highest rate that is left at the end.
    name : str
    warmup_target : float, optional
        The highest rate; without it there is no way up.
    warmup_steps : int
        Of the way up.

    References
    ----------
    Loshchilov, Hutter 2017, "SGDR: Stochastic Gradient Descent with Warm Restarts", section 3.

    Examples
    --------
    >>> schedule = CosineDecay(0.0, 10, warmup_target=1.0, warmup_steps=4)
    >>> [round(schedule(step), 4) for step in (0, 2, 4, 9, 14)]
    [0.0, 0.5, 1.0, 0.5, 0.0]
    """

    options = ("initial_learning_rate", "decay_steps", "alpha", "name", "warmup_target",
               "warmup_steps")  # fmt: skip

    def __init__(self, initial_learning_rate: float, decay_steps: int, alpha: float = 0.0,
                 name: str = "CosineDecay", warmup_target: float | None = None,
                 warmup_steps: int = 0):  # fmt: skip
        self.initial_learning_rate = _number("initial_learning_rate", initial_learning_rate)
        self.decay_steps = _steps("decay_steps", decay_steps)
        self.alpha, self.name = _number("alpha", alpha), name
        self.warmup_steps = _number("warmup_steps", warmup_steps)
        self.warmup_target = (
            None if warmup_target is None else _number("warmup_target", warmup_target)
        )

    def __call__(self, step: int) -> float:
        """Give the rate."""
        start, top, up = self.initial_learning_rate, self.warmup_target, self.warmup_steps
        if top is None:
            top, up = start, 0
        if step < up:
            return (top - start) * step / up + start
        return top * _cosine(min(step - up, self.decay_steps) / self.decay_steps, self.alpha)


class CosineDecayRestarts(LearningRateSchedule):
    """Go down along half a cosine, start again from above, and so on.

    Parameters
    ----------
    initial_learning_rate : float
    first_decay_steps : int
        Of the first way down.
    t_mul : float
        How many times as long each way is as the one before.
    m_mul : float
        How many times as high it starts.
    alpha : float
        The share of the first rate that is left at the end of each.
    name : str

    References
    ----------
    Loshchilov, Hutter 2017, "SGDR: Stochastic Gradient Descent with Warm Restarts", section 3.

    Examples
    --------
    >>> schedule = CosineDecayRestarts(1.0, 10, m_mul=0.5)
    >>> [round(schedule(step), 4) for step in (0, 5, 10, 50)]
    [1.0, 0.5, 0.5, 0.125]
    """

    options = ("initial_learning_rate", "first_decay_steps", "t_mul", "m_mul", "alpha", "name")

    def __init__(self, initial_learning_rate: float, first_decay_steps: int, t_mul: float = 2.0,
                 m_mul: float = 1.0, alpha: float = 0.0, name: str = "SGDRDecay"):  # fmt: skip
        self.initial_learning_rate = _number("initial_learning_rate", initial_learning_rate)
        self.first_decay_steps = _steps("first_decay_steps", first_decay_steps)
        self.m_mul, self.alpha, self.name = _number("m_mul", m_mul), _number("alpha", alpha), name
        self.t_mul = _number("t_mul", t_mul)
        if t_mul < 1:
            raise ValueError(
                f"t_mul must be 1 or more: ways that shrink would never reach the end. "
                f"Received {t_mul!r:.40}. Pass for example 2.0."
            )

    def __call__(self, step: int) -> float:
        """Give the rate."""
        done, t = step / self.first_decay_steps, self.t_mul  # in first ways
        if t == 1:
            restarts, share = math.floor(done), done % 1
        else:  # n ways take 1 + t + t² + ... = (t**n - 1) / (t - 1) of the first
            restarts = math.floor(math.log(1 + done * (t - 1)) / math.log(t) + 1e-9)
            share = max(done - (t**restarts - 1) / (t - 1), 0.0) / t**restarts
        return self.initial_learning_rate * _cosine(share, self.alpha, self.m_mul**restarts)


REGISTRY = Registry(
    "learning rate schedule", "keras.optimizers.schedules",
    [CosineDecay, CosineDecayRestarts, ExponentialDecay, InverseTimeDecay, PiecewiseConstantDecay,
     PolynomialDecay],
)  # fmt: skip


def serialize(schedule: Any) -> Any:
    """Give a dict in Keras's form from which `deserialize` makes an equal schedule.

    >>> serialize(CosineDecay(0.1, 10))["class_name"]
    'CosineDecay'
    """
    return REGISTRY.serialize(schedule)


def deserialize(config: Any, custom_objects: Any = None) -> Any:
    """Give the schedule that a dict describes; nothing in it is executed.

    >>> deserialize(serialize(PiecewiseConstantDecay([5], [1.0, 0.1])))
    PiecewiseConstantDecay(boundaries=[5], values=[1.0, 0.1])
    """
    return REGISTRY.deserialize(config, custom_objects)


def _part(schedule: Any, step: int) -> float:
    part = step / schedule.decay_steps
    return math.floor(part) if schedule.staircase else part


def _cosine(share: float, alpha: float, high: float = 1.0) -> float:
    return (1 - alpha) * 0.5 * high * (1 + math.cos(math.pi * share)) + alpha


def _number(name: str, value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)):
        raise ValueError(f"{name} must be a number. Received {value!r:.40}. Pass for example 0.1.")
    return value


def _steps(name: str, value: Any) -> Any:
    if isinstance(value, float) and value > 0 and np.isfinite(value):
        return value  # Keras takes floats too
    return check_size(value, name)

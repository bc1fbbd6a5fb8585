"""The four rules: how a gradient moves a table. Keras's defaults; the arithmetic is the core's."""

from typing import Any

import numpy as np

from embedlab.core.training import adagrad, adam, rmsprop, sgd
from embedlab.optimizers.base import Optimizer

__all__ = ["SGD", "Adagrad", "Adam", "AdamW", "RMSprop"]


class SGD(Optimizer):
    """Follow the gradient down: ``w -= rate * g``, with momentum if wanted.

    Parameters
    ----------
    learning_rate : float
    momentum : float, 0..1
        How much of the last move is kept.
    nesterov : bool
        Look one momentum ahead.
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

    def __init__(self, learning_rate: Any = 0.01, momentum: float = 0.0, nesterov: bool = False,
                 **other: Any):  # fmt: skip
        super().__init__(learning_rate, **other)
        self.momentum = _share("momentum", momentum)
        self.nesterov = bool(nesterov)
        self.slots = ("momentum",) if self.momentum else ()

    def update(self, table: np.ndarray, grad: Any, state: dict[str, np.ndarray]) -> None:
        """Move the table by `embedlab.core.training.sgd`."""
        sgd(table, grad, state.get("momentum"), learning_rate=self.learning_rate,
            momentum=self.momentum, nesterov=self.nesterov,
            sparse_update=self.sparse_update)  # fmt: skip

    def get_config(self) -> dict[str, Any]:
        """Give every argument."""
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

    def __init__(self, learning_rate: Any = 0.001, rho: float = 0.9, momentum: float = 0.0,
                 epsilon: float = 1e-7, centered: bool = False, **other: Any):  # fmt: skip
        super().__init__(learning_rate, **other)
        self.rho, self.momentum = _share("rho", rho), _share("momentum", momentum)
        self.epsilon, self.centered = float(epsilon), bool(centered)
        self.slots = ("velocity", *(["momentum"] if self.momentum else []),
                      *(["average_gradient"] if self.centered else []))  # fmt: skip

    def update(self, table: np.ndarray, grad: Any, state: dict[str, np.ndarray]) -> None:
        """Move the table by `embedlab.core.training.rmsprop`."""
        rmsprop(table, grad, state["velocity"], state.get("momentum"),
                state.get("average_gradient"), learning_rate=self.learning_rate, rho=self.rho,
                momentum=self.momentum, epsilon=self.epsilon, centered=self.centered,
                sparse_update=self.sparse_update)  # fmt: skip

    def get_config(self) -> dict[str, Any]:
        """Give every argument."""
        return {**super().get_config(), "rho": self.rho, "momentum": self.momentum,
                "epsilon": self.epsilon, "centered": self.centered}  # fmt: skip


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

    def __init__(self, learning_rate: Any = 0.001, initial_accumulator_value: float = 0.1,
                 epsilon: float = 1e-7, **other: Any):  # fmt: skip
        super().__init__(learning_rate, **other)
        self.initial_accumulator_value = float(initial_accumulator_value)
        self.epsilon = float(epsilon)

    def start(self, slot: str) -> float:
        """Give the number that the accumulator starts with."""
        return self.initial_accumulator_value

    def update(self, table: np.ndarray, grad: Any, state: dict[str, np.ndarray]) -> None:
        """Move the table by `embedlab.core.training.adagrad`."""
        adagrad(table, grad, state["accumulator"], learning_rate=self.learning_rate,
                epsilon=self.epsilon, sparse_update=self.sparse_update)  # fmt: skip

    def get_config(self) -> dict[str, Any]:
        """Give every argument."""
        return {**super().get_config(), "epsilon": self.epsilon,
                "initial_accumulator_value": self.initial_accumulator_value}  # fmt: skip


class Adam(Optimizer):
    """Running means of the gradient and of its square, both corrected for their slow start.

    References
    ----------
    Kingma, Ba 2015, "Adam: A Method for Stochastic Optimization", algorithm 1, in the form of
    the end of section 2.

    Examples
    --------
    >>> from embedlab.layers import Variable
    >>> table = Variable([[1.0]])
    >>> Adam(0.1).apply([np.array([[4.0]])], [table])
    >>> table.value.round(6).tolist()
    [[0.9]]
    """

    def __init__(self, learning_rate: Any = 0.001, beta_1: float = 0.9, beta_2: float = 0.999,
                 epsilon: float = 1e-7, amsgrad: bool = False, **other: Any):  # fmt: skip
        super().__init__(learning_rate, **other)
        self.beta_1, self.beta_2 = _share("beta_1", beta_1), _share("beta_2", beta_2)
        self.epsilon, self.amsgrad = float(epsilon), bool(amsgrad)
        self.slots = ("momentum", "velocity", *(["velocity_hat"] if self.amsgrad else []))

    def own_groups(self) -> list[tuple[str, ...]]:
        """Give the slots in Keras's order: the two means of each variable, then the largest."""
        return [("momentum", "velocity"), *([("velocity_hat",)] if self.amsgrad else [])]

    def update(self, table: np.ndarray, grad: Any, state: dict[str, np.ndarray]) -> None:
        """Move the table by `embedlab.core.training.adam`."""
        adam(table, grad, state["momentum"], state["velocity"], state.get("velocity_hat"),
             time=self.iterations + 1, learning_rate=self.learning_rate, beta_1=self.beta_1,
             beta_2=self.beta_2, epsilon=self.epsilon, amsgrad=self.amsgrad,
             sparse_update=self.sparse_update)  # fmt: skip

    def get_config(self) -> dict[str, Any]:
        """Give every argument."""
        return {**super().get_config(), "beta_1": self.beta_1, "beta_2": self.beta_2,
                "epsilon": self.epsilon, "amsgrad": self.amsgrad}  # fmt: skip


class AdamW(Adam):
    """Adam whose weights also shrink by `weight_decay` at every step, 0.004 unless told.

    References
    ----------
    Loshchilov, Hutter 2019, "Decoupled Weight Decay Regularization", algorithm 2.

    Examples
    --------
    >>> AdamW().weight_decay
    0.004
    """

    def __init__(self, learning_rate: Any = 0.001, weight_decay: float = 0.004, **other: Any):
        super().__init__(learning_rate, weight_decay=weight_decay, **other)


def _share(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)):
        value = float("nan")
    if not 0 <= value <= 1:
        raise ValueError(
            f"`{name}` must be a float between [0, 1]. Received {value!r:.40}. "
            "Pass for example 0.9."
        )
    return float(value)

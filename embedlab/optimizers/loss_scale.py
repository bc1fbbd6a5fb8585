"""Loss scaling: gradients that come many times too large, and are brought back before the step."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from embedlab.core.sparse_gradient import SparseGrad
from embedlab.core.table import check_size
from embedlab.optimizers.base import Optimizer
from embedlab.optimizers.clipping import mapped

__all__ = ["LossScaleOptimizer"]


class LossScaleOptimizer(Optimizer):
    """Another optimizer, for gradients that come `loss_scale` times too large.

    Parameters
    ----------
    inner_optimizer : Optimizer
        What takes the step; rate, decay and clipping are told to it.
    initial_scale : float
    dynamic_growth_steps : int
        After as many steps in a row with finite gradients the scale doubles. After a gradient that
        is not finite it halves, and that step is left out.
    name : str, optional

    Raises
    ------
    ValueError
        For an inner optimizer that is none, and a scale that is not above 0.

    Notes
    -----
    Source: ``keras.optimizers.LossScaleOptimizer``. Keras needs it with "mixed_float16", where
    gradients travel in float16 and small ones vanish; it wraps optimizers by itself then. Here
    they travel in the dtype of the weights, so nothing is wrapped by itself, and powers of 2 as
    scales change no bit of a step.

    Examples
    --------
    >>> from embedlab.layers import Variable
    >>> from embedlab.optimizers import SGD
    >>> rule, table = LossScaleOptimizer(SGD(0.5), initial_scale=8.0), Variable([[1.0, 2.0]])
    >>> rule.apply([np.array([[8.0, 8.0]])], [table])
    >>> rule.apply([np.array([[8.0, np.inf]])], [table])
    >>> table.value.tolist(), rule.loss_scale, rule.iterations
    ([[0.5, 1.5]], 4.0, 1)
    """

    def __init__(self, inner_optimizer: Any, initial_scale: float = 2.0**15,
                 dynamic_growth_steps: int = 2000, name: str | None = None):  # fmt: skip
        if not isinstance(inner_optimizer, Optimizer):
            raise ValueError(
                f"inner_optimizer must be an optimizer. Received {inner_optimizer!r:.60}. "
                "Pass for example optimizers.Adam()."
            )
        if not isinstance(initial_scale, (int, float)) or not 0 < initial_scale < np.inf:
            raise ValueError(
                f"initial_scale must be a number above 0. Received {initial_scale!r:.40}. "
                "Pass for example 2.0**15."
            )
        self.inner_optimizer = inner_optimizer
        inner_optimizer.loss_scale_factor = None  # or gradients would be brought back twice
        super().__init__(0.0, name=name)
        self.initial_scale = self.dynamic_scale = float(initial_scale)
        self.dynamic_growth_steps = check_size(dynamic_growth_steps, "dynamic_growth_steps")
        self.step_counter = 0

    @property
    def loss_scale(self) -> float:
        """How many times too large gradients are to come now."""
        return self.dynamic_scale

    @property
    def iterations(self) -> int:
        """How many steps the inner optimizer has done."""
        return self.inner_optimizer.iterations

    @iterations.setter
    def iterations(self, steps: int) -> None:
        self.inner_optimizer.iterations = steps

    @property
    def learning_rate(self) -> float:
        """That of the inner optimizer."""
        return self.inner_optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, rate: Any) -> None:
        if hasattr(self, "initial_scale"):  # and not while this one is made
            self.inner_optimizer.learning_rate = rate

    @property
    def slots(self) -> tuple[str, ...]:  # type: ignore[override]
        """What the inner optimizer keeps for each variable."""
        return self.inner_optimizer.slots

    def state(self, variable: Any) -> dict[str, np.ndarray]:
        """Give what the inner optimizer keeps for a variable."""
        return self.inner_optimizer.state(variable)

    def apply_gradients(self, pairs: Iterable[tuple[Any, Any]]) -> None:
        """Do one step with the gradients divided by the scale, or none if one is not finite."""
        pairs = [(grad, v) for grad, v in pairs if grad is not None and v.trainable]
        if not all(np.isfinite(_numbers(grad)).all() for grad, _ in pairs):
            self.step_counter, self.dynamic_scale = 0, self.dynamic_scale / 2
            return
        scale = self.dynamic_scale
        self.inner_optimizer.apply_gradients(
            [(mapped(grad, lambda g: g / scale), variable) for grad, variable in pairs]
        )
        self.step_counter += 1
        if self.step_counter == self.dynamic_growth_steps:
            self.step_counter, self.dynamic_scale = 0, self.dynamic_scale * 2

    def finalize_variable_values(self, variables: Iterable[Any]) -> None:
        """Take over the moving averages that the inner optimizer keeps, if it does."""
        self.inner_optimizer.finalize_variable_values(variables)

    def get_config(self) -> dict[str, Any]:
        """Give the arguments."""
        from embedlab.optimizers import serialize

        return {"name": self.name, "inner_optimizer": serialize(self.inner_optimizer),
                "initial_scale": self.initial_scale,
                "dynamic_growth_steps": self.dynamic_growth_steps}  # fmt: skip

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "LossScaleOptimizer":
        """Give an optimizer with the arguments that `get_config` gave, at step 0."""
        from embedlab.optimizers import deserialize

        inner = config["inner_optimizer"]
        inner = deserialize(inner) if isinstance(inner, dict) else inner
        return cls(inner, **{k: v for k, v in config.items() if k != "inner_optimizer"})

    def __repr__(self) -> str:
        return f"LossScaleOptimizer({self.inner_optimizer!r}, loss_scale={self.dynamic_scale:g})"


def _numbers(grad: Any) -> np.ndarray:
    return grad.rows if isinstance(grad, SparseGrad) else np.asarray(grad)

"""Layer normalization: every sample to mean 0 and variance 1, then scaled and shifted."""

from typing import Any, NamedTuple

import numpy as np

from embedlab.core.checks import ShapeError
from embedlab.layers.base import Gradients
from embedlab.layers.input_checks import cast_grad, cast_inputs, require_axis_length
from embedlab.layers.variable import Variable
from embedlab.layers.weighted import Weighted

__all__ = ["LayerNormalization", "NormalizationContext"]


class NormalizationContext(NamedTuple):
    """What `LayerNormalization.forward` leaves for `backward`.

    Attributes
    ----------
    normed : ndarray, the shape of the inputs
        Mean 0 and variance 1 over the axes.
    inverse : ndarray
        1 over the spread, with length 1 at the axes.
    """

    normed: np.ndarray
    inverse: np.ndarray


class LayerNormalization(Weighted):
    """Normalize over some axes of each sample, then multiply by gamma and add beta.

    Parameters
    ----------
    axis : int or list of int
        The axes to normalize over, and those of gamma and beta.
    epsilon : float
        Added to the variance.
    center, scale : bool
        Whether there is a beta, a gamma.
    beta_initializer, gamma_initializer : optional
    beta_regularizer, gamma_regularizer, beta_constraint, gamma_constraint : optional
    name, dtype, trainable
        As for every `Layer`.

    Raises
    ------
    ShapeError
        For axes that the inputs do not have, or whose length is not known.

    Notes
    -----
    ``out = gamma * (inputs - mean) / sqrt(variance + epsilon) + beta``; a mask passes. float16 is
    computed in float32 and rounded once. Source: ``keras.layers.LayerNormalization``; Ba, Kiros,
    Hinton 2016, section 3.

    Examples
    --------
    >>> LayerNormalization(epsilon=0.0)(np.array([[1.0, 3.0]])).tolist()
    [[-1.0, 1.0]]
    """

    PARTS = ("gamma", "beta")
    supports_masking = True
    gamma: Variable
    beta: Variable

    def __init__(
        self,
        axis: Any = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **options: Any,
    ):
        about = {
            "beta_initializer": beta_initializer,
            "gamma_initializer": gamma_initializer,
            "beta_regularizer": beta_regularizer,
            "gamma_regularizer": gamma_regularizer,
            "beta_constraint": beta_constraint,
            "gamma_constraint": gamma_constraint,
        }
        if options.pop("rms_scaling", False):  # Keras still writes it into its configs
            raise NotImplementedError(
                "LayerNormalization takes the mean away. Received rms_scaling=True. Leave it away."
            )
        super().__init__(about, **options)
        self.axis = [int(a) for a in axis] if isinstance(axis, (list, tuple)) else int(axis)
        self.epsilon = float(epsilon)
        self.center, self.scale = bool(center), bool(scale)

    def build(self, input_shape: Any = None) -> None:
        """Make gamma and beta, one number for each place along the axes."""
        axes = self._axes(len(tuple(input_shape or ())))
        shape = tuple(require_axis_length(self, input_shape, a) for a in axes)
        if self.scale:
            self.gamma = self.add_part("gamma", shape)
        if self.center:
            self.beta = self.add_part("beta", shape)

    def _axes(self, ndim: int) -> tuple[int, ...]:
        axes = self.axis if isinstance(self.axis, list) else [self.axis]
        if any(not -ndim <= a < ndim for a in axes):
            raise ShapeError(
                f"axis must be among the axes of the inputs of {self.name!r}. Received {self.axis} "
                f"for inputs with {ndim} axes. Write -1 for the features."
            )
        return tuple(sorted({a % ndim for a in axes}))

    def _along(self, weight: Variable, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
        """Return a weight with length 1 at the axes that are not normalized."""
        axes = self._axes(len(shape))
        return weight.value.reshape([n if a in axes else 1 for a, n in enumerate(shape)]).astype(
            dtype, copy=False
        )

    def forward(
        self, inputs: Any, mask: Any = None, training: bool = False
    ) -> tuple[np.ndarray, NormalizationContext]:
        """Return the outputs, and the context that `backward` needs."""
        values = cast_inputs(self, inputs, least=1)
        if not self.built:
            self.build(values.shape)
        self._check(values.shape)
        wide = np.result_type(values, np.float32)
        values = values.astype(wide, copy=False)
        axes = self._axes(values.ndim)
        away = values - values.mean(axis=axes, keepdims=True)
        inverse = 1 / np.sqrt(np.square(away).mean(axis=axes, keepdims=True) + self.epsilon)
        normed = away * inverse
        out = normed * self._along(self.gamma, normed.shape, wide) if self.scale else normed.copy()
        if self.center:
            out += self._along(self.beta, normed.shape, wide)
        context = NormalizationContext(normed, inverse)
        return out.astype(self.compute_dtype, copy=False), context

    def _check(self, shape: tuple[int, ...]) -> None:
        came = tuple(shape[a] for a in self._axes(len(shape)))
        for weight in self.weights:
            if weight.shape != came:
                raise ShapeError(
                    f"inputs of {self.name!r} must have lengths {weight.shape} at axis {self.axis}"
                    f", as when it was built. Received {shape}. Make a new layer."
                )

    def backward(self, context: NormalizationContext, grad: Any) -> Gradients:
        """Return the gradients of the inputs, gamma and beta.

        Parameters
        ----------
        context : NormalizationContext
        grad : array_like, the shape of the outputs

        Returns
        -------
        Gradients
            ``inputs = inverse * (g - mean(g) - normed * mean(g * normed))`` with
            ``g = grad * gamma``: what would only move the mean or the spread is taken out.
        """
        normed, inverse = context
        grad = cast_grad(self, grad, normed.shape).astype(normed.dtype, copy=False)
        axes = self._axes(normed.ndim)
        others = tuple(a for a in range(normed.ndim) if a not in axes)
        weights = {}
        if self.scale:
            weights["gamma"] = (grad * normed).sum(axis=others)
        if self.center:
            weights["beta"] = grad.sum(axis=others)
        if self.scale:
            grad = grad * self._along(self.gamma, normed.shape, grad.dtype)
        back = grad - grad.mean(axis=axes, keepdims=True)
        back -= normed * (grad * normed).mean(axis=axes, keepdims=True)
        stored = {k: w.astype(self.variable_dtype, copy=False) for k, w in weights.items()}
        return Gradients((inverse * back).astype(self.variable_dtype, copy=False), stored)

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """Return `input_shape`."""
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        return {
            **super().get_config(),
            "axis": self.axis,
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
        }

"""GRU: a state behind two gates, one that updates it and one that resets it."""

from typing import Any

import numpy as np

from embedlab import activations
from embedlab.core.gru import grad_gru_step, gru_step
from embedlab.layers.recurrent import Recurrent
from embedlab.layers.walk import States

__all__ = ["GRU"]


class GRU(Recurrent):
    """Walk along a sequence with a state that gates update and reset.

    Parameters
    ----------
    units : int
    activation, recurrent_activation : str or callable
        Of the candidate state, and of the gates.
    reset_after : bool
        Whether the reset gate works after the recurrent kernel, with a bias (2, 3 * units) of
        which the second row belongs to the recurrent kernel; or before it.
    use_cudnn
        Kept for Keras's sake.
    others
        As for `SimpleRNN`.

    Raises
    ------
    ValueError, ShapeError
        As for `SimpleRNN`.

    Notes
    -----
    With gates z (update) and r (reset), both ``sigmoid(x @ W + h @ U + b)``, and a candidate
    ``c = tanh(x @ W_c + r * (h @ U_c))`` the new state is ``z * h + (1 - z) * c``. The kernels
    hold z, r, c side by side. Masks as for `SimpleRNN`. Source: ``keras.layers.GRU``; Cho et al.
    2014, section 2.3.

    Examples
    --------
    >>> layer = GRU(4, return_sequences=True)
    >>> layer(np.ones((2, 3, 5))).shape, layer.bias.shape
    ((2, 3, 4), (2, 12))
    """

    GATES = 3
    STATES = 1

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        reset_after: bool = True,
        use_cudnn: Any = "auto",
        **options: Any,
    ):
        about = {
            "kernel_initializer": kernel_initializer,
            "recurrent_initializer": recurrent_initializer,
            "bias_initializer": bias_initializer,
            "kernel_regularizer": kernel_regularizer,
            "recurrent_regularizer": recurrent_regularizer,
            "bias_regularizer": bias_regularizer,
            "kernel_constraint": kernel_constraint,
            "recurrent_constraint": recurrent_constraint,
            "bias_constraint": bias_constraint,
        }
        super().__init__(
            units,
            about,
            activation=activation,
            use_bias=use_bias,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            seed=seed,
            return_sequences=return_sequences,
            return_state=return_state,
            go_backwards=go_backwards,
            stateful=stateful,
            unroll=unroll,
            activity_regularizer=activity_regularizer,
            **options,
        )
        self.recurrent_activation = activations.get(recurrent_activation)
        self.reset_after = bool(reset_after)

    def _build_bias(self) -> None:
        wide = 3 * self.units
        self.bias = self.add_part("bias", (2, wide) if self.reset_after else (wide,))

    def input_bias(self) -> Any:
        """Return the bias that belongs to the inputs, (3 * units,)."""
        bias = self.computed(self.bias)
        return bias[0] if self.reset_after else bias

    def _to_bias(self, total: np.ndarray) -> np.ndarray:
        return np.stack([total, np.zeros_like(total)]) if self.reset_after else total

    def step(self, sums: np.ndarray, states: States, seen: np.ndarray) -> tuple[States, States]:
        """Return the new state, and what `step_back` needs."""
        (state,), two = states, 2 * self.units
        kernel = self.computed(self.recurrent_kernel)
        inner = seen @ (kernel if self.reset_after else kernel[:, :two])
        if self.reset_after and self.use_bias:
            inner += self.computed(self.bias)[1]
        if self.reset_after and self._usual(inner):
            new, gates, candidate = gru_step(sums, inner, state)
            return (new,), (seen, state, inner, gates, candidate)
        before = sums[:, :two] + inner[:, :two]
        gates = self.recurrent_activation(before)
        update, reset = np.split(gates, 2, axis=1)
        held = inner[:, two:] if self.reset_after else reset * seen
        candidate_sums = sums[:, two:] + (
            reset * held if self.reset_after else held @ kernel[:, two:]
        )
        candidate = self.activation(candidate_sums)
        new = update * state + (1 - update) * candidate
        return (new,), (seen, state, before, gates, held, candidate_sums, candidate)

    def step_back(
        self, left: States, grads: States, to: dict[str, np.ndarray]
    ) -> tuple[np.ndarray, np.ndarray, States]:
        """Return the gradients of the sums, of the state that the kernel saw, and of the state."""
        if len(left) == 5:
            seen, state, inner, gates, candidate = left
            to_sums, to_inner, to_state = grad_gru_step(gates, inner, candidate, state, grads[0])
            return to_sums, self._into_inner(seen, to_inner, to), (to_state,)
        seen, state, before, gates, held, candidate_sums, candidate = left
        (grad,), two, kernel = grads, 2 * self.units, self.recurrent_kernel.value
        update, reset = np.split(gates, 2, axis=1)
        to_candidate = activations.gradient(
            self.activation, candidate_sums, candidate, grad * (1 - update)
        )
        back = to_candidate if self.reset_after else to_candidate @ kernel[:, two:].T
        to_reset = back * (held if self.reset_after else seen)
        to_gates = activations.gradient(
            self.recurrent_activation,
            before,
            gates,
            np.hstack([grad * (state - candidate), to_reset]),
        )
        to_sums = np.hstack([to_gates, to_candidate])
        if self.reset_after:
            to_inner = np.hstack([to_gates, to_candidate * reset])
            to_seen = self._into_inner(seen, to_inner, to)
        else:
            to["recurrent_kernel"][:, :two] += seen.T @ to_gates
            to["recurrent_kernel"][:, two:] += held.T @ to_candidate
            to_seen = to_gates @ kernel[:, :two].T + back * reset
        return to_sums, to_seen, (grad * update,)

    def _into_inner(
        self, seen: np.ndarray, grad: np.ndarray, to: dict[str, np.ndarray]
    ) -> np.ndarray:
        """Return the gradient of the state through its product; kernel and bias get theirs."""
        to["recurrent_kernel"] += seen.T @ grad
        if self.use_bias:
            to["bias"][1] += grad.sum(axis=0)
        return grad @ self.recurrent_kernel.value.T

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        gate = activations.serialize(self.recurrent_activation)
        return {
            **super().get_config(),
            "recurrent_activation": gate,
            "reset_after": self.reset_after,
        }

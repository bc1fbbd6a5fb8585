"""LSTM: two states, of which one is carried along behind gates."""

from typing import Any

import numpy as np

from embedlab import activations
from embedlab.core.lstm_walk import LSTMWalk, grad_lstm_walk, lstm_walk
from embedlab.layers.recurrent import Recurrent, RecurrentContext
from embedlab.layers.walk import States

__all__ = ["LSTM"]


class LSTM(Recurrent):
    """Walk along a sequence with an output state and a carried state.

    Parameters
    ----------
    units : int
    activation, recurrent_activation : str or callable
        Of the candidate and the output, and of the gates.
    unit_forget_bias : bool
        Start the bias of the forget gate at 1, so that the carried state is kept at first.
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
    With gates i (input), f (forget) and o (output), each ``sigmoid(x @ W + h @ U + b)``, and a
    candidate ``g = tanh(x @ W + h @ U + b)``: ``c = f * c + i * g`` and ``h = o * tanh(c)``. The
    kernels hold i, f, g, o side by side; the states are h, c. Masks as for `SimpleRNN`. Source:
    ``keras.layers.LSTM``; Hochreiter, Schmidhuber 1997; the forget gate: Gers et al. 2000.

    Examples
    --------
    >>> layer = LSTM(4, return_state=True)
    >>> [state.shape for state in layer(np.ones((2, 3, 5)))]
    [(2, 4), (2, 4), (2, 4)]
    """

    GATES = 4
    STATES = 2

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
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
        self.unit_forget_bias = bool(unit_forget_bias)

    def _build_bias(self) -> None:
        def with_ones(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
            parts = [(self.units,), (2 * self.units,)]
            first, rest = (self.bias_initializer(part, dtype=dtype) for part in parts)
            return np.concatenate([first, np.ones(self.units), rest])

        wide = (4 * self.units,)
        self.bias = self.add_part("bias", wide, with_ones if self.unit_forget_bias else None)

    def _walk(
        self, values: np.ndarray, mask: Any, states: States, drop_state: Any
    ) -> tuple[np.ndarray, States, Any]:
        """Walk in the core, the time in front, where it knows the activations."""
        if not self._usual(values):
            return super()._walk(values, mask, states, drop_state)
        rows, steps, columns = values.shape
        early = np.ascontiguousarray(values.transpose(1, 0, 2)).reshape(steps * rows, columns)
        sums = self._sums(early).reshape(steps, rows, 4 * self.units)
        turned = None if mask is None else mask.T
        kernel, (hidden, carry) = self.computed(self.recurrent_kernel), states
        walk = lstm_walk(sums, kernel, hidden, carry, turned, drop_state, overwrite=True)
        outputs = walk.hidden[1:].transpose(1, 0, 2)
        if self.return_sequences or self.zero_output_for_mask:
            outputs = outputs.copy()  # the caller's own, beside what the way back needs
        return outputs, (walk.hidden[-1], walk.carried[-1]), walk

    def _walk_back(
        self,
        context: RecurrentContext,
        to_outputs: np.ndarray,
        grads: States,
        to: dict[str, np.ndarray],
    ) -> tuple[np.ndarray, States]:
        if not isinstance(context.steps, LSTMWalk):
            return super()._walk_back(context, to_outputs, grads, to)
        kernel = self.recurrent_kernel.value
        own: list[Any] = [
            part if part is None or part.dtype == bool else part.astype(kernel.dtype, copy=False)
            for part in context.steps
        ]
        early = to_outputs.transpose(1, 0, 2)
        to_sums, to_kernel, *first = grad_lstm_walk(LSTMWalk(*own), kernel, early, *grads)
        to["recurrent_kernel"] += to_kernel
        return to_sums.transpose(1, 0, 2), tuple(first)

    def step(self, sums: np.ndarray, states: States, seen: np.ndarray) -> tuple[States, States]:
        """Return the new states, and what `step_back` needs."""
        before = sums + seen @ self.computed(self.recurrent_kernel)
        into, forget, candidate, out = np.split(before, 4, axis=1)
        into, forget, out = (self.recurrent_activation(gate) for gate in (into, forget, out))
        candidate = self.activation(candidate)
        carried = forget * states[1] + into * candidate
        shown = self.activation(carried)
        gates = np.hstack([into, forget, candidate, out])
        return (out * shown, carried), (seen, states[1], before, gates, carried, shown)

    def step_back(
        self, left: States, grads: States, to: dict[str, np.ndarray]
    ) -> tuple[np.ndarray, np.ndarray, States]:
        """Return the gradients of the sums, of the output state, and of the states by other
        ways."""
        seen, carry, before, gates, carried, shown = left
        sums, made = np.split(before, 4, axis=1), np.split(gates, 4, axis=1)
        into, forget, candidate, out = made
        to_carried = grads[1] + activations.gradient(
            self.activation, carried, shown, grads[0] * out
        )
        arrived = [to_carried * candidate, to_carried * carry, to_carried * into, grads[0] * shown]
        gate, act = self.recurrent_activation, self.activation
        to_sums = np.hstack(
            [
                activations.gradient(bend, x, y, grad)
                for bend, x, y, grad in zip(
                    (gate, gate, act, gate), sums, made, arrived, strict=True
                )
            ]
        )
        to["recurrent_kernel"] += seen.T @ to_sums
        to_seen = to_sums @ self.recurrent_kernel.value.T
        return to_sums, to_seen, (np.zeros_like(seen), to_carried * forget)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        gate = activations.serialize(self.recurrent_activation)
        return {
            **super().get_config(),
            "recurrent_activation": gate,
            "unit_forget_bias": self.unit_forget_bias,
        }

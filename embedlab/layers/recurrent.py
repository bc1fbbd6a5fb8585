"""SimpleRNN, GRU and LSTM: one state after the other along time, under a mask.

The time axis comes first inside, so that each step reads and writes one contiguous block.
"""

from typing import Any, ClassVar, NamedTuple

import numpy as np

from embedlab import activations
from embedlab.core.checks import check_size
from embedlab.core.mask import as_mask, grad_keep_masked_state, keep_masked_state
from embedlab.layers.input_checks import (
    cast_grad,
    cast_inputs,
    check_input_shape,
    require_axis_length,
)
from embedlab.layers.layer import Gradients, Layer
from embedlab.layers.variable import Variable

__all__ = ["GRU", "LSTM", "Recurrent", "RecurrentContext", "SimpleRNN"]

States = tuple[np.ndarray, ...]
"""The states of a cell, (B, units) each; the first is its output."""


class RecurrentContext(NamedTuple):
    """The context that `Recurrent.backward` needs.

    Attributes
    ----------
    inputs : ndarray, (T, B, D)
        With zeros at the masked steps.
    mask : ndarray of bool, (T, B), or None
    steps : list of tuple of ndarray
        What `step_backward` needs of each step.
    """

    inputs: np.ndarray
    mask: np.ndarray | None
    steps: list[States]


class Recurrent(Layer):
    """The base of the recurrent layers: a subclass defines `step` and `step_backward`.

    Parameters
    ----------
    units : int
    activation : str or callable
    use_bias : bool
    return_sequences : bool
        Return the output of every step instead of the last; only then a mask passes on.
    zero_output_for_mask : bool
        Return zeros at masked steps instead of the output before them.
    kernel_initializer, recurrent_initializer, bias_initializer : optional
    kernel_regularizer, recurrent_regularizer, bias_regularizer : optional
    kernel_constraint, recurrent_constraint, bias_constraint : optional
    name, dtype, trainable
        As for every `Layer`.

    Raises
    ------
    ValueError, ShapeError
        For sizes and shapes that do not fit.

    Notes
    -----
    A mask (B, T) is used: at a masked step the state stays, bit for bit, and so does the output.
    """

    WEIGHT_NAMES = ("kernel", "recurrent_kernel", "bias")
    KERAS_ONLY: ClassVar = {
        **Layer.KERAS_ONLY,
        "return_state": False,
        "go_backwards": False,
        "stateful": False,
        "unroll": False,
        "use_cudnn": "auto",
        "dropout": 0.0,
        "recurrent_dropout": 0.0,
        "seed": None,
    }
    GATES = 1
    STATES = 1
    supports_masking = True
    consumes_mask = True
    kernel: Variable
    recurrent_kernel: Variable
    bias: Variable | None

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        use_bias: bool = True,
        *,
        return_sequences: bool = False,
        zero_output_for_mask: bool = False,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        **options: Any,
    ):
        super().__init__(
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
            **options,
        )
        self.units = check_size(units, "units")
        self.activation, self.use_bias = activations.get(activation), bool(use_bias)
        self.return_sequences = bool(return_sequences)
        self.zero_output_for_mask = bool(zero_output_for_mask)
        if not self.use_bias:
            self.bias = None

    # The cell ---------------------------------------------------------------------------------

    def step(self, sums: np.ndarray, states: States) -> tuple[States, States]:
        """Return the states after one step, and what `step_backward` needs.

        Parameters
        ----------
        sums : ndarray, (B, GATES * units)
            The inputs of this step times the kernel, plus the bias.
        states : tuple of ndarray, (B, units)
        """
        raise NotImplementedError(f"a recurrent layer must define step. Add it to {self.name}.")

    def step_backward(
        self, saved: States, grads: States, weights: dict[str, np.ndarray]
    ) -> tuple[np.ndarray, States]:
        """Return the gradients of the sums and of the states before the step.

        The gradient of the recurrent kernel (and of a bias of its own) is added to `weights`.
        """
        raise NotImplementedError(f"training needs step_backward. Add it to {self.name}.")

    # Building ---------------------------------------------------------------------------------

    def build(self, input_shape: Any = None) -> None:
        """Make kernel (D, G * units), recurrent kernel (units, G * units) and bias."""
        check_input_shape(self, input_shape, ndim=3)
        columns = self.GATES * self.units
        self.kernel = self.add_named_weight(
            "kernel", (require_axis_length(self, input_shape), columns)
        )
        self.recurrent_kernel = self.add_named_weight(
            "recurrent_kernel", (self.units, columns), options="recurrent"
        )
        if self.use_bias:
            self._build_bias()

    def _build_bias(self) -> None:
        self.bias = self.add_named_weight("bias", (self.GATES * self.units,))

    # Forward and backward ---------------------------------------------------------------------

    def forward(
        self, inputs: Any, mask: Any = None, training: bool = False
    ) -> tuple[np.ndarray, RecurrentContext]:
        """Return the outputs, and the context that `backward` needs.

        Parameters
        ----------
        inputs : array_like, (B, T, D)
        mask : array_like of bool, (B, T), optional
        training : bool

        Returns
        -------
        outputs : ndarray
            The last output (B, units), or with `return_sequences` all (B, T, units).
        context : RecurrentContext
        """
        last = self.kernel.shape[0] if self.built else None
        values = cast_inputs(self, inputs, ndim=3, last=last)
        if not self.built:
            self.build(values.shape)
        if mask is not None:
            mask = as_mask(np.array(mask), values.shape[:2])
            values[~mask] = 0  # whatever stands in the padding, even NaN, never matters
            mask = np.ascontiguousarray(mask.T)
        values = np.ascontiguousarray(values.transpose(1, 0, 2))
        sums = values @ self.in_compute_dtype(self.kernel)
        if self.bias is not None:
            sums += self._input_bias(self.in_compute_dtype(self.bias))
        states: States = tuple(
            np.zeros((values.shape[1], self.units), values.dtype) for _ in range(self.STATES)
        )
        outputs = np.empty((*values.shape[:2], self.units), values.dtype)
        steps = []
        for t in range(len(values)):
            after, saved = self.step(sums[t], states)
            if mask is not None:
                after = tuple(
                    keep_masked_state(mask[t], *pair) for pair in zip(after, states, strict=True)
                )
            states = after
            outputs[t] = states[0]
            steps.append(saved)
        last_output = states[0].copy()
        if mask is not None and self.zero_output_for_mask:
            outputs[~mask] = 0
            last_output = outputs[-1].copy() if steps else last_output
        out = outputs.transpose(1, 0, 2) if self.return_sequences else last_output
        return out, RecurrentContext(values, mask, steps)

    def _input_bias(self, bias: np.ndarray) -> np.ndarray:
        """Return the part of the bias that is added to the inputs, (GATES * units,)."""
        return bias

    def backward(self, context: RecurrentContext, grad: Any) -> Gradients:
        """Return the gradients of the inputs and the weights, going back through time.

        At a masked step the whole gradient goes to the state before it.

        Parameters
        ----------
        context : RecurrentContext
        grad : array_like, the shape of the outputs
        """
        dtype, mask = self.variable_dtype, context.mask
        values = context.inputs.astype(dtype, copy=False)
        times, rows, columns = values.shape
        to_outputs = np.zeros((times, rows, self.units), dtype)
        if self.return_sequences:
            to_outputs[:] = cast_grad(self, grad, (rows, times, self.units)).transpose(1, 0, 2)
        else:
            grad = cast_grad(self, grad, (rows, self.units))
            to_outputs[-1:] = grad
        if mask is not None and self.zero_output_for_mask:
            to_outputs[~mask] = 0
        weights = {weight.name: np.zeros_like(weight.value) for weight in self.weights}
        grads: States = tuple(np.zeros((rows, self.units), dtype) for _ in range(self.STATES))
        to_sums = np.empty((times, rows, self.GATES * self.units), dtype)
        for t in reversed(range(times)):
            grads = (grads[0] + to_outputs[t], *grads[1:])
            stays: States = ()
            if mask is not None:
                parts = [grad_keep_masked_state(mask[t], g) for g in grads]
                grads, stays = tuple(new for new, _ in parts), tuple(old for _, old in parts)
            saved = tuple(array.astype(dtype, copy=False) for array in context.steps[t])
            to_sums[t], grads = self.step_backward(saved, grads, weights)
            if stays:
                grads = tuple(g + stay for g, stay in zip(grads, stays, strict=True))
        flat = to_sums.reshape(-1, to_sums.shape[-1])
        weights["kernel"] += values.reshape(-1, columns).T @ flat
        if self.use_bias:
            self._input_bias(weights["bias"])[...] += flat.sum(axis=0)
        inputs = (flat @ self.kernel.value.T).reshape(values.shape)
        return Gradients(inputs.transpose(1, 0, 2), weights)

    # Masks, shapes, configs -------------------------------------------------------------------

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return the mask with `return_sequences`, else None."""
        return mask if self.return_sequences else None

    def compute_output_shape(self, input_shape: Any) -> tuple[Any, ...]:
        """Return (B, units), or (B, T, units) with `return_sequences`."""
        check_input_shape(self, input_shape, ndim=3)
        rows, times, _ = input_shape
        return (rows, times, self.units) if self.return_sequences else (rows, self.units)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        names = ("units", "use_bias", "return_sequences", "zero_output_for_mask")
        return {
            **super().get_config(),
            **{name: getattr(self, name) for name in names},
            "activation": activations.serialize(self.activation),
        }


class SimpleRNN(Recurrent):
    """A recurrent layer of one state: ``h = tanh(x @ kernel + h @ recurrent_kernel + bias)``.

    Parameters are those of `Recurrent`.

    Notes
    -----
    Source: ``keras.layers.SimpleRNN``.

    Examples
    --------
    >>> layer = SimpleRNN(1, None, kernel_initializer="ones", recurrent_initializer="ones")
    >>> words = np.array([[[1.0], [2.0], [9.0]]])
    >>> layer(words, mask=[[True, True, False]]).tolist()
    [[3.0]]
    """

    def step(self, sums: np.ndarray, states: States) -> tuple[States, States]:
        """Return the state after one step, and what `step_backward` needs."""
        (state,) = states
        before = sums + state @ self.in_compute_dtype(self.recurrent_kernel)
        after = self.activation(before)
        return (after,), (state, before, after)

    def step_backward(
        self, saved: States, grads: States, weights: dict[str, np.ndarray]
    ) -> tuple[np.ndarray, States]:
        """Return the gradients of the sums and of the state before the step."""
        state, before, after = saved
        grad = activations.gradient(self.activation, before, after, grads[0])
        weights["recurrent_kernel"] += state.T @ grad
        return grad, (grad @ self.recurrent_kernel.value.T,)


class _Gated(Recurrent):
    """A recurrent layer with gates: they have an activation of their own."""

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        **options: Any,
    ):
        super().__init__(units, activation, use_bias, **options)
        self.recurrent_activation = activations.get(recurrent_activation)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        gate = activations.serialize(self.recurrent_activation)
        return {**super().get_config(), "recurrent_activation": gate}


class GRU(_Gated):
    """A recurrent layer of one state, with an update gate and a reset gate.

    Parameters
    ----------
    units : int
    activation, recurrent_activation : str or callable
        Of the candidate state, and of the gates.
    others
        As for `Recurrent`.

    Notes
    -----
    With gates z (update) and r (reset), both ``sigmoid(x @ W + h @ U + b)``, and a candidate
    ``c = tanh(x @ W_c + r * (h @ U_c + b_c))`` the new state is ``z * h + (1 - z) * c``. The
    kernels hold z, r, c side by side; the second row of the bias (2, 3 * units) belongs to the
    recurrent kernel. Source: ``keras.layers.GRU`` with ``reset_after=True``; Cho et al. 2014,
    section 2.3.

    Examples
    --------
    >>> layer = GRU(4, return_sequences=True)
    >>> layer(np.ones((2, 3, 5))).shape, layer.bias.shape
    ((2, 3, 4), (2, 12))
    """

    KERAS_ONLY: ClassVar = {**Recurrent.KERAS_ONLY, "reset_after": True}
    GATES = 3

    def _build_bias(self) -> None:
        self.bias = self.add_named_weight("bias", (2, 3 * self.units))

    def _input_bias(self, bias: np.ndarray) -> np.ndarray:
        input_bias: np.ndarray = bias[0]
        return input_bias

    def step(self, sums: np.ndarray, states: States) -> tuple[States, States]:
        """Return the state after one step, and what `step_backward` needs."""
        (state,) = states
        inner = state @ self.in_compute_dtype(self.recurrent_kernel)
        if self.bias is not None:
            inner += self.in_compute_dtype(self.bias)[1]
        *gate_sums, candidate_input = np.split(sums, 3, axis=1)
        *gate_inner, hidden = np.split(inner, 3, axis=1)
        before = [
            inputs + recurrent for inputs, recurrent in zip(gate_sums, gate_inner, strict=True)
        ]
        update, reset = (self.recurrent_activation(gate) for gate in before)
        candidate_sum = candidate_input + reset * hidden
        candidate = self.activation(candidate_sum)
        after = update * state + (1 - update) * candidate
        return (after,), (state, *before, update, reset, hidden, candidate_sum, candidate)

    def step_backward(
        self, saved: States, grads: States, weights: dict[str, np.ndarray]
    ) -> tuple[np.ndarray, States]:
        """Return the gradients of the sums and of the state before the step."""
        state, update_sum, reset_sum, update, reset, hidden, candidate_sum, candidate = saved
        (grad,), gate = grads, self.recurrent_activation
        to_candidate = activations.gradient(
            self.activation, candidate_sum, candidate, grad * (1 - update)
        )
        to_update = activations.gradient(gate, update_sum, update, grad * (state - candidate))
        to_reset = activations.gradient(gate, reset_sum, reset, to_candidate * hidden)
        to_inner = np.hstack([to_update, to_reset, to_candidate * reset])
        weights["recurrent_kernel"] += state.T @ to_inner
        if self.use_bias:
            weights["bias"][1] += to_inner.sum(axis=0)
        to_state = to_inner @ self.recurrent_kernel.value.T + grad * update
        return np.hstack([to_update, to_reset, to_candidate]), (to_state,)


class LSTM(_Gated):
    """A recurrent layer of two states, the output and a cell state behind gates.

    Parameters
    ----------
    units : int
    activation, recurrent_activation : str or callable
        Of the candidate and the output, and of the gates.
    unit_forget_bias : bool
        Start the bias of the forget gate at 1, so that the cell state is kept at first.
    others
        As for `Recurrent`.

    Notes
    -----
    With gates i (input), f (forget) and o (output), each ``sigmoid(x @ W + h @ U + b)``, and a
    candidate ``g = tanh(x @ W + h @ U + b)``: ``c = f * c + i * g`` and ``h = o * tanh(c)``. The
    kernels hold i, f, g, o side by side. Source: ``keras.layers.LSTM``; Hochreiter, Schmidhuber
    1997; the forget gate: Gers et al. 2000.

    Examples
    --------
    >>> layer = LSTM(4)
    >>> layer(np.ones((2, 3, 5))).shape, layer.bias.shape
    ((2, 4), (16,))
    """

    GATES = 4
    STATES = 2

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        *,
        unit_forget_bias: bool = True,
        **options: Any,
    ):
        super().__init__(units, activation, recurrent_activation, use_bias, **options)
        self.unit_forget_bias = bool(unit_forget_bias)

    def _build_bias(self) -> None:
        initializer = self._weight_options["bias_initializer"]

        def with_ones(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
            first, rest = (
                initializer(part, dtype=dtype) for part in [(self.units,), (2 * self.units,)]
            )
            return np.concatenate([first, np.ones(self.units), rest])

        start = with_ones if self.unit_forget_bias else None
        self.bias = self.add_named_weight("bias", (4 * self.units,), start)

    def step(self, sums: np.ndarray, states: States) -> tuple[States, States]:
        """Return the states after one step, and what `step_backward` needs."""
        state, cell = states
        before = sums + state @ self.in_compute_dtype(self.recurrent_kernel)
        parts = np.split(before, 4, axis=1)
        gates = [bend(part) for bend, part in zip(self._bends, parts, strict=True)]
        into, forget, candidate, out = gates
        new_cell = forget * cell + into * candidate
        activated = self.activation(new_cell)
        return (out * activated, new_cell), (
            state,
            cell,
            before,
            np.hstack(gates),
            new_cell,
            activated,
        )

    @property
    def _bends(self) -> tuple[Any, ...]:
        """The activations of i, f, g, o."""
        gate = self.recurrent_activation
        return gate, gate, self.activation, gate

    def step_backward(
        self, saved: States, grads: States, weights: dict[str, np.ndarray]
    ) -> tuple[np.ndarray, States]:
        """Return the gradients of the sums and of the states before the step."""
        state, cell, before, gates, new_cell, activated = saved
        parts, outs = np.split(before, 4, axis=1), np.split(gates, 4, axis=1)
        into, forget, candidate, out = outs
        to_cell = grads[1] + activations.gradient(
            self.activation, new_cell, activated, grads[0] * out
        )
        to_gates = [to_cell * candidate, to_cell * cell, to_cell * into, grads[0] * activated]
        to_sums = np.hstack(
            [
                activations.gradient(bend, part, gate, grad)
                for bend, part, gate, grad in zip(self._bends, parts, outs, to_gates, strict=True)
            ]
        )
        weights["recurrent_kernel"] += state.T @ to_sums
        return to_sums, (to_sums @ self.recurrent_kernel.value.T, to_cell * forget)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        return {**super().get_config(), "unit_forget_bias": self.unit_forget_bias}

"""SimpleRNN, GRU and LSTM: one state after the other along time, under a mask.

The time axis comes first inside, so that each step reads and writes one contiguous block.
"""

from typing import Any, ClassVar

import numpy as np

from embedlab import activations
from embedlab.activations import gradient, sigmoid
from embedlab.core.checks import check_flag, check_size
from embedlab.core.mask import as_mask, grad_keep_masked_state, keep_masked_state
from embedlab.layers.input_checks import cast_grad, cast_inputs, check_input_shape, input_width
from embedlab.layers.layer import Gradients, Layer
from embedlab.layers.variable import Variable
from embedlab.registry import not_defined

__all__ = ["GRU", "LSTM", "Recurrent", "SimpleRNN"]

Arrays = tuple[np.ndarray, ...]
"""The states of a cell, (B, units) each, the first being its output; or what a step saves."""


SavedSteps = tuple[np.ndarray, np.ndarray | None, np.ndarray, list[Arrays]]
"""Inputs (T, B, D), mask (T, B), first states (T + 1, B, units), and what each step saves."""


class Recurrent(Layer):
    """The base of the recurrent layers: a subclass defines `_step` and `_step_backward`.

    A mask (B, T) is used: at a masked step the state stays, bit for bit, and so does the output.
    ValueError or ShapeError for sizes and shapes that do not fit.

    Parameters
    ----------
    units : int
    activation : str or callable
    use_bias : bool
    return_sequences : bool
        Return the output of every step instead of the last; only then a mask passes on.
    kernel_initializer, recurrent_initializer, bias_initializer : optional
        And the same with regularizer and constraint.
    name, dtype, trainable : as for every `Layer`
    """

    WEIGHTS: ClassVar = {
        "kernel": "glorot_uniform",
        "recurrent_kernel": "orthogonal",
        "bias": "zeros",
    }
    CONFIG = ("units", "activation", "use_bias", "return_sequences")
    KERAS_ONLY: ClassVar = {
        **Layer.KERAS_ONLY,
        **dict.fromkeys(("return_state", "go_backwards", "stateful", "unroll"), False),
        **dict.fromkeys(("zero_output_for_mask", "dropout", "recurrent_dropout"), 0),
        "use_cudnn": "auto",
        "seed": None,
    }
    BACKWARD_READS = ("kernel", "recurrent_kernel")
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
        *,
        use_bias: bool = True,
        return_sequences: bool = False,
        **options: Any,
    ):
        super().__init__(**options)
        self.units = check_size(units, "units")
        self.activation = activations.get(activation)
        self.use_bias = check_flag(use_bias, "use_bias")
        self.return_sequences = check_flag(return_sequences, "return_sequences")
        if not self.use_bias:
            self.bias = None

    def _step(self, x: np.ndarray, h: np.ndarray, states: Arrays) -> tuple[Arrays, Arrays]:
        """Return the states after one step, and what `_step_backward` needs.

        `x` and `h`, (B, GATES * units), are the inputs times the kernel and the first state times
        the recurrent kernel, each with its bias; they may be written over.
        """
        raise not_defined(self, "_step(x, h, states)")

    def _step_backward(self, saved: Arrays, grads: Arrays) -> tuple[np.ndarray, np.ndarray, Arrays]:
        """Return the gradients of `x`, of `h`, and of the states but for their part in `h`."""
        raise not_defined(self, "_step_backward(saved, grads) to be trained")

    def build(self, input_shape: Any = None) -> None:
        """Make kernel (D, G * units), recurrent kernel (units, G * units) and bias."""
        width, columns = input_width(self, input_shape, ndim=3), self.GATES * self.units
        self.kernel = self.add_named_weight("kernel", (width, columns))
        self.recurrent_kernel = self.add_named_weight("recurrent_kernel", (self.units, columns))
        if self.use_bias:
            self._build_bias()

    def _build_bias(self) -> None:
        self.bias = self.add_named_weight("bias", (self.GATES * self.units,))

    def forward(self, inputs: Any, mask: Any = None) -> tuple[np.ndarray, SavedSteps]:
        """Return the outputs for inputs (B, T, D) and a mask (B, T), and the context of `backward`.

        The outputs are the last (B, units), or with `return_sequences` all (B, T, units).
        """
        values = cast_inputs(self, inputs, ndim=3)
        if mask is not None:
            mask = as_mask(mask, values.shape[:2]).copy()
            values[~mask] = 0  # whatever stands in the padding, even NaN, never matters
            mask = np.ascontiguousarray(mask.T)
        values = np.ascontiguousarray(values.transpose(1, 0, 2))
        kernel, recurrent_kernel = map(self.in_compute_dtype, (self.kernel, self.recurrent_kernel))
        bias: Any = 0 if self.bias is None else self.in_compute_dtype(self.bias)
        x_bias, h_bias = bias if np.ndim(bias) == 2 else (bias, 0)
        x = values @ kernel
        x += x_bias  # in place: a second array of this size would take longer than the product
        hidden = np.zeros((len(x) + 1, x.shape[1], self.units), x.dtype)
        states: Arrays = (hidden[0],) * self.STATES
        steps = []
        for t in range(len(x)):
            h = states[0] @ recurrent_kernel
            h += h_bias
            after, saved = self._step(x[t], h, states)
            if mask is not None:
                pairs = zip(after, states, strict=True)
                after = tuple(keep_masked_state(mask[t], new, old) for new, old in pairs)
            states, hidden[t + 1] = after, after[0]
            steps.append(saved)
        # A copy: the caller may change the outputs, and `backward` needs the states.
        outputs = hidden[1:].copy() if self.return_sequences else hidden[-1:].copy()
        out = outputs.transpose(1, 0, 2) if self.return_sequences else outputs[0]
        return out, (values, mask, hidden, steps)

    def backward(self, saved: SavedSteps, grad: Any) -> Gradients:
        """Return the gradients of the inputs and the weights, going back through time.

        At a masked step the whole gradient goes to the state before it.
        """
        dtype, (values, mask, hidden, steps) = self.variable_dtype, saved
        values, hidden = (array.astype(dtype, copy=False) for array in (values, hidden))
        times, rows, width = values.shape
        to_outputs = np.zeros((times, rows, self.units), dtype)
        if self.return_sequences:
            to_outputs[:] = cast_grad(self, grad, (rows, times, self.units)).transpose(1, 0, 2)
        else:
            to_outputs[-1:] = cast_grad(self, grad, (rows, self.units))
        to_x = np.empty((times, rows, self.GATES * self.units), dtype)
        to_h = np.empty_like(to_x)
        grads: Arrays = (np.zeros((rows, self.units), dtype),) * self.STATES
        back = np.ascontiguousarray(self.recurrent_kernel.value.T)  # twice as fast in each step
        for t in reversed(range(times)):
            grads = (grads[0] + to_outputs[t], *grads[1:])
            masked: Arrays = ()
            if mask is not None:
                pairs = [grad_keep_masked_state(mask[t], grad) for grad in grads]
                grads, masked = zip(*pairs, strict=True)
            of_step = tuple(array.astype(dtype, copy=False) for array in steps[t])
            to_x[t], to_h[t], direct = self._step_backward(of_step, grads)
            grads = (direct[0] + to_h[t] @ back, *direct[1:])
            if mask is not None:
                grads = tuple(g + stays for g, stays in zip(grads, masked, strict=True))
        x, h = (sums.reshape(-1, sums.shape[-1]) for sums in (to_x, to_h))
        weights = {
            "kernel": values.reshape(len(x), width).T @ x,
            "recurrent_kernel": hidden[:-1].reshape(-1, self.units).T @ h,
        }
        if self.bias is not None:
            two = self.bias.ndim == 2  # the second row belongs to the recurrent kernel
            weights["bias"] = np.stack([x.sum(axis=0), h.sum(axis=0)]) if two else x.sum(axis=0)
        inputs = (x @ self.kernel.value.T).reshape(values.shape)
        return Gradients(inputs.transpose(1, 0, 2), weights)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return the mask with `return_sequences`, else None."""
        return mask if self.return_sequences else None

    def compute_output_shape(self, input_shape: Any) -> tuple[Any, ...]:
        """Return (B, units), or (B, T, units) with `return_sequences`."""
        check_input_shape(self, input_shape, ndim=3)
        rows, times, _ = input_shape
        return (rows, times, self.units) if self.return_sequences else (rows, self.units)


class SimpleRNN(Recurrent):
    """A recurrent layer of one state: ``h = tanh(x @ kernel + h @ recurrent_kernel + bias)``.

    Parameters are those of `Recurrent`. Source: ``keras.layers.SimpleRNN``.

    >>> layer = SimpleRNN(1, None, kernel_initializer="ones", recurrent_initializer="ones")
    >>> words = np.array([[[1.0], [2.0], [9.0]]])
    >>> layer(words, mask=[[True, True, False]]).tolist()
    [[3.0]]
    """

    def _step(self, x: np.ndarray, h: np.ndarray, states: Arrays) -> tuple[Arrays, Arrays]:
        x += h
        after = self.activation(x)
        return (after,), (x, after)

    def _step_backward(self, saved: Arrays, grads: Arrays) -> tuple[np.ndarray, np.ndarray, Arrays]:
        before, after = saved
        grad = gradient(self.activation, before, after, grads[0])
        return grad, grad, (np.zeros_like(grads[0]),)


class GRU(Recurrent):
    """A recurrent layer of one state, with an update gate and a reset gate.

    Parameters are those of `Recurrent`; the activation is that of the candidate state.

    With gates z (update) and r (reset), both ``sigmoid(x @ W + h @ U + b)``, and a candidate
    ``c = tanh(x @ W_c + r * (h @ U_c + b_c))`` the new state is ``z * h + (1 - z) * c``. The
    kernels hold z, r, c side by side; the second row of the bias (2, 3 * units) belongs to the
    recurrent kernel. Source: ``keras.layers.GRU`` with ``reset_after=True``; Cho et al. 2014,
    section 2.3.

    >>> layer = GRU(4, return_sequences=True)
    >>> layer(np.ones((2, 3, 5))).shape, layer.bias.shape
    ((2, 3, 4), (2, 12))
    """

    KERAS_ONLY: ClassVar = {
        **Recurrent.KERAS_ONLY,
        "recurrent_activation": "sigmoid",
        "reset_after": True,
    }
    GATES = 3

    def _build_bias(self) -> None:
        self.bias = self.add_named_weight("bias", (2, 3 * self.units))

    def _step(self, x: np.ndarray, h: np.ndarray, states: Arrays) -> tuple[Arrays, Arrays]:
        (state,), gates = states, slice(2 * self.units)
        update, reset = _parts(sigmoid(x[:, gates] + h[:, gates]), 2)
        candidate_h = h[:, gates.stop :]
        candidate_sum = x[:, gates.stop :] + reset * candidate_h
        candidate = self.activation(candidate_sum)
        after = update * state + (1 - update) * candidate
        return (after,), (state, candidate_h, update, reset, candidate_sum, candidate)

    def _step_backward(self, saved: Arrays, grads: Arrays) -> tuple[np.ndarray, np.ndarray, Arrays]:
        state, candidate_h, update, reset, candidate_sum, candidate = saved
        (grad,) = grads
        to_candidate = gradient(self.activation, candidate_sum, candidate, grad * (1 - update))
        to_update = grad * (state - candidate) * (update * (1 - update))
        to_reset = to_candidate * candidate_h * (reset * (1 - reset))
        to_x = np.hstack([to_update, to_reset, to_candidate])
        to_h = np.hstack([to_update, to_reset, to_candidate * reset])
        return to_x, to_h, (grad * update,)


class LSTM(Recurrent):
    """A recurrent layer of two states, the output and a cell state behind gates.

    Parameters are those of `Recurrent`; the activation is that of the candidate and the output.

    With gates i (input), f (forget) and o (output), each ``sigmoid(x @ W + h @ U + b)``, and a
    candidate ``g = tanh(x @ W + h @ U + b)``: ``c = f * c + i * g`` and ``h = o * tanh(c)``. The
    kernels hold i, f, g, o side by side. The bias of the forget gate starts at 1, so that the cell
    state is kept at first. Source: ``keras.layers.LSTM``; Hochreiter, Schmidhuber 1997; the forget
    gate: Gers et al. 2000.

    >>> layer = LSTM(4)
    >>> layer(np.ones((2, 3, 5))).shape, layer.bias.shape
    ((2, 4), (16,))
    """

    GATES = 4
    STATES = 2
    KERAS_ONLY: ClassVar = {
        **Recurrent.KERAS_ONLY,
        "recurrent_activation": "sigmoid",
        "unit_forget_bias": True,
    }

    def _build_bias(self) -> None:
        def open_forget_gate(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
            into, rest = (self.bias_initializer((n * self.units,), dtype=dtype) for n in (1, 2))
            return np.concatenate([into, np.ones(self.units), rest])

        self.bias = self.add_named_weight("bias", (4 * self.units,), open_forget_gate)

    def _step(self, x: np.ndarray, h: np.ndarray, states: Arrays) -> tuple[Arrays, Arrays]:
        x += h
        candidate_sum = _parts(x, 4)[2]
        gates = sigmoid(x)  # one call for all takes half as long as three; the third is not used
        into, forget, _, out = _parts(gates, 4)
        candidate = self.activation(candidate_sum)
        new_cell = forget * states[1] + into * candidate
        activated = self.activation(new_cell)
        saved = (states[1], new_cell, activated, gates, candidate_sum, candidate)
        return (out * activated, new_cell), saved

    def _step_backward(self, saved: Arrays, grads: Arrays) -> tuple[np.ndarray, np.ndarray, Arrays]:
        cell, new_cell, activated, gates, candidate_sum, candidate = saved
        into, forget, _, out = _parts(gates, 4)
        to_cell = grads[1] + gradient(self.activation, new_cell, activated, grads[0] * out)
        to_candidate = gradient(self.activation, candidate_sum, candidate, to_cell * into)
        to_gates = [to_cell * candidate, to_cell * cell, to_candidate, grads[0] * activated]
        slopes = gates * (1 - gates)
        _parts(slopes, 4)[2][:] = 1
        to_sums = np.hstack(to_gates) * slopes
        return to_sums, to_sums, (np.zeros_like(grads[0]), to_cell * forget)


def _parts(array: np.ndarray, count: int) -> list[np.ndarray]:
    """Return equal parts of the last axis, as np.split, which takes five times as long."""
    width = array.shape[1] // count
    return [array[:, n * width : (n + 1) * width] for n in range(count)]

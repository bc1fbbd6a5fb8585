"""What SimpleRNN, GRU and LSTM share: all but the one step of time that makes them different."""

from typing import Any, NamedTuple

import numpy as np

from embedlab import activations
from embedlab.core.checks import ShapeError, check_size
from embedlab.core.mask import as_mask
from embedlab.layers.base import Gradients
from embedlab.layers.dropout import check_rate, dropout_factors
from embedlab.layers.input_checks import (
    cast_grad,
    cast_inputs,
    check_input_shape,
    require_axis_length,
)
from embedlab.layers.symbolic import KerasTensor
from embedlab.layers.variable import Variable
from embedlab.layers.walk import States, walk, walk_back
from embedlab.layers.weighted import Weighted

__all__ = ["Recurrent", "RecurrentContext"]


class RecurrentContext(NamedTuple):
    """What `Recurrent.forward` leaves for `Recurrent.backward`, in the order of the walk.

    Attributes
    ----------
    inputs : ndarray, (B, T, D)
        After dropout, with zeros at the masked steps.
    mask : ndarray of bool, (B, T), or None
    steps : list of tuple of ndarray, or LSTMWalk
        What each step of the cell has kept; of an LSTM in the core what all of them have.
    drop, drop_state : ndarray or None
        The factors of the two dropouts.
    given : bool
        Whether the caller gave the initial states.
    """

    inputs: np.ndarray
    mask: np.ndarray | None
    steps: Any
    drop: np.ndarray | None
    drop_state: np.ndarray | None
    given: bool


class Recurrent(Weighted):
    """The base of the recurrent layers. A kind of its own defines the cell: five names.

    `GATES` and `STATES` say how many there are, `input_bias` which bias is added to the inputs,
    `step` goes one step forward, `step_back` back.
    """

    PARTS = ("kernel", "recurrent_kernel", "bias")
    GATES = 1
    STATES = 1
    supports_masking = True
    consumes_mask = True
    kernel: Variable
    recurrent_kernel: Variable
    bias: Variable

    def __init__(
        self,
        units: int,
        about: dict[str, Any],
        *,
        activation: Any,
        use_bias: bool,
        dropout: float,
        recurrent_dropout: float,
        seed: int | None,
        return_sequences: bool,
        return_state: bool,
        go_backwards: bool,
        stateful: bool,
        unroll: bool,
        zero_output_for_mask: bool = False,
        **options: Any,
    ):
        super().__init__(about, **options)
        self.units = check_size(units, "units")
        self.activation, self.use_bias = activations.get(activation), bool(use_bias)
        self.dropout = check_rate(dropout, "dropout")
        self.recurrent_dropout = check_rate(recurrent_dropout, "recurrent_dropout")
        self.seed = seed
        self.return_sequences, self.return_state = bool(return_sequences), bool(return_state)
        self.go_backwards, self.stateful = bool(go_backwards), bool(stateful)
        self.unroll = bool(unroll)  # accepted and kept: there is no graph to unroll
        self.zero_output_for_mask = bool(zero_output_for_mask)
        self._rng = np.random.default_rng(seed)
        self.states: States | None = None

    # The cell ---------------------------------------------------------------------------------

    def input_bias(self) -> Any:
        """Return the bias that belongs to the inputs, (GATES * units,)."""
        return self.computed(self.bias)

    def step(self, sums: np.ndarray, states: States, seen: np.ndarray) -> tuple[States, States]:
        """Return the new states, and what `step_back` needs: see `embedlab.layers.walk.Cell`."""
        raise NotImplementedError(f"a recurrent layer must define step. Add it to {self.name}.")

    def step_back(
        self, left: States, grads: States, to: dict[str, np.ndarray]
    ) -> tuple[np.ndarray, np.ndarray, States]:
        """Return the gradients of what went into `step`: see `embedlab.layers.walk.Cell`."""
        raise NotImplementedError(f"training needs step_back. {self.name} has none. Add it.")

    def _usual(self, sums: np.ndarray) -> bool:
        """Return whether a compiled step of the core serves: tanh, sigmoid, and no half floats."""
        gate = getattr(self, "recurrent_activation", activations.sigmoid)
        usual = self.activation is activations.tanh and gate is activations.sigmoid
        return usual and sums.dtype.char != "e"

    # Building ---------------------------------------------------------------------------------

    def build(self, input_shape: Any = None) -> None:
        """Make kernel (D, G * units), recurrent kernel (units, G * units) and bias."""
        check_input_shape(self, input_shape, ndim=3)
        wide = self.GATES * self.units
        self.kernel = self.add_part("kernel", (require_axis_length(self, input_shape), wide))
        self.recurrent_kernel = self.add_part(
            "recurrent_kernel", (self.units, wide), about="recurrent"
        )
        if self.use_bias:
            self._build_bias()

    def _build_bias(self) -> None:
        self.bias = self.add_part("bias", (self.GATES * self.units,))

    # Forward ----------------------------------------------------------------------------------

    def forward(
        self, inputs: Any, mask: Any = None, training: bool = False, initial_state: Any = None
    ) -> tuple[Any, RecurrentContext]:
        """Return the outputs, and the context that `backward` needs.

        Parameters
        ----------
        inputs : array_like, (B, T, D)
        mask : array_like of bool, (B, T), optional
        training : bool
            Whether dropout is at work.
        initial_state : array_like (B, units) or list of them, optional
            Zeros unless told (or, with `stateful`, where the last call has ended).

        Returns
        -------
        outputs : ndarray or list
            The last output (B, units), or with `return_sequences` all (B, T, units); with
            `return_state` a list with the last states after it.
        context : RecurrentContext
        """
        last = self.kernel.shape[0] if self.built else None
        values = cast_inputs(self, inputs, ndim=3, last=last)
        if not self.built:
            self.build(values.shape)
        if mask is not None:
            mask = as_mask(np.array(mask), values.shape[:2])
            values[~mask] = 0  # whatever stands in the padding, even NaN, never matters
        if self.go_backwards:
            values, mask = values[:, ::-1], None if mask is None else mask[:, ::-1]
        drop, drop_state = self._draw(values, training)
        if drop is not None:
            values = values * drop[:, None]
        states = self._start(initial_state, len(values), values.dtype)
        outputs, states, steps = self._walk(values, mask, states, drop_state)
        if mask is not None and self.zero_output_for_mask:
            outputs[~mask] = 0
        if self.stateful:
            self.states = tuple(state.copy() for state in states)
        given = initial_state is not None
        context = RecurrentContext(values, mask, steps, drop, drop_state, given)
        out = outputs if self.return_sequences else _last(outputs, states)
        return ([out, *(s.copy() for s in states)] if self.return_state else out), context

    def _sums(self, values: np.ndarray) -> np.ndarray:
        """Return (..., GATES * units): the inputs of all steps times their kernel, and the bias."""
        sums = values @ self.computed(self.kernel)
        if self.use_bias:
            sums += self.input_bias()
        return sums

    def _walk(
        self, values: np.ndarray, mask: Any, states: States, drop_state: Any
    ) -> tuple[np.ndarray, States, Any]:
        """Return the output of every step, the last states, and what the way back needs."""
        return walk(self, self._sums(values), mask, states, drop_state)

    def _walk_back(
        self,
        context: RecurrentContext,
        to_outputs: np.ndarray,
        grads: States,
        to: dict[str, np.ndarray],
    ) -> tuple[np.ndarray, States]:
        """Return the gradients of the sums (B, T, GATES * units), and of the first states."""
        return walk_back(
            self, context.steps, context.mask, to_outputs, grads, to, context.drop_state
        )

    def _draw(self, values: np.ndarray, training: bool) -> tuple[Any, Any]:
        """Return the factors of both dropouts: one draw serves all time steps."""
        rows, _, columns = values.shape
        drop = drop_state = None
        if training and self.dropout:
            drop = dropout_factors(self._rng, (rows, columns), self.dropout, values.dtype)
        if training and self.recurrent_dropout:
            drop_state = dropout_factors(
                self._rng, (rows, self.units), self.recurrent_dropout, values.dtype
            )
        return drop, drop_state

    def _start(self, initial_state: Any, rows: int, dtype: Any) -> States:
        shape = (rows, self.units)
        if initial_state is None:
            if self.stateful and self.states is not None:
                initial_state = self.states
            else:
                return tuple(np.zeros(shape, dtype) for _ in range(self.STATES))
        elif self.STATES == 1 and not isinstance(initial_state, (list, tuple)):
            initial_state = [initial_state]
        came = [np.shape(state) for state in initial_state]
        if came != [shape] * self.STATES:
            raise ShapeError(
                f"initial_state of {self.name!r} must hold {self.STATES} of shape {shape}. "
                f"Received {came}. Pass what return_state=True gave (stateful: reset_states())."
            )
        return tuple(np.array(state, dtype) for state in initial_state)

    # Backward ---------------------------------------------------------------------------------

    def backward(self, context: RecurrentContext, grad: Any) -> Gradients:
        """Return the gradients of the inputs and the weights, walking back through time.

        Parameters
        ----------
        context : RecurrentContext
        grad : array_like, or list of them
            In the form of the outputs; None in a list where nothing comes back.

        Returns
        -------
        Gradients
            `inputs` is the gradient of the sequence; of ``[sequence, *states]`` where the caller
            gave an initial state. At a masked step everything goes to the state before it.
        """
        values = context.inputs.astype(self.variable_dtype, copy=False)
        to_outputs, grads = self._arrivals(values, context.mask, grad)
        to = {w.name: np.zeros_like(w.value) for w in self.weights}
        to_sums, grads = self._walk_back(context, to_outputs, grads, to)
        to_sums = to_sums.reshape(*values.shape[:2], self.GATES * self.units)
        return self._gather(context, values, to_sums, grads, to)

    def _arrivals(self, values: np.ndarray, mask: Any, grad: Any) -> tuple[np.ndarray, States]:
        """Return what comes back to the output of every step, and to the last states."""
        shape = (len(values), self.units)
        grad, *rest = grad if self.return_state else [grad]
        came = [None if g is None else cast_grad(self, g, shape) for g in rest]
        filled = [np.zeros(shape, values.dtype) if g is None else g for g in came]
        filled += [np.zeros(shape, values.dtype) for _ in range(self.STATES - len(filled))]
        to_outputs = np.zeros((*values.shape[:2], self.units), values.dtype)
        if grad is not None:
            if self.return_sequences:
                to_outputs[:] = cast_grad(self, grad, to_outputs.shape)
            elif values.shape[1]:
                to_outputs[:, -1] = cast_grad(self, grad, shape)
            else:  # no step at all: the output was the initial state
                filled[0] = filled[0] + cast_grad(self, grad, shape)
        if mask is not None and self.zero_output_for_mask:
            to_outputs[~mask] = 0
        return to_outputs, tuple(filled)

    def _gather(
        self,
        context: RecurrentContext,
        values: np.ndarray,
        to_sums: np.ndarray,
        grads: States,
        to: dict[str, np.ndarray],
    ) -> Gradients:
        early = to_sums.transpose(1, 0, 2).flags.c_contiguous  # as it was walked: nothing is copied
        if early:
            values, to_sums = values.transpose(1, 0, 2), to_sums.transpose(1, 0, 2)
        flat = to_sums.reshape(-1, to_sums.shape[-1])
        to["kernel"] += values.reshape(-1, values.shape[-1]).T @ flat
        if self.use_bias:
            to["bias"] += self._to_bias(flat.sum(axis=0))
        inputs = (flat @ self.kernel.value.T).reshape(values.shape)
        if early:
            inputs = inputs.transpose(1, 0, 2)
        if context.drop is not None:
            inputs *= context.drop[:, None]
        if self.go_backwards:
            inputs = inputs[:, ::-1]
        return Gradients([inputs, *grads] if context.given else inputs, to)

    def _to_bias(self, total: np.ndarray) -> np.ndarray:
        return total

    # States, masks, shapes --------------------------------------------------------------------

    def reset_states(self) -> None:
        """Forget where the last call of a stateful layer has ended."""
        self.states = None

    reset_state = reset_states

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return the mask with `return_sequences`, turned round with `go_backwards`; else None.

        With `return_state` a list, with None for each state.
        """
        out = mask if self.return_sequences else None
        if out is not None and self.go_backwards and not isinstance(out, KerasTensor):
            out = np.asarray(out)[:, ::-1]  # beside outputs that come in the order of the walk
        return [out, *[None] * self.STATES] if self.return_state else out

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return (B, units), or (B, T, units) with `return_sequences`; a tuple with states."""
        shape = tuple(input_shape)
        check_input_shape(self, shape, ndim=3)
        out = (*shape[:2], self.units) if self.return_sequences else (shape[0], self.units)
        return (out, *[(shape[0], self.units)] * self.STATES) if self.return_state else out

    def compute_output_spec(self, inputs: KerasTensor) -> Any:
        """Return the placeholder of the outputs; a list of them with `return_state`."""
        shape = self.compute_output_shape(inputs.shape)
        if not self.return_state:
            return KerasTensor(shape, self.compute_dtype)
        return [KerasTensor(one, self.compute_dtype) for one in shape]

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        own = (
            "units",
            "use_bias",
            "dropout",
            "recurrent_dropout",
            "seed",
            "return_sequences",
            "return_state",
            "go_backwards",
            "stateful",
            "unroll",
            "zero_output_for_mask",
        )
        return {
            **super().get_config(),
            **{name: getattr(self, name) for name in own},
            "activation": activations.serialize(self.activation),
        }


def _last(outputs: np.ndarray, states: States) -> np.ndarray:
    return (outputs[:, -1] if outputs.shape[1] else states[0]).copy()

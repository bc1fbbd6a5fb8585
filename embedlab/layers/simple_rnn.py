"""SimpleRNN: the new state is the step and the old state, each through a kernel."""

from typing import Any

import numpy as np

from embedlab import activations
from embedlab.layers.recurrent import Recurrent
from embedlab.layers.walk import States

__all__ = ["SimpleRNN"]


class SimpleRNN(Recurrent):
    """Walk along a sequence with one state: ``h = tanh(x @ kernel + h @ recurrent_kernel + bias)``.

    Parameters
    ----------
    units : int
    activation : str or callable
    use_bias : bool
    kernel_initializer, recurrent_initializer, bias_initializer : optional
    kernel_regularizer, recurrent_regularizer, bias_regularizer : optional
    kernel_constraint, recurrent_constraint, bias_constraint : optional
    dropout, recurrent_dropout : float
        Shares of the inputs and of the state that are dropped in training; one draw serves all
        time steps of a call.
    return_sequences : bool
        Give the output of every step instead of the last; only then a mask passes on.
    return_state : bool
        Give a list, with the last state after the outputs.
    go_backwards : bool
        Walk from the end; outputs (and their mask) come in the order of the walk.
    stateful : bool
        Begin where the last call has ended, until `reset_states`.
    unroll : bool
        Kept for Keras's sake.
    seed : int, optional
        For the two dropouts.
    zero_output_for_mask : bool
        Give zeros at masked steps instead of the output before them.
    activity_regularizer, name, dtype, trainable
        As for every `Layer`.

    Raises
    ------
    ValueError, ShapeError
        For sizes, shares and shapes that do not fit.

    Notes
    -----
    A mask (B, T) is used: at a masked step the state stays, and so does the output. On purpose
    different: with `go_backwards` and `return_sequences` the mask that goes out is turned round
    with the outputs (Keras leaves it as it came). Source: ``keras.layers.SimpleRNN``.

    Examples
    --------
    >>> layer = SimpleRNN(1, None, kernel_initializer="ones", recurrent_initializer="ones")
    >>> words = np.array([[[1.0], [2.0], [9.0]]])
    >>> layer(words, mask=[[True, True, False]]).tolist()
    [[3.0]]
    """

    GATES = 1
    STATES = 1

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
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
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        seed: int | None = None,
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

    def step(self, sums: np.ndarray, states: States, seen: np.ndarray) -> tuple[States, States]:
        """Return the new state, and what `step_back` needs."""
        before = sums + seen @ self.computed(self.recurrent_kernel)
        new = self.activation(before)
        return (new,), (seen, before, new)

    def step_back(
        self, left: States, grads: States, to: dict[str, np.ndarray]
    ) -> tuple[np.ndarray, np.ndarray, States]:
        """Return the gradients of the sums, of the state that the kernel saw, and of no other."""
        seen, before, new = left
        grad = activations.gradient(self.activation, before, new, grads[0])
        to["recurrent_kernel"] += seen.T @ grad
        return grad, grad @ self.recurrent_kernel.value.T, (np.zeros_like(seen),)

"""Models: one chain of layers that is compiled, fitted, asked to predict, and saved."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from embedlab import layers as layers_module
from embedlab import losses, optimizers
from embedlab.budget import CALL, charge
from embedlab.callbacks import History
from embedlab.core.checks import (
    ShapeError,
    check_choice,
    check_flag,
    check_size,
    message,
    short_repr,
)
from embedlab.core.gradient import add_gradients
from embedlab.layers.layer import Context, Gradients, Layer
from embedlab.layers.symbolic import KerasTensor, not_a_chain
from embedlab.metrics import Accuracy
from embedlab.metrics import get as get_metric
from embedlab.models.config import MODEL_CLASSES, layer_from_config
from embedlab.models.files import load_weights, save_model, save_weights
from embedlab.models.fit import (
    Totals,
    as_callbacks,
    as_pair,
    as_samples,
    as_verbose,
    batches,
    forward_step,
    positions_of_caller,
    train_step,
)
from embedlab.models.masks import MaskNote, check_mask_survives, follow_mask
from embedlab.registry import drop_keras_defaults

__all__ = ["Model"]

_LEFT_TO_KERAS = {
    **dict.fromkeys(("loss_weights", "weighted_metrics", "class_weight", "sample_weight", "steps")),
    **dict.fromkeys(("callbacks", "steps_per_epoch", "validation_steps", "validation_batch_size")),
    **dict.fromkeys(("run_eagerly", "initial_epoch", "validation_split"), 0),
    **dict.fromkeys(("auto_scale_loss", "steps_per_execution", "validation_freq"), 1),
    "jit_compile": "auto",
}
"""Arguments of Keras's compile, fit, evaluate and predict, with defaults that ask for nothing."""


class Model(Layer):
    """One chain of layers, from an `Input` to the output of the last layer.

    Parameters
    ----------
    inputs, outputs : KerasTensor
        The placeholder of `Input`, and the one that the last layer returned.
    name : str, optional
    trainable : bool
    strict_masks : {"raise", "warn", "ignore"}
        What happens when a layer would lose a mask: an exception, as Keras 1 documents it; a
        warning, as in Keras 3; or nothing.

    Notes
    -----
    Branches, several inputs or outputs and merging layers are a ValueError, and left to Keras: put
    `embedlab.keras.Embedding` into `keras.Model`. A subclass with a `call` of its own can
    predict, save and load weights; to be trained, layers must stand in a chain.

    Examples
    --------
    >>> from embedlab.layers import Dense, Embedding, Input
    >>> ids = Input((3,), dtype="int32")
    >>> model = Model(ids, Dense(2)(Embedding(9, 4)(ids)))
    >>> model.compile("sgd", "mse")
    >>> model.fit([[1, 2, 3]], [[[0, 1]] * 3], epochs=2, verbose=0).epoch
    [0, 1]
    >>> model.predict([[1, 2, 3]]).shape, model.output_shape
    ((1, 3, 2), (None, 3, 2))
    """

    _KIND = "Functional"  # the class in a file of Keras

    def __init__(
        self,
        inputs: Any = None,
        outputs: Any = None,
        *,
        name: str | None = None,
        trainable: bool = True,
        dtype: Any = None,
        strict_masks: str = "raise",
    ):
        super().__init__(name=name, trainable=trainable, dtype=dtype)
        check_choice(strict_masks, "strict_masks", ("raise", "warn", "ignore"))
        self.strict_masks = strict_masks
        self.optimizer: Any = None
        self.loss: Any = None
        self.metrics: list[Accuracy] = []
        self.stop_training = False
        self._input: KerasTensor | None = None
        self._output: KerasTensor | None = None
        self._set_calls([])
        if inputs is not None or outputs is not None:
            self._input = _one_tensor(inputs, "inputs")
            self._output = _one_tensor(outputs, "outputs")
            self._set_calls(_calls_between(self._input, self._output))
            self.built = True

    def _set_calls(self, calls: Iterable[tuple[Layer, dict[str, Any]]]) -> None:
        """Set the chain: each call of a layer, with its further arguments."""
        self._calls = list(calls)
        self._layers = list(dict.fromkeys(layer for layer, _ in self._calls))

    def build(self, input_shape: Any = None) -> None:
        """Do nothing: layers are built as the chain is made. ShapeError for another shape."""

    def _check_rebuild(self, input_shape: Any) -> None:
        if self._input is None or input_shape is None:
            return
        known, new = self._input.shape, tuple(input_shape)
        pairs = zip(known[1:], new[1:], strict=False)
        if len(known) != len(new) or not all(a == b or None in (a, b) for a, b in pairs):
            must = f"{self.name!r} is built for inputs of shape {known}"
            raise ShapeError(message(must, new, "Make a new model for another shape"))

    # Training ---------------------------------------------------------------------------------

    def compile(
        self, optimizer: Any = "rmsprop", loss: Any = None, metrics: Any = None, **keras_only: Any
    ) -> None:
        """Choose how the model is trained.

        Parameters
        ----------
        optimizer : Optimizer, str or dict
            An instance, its name such as "adam", or its config.
        loss : Loss, str or dict
            The same, such as "mse".
        metrics : str, Accuracy or list of them, optional
            "accuracy" (or "acc") is the only one.

        Raises
        ------
        ValueError
            For an unknown name, and for further arguments of Keras that ask for something.
        """
        _refuse_unknown("compile", keras_only)
        if isinstance(loss, (list, tuple)) or (isinstance(loss, dict) and "class_name" not in loss):
            raise not_a_chain(f"{len(loss)} losses in a {type(loss).__name__}")
        new_optimizer, new_loss = optimizers.get(optimizer), losses.get(loss)
        metrics = metrics if isinstance(metrics, (list, tuple)) else [metrics]
        new_metrics = [get_metric(name) for name in metrics if name is not None]
        self.optimizer, self.loss, self.metrics = new_optimizer, new_loss, new_metrics

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Any = None,
        validation_data: Any = None,
        shuffle: bool = True,
        seed: int | None = None,
        **keras_only: Any,
    ) -> History:
        """Train on all of `x` and `y`, epoch after epoch.

        Parameters
        ----------
        x, y : array_like, equally many samples
        batch_size : int, optional
            32 by default.
        epochs : int
        verbose : {"auto", 0, 1, 2}
            A progress bar after half a second; nothing; always; one line an epoch.
        callbacks : Callback or list of Callback, optional
        validation_data : tuple (x, y), optional
            Evaluated after every epoch; nothing is learned from it.
        shuffle : bool
        seed : int, optional
            Makes the order of the samples repeatable.

        Returns
        -------
        History
            `history.history["loss"]` has one number an epoch: the mean over its batches, each
            before its step, with penalties, as in Keras.

        Raises
        ------
        ValueError, TypeError, ShapeError
            For a model that is not compiled, and for arguments, samples and targets that do not
            fit. No weight is changed then.
        IdError, IdTypeError, MaskError
            For ids that select no row, with their positions in `x`, and for a mask that would be
            lost. Weights are those of the last step before.
        """
        _refuse_unknown("fit", keras_only)
        self._check_compiled()
        epochs = check_size(epochs, "epochs")
        verbose, shuffle = as_verbose(verbose), check_flag(shuffle, "shuffle")
        rng = np.random.default_rng(None if seed is None else check_size(seed, "seed", least=0))
        x, y = as_pair(self, x, y)
        if validation_data is not None:
            is_list = isinstance(validation_data, (tuple, list))
            if not is_list or len(validation_data) != 2:
                kind = f"{len(validation_data)} parts" if is_list else type(validation_data)
                must, do = "validation_data must be (x, y)", "Pass a tuple of two arrays"
                raise ValueError(message(must, kind, do))
            validation_data = as_pair(self, *validation_data)
        if not len(x):
            raise ShapeError(message("fit needs at least one sample", "none", "Pass more rows"))
        history = History()
        callback_list = [*as_callbacks(callbacks), history]

        def notify(method: str, *args: Any) -> None:
            for callback in callback_list:
                getattr(callback, method)(*args)

        notify("set_model", self)
        self.stop_training = False
        notify("on_train_begin")
        for epoch in range(epochs):
            notify("on_epoch_begin", epoch)
            order = rng.permutation(len(x)) if shuffle else None
            title, totals = f"epoch {epoch + 1}/{epochs}", Totals(self)
            bar_verbose = 0 if verbose == 2 else verbose
            for rows, bar in batches(len(x), batch_size, title, bar_verbose, order):
                with positions_of_caller(rows):
                    step = train_step(self, x[rows], y[rows])
                totals.update(step, y[rows])
                if not bar.disable:
                    postfix = {k: f"{v:.4f}" for k, v in totals.result().items()}
                    bar.set_postfix(postfix, refresh=False)
            logs = totals.result()
            if validation_data is not None:
                x_val, y_val = validation_data
                results = self.evaluate(x_val, y_val, batch_size, 0, return_dict=True)
                logs.update({f"val_{name}": value for name, value in results.items()})
            if verbose == 2:
                print(f"{title}: " + ", ".join(f"{k} {v:.4f}" for k, v in logs.items()))
            notify("on_epoch_end", epoch, logs)
            if self.stop_training:
                break
        notify("on_train_end")
        return history

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Any = "auto",
        return_dict: bool = False,
        **keras_only: Any,
    ) -> Any:
        """Return the loss over all of `x` and `y`, or with metrics [loss, metric, ...].

        With `return_dict` they come in a dict by name. Other arguments and errors are as for `fit`.
        """
        _refuse_unknown("evaluate", keras_only)
        self._check_compiled()
        verbose, return_dict = as_verbose(verbose), check_flag(return_dict, "return_dict")
        x, y = as_pair(self, x, y)
        totals = Totals(self)
        for rows, _ in batches(len(x), batch_size, "evaluate", verbose):
            with positions_of_caller(rows):
                step, _ = forward_step(self, x[rows], y[rows])
            totals.update(step, y[rows])
        results = totals.result()
        values = list(results.values())
        return results if return_dict else values[0] if len(values) == 1 else values

    def predict(
        self, x: Any, batch_size: int | None = None, verbose: Any = "auto", **keras_only: Any
    ) -> np.ndarray:
        """Return the outputs of the last layer for all of `x`, (samples, ...).

        They do not depend on `batch_size`. Arguments and errors are as for `fit`.
        """
        _refuse_unknown("predict", keras_only)
        verbose, x = as_verbose(verbose), as_samples(self, x, "x")
        result: np.ndarray | None = None
        for rows, _ in batches(len(x), batch_size, "predict", verbose):
            with positions_of_caller(rows):
                outputs = np.asarray(self(x[rows]))
            if result is None:
                result = np.empty((len(x), *outputs.shape[1:]), outputs.dtype)
            result[rows] = outputs
        return np.asarray(self(x)) if result is None else result  # an empty x is one empty batch

    def _check_compiled(self) -> None:
        if self.optimizer is None or self.loss is None:
            must = f"You must call `compile()` with a loss before training {self.name!r}"
            do = 'Use for example model.compile("adam", "mse")'
            raise ValueError(message(must, f"loss={self.loss!r:.40}", do))

    # Running ----------------------------------------------------------------------------------
    #
    # model(x)             outputs alone; builds the layers
    # forward              outputs, and the context for `backward`
    # forward_with_mask    outputs, their mask, and the context: one step of training or evaluation
    # predict              outputs of all samples, in batches

    def forward(self, inputs: Any, mask: Any = None, training: bool = False) -> tuple[Any, Any]:
        """Return the outputs, and the context of every call for `backward`."""
        outputs, _, context = self.forward_with_mask(inputs, mask, training)
        return outputs, context.saved

    def forward_with_mask(  # type: ignore[override]  # a model takes no further arguments
        self, inputs: Any, mask: Any = None, training: bool = False
    ) -> tuple[Any, Any, Context]:
        """Return the outputs, their mask, and the context of every call."""
        self._prepare(inputs)
        batch = np.shape(inputs)[:1] if hasattr(inputs, "shape") else ()
        contexts: list[Any] = []
        for layer, kwargs in self._calls:
            if mask is not None:
                check_mask_survives(mask, layer, self.strict_masks)
            inputs, mask, context = layer.forward_with_mask(inputs, mask, training, **kwargs)
            if batch and np.shape(inputs)[:1] != batch:
                must = f"outputs of {layer.name!r} must keep the batch axis of its inputs, {batch}"
                do = "Return an array with one entry for each sample"
                raise ShapeError(message(must, f"shape {np.shape(inputs)}", do))
            contexts.append(context)
        return inputs, mask, Context(self, contexts)

    def backward(self, context: Any, grad: Any) -> Gradients:
        """Return all gradients, through the calls in reverse order; weights as "layer/name".

        A layer that is called twice, such as a tied embedding, gets the sum of both.
        """
        weights: dict[str, Any] = {}
        for (layer, _), saved in zip(reversed(self._calls), reversed(context), strict=True):
            if grad is None:
                break
            grad, by_name = layer.backward(saved, grad)
            for name, weight_grad in by_name.items():
                key = f"{layer.name}/{name}"
                weights[key] = add_gradients(weights.get(key), weight_grad)
        return Gradients(grad, weights)

    def _prepare(self, inputs: Any = None) -> None:
        if not self._calls:
            must = f"{self.name} cannot run as a chain because it has no layers"
            do = "Use Model(inputs, outputs), or add(layer) to a Sequential"
            raise ValueError(message(must, f"{type(self).__name__} with none", do))

    # Masks and shapes -------------------------------------------------------------------------

    def lint_masks(self) -> list[MaskNote]:
        """Return the status of the mask at each call, before any data.

        >>> from embedlab.layers import Dense, Embedding, Flatten, Input
        >>> ids = Input((3,))
        >>> rows = Embedding(9, 4, mask_zero=True, name="words")(ids)
        >>> Model(ids, Flatten(name="flat")(Dense(2, name="dense")(rows))).lint_masks()
        [words: made, dense: kept, flat: lost here]
        """
        return follow_mask(self._calls, self._input or KerasTensor((None, None)))[0]

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return the mask of the outputs (for arrays, this runs the layers)."""
        if isinstance(inputs, KerasTensor):
            return follow_mask(self._calls, inputs, mask)[1]
        return self.forward_with_mask(inputs, mask)[1]

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """Return the shape of the outputs for inputs of `input_shape`."""
        shape = tuple(input_shape)
        for layer, kwargs in self._calls:  # models in models may double the calls of a file
            charge(CALL + 32 * len(shape), f"a call of {layer.name!r:.60}")
            shape = layer.compute_output_shape(shape, **kwargs)
        return shape

    # Introspection ----------------------------------------------------------------------------

    @property
    def layers(self) -> list[Layer]:
        """The layers, in the order of their first calls (a new list)."""
        return list(self.sublayers())

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """Return one layer by its name or its place."""
        layers = self.layers
        if isinstance(index, (int, np.integer)) and -len(layers) <= index < len(layers):
            return layers[index]
        for layer in layers if index is None else ():
            if isinstance(name, str) and layer.name == name:
                return layer
        names, received = [layer.name for layer in layers], name if index is None else index
        must = f"No such layer: it must be one of the {len(layers)} layers {names}"
        raise ValueError(message(must, short_repr(received), "See model.summary()"))

    @property
    def inputs(self) -> list[KerasTensor]:
        """The input placeholder, in a list as in Keras; empty while it is unknown."""
        return [] if self._input is None else [self._input]

    @property
    def outputs(self) -> list[KerasTensor]:
        """The output placeholder, in a list as in Keras; empty while it is unknown."""
        return [] if self._output is None else [self._output]

    @property
    def input_shape(self) -> tuple:
        """The shape of the inputs, None for the batch."""
        return self.input.shape

    @property
    def output_shape(self) -> tuple:
        """The shape of the outputs, None for the batch; known from `input_length` or a call."""
        return self.output.shape

    @property
    def batch_input_shape(self) -> tuple | None:
        """The input shape, for a model that stands first in another; None while unknown."""
        return None if self._input is None else self._input.shape

    def _placeholder(self, word: str) -> KerasTensor:
        placeholder = self._input if word == "input" else self._output
        if placeholder is None or not self._calls:
            raise AttributeError(
                f"{type(self).__name__} model {self.name!r} has no defined {word} shape yet: it "
                "must know how long its inputs are. Received no shape. Use Embedding(..., "
                "input_length=10), put an Input in front, or call the model once."
            )
        return placeholder

    def summary(self, print_fn: Callable[[str], Any] | None = None) -> None:
        """Print a table of the layers, their output shapes and how many parameters they have.

        >>> from embedlab.layers import Embedding, Input
        >>> ids = Input((3,))
        >>> Model(ids, Embedding(10, 4, name="words")(ids), name="m").summary()
        Model: "m"
        ───────────────────────────────────────
        Layer (type)       Output shape  Params
        ───────────────────────────────────────
        words (Embedding)  (None, 3, 4)      40
        ───────────────────────────────────────
        Total params: 40 (160 B)
        Trainable params: 40 (160 B)
        Non-trainable params: 0 (0 B)
        """
        if not (print_fn is None or callable(print_fn)):
            do = "Pass for example print, or leave it away"
            raise TypeError(message("print_fn must be a function", short_repr(print_fn), do))
        rows = [("Layer (type)", "Output shape", "Params")]
        for layer, shape in self._layer_shapes().items():
            count = f"{layer.count_params():,}" if layer.built else "0 (unbuilt)"
            rows.append((f"{layer.name} ({type(layer).__name__})", str(shape or "?"), count))
        a, b, c = (max(map(len, column)) for column in zip(*rows, strict=True))
        line = "─" * (a + b + c + 4)
        text = [f"{kind:{a}}  {shape:{b}}  {count:>{c}}" for kind, shape, count in rows]
        lines = [f'Model: "{self.name}"', line, text[0], line, *text[1:], line]
        for kind, weights in (
            ("Total", self.weights),
            ("Trainable", self.trainable_weights),
            ("Non-trainable", self.non_trainable_weights),
        ):
            size, nbytes = sum(v.size for v in weights), sum(v.value.nbytes for v in weights)
            lines.append(f"{kind} params: {size:,} ({nbytes:,} B)")
        (print_fn or print)("\n".join(lines))

    def _layer_shapes(self) -> dict[Layer, tuple | None]:
        """Return the shape of the first output of each layer; None while it is unknown."""
        shape = None if self._input is None else self._input.shape
        shapes: dict[Layer, tuple | None] = {}
        for layer, kwargs in self._calls or [(layer, {}) for layer in self.layers]:
            try:
                shape = None if shape is None else layer.compute_output_shape(shape, **kwargs)
            except NotImplementedError:  # a layer of one's own may not know
                shape = None
            shapes.setdefault(layer, shape)
        return shapes

    # Config and files -------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """Return the input and every call in Keras's form, from which `from_config` rebuilds."""
        names = [layer.name for layer in self._layers]
        if len(set(names)) < len(names):
            must = f"all layers of {self.name!r} need names of their own"
            raise ValueError(message(must, names, "Pass another name="))
        start = self.input
        nodes: dict[str, list[Any]] = {name: [] for name in (start.name, *names)}
        place: list[Any] = [start.name, 0, 0]
        for layer, kwargs in self._calls:
            tensor = {"shape": start.shape, "dtype": start.dtype, "keras_history": place}
            source = {"class_name": "__keras_tensor__", "config": tensor}
            nodes[layer.name].append({"args": [source], "kwargs": dict(kwargs)})
            place = [layer.name, len(nodes[layer.name]) - 1, 0]
        place[1] += type(self._calls[-1][0]) is Model  # Keras counts that it was made as a call
        parts: tuple[Any, ...] = (start, *self._layers)
        config: dict[str, Any] = {
            "name": self.name,
            "trainable": self.trainable,
            "layers": [
                {**layers_module.serialize(part), "name": part.name, "inbound_nodes": calls}
                for part, calls in zip(parts, nodes.values(), strict=True)
            ],
            "input_layers": [start.name, 0, 0],
            "output_layers": place,
        }
        if self.strict_masks != "raise":
            config["strict_masks"] = self.strict_masks
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """Return a model (without its weights) from what `get_config` returned."""
        return layer_from_config({"class_name": cls._KIND, "config": config}, custom_objects)

    save, save_weights, load_weights = save_model, save_weights, load_weights

    def __repr__(self) -> str:
        return f"{type(self).__name__}([{', '.join(repr(layer) for layer in self._layers)}])"


def _one_tensor(tensors: Any, what: str) -> KerasTensor:
    """Return the one placeholder that was passed, also alone in a list or dict."""
    parts = list(tensors.values()) if isinstance(tensors, dict) else tensors
    if isinstance(parts, (list, tuple)):
        if len(parts) > 1:
            raise not_a_chain(f"{len(parts)} {what}")
        parts = parts[0] if parts else None
    if not isinstance(parts, KerasTensor):
        must = f"All `{what}` values must be KerasTensors: what Input and layers return"
        raise ValueError(message(must, f"{tensors!r:.80}", "Call the layers on Input(shape)"))
    return parts


def _calls_between(start: KerasTensor, end: KerasTensor) -> list[tuple[Layer, dict[str, Any]]]:
    """Return the calls that lead from `start` to `end`, walking back from the end."""
    calls = []
    tensor = end
    while tensor is not start:
        if tensor.layer is None:
            must = "the output must come from the input of the model"
            received = f"{tensor!r} on its way, which does not (graph disconnected)"
            raise ValueError(message(must, received, "Pass that Input to Model"))
        calls.append((tensor.layer, tensor.call_kwargs))
        tensor = tensor.inputs
    if not calls:
        received = "the Input as its own output"
        raise ValueError(message("a model must have a layer", received, "Call a layer on it"))
    return calls[::-1]


def _refuse_unknown(method: str, received: dict[str, Any]) -> None:
    unknown = drop_keras_defaults(method, received, _LEFT_TO_KERAS)
    if unknown:
        must = f"{method} must get arguments that it knows"
        name = f"an unexpected keyword argument {short_repr(next(iter(unknown)))}"
        raise TypeError(message(must, name, f"See help(Model.{method})"))


MODEL_CLASSES["Functional"] = Model

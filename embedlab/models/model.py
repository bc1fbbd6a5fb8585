"""What every model shares: how it is compiled, how it predicts, how it tells about itself."""

from collections.abc import Callable
from typing import Any

import numpy as np
from tqdm.auto import tqdm

from embedlab import optimizers
from embedlab.callbacks import History
from embedlab.core.ids import IdError
from embedlab.core.table import ShapeError, check_size
from embedlab.layers.activity import one_pass
from embedlab.layers.base import Layer
from embedlab.layers.symbolic import KerasTensor
from embedlab.models.goals import Goals
from embedlab.models.judge import Judge
from embedlab.models.loop import LOUD_AFTER, evaluate, fit, paired, weighted
from embedlab.models.several import targets
from embedlab.models.step import grade, train_step
from embedlab.models.summary import summary

__all__ = ["Model"]


class Model(Layer):
    """A layer made of layers, which can be compiled and asked to predict.

    Parameters
    ----------
    name : str, optional
    trainable : bool
    strict_masks : {"raise", "warn", "ignore"}
        What happens when a layer would lose a mask: an error, which old texts promise; a
        warning, which is what Keras 3 does; or nothing.

    Examples
    --------
    >>> from embedlab.layers import Embedding
    >>> class Twice(Model):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.words = Embedding(5, 2)
    ...     def call(self, ids):
    ...         return 2 * self.words(ids)
    >>> Twice().predict([[1, 2, 3]]).shape
    (1, 3, 2)
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> "Model":
        """Give a `Functional` model for ``Model(inputs, outputs)``, as Keras does."""
        if cls is Model and (args or "inputs" in kwargs):
            from embedlab.models.functional import Functional  # it stands on this file

            return super().__new__(Functional)
        return super().__new__(cls)

    def __init__(self, *, name: str | None = None, trainable: bool = True, dtype: Any = None,
                 strict_masks: str = "raise"):  # fmt: skip
        super().__init__(name=name, trainable=trainable, dtype=dtype)
        if strict_masks not in ("raise", "warn", "ignore"):
            raise ValueError(
                'strict_masks must be "raise", "warn" or "ignore". '
                f'Received {strict_masks!r:.40}. Choose "warn" for what Keras 3 does.'
            )
        self.strict_masks = strict_masks
        self.optimizer: Any = None
        self.goals = Goals(None, None, [""])
        self.judged: tuple[Any, Any] = (None, None)
        self.stop_training = False

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Give the outputs, as every layer; penalties on outputs add up on the way."""
        with one_pass():
            return super().__call__(inputs, *args, **kwargs)

    # Training ---------------------------------------------------------------------------------

    def compile(self, optimizer: Any = "rmsprop", loss: Any = None, metrics: Any = None,
                weighted_metrics: Any = None, *, loss_weights: Any = None) -> None:  # fmt: skip
        """Say how the model is to be trained: names, dicts or instances.

        Parameters
        ----------
        optimizer : optimizer, name or dict
        loss : loss, name, dict or function
            With several outputs one for all, or a list in their order, or a dict by their names
            (those of the layers that make them); None for an output that is not trained.
        metrics, weighted_metrics : list, optional
            With several outputs a list with one entry each, or a dict by their names.
        loss_weights : float, list or dict, optional
            How much the loss of each output counts in their sum.

        Raises
        ------
        ValueError
            "Could not interpret optimizer identifier" and the like, at once.
        """
        goals = Goals(loss, loss_weights, self.output_names)
        Judge(metrics, weighted_metrics, self.output_names)  # refuses unknown names
        self.optimizer, self.goals = optimizers.get(optimizer), goals
        self.judged = (metrics, weighted_metrics)

    @property
    def loss(self) -> Any:
        """The loss that the model was compiled with; a list, one for each of several outputs."""
        return self.goals.told

    @property
    def output_names(self) -> list[str]:
        """The names of the outputs; one without a name where there is one alone."""
        return [""]

    def judge(self) -> Judge:
        """Give a fresh judge for the metrics that the model was compiled with."""
        return Judge(*self.judged, self.output_names)

    def ready(self, x: Any, y: Any, sample_weight: Any = None,
              class_weight: Any = None) -> tuple[Any, Any, Any]:  # fmt: skip
        """Give inputs, targets and weights as things that can be counted and cut alike.

        Raises
        ------
        ShapeError, ValueError
            When they do not fit each other or the model.
        """
        names, x = self.output_names, self._whole(x)
        if len(names) > 1:
            y = targets(y, names, self.goals.places)
            if isinstance(sample_weight, dict):
                sample_weight = [sample_weight.get(name) for name in names]
        elif isinstance(y, dict) and len(y) == 1:
            y = next(iter(y.values()))
        elif isinstance(y, (list, tuple)) and len(y) == 1 != len(x) and np.shape(y[0])[:1]:
            y = y[0]  # a list of one is that one
        x, y = paired(x, y)
        return x, y, weighted(y, sample_weight, class_weight)

    def fit(self, x: Any = None, y: Any = None, batch_size: int | None = None, epochs: int = 1,
            verbose: Any = "auto", **options: Any) -> History:  # fmt: skip
        """Train on all of `x` and `y`, epoch after epoch, and give the history.

        Parameters
        ----------
        x, y : array_like, equally many samples
        batch_size : int, optional
            32 unless told.
        epochs : int
        verbose : {"auto", 0, 1, 2}
            A progress bar after half a second; nothing; always; one line an epoch.
        options
            callbacks, validation_split (the last share of the samples), validation_data,
            shuffle (True), class_weight, sample_weight, initial_epoch, validation_batch_size;
            and `seed`, which makes the order of the samples repeatable.

        Returns
        -------
        History
            `history.history["loss"]` has one number an epoch: the mean over its batches, each
            before its step, with penalties, as in Keras.
        """
        self._needs_compile()
        return fit(
            self,
            x,
            y,
            batch_size=batch_size,
            epochs=epochs,
            verbose=verbose,
            **options,
        )

    def evaluate(self, x: Any = None, y: Any = None, batch_size: int | None = None,
                 verbose: Any = "auto", sample_weight: Any = None,
                 return_dict: bool = False) -> Any:  # fmt: skip
        """Give the loss and the metrics over all of `x` and `y`, in a list or by name."""
        self._needs_compile()
        size = 32 if batch_size is None else check_size(batch_size, "batch_size")
        x, y, weight = self.ready(x, y, sample_weight)
        found = evaluate(self, x, y, weight, batch_size=size, verbose=verbose)
        return _told(found, return_dict)

    def train_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None,
                       class_weight: Any = None, return_dict: bool = False) -> Any:  # fmt: skip
        """Do one step, and give loss and metrics of the batch (before the step)."""
        self._needs_compile()
        x, y, weight = self.ready(x, y, sample_weight, class_weight)
        judge = self.judge()
        train_step(self, x, y, weight, judge)
        return _told(judge.result(), return_dict)

    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None,
                      return_dict: bool = False) -> Any:  # fmt: skip
        """Give loss and metrics of one batch."""
        self._needs_compile()
        x, y, weight = self.ready(x, y, sample_weight)
        judge = self.judge()
        grade(self, x, y, weight, judge)
        return _told(judge.result(), return_dict)

    def _whole(self, x: Any) -> Any:
        """Give all of the inputs as one thing that can be counted and cut."""
        x = np.asarray(x)
        if x.ndim == 0:
            raise ShapeError(
                "x must have a batch axis in front. Received a single number. Pass [x]."
            )
        return x

    def predict_on_batch(self, x: Any) -> Any:
        """Give the outputs for one batch."""
        made = self(x)
        return made if isinstance(made, list) else np.asarray(made)

    def _needs_compile(self) -> None:
        if self.optimizer is None or not self.goals:
            raise ValueError(
                f"You must call `compile()` with a loss before training {self.name!r}. Received "
                f'loss={self.loss!r:.40}. Say for example model.compile("adam", "mse").'
            )

    def predict(self, x: Any, batch_size: int | None = None, verbose: Any = "auto") -> Any:
        """Give the outputs for all of `x`, in batches.

        Parameters
        ----------
        x : array_like, (samples, ...)
        batch_size : int, optional
            32 unless told. The result does not depend on it.
        verbose : {"auto", 0, 1}
            A progress bar: after half a second, never, always.

        Returns
        -------
        ndarray, (samples, ...), or a list of them, one for each of several outputs
        """
        x = self._whole(x)
        size = 32 if batch_size is None else check_size(batch_size, "batch_size")
        first = self(x[:size])  # an empty x is one empty batch
        several = isinstance(first, list)
        firsts = [np.asarray(made) for made in (first if several else [first])]
        outs = [np.empty((len(x), *made.shape[1:]), made.dtype) for made in firsts]
        for out, made in zip(outs, firsts, strict=True):
            out[:size] = made
        for start in tqdm(
            range(size, len(x), size), desc="predict",
            disable=verbose in (0, False), leave=verbose != "auto",
            delay=LOUD_AFTER if verbose == "auto" else 0,
        ):  # fmt: skip
            try:
                found = self(x[start : start + size])
            except IdError as error:
                error.add_note(f"Positions count from sample {start}, where this batch starts.")
                raise
            for out, made in zip(outs, found if several else [found], strict=True):
                out[start : start + size] = made
        return outs if several else outs[0]

    # Files ------------------------------------------------------------------------------------

    def save(self, filepath: Any, overwrite: bool = True) -> None:
        """Write the whole model to a ``.keras`` file; `models.load_model` reads it."""
        from embedlab.saving.archive import save_model

        save_model(self, filepath, overwrite)

    def save_weights(self, filepath: Any, overwrite: bool = True) -> None:
        """Write all weights, adapters and the optimizer's state to a ``.weights.h5`` file."""
        from embedlab.saving.weights import save_weights

        save_weights(self, filepath, overwrite)

    def load_weights(self, filepath: Any, skip_mismatch: bool = False) -> None:
        """Read all weights from a ``.weights.h5`` or ``.keras`` file; none, if they do not fit."""
        from embedlab.saving.weights import load_weights

        load_weights(self, filepath, skip_mismatch)

    # Telling about it -------------------------------------------------------------------------

    @property
    def layers(self) -> list[Layer]:
        """The layers, in order (a new list)."""
        return [layer for layer in self.sublayers() if isinstance(layer, Layer)]

    @property
    def inputs(self) -> list[KerasTensor]:
        """The placeholders that go in; empty while they are unknown."""
        return []

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """Give one layer by its name or its place."""
        if index is not None:
            return self.layers[index]
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise ValueError(
            f"No such layer: a name must be one of {[layer.name for layer in self.layers]}. "
            f"Received {name!r:.40}. See model.summary()."
        )

    def flow(self) -> list[tuple[Layer, Any, list[str] | None]]:
        """Give each layer with the shape of its output (None while unknown) and whence it comes.

        The names of what a layer is called on are None where layers stand in a row.
        """
        flowing = self.inputs[0].shape if self.inputs else None
        found: list[tuple[Layer, Any, list[str] | None]] = []
        for layer in self.layers:
            try:
                flowing = None if flowing is None else layer.compute_output_shape(flowing)
            except NotImplementedError:  # a layer of one's own may not say
                flowing = None
            found.append((layer, flowing, None))
        return found

    def summary(self, print_fn: Callable[[str], Any] | None = None) -> None:
        """Print a table of the layers, their output shapes and how many numbers they hold."""
        (print_fn or print)(summary(self))


def _told(found: dict[str, float], return_dict: bool) -> Any:
    if return_dict:
        return found
    values = list(found.values())
    return values[0] if len(values) == 1 else values

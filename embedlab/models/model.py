"""What every model shares: how it is compiled, how it predicts, how it tells about itself."""

from collections.abc import Callable
from typing import Any

import numpy as np
from tqdm.auto import tqdm

from embedlab import losses, optimizers
from embedlab.callbacks import History
from embedlab.core.ids import IdError
from embedlab.core.table import ShapeError, check_size
from embedlab.layers.base import Layer
from embedlab.layers.symbolic import KerasTensor
from embedlab.models.loop import LOUD_AFTER, evaluate, fit, paired, weighted
from embedlab.models.several import Several
from embedlab.models.step import Judge, grade, train_step
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
        self.loss: Any = None
        self.judged: tuple[Any, Any] = (None, None)
        self.stop_training = False

    # Training ---------------------------------------------------------------------------------

    def compile(self, optimizer: Any = "rmsprop", loss: Any = None, metrics: Any = None,
                weighted_metrics: Any = None) -> None:  # fmt: skip
        """Say how the model is to be trained: names, dicts or instances.

        Raises
        ------
        ValueError
            "Could not interpret optimizer identifier" and the like, at once.
        """
        Judge(metrics, weighted_metrics)  # refuses unknown names
        self.optimizer, self.loss = optimizers.get(optimizer), losses.as_loss(loss)
        self.judged = (metrics, weighted_metrics)

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
            self._whole(x),
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
        weight = weighted(paired(self._whole(x), y)[1], sample_weight, None)
        found = evaluate(self, self._whole(x), y, weight, batch_size=size, verbose=verbose)
        return _told(found, return_dict)

    def train_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None,
                       class_weight: Any = None, return_dict: bool = False) -> Any:  # fmt: skip
        """Do one step, and give loss and metrics of the batch (before the step)."""
        self._needs_compile()
        x, y = paired(self._whole(x), y)
        judge = Judge(*self.judged)
        train_step(self, x, y, weighted(y, sample_weight, class_weight), judge)
        return _told(judge.result(), return_dict)

    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None,
                      return_dict: bool = False) -> Any:  # fmt: skip
        """Give loss and metrics of one batch."""
        self._needs_compile()
        x, y = paired(self._whole(x), y)
        judge = Judge(*self.judged)
        grade(self, x, y, weighted(y, sample_weight, None), judge)
        return _told(judge.result(), return_dict)

    def _whole(self, x: Any) -> Any:
        """Give all of the inputs as one thing that can be counted and cut."""
        if isinstance(x, (list, tuple)) and len(self.inputs) > 1:
            return Several(x)
        x = np.asarray(x)
        if x.ndim == 0:
            raise ShapeError(
                "x must have a batch axis in front. Received a single number. Pass [x]."
            )
        return x

    def predict_on_batch(self, x: Any) -> np.ndarray:
        """Give the outputs for one batch."""
        return np.asarray(self(x))

    def _needs_compile(self) -> None:
        if self.optimizer is None or self.loss is None:
            raise ValueError(
                f"You must call `compile()` with a loss before training {self.name!r}. Received "
                f'loss={self.loss!r:.40}. Say for example model.compile("adam", "mse").'
            )

    def predict(self, x: Any, batch_size: int | None = None, verbose: Any = "auto") -> np.ndarray:
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
        ndarray, (samples, ...)
        """
        x = self._whole(x)
        size = 32 if batch_size is None else check_size(batch_size, "batch_size")
        first = self(x[:size])  # an empty x is one empty batch
        if isinstance(first, list):
            raise NotImplementedError(
                f"predict gives one output. Received a model with {len(first)}. "
                "Call the model itself: model(x)."
            )
        first = np.asarray(first)
        out = np.empty((len(x), *first.shape[1:]), first.dtype)
        out[:size] = first
        for start in tqdm(
            range(size, len(x), size), desc="predict",
            disable=verbose in (0, False), leave=verbose != "auto",
            delay=LOUD_AFTER if verbose == "auto" else 0,
        ):  # fmt: skip
            try:
                out[start : start + size] = self(x[start : start + size])
            except IdError as error:
                error.add_note(f"Positions count from sample {start}, where this batch starts.")
                raise
        return out

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

    def summary(self, print_fn: Callable[[str], Any] | None = None) -> None:
        """Print a table of the layers, their output shapes and how many numbers they hold."""
        (print_fn or print)(summary(self))


def _told(found: dict[str, float], return_dict: bool) -> Any:
    if return_dict:
        return found
    values = list(found.values())
    return values[0] if len(values) == 1 else values

"""Training, judging and predicting: what a model can do once it knows its layers."""

from typing import Any

import numpy as np

from embedlab import optimizers
from embedlab.callbacks import History
from embedlab.core.checks import ShapeError, check_size
from embedlab.layers.structure import nested, swapped
from embedlab.models.ends import Ends
from embedlab.models.goals import Goals
from embedlab.models.judge import Judge
from embedlab.models.loop import evaluate, fit, paired, weighted
from embedlab.models.predicting import predict
from embedlab.models.several import targets
from embedlab.models.step import grade, train_step

__all__ = ["Trainer"]


class Trainer:
    """The half of a model that is compiled, fitted and asked.

    It calls the layers by `forward_with_mask` and `backward`, which the other half has.

    Examples
    --------
    >>> from embedlab.layers import Dense, Input
    >>> from embedlab.models import Sequential
    >>> model = Sequential([Input((2,)), Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> model.fit([[1, 2], [3, 4]], [[1], [2]], epochs=2, verbose=0).epoch
    [0, 1]
    """

    name: str
    optimizer: Any
    goals: Goals
    judged: tuple[Any, Any]
    __call__: Any

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        *,
        loss_weights: Any = None,
    ) -> None:
        """Say how the model is to be trained: names, dicts or instances.

        Parameters
        ----------
        optimizer : optimizer, name or dict
        loss : loss, name, dict or function
            With several outputs one for all, or a list in their order, or their own form; those in
            a list also by the names of the layers that make them. None for an output that is not
            trained.
        metrics, weighted_metrics : list or dict, optional
            With several outputs what each has (a metric or a list), in the same ways.
        loss_weights : float, list or dict, optional
            How much the loss of each output counts in their sum, in the same ways.

        Raises
        ------
        ValueError
            "Could not interpret optimizer identifier" and the like, at once.
        """
        goals = Goals(loss, loss_weights, self.ends)
        Judge(metrics, weighted_metrics, self.ends)  # refuses unknown names
        self.optimizer, self.goals = optimizers.get(optimizer), goals
        self.judged = (metrics, weighted_metrics)

    @property
    def loss(self) -> Any:
        """The loss that the model was compiled with; of several outputs in their form."""
        return self.goals.told

    @property
    def output_names(self) -> list[str]:
        """The names of the outputs; one without a name where there is one alone."""
        return [""]

    @property
    def ends(self) -> Ends:
        """How the outputs stand together, and what losses and metrics are told by."""
        return Ends("")

    def judge(self) -> Judge:
        """Return a fresh judge for the metrics that the model was compiled with."""
        return Judge(*self.judged, self.ends)

    def ready(
        self, x: Any, y: Any, sample_weight: Any = None, class_weight: Any = None
    ) -> tuple[Any, Any, Any]:
        """Return inputs, targets and weights as things that can be counted and cut alike.

        Raises
        ------
        ShapeError, ValueError
            When they do not fit each other or the model.
        """
        ends, x = self.ends, self._whole(x)
        if nested(ends.structure):
            y = targets(y, ends, self.goals.places)
            if isinstance(sample_weight, dict):
                sample_weight = ends.several(sample_weight, "sample_weight")
            elif isinstance(sample_weight, (list, tuple)) and any(map(nested, sample_weight)):
                sample_weight = ends.each(sample_weight, "sample_weight")
            if len(ends) == 1 and isinstance(sample_weight, list) and len(sample_weight) == 1:
                sample_weight = sample_weight[0]
        elif isinstance(y, dict) and len(y) == 1:
            y = next(iter(y.values()))
        elif isinstance(y, (list, tuple)) and len(y) == 1 != len(x) and np.shape(y[0])[:1]:
            y = y[0]  # a list of one is that one
        x, y = paired(x, y)
        return x, y, weighted(y, sample_weight, class_weight)

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        **options: Any,
    ) -> History:
        """Train on all of `x` and `y`, epoch after epoch, and give the history.

        Parameters
        ----------
        x, y : array_like, or nested list or dict of them, equally many samples
            In the form of the inputs and the outputs.
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
        return fit(self, x, y, batch_size=batch_size, epochs=epochs, verbose=verbose, **options)

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Any = "auto",
        sample_weight: Any = None,
        return_dict: bool = False,
    ) -> Any:
        """Return the loss and the metrics over all of `x` and `y`, in a list or by name."""
        self._needs_compile()
        size = 32 if batch_size is None else check_size(batch_size, "batch_size")
        x, y, weight = self.ready(x, y, sample_weight)
        found = evaluate(self, x, y, weight, batch_size=size, verbose=verbose)
        return _told(found, return_dict)

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Any = None,
        return_dict: bool = False,
    ) -> Any:
        """Do one step, and give loss and metrics of the batch (before the step)."""
        self._needs_compile()
        x, y, weight = self.ready(x, y, sample_weight, class_weight)
        judge = self.judge()
        train_step(self, x, y, weight, judge)
        return _told(judge.result(), return_dict)

    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """Return loss and metrics of one batch."""
        self._needs_compile()
        x, y, weight = self.ready(x, y, sample_weight)
        judge = self.judge()
        grade(self, x, y, weight, judge)
        return _told(judge.result(), return_dict)

    def _whole(self, x: Any) -> Any:
        """Return all of the inputs as one thing that can be counted and cut."""
        x = np.asarray(x)
        if x.ndim == 0:
            raise ShapeError(
                "x must have a batch axis in front. Received a single number. Pass [x]."
            )
        return x

    def predict_on_batch(self, x: Any) -> Any:
        """Return the outputs for one batch."""
        return swapped(self(x), np.asarray)

    def _needs_compile(self) -> None:
        if self.optimizer is None or not self.goals:
            raise ValueError(
                f"You must call `compile()` with a loss before training {self.name!r}. Received "
                f'loss={self.loss!r:.40}. Say for example model.compile("adam", "mse").'
            )

    def predict(self, x: Any, batch_size: int | None = None, verbose: Any = "auto") -> Any:
        """Return the outputs for all of `x`, in batches.

        Parameters
        ----------
        x : array_like, (samples, ...)
        batch_size : int, optional
            32 unless told. The result does not depend on it.
        verbose : {"auto", 0, 1}
            A progress bar: after half a second, never, always.

        Returns
        -------
        ndarray, (samples, ...), or several in the form of the outputs
        """
        size = 32 if batch_size is None else check_size(batch_size, "batch_size")
        return predict(self, self._whole(x), size, verbose)


def _told(found: dict[str, float], return_dict: bool) -> Any:
    if return_dict:
        return found
    values = list(found.values())
    return values[0] if len(values) == 1 else values

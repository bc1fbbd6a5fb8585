"""Callbacks: what is told of a training run while it goes. Keras's names."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["Callback", "EarlyStopping", "History", "LambdaCallback", "TerminateOnNaN"]


GROWS = (
    "auc",
    "precision",
    "recall",
    "f1_score",
    "fbeta_score",
    "true_positives",
    "true_negatives",
    "cosine_similarity",
)
"""How the names of metrics end that are the better the larger they are."""


class Callback:
    """The base: define those of the methods below that you need.

    Attributes
    ----------
    model : Model
        Set before training; ``model.stop_training = True`` ends it after the epoch.
    params : dict
        With "epochs" and "steps".

    Examples
    --------
    >>> class Speaks(Callback):
    ...     def on_epoch_end(self, epoch, logs=None):
    ...         print(epoch, sorted(logs))
    >>> Speaks().on_epoch_end(0, {"loss": 1.0})
    0 ['loss']
    """

    model: Any = None
    params: Any = None

    def set_model(self, model: Any) -> None:
        """Remember the model that is trained."""
        self.model = model

    def set_params(self, params: dict[str, Any]) -> None:
        """Remember how it is trained."""
        self.params = params

    def on_train_begin(self, logs: Any = None) -> None:
        """Run before the first epoch."""

    def on_train_end(self, logs: Any = None) -> None:
        """Run after the last epoch."""

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Run before an epoch (counted from 0)."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Run after an epoch, with its loss and metrics."""

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Run before a batch (counted from 0)."""

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Run after a batch, with the loss and metrics of the epoch so far."""


class History(Callback):
    """Keeps every epoch's numbers: what `fit` returns.

    Attributes
    ----------
    history : dict of name to list of float
    epoch : list of int

    Examples
    --------
    >>> kept = History()
    >>> kept.on_epoch_end(0, {"loss": 2.0})
    >>> kept.on_epoch_end(1, {"loss": 1.0})
    >>> kept
    History(2 epochs: loss 2.0 -> 1.0)
    """

    def __init__(self) -> None:
        self.history: dict[str, list[float]] = {}
        self.epoch: list[int] = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Keep the numbers."""
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)

    def __repr__(self) -> str:
        told = ", ".join(f"{k} {v[0]:.4} -> {v[-1]:.4}" for k, v in self.history.items())
        return f"History({len(self.epoch)} epochs: {told})"


class EarlyStopping(Callback):
    """Stop when a number has not become better for a while.

    Parameters
    ----------
    monitor : str
        Such as "val_loss".
    min_delta : float
        Less than this counts as no change.
    patience : int
        Epochs without change to wait for.
    mode : {"auto", "min", "max"}
        Which way is better; "auto" takes "max" for accuracies and what else grows with skill, as
        far as the name tells it ("auc", "precision", "recall", "f1_score").
    restore_best_weights : bool
        Give the model the weights of its best epoch back.
    start_from_epoch : int

    Notes
    -----
    Source: ``keras.callbacks.EarlyStopping``.

    Examples
    --------
    >>> EarlyStopping("val_loss", patience=3).patience
    3
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0.0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ):
        if mode not in ("auto", "min", "max"):
            raise ValueError(
                f'mode must be "auto", "min" or "max". Received {mode!r:.40}. Choose one of these.'
            )
        self.monitor, self.patience, self.verbose = monitor, int(patience), verbose
        up = mode == "max" or (mode == "auto" and ("acc" in monitor or monitor.endswith(GROWS)))
        self._sign = 1.0 if up else -1.0
        self.min_delta = abs(min_delta)
        self.baseline, self.start_from_epoch = baseline, start_from_epoch
        self.restore_best_weights = restore_best_weights
        self.on_train_begin()

    def on_train_begin(self, logs: Any = None) -> None:
        """Forget an earlier run."""
        self.wait = 0
        self.stopped_epoch = self.best_epoch = 0
        self.best = -math.inf if self.baseline is None else self._sign * self.baseline
        self.best_weights: Any = None

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Look at the number, and stop when patience is at its end."""
        if epoch < self.start_from_epoch:
            return
        if self.monitor not in (logs or {}):
            raise ValueError(
                f"monitor must be one of {sorted(logs or {})}. Received {self.monitor!r:.40}. "
                "Pass validation_data= to fit for val_ numbers."
            )
        value = self._sign * logs[self.monitor]
        if self.restore_best_weights and self.best_weights is None:
            self.best_weights, self.best_epoch = self.model.get_weights(), epoch
        self.wait += 1
        if value - self.min_delta > self.best:
            self.best, self.best_epoch = value, epoch
            self.wait = 0
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            return
        if self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Any = None) -> None:
        """Bring the best weights back, if wanted."""
        if self.restore_best_weights and self.best_weights is not None:
            self.model.set_weights(self.best_weights)


class LambdaCallback(Callback):
    """A callback from functions: ``LambdaCallback(on_epoch_end=lambda epoch, logs: ...)``.

    >>> LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch)).on_epoch_end(3, {})
    3
    """

    def __init__(self, **functions: Callable):
        for name, function in functions.items():
            if not name.startswith("on_") or not hasattr(Callback, name):
                known = [n for n in vars(Callback) if n.startswith("on_")]
                raise ValueError(
                    f"a callback must be one of {known}. Received {name!r:.40}. Choose one."
                )
            setattr(self, name, function)


class TerminateOnNaN(Callback):
    """Stop at once when the loss is no number any more.

    >>> TerminateOnNaN().params is None
    True
    """

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Look at the loss."""
        if not np.isfinite((logs or {}).get("loss", 0.0)):
            self.model.stop_training = True

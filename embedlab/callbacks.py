"""Callbacks of a training run, under Keras's names: its history, and when to stop it."""

import math
from typing import Any

from embedlab.core.checks import (
    check_choice,
    check_flag,
    check_name,
    check_number,
    check_size,
    message,
    short_repr,
)
from embedlab.registry import drop_keras_defaults, refuse_missing, refuse_unknown

__all__ = ["Callback", "EarlyStopping", "History"]
__getattr__ = refuse_missing(__name__)


class Callback:
    """Base class: define those of the methods below that you need.

    ``self.model.stop_training = True`` ends the training after the epoch.

    >>> class Printer(Callback):
    ...     def on_epoch_end(self, epoch, logs=None):
    ...         print(epoch, sorted(logs))
    >>> Printer().on_epoch_end(0, {"loss": 1.0})
    0 ['loss']
    """

    model: Any = None

    def set_model(self, model: Any) -> None:
        """Remember the model that is trained."""
        self.model = model

    def on_train_begin(self, logs: Any = None) -> None:
        """Run before the first epoch."""

    def on_train_end(self, logs: Any = None) -> None:
        """Run after the last epoch."""

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Run before an epoch (counted from 0)."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Run after an epoch, with its loss and metrics."""


class History(Callback):
    """The numbers of every epoch, in `history` by name, for the epochs in `epoch`.

    >>> history = History()
    >>> history.on_epoch_end(0, {"loss": 2.0})
    >>> history.on_epoch_end(1, {"loss": 1.0})
    >>> history
    History(2 epochs: loss 2.0 -> 1.0)
    """

    def __init__(self) -> None:
        self.history: dict[str, list[float]] = {}
        self.epoch: list[int] = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Record the numbers of an epoch."""
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)

    def __repr__(self) -> str:
        parts = ", ".join(f"{k} {v[0]:.4} -> {v[-1]:.4}" for k, v in self.history.items())
        return f"History({len(self.epoch)} epochs: {parts})"


class EarlyStopping(Callback):
    """Stop when a number has not improved for a while.

    Source: ``keras.callbacks.EarlyStopping``; on purpose different: every number is better than a
    first one that is NaN.

    Parameters
    ----------
    monitor : str
        Such as "val_loss".
    min_delta : float
        Less than this is no improvement.
    patience : int
        Epochs without improvement to wait for.
    mode : {"auto", "min", "max"}
        Which way is better; "auto" takes "max" for accuracies, "min" for losses.
    baseline : float, optional
        Patience starts again only at an epoch that is better than this too.
    restore_best_weights : bool
        Set the model to the weights of its best epoch at the end.
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
        **keras_only: Any,
    ):
        kind = type(self).__name__
        refuse_unknown(kind, drop_keras_defaults(kind, keras_only, {"start_from_epoch": 0}))
        check_choice(mode, "mode", ("auto", "min", "max"))
        if not check_name(monitor):
            must, do = "monitor must be the name of a number", "Pass for example 'val_loss'"
            raise ValueError(message(must, short_repr(monitor), do))
        self.monitor, self.verbose = monitor, verbose
        self.patience = check_size(patience, "patience", least=0)
        larger_is_better = mode == "max" or (mode == "auto" and "acc" in monitor)
        self._sign = 1.0 if larger_is_better else -1.0
        self.min_delta = abs(check_number(min_delta, "min_delta"))
        self.baseline = None if baseline is None else check_number(baseline, "baseline")
        self.restore_best_weights = check_flag(restore_best_weights, "restore_best_weights")
        self.on_train_begin()

    def on_train_begin(self, logs: Any = None) -> None:
        """Forget an earlier run."""
        self.wait = self.stopped_epoch = self.best_epoch = 0
        self.best = math.nan
        self.best_weights: Any = None

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Compare the number with the best so far, and stop when patience is exhausted."""
        if self.monitor not in (logs or {}):
            must = f"monitor must be one of {sorted(logs or {})}"
            do = "Pass validation_data= to fit for val_ numbers"
            raise ValueError(message(must, short_repr(self.monitor), do))
        value = logs[self.monitor]
        first = self.restore_best_weights and self.best_weights is None  # NaN so far, perhaps
        self.wait += 1
        improved = self._is_better(value, self.best)
        if improved or first:
            self.best_epoch = epoch
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
        if improved:
            self.best = value
            if self.baseline is None or self._is_better(value, self.baseline):
                self.wait = 0
        elif self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def _is_better(self, value: float, reference: float) -> bool:
        if math.isnan(reference):  # nothing to compare with yet
            return not math.isnan(value)
        return self._sign * (value - reference) - self.min_delta > 0

    def on_train_end(self, logs: Any = None) -> None:
        """Set the model to its best weights, if asked for."""
        if self.restore_best_weights and self.best_weights is not None:
            self.model.set_weights(self.best_weights)

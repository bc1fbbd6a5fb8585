"""Penalties on what layers give: noted on the way forward, pulling on the way back."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

import numpy as np

from embedlab.layers.weights import WeightOwner

__all__ = ["Active", "Penalized", "one_pass", "pulls"]

_noted: ContextVar[set[int] | None] = ContextVar("noted", default=None)


@contextmanager
def one_pass() -> Iterator[None]:
    """Let the penalties on a layer's outputs add up over all its calls inside.

    A model goes through its layers in one pass, of which passes inside it are a part; outside of
    any, a layer remembers its last call.

    >>> from embedlab.layers import Layer
    >>> layer = Layer(activity_regularizer="l1")
    >>> with one_pass():
    ...     layer._note_activity(np.ones((1, 10)))
    ...     layer._note_activity(np.ones((1, 10)))
    >>> round(float(layer.losses[0]), 6)
    0.2
    """
    token = _noted.set(set()) if _noted.get() is None else None
    try:
        yield
    finally:
        if token is not None:
            _noted.reset(token)


class Active(NamedTuple):
    """The context of a layer whose outputs have a penalty.

    Attributes
    ----------
    inner
        The context that the layer itself has left.
    outputs : ndarray or list of ndarray
    """

    inner: Any
    outputs: Any


def pulls(context: Any) -> bool:
    """Return whether a penalty sends something back, even where nothing else comes back.

    >>> pulls([None, [Active(None, np.ones(1))]]), pulls([None])
    (True, False)
    """
    if isinstance(context, list):
        return any(pulls(one) for one in context)
    return isinstance(context, Active)


class Penalized(WeightOwner):
    """A thing with weights whose outputs may have a penalty, the mean over the samples."""

    activity_regularizer: Any = None
    _activity: Any = None

    @property
    def losses(self) -> list[Any]:
        """The penalties of weights, and those of the outputs of the last call (or pass)."""
        found: dict[int, Any] = {}
        self._collect(found)
        return super().losses + list(found.values())

    def _collect(self, found: dict[int, Any]) -> None:
        """Put the penalty on the outputs of every layer into `found`, each layer once."""
        if self._activity is not None:
            found[id(self)] = self._activity
        for layer in self.sublayers():
            if isinstance(layer, Penalized) and id(layer) not in found:
                layer._collect(found)

    def _note_activity(self, outputs: Any) -> None:
        parts = outputs if isinstance(outputs, list) else [outputs]
        penalty = sum(self.activity_regularizer(part) / max(len(part), 1) for part in parts)
        noted = _noted.get()
        if noted is not None and id(self) in noted:
            penalty = penalty + self._activity
        elif noted is not None:
            noted.add(id(self))
        self._activity = penalty

    def _pulled(self, outputs: Any, grad: Any) -> Any:
        """Return what comes back to outputs, with the derivative of their penalty."""
        if isinstance(outputs, list):
            sent = [None] * len(outputs) if grad is None else grad
            return [self._pulled(o, g) for o, g in zip(outputs, sent, strict=True)]
        pull = np.asarray(self.activity_regularizer.grad(outputs) / max(len(outputs), 1))
        return pull if grad is None else np.asarray(grad) + pull

"""A layer whose weights each have an initializer, a regularizer and a constraint."""

from typing import Any

import numpy as np

from embedlab import constraints, initializers, regularizers
from embedlab.layers.base import Layer
from embedlab.layers.variable import Variable

__all__ = ["Weighted"]

_SPEAKS = {"initializer": initializers, "regularizer": regularizers, "constraint": constraints}


class Weighted(Layer):
    """A layer with named parts, such as kernel and bias, each told about in three arguments.

    Parameters
    ----------
    about : dict
        ``kernel_initializer``, ``kernel_regularizer``, ``kernel_constraint`` and so on; kept as
        attributes of those names, and given back by `get_config`.

    Examples
    --------
    >>> class Shift(Weighted):
    ...     PARTS = ("bias",)
    ...     def build(self, input_shape):
    ...         self.bias = self.add_part("bias", input_shape[-1:])
    >>> layer = Shift({"bias_initializer": "ones"}, name="shift")
    >>> layer.build((None, 3))
    >>> layer.bias
    Variable(shift/bias, (3,) float32, trainable)
    """

    PARTS: tuple[str, ...] = ()
    """The names of the weights, in Keras's order."""

    def __init__(self, about: dict[str, Any], **options: Any):
        super().__init__(**options)
        for name, value in about.items():
            setattr(self, name, _SPEAKS[name.rpartition("_")[2]].get(value))
        self._about = tuple(about)

    def add_part(
        self, name: str, shape: Any, initializer: Any = None, *, about: str | None = None
    ) -> Variable:
        """Make the weight `name` as its three arguments say, and give it.

        Parameters
        ----------
        name : str
        shape : tuple of int
        initializer : optional
            Instead of its own.
        about : str, optional
            How its three arguments begin, where they do not begin with `name`.
        """
        about = about or name
        return self.add_weight(
            name,
            shape,
            initializer or getattr(self, f"{about}_initializer"),
            regularizer=getattr(self, f"{about}_regularizer", None),
            constraint=getattr(self, f"{about}_constraint", None),
        )

    def computed(self, variable: Variable) -> np.ndarray:
        """Return a weight in the dtype that the layer computes in."""
        return variable.value.astype(self.compute_dtype, copy=False)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of every weight, beside those of every layer."""
        told = {
            name: _SPEAKS[name.rpartition("_")[2]].serialize(getattr(self, name))
            for name in self._about
        }
        return {**super().get_config(), **told}

    def __getattr__(self, name: str) -> Any:
        if name in type(self).PARTS:
            raise AttributeError(
                f"You must build the layer before accessing `{name}`. Received no call of "
                f"{self.__dict__.get('name')} yet (or it has none). Call it, or build(shape)."
            )
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

"""What every model shares: a layer made of layers, its files, how it tells about itself."""

from collections.abc import Callable
from typing import Any

from embedlab.layers.base import Layer
from embedlab.layers.symbolic import KerasTensor
from embedlab.models.ends import Ends
from embedlab.models.goals import Goals
from embedlab.models.summary import summary
from embedlab.models.trainer import Trainer

__all__ = ["Model"]


class Model(Trainer, Layer):
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
        """Return a `Functional` model for ``Model(inputs, outputs)``, as Keras does."""
        if cls is Model and (args or "inputs" in kwargs):
            from embedlab.models.functional import Functional  # it stands on this file

            return super().__new__(Functional)
        return super().__new__(cls)

    def __init__(
        self,
        *,
        name: str | None = None,
        trainable: bool = True,
        dtype: Any = None,
        strict_masks: str = "raise",
    ):
        super().__init__(name=name, trainable=trainable, dtype=dtype)
        if strict_masks not in ("raise", "warn", "ignore"):
            raise ValueError(
                'strict_masks must be "raise", "warn" or "ignore". '
                f'Received {strict_masks!r:.40}. Choose "warn" for what Keras 3 does.'
            )
        self.strict_masks = strict_masks
        self.optimizer: Any = None
        self.goals = Goals(None, None, Ends(""))
        self.judged: tuple[Any, Any] = (None, None)
        self.stop_training = False

    # Files ------------------------------------------------------------------------------------

    def save(self, filepath: Any, overwrite: bool = True) -> None:
        """Write the whole model to a ``.keras`` file; `models.load_model` reads it."""
        from embedlab.saving.archive import save_model

        save_model(self, filepath, overwrite)

    def save_weights(self, filepath: Any, overwrite: bool = True) -> None:
        """Write all weights and adapters to a ``.weights.h5`` file."""
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
        """Return one layer by its name or its place."""
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
        """Return each layer with the shape of its output (None while unknown) and whence it comes.

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

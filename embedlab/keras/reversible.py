"""`keras.layers.ReversibleEmbedding` with this project's core in it."""

from typing import Any

import keras

from embedlab.keras.embedding import Embedding

__all__ = ["ReversibleEmbedding"]


# Keras's class comes first: its `call` and quantized calls hand the forward half to the class after
# it, which is ours, and do the projection back themselves.
@keras.saving.register_keras_serializable(package="embedlab")
class ReversibleEmbedding(keras.layers.ReversibleEmbedding, Embedding):
    """A `keras.layers.ReversibleEmbedding` whose lookups and their gradients run on the core.

    ``layer(ids)`` gives rows, ``layer(rows, reverse=True)`` gives a number for each word of the
    vocabulary: a plain matrix product, which is left to Keras. Parameters as in Keras 3.15.

    Examples
    --------
    >>> import numpy as np
    >>> layer = ReversibleEmbedding(3, 2, embeddings_initializer="ones")
    >>> logits = layer(layer(np.array([[1, 2]])), reverse=True)
    >>> keras.ops.convert_to_numpy(logits).tolist()
    [[[2.0, 2.0, 2.0], [2.0, 2.0, 2.0]]]
    """

    def quantize(self, mode: Any = None, type_check: bool = True, config: Any = None) -> None:
        """Turn the table, and the one for the way back if there is one, into codes as Keras does.

        Raises NotImplementedError for a subclass, unless `type_check` is False.
        """
        if type_check and type(self) is not ReversibleEmbedding:
            raise self._not_implemented_error(self.quantize)
        super().quantize(mode, type_check=False, config=config)

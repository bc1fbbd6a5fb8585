"""The same core inside a real Keras model: `embedlab.keras.Embedding` for `keras.layers.Embedding`.

Needs the extra ``keras``. Keras chooses its backend when it is first imported: set KERAS_BACKEND to
numpy, torch, jax or tensorflow before.
"""

try:
    import keras as _keras  # noqa: F401
except ModuleNotFoundError as error:
    if error.name != "keras":
        raise
    raise ModuleNotFoundError(
        "embedlab.keras must find Keras 3. It is not installed. "
        "Run: python -m pip install 'embedlab[keras]'",
        name="keras",
    ) from None

from embedlab.keras.embedding import Embedding
from embedlab.keras.reversible import ReversibleEmbedding

__all__ = ["Embedding", "ReversibleEmbedding"]

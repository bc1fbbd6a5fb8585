"""Where each layer's arrays lie in a file: Keras's paths, such as layers/embedding_1."""

from collections import Counter
from collections.abc import Iterator

from embedlab.layers.base import Layer
from embedlab.models.functional import Functional
from embedlab.models.model import Model
from embedlab.registry import snake_case
from embedlab.saving.graph import ordered

__all__ = ["paths"]


def paths(layer: Layer) -> Iterator[tuple[str, Layer]]:
    """Return every layer below `layer`, and itself, with its path in a file; each once.

    In a model the layers stand under "layers", called after their classes and counted; in a layer
    with layers of its own they are called after their attributes.

    Examples
    --------
    >>> from embedlab.layers import Embedding, GlobalAveragePooling1D
    >>> from embedlab.models import Sequential
    >>> inner = Sequential([Embedding(3, 2), Embedding(3, 2)])
    >>> [path for path, _ in paths(Sequential([inner, GlobalAveragePooling1D()]))]
    ['', 'layers/sequential', 'layers/sequential/layers/embedding', \
'layers/sequential/layers/embedding_1', 'layers/global_average_pooling1d']
    """
    yield from _below(layer, "", set())


def _below(layer: Layer, path: str, seen: set[int]) -> Iterator[tuple[str, Layer]]:
    if id(layer) in seen:
        return
    seen.add(id(layer))
    yield path, layer
    if isinstance(layer, Model):
        layers = ordered(layer) if isinstance(layer, Functional) else layer.layers
        yield from _listed(layers, _join(path, "layers"), seen)
        return
    for name in sorted(vars(layer)):
        held = vars(layer)[name]
        if isinstance(held, Layer):
            yield from _below(held, _join(path, name), seen)
        elif isinstance(held, (list, tuple)):
            inner = [one for one in held if isinstance(one, Layer)]
            yield from _listed(inner, _join(path, name), seen)


def _listed(layers: list[Layer], path: str, seen: set[int]) -> Iterator[tuple[str, Layer]]:
    counted: Counter[str] = Counter()
    for layer in layers:
        stem = snake_case(type(layer).__name__)
        number = counted[stem]
        counted[stem] += 1
        yield from _below(layer, f"{path}/{stem}_{number}" if number else f"{path}/{stem}", seen)


def _join(path: str, name: str) -> str:
    return f"{path}/{name}" if path else name

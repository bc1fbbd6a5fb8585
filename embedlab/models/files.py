"""Models in files as of Keras 3: ``.keras`` for a whole model, ``.weights.h5`` for weights."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from embedlab.budget import file_budget
from embedlab.core.checks import message
from embedlab.layers.layer import Layer
from embedlab.layers.recurrent import Recurrent
from embedlab.layers.stored_arrays import adapter_arrays
from embedlab.models.config import MoreThanAChain, model_from_config, model_to_config
from embedlab.registry import as_custom_objects, snake_case
from embedlab.storage.archive import extract_weights, open_archive, read_config, write_archive
from embedlab.storage.atomic import atomic_write
from embedlab.storage.errors import FileRefused, as_file_refused
from embedlab.storage.h5 import Reader, open_h5, write_groups

__all__ = ["load_layer_weights", "load_model", "load_weights", "save_model", "save_weights"]

MODEL, WEIGHTS = ".keras", ".weights.h5"
_COMPARE = "Compare the two models"


# Whole models ---------------------------------------------------------------------------------


def save_model(model: Any, filepath: Any, overwrite: bool = True) -> None:
    """Write a whole model to a ``.keras`` file: layers, weights, adapters, compile options.

    Raises
    ------
    ValueError
        For another ending, a model that has no weights yet, and a config that is no JSON.

    Notes
    -----
    Keras 3 reads the file where it knows the layers; what it has no word for, such as several
    adapters, it ignores. The state of the optimizer is left out: training on starts it again. A
    crash in the middle leaves the old file whole.
    """
    _check_ending(filepath, MODEL)
    _check_built(model)
    try:
        config = json.dumps(model_to_config(model))
    except TypeError as error:
        must, do = f"the config of {model.name!r} must be plain values", "Give it a get_config"
        raise ValueError(message(must, error, do)) from error
    write_archive(filepath, config, lambda file: _write_weights(file, model), overwrite)


def load_model(
    filepath: Any,
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,
    safe_mode: bool = True,
) -> Any:
    """Return the model that a ``.keras`` file holds, written here or by Keras 3.

    Parameters
    ----------
    filepath : path-like
    custom_objects : mapping of str to class or function, optional
        Classes and functions of your own that the file names.
    compile : bool
        Whether to take over optimizer (at its first step), loss and metrics.
    safe_mode : bool
        With False there is no limit on the memory that the model takes: a file may ask for 64 MB
        and 8 times its size. Nothing in it is ever executed, whatever the value.

    Raises
    ------
    embedlab.storage.FileRefused
        For a file that is damaged or hostile, one that names what is not known, and one that holds
        more than a chain of layers.

    Examples
    --------
    >>> import tempfile
    >>> from embedlab.layers import Embedding
    >>> from embedlab.models import Sequential
    >>> path = tempfile.mkdtemp() + "/words.keras"
    >>> model = Sequential([Embedding(5, 2, input_length=3)])
    >>> model.save(path)
    >>> bool((load_model(path).predict([[1, 2, 3]]) == model.predict([[1, 2, 3]])).all())
    True
    """
    _check_ending(filepath, MODEL)
    custom_objects = as_custom_objects(custom_objects)
    with file_budget(filepath, safe_mode) as budget, _open_weights(filepath) as (weights, config):
        do = "Pass custom_objects for what is yours; do not trust a file that surprises you"
        with as_file_refused(filepath, "hold a valid config", do):
            try:
                model = model_from_config(config, custom_objects, compile)
            except MoreThanAChain as error:
                must, do = "hold one chain of layers", "Load it with embedlab.keras in Keras"
                do += ", or read its weights with models.load_layer_weights"
                raise FileRefused(filepath, must, str(error), do) from None
        with as_file_refused(filepath, "hold the weights of its model"):
            _read_weights(weights, filepath, model)
    for initialize in budget.afterwards:  # what the file had no place for: layers in a dict, say
        initialize()
    return model


# Weights --------------------------------------------------------------------------------------


def save_weights(model: Any, filepath: Any, overwrite: bool = True) -> None:
    """Write all weights of a built model to a ``.weights.h5`` file that Keras can read."""
    _check_ending(filepath, WEIGHTS)
    _check_built(model)
    with atomic_write(filepath, overwrite) as fresh:
        _write_weights(fresh, model)


def load_weights(model: Any, filepath: Any) -> None:
    """Read all weights of a built model from a ``.weights.h5`` or ``.keras`` file.

    FileRefused, and no weight is changed, for one that is damaged, hostile or of another model.
    """
    with file_budget(filepath), _open_weights(filepath) as (source, _):
        _read_weights(source, filepath, model)


def load_layer_weights(layer: Layer, path: Any, name: str | None = None) -> None:
    """Read the weights of one layer from a file of any model, also of one with branches.

    `layer` must be built, and like the one in the ``.weights.h5`` or ``.keras`` file. `name` is its
    name in the file, or its path there, such as "layers/embedding_1"; that of `layer` by default.

    Raises
    ------
    FileRefused
        For a file that holds no such layer, or other arrays. No weight is changed.

    Examples
    --------
    >>> import tempfile
    >>> from embedlab.layers import Embedding
    >>> from embedlab.models import Sequential
    >>> path = tempfile.mkdtemp() + "/m.keras"
    >>> Sequential([Embedding(5, 2, "ones", input_length=3, name="words")]).save(path)
    >>> layer = Embedding(5, 2)
    >>> layer.build()
    >>> load_layer_weights(layer, path, "words")
    >>> layer.get_weights()[0][0].tolist()
    [1.0, 1.0]
    """
    name = layer.name if name is None else name
    with (
        file_budget(path),
        _open_weights(path) as (source, config),
        open_h5(source, path) as reader,
        as_file_refused(path, "hold this layer", _COMPARE),
    ):
        name = _group_in_config(config, name) or name
        groups = list(_groups_with_arrays(reader))
        matches = [
            group
            for group in groups
            if name in (group, group.rpartition("/")[2], reader.label(_vars(group, layer)))
        ]
        if len(matches) != 1:
            count, known = len(matches) or "no", ", ".join(groups[:20])
            raise ValueError(f"{count} layers called {name!r:.60}; there are {known:.400}")
        _prepare_load(reader, matches[0], layer)()


@contextmanager
def _open_weights(path: Any) -> Iterator[tuple[Any, Any]]:
    """Yield the HDF5 file with the weights in a file, a path or open, and the config, or None."""
    _check_ending(path, MODEL, WEIGHTS)
    if str(path).endswith(WEIGHTS):
        yield Path(path), None
        return
    with open_archive(path) as archive:
        config = read_config(archive, path)
        with extract_weights(archive, path) as source:
            yield source, config


def _write_weights(path: Any, model: Any) -> None:
    groups: dict[str, dict[str, Any]] = {}
    names: dict[str, str] = {}
    for where, layer in weight_groups(model):
        group = _vars(where, layer)
        groups[group], names[group] = {}, layer.name
        layer.save_own_variables(groups[group])
        extra = adapter_arrays(layer)
        if extra:
            groups[_join(where, "embedlab")] = extra
    write_groups(path, groups, names)


def _read_weights(source: Any, path: Any, model: Any) -> None:
    """Read all weights from an open file or a path: all is checked before any is changed."""
    _check_built(model)
    with (
        open_h5(source, path) as reader,
        as_file_refused(path, "hold the weights of this model", _COMPARE, keep_advice=True),
    ):
        if reader.keras2:
            do = "Load and save it in Keras 3"
            raise FileRefused(path, "be a file of Keras 3", "one of Keras 2", do)
        known = dict(weight_groups(model))
        for where, layer in known.items():
            group = _join(where, "layers")
            names = [name for name in reader.names(group) if not name.startswith("input_layer")]
            extra = [name for name in names if f"{group}/{name}" not in known]
            if extra and hasattr(layer, "layers"):  # their weights would be lost silently
                must = f"every layer of the file must be in {layer.name!r}"
                do = "Read single layers with models.load_layer_weights"
                raise ValueError(message(must, f"more: {extra[:5]}", do))
        for assign in [_prepare_load(reader, where, layer) for where, layer in known.items()]:
            assign()


def _prepare_load(reader: Reader, where: str, layer: Layer) -> Any:
    adapters = reader.arrays(_join(where, "embedlab"))
    return layer.prepare_load(reader.arrays(_vars(where, layer)), adapters)


# Groups in a file -----------------------------------------------------------------------------


def weight_groups(layer: Layer) -> Iterator[tuple[str, Layer]]:
    """Yield every layer below `layer`, and itself, with its path in a file; each once.

    In a model the layers stand under "layers", called after their classes and counted; in a layer
    with layers of its own they are called after their attributes.

    >>> from embedlab.layers import Embedding, GlobalAveragePooling1D
    >>> from embedlab.models import Sequential
    >>> inner = Sequential([Embedding(3, 2), Embedding(3, 2)])
    >>> [path for path, _ in weight_groups(Sequential([inner, GlobalAveragePooling1D()]))]
    ['', 'layers/sequential', 'layers/sequential/layers/embedding', \
'layers/sequential/layers/embedding_1', 'layers/global_average_pooling1d']
    """
    yield from _groups_below(layer, "", set())


def _groups_below(layer: Layer, path: str, seen: set[int]) -> Iterator[tuple[str, Layer]]:
    if id(layer) in seen:
        return
    seen.add(id(layer))
    yield path, layer
    below = {"layers": layer.layers} if hasattr(layer, "layers") else vars(layer)
    for attribute, value in sorted(below.items()):
        group = _join(path, attribute)
        if isinstance(value, Layer):
            yield from _groups_below(value, group, seen)
        elif isinstance(value, (list, tuple)):
            layers = [each for each in value if isinstance(each, Layer)]
            kinds = (vars(type(each)).get("_KIND", type(each).__name__) for each in layers)
            names = _numbered(kinds)
            for name, each in zip(names, layers, strict=True):
                yield from _groups_below(each, f"{group}/{name}", seen)


def _numbered(classes: Iterable[str]) -> Iterator[str]:
    """Yield the name of each layer in a file: its class in snake case, counted from the second."""
    counted: Counter[str] = Counter()
    for name in map(snake_case, classes):
        yield f"{name}_{counted[name]}" if counted[name] else name
        counted[name] += 1


def _group_in_config(config: Any, name: str) -> str | None:
    """Return the group of a layer by its name: files count layers by class, in Keras's order."""
    layers = (config.get("config", {}).get("layers") if isinstance(config, dict) else None) or []
    groups = _numbered(str(each.get("class_name")) for each in layers)
    for each, group in zip(layers, groups, strict=True):
        if (each.get("config") or {}).get("name") == name:
            return f"layers/{group}"
    return None


def _groups_with_arrays(reader: Reader, parent: str = "layers") -> Iterator[str]:
    """Yield the path of every layer in a file, those of models inside models too."""
    for name in reader.names(parent):
        group = f"{parent}/{name}"
        inner = set(reader.names(group))
        if inner & {"vars", "cell"}:
            yield group
        if "layers" in inner:
            yield from _groups_with_arrays(reader, f"{group}/layers")


def _vars(where: str, layer: Any) -> str:
    """Return the group of a layer's arrays; Keras has those of a recurrent layer in its cell."""
    return _join(where, "cell/vars" if isinstance(layer, Recurrent) else "vars")


def _join(path: str, name: str) -> str:
    return f"{path}/{name}" if path else name


# Checks ---------------------------------------------------------------------------------------


def _has_weights(model: Any) -> bool:
    """Return whether a model is built, or made of built layers and such as need no building."""
    inner = list(model.sublayers())
    complete = bool(inner) if hasattr(model, "layers") else type(model).build is Layer.build
    return model.built or (complete and all(_has_weights(layer) for layer in inner))


def _check_built(model: Any) -> None:
    if not _has_weights(model):
        must = f"{model.name!r} must be built before it is saved or loaded"
        do = "Call it on data once, or model.build(input_shape)"
        raise ValueError(message(must, "a model without weights", do))


def _check_ending(path: Any, *endings: str) -> None:
    if not str(path).endswith(endings):
        must = f"the filename must end in {' or '.join(f'`{ending}`' for ending in endings)}"
        do = f"Use `{MODEL}` for whole models, `{WEIGHTS}` for weights"
        raise ValueError(message(must, f"filepath={path}", do))

"""Models in files: ``.keras`` for a whole model, ``.weights.h5`` for its weights, as Keras 3."""

import json
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from embedlab.layers.allocation import weight_budget
from embedlab.layers.layer import Layer
from embedlab.layers.recurrent import Recurrent
from embedlab.layers.stored_arrays import adapter_arrays
from embedlab.models.config import MoreThanAChain, model_from_config, model_to_config
from embedlab.registry import snake_case
from embedlab.storage.archive import (
    extract_weights,
    open_archive,
    open_weights,
    read_config,
    write_archive,
)
from embedlab.storage.atomic import atomic_write
from embedlab.storage.errors import FileRefused, as_file_refused
from embedlab.storage.h5 import Reader, open_h5, write_groups

__all__ = [
    "load_layer_weights",
    "load_model",
    "load_weights",
    "save_model",
    "save_weights",
    "weight_groups",
]

ENDING = ".weights.h5"
EXTRA_BYTES = 64 << 20
"""Bytes that weights may take beyond eight times the file: adapters that Keras has merged."""
_MATCH, _COMPARE = "hold the weights of this model", "Compare the two models."


# Whole models ---------------------------------------------------------------------------------


def save_model(model: Any, filepath: Any, overwrite: bool = True) -> None:
    """Write a whole model to a ``.keras`` file: layers, weights, adapters, compile options.

    Parameters
    ----------
    model : Model
        Built.
    filepath : path-like
        Must end in ``.keras``.
    overwrite : bool
        Whether a file may be there already.

    Notes
    -----
    Keras 3 reads the file where it knows the layers; what it has no word for, such as several
    adapters, it ignores. The state of the optimizer is left out: training on starts it again. A
    crash in the middle leaves the old file whole.
    """
    _check_ending(filepath, "save")
    if not _has_weights(model):
        raise ValueError(
            f"{model.name!r} must be built before it is saved. Received a model without weights. "
            "Call it on data once, or model.build(input_shape)."
        )
    try:
        config = json.dumps(model_to_config(model))
    except TypeError as error:
        raise ValueError(
            f"the config of {model.name!r} must be plain values. Received {error}. "
            "Give the object at fault a get_config."
        ) from error
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
        As in Keras; nothing in a file is ever executed, whatever the value.

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
    _check_ending(filepath, "load")
    with open_archive(filepath) as archive:
        config = read_config(archive, filepath)
        with extract_weights(archive, filepath) as weights:
            weights.seek(0, 2)
            most = 8 * weights.tell() + EXTRA_BYTES
            weights.seek(0)
            cure = "Pass custom_objects for what is yours; do not trust a file that surprises you."
            with as_file_refused(filepath, "hold a valid config", cure), weight_budget(most):
                try:
                    model = model_from_config(config, custom_objects, compile)
                except MoreThanAChain as error:
                    raise FileRefused(
                        filepath,
                        f"must hold one chain of layers. Received {error}. Load it with "
                        "embedlab.keras in Keras, or read its weights with "
                        "models.load_layer_weights.",
                    ) from None
            with as_file_refused(filepath, "hold the weights of its model", "Save it again."):
                _read_weights(weights, filepath, model)
    return model


# Weights --------------------------------------------------------------------------------------


def save_weights(model: Any, path: Any, overwrite: bool = True) -> None:
    """Write all weights of a built model to a ``.weights.h5`` file that Keras can read.

    Raises
    ------
    ValueError
        For another ending, and a model that has no weights yet.
    """
    if not str(path).endswith(ENDING):
        raise ValueError(
            f"The filename must end in `{ENDING}`. Received: filepath={path}. "
            "For the whole model use model.save with `.keras`."
        )
    _check_built(model)
    with atomic_write(path, overwrite) as fresh:
        _write_weights(fresh, model)


def load_weights(model: Any, path: Any, skip_mismatch: bool = False) -> None:
    """Read all weights of a built model from a ``.weights.h5`` or ``.keras`` file.

    Parameters
    ----------
    model : Model
    path : path-like
    skip_mismatch : bool
        Leave layers as they are whose arrays do not fit, with a warning.

    Raises
    ------
    FileRefused
        For a file that is damaged, hostile, or of another model. No weight is changed.
    """
    if str(path).endswith(".keras"):
        with open_weights(path) as source:
            _read_weights(source, path, model, skip_mismatch=skip_mismatch)
        return
    _check_weights_ending(path)
    _read_weights(Path(path), path, model, skip_mismatch=skip_mismatch)


def load_layer_weights(layer: Layer, path: Any, name: str | None = None) -> None:
    """Read the weights of one layer from a file of any model, also of one with branches.

    Parameters
    ----------
    layer : Layer
        Built, and like the one in the file.
    path : path-like
        A ``.weights.h5`` or ``.keras`` file.
    name : str, optional
        The name of the layer in the file, or its path there, such as "layers/embedding_1"; that of
        `layer` by default.

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
    if not str(path).endswith(".keras"):
        _check_weights_ending(path)
        _read_layer(Path(path), path, layer, name)
        return
    with open_archive(path) as archive:
        where = _group_in_config(read_config(archive, path), name)
        with extract_weights(archive, path) as source:
            _read_layer(source, path, layer, where or name)


def _read_layer(source: Any, path: Any, layer: Layer, name: str) -> None:
    with open_h5(source, path) as reader, as_file_refused(path, "hold this layer", _COMPARE):
        groups = list(_groups_with_arrays(reader))
        matches = [
            group
            for group in groups
            if name in (group, group.rpartition("/")[2], reader.label(_vars(group, layer)))
        ]
        if len(matches) != 1:
            count = "no" if not matches else f"{len(matches)}"
            raise ValueError(
                f"{count} layers called {name!r:.60}; there are {', '.join(groups[:20])!s:.400}"
            )
        assign = layer.prepare_load(
            reader.arrays(_vars(matches[0], layer)) or {},
            reader.arrays(f"{matches[0]}/embedlab") or {},
        )
        assign()


def _group_in_config(config: Any, name: str) -> str | None:
    """Return the group of a layer by its name: files count layers by class, in Keras's order."""
    layers = config.get("config", {}).get("layers") if isinstance(config, dict) else None
    counted: Counter[str] = Counter()
    for each in layers or []:
        stem = snake_case(str(each.get("class_name")))
        number = counted[stem]
        counted[stem] += 1
        if (each.get("config") or {}).get("name") == name:
            return f"layers/{stem}_{number}" if number else f"layers/{stem}"
    return None


def _groups_with_arrays(reader: Reader) -> Iterator[str]:
    """Yield the path of every layer in a file, those of models inside models too."""
    stack = ["layers"]
    while stack:
        parent = stack.pop()
        for name in reader.names(parent):
            group = f"{parent}/{name}"
            inner = set(reader.names(group))
            if inner & {"vars", "cell"}:
                yield group
            if "layers" in inner:
                stack.append(f"{group}/layers")


def weight_groups(layer: Layer) -> Iterator[tuple[str, Layer]]:
    """Yield every layer below `layer`, and itself, with its path in a file; each once.

    In a model the layers stand under "layers", called after their classes and counted; in a layer
    with layers of its own they are called after their attributes.

    Examples
    --------
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
    if hasattr(layer, "layers"):  # a model
        yield from _groups_of(layer.layers, _join(path, "layers"), seen)
        return
    for name in sorted(vars(layer)):
        value = vars(layer)[name]
        if isinstance(value, Layer):
            yield from _groups_below(value, _join(path, name), seen)
        elif isinstance(value, (list, tuple)):
            inner = [each for each in value if isinstance(each, Layer)]
            yield from _groups_of(inner, _join(path, name), seen)


def _groups_of(layers: list[Layer], path: str, seen: set[int]) -> Iterator[tuple[str, Layer]]:
    counted: Counter[str] = Counter()
    for layer in layers:
        stem = snake_case(type(layer).__name__)
        number = counted[stem]
        counted[stem] += 1
        group = f"{path}/{stem}_{number}" if number else f"{path}/{stem}"
        yield from _groups_below(layer, group, seen)


def _write_weights(path: Any, model: Any) -> None:
    """Write all weights and adapters into a new HDF5 file."""
    groups: dict[str, dict[str, Any]] = {}
    names: dict[str, str] = {}
    for where, layer in weight_groups(model):
        group = _vars(where, layer)
        groups[group] = {}
        layer.save_own_variables(groups[group])
        names[group] = layer.name
        extra = adapter_arrays(layer)
        if extra:
            groups[_join(where, "embedlab")] = extra
    write_groups(path, groups, names)


def _read_weights(source: Any, path: Any, model: Any, *, skip_mismatch: bool = False) -> None:
    """Read all weights from an open file or a path: all is checked before any is changed."""
    _check_built(model)
    assignments: list[Callable[[], None]] = []
    with open_h5(source, path) as reader, as_file_refused(path, _MATCH, _COMPARE):
        known = list(weight_groups(model))
        if not skip_mismatch:
            _check_layers(reader, known)
        for where, layer in known:
            arrays = reader.arrays(_vars(where, layer)) or {}
            extra = reader.arrays(_join(where, "embedlab")) or {}
            try:
                assignments.append(layer.prepare_load(arrays, extra))
            except ValueError as error:
                if isinstance(error, FileRefused) or not skip_mismatch:
                    raise
                warnings.warn(f"{layer.name} keeps its weights: {error}", UserWarning, stacklevel=4)
        for assign in assignments:
            assign()


def _check_layers(reader: Reader, known: list[tuple[str, Any]]) -> None:
    """Refuse weights of layers that the model does not have: they would be lost silently."""
    here = {where for where, _ in known}
    for where, layer in known:
        if hasattr(layer, "layers"):
            group = _join(where, "layers")
            extra = [
                name
                for name in reader.names(group)
                if f"{group}/{name}" not in here and not name.startswith("input_layer")
            ]
            if extra:
                raise ValueError(
                    f"every layer of the file must be in {layer.name!r}. Received more: "
                    f"{extra[:5]}. Add them, or pass skip_mismatch=True."
                )


def _vars(where: str, layer: Any) -> str:
    """Return the group of a layer's arrays; Keras has those of a recurrent layer in its cell."""
    return _join(where, "cell/vars" if isinstance(layer, Recurrent) else "vars")


def _join(path: str, name: str) -> str:
    return f"{path}/{name}" if path else name


def _has_weights(model: Any) -> bool:
    """Return whether a model is built, or made of built layers and such as need no building."""
    if model.built:
        return True
    inner = list(model.sublayers())
    complete = bool(inner) if hasattr(model, "layers") else type(model).build is Layer.build
    return complete and all(_has_weights(layer) for layer in inner)


def _check_built(model: Any) -> None:
    if not _has_weights(model):
        raise ValueError(
            f"{model.name!r} must be built before its weights are saved or loaded. Received a "
            "model without weights. Call it on data once, or model.build(input_shape)."
        )


def _check_ending(path: Any, verb: str) -> None:
    if not str(path).endswith(".keras"):
        raise ValueError(
            f"Invalid filepath extension: {verb} a model with the ending `.keras`. "
            f"Received: filepath={path}. Keras 2's `.h5` and pickles are not used here; for "
            "weights alone there is `.weights.h5`."
        )


def _check_weights_ending(path: Any) -> None:
    if not str(path).endswith(ENDING):
        raise ValueError(
            f"weights are read from files that end in `{ENDING}` or `.keras`. "
            f"Received: filepath={path}. Keras 2's `.h5` and pickles are not read."
        )

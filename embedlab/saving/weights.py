"""A model's weights in one HDF5 file, laid out as Keras lays them out."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from embedlab.layers.recurrent import Recurrent
from embedlab.models.model import Model
from embedlab.saving.adapters import beside
from embedlab.saving.atomic import writing
from embedlab.saving.h5 import Reader, reading, write_groups
from embedlab.saving.refusal import FileRefused, refusing
from embedlab.saving.store import prepared
from embedlab.saving.tree import paths

__all__ = ["load_from", "load_weights", "save_to", "save_weights"]

ENDING = ".weights.h5"


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
    _needs_weights(model)
    with writing(path, overwrite) as fresh:
        save_to(fresh, model)


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
        from embedlab.saving.archive import weights_inside

        with weights_inside(path) as source:
            load_from(source, path, model, skip_mismatch=skip_mismatch)
        return
    if not str(path).endswith(ENDING):
        raise ValueError(
            f"weights are read from files that end in `{ENDING}` or `.keras`. "
            f"Received: filepath={path}. Keras 2's `.h5` and pickles are not read."
        )
    load_from(Path(path), path, model, skip_mismatch=skip_mismatch)


def save_to(path: Any, model: Any) -> None:
    """Write all weights and adapters into a new HDF5 file."""
    groups: dict[str, dict[str, Any]] = {}
    names: dict[str, str] = {}
    for where, layer in paths(model):
        group = _vars(where, layer)
        groups[group] = {}
        layer.save_own_variables(groups[group])
        names[group] = layer.name
        extra = beside(layer)
        if extra:
            groups[_beside(where)] = extra
    write_groups(path, groups, names)


def load_from(source: Any, path: Any, model: Any, *, skip_mismatch: bool = False) -> None:
    """Read all weights from an open file or a path: everything is checked before anything moves."""
    _needs_weights(model)
    puts: list[Callable[[], None]] = []
    must, cure = "hold the weights of this very model", "Compare the two models."
    with reading(source, path) as reader, refusing(path, must, cure):
        known = list(paths(model))
        if not skip_mismatch:
            _check_layers(reader, known)
        for where, layer in known:
            try:
                puts.append(_prepared(reader, where, layer))
            except ValueError as error:
                if isinstance(error, FileRefused) or not skip_mismatch:
                    raise
                warnings.warn(f"{layer.name} keeps its weights: {error}", UserWarning, stacklevel=4)
        for put in puts:
            put()


def _prepared(reader: Reader, where: str, layer: Any) -> Callable[[], None]:
    found = reader.arrays(_vars(where, layer))
    extra = reader.arrays(_beside(where)) or {}
    return prepared(layer, found or {}, extra)


def _check_layers(reader: Reader, known: list[tuple[str, Any]]) -> None:
    """Refuse weights of layers that the model does not have: they would be lost in silence."""
    here = {where for where, _ in known}
    for where, layer in known:
        if isinstance(layer, Model):
            group = f"{where}/layers" if where else "layers"
            spare = [
                name
                for name in reader.names(group)
                if f"{group}/{name}" not in here and not name.startswith("input_layer")
            ]
            if spare:
                raise ValueError(
                    f"every layer of the file must be in {layer.name!r}. Received more: "
                    f"{spare[:5]}. Add them, or pass skip_mismatch=True."
                )


def _vars(where: str, layer: Any) -> str:
    """Return the group of a layer's arrays; Keras keeps those of a recurrent layer in its cell."""
    inner = "cell/vars" if isinstance(layer, Recurrent) else "vars"
    return f"{where}/{inner}" if where else inner


def _beside(where: str) -> str:
    return f"{where}/embedlab" if where else "embedlab"


def _needs_weights(model: Any) -> None:
    if not model.built:
        raise ValueError(
            f"{model.name!r} must be built before its weights are saved or loaded. Received a "
            "model without weights. Call it on data once, or model.build(input_shape)."
        )

"""The inputs of a model: how they stand together, and which array is meant for which."""

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from embedlab.layers.structure import Mismatch, alone, nested, swapped, up_to
from embedlab.layers.symbolic import KerasTensor
from embedlab.models.calls import placeholders
from embedlab.models.several import Several

__all__ = ["Starts"]


class Starts:
    """The inputs of a model.

    Parameters
    ----------
    structure : KerasTensor, or nested list or dict of KerasTensor

    Attributes
    ----------
    tensors : list of KerasTensor
        Dicts in the order of their sorted keys, as in Keras.

    Notes
    -----
    A dict whose keys are not the names of the placeholders is taken with a warning, as in Keras.

    Examples
    --------
    >>> left, right = (KerasTensor((None, 2), name=name) for name in ("left", "right"))
    >>> Starts([left, right]).given({"right": [[3, 4]], "left": [[1, 2]]})
    [[[1, 2]], [[3, 4]]]
    >>> Starts({"right": right, "left": left}).given({"right": [[3, 4]], "left": [[1, 2]]})
    [[[1, 2]], [[3, 4]]]
    """

    def __init__(self, structure: Any):
        self.tensors = placeholders(structure, "inputs")
        self.structure = alone(structure)
        for key, tensor in structure.items() if isinstance(structure, Mapping) else ():
            if isinstance(tensor, KerasTensor) and key != tensor.name:
                warnings.warn(
                    "When providing `inputs` as a dict, all keys in the dict must match the names "
                    f"of the corresponding tensors. Received {key!r:.40} for {tensor.name!r:.40}. "
                    "Call Input(..., name=...).",
                    UserWarning,
                    stacklevel=5,
                )

    def given(self, inputs: Any) -> list[Any]:
        """Return the inputs in a list: one array, one in a list, their own form, or a dict by name.

        Raises
        ------
        ValueError
            Unless there is one for each placeholder. Further keys of a dict are passed by.
        """
        if isinstance(inputs, Several):
            return list(inputs)
        form = self.structure
        if isinstance(inputs, Mapping):
            return self._picked(inputs)
        if isinstance(form, KerasTensor):
            lone = isinstance(inputs, (list, tuple)) and len(inputs) == 1
            return [inputs[0]] if lone and _is_one(inputs[0], form) else [inputs]
        listed = inputs if isinstance(inputs, (list, tuple)) else [inputs]
        if isinstance(form, Mapping):  # a list says which is which only if the keys stand sorted
            plain = list(form) == sorted(form) and not any(map(nested, form.values()))
            form = list(self.tensors) if plain else form
        try:
            return up_to(form, listed)
        except Mismatch as error:
            raise ValueError(
                f"the model needs {len(self.tensors)} inputs. Received {len(listed)} where {error}."
                f" Pass them in the form {self._names()!r:.120}."
            ) from None

    def _picked(self, inputs: Mapping[str, Any]) -> list[Any]:
        """Return the inputs out of a dict, by their keys or their names."""
        form, names = self.structure, [tensor.name for tensor in self.tensors]
        deep = isinstance(form, (list, tuple)) and any(map(nested, form))
        try:
            if isinstance(form, Mapping):
                return up_to(form, inputs, whole=True)
            if not deep and set(names) <= set(inputs):
                return [inputs[name] for name in names]
        except Mismatch:
            pass
        want = self._names() if deep or isinstance(form, Mapping) else names
        raise ValueError(
            f"the model needs its inputs by their names {want!r:.200}: missing data for an input. "
            f"Received {list(inputs)!r:.120}. Call Input(..., name=...)."
        )

    def _names(self) -> Any:
        return swapped(self.structure, lambda tensor: tensor.name)


def _is_one(thing: Any, tensor: KerasTensor) -> bool:
    return isinstance(thing, KerasTensor) or np.ndim(thing) == len(tensor.shape)

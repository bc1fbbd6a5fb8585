"""Things that stand together: lists and dicts, also inside each other, and what they hold."""

from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["Mismatch", "alone", "first", "flat", "nested", "packed", "swapped", "up_to"]


class Mismatch(ValueError):
    """Two structures that should have one form do not."""


def nested(thing: Any) -> bool:
    """Return whether a thing holds others: a list, a tuple or a dict (but not a config).

    >>> nested([]), nested({"a": 1}), nested({"class_name": "Adam"}), nested("ab")
    (True, True, False, False)
    """
    if isinstance(thing, Mapping):
        return "class_name" not in thing
    return isinstance(thing, (list, tuple))


def alone(structure: Any) -> Any:
    """Return what stands alone in a list, as Keras does; everything else stays.

    >>> alone(["a"]), alone({"k": "a"})
    ('a', {'k': 'a'})
    """
    lone = isinstance(structure, (list, tuple)) and len(structure) == 1
    return structure[0] if lone else structure


def flat(structure: Any) -> list[Any]:
    """Return what a structure holds in a list, dicts in the order of their sorted keys, as Keras.

    >>> flat({"b": [1, 2], "a": 3})
    [3, 1, 2]
    """
    if not nested(structure):
        return [structure]
    parts = _sorted(structure) if isinstance(structure, Mapping) else structure
    return [one for part in parts for one in flat(part)]


def packed(structure: Any, things: Any) -> Any:
    """Return things that came in the order of `flat` in the form of a structure.

    >>> packed({"b": [1, 2], "a": 3}, "xyz")
    {'b': ['y', 'z'], 'a': 'x'}
    """
    coming = iter(things)
    return swapped(structure, lambda _: next(coming))


def swapped(structure: Any, change: Callable[[Any], Any]) -> Any:
    """Return a structure of the same form, with each thing changed.

    >>> swapped(("a", {"k": "b"}), str.upper)
    ('A', {'k': 'B'})
    """
    if not nested(structure):
        return change(structure)
    if isinstance(structure, Mapping):
        made = {key: swapped(structure[key], change) for key in sorted(structure)}
        return {key: made[key] for key in structure}
    made_list = [swapped(part, change) for part in structure]
    return tuple(made_list) if isinstance(structure, tuple) else made_list


def first(structure: Any) -> Any:
    """Return the first thing that a structure holds, or what is empty.

    >>> first([[7, 8]]), first({"a": 9}), first([])
    (7, 9, [])
    """
    while type(structure) in (list, tuple, dict) and structure:
        structure = structure[min(structure)] if type(structure) is dict else structure[0]
    return structure


def up_to(structure: Any, told: Any, *, spread: bool = False, whole: bool = False) -> list[Any]:
    """Return the part of `told` that stands where each thing of a structure stands, in flat order.

    Parameters
    ----------
    structure : nested list, tuple or dict
    told : object
        Of the same form as far as `structure` goes: parts may be anything. None stands for None
        everywhere below.
    spread : bool
        Whether one thing may stand for all below it.
    whole : bool
        Whether every key must be there, and others are passed by; without, a key that is not there
        means None, and others are refused.

    Raises
    ------
    Mismatch
        Where the forms differ.

    Examples
    --------
    >>> up_to({"b": [1, 2], "a": 3}, {"b": ["x", ["y"]]})
    [None, 'x', ['y']]
    >>> up_to([1, {"k": 2}], "mse", spread=True)
    ['mse', 'mse']
    """
    if not nested(structure):
        return [told]
    if (told is None and not whole) or (spread and not nested(told)):
        return [told] * len(flat(structure))
    if isinstance(structure, Mapping):
        if not isinstance(told, Mapping):
            raise Mismatch(f"a dict with the keys {sorted(structure)} is needed")
        lacks, spare = set(structure) - set(told), set(told) - set(structure)
        if (whole and lacks) or (spare and not whole):
            raise Mismatch(f"the keys must be {sorted(structure)}, and are {sorted(told)}")
        parts = [(structure[key], told.get(key)) for key in sorted(structure)]
    else:
        if not isinstance(told, (list, tuple)) or len(told) != len(structure):
            raise Mismatch(f"a list of {len(structure)} is needed")
        parts = list(zip(structure, told, strict=True))
    return [one for own, part in parts for one in up_to(own, part, spread=spread, whole=whole)]


def _sorted(structure: Mapping[Any, Any]) -> list[Any]:
    return [structure[key] for key in sorted(structure)]

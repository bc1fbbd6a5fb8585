"""The outputs of a model: how they stand together, and by which names losses and metrics go."""

from collections.abc import Mapping
from typing import Any

from embedlab.layers.structure import Mismatch, alone, flat, nested, packed, up_to

__all__ = ["Ends"]


class Ends:
    """The outputs of a model, told by the names of the layers that make them.

    Parameters
    ----------
    structure : str, or nested list or dict of str
        In the form in which the outputs come; "" for a lone output that nobody has named.

    Attributes
    ----------
    names : list of str
        Of the layers, dicts in the order of their sorted keys.
    losses, metrics : list of str
        What the loss of each output is called, and what stands before a metric's name.

    Notes
    -----
    Source: ``CompileLoss`` and ``CompileMetrics`` in Keras 3.15. Outputs in a dict go by its keys,
    those in a list by their layers; deeper ones have a loss with their way in its name.

    Examples
    --------
    >>> ends = Ends({"tags": ["dense", "dense_1"], "next": "softmax"})
    >>> ends.losses
    ['next', 'tags/dense', 'tags/dense_1']
    >>> ends.each({"next": "mae", "tags": "mse"}, "loss")
    ['mae', 'mse', 'mse']
    """

    def __init__(self, structure: Any):
        self.structure = alone(structure)
        self.names: list[str] = flat(self.structure)
        form = self.structure
        parts = form.values() if isinstance(form, Mapping) else form
        self._by_key = isinstance(form, Mapping) and not any(map(nested, parts))
        self._by_name = isinstance(form, (list, tuple)) and not any(map(nested, parts))
        self.losses = [
            "/".join(map(str, way if way and not isinstance(way[-1], int) else (*way[:-1], name)))
            for way, name in zip(_ways(form), self.names, strict=True)
        ]
        self.metrics = sorted(form) if self._by_key else self.names

    def __len__(self) -> int:
        return len(self.names)

    def packed(self, things: Any, like: Any = None) -> Any:
        """Return things in flat order in the form of the outputs, dicts in the order of `like`.

        >>> Ends({"b": "x", "a": "y"}).packed([1, 2], like={"b": None})
        {'b': 2, 'a': 1}
        """
        return _ordered(packed(self.structure, things), like)

    def each(self, told: Any, what: str, whole: bool = False) -> list[Any]:
        """Return what each output is told: one for all, a list in flat order, or their own form.

        Parameters
        ----------
        told : object, or nested list or dict
            A dict with "class_name" is one thing, told as a config.
        what : str
            What errors call it.
        whole : bool
            Whether a dict by the names of layers must name every output, as Keras wants of losses.

        Raises
        ------
        ValueError
            For names that no output has, and another number of them.
        """
        if isinstance(told, Mapping) and nested(told) and not isinstance(self.structure, Mapping):
            return self._named(told, what, whole)
        try:
            if nested(self.structure) or not nested(told):
                return up_to(self.structure, told, spread=True)
        except Mismatch:
            pass
        if (
            isinstance(told, (list, tuple))
            and len(told) == len(self)
            and not any(map(nested, told))
        ):
            return list(told)
        raise self.refusal(told, what)

    def several(self, told: Any, what: str) -> list[Any]:
        """Return what each of several outputs is told, where a list may be meant for one of
        them."""
        if self._by_name and isinstance(told, Mapping):
            return self._named(told, what, False)
        try:
            return up_to(self.structure, told)
        except Mismatch:
            pass
        if self._by_key and isinstance(told, (list, tuple)) and len(told) == len(self):
            return list(told)
        raise self.refusal(told, what)

    def _named(self, told: Mapping[str, Any], what: str, whole: bool) -> list[Any]:
        if self.names == [""] and len(told) == 1:  # a model in a row does not know their names
            return list(told.values())
        lacks = [name for name in self.names if name not in told] if whole else []
        if lacks or any(name not in self.names for name in told):
            raise self.refusal(told, what)
        return [told.get(name) for name in self.names]

    def refusal(self, told: Any, what: str) -> ValueError:
        """Return the error for what does not fit the outputs."""
        form = self.structure
        need = f"{what} must hold one for each of the outputs {form!r:.120}"
        if isinstance(told, Mapping) and (self._by_key or not isinstance(form, Mapping)):
            keys, told = sorted(form) if self._by_key else self.names, list(told)
            need = f"Expected keys {keys} in {what} dict: the names of the outputs"
        return ValueError(f"{need}. Received {told!r:.120}. Say None for an output without.")


def _ordered(form: Any, like: Any) -> Any:
    """Return a structure whose dicts have their keys in the order of another, and then sorted."""
    if isinstance(form, Mapping):
        told = like if isinstance(like, Mapping) else {}
        keys = [key for key in told if key in form]
        keys += [key for key in sorted(form) if key not in told]
        return {key: _ordered(form[key], told.get(key)) for key in keys}
    if isinstance(form, (list, tuple)):
        fits = isinstance(like, (list, tuple)) and len(like) == len(form)
        return [
            _ordered(part, one)
            for part, one in zip(form, like if fits else [None] * len(form), strict=True)
        ]
    return form


def _ways(structure: Any) -> list[tuple[Any, ...]]:
    """Return for each output by which keys and numbers one comes to it."""
    if not nested(structure):
        return [()]
    if isinstance(structure, Mapping):
        parts: Any = [(key, structure[key]) for key in sorted(structure)]
    else:
        parts = enumerate(structure)
    return [(step, *way) for step, part in parts for way in _ways(part)]

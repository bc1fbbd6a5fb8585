"""How a name, a dict, a class or a callable becomes an object, and an object a dict again.

Initializers, regularizers, constraints, losses, metrics and optimizers all speak of themselves in
these four ways. The dicts have Keras's form, so that Keras can read what we write.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

__all__ = ["Registry", "snake_case"]


class Registry:
    """The objects of one kind, found by name.

    Parameters
    ----------
    kind : str
        What an error calls them, such as "initializer".
    module : str
        The Keras module that dicts name, such as "keras.initializers".
    classes : iterable of type
        Each is found by its own name and by its name in snake case.
    aliases : mapping of str to type or callable
        Further names.

    Examples
    --------
    >>> from embedlab import initializers
    >>> initializers.REGISTRY.get("he_normal")
    HeNormal()
    >>> initializers.REGISTRY.get("bogus")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ValueError: initializer must be a known name, a dict config or a callable. \
Could not interpret initializer identifier: 'bogus'. Did you mean one of: constant, ...
    """

    def __init__(self, kind: str, module: str, classes: Iterable[type],
                 aliases: Mapping[str, Any] | None = None):  # fmt: skip
        self.kind = kind
        self.module = module
        self.classes = {made.__name__: made for made in classes}
        self.names: dict[str, Any] = dict(self.classes)
        self.names.update({snake_case(name): made for name, made in self.classes.items()})
        self.names.update(aliases or {})

    def get(self, identifier: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
        """Give the object that `identifier` means; None stays None, an instance stays itself."""
        if identifier is None:
            return None
        if isinstance(identifier, dict):
            return self.deserialize(identifier, custom_objects)
        if isinstance(identifier, str):
            found = (custom_objects or {}).get(identifier) or self.names.get(identifier)
            if found is None:
                raise self.refusal(identifier)
            return found() if isinstance(found, type) else found
        if isinstance(identifier, type):
            return identifier()
        if callable(identifier) or isinstance(identifier, tuple(self.classes.values())):
            return identifier
        raise self.refusal(identifier)

    def serialize(self, thing: Any) -> Any:
        """Give the dict that `deserialize` turns back into an equal object."""
        if thing is None:
            return None
        if hasattr(thing, "get_config"):
            name = type(thing).__name__
            known = self.classes.get(name) is type(thing)
            return {
                "module": self.module if known else type(thing).__module__,
                "class_name": name,
                "config": thing.get_config(),
                "registered_name": None if known else name,
            }
        name = getattr(thing, "__name__", type(thing).__name__)
        if self.names.get(name) is thing:
            return name
        return {"module": "builtins", "class_name": "function", "config": name,
                "registered_name": name}  # fmt: skip

    def deserialize(self, config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
        """Give the object that a dict describes; `custom_objects` maps further names to objects.

        Nothing in the dict is ever executed: a name is looked up here or in `custom_objects`.
        """
        if not isinstance(config, dict):
            return self.get(config, custom_objects)
        name = config.get("class_name")
        inner = config.get("config")
        if name == "function":
            return self._function(inner, custom_objects)
        known = {**self.names, **(custom_objects or {})}
        if not isinstance(name, str) or name not in known:
            raise self.refusal(config)
        found = known[name]
        if not isinstance(found, type):
            return found
        try:
            return found.from_config(inner or {})  # type: ignore[attr-defined]
        except TypeError as error:
            raise ValueError(
                f"the config of {self.kind} {name} must fit its parameters. "
                f"Received {list(inner or {})!r:.120} ({error}). "
                f"Compare with {name}().get_config()."
            ) from error

    def _function(self, name: Any, custom_objects: Mapping[str, Any] | None) -> Callable:
        found = (custom_objects or {}).get(name, self.names.get(name))
        if not callable(found) or isinstance(found, type):
            raise ValueError(
                f"a function used as {self.kind} must be known by name. Received {name!r:.40}. "
                f"Pass custom_objects={{{name!r:.40}: the_function}}."
            )
        return found

    def refusal(self, identifier: Any) -> ValueError:
        """Give the error for an identifier that means nothing here."""
        choices = ", ".join(sorted(name for name in self.names if name.islower()))
        return ValueError(
            f"{self.kind} must be a known name, a dict config or a callable. Could not interpret "
            f"{self.kind} identifier: {identifier!r:.80}. Did you mean one of: {choices}?"
        )


def snake_case(name: str) -> str:
    """Give a class name in snake case, as Keras writes it.

    >>> snake_case("HeNormal"), snake_case("L1L2"), snake_case("GlobalAveragePooling1D")
    ('he_normal', 'l1l2', 'global_average_pooling1d')
    """
    split = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", split).lower()

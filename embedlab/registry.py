"""Registries: objects by name, dict, class or callable, and back to a dict in Keras's form.

Initializers, regularizers, constraints, losses, metrics and optimizers are all serialized in this
way, so that Keras can read what we write. What Keras has and this package leaves to Keras is
refused here too, in one line that says where to find it.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

__all__ = ["Registry", "drop_keras_defaults", "left_to_keras", "missing_attribute", "snake_case"]


def left_to_keras(what: str, received: str) -> str:
    """Return the message for something that Keras has and this package leaves to Keras.

    >>> left_to_keras("activity_regularizer", "activity_regularizer='l1' for Dense")
    "activity_regularizer is not part of embedlab. Received activity_regularizer='l1' for Dense. \
Use embedlab.keras.Embedding in a Keras model."
    """
    return (
        f"{what} is not part of embedlab. Received {received}. "
        "Use embedlab.keras.Embedding in a Keras model."
    )


def drop_keras_defaults(
    owner: str, arguments: Mapping[str, Any], keras_only: Mapping[str, Any]
) -> dict[str, Any]:
    """Return `arguments` without those that only Keras has, refusing any that is in use.

    Keras writes every argument into its configs. One that is None or has Keras's default asks
    for nothing, and so such a config can be read.

    Parameters
    ----------
    owner : str
        The class, for the message.
    arguments : mapping of str to object
    keras_only : mapping of str to object
        Arguments of Keras's class that this package does not have: name and default.

    Raises
    ------
    ValueError
        For an argument of `keras_only` with another value than its default.

    Examples
    --------
    >>> drop_keras_defaults("LSTM", {"units": 3, "stateful": False}, {"stateful": False})
    {'units': 3}
    >>> drop_keras_defaults("LSTM", {"stateful": True}, {"stateful": False})
    Traceback (most recent call last):
    ValueError: stateful is not part of embedlab. Received stateful=True for LSTM. \
Use embedlab.keras.Embedding in a Keras model.
    """
    for name in keras_only.keys() & arguments.keys():
        value, default = arguments[name], keras_only[name]
        if isinstance(value, (list, tuple)) and len(value) == 1:  # Keras: dilation_rate=(1,)
            value = value[0]
        if value is None:
            continue
        plain = isinstance(value, (bool, int, float, str))
        if value is not default and not (plain and value == default):
            raise ValueError(left_to_keras(name, f"{name}={arguments[name]!r:.40} for {owner}"))
    return {name: value for name, value in arguments.items() if name not in keras_only}


def missing_attribute(module: str, name: str, keras_only: Iterable[str] = ()) -> AttributeError:
    """Return the error for a name that a module does not have: for its ``__getattr__``.

    A class (a name that begins with a capital) may be Keras's, and so may a name in `keras_only`.

    >>> str(missing_attribute("embedlab.optimizers", "Lion"))
    'embedlab.optimizers.Lion is not part of embedlab. Received the name Lion. \
Use embedlab.keras.Embedding in a Keras model.'
    """
    if name[:1].isupper() or name in keras_only:
        return AttributeError(left_to_keras(f"{module}.{name}", f"the name {name}"))
    return AttributeError(f"module {module!r} has no attribute {name!r}")


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
    keras_only : iterable of str
        Classes (or functions) of Keras's module that this package leaves to Keras.

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

    def __init__(
        self,
        kind: str,
        module: str,
        classes: Iterable[type],
        aliases: Mapping[str, Any] | None = None,
        keras_only: Iterable[str] = (),
    ):
        self.kind = kind
        self.keras_only = frozenset(keras_only)
        self._keras_names = self.keras_only | {
            form(name) for name in self.keras_only for form in (str.lower, snake_case)
        }
        self.module = module
        self.classes = {cls.__name__: cls for cls in classes}
        self.names: dict[str, Any] = dict(self.classes)
        self.names.update({snake_case(name): cls for name, cls in self.classes.items()})
        self.names.update(aliases or {})

    def get(self, identifier: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
        """Return the object that `identifier` names; None and instances come back as they are."""
        if identifier is None:
            return None
        if isinstance(identifier, dict):
            return self.deserialize(identifier, custom_objects)
        if isinstance(identifier, str):
            known = (custom_objects or {}).get(identifier) or self.names.get(identifier)
            if known is None:
                raise self.unknown_error(identifier)
            return known() if isinstance(known, type) else known
        if isinstance(identifier, type):
            return identifier()
        if callable(identifier) or isinstance(identifier, tuple(self.classes.values())):
            return identifier
        raise self.unknown_error(identifier)

    def serialize(self, thing: Any) -> Any:
        """Return the dict from which `deserialize` makes an equal object."""
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
        return {
            "module": "builtins",
            "class_name": "function",
            "config": name,
            "registered_name": name,
        }

    def deserialize(self, config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
        """Return the object that a dict describes; `custom_objects` maps further names to objects.

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
            raise self.unknown_error(config)
        cls = known[name]
        if not isinstance(cls, type):
            return cls
        try:
            return cls.from_config(inner or {})  # type: ignore[attr-defined]
        except TypeError as error:
            raise ValueError(
                f"the config of {self.kind} {name} must fit its parameters. "
                f"Received {list(inner or {})!r:.120} ({error}). "
                f"Compare with {name}().get_config()."
            ) from error

    def _function(self, name: Any, custom_objects: Mapping[str, Any] | None) -> Callable:
        function = (custom_objects or {}).get(name, self.names.get(name))
        if not callable(function) or isinstance(function, type):
            raise ValueError(
                f"a function used as {self.kind} must be known by name. Received {name!r:.40}. "
                f"Pass custom_objects={{{name!r:.40}: the_function}}."
            )
        return function

    def unknown_error(self, identifier: Any) -> ValueError:
        """Return the error for an identifier that is not known here."""
        name = identifier.get("class_name") if isinstance(identifier, dict) else identifier
        if isinstance(name, str) and name in self._keras_names:
            return ValueError(left_to_keras(f"{self.kind} {name}", f"{self.kind} {name!r}"))
        choices = ", ".join(sorted(name for name in self.names if name.islower()))
        return ValueError(
            f"{self.kind} must be a known name, a dict config or a callable. Could not interpret "
            f"{self.kind} identifier: {identifier!r:.80}. Did you mean one of: {choices}?"
        )


def snake_case(name: str) -> str:
    """Return a class name in snake case, as Keras writes it.

    >>> snake_case("HeNormal"), snake_case("L1L2"), snake_case("GlobalAveragePooling1D")
    ('he_normal', 'l1l2', 'global_average_pooling1d')
    """
    split = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", split).lower()

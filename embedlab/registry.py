"""Configs and registries: objects to dicts in Keras's form, and back by name, dict or class.

Initializers, regularizers, constraints, losses and optimizers are all serialized in this way, so
that Keras can read what we write. What Keras has and this package leaves to Keras is refused here
too, in one line that says where to find it.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from inspect import Parameter, signature
from typing import Any, ClassVar, Self

from embedlab.core.checks import message, short_repr

__all__ = [
    *("Configured", "Registry", "drop_keras_defaults", "left_to_keras", "not_defined"),
    *("as_custom_objects", "refuse_missing", "refuse_unknown", "snake_case"),
]


class Configured:
    """A base class with get_config, from_config, clone and repr.

    It is for classes that keep each argument of `__init__` in an attribute of its name.

    >>> class Scale(Configured):
    ...     def __init__(self, factor=1.0, seed=None):
    ...         self.factor, self.seed = factor, seed
    >>> Scale(2.0).get_config(), Scale(2.0).clone()
    ({'factor': 2.0, 'seed': None}, Scale(factor=2.0))
    """

    HIDDEN: ClassVar[tuple[str, ...]] = ()
    """Arguments that `repr` leaves out."""
    KERAS_ONLY: ClassVar[Mapping[str, Any]] = {}
    """Arguments of Keras's class that this one does not have, with Keras's defaults."""

    def __new__(cls, *args: Any, **options: Any) -> Self:
        """Return a new object; refuse arguments that no class of ours knows."""
        options = drop_keras_defaults(cls.__name__, options, cls.KERAS_ONLY)
        if options and cls.__module__.startswith("embedlab."):
            refuse_unknown(cls.__name__, options.keys() - _arguments(cls))
        return super().__new__(cls)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments as a dict; `from_config` takes it back."""
        try:
            return {name: getattr(self, name) for name in _arguments(type(self))}
        except AttributeError as error:
            must = f"{type(self).__name__} must keep every argument in an attribute of its name"
            do = f"Set self.{error.name} in __init__, or define get_config"
            raise NotImplementedError(message(must, f"none for {error.name}", do)) from error

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Return an object with the arguments that `get_config` returned."""
        return cls(**drop_keras_defaults(cls.__name__, config, cls.KERAS_ONLY))

    def _refuse_other(self, options: Mapping[str, Any]) -> None:
        """Refuse the arguments in `options`, but for Keras's where they ask for nothing."""
        kind = type(self).__name__
        refuse_unknown(kind, drop_keras_defaults(kind, options, self.KERAS_ONLY))

    def clone(self) -> Self:
        """Return an object with equal arguments."""
        return self.from_config(self.get_config())

    def __repr__(self) -> str:
        visible = []
        for name, default in _arguments(type(self)).items():
            value = getattr(self, name, None)
            if name not in self.HIDDEN and not (value is None and default is None):
                visible.append(f"{name}={value!r}")
        return f"{type(self).__name__}({', '.join(visible)})"


def _arguments(cls: Any) -> dict[str, Any]:
    """Return the constructor's arguments and defaults; ``**options`` are those of its base."""
    arguments: dict[str, Any] = {}
    for kind in cls.__mro__[:-1]:
        if "__init__" in vars(kind):
            _, *parameters = signature(vars(kind)["__init__"]).parameters.values()
            named = [p for p in parameters if p.kind is not Parameter.VAR_KEYWORD]
            arguments = {**{p.name: p.default for p in named}, **arguments}
            if len(named) == len(parameters):
                break
    return arguments


def not_defined(owner: Any, method: str, do: str = "Add the method") -> NotImplementedError:
    """Return the error for a method that a class of one's own must define."""
    name = method.partition("(")[0]
    must = f"{type(owner).__name__} must define {method}"
    return NotImplementedError(message(must, f"a class without {name}", do))


def left_to_keras(what: str, received: str) -> str:
    """Return the message for something that Keras has and this package leaves to Keras."""
    do = "Use embedlab.keras.Embedding in a Keras model"
    return message(f"{what} is not part of embedlab", received, do)


def drop_keras_defaults(
    owner: str, arguments: Mapping[str, Any], keras_only: Mapping[str, Any]
) -> dict[str, Any]:
    """Return `arguments` without those that only Keras has, refusing any that is in use.

    Keras writes every argument into its configs. One that is None or has Keras's default asks
    for nothing, and so such a config can be read.

    `keras_only` holds the arguments of Keras's class that this package does not have, with their
    defaults; ValueError for one with another value. `owner` is the class, for the message.

    >>> drop_keras_defaults("LSTM", {"units": 3, "stateful": False}, {"stateful": False})
    {'units': 3}
    """
    for name in keras_only.keys() & arguments.keys():
        value, default = arguments[name], keras_only[name]
        if default is not None and isinstance(value, (list, tuple)) and len(value) == 1:
            value = value[0]  # Keras: dilation_rate=(1,)
        plain = isinstance(value, (bool, int, float, str))
        if not (value is None or value is default or (plain and value == default)):
            received = f"{name}={short_repr(arguments[name])} for {owner}"
            raise ValueError(left_to_keras(name, received))
    return {name: value for name, value in arguments.items() if name not in keras_only}


def as_custom_objects(value: Any) -> dict[str, Any]:
    """Return a caller's classes and functions by name as a dict, refusing what is no mapping."""
    if value is None or isinstance(value, Mapping):
        return dict(value or {})
    must, do = "custom_objects must be a dict of classes and functions by name", "Pass {name: cls}"
    raise TypeError(message(must, short_repr(value), do))


def refuse_unknown(owner: str, unknown: Iterable[str]) -> None:
    """Refuse the arguments in `unknown`, where there are any, that a class `owner` got."""
    if unknown:
        received = f"{sorted(unknown)}: Unrecognized keyword arguments passed to {owner}"
        must, do = f"every argument must be one of {owner}'s", f"See help({owner})"
        raise ValueError(message(must, received, do))


def refuse_missing(module: str, keras_only: str = "") -> Callable[[str], Any]:
    """Return the ``__getattr__`` of a module: it refuses every name.

    A class (a name that begins with a capital) may be Keras's, and so may a name in `keras_only`.
    """

    def refuse(name: str) -> Any:
        if name[:1].isupper() or name in keras_only.split():
            raise AttributeError(left_to_keras(f"{module}.{name}", f"the name {name}"))
        raise AttributeError(f"module {module!r} has no attribute {name!r}")

    return refuse


class Registry:
    """The objects of one kind, found by name.

    An error calls them `kind`, such as "initializer"; dicts name Keras's `module`, such as
    "keras.initializers". Each of `classes` is found by its own name and by that in snake case;
    `aliases` holds further names of classes and callables, and `keras_only` (with spaces between)
    those in Keras's module that this package leaves to Keras. Every object must be a `base`,
    or, without one, of one of `classes` or callable.

    >>> from embedlab import initializers
    >>> initializers.get("bogus")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ValueError: initializer must be a known name, a dict config or a callable. Received 'bogus': \
Could not interpret initializer identifier. Did you mean one of: constant, ...
    """

    def __init__(
        self,
        kind: str,
        module: str,
        classes: Iterable[type],
        aliases: Mapping[str, Any] | None = None,
        keras_only: str = "",
        base: type | None = None,
    ):
        self.kind, self.module = kind, module
        self.classes = {cls.__name__: cls for cls in classes}
        self.names: dict[str, Any] = {
            **self.classes,
            **{snake_case(name): cls for name, cls in self.classes.items()},
            **(aliases or {}),
        }
        self._types: tuple[Any, ...] = (base,) if base else (Callable, *self.classes.values())
        self._keras_names = {
            form(name) for name in keras_only.split() for form in (str, str.lower, snake_case)
        }

    def get(self, identifier: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
        """Return what a name, dict, class or callable means (or ValueError); None stays None."""
        if identifier is None:
            return None
        if isinstance(identifier, dict):
            return self.deserialize(identifier, custom_objects)
        known = identifier
        if isinstance(identifier, str):
            known = {**self.names, **as_custom_objects(custom_objects)}.get(identifier)
        if isinstance(known, type):
            known = known()
        if isinstance(known, self._types):
            return known
        raise self.unknown_error(identifier)

    def serialize(self, thing: Any) -> Any:
        """Return the dict in Keras's form (or the name) from which `deserialize` makes an equal."""
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
        kind = {"module": "builtins", "class_name": "function"}
        return {**kind, "config": name, "registered_name": name}

    def deserialize(self, config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
        """Return the object that a dict describes; `custom_objects` maps further names to objects.

        Nothing in the dict is ever executed: a name is looked up here or in `custom_objects`.

        >>> from embedlab import regularizers
        >>> regularizers.deserialize(regularizers.serialize(regularizers.L1(0.5)))
        L1(l1=0.5)
        """
        if not isinstance(config, dict):
            return self.get(config, custom_objects)
        known = {**self.names, **as_custom_objects(custom_objects)}
        name, arguments = config.get("class_name"), config.get("config") or {}
        if name == "function":
            function = known.get(str(arguments))
            if not isinstance(function, self._types) or isinstance(function, type):
                must = f"a function used as {self.kind} must be known by name"
                do = f"Pass custom_objects={{{arguments!r:.40}: the_function}}"
                raise ValueError(message(must, f"{arguments!r:.40}", do))
            return function
        if not isinstance(name, str) or name not in known:
            raise self.unknown_error(config)
        cls = known[name]
        if not isinstance(cls, type):
            return cls
        try:
            return cls.from_config(arguments)  # type: ignore[attr-defined]
        except TypeError as error:
            must = f"the config of {self.kind} {name} must fit its parameters"
            received = f"{list(arguments)!r:.120} ({error})"
            do = f"Compare with {name}().get_config()"
            raise ValueError(message(must, received, do)) from error

    def unknown_error(self, identifier: Any) -> ValueError:
        """Return the error for an identifier that is not known here."""
        name = identifier.get("class_name") if isinstance(identifier, dict) else identifier
        if isinstance(name, str) and name in self._keras_names:
            return ValueError(left_to_keras(f"{self.kind} {name}", f"{self.kind} {name!r}"))
        choices = ", ".join(sorted(name for name in self.names if name.islower()))
        received = short_repr(name if isinstance(name, str) else identifier)
        return ValueError(
            f"{self.kind} must be a known name, a dict config or a callable. Received {received}: "
            f"Could not interpret {self.kind} identifier. Did you mean one of: {choices}?"
        )


def snake_case(name: str) -> str:
    """Return a class name in snake case, as Keras writes it.

    >>> snake_case("HeNormal"), snake_case("L1L2"), snake_case("GlobalAveragePooling1D")
    ('he_normal', 'l1l2', 'global_average_pooling1d')
    """
    split = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", split).lower()

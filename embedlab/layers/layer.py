"""The base class of all layers: name, weights, config, calls on arrays and on placeholders.

There is no tape. A layer defines its own forward and backward pass:
``forward(inputs) -> outputs, context`` and ``backward(context, grad) -> gradients``.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from inspect import signature
from typing import Any, ClassVar, NamedTuple

import numpy as np

from embedlab import constraints, initializers, regularizers
from embedlab.core.checks import ShapeError
from embedlab.layers.dtype_policy import INTEGERS, DTypePolicy, get_policy
from embedlab.layers.input_checks import as_numeric_array
from embedlab.layers.placement import Allocator, allocator_for
from embedlab.layers.stored_arrays import prepare_load
from embedlab.layers.symbolic import KerasTensor, not_a_chain
from embedlab.layers.variable import Variable
from embedlab.layers.weight_budget import charge
from embedlab.registry import drop_keras_defaults, snake_case

__all__ = ["Gradients", "Layer"]

_names: Counter[str] = Counter()
_NO_LAYER = frozenset((str, int, float, bool, type(None), dict, set, Variable, np.ndarray))
_OPTION_MODULES = {
    "initializer": initializers,
    "regularizer": regularizers,
    "constraint": constraints,
}


class Gradients(NamedTuple):
    """The result of a backward pass.

    Attributes
    ----------
    inputs : ndarray or None
        For the layer below; None where there is nothing to send, as to ids.
    weights : dict
        For each weight by name: an array of its shape, or a SparseGrad.
    """

    inputs: Any
    weights: dict[str, Any]


class Layer:
    """The base of all layers, under Keras's names.

    A layer of your own defines ``build(input_shape)`` (make weights with `add_weight`) and
    ``call(inputs)``; to be trained it also defines `forward` and `backward`.

    Parameters
    ----------
    name : str, optional
        By default the class's name with a number: embedding, embedding_1, ...
    dtype : str or DTypePolicy, optional
        By default "float32".
    trainable : bool

    Examples
    --------
    >>> class Double(Layer):
    ...     def call(self, inputs):
    ...         return 2 * inputs
    >>> Double(name="double")(np.array([1.0, 2.0])).tolist()
    [2.0, 4.0]
    """

    supports_masking = False
    """True where the mask of the inputs is also that of the outputs."""
    consumes_mask = False
    """True where `call` takes ``mask=`` and uses it."""
    WEIGHT_NAMES: tuple[str, ...] = ()
    """The names of the weights that `add_named_weight` makes, in Keras's order."""
    KERAS_ONLY: ClassVar[Mapping[str, Any]] = {"activity_regularizer": None}
    """Arguments of Keras's layer that this one does not have, with Keras's defaults."""
    _takes = frozenset(("mask", "training"))
    _INTEGER_WEIGHTS = False

    def __init_subclass__(cls, **kwargs: Any):
        super().__init_subclass__(**kwargs)
        if "build" in vars(cls):
            cls.build = _once(cls.build)  # type: ignore[method-assign]
        if "call" in vars(cls):
            cls._takes = frozenset(signature(cls.call).parameters)
            if "consumes_mask" not in vars(cls):
                cls.consumes_mask = "mask" in cls._takes

    def __init__(
        self, *, name: str | None = None, dtype: Any = None, trainable: bool = True, **options: Any
    ):
        kind = type(self).__name__
        options = drop_keras_defaults(kind, options, self.KERAS_ONLY)
        ends = tuple(f"_{end}" for end in _OPTION_MODULES)
        self._weight_options = {
            option: _OPTION_MODULES[option.rpartition("_")[2]].get(options.pop(option))
            for option in list(options)
            if self.WEIGHT_NAMES and option.endswith(ends)
        }
        if options:
            raise ValueError(
                f"every argument must be one of {kind}'s. Unrecognized keyword "
                f"arguments passed to {kind}: {sorted(options)}. See help({kind})."
            )
        vars(self).update(self._weight_options)
        self._trainable = bool(trainable)
        self._dtype_policy = self._check_policy(get_policy(dtype))
        self.name = _fresh_name(type(self)) if name is None else str(name)
        self.built = False
        self._trainable_weights: dict[str, Variable] = {}  # made so: `weights` begins with these
        self._non_trainable_weights: dict[str, Variable] = {}
        self._build_shape: Any = None
        self._input_width: int | None = None  # of the last axis, where the weights depend on it
        self._first: tuple[Any, Any] | None = None  # input and output of the first symbolic call

    # Building ---------------------------------------------------------------------------------

    def build(self, input_shape: Any = None) -> None:
        """Make the weights. A second call does nothing."""
        self.built = True

    def _check_rebuild(self, input_shape: Any) -> None:
        """Refuse another input width than the weights were made for."""
        width = input_shape[-1] if input_shape else None
        if None not in (width, self._input_width) and width != self._input_width:
            raise ShapeError(
                f"{self.name!r} is built for inputs whose last axis has length "
                f"{self._input_width}. Received shape {tuple(input_shape)}. "
                "Make a new layer for another width."
            )

    # Weights ----------------------------------------------------------------------------------

    def add_weight(
        self,
        shape: Any = None,
        initializer: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        *,
        regularizer: Any = None,
        constraint: Any = None,
        name: str | None = None,
        placement: str = "memory",
    ) -> Variable:
        """Return a new variable of this layer, in memory or on disk.

        Parameters
        ----------
        shape : tuple of int
            () for a single number.
        initializer : optional
            By default "glorot_uniform".
        dtype : str, optional
            By default the `variable_dtype` of the layer.
        trainable : bool
        regularizer, constraint : optional
        name : str, optional
            By default "variable", "variable_1" and so on, as in Keras.
        placement : {"memory", "disk"}

        Raises
        ------
        ShapeError
            When the initializer returns another shape.
        ValueError
            For a name that is taken.

        Examples
        --------
        >>> Layer(name="scale").add_weight((2,), "ones", name="factor")
        Variable(scale/factor, (2,) float32, trainable)
        """
        if isinstance(shape, str):
            raise TypeError(
                f"add_weight takes the shape first, as in Keras. Received {shape!r:.40} for "
                f"{self.name!r}. Call add_weight(shape, initializer, name={shape!r:.40})."
            )
        name = self._unused_weight_name() if name is None else str(name)
        if name in self._own_weights():
            raise ValueError(
                f"a weight needs a name of its own. Received {name!r:.40} twice in {self.name!r}. "
                "Choose another name."
            )
        shape = () if shape is None else tuple(shape)
        dtype = dtype or self.variable_dtype
        charge(shape, dtype, f"{self.name}/{name}")
        allocate = allocator_for(placement)
        value = _initial(initializers.get(initializer or "glorot_uniform"), shape, dtype, allocate)
        variable = Variable.from_array(
            value,
            name=name,
            path=f"{self.name}/{name}",
            trainable=trainable,
            regularizer=regularizers.get(regularizer),
            constraint=constraints.get(constraint),
        )
        variable.allocate = allocate
        self._track_variable(variable)
        return variable

    def _track_variable(self, variable: Variable) -> None:
        """Make a variable one of this layer's, under its name."""
        group = self._trainable_weights if variable.trainable else self._non_trainable_weights
        group[variable.name] = variable
        variable._frozen = not self._trainable

    def _untrack_variable(self, variable: Variable) -> None:
        """Take a variable out of this layer's."""
        self._trainable_weights.pop(variable.name, None)
        self._non_trainable_weights.pop(variable.name, None)

    def _own_weights(self) -> dict[str, Variable]:
        """Return the variables of this very layer by name: those made trainable first, as Keras."""
        return {**self._trainable_weights, **self._non_trainable_weights}

    def _unused_weight_name(self) -> str:
        names, number = self._own_weights(), 0
        while (name := f"variable_{number}" if number else "variable") in names:
            number += 1
        return name

    def add_named_weight(
        self, name: str, shape: Any, initializer: Any = None, *, options: str | None = None
    ) -> Variable:
        """Return the new weight `name`, made as its options say: ``<name>_initializer`` and so on.

        Parameters
        ----------
        name : str
        shape : tuple of int
        initializer : optional
            Instead of its own.
        options : str, optional
            How the names of its options begin, where they do not begin with `name`.

        Examples
        --------
        >>> class Shift(Layer):
        ...     WEIGHT_NAMES = ("bias",)
        ...     def build(self, input_shape):
        ...         self.bias = self.add_named_weight("bias", input_shape[-1:])
        >>> layer = Shift(bias_initializer="ones", name="shift")
        >>> layer.build((None, 3))
        >>> layer.bias
        Variable(shift/bias, (3,) float32, trainable)
        """
        of = options or name
        return self.add_weight(
            shape,
            initializer or self._weight_options[f"{of}_initializer"],
            name=name,
            regularizer=self._weight_options.get(f"{of}_regularizer"),
            constraint=self._weight_options.get(f"{of}_constraint"),
        )

    def in_compute_dtype(self, variable: Variable) -> np.ndarray:
        """Return a weight in the dtype that the layer computes in."""
        return variable.value.astype(self.compute_dtype, copy=False)

    def sublayers(self) -> Iterator["Layer"]:
        """Return the layers that this one holds in its attributes, each once, in order."""
        seen = {id(self)}
        for value in vars(self).values():
            kind = type(value)
            if kind in _NO_LAYER:  # most attributes: asked first, this is half the price of a step
                continue
            for part in value if isinstance(value, (list, tuple)) else (value,):
                if isinstance(part, Layer) and id(part) not in seen:
                    seen.add(id(part))
                    yield part

    def named_weights(self) -> dict[str, Variable]:
        """Return every variable by its name, those of inner layers as "layer/name"."""
        weights = self._own_weights()
        for layer in self.sublayers():
            weights.update({f"{layer.name}/{k}": v for k, v in layer.named_weights().items()})
        return weights

    @property
    def weights(self) -> list[Variable]:
        """Every variable, as in Keras: those made trainable first, each group in order."""
        return list({id(v): v for v in self.named_weights().values()}.values())

    variables = weights

    @property
    def trainable_weights(self) -> list[Variable]:
        """The variables that an optimizer may change."""
        return [v for v in self.weights if v.trainable]

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """The variables that stay as they are."""
        return [v for v in self.weights if not v.trainable]

    trainable_variables, non_trainable_variables = trainable_weights, non_trainable_weights

    @property
    def trainable(self) -> bool:
        """True where training may change this layer; set False to freeze it."""
        return self._trainable

    @trainable.setter
    def trainable(self, trainable: bool) -> None:
        self._trainable = bool(trainable)
        for variable in self._own_weights().values():
            variable._frozen = not self._trainable
        for layer in self.sublayers():
            layer.trainable = trainable

    def get_weights(self) -> list[np.ndarray]:
        """Return a copy of every weight as it is: a merged table has its adapters in it."""
        return [v.numpy() for v in self.weights]

    def set_weights(self, weights: Any) -> None:
        """Set every weight.

        Raises
        ------
        ValueError
            Unless there are as many arrays as weights, of the same shapes; and for a layer whose
            adapters are merged, which could not be taken out again. Nothing is changed.
        """
        self._check_settable()
        if not isinstance(weights, (list, tuple, np.ndarray)):
            raise TypeError(
                f"weights must be a list of arrays. Received {type(weights).__name__} for "
                f"{self.name!r}. Pass what get_weights() returns."
            )
        if len(weights) != len(self.weights):
            raise ValueError(
                f"You called `set_weights(weights)` on layer {self.name!r} with a weight list of "
                f"length {len(weights)}, but the layer was expecting {len(self.weights)} weights. "
                "Received another number; build the layer first, and pass one array each."
            )
        arrays = [
            as_numeric_array(value, f"the value for {variable.path}")
            for variable, value in zip(self.weights, weights, strict=True)
        ]
        for variable, array in zip(self.weights, arrays, strict=True):
            if array.shape != variable.shape:
                raise ShapeError(
                    f"Layer {self.name} weight shape {variable.shape} is not compatible with "
                    f"provided weight shape {array.shape}. Received it for {variable.path}. "
                    "Reshape it."
                )
        for variable, array in zip(self.weights, arrays, strict=True):
            variable.assign(array)

    def _check_settable(self) -> None:
        """Raise where new weights would break what is remembered of the old ones."""
        for layer in self.sublayers():
            layer._check_settable()

    def count_params(self) -> int:
        """Return how many numbers the weights hold; ValueError before the layer is built."""
        if not self.built:
            raise ValueError(
                f"You tried to call `count_params` on layer {self.name!r}, but the layer isn't "
                "built. Received no shape yet. Call layer.build(input_shape) first."
            )
        return sum(v.size for v in self.weights)

    @property
    def losses(self) -> list[Any]:
        """The penalty of every trainable weight that has a regularizer."""
        return [v.regularizer(v.value) for v in self.trainable_weights if v.regularizer]

    # Calling ----------------------------------------------------------------------------------

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Return the outputs for an array, or a placeholder for a placeholder.

        ``mask=`` and ``training=`` are welcome everywhere, and dropped where `call` has no use
        for them.
        """
        if isinstance(inputs, KerasTensor):
            symbolic = {k: v for k, v in kwargs.items() if k not in ("mask", "training")}
            return self.symbolic_call(inputs, **symbolic)
        if isinstance(inputs, (list, tuple, dict)) and _holds_tensors(inputs):
            raise not_a_chain(
                f"{len(inputs)} placeholders in a {type(inputs).__name__} for {self.name!r}"
            )
        if not self.built:
            self._build_from_data(inputs)
        if kwargs:
            spare = {"mask", "training"} - self._takes
            kwargs = {k: v for k, v in kwargs.items() if k not in spare}
        return self.call(inputs, *args, **kwargs)

    def _build_from_data(self, inputs: Any) -> None:
        try:
            shape = np.shape(inputs)
        except ValueError as error:
            raise ShapeError(
                f"inputs of {self.name!r} must form a rectangular array. Received lists of "
                "different lengths. Pad them: embedlab.data.pad_sequences."
            ) from error
        self.build(shape)

    def call(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Return the outputs. Unless a layer defines it, the first half of `forward`."""
        return self.forward(inputs, *args, **kwargs)[0]

    def forward(self, inputs: Any, mask: Any = None, training: bool = False) -> tuple[Any, Any]:
        """Return the outputs, and the context that `backward` needs."""
        kind = type(self)
        has_call = kind.call is not Layer.call
        missing = "forward(inputs)" if has_call else "call(inputs)"
        raise NotImplementedError(
            f"a layer must define {missing} to be {'trained' if has_call else 'called'}. Received "
            f"{kind.__name__}, which has no {missing.partition('(')[0]}. "
            + (
                "Add forward, which returns outputs and a context, and backward(context, grad)."
                if has_call
                else "Add def call(self, inputs)."
            )
        )

    def backward(self, context: Any, grad: Any) -> Gradients:
        """Return the gradients for the inputs and the weights, from that of the outputs."""
        raise NotImplementedError(
            f"a layer must define backward(context, grad) to be trained. Received "
            f"{type(self).__name__}, which has no backward. Add it: it returns Gradients."
        )

    def call_with_mask(
        self, inputs: Any, mask: Any = None, training: bool = False, **kwargs: Any
    ) -> tuple[Any, Any]:
        """Return the outputs and their mask: a mask is a value, and travels beside the outputs."""
        outputs = self(inputs, mask=mask, training=training, **kwargs)
        return outputs, self.compute_mask(inputs, mask, **kwargs)

    def forward_with_mask(
        self, inputs: Any, mask: Any = None, training: bool = False, **kwargs: Any
    ) -> tuple[Any, Any, Any]:
        """Return the outputs, their mask, and the context: what a model asks of each layer.

        `kwargs` are those of the symbolic call, such as ``reverse=True``.
        """
        outputs, context = self.forward(inputs, mask=mask, training=training, **kwargs)
        return outputs, self.compute_mask(inputs, mask, **kwargs), context

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return the mask of the outputs: the one that came, if this layer passes masks on."""
        return mask if self.supports_masking else None

    # Shapes without numbers -------------------------------------------------------------------

    def compute_output_shape(self, input_shape: Any) -> tuple[Any, ...]:
        """Return the shape of the outputs for inputs of `input_shape`."""
        raise NotImplementedError(
            f"a layer must define compute_output_shape to be used without data. Received "
            f"{type(self).__name__}, which has none. Add it, or call the layer on an array."
        )

    def compute_output_spec(self, inputs: Any) -> Any:
        """Return the placeholder of the outputs for a placeholder of the inputs."""
        return KerasTensor(self.compute_output_shape(inputs.shape), self.compute_dtype)

    def symbolic_call(self, inputs: Any, **kwargs: Any) -> Any:
        """Call the layer on a placeholder: builds it, and computes nothing."""
        outputs = self.compute_output_spec(inputs, **kwargs)
        self.build(inputs.shape)
        for tensor in outputs if isinstance(outputs, list) else [outputs]:
            tensor.layer, tensor.inputs, tensor.call_kwargs = self, inputs, kwargs
        if self._first is None:
            self._first = (inputs, outputs)
        return outputs

    @property
    def input(self) -> KerasTensor:
        """The input placeholder of the first symbolic call."""
        return self._of_first_call(0, "input")

    @property
    def output(self) -> KerasTensor:
        """The output placeholder of the first symbolic call."""
        return self._of_first_call(1, "output")

    def _of_first_call(self, which: int, word: str) -> KerasTensor:
        if self._first is None:
            raise AttributeError(
                f"{word} is known after a symbolic call. The layer {self.name} has never been "
                f"called and thus has no defined {word}. Call it on Input(shape)."
            )
        tensor: KerasTensor = self._first[which]
        return tensor

    # Stores -----------------------------------------------------------------------------------

    def stored_variables(self) -> list[Variable]:
        """Return this layer's own variables in the order of a store: "0", "1", ..."""
        return list(self._own_weights().values())

    def stored_arrays(self) -> list[np.ndarray]:
        """Return the array that a store holds for each of `stored_variables`."""
        return [variable.value for variable in self.stored_variables()]

    def check_stored_arrays(self, arrays: list[np.ndarray]) -> None:
        """Refuse arrays for `stored_variables` whose numbers cannot be: a layer may define it."""

    def save_own_variables(self, store: Any) -> None:
        """Put this layer's arrays into a mapping, as "0", "1", ... in Keras's order."""
        for number, array in enumerate(self.stored_arrays()):
            store[str(number)] = array

    def load_own_variables(self, store: Any) -> None:
        """Take this layer's arrays out of a mapping; ValueError, and no change, unless they fit."""
        self.prepare_load(store, {})()

    def prepare_load(
        self, store: Mapping[str, Any], extra: Mapping[str, Any]
    ) -> Callable[[], None]:
        """Check and read arrays for this layer, and return the function that assigns them.

        Parameters
        ----------
        store : mapping of str to array
            As from `save_own_variables`.
        extra : mapping of str to array
            As from `adapter_arrays`; empty in a file of Keras.

        Raises
        ------
        ValueError, ShapeError
            When something does not fit. Shapes are compared before any number is read.
        """
        if type(self).load_own_variables is not Layer.load_own_variables:
            arrays = {name: np.asarray(value) for name, value in store.items()}
            return lambda: self.load_own_variables(arrays)
        return prepare_load(self, store, extra)

    # Names, dtypes and configs ----------------------------------------------------------------

    @property
    def path(self) -> str | None:
        """The name that begins the path of each weight; None before the layer is built."""
        return self.name if self.built else None

    @property
    def dtype_policy(self) -> DTypePolicy:
        """The dtypes of the weights and of the outputs; it can be set until the layer is built."""
        return self._dtype_policy

    @dtype_policy.setter
    def dtype_policy(self, policy: Any) -> None:
        policy = self._check_policy(get_policy(policy))
        if policy.quantization_mode is not None or (self.built and policy != self._dtype_policy):
            state = "a built layer" if self.built else "a layer that is not built"
            raise ValueError(
                f"dtype_policy must be a policy of floats, set before the layer is built. Received "
                f"{policy.name!r} for {self.name!r}, {state}. Pass dtype= to a new layer, or call "
                "quantize() where there is one."
            )
        self._dtype_policy = policy

    def _check_policy(self, policy: DTypePolicy) -> DTypePolicy:
        """Refuse integer weights, but for a table that is only looked up."""
        if policy.variable_dtype not in INTEGERS:
            return policy
        if not self._INTEGER_WEIGHTS:
            raise ValueError(
                f"dtype must be a float or mixed_float16. Received {policy.name!r} for "
                f"{type(self).__name__}. Only the table of an Embedding may hold integers."
            )
        if self._trainable:
            raise ValueError(
                "a table of integers must be frozen: it has no gradient. Received "
                f"dtype={policy.name!r} and trainable=True. Pass trainable=False."
            )
        return policy

    @property
    def dtype(self) -> str:
        """The dtype of the weights, as `variable_dtype`."""
        return self.dtype_policy.variable_dtype

    variable_dtype = dtype

    @property
    def compute_dtype(self) -> str:
        """The dtype of the outputs."""
        return self.dtype_policy.compute_dtype

    def get_config(self) -> dict[str, Any]:
        """Return the arguments from which `from_config` makes an equal layer (without weights)."""
        options = {
            name: _OPTION_MODULES[name.rpartition("_")[2]].serialize(value)
            for name, value in self._weight_options.items()
        }
        return {
            "name": self.name,
            "trainable": self._trainable,
            "dtype": self.dtype_policy.name,
            **options,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Layer":
        """Return a layer from what `get_config` gave."""
        return cls(**config)

    def __getattr__(self, name: str) -> Any:
        kind = type(self)
        if name in ("_trainable_weights", "_dtype_policy", "built", "name"):
            raise RuntimeError(
                f"a layer must be initialized before it is used. Received {kind.__name__}, "
                "whose __init__ does not call super().__init__(). Call it in the first line."
            )
        if (
            kind.build is Layer.build
            and not name.startswith("_")
            and not kind.__module__.startswith("embedlab.")
        ):
            raise AttributeError(
                f"{kind.__name__!r} object has no attribute {name!r}. Received a layer class "
                "without build. If it is a weight, define build(self, input_shape) and make it "
                "there with add_weight."
            )
        if name in kind.WEIGHT_NAMES:
            raise AttributeError(
                f"You must build the layer before accessing `{name}`. Received no call of "
                f"{self.__dict__.get('name')} yet. Call it, or build(shape)."
            )
        return object.__getattribute__(self, name)  # a property's own error, or Python's

    def __repr__(self) -> str:
        return f"{type(self).__name__}(name={self.name!r}, built={self.built})"


def _holds_tensors(inputs: Any) -> bool:
    parts = inputs.values() if isinstance(inputs, dict) else inputs[:2]  # data may be long
    return any(isinstance(part, KerasTensor) for part in parts)


def _once(build: Any) -> Any:
    def build_once(self: Layer, input_shape: Any = None) -> None:
        if not self.built:
            build(self, input_shape)
            self.built, self._build_shape = True, input_shape
        else:
            self._check_rebuild(input_shape)

    build_once.__doc__ = build.__doc__
    build_once.__wrapped__ = build  # type: ignore[attr-defined]
    return build_once


def _fresh_name(kind: type) -> str:
    stem = snake_case(kind.__name__)
    number = _names[stem]
    _names[stem] += 1
    return f"{stem}_{number}" if number else stem


def _initial(
    initializer: Any, shape: tuple[int, ...], dtype: Any, allocate: Allocator
) -> np.ndarray:
    value = initializers.initialize(initializer, shape, dtype, allocate)
    if value.shape != shape:
        raise ShapeError(
            f"an initializer must return the shape it is asked for, {shape}. "
            f"Received shape {value.shape} from {initializer!r:.60}. Return an array of that shape."
        )
    return value

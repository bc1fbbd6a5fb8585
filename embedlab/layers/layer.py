"""The base class of all layers: name, weights, config, calls on arrays and on placeholders.

There is no tape. A layer defines its own forward and backward pass:
``forward(inputs) -> outputs, context`` and ``backward(context, grad) -> gradients``.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial, wraps
from inspect import signature
from itertools import count
from typing import Any, ClassVar, NamedTuple

import numpy as np

from embedlab import activations, constraints, initializers, regularizers
from embedlab.budget import CALL, OBJECT, charge, current
from embedlab.core.checks import (
    ShapeError,
    as_array,
    check_dtype,
    check_flag,
    check_name,
    message,
    short_repr,
)
from embedlab.layers.allocation import allocator_for, nbytes_of
from embedlab.layers.dtype_policy import INTEGERS, DTypePolicy, get_policy
from embedlab.layers.input_checks import CALLER_ERRORS, name_layer, names_layer
from embedlab.layers.stored_arrays import prepare_load
from embedlab.layers.symbolic import KerasTensor, as_shape, not_a_chain
from embedlab.layers.variable import Variable
from embedlab.registry import drop_keras_defaults, not_defined, refuse_unknown, snake_case

__all__ = ["Context", "Gradients", "Layer"]

_ALWAYS_WELCOME = ("mask", "training")
_names: Counter[str] = Counter()
_NO_LAYER: set[type] = set()  # kinds of attributes that hold no layer, noted as they are seen
_MODULES: dict[str, Any] = {
    "initializer": initializers,
    "regularizer": regularizers,
    "constraint": constraints,
    "activation": activations,
}


class Gradients(NamedTuple):
    """The result of a backward pass.

    `inputs` is for the layer below: an array, or None where there is nothing to send, as to ids.
    `weights` holds for each weight by name an array of its shape, or a SparseGrad.
    """

    inputs: Any
    weights: dict[str, Any]


class Context(NamedTuple):
    """The record of a forward pass of `layer`, to be passed to its `backward`.

    `saved` is what `forward` of the class returns beside the outputs, and what its `backward` gets;
    `read` are the weights that `backward` reads, each with its `changes` at that time.
    """

    layer: "Layer"
    saved: Any
    read: Sequence[tuple[Variable, int]] = ()


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

    supports_masking = False  # may be given a mask without an error; compute_mask says what goes on
    consumes_mask = False  # `forward` or `call` uses the mask in its arithmetic
    WEIGHTS: ClassVar[Mapping[str, Any]] = {}
    """Weights that `add_named_weight` makes, in Keras's order, and their default initializers."""
    CONFIG: ClassVar[tuple[str, ...]] = ()
    """The arguments that a config holds beside name, trainable, dtype and those of the weights."""
    KERAS_ONLY: ClassVar[Mapping[str, Any]] = {"activity_regularizer": None}
    """Arguments of Keras's layer that this one does not have, with Keras's defaults."""
    KEEPS_SHAPE = False  # outputs have the shape of the inputs
    BACKWARD_READS: ClassVar[tuple[str, ...]] = ()
    """Weights that `backward` reads, which must not have changed since the forward pass."""
    _takes = frozenset(_ALWAYS_WELCOME)
    _INTEGER_WEIGHTS = False

    def __init_subclass__(cls, **kwargs: Any):
        super().__init_subclass__(**kwargs)
        if "build" in vars(cls):
            cls.build = _once(cls.build)  # type: ignore[method-assign]
        if "call" in vars(cls):
            cls._takes = frozenset(signature(cls.call).parameters)
            if "consumes_mask" not in vars(cls):
                cls.consumes_mask = "mask" in cls._takes
        if "forward" in vars(cls):
            cls._forward, cls.forward = _checked_forward(cls.forward)  # type: ignore[method-assign]
        if "backward" in vars(cls):
            cls.backward = _checked_backward(cls.backward)  # type: ignore[method-assign]

    def __init__(
        self, *, name: str | None = None, dtype: Any = None, trainable: bool = True, **options: Any
    ):
        kind = type(self).__name__
        options = drop_keras_defaults(kind, options, self.KERAS_ONLY)
        for option, default in _weight_options(type(self)).items():
            module = _MODULES[option.rpartition("_")[2]]
            setattr(self, option, module.get(options.pop(option, default)))
        refuse_unknown(kind, options)
        self._trainable = check_flag(trainable, "trainable")
        self._dtype_policy = self._check_policy(get_policy(dtype))
        self.name = check_name(name) or _fresh_name(type(self))
        self.built = False
        self._trainable_weights: dict[str, Variable] = {}  # made so: `weights` begins with these
        self._non_trainable_weights: dict[str, Variable] = {}
        self._build_shape: Any = None
        self._input_width: int | None = None  # of the last axis, where the weights depend on it
        self._first: dict[str, KerasTensor] = {}  # input and output of the first symbolic call

    # Building ---------------------------------------------------------------------------------

    def build(self, input_shape: Any = None) -> None:
        """Make the weights. A second call does nothing."""
        self.built = True

    def _check_rebuild(self, input_shape: Any) -> None:
        """Refuse another input width than the weights were made for."""
        width, known = input_shape[-1] if input_shape else None, self._input_width
        if None not in (width, known) and width != known:
            must = f"{self.name!r} is built for inputs whose last axis has length {known}"
            do = "Make a new layer for another width"
            raise ShapeError(message(must, f"shape {tuple(input_shape)}", do))

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
        """Return a new variable of this layer; its `placement` is "memory" or "disk".

        By default it is a single number, drawn by "glorot_uniform", of the layer's
        `variable_dtype`, called "variable", "variable_1" and so on, as in Keras. ShapeError when
        the initializer returns another shape, ValueError for a name that is taken.

        >>> Layer(name="scale").add_weight((2,), "ones", name="factor")
        Variable(scale/factor, (2,) float32, trainable)
        """
        shape = as_shape(() if shape is None else shape, "shape", known=True)
        dtype = self.variable_dtype if dtype is None else check_dtype(dtype)
        existing = self._own_weights()
        if not check_name(name):
            names = (f"variable_{number}" if number else "variable" for number in count())
            name = next(free for free in names if free not in existing)
        if name in existing:
            must, received = "a weight needs a name of its own", f"{short_repr(name)} twice"
            raise ValueError(message(must, f"{received} in {self.name!r}", "Choose another name"))
        charge(OBJECT + nbytes_of(shape, dtype), f"{self.name}/{name} of shape {shape}")
        allocate = allocator_for(placement)
        initializer = initializers.get("glorot_uniform" if initializer is None else initializer)
        start = partial(initializers.initialize, initializer, shape, dtype, allocate)
        loading = current.get()
        value = start() if loading is None else allocate(shape, dtype)  # the file has its numbers
        if value.shape != shape:
            must = f"an initializer must return the shape it is asked for, {shape}"
            received = f"shape {value.shape} from {initializer!r:.60}"
            raise ShapeError(message(must, received, "Return an array of that shape"))
        variable = Variable.from_array(
            value,
            name=name,
            path=f"{self.name}/{name}",
            trainable=trainable,
            regularizer=regularizers.get(regularizer),
            constraint=constraints.get(constraint),
        )
        variable.allocate = allocate
        if loading:
            loading.afterwards.append(lambda: variable.changes or variable.assign(start()))
        self._track_variable(variable)
        return variable

    def _track_variable(self, variable: Variable) -> None:
        group = self._trainable_weights if variable.trainable else self._non_trainable_weights
        group[variable.name] = variable
        variable._frozen = not self._trainable

    def _untrack_variable(self, variable: Variable) -> None:
        self._trainable_weights.pop(variable.name, None)
        self._non_trainable_weights.pop(variable.name, None)

    def _own_weights(self) -> dict[str, Variable]:
        """Return the variables of this very layer by name: those made trainable first, as Keras."""
        return {**self._trainable_weights, **self._non_trainable_weights}

    def add_named_weight(
        self, name: str, shape: Any, initializer: Any = None, placement: str = "memory"
    ) -> Variable:
        """Return a new weight of `WEIGHTS`, made as its options say: ``<name>_initializer``, ...

        The options of a ``recurrent_kernel`` begin with ``recurrent``, as in Keras.

        >>> class Shift(Layer):
        ...     WEIGHTS = {"bias": "zeros"}
        ...     def build(self, input_shape):
        ...         self.bias = self.add_named_weight("bias", input_shape[-1:])
        >>> layer = Shift(bias_initializer="ones", name="shift")
        >>> layer.build((None, 3))
        >>> layer.bias
        Variable(shift/bias, (3,) float32, trainable)
        """
        prefix = name.removesuffix("_kernel")
        return self.add_weight(
            shape,
            getattr(self, f"{prefix}_initializer") if initializer is None else initializer,
            name=name,
            regularizer=getattr(self, f"{prefix}_regularizer"),
            constraint=getattr(self, f"{prefix}_constraint"),
            placement=placement,
        )

    def in_compute_dtype(self, variable: Variable) -> np.ndarray:
        """Return a weight in the dtype that the layer computes in."""
        return variable.value.astype(self._dtype_policy.compute, copy=False)

    def sublayers(self) -> Iterator["Layer"]:
        """Return the layers that this one holds in its attributes, each once, in order."""
        seen = {id(self)}
        for value in vars(self).values():
            if type(value) in _NO_LAYER:  # most: asked first, this is half the price of a step
                continue
            if not isinstance(value, (Layer, list, tuple)):
                _NO_LAYER.add(type(value))
            for part in value if isinstance(value, (list, tuple)) else (value,):
                if isinstance(part, Layer) and id(part) not in seen:
                    seen.add(id(part))
                    yield part

    def named_weights(self) -> dict[str, Variable]:
        """Return every variable by its name, those of inner layers as "layer/name"."""
        weights = self._own_weights()
        for layer in self.sublayers():
            weights |= {f"{layer.name}/{k}": v for k, v in layer.named_weights().items()}
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
        self._trainable = check_flag(trainable, "trainable")
        for variable in self._own_weights().values():
            variable._frozen = not self._trainable
        for layer in self.sublayers():
            layer.trainable = trainable

    def get_weights(self) -> list[np.ndarray]:
        """Return a copy of every weight as it is: a merged table has its adapters in it."""
        return [v.numpy() for v in self.weights]

    def set_weights(self, weights: Any) -> None:
        """Set every weight from a list of as many arrays, of the same shapes.

        ValueError or ShapeError for others, and for a layer whose adapters are merged: they could
        not be taken out again. Nothing is changed then.
        """
        self._check_settable()
        if not isinstance(weights, (list, tuple, np.ndarray)) or getattr(weights, "ndim", 1) == 0:
            received = f"{type(weights).__name__} for {self.name!r}"
            do = "Pass what get_weights() returns"
            raise TypeError(message("weights must be a list of arrays", received, do))
        variables = self.weights
        if len(weights) != len(variables):
            raise ValueError(
                f"You called `set_weights(weights)` on layer {self.name!r} with a weight list of "
                f"length {len(weights)}, but the layer was expecting {len(variables)} weights. "
                "Received another number; build the layer first, and pass one array each."
            )
        arrays = [v.checked(value) for v, value in zip(variables, weights, strict=True)]
        for variable, array in zip(variables, arrays, strict=True):
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

        ``mask=`` and ``training=`` are always welcome, and dropped where `call` does not take them.
        """
        try:  # as `names_layer` does, whose wrapper would add a tenth to a small call
            plain = type(inputs) is np.ndarray
            if not plain and isinstance(inputs, KerasTensor):
                options = {k: v for k, v in kwargs.items() if k not in _ALWAYS_WELCOME}
                return self.symbolic_call(inputs, **options)
            if not plain and isinstance(inputs, (list, tuple, dict)) and _holds_tensors(inputs):
                kind = type(inputs).__name__
                raise not_a_chain(f"{len(inputs)} placeholders in a {kind} for {self.name!r}")
            if not self.built:
                self._build_from_data(inputs)
            if not (args or kwargs):
                return self.call(inputs)
            for name in _ALWAYS_WELCOME:
                if name not in self._takes:
                    kwargs.pop(name, None)
            return self.call(inputs, *args, **kwargs)
        except CALLER_ERRORS as error:
            name_layer(error, self)
            raise

    def _build_from_data(self, inputs: Any) -> None:
        known = hasattr(inputs, "shape")
        self.build((inputs if known else as_array(inputs, f"inputs of {self.name!r}", "K")).shape)

    def call(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Return the outputs. Unless a layer defines it, the first half of `forward`."""
        return self._forward(inputs, *args, **kwargs)[0]

    def forward(self, inputs: Any, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        """Return the outputs and what `backward` needs, which comes to it in a `Context`.

        Every layer may be passed `mask` and `training`, also one that takes neither.
        """
        if type(self).call is Layer.call:
            raise not_defined(self, "call(inputs) to be called", "Add def call(self, inputs)")
        if kwargs.get("training"):
            do = "Add it: it returns outputs and a context for backward(context, grad)"
            raise not_defined(self, "forward(inputs) to be trained", do)
        return self(inputs, *args, **kwargs), None

    _forward = forward  # that of the class as it defines it, which makes no `Context`

    def backward(self, context: Any, grad: Any) -> Gradients:
        """Return the gradients for the inputs and the weights, from that of the outputs."""
        do = "Add it: it returns Gradients"
        raise not_defined(self, "backward(context, grad) to be trained", do)

    def _read_by_backward(self, saved: Any) -> list[Variable]:
        return [getattr(self, name) for name in self.BACKWARD_READS]

    def forward_with_mask(
        self, inputs: Any, mask: Any = None, training: bool = False, **kwargs: Any
    ) -> tuple[Any, Any, Any]:
        """Return the outputs, their mask (a value beside them), and the context."""
        outputs, context = self.forward(inputs, mask=mask, training=training, **kwargs)
        return outputs, self.compute_mask(inputs, mask, **kwargs), context

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return the mask of the outputs: the one that came, if this layer passes masks on."""
        return mask if self.supports_masking else None

    # Shapes without numbers -------------------------------------------------------------------

    def compute_output_shape(self, input_shape: Any) -> tuple[Any, ...]:
        """Return the shape of the outputs for inputs of `input_shape`."""
        if self.KEEPS_SHAPE:
            return tuple(input_shape)
        do = "Add it, or call the layer on an array"
        raise not_defined(self, "compute_output_shape(input_shape) to be used without data", do)

    def compute_output_spec(self, inputs: Any) -> Any:
        """Return the placeholder of the outputs for a placeholder of the inputs."""
        return KerasTensor(self.compute_output_shape(inputs.shape), self.compute_dtype)

    def symbolic_call(self, inputs: Any, **kwargs: Any) -> Any:
        """Call the layer on a placeholder: builds it, and computes nothing."""
        charge(CALL + 32 * len(inputs.shape), f"a call of {self.name!r:.60}")
        outputs = self.compute_output_spec(inputs, **kwargs)
        self.build(inputs.shape)
        outputs.layer, outputs.inputs, outputs.call_kwargs = self, inputs, kwargs
        self._first = self._first or {"input": inputs, "output": outputs}
        return outputs

    @property
    def input(self) -> KerasTensor:
        """The input placeholder of the first symbolic call; AttributeError before it."""
        return self._placeholder("input")

    @property
    def output(self) -> KerasTensor:
        """The output placeholder of the first symbolic call; AttributeError before it."""
        return self._placeholder("output")

    def _placeholder(self, word: str) -> KerasTensor:
        if word not in self._first:
            raise AttributeError(
                f"{word} is known after a symbolic call. The layer {self.name} has never been "
                f"called and thus has no defined {word}. Call it on Input(shape)."
            )
        return self._first[word]

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
        """Check and read arrays, and return the function that assigns them: see `stored_arrays`."""
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
            must = "dtype_policy must be a policy of floats, set before the layer is built"
            state = "a built layer" if self.built else "a layer that is not built"
            do = "Pass dtype= to a new layer, or call quantize() where there is one"
            raise ValueError(message(must, f"{policy.name!r} for {self.name!r}, {state}", do))
        self._dtype_policy = policy

    def _check_policy(self, policy: DTypePolicy) -> DTypePolicy:
        """Refuse integer weights, but for a table that is only looked up."""
        if policy.variable_dtype not in INTEGERS:
            return policy
        if not self._INTEGER_WEIGHTS:
            received = f"{policy.name!r} for {type(self).__name__}"
            do = "Only the table of an Embedding may hold integers"
            raise ValueError(message("dtype must be a float or mixed_float16", received, do))
        if self._trainable:
            must = "a table of integers must be frozen: it has no gradient"
            received = f"dtype={policy.name!r} and trainable=True"
            raise ValueError(message(must, received, "Pass trainable=False"))
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
        config = {"name": self.name, "trainable": self._trainable, "dtype": self.dtype_policy.name}
        for name in (*_weight_options(type(self)), *self.CONFIG):
            module, value = _MODULES.get(name.rpartition("_")[2]), getattr(self, name)
            config[name] = value if module is None else module.serialize(value)
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Layer":
        """Return a layer from what `get_config` gave."""
        return cls(**config)

    def __getattr__(self, name: str) -> Any:
        kind = type(self)
        if name in ("_trainable_weights", "_dtype_policy", "built", "name"):
            must = "a layer must be initialized before it is used"
            received = f"{kind.__name__}, whose __init__ does not call super().__init__()"
            raise RuntimeError(message(must, received, "Call it in the first line"))
        own_class = not kind.__module__.startswith("embedlab.")
        if own_class and kind.build is Layer.build and not name.startswith("_"):
            must = f"{kind.__name__!r} object has no attribute {name!r}"
            do = "If it is a weight, define build(self, input_shape) and add_weight it there"
            raise AttributeError(message(must, "a layer class without build", do))
        if name in kind.WEIGHTS:
            must = f"You must build the layer before accessing `{name}`"
            received = f"no call of {vars(self).get('name')} yet"
            raise AttributeError(message(must, received, "Call it, or build(shape)"))
        return object.__getattribute__(self, name)  # a property's own error, or Python's

    def __repr__(self) -> str:
        return f"{type(self).__name__}(name={self.name!r}, built={self.built})"


def _weight_options(kind: type[Layer]) -> dict[str, Any]:
    defaults = {}
    for weight, initializer in kind.WEIGHTS.items():
        prefix = weight.removesuffix("_kernel")
        defaults[f"{prefix}_initializer"] = initializer
        defaults[f"{prefix}_regularizer"] = defaults[f"{prefix}_constraint"] = None
    return defaults


def _holds_tensors(inputs: Any) -> bool:
    parts = inputs.values() if isinstance(inputs, dict) else inputs[:2]  # data may be long
    return any(isinstance(part, KerasTensor) for part in parts)


def _checked_forward(method: Any) -> tuple[Any, Any]:
    """Return a `forward` that need not take ``mask=`` and ``training=``, and one with `Context`."""
    parameters = signature(method).parameters
    open_ended = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    takes_mask, takes_training = (open_ended or name in parameters for name in _ALWAYS_WELCOME)

    def run(
        self: Layer, inputs: Any, mask: Any = None, training: bool = False, **kwargs: Any
    ) -> Any:
        if not self.built:
            self._build_from_data(inputs)
        if takes_mask:
            kwargs["mask"] = mask
        if takes_training:
            kwargs["training"] = training
        result = method(self, inputs, **kwargs)
        if not (isinstance(result, tuple) and len(result) == 2):
            raise _wrong_result(self, "forward", "(outputs, context)", result, "Return both")
        return result

    @wraps(method)
    def forward(
        self: Layer, inputs: Any, mask: Any = None, training: bool = False, **kwargs: Any
    ) -> Any:
        try:
            result = run(self, inputs, mask, training, **kwargs)
        except CALLER_ERRORS as error:
            name_layer(error, self)
            raise
        if type(self).forward is not forward:  # called by that of a subclass
            return result
        variables = self._read_by_backward(result[1])
        read = [(v, v.changes) for v in variables] if variables else ()
        return result[0], Context(self, result[1], read)

    return run, forward


def _checked_backward(method: Any) -> Any:
    """Return a `backward` that takes the `Context` of its own layer, and returns `Gradients`."""

    @names_layer
    @wraps(method)
    def backward(self: Layer, context: Any, grad: Any) -> Any:
        if type(self).backward is not backward:  # called by that of a subclass
            return method(self, context, grad)
        if not isinstance(context, Context) or context.layer is not self:
            must = f"backward of {self.name!r} needs the context of its own forward pass"
            other = isinstance(context, Context)
            received = f"that of another, {context.layer.name!r}" if other else short_repr(context)
            raise ValueError(message(must, received, "Pass what forward returned last"))
        changed = [v.changed_by for v, changes in context.read if v.changes != changes]
        now = map(id, self._read_by_backward(context.saved))
        if not changed and [id(variable) for variable, _ in context.read] != [*now]:
            changed = ["quantize, merge or another choice of adapters"]
        if changed:
            must = f"backward needs the weights of {self.name!r} as its forward pass read them"
            received = f"weights changed since by {changed[0]}"
            raise RuntimeError(message(must, received, "Go forward again after that"))
        result = method(self, context.saved, grad)
        if not (isinstance(result, tuple) and len(result) == 2 and isinstance(result[1], dict)):
            do = "weights is a dict of gradients by name"
            raise _wrong_result(self, "backward", "Gradients(inputs, weights)", result, do)
        return result

    return backward


def _wrong_result(layer: Layer, method: str, parts: str, result: Any, do: str) -> TypeError:
    must = f"{type(layer).__name__}.{method} must return {parts}"
    return TypeError(message(must, f"{short_repr(result)} from {layer.name!r}", do))


def _once(build: Any) -> Any:
    def build_once(self: Layer, input_shape: Any = None) -> None:
        if input_shape is not None:
            input_shape = as_shape(input_shape, "input_shape")
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

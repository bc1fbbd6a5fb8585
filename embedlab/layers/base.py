"""What every layer shares: a name, weights, a config, and one way to be called.

There is no tape. A layer says itself how it goes forward and how it comes back:
``forward(inputs) -> outputs, context`` and ``backward(context, grad) -> gradients``.
"""

from collections import Counter
from inspect import signature
from typing import Any, NamedTuple

import numpy as np

from embedlab import regularizers
from embedlab.layers.activity import Active, Penalized
from embedlab.layers.dtype_policy import DTypePolicy, get_policy
from embedlab.layers.structure import first, flat
from embedlab.layers.symbolic import KerasTensor
from embedlab.registry import snake_case

__all__ = ["Gradients", "Layer"]

_names: Counter[str] = Counter()


class Gradients(NamedTuple):
    """What a backward pass gives.

    Attributes
    ----------
    inputs : ndarray or None
        For the layer below; None where there is nothing to send, as to ids.
    weights : dict
        For each weight by name: an array of its shape, or a SparseGrad.
    """

    inputs: Any
    weights: dict[str, Any]


class Layer(Penalized):
    """The base of all layers, under Keras's names.

    A layer of your own defines ``build(input_shape)`` (make weights with `add_weight`) and
    ``call(inputs)``; to be trained it also defines `forward` and `backward`.

    Parameters
    ----------
    name : str, optional
        Counted up from the class's name unless told: embedding, embedding_1, ...
    dtype : str or DTypePolicy, optional
        "float32" unless told.
    trainable : bool
    activity_regularizer : optional
        A penalty on the outputs.

    Examples
    --------
    >>> class Double(Layer):
    ...     def call(self, inputs):
    ...         return 2 * inputs
    >>> Double(name="double")(np.array([1.0, 2.0])).tolist()
    [2.0, 4.0]
    """

    supports_masking = False
    """Whether a mask that comes in also goes out."""
    consumes_mask = False
    """Whether `call` takes ``mask=`` and uses it."""
    _takes = frozenset(("mask", "training"))

    def __init_subclass__(cls, **kwargs: Any):
        super().__init_subclass__(**kwargs)
        if "build" in vars(cls):
            cls.build = _once(cls.build)  # type: ignore[method-assign]
        if "call" in vars(cls):
            cls._takes = frozenset(signature(cls.call).parameters)
            if "consumes_mask" not in vars(cls):
                cls.consumes_mask = "mask" in cls._takes

    def __init__(
        self,
        *,
        name: str | None = None,
        dtype: Any = None,
        trainable: bool = True,
        activity_regularizer: Any = None,
        **unknown: Any,
    ):
        if unknown:
            raise ValueError(
                f"every argument must be one of {type(self).__name__}'s. Unrecognized keyword "
                f"arguments passed to {type(self).__name__}: {sorted(unknown)}. See "
                f"help({type(self).__name__})."
            )
        self.dtype_policy: DTypePolicy = get_policy(dtype)
        name = _fresh_name(type(self)) if name is None else str(name)
        super().__init__(name, self.dtype_policy.variable_dtype, trainable)
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self._build_shape: Any = None
        self._first: tuple[Any, Any] | None = None  # input and output of the first symbolic call

    # Building ---------------------------------------------------------------------------------

    def build(self, input_shape: Any = None) -> None:
        """Make the weights. A second call does nothing."""
        self.built = True

    # Calling ----------------------------------------------------------------------------------

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Return the outputs for an array, or a placeholder for a placeholder.

        ``mask=`` and ``training=`` are welcome everywhere, and dropped where `call` has no use
        for them.
        """
        if isinstance(first(inputs), KerasTensor):
            told = {k: v for k, v in kwargs.items() if k not in ("mask", "training")}
            return self.symbolic_call(inputs, **told)
        if not self.built:
            self._build_on(inputs)
        if kwargs:
            spare = {"mask", "training"} - self._takes
            kwargs = {k: v for k, v in kwargs.items() if k not in spare}
        outputs = self.call(inputs, *args, **kwargs)
        if self.activity_regularizer is not None:
            self._note_activity(outputs)
        return outputs

    def _build_on(self, inputs: Any) -> None:
        self.build(np.shape(inputs))

    def call(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Return the outputs. Unless a layer defines it, the first half of `forward`."""
        return self.forward(inputs, *args, **kwargs)[0]

    def forward(self, inputs: Any, mask: Any = None, training: bool = False) -> tuple[Any, Any]:
        """Return the outputs, and the context that `backward` needs."""
        raise NotImplementedError(
            f"a layer must define call, or forward and backward. {type(self).__name__} does not. "
            "Add them to train it."
        )

    def backward(self, context: Any, grad: Any) -> Gradients:
        """Return the gradients for the inputs and the weights, from that of the outputs."""
        raise NotImplementedError(
            f"a layer must define backward to be trained. {type(self).__name__} does not. Add it."
        )

    def call_with_mask(
        self, inputs: Any, mask: Any = None, training: bool = False
    ) -> tuple[Any, Any]:
        """Return the outputs and their mask: a mask is a value, and travels beside the outputs."""
        return self(inputs, mask=mask, training=training), self.compute_mask(inputs, mask)

    def forward_with_mask(
        self, inputs: Any, mask: Any = None, training: bool = False, **told: Any
    ) -> tuple[Any, Any, Any]:
        """Return the outputs, their mask, and the context: what a model asks of each layer.

        `told` is what else the symbolic call was told, such as ``reverse=True``.
        """
        outputs, context = self.forward(inputs, mask=mask, training=training, **told)
        if self.activity_regularizer is not None:
            self._note_activity(outputs)
            context = Active(context, outputs)
        return outputs, self.compute_mask(inputs, mask, **told), context

    def backward_through(self, context: Any, grad: Any) -> Gradients:
        """Return the gradients for what `forward_with_mask` left: with an activity penalty's."""
        if isinstance(context, Active):
            return self.backward(context.inner, self._pulled(context.outputs, grad))
        return self.backward(context, grad)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return the mask of the outputs: the one that came, if this layer passes masks on."""
        return mask if self.supports_masking else None

    # Shapes without numbers -------------------------------------------------------------------

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """Return the shape of the outputs for inputs of `input_shape`."""
        raise NotImplementedError(
            f"a layer must define compute_output_shape to be used without data. "
            f"{type(self).__name__} does not. Add it, or call the layer on an array."
        )

    def compute_output_spec(self, inputs: Any) -> Any:
        """Return the placeholder of the outputs for a placeholder of the inputs."""
        return KerasTensor(self.compute_output_shape(inputs.shape), self.compute_dtype)

    def symbolic_call(self, inputs: Any, **told: Any) -> Any:
        """Call the layer on a placeholder: builds it, and computes nothing.

        A layer with several outputs, such as a recurrent one with its states, gives a list.
        """
        made = self.compute_output_spec(inputs, **told)
        if not self.built:
            several = isinstance(inputs, (list, tuple))
            self.build([one.shape for one in inputs] if several else inputs.shape)
        siblings = flat(made)
        for one in siblings:
            one.layer, one.inputs, one.siblings, one.call = self, inputs, siblings, siblings[0].call
            one.told = told
        if self._first is None:
            self._first = (inputs, made)
        return made

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
        return self._first[which]

    # Stores -----------------------------------------------------------------------------------

    def save_own_variables(self, store: Any) -> None:
        """Put this layer's arrays into a mapping, as "0", "1", ... in Keras's order."""
        from embedlab.saving.store import save_variables

        save_variables(self, store)

    def load_own_variables(self, store: Any) -> None:
        """Take this layer's arrays out of a mapping; ValueError, and no change, unless they fit."""
        from embedlab.saving.store import load_variables

        load_variables(self, store)

    # Dtypes and configs -----------------------------------------------------------------------

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
        if self.activity_regularizer is not None:
            config["activity_regularizer"] = regularizers.serialize(self.activity_regularizer)
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Layer":
        """Return a layer from what `get_config` gave."""
        return cls(**config)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(name={self.name!r}, built={self.built})"


def _once(build: Any) -> Any:
    def build_once(self: Layer, input_shape: Any = None) -> None:
        if not self.built:
            build(self, input_shape)
            self.built, self._build_shape = True, input_shape

    build_once.__doc__ = build.__doc__
    build_once.__wrapped__ = build  # type: ignore[attr-defined]
    return build_once


def _fresh_name(kind: type) -> str:
    stem = snake_case(kind.__name__)
    number = _names[stem]
    _names[stem] += 1
    return f"{stem}_{number}" if number else stem

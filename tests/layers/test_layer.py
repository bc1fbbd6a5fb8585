"""A layer: names, weights, freezing, configs, masks, placeholders, layers of one's own."""

import numpy as np
import pytest

from embedlab import layers
from embedlab.core.checks import DtypeError, ShapeError
from embedlab.layers import Dense, DTypePolicy, Embedding, Input, KerasTensor, Layer
from embedlab.layers.layer import Gradients


class Scale(Layer):
    """A layer as a learner would write it."""

    supports_masking = True
    builds = 0

    def build(self, input_shape):
        self.builds += 1
        self.factor = self.add_weight((input_shape[-1],), "ones", name="factor")

    def compute_output_shape(self, input_shape):
        return input_shape

    def forward(self, inputs, mask=None, training=False):
        return inputs * self.factor.value, inputs

    def backward(self, context, grad):
        return Gradients(grad * self.factor.value, {"factor": (grad * context).sum(0)})


class Pair(Layer):
    def __init__(self, **options):
        super().__init__(**options)
        self.parts = [Scale(name="one"), Scale(name="two")]
        self.again = self.parts[0]

    def call(self, inputs, mask=None):
        for part in self.parts:
            inputs = part(inputs)
        return inputs if mask is None else inputs * mask


def test_default_names_count_up():
    first, second = Scale(), Scale()
    stem, _, number = second.name.rpartition("_")
    assert stem == "scale" and int(number) > 0
    assert first.name != second.name
    assert Scale(name="mine").name == "mine"


def test_a_name_that_no_file_can_hold_is_refused():
    with pytest.raises(ValueError, match="half a surrogate pair"):
        Scale(name="words \ud800")


def test_a_custom_layer_builds_once():
    layer = Scale()
    assert layer(np.ones((4, 3))).shape == (4, 3)
    layer.build((4, 3))
    assert layer.builds == 1
    out, context = layer.forward(np.full((4, 3), 2.0))
    gradients = layer.backward(context, out)
    assert gradients.weights["factor"].tolist() == [16.0] * 3


def test_inner_layers_are_found_once_each():
    layer = Pair(name="pair")
    layer(np.ones((2, 3)))
    assert list(layer.named_weights()) == ["one/factor", "two/factor"]
    assert [v.path for v in layer.weights] == ["one/factor", "two/factor"]
    assert layer.count_params() == 6


def test_freezing_and_thawing_inner_layers():
    layer = Pair()
    layer(np.ones((2, 3)))
    layer.parts[1].factor.trainable = False
    layer.trainable = False
    assert layer.trainable_weights == []
    layer.trainable = True
    assert [v.path for v in layer.trainable_weights] == ["one/factor"]
    assert [v.path for v in layer.non_trainable_weights] == ["two/factor"]


def test_get_and_set_weights():
    layer = Pair()
    layer(np.ones((2, 3)))
    layer.set_weights([np.full(3, 2.0), np.full(3, 5.0)])
    copies = layer.get_weights()
    copies[0][:] = 9
    assert layer(np.ones((1, 3))).tolist() == [[10.0] * 3]
    with pytest.raises(ValueError, match="length 1, but the layer was expecting 2 weights"):
        layer.set_weights([np.zeros(3)])
    with pytest.raises(ShapeError, match=r"has shape \(3,\)\. Received shape \(4,\)"):
        layer.set_weights([np.zeros(3), np.zeros(4)])
    with pytest.raises(DtypeError, match="two/factor must hold numbers"):
        layer.set_weights([np.zeros(3), np.array(["a", "b", "c"])])
    assert layer(np.ones((1, 3))).tolist() == [[10.0] * 3]


def test_regularized_weights_give_losses():
    layer = Layer(name="plain")
    layer.add_weight((2,), "ones", name="w", regularizer="l2")
    assert layer.losses == [pytest.approx(0.02)]
    layer.trainable = False
    assert layer.losses == []


def test_call_without_mask_and_training_arguments():
    assert Pair.consumes_mask and not Embedding.consumes_mask
    layer = Pair()
    assert layer(np.ones((1, 3)), mask=np.zeros((1, 3))).tolist() == [[0.0] * 3]
    assert layer(np.ones((1, 3)), training=True).tolist() == [[1.0] * 3]
    assert Embedding(3, 2)([1], mask=None, training=True).shape == (1, 2)


def test_a_mask_is_computed_beside_the_outputs():
    mask = np.array([True, False])
    out, after, _ = Scale().forward_with_mask(np.ones((2, 3)), mask)
    assert after is mask and out.shape == (2, 3)
    assert Pair().forward_with_mask(np.ones((2, 3)))[1] is None


def test_a_placeholder_builds_the_layer_and_is_remembered_once():
    layer = Scale()
    with pytest.raises(AttributeError, match="never been called and thus has no defined output"):
        _ = layer.output
    first = layer(Input((3,)))
    layer(Input((3,)))
    assert layer.output is first and layer.input.shape == (None, 3)
    assert first.layer is layer and first.inputs is layer.input
    with pytest.raises(TypeError, match="no numbers"):
        np.asarray(first)


def test_array_of_initializer_is_copied():
    array = np.ones(3, "float32")
    layer = Layer()
    weight = layer.add_weight((3,), lambda shape, dtype: array)
    weight.assign(np.zeros(3))
    assert array.tolist() == [1.0] * 3
    assert layer.add_weight((2,), lambda shape: np.ones(shape)).dtype == "float32"
    with pytest.raises(ShapeError, match="must return the shape it is asked for"):
        layer.add_weight((2,), lambda shape: np.ones(3))


def test_config_round_trip():
    layer = Scale(name="s", dtype="mixed_float16", trainable=False)
    again = Scale.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    assert (again.compute_dtype, again.variable_dtype, again.trainable) == (
        "float16",
        "float32",
        False,
    )


@pytest.mark.parametrize(
    "dtype",
    [
        "float32",
        np.float32,
        np.dtype("float32"),
        DTypePolicy("float32"),
        None,
        {"class_name": "DTypePolicy", "config": {"name": "float32"}},
    ],
)
def test_a_dtype_has_many_forms(dtype):
    assert Layer(dtype=dtype).dtype == "float32"


@pytest.mark.parametrize("dtype", ["bogus", "bfloat16", "mixed_bfloat16", "uint32", 3, {}])
def test_other_dtypes_are_refused(dtype):
    with pytest.raises(ValueError, match="to a mixed precision DTypePolicy"):
        Layer(dtype=dtype)


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        (lambda: Layer(bogus=1), ValueError, "Unrecognized keyword arguments passed to Layer"),
        (lambda: Layer().count_params(), ValueError, "but the layer isn't built"),
        (lambda: Layer()(1), NotImplementedError, "must define call"),
        (lambda: Layer().backward(None, None), NotImplementedError, "must define backward"),
        (lambda: Layer()(Input((3,))), NotImplementedError, "compute_output_shape"),
        (lambda: Input(), ValueError, "exactly one of shape and batch_shape"),
    ],
)
def test_bad_arguments_are_refused(act, error, words):
    with pytest.raises(error, match=words):
        act()


def test_input_takes_a_shape_with_or_without_the_batch():
    assert Input((4,), batch_size=2).shape == (2, 4)
    assert Input(batch_shape=(None, 4), dtype="int32").dtype == "int32"
    assert repr(KerasTensor((None,))) == "KerasTensor((None,), float32)"


def test_dtype_policy_is_effective_until_the_layer_is_built():
    layer = Dense(2)
    layer.dtype_policy = "mixed_float16"
    assert layer(np.ones((1, 3))).dtype == np.float16
    assert layer.kernel.dtype == "float32" and layer.get_config()["dtype"] == "mixed_float16"
    layer.dtype_policy = "mixed_float16"  # what it has
    for policy in ("float64", "int8_from_float32"):
        with pytest.raises(ValueError, match=r"before the layer is built\. Received"):
            layer.dtype_policy = policy
    with pytest.raises(ValueError, match="mixed precision DTypePolicy"):
        layer.dtype_policy = 5
    assert layer(np.ones((1, 3))).dtype == np.float16


def test_attribute_errors_of_a_property_are_kept():
    with pytest.raises(AttributeError, match="never been called and thus has no defined output"):
        _ = Dense(2).output
    with pytest.raises(AttributeError, match="bogus"):
        _ = Dense(2).bogus


EVERY = [getattr(layers, name) for name in layers.__all__]
BIASED = [kind for kind in EVERY if "use_bias" in getattr(kind, "CONFIG", ())]


@pytest.mark.parametrize("kind", BIASED)
def test_without_a_bias_there_is_none(kind):
    first = (2, 2) if kind is layers.Conv1D else (2,)
    layer, other = kind(*first, use_bias=False), kind(*first)
    assert layer.bias is None
    with pytest.raises(AttributeError, match="You must build the layer before accessing `bias`"):
        _ = other.bias
    assert layer(np.ones((1, 3, 4))).shape == other(np.ones((1, 3, 4))).shape
    assert layer.bias is None and other.bias is other.weights[-1]
    assert len(layer.weights) == len(other.weights) - 1 and len(BIASED) == 5


def test_what_is_left_to_keras_is_refused_in_one_line():
    line = r"is not part of embedlab\. Received .* Use embedlab\.keras"
    for act in (
        lambda: Dense(2, activity_regularizer="l2"),
        lambda: Embedding(3, 2, activity_regularizer="l2"),
        lambda: Dense(2, lora_rank=1),
    ):
        with pytest.raises(ValueError, match=line):
            act()
    with pytest.raises(AttributeError, match=line):
        _ = layers.MultiHeadAttention
    with pytest.raises(ValueError, match=r"layer Bidirectional is not part of embedlab"):
        layers.deserialize({"class_name": "Bidirectional", "config": {}})

"""Bad inputs of models: one line in three parts, no foreign traceback."""

import functools
import re

import numpy as np
import pytest

from embedlab.core.ids import IdError
from embedlab.layers import (
    GRU,
    LSTM,
    Conv1D,
    Dense,
    Embedding,
    Flatten,
    GlobalAveragePooling1D,
    Input,
    LayerNormalization,
    SimpleRNN,
    Variable,
    deserialize,
)
from embedlab.losses import CategoricalCrossentropy, MeanSquaredError
from embedlab.models import Model, Sequential, load_model
from embedlab.optimizers import SGD, Adam
from embedlab.regularizers import L2

IDS, TARGETS = np.ones((4, 3), int), np.ones((4, 1))


class Loader:
    """Batches, as a data loader of PyTorch yields them."""

    def __len__(self):
        return 1

    def __iter__(self):
        yield IDS, TARGETS


def model():
    chain = Sequential(
        [Embedding(9, 4, input_length=3, name="words"), Flatten(), Dense(1, name="out")]
    )
    chain.compile("sgd", "mse")
    return chain


def compile_with(**options):
    model().compile("sgd", "mse", **options)


def step(grad):
    SGD().apply([grad], [Variable([1.0, 2.0], name="bias")])


def fit(x=IDS, y=TARGETS, **options):
    return model().fit(x, y, verbose=0, **options)


def fit_with(**functions):
    built = Sequential([Input((3,)), Dense(1, **functions)])
    built.compile("sgd", "mse")
    built.fit(IDS, TARGETS, verbose=0)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: fit(y=None), TypeError, "y must be an array of samples. Received None"),
        (lambda: model().fit(), TypeError, "x must be an array of samples. Received None"),
        (lambda: model().evaluate(IDS), TypeError, "y must be an array"),
        (lambda: fit((b for b in [IDS]), None), TypeError, "Received a generator"),
        (lambda: fit(Loader(), None), TypeError, "Received a Loader"),
        (lambda: model().predict(Loader()), TypeError, "Received a Loader"),
        (lambda: fit([[1, 2], [1, 2, 3]], TARGETS[:2]), ValueError, "one length"),
        (lambda: fit([np.ones(3), np.ones(2)], TARGETS[:2]), ValueError, "one length"),
        (lambda: fit(["the cat", "the dog"], TARGETS[:2]), TypeError, "Look words up"),
        (lambda: fit(y=["a", "b", "c", "d"]), TypeError, "y must hold numbers"),
        (lambda: fit(callbacks="early"), TypeError, "callbacks must be"),
        (lambda: fit(epochs="3"), ValueError, "epochs must be a positive integer"),
        (lambda: model().fit(IDS, TARGETS, verbose="loud"), ValueError, "verbose must be"),
        (lambda: compile_with(metrics=IDS), ValueError, "every metric but accuracy"),
        (lambda: fit(seed=-1), ValueError, "seed must be an integer >= 0. Received -1"),
        (lambda: fit(shuffle="no"), ValueError, "shuffle must be True or False. Received 'no'"),
        (lambda: step([[1.0], [1.0, 2.0]]), ValueError, "gradient of bias must be a rectangular"),
        (lambda: step("a"), TypeError, "gradient of bias must hold numbers"),
        (lambda: SGD().apply([1.0], []), ValueError, "must be lists of one length"),
        (lambda: SGD().apply(None, []), ValueError, "Received None and \\[\\]"),
        (lambda: SGD().apply([1.0], [2.0]), TypeError, "a gradient for each Variable"),
        (lambda: SGD(nesterov="x"), ValueError, "nesterov must be True or False"),
        (lambda: Adam(epsilon="a"), ValueError, "epsilon must be a finite number. Received 'a'"),
        (lambda: CategoricalCrossentropy()([], []), ValueError, r"Received shape \(0,\)"),
        (lambda: MeanSquaredError()(np.ones((2, 0)), np.ones((2, 0))), ValueError, r"\(2, 0\)"),
        (lambda: MeanSquaredError(from_logits=True), ValueError, "Received \\['from_logits'\\]"),
        (lambda: L2(l1=0.1), ValueError, "every argument must be one of L2's. Received"),
        (lambda: Input(10), ValueError, r"Received 10. Pass shape=\(10,\)"),
        (lambda: Input("abc"), ValueError, "shape must be a tuple"),
        (lambda: Input((-1,)), ValueError, "shape must be a tuple"),
        (lambda: Input(batch_shape=(None, 2.5)), ValueError, "batch_shape must be a tuple"),
        (lambda: Sequential(Dense(1)), ValueError, "layers must be a list"),
        (lambda: Sequential(3), ValueError, "layers must be a list"),
        (lambda: Sequential(np.ones(2)), ValueError, "Only instances of `Layer`"),
        (lambda: fit(validation_data=np.array(1)), ValueError, "validation_data must be"),
        (lambda: model().fit(IDS, TARGETS, verbose=IDS[0]), ValueError, "verbose must be"),
        (lambda: model().get_layer(index=9), ValueError, "one of the 3 layers"),
        (lambda: model().summary(print_fn="x"), TypeError, "must be a function. Received 'x'"),
        (lambda: load_model("m.keras", "x"), TypeError, "custom_objects must be a dict"),
        (lambda: Sequential.from_config({"layers": []}, "x"), TypeError, "custom_objects must be"),
        (lambda: deserialize({"class_name": "Dense"}, ["x"]), TypeError, r"Received \['x'\]"),
        (
            lambda: fit_with(kernel_regularizer=np.sum),
            NotImplementedError,
            r"must define grad\(weights",
        ),
        (lambda: fit_with(kernel_initializer=lambda s: np.full(s, "a")), TypeError, "Received <U1"),
        (lambda: fit_with(kernel_initializer=lambda s: [[1], [1, 2]]), ValueError, "a rectangular"),
        (lambda: model().load_weights("/no/m.weights.h5"), FileNotFoundError, "No such file"),
        (lambda: model().save("/no/m.keras"), FileNotFoundError, "folder of a file must exist"),
    ],
)
def test_a_mistake_is_named_in_one_line(call, error, message):
    with pytest.raises(error, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("method", ["fit", "predict", "evaluate"])
def test_error_positions_are_those_of_the_caller(method):
    ids = np.ones((9, 3), int)
    ids[7, 2] = 99
    rest = {"fit": {"y": np.ones((9, 1)), "seed": 1}, "evaluate": {"y": np.ones((9, 1))}}
    with pytest.raises(IdError, match=re.escape("Received 99 at [7, 2], in layer 'words'")):
        getattr(model(), method)(ids, batch_size=2, verbose=0, **rest.get(method, {}))


@pytest.mark.parametrize("kind", [Dense, SimpleRNN])
def test_a_built_layer_refuses_another_width(kind):
    layer = kind(2)
    layer.build((None, 5, 3))
    layer.build((None, 7, 3))
    for again in (lambda: layer.build((None, 5, 4)), lambda: layer(Input((5, 4)))):
        with pytest.raises(ValueError, match=r"whose last axis has length 3\. Received"):
            again()


def test_a_built_model_refuses_another_shape():
    chain = Sequential([Dense(2)])
    chain.build((None, 3))
    chain.build((None, 3))
    for shape in ((None, 4), (None, 3, 3)):
        with pytest.raises(ValueError, match=r"built for inputs of shape \(None, 3\)"):
            chain.build(shape)


def test_a_range_is_an_array_of_samples():
    chain = Sequential([Embedding(9, 2)])
    assert chain.predict(range(5)).shape == (5, 2)


@pytest.mark.parametrize("method", ["fit", "evaluate"])
@pytest.mark.parametrize(
    "loss",
    ["mse", "log_cosh", "bce", "categorical_crossentropy", "sparse_categorical_crossentropy"],
)
def test_training_on_shapes_that_broadcast_is_refused(loss, method):
    chain = Sequential([Embedding(9, 4), GlobalAveragePooling1D(), Dense(3, "softmax")])
    chain.compile("sgd", loss)
    fits = [(4, 1), (4,)] if loss.startswith("sparse") else [(4, 3)]
    for shape in [(4, 1), (4,), (4, 3), (4, 1, 3), (4, 2), (4, 3, 1), (4, 1, 1)]:
        run = functools.partial(getattr(chain, method), IDS, np.zeros(shape), verbose=0)
        if shape in fits or (shape == (4, 3, 1) and not loss.startswith("sparse")):
            run()
            continue
        before = chain.get_weights()
        with pytest.raises(ValueError, match=r"must have the .* Received \(4") as caught:
            run()
        assert "\n" not in str(caught.value)
        assert all(map(np.array_equal, before, chain.get_weights()))


def own_width(kind):
    """Return a layer or a model that is built for steps of 3 numbers."""
    if kind == "Model":
        start = Input((5, 3))
        return Model(start, Dense(2)(start))
    if kind == "Sequential":
        return Sequential([Input((5, 3)), Dense(2)])
    makers = {
        "Dense": lambda: Dense(2),
        "Conv1D": lambda: Conv1D(2, 2),
        "SimpleRNN": lambda: SimpleRNN(2),
        "GRU": lambda: GRU(2),
        "LSTM": lambda: LSTM(2),
        "LayerNormalization": LayerNormalization,
    }
    layer = makers[kind]()
    layer.build((None, 5, 3))
    return layer


@pytest.mark.parametrize(
    "kind",
    ["Dense", "Conv1D", "SimpleRNN", "GRU", "LSTM", "LayerNormalization", "Model", "Sequential"],
)
@pytest.mark.parametrize("width", [1, 2, 4, 7])
def test_what_is_built_refuses_another_width_at_once(kind, width):
    """By build, by a placeholder, in either model, in a model in a model, and by data."""
    layer = own_width(kind)
    start = Input((5, width))
    before = layer.get_weights()
    for act in (
        lambda: layer.build((None, 5, width)),
        lambda: layer(start),
        lambda: Sequential([start, layer]),
        lambda: Sequential([layer]).build((None, 5, width)),
        lambda: Sequential([start, Sequential([layer])]),
        lambda: layer(np.ones((1, 5, width))),
        lambda: Sequential([layer]).predict(np.ones((1, 5, width))),
    ):
        with pytest.raises(ValueError, match=r"Received|received") as caught:
            act()
        assert "\n" not in str(caught.value)
    assert all(map(np.array_equal, before, layer.get_weights()))
    assert layer(Input((5, 3))).shape[0] is None

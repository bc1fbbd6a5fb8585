"""What callers hand to models by mistake: one line in three parts, no foreign traceback."""

import re

import numpy as np
import pytest

from embedlab.core.ids import IdError
from embedlab.layers import Dense, Embedding, Flatten, Input, SimpleRNN
from embedlab.models import Sequential

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


def fit(x=IDS, y=TARGETS, **options):
    return model().fit(x, y, verbose=0, **options)


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
        (lambda: Input(10), ValueError, r"Received 10. Pass shape=\(10,\)"),
        (lambda: Input("abc"), ValueError, "shape must be a tuple"),
        (lambda: Input((-1,)), ValueError, "shape must be a tuple"),
        (lambda: Input(batch_shape=(None, 2.5)), ValueError, "batch_shape must be a tuple"),
        (lambda: Sequential(Dense(1)), ValueError, "layers must be a list"),
        (lambda: model().get_layer(index=9), ValueError, "one of the 3 layers"),
        (lambda: model().load_weights("/no/m.weights.h5"), FileNotFoundError, "No such file"),
        (lambda: model().save("/no/m.keras"), FileNotFoundError, "folder of a file must exist"),
    ],
)
def test_a_mistake_is_named_in_one_line(call, error, message):
    with pytest.raises(error, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("method", ["fit", "predict", "evaluate"])
def test_a_bad_id_is_named_at_its_place_in_the_array_of_the_caller(method):
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

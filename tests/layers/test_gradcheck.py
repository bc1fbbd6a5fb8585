"""The gradient check finds wrong gradients and believes right ones."""

import numpy as np
import pytest

from embedlab.core.checks import DtypeError
from embedlab.layers import Dense, Embedding, Gradients, Layer, gradcheck
from embedlab.models import Sequential


class Squares(Layer):
    """A layer that heeds a mask."""

    consumes_mask = True

    def __init__(self, factor=2.0):
        super().__init__(dtype="float64")
        self.factor = factor

    def forward(self, inputs, mask=None, training=False):
        keep = np.ones(inputs.shape[:2]) if mask is None else np.asarray(mask, float)
        return inputs**2 * keep[..., None], (inputs, keep)

    def backward(self, context, grad):
        inputs, keep = context
        return Gradients(self.factor * inputs * grad * keep[..., None], {})


@pytest.mark.parametrize(
    "options", [{}, {"padding_idx": 2}, {"oob": "wrap"}, {"oob": "zero"}, {"negative": "wrap"}]
)
def test_embedding_passes(options):
    ids = [[0, 1, 1], [4, 0, 1]]
    if options.get("oob"):
        ids = [[0, 9, 1], [4, 0, 7]]
    if options.get("negative"):
        ids = [[0, -1, 1], [4, 0, -5]]
    errors = gradcheck(Embedding(5, 3, dtype="float64", seed=1, **options), ids)
    assert list(errors) == ["embeddings"] and errors["embeddings"] < 1e-6


def test_a_whole_model_with_a_mask_passes():
    model = Sequential([Embedding(9, 4, mask_zero=True, dtype="float64", name="e"), Squares()])
    assert gradcheck(model, [[1, 2, 0], [0, 0, 3]])["e/embeddings"] < 1e-6


def test_inputs_are_checked_and_left_as_they_were(rng):
    values = rng.normal(size=(2, 3, 4))
    before = values.copy()
    assert gradcheck(Squares(), values, mask=[[1, 0, 1], [0, 0, 1]])["inputs"] < 1e-6
    assert np.array_equal(values, before)
    assert gradcheck(Squares(factor=1.0), values)["inputs"] > 0.1


def test_the_misbelief_that_the_last_use_counts_is_found():
    class Assigns(Embedding):
        def backward(self, context, grad):
            wrong = np.zeros((self.input_dim, self.output_dim))
            wrong[context.ids] = grad
            return Gradients(None, {"embeddings": wrong})

    assert gradcheck(Assigns(5, 2, dtype="float64"), [1, 2, 3])["embeddings"] < 1e-6
    assert gradcheck(Assigns(5, 2, dtype="float64"), [1, 1, 3])["embeddings"] > 0.01


def test_float32_is_too_coarse():
    with pytest.raises(DtypeError, match="needs float64"):
        gradcheck(Embedding(5, 2), [1])


class Halved(Layer):
    """A layer whose `backward` returns half of the gradient."""

    def call(self, inputs):
        return 2 * inputs

    def compute_output_shape(self, input_shape):
        return input_shape

    def forward(self, inputs, mask=None, training=False):
        return 2 * inputs, None

    def backward(self, context, grad):
        return Gradients(grad, {})


def test_a_wrong_layer_in_a_model_is_found(rng):
    wide = {"dtype": "float64"}
    model = Sequential([Dense(3, name="d", **wide), Halved(**wide)])
    assert gradcheck(model, rng.normal(size=(4, 2)))["d/kernel"] > 0.1

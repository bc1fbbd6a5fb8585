"""SimpleRNN, GRU and LSTM: by hand, gradients, masks; what is left to Keras."""

import numpy as np
import pytest

from embedlab.activations import sigmoid
from embedlab.core.checks import DtypeError, ShapeError
from embedlab.layers import GRU, LSTM, Embedding, GlobalAveragePooling1D, Input, SimpleRNN
from embedlab.models import Sequential

KINDS = [SimpleRNN, GRU, LSTM]
every_kind = pytest.mark.parametrize("kind", KINDS)
MASK = np.array([[0, 1, 0, 1, 0], [1, 1, 1, 1, 1], [0, 0, 0, 0, 0]], bool)


def build(kind, **options):
    options.setdefault("dtype", "float64")
    layer = kind(2, kernel_initializer="normal", **options)
    layer.build((None, None, 3))
    return layer


def test_by_hand():
    layer = SimpleRNN(
        1, "relu", kernel_initializer="ones", recurrent_initializer="ones", return_sequences=True
    )
    out, context = layer.forward([[[1.0], [2.0], [4.0]]])
    assert out.ravel().tolist() == [1.0, 3.0, 7.0]
    inputs, weights = layer.backward(context, np.ones((1, 3, 1)))
    assert inputs.ravel().tolist() == [3.0, 2.0, 1.0]
    assert weights["kernel"].tolist() == [[3.0 + 4.0 + 4.0]]
    assert weights["recurrent_kernel"].tolist() == [[0.0 * 3 + 1.0 * 2 + 3.0]]
    assert weights["bias"].tolist() == [6.0]


@every_kind
@pytest.mark.parametrize("mask", [None, MASK], ids=["plain", "masked"])
@pytest.mark.parametrize("options", [{}, {"return_sequences": True}, {"use_bias": False}], ids=str)
def test_gradients(gradcheck, rng, kind, mask, options):
    layer = build(kind, **options)
    gradcheck(layer, rng.normal(size=(3, 5, 3)), mask=mask)
    assert len(layer.weights) == 2 + layer.use_bias


@every_kind
def test_a_masked_step_is_as_if_it_were_not_there(rng, kind):
    layer = build(kind, return_sequences=True)
    x = rng.normal(size=(3, 5, 3))
    out = layer(x, mask=MASK)
    short = layer(x[:1, [1, 3]])
    np.testing.assert_allclose(
        out[0, [0, 1, 2, 3, 4]], np.vstack([[0, 0], short[0, [0, 0, 1, 1]]]), rtol=1e-12
    )
    np.testing.assert_allclose(out[1:2], layer(x[1:2]), rtol=1e-12)
    assert out[2].tolist() == [[0.0, 0.0]] * 5


@every_kind
def test_what_stands_in_the_padding_never_matters(rng, kind):
    layer = build(kind)
    x = rng.normal(size=(3, 5, 3))
    clean, clean_context = layer.forward(x, mask=MASK)
    x[~MASK] = np.nan
    out, context = layer.forward(x, mask=MASK)
    assert np.array_equal(out, clean)
    made_now, expected = layer.backward(context, clean), layer.backward(clean_context, clean)
    assert (made_now.inputs[~MASK] == 0).all()
    for name, grad in expected.weights.items():
        assert np.array_equal(made_now.weights[name], grad)


@every_kind
def test_a_mask_passes_only_with_return_sequences(kind):
    x = np.ones((3, 5, 3))
    assert build(kind).compute_mask(x, MASK) is None
    assert build(kind, return_sequences=True).compute_mask(x, MASK) is MASK
    words = Embedding(9, 3, mask_zero=True, seed=1)
    deep = Sequential([words, build(kind, return_sequences=True), GlobalAveragePooling1D()])
    np.testing.assert_allclose(deep([[4, 2, 0, 0]]), deep([[4, 2]]), rtol=1e-12)
    with pytest.raises(ValueError, match="mask"):
        build(kind)(x, mask=MASK[:, :2])
    with pytest.raises(DtypeError, match="mask must hold True and False"):
        build(kind)(x, mask=MASK * 1.0)


@every_kind
def test_no_steps_and_no_samples(kind):
    layer = build(kind)
    out, context = layer.forward(np.zeros((2, 0, 3)))
    assert out.tolist() == [[0.0, 0.0]] * 2
    assert layer.backward(context, out).inputs.shape == (2, 0, 3)
    outputs, context = layer.forward(np.zeros((0, 4, 3)))
    assert layer.backward(context, outputs).inputs.shape == (0, 4, 3)


@every_kind
@pytest.mark.parametrize("dtype", ["float16", "mixed_float16", "float32"])
def test_dtypes(rng, kind, dtype):
    layer = kind(2, dtype=dtype, return_sequences=True)
    out, context = layer.forward(rng.normal(size=(3, 5, 3)), mask=MASK)
    gradients = layer.backward(context, out)
    assert out.dtype.name == layer.compute_dtype
    assert {g.dtype.name for g in gradients.weights.values()} == {layer.variable_dtype}


@every_kind
def test_the_context_survives_a_caller_who_reuses_the_arrays(rng, kind):
    layer = build(kind, return_sequences=True)
    x, mask = rng.normal(size=(3, 5, 3)), MASK.copy()
    out, context = layer.forward(x, mask=mask)
    grad_out = np.ones_like(out)
    expected = layer.backward(context, grad_out)
    x[:], mask[:], out[:] = 9, True, 9
    again = layer.backward(context, grad_out)
    assert np.array_equal(again.inputs, expected.inputs)
    for name, grad in expected.weights.items():
        assert np.array_equal(again.weights[name], grad)


@every_kind
def test_shapes_and_placeholders(kind):
    assert build(kind).compute_output_shape((None, None, 3)) == (None, 2)
    assert build(kind, return_sequences=True).compute_output_shape((4, None, 3)) == (4, None, 2)
    assert kind(2)(Input((5, 3))).shape == (None, 2)
    with pytest.raises(ValueError, match="must be known"):
        kind(2)(Input((5, None)))


@every_kind
@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        (lambda kind: kind(0), ValueError, "units must be a positive integer"),
        (lambda kind: kind(2, bogus=1), ValueError, "Unrecognized keyword arguments"),
        (lambda kind: kind(2)(np.ones((3, 2))), ShapeError, "expected ndim=3, found ndim=2"),
        (lambda kind: build(kind)(np.ones((3, 2, 4))), ShapeError, "axis -1 .* value 3"),
        (lambda kind: kind(2).recurrent_kernel, AttributeError, "must build the layer"),
    ],
)
def test_bad_arguments_are_refused(kind, act, error, words):
    with pytest.raises(error, match=words):
        act(kind)


@every_kind
def test_weights_have_keras_s_names_and_order(kind):
    assert [w.name for w in build(kind).weights] == ["kernel", "recurrent_kernel", "bias"]
    layer = kind(3, recurrent_regularizer="l2", bias_constraint="non_neg")
    layer.build((None, None, 2))
    recurrent = layer.recurrent_kernel.value[:, :3]
    assert layer.recurrent_kernel.regularizer is layer.recurrent_regularizer
    assert layer.bias.constraint is layer.bias_constraint
    assert not np.allclose(recurrent, 0)


@every_kind
def test_config_round_trip(kind):
    layer = kind(
        4,
        "relu",
        use_bias=False,
        return_sequences=True,
        name="r",
        recurrent_initializer="he_normal",
        kernel_constraint="max_norm",
    )
    again = kind.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()


@every_kind
@pytest.mark.parametrize(
    "options",
    [
        {"return_state": True},
        {"go_backwards": True},
        {"stateful": True},
        {"unroll": True},
        {"use_cudnn": True},
        {"dropout": 0.5},
        {"recurrent_dropout": 0.5},
        {"activity_regularizer": "l2"},
        {"zero_output_for_mask": True},
        {"reset_after": False},
        {"unit_forget_bias": False},
        {"recurrent_activation": "tanh"},
    ],
    ids=str,
)
def test_what_is_left_to_keras_is_refused_in_one_line(kind, options):
    (name,) = options
    if kind is SimpleRNN and name in ("reset_after", "unit_forget_bias", "recurrent_activation"):
        return
    kind = {"reset_after": GRU, "unit_forget_bias": LSTM}.get(name, kind)
    line = rf"^{name} is not part of embedlab\. Received {name}=.* for {kind.__name__}\. Use "
    with pytest.raises(ValueError, match=line):
        kind(2, **options)


@every_kind
def test_keras_writes_its_defaults_and_they_ask_for_nothing(kind):
    config = {
        "units": 2,
        "return_state": False,
        "go_backwards": False,
        "stateful": False,
        "unroll": False,
        "zero_output_for_mask": False,
        "dropout": 0.0,
        "recurrent_dropout": 0.0,
        "seed": None,
        "activity_regularizer": None,
    }
    assert kind.from_config(config).units == 2


def test_gru_by_the_formula(rng):
    layer = GRU(3, dtype="float64", bias_initializer="normal", return_sequences=True)
    x, h = rng.normal(size=(2, 3, 4)), np.zeros((2, 3))
    out = layer(x)
    w, u, (b, c) = layer.get_weights()
    for t in range(3):
        wz, wr, wc = np.split(x[:, t] @ w + b, 3, axis=1)
        uz, ur, uc = np.split(h @ u + c, 3, axis=1)
        z, r = sigmoid(wz + uz), sigmoid(wr + ur)
        h = z * h + (1 - z) * np.tanh(wc + r * uc)
        np.testing.assert_allclose(out[:, t], h, rtol=1e-12)


def test_lstm_by_the_formula(rng):
    layer = LSTM(3, dtype="float64", bias_initializer="normal", return_sequences=True)
    x, h, c = rng.normal(size=(2, 3, 4)), np.zeros((2, 3)), np.zeros((2, 3))
    out = layer(x)
    w, u, b = layer.get_weights()
    for t in range(3):
        i, f, g, o = np.split(x[:, t] @ w + h @ u + b, 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        np.testing.assert_allclose(out[:, t], h, rtol=1e-12)


@pytest.mark.parametrize("mask", [None, MASK], ids=["plain", "masked"])
@every_kind
def test_gradients_of_other_activations(gradcheck, rng, kind, mask):
    layer = kind(3, "softmax", return_sequences=True, dtype="float64")
    gradcheck(layer, rng.normal(size=(3, 5, 2)), mask=mask)


def test_the_forget_gate_starts_open():
    layer = LSTM(2)
    layer.build((None, None, 3))
    assert layer.bias.numpy().tolist() == [0, 0, 1, 1, 0, 0, 0, 0]
    again = LSTM.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()

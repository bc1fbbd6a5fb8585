"""SimpleRNN, and what it shares with GRU and LSTM: the walk through time under a mask."""

import numpy as np
import pytest

from embedlab.activations import sigmoid, tanh
from embedlab.core.checks import DtypeError, ShapeError
from embedlab.core.lstm_walk import LSTMWalk
from embedlab.layers import Embedding, Input
from embedlab.layers.gru import GRU
from embedlab.layers.lstm import LSTM
from embedlab.layers.pooling import GlobalAveragePooling1D
from embedlab.layers.simple_rnn import SimpleRNN
from embedlab.models import Sequential

KINDS = [SimpleRNN, GRU, LSTM]
every_kind = pytest.mark.parametrize("kind", KINDS)
MASK = np.array([[0, 1, 0, 1, 0], [1, 1, 1, 1, 1], [0, 0, 0, 0, 0]], bool)


def made(kind, **options):
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
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"return_sequences": True},
        {"go_backwards": True},
        {"zero_output_for_mask": True},
        {"return_state": True},
        {"use_bias": False},
        {"return_sequences": True, "return_state": True, "go_backwards": True},
        {"return_sequences": True, "zero_output_for_mask": True},
    ],
    ids=str,
)
def test_gradients(gradcheck, rng, kind, mask, options):
    layer = made(kind, **options)
    gradcheck(layer, rng.normal(size=(3, 5, 3)), mask=mask)
    assert len(layer.weights) == 2 + layer.use_bias


@every_kind
def test_gradients_of_the_initial_states(rng, kind):
    layer = made(kind, return_sequences=True)
    x, sent = rng.normal(size=(3, 5, 3)), rng.normal(size=(3, 5, 2))
    states = [rng.normal(size=(3, 2)) for _ in range(layer.STATES)]
    _, context = layer.forward(x, mask=MASK, initial_state=states)
    to_inputs, *to_states = layer.backward(context, sent).inputs
    assert to_inputs.shape == x.shape
    for state, said in zip(states, to_states, strict=True):
        for at in np.ndindex(state.shape):
            before, ends = state[at], []
            for moved in (before + 1e-6, before - 1e-6):
                state[at] = moved
                ends.append(np.vdot(sent, layer(x, mask=MASK, initial_state=states)))
            state[at] = before
            assert said[at] == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-6, abs=1e-8)


@every_kind
def test_a_masked_step_is_as_if_it_were_not_there(rng, kind):
    layer = made(kind, return_sequences=True, return_state=True)
    x = rng.normal(size=(3, 5, 3))
    out, *states = layer(x, mask=MASK)
    short, *ends = layer(x[:1, [1, 3]])
    for state, end in zip(states, ends, strict=True):
        np.testing.assert_allclose(state[:1], end, rtol=1e-12)
    np.testing.assert_allclose(
        out[0, [0, 1, 2, 3, 4]], np.vstack([[0, 0], short[0, [0, 0, 1, 1]]]), rtol=1e-12
    )
    np.testing.assert_allclose(out[1:2], layer(x[1:2])[0], rtol=1e-12)
    assert out[2].tolist() == [[0.0, 0.0]] * 5
    assert [s[2].tolist() for s in states] == [[0.0, 0.0]] * layer.STATES


@every_kind
def test_what_stands_in_the_padding_never_matters(rng, kind):
    layer = made(kind)
    x = rng.normal(size=(3, 5, 3))
    clean, clean_context = layer.forward(x, mask=MASK)
    x[~MASK] = np.nan
    out, context = layer.forward(x, mask=MASK)
    assert np.array_equal(out, clean)
    made_now, want = layer.backward(context, clean), layer.backward(clean_context, clean)
    assert (made_now.inputs[~MASK] == 0).all()
    for name, grad in want.weights.items():
        assert np.array_equal(made_now.weights[name], grad)


@every_kind
def test_zero_output_for_mask(rng, kind):
    x = rng.normal(size=(3, 5, 3))
    layer = made(kind, return_sequences=True, zero_output_for_mask=True, return_state=True)
    out, state, *_ = layer(x, mask=MASK)
    assert (out[~MASK] == 0).all() and (out[MASK] != 0).all()
    assert np.array_equal(state[0], out[0, 3])
    layer.return_sequences = False
    last, again, *_ = layer(x, mask=MASK)
    assert np.array_equal(again, state) and last[0].tolist() == [0.0, 0.0]


@every_kind
def test_an_initial_state_shows_before_the_first_word(rng, kind):
    layer = made(kind, return_sequences=True)
    states = [np.full((3, 2), 0.5) for _ in range(layer.STATES)]
    out = layer(rng.normal(size=(3, 5, 3)), mask=MASK, initial_state=states)
    assert out[0, 0].tolist() == [0.5, 0.5] and out[2].tolist() == [[0.5, 0.5]] * 5


@every_kind
def test_go_backwards_is_the_turned_sequence_and_turns_the_mask(rng, kind):
    layer = made(kind, return_sequences=True, go_backwards=True)
    forwards = made(kind, return_sequences=True)
    forwards.set_weights(layer.get_weights())
    x = rng.normal(size=(3, 5, 3))
    ahead = np.array([[1, 0, 0, 0, 0], [1, 1, 0, 1, 0], [0, 0, 0, 1, 1]], bool)
    out, mask = layer.call_with_mask(x, ahead)
    want, turned = forwards.call_with_mask(x[:, ::-1], ahead[:, ::-1])
    assert np.array_equal(out, want) and np.array_equal(mask, turned)
    assert mask[0].tolist() == [False] * 4 + [True]


@every_kind
def test_a_mask_passes_only_with_return_sequences(kind):
    x = np.ones((3, 5, 3))
    assert made(kind).compute_mask(x, MASK) is None
    assert made(kind, return_sequences=True).compute_mask(x, MASK) is MASK
    states = [None] * kind.STATES
    both = made(kind, return_sequences=True, return_state=True).compute_mask(x, MASK)
    assert both[0] is MASK and both[1:] == states
    assert made(kind, return_state=True).compute_mask(x, MASK) == [None, *states]
    words = Embedding(9, 3, mask_zero=True, seed=1)
    deep = Sequential([words, made(kind, return_sequences=True), GlobalAveragePooling1D()])
    np.testing.assert_allclose(deep([[4, 2, 0, 0]]), deep([[4, 2]]), rtol=1e-12)
    with pytest.raises(ValueError, match="mask"):
        made(kind)(x, mask=MASK[:, :2])
    with pytest.raises(DtypeError, match="mask must hold True and False"):
        made(kind)(x, mask=MASK * 1.0)


@every_kind
def test_stateful_goes_on_where_it_ended(rng, kind):
    x = rng.normal(size=(3, 6, 3))
    layer = made(kind, stateful=True)
    whole = made(kind)
    whole.set_weights(layer.get_weights())
    layer(x[:, :4])
    np.testing.assert_allclose(layer(x[:, 4:]), whole(x), rtol=1e-12)
    layer.reset_states()
    np.testing.assert_allclose(layer(x), whole(x), rtol=1e-12)
    with pytest.raises(ShapeError, match="reset_states"):
        layer(x[:2])


@every_kind
@pytest.mark.parametrize("which", ["dropout", "recurrent_dropout"])
def test_dropout_is_one_draw_for_all_steps_and_goes_back_the_same_way(rng, kind, which):
    layer = made(kind, seed=3, return_sequences=True, **{which: 0.5})
    x, sent = rng.normal(size=(3, 5, 3)), rng.normal(size=(3, 5, 2))
    assert np.array_equal(layer(x), layer(x))

    def again():
        layer._rng = np.random.default_rng(3)
        return layer.forward(x, mask=MASK, training=True)

    out, context = again()
    assert not np.array_equal(out, layer(x, mask=MASK))
    factor = context.drop if which == "dropout" else context.drop_state
    assert set(np.unique(factor)) == {0.0, 2.0}
    gradients = layer.backward(context, sent)
    for array, said in [
        (x, gradients.inputs),
        *((w.value, gradients.weights[w.name]) for w in layer.weights),
    ]:
        for at in np.ndindex(array.shape):
            before, ends = array[at], []
            for moved in (before + 1e-6, before - 1e-6):
                array[at] = moved
                ends.append(np.vdot(sent, again()[0]))
            array[at] = before
            assert said[at] == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-6, abs=1e-8)


@every_kind
def test_no_steps_and_no_samples(kind):
    layer = made(kind, return_state=True)
    out, *states = layer(np.zeros((2, 0, 3)))
    assert out.tolist() == [[0.0, 0.0]] * 2 and len(states) == kind.STATES
    same = made(kind)
    states = [np.full((2, 2), 0.5)] * kind.STATES
    _, context = same.forward(np.zeros((2, 0, 3)), initial_state=states)
    assert same.backward(context, np.ones((2, 2))).inputs[1].tolist() == [[1.0, 1.0]] * 2
    outputs, context = layer.forward(np.zeros((0, 4, 3)))
    assert layer.backward(context, outputs).inputs.shape == (0, 4, 3)


@every_kind
def test_a_gradient_may_be_none_where_nothing_comes_back(rng, kind):
    layer = made(kind, return_state=True)
    outputs, context = layer.forward(rng.normal(size=(3, 5, 3)))
    zeros = [np.zeros_like(outputs[0])] * (1 + kind.STATES)
    one = layer.backward(context, [outputs[0], *[None] * kind.STATES])
    two = layer.backward(context, [outputs[0], *zeros[1:]])
    assert np.array_equal(one.inputs, two.inputs)


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
    layer = made(kind, return_sequences=True)
    x, mask = rng.normal(size=(3, 5, 3)), MASK.copy()
    out, context = layer.forward(x, mask=mask)
    sent = np.ones_like(out)
    want = layer.backward(context, sent)
    x[:], mask[:], out[:] = 9, True, 9
    again = layer.backward(context, sent)
    assert np.array_equal(again.inputs, want.inputs)
    for name, grad in want.weights.items():
        assert np.array_equal(again.weights[name], grad)


@every_kind
def test_shapes_and_placeholders(kind):
    assert made(kind).compute_output_shape((None, None, 3)) == (None, 2)
    assert made(kind, return_sequences=True).compute_output_shape((4, None, 3)) == (4, None, 2)
    assert made(kind, return_state=True).compute_output_shape((4, 5, 3)) == ((4, 2),) * (
        1 + kind.STATES
    )
    assert kind(2)(Input((5, 3))).shape == (None, 2)
    with pytest.raises(ValueError, match="must be known"):
        kind(2)(Input((5, None)))


@every_kind
@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        (lambda kind: kind(0), ValueError, "units must be a positive integer"),
        (lambda kind: kind(2, dropout=2.0), ValueError, "argument `dropout`"),
        (lambda kind: kind(2, recurrent_dropout=-1), ValueError, "argument `recurrent_dropout`"),
        (lambda kind: kind(2, bogus=1), ValueError, "Unrecognized keyword arguments"),
        (lambda kind: kind(2)(np.ones((3, 2))), ShapeError, "expected ndim=3, found ndim=2"),
        (lambda kind: made(kind)(np.ones((3, 2, 4))), ShapeError, "axis -1 .* value 3"),
        (
            lambda kind: made(kind)(np.ones((3, 2, 3)), initial_state=[np.ones((3, 2))] * 3),
            ShapeError,
            "initial_state of",
        ),
        (lambda kind: kind(2).recurrent_kernel, AttributeError, "must build the layer"),
    ],
)
def test_the_door_refuses(kind, act, error, words):
    with pytest.raises(error, match=words):
        act(kind)


@every_kind
def test_weights_have_keras_s_names_and_order(kind):
    assert [w.name for w in made(kind).weights] == ["kernel", "recurrent_kernel", "bias"]
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
        dropout=0.1,
        return_sequences=True,
        stateful=True,
        go_backwards=True,
        zero_output_for_mask=True,
        seed=3,
        name="r",
        unroll=True,
        recurrent_initializer="he_normal",
        kernel_constraint="max_norm",
    )
    again = kind.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()


@pytest.mark.parametrize("mask", [None, MASK])
@pytest.mark.parametrize("kind", [GRU, LSTM])
def test_the_compiled_step_is_the_plain_one(kind, mask, rng):
    """The same activations under other names go the plain way: the definition of the walk."""
    x = rng.normal(size=(3, 5, 3))
    fast = kind(4, return_sequences=True, return_state=True, dtype="float64")
    fast.build(x.shape)
    plain = kind(4, return_sequences=True, return_state=True, dtype="float64")
    plain.activation, plain.recurrent_activation = as_another(tanh), as_another(sigmoid)
    plain.build(x.shape)
    plain.set_weights(fast.get_weights())
    made, context = fast.forward(x, mask=mask)
    want, other = plain.forward(x, mask=mask)
    ways = type(context.steps), len(context.steps[0]) < len(other.steps[0])
    assert ways in ((LSTMWalk, False), (list, True))  # two ways indeed
    sent = [rng.normal(size=part.shape) for part in made]
    back, wanted = fast.backward(context, sent), plain.backward(other, sent)
    pairs = [*zip(made, want, strict=True), (back.inputs, wanted.inputs)]
    pairs += [(back.weights[name], wanted.weights[name]) for name in wanted.weights]
    for one, two in pairs:
        np.testing.assert_allclose(one, two, rtol=0, atol=1e-12)


def as_another(activation):
    def another(x):
        return activation(x)

    another.grad = activation.grad
    return another

"""Bad inputs of layers: one line in three parts, never a foreign traceback."""

import numpy as np
import pytest

from embedlab import constraints
from embedlab.core.checks import DtypeError, ShapeError
from embedlab.core.ids import IdError, IdTypeError
from embedlab.layers import (
    GRU,
    LSTM,
    Conv1D,
    Dense,
    Dropout,
    Embedding,
    EmbeddingBag,
    Flatten,
    GlobalAveragePooling1D,
    GlobalMaxPooling1D,
    Gradients,
    Layer,
    LayerNormalization,
    Masking,
    ReversibleEmbedding,
    SimpleRNN,
    Variable,
)
from embedlab.losses import MeanSquaredError
from embedlab.models import Sequential
from embedlab.optimizers import SGD

RAGGED = [[1], [1, 2]]


def words(**options):
    layer = Embedding(3, 2, name="words", **options)
    layer.build()
    return layer


def bag(*args, **kwargs):
    return EmbeddingBag(3, 2, name="bag")(*args, **kwargs)


ABOVE = {
    "Dense": lambda: Dense(2, "tanh"),
    "Conv1D": lambda: Conv1D(2, 2),
    "LayerNormalization": LayerNormalization,
    "SimpleRNN": lambda: SimpleRNN(2),
    "GRU": lambda: GRU(2),
    "LSTM": lambda: LSTM(2),
    "Dropout": lambda: Dropout(0.5),
    "Flatten": Flatten,
    "Masking": Masking,
    "GlobalAveragePooling1D": GlobalAveragePooling1D,
    "GlobalMaxPooling1D": GlobalMaxPooling1D,
    "Sequential": lambda: Sequential([Dense(2, name="inner")]),
}
"""Layers that take floats (B, T, D), by name."""


class WithoutCall(Layer):
    pass


class WithoutBuild(Layer):
    def call(self, inputs):
        return inputs * self.factor


class WithoutForward(Layer):
    def call(self, inputs):
        return inputs


class WithoutBackward(Layer):
    def forward(self, inputs, mask=None, training=False):
        return inputs, None


class WithoutSuper(Layer):
    def __init__(self):
        self.factor = 2

    def call(self, inputs):
        return self.factor * inputs


def fit(layer):
    model = Sequential([layer, Dense(1)])
    model.compile("sgd", "mse")
    model.fit(np.ones((4, 2)), np.ones((4, 1)), verbose=0)


def lora():
    layer = words()
    layer.enable_lora(1)
    return layer


def integers(**options):
    return words(dtype="int8", trainable=False, **options)


def train(forward=None, backward=None):
    """Train a layer of one's own with these methods."""
    members = {"forward": forward, "backward": backward}
    fit(type("Own", (Layer,), {k: f for k, f in members.items() if f})(name="own"))


def pass_on(self, inputs, mask=None, training=False):
    return inputs, None


CASES = {
    "ragged list": (lambda: words()(RAGGED), ShapeError, "different lengths.*Pad them"),
    "array of lists": (
        lambda: words()(np.array(RAGGED, object)),
        IdTypeError,
        r"Received \[1\] at \[0\], in layer 'words'\. Pad the lists",
    ),
    "list of sentences": (
        lambda: words()(["a sentence", "another"]),
        IdTypeError,
        r"Received 'a sentence' at \[0\], in layer 'words'\. Look words up",
    ),
    "a string": (lambda: words()("cat"), IdTypeError, r"Received 'cat', in layer 'words'\. Look"),
    "None": (lambda: words()(None), IdTypeError, "Received None"),
    "an id": (lambda: words()([[0, 7]]), IdError, r"Received 7 at \[0, 1\], in layer 'words'\."),
    "-1": (lambda: words()([-1]), IdError, r"at \[0\], in layer 'words'\. .* negative=\"wrap\"\.$"),
    "-1 beside an adapter": (lambda: lora()([-1]), IdError, 'negative="wrap"\\.$'),
    "-1 in a bag": (lambda: bag([[0, -1]]), IdError, r"\[0, 1\], in layer 'bag'\. Count"),
    "-1 in nearest": (lambda: words().nearest([0, -1]), IdError, r"\[1\], .*\. Count from 0\.$"),
    "ids of two axes in nearest": (lambda: words().nearest([[0, 1]]), ShapeError, r"\(1, 2\)"),
    "exclude for other queries": (
        lambda: words().nearest(0, exclude=[[1], [2]]),
        ShapeError,
        r"exclude \(E,\) or \(Q, E\)",
    ),
    "a number for weights": (
        lambda: words().set_weights(np.array(1.0)),
        TypeError,
        "weights must be a list",
    ),
    "no name of an adapter": (lambda: words().set_active(None), ValueError, "Received None"),
    "a list for a name": (lambda: words().set_active([["a"]]), ValueError, r"Received \['a'\]"),
    "a ragged gradient": (
        lambda: (layer := words()).backward(layer.forward([0, 1])[1], RAGGED),
        ShapeError,
        "grad of 'words' must be a rectangular",
    ),
    "a gradient of text": (
        lambda: (layer := words()).backward(layer.forward([0])[1], [["a", "b"]]),
        DtypeError,
        "grad of 'words' must hold numbers",
    ),
    "ragged vectors": (
        lambda: ReversibleEmbedding(3, 2, name="r")(RAGGED, reverse=True),
        ShapeError,
        "of 'r' must be a rectangular",
    ),
    "a ragged mask": (
        lambda: GlobalAveragePooling1D()(np.ones((2, 2, 1)), mask=[[True], [True, False]]),
        ShapeError,
        "mask must be a rectangular",
    ),
    "a ragged mask of a recurrent layer": (
        lambda: SimpleRNN(1)(np.ones((2, 2, 1)), mask=[[True], [True, False]]),
        ShapeError,
        "mask must be a rectangular",
    ),
    "a ragged mask of a loss": (
        lambda: MeanSquaredError()(np.ones((2, 2)), np.ones((2, 2)), mask=RAGGED),
        ShapeError,
        "mask must be a rectangular",
    ),
    "a variable of text": (lambda: Variable("text"), DtypeError, "variable must hold numbers"),
    "-1 in exclude": (lambda: words().nearest(0, exclude=[-1]), IdError, r"Count from 0\.$"),
    "no offsets": (
        lambda: bag([0, 1], offsets=[]),
        ValueError,
        "no offset for 2 ids, in layer 'bag'. Pass \\[0\\]",
    ),
    "words as offsets": (lambda: bag([0], offsets=["a"]), IdTypeError, "offsets must be whole"),
    "an offset beyond": (
        lambda: EmbeddingBag(3, 2, include_last_offset=True)([0, 1], offsets=[0, 3]),
        ValueError,
        "at most the number of ids, 2. Received 3|nor pass the number of ids",
    ),
    "ragged factors": (
        lambda: bag([[0, 1]], per_sample_weights=RAGGED),
        ShapeError,
        "per_sample_weights must be a rectangular",
    ),
    "words as factors": (
        lambda: bag([[0]], per_sample_weights=[["a"]]),
        DtypeError,
        "per_sample_weights must hold numbers",
    ),
    "frequencies of a maximum": (
        lambda: EmbeddingBag(3, 2, "max", scale_grad_by_freq=True),
        ValueError,
        'must be False with mode="max"',
    ),
    "ragged weights": (lambda: Embedding(3, 2, weights=RAGGED), ShapeError, "weights must be"),
    "words as weights": (lambda: Embedding(1, 1, weights=[["a"]]), DtypeError, "weights must hold"),
    "a word as a norm": (lambda: Embedding(3, 2, max_norm="a"), ValueError, "^max_norm must be"),
    "a number as weights": (lambda: words().set_weights(5), TypeError, "Received int for 'words'"),
    "ragged table": (lambda: words().set_weights([RAGGED]), ShapeError, "for words/embeddings"),
    "trained integers": (lambda: Embedding(3, 2, dtype="int8"), ValueError, "trainable=False"),
    "integer kernel": (lambda: Dense(3, dtype="int8"), ValueError, "dtype must be a float"),
    "lora on integers": (
        lambda: words(dtype="int8", trainable=False).enable_lora(1),
        ValueError,
        "LoRA needs a table of floats",
    ),
    "max_norm of integers": (
        lambda: words(dtype="int8", trainable=False, max_norm=1.0),
        ValueError,
        "max_norm and row_dropout need a table of floats",
    ),
    "dropout of integers": (
        lambda: words(dtype="int8", trainable=False, row_dropout=0.5),
        ValueError,
        "max_norm and row_dropout need a table of floats",
    ),
    "integers set beside max_norm": (
        lambda: setattr(Embedding(3, 2, max_norm=1.0, trainable=False), "dtype_policy", "int8"),
        ValueError,
        "max_norm and row_dropout need a table of floats",
    ),
    "integers both ways": (
        lambda: ReversibleEmbedding(3, 2, dtype="int8", trainable=False),
        ValueError,
        "dtype must be a float",
    ),
    "a number as a shape": (lambda: Dense(2).build(3), ValueError, "input_shape must be a tuple"),
    "a word as a shape": (lambda: Sequential([Dense(2)]).build("ab"), ValueError, "input_shape"),
    "halves in a shape": (lambda: Dense(2).build((None, 1.5)), ValueError, "input_shape must be"),
    "epsilon": (lambda: LayerNormalization(epsilon="a"), ValueError, "epsilon must be a finite"),
    "epsilon below 0": (lambda: LayerNormalization(epsilon=-1), ValueError, "epsilon must be >= 0"),
    "mask_value": (lambda: Masking("a"), ValueError, "mask_value must be a number"),
    "axis of a constraint": (
        lambda: words(embeddings_constraint=constraints.UnitNorm(axis=2)),
        ShapeError,
        "axis must be one of the 2 axes",
    ),
    "axis of a kernel": (
        lambda: Dense(2, kernel_constraint=constraints.MaxNorm(axis=(0, -3))).build((None, 3)),
        ShapeError,
        r"axis must be one of the 2 axes of the weights. Received \(0, -3\)",
    ),
    "nan among integers": (
        lambda: words(dtype="int8", trainable=False, oob="nan")([9]),
        DtypeError,
        'oob="nan" needs a table of floats',
    ),
    "without call": (
        lambda: WithoutCall()(np.ones(2)),
        NotImplementedError,
        "WithoutCall must define call",
    ),
    "without build": (
        lambda: WithoutBuild()(np.ones(2)),
        AttributeError,
        "no attribute 'factor'.*define build",
    ),
    "without forward": (lambda: fit(WithoutForward()), NotImplementedError, "without forward"),
    "without backward": (lambda: fit(WithoutBackward()), NotImplementedError, "without backward"),
    "without super": (lambda: WithoutSuper()(np.ones(2)), RuntimeError, "not call super"),
    "name first": (
        lambda: Layer().add_weight("w", (2,)),
        ValueError,
        "shape must be a tuple of lengths",
    ),
    "name twice": (
        lambda: [(layer := Layer()).add_weight((2,), name="w"), layer.add_weight((2,), name="w")],
        ValueError,
        "name of its own",
    ),
    "backward returns None": (
        lambda: train(pass_on, lambda self, context, grad: None),
        TypeError,
        r"Own\.backward must return Gradients\(inputs, weights\)\. Received None from 'own'",
    ),
    "backward returns an array": (
        lambda: train(pass_on, lambda self, context, grad: np.ones((2, 2))),
        TypeError,
        r"Received ndarray of shape \(2, 2\) from 'own'",
    ),
    "backward returns no dict": (
        lambda: train(pass_on, lambda self, context, grad: (grad, grad)),
        TypeError,
        "weights is a dict of gradients by name",
    ),
    "backward returns a gradient of no weight": (
        lambda: train(pass_on, lambda self, context, grad: Gradients(grad, {"factor": grad})),
        ValueError,
        r"gradients must be of weights: .*Received \['own/factor'\]",
    ),
    "forward returns an array": (
        lambda: train(lambda self, inputs: inputs),
        TypeError,
        r"Own\.forward must return \(outputs, context\)\. Received ndarray of shape \(4, 2\)",
    ),
    "outputs without the batch axis": (
        lambda: train(lambda self, inputs: (inputs.sum(axis=0), None)),
        ShapeError,
        r"outputs of 'own' must keep the batch axis of its inputs, \(4,\)\. Received shape \(2,\)",
    ),
    "outputs that are a number": (
        lambda: train(lambda self, inputs: (inputs.sum(), None)),
        ShapeError,
        r"outputs of 'own' must keep .* Received shape \(\)",
    ),
    "ids beyond and below, with max_norm": (
        lambda: words(max_norm=1.0)([9, -1]),
        IdError,
        r"Received 9 at \[0\] \(and 1 more\), in layer 'words'",
    ),
    "halves in forward": (lambda: words().forward([0.5]), IdTypeError, r"\[0\], in layer 'words'"),
    "an id beyond int64": (
        lambda: words()(np.array([[2**63]], "u8")),
        IdError,
        r"9223372036854775808 at \[0, 0\], in layer 'words'",
    ),
    "an id beyond int64 in a bag": (
        lambda: bag(np.array([[2**63]], "u8")),
        IdError,
        r"9223372036854775808 at \[0, 0\], in layer 'bag'",
    ),
    "halves in nearest": (
        lambda: words().nearest(0, exclude=[0.5]),
        IdTypeError,
        r"at \[0\], in layer 'words'",
    ),
    "an adapter that is a number": (
        lambda: Embedding(3, 2, adapters=3),
        ValueError,
        "adapters must be a list of dicts.* Received 3",
    ),
    "an adapter without a rank": (
        lambda: Embedding(3, 2, adapters=[{"name": "first"}]),
        ValueError,
        "adapters must be a list of dicts",
    ),
    "a seed in an array": (
        lambda: Embedding(3, 2, seed=np.array([1])),
        ValueError,
        "seed must be an integer >= 0",
    ),
    "NaN among integers": (
        lambda: integers().set_weights([[[0, 1], [2, np.nan], [4, 5]]]),
        ValueError,
        r"words/embeddings must hold whole numbers that fit into int8. Received nan at \[1, 1\]",
    ),
    "1e30 among integers": (
        lambda: integers().table.assign(np.full((3, 2), 1e30)),
        ValueError,
        r"fit into int8. Received 1e\+30 at \[0, 0\]",
    ),
    "300 among integers": (
        lambda: integers(weights=np.full((3, 2), 300)),
        ValueError,
        r"weights must hold whole numbers that fit into int8. Received 300 at \[0, 0\]",
    ),
    "codes of integers": (
        lambda: integers().quantize("int8"),
        DtypeError,
        "table must hold .*, in layer 'words'",
    ),
    "neighbors among integers": (
        lambda: integers().nearest(0),
        DtypeError,
        "must hold .*, in layer 'words'",
    ),
    "merging without an adapter": (
        lambda: words().merge(),
        ValueError,
        "merge needs an active adapter. .*, in layer 'words'",
    ),
    "ragged features": (lambda: Dense(2)(RAGGED), ShapeError, "rectangular array"),
    "words as features": (lambda: Dense(2)([["a"]]), DtypeError, "must hold numbers"),
}


@pytest.mark.parametrize("name", CASES)
def test_one_line_says_what_must_hold_what_came_and_what_to_do(name):
    act, error, text = CASES[name]
    with pytest.raises(error, match=text) as info:
        act()
    assert type(info.value) is error
    message = str(info.value)
    assert "\n" not in message and "Received" in message and message.endswith((".", ")"))


def test_a_weight_without_a_name_has_one_as_in_keras():
    layer = Layer(name="own")
    assert [layer.add_weight(shape=(2,)).path for _ in range(2)] == [
        "own/variable",
        "own/variable_1",
    ]


@pytest.mark.parametrize("kind", [Embedding, EmbeddingBag])
@pytest.mark.parametrize("act", ["fit", "predict", "evaluate"])
def test_error_positions_are_those_of_the_caller(act, kind):
    model = Sequential([kind(5, 2, name="words")])
    model.compile("sgd", "mse")
    ids = np.zeros((40, 3), int)
    ids[37, 2] = 9
    y = [] if act == "predict" else [np.zeros((40, 3, 2) if kind is Embedding else (40, 2))]
    with pytest.raises(IdError, match=r"Received 9 at \[37, 2\], in layer 'words'\.") as info:
        getattr(model, act)(ids, *y, batch_size=8, verbose=0)
    assert info.value.positions == ((37, 2),) and info.value.bad_ids == (9,)


@pytest.mark.parametrize("act", ["fit", "predict", "evaluate"])
@pytest.mark.parametrize(
    ("ids", "error", "received"),
    [
        (np.full((40, 3), 0.5), IdTypeError, "0.5"),
        (np.full((40, 3), np.nan), IdTypeError, "nan"),
        (np.full((40, 3), 2**63, "u8"), IdError, str(2**63)),
    ],
)
def test_ids_that_are_no_rows_have_positions_of_the_caller(act, ids, error, received):
    bad, ids = ids[0, 0], np.zeros_like(ids)
    ids[37, 2] = bad
    model = Sequential([Embedding(5, 2, name="words")])
    model.compile("sgd", "mse")
    y = [] if act == "predict" else [np.zeros((40, 3, 2))]
    with pytest.raises(error, match=rf"Received {received} at \[37, 2\], in layer 'words'\."):
        getattr(model, act)(ids, *y, batch_size=8, verbose=0)


def test_a_layer_of_ones_own_need_not_take_a_mask():
    class Halve(Layer):
        def forward(self, inputs):
            return inputs / 2, None

        def backward(self, context, grad):
            return Gradients(grad / 2, {})

    fit(Halve())
    assert Halve()(np.ones(2), mask=None, training=True).tolist() == [0.5, 0.5]


def test_sequences_of_no_ids_go_through_flatten_and_dense():
    model = Sequential([Embedding(5, 2), Flatten(), Dense(1)])
    assert model.predict(np.zeros((2, 0), int), verbose=0).tolist() == [[0.0], [0.0]]
    model.compile("adam", "mse")
    assert model.fit(np.zeros((2, 0), int), np.ones((2, 1)), verbose=0).history["loss"] == [1.0]


# Backward after a change ----------------------------------------------------------------------

CHANGES = {
    "assign": lambda layer: layer.table.assign(np.ones((3, 2))),
    "a step of an optimizer": lambda layer: SGD().apply([np.ones((3, 2))], [layer.table]),
    "resize": lambda layer: layer.resize(9),
    "merge": lambda layer: (layer.enable_lora(1), layer.merge()),
    "max_norm": lambda layer: layer([0, 1]),
    "quantize": lambda layer: layer.quantize("int8"),
    "choice of adapters": lambda layer: layer.enable_lora(1),
}


@pytest.mark.parametrize("by", CHANGES)
def test_logits_of_another_table_have_no_gradient(by):
    layer = ReversibleEmbedding(3, 2, name="tied", seed=1)
    layer.build()
    if by == "max_norm":
        layer = ReversibleEmbedding(3, 2, name="tied", max_norm=0.01)
    out, context = layer.forward(np.ones((4, 2)), reverse=True)
    CHANGES[by](layer)
    with pytest.raises(RuntimeError, match=f"weights of 'tied' .* changed since by .*{by}"):
        layer.backward(context, out)


def test_factors_of_another_table_have_no_gradient():
    layer = EmbeddingBag(3, 2, "sum", max_norm=0.1, name="bag")
    _, context = layer.forward([[0, 1]], per_sample_weights=np.ones((1, 2)))
    layer.backward(context, np.ones((1, 2)))
    layer([[2, 2]])
    with pytest.raises(RuntimeError, match=r"weights of 'bag' .* changed since by max_norm"):
        layer.backward(context, np.ones((1, 2)))
    _, plain = layer.forward([[0, 1]])
    layer([[2, 2]])
    assert layer.backward(plain, np.ones((1, 2))).inputs is None  # needs the ids alone


@pytest.mark.parametrize(
    ("by", "change"),
    [
        (
            "a step of an optimizer",
            lambda layer: SGD().apply([np.ones((3, 1))], [layer.lora_embeddings_a]),
        ),
        ("choice of adapters", lambda layer: layer.add_adapter("more", 1)),
        ("merge", lambda layer: layer.merge()),
        ("resize", lambda layer: layer.resize(4)),
    ],
)
def test_rows_of_other_adapters_have_no_gradient(by, change):
    layer = lora()
    rows, context = layer.forward([0, 1])
    layer.backward(context, rows)
    change(layer)
    with pytest.raises(RuntimeError, match=f"weights of 'words' .* changed since by .*{by}"):
        layer.backward(context, rows)


@pytest.mark.parametrize("rows", [2, 9])
def test_rows_of_a_table_of_another_length_have_no_gradient(rows):
    layer = words()
    out, context = layer.forward([0, 2])
    SGD().apply([np.ones((3, 2))], [layer.table])
    layer.backward(context, out)  # needs the ids alone
    layer.resize(rows)
    with pytest.raises(RuntimeError, match=f"rows of 'words' .* Received {rows} instead of 3"):
        layer.backward(context, out)


@pytest.mark.parametrize("name", ["Dense", "Conv1D", "SimpleRNN", "GRU", "LSTM"])
def test_a_kernel_that_has_changed_has_no_gradient(name):
    layer = ABOVE[name]()
    x = np.ones((2, 4, 3))
    out, context = layer.forward(x)
    layer.bias.assign(np.ones(layer.bias.shape))
    first = layer.backward(context, out)  # needs the sums with the bias of then
    second_out, second = layer.forward(x)
    SGD().apply([first.weights["kernel"]], [layer.kernel])
    for old in (context, second):
        with pytest.raises(RuntimeError, match=rf"'{layer.name}' .* by a step of an optimizer\."):
            layer.backward(old, out)
    again_out, again = layer.forward(x)
    layer.backward(again, again_out)
    assert not np.array_equal(second_out, again_out)


@pytest.mark.parametrize(
    ("name", "weight"),
    [
        *((name, "recurrent_kernel") for name in ("SimpleRNN", "GRU", "LSTM")),
        ("LayerNormalization", "gamma"),
    ],
)
def test_other_weights_that_have_changed_have_no_gradient(name, weight):
    layer = ABOVE[name]()
    out, context = layer.forward(np.ones((2, 4, 3)))
    variable = getattr(layer, weight)
    variable.assign(2 * variable.value)
    with pytest.raises(RuntimeError, match=rf"'{layer.name}' .* changed since by assign\."):
        layer.backward(context, out)


@pytest.mark.parametrize("name", ABOVE)
def test_a_context_belongs_to_its_own_layer(name):
    layer, other = ABOVE[name](), ABOVE[name]()
    x = np.ones((2, 4, 3))
    out, context = layer.forward(x)
    layer.backward(context, out)
    contexts = [other.forward(x)[1], words().forward([0])[1], context.saved, None, "context", 3]
    for foreign in contexts:
        with pytest.raises(ValueError, match=r"the context of its own .* Received ") as caught:
            layer.backward(foreign, out)
        assert repr(layer.name) in str(caught.value) and "\n" not in str(caught.value)
    assert layer.backward(context, out).weights.keys() == layer.named_weights().keys()


def test_values_that_do_not_fit_change_no_weight():
    layer = integers(weights=np.arange(6).reshape(3, 2))
    with pytest.raises(ValueError, match="whole numbers"):
        layer.set_weights([np.full((3, 2), 0.5)])
    assert layer.table.value.tolist() == [[0, 1], [2, 3], [4, 5]]
    layer.set_weights([np.full((3, 2), 7.0)])
    assert layer.table.value.tolist() == [[7, 7]] * 3


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "int64", "uint8"])
def test_a_frozen_table_may_hold_integers(dtype):
    table = np.arange(6, dtype=dtype).reshape(3, 2)
    layer = Embedding.from_pretrained(table, freeze=True, dtype=dtype, oob="zero")
    assert layer([[2, 0, 9]]).tolist() == [[[4, 5], [0, 1], [0, 0]]]
    assert layer([1]).dtype == dtype and layer.trainable_weights == []
    again = Embedding.from_config(layer.get_config())
    again.build()
    again.set_weights(layer.get_weights())
    assert np.array_equal(again([2]), layer([2]))


def test_layers_above_a_table_of_integers_are_trained(rng):
    """As above the same table in floats, which is frozen too."""
    table, ids, runs = rng.integers(-9, 9, (9, 2)), rng.integers(0, 9, (8, 3)), []
    kernel, aim = rng.normal(size=(2, 1)), rng.normal(size=(8, 1))
    for dtype in ("int8", "int64", "float32"):
        words = Embedding.from_pretrained(table.astype(dtype), freeze=True, dtype=dtype)
        model = Sequential([words, GlobalAveragePooling1D(), Dense(1)])
        model.build((None, 3))
        model.set_weights([table, kernel, np.zeros(1)])
        model.compile("adam", "mse")
        model.fit(ids, aim, epochs=3, batch_size=4, shuffle=False, verbose=0)
        runs.append(model.get_weights())
    for weights in runs:
        assert all(map(np.array_equal, weights, runs[-1]))
    assert not np.array_equal(runs[0][1], kernel.astype("float32"))


# Bags as torch --------------------------------------------------------------------------------


def test_padding_of_a_bag_counts_from_the_end():
    layer = EmbeddingBag(3, 2, "sum", weights=np.ones((3, 2)), padding_idx=-1)
    assert layer.padding_idx == 2 and layer([[0, 2]]).tolist() == [[1.0, 1.0]]


@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
def test_ids_behind_the_last_offset_lie_in_no_bag(mode):
    table = np.arange(8.0).reshape(4, 2)
    layer = EmbeddingBag(4, 2, mode, weights=table, include_last_offset=True, dtype="float64")
    whole, context = layer.forward([0, 1, 2, 3, 3], offsets=[0, 2, 4])
    expected, expected_context = layer.forward([0, 1, 2, 3], offsets=[0, 2, 4])
    assert np.array_equal(whole, expected)
    for one, other in zip(
        layer.backward(context, whole).weights.values(),
        layer.backward(expected_context, whole).weights.values(),
        strict=True,
    ):
        assert np.array_equal(one.to_dense(), other.to_dense())


def test_factors_behind_the_last_offset_have_no_gradient():
    layer = EmbeddingBag(4, 2, "sum", weights=np.ones((4, 2)), include_last_offset=True)
    _, context = layer.forward([0, 1, 2], offsets=[0, 2], per_sample_weights=np.ones(3))
    assert layer.backward(context, np.ones((1, 2))).inputs.tolist() == [2.0, 2.0, 0.0]


@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_empty_bags_of_a_table_without_rows_are_zeros(mode, dtype):
    from embedlab.core.bag import bag as core_bag

    out = core_bag(np.zeros((0, 3), dtype), np.zeros(0, int), [0, 0], mode=mode)
    assert out.dtype == dtype and out.tolist() == [[0.0] * 3] * 2

"""Bad inputs of layers: one line in three parts, never a foreign traceback."""

import numpy as np
import pytest

from embedlab import constraints
from embedlab.core.checks import DtypeError, ShapeError
from embedlab.core.ids import IdError, IdTypeError
from embedlab.layers import (
    Dense,
    Embedding,
    EmbeddingBag,
    GlobalAveragePooling1D,
    Layer,
    LayerNormalization,
    Masking,
    ReversibleEmbedding,
    SimpleRNN,
    Variable,
)
from embedlab.losses import MeanSquaredError
from embedlab.models import Sequential

RAGGED = [[1], [1, 2]]


def words(**options):
    layer = Embedding(3, 2, name="words", **options)
    layer.build()
    return layer


def bag(*args, **kwargs):
    return EmbeddingBag(3, 2, name="bag")(*args, **kwargs)


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


CASES = {
    "ragged list": (lambda: words()(RAGGED), ShapeError, "different lengths.*Pad them"),
    "array of lists": (
        lambda: words()(np.array(RAGGED, object)),
        IdTypeError,
        r"Received \[1\] at \[0\]\. Pad the lists",
    ),
    "list of sentences": (
        lambda: words()(["a sentence", "another"]),
        IdTypeError,
        r"Received 'a sentence' at \[0\]\. Look words up first",
    ),
    "a string": (lambda: words()("cat"), IdTypeError, "Received 'cat'. Look words up first"),
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
        lambda: words().backward(words().forward([0, 1])[1], RAGGED),
        ShapeError,
        "grad of 'words' must be a rectangular",
    ),
    "a gradient of text": (
        lambda: words().backward(words().forward([0])[1], [["a", "b"]]),
        DtypeError,
        "grad of 'words' must hold numbers",
    ),
    "ragged vectors": (
        lambda: ReversibleEmbedding(3, 2, name="r")(RAGGED, reverse=True),
        ShapeError,
        "vectors of 'r' must be a rectangular",
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
        "no offset for 2 ids. Pass \\[0\\]",
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
    "name first": (lambda: Layer().add_weight("w", (2,)), TypeError, "shape first"),
    "name twice": (
        lambda: [(layer := Layer()).add_weight((2,), name="w"), layer.add_weight((2,), name="w")],
        ValueError,
        "name of its own",
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


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_tensors_of_torch_are_tables(dtype):
    torch = pytest.importorskip("torch")
    parameter = torch.nn.Parameter(torch.full((3, 2), 0.5, dtype=getattr(torch, dtype)))
    layer = words()
    layer.set_weights([parameter])
    layer.table.assign(parameter)
    embeddings = [
        layer,
        Embedding(3, 2, weights=parameter),
        Embedding(3, 2, weights=[parameter]),
        Embedding.from_pretrained(parameter),
        EmbeddingBag(3, 2, weights=parameter),
    ]
    for each in embeddings:
        assert (np.asarray(each.embeddings) == 0.5).all() and each.embeddings.dtype == "float32"
    assert layer.nearest(parameter[0], k=1).ids.shape == (1,)


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

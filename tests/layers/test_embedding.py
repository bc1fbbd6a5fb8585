"""The Embedding layer, case by case."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedlab import constraints, initializers
from embedlab.core.checks import ShapeError
from embedlab.core.ids import IdError, IdTypeError
from embedlab.core.jit import kernel_calls
from embedlab.layers import Embedding, Input

TABLE = np.arange(12.0).reshape(4, 3).astype("float32")


def embedding(**options):
    return Embedding(4, 3, weights=TABLE, **options)


# The table ------------------------------------------------------------------------------------


def test_initial_table_is_bounded_and_seeded():
    layer = Embedding(50, 8, seed=7)
    layer.build()
    assert layer.embeddings.shape == (50, 8) and layer.embeddings.dtype == "float32"
    assert 0.04 < np.abs(layer.embeddings.value).max() <= 0.05
    assert np.array_equal(layer([3]), Embedding(50, 8, seed=7)([3]))
    assert not np.array_equal(layer([3]), Embedding(50, 8, seed=8)([3]))


@pytest.mark.parametrize(
    "initializer",
    [
        "ones",
        "Ones",
        initializers.Ones,
        initializers.Ones(),
        lambda shape, dtype: np.ones(shape),
        {"class_name": "Ones", "config": {}},
        lambda shape: np.ones(shape),
        np.ones((4, 3)),
    ],
)
def test_an_initializer_has_many_forms(initializer):
    assert Embedding(4, 3, initializer)([[0, 3]]).tolist() == [[[1.0] * 3] * 2]


def test_a_seed_of_the_initializer_wins():
    initializer = initializers.RandomNormal(seed=1)
    assert Embedding(4, 3, initializer, seed=2).embeddings_initializer is initializer


@pytest.mark.parametrize(
    "weights",
    [
        TABLE,
        TABLE.tolist(),
        [TABLE],
        TABLE.astype("float64"),
        np.asfortranarray(TABLE),
        TABLE.astype(int),
    ],
)
def test_weights_have_many_forms_and_are_copied(weights):
    layer = Embedding(4, 3, weights=weights)
    assert layer.built
    assert layer([2]).tolist() == [[6.0, 7.0, 8.0]]
    assert not np.shares_memory(layer.embeddings.value, np.asarray(TABLE))
    assert layer.embeddings.value.flags.c_contiguous


def test_weights_of_another_shape_are_refused():
    with pytest.raises(ShapeError, match=r"weight shape \(10, 4\) is not compatible with provided"):
        Embedding(10, 4, weights=np.zeros((3, 4)))


def test_from_pretrained():
    layer = Embedding.from_pretrained(TABLE, freeze=True, padding_idx=1)
    assert layer.trainable_weights == [] and not layer.trainable
    assert layer([1]).tolist() == [[3.0, 4.0, 5.0]]
    assert Embedding.from_pretrained(TABLE.astype("float16")).dtype == "float16"
    assert Embedding.from_pretrained([[1, 2]]).dtype == "float64"


@pytest.mark.parametrize(
    ("dtype", "stored", "computed"),
    [
        ("float16", "float16", "float16"),
        ("float32", "float32", "float32"),
        ("float64", "float64", "float64"),
        ("mixed_float16", "float32", "float16"),
        (None, "float32", "float32"),
    ],
)
def test_dtype_policies(dtype, stored, computed):
    layer = Embedding(4, 3, dtype=dtype, weights=TABLE)
    assert (layer.embeddings.dtype, layer([1]).dtype.name) == (stored, computed)
    assert layer.compute_output_spec(Input((2,))).dtype == computed
    grad = layer.backward(layer.forward([1, 1])[1], np.ones((2, 3), computed)).weights["embeddings"]
    assert grad.rows.dtype.name == stored


def test_mixed_precision_sums_its_gradient_in_float32():
    layer = embedding(dtype="mixed_float16")
    ids = np.zeros(4096, np.int64)
    _, context = layer.forward(ids)
    grad = layer.backward(context, np.ones((4096, 3), "float16")).weights["embeddings"]
    assert grad.rows.tolist() == [[4096.0] * 3]  # a float16 sum would stop at 2048


# Calling --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "ids",
    [
        3,
        True,
        [1, 2],
        [[0], [3]],
        np.zeros((0, 3), int),
        np.zeros((2, 1, 2, 1), "uint8"),
        [1.0],
        np.asfortranarray([[1, 2], [3, 0]]),
        np.array([3, 2, 1, 0])[::2],
    ],
)
def test_ids_of_any_shape_give_one_axis_more(ids):
    expected = TABLE[np.asarray(ids).astype(int)]
    rows = embedding()(ids)
    assert rows.shape == (*np.shape(ids), 3)
    assert np.array_equal(rows, expected)


@given(st.lists(st.integers(0, 3), max_size=30))
def test_it_is_a_gather(ids):
    assert np.array_equal(embedding()(np.array(ids, int)), TABLE[np.array(ids, int)])


def test_the_core_does_the_lookup():
    layer = embedding()
    before = kernel_calls("lookup")
    layer([1, 2])
    assert kernel_calls("lookup") == before + 1


@pytest.mark.parametrize(
    ("ids", "error", "words"),
    [
        ([[0, 4]], IdError, r"0\.\.3 \(input_dim=4\)\. Received 4 at \[0, 1\]"),
        ([-1], IdError, "Received -1"),
        ([2.9], IdTypeError, "Received 2.9"),
        (["cat"], IdTypeError, "vocabulary"),
        ([[1], [2, 3]], ShapeError, "rectangular"),
    ],
)
@pytest.mark.parametrize("built", [True, False])
def test_bad_ids_are_refused(ids, error, words, built):
    layer = embedding() if built else Embedding(4, 3)
    with pytest.raises(error, match=words):
        layer(ids)


@pytest.mark.parametrize(
    ("oob", "row"),
    [
        ("zero", [0, 0, 0]),
        ("nan", [np.nan] * 3),
        ("clip", TABLE[3]),
        ("wrap", TABLE[1]),
        (2, TABLE[2]),
    ],
)
def test_oob_forward_and_backward_agree(oob, row):
    layer = embedding(oob=oob)
    out, context = layer.forward([0, 5])
    assert np.array_equal(out[1], np.asarray(row, "float32"), equal_nan=True)
    grad = layer.backward(context, np.ones((2, 3), "float32")).weights["embeddings"].to_dense()
    target = {"clip": 3, "wrap": 1, 2: 2}.get(oob)
    expected = np.zeros((4, 3))
    expected[[0] if target is None else [0, target]] = 1
    assert np.array_equal(grad, expected)


def test_negative_wrap_counts_from_the_end():
    layer = embedding(negative="wrap")
    out, context = layer.forward([-1, -4])
    assert np.array_equal(out, TABLE[[3, 0]])
    assert layer.backward(context, out).weights["embeddings"].ids.tolist() == [0, 3]
    with pytest.raises(IdError):
        layer([-5])


# Backward -------------------------------------------------------------------------------------


def test_backward_by_hand_and_in_sparse_form():
    layer = embedding()
    _, context = layer.forward([[2, 0], [2, 2]])
    gradients = layer.backward(context, np.arange(12.0).reshape(2, 2, 3))
    assert gradients.inputs is None
    sparse = gradients.weights["embeddings"]
    assert sparse.ids.tolist() == [0, 2] and sparse.shape == (4, 3)
    assert sparse.rows.tolist() == [[3.0, 4.0, 5.0], [15.0, 18.0, 21.0]]


def test_adjoint_identity(rng):
    layer = Embedding(20, 5, dtype="float64", seed=1)
    ids = rng.integers(0, 20, (6, 7))
    out, context = layer.forward(ids)
    grad_out = rng.normal(size=out.shape)
    grad = layer.backward(context, grad_out).weights["embeddings"].to_dense()
    assert np.vdot(out, grad_out) == pytest.approx(np.vdot(layer.embeddings.value, grad), rel=1e-12)


def test_central_differences(rng):
    layer = Embedding(5, 2, dtype="float64", seed=1)
    ids = np.array([[1, 1, 4]])
    aim = rng.normal(size=(1, 3, 2))

    def loss():
        return np.sum((layer(ids) - aim) ** 2)

    out, context = layer.forward(ids)
    grad = layer.backward(context, 2 * (out - aim)).weights["embeddings"].to_dense()
    for at in np.ndindex(5, 2):
        before = layer.embeddings.value[at]
        layer.embeddings.value[at] = before + 1e-5
        up = loss()
        layer.embeddings.value[at] = before - 1e-5
        slope = (up - loss()) / 2e-5
        layer.embeddings.value[at] = before
        assert grad[at] == pytest.approx(slope, abs=1e-8)


def test_the_context_survives_a_caller_who_reuses_the_array():
    layer = embedding()
    ids = np.array([1, 2])
    rows, context = layer.forward(ids)
    ids[:] = 0
    assert layer.backward(context, rows).weights["embeddings"].ids.tolist() == [1, 2]


@pytest.mark.parametrize("padding_idx", [1, -3, np.int64(1)])
def test_padding_idx_starts_at_zero_and_never_learns(padding_idx):
    layer = Embedding(4, 3, "ones", padding_idx=padding_idx)
    out, context = layer.forward([[1, 0, 1]])
    assert out[0, :, 0].tolist() == [0.0, 1.0, 0.0]
    grad = layer.backward(context, np.full_like(out, np.nan)).weights["embeddings"]
    assert grad.to_dense()[1].tolist() == [0.0] * 3
    assert np.isnan(grad.to_dense()[0]).all()
    assert embedding(padding_idx=1)([1]).tolist() == [[3.0, 4.0, 5.0]]  # a given row is kept


def test_scale_grad_by_freq_divides_by_the_count_in_the_batch():
    layer = embedding(scale_grad_by_freq=True, oob="zero")
    _, context = layer.forward([2, 2, 2, 0, 9])
    grad = layer.backward(context, np.full((5, 3), 6.0)).weights["embeddings"]
    assert grad.ids.tolist() == [0, 2] and grad.rows.tolist() == [[6.0] * 3, [6.0] * 3]
    assert Embedding.from_config(layer.get_config()).scale_grad_by_freq


def test_max_norm_shortens_the_rows_that_are_read_and_no_others():
    layer = embedding(max_norm=1.0, oob="zero")
    out = layer([3, 9])
    assert np.linalg.norm(out[0]) == pytest.approx(1.0)
    assert np.array_equal(layer.table.value[2], TABLE[2]) and not out[1].any()
    sums = embedding(max_norm=1.0, norm_type=1.0)([2])
    assert np.abs(sums).sum() == pytest.approx(1.0)
    before = layer.table.numpy()
    with pytest.raises(IdError):
        embedding(max_norm=1.0)([3, 9])
    assert np.array_equal(layer.table.value, before)


def test_row_dropout_drops_words_not_positions():
    layer = Embedding(200, 2, "ones", row_dropout=0.25, seed=0)
    ids = np.arange(400).reshape(2, 200) % 200
    out, context = layer.forward(ids, training=True)
    assert np.array_equal(out[0], out[1])
    assert set(out.ravel().tolist()) == {0.0, np.float32(1 / 0.75)}
    assert 0.15 < (out == 0).mean() < 0.35
    grad = layer.backward(context, np.ones_like(out)).weights["embeddings"].to_dense()
    assert np.array_equal(grad, 2 * out[0])
    assert (layer(ids) == 1).all() and layer.forward(ids)[1].saved.factors is None


def test_a_gradient_of_another_shape_is_refused():
    layer = embedding()
    _, context = layer.forward([1, 2])
    with pytest.raises(ShapeError, match=r"must have the shape of the outputs .*\(2, 3\)"):
        layer.backward(context, np.ones((2, 4)))


# Masks and shapes -----------------------------------------------------------------------------


def test_mask_zero_marks_id_zero_and_does_nothing_else():
    layer = Embedding(4, 3, "ones", mask_zero=True)
    assert layer.compute_mask([[0, 1], [2, 0]]).tolist() == [[False, True], [True, False]]
    assert not layer.built
    out, mask, _ = layer.forward_with_mask(np.array([[0, 1]]))
    assert out[0, 0].tolist() == [1.0] * 3 and mask.tolist() == [[False, True]]
    grad = layer.backward(layer.forward([0])[1], np.ones((1, 3))).weights["embeddings"]
    assert grad.ids.tolist() == [0]
    assert embedding().compute_mask([[0, 1]]) is None
    assert layer.compute_mask(Input((2,))).dtype == "bool"


@pytest.mark.parametrize(
    ("length", "input_shape", "output_shape"),
    [
        (None, (None, 7), (None, 7, 3)),
        (None, (), (3,)),
        (10, (None, None), (None, 10, 3)),
        (10, (32, 10), (32, 10, 3)),
        ((4, 5), (2, None, 5), (2, 4, 5, 3)),
        ((4, None), (None, 4, None), (None, 4, None, 3)),
        ([6], (1, 6), (1, 6, 3)),
    ],
)
def test_output_shapes(length, input_shape, output_shape):
    assert Embedding(4, 3, input_length=length).compute_output_shape(input_shape) == output_shape


@pytest.mark.parametrize(
    ("length", "input_shape"), [(10, (32, 11)), (10, (32,)), (10, (32, 10, 1)), ((4, 5), (2, 4, 6))]
)
def test_a_shape_that_disagrees_with_input_length_is_refused(length, input_shape):
    layer = Embedding(4, 3, input_length=length)
    with pytest.raises(ValueError, match=r'"input_length" is .*, but received input has shape'):
        layer.compute_output_shape(input_shape)
    with pytest.raises(ValueError, match="received input has shape"):
        layer(np.zeros(input_shape, int))
    with pytest.raises(ValueError, match="received input has shape"):
        layer(Input(batch_shape=input_shape))


def test_input_length_is_announced_and_kept():
    layer = Embedding(4, 3, input_length=[2, 5])
    assert layer.batch_input_shape == (None, 2, 5)
    assert layer.get_config()["input_length"] == (2, 5)
    assert embedding().batch_input_shape is None
    assert layer(np.zeros((6, 2, 5), int)).shape == (6, 2, 5, 3)


def test_a_symbolic_call_gives_a_placeholder():
    layer = Embedding(4, 3)
    out = layer.symbolic_call(Input((7,), dtype="int32"))
    assert (out.shape, out.dtype) == ((None, 7, 3), "float32")
    assert layer.built and layer.output is out and layer.input.dtype == "int32"


# Configs --------------------------------------------------------------------------------------


def test_config_round_trip_with_every_argument():
    layer = Embedding(
        9,
        3,
        "he_normal",
        "l2",
        constraints.MaxNorm(1.0, axis="rows"),
        True,
        name="words",
        input_length=5,
        padding_idx=-1,
        oob=2,
        negative="wrap",
        dtype="mixed_float16",
        trainable=False,
        seed=3,
        row_dropout=0.25,
        max_norm=2.0,
        norm_type=1.0,
    )
    config = json.loads(json.dumps(layer.get_config()))
    again = Embedding.from_config(config)
    assert json.loads(json.dumps(again.get_config())) == config
    assert repr(again) == repr(layer)
    ids = [[1, 2, 0, 8, 4]]
    assert np.array_equal(again(ids), layer(ids))


def test_config_is_accepted_by_keras():
    assert set(Embedding(4, 3).get_config()) == {
        "name",
        "trainable",
        "dtype",
        "input_dim",
        "output_dim",
        "embeddings_initializer",
        "embeddings_regularizer",
        "embeddings_constraint",
        "mask_zero",
    }


def test_from_legacy_speaks_keras_1():
    layer = Embedding.from_legacy(
        {
            "input_dim": 6,
            "output_dim": 2,
            "init": "normal",
            "dropout": 0.0,
            "mask_zero": True,
            "W_regularizer": {"name": "WeightRegularizer", "l1": 0.0, "l2": 0.5},
            "W_constraint": {"name": "MaxNorm", "m": 2, "axis": 0},
            "activity_regularizer": None,
            "batch_input_shape": (None, 10),
            "input_dtype": "int32",
            "name": "embedding_1",
        }
    )
    assert repr(layer) == "Embedding(6 words -> 2 numbers, mask_zero, input_length 10)"
    assert layer.name == "embedding_1"
    assert repr(layer.embeddings_initializer) == "RandomNormal(mean=0.0, stddev=0.05)"
    assert repr(layer.embeddings_regularizer) == "L1L2(l1=0.0, l2=0.5)"
    assert repr(layer.embeddings_constraint) == "MaxNorm(max_value=2.0, axis=0)"
    with pytest.raises(ValueError, match="must agree"):
        Embedding.from_legacy(
            {"input_dim": 6, "output_dim": 2, "init": "normal", "embeddings_initializer": "ones"}
        )
    assert (
        Embedding.from_legacy({"input_dim": 6, "output_dim": 2, "dropout": 0.5}).row_dropout == 0.5
    )


def test_a_regularizer_counts_and_a_constraint_is_carried():
    layer = embedding(embeddings_regularizer="l2", embeddings_constraint="max_norm")
    assert layer.losses == [pytest.approx(0.01 * np.sum(TABLE**2))]
    assert layer.embeddings.constraint is layer.embeddings_constraint


# Errors and looks -----------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, -1, 2.5, "4", True, None, np.float64(3)])
@pytest.mark.parametrize("which", ["input_dim", "output_dim"])
def test_sizes_must_be_positive_integers(which, size):
    with pytest.raises(ValueError, match=f"{which} must be a positive integer. Received"):
        Embedding(**{"input_dim": 4, "output_dim": 3, which: size})


def test_numpy_integers_are_sizes():
    assert Embedding(np.int64(4), np.uint8(3)).get_config()["input_dim"] == 4


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"bogus": 1}, ValueError, "Unrecognized keyword arguments passed to Embedding"),
        ({"oob": "bogus"}, ValueError, "oob must be one of"),
        ({"oob": 4}, IdError, "Received 4"),
        ({"negative": "bogus"}, ValueError, "negative"),
        ({"row_dropout": 1.0}, ValueError, "row_dropout"),
        ({"row_dropout": "x"}, ValueError, "row_dropout"),
        ({"max_norm": -1.0}, ValueError, "-1"),
        ({"padding_idx": 4}, ValueError, "at most 3"),
        ({"padding_idx": -5}, ValueError, "padding_idx"),
        ({"padding_idx": 1.0}, ValueError, "padding_idx"),
        ({"padding_idx": True}, ValueError, "padding_idx"),
        ({"input_length": 0}, ValueError, "input_length must be a positive integer"),
        ({"input_length": "ten"}, ValueError, "'ten'"),
        ({"input_length": (3, -1)}, ValueError, "-1"),
        ({"embeddings_initializer": "bogus"}, ValueError, "Could not interpret initializer"),
        ({"embeddings_regularizer": "bogus"}, ValueError, "Could not interpret regularizer"),
        ({"embeddings_constraint": "bogus"}, ValueError, "Could not interpret constraint"),
    ],
)
def test_bad_arguments_are_refused(options, error, words):
    with pytest.raises(error, match=words):
        Embedding(4, 3, **options)


def test_the_table_is_unknown_before_build():
    with pytest.raises(AttributeError, match="You must build the layer before accessing"):
        _ = Embedding(4, 3).embeddings


def test_looks():
    assert repr(Embedding(10, 4)) == "Embedding(10 words -> 4 numbers)"
    layer = Embedding(10, 4, mask_zero=True, padding_idx=-1, input_length=(3, 2), trainable=False)
    assert repr(layer) == (
        "Embedding(10 words -> 4 numbers, mask_zero, padding_idx 9, input_length (3, 2), frozen)"
    )

"""Behavior of the embedding layer, one test a case.

The first word of a test is its subject: construction, eras, ids, masks, gradients, lora,
quantization, files (`-k lora` selects one). Details are tested in the files of each subject.
"""

import gc
import pickle
import tempfile
import tracemalloc
import zipfile
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest

from embedlab import constraints, initializers, regularizers
from embedlab.core.gradient import SparseGrad
from embedlab.core.ids import IdError, IdTypeError
from embedlab.layers import (
    GRU,
    Conv1D,
    Dense,
    Embedding,
    EmbeddingBag,
    Flatten,
    GlobalAveragePooling1D,
    GlobalMaxPooling1D,
    Input,
    Masking,
    Reshape,
    TableMemoryError,
    gradcheck,
)
from embedlab.losses import MeanSquaredError
from embedlab.models import Sequential, load_model
from embedlab.optimizers import SGD, Adagrad, Adam, RMSprop
from embedlab.quantizers import Int4QuantizationConfig
from embedlab.storage import FileRefused
from embedlab.traces.mask import trace_mask

TABLE = np.arange(12.0).reshape(4, 3).astype("float32")


def layer(**options):
    return Embedding(4, 3, weights=TABLE, **options)


def fails(error, message):
    return pytest.raises(error, match=message)


def table_gradient(one, ids):
    """Return the dense gradient of the table when every output number weighs 1."""
    out, context = one.forward(ids)
    return one.backward(context, np.ones_like(out)).weights["embeddings"].to_dense()


def table_after_steps(loss_grad, rule, steps=2):
    """Train on row 1, then on row 2, and return the table after each step."""
    one = Embedding(3, 1, "zeros")
    one.build()
    tables = []
    for step in range(steps):
        _, context = one.forward([1 + step])
        grads = one.backward(context, np.full((1, 1), loss_grad, "float32")).weights
        rule.apply([grads["embeddings"]], [one.table])
        tables.append(one.table.numpy().ravel())
    return tables


def replace_in_config(path, old, new):
    """Replace text in the config of a `.keras` file."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    text = parts["config.json"].decode()
    assert old in text
    parts["config.json"] = text.replace(old, new).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, part)


def peak_bytes(action):
    """Return the most bytes allocated at once while `action` runs."""
    gc.collect()
    tracemalloc.start()
    action()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


# Construction ---------------------------------------------------------------------------------


def test_construction_by_position_as_in_keras():
    """Ten arguments by position, in Keras's order."""
    one = Embedding(4, 2, "ones", "l2", None, True, None, 1, 2.0, None)
    one.build()
    assert one.table.value.tolist() == [[1.0, 1.0]] * 4 and one.mask_zero
    assert one.adapters["default"].scale == 2.0


def test_construction_default_is_uniform_within_0_05():
    """The default draws within 0.05 of zero."""
    assert 0.04 < np.abs(Embedding(99, 9, seed=1)([range(99)])).max() <= 0.05


def test_construction_takes_every_initializer_in_every_form():
    """Every initializer, by name, dict, class and instance."""
    for name, kind in initializers.REGISTRY.classes.items():
        for form in (name, {"class_name": name, "config": {}}, kind, kind()):
            assert Embedding(4, 4, form)([0]).shape == (1, 4)


def test_construction_takes_every_regularizer_and_constraint():
    """L1, L2, L1L2 and every constraint that Keras lists."""
    for name in ("L1", "L2", "L1L2"):
        assert regularizers.get(name)(np.eye(2)) >= 0
    for name in ("MaxNorm", "NonNeg", "UnitNorm", "MinMaxNorm"):
        assert constraints.get(name)(np.eye(2)).shape == (2, 2)


def test_construction_sizes_are_positive_integers():
    """Sizes may be NumPy integers, but no booleans and nothing below 1."""
    assert Embedding(np.int64(3), np.uint8(2)).input_dim == 3
    for bad in (True, 0, -1, 2.0, "3"):
        with fails(ValueError, "must be a positive integer"):
            Embedding(bad, 2)


def test_construction_input_and_output():
    """Input and output are those of the first symbolic call only."""
    one = Embedding(4, 3)
    first = Input((7,))
    out = one(first)
    one(Input((9,)))
    assert one.input is first and one.output is out


# Eras -----------------------------------------------------------------------------------------


def test_eras_input_length_gives_a_static_shape_and_is_checked():
    """input_length gives a static shape, is checked, and stays in the config."""
    one = Embedding(4, 3, input_length=(2, 5))
    assert one.compute_output_shape((None, None, 5)) == (None, 2, 5, 3)
    assert one.get_config()["input_length"] == (2, 5)
    with fails(ValueError, "input_length"):
        one.compute_output_shape((None, 3, 5))


def test_eras_flatten_before_dense_needs_a_known_length():
    """Flatten before Dense needs a known length, and the error names input_length."""
    with fails(ValueError, "input_length"):
        Sequential([Embedding(4, 3), Flatten(), Dense(1)]).build((None, None))
    assert Sequential([Embedding(4, 3, input_length=2), Flatten(), Dense(1)]).output_shape[1] == 1


def test_eras_the_layer_may_follow_any_integer_output():
    """The layer may stand anywhere that whole numbers come out."""
    model = Sequential([Reshape((2, 2)), Embedding(4, 3)])
    assert model.predict(np.array([[0, 1, 2, 3]])).shape == (1, 2, 2, 3)


def test_eras_strict_masks_raises_warns_or_ignores():
    """A lost mask raises, warns, or is ignored, as strict_masks says."""
    for strict, context in (
        ("raise", fails(TypeError, "does not support masking")),
        ("warn", pytest.warns(UserWarning, match="lost")),
        ("ignore", nullcontext()),
    ):
        with context:
            words = Embedding(4, 3, mask_zero=True, input_length=2)
            Sequential([words, Flatten()], strict_masks=strict)(np.array([[0, 1]]))


def test_eras_mask_zero_needs_one_row_for_padding():
    """With mask_zero a vocabulary of V - 1 words fits: one row for padding, not two."""
    words = 3
    assert Embedding(words + 1, 2, mask_zero=True)([words]).shape == (1, 2)


def test_eras_id_0_is_an_ordinary_id():
    """Id 0 is as good as any other."""
    assert layer()([0]).tolist() == [TABLE[0].tolist()]


def test_eras_keras_1_configs_are_translated():
    """Configs of Keras 1 are translated, and dropped rows are whole words."""
    old = {"input_dim": 50, "output_dim": 2, "init": "one", "dropout": 0.5, "W_regularizer": None}
    one = Embedding.from_legacy(old)
    rows = one.forward(np.tile(np.arange(50), (2, 1)), training=True)[0]
    assert np.array_equal(rows[0], rows[1]) and set(rows.ravel().tolist()) == {0.0, 2.0}


def test_eras_memory_is_reported_before_it_is_allocated():
    """The memory is estimated before it is allocated, and a table that cannot fit is an error."""
    one = Embedding(1 << 48, 64)
    assert one.memory_report().table == (1 << 48) * 256
    with fails(TableMemoryError, "out of memory"):
        one.build()


def test_eras_a_table_on_disk_has_the_same_numbers():
    """Placement on disk gives the same numbers as in memory."""
    on, off = (Embedding(9, 2, seed=1, placement=place) for place in ("disk", "memory"))
    assert np.array_equal(on(range(9)), off(range(9)))


# Ids ------------------------------------------------------------------------------------------


def test_ids_of_input_dim_or_more_are_refused_with_position():
    """V or more is an error that names the id, its place, how many, and V."""
    with fails(IdError, r"input_dim=4.*Received 4 at \[0, 1\] \(and 1 more\)") as caught:
        layer()([[0, 4], [9, 1]])
    assert (caught.value.bad_ids, caught.value.input_dim) == ((4, 9), 4)


def test_ids_out_of_range_rules():
    """Outside they may be zeros, NaN, the nearest row, a remainder, or one word."""
    for oob, expected in (
        ("zero", [0] * 3),
        ("nan", [np.nan] * 3),
        ("clip", TABLE[3]),
        ("wrap", TABLE[1]),
        (2, TABLE[2]),
    ):
        assert np.array_equal(layer(oob=oob)([5])[0], np.float32(expected), equal_nan=True)


def test_ids_negative_are_refused_or_wrap():
    """Below 0 is an error, or counts from the end when asked."""
    with fails(IdError, "-1"):
        layer()([-1])
    assert layer(negative="wrap")([-1]).tolist() == [TABLE[3].tolist()]
    with fails(IdError, "-5"):
        layer(negative="wrap")([-5])


def test_ids_integral_floats_are_accepted():
    """Whole floats are ids; 2.9 and NaN are not, and are never cut off."""
    assert layer()([2.0]).tolist() == [TABLE[2].tolist()]
    for bad in (2.9, np.nan, np.inf):
        with fails(IdTypeError, "ids"):
            layer()([bad])


def test_ids_of_wide_integer_types_never_wrap():
    """The widest integers never wrap around."""
    for bad in (np.uint32(2**32 - 1), np.uint64(2**63 + 1), np.int64(2**40)):
        with fails(IndexError, str(int(bad))):
            layer()(np.array([bad]))


def test_ids_of_any_shape_order_and_container():
    """Any shape, any order, read-only, lists, booleans and none at all."""
    frozen = np.asfortranarray([[1, 2], [3, 0]])
    frozen.flags.writeable = False
    for ids in (3, True, [1, 2], frozen, frozen[::-1, ::2], np.zeros((0, 3), int), []):
        expected = TABLE[np.asarray(ids).astype(int)]
        assert np.array_equal(layer()(ids), expected)


def test_ids_that_are_strings_are_a_type_error():
    """Words are a TypeError that points to the vocabulary."""
    with fails(TypeError, "vocabulary"):
        layer()(["cat"])


def test_ids_changed_by_another_thread():
    """An array that another thread changes is never read outside the table."""
    import threading

    ids, stop = np.zeros(4096, np.int64), threading.Event()

    def disturb():
        while not stop.is_set():
            ids[::7] = 1 << 40
            ids[::7] = 0

    other = threading.Thread(target=disturb)
    other.start()
    one, read = layer(), 0
    try:
        for _ in range(200):
            try:
                read += bool(np.isin(one(ids), TABLE[0]).all())
            except IdError:
                read += 1
    finally:
        stop.set()
        other.join()
    assert read == 200


# Masks ----------------------------------------------------------------------------------------


def test_masks_mask_zero_marks_id_0_before_build_too():
    """mask_zero marks id 0, before build too; without it there is no mask."""
    assert Embedding(4, 3, mask_zero=True).compute_mask([[0, 2]]).tolist() == [[False, True]]
    assert Embedding(4, 3).compute_mask([[0, 2]]) is None


def test_masks_mask_zero_neither_zeroes_nor_freezes_row_0():
    """mask_zero neither zeroes row 0 nor keeps it from learning."""
    one = layer(mask_zero=True)
    one.table.value[0] = 9
    assert one([0]).tolist() == [[9.0] * 3] and table_gradient(one, [0])[0].tolist() == [1.0] * 3


def test_masks_padding_idx_starts_at_zero_and_stays():
    """padding_idx starts at zero and never learns; a given table keeps its row."""
    one = Embedding(4, 3, "ones", padding_idx=1)
    assert one([1]).tolist() == [[0.0] * 3]
    assert not table_gradient(one, np.ones(5000, int)).any()
    assert Embedding.from_pretrained(TABLE, padding_idx=1)([1]).tolist() == [TABLE[1].tolist()]


def test_masks_are_computed_beside_the_rows():
    """A mask is a value, computed beside the rows."""
    rows, mask, _ = layer(mask_zero=True).forward_with_mask([[0, 1]])
    assert rows.shape == (1, 2, 3) and mask.tolist() == [[False, True]]


def test_masks_recurrent_layers_hold_state_at_masked_steps():
    """A recurrent layer holds its state, repeats its output, and passes the mask on."""
    x, mask = np.ones((1, 3, 2)), np.array([[True, False, True]])
    every_step = GRU(2, return_sequences=True)
    out = every_step(x, mask=mask)
    assert np.array_equal(out[0, 1], out[0, 0])
    assert every_step.compute_mask(x, mask) is mask
    assert GRU(2).compute_mask(x, mask) is None
    last = GRU(2)
    state = last(x, mask=mask)
    assert np.allclose(state, last(x[:, :2]))


def test_masks_the_mean_counts_unmasked_steps_only():
    """The mean counts unmasked positions; without any it is 0."""
    out = GlobalAveragePooling1D()(
        np.array([[[2.0], [9.0]], [[5.0], [5.0]]]), mask=np.array([[True, False], [False, False]])
    )
    assert out.tolist() == [[2.0], [0.0]]


def test_masks_masking_zeroes_steps_equal_to_mask_value():
    """Masking marks steps where any number differs, and zeroes the others."""
    one = Masking(7.0)
    x = np.array([[[7.0, 7.0], [7.0, 1.0]]])
    assert one.compute_mask(x).tolist() == [[False, True]]
    assert one(x).tolist() == [[[0.0, 0.0], [7.0, 1.0]]]


def test_masks_in_a_loss_with_mean_and_with_sum():
    """A mean loss is that of the entries that count; a sum leaves the others out."""
    y, p, mask = np.zeros((1, 4, 1)), np.ones((1, 4, 1)) * [[1], [9], [3], [9]], [[1, 0, 1, 0]]
    mask = np.array(mask, bool)
    assert float(MeanSquaredError()(y, p, mask=mask)) == pytest.approx(5.0)
    assert float(MeanSquaredError(reduction="sum")(y, p, mask=mask)) == pytest.approx(10.0)


def test_masks_four_layers_would_lose_a_mask():
    """Four layers would lose a mask, and raise before training."""
    for one in (Conv1D(2, 1), Flatten(), Reshape((6,)), GlobalMaxPooling1D()):
        one.name = "here"
        model = Sequential([Embedding(4, 3, mask_zero=True, input_length=2, name="e"), one])
        assert [tuple(note) for note in model.lint_masks()] == [
            ("e", "made"),
            ("here", "lost here"),
        ]


def test_masks_a_trace_gives_the_status_at_each_layer():
    """A trace has a status for each layer: the mask is kept, used or lost there."""
    stack = [Embedding(4, 3, mask_zero=True), Dense(2), GlobalAveragePooling1D()]
    run = trace_mask(Sequential(stack), np.array([[1, 2, 0]]))
    assert [stage.status for stage in run.stages] == ["made", "kept", "consumed"]
    stack = [Embedding(4, 3, mask_zero=True), Flatten()]
    run = trace_mask(Sequential(stack, strict_masks="ignore"), np.array([[1, 2, 0]]))
    assert [stage.status for stage in run.stages] == ["made", "lost here"]


# Gradients ------------------------------------------------------------------------------------


def test_gradients_are_sparse_with_unique_sorted_ids():
    """Sparse: unique sorted ids, summed rows, and dense on request."""
    one = layer()
    _, context = one.forward([2, 0, 2])
    grad = one.backward(context, np.ones((3, 3), "float32")).weights["embeddings"]
    assert isinstance(grad, SparseGrad) and grad.ids.tolist() == [0, 2]
    assert grad.rows[:, 0].tolist() == [1.0, 2.0] and not grad.to_dense()[1].any()


def test_gradients_scale_grad_by_freq():
    """scale_grad_by_freq divides by how often a word came in the batch."""
    grads = table_gradient(layer(scale_grad_by_freq=True), [2, 2, 2, 1])
    assert grads[[1, 2], 0].tolist() == [1.0, 1.0]


def test_gradients_max_norm_shortens_looked_up_rows_in_place():
    """max_norm shortens the rows that are read, in place, and no others."""
    one = layer(max_norm=1.0)
    one([3])
    assert np.linalg.norm(one.table.value[3]) == pytest.approx(1.0)
    assert np.array_equal(one.table.value[:3], TABLE[:3])


def test_gradients_a_constraint_holds_after_a_step():
    """A constraint holds for the whole table after a step; by rows on request."""
    for axis, along in ((0, 0), ("rows", 1)):
        one = layer(embeddings_constraint=constraints.UnitNorm(axis))
        one.build()
        SGD(0.0).apply([np.zeros((4, 3))], [one.table])
        norms = np.linalg.norm(one.table.value, axis=along)
        assert np.allclose(norms[norms > 0], 1, atol=1e-5)


def test_gradients_of_a_regularizer():
    """A regularizer weighs the whole table, and A and B where there are adapters."""
    one = layer(embeddings_regularizer="l2")
    assert one.losses[0] == pytest.approx(0.01 * (TABLE**2).sum())
    one.enable_lora(1)
    assert len(one.losses) == 2 and one.losses[1] == 0


def test_gradients_first_step_of_four_optimizers():
    """Four optimizers, Keras's numbers: the first step of each."""
    for rule, moved in (
        (SGD(0.5), -1.0),
        (Adam(0.5), -0.5),
        (RMSprop(0.5), -0.5 / 0.1**0.5),
        (Adagrad(0.5), -1.0 / 4.1**0.5),
    ):
        assert table_after_steps(2.0, rule, 1)[0].tolist() == pytest.approx([0, moved, 0], abs=1e-5)


def test_gradients_dense_and_lazy_updates():
    """Dense, a row without a gradient still moves by momentum; lazy, it stays."""
    for kind, stays in (("dense", False), ("lazy", True)):
        first, second = table_after_steps(1.0, SGD(1.0, 0.5, sparse_update=kind))
        assert (first[1] == second[1]) == stays and second[2] == -1.0


def test_gradients_bags_empty_mean_and_tied_maximum():
    """An empty bag is 0; a mean omits padding; the gradient of a tie goes to the first."""
    for mode in ("sum", "mean", "max"):
        bag = EmbeddingBag(4, 3, mode, weights=TABLE, padding_idx=0)
        assert bag([1, 3], offsets=[0, 0]).tolist()[0] == [0.0] * 3
    mean = EmbeddingBag(4, 3, "mean", weights=TABLE, padding_idx=0)
    assert mean([[0, 1, 3]]).tolist() == [((TABLE[1] + TABLE[3]) / 2).tolist()]
    tie = EmbeddingBag(3, 2, "max", weights=np.ones((3, 2)))
    assert table_gradient(tie, [[2, 1]])[:, 0].tolist() == [0.0, 0.0, 1.0]


def test_gradients_bags_check_offsets():
    """Bags refuse a first offset above 0, and offsets beside rows of ids."""
    bag = EmbeddingBag(4, 3, weights=TABLE)
    for ids, offsets in (([1, 2], [1]), ([[1, 2]], [0])):
        with fails(ValueError, "offsets"):
            bag(ids, offsets=offsets)


def test_gradients_bag_weights_with_sum_and_mean_only():
    """Weights of a bag work with sum and mean, and not with max."""
    for mode, expected in (("sum", 6.0), ("mean", 3.0)):
        bag = EmbeddingBag(4, 1, mode, weights=np.ones((4, 1)))
        assert bag([[0, 1]], per_sample_weights=[[2.0, 4.0]]).tolist() == [[expected]]
    with fails(ValueError, "weights"):
        EmbeddingBag(4, 1, "max")([[0, 1]], per_sample_weights=[[2.0, 4.0]])


def test_gradients_agree_with_central_differences():
    """Checked against differences."""
    gradcheck(Embedding(5, 2, dtype="float64", seed=1), [[1, 1, 4]])


# LoRA -----------------------------------------------------------------------------------------


def test_lora_forward_formula():
    """Rows are table[ids] + alpha / rank * A[ids] @ B, in float32."""
    one = layer(lora_rank=2, lora_alpha=6.0)
    lora = one.adapters["default"]
    lora.b.assign(np.ones((2, 3)))
    expected = TABLE[[1, 3]] + 3.0 * lora.a.value[[1, 3]] @ lora.b.value
    assert np.allclose(one([1, 3]), expected) and lora.a.dtype == "float32"


def test_lora_memory_of_a_lookup_does_not_grow_with_the_table():
    """The memory of a lookup grows with the words, never with the table."""
    one = Embedding(50_000, 64, "zeros", lora_rank=2)
    one([1])
    assert peak_bytes(lambda: one([1, 2, 3])) < 50_000  # the whole step would be 12.8 million bytes


def test_lora_alpha_and_weights_in_the_constructor():
    """Alpha in the constructor is kept, and weights= is allowed with a rank."""
    assert layer(lora_rank=2, lora_alpha=8.0).get_config()["lora_alpha"] == 8.0


def test_lora_trains_on_after_save_and_load():
    """After saving and loading the weights move, and alpha is what it was."""

    def model():
        result = Sequential(
            [
                Embedding(6, 3, lora_rank=2, lora_alpha=8.0, input_length=2, seed=1),
                Flatten(),
                Dense(1),
            ]
        )
        result.compile(SGD(0.1), "mse")
        return result

    ids, aims = np.array([[1, 2], [3, 4]]), np.ones((2, 1))
    first = model()
    first.fit(ids, aims, epochs=2, verbose=0)
    with tempfile.TemporaryDirectory() as folder:
        first.save(Path(folder, "m.keras"))
        again = load_model(Path(folder, "m.keras"))
    lora = again.layers[0].adapters["default"]
    assert lora.alpha == 8.0 and np.array_equal(again.predict(ids), first.predict(ids))
    before = lora.a.numpy(), lora.b.numpy()
    again.fit(ids, aims * 3, epochs=2, verbose=0)
    assert not np.array_equal(lora.a.value, before[0])
    assert not np.array_equal(lora.b.value, before[1])


def test_lora_a_merged_file_of_keras_reinitializes_the_adapters():
    """A merged save of Keras starts again with A random and B zero."""
    one = layer(lora_rank=2, seed=1)
    one.adapters["default"].b.assign(np.ones((2, 3)))
    rows, store = one(range(4)), {}
    one.save_own_variables(store)
    assert list(store) == ["0"]
    one.load_own_variables(store)
    lora = one.adapters["default"]
    assert np.allclose(one(range(4)), rows) and lora.a.value.all() and not lora.b.value.any()


def test_lora_the_table_stays_frozen_when_the_layer_is_unfrozen():
    """Freezing and thawing the layer leaves the table frozen."""
    one = layer(lora_rank=1)
    one.trainable = False
    one.trainable = True
    assert [w.name for w in one.trainable_weights] == ["lora_embeddings_a", "lora_embeddings_b"]


def test_lora_on_codes_gives_effective_float_embeddings():
    """With codes, embeddings are dequantized floats; codes and scales are separate weights."""
    one = layer(lora_rank=1, seed=1)
    one.adapters["default"].b.assign(np.ones((1, 3)))
    before = np.asarray(one.embeddings)
    one.quantize("int8")
    assert np.allclose(one.embeddings, before, atol=0.05) and one.quantized.codes.dtype == np.int8


def test_lora_checks_the_rank():
    """A rank below 1 is refused, and one that is not low is warned of."""
    for bad in (0, -1):
        with fails(ValueError, "rank"):
            layer().enable_lora(bad)
    with pytest.warns(UserWarning, match="low"):
        layer().enable_lora(4)


def test_lora_refusals():
    """Refused with a constraint, before build, and twice."""
    one = layer(lora_rank=1)
    for action, message in (
        (
            lambda: layer(embeddings_constraint="non_neg").enable_lora(1),
            "incompatible with embedding constraints",
        ),
        (lambda: Embedding(4, 3).enable_lora(1), "isn't yet built"),
        (lambda: one.enable_lora(1), "lora is already enabled"),
    ):
        with fails(ValueError, message):
            action()


def test_lora_adapters_are_named_switched_merged_and_removed():
    """Adapters have names; they can be deactivated, merged, unmerged and removed."""
    one = layer(lora_rank=1, seed=1)
    slang = one.add_adapter("slang", 2, 4.0, rslora=True)
    slang.b.assign(np.ones((2, 3)))
    assert slang.scale == pytest.approx(4 / 2**0.5)
    full = one(range(4))
    one.set_active("default")
    assert np.array_equal(one(range(4)), TABLE)
    one.set_active(["default", "slang"])
    one.merge(safe=True)
    assert np.allclose(one(range(4)), full) and one.active_adapters == ()
    one.unmerge()
    assert np.allclose(one(range(4)), full) and np.allclose(one.table.value, TABLE, atol=1e-5)
    one.remove("slang")
    assert np.allclose(one(range(4)), TABLE, atol=1e-5) and list(one.adapters) == ["default"]


def test_lora_a_shrinks_as_the_vocabulary_grows():
    """A shrinks as the vocabulary grows, for its fan-in is V."""
    small, large = (Embedding(v, 8, lora_rank=4, seed=1) for v in (10, 1000))
    for one in (small, large):
        one.build()
    sizes = [np.abs(one.adapters["default"].a.value).max() for one in (small, large)]
    assert sizes[0] / sizes[1] == pytest.approx(10, rel=0.1)


def test_lora_one_trained_id_moves_every_row():
    """One trained word moves every row, and with A at zero only its own."""
    for start, moves in (("he_uniform", 4), ("zeros", 1)):
        one = layer(seed=1)
        one.enable_lora(2, a_initializer=start, b_initializer="ones" if moves == 1 else "zeros")
        for _ in range(2):
            _, context = one.forward([1])
            grads = one.backward(context, np.ones((1, 3), "float32")).weights
            named = one.named_weights()
            SGD(0.1).apply(list(grads.values()), [named[name] for name in grads])
        assert (np.abs(one(range(4)) - TABLE).max(axis=1) > 1e-6).sum() == moves


# Quantization ---------------------------------------------------------------------------------


def test_quantization_int8_formula():
    """Int8: q = round(w * 127 / (max + 1e-7)), back q / scale, by row."""
    one = layer()
    one.quantize("int8")
    scale = 127 / (np.abs(TABLE).max(axis=1) + 1e-7)
    assert np.allclose(one.quantized.scale, scale)
    assert np.array_equal(one.quantized.codes, np.round(TABLE * one.quantized.scale[:, None]))
    assert np.allclose(one(range(4)), one.quantized.codes / one.quantized.scale[:, None])


def test_quantization_a_lookup_dequantizes_the_rows_it_reads():
    """A lookup makes floats of the rows it reads, and of no others."""
    for mode in ("int8", "int4"):
        one = Embedding(50_000, 64)
        one.build()
        one.quantize(mode)
        one([1])
        assert peak_bytes(lambda one=one: one([1, 2, 3])) < 50_000


def test_quantization_a_zero_row_stays_zero():
    """A row of zeros stays exactly zero."""
    for mode in ("int8", "int4"):
        one = Embedding(2, 5, "zeros")
        one.build()
        one.quantize(mode)
        assert not one([0, 1]).any()


def test_quantization_int4_packs_two_codes_a_byte():
    """Int4: two codes a byte along the last axis, the low half first, odd D too."""
    one = Embedding(1, 3, weights=[[7.0, -7.0, 3.0]])
    one.quantize("int4", config=Int4QuantizationConfig(block_size=None))
    codes = one.quantized.codes.view(np.uint8)
    low, high = codes[0] & 15, codes[0] >> 4
    assert (low.tolist(), int(high[0])) == ([7, 3], 16 - 7) and codes.shape == (1, 2)


def test_quantization_int4_in_blocks_formula():
    """Int4 in blocks: w = (q - zero) * scale, and the default block is 128."""
    one = Embedding(2, 200, "normal", seed=1)
    one.build()
    before = one.table.numpy()
    one.quantize("int4")
    assert one.quantized.scale.shape == one.quantized.zero.shape == (2, 2)
    step = np.repeat(one.quantized.scale, 128, 1)[:, :200]
    assert (np.abs(one([0, 1]) - before) <= 0.51 * step).all()


def test_quantization_a_block_of_one_sign_is_within_half_a_step():
    """A block of one sign is right to half a step, a constant one too."""
    one = Embedding(2, 4, weights=[[1.0] * 4, [3.0, 4.0, 5.0, 6.0]])
    one.quantize("int4", config=Int4QuantizationConfig(block_size=4))
    error = np.abs(one([0, 1]) - [[1.0] * 4, [3.0, 4.0, 5.0, 6.0]])
    assert (error <= 0.51 * one.quantized.scale).all()


def test_quantization_codes_get_no_gradient_but_adapters_do():
    """Codes get no gradient, adapters do."""
    one = layer(lora_rank=1)
    one.quantize("int8")
    _, context = one.forward([1])
    grads = one.backward(context, np.ones((1, 3), "float32")).weights
    assert set(grads) == {"lora_embeddings_a", "lora_embeddings_b"}


def test_quantization_report():
    """A report has errors by row, cosines, the worst rows, and bytes."""
    one = layer()
    one.quantize("int8")
    report = one.quantization_report()
    assert report.worst[0] == report.largest_error.argmax() and report.cosine.shape == (4,)
    assert (report.largest_error <= report.half_step * 1.001).all()
    assert (report.bytes_before, report.bytes_after) == (48, 4 * 3 + 4 * 4)


def test_quantization_refusals():
    """Refused unbuilt, twice, in an unknown mode, int8 at half precision."""
    embedding = layer()
    embedding.quantize("int8")
    for action, message in (
        (lambda: Embedding(4, 3).quantize("int8"), "isn't yet built"),
        (lambda: embedding.quantize("int8"), "is already quantized with dtype_policy="),
        (lambda: layer().quantize("int3"), "Invalid quantization mode"),
        (lambda: layer(dtype="float16").quantize("int8"), "float16"),
    ):
        with fails(ValueError, message):
            action()


def test_quantization_not_implemented():
    """Subclasses and float8 are not built, unless the check is waived."""

    class Subclass(Embedding):
        pass

    with fails(NotImplementedError, "subclass"):
        Subclass(4, 3, weights=TABLE).quantize("int8")
    Subclass(4, 3, weights=TABLE).quantize("int8", type_check=False)
    with fails(NotImplementedError, "float8"):
        layer().quantize("float8")


# Files ----------------------------------------------------------------------------------------


def test_files_a_store_has_the_arrays_of_keras_in_order():
    """A store has Keras's arrays in Keras's order."""
    for mode, block, names in (
        (None, None, ["embeddings"]),
        ("int8", None, ["embeddings", "embeddings_scale"]),
        ("int4", None, ["embeddings", "embeddings_scale"]),
        ("int4", 2, ["embeddings", "embeddings_scale", "embeddings_zero", "g_idx"]),
    ):
        one, store = layer(), {}
        if mode:
            config = Int4QuantizationConfig(block_size=block) if mode == "int4" else None
            one.quantize(mode, config=config)
        one.save_own_variables(store)
        assert list(store) == [str(n) for n in range(len(names))]
        assert [v.name for v in one.weights] == names
        assert all(np.array_equal(store[str(n)], v) for n, v in enumerate(one.weights))


def test_files_whole_models_are_restored():
    """Whole models are restored with their adapters and every number."""
    model = Sequential([Embedding(6, 3, lora_rank=2, input_length=2, seed=1), Flatten(), Dense(1)])
    model.layers[0].add_adapter("slang", 1, 3.0).b.assign(np.ones((1, 3)))
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder, "m.keras"))
        again = load_model(Path(folder, "m.keras"))
    assert again.layers[0].adapters["slang"].alpha == 3.0
    for weight, restored in zip(model.weights, again.weights, strict=True):
        assert np.array_equal(weight.value, restored.value)


def test_files_damaged_ones_are_refused():
    """A damaged file is refused in one line, and the model stays as it was."""
    model = Sequential([Embedding(6, 3, input_length=2, seed=1)])
    before = model.get_weights()[0]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "m.weights.h5")
        model.save_weights(path)
        path.write_bytes(path.read_bytes()[:-100])
        with pytest.raises(FileRefused):
            model.load_weights(path)
        with fails(ValueError, "shape|variables"):
            other = Sequential([Embedding(7, 3, input_length=2)])
            other.save_weights(path)
            model.load_weights(path)
    assert np.array_equal(model.get_weights()[0], before)


def test_files_nothing_in_a_file_is_executed():
    """Nothing in a file is executed: a pickle and a lambda are refused."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "m.keras")
        path.write_bytes(pickle.dumps(print))
        with fails(FileRefused, "a pickle, which could execute anything"):
            load_model(path)
        Sequential([Embedding(6, 3, input_length=2)]).save(path)
        replace_in_config(path, '"class_name": "Embedding"', '"class_name": "Lambda"')
        with fails(FileRefused, "code in a file is never executed"):
            load_model(path)


def test_files_wrong_sizes_are_refused():
    """A size that the weights do not have is refused before it is allocated."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "m.keras")
        Sequential([Embedding(6, 3, input_length=2)]).save(path)
        replace_in_config(path, '"input_dim": 6', f'"input_dim": {1 << 40}')

        def read():
            with fails(FileRefused, "must fit into what is announced|must fit into memory"):
                load_model(path)

        assert peak_bytes(read) < 1 << 20


def test_files_a_crash_while_writing_leaves_the_old_file():
    """A crash while writing leaves the old file whole."""

    class Bomb(Embedding):
        def save_own_variables(self, store):
            raise KeyboardInterrupt

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "m.weights.h5")
        Sequential([Embedding(6, 3, input_length=2)]).save_weights(path)
        before = path.read_bytes()
        with pytest.raises(KeyboardInterrupt):
            Sequential([Bomb(6, 3, input_length=2)]).save_weights(path)
        assert path.read_bytes() == before and [p.name for p in path.parent.iterdir()] == [
            path.name
        ]

"""A mask's trace: lost where Keras loses it, and the loss wrong by the factor shown."""

import dataclasses

import numpy as np
import pytest

from embedlab.core.checks import ShapeError
from embedlab.initializers import GlorotUniform
from embedlab.layers import (
    LSTM,
    Conv1D,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    GlobalAveragePooling1D,
    GlobalMaxPooling1D,
    Layer,
    Masking,
    Reshape,
)
from embedlab.losses import LogCosh
from embedlab.models import Sequential
from embedlab.traces.mask import reason_mask_is_lost, trace_mask

IDS = np.array([[3, 4, 0, 0], [5, 1, 2, 0], [6, 7, 1, 2]])


def words(mask_zero=True):
    return Embedding(8, 3, mask_zero=mask_zero, name="words", seed=1, dtype="float64")


def mean():
    return GlobalAveragePooling1D(name="mean", dtype="float64")


def verdicts(trace):
    return [stage.status for stage in trace.stages]


def test_a_mask_that_arrives_gives_the_unpadded_loss():
    trace = trace_mask([words(), mean()], IDS, 1.0)
    assert verdicts(trace) == ["made", "consumed"] and trace.lost_at is None
    np.testing.assert_allclose(trace.factor, 1.0)
    assert trace.loss_unmasked != pytest.approx(trace.loss, rel=1e-4)
    assert "without padding." in trace.sentence
    np.testing.assert_array_equal(trace.row_0, 0)  # padding is behind the mask: nothing comes back
    assert np.abs(trace.row_0_unmasked).max() > 0


@pytest.mark.parametrize(
    "layer",
    [
        Reshape((-1, 3), name="loser"),
        Conv1D(3, 1, kernel_initializer=GlorotUniform(seed=2), name="loser", dtype="float64"),
    ],
    ids=["Reshape", "Conv1D"],
)
def test_a_mask_is_lost_where_keras_loses_it(layer):
    trace = trace_mask([words(), layer, mean()], IDS, 1.0)
    assert verdicts(trace) == ["made", "lost here", "none"] and trace.lost_at == "loser"
    assert trace.loss == trace.loss_unmasked
    np.testing.assert_allclose(trace.factor, trace.loss / trace.loss_reference)
    assert abs(trace.factor - 1) > 1e-3
    percent = f"{abs(100 * (trace.factor - 1)):.1f} %"
    assert f"lost at loser. The loss is {percent} too" in trace.sentence
    np.testing.assert_array_equal(trace.row_0, trace.row_0_unmasked)


def test_unpadded_reference_of_every_layer():
    layers = [words(), Reshape((-1, 3), name="loser"), mean()]
    trace = trace_mask(layers, [[3, 4, 0, 0], [0, 0, 0, 0], [6, 0, 0, 0]], 1.0)
    table = layers[0].get_weights()[0]
    assert trace.pooled_at == 2
    first, none, last = trace.stages[2].reference
    np.testing.assert_allclose(first, table[[3, 4]].mean(0))
    np.testing.assert_allclose(last, table[6])
    assert none is None and trace.stages[0].reference[0].shape == (2, 3)
    np.testing.assert_array_equal(
        trace.row_0_reference, 0
    )  # nobody reads row 0: computed, not assumed
    assert np.abs(trace.row_0).max() > 0


def test_the_factor_by_hand():
    table = np.array([[2.0], [0.0], [0.0], [3.0]])
    embedding = Embedding(4, 1, weights=[table], mask_zero=True, dtype="float64")
    layers = [embedding, Reshape((-1, 1)), mean()]
    trace = trace_mask(layers, [[3, 0], [3, 3]])
    assert trace.loss == (2.5**2 + 3**2) / 2 and trace.loss_reference == 9.0
    assert trace.factor == trace.loss / 9
    np.testing.assert_allclose(trace.row_0, 2.5 / 2)  # 2 · 2.5 / 2 sequences, half of it to row 0


def test_the_pooled_vector_is_the_mean_of_the_words():
    layers = [words(), mean()]
    trace = trace_mask(layers, IDS)
    table = layers[0].get_weights()[0]
    np.testing.assert_allclose(trace.stages[-1].values[0], table[[3, 4]].mean(0))
    np.testing.assert_allclose(trace.stages[-1].unmasked[0], table[[3, 4, 0, 0]].mean(0))


def test_layers_keep_and_consume_as_in_keras():
    layers = [
        words(),
        Dropout(0.5, name="drop"),
        LSTM(3, return_sequences=True, name="rnn"),
        Dense(2, name="each"),
        GlobalMaxPooling1D(name="max"),
    ]
    assert verdicts(trace_mask(layers, IDS)) == ["made", "kept", "kept", "kept", "lost here"]
    last = [words(), LSTM(3, name="rnn", dtype="float64"), Dense(1, name="out", dtype="float64")]
    trace = trace_mask(last, IDS)
    assert verdicts(trace) == ["made", "consumed", "none"]
    np.testing.assert_allclose(trace.factor, 1.0)


def test_a_mask_that_reaches_the_loss_omits_padding():
    trace = trace_mask([words(), Dense(3, name="each", dtype="float64")], IDS, 1.0)
    assert verdicts(trace) == ["made", "kept"]
    np.testing.assert_allclose(trace.factor, 1.0, rtol=1e-6)  # Keras's mean adds 1e-7 below
    assert trace.stages[-1].mask.tolist() == (IDS != 0).tolist()


def test_pre_padding_and_padding_inside():
    for ids in ([[0, 0, 3, 4]], [[3, 0, 4, 0]]):
        trace = trace_mask([words(), mean()], ids)
        np.testing.assert_allclose(trace.factor, 1.0)


def test_no_mask_at_all():
    trace = trace_mask([words(False), mean()], IDS)
    assert verdicts(trace) == ["none", "none"] and "No layer makes a mask" in trace.sentence
    assert trace.loss == trace.loss_unmasked and trace.factor != 1


def test_a_model_of_one_length_has_no_reference():
    layers = [words(), Flatten(name="flat"), Dense(2, name="out", dtype="float64")]
    trace = trace_mask(Sequential(layers, strict_masks="ignore"), IDS)
    assert trace.lost_at == "flat"
    assert trace.loss_reference is None and trace.factor is None
    assert "cannot run" in trace.no_reference and trace.no_reference in trace.sentence
    assert "without padding none" in trace.summary


def test_padding_alone_and_an_own_loss():
    trace = trace_mask([words(), mean()], [[0, 0]])
    assert trace.loss_reference is None and "no word" in trace.sentence
    log_cosh = trace_mask([words(), mean()], IDS, 1.0, loss=LogCosh(dtype="float64"))
    np.testing.assert_allclose(log_cosh.factor, 1.0)


def test_a_masking_layer_makes_one_too():
    trace = trace_mask([words(False), Masking(0.0, name="masking"), mean()], IDS)
    assert verdicts(trace) == ["none", "made", "consumed"]


def test_masking_replaces_the_mask():
    layers = [words(), Masking(0.0, name="masking"), mean()]  # row 0 of the table is not zero …
    trace = trace_mask(layers, IDS, 1.0)
    assert verdicts(trace) == ["made", "replaced", "consumed"]
    assert trace.stages[1].mask.all() and trace.loss == trace.loss_unmasked  # … so all are words
    table = layers[0].get_weights()[0]
    table[0] = 0
    layers[0].set_weights([table])
    assert verdicts(trace_mask(layers, IDS, 1.0)) == ["made", "kept", "consumed"]


def test_the_layer_that_loses_it_says_why():
    layers = [words(), Flatten(name="flat")]
    stages = trace_mask(layers, IDS).stages
    assert stages[0].reason == "" and stages[1].reason.startswith(
        "Flatten puts all positions into one"
    )
    assert "neither takes a mask" in reason_mask_is_lost(Layer(name="own"))


def test_a_nan_loss_is_reported():
    table = np.ones((8, 3))
    table[3, 0] = np.nan
    layers = [Embedding(8, 3, weights=[table], mask_zero=True, dtype="float64"), mean()]
    assert trace_mask(layers, IDS).sentence == "No layer loses it. The loss is NaN."


def test_a_flat_vector_has_another_length_without_padding():
    trace = trace_mask([words(), Flatten(name="flat")], IDS)
    assert (
        trace.loss_reference is None and "gives (6,) numbers, with it (12,)" in trace.no_reference
    )
    assert trace.stages[1].reference == ()


def test_read_only_and_by_value():
    ids, layers = IDS.copy(), [words(), mean()]
    before = trace_mask(layers, ids)
    ids[:] = 1
    layers[0].embeddings.assign(np.zeros((8, 3)))
    assert before.ids.tolist() == IDS.tolist() and before.stages[0].values.any()
    arrays = [getattr(before, field.name) for field in dataclasses.fields(before)]
    arrays += [a for s in before.stages for a in (s.values, s.unmasked, s.mask, *s.reference)]
    assert all(not h.flags.writeable for h in arrays if isinstance(h, np.ndarray))
    with pytest.raises(dataclasses.FrozenInstanceError):
        before.loss = 0.0


def test_words_are_deterministic():
    make = lambda: trace_mask([words(), mean()], IDS)
    assert make().summary == make().summary and "words: mask made" in make().alt
    assert "0x" not in repr(make())


def test_bad_arguments_are_refused():
    with pytest.raises(ShapeError, match=r"two axes \(B, T\)"):
        trace_mask([words(), mean()], [1, 2])
    with pytest.raises(ShapeError, match=r"target must fit the output, \(3, 3\)"):
        trace_mask([words(), mean()], IDS, np.zeros(7))

"""No masked or ruled-out value reaches a result: in no loss, metric, pooling, softmax or bag.

Every test spoils what does not count with NaN and infinities, and requires the numbers of the same
data without it: removed, not merely set to zero.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedlab import activations, layers, losses
from embedlab.core import bag as bags_of
from embedlab.core import mask as masks
from embedlab.core.gradient import coalesce, grad_table
from embedlab.metrics import Accuracy
from embedlab.models import Sequential

pytestmark = pytest.mark.filterwarnings("ignore:y_pred must have two classes:SyntaxWarning")

BAD = (np.nan, np.inf, -np.inf)
OPTIONS = {
    "BinaryCrossentropy": [{}, {"from_logits": True}],
    "CategoricalCrossentropy": [{}, {"from_logits": True}],
    "SparseCategoricalCrossentropy": [{}, {"from_logits": True}],
}
LOSSES = [(cls, options) for cls in losses.CLASSES for options in OPTIONS.get(cls.__name__, [{}])]
REDUCTIONS = ("sum_over_batch_size", "sum", None)
RECURRENT = (layers.SimpleRNN, layers.GRU, layers.LSTM)

sizes = st.tuples(st.integers(1, 4), st.integers(1, 6), st.integers(1, 5))
seeds = st.integers(0, 2**32 - 1)
bad = st.sampled_from(BAD)
many = settings(max_examples=40)


def draw_mask(seed, shape):
    """Return a generator, a mask (B, T) that may be true or false everywhere, and values."""
    rng = np.random.default_rng(seed)
    mask = rng.random(shape[:2]) < rng.choice([0.0, 0.3, 0.7, 1.0])
    return rng, mask, rng.normal(size=shape)


def spoiled(values, mask, bad):
    """Return a copy of `values` that is `bad` where `mask` is false."""
    values = np.array(values, float)
    values[~mask] = bad
    return values


def targets_of(cls, rng, shape):
    if cls is losses.SparseCategoricalCrossentropy:
        return rng.integers(0, shape[-1], shape[:2])
    if cls is losses.CategoricalCrossentropy:
        return np.eye(shape[-1])[rng.integers(0, shape[-1], shape[:2])]
    return rng.integers(0, 2, shape).astype(float)


@pytest.mark.one_in(3)
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize(("cls", "options"), LOSSES)
@given(shape=sizes, seed=seeds, bad=bad)
@many
def test_losses_and_their_gradients(cls, options, reduction, shape, seed, bad):
    rng, mask, _ = draw_mask(seed, shape)
    y_true, y_pred = targets_of(cls, rng, shape), rng.uniform(0.05, 0.95, shape)
    loss = cls(**options, reduction=reduction, dtype="float64")
    want, slope = loss(y_true[mask], y_pred[mask]), loss.grad(y_true[mask], y_pred[mask])
    y_true, y_pred = spoiled(y_true, mask, bad), spoiled(y_pred, mask, bad)
    value, grad = loss(y_true, y_pred, mask), loss.grad(y_true, y_pred, mask)
    if reduction is None:
        assert not value[~mask].any()
        value = value[mask]
    near = {"rtol": 1e-6, "atol": 1e-12}  # Keras's mean divides by the valid values and 1e-7
    np.testing.assert_allclose(value, want, **near)
    np.testing.assert_allclose(grad[mask], slope, **near)
    assert not grad[~mask].any()


@pytest.mark.parametrize("onehot", [False, True])
@given(rows=st.integers(1, 5), classes=st.integers(2, 7), seed=seeds)
@many
def test_classes_that_are_ruled_out_of_a_crossentropy(onehot, rows, classes, seed):
    rng = np.random.default_rng(seed)
    logits, labels = 3 * rng.normal(size=(rows, classes)), rng.integers(0, classes, rows)
    allowed = rng.random((rows, classes)) < 0.5
    allowed[np.arange(rows), labels] = True
    ruled_out = np.where(allowed, logits, -np.inf)
    if onehot:
        loss = losses.CategoricalCrossentropy(True, reduction=None, dtype="float64")
        y_true = np.eye(classes)[labels]
    else:
        loss = losses.SparseCategoricalCrossentropy(True, reduction=None, dtype="float64")
        y_true = labels
    values, grad = loss(y_true, ruled_out), loss.grad(y_true, ruled_out)
    for row in range(rows):
        keep = allowed[row]
        place = np.flatnonzero(keep).searchsorted(labels[row])
        left = [np.eye(keep.sum())[place]] if onehot else [place]
        want = loss(left, logits[row : row + 1, keep])
        np.testing.assert_allclose(values[row], want[0], rtol=1e-12, atol=1e-12)
        slope = loss.grad(left, logits[row : row + 1, keep])
        np.testing.assert_allclose(grad[row, keep], slope[0], rtol=1e-12, atol=1e-12)
        assert not grad[row, ~keep].any()


@given(rows=st.integers(1, 5), columns=st.integers(1, 7), seed=seeds)
@many
def test_infinite_logits_that_are_right_add_nothing(rows, columns, seed):
    rng = np.random.default_rng(seed)
    logits, y_true = rng.normal(size=(rows, columns)), rng.integers(0, 2, (rows, columns))
    sure = rng.random((rows, columns)) < 0.4
    certain = np.where(sure, np.where(y_true == 1, np.inf, -np.inf), logits)
    loss = losses.BinaryCrossentropy(True, reduction=None, dtype="float64")
    each = np.where(sure, 0, np.logaddexp(0, logits) - y_true * logits)
    np.testing.assert_allclose(loss(y_true, certain), each.mean(axis=1), rtol=1e-9, atol=1e-12)
    grad = loss.grad(y_true, certain)
    assert np.isfinite(grad).all() and not grad[sure].any()


@pytest.mark.parametrize(
    "target_form", ["labels", "one-hot rows", "one probability", "one axis less"]
)
@given(shape=sizes, seed=seeds, bad=bad)
@many
def test_accuracy(target_form, shape, seed, bad):
    rng, mask, y_pred = draw_mask(seed, shape)
    if target_form in ("labels", "one-hot rows"):
        shape = (*shape[:2], shape[2] + 1)
        y_pred = rng.normal(size=shape)
        y_true = rng.integers(0, shape[-1], shape[:2])
        y_true = np.eye(shape[-1])[y_true] if target_form == "one-hot rows" else y_true
    else:
        y_pred = y_pred[..., :1]
        y_true = rng.integers(0, 2, y_pred.shape)
        y_true = y_true[..., 0] if target_form == "one axis less" else y_true
    with_mask, unmasked = Accuracy(), Accuracy()
    with_mask.update_state(spoiled(y_true, mask, bad), spoiled(y_pred, mask, bad), mask)
    unmasked.update_state(y_true[mask], y_pred[mask])
    assert with_mask.result() == unmasked.result()


# Pooling --------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@given(shape=sizes, seed=seeds, bad=bad)
@many
def test_sums_means_and_maxima_of_the_core(dtype, shape, seed, bad):
    _, mask, values = draw_mask(seed, shape)
    values = values.astype(dtype)
    dirty = spoiled(values, mask, bad).astype(dtype)
    pooled = masks.masked_sum(dirty, mask), masks.masked_mean(dirty, mask)
    largest, at = masks.masked_max(dirty, mask)
    for b, words in enumerate(mask):
        words_only = values[b : b + 1, words]
        assert np.array_equal(pooled[0][b : b + 1], masks.masked_sum(words_only))
        assert np.array_equal(pooled[1][b : b + 1], masks.masked_mean(words_only))
        assert np.array_equal(largest[b : b + 1], masks.masked_max(words_only)[0])
        assert words[at[b]].all() if words.any() else (at[b] == -1).all()
    grad_out = np.ones((shape[0], shape[2]), dtype)
    for grad in (
        masks.grad_masked_sum(mask, grad_out),
        masks.grad_masked_mean(mask, grad_out),
        masks.grad_masked_max(at, grad_out, shape[1]),
    ):
        assert np.isfinite(grad).all() and not grad[~mask].any()


@given(rows=st.integers(1, 6), columns=st.integers(1, 4), seed=seeds, bad=bad)
@many
def test_states_of_masked_steps(rows, columns, seed, bad):
    rng = np.random.default_rng(seed)
    mask, state, new = rng.random(rows) < 0.5, *rng.normal(size=(2, rows, columns))
    result = masks.keep_masked_state(mask, spoiled(new, mask, bad), state)
    assert np.array_equal(result, np.where(mask[:, None], new, state))
    unused = masks.keep_masked_state(mask, new, spoiled(state, ~mask, bad))
    assert np.array_equal(unused, result)


@given(shape=sizes, seed=seeds, bad=bad)
@many
def test_the_pooling_layer(shape, seed, bad):
    _, mask, values = draw_mask(seed, shape)
    layer = layers.GlobalAveragePooling1D(dtype="float64")
    out, context = layer.forward(spoiled(values, mask, bad), mask=mask)
    for b, words in enumerate(mask):
        words_only = values[b : b + 1, words]
        want = layer(words_only) if words.any() else np.zeros_like(out[b : b + 1])
        assert np.array_equal(out[b : b + 1], want)
    grad = layer.backward(context, np.ones_like(out)).inputs
    assert np.isfinite(grad).all() and not grad[~mask].any()


@given(shape=sizes, seed=seeds, bad=bad)
@many
def test_steps_that_masking_marks(shape, seed, bad):
    _, mask, values = draw_mask(seed, shape)
    layer = layers.Masking(bad, dtype="float64") if np.isinf(bad) else layers.Masking(9.0)
    dirty = spoiled(values, mask, layer.mask_value)
    out, marked, _ = layer.forward_with_mask(dirty)
    assert np.array_equal(marked, mask)
    assert np.array_equal(out, np.where(mask[..., None], values, 0).astype(out.dtype))


@pytest.mark.parametrize("kind", RECURRENT)
@given(shape=sizes, seed=seeds, bad=bad, sequences=st.booleans())
@settings(max_examples=25)
def test_recurrent_layers(kind, shape, seed, bad, sequences):
    rng, mask, values = draw_mask(seed, shape)
    layer = kind(3, return_sequences=sequences, dtype="float64")
    layer.build(shape)
    layer.set_weights([rng.normal(size=w.shape) for w in layer.weights])
    out, context = layer.forward(spoiled(values, mask, bad), mask=mask)
    grad_out = rng.normal(size=out.shape)
    gradients = layer.backward(context, grad_out)
    clean, context = layer.forward(values, mask=mask)
    expected_grads = layer.backward(context, grad_out)
    assert np.array_equal(out, clean) and not gradients.inputs[~mask].any()
    assert np.array_equal(gradients.inputs, expected_grads.inputs)
    assert all(np.array_equal(gradients.weights[k], w) for k, w in expected_grads.weights.items())
    if not sequences:
        for b, words in enumerate(mask):
            expected_out = layer(values[b : b + 1, words])
            np.testing.assert_allclose(out[b : b + 1], expected_out, rtol=1e-12, atol=1e-12)


# Softmax and bags -----------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@given(rows=st.integers(1, 5), classes=st.integers(1, 7), seed=seeds, bad=bad)
@many
def test_softmax(dtype, rows, classes, seed, bad):
    rng = np.random.default_rng(seed)
    x = (4 * rng.normal(size=(rows, classes))).astype(dtype)
    allowed = rng.random(x.shape) < rng.choice([0.0, 0.5, 1.0])
    ruled_out = spoiled(x, allowed, -np.inf).astype(dtype)
    shares, grad_out = activations.softmax(ruled_out), rng.normal(size=x.shape).astype(dtype)
    dirty = spoiled(grad_out, allowed, bad).astype(dtype)
    grad = activations.gradient(activations.softmax, ruled_out, shares, dirty)
    assert not shares[~allowed].any() and not grad[~allowed].any()
    near = {"float16": 2e-3, "float32": 1e-6, "float64": 1e-13}[dtype]
    for row, keep in enumerate(allowed):
        if keep.any():
            expected_shares = activations.softmax(x[row, keep])
            np.testing.assert_allclose(shares[row, keep], expected_shares, rtol=near, atol=near)
            want = activations.gradient(
                activations.softmax, x[row, keep], expected_shares, grad_out[row, keep]
            )
            np.testing.assert_allclose(grad[row, keep], want, rtol=10 * near, atol=10 * near)


def pooled(table, ids, starts, back, mode, weights, padding_idx):
    """Return bags, and the gradients of the table and of the weights (None without them)."""
    options = {"mode": mode, "weights": weights, "padding_idx": padding_idx}
    out = bags_of.bag(table, ids, starts, **options)
    bags = bags_of.parse_bags(table, ids, starts, **options)
    if mode == "max":
        winners = bags_of.bag_max(table, bags)[1]
        return out, bags_of.grad_bag_max(bags, winners, back, len(table)).to_dense(), None
    grad = bags_of.grad_bag(bags, back, len(table), mode=mode).to_dense()
    if weights is None:
        return out, grad, None
    return out, grad, bags_of.grad_bag_weights(table, bags, back, mode=mode)


@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
@given(
    rows=st.integers(1, 6),
    columns=st.sampled_from([1, 3, 8, 33]),
    lengths=st.lists(st.integers(0, 5), min_size=1, max_size=5),
    weighted=st.booleans(),
    seed=seeds,
    bad=bad,
)
@many
def test_padding_of_bags(mode, rows, columns, lengths, weighted, seed, bad):
    rng = np.random.default_rng(seed)
    ids, padding = rng.integers(0, rows, sum(lengths)), int(rng.integers(rows))
    table, back = rng.normal(size=(rows, columns)), rng.normal(size=(len(lengths), columns))
    weights = rng.normal(size=ids.size) if weighted and mode != "max" else None
    counts = ids != padding
    dirty = table.copy()
    dirty[padding] = bad
    factors = None if weights is None else np.where(counts, weights, bad)
    starts = np.cumsum([0, *lengths[:-1]])
    out, grad, by_weight = pooled(dirty, ids, starts, back, mode, factors, padding)

    bag_of = np.repeat(np.arange(len(lengths)), lengths)[counts]
    left = np.bincount(bag_of, minlength=len(lengths))
    weights_left = None if weights is None else weights[counts]
    starts = np.cumsum([0, *left[:-1]])
    want = pooled(table, ids[counts], starts, back, mode, weights_left, None)
    assert np.array_equal(out, want[0]) and np.array_equal(grad, want[1])
    if by_weight is not None:
        assert np.array_equal(by_weight[counts], want[2]) and not by_weight[~counts].any()


@given(rows=st.integers(1, 6), count=st.integers(0, 9), by_frequency=st.booleans(), seed=seeds)
@many
def test_gradients_of_padding(rows, count, by_frequency, seed):
    rng = np.random.default_rng(seed)
    ids, padding = rng.integers(0, rows, count), int(rng.integers(rows))
    back = rng.normal(size=(count, 3))
    dirty, counts = spoiled(back, ids != padding, np.nan), ids != padding
    want = grad_table(ids[counts], back[counts], rows, scale_grad_by_freq=by_frequency)
    for function in (grad_table, coalesce):
        grad = function(ids, dirty, rows, padding_idx=padding, scale_grad_by_freq=by_frequency)
        assert np.array_equal(grad if function is grad_table else grad.to_dense(), want)


# Whole models ---------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("end", ["pooling", "SimpleRNN", "LSTM", "steps"])
@given(rows=st.integers(1, 5), steps=st.integers(1, 5), seed=seeds, bad=bad)
@settings(max_examples=10)
def test_training_and_evaluating(end, optimizer, rows, steps, seed, bad):
    rng = np.random.default_rng(seed)
    ids = rng.integers(0, 4, (rows, steps))
    ids[0, 0] = 1  # something is there to learn
    target = rng.normal(size=(rows, steps, 2) if end == "steps" else (rows, 2))
    last = {
        "pooling": layers.GlobalAveragePooling1D,
        "SimpleRNN": lambda: layers.SimpleRNN(2),
        "LSTM": lambda: layers.LSTM(2),
        "steps": lambda: layers.GRU(2, return_sequences=True),
    }[end]
    runs, weights = [], None
    dirty = spoiled(target, ids != 0, bad) if end == "steps" else target
    for row, aim in ((0.0, target), (bad, dirty)):
        model = Sequential([layers.Embedding(4, 2, mask_zero=True), last()])
        model.compile(optimizer, "mse", metrics=["accuracy"])
        model.build((None, steps))
        weights = model.get_weights() if weights is None else weights
        weights[0][0] = row
        model.set_weights(weights)
        history = model.fit(ids, aim, batch_size=2, epochs=2, shuffle=False, verbose=0).history
        scores = model.evaluate(ids, aim, verbose=0)
        runs.append((history, scores, model.get_weights()))
    (history, scores, trained), (other, others, again) = runs
    assert history == other and scores == others
    assert np.isfinite(history["loss"]).all()
    assert np.array_equal(trained[0][1:], again[0][1:])
    assert all(np.array_equal(a, b) for a, b in zip(trained[1:], again[1:], strict=True))

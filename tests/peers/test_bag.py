"""Bags against PyTorch, forward and all gradients: random cases with empty bags and padding."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedlab.core.bag import bag, bag_max, grad_bag, grad_bag_max, grad_bag_weights, parse_bags
from embedlab.layers import EmbeddingBag

CASES = 700


def random_case(seed, ties):
    rng = np.random.default_rng(seed)
    rows, columns, count = (int(n) for n in rng.integers(1, 9, size=3))
    sizes = rng.integers(0, rng.integers(1, 20), size=count)
    ids = rng.integers(rows, size=sizes.sum())
    offsets = np.concatenate(([0], np.cumsum(sizes)))
    last = bool(rng.integers(2))
    table = rng.normal(size=(rows, columns)).astype(np.float32)
    if ties:
        table = np.round(table * 2) / 2
    back = rng.normal(size=(count, columns)).astype(np.float32)
    weights = rng.normal(size=ids.size).astype(np.float32)
    padding = int(rng.integers(rows)) if rng.integers(2) else None
    return rows, table, ids, offsets if last else offsets[:-1], last, back, weights, padding


@pytest.mark.parametrize("mode", ["sum", "mean", "max", "weighted sum"])
def test_forward_and_gradients(torch, mode):
    for case in range(CASES):
        rows, table, ids, offsets, last, back, weights, padding = random_case(case, mode == "max")
        weighted = mode == "weighted sum"
        plain = "sum" if weighted else mode
        w = torch.tensor(table, requires_grad=True)
        factors = torch.tensor(weights, requires_grad=True) if weighted else None
        theirs = torch.nn.functional.embedding_bag(
            torch.tensor(ids),
            w,
            torch.tensor(offsets),
            mode=plain,
            per_sample_weights=factors,
            include_last_offset=last,
            padding_idx=padding,
        )
        theirs.backward(torch.tensor(back))
        options = {"mode": plain, "include_last_offset": last, "padding_idx": padding}
        options["weights"] = weights if weighted else None
        ours = bag(table, ids, offsets, **options)
        np.testing.assert_allclose(
            ours, theirs.detach().numpy(), **close_to(ours), err_msg=f"{case=}"
        )
        bags = parse_bags(table, ids, offsets, **options)
        if mode == "max":
            grad = grad_bag_max(bags, bag_max(table, bags)[1], back, rows)
        else:
            grad = grad_bag(bags, back, rows, mode=plain)
        dense = grad.to_dense()
        np.testing.assert_allclose(dense, w.grad.numpy(), **close_to(dense), err_msg=f"{case=}")
        if weighted:
            by_weight = grad_bag_weights(table, bags, back, mode=plain)
            np.testing.assert_allclose(
                by_weight, factors.grad.numpy(), **close_to(by_weight), err_msg=f"{case=}"
            )


@pytest.mark.parametrize("mode", ["sum", "mean"])
def test_scaled_by_frequency(torch, mode):
    """The oracle is a lookup scaled by frequency and then added up.

    PyTorch's own bags divide by the frequency of another id (2.13, CPU, dense: the counts are read
    at the number of the distinct id instead of its first position): ids 0 0 1 1 1 in one bag of
    gradient 1 give 1 and 1.5.
    """
    for case in range(300):
        rows, table, ids, offsets, last, back, _, _ = random_case(case, False)
        bags = parse_bags(table, ids, offsets, include_last_offset=last)
        w = torch.tensor(table, requires_grad=True)
        scaled_rows = torch.nn.functional.embedding(torch.tensor(ids), w, scale_grad_by_freq=True)
        sums = torch.zeros(back.shape).index_add(0, torch.tensor(bags.bag_of), scaled_rows)
        if mode == "mean":
            sums = sums / torch.tensor(np.maximum(np.diff(bags.starts), 1))[:, None]
        sums.backward(torch.tensor(back))
        grad = grad_bag(bags, back, rows, mode=mode, scale_grad_by_freq=True).to_dense()
        np.testing.assert_allclose(grad, w.grad.numpy(), **close_to(grad), err_msg=f"{case=}")


@st.composite
def calls(draw):
    """Return the arguments of a layer and of a call, as a user of either library may combine them.

    Ids are (B, T), or (N,) with offsets.
    """
    rows, columns = draw(st.integers(1, 6)), draw(st.sampled_from([1, 2, 9]))
    mode = draw(st.sampled_from(["sum", "mean", "max"]))
    layer = {
        "mode": mode,
        "padding_idx": draw(st.none() | st.integers(-rows, rows - 1)),
        "include_last_offset": draw(st.booleans()),
        "max_norm": draw(st.sampled_from([None, 0.5, 2.0])),
        "norm_type": draw(st.sampled_from([1.0, 2.0, 3.5])),
        "scale_grad_by_freq": mode != "max" and draw(st.booleans()),
    }
    ids = st.integers(0, rows - 1)
    offsets = None
    if draw(st.booleans()):
        lengths = draw(st.lists(st.integers(0, 4), min_size=1, max_size=4))
        flat = draw(st.lists(ids, min_size=sum(lengths), max_size=sum(lengths)))
        stops = lengths if layer["include_last_offset"] else lengths[:-1]
        shape, offsets = (len(flat),), np.cumsum([0, *stops])
    else:
        shape = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
        size = shape[0] * shape[1]
        flat = draw(st.lists(ids, min_size=size, max_size=size))
    weighted = mode == "sum" and draw(st.booleans())
    ids = np.array(flat, np.int64).reshape(shape)
    return rows, columns, layer, ids, offsets, weighted, draw(st.integers(0, 2**32 - 1))


@given(call=calls(), dtype=st.sampled_from(["float32", "float64"]))
@settings(max_examples=400)
def test_the_layer_under_all_its_options(torch, call, dtype):
    rows, columns, options, ids, offsets, weighted, seed = call
    rng = np.random.default_rng(seed)
    table = rng.normal(size=(rows, columns)).astype(dtype)
    layer = EmbeddingBag(rows, columns, weights=table, dtype=dtype, **options)
    theirs = torch.nn.EmbeddingBag(
        rows, columns, _weight=torch.tensor(table), dtype=getattr(torch, dtype), **options
    )
    assert layer.padding_idx == theirs.padding_idx
    factors = rng.normal(size=ids.shape).astype(dtype) if weighted else None
    torch_weights = None if factors is None else torch.tensor(factors, requires_grad=True)
    starts = None if offsets is None else torch.tensor(offsets)
    if offsets is None:  # of (B, T) PyTorch drops the last bag for it: pytorch issue 167974
        theirs.include_last_offset = False
    expected = theirs(torch.tensor(ids), starts, per_sample_weights=torch_weights)
    out, context = layer.forward(ids, offsets=offsets, per_sample_weights=factors)
    near = {"rtol": 2e-5, "atol": 2e-6} if dtype == "float32" else {"rtol": 1e-12, "atol": 1e-13}
    np.testing.assert_allclose(out, expected.detach().numpy(), **near)
    np.testing.assert_allclose(layer.embeddings.value, theirs.weight.detach().numpy(), **near)

    back = rng.normal(size=out.shape).astype(dtype)
    gradients = layer.backward(context, back)
    received = gradients.weights["embeddings"].to_dense()
    if options["scale_grad_by_freq"]:  # PyTorch's own bags read other counts, as above
        counts = np.bincount(ids.reshape(-1), minlength=rows).clip(1)
        theirs.scale_grad_by_freq = False
        expected = theirs(torch.tensor(ids), starts, per_sample_weights=torch_weights)
        expected.backward(torch.tensor(back))
        want = theirs.weight.grad.numpy() / counts[:, None]
    else:
        expected.backward(torch.tensor(back))
        want = theirs.weight.grad.numpy()
    np.testing.assert_allclose(received, want, **near)
    if weighted:
        np.testing.assert_allclose(gradients.inputs, torch_weights.grad.numpy(), **near)


@given(
    lengths=st.lists(st.integers(0, 4), min_size=1, max_size=4),
    behind=st.integers(1, 4),
    weighted=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_ids_behind_the_last_offset_lie_in_no_bag(torch, lengths, behind, weighted, seed):
    """PyTorch's kernels disagree about them; ours does as its quick one, for float32 sums.

    The others put them into the last bag, and the mean divides by all: pytorch issue 52851.
    """
    rng = np.random.default_rng(seed)
    ids, offsets = rng.integers(0, 5, sum(lengths) + behind), np.cumsum([0, *lengths])
    table = rng.normal(size=(5, 3)).astype(np.float32)
    factors = rng.normal(size=ids.size).astype(np.float32) if weighted else None
    want = torch.nn.functional.embedding_bag(
        torch.tensor(ids),
        torch.tensor(table),
        torch.tensor(offsets),
        mode="sum",
        per_sample_weights=None if factors is None else torch.tensor(factors),
        include_last_offset=True,
    )
    for mode in ("sum", "mean", "max") if factors is None else ("sum", "mean"):
        layer = EmbeddingBag(5, 3, mode, weights=table, include_last_offset=True)
        out, context = layer.forward(ids, offsets=offsets, per_sample_weights=factors)
        if mode == "sum":
            np.testing.assert_allclose(out, want.numpy(), rtol=1e-5, atol=1e-6)
        inside = slice(offsets[-1])
        weights_inside = None if factors is None else factors[inside]
        expected_out, expected_context = layer.forward(
            ids[inside], offsets=offsets, per_sample_weights=weights_inside
        )
        assert np.array_equal(out, expected_out)
        here, there = layer.backward(context, out), layer.backward(expected_context, out)
        dense = [g.weights["embeddings"].to_dense() for g in (here, there)]
        assert np.array_equal(*dense)
        if weighted:
            assert np.array_equal(here.inputs[inside], there.inputs)
            assert not here.inputs[offsets[-1] :].any()


@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_empty_bags_of_a_table_without_rows(torch, mode, dtype):
    for columns in (0, 1, 3):
        table, ids, offsets = np.zeros((0, columns), dtype), np.zeros(0, np.int64), np.array([0, 0])
        want = torch.nn.functional.embedding_bag(
            torch.tensor(ids), torch.tensor(table), torch.tensor(offsets), mode=mode
        )
        out = bag(table, ids, offsets, mode=mode)
        assert out.shape == tuple(want.shape) and out.dtype == dtype
        assert np.array_equal(out, want.numpy())


@given(rows=st.integers(1, 9), columns=st.integers(1, 9), padding=st.booleans(), last=st.booleans())
def test_a_maximum_cannot_be_scaled_by_frequency(torch, rows, columns, padding, last):
    options = {"scale_grad_by_freq": True, "include_last_offset": last}
    options["padding_idx"] = rows - 1 if padding else None
    with pytest.raises(ValueError, match="scal"):
        torch.nn.EmbeddingBag(rows, columns, mode="max", **options)(torch.tensor([[0]]))
    config = {**EmbeddingBag(rows, columns, "max").get_config(), **options}
    for make in (
        lambda: EmbeddingBag(rows, columns, "max", **options),
        lambda: EmbeddingBag(rows, columns, mode="max", **options),
        lambda: EmbeddingBag.from_config(config),
    ):
        with pytest.raises(ValueError, match=r"scale_grad_by_freq must be False .* True") as caught:
            make()
        assert "\n" not in str(caught.value)


def close_to(array):
    """Single precision, six digits of the largest sum: each side adds in an order of its own."""
    return {"rtol": 1e-6, "atol": 1e-6 * max(1, float(np.abs(array).max(initial=0)))}

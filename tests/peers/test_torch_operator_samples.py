"""PyTorch's own operator samples for embedding and embedding_bag, as they ship in its wheel.

`torch.testing._internal` keeps for every operator the inputs that PyTorch itself is tested with.
Each of them runs here through PyTorch and through the core: the rows, the table after `max_norm`,
the gradient of the table and that of the weights of a bag. Where the two differ on purpose:

* a negative `padding_idx`: the layers count it from the end, the core refuses it and names the rows
  it has, so the samples' -1 is handed to the core as V - 1;
* `scale_grad_by_freq` in a bag: PyTorch's dense CPU kernel reads the count of another id (see
  test_bag.py), so the peer is PyTorch's scaled lookup, added up;
* `scale_grad_by_freq` with sparse gradients: PyTorch refuses it going backward, so the peer is its
  dense gradient;
* float16: the core sums in float32 and rounds once, so the peer is PyTorch in float32;
* bfloat16: the core has none, because NumPy has none.
"""

import importlib
import os
import warnings

import numpy as np
import pytest

from embedlab.core.bag import bag, bag_max, grad_bag, grad_bag_max, grad_bag_weights, parse_bags
from embedlab.core.checks import ShapeError
from embedlab.core.gradient import coalesce, grad_table
from embedlab.core.lookup import lookup
from embedlab.core.max_norm import max_norm

NAMES = ("nn.functional.embedding", "nn.functional.embedding_bag")
DTYPES = ("float16", "float32", "float64")
SEEDS = range(3 if "EMBEDLAB_THOROUGH" in os.environ else 1)
SAMPLES = {"nn.functional.embedding": 13, "nn.functional.embedding_bag": 81}
"""How many a dtype and a seed have in the pinned PyTorch: fewer would be some left out."""


@pytest.fixture(scope="module")
def operators(torch):
    """Return PyTorch's descriptions of the operators by name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # theirs, at import
        module = importlib.import_module("torch.testing._internal.common_methods_invocations")
    return {op.name: op for op in module.op_db if op.name in NAMES}


def samples(torch, op, dtype):
    """Yield each sample of an operator, drawn anew for each seed.

    Its reference inputs contain its sample inputs; these two operators have no others.
    """
    for seed in SEEDS:
        torch.manual_seed(seed)
        for differentiable in (False, True):
            yield from op.reference_inputs(
                "cpu", getattr(torch, dtype), requires_grad=differentiable
            )


def leaf(tensor, dtype):
    """Return a copy of a tensor that collects its own gradient."""
    return tensor.detach().to(dtype).clone().requires_grad_()


def assert_close(received, expected, dtype):
    """Compare to the last digits of `dtype`, and require shape and dtype."""
    expected = expected.detach().numpy()
    assert received.shape == expected.shape
    assert received.dtype == dtype
    digits = {"float16": 2e-3, "float32": 2e-6, "float64": 1e-14}[dtype]
    largest = max(1, float(np.abs(expected).max(initial=0)))
    np.testing.assert_allclose(received, expected, rtol=digits, atol=digits * largest)


def limited(table, ids, options):
    """Return a copy of the table, its rows shortened where the sample asks for `max_norm`."""
    table = table.detach().numpy().copy()
    if options.get("max_norm") is not None:
        max_norm(table, ids, options["max_norm"], norm_type=options.get("norm_type", 2.0))
    return table


def row_of_padding(options, table):
    """Return the padding id counted from the front, or None."""
    padding = options.get("padding_idx")
    return None if padding is None else padding % len(table)


def gradient_of_rows(torch, rows, rng):
    return torch.tensor(rng.normal(size=rows.shape)).to(rows.dtype)


def check_lookup(torch, sample, dtype, rng):
    (ids,), options = sample.args, sample.kwargs
    wide = torch.float64 if dtype == "float64" else torch.float32
    weight = leaf(sample.input, wide)
    shortened = sample.input.detach().to(wide).clone()  # no leaf: `max_norm` writes into it
    expected = torch.nn.functional.embedding(ids, shortened, **options)
    table = limited(sample.input, ids.numpy(), options)
    received = lookup(table, ids.numpy())
    assert_close(received, expected, dtype)
    assert_close(table, shortened, dtype)

    grads = gradient_of_rows(torch, expected, rng)
    plain = {k: v for k, v in options.items() if k not in ("max_norm", "norm_type", "sparse")}
    torch.nn.functional.embedding(ids, weight, **plain).backward(grads)
    known = {
        "padding_idx": row_of_padding(options, table),
        "scale_grad_by_freq": options.get("scale_grad_by_freq", False),
    }
    arguments = (ids.numpy(), grads.numpy().astype(dtype), len(table))
    assert_close(grad_table(*arguments, **known), weight.grad, dtype)
    assert_close(coalesce(*arguments, **known).to_dense(), weight.grad, dtype)


def scaled_bag(torch, ids, weight, bags, mode, factors):
    """Return the bags as a lookup that is scaled by frequency and added up."""
    padding = None if bags.skip < 0 else bags.skip
    flat, of = ids.reshape(-1), torch.tensor(bags.bag_of)
    rows = torch.nn.functional.embedding(flat, weight, padding, scale_grad_by_freq=True)
    scale = (flat != bags.skip).to(weight.dtype)  # a row of padding is not in its bag
    if factors is not None:
        scale = scale * factors.reshape(-1)
    sums = torch.zeros(len(bags.starts) - 1, weight.shape[1], dtype=weight.dtype)
    sums = sums.index_add(0, of, rows * scale[:, None])
    if mode == "mean":
        sums = sums / torch.tensor(bags.counts()).clamp(min=1)[:, None]
    return sums


def check_bag(torch, sample, dtype, rng):
    (ids,), options = sample.args, dict(sample.kwargs)
    wide = torch.float64 if dtype == "float64" else torch.float32
    factors = options.pop("per_sample_weights", None)
    factors = None if factors is None else leaf(factors, wide)
    table = limited(sample.input, ids.numpy(), options)
    shortened = sample.input.detach().to(wide).clone()
    expected = torch.nn.functional.embedding_bag(
        ids, shortened, per_sample_weights=factors, **options
    )
    offsets, mode = options.get("offsets"), options["mode"]
    known = {
        "mode": mode,
        "weights": None if factors is None else factors.detach().numpy().astype(dtype),
        "padding_idx": row_of_padding(options, table),
        "include_last_offset": options.get("include_last_offset", False),
    }
    arguments = (table, ids.numpy(), None if offsets is None else offsets.numpy())
    received = bag(*arguments, **known)
    assert_close(received, expected, dtype)
    assert_close(table, shortened, dtype)

    weight = leaf(torch.tensor(table), wide)
    plain = {k: v for k, v in options.items() if k not in ("max_norm", "norm_type")}
    bags = parse_bags(*arguments, **known)
    grads = gradient_of_rows(torch, expected, rng)
    by_frequency = plain.pop("scale_grad_by_freq", False)
    if by_frequency:
        sums = scaled_bag(torch, ids, weight, bags, mode, factors)
    else:
        sums = torch.nn.functional.embedding_bag(ids, weight, per_sample_weights=factors, **plain)
    sums.backward(grads)
    back = grads.numpy().astype(dtype)
    if mode == "max":
        grad = grad_bag_max(bags, bag_max(table, bags)[1], back, len(table))
    else:
        grad = grad_bag(bags, back, len(table), mode=mode, scale_grad_by_freq=by_frequency)
    assert_close(grad.to_dense(), weight.grad.to_dense(), dtype)
    if factors is not None:
        by_weight = grad_bag_weights(table, bags, back, mode=mode)
        assert_close(by_weight, factors.grad.reshape(-1), dtype)


CHECKS = {NAMES[0]: check_lookup, NAMES[1]: check_bag}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_samples_agree(torch, operators, name, dtype):
    rng, count = np.random.default_rng(1), 0
    for sample in samples(torch, operators[name], dtype):
        try:
            CHECKS[name](torch, sample, dtype, rng)
        except Exception as error:
            error.add_note(f"sample {count}: {sample.summary()}")
            raise
        count += 1
    assert count == SAMPLES[name] * len(SEEDS)


def test_core_refuses_negative_padding():
    for call in (
        lambda: grad_table([0], np.ones((1, 2)), 3, padding_idx=-1),
        lambda: bag(np.ones((3, 2)), [[0]], padding_idx=-1),
    ):
        with pytest.raises(ValueError, match="padding_idx must be an integer >= 0"):
            call()


def test_error_inputs_are_refused(torch, operators):
    errors = list(operators["nn.functional.embedding"].error_inputs("cpu"))
    assert len(errors) == 2
    for error in errors:
        sample = error.sample_input
        (ids,) = sample.args
        with pytest.raises(error.error_type, match=error.error_regex):
            torch.nn.functional.embedding(ids, sample.input)
        with pytest.raises(ShapeError, match="table must have two axes"):
            lookup(sample.input.numpy(), ids.numpy())
    assert operators["nn.functional.embedding_bag"].error_inputs_func is None

"""Quantized tables: references, by hand, half a step, lookup, LoRA on top, threads, refusals."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from embedlab.core.checks import DtypeError, NotFiniteError, ShapeError
from embedlab.core.ids import IdError, IdTypeError
from embedlab.core.lora import Adapter, lora_lookup
from embedlab.core.quantize import (
    QuantizedTable,
    dequantize,
    merge_adapters_into_codes,
    quantization_report,
    quantize,
    quantize_groups,
    quantize_rows,
    quantized_lookup,
    unpack_int4,
)
from embedlab.core.quantize import report as report_file
from embedlab.core.quantize import rows as quantize_file
from embedlab.core.quantize.lookup import (
    PARALLEL_FROM,
    quantized_lookup_kernel,
    quantized_lookup_reference,
)
from embedlab.core.quantize.rows import (
    quantize_groups_kernel,
    quantize_groups_reference,
    quantize_rows_kernel,
    quantize_rows_reference,
)

FORMS = [(8, None), (4, None), (4, 1), (4, 3), (4, 4), (4, 128), (8, 3), (8, 32)]
RANGES = {8: (-127.0, 127.0), 4: (-8.0, 7.0)}
GROUP_RANGES = {8: (-128.0, 127.0), 4: (-8.0, 7.0)}
forms = pytest.mark.parametrize(("bits", "block"), FORMS)


def codes_of(quantized):
    return (
        quantized.codes
        if quantized.bits == 8
        else unpack_int4(quantized.codes, quantized.output_dim)
    )


def wild(rng, rows, columns, dtype="float32"):
    """Rows of very different sizes, some zero, some constant, some of one sign."""
    table = rng.normal(size=(rows, columns)) * 10.0 ** rng.integers(-3, 3, size=(rows, 1))
    table[0] = 0
    table[1] = 1
    table[2] = np.abs(table[2])
    table[3] = -np.abs(table[3])
    return table.astype(dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("columns", [1, 2, 7, 16])
@forms
def test_kernels_match_references_bit_by_bit(rng, dtype, columns, bits, block):
    table = wild(rng, 9, columns, dtype)
    quantized = quantize(table, bits, block)
    kind = table.dtype.type
    if block is None:
        codes, scale = quantize_rows_reference(table, *map(kind, (*RANGES[bits], 1e-7)))
        assert quantized.zero is None
    else:
        limits = map(kind, (*GROUP_RANGES[bits], 1e-7))
        codes, scale, zero = quantize_groups_reference(table, block, *limits)
        np.testing.assert_array_equal(quantized.zero, zero)
    assert quantized.scale.dtype == dtype
    np.testing.assert_array_equal(quantized.scale, scale)
    np.testing.assert_array_equal(codes_of(quantized), codes)
    ids = rng.integers(9, size=(4, 3))
    out = quantized_lookup(quantized, ids)
    assert (out.shape, out.dtype) == ((4, 3, columns), table.dtype)
    np.testing.assert_array_equal(
        out.reshape(12, -1), quantized_lookup_reference(quantized, ids.reshape(-1))
    )
    np.testing.assert_array_equal(dequantize(quantized)[ids], out)


def test_uncompiled_kernels_give_the_same(rng):
    table = wild(rng, 5, 7, "float64")
    codes, scale = np.empty((5, 7), np.int8), np.empty(5)
    quantize_rows_kernel.py_func(table, -8.0, 7.0, 1e-7, codes, scale)
    quantized = quantize_rows(table, 4)
    np.testing.assert_array_equal(codes, codes_of(quantized))
    np.testing.assert_array_equal(scale, quantized.scale)
    scale, zero = np.empty((5, 3)), np.empty((5, 3), np.int8)
    quantize_groups_kernel.py_func(table, 3, -8.0, 7.0, 1e-7, codes, scale, zero)
    quantized = quantize_groups(table, 4, 3)
    np.testing.assert_array_equal(codes, codes_of(quantized))
    np.testing.assert_array_equal(zero, quantized.zero)
    ids, out = np.array([4, 0, 9, -1]), np.empty((4, 7))
    counts = quantized_lookup_kernel.py_func(
        quantized.codes, quantized.scale, quantized.zero, ids, True, 3, -5.0, out
    )
    assert counts == (1, 1)
    np.testing.assert_array_equal(out[:2], quantized_lookup(quantized, [4, 0]))
    assert (out[2:] == -5).all()


def test_worked_by_hand():
    rows = quantize_rows(np.array([[0.5, -1.0, 0.25, 0.0]]), 8)
    assert rows.codes.tolist() == [[63, -127, 32, 0]]  # 63.5 a hair less, 127, 31.75
    assert rows.scale[0] == pytest.approx(127, rel=1e-6)
    four = quantize_rows(np.array([[7.0, -7.0, 2.5]]), 4)  # 2.5 just below, an odd row
    assert four.codes.tolist() == [[7 - 7 * 16, 2]]
    # -1 .. 2 is 15 steps of 0.2; 0 lies 5 steps above -8
    groups = quantize_groups(np.array([[-1.0, 2.0, 0.4]]), 4, 3)
    assert groups.zero.tolist() == [[-3]]
    assert unpack_int4(groups.codes, 3).tolist() == [[-8, 7, -1]]
    assert quantized_lookup(groups, 0).round(6).tolist() == [-1.0, 2.0, 0.4]


@forms
@settings(deadline=None)  # the first call compiles
@given(
    table=hnp.arrays(
        np.float64,
        hnp.array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=9),
        elements=st.floats(-1e6, 1e6),
    ),
    dtype=st.sampled_from(["float32", "float64"]),
)
def test_errors_are_at_most_half_a_step(bits, block, table, dtype):
    table = table.astype(dtype)
    quantized = quantize(table, bits, block)
    back = dequantize(quantized)
    step = quantized.step[:, None] if block is None else quantized.step
    step = np.repeat(step, block or table.shape[1], axis=1)
    slack = 1 + 64 * np.finfo(dtype).eps
    assert (np.abs(back - table) <= step[:, : table.shape[1]] / 2 * slack).all()
    assert (back[table == 0] == 0).all()


@forms
def test_a_row_of_zeros_and_a_row_of_ones_come_back(bits, block):
    table = np.array([[0.0] * 5, [1.0] * 5, [-3.0] * 5])
    np.testing.assert_allclose(dequantize(quantize(table, bits, block)), table, rtol=1e-6, atol=0)


@forms
def test_half_floats_are_quantized_as_the_floats_they_are(rng, bits, block):
    table = wild(rng, 6, 5, "float16")
    half, single = quantize(table, bits, block), quantize(table.astype("f4"), bits, block)
    assert half.scale.dtype == np.float32
    np.testing.assert_array_equal(half.codes, single.codes)
    np.testing.assert_array_equal(half.scale, single.scale)


@forms
def test_block_by_block_gives_the_same(rng, bits, block, monkeypatch):
    table = wild(rng, 11, 5)
    whole = quantize(table, bits, block)
    report = quantization_report(table, whole)
    monkeypatch.setattr(quantize_file, "BLOCK", 4)
    monkeypatch.setattr(report_file, "BLOCK", 3)
    parts = quantize(np.asfortranarray(table), bits, block)
    np.testing.assert_array_equal(parts.codes, whole.codes)
    np.testing.assert_array_equal(parts.scale, whole.scale)
    np.testing.assert_array_equal(quantization_report(table, whole).cosine, report.cosine)


@forms
def test_lora_on_top_of_codes(rng, bits, block):
    quantized = quantize(wild(rng, 6, 7), bits, block)
    a, b = rng.normal(size=(6, 5)).astype("f4"), rng.normal(size=(5, 7)).astype("f4")
    adapters = [Adapter(a, b, 0.5), Adapter(a[:, :2].copy(), b[:2], -1.0)]
    ids = rng.integers(6, size=(2, 4))
    expected = lora_lookup(dequantize(quantized), ids, adapters)
    np.testing.assert_allclose(
        quantized_lookup(quantized, ids, adapters), expected, rtol=0, atol=2e-5
    )
    merged, floats = merge_adapters_into_codes(quantized, adapters), dequantize(quantized, adapters)
    again = quantize(floats, bits, block)
    np.testing.assert_array_equal(merged.codes, again.codes)
    np.testing.assert_array_equal(merged.scale, again.scale)
    assert (merged.bits, merged.block_size) == (quantized.bits, quantized.block_size)


@pytest.mark.parametrize("oob", ["zero", "nan", "clip", "wrap", 2])
@forms
def test_ids_outside_follow_the_rule_and_get_no_step(rng, bits, block, oob):
    quantized = quantize(wild(rng, 5, 6), bits, block)
    one = Adapter(np.ones((5, 1), "f4"), np.ones((1, 6), "f4"), 1.0)
    out = quantized_lookup(quantized, [7, -1], [one], oob=oob, negative="wrap")
    expected = {"zero": 0.0, "nan": np.nan}.get(oob)
    if expected is None:
        expected = quantized_lookup(quantized, {"clip": 4, "wrap": 2, 2: 2}[oob], [one])
    np.testing.assert_array_equal(out[0], np.broadcast_to(expected, 6))
    np.testing.assert_array_equal(out[1], quantized_lookup(quantized, 4, [one]))


@pytest.mark.parametrize("columns", [0, 1, 33])
@forms
def test_shapes_of_ids(rng, columns, bits, block):
    quantized = quantize(rng.normal(size=(4, columns)), bits, block)
    for ids in ([], 2, [[1, 0], [3, 3]], np.zeros((0, 3), int)):
        assert quantized_lookup(quantized, ids).shape == (*np.shape(ids), columns)
    assert quantized.shape == (4, columns)


@forms
def test_bit_identical_for_any_number_of_threads(rng, threads, bits, block):
    table = rng.normal(size=(3000, 37)).astype("f4")
    ids = rng.integers(3000, size=PARALLEL_FROM // 16)
    results = []
    for count in (1, 2):
        threads(count)
        quantized = quantize(table, bits, block)
        results.append((quantized.codes, quantized.scale, quantized_lookup(quantized, ids)))
    for one_thread, two_threads in zip(*results, strict=True):
        np.testing.assert_array_equal(one_thread, two_threads)
    np.testing.assert_array_equal(results[0][2], quantized_lookup_reference(quantized, ids))
    assert results[0][2].size > 2 * PARALLEL_FROM


def test_memory_does_not_grow_with_the_table():
    table = quantize(np.ones((100_000, 64), "f4"), 4)
    quantized_lookup(table, [0])
    tracemalloc.start()
    quantized_lookup(table, np.arange(64))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.reset_peak()
    again = merge_adapters_into_codes(table, [])
    merging = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 64 * 64 * 4 + 20_000
    assert merging < again.nbytes + 6_000_000  # the floats of all rows would be 25.6 MB
    assert table.nbytes == 100_000 * (32 + 4)


@forms
def test_the_report_measures_what_the_lookup_gives(rng, bits, block):
    table = wild(rng, 15, 6)
    quantized = quantize(table, bits, block)
    report = quantization_report(table, quantized)
    error = np.abs(dequantize(quantized).astype("f8") - table)
    np.testing.assert_array_equal(report.largest_error, error.max(axis=1))
    np.testing.assert_allclose(report.mean_error, np.sqrt((error**2).mean(axis=1)), rtol=1e-12)
    assert (report.largest_error <= report.half_step * (1 + 1e-5)).all()
    assert report.cosine[0] == 1.0
    assert ((report.cosine > 0.9) & (report.cosine <= 1)).all()
    assert report.worst[0] == error.max(axis=1).argmax()
    assert len(report.worst) == 10
    assert (report.bytes_before, report.bytes_after) == (table.nbytes, quantized.nbytes)
    assert repr(report).startswith(f"QuantizationReport(15 rows, 360 -> {quantized.nbytes} bytes")


def test_an_outlier_costs_its_row_or_block():
    table = np.tile(np.linspace(-1, 1, 8), (2, 1))
    table[1, 0] = 10.0
    whole = quantization_report(table, quantize(table, 4)).largest_error
    blocks = np.abs(dequantize(quantize(table, 4, 4)) - table)
    assert whole[1] > 3 * whole[0]
    assert blocks[1, :4].max() > 3 * blocks[0].max()
    np.testing.assert_array_equal(blocks[1, 4:], blocks[0, 4:])


def test_an_empty_table():
    for bits, block in FORMS:
        for shape in ((0, 3), (0, 0), (2, 0)):
            table = np.zeros(shape, "f4")
            quantized = quantize(table, bits, block)
            assert dequantize(quantized).shape == shape
            report = quantization_report(table, quantized)
            assert (repr(report) == "QuantizationReport(no rows)") == (shape[0] == 0)


def test_what_the_prompt_prints():
    table = np.ones((10, 256), "f4")
    assert repr(quantize(table)) == (
        "QuantizedTable(10 rows of 256 numbers, int8, one scale a row, 2600 bytes)"
    )
    assert repr(quantize(table, 4, 128)) == (
        "QuantizedTable(10 rows of 256 numbers, int4, blocks of 128, 1380 bytes)"
    )


HUGE = np.array([[3e38, -3e38]], "f4")


@pytest.mark.parametrize(
    ("call", "error", "received"),
    [
        (lambda: quantize(np.zeros((2, 2), int)), DtypeError, "<i8"),
        (lambda: quantize(np.zeros(3)), ShapeError, "(3,)"),
        (lambda: quantize(np.array([[0.0, np.nan]])), NotFiniteError, "nan at [0, 1]"),
        (lambda: quantize(np.array([[0.0], [-np.inf]]), 4, 2), NotFiniteError, "-inf at [1, 0]"),
        (lambda: quantize(HUGE, 4, 2), NotFiniteError, "row 0"),
        (lambda: quantize(np.zeros((2, 2)), 5), ValueError, "5"),
        (lambda: quantize(np.zeros((2, 2)), True), ValueError, "True"),
        (lambda: quantize(np.zeros((2, 2)), 4, 0), ValueError, "0"),
        (lambda: quantize(np.zeros((2, 2)), 4, -2), ValueError, "-2"),
        (lambda: quantize(np.zeros((2, 2)), 4, 2.5), ValueError, "2.5"),
        (lambda: quantize_groups(np.zeros((2, 2)), 4, -1), ValueError, "-1"),
        (lambda: quantized_lookup(np.zeros((2, 2)), [0]), TypeError, "ndarray"),
        (lambda: dequantize(np.zeros((2, 2))), TypeError, "ndarray"),
        (lambda: quantization_report(np.zeros((2, 2)), 3), ShapeError, "int"),
        (
            lambda: quantization_report(np.zeros((2, 2)), quantize(np.zeros((2, 3)))),
            ShapeError,
            "(2, 3)",
        ),
    ],
)
def test_bad_arguments_are_refused(call, error, received):
    with pytest.raises(error, match="Received") as excinfo:
        call()
    assert received in str(excinfo.value)


def test_the_error_counts_rows_from_the_top_of_the_table(monkeypatch):
    monkeypatch.setattr(quantize_file, "BLOCK", 4)
    table = np.zeros((11, 2), "f4")
    table[9, 1] = np.nan
    with pytest.raises(NotFiniteError, match=r"nan at \[9, 1\]"):
        quantize(table)
    table[9] = HUGE
    with pytest.raises(NotFiniteError, match="row 9"):
        quantize(table, 4, 2)


def test_a_wide_range_without_blocks_is_fine():
    np.testing.assert_allclose(dequantize(quantize(HUGE)), HUGE, rtol=1e-6)


@pytest.mark.parametrize(
    ("ids", "error"),
    [([0, 4], IdError), ([-1], IdError), ([0.5], IdTypeError), (["a"], IdTypeError)],
)
@forms
def test_the_lookup_refuses_ids(ids, error, bits, block):
    with pytest.raises(error, match="Received"):
        quantized_lookup(quantize(np.zeros((4, 3)), bits, block), ids)


CODES, SCALE, ZERO = np.zeros((4, 3), "i1"), np.ones((4, 2), "f4"), np.zeros((4, 2), "i1")


@pytest.mark.parametrize(
    ("change", "error", "received"),
    [
        ({"codes": CODES.astype("i2")}, DtypeError, "int16"),
        ({"codes": CODES[:, :2]}, ShapeError, "(4, 2)"),
        ({"codes": CODES[0]}, ShapeError, "(3,)"),
        ({"scale": SCALE[:, 0]}, ShapeError, "(4,)"),
        ({"scale": SCALE[:3]}, ShapeError, "(3, 2)"),
        ({"scale": SCALE.astype("f2")}, DtypeError, "<f2"),
        ({"scale": SCALE * np.nan}, NotFiniteError, "nan at [0, 0]"),
        ({"scale": SCALE * np.inf}, NotFiniteError, "inf at [0, 0]"),
        ({"scale": SCALE * 0}, ValueError, "0.0"),
        ({"scale": -SCALE}, ValueError, "-1.0"),
        ({"zero": None}, ShapeError, "None"),
        ({"zero": ZERO[:, :1]}, ShapeError, "(4, 1)"),
        ({"zero": ZERO.astype(float)}, DtypeError, "float64"),
        ({"zero": ZERO - 9, "bits": 4, "codes": CODES[:, :2]}, ValueError, "-9"),
        ({"bits": 16}, ValueError, "16"),
        ({"output_dim": -1}, ValueError, "-1"),
        ({"output_dim": 5}, ShapeError, "(4, 3)"),
        ({"block_size": 0}, ValueError, "0"),
        ({"block_size": None}, ShapeError, "(4, 2)"),
        ({"block_size": None, "scale": SCALE[:, 0]}, ShapeError, "(4, 2)"),
    ],
)
def test_parts_of_a_quantized_table_must_fit(change, error, received):
    good = {"codes": CODES, "scale": SCALE, "zero": ZERO, "output_dim": 3, "block_size": 2}
    assert QuantizedTable(**good).shape == (4, 3)
    with pytest.raises(error, match="Received") as excinfo:
        QuantizedTable(**(good | change))
    assert received in str(excinfo.value)


def test_checked_parts_are_not_checked_again():
    """An infinite scale passes, as Keras makes for a row of float16 zeros; a wrong shape not."""
    codes, scale = np.array([[0, 0], [5, 127]], np.int8), np.array([np.inf, 2], np.float32)
    quantized = QuantizedTable(codes, scale, None, 2, checked=True)
    assert quantized_lookup(quantized, [0, 1]).tolist() == [[0.0, 0.0], [2.5, 63.5]]
    with pytest.raises(NotFiniteError, match=r"inf at \[0\]"):
        QuantizedTable(codes, scale, None, 2)
    with pytest.raises(ShapeError, match="scale must have shape"):
        QuantizedTable(codes, scale[:1], None, 2, checked=True)
    with pytest.raises(DtypeError, match="codes must be int8"):
        QuantizedTable(codes.astype(int), scale, None, 2, checked=True)

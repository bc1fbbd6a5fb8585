"""A quantization's trace: levels, errors, bytes, and what an outlier does to its row."""

import dataclasses

import numpy as np
import pytest

from embedlab.core.checks import ShapeError
from embedlab.core.geometry import nearest
from embedlab.core.ids import IdError
from embedlab.core.quantize import quantize, quantized_lookup
from embedlab.traces.quantize import trace_quantize

TABLE = np.random.default_rng(2).normal(size=(10, 8)).astype(np.float32)
SCHEMES = ("int8", "int4", "groups")


def test_worked_by_hand():
    trace = trace_quantize(np.array([[7.0, -3.4, 1.6]]), block_size=1)
    assert trace.schemes["int4"].codes.tolist() == [[7, -3, 2]]
    np.testing.assert_allclose(trace.schemes["int4"].restored, [[7, -3, 2]], rtol=1e-6)
    np.testing.assert_allclose(trace.schemes["int4"].largest_error, 0.4, rtol=1e-6)
    assert (trace.bytes_before, trace.schemes["int4"].nbytes) == (24, 2 + 8)


def test_the_numbers_are_those_of_the_core():
    trace = trace_quantize(TABLE, 3, block_size=4)
    for name, quantized in zip(
        SCHEMES, (quantize(TABLE), quantize(TABLE, 4), quantize(TABLE, 4, 4)), strict=True
    ):
        scheme = trace.schemes[name]
        np.testing.assert_array_equal(scheme.quantized.codes, quantized.codes)
        np.testing.assert_array_equal(scheme.restored, quantized_lookup(quantized, np.arange(10)))
        assert scheme.nbytes == quantized.nbytes
        neighbors = nearest(scheme.restored, scheme.restored[3], 9, exclude=[3])
        np.testing.assert_array_equal(scheme.order[3], neighbors.ids)
        np.testing.assert_allclose(scheme.similarity[3], neighbors.similarities, atol=1e-6)
        np.testing.assert_array_equal(trace.neighbors(name), neighbors.ids[:5])
        assert trace.neighbors_kept(name) == len(
            set(neighbors.ids[:5]) & set(trace.neighbors().tolist())
        )
        scale = quantized.scale if quantized.zero is not None else 1 / quantized.scale[:, None]
        steps = np.repeat(scale, 8 // scale.shape[1], axis=1)  # (V, D)
        np.testing.assert_allclose(scheme.scaled * steps, TABLE, rtol=1e-5, atol=1e-7)
        codes = np.rint(scheme.scaled)
        if quantized.zero is not None:
            codes = np.clip(codes + np.repeat(quantized.zero, 4, axis=1), -8, 7)
        np.testing.assert_array_equal(codes, scheme.codes)


@pytest.mark.parametrize("name", SCHEMES)
def test_restored_values_are_levels_within_half_a_step(name):
    trace = trace_quantize(TABLE, 3)
    scheme = trace.schemes[name]
    for column in range(8):
        levels = scheme.levels(3, column)
        assert len(levels) == (255 if name == "int8" else 16)
        assert np.isclose(levels, scheme.restored[3, column], atol=1e-6).any()
        np.testing.assert_allclose(np.diff(levels), scheme.steps[3, column], rtol=1e-2)
    assert (np.abs(trace.errors(name)[3]) <= scheme.steps[3] / 2 * 1.001).all()
    assert (scheme.largest_error <= scheme.half_step * 1.001).all()


def test_an_outlier_coarsens_its_row_or_group():
    table = TABLE.copy()
    table[3, 0] *= 10 / abs(table[3, 0])
    before, after = trace_quantize(TABLE, 3), trace_quantize(table, 3)
    rest = slice(1, None)
    for name in ("int8", "int4"):
        mean_errors = [np.abs(t.errors(name)[3, rest]).mean() for t in (before, after)]
        assert mean_errors[1] > 2 * mean_errors[0]
        assert (after.schemes[name].steps[3] > 3 * before.schemes[name].steps[3]).all()
    others = np.arange(10) != 3
    for name in SCHEMES:
        np.testing.assert_array_equal(
            after.schemes[name].restored[others], before.schemes[name].restored[others]
        )
    np.testing.assert_array_equal(  # the second group of the row never notices
        after.schemes["groups"].restored[3, 4:], before.schemes["groups"].restored[3, 4:]
    )
    assert np.abs(after.errors("groups")[3]).mean() < np.abs(after.errors("int4")[3]).mean()


def test_tenfold_growth_equals_quantizing_again():
    trace = trace_quantize(TABLE, 3, block_size=4)
    for row in range(10):
        table, column = TABLE.copy(), int(np.abs(TABLE[row]).argmax())
        table[row, column] *= 10
        anew = trace_quantize(table, row, block_size=4)
        assert (trace.largest[row], trace.grown[row]) == (column, table[row, column])
        for name, scheme in trace.schemes.items():
            np.testing.assert_array_equal(scheme.growth.codes[row], anew.schemes[name].codes[row])
            np.testing.assert_array_equal(
                scheme.growth.scale[row], anew.schemes[name].quantized.scale[row]
            )
            assert scheme.growth.largest_error[row] == anew.schemes[name].largest_error[row]
            assert scheme.growth.others == {}
            changed = anew.schemes[name].codes[row] != scheme.codes[row]
            np.testing.assert_array_equal(trace.changed(name, row), np.flatnonzero(changed))


def test_int8_outlier_changes_other_codes():
    trace = trace_quantize(TABLE, 3)
    at = trace.largest[3]
    for name in ("int8", "int4"):
        growth = trace.schemes[name].growth
        assert growth.codes[3, at] == trace.schemes[name].codes[3, at]  # the end of the ruler moves
        assert at not in trace.changed(name)
    assert len(trace.changed("int8")) == 7
    in_its_group = np.arange(8) // 4 == at // 4
    assert not set(trace.changed("groups")) & set(np.flatnonzero(~in_its_group))


@pytest.mark.parametrize("rows", [1, 2, 3, 10, 64])
def test_rows_are_independent_in_both_directions(rows):
    from embedlab.traces.quantize import scheme

    parted, grew = np.zeros((rows, rows), bool), np.zeros(rows, bool)
    for half in scheme.half_splits(rows):
        parted |= half[:, None] & ~half
        grew |= half
    np.testing.assert_array_equal(parted, ~np.eye(rows, dtype=bool))
    assert grew.all()


def test_a_scale_for_the_whole_table_is_detected(monkeypatch):
    """The experiment with other rows is real: a quantizer that couples rows is caught."""
    import embedlab.traces.quantize.trace as module

    def coupled(table, bits=8, block_size=None):
        quantized = quantize(table, bits, block_size)
        scale = np.full_like(
            quantized.scale, quantized.scale.min() if quantized.zero is None else 1.0
        )
        return dataclasses.replace(quantized, scale=scale)

    monkeypatch.setattr(module, "quantize", coupled)
    trace = trace_quantize(TABLE)
    assert trace.schemes["int8"].growth.others[0] == tuple(range(1, 10))


def test_only_dependent_rows_are_detected(monkeypatch):
    import embedlab.traces.quantize.trace as module

    def paired(table, bits=8, block_size=None):
        table = table.copy()
        table[7, 0] = table[2].sum()  # row 7 hears of row 2
        return quantize(table, bits, block_size)

    monkeypatch.setattr(module, "quantize", paired)
    for scheme in trace_quantize(TABLE).schemes.values():
        assert scheme.growth.others == {2: (7,)}


def test_a_flipped_bit_changes_one_number():
    plain = trace_quantize(TABLE, 3)
    for name, byte, bit, column, worth in (
        ("int4", 1, 0, 2, 1),
        ("int4", 1, 3, 2, -8),
        ("int4", 1, 7, 3, -8),
        ("int4", 0, 5, 1, 2),
        ("groups", 2, 2, 4, 4),
        ("int8", 5, 7, 5, -128),
        ("int8", 5, 1, 5, 2),
    ):
        trace = trace_quantize(TABLE, 3, flips=[(name, 3, byte, bit), ("int8", 99, 0, 0)])
        moved = np.argwhere(trace.schemes[name].codes != plain.schemes[name].codes)
        assert moved.tolist() == [[3, column]]
        for other in set(SCHEMES) - {name}:
            np.testing.assert_array_equal(trace.schemes[other].codes, plain.schemes[other].codes)
        by = int(trace.schemes[name].codes[3, column]) - int(plain.schemes[name].codes[3, column])
        assert abs(by) == abs(worth)
        back = plain.schemes[name].restored[3, column] + by * plain.schemes[name].steps[3, column]
        np.testing.assert_allclose(trace.schemes[name].restored[3, column], back, rtol=1e-5)
        again = trace_quantize(TABLE, 3, flips=[(name, 3, byte, bit)] * 2)
        np.testing.assert_array_equal(again.schemes[name].codes, plain.schemes[name].codes)


def test_an_unused_half_byte_changes_nothing():
    odd = trace_quantize(TABLE[:, :5], flips=[("int4", 0, 2, bit) for bit in (4, 5, 6, 7)])
    np.testing.assert_array_equal(
        odd.schemes["int4"].codes, trace_quantize(TABLE[:, :5]).schemes["int4"].codes
    )
    assert odd.schemes["int4"].quantized.codes[0, 2] != 0


def test_stored_codes_are_used_as_they_are():
    quantized = quantize(TABLE, 4, 4)
    table = quantized_lookup(quantized, np.arange(10))
    trace = trace_quantize(table, stored={"groups": quantized})
    np.testing.assert_array_equal(trace.schemes["groups"].quantized.codes, quantized.codes)
    assert trace.schemes["groups"].largest_error.max() == 0


def test_neighbors_kept_counts_those_that_stay():
    trace = trace_quantize(TABLE)
    for name, scheme in trace.schemes.items():
        for row in range(10):
            near = set(trace.order[row, :5].tolist()) & set(scheme.order[row, :5].tolist())
            assert trace.neighbors_kept(name, row) == len(near)
    assert min(trace.neighbors_kept("int4", row) for row in range(10)) < 5


def test_an_error_is_restored_minus_original():
    trace = trace_quantize(np.array([[7.0, -3.4, 1.6]]))
    np.testing.assert_allclose(trace.errors("int4"), [[0, 0.4, 0.4]], atol=1e-6)


def test_the_histogram_counts_every_number_once():
    trace = trace_quantize(TABLE)
    for name in SCHEMES:
        counts, reach = trace.histogram(name)
        assert counts.sum() == TABLE.size and len(counts) % 2
        assert reach == pytest.approx(trace.schemes[name].largest_error.max())
        middle = np.abs(trace.errors(name).astype(np.float64)) < reach / len(counts)
        assert counts[len(counts) // 2] == middle.sum()
    counts, reach = trace_quantize(np.zeros((2, 3))).histogram("int4")
    assert reach == 0 and counts[len(counts) // 2] == 6


def test_a_number_too_large_to_grow_stays():
    huge = np.array([[3e38, 1.0], [-3e38, 1.0]], np.float32)
    trace = trace_quantize(huge)
    np.testing.assert_array_equal(trace.grown, huge[:, 0])
    assert len(trace.changed("int8")) == len(trace.changed("int8", 1)) == 0


def test_four_bits_err_more_than_eight():
    trace = trace_quantize(TABLE)
    assert (trace.schemes["int4"].largest_error > 4 * trace.schemes["int8"].largest_error).all()
    assert (
        trace.schemes["int8"].nbytes == 10 * 8 + 40 and trace.schemes["int4"].nbytes == 10 * 4 + 40
    )


def test_read_only_and_by_value():
    table = TABLE.copy()
    trace = trace_quantize(table)
    table[:] = 0
    assert trace.table[0, 0] == TABLE[0, 0]
    arrays = [trace.table, trace.order, trace.similarity, trace.largest, trace.grown]
    for scheme in trace.schemes.values():
        arrays += [getattr(scheme, field.name) for field in dataclasses.fields(scheme)]
        arrays += [scheme.quantized.codes, scheme.quantized.scale, scheme.quantized.zero]
        arrays += [
            scheme.growth.codes,
            scheme.growth.scale,
            scheme.growth.zero,
            scheme.growth.largest_error,
        ]
    assert all(not h.flags.writeable for h in arrays if isinstance(h, np.ndarray))
    with pytest.raises(dataclasses.FrozenInstanceError):
        trace.row = 5


@pytest.mark.parametrize("table", [[[0.0]], [[-2.0]], np.zeros((2, 3)), np.ones((3, 5)) * 1e-3])
@pytest.mark.parametrize("block", [1, 4])
def test_smallest_and_flat(table, block):
    trace = trace_quantize(np.array(table), block_size=block)
    for name in SCHEMES:
        np.testing.assert_allclose(trace.schemes[name].restored, table, atol=1e-6)
    assert len(trace.neighbors()) == trace.k == min(5, len(table) - 1)


def test_words_are_deterministic():
    make = lambda: trace_quantize(TABLE, 1, words=["a", "b\x00"])
    assert make().summary == make().summary and "b␣ (row 1)" in make().alt
    assert "0x" not in repr(make())


def test_bad_arguments_are_refused():
    with pytest.raises(IdError, match=r"0\.\.9"):
        trace_quantize(TABLE, 10)
    with pytest.raises(ValueError, match="nan"):
        trace_quantize(TABLE * np.nan)
    with pytest.raises(ShapeError, match="at least one column"):
        trace_quantize(TABLE[:, :0])
    with pytest.raises(ValueError, match="block_size"):
        trace_quantize(TABLE, block_size=0)

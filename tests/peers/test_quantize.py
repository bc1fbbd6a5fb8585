"""Codes bit-equal to Keras's, for thousands of tables; lookups of its quantized layers; packing."""

import numpy as np
import pytest

from embedlab.core.lora import Adapter
from embedlab.core.quantize import (
    dequantize,
    merge_adapters_into_codes,
    pack_int4,
    quantize,
    quantized_lookup,
    unpack_int4,
)

CASES = 1500
RANGES = {8: (-127, 127), 4: (-8, 7)}
GROUP_RANGES = {8: (-128, 127), 4: (-8, 7)}


def tables(rng, count):
    """Return tables of many shapes: rows of very different sizes, zeros, one sign, halves."""
    for _ in range(count):
        rows, columns = int(rng.integers(1, 9)), int(rng.integers(1, 40))
        table = rng.normal(size=(rows, columns)) * 10.0 ** rng.integers(-9, 9, size=(rows, 1))
        kind = rng.integers(4)
        if kind == 0:
            table[rng.integers(rows)] = 0
        elif kind == 1:
            table[rng.integers(rows)] = np.abs(table[0])
        elif kind == 2:
            table = rng.integers(-15, 16, size=table.shape) / 2
        yield table.astype(rng.choice(["float32", "float64"]))


def codes_of(quantized):
    return (
        quantized.codes
        if quantized.bits == 8
        else unpack_int4(quantized.codes, quantized.output_dim)
    )


@pytest.mark.parametrize("bits", [8, 4])
def test_codes_and_scales_a_row(keras, rng, bits):
    for table in tables(rng, CASES):
        codes, scale = keras.quantizers.abs_max_quantize(
            table, axis=-1, value_range=RANGES[bits], to_numpy=True
        )
        quantized = quantize(table, bits)
        np.testing.assert_array_equal(codes_of(quantized), codes)
        np.testing.assert_array_equal(quantized.scale, np.asarray(scale)[:, 0])


@pytest.mark.parametrize("bits", [4, 8])
def test_block_codes_scales_and_zero_points(keras, rng, bits):
    compared = 0
    for table in tables(rng, CASES):
        block = int(rng.integers(1, 12))
        theirs = keras.quantizers.abs_max_quantize_grouped_with_zero_point(
            table.T, block, value_range=GROUP_RANGES[bits], to_numpy=True
        )
        codes, scale, zero = (np.asarray(x).T for x in theirs)
        quantized = quantize(table, bits, block)
        group = np.arange(table.shape[1]) // block
        padded = np.pad(table, ((0, 0), (0, -table.shape[1] % block)))
        blocks = padded.reshape(len(table), -1, block)
        both = (blocks.min(axis=2) <= 0) & (blocks.max(axis=2) >= 0)
        np.testing.assert_array_equal(quantized.scale[both], scale[both])
        np.testing.assert_array_equal(quantized.zero[both], zero[both])
        wide = both[:, group]
        np.testing.assert_array_equal(codes_of(quantized)[wide], codes[wide])
        compared += int(wide.sum())
    assert compared > 10 * CASES


def test_a_block_of_ones_is_lost_in_keras_and_comes_back_here(keras):
    ones = np.ones((1, 4), "f4")
    theirs = keras.quantizers.abs_max_quantize_grouped_with_zero_point(ones.T, 4, to_numpy=True)
    codes, scale, zero = (np.asarray(x).astype("f4") for x in theirs)
    assert ((codes - zero) * scale < 1e-6).all()
    np.testing.assert_allclose(dequantize(quantize(ones, 4, 4)), ones, rtol=1e-6)


def test_packing(keras, rng):
    for _ in range(CASES):
        codes = rng.integers(-8, 8, size=rng.integers(1, 9, size=2)).astype(np.int8)
        packed, _, width = keras.quantizers.pack_int4(codes, axis=-1)
        quantized = pack_int4(codes)
        np.testing.assert_array_equal(quantized, np.asarray(packed))
        theirs = np.asarray(keras.quantizers.unpack_int4(quantized, width, axis=-1))
        np.testing.assert_array_equal(unpack_int4(quantized, width), theirs)


@pytest.mark.parametrize("mode", ["int8", "int4"])
@pytest.mark.parametrize("lora", [False, True])
def test_the_rows_of_a_quantized_keras_layer(keras, rng, mode, lora):
    for _ in range(40):
        rows, columns, rank = int(rng.integers(2, 9)), int(rng.integers(1, 20)), 3
        block = None if mode == "int8" else rng.choice([None, -1, 3, 8, 128])
        table = rng.normal(size=(rows, columns)).astype("f4")
        if block not in (None, -1):  # both signs in every block
            table = np.where(np.arange(columns) % block == 0, -np.abs(table), table)
            table = np.where(np.arange(columns) % block == 1, np.abs(table), table)
        layer = keras.layers.Embedding(rows, columns, "zeros")
        layer.build()
        layer.set_weights([table])
        config = None
        if mode == "int4":
            config = keras.quantizers.Int4QuantizationConfig(block_size=block)
        if lora:  # before: enabling it on an int4 layer fails in Keras
            layer.enable_lora(rank, lora_alpha=6, a_initializer="zeros")
        layer.quantize(mode, config=config)
        quantized = quantize(table, int(mode[3:]), block)
        np.testing.assert_array_equal(quantized.codes, layer._embeddings)
        np.testing.assert_array_equal(quantized.scale, layer.embeddings_scale)
        if quantized.zero is not None:
            np.testing.assert_array_equal(quantized.zero, layer.embeddings_zero)
        ids, adapters = rng.integers(rows, size=(3, 4)), []
        if lora:
            a, b = rng.normal(size=(rows, rank)), rng.normal(size=(rank, columns))
            adapters = [Adapter(a.astype("f4"), b.astype("f4"), 2.0)]
            layer.lora_embeddings_a.assign(adapters[0].a)
            layer.lora_embeddings_b.assign(adapters[0].b)
        rows_made, expected = quantized_lookup(quantized, ids, adapters), np.asarray(layer(ids))
        if lora:
            largest = np.abs(expected).max()
            np.testing.assert_allclose(rows_made, expected, rtol=0, atol=1e-6 * largest)
            merged = merge_adapters_into_codes(quantized, adapters)
            floats = dequantize(quantized, adapters)
            step = merged.step if merged.step.ndim == 1 else merged.step.max(axis=1)
            assert (np.abs(dequantize(merged) - floats) <= step[:, None] * 0.5001).all()
        else:
            np.testing.assert_array_equal(rows_made, expected)

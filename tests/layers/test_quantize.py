"""A quantized layer: codes, adapters beside them, errors. Keras's codes: tests/peers."""

import json

import numpy as np
import pytest

from embedlab.layers import DTypePolicy, Embedding, gradcheck
from embedlab.models import Sequential
from embedlab.quantizers import Int4QuantizationConfig, Int8QuantizationConfig

MODES = [
    ("int8", None),
    ("int4", None),
    (None, Int8QuantizationConfig()),
    (None, Int4QuantizationConfig(block_size=None)),
    (None, Int4QuantizationConfig(block_size=4)),
    ("int4", Int4QuantizationConfig(block_size=-1)),
]
IDS = np.array([[1, 2, 1], [4, 0, 2]])


def filled(rng, columns=7, **options):
    table = rng.normal(size=(6, columns))
    table[3] = 0
    return Embedding(6, columns, weights=table, **options), table


@pytest.mark.parametrize(("mode", "config"), MODES)
def test_every_number_comes_back_to_within_half_a_step(rng, mode, config):
    layer, table = filled(rng)
    layer.quantize(mode, config=config)
    assert layer.quantized.codes.dtype == np.int8
    step = layer.embedding_table.quantized.step
    if step.ndim == 1:
        step = step[:, None]
    elif step.shape[1] > 1:
        step = np.repeat(step, layer.embedding_table.quantized.block_size, axis=1)[:, :7]
    assert (np.abs(layer.embeddings - table) <= 0.5 * step * 1.001 + 1e-6).all()
    assert np.array_equal(layer(IDS), layer.embeddings[IDS])
    assert not layer([3]).any()  # a row of zeros stays exactly zero
    assert layer.trainable_weights == [] and layer.dtype == "float32"
    names = ["embeddings", "embeddings_scale", "embeddings_zero", "g_idx"]
    assert [v.name for v in layer.weights] == names[: 2 if layer.quantized.zero is None else 4]


@pytest.mark.parametrize(("mode", "config"), MODES)
def test_config_and_get_weights_restore_a_layer(rng, mode, config):
    layer, _ = filled(rng)
    layer.quantize(mode, config=config)
    saved = json.loads(json.dumps(layer.get_config()))
    again = Embedding.from_config(saved)
    assert again.dtype_policy == layer.dtype_policy
    again.build()
    again.set_weights(layer.get_weights())
    assert np.array_equal(again(IDS), layer(IDS))
    assert json.loads(json.dumps(again.get_config())) == saved


def test_the_config_of_the_constructor_is_what_quantize_does():
    layer = Embedding(6, 8, quantization_config=Int4QuantizationConfig(block_size=4))
    layer.build()
    assert layer.table.dtype == "float32" and layer.quantization_mode is None
    layer.quantize()
    assert layer.dtype_policy.name == "int4/4_from_float32" and layer.quantized.scale.shape == (
        6,
        2,
    )
    assert repr(layer) == "Embedding(6 words -> 8 numbers, int4)"


@pytest.mark.parametrize("first", ["lora", "codes"])
@pytest.mark.parametrize("mode", ["int8", "int4"])
def test_adapters_work_on_codes_and_are_trained(rng, first, mode):
    layer, _ = filled(rng, dtype="float64")
    for act in ("lora", "codes") if first == "lora" else ("codes", "lora"):
        layer.enable_lora(2, 3.0) if act == "lora" else layer.quantize(mode)
    lora = layer.adapters["default"]
    lora.b.assign(rng.normal(size=(2, 7)))
    plain = layer.embeddings - 1.5 * lora.a.value @ lora.b.value
    codes = layer.quantized.codes.copy()
    assert np.array_equal(layer(IDS), layer.embeddings[IDS])
    assert max(gradcheck(layer, IDS).values()) < 1e-6
    model = Sequential([layer])
    model.compile("adam", "mse")
    losses = model.fit(IDS, np.ones((2, 3, 7)), epochs=20, verbose=0).history["loss"]
    assert losses[-1] < losses[0] and np.array_equal(layer.quantized.codes, codes)
    layer.remove("default")
    assert layer.embeddings == pytest.approx(plain, abs=1e-9)


def test_merging_into_codes_and_back(rng):
    layer, _ = filled(rng)
    layer.quantize("int8")
    layer.enable_lora(2, b_initializer="ones")
    before, codes = layer.embeddings, layer.quantized.codes.copy()
    layer.merge()
    assert layer.merged and layer.active_adapters == ()
    assert np.abs(layer.embeddings - before).max() <= 0.51 / layer.quantized.scale.min()
    layer.unmerge()
    assert np.array_equal(layer.quantized.codes, codes) and np.array_equal(layer.embeddings, before)


def test_the_report_counts_errors_and_bytes(rng):
    layer, _ = filled(rng)
    with pytest.raises(ValueError, match="not quantized here"):
        layer.quantization_report()
    layer.quantize("int8")
    assert layer.quantization_report() is layer.quantization_report()
    layer.backward(layer.forward(IDS)[1], np.ones((2, 3, 7)))


@pytest.mark.parametrize("dtype", ["float16", "mixed_float16", "float64"])
def test_dtypes(rng, dtype):
    layer, _ = filled(rng, dtype=dtype)
    layer.quantize("int4")
    assert layer(IDS).dtype.name == layer.compute_dtype
    assert layer.dtype_policy == DTypePolicy(f"int4/128_from_{dtype}")


class Subclass(Embedding):
    pass


def built(kind=Embedding, **options):
    layer = kind(6, 4, **options)
    layer.build()
    return layer


def quantized():
    layer = built()
    layer.quantize("int8")
    return layer


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        (
            lambda: Embedding(6, 4).quantize("int8"),
            ValueError,
            "Cannot quantize a layer that isn't yet built",
        ),
        (
            lambda: quantized().quantize("int8"),
            ValueError,
            "is already quantized with dtype_policy='int8_from_float32'",
        ),
        (lambda: built().quantize("zz"), ValueError, "Invalid quantization mode"),
        (lambda: built().quantize(3), ValueError, "Invalid quantization mode"),
        (lambda: built().quantize("float8"), NotImplementedError, "Invalid quantization mode"),
        (lambda: built().quantize("gptq"), NotImplementedError, "Invalid quantization mode"),
        (lambda: built().quantize(), ValueError, "You must provide either `mode` or `config`"),
        (
            lambda: built().quantize("int8", config=Int4QuantizationConfig()),
            ValueError,
            "Contradictory arguments",
        ),
        (
            lambda: built(dtype="float16").quantize("int8"),
            ValueError,
            "doesn't work well with compute_dtype='float16'",
        ),
        (lambda: built(dtype="mixed_float16").quantize("int8"), ValueError, "doesn't work well"),
        (
            lambda: built(Subclass).quantize("int8"),
            NotImplementedError,
            "Layer Subclass does not have a `quantize` method implemented",
        ),
        (lambda: built().quantized.codes, AttributeError, "belong to a quantized table"),
        (lambda: quantized().table, AttributeError, "quantized layer, which has none"),
        (lambda: quantized()([6]), IndexError, "Received 6"),
        (lambda: Embedding(6, 4, quantization_config="zz"), ValueError, "quantization config"),
        (lambda: Int4QuantizationConfig(block_size=0), ValueError, "block_size"),
        (lambda: Int8QuantizationConfig(object()), NotImplementedError, "weight_quantizer"),
        (lambda: DTypePolicy("int3_from_float32"), ValueError, "mixed precision DTypePolicy"),
        (lambda: DTypePolicy("int4/0_from_float32"), ValueError, "mixed precision DTypePolicy"),
        (lambda: DTypePolicy("int8_from_int8"), ValueError, "mixed precision DTypePolicy"),
    ],
)
def test_bad_arguments_are_refused(act, error, words):
    with pytest.raises(error, match=words):
        act()


def test_a_subclass_may_say_that_it_can_do_without_floats():
    layer = built(Subclass)
    layer.quantize("int8", type_check=False)
    assert layer.quantization_mode == "int8"

"""Cases for the Keras layer: random options, and pairs of our layer and Keras's on one table."""

import gc

import numpy as np

POLICIES = ("float32", "float64", "mixed_float16", "mixed_bfloat16", "float16", "bfloat16")
SIZES = ((1, 1), (5, 3), (17, 8), (1, 8), (5, 1), (17, 3))
SHAPES = ((), (0,), (2, 3), (4,), (3, 0), (2, 1, 3))
IDS = ("int32", "float32", "int64", "int8")
# JAX compiles anew for each combination, a tenth of a second each: some of them have to do. It has
# no float64 either, unless it is told to.
ON_JAX = (("float32", "mixed_bfloat16"), SIZES[1:2], SHAPES[:3], IDS[:1])
EPS = {"float64": 1e-14, "float32": 1e-6, "float16": 2e-3, "bfloat16": 2e-2}


def array(keras, tensor):
    """Return a tensor of any backend as float64, or as booleans."""
    result = keras.ops.convert_to_numpy(tensor)
    return result if result.dtype == bool else result.astype("f8")


def choices(keras):
    """Return the policies, sizes, shapes of ids and dtypes of ids to draw from."""
    if keras.backend.backend() == "jax":
        return ON_JAX
    # On TensorFlow Keras's own quantized layer with LoRA fails for ids of shape (0,): its sum of
    # two empty arrays is taken for a bias.
    on_tensorflow = keras.backend.backend() == "tensorflow"
    return POLICIES, SIZES, SHAPES[2:] if on_tensorflow else SHAPES, IDS


def times(keras, count):
    """Return a range of this many cases; on JAX, where there is less to draw, of a quarter."""
    return range(count // 4 if keras.backend.backend() == "jax" else count)


def draw(keras, rng):
    """Draw the arguments of a layer, and ids for it: negative ones, and none at all, too."""
    policies, sizes, shapes, dtypes = choices(keras)
    rows, columns = sizes[rng.integers(len(sizes))]
    config = {
        "input_dim": rows,
        "output_dim": columns,
        "mask_zero": bool(rng.integers(2)),
        "dtype": str(rng.choice(policies)),
    }
    ids = rng.integers(-rows, rows, size=shapes[rng.integers(len(shapes))])
    return config, ids.astype(rng.choice(dtypes))


def layer_pair(keras, ours, config, rng, *, rank=None, quantize=None):
    """Build both layers with one random table, quantize them, and give both the same adapter."""
    table = rng.normal(size=(config["input_dim"], config["output_dim"]))
    pair = [cls(**config, weights=table) for cls in (ours.Embedding, keras.layers.Embedding)]
    alpha = float(rng.choice([1.0, 3.0]))
    for layer in pair:
        if rank:
            layer.enable_lora(rank, lora_alpha=alpha)
    if rank:
        factors = [rng.normal(size=v.shape) for v in pair[0].trainable_variables]
        for layer in pair:
            for variable, value in zip(layer.trainable_variables, factors, strict=True):
                variable.assign(value.astype("f4"))
    for layer in pair:
        if quantize:  # after LoRA: the other way round Keras fails at int4
            gc.freeze()  # Keras collects garbage here: half a second each with JAX around
            layer.quantize(*quantize)
    return pair


def core_calls(keras, ids):
    """Return how often the core runs for one lookup: XLA drops a call whose result is empty."""
    return int(0 not in ids.shape or keras.backend.backend() != "jax")


def near(actual, expected, dtype):
    assert actual.shape == expected.shape
    np.testing.assert_allclose(actual, expected, rtol=20 * EPS[dtype], atol=20 * EPS[dtype])


def quantizations(keras, dtype):
    """Return the modes that Keras has for this policy: int8 is refused where it computes in
    half."""
    block = keras.quantizers.Int4QuantizationConfig
    modes = [("int4",), ("int4", block(block_size=2)), ("int4", block(block_size=None))]
    return modes if dtype.endswith("float16") and "b" not in dtype else [("int8",), *modes]

"""The layers of the mask story against Keras: outputs, masks, configs, and torch's gradients."""

import json
from pathlib import Path

import numpy as np
import pytest

from embedlab import activations
from embedlab.layers import (
    GRU,
    LSTM,
    Conv1D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePooling1D,
    GlobalMaxPooling1D,
    LayerNormalization,
    Masking,
    Reshape,
    SimpleRNN,
)

KERAS_GRADIENTS = Path(__file__).with_name("keras_gradients.py")
KINDS = {
    kind.__name__: kind
    for kind in (
        Conv1D,
        Dense,
        Dropout,
        Flatten,
        GRU,
        GlobalAveragePooling1D,
        GlobalMaxPooling1D,
        LSTM,
        LayerNormalization,
        Masking,
        Reshape,
        SimpleRNN,
    )
}
HEED = ("GRU", "GlobalAveragePooling1D", "LSTM", "SimpleRNN")
BENDS = ["linear", "relu", "tanh", "sigmoid", "softmax"]
EACH = 30
shapes = pytest.mark.parametrize("name", sorted(KINDS))


def yes(rng):
    return bool(rng.integers(2))


def options_of(name, rng, shape):
    """Return random arguments that both layers know, for inputs of this shape (B, T, D)."""
    _, length, columns = shape
    bend, size = str(rng.choice(BENDS)), int(rng.integers(2, 6))
    if name == "Dense":
        return {"units": size, "activation": bend, "use_bias": yes(rng)}
    if name == "Conv1D":
        return {
            "filters": size,
            "kernel_size": int(rng.integers(1, length // 2 + 1)),
            "activation": bend,
            "padding": str(rng.choice(["valid", "same"])),
            "use_bias": yes(rng),
        }
    if name == "Reshape":
        free = [(-1,), (columns, length), (-1, columns), (1, -1, 1)]
        return {"target_shape": free[rng.integers(4)]}
    if name == "Flatten" or name.startswith("Global"):
        return {}
    if name == "LayerNormalization":
        return {"epsilon": float(rng.choice([1e-3, 1e-5]))}
    if name == "Dropout":
        return {"rate": float(rng.choice([0.0, 0.5]))}
    if name == "Masking":
        return {"mask_value": float(rng.choice([0.0, 9.0]))}
    walks = ("return_sequences", "use_bias")
    options = {
        "units": size,
        "activation": bend,
        "recurrent_initializer": "glorot_uniform",
        **{option: yes(rng) for option in walks},
    }
    if name != "SimpleRNN":
        options["recurrent_activation"] = "sigmoid"
    return options


def cases(name, rng, count, dtype):
    """Return built layers of random arguments, with inputs and a mask (None every other time)."""
    least = 3 if name == "LayerNormalization" else 1  # fewer are constants, or noise over epsilon
    for _ in range(count):
        shape = tuple(int(n) for n in rng.integers((1, 4, least), (5, 8, 5)))
        options = {"dtype": dtype, **options_of(name, rng, shape)}
        layer = KINDS[name](**options)
        layer.build(shape)
        layer.set_weights([rng.normal(size=w.shape) for w in layer.weights])
        inputs = rng.normal(size=shape).astype(dtype)
        if name == "Masking":
            inputs[rng.random(shape[:2]) < 0.4] = options["mask_value"]
        mask = rng.random(shape[:2]) < 0.6
        mask[:, 0] |= ~mask.any(axis=1) & (name == "GlobalAveragePooling1D")  # 0 here, NaN there
        yield layer, options, inputs, mask if name in HEED and yes(rng) else None


def as_list(value):
    return list(value) if isinstance(value, (list, tuple)) else [value]


@shapes
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_outputs_and_shapes(keras, rng, name, dtype):
    tolerance = {"float32": 2e-5, "float16": 3e-2}[dtype]  # float64: beside torch, below
    tolerance *= 10 if name == "LayerNormalization" else 1  # another order of the same steps
    for ours, options, inputs, mask in cases(name, rng, EACH, dtype):
        theirs = getattr(keras.layers, name)(**options)
        theirs.build(inputs.shape)
        assert [w.name for w in theirs.weights] == [w.name for w in ours.weights]
        assert [w.shape for w in theirs.weights] == [w.shape for w in ours.weights]
        theirs.set_weights(ours.get_weights())
        heeds = {} if mask is None else {"mask": mask}
        with np.errstate(over="ignore"):  # half floats leave their range in Keras's sigmoid
            expected = as_list(theirs(inputs, **heeds))
        actual = as_list(ours(inputs, **heeds))
        assert len(expected) == len(actual)
        for one, other in zip(expected, actual, strict=True):
            np.testing.assert_allclose(
                other, np.asarray(one), rtol=tolerance, atol=tolerance, err_msg=str(options)
            )
            assert other.dtype.name == str(one.dtype)
        assert ours.compute_output_shape(inputs.shape) == theirs.compute_output_shape(inputs.shape)
        assert ours.count_params() == sum(w.numpy().size for w in theirs.trainable_weights)


@shapes
def test_masks_are_kept_consumed_or_lost_as_in_keras(keras, rng, name):
    for ours, options, inputs, _ in cases(name, rng, EACH, "float32"):
        theirs = getattr(keras.layers, name)(**options)
        assert ours.supports_masking == theirs.supports_masking
        mask = rng.random(inputs.shape[:2]) < 0.6
        if not theirs.supports_masking:
            assert ours.compute_mask(inputs, mask) is None
            continue
        expected, actual = theirs.compute_mask(inputs, mask), ours.compute_mask(inputs, mask)
        for one, other in zip(as_list(expected), as_list(actual), strict=True):
            assert (one is None) == (other is None)
            assert one is None or np.array_equal(one, other)


def test_average_of_padding_only_is_zero_where_keras_gives_nan(keras):
    inputs, mask = np.ones((1, 3, 2), "float32"), np.zeros((1, 3), bool)
    with np.errstate(invalid="ignore"):
        assert np.isnan(keras.layers.GlobalAveragePooling1D()(inputs, mask=mask)).all()
    assert GlobalAveragePooling1D()(inputs, mask=mask).tolist() == [[0.0, 0.0]]


@pytest.mark.parametrize("name", sorted(activations.REGISTRY.names))
def test_activations(keras, rng, name):
    theirs, ours = getattr(keras.activations, name), activations.get(name)
    x = 4 * rng.normal(size=(50, 7)).astype("float32")
    np.testing.assert_allclose(ours(x), np.asarray(theirs(x)), rtol=3e-6, atol=3e-6)
    assert keras.activations.serialize(theirs) == activations.serialize(ours)


@shapes
def test_configs_load_in_both_directions(keras, rng, name):
    for ours, options, _, _ in cases(name, rng, EACH // 3, "float32"):
        theirs = getattr(keras.layers, name)(**options)
        back = type(theirs).from_config(json.loads(json.dumps(ours.get_config())))
        assert back.get_config() == {**theirs.get_config(), "name": ours.name}
        again = KINDS[name].from_config(theirs.get_config())
        assert {**again.get_config(), "name": ours.name} == ours.get_config()


@pytest.fixture(scope="module")
def answered(run_on_torch, tmp_path_factory):
    """Return random cases with torch's gradients, computed in one process."""
    rng = np.random.default_rng(11)
    case_list, arrays = [], {}
    for name in sorted(set(KINDS) - {"Dropout"}):
        for ours, options, inputs, mask in cases(name, rng, EACH // 2, "float64"):
            if options.get("axis") == 1:
                continue  # Keras's torch backend fails there
            prefix = f"{len(case_list)}/"
            outputs = as_list(ours(inputs, **({} if mask is None else {"mask": mask})))
            grads_out = [rng.normal(size=out.shape) for out in outputs]
            case_list.append((ours, options, inputs, mask, grads_out))
            arrays[f"{prefix}inputs"] = inputs
            arrays.update({f"{prefix}weight{n}": w for n, w in enumerate(ours.get_weights())})
            arrays.update({f"{prefix}sent{n}": s for n, s in enumerate(grads_out)})
            if mask is not None:
                arrays[f"{prefix}mask"] = mask
    layer_configs = json.dumps([(type(ours).__name__, options) for ours, options, *_ in case_list])
    folder = tmp_path_factory.mktemp("torch")
    np.savez(folder / "cases.npz", cases=np.array(layer_configs), **arrays)
    files = [str(folder / "cases.npz"), str(folder / "out.npz")]
    run_on_torch(KERAS_GRADIENTS.read_text(encoding="utf-8") + "\nmain(*files)", files=files)
    return case_list, dict(np.load(folder / "out.npz"))


@pytest.mark.parametrize("name", sorted(set(KINDS) - {"Dropout"}))
def test_gradients_are_those_of_torch(answered, name):
    cases, answers = answered
    masked = 0
    for n, (ours, options, inputs, mask, grads_out) in enumerate(cases):
        if type(ours).__name__ != name:
            continue
        masked += mask is not None
        outputs, context = ours.forward(inputs, mask=mask)
        grads = ours.backward(context, grads_out if isinstance(outputs, list) else grads_out[0])
        # Keras's matmul on torch rounds to float32 even here; test_*.py in layers check to 1e-6.
        near = {"rtol": 2e-4, "atol": 2e-5, "err_msg": f"{options}, {mask is not None=}"}
        for k, out in enumerate(as_list(outputs)):
            np.testing.assert_allclose(out, answers[f"{n}/out{k}"], **near)
        np.testing.assert_allclose(grads.inputs, answers[f"{n}/inputs"], **near)
        for k, weight in enumerate(ours.weights):
            np.testing.assert_allclose(
                grads.weights[weight.name], answers[f"{n}/weight{k}"], **near
            )
    assert masked > 0 or name not in HEED


@pytest.mark.parametrize(
    ("act", "phrase"),
    [
        (lambda make: make.Dense(3)(np.ones(3)), "expected min_ndim=2, found ndim=1"),
        (lambda make: grown(make.Dense(2)), "axis -1 of input shape to have value 3"),
        (lambda make: make.LSTM(2)(np.ones((3, 2))), "expected ndim=3, found ndim=2"),
        (lambda make: make.Dense(2, "zz"), "Could not interpret activation function identifier"),
        (lambda make: make.Dropout(1.5), "Invalid value received for argument `rate`"),
        (lambda make: make.Conv1D(4, 5)(np.ones((1, 3, 3))), "output size would be zero or neg"),
        (lambda make: make.Conv1D(4, 2, padding="x"), "The `padding` argument must be"),
        (lambda make: make.Reshape((4, 5))(np.ones((1, 3, 3))), "total size of the tensor must"),
        (lambda make: make.Reshape((-1, -1)), "at most one unknown dimension"),
        (lambda make: make.Dense(2, bogus=1), "Unrecognized keyword arguments passed to Dense"),
    ],
)
def test_an_error_has_keras_s_kind_and_phrase(keras, act, phrase):
    class Ours:
        __getattr__ = staticmethod(KINDS.__getitem__)

    with pytest.raises(Exception, match=phrase) as theirs:
        act(keras.layers)
    with pytest.raises(Exception, match=phrase) as ours:
        act(Ours())
    assert isinstance(ours.value, theirs.type)


def grown(layer):
    layer.build((None, 3))
    return layer(np.ones((2, 4)))

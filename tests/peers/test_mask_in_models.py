"""Masks in whole models, against Keras: outputs and torch's gradients."""

import json
from pathlib import Path

import numpy as np
import pytest

from embedlab import layers
from embedlab.core.gradient import SparseGrad
from embedlab.models import Sequential

KERAS_GRADIENTS = Path(__file__).with_name("keras_gradients.py")
MODELS = 60
PASS = [
    ("Dense", {"units": 4, "activation": "tanh"}),
    ("LayerNormalization", {}),
    ("Dropout", {"rate": 0.5}),
    ("SimpleRNN", {"units": 3, "return_sequences": True}),
    ("GRU", {"units": 3, "return_sequences": True}),
    ("LSTM", {"units": 3, "return_sequences": True}),
    ("Masking", {"mask_value": 0.0}),
]
LOSE = [
    ("Conv1D", {"filters": 3, "kernel_size": 2, "padding": "same"}),
    ("Reshape", {"target_shape": (-1, 2)}),
]
END = [
    ("GlobalAveragePooling1D", {}),
    ("GlobalMaxPooling1D", {}),
    ("SimpleRNN", {"units": 3}),
    ("GRU", {"units": 3}),
    ("LSTM", {"units": 3}),
    ("Flatten", {}),
]


def stacks(rng):
    """Return built models of random layers behind an embedding with mask_zero, and ids."""
    for _ in range(MODELS):
        middle = [PASS[n] for n in rng.integers(len(PASS), size=rng.integers(0, 3))]
        if rng.random() < 0.3:
            middle.insert(rng.integers(len(middle) + 1), LOSE[rng.integers(len(LOSE))])
        words = ("Embedding", {"input_dim": 6, "output_dim": 4, "mask_zero": True})
        layer_configs = [words, *middle, END[rng.integers(len(END))], ("Dense", {"units": 2})]
        layer_configs = [(kind, {**options, "dtype": "float64"}) for kind, options in layer_configs]
        ids = rng.integers(0, 6, size=(3, 4)) * (rng.random((3, 4)) < 0.6)
        ids[:, rng.integers(4)] = 1  # an average of padding alone is 0 here and NaN in Keras
        try:
            model = build(layer_configs)
            model(ids)
        except ValueError:  # a reshape that does not fit the layers before it
            continue
        model.set_weights([rng.normal(size=w.shape) for w in model.weights])
        yield model, layer_configs, ids


def build(layer_configs, **options):
    options.setdefault("strict_masks", "ignore")  # Keras warns and goes on
    return Sequential(
        [getattr(layers, kind)(**config) for kind, config in layer_configs], **options
    )


@pytest.fixture(scope="module")
def answered(run_on_torch, tmp_path_factory):
    rng = np.random.default_rng(5)
    cases_list, arrays = [], {}
    for n, (model, layer_configs, ids) in enumerate(stacks(rng)):
        grad_out = rng.normal(size=model(ids).shape)
        cases_list.append((model, layer_configs, ids, grad_out))
        arrays.update({f"{n}/inputs": ids, f"{n}/sent0": grad_out})
        arrays.update({f"{n}/weight{k}": w for k, w in enumerate(model.get_weights())})
    folder = tmp_path_factory.mktemp("torch")
    cases = np.array(
        json.dumps([("Sequential", layer_configs) for _, layer_configs, *_ in cases_list])
    )
    np.savez(folder / "cases.npz", cases=cases, **arrays)
    files = [str(folder / "cases.npz"), str(folder / "out.npz")]
    run_on_torch(KERAS_GRADIENTS.read_text(encoding="utf-8") + "\nmain(*files)", files=files)
    return cases_list, dict(np.load(folder / "out.npz"))


def test_whole_models_give_keras_s_outputs_and_torch_s_gradients(answered):
    cases, answers = answered
    assert len(cases) > 0.8 * MODELS
    for n, (model, layer_configs, ids, grad_out) in enumerate(cases):
        near = {
            "rtol": 5e-4,
            "atol": 5e-5,
            "err_msg": str(layer_configs),
        }  # Keras's matmul is float32
        out, _, context = model.forward_with_mask(ids)
        np.testing.assert_allclose(out, answers[f"{n}/out0"], **near)
        grads = model.backward(context, grad_out).weights
        for k, (name, weight) in enumerate(model.named_weights().items()):
            grad = grads[name].to_dense() if isinstance(grads[name], SparseGrad) else grads[name]
            assert grad.shape == weight.shape
            np.testing.assert_allclose(grad, answers[f"{n}/weight{k}"], **near)


def test_what_is_lost_in_keras_is_an_error_here(answered):
    """A mask is lost exactly where the same model with strict_masks="raise" refuses to run."""
    lost = 0
    for model, layer_configs, ids, _ in answered[0]:
        mask, losers = None, []
        inputs = ids
        for layer in model.layers:
            if mask is not None and not layer.supports_masking:
                losers.append(layer)
            inputs, mask, _ = layer.forward_with_mask(inputs, mask)
        strict = build(layer_configs, strict_masks="raise")
        if losers:
            lost += 1
            with pytest.raises(TypeError, match="does not support masking"):
                strict(ids)
        else:
            strict(ids)
    assert 0 < lost < len(answered[0])

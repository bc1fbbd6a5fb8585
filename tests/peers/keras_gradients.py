"""The gradients of layers and models by the autograd of Keras's torch backend.

`main` reads cases from one npz file and writes outputs and gradients to another: the tests, whose
Keras runs on NumPy, have it run by the fixture `run_on_torch`, and compare.
"""

import json
import warnings

import numpy as np


def as_list(value):
    return list(value) if isinstance(value, (list, tuple)) else [value]


def make(keras, kind, options):
    """Return a layer; for "Sequential" a model of several, each a pair of kind and options."""
    if kind == "Sequential":
        return keras.Sequential([make(keras, *layer) for layer in options])
    return getattr(keras.layers, kind)(**options)


def answer(keras, torch, kind, options, inputs_and_mask):
    """Return outputs, and the gradients of the inputs (where they are floats) and every weight."""
    layer = make(keras, kind, options)
    inputs = torch.tensor(inputs_and_mask["inputs"])
    inputs.requires_grad_(inputs.is_floating_point())
    layer.build(tuple(inputs.shape))
    layer.set_weights([inputs_and_mask[f"weight{n}"] for n in range(len(layer.weights))])
    heeds = {"mask": torch.tensor(inputs_and_mask["mask"])} if "mask" in inputs_and_mask else {}
    outputs = as_list(layer(inputs, **heeds))
    total = sum(
        (out * torch.tensor(inputs_and_mask[f"sent{n}"])).sum() for n, out in enumerate(outputs)
    )
    results = {f"out{n}": out.detach().numpy() for n, out in enumerate(outputs)}
    variables = {f"weight{n}": w.value for n, w in enumerate(layer.trainable_weights)}
    if inputs.requires_grad:
        variables["inputs"] = inputs
    grads = torch.autograd.grad(total, list(variables.values()), allow_unused=True)
    for (name, variable), grad in zip(variables.items(), grads, strict=True):
        results[name] = (torch.zeros_like(variable) if grad is None else grad).numpy()
    return results


def main(source, target):
    import keras  # here, because pytest looks for doctests in every file
    import torch

    warnings.simplefilter("ignore")  # Keras warns where a mask is lost; that is asked for
    torch.set_num_threads(1)
    arrays = dict(np.load(source))
    answers = {}
    for n, (kind, options) in enumerate(json.loads(str(arrays["cases"]))):
        prefix = f"{n}/"
        case = {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}
        answers.update(
            {prefix + k: v for k, v in answer(keras, torch, kind, options, case).items()}
        )
    np.savez(target, **answers)

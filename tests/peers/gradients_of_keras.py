"""Run as a program on Keras's torch backend: what its autograd says about some layers.

Reads cases from one npz file and writes outputs and gradients to another, so that the tests, whose
Keras runs on NumPy, can compare.
"""

import json
import sys

import numpy as np


def as_list(value):
    return list(value) if isinstance(value, (list, tuple)) else [value]


def answer(keras, torch, kind, options, given):
    """Give outputs, and the gradients of the inputs and of every weight."""
    layer = getattr(keras.layers, kind)(**options)
    inputs = torch.tensor(given["inputs"], requires_grad=True)
    layer.build(tuple(inputs.shape))
    weights = [given[f"weight{n}"] for n in range(len(layer.weights))]
    layer.set_weights(weights)
    heeds = {"mask": torch.tensor(given["mask"])} if "mask" in given else {}
    outputs = as_list(layer(inputs, **heeds))
    total = sum((out * torch.tensor(given[f"sent{n}"])).sum() for n, out in enumerate(outputs))
    variables = [inputs, *(w.value for w in layer.trainable_weights)]
    found = {f"out{n}": out.detach().numpy() for n, out in enumerate(outputs)}
    grads = torch.autograd.grad(total, variables, allow_unused=True)
    for n, (grad, variable) in enumerate(zip(grads, variables, strict=True)):
        grad = torch.zeros_like(variable) if grad is None else grad
        found["inputs" if n == 0 else f"weight{n - 1}"] = grad.numpy()
    return found


def main(source, target):
    import keras  # here, because pytest looks for doctests in every file
    import torch

    torch.set_num_threads(1)
    arrays = dict(np.load(source))
    answers = {}
    for n, (kind, options) in enumerate(json.loads(str(arrays["cases"]))):
        prefix = f"{n}/"
        given = {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}
        answers.update(
            {prefix + k: v for k, v in answer(keras, torch, kind, options, given).items()}
        )
    np.savez(target, **answers)


if __name__ == "__main__":
    main(*sys.argv[1:])

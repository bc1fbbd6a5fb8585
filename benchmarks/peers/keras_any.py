"""Keras, on the backend that KERAS_BACKEND names: its Embedding layer, called as users call it."""

import os

import keras
import numpy as np

BACKEND = os.environ["KERAS_BACKEND"]


def finish(result):
    """Wait for backends that compute in the background."""
    return result.block_until_ready() if BACKEND == "jax" else result


def build(i):
    layer = keras.layers.Embedding(*i["table"].shape)
    layer.build()
    layer.embeddings.assign(i["table"])
    return layer


def run(layer, i):
    ids = keras.ops.convert_to_tensor(i["ids"].astype("int32"))

    def call():
        return finish(layer(ids))

    return call, lambda r: keras.ops.convert_to_numpy(r)


def layer(i):
    return run(build(i), i)


def lora(i):
    embedding = build(i)
    embedding.enable_lora(i["a"].shape[1], lora_alpha=i["scale"] * i["a"].shape[1])
    embedding.lora_embeddings_a.assign(i["a"])
    embedding.lora_embeddings_b.assign(i["b"])
    return run(embedding, i)


def quantized(mode):
    def setup(i):
        embedding = build(i)
        embedding.quantize(mode)
        call, read = run(embedding, i)
        step = np.abs(i["table"][i["ids"]]).max(1, keepdims=True) / (127 if mode == "int8" else 7)
        assert (np.abs(read(call()) - i["table"][i["ids"]]) <= 0.51 * step + 1e-3).all()
        return call, lambda r: None

    return setup


CALLS = {
    "layer": layer,
    "LoRA layer": lora,
    "int8 layer": quantized("int8"),
    "int4 layer": quantized("int4"),
}

"""What an Embedding tells about itself: its config, and one line of words."""

from typing import Any

from embedlab import constraints, initializers, quantizers, regularizers
from embedlab.layers.lora import DEFAULT

__all__ = ["embedding_config", "in_words"]

_OURS = {
    "input_length": None,
    "padding_idx": None,
    "max_norm": None,
    "norm_type": 2.0,
    "row_dropout": 0.0,
    "scale_grad_by_freq": False,
    "oob": "raise",
    "negative": "raise",
    "seed": None,
    "placement": "memory",
}
"""Arguments that Keras does not know, and their defaults: a config holds them only if they differ,
so that Keras can read it."""


def embedding_config(layer: Any) -> dict[str, Any]:
    """Return the arguments of an `Embedding`, without those that every layer has.

    Examples
    --------
    >>> from embedlab.layers.embedding import Embedding
    >>> told = embedding_config(Embedding(10, 4, lora_rank=2, seed=1))
    >>> told["input_dim"], told["lora_alpha"], told["seed"], "oob" in told
    (10, 2, 1, False)
    """
    config = {
        "input_dim": layer.input_dim,
        "output_dim": layer.output_dim,
        "embeddings_initializer": initializers.serialize(layer.embeddings_initializer),
        "embeddings_regularizer": regularizers.serialize(layer.embeddings_regularizer),
        "embeddings_constraint": constraints.serialize(layer.embeddings_constraint),
        "mask_zero": layer.mask_zero,
    }
    config.update({k: getattr(layer, k) for k, v in _OURS.items() if getattr(layer, k) != v})
    if layer.quantization_config is not None:
        config["quantization_config"] = quantizers.serialize(layer.quantization_config)
    plans = _plans(layer)
    if plans and plans[0]["name"] == DEFAULT and not plans[0].get("rslora"):
        first = plans.pop(0)
        alpha = first["rank"] if first["alpha"] is None else first["alpha"]
        config.update(lora_rank=first["rank"], lora_alpha=alpha)
    if plans:
        config["adapters"] = plans
    return config


def in_words(layer: Any) -> str:
    """Return an `Embedding` in one line: what it is, without an address.

    Examples
    --------
    >>> from embedlab.layers.embedding import Embedding
    >>> in_words(Embedding(10, 4, lora_rank=2, trainable=False))
    'Embedding(10 words -> 4 numbers, lora rank 2, frozen)'
    """
    told = [f"{layer.input_dim} words -> {layer.output_dim} numbers"]
    told += ["mask_zero"] if layer.mask_zero else []
    told += [f"padding_idx {layer.padding_idx}"] if layer.padding_idx is not None else []
    told += [f"input_length {layer.input_length}"] if layer.input_length is not None else []
    told += [
        f"lora rank {lora['rank']}" + ("" if lora["name"] == DEFAULT else f" {lora['name']!r}")
        for lora in _plans(layer)
    ]
    told += [layer.quantization_mode] if layer.quantization_mode else []
    told += ["frozen"] if not layer.trainable else []
    return f"{type(layer).__name__}({', '.join(told)})"


def _plans(layer: Any) -> list[dict[str, Any]]:
    """Return the adapters that there are, or that the constructor was told to make."""
    if not layer.built:
        return [dict(about) for about in layer._planned]
    return [
        {"name": lora.name, "rank": lora.rank, "alpha": lora.alpha, "rslora": lora.rslora}
        for lora in layer.adapters.values()
    ]

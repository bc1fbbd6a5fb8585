"""A model as a table: its layers, their shapes, how many numbers they hold."""

from typing import Any

__all__ = ["summary"]


def summary(model: Any) -> str:
    """Give the table as text.

    >>> from embedlab.layers import Embedding
    >>> from embedlab.models import Sequential
    >>> print(summary(Sequential([Embedding(10, 4, input_length=3, name="words")], name="m")))
    Model: "m"
    ───────────────────────────────────────
    Layer (type)       Output shape  Params
    ───────────────────────────────────────
    words (Embedding)  (None, 3, 4)      40
    ───────────────────────────────────────
    Total params: 40 (160 B)
    Trainable params: 40 (160 B)
    Non-trainable params: 0 (0 B)
    """
    rows = [("Layer (type)", "Output shape", "Params")]
    flowing = model.inputs[0].shape if model.inputs else None
    for layer in model.layers:
        flowing = None if flowing is None else _shape(layer, flowing)
        count = f"{layer.count_params():,}" if layer.built else "0 (unbuilt)"
        rows.append((f"{layer.name} ({type(layer).__name__})", str(flowing or "?"), count))
    wide = [max(len(row[i]) for row in rows) for i in range(3)]
    line = "─" * (sum(wide) + 4)
    text = [f"{a:<{wide[0]}}  {b:<{wide[1]}}  {c:>{wide[2]}}" for a, b, c in rows]
    kinds = {"Total": model.weights, "Trainable": model.trainable_weights,
             "Non-trainable": model.non_trainable_weights}  # fmt: skip
    told = [
        f"{kind} params: {sum(v.size for v in found):,} ({sum(v.value.nbytes for v in found):,} B)"
        for kind, found in kinds.items()
    ]
    return "\n".join([f'Model: "{model.name}"', line, text[0], line, *text[1:], line, *told])


def _shape(layer: Any, shape: tuple) -> tuple | None:
    try:
        return layer.compute_output_shape(shape)
    except NotImplementedError:  # a layer of one's own may not say
        return None

"""A model as a table: its layers, their shapes, how many parameters they have."""

from typing import Any

__all__ = ["summary"]


def summary(model: Any) -> str:
    """Return the table as text.

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
    for layer, shape in model.layer_shapes():
        count = f"{layer.count_params():,}" if layer.built else "0 (unbuilt)"
        rows.append((f"{layer.name} ({type(layer).__name__})", str(shape or "?"), count))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    line = "─" * (sum(widths) + 2 * (len(widths) - 1))
    text = [
        "  ".join(
            cell.rjust(w) if n == 2 else cell.ljust(w)
            for n, (cell, w) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    groups = {
        "Total": model.weights,
        "Trainable": model.trainable_weights,
        "Non-trainable": model.non_trainable_weights,
    }
    totals = [
        f"{kind} params: {sum(v.size for v in group):,} ({sum(v.value.nbytes for v in group):,} B)"
        for kind, group in groups.items()
    ]
    return "\n".join([f'Model: "{model.name}"', line, text[0], line, *text[1:], line, *totals])

"""Skip-gram on explicit batches of pairs, and the gradient of their loss.

Each word of a batch is paired with the words around it (label 1) and with random negatives
(label 0). A pair's score is the dot product of a row of the table and a row of the context table;
the loss is the binary cross-entropy of the scores, its mean over the batch. `skipgram`
trains on millions of words; this trains on a few, so that every step can be inspected.
"""

from typing import Any, NamedTuple

import numpy as np

from embedlab.core.checks import (
    DtypeError,
    ShapeError,
    as_array,
    check_size,
    check_table_bytes,
    message,
)
from embedlab.core.ids import as_ids, out_of_range_error
from embedlab.core.jit import kernel
from embedlab.core.skipgram.sampling import alias_table, token_stream

__all__ = [
    "PairGrad",
    "SkipgramBatches",
    "check_pair_tables",
    "check_pairs",
    "grad_pairs",
    "grad_pairs_kernel",
    "grad_pairs_reference",
    "sample_batches",
]

MOST = 1024
"""The widest window, and the most negatives for each context word: all are sampled at once."""


class SkipgramBatches(NamedTuple):
    """Pairs of S steps, one step after the other.

    Attributes
    ----------
    pairs : ndarray of int64, (P, 2)
        A row of the table and a row of the context table.
    label : ndarray of uint8, (P,)
        1 where both are near each other in the text, 0 where the second is a random negative.
    starts : ndarray of int64, (S + 1,)
        Step s has the pairs ``starts[s] : starts[s + 1]``.
    places : ndarray of int64, (S, B)
        Which words of the text each step looks at.
    """

    pairs: np.ndarray
    label: np.ndarray
    starts: np.ndarray
    places: np.ndarray


class PairGrad(NamedTuple):
    """Loss of a batch, and the gradients of the rows that its pairs looked up, (P, D) each."""

    loss: float
    table: np.ndarray
    context: np.ndarray


def sample_batches(
    ids: Any,
    input_dim: int,
    *,
    steps: int,
    batch: int,
    starts: Any = None,
    window: int = 2,
    negative: int = 2,
    seed: int = 0,
) -> SkipgramBatches:
    """Return batches of `batch` words each, cyclically from the start of the text, with negatives.

    Parameters
    ----------
    ids : array_like of int, (N,), 0 <= id < V
    input_dim : int
        V.
    steps, batch : int
        S and B; a batch is never longer than the text.
    starts : array_like of int, optional
        Where sentences begin (rising, from 0): no pair reaches across.
    window : int
        Words on each side that count as context.
    negative : int
        Negatives for each context word, with probability ~ count ** 0.75. One that happens to be
        the context word itself is left out.
    seed : int

    Returns
    -------
    SkipgramBatches

    Raises
    ------
    IdError, IdTypeError, ShapeError, ValueError

    Examples
    --------
    >>> batches = sample_batches([0, 1, 0], 2, steps=2, batch=2, window=1, negative=0)
    >>> batches.pairs.tolist(), batches.starts.tolist()
    ([[0, 1], [1, 0], [1, 0], [0, 1], [0, 1]], [0, 3, 5])
    """
    stream, counts = token_stream(ids, input_dim, starts)
    steps, batch = check_size(steps, "steps"), check_size(batch, "batch")
    window = check_size(window, "window", most=MOST)
    negative = check_size(negative, "negative", least=0, most=MOST)
    seed = check_size(seed, "seed", least=0)
    text = stream[stream >= 0].astype(np.int64)
    sentence = np.cumsum(stream < 0)[stream >= 0]
    batch = min(batch, text.size)
    check_table_bytes(steps * batch, 2 * window * (1 + negative), np.int64, "steps")
    places = np.arange(steps * batch) % text.size
    reach = np.array([*range(-window, 0), *range(1, window + 1)])
    around = places[:, None] + reach  # (S·B, C)
    inside = (around >= 0) & (around < text.size)
    around = np.where(inside, around, 0)
    near = inside & (sentence[around] == sentence[places][:, None])
    rng = np.random.default_rng(seed)
    alias, odds = alias_table(counts**0.75)
    negatives = rng.integers(len(counts), size=(*around.shape, negative))
    negatives = np.where(rng.random(negatives.shape) < odds[negatives], negatives, alias[negatives])
    true = text[around][..., None]
    second = np.concatenate([true, negatives], axis=-1)  # (S·B, C, 1 + K)
    valid = near[..., None] & np.concatenate([np.ones_like(true, bool), negatives != true], axis=-1)
    first = np.broadcast_to(text[places][:, None, None], second.shape)
    label = np.broadcast_to(np.arange(1 + negative) == 0, second.shape)
    ends = valid.reshape(steps, -1).sum(axis=1).cumsum()
    return SkipgramBatches(
        np.stack([first[valid], second[valid]], axis=1),
        label[valid].astype(np.uint8),
        np.concatenate([[0], ends]),
        places.reshape(steps, batch),
    )


def grad_pairs_reference(
    pairs: np.ndarray,
    label: np.ndarray,
    share: float,
    table: np.ndarray,
    context: np.ndarray,
    back: np.ndarray,
    back_context: np.ndarray,
) -> float:
    """Reference implementation in NumPy: write the gradients of each pair; return the loss."""
    rows, others = table[pairs[:, 0]], context[pairs[:, 1]]
    score = (rows * others).sum(axis=1)
    small = np.exp(-np.abs(score))  # never above 1
    sigmoid = np.where(score >= 0, 1, small) / (1 + small)
    push = ((sigmoid - label) * share)[:, None]
    back[:], back_context[:] = push * others, push * rows
    return (np.maximum(score, 0) - score * label + np.log1p(small)).sum(dtype="f8") * float(share)


@kernel
def grad_pairs_kernel(pairs, label, share, table, context, back, back_context):
    """Write the gradients of each pair's two rows; return the loss.

    pairs (P, 2) int64; label (P,) and share = 1 / P in the dtype of the tables; table and context
    (V, D); back and back_context (P, D). A literal 0 or 1 would turn single precision into double.
    """
    zero, one = np.zeros(1, table.dtype)[0], np.ones(1, table.dtype)[0]
    loss = 0.0
    for p in range(label.size):
        i, j = pairs[p, 0], pairs[p, 1]
        score = zero
        for d in range(table.shape[1]):
            score += table[i, d] * context[j, d]
        small = np.exp(-abs(score))
        loss += max(score, zero) - score * label[p] + np.log1p(small)
        sigmoid = (one if score >= zero else small) / (one + small)
        push = (sigmoid - label[p]) * share
        for d in range(table.shape[1]):
            back[p, d] = push * context[j, d]
            back_context[p, d] = push * table[i, d]
    return loss * np.float64(share)


def grad_pairs(pairs: Any, label: Any, table: Any, context: Any) -> PairGrad:
    """Return the loss of a batch of pairs and its gradient, one row for each looked-up row.

    Parameters
    ----------
    pairs : array_like of int, (P, 2)
        A row of the table and a row of the context table, 0 <= row < V.
    label : array_like, (P,)
        1 for a true pair, 0 for a random negative.
    table, context : array_like, (V, D), float32 or float64

    Returns
    -------
    PairGrad
        ``loss = mean(log(1 + exp(x)) - x * label)`` with ``x = table[i] . context[j]``. The rows
        of its gradients go with ``pairs[:, 0]`` and ``pairs[:, 1]``: an optimizer adds them up.
        No pair at all gives a loss of NaN.

    Raises
    ------
    IdError, ShapeError, DtypeError

    Notes
    -----
    Source: Mikolov et al., "Distributed Representations of Words and Phrases and their
    Compositionality" (2013), equation 4; the loss as in
    ``keras.losses.BinaryCrossentropy(from_logits=True)``.

    Examples
    --------
    >>> grad = grad_pairs([[0, 1]], [1], np.zeros((1, 2)), np.array([[0.0, 0.0], [2.0, 4.0]]))
    >>> round(grad.loss, 6), grad.table.tolist(), grad.context.tolist()
    (0.693147, [[-1.0, -2.0]], [[-0.0, -0.0]])
    """
    table, context = check_pair_tables(table, context)
    pairs = check_pairs(pairs, len(table), len(context))
    label = as_array(label, "label")
    if label.dtype.kind not in "fiub":
        raise DtypeError(message("label must hold numbers", label.dtype, "Pass 1 and 0"))
    label = label.astype(table.dtype)
    if label.shape != (len(pairs),):
        raise ShapeError(
            f"label must have one number for each of the {len(pairs)} pairs. Received shape "
            f"{label.shape}. Pass 1 for a true pair and 0 for a negative."
        )
    back, back_context = (np.empty((len(pairs), table.shape[1]), table.dtype) for _ in range(2))
    share = table.dtype.type(1 / max(len(pairs), 1))
    loss = grad_pairs_kernel(pairs, label, share, table, context, back, back_context)
    return PairGrad(float(loss) if len(pairs) else np.nan, back, back_context)


def check_pairs(pairs: Any, rows: int, others: int) -> np.ndarray:
    """Return pairs of row numbers as a private int64 array; refuse rows outside a table."""
    pairs = np.array(as_ids(pairs), np.int64, order="C")
    if pairs.ndim != 2 or pairs.shape[1] != 2:
        raise ShapeError(
            f"pairs must have shape (P, 2). Received {pairs.shape}. Put a row of the table and a "
            "row of the context table into each."
        )
    for column, size in ((pairs[:, 0], rows), (pairs[:, 1], others)):
        if column.size and not 0 <= int(column.min()) <= int(column.max()) < size:
            raise out_of_range_error(column, size)
    return pairs


def check_pair_tables(table: Any, context: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return both tables C-contiguous; refuse two of different width or precision."""
    table, context = as_array(table, "table"), as_array(context, "context")
    native = table.dtype.char in "fd" and table.dtype.isnative
    if not native or table.dtype != context.dtype:
        raise DtypeError(
            "table and context must both hold float32, or both float64. Received "
            f"{table.dtype.str} and {context.dtype.str}. Cast them with astype."
        )
    if table.ndim != 2 or context.ndim != 2 or table.shape[1] != context.shape[1]:
        raise ShapeError(
            "table and context must have two axes and the same width D. Received "
            f"{table.shape} and {context.shape}. Give both tables rows of one length."
        )
    return table, context

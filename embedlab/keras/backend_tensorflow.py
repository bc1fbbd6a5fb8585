"""Keras's TensorFlow backend: `numpy_function` calls the core, a custom gradient the way back.

A graph with Python in it can be neither compiled by XLA nor exported as a SavedModel.
"""

from typing import Any

import tensorflow as tf

from embedlab.keras.bridge import LookupSpec, grad_adapter, lookup_rows, sparse_grad_floats

__all__ = ["lookup"]


def lookup(plan: LookupSpec, ids: Any, *parts: Any) -> Any:
    """Return the rows of `ids` on Keras's TensorFlow backend: see
    `embedlab.keras.bridge.lookup_rows`."""
    if isinstance(ids, tf.RaggedTensor):
        return ids.with_flat_values(lookup(plan, ids.flat_values, *parts))

    @tf.custom_gradient
    def rows(*parts: Any) -> Any:
        def backward(grad: Any) -> Any:
            made: list[Any] = [None] * len(parts)
            if not plan.bits:
                shapes = [("int64", [None]), (plan.table_dtype, [None, plan.shape[1]])]
                where, rows = _on_host(sparse_grad_floats, plan, shapes, ids, grad)
                shape = tf.constant(plan.shape, "int64")  # Keras's rules ask it for its dtype
                made[0] = tf.IndexedSlices(rows, where, shape)
            if plan.lora_scale is not None:
                shapes = [(x.dtype, x.shape) for x in parts[-2:]]
                made[-2:] = _on_host(grad_adapter, plan, shapes, ids, grad, *parts[-2:])
            return made

        shapes = [(plan.rows_dtype, ids.shape.concatenate([plan.shape[1]]))]
        return _on_host(lookup_rows, plan, shapes, ids, *parts)[0], backward

    return rows(*map(tf.convert_to_tensor, parts))


def _on_host(
    function: Any, plan: LookupSpec, shapes: list[tuple[Any, Any]], *arrays: Any
) -> list[Any]:
    def run(*arrays: Any) -> Any:
        return function(plan, *arrays)

    # Not stateful: what a step does not use, the gradient of a frozen table, is pruned.
    made = tf.numpy_function(run, arrays, [dtype for dtype, _ in shapes], stateful=False)
    made = [made] if isinstance(made, tf.Tensor) else list(made)  # one alone comes bare when eager
    for one, (_, shape) in zip(made, shapes, strict=True):
        one.set_shape(shape)
    return made

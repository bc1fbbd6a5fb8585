"""Keras's TensorFlow backend: `numpy_function` calls the core, a custom gradient the way back.

A graph with Python in it can be neither compiled by XLA nor exported as a SavedModel.
"""

from typing import Any

import tensorflow as tf

from embedlab.keras.bridge import LookupSpec, grad_adapter, lookup_rows, sparse_grad_embeddings

__all__ = ["lookup"]


def lookup(spec: LookupSpec, ids: Any, *parts: Any) -> Any:
    """Return the rows of `ids` on Keras's TensorFlow backend: see
    `embedlab.keras.bridge.lookup_rows`."""
    if isinstance(ids, tf.RaggedTensor):
        return ids.with_flat_values(lookup(spec, ids.flat_values, *parts))

    @tf.custom_gradient
    def rows(*parts: Any) -> Any:
        def backward(grad: Any) -> Any:
            results: list[Any] = [None] * len(parts)
            if not spec.bits:
                shapes = [("int64", [None]), (spec.table_dtype, [None, spec.shape[1]])]
                where, rows = _on_host(sparse_grad_embeddings, spec, shapes, ids, grad)
                shape = tf.constant(spec.shape, "int64")  # Keras's rules ask it for its dtype
                results[0] = tf.IndexedSlices(rows, where, shape)
            if spec.lora_scale is not None:
                shapes = [(x.dtype, x.shape) for x in parts[-2:]]
                results[-2:] = _on_host(grad_adapter, spec, shapes, ids, grad, *parts[-2:])
            return results

        shapes = [(spec.rows_dtype, ids.shape.concatenate([spec.shape[1]]))]
        return _on_host(lookup_rows, spec, shapes, ids, *parts)[0], backward

    return rows(*map(tf.convert_to_tensor, parts))


def _on_host(
    function: Any, spec: LookupSpec, shapes: list[tuple[Any, Any]], *arrays: Any
) -> list[Any]:
    def run(*arrays: Any) -> Any:
        return function(spec, *arrays)

    # Not stateful: what a step does not use, the gradient of a frozen table, is pruned.
    results = tf.numpy_function(run, arrays, [dtype for dtype, _ in shapes], stateful=False)
    results = [results] if isinstance(results, tf.Tensor) else list(results)  # eager: one tensor
    for one, (_, shape) in zip(results, shapes, strict=True):
        one.set_shape(shape)
    return results

"""Keras's jax backend: `pure_callback` calls the core, `custom_vjp` knows its way back.

XLA calls the core at run time, in a compiled training step as well; what a step does not use (the
gradient of a frozen table) is never computed.
"""

import functools
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from embedlab.keras.bridge import LookupSpec, grad_adapter, grad_embeddings, lookup_rows

__all__ = ["lookup"]


def lookup(spec: LookupSpec, ids: Any, *parts: Any) -> Any:
    """Return the rows of `ids` on Keras's jax backend: see `embedlab.keras.bridge.lookup_rows`."""
    return _rows(spec)(ids, *parts)


@functools.cache  # the same function for the same spec, so that JAX finds what it has compiled
def _rows(spec: LookupSpec) -> Callable:
    call = _on_host(lookup_rows, spec)

    @jax.custom_vjp
    def rows(ids: Any, *parts: Any) -> Any:
        result = jax.ShapeDtypeStruct((*ids.shape, spec.shape[1]), spec.rows_dtype)
        return call(result, ids, *parts)

    def forward(ids: Any, *parts: Any) -> Any:
        factors = parts[-2:] if spec.lora_scale is not None else ()
        return rows(ids, *parts), (ids, factors, (None,) * len(parts))

    def backward(residuals: Any, grad: Any) -> Any:
        ids, factors, nothing = residuals
        grads = list(nothing)
        if not spec.bits:
            grads[0] = _table(spec)(grad, ids)
        if factors:
            shapes = tuple(jax.ShapeDtypeStruct(x.shape, x.dtype) for x in factors)
            grads[-2:] = _on_host(grad_adapter, spec)(shapes, ids, grad, *factors)
        return None, *grads

    rows.defvjp(forward, backward)
    return rows


@functools.cache
def _table(spec: LookupSpec) -> Callable:
    """The gradient of the table, whose own gradient is a lookup."""
    call = _on_host(grad_embeddings, spec)

    @jax.custom_vjp
    def table(grad: Any, ids: Any) -> Any:
        return call(jax.ShapeDtypeStruct(spec.shape, spec.table_dtype), ids, grad)

    def forward(grad: Any, ids: Any) -> Any:
        return table(grad, ids), (ids, jax.numpy.zeros((), grad.dtype))

    def backward(residuals: Any, grad: Any) -> Any:
        ids, like = residuals
        plain = LookupSpec(spec.shape, spec.table_dtype, spec.oob)
        return _rows(plain)(ids, grad).astype(like.dtype), None

    table.defvjp(forward, backward)
    return table


@functools.cache
def _on_host(function: Callable, spec: LookupSpec) -> Callable:
    def run(*arrays: Any) -> Any:
        return function(spec, *map(np.asarray, arrays))

    def call(shapes: Any, *arrays: Any) -> Any:
        return jax.pure_callback(run, shapes, *arrays, vmap_method="sequential")

    return call

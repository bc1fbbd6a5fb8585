"""Keras's jax backend: `pure_callback` calls the core, `custom_vjp` knows its way back.

XLA calls the core at run time, in a compiled training step as well; what a step does not use (the
gradient of a frozen table) is never computed.
"""

import functools
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from embedlab.keras.bridge import LookupSpec, grad_adapter, grad_floats, lookup_rows

__all__ = ["lookup"]


def lookup(plan: LookupSpec, ids: Any, *parts: Any) -> Any:
    """Return the rows of `ids` on Keras's jax backend: see `embedlab.keras.bridge.lookup_rows`."""
    return _rows(plan)(ids, *parts)


@functools.cache  # the same function for the same plan, so that JAX finds what it has compiled
def _rows(plan: LookupSpec) -> Callable:
    call = _on_host(lookup_rows, plan)

    @jax.custom_vjp
    def rows(ids: Any, *parts: Any) -> Any:
        made = jax.ShapeDtypeStruct((*ids.shape, plan.shape[1]), plan.rows_dtype)
        return call(made, ids, *parts)

    def forward(ids: Any, *parts: Any) -> Any:
        factors = parts[-2:] if plan.lora_scale is not None else ()
        return rows(ids, *parts), (ids, factors, (None,) * len(parts))

    def backward(kept: Any, grad: Any) -> Any:
        ids, factors, nothing = kept
        made = list(nothing)
        if not plan.bits:
            made[0] = _table(plan)(grad, ids)
        if factors:
            shapes = tuple(jax.ShapeDtypeStruct(x.shape, x.dtype) for x in factors)
            made[-2:] = _on_host(grad_adapter, plan)(shapes, ids, grad, *factors)
        return None, *made

    rows.defvjp(forward, backward)
    return rows


@functools.cache
def _table(plan: LookupSpec) -> Callable:
    """The gradient of the table, whose own gradient is a lookup."""
    call = _on_host(grad_floats, plan)

    @jax.custom_vjp
    def table(grad: Any, ids: Any) -> Any:
        return call(jax.ShapeDtypeStruct(plan.shape, plan.table_dtype), ids, grad)

    def forward(grad: Any, ids: Any) -> Any:
        return table(grad, ids), (ids, jax.numpy.zeros((), grad.dtype))

    def backward(kept: Any, grad: Any) -> Any:
        ids, like = kept
        plain = LookupSpec(plan.shape, plan.table_dtype, plan.oob)
        return _rows(plain)(ids, grad).astype(like.dtype), None

    table.defvjp(forward, backward)
    return table


@functools.cache
def _on_host(function: Callable, plan: LookupSpec) -> Callable:
    def run(*arrays: Any) -> Any:
        return function(plan, *map(np.asarray, arrays))

    def call(shapes: Any, *arrays: Any) -> Any:
        return jax.pure_callback(run, shapes, *arrays, vmap_method="sequential")

    return call

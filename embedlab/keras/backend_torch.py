"""Keras's torch backend: the core runs inside an `autograd.Function`, on shared memory."""

from typing import Any

import numpy as np
import torch
from keras.src.backend.common.symbolic_scope import in_symbolic_scope

from embedlab.keras.bridge import LookupSpec, grad_adapter, grad_embeddings, lookup_rows

__all__ = ["lookup"]


@torch.compiler.disable
def lookup(spec: LookupSpec, ids: Any, *parts: Any) -> Any:
    """Return the rows of `ids` on Keras's torch backend: see `embedlab.keras.bridge.lookup_rows`.

    A tensor on another device travels to the CPU and its rows travel back.
    """
    if ids.device.type == "meta" or in_symbolic_scope():  # Keras asks for a shape
        shape = (*ids.shape, spec.shape[1])
        return torch.zeros(shape, dtype=getattr(torch, spec.rows_dtype), device=ids.device)
    return _Rows.apply(spec, ids, *parts)


class _Rows(torch.autograd.Function):
    @staticmethod
    def forward(spec: LookupSpec, ids: Any, *parts: Any) -> Any:
        rows = lookup_rows(spec, _array(ids), *map(_array, parts))
        return _tensor(rows, parts[0].device)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.spec, ids, *parts = inputs
        ctx.count, ctx.device = len(parts), parts[0].device
        # Not the table: its gradient does not read it, and it may change before the way back.
        factors = parts[-2:] if ctx.spec.lora_scale is not None else []
        ctx.save_for_backward(ids, *factors)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        ids, *factors = ctx.saved_tensors
        needs_grad = ctx.needs_input_grad[2:]
        result: list[Any] = [None] * ctx.count
        if needs_grad[0] and not ctx.spec.bits:
            result[0] = _Table.apply(ctx.spec, ids, grads[0], ctx.device)
        if factors and any(needs_grad[-2:]):
            result[-2:] = _Factors.apply(ctx.spec, ids, grads[0], *factors)
        return None, None, *result


class _Table(torch.autograd.Function):
    """The gradient of the table, whose own gradient is a lookup."""

    @staticmethod
    def forward(spec: LookupSpec, ids: Any, grad: Any, device: Any) -> Any:
        return _tensor(grad_embeddings(spec, _array(ids), _array(grad)), device)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.spec, ids, grad, _ = inputs
        ctx.dtype = grad.dtype
        ctx.save_for_backward(ids)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        spec = LookupSpec(ctx.spec.shape, ctx.spec.table_dtype, ctx.spec.oob)
        return None, None, _Rows.apply(spec, *ctx.saved_tensors, grads[0]).to(ctx.dtype), None


class _Factors(torch.autograd.Function):
    """The gradients of the LoRA factors: once only, there is no gradient of these."""

    @staticmethod
    def forward(spec: LookupSpec, ids: Any, grad: Any, a: Any, b: Any) -> Any:
        factors = grad_adapter(spec, *map(_array, (ids, grad, a, b)))
        return tuple(_tensor(one, a.device) for one in factors)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        pass

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        raise NotImplementedError(
            "second derivatives must not pass through LoRA factors. Received a backward pass of "
            "a backward pass. Merge the adapter, or use keras.layers.Embedding there."
        )


def _array(tensor: Any) -> np.ndarray:
    tensor = tensor.detach().cpu()
    if tensor.dtype is torch.bfloat16:  # torch's own .numpy() refuses these
        return tensor.view(torch.int16).numpy().view("bfloat16")
    return tensor.numpy()


def _tensor(array: np.ndarray, device: Any) -> Any:
    if array.dtype.name == "bfloat16":
        return torch.from_numpy(array.view(np.int16)).view(torch.bfloat16).to(device)
    return torch.from_numpy(array).to(device)

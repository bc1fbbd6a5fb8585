"""Keras's torch backend: the core runs inside an `autograd.Function`, on shared memory."""

from typing import Any

import numpy as np
import torch
from keras.src.backend.common.symbolic_scope import in_symbolic_scope

from embedlab.keras.bridge import LookupSpec, grad_adapter, grad_floats, lookup_rows

__all__ = ["lookup"]


@torch.compiler.disable
def lookup(plan: LookupSpec, ids: Any, *parts: Any) -> Any:
    """Return the rows of `ids` on Keras's torch backend: see `embedlab.keras.bridge.lookup_rows`.

    A tensor on another device travels to the CPU and its rows travel back.
    """
    if ids.device.type == "meta" or in_symbolic_scope():  # Keras asks for a shape
        shape = (*ids.shape, plan.shape[1])
        return torch.zeros(shape, dtype=getattr(torch, plan.rows_dtype), device=ids.device)
    return _Rows.apply(plan, ids, *parts)


class _Rows(torch.autograd.Function):
    @staticmethod
    def forward(plan: LookupSpec, ids: Any, *parts: Any) -> Any:
        made = lookup_rows(plan, _array(ids), *map(_array, parts))
        return _tensor(made, parts[0].device)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.plan, ids, *parts = inputs
        ctx.count, ctx.device = len(parts), parts[0].device
        # Not the table: its gradient does not read it, and it may change before the way back.
        factors = parts[-2:] if ctx.plan.lora_scale is not None else []
        ctx.save_for_backward(ids, *factors)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        ids, *factors = ctx.saved_tensors
        wanted = ctx.needs_input_grad[2:]
        made: list[Any] = [None] * ctx.count
        if wanted[0] and not ctx.plan.bits:
            made[0] = _Table.apply(ctx.plan, ids, grads[0], ctx.device)
        if factors and any(wanted[-2:]):
            made[-2:] = _Factors.apply(ctx.plan, ids, grads[0], *factors)
        return None, None, *made


class _Table(torch.autograd.Function):
    """The gradient of the table, whose own gradient is a lookup."""

    @staticmethod
    def forward(plan: LookupSpec, ids: Any, grad: Any, device: Any) -> Any:
        return _tensor(grad_floats(plan, _array(ids), _array(grad)), device)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.plan, ids, grad, _ = inputs
        ctx.dtype = grad.dtype
        ctx.save_for_backward(ids)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        plan = LookupSpec(ctx.plan.shape, ctx.plan.table_dtype, ctx.plan.oob)
        return None, None, _Rows.apply(plan, *ctx.saved_tensors, grads[0]).to(ctx.dtype), None


class _Factors(torch.autograd.Function):
    """The gradients of the LoRA factors: once only, there is no gradient of these."""

    @staticmethod
    def forward(plan: LookupSpec, ids: Any, grad: Any, a: Any, b: Any) -> Any:
        made = grad_adapter(plan, *map(_array, (ids, grad, a, b)))
        return tuple(_tensor(one, a.device) for one in made)

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

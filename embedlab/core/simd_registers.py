"""The vectors of `simd` in registers, as LLVM instructions, which Numba alone cannot express.

LLVM by itself uses half of a 512-bit register and keeps no sum in it. On other processors the same
code uses as many smaller registers as it takes. Each number is added by itself, in order, so the
bits are those of a plain loop.
"""

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic, models, register_model

__all__ = [
    "Vector",
    "add",
    "add_load",
    "add_load_scaled",
    "load",
    "load_scaled",
    "prefetch",
    "store",
    "zeros",
]

CACHE_LINE = 64

_intrinsic: Any = intrinsic  # an intrinsic is called without its first argument, `typing`


class Vector(types.Type):
    """Numba's type for `width` numbers in registers."""

    def __init__(self, dtype: Any, width: int):
        self.dtype = dtype
        self.width = width
        super().__init__(name=f"Vector({dtype}, {width})")


@register_model(Vector)
class _Model(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any):
        super().__init__(manager, kind, _vector(kind))


@_intrinsic(prefer_literal=True)
def zeros(typing: Any, array: Any, width: Any) -> Any:
    """Return `width` zeros of the dtype of `array`; `width` must be a literal number."""
    if not isinstance(width, types.IntegerLiteral):
        return None
    kind = Vector(array.dtype, width.literal_value)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return ir.Constant(_vector(kind), None)

    return kind(array, width), generate


@_intrinsic
def load(typing: Any, sums: Any, array: Any, row: Any, column: Any) -> Any:
    """Return ``array[row, column : column + width]``; of `sums` only the width counts.

    Adding to zeros instead would turn -0.0 into 0.0.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _load(context, builder, signature, args)

    return sums(sums, array, types.intp, types.intp), generate


@_intrinsic
def add_load(typing: Any, sums: Any, array: Any, row: Any, column: Any) -> Any:
    """Return `sums` plus ``array[row, column : column + width]``; the array is C-contiguous."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.fadd(args[0], _load(context, builder, signature, args))

    return sums(sums, array, types.intp, types.intp), generate


@_intrinsic
def load_scaled(typing: Any, sums: Any, array: Any, row: Any, column: Any, factor: Any) -> Any:
    """Return ``array[row, column : column + width] * factor``; of `sums` only the width counts."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _scaled(context, builder, signature, args)

    return sums(sums, array, types.intp, types.intp, sums.dtype), generate


@_intrinsic
def add_load_scaled(typing: Any, sums: Any, array: Any, row: Any, column: Any, factor: Any) -> Any:
    """Return `sums` plus ``array[row, column : column + width] * factor``."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.fadd(args[0], _scaled(context, builder, signature, args))

    return sums(sums, array, types.intp, types.intp, sums.dtype), generate


@_intrinsic
def add(typing: Any, sums: Any, others: Any) -> Any:
    """Return `sums` plus `others`, number by number."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.fadd(*args)

    return (sums(sums, others), generate) if sums == others else None


@_intrinsic
def prefetch(typing: Any, sums: Any, array: Any, row: Any, column: Any) -> Any:
    """Prefetch ``array[row, column : column + width]``; never faults, whatever the row."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        call = cgutils.get_or_insert_function(
            builder.module,
            ir.FunctionType(ir.VoidType(), [byte, number, number, number]),
            "llvm.prefetch.p0",
        )
        address = builder.bitcast(_address(context, builder, signature, args), byte)
        kind = signature.args[0]
        for offset in range(0, kind.width * kind.dtype.bitwidth // 8, CACHE_LINE):
            line = builder.gep(address, [ir.IntType(64)(offset)])
            builder.call(call, [line, number(0), number(3), number(1)])
        return context.get_dummy_value()

    return types.void(sums, array, types.intp, types.intp), generate


@_intrinsic
def store(typing: Any, sums: Any, array: Any, row: Any, column: Any) -> Any:
    """Write `sums` to ``array[row, column : column + width]``."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        address = _address(context, builder, signature, args)
        builder.store(args[0], address, align=_align(signature))
        return context.get_dummy_value()

    return types.void(sums, array, types.intp, types.intp), generate


def _vector(kind: Vector) -> ir.VectorType:
    number = ir.FloatType() if kind.dtype == types.float32 else ir.DoubleType()
    return ir.VectorType(number, kind.width)


def _address(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    kind, array = signature.args[:2]
    view = context.make_array(array)(context, builder, args[1])
    address = cgutils.get_item_pointer(
        context, builder, array, view, [args[2], args[3]], wraparound=False
    )
    return builder.bitcast(address, _vector(kind).as_pointer())


def _load(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    return builder.load(_address(context, builder, signature, args), align=_align(signature))


def _scaled(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    kind = signature.args[0]
    one = builder.insert_element(ir.Constant(_vector(kind), None), args[4], ir.IntType(32)(0))
    mask = ir.Constant(ir.VectorType(ir.IntType(32), kind.width), None)
    every = builder.shuffle_vector(one, one, mask)
    return builder.fmul(_load(context, builder, signature, args), every)


def _align(signature: Any) -> int:
    """Return the alignment of one number: rows begin anywhere."""
    return int(signature.args[1].dtype.bitwidth // 8)

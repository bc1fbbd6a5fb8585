"""Every door of floor 0 with everything bad: one clear error each, and nothing is written.

The table below must name every public function of the core. A new one that is neither in it nor
among those that are no doors fails the first test, which says so.
"""

import copy
import importlib
import inspect
import pkgutil
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Any, NamedTuple

import numpy as np
import pytest

import embedlab.core
from embedlab.core.bag import bag_max, parse_bags
from embedlab.core.checks import DtypeError, NotFiniteError, ShapeError
from embedlab.core.ids import IdError, IdTypeError
from embedlab.core.lora import Adapter
from embedlab.core.quantize import quantize, quantize_groups
from embedlab.core.skipgram import sample_batches

V, D, R = 6, 4, 2

NO_DOORS = {
    "jit": (
        "count_kernel_call",
        "kernel_calls",
        "next_block",
        "kernel",
        "parallel_copy",
        "block_size",
        "prange",
        "prefetch",
        "cache_stats",
        "num_threads",
    ),
    "simd": (
        "add",
        "add_load",
        "add_load_scaled",
        "prefetch",
        "zeros",
        "store",
        "load_scaled",
        "load",
    ),
    "bag.parse": ("upcast_float16",),
    "checks": ("check_choice", "check_finite", "message"),
    "gradient.sparse": ("add_gradients",),  # gets what `coalesce` and layers made
    "gradient.grouping": ("balanced_splits", "bucket_by_row_block", "fits_in_64_bits"),
    "ids": ("out_of_range_error",),
    "geometry.neighbors": ("normalize_rows",),
    "skipgram.batches": ("check_pair_tables", "check_pairs"),
    "mask.pooling": ("upcast_float16",),
    "quantize.rows": ("quantize_chunks",),
    "skipgram.sampling": ("alias_table", "subsampling_probability"),
    "optimizers.update": ("require_slot", "optimizer_step"),
    "optimizers.adagrad": ("adagrad_update",),
    "optimizers.adam": ("adam_moments", "adam_step", "adam_update"),
    "optimizers.rmsprop": ("rmsprop_update",),
    "optimizers.sgd": ("momentum_update", "sgd_update"),
}


def rng():
    return np.random.default_rng(3)


def table():
    return rng().normal(size=(V, D)).astype("f4")


def ids():
    return np.array([[0, 3, 5], [1, 1, 0]])


def grad():
    return rng().normal(size=(2, 3, D)).astype("f4")


def bags():
    return parse_bags(table(), ids(), mode="sum", weights=np.ones((2, 3), "f4"))


def adapter():
    draw = rng()
    return Adapter(
        draw.normal(size=(V, R)).astype("f4"), draw.normal(size=(R, D)).astype("f4"), 2.0
    )


def per_bag():
    return rng().normal(size=(2, D)).astype("f4")


def mask():
    return np.array([[True, True, False], [True, False, False]])


def zeros():
    return np.zeros((V, D), "f4")


class Door(NamedTuple):
    """How to call a door well, and what kind each argument is: see BAD."""

    call: Callable
    good: dict[str, tuple[str, Callable]]


def door(call: Callable, **good: Any) -> Door:
    return Door(call, good)


RATE = ("number >= 0", lambda: 0.1)
IDS, TABLE, INTO = ("ids", ids), ("floats", table), ("in place", table)
STEP = {
    "table": INTO,
    "grad": ("step gradient", lambda: (ids(), grad())),
    "learning_rate": RATE,
    "sparse_update": ("word", lambda: "lazy"),
    "padding_idx": ("padding", lambda: 1),
}
STATE = ("in place", zeros)
RULES = {"oob": ("word", lambda: "zero"), "negative": ("word", lambda: "wrap")}
STRICT = {"table": TABLE, "ids": IDS}
SIZE, PADDING = ("rows", lambda: V), ("padding", lambda: 1)
ADAPTER, ADAPTERS = ("adapter", adapter), ("adapters", lambda: [adapter()])
QUANTIZED = ("quantized", lambda: quantize_groups(table(), 4, 2))
VALUES, MASK = ("floats", grad), ("mask", mask)

DOORS: dict[str, Door] = {}


def add(module: str, **calls: dict[str, Any]) -> None:
    made = importlib.import_module(f"embedlab.core.{module}")
    for name, good in calls.items():
        DOORS[f"{module}.{name}"] = door(getattr(made, name), **good)


add("optimizers.sgd", sgd={**STEP, "velocity": STATE, "momentum": ("share", lambda: 0.9)})
add("optimizers.adagrad", adagrad={**STEP, "accumulator": STATE, "epsilon": RATE})
add(
    "optimizers.adam",
    adam={
        **STEP,
        "m": STATE,
        "v": STATE,
        "v_max": STATE,
        "time": ("size", lambda: 1),
        "beta_1": ("share", lambda: 0.9),
        "beta_2": ("share", lambda: 0.9),
        "epsilon": RATE,
        "amsgrad": ("any", lambda: True),
    },
)
add(
    "optimizers.rmsprop",
    rmsprop={
        **STEP,
        "velocity": STATE,
        "momenta": STATE,
        "average": STATE,
        "rho": ("share", lambda: 0.9),
        "momentum": ("share", lambda: 0.9),
        "epsilon": RATE,
        "centered": ("any", lambda: True),
    },
)
add(
    "checks",
    check_in_range={
        "value": ("share", lambda: 0.5),
        "name": ("any", lambda: "rho"),
        "most": ("any", lambda: 1.0),
    },
)
add(
    "lookup",
    lookup={**STRICT, "out": ("in place", lambda: np.zeros((2, 3, D), "f4"))},
    onehot_lookup=STRICT,
)
add(
    "gradient.dense",
    grad_table={"ids": IDS, "grad_out": VALUES, "input_dim": SIZE, "padding_idx": PADDING},
)
add(
    "gradient.sparse",
    coalesce={
        "ids": IDS,
        "grad_out": VALUES,
        "input_dim": ("many rows", lambda: V),
        "padding_idx": PADDING,
    },
    check_lookup_gradient={
        "ids": ("ids, any range", ids),
        "grad_out": VALUES,
        "input_dim": ("size", lambda: V),
    },
)
add(
    "gradient.grouping",
    group={"ids": IDS, "input_dim": ("many rows", lambda: V), "padding_idx": PADDING},
)
add(
    "ids",
    as_ids={"ids": ("ids, any range", ids)},
    check_padding_idx={"padding_idx": PADDING, "input_dim": ("any", lambda: V)},
    apply_out_of_range_rule={"ids": IDS, "input_dim": ("row count", lambda: V)},
)
add(
    "checks",
    as_table={"table": TABLE},
    as_array={"array": ("array", table), "name": ("any", lambda: "table")},
    check_size={"value": ("size", lambda: 3), "name": ("any", lambda: "size")},
    check_table_bytes={
        "rows": ("room", lambda: V),
        "columns": ("any", lambda: D),
        "dtype": ("any", lambda: "f4"),
        "name": ("any", lambda: "V"),
    },
)
add(
    "checks",
    check_number={"value": ("number", lambda: 2.0), "name": ("any", lambda: "scale")},
    as_floats={"array": ("floats, any shape", grad), "name": ("any", lambda: "values")},
)
add(
    "lora.adapter",
    add_adapter={"rows": ("in place", grad), "ids": IDS, "adapter": ADAPTER},
    as_adapters={"adapters": ADAPTERS, "shape": ("any", lambda: (V, D))},
    as_adapter={"adapter": ADAPTER, "shape": ("any", lambda: (V, D))},
    lora_scale={"rank": ("size", lambda: 2), "alpha": ("number", lambda: 4.0)},
)
add("lora.lookup", lora_lookup={**STRICT, "adapters": ADAPTERS})
add("lora.gradient", grad_lora={"ids": IDS, "grad_out": VALUES, "adapter": ADAPTER})
add(
    "lora.fit",
    train_lora={
        "table": TABLE,
        "target": TABLE,
        "seen": IDS,
        "adapter": ADAPTER,
        "steps": ("count", lambda: 2),
        "learning_rate": RATE,
    },
)
for name in ("merge", "unmerge"):
    add(
        "lora.merging", **{name: {"table": TABLE, "adapters": ADAPTERS, "out": ("in place", zeros)}}
    )
add(
    "lora.spectrum",
    spectrum={"delta": ("finite floats", table)},
    truncated_svd_adapter={
        "delta": ("finite floats", table),
        "rank": ("size", lambda: 2),
        "scale": ("number", lambda: 2.0),
    },
    rank_errors={"values": ("singular values", lambda: np.array([3.0, 1.0]))},
    effective_rank={"values": ("singular values", lambda: np.array([3.0, 1.0]))},
)
add(
    "bag.forward",
    bag={
        "table": TABLE,
        "ids": ("ids", lambda: ids().reshape(-1)),
        "offsets": ("offsets", lambda: np.array([0, 2])),
        "mode": ("word", lambda: "sum"),
        "padding_idx": PADDING,
        "weights": ("factors", lambda: np.ones(6, "f4")),
    },
)
add(
    "bag.parse",
    parse_bags={
        "table": ("any", table),
        "ids": ("ids, any range", ids),
        "weights": ("factors", lambda: np.ones((2, 3), "f4")),
        "padding_idx": PADDING,
    },
    validate_bags={"bags": ("bags", bags)},
)
add("bag.max", bag_max={"table": TABLE, "bags": ("bags", bags)})
BACK, MANY = ("floats", per_bag), ("many rows", lambda: V)
add(
    "bag.gradient",
    grad_bag={
        "bags": ("bags", bags),
        "grad_out": BACK,
        "input_dim": MANY,
        "mode": ("word", lambda: "sum"),
    },
    grad_bag_max={
        "bags": ("bags", bags),
        "grad_out": BACK,
        "input_dim": MANY,
        "winners": ("winners", lambda: bag_max(table(), bags())[1]),
    },
    grad_bag_weights={
        "table": TABLE,
        "bags": ("bags", bags),
        "grad_out": BACK,
        "mode": ("word", lambda: "sum"),
    },
)
add(
    "quantize.lookup",
    dequantize={"table": QUANTIZED, "adapters": ADAPTERS},
    quantized_lookup={"table": QUANTIZED, "ids": IDS, "adapters": ADAPTERS},
    merge_adapters_into_codes={"table": QUANTIZED, "adapters": ADAPTERS},
)
add(
    "quantize.rows",
    quantize={
        "table": ("finite floats", table),
        "bits": ("bits", lambda: 8),
        "block_size": ("block", lambda: 2),
    },
    quantize_rows={"table": ("finite floats", table), "bits": ("bits", lambda: 4)},
    quantize_groups={
        "table": ("finite floats", table),
        "bits": ("bits", lambda: 4),
        "block_size": ("size", lambda: 2),
    },
)
add("quantize.report", quantization_report={"table": TABLE, "quantized": QUANTIZED})
add(
    "quantize.int4",
    pack_int4={"codes": ("codes", lambda: np.array([[1, -8, 7]], np.int8))},
    unpack_int4={
        "packed": ("codes", lambda: np.array([[1, -8]], np.int8)),
        "output_dim": ("size", lambda: 4),
    },
)
add(
    "mask.mask",
    padding_mask={"ids": ("ids, any range", ids), "padding_id": ("any", lambda: 0)},
    as_mask={"mask": MASK, "shape": ("any", lambda: (2, 3))},
    keep_masked_state={
        "mask": ("mask", lambda: mask()[:, 0]),
        "new": ("floats", grad),
        "state": ("floats", grad),
    },
    grad_keep_masked_state={
        "mask": ("mask", lambda: mask()[:, 0]),
        "grad_out": ("floats, any columns", grad),
    },
)
add(
    "mask.pooling",
    check_sequences={"values": VALUES, "mask": MASK},
    masked_sum={"values": ("floats, any columns", grad), "mask": MASK},
    masked_mean={"values": ("floats, any columns", grad), "mask": MASK},
    grad_masked_sum={
        "mask": ("mask, any width", mask),
        "grad_out": ("floats, any columns", per_bag),
    },
    grad_masked_mean={
        "mask": ("mask, any width", mask),
        "grad_out": ("floats, any columns", per_bag),
    },
    masked_max={"values": ("floats, any columns", grad), "mask": MASK},
    grad_masked_max={
        "at": ("winners", lambda: np.zeros((2, D), np.int64)),
        "grad_out": ("floats", per_bag),
        "steps": ("size", lambda: 3),
    },
)
add(
    "max_norm",
    max_norm={"table": INTO, "ids": IDS, "limit": RATE, "norm_type": ("number > 0", lambda: 2.0)},
)
NEAR = {"first": ("count", lambda: 0), "last": ("count", lambda: 5), "k": ("size", lambda: 2)}
for module in ("geometry.neighbors", "geometry.analogies"):
    add(
        module,
        cosine={"a": ("floats", table), "b": ("floats", table)},
        nearest={
            "table": TABLE,
            "queries": ("finite floats", table),
            **NEAR,
            "exclude": ("ids", lambda: np.array([0, 1])),
        },
    )
add("geometry.neighbors", as_lazy_table={"table": TABLE})
add(
    "geometry.analogies",
    analogy={
        "table": TABLE,
        "a": ("id", lambda: 0),
        "b": ("id", lambda: 1),
        "c": ("id", lambda: 2),
        **NEAR,
    },
    odd_one_out={"table": TABLE, "ids": ("ids", lambda: np.array([0, 3, 5]))},
    pca={"rows": ("finite floats", table), "k": ("size", lambda: 2)},
)
GRAM = {
    "ids": ("ids", lambda: np.array([0, 1, 2, 5])),
    "input_dim": SIZE,
    "starts": ("offsets", lambda: np.array([0, 2])),
}
TRAIN = {
    **GRAM,
    "output_dim": ("size", lambda: D),
    "window": ("size", lambda: 2),
    "negative": ("count", lambda: 2),
    "rate": RATE,
    "rate_end": RATE,
    "subsample": RATE,
    "epochs": ("epochs", lambda: 1),
    "threads": ("size", lambda: 1),
    "chunk": ("size", lambda: 9),
    "seed": ("seed", lambda: 3),
}
add("skipgram.sampling", token_stream=GRAM)
add("skipgram.train", train_skipgram=TRAIN, skipgram=TRAIN)
FEW = {"table": ("floats", table), "context": ("floats", table)}
add(
    "skipgram.batches",
    sample_batches={
        **GRAM,
        "steps": ("size", lambda: 2),
        "batch": ("size", lambda: 2),
        "window": ("size", lambda: 2),
        "negative": ("count", lambda: 2),
        "seed": ("seed", lambda: 3),
    },
    grad_pairs={
        "pairs": ("ids", lambda: np.array([[0, 3], [1, 1]])),
        "label": ("any", lambda: np.array([1, 0])),
        **FEW,
    },
)
add(
    "skipgram.recorded",
    train_recorded={
        "batches": ("any", lambda: sample_batches([0, 1, 2, 5], V, steps=2, batch=2)),
        **FEW,
        "optimizer": ("word", lambda: "adam"),
        "learning_rate": RATE,
    },
)
add(
    "quantize.table",
    QuantizedTable={
        "codes": ("codes", lambda: quantize(table(), 4).codes),
        "output_dim": ("size", lambda: D),
        "scale": ("scales", lambda: quantize(table(), 4).scale),
        "zero": ("any", lambda: None),
        "bits": ("bits", lambda: 4),
        "block_size": ("any", lambda: None),
    },
)


class Bad(NamedTuple):
    """A bad argument made of a good one, and what must come of it.

    error: the classes that may be raised. received: what the message must hold, this | or that.
    otherwise: "raise"; "same", an error or the result of the good argument; "any", an error or a
    result.
    """

    make: Callable
    error: Any = (TypeError, ValueError, IndexError, MemoryError)
    received: str = ""
    otherwise: str = "raise"


def put(value):
    """Put `value` at the last place of an array, whatever its dtype."""

    def make(good):
        array = np.array(good)
        array = array.astype(np.result_type(array.dtype, np.asarray(value).dtype))
        array.flat[-1] = value
        return array

    return make


def instead(value):
    return lambda good: copy.deepcopy(value)


def cast(dtype):
    return lambda good: np.asarray(good).astype(dtype)


def swapped(good):
    return good.astype(good.dtype.newbyteorder())


def frozen(good):
    good.setflags(write=False)
    return good


def part(number, bad):
    """Spoil one part of a tuple."""
    return lambda good: (
        type(good)(*(bad(p) if n == number else p for n, p in enumerate(good)))
        if (hasattr(good, "_fields"))
        else tuple(bad(p) if n == number else p for n, p in enumerate(good))
    )


WORDS, OBJECT, RAGGED = [["a", "b"]], np.array([None, {}], object), [[1], [1, 2]]
KIND = {
    "whole": {
        "a fraction": Bad(put(0.5), IdTypeError, "0.5"),
        "NaN": Bad(put(np.nan), IdTypeError, "nan"),
        "infinity": Bad(put(np.inf), IdTypeError, "inf"),
        "words": Bad(instead(WORDS), IdTypeError, "'a'"),
        "complex": Bad(cast(complex), IdTypeError, "complex"),
        "None": Bad(instead(None), IdTypeError, "None"),
        "objects": Bad(instead(OBJECT), IdTypeError, "None"),
        "ragged": Bad(instead(RAGGED), ShapeError, "different lengths"),
        "beyond int64": Bad(lambda g: [2**70], IdError, str(2**70)),
        "swapped": Bad(swapped, otherwise="same"),
        "whole floats": Bad(cast(float), otherwise="same"),
        "int8": Bad(cast("i1"), otherwise="same"),
        "list": Bad(lambda g: g.tolist(), otherwise="same"),
        "read-only": Bad(frozen, otherwise="same"),
        "Fortran": Bad(np.asfortranarray, otherwise="same"),
        "whole objects": Bad(cast(object), otherwise="same"),
        "empty": Bad(lambda g: g[:0], otherwise="any"),
    },
    "outside": {
        "too large": Bad(put(10**6), IdError, "1000000"),
        "V": Bad(put(V), IdError, "6"),
        "negative": Bad(put(-1), IdError, "-1"),
        "huge": Bad(put(2**62), IdError, str(2**62)),
    },
    "no floats": {
        "whole numbers": Bad(cast(int), DtypeError, "i"),
        "complex": Bad(cast(complex), DtypeError, "c"),
        "objects": Bad(cast(object), DtypeError, "O"),
        "words": Bad(instead([["a"]]), DtypeError, "U"),
        "None": Bad(instead(None), (DtypeError, ShapeError), ""),
        "ragged": Bad(instead(RAGGED), (DtypeError, ShapeError)),
        "swapped": Bad(swapped, DtypeError, ">f4", otherwise="same"),
        "list": Bad(lambda g: g.tolist(), otherwise="any"),  # of float64 numbers
        "NaN": Bad(put(np.nan), otherwise="any"),
        "empty": Bad(lambda g: g[:0], otherwise="any"),
        "fewer columns": Bad(lambda g: g[..., :-1].copy(), otherwise="any"),
        "one axis more": Bad(lambda g: g[None], otherwise="any"),
        "one axis less": Bad(lambda g: g[0], otherwise="any"),
    },
    "no size": {
        "zero": Bad(instead(0), ValueError, "0"),
        "negative": Bad(instead(-1), ValueError, "-1"),
        "a fraction": Bad(instead(2.5), ValueError, "2.5"),
        "NaN": Bad(instead(np.nan), ValueError, "nan"),
        "a word": Bad(instead("3"), ValueError, "'3'"),
        "a list": Bad(instead([3]), ValueError, "[3]"),
        "True": Bad(instead(True), ValueError, "True"),
        "None": Bad(instead(None), ValueError, "None", otherwise="any"),
    },
    "no number": {
        "NaN": Bad(instead(np.nan), ValueError, "nan"),
        "infinity": Bad(instead(np.inf), ValueError, "inf"),
        "a word": Bad(instead("x"), ValueError, "'x'"),
        "a list": Bad(instead([1.0]), ValueError, "[1.0]"),
        "complex": Bad(instead(1j), ValueError, "1j"),
        "True": Bad(instead(True), ValueError, "True"),
        "None": Bad(instead(None), ValueError, "None", otherwise="any"),
    },
    "no adapter": {
        "NaN scale": Bad(part(2, instead(np.nan)), ValueError, "nan"),
        "infinite scale": Bad(part(2, instead(-np.inf)), ValueError, "-inf"),
        "a word for a scale": Bad(part(2, instead("x")), ValueError, "'x'"),
        "whole numbers": Bad(part(0, cast(int)), DtypeError, "<i8"),
        "swapped": Bad(part(0, swapped), DtypeError, ">f4"),
        "two dtypes": Bad(part(1, cast("f8")), DtypeError, "<f8"),
        "objects": Bad(part(1, cast(object)), DtypeError, "|O"),
        "ragged": Bad(part(1, instead(RAGGED)), (DtypeError, ShapeError)),
        "rows missing": Bad(part(0, lambda a: a[:-1]), (ShapeError, IdError), "5"),
        "columns missing": Bad(part(1, lambda b: b[:, :-1]), ShapeError, "3)"),
        "rank 0": Bad(lambda g: Adapter(g.a[:, :0], g.b[:0], 1.0), ShapeError, "(6, 0)"),
        "two parts": Bad(lambda g: g[:2], ValueError, "tuple"),
        "nothing": Bad(instead(None), ValueError, "NoneType"),
    },
}
NO_SIZE = {**KIND["no size"], "huge": Bad(instead(2**80), otherwise="any")}
BAD: dict[str, dict[str, Bad]] = {
    "any": {},
    "ids, any range": KIND["whole"],
    "ids": {**KIND["whole"], **KIND["outside"]},
    "id": {
        "V": Bad(instead(V), IdError, "6"),
        "negative": Bad(instead(-1), IdError, "-1"),
        "a fraction": Bad(instead(0.5), IdTypeError, "0.5"),
        "a word": Bad(instead("a"), IdTypeError, "'a'"),
        "None": Bad(instead(None), IdTypeError, "None"),
        "two": Bad(instead([0, 1]), ShapeError, "(2,)"),
    },
    "floats": {**KIND["no floats"], "scalar": Bad(lambda g: g.flat[0], ShapeError, "(|scalar")},
    "floats, any columns": {k: b for k, b in KIND["no floats"].items() if k != "fewer columns"},
    "floats, any shape": KIND["no floats"],
    "numbers": {  # whole ones too
        "complex": Bad(cast(complex), (DtypeError, ShapeError), "complex"),
        "objects": Bad(cast(object), (DtypeError, ShapeError), "object"),
        "words": Bad(cast(str), (DtypeError, ShapeError), "U"),
        "ragged": Bad(instead(RAGGED), ShapeError),
        "too few": Bad(lambda g: g[:-1], ShapeError, "(1, 3, 4)"),
        "swapped": Bad(swapped, otherwise="same"),
    },
    "finite floats": {
        **KIND["no floats"],
        "NaN": Bad(put(np.nan), NotFiniteError, "nan at [5, 3]"),
        "infinity": Bad(put(-np.inf), NotFiniteError, "-inf at [5, 3]"),
    },
    "in place": {
        "whole numbers": Bad(cast(int), (DtypeError, ShapeError), "int64|<i8"),
        "list": Bad(lambda g: g.tolist(), (ShapeError, ValueError), "list"),
        "swapped": Bad(swapped, (DtypeError, ShapeError, ValueError)),
        "read-only": Bad(frozen, ValueError),
        "too short": Bad(lambda g: g[:-1].copy(), (ShapeError, IdError)),
        "too narrow": Bad(lambda g: g[..., :-1].copy(), ShapeError, otherwise="any"),
        "not contiguous": Bad(np.asfortranarray, ValueError, otherwise="same"),
        "None": Bad(instead(None), otherwise="any"),
    },
    "step gradient": {
        "an id outside": Bad(part(0, put(V)), IdError, "6 at [1, 2]"),
        "a fraction": Bad(part(0, put(0.5)), IdTypeError, "0.5"),
        "whole numbers": Bad(part(1, cast(int)), DtypeError, "int64|<i8"),
        "wider": Bad(part(1, cast("f8")), DtypeError, "float64"),
        "swapped": Bad(part(1, swapped), otherwise="same"),
        "too short": Bad(part(1, lambda g: g[:1]), ShapeError, "(1, 3, 4)"),
        "ragged": Bad(part(1, instead(RAGGED)), (DtypeError, ShapeError)),
        "three parts": Bad(lambda g: (*g, 1), TypeError, "tuple"),
        "a dense one of another shape": Bad(instead(np.zeros((V, 1), "f4")), ShapeError, "(6, 1)"),
        "None": Bad(instead(None), TypeError, "NoneType"),
    },
    "size": NO_SIZE,
    "count": {k: b for k, b in NO_SIZE.items() if k != "zero"},
    "epochs": KIND["no size"],
    "block": {k: b for k, b in NO_SIZE.items() if k != "negative"},  # -1 means none, as None does
    "seed": {**KIND["no size"], "zero": Bad(instead(0), otherwise="any")},
    "rows": {
        **KIND["no size"],
        "too few": Bad(instead(1), IdError),
        "V * D beyond the memory": Bad(instead(2**50), (ValueError, MemoryError)),
        "V * D beyond int64": Bad(instead(2**62), (ValueError, MemoryError)),
        "V beyond int64": Bad(instead(2**80), (ValueError, MemoryError)),
    },
    "room": {"beyond int64": Bad(instead(2**62), ValueError, str(2**62))},
    "array": {
        "ragged": Bad(instead(RAGGED), ShapeError),
        "list": Bad(lambda g: g.tolist(), otherwise="same"),
    },
    "row count": {
        **{k: b for k, b in KIND["no size"].items() if k != "zero"},
        "too few": Bad(instead(1), IdError),
        "beyond int64": Bad(instead(2**80), ValueError, str(2**80)),
    },
    "many rows": {
        **KIND["no size"],
        "too few": Bad(instead(1), IdError),
        "V beyond int64": Bad(instead(2**80), (ValueError, MemoryError), str(2**80)),
        "V * D beyond int64": Bad(instead(2**62), otherwise="any"),
    },
    "padding": {
        "V": Bad(instead(V), IdError, "6"),
        "negative": Bad(instead(-1), ValueError, "-1"),
        "a fraction": Bad(instead(0.5), ValueError, "0.5"),
        "NaN": Bad(instead(np.nan), ValueError, "nan"),
        "a word": Bad(instead("a"), ValueError, "'a'"),
        "True": Bad(instead(True), ValueError, "True"),
        "huge": Bad(instead(2**80), ValueError, str(2**80)),
    },
    "number": KIND["no number"],
    "number >= 0": {**KIND["no number"], "negative": Bad(instead(-0.5), ValueError, "-0.5")},
    "number > 0": {
        **{k: b for k, b in KIND["no number"].items() if k != "infinity"},
        "negative": Bad(instead(-0.5), ValueError, "-0.5"),
        "zero": Bad(instead(0), ValueError, "0"),
    },
    "share": {
        **KIND["no number"],
        "negative": Bad(instead(-0.5), ValueError, "-0.5"),
        "above 1": Bad(instead(1.5), ValueError, "1.5"),
    },
    "word": {
        "another word": Bad(instead("?"), ValueError, "'?'"),
        "None": Bad(instead(None), ValueError, "None"),
        "a list": Bad(instead(["sum"]), ValueError, "['sum']"),
        "a fraction": Bad(instead(0.5), ValueError, "0.5"),
    },
    "bits": {
        "three": Bad(instead(3), ValueError, "3"),
        "True": Bad(instead(True), ValueError, "True"),
        "a word": Bad(instead("8"), ValueError, "'8'"),
        "a list": Bad(instead([8]), ValueError, "[8]"),
        "None": Bad(instead(None), ValueError, "None"),
    },
    "mask": {
        "whole numbers": Bad(cast(int), (DtypeError, ShapeError), "int64|<i8"),
        "words": Bad(cast(str), (DtypeError, ShapeError), "U"),
        "objects": Bad(cast(object), (DtypeError, ShapeError), "object"),
        "ragged": Bad(instead(RAGGED), (DtypeError, ShapeError)),
        "too narrow": Bad(lambda g: g[..., :-1], ShapeError),
        "too many": Bad(lambda g: np.concatenate([g, g]), ShapeError),
        "list": Bad(lambda g: g.tolist(), otherwise="same"),
    },
    "factors": {
        "words": Bad(cast(str), (DtypeError, ShapeError), "U"),
        "complex": Bad(cast(complex), (DtypeError, ShapeError), "complex"),
        "objects": Bad(cast(object), (DtypeError, ShapeError), "object"),
        "ragged": Bad(instead(RAGGED), (DtypeError, ShapeError)),
        "too few": Bad(lambda g: g[:-1], ShapeError),
        "swapped": Bad(swapped, otherwise="same"),
        "whole numbers": Bad(cast(int), otherwise="same"),
    },
    "offsets": {
        "beyond": Bad(instead([0, 99]), ValueError, "99"),
        "negative": Bad(instead([-1, 2]), ValueError, "-1"),
        "falling": Bad(instead([2, 0]), ValueError, "2"),
        "fractions": Bad(instead([0, 0.5]), IdTypeError, "0.5"),
        "words": Bad(instead(["a"]), IdTypeError, "'a'"),
        "two axes": Bad(instead([[0, 2]]), ValueError),
        "ragged": Bad(instead(RAGGED), ShapeError),
        "swapped": Bad(swapped, otherwise="same"),
    },
    "adapter": KIND["no adapter"],
    "adapters": {
        **{
            name: Bad((lambda make: lambda good: [make(good[0])])(b.make), b.error, b.received)
            for name, b in KIND["no adapter"].items()
        },
        "one, not a list": Bad(lambda g: g[0], (ValueError, TypeError)),
        "a number": Bad(instead(5), TypeError, "5"),
        "nothing": Bad(instead(None), TypeError, "None"),
    },
    "quantized": {
        "floats": Bad(lambda g: table(), (TypeError, ShapeError)),
        "nothing": Bad(instead(None), (TypeError, ShapeError), "NoneType"),
        "a word": Bad(instead("int8"), (TypeError, ShapeError), "str"),
    },
    "bags": {
        "nothing": Bad(instead(None), TypeError, "NoneType"),
        "starts beyond": Bad(lambda g: g._replace(starts=np.array([0, 99])), ShapeError),
        "starts fall": Bad(lambda g: g._replace(starts=np.array([0, 9, 6])), ShapeError),
        "float starts": Bad(lambda g: g._replace(starts=g.starts + 0.5), (ShapeError, TypeError)),
        "float ids": Bad(lambda g: g._replace(ids=g.ids + 0.5), (ShapeError, TypeError)),
        "lists": Bad(lambda g: g._replace(ids=g.ids.tolist()), (ShapeError, TypeError)),
        "weights missing": Bad(lambda g: g._replace(weights=g.weights[:2]), ShapeError),
        "words for weights": Bad(
            lambda g: g._replace(weights=g.weights.astype(str)), (ShapeError, TypeError)
        ),
    },
    "winners": {
        "narrower": Bad(cast("i4"), (DtypeError, ShapeError), "int32"),
        "floats": Bad(cast("f8"), (DtypeError, ShapeError), "float64"),
        "too few": Bad(lambda g: g[:-1], ShapeError),
        "outside": Bad(put(99), ValueError, "99", otherwise="any"),
        "ragged": Bad(instead(RAGGED), (DtypeError, ShapeError)),
        "nothing": Bad(instead(None), (DtypeError, ShapeError), "object"),
    },
    "codes": {
        "wider": Bad(cast(int), DtypeError, "int64|<i8"),
        "floats": Bad(cast(float), DtypeError, "float64"),
        "words": Bad(instead(["a"]), (DtypeError, ShapeError)),
        "scalar": Bad(lambda g: g.flat[0], ShapeError),
        "ragged": Bad(instead(RAGGED), (DtypeError, ShapeError)),
        "nothing": Bad(instead(None), (DtypeError, ShapeError)),
    },
    "scales": {
        "NaN": Bad(put(np.nan), NotFiniteError, "nan at [5]"),
        "infinity": Bad(put(np.inf), NotFiniteError, "inf at [5]"),
        "negative": Bad(put(np.float32(-1)), ValueError, "-1.0"),
        "zero": Bad(put(np.float32(0)), ValueError, "0.0"),
        "swapped": Bad(swapped, DtypeError, ">f4"),
        "whole numbers": Bad(cast(int), DtypeError, "i8"),
        "too few": Bad(lambda g: g[:-1], ShapeError, "(5,)"),
        "ragged": Bad(instead(RAGGED), (DtypeError, ShapeError)),
    },
    "singular values": {
        "negative": Bad(put(-1.0), ValueError, "-1.0"),
        "NaN": Bad(put(np.nan), ValueError, "nan"),
        "words": Bad(instead(["a"]), (ValueError, TypeError)),
        "complex": Bad(cast(complex), (ValueError, TypeError)),
        "nothing": Bad(instead(None), (ValueError, TypeError)),
        "ragged": Bad(instead(RAGGED), (ValueError, TypeError)),
        "two axes": Bad(instead([[1.0]]), ValueError, "(1, 1)"),
        "list": Bad(lambda g: g.tolist(), otherwise="same"),
    },
}


BAD["mask, any width"] = {k: b for k, b in BAD["mask"].items() if k != "too narrow"}


def public_functions():
    for found in pkgutil.walk_packages(embedlab.core.__path__, "embedlab.core."):
        if found.ispkg:  # names what its modules define
            continue
        made = importlib.import_module(found.name)
        for name in made.__all__:
            twin = name.endswith(("_reference", "_kernel", "_kernel_parallel"))
            if (
                callable(getattr(made, name))
                and not inspect.isclass(getattr(made, name))
                and not twin
            ):
                yield f"{found.name.removeprefix('embedlab.core.')}.{name}"


def test_every_door_is_in_the_table():
    exempt = {f"{module}.{name}" for module, names in NO_DOORS.items() for name in names}
    known = set(DOORS) | exempt
    missing = sorted(set(public_functions()) - known)
    assert not missing, f"doors of the core that this table does not try: {', '.join(missing)}"
    gone = sorted(known - set(public_functions()) - {"quantize.table.QuantizedTable"} - exempt)
    assert not gone, f"the table tries what is no public function: {', '.join(gone)}"


def flat(value: Any) -> list[Any]:
    """Return all arrays and numbers inside a result or an argument, as copies."""
    if is_dataclass(value) and not isinstance(value, type):
        return [x for f in fields(value) for x in flat(getattr(value, f.name))]
    if isinstance(value, (tuple, list)):
        return [x for item in value for x in flat(item)]
    return [np.array(value)] if isinstance(value, (np.ndarray, np.number, int, float)) else []


def equal(one: list[Any], two: list[Any]) -> bool:
    return len(one) == len(two) and all(
        a.shape == b.shape and np.array_equal(a, b, equal_nan=a.dtype.kind in "fc")
        for a, b in zip(one, two, strict=True)
    )


def complaint(tried: Door, name: str, bad: Bad) -> str:
    """Call a door with one bad argument; say what is wrong with what came of it."""
    good = {key: make() for key, (_, make) in tried.good.items()}
    expected = flat(tried.call(**good))
    given = {key: make() for key, (_, make) in tried.good.items()}
    given[name] = bad.make(given[name])
    before = {key: flat(value) for key, value in given.items()}
    try:
        result = tried.call(**given)
    except Exception as error:
        text = str(error)
        if any(not equal(before[key], flat(value)) for key, value in given.items()):
            return f"wrote before it raised {text!r}"
        clear = "Received " in text or isinstance(error, MemoryError)
        if not clear or "\n" in text or not 20 <= len(text) <= 400:
            return f"no clear line: {type(error).__name__}: {text[:200]!r}"
        if not isinstance(error, bad.error):
            return f"{type(error).__name__} instead of {bad.error}: {text!r}"
        held = any(one in text for one in bad.received.split("|"))
        return "" if held else f"{bad.received!r} is not in {text!r}"
    if bad.otherwise == "raise":
        return f"accepted, gave {result!r:.80}"
    if bad.otherwise == "same" and not equal(expected, flat(result)):
        return f"gave {result!r:.80} instead of {expected!r:.80}"
    own = [key for key, (kind, _) in tried.good.items() if kind == "in place"]
    wrote = [k for k in given if k not in own and not equal(before[k], flat(given[k]))]
    return f"wrote into {wrote}" if wrote else ""


@pytest.mark.parametrize(
    ("where", "name"),
    [
        (where, name)
        for where, d in DOORS.items()
        for name, (kind, _) in d.good.items()
        if BAD[kind]
    ],
)
def test_bad_arguments_are_refused_or_understood(where, name):
    tried = DOORS[where]
    found = {label: complaint(tried, name, bad) for label, bad in BAD[tried.good[name][0]].items()}
    wrong = [f"{label}: {text}" for label, text in found.items() if text]
    assert not wrong, f"{where}({name}=...)\n  " + "\n  ".join(wrong)

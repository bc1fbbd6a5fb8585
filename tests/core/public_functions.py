"""The public functions of the core, each with a call that is right.

`test_bad_arguments.py` and `test_hostile_numbers.py` make wrong calls of them. `CALLS` must name
every public function; those in `INTERNAL` check nothing, since only the core calls them.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import embedlab.core
from embedlab.core.bag import bag_max, parse_bags
from embedlab.core.lora import Adapter
from embedlab.core.quantize import quantize, quantize_groups
from embedlab.core.skipgram import sample_batches

V, D, R = 6, 4, 2

INTERNAL = {
    "jit": (
        "count_kernel_call",
        "kernel_calls",
        "next_block",
        "kernel",
        "compile_parallel",
        "block_size",
        "prange",
        "prefetch",
        "cache_stats",
        "num_threads",
        "parallel_allowed",
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
    "simd_registers": (
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
    "checks": ("check_choice", "check_finite", "check_held_by", "message", "short_repr"),
    "memory": ("available_memory", "in_words"),
    "resize": ("resize_rows",),
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


class Call(NamedTuple):
    """A function with its good arguments: for each the kind, a key of `BAD`, and its factory."""

    call: Callable
    good: dict[str, tuple[str, Callable]]


def call_with(call: Callable, **good: Any) -> Call:
    return Call(call, good)


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

CALLS: dict[str, Call] = {}


def add(module: str, **calls: dict[str, Any]) -> None:
    imported = importlib.import_module(f"embedlab.core.{module}")
    for name, good in calls.items():
        CALLS[f"{module}.{name}"] = call_with(getattr(imported, name), **good)


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
    as_plain_array={"value": ("array", table), "name": ("any", lambda: "table")},
    as_numeric_array={"value": ("array", table), "name": ("any", lambda: "table")},
    check_size={"value": ("size", lambda: 3), "name": ("any", lambda: "size")},
    check_table_bytes={
        "rows": ("table rows", lambda: V),
        "columns": ("any", lambda: D),
        "dtype": ("any", lambda: "f4"),
        "name": ("any", lambda: "V"),
    },
)
add(
    "checks",
    check_flag={"value": ("any", lambda: True), "name": ("any", lambda: "amsgrad")},
    check_number={"value": ("number", lambda: 2.0), "name": ("any", lambda: "scale")},
    check_above_zero={"value": ("number > 0", lambda: 2.0), "name": ("any", lambda: "scale")},
    check_name={"value": ("any", lambda: "words")},
    check_dtype={
        "value": ("any", lambda: "float32"),
        "name": ("any", lambda: "dtype"),
        "kinds": ("any", lambda: "f"),
    },
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
    best_error_by_rank={"values": ("singular values", lambda: np.array([3.0, 1.0]))},
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


def public_names():
    for info in pkgutil.walk_packages(embedlab.core.__path__, "embedlab.core."):
        if info.ispkg:  # names what its modules define
            continue
        imported = importlib.import_module(info.name)
        for name in imported.__all__:
            is_variant = name.endswith(("_reference", "_kernel", "_kernel_parallel"))
            if (
                callable(getattr(imported, name))
                and not inspect.isclass(getattr(imported, name))
                and not is_variant
            ):
                yield f"{info.name.removeprefix('embedlab.core.')}.{name}"

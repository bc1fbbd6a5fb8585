"""Whatever a caller passes is used, or refused in one line of ours; nothing changes then."""

import re

import numpy as np
import pytest

from embedlab.core.gradient import SparseGrad
from embedlab.distributed import (
    ShardedEmbedding,
    Sharding,
    draw_ids,
    expected_traffic,
    local_cluster,
    plan,
)
from embedlab.layers import Embedding

WRONG = {
    "None": None,
    "text": "x",
    "empty_text": "",
    "bytes": b"x",
    "True": True,
    "-1": -1,
    "1.5": 1.5,
    "nan": float("nan"),
    "huge": 2**70,
    "list": [],
    "ragged": [[1], [1, 2]],
    "dict": {},
    "object": object(),
    "shape": np.ones((2, 2, 2), np.float32),
    "dtype": np.array(["a", "b"]),
    "complex": np.ones(3, np.complex64),
}
ONE = np.ones((1, 3), np.float32)
SIZES = {"words": (10, 3)}


def options(**changes):
    """Return the arguments of a planner that fits, with changes."""
    return {"tables": SIZES, "workers": 2, "memory": 10**6, "batch_size": 8, **changes}


def grad(**changes):
    """Return a gradient made by hand, with changes."""
    parts = {"ids": np.array([1]), "rows": ONE, "shape": (10, 3)}
    return SparseGrad(**{**parts, **changes}, pairs=(np.array([1]), ONE))


def adapted():
    table = ShardedEmbedding(10, 3, seed=1)
    table.enable_lora(2)
    return table, table.backward([1], ONE)


def step_of_adapters(**changes):
    table, grads = adapted()
    return table.step({**grads, **changes})


CALLS = {
    "Sharding(input_dim)": lambda t, w: Sharding(w, 3),
    "Sharding(output_dim)": lambda t, w: Sharding(10, w),
    "Sharding(scheme)": lambda t, w: Sharding(10, 3, w),
    "Sharding(shards)": lambda t, w: Sharding(10, 3, "row_wise", w),
    "Sharding(workers)": lambda t, w: Sharding(10, 3, "row_wise", 2, w),
    "Sharding(workers each)": lambda t, w: Sharding(10, 3, "row_wise", 2, (0, w)),
    "Sharding(replicated)": lambda t, w: Sharding(10, 3, "row_wise", 2, replicated=w),
    "Sharding(replicated each)": lambda t, w: Sharding(10, 3, "row_wise", 2, replicated=[w]),
    "shape": lambda t, w: t.sharding.shape(w),
    "columns": lambda t, w: t.sharding.columns(w),
    "row_dtype": lambda t, w: t.sharding.row_dtype(w),
    "locate": lambda t, w: t.sharding.locate(w),
    "row_of(shard)": lambda t, w: t.sharding.row_of(w, 1),
    "row_of(id)": lambda t, w: t.sharding.row_of(0, w),
    "global_ids(shard)": lambda t, w: t.sharding.global_ids(w, [0]),
    "global_ids(rows)": lambda t, w: t.sharding.global_ids(0, w),
    "parts": lambda t, w: t.sharding.parts(w),
    "from_config": lambda t, w: Sharding.from_config(w),
    "plan(tables)": lambda t, w: plan(w, 2, 10**6),
    "plan(a shape)": lambda t, w: plan({"words": w}, 2, 10**6),
    "plan(V)": lambda t, w: plan({"words": (w, 3)}, 2, 10**6),
    **{
        f"plan({name})": lambda t, w, name=name: plan(**options(**{name: w}))
        for name in ("workers", "memory", "batch_size", "ids", "optimizer", "dtype", "seed")
    },
    **{
        f"plan({name})": lambda t, w, name=name: plan(**options(**{name: w}))
        for name in ("network", "schemes", "replicated")
    },
    "plan(a scheme)": lambda t, w: plan(**options(schemes={"words": w})),
    "plan(a replicated)": lambda t, w: plan(**options(replicated={"words": w})),
    "plan(ids of a table)": lambda t, w: plan(**options(ids={"words": w})),
    "a table of a plan": lambda t, w: plan(**options())[w],
    "draw_ids(size)": lambda t, w: draw_ids(w, 10),
    "draw_ids(input_dim)": lambda t, w: draw_ids(3, w),
    "draw_ids(law)": lambda t, w: draw_ids(3, 10, w),
    "draw_ids(seed)": lambda t, w: draw_ids(3, 10, seed=w),
    "traffic(sharding)": lambda t, w: expected_traffic(w, [[1]], 2),
    "traffic(batches)": lambda t, w: expected_traffic(t.sharding, w, 2),
    "traffic(a batch)": lambda t, w: expected_traffic(t.sharding, [w], 2),
    "traffic(workers)": lambda t, w: expected_traffic(t.sharding, [[1]], w),
    "traffic(itemsize)": lambda t, w: expected_traffic(t.sharding, [[1]], 2, w),
    "table(input_dim)": lambda t, w: ShardedEmbedding(w, 3),
    "table(output_dim)": lambda t, w: ShardedEmbedding(10, w),
    "table(client)": lambda t, w: ShardedEmbedding(10, 3, w),
    "table(plan)": lambda t, w: ShardedEmbedding(10, 3, None, w),
    **{
        f"table({name})": lambda t, w, name=name: ShardedEmbedding(10, 3, **{name: w})
        for name in (
            *("embeddings_initializer", "optimizer", "padding_idx", "scale_grad_by_freq"),
            "mask_zero",
            *("dtype", "placement", "seed", "timeout", "name"),
        )
    },
    "call": lambda t, w: t(w),
    "lookups": lambda t, w: t.lookups(w),
    "lookups(a batch)": lambda t, w: [*t.lookups([[1], w])],
    "backward(ids)": lambda t, w: t.backward(w, ONE),
    "backward(grad)": lambda t, w: t.backward([1], w),
    "step": lambda t, w: t.step(w),
    "step(ids)": lambda t, w: t.step(grad(ids=w)),
    "step(rows)": lambda t, w: t.step(grad(rows=w)),
    "step(shape)": lambda t, w: t.step(grad(shape=w)),
    "step(adapters)": lambda t, w: adapted()[0].step(w),
    "step(A)": lambda t, w: step_of_adapters(lora_embeddings_a=w),
    "step(B)": lambda t, w: step_of_adapters(lora_embeddings_b=w),
    "enable_lora": lambda t, w: t.enable_lora(w),
    "add_adapter(name)": lambda t, w: t.add_adapter(w, 2),
    "add_adapter(alpha)": lambda t, w: t.add_adapter("one", 2, w),
    "add_adapter(rslora)": lambda t, w: t.add_adapter("one", 2, None, w),
    "add_adapter(a)": lambda t, w: t.add_adapter("one", 2, a_initializer=w),
    "add_adapter(b)": lambda t, w: t.add_adapter("one", 2, b_initializer=w),
    "set_active": lambda t, w: t.set_active(w),
    "remove": lambda t, w: t.remove(w),
    "quantize(mode)": lambda t, w: t.quantize(w),
    "quantize(config)": lambda t, w: t.quantize(None, w),
    "nearest(query)": lambda t, w: t.nearest(w),
    "nearest(k)": lambda t, w: t.nearest(1, w),
    "nearest(exclude)": lambda t, w: t.nearest(1, exclude=w),
    "save": lambda t, w: t.save(w),
    "save(overwrite)": lambda t, w: t.save("saved", overwrite=w),
    "load": lambda t, w: t.load(w),
    "load(plan)": lambda t, w: t.load("saved", w),
    "from_saved": lambda t, w: ShardedEmbedding.from_saved(w),
    "from_saved(client)": lambda t, w: ShardedEmbedding.from_saved("saved", w),
    "from_saved(plan)": lambda t, w: ShardedEmbedding.from_saved("saved", None, w),
    "from_saved(timeout)": lambda t, w: ShardedEmbedding.from_saved("saved", timeout=w),
    "from_saved(seed)": lambda t, w: ShardedEmbedding.from_saved("saved", seed=w),
    "from_embedding": lambda t, w: ShardedEmbedding.from_embedding(w),
    "from_embedding(plan)": lambda t, w: ShardedEmbedding.from_embedding(Embedding(9, 3), None, w),
    "from_embedding(padding_idx)": lambda t, w: ShardedEmbedding.from_embedding(
        Embedding(9, 3), padding_idx=w
    ),
    "to_embedding(weights)": lambda t, w: t.to_embedding(weights=w),
    "to_embedding(dtype)": lambda t, w: t.to_embedding(dtype=w),
}

FINE = {
    "Sharding(workers)": "list",
    "Sharding(replicated)": "list",
    "Sharding(replicated each)": "True",
    "locate": "True list shape",
    "row_of(id)": "None",
    "global_ids(rows)": "True list shape",
    "parts": "list",
    "plan(network)": "None 1.5 huge",
    "plan(schemes)": "None dict",
    "plan(replicated)": "None dict",
    "plan(a replicated)": "list",
    "plan(ids of a table)": "True list shape",
    "traffic(batches)": "list ragged dict shape",
    "traffic(a batch)": "True list shape",
    "table(client)": "None",
    "table(plan)": "None",
    "table(padding_idx)": "None",
    "table(scale_grad_by_freq)": "True",
    "table(mask_zero)": "True",
    "table(seed)": "None",
    "table(timeout)": "1.5 huge",
    "table(name)": "None text empty_text",
    "call": "True list shape",
    "lookups": "list ragged dict shape dtype complex",
    "lookups(a batch)": "True list shape",
    "add_adapter(name)": "text",
    "add_adapter(alpha)": "None",
    "add_adapter(rslora)": "True",
    "set_active": "list dict",
    "nearest(exclude)": "True list shape",
    "save": "text",
    "save(overwrite)": "True",
    "load(plan)": "None",
    "from_saved(client)": "None",
    "from_saved(plan)": "None",
    "from_saved(timeout)": "1.5 huge",
    "from_embedding(plan)": "None",
    "to_embedding(dtype)": "None",
}
"""The kinds of `WRONG` that a call accepts, and not in vain."""


@pytest.fixture
def table():
    return ShardedEmbedding(10, 3, seed=1)


def in_one_line(error):
    """Return whether an error says what must hold, what was received, and what to do."""
    text = str(error.args[0]) if error.args else ""
    return re.fullmatch(r"[^\n]+ Received [^\n]+[.:] [^\n]+[.?]", text) is not None


@pytest.mark.parametrize("name", CALLS)
def test_wrong_arguments_are_refused_in_one_line(table, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table.save("saved")
    rows, accepted, foreign = table(np.arange(10)), [], []
    for kind, wrong in WRONG.items():
        try:
            CALLS[name](table, wrong)
        except Exception as error:
            if not in_one_line(error):
                foreign.append(f"{kind}: {type(error).__name__}: {error}")
        else:
            accepted.append(kind)
    assert not foreign and accepted == FINE.get(name, "").split()
    np.testing.assert_array_equal(table(np.arange(10)), rows)
    assert table.iterations == 0


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("x",), "workers must be"),
        ((2, "nowhere"), "folder must be there before workers start"),
        ((2, __file__), "folder must name a folder"),
        ((2, 3), "folder must name a folder"),
    ],
)
def test_a_cluster_that_cannot_start(arguments, text):
    with pytest.raises((ValueError, TypeError, FileNotFoundError), match=text) as error:
        local_cluster(*arguments).__enter__()
    assert in_one_line(error.value)
    with pytest.raises(ValueError, match="timeout must be"):
        local_cluster(2, timeout=None).__enter__()

"""Every workload of the table: seeded inputs and the plain NumPy answer."""

import numpy as np

from benchmarks.workload import Workload, table, zipf_ids
from embedlab.data.zipf import zipf_stream

KERAS = ("keras_numpy", "keras_jax", "keras_torch")

LOOKUPS = {
    # name: (rows V, columns D, ids N, how the ids come)
    "V1k D64 N320": (1_000, 64, 320, "uniform"),
    "V10k D128 N2048": (10_000, 128, 2_048, "zipf"),
    "V50k D300 N4096": (50_000, 300, 4_096, "zipf"),
    "V100k D64 N16384": (100_000, 64, 16_384, "uniform"),
    "V1M D64 N65536": (1_000_000, 64, 65_536, "uniform"),
    "V1M D64 N65536 zipf": (1_000_000, 64, 65_536, "zipf"),
}
GRADIENTS = {
    "V1k D64 N320": (1_000, 64, 320, "zipf"),
    "V30k D128 N8192": (30_000, 128, 8_192, "zipf"),
    "V100k D64 N65536": (100_000, 64, 65_536, "zipf"),
    "V30k D128 N8192 uniform": (30_000, 128, 8_192, "uniform"),
}


def ids(rng, rows, size, how):
    return zipf_ids(rng, rows, size) if how == "zipf" else rng.integers(rows, size=size)


def _lookup(rows, columns, size, how):
    return lambda rng: {"table": table(rng, rows, columns), "ids": ids(rng, rows, size, how)}


def _gradient(rows, columns, size, how):
    return lambda rng: {
        "rows": rows,
        "ids": ids(rng, rows, size, how),
        "grad": table(rng, size, columns),
    }


def _dense(inputs):
    grad = np.zeros((inputs["rows"], inputs["grad"].shape[1]))
    np.add.at(grad, inputs["ids"], inputs["grad"])
    return grad


def _layer(rng):
    return {"table": table(rng, 1_000, 64), "ids": rng.integers(1_000, size=(32, 10))}


def _step(rng):
    return {
        "table": table(rng, 100_000, 64),
        "ids": ids(rng, 100_000, 8_192, "zipf"),
        "grad": table(rng, 8_192, 64) / 64,
    }


def _lora(rows, size=8_192, width=128, rank=8):
    return lambda rng: {
        "table": table(rng, rows, width),
        "ids": ids(rng, rows, size, "zipf"),
        "a": table(rng, rows, rank),
        "b": table(rng, rank, width),
        "scale": 2.0,
        "grad": table(rng, size, width),
    }


def _lora_answer(i):
    return i["table"][i["ids"]] + i["scale"] * (i["a"][i["ids"]].astype("f8") @ i["b"])


def _lora_grads(i):
    grad_rows = i["grad"].astype("f8") @ i["b"].T * i["scale"]
    grad_a = np.zeros(i["a"].shape)
    np.add.at(grad_a, i["ids"], grad_rows)
    return [grad_a, i["scale"] * (i["a"][i["ids"]].astype("f8").T @ i["grad"])]


def _bag(rng):
    return {
        "table": table(rng, 100_000, 64),
        "ids": ids(rng, 100_000, 32_768, "zipf").reshape(1_024, 32),
    }


def _codes(rng):
    return {"table": table(rng, 100_000, 128), "ids": ids(rng, 100_000, 8_192, "zipf")}


def _nearest(rng):
    rows = table(rng, 100_000, 128)
    queries = rows[rng.integers(100_000, size=64)] + 0.1 * table(rng, 64, 128)
    return {"table": rows, "queries": queries, "count": 10}


def nearest_answer(i):
    rows = i["table"] / np.linalg.norm(i["table"], axis=1, keepdims=True)
    queries = i["queries"] / np.linalg.norm(i["queries"], axis=1, keepdims=True)
    scores = queries.astype("f8") @ rows.T.astype("f8")
    return np.sort(scores, axis=1)[:, ::-1][:, : i["count"]]


def _stream(size):
    return lambda rng: {"ids": zipf_stream(size, 20_000), "rows": 20_000, "dim": 100}


def _nothing(rng):
    return {}


# fmt: off
WORKLOADS = (
    *(
        Workload(
            f"lookup/{name}", _lookup(*shape), lambda i: i["table"][i["ids"]], ("torch", "numpy"),
            0.95, "copy", 0.0, against="torch", reach=0.85 if shape[0] == 1_000_000 else None,
        )
        for name, shape in LOOKUPS.items()
    ),
    Workload("layer/(32, 10) ids, D64", _layer, lambda i: i["table"][i["ids"]], KERAS, 5,
             most=1e-5),
    *(
        Workload(f"sparse gradient/{n}", _gradient(*shape), _dense, ("torch",), 3)
        for n, shape in GRADIENTS.items()
    ),
    *(
        Workload(f"dense gradient/{n}", _gradient(*shape), _dense, ("torch", "numpy"), 3)
        for n, shape in GRADIENTS.items()
    ),
    Workload("lazy Adam/V100k D64 N8192", _step, None, ("torch",), 4),
    Workload("Adagrad/V100k D64 N8192", _step, None, ("torch",), 4),
    Workload("LoRA forward/V30k D128 R8 N8192", _lora(30_000), _lora_answer, ("torch",), 1.5),
    Workload("LoRA layer/V30k D128 R8 N8192", _lora(30_000), _lora_answer, KERAS, 8),
    Workload("LoRA backward/V30k D128 R8 N8192", _lora(30_000), _lora_grads, ("torch",), 1.5,
             tolerance=1e-4),
    *(
        Workload(f"bag {mode}/V100k D64, 1024 bags of 32", _bag, answer, ("torch",), 1.0)
        for mode, answer in {
            "sum": lambda i: i["table"][i["ids"]].sum(1, dtype="f8"),
            "mean": lambda i: i["table"][i["ids"]].mean(1, dtype="f8"),
            "max": lambda i: i["table"][i["ids"]].max(1),
        }.items()
    ),
    Workload("int8 lookup/V100k D128 N8192", _codes, None, ("torch",), 1.2),
    Workload("int4 lookup/V100k D128 N8192", _codes, None, ("torch",), 1.2),
    Workload("int8 layer/V100k D128 N8192", _codes, None, KERAS, 8),
    Workload("int4 layer/V100k D128 N8192", _codes, None, KERAS, 8),
    Workload("nearest/V100k D128, 64 queries", _nearest, nearest_answer, ("numpy",), 1.0,
             tolerance=1e-4),
    Workload("skip-gram/300k words, V20k D100, one thread", _stream(300_000), None, ("gensim",), 3),
    Workload("skip-gram/10M words, V20k D100, one thread", _stream(10_000_000), None, ("gensim",),
             3, rounds=3),
    Workload("skip-gram two threads/1M words, V20k D100", _stream(1_000_000), None,
             ("embedlab_one",), 1),
    *(
        Workload(f"import/{code}", lambda rng, code=code: {"code": code}, None, ("bare",), 1 / 1.15)
        for code in ("import embedlab", "from embedlab import Embedding")
    ),
    Workload("first use/lesson kernels, new process, nothing compiled", _nothing, None, ()),
)
# fmt: on

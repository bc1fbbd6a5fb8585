"""Mutations of the configs of valid models, read one after the other: ``python FILE SEED COUNT``.

Prints one JSON: how many were read and refused, the most memory and CPU seconds that one took, and
every failure with its file: another error than FileRefused, one that is long or not in one line,
more memory than 64 MB and 8 times the file.
"""

import copy
import json
import random
import sys
import tempfile
import time
import warnings
import zipfile
from pathlib import Path

from embedlab import constraints, initializers, layers, losses, optimizers, regularizers
from embedlab.layers import Dense, Embedding, Input
from embedlab.models import Model, Sequential, load_model
from embedlab.storage import FileRefused

NUMBERS = [0, -1, 1, 2, 3.5, True, None, "9", 2**31, 2**63, 10**9, 10**30, 1e308, 1e-308]
NUMBERS += [float("nan"), float("inf"), 4000, 65536, [], {}, [5], [[5]]]
TEXTS = ["", "/", "a/b", "..", "x" * 100_000, "float16", "float64", "int8", "int4_from_float32"]
TEXTS += ["complex128", "S375000000", "(30000,10000)f4", "O", "M8", "orthogonal", "disk", "é" * 99]
TEXTS += ["mixed_float16", "same", "max", "ones", "__numpy__", "function", "Lambda", "Functional"]
CLASSES = [kind for kind in dir(layers) if kind[0].isupper()]
CLASSES += [*initializers.REGISTRY.classes, *regularizers.REGISTRY.classes, "Sequential"]
CLASSES += [*constraints.REGISTRY.classes, *optimizers.REGISTRY.classes, *losses.REGISTRY.classes]
SHARED = {"units": 3, "filters": 3, "kernel_size": 2, "target_shape": (2, -1), "rate": 0.5}


def valid_models():
    """Return a small model with each kind of layer, initializer, regularizer and so on."""
    models = []
    for kind in ("Conv1D", "Dense", "Dropout", "Flatten", "GRU", "GlobalAveragePooling1D", "LSTM"):
        models.append(_chain(kind))
    for kind in ("GlobalMaxPooling1D", "LayerNormalization", "Masking", "Reshape", "SimpleRNN"):
        models.append(_chain(kind))
    for name in sorted(initializers.REGISTRY.classes):
        models.append(Sequential([Embedding(9, 4, name, input_length=5)]))
    for name in ("L1", "L2", "L1L2"):
        penalty = getattr(regularizers, name)(0.5)
        models.append(Sequential([Embedding(9, 4, "ones", penalty, input_length=5)]))
    for name in sorted(constraints.REGISTRY.classes):
        models.append(Sequential([Embedding(9, 4, "ones", None, name, input_length=5)]))
    for rule, loss in zip(("sgd", "rmsprop", "adagrad", "adam"), ("mse", "bce") * 2, strict=True):
        models.append(_chain("Dense"))
        models[-1].compile(rule, loss, metrics=["accuracy"])
    for options in (
        {"lora_rank": 2},
        {"placement": "disk"},
        {"adapters": [{"name": "a", "rank": 1}]},
    ):
        models.append(Sequential([Embedding(9, 4, input_length=5, **options)]))
    for mode in ("int8", "int4"):
        models.append(Sequential([Embedding(9, 4, input_length=5)]))
        models[-1].layers[0].quantize(mode)
    models.append(Sequential([Input((5,)), layers.EmbeddingBag(9, 4), Dense(2)]))
    ids = Input((5,), dtype="int32")
    tied = layers.ReversibleEmbedding(9, 4)
    models.append(Model(ids, tied(tied(ids), reverse=True)))
    models.append(Model(ids, _chain("Dense")(ids)))
    return models


def _chain(kind):
    cls = getattr(layers, kind)
    options = {k: v for k, v in SHARED.items() if k in getattr(cls, "CONFIG", ())}
    return Sequential([Embedding(9, 4, input_length=5), cls(**options)])


def places(value, result):
    """Collect every container and key of a config."""
    for key, each in value.items() if isinstance(value, dict) else enumerate(value):
        result.append((value, key))
        if isinstance(each, (dict, list)):
            places(each, result)
    return result


def mutate(rng, config):
    """Change one place of a config: its number, text or class, its depth, its length."""
    result = places(config, [])
    inside, key = rng.choice(result)
    value = inside[key]
    kind = rng.randrange(8)
    if kind == 0 and isinstance(inside, dict):
        del inside[key]
    elif kind == 1:
        for _ in range(rng.choice([1, 3, 70, 900])):
            value = [value]
        inside[key] = value
    elif kind == 2 and isinstance(value, list):
        inside[key] = value * rng.choice([2, 100, 20_000])
    elif kind == 3:
        other, name = rng.choice(result)
        inside[key] = copy.deepcopy(other[name])
    elif kind == 4:
        dtype = rng.choice(["float32", "i1", *TEXTS])
        config = {"value": rng.choice([*NUMBERS, value, [[0.5] * 4] * 9]), "dtype": dtype}
        inside[key] = {"class_name": "__numpy__", "config": config}
    elif isinstance(value, str):
        inside[key] = rng.choice(TEXTS if key != "class_name" or kind == 5 else CLASSES)
    else:
        inside[key] = rng.choice(NUMBERS)


def memory(what):
    """Return VmRSS or VmHWM, the peak since it was last asked for, in bytes; 0 where none says."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return 0
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith(what))


def main(seed, count):
    rng, folder = random.Random(seed), Path(tempfile.mkdtemp())
    good, results = [], {"read": 0, "refused": 0, "bytes": 0, "seconds": 0.0, "failures": []}
    path = folder / "m.keras"
    for model in valid_models():
        model.save(path)
        load_model(path)
        with zipfile.ZipFile(path) as archive:
            good.append({name: archive.read(name) for name in archive.namelist()})
    for number in range(count):
        parts = dict(rng.choice(good))
        config = json.loads(parts["config.json"])
        try:
            for _ in range(rng.choice([1, 1, 2, 4])):
                if config:
                    mutate(rng, config)
            parts["config.json"] = json.dumps(config).encode()
        except RecursionError:
            continue
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in parts.items():
                archive.writestr(name, data)
        del config, parts
        before, clock, failure = memory("VmRSS"), time.process_time(), None
        try:
            load_model(path)
            results["read"] += 1
        except FileRefused as error:
            results["refused"] += 1
            if "\n" in str(error) or "Received" not in str(error) or len(str(error)) > 2000:
                failure = str(error)
        except Exception as error:
            failure = repr(error)
        nbytes, seconds = memory("VmHWM") - before, time.process_time() - clock
        if nbytes > 64_000_000 + 8 * path.stat().st_size or seconds > 6:
            failure = f"{nbytes:,} bytes and {seconds} s"
        if failure:
            saved = path.rename(folder / f"{number}.keras")
            results["failures"].append(f"{saved}: {failure:.3000}")
        results["bytes"] = max(results["bytes"], nbytes)
        results["seconds"] = max(results["seconds"], seconds)
    print(json.dumps(results))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(int(sys.argv[1]), int(sys.argv[2]))

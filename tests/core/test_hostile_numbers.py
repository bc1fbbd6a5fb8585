"""No number that a caller passes to the core ends the process, or comes out as a foreign error.

A process of its own calls every public function of the core with NaN, infinities, huge and tiny
numbers, empty arrays, single rows, and ids, offsets, codes, sizes and dimensions that are out of
range: first compiled as users have it, then with Numba's bounds checks. Each call must return, or
raise an error of ours. The good arguments are those of `public_functions.py`.
"""

import dataclasses
import json
import os
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from public_functions import CALLS, INTERNAL, public_names

from embedlab.core.geometry import LazyTable, nearest, normalize_rows
from embedlab.core.gradient import SparseGrad
from embedlab.core.gradient.sparse import add_gradients
from embedlab.core.optimizers import sgd
from embedlab.core.skipgram import (
    alias_table,
    check_pair_tables,
    check_pairs,
    sample_batches,
    subsampling_probability,
    train_recorded,
    train_skipgram,
)

MEMORY = 6 << 30
"""Bytes that the process may ask for: a size of 2**31 rows is then a MemoryError everywhere."""

FLOATS = {
    "NaN": np.nan,
    "infinity": np.inf,
    "-infinity": -np.inf,
    "huge": 3e38,
    "-huge": -3e38,
    "denormal": 1e-45,
    "zero": 0.0,
}
WHOLE = {
    "-1": -1,
    "V": 6,
    "2**31": 2**31,
    "2**32": 2**32,
    "largest": 2**63 - 1,
    "smallest": -(2**63),
}
SIZES = [0, 1, -1, 2**31 - 1, 2**31, 2**62, 2**63, 2**80, 10**400, -100, -(2**63)]
RATES = [0.0, 1.0, 1e6, 1e38, 1e300, 5e-324, np.nan, np.inf, -np.inf, -1.0]
ENDLESS = [
    f"skipgram.train.{name}(epochs: {size})"
    for name in ("skipgram", "train_skipgram")
    for size in (2**31 - 1, 2**31, 2**62)
]
"""Calls that are no errors and take for ever: epochs are worked off one by one."""

Case = tuple[str, Callable, dict[str, Callable]]


def cases() -> Iterator[Case]:
    """Yield the name of every function, the function, and what makes its good arguments."""
    for name, good_call in CALLS.items():
        yield name, good_call.call, {key: make for key, (_, make) in good_call.good.items()}
    rng = np.random.default_rng(3)
    table = rng.normal(size=(6, 4)).astype("f4")
    batches = sample_batches([0, 1, 2, 5], 6, steps=3, batch=2)
    run = train_recorded(batches, table, table)

    yield from (
        ("skipgram.sampling.alias_table", alias_table, {"weights": lambda: np.ones(6)}),
        (
            "skipgram.sampling.subsampling_probability",
            lambda counts: subsampling_probability(counts, 0.1),
            {"counts": lambda: np.ones(6)},
        ),
        ("geometry.neighbors.normalize_rows", normalize_rows, {"vectors": table.copy}),
        (
            "skipgram.batches.check_pairs",
            lambda pairs: check_pairs(pairs, 6, 6),
            {"pairs": batches.pairs.copy},
        ),
        (
            "skipgram.batches.check_pair_tables",
            check_pair_tables,
            {"table": table.copy, "context": table.copy},
        ),
        (
            "skipgram.recorded.train_recorded",
            train_recorded,
            {
                "batches": lambda: batches,
                "table": table.copy,
                "context": table.copy,
                "after": lambda: run,
                "step": lambda: 2,
            },
        ),
        (
            "geometry.neighbors.nearest",
            lambda block: nearest(LazyTable((6, 4), lambda a, b: block), table),
            {"block": table.copy},
        ),
        (
            "optimizers.sgd.sgd",
            lambda table, ids, rows: sgd(table, sparse(ids, rows)),
            {"table": table.copy, "ids": lambda: np.array([0, 5]), "rows": table[:2].copy},
        ),
        (
            "skipgram.train.train_skipgram",
            partial(train_skipgram, np.arange(2000) % 20, 20, 8),
            {"rate": lambda: 0.1, "rate_end": lambda: 0.1, "subsample": lambda: 0.0},
        ),
        (
            "gradient.sparse.add_gradients",
            add_gradients,
            {"first": table.copy, "second": table.copy},
        ),
        (
            "gradient.sparse.SparseGrad.to_dense",
            lambda ids, rows: sparse(ids, rows).to_dense(),
            {"ids": lambda: np.array([0, 5]), "rows": table[:2].copy},
        ),
    )


def sparse(ids: np.ndarray, rows: np.ndarray) -> SparseGrad:
    return SparseGrad(ids, rows, (6, 4), (ids, rows))


def hostile(good: Any) -> Iterator[tuple[str, Any]]:
    """Yield hostile values in the place of a good one: of its kind, so that nothing is compiled."""
    if isinstance(good, np.ndarray):
        yield "empty", good[:0].copy()
        yield "one row", good[:1].copy()
        yield "no columns", good[..., :0].copy()
        values = {"f": FLOATS, "i": WHOLE, "u": {"255": 255}, "b": {"all": True, "none": False}}
        for name, value in values.get(good.dtype.kind, {}).items():
            if good.dtype == np.int8:
                value = max(min(value, 127), -128)
            with np.errstate(over="ignore"):
                yield f"all {name}", np.full_like(good, value)
            if good.size:
                last = good.copy()
                last.flat[-1] = value
                yield f"last {name}", last
        if good.dtype.kind == "i" and good.dtype != np.int8:
            yield "NaN", np.full(good.shape, np.nan)
            yield "infinity", np.full(good.shape, np.inf)
            yield "2**63", np.full(good.shape, 2**63, np.uint64)
            yield "falling", good[::-1].copy()
    elif isinstance(good, (bool, str)) or good is None:
        return
    elif isinstance(good, (int, float, np.number)):
        for value in [*SIZES, *RATES]:
            yield repr(value)[:24], value
    elif dataclasses.is_dataclass(good):
        for field in dataclasses.fields(good):
            if field.init:
                for name, value in hostile(getattr(good, field.name)):
                    yield f"{field.name} {name}", Late(good, field.name, value)
    elif isinstance(good, (tuple, list)):
        names = getattr(good, "_fields", range(len(good)))
        for at, part in enumerate(good):
            for name, value in hostile(part):
                changed = [value if n == at else other for n, other in enumerate(good)]
                whole = type(good)(*changed) if hasattr(good, "_fields") else type(good)(changed)
                yield f"{names[at]} {name}", whole


@dataclasses.dataclass
class Late:
    """A frozen value with one hostile field: its own checks run where the errors are caught."""

    good: Any
    field: str
    value: Any

    def make(self) -> Any:
        return dataclasses.replace(self.good, **{self.field: self.value})


def everything(makers: dict[str, Callable]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield all arguments with one of them hostile, then with all arrays alike."""
    for key, make in makers.items():
        for name, value in hostile(make()):
            yield f"{key}: {name}", {**{k: m() for k, m in makers.items()}, key: value}
    for name in (*(f"all {n}" for n in (*FLOATS, *WHOLE)), "empty", "one row", "no columns"):
        arguments = {key: make() for key, make in makers.items()}
        for key, good in arguments.items():
            if isinstance(good, np.ndarray):
                arguments[key] = dict(hostile(good)).get(name, good)
        yield f"every array: {name}", arguments


def complaint(call: Callable, arguments: dict[str, Any]) -> str:
    """Call a function and return what is wrong with its result or error, or ""."""
    try:
        built = {k: v.make() if isinstance(v, Late) else v for k, v in arguments.items()}
        call(**built)
    except MemoryError:
        return ""
    except Exception as error:
        text, kind = str(error), type(error)
        ours = isinstance(error, (ValueError, TypeError, FloatingPointError)) or (
            isinstance(error, IndexError) and kind is not IndexError
        )
        if not ours or kind.__module__.startswith("numba") or "Received" not in text:
            return f"{kind.__module__}.{kind.__name__}: {text[:200]}"
    return ""


def main() -> None:
    """Call every function with everything hostile, and print each call before it is made."""
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    wrong, names, calls = [], [], 0
    for name, call, makers in cases():
        names.append(name)
        if name == "skipgram.train.skipgram":
            call = (lambda inner: lambda **arguments: list(inner(**arguments)))(call)
        for label, arguments in everything(makers):
            if f"{name}({label})" in ENDLESS:
                continue
            os.write(1, f"{name}({label})\n".encode())
            calls += 1
            if text := complaint(call, arguments):
                wrong.append(f"{name}({label}): {text}")
    print(json.dumps({"calls": calls, "names": names, "wrong": wrong}))


@pytest.mark.skipif(sys.platform != "linux", reason="needs a limit on memory that is kept")
@pytest.mark.parametrize(
    "checked",
    [
        pytest.param(False, id="compiled"),
        pytest.param(True, id="bounds checked", marks=pytest.mark.thorough),
    ],
)
def test_hostile_numbers_end_no_process(checked):
    environment = dict(os.environ)
    if checked:
        environment["NUMBA_BOUNDSCHECK"] = "1"
        environment["NUMBA_CACHE_DIR"] = str(Path(sys.prefix) / "boundscheck")
    elif environment.pop("NUMBA_BOUNDSCHECK", ""):
        environment.pop("NUMBA_CACHE_DIR", "")  # that of the checked code
    process = subprocess.run(
        [sys.executable, __file__], env=environment, capture_output=True, text=True, timeout=600
    )
    lines = process.stdout.splitlines() or [""]
    assert process.returncode == 0, (
        f"died of {process.returncode} in {lines[-1]}\n{process.stderr[-2000:]}"
    )
    report = json.loads(lines[-1])
    assert not report["wrong"], "\n".join(report["wrong"])
    assert report["calls"] > 3000


def test_every_public_function_has_a_hostile_case():
    exempt = {f"{module}.{name}" for module, names in INTERNAL.items() for name in names}
    names = {name for name, _, _ in cases()}
    missing = sorted(set(public_names()) - names - exempt)
    assert not missing, (
        "every public function of the core must have good arguments, of which this test makes "
        f"hostile ones. Received none for {', '.join(missing)}. Add them to public_functions.py."
    )


if __name__ == "__main__":
    main()

"""Without Numba, and with NUMBA_DISABLE_JIT=1: the same results from plain Python."""

import dataclasses
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
from public_functions import CALLS

from embedlab import explorers
from embedlab.explorers.wire import decode

ROWS = np.random.default_rng(5).normal(size=(30, 6)).astype(np.float32)


def arrays(value, name=""):
    """Yield name and numbers of every array below a value."""
    if dataclasses.is_dataclass(value):
        value = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, dict):
        value = value.items()
    elif isinstance(value, (tuple, list)):
        value = enumerate(value)
    elif isinstance(value, (int, float, np.ndarray, np.generic)):
        yield name, np.asarray(value)
        return
    else:
        return
    for key, part in value:
        yield from arrays(part, f"{name}.{key}")


def results():
    """Return all numbers that the functions of the core give and change, and that views show."""
    numbers = {}
    for name, (function, good) in CALLS.items():
        arguments = {key: factory() for key, (_, factory) in good.items()}
        numbers |= arrays((function(**arguments), arguments), name)
    for name in filter(lambda name: name.endswith("Explorer"), explorers.__all__):
        table = {"table": ROWS} if name == "GeometryExplorer" else {}  # nothing to train first
        header, buffers = decode(getattr(explorers, name)(**table).message)
        numbers |= arrays(buffers, name)
        numbers |= arrays([len(header["summary"])], name + ".summary")
    return numbers


def python(code, **options):
    """Run code in a process that finds this file."""
    here = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
    return subprocess.run(
        [sys.executable, "-c", here + code], capture_output=True, check=True, **options
    )


def test_every_function_and_view_gives_the_same_without_numba():
    run = python(
        "import pickle\nsys.modules['numba'] = None\n"
        "import warnings; warnings.simplefilter('ignore', RuntimeWarning)\n"
        "import test_plain_python as t\n"
        "sys.stdout.buffer.write(pickle.dumps(t.results()))"
    )
    plain, compiled = pickle.loads(run.stdout), results()
    assert plain.keys() == compiled.keys() and len(compiled) > 300
    for name, expected in compiled.items():
        assert plain[name].dtype == expected.dtype, name
        if name.endswith("_ns"):
            continue
        np.testing.assert_allclose(
            plain[name], expected, rtol=2e-5, atol=2e-6, equal_nan=True, err_msg=name
        )


def test_one_line_warns_that_kernels_are_slow(monkeypatch):
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    run = python(
        "import embedlab; print(embedlab.lookup([[1.0], [2.0]], [1, 0]).tolist())\n"
        "from embedlab.core.jit import COMPILED; print(COMPILED)",
        text=True,
    )
    assert run.stdout == "[[2.0], [1.0]]\nFalse\n"
    assert run.stderr.count("Warning") == 1 and "slow, and right. Install numba" in run.stderr

"""Peak memory: no operation takes more than its inputs, its outputs and O(N).

Each case runs in a process of its own, which first compiles with as many ids in a small table (so
that the parallel kernels are there too), and then prints how far its peak grows: Linux counts it,
page by page, in ``VmHWM``, and resets it on demand.
"""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

MB = 1 << 20
SLACK = 4 * MB
"""What the allocator and the threads may take besides; the lookups take 4 kB of it."""

PEAK = """
import json, sys
import numpy as np

def peak():
    with open("/proc/self/status") as lines:
        found = {line.split(":")[0]: line.split()[1] for line in lines if line.startswith("Vm")}
    return int(found["VmHWM"]) * 1024, int(found["VmRSS"]) * 1024

def reset():
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")

def size(value):
    if isinstance(value, np.ndarray):
        return value.nbytes
    if hasattr(value, "__dict__"):
        value = [v for name, v in vars(value).items() if name != "pairs"]  # these came in
    return sum(map(size, value)) if isinstance(value, (tuple, list)) else 0

def measure(call, small, large):
    for _ in range(2):
        call(*small)
    reset()
    before = peak()[1]
    result = call(*large)
    print(json.dumps({"extra": peak()[0] - before, "output": size(result)}))
"""

LINUX = pytest.mark.skipif(
    not Path("/proc/self/clear_refs").exists(), reason="only Linux tells and resets the peak"
)


def run(case):
    """Run `case`, which calls `measure`; return the growth of the peak and the output's bytes."""
    script = PEAK + textwrap.dedent(case)
    # Large blocks go back to the system at once, and so are not reused unseen.
    env = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "1048576"}
    process = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=env
    )
    assert process.returncode == 0, process.stderr
    report = json.loads(process.stdout)
    return report["extra"], report["output"]


SIZES = """
V, D, R, N = 1_000_000, 256, 8, 65_536
ids = np.random.default_rng(0).integers(V, size=N)
"""


@LINUX
@pytest.mark.slow
def test_lora_lookup_never_makes_a_second_table():
    """The table takes 1 GB, the result 64 MB."""
    extra, output = run(
        SIZES
        + """
from embedlab.core.lora.lookup import lora_lookup
adapter = (np.ones((V, R), "f4"), np.ones((R, D), "f4"), 0.5)
table = np.ones((V, D), "f4")
few = (table[:9], ids % 9, [(adapter[0][:9], adapter[1], 0.5)])
measure(lora_lookup, few, (table, ids, [adapter]))
"""
    )
    assert output == 65_536 * 256 * 4
    assert extra <= output + SLACK


@LINUX
@pytest.mark.thorough
@pytest.mark.parametrize("block", [0, 128])
def test_int4_lookup_never_unpacks_the_table(block):
    """The codes take 128 MB; unpacked they would be 256 MB, and as floats 1 GB."""
    extra, output = run(
        f"block = {block}"
        + SIZES
        + """
from embedlab.core.quantize import QuantizedTable, quantized_lookup
def quantized(rows):
    groups = (rows, D // block) if block else (rows,)
    zero = np.zeros(groups, "i1") if block else None
    codes = np.full((rows, D // 2), 17, "i1")
    return QuantizedTable(codes, np.ones(groups, "f4"), zero, D, 4, block or None)
measure(quantized_lookup, (quantized(9), ids % 9), (quantized(V), ids))
"""
    )
    assert output == 65_536 * 256 * 4
    assert extra <= output + SLACK


@LINUX
@pytest.mark.thorough
def test_lora_backward_is_as_large_as_what_was_used():
    """A dense gradient of `a` would take 128 MB, the positions' share in that of `b` 256 MB."""
    extra, output = run("""
V, D, R, N = 4_000_000, 64, 8, 131_072
from embedlab.core.lora import grad_lora
ids = np.random.default_rng(0).integers(V, size=N)
grad = np.ones((N, D), "f4")
a, b = np.ones((V, R), "f4"), np.ones((R, D), "f4")
few = 600_000  # rows enough for the same kernels
measure(grad_lora, (ids % 9, grad, (a[:few], b, 0.5)), (ids, grad, (a, b, 0.5)))
""")
    used = 131_072 * (8 * 4 * 4 + 6 * 8)  # a few (N, R) of floats, and the sort of the ids
    assert extra <= output + used + SLACK
    assert extra < 4_000_000 * 8 * 4


@LINUX
def test_a_sparse_gradient_does_not_grow_with_the_table():
    """As a dense one it would take 1 GB."""
    extra, output = run("""
V, D, N = 4_000_000, 64, 131_072
from embedlab.core.gradient import coalesce
ids = np.random.default_rng(0).integers(V, size=N)
grad = np.ones((N, D), "f4")
few = 600_000  # rows enough for the same kernels
measure(coalesce, (ids % 9, grad, few), (ids, grad, V))
""")
    assert extra <= output + 131_072 * 6 * 8 + SLACK


@LINUX
def test_the_measure_sees_a_copy():
    """A call that copies 200 MB for a moment is detected, although it returns nothing."""
    extra, output = run("""
measure(lambda array: array.copy() is None, (np.ones(9),), (np.ones(25 << 20),))
""")
    assert output == 0
    assert extra > 190 * MB

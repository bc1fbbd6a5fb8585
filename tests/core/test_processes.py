"""Parallel kernels in children of a fork, and in several threads over Numba's own thread pool."""

import multiprocessing
import os
import subprocess
import sys

import pytest

NUMBERS = """
import numpy as np
from embedlab.core.gradient import grad_table
from embedlab.core.jit import num_threads
from embedlab.core.lookup import lookup
from embedlab.core.lora import Adapter, grad_lora

rng = np.random.default_rng(3)
table = rng.normal(size=(1000, 64)).astype(np.float32)
ids = rng.integers(1000, size=20_000)
back = rng.normal(size=(20_000, 64)).astype(np.float32)
adapter = Adapter(table[:, :4].copy(), table[:4].copy(), 0.5)

def numbers(_=None):
    grad_a, grad_b = grad_lora(ids, back, adapter)
    results = lookup(table, ids), grad_table(ids, back, 1000), grad_a.rows, grad_b
    return num_threads(), [float(np.abs(result).sum()) for result in results]
"""
FORK = """
import multiprocessing
threads, expected = numbers()
assert threads == 2, threads
with multiprocessing.get_context("fork").Pool(2) as pool:
    for threads, results in pool.map(numbers, range(4)):
        assert threads == 1, threads
        np.testing.assert_allclose(results, expected, rtol=1e-5)
assert numbers() == (2, expected)
print("equal")
"""
FORK_WHILE_COMPILING = """
import os
import threading
from numba.core.compiler_lock import global_compiler_lock
compiling, asked = threading.Event(), threading.Event()

def compile_for_long():
    with global_compiler_lock:
        compiling.set()
        asked.wait(20)

os.register_at_fork(before=asked.set)
thread = threading.Thread(target=compile_for_long)
thread.start()
compiling.wait()
child = os.fork()
if child == 0:
    numbers()
    os._exit(0)
thread.join()
for _ in range(600):
    done, status = os.waitpid(child, os.WNOHANG)
    if done:
        break
    threading.Event().wait(0.1)
else:
    os.kill(child, 9)
print("computed" if done and status == 0 else "waits for ever")
"""
THREADS = """
import threading
import numba
expected = numbers()[1]
assert numba.threading_layer() == "workqueue"
wrong = []

def work():
    for _ in range(20):
        threads, results = numbers()
        main = threading.current_thread() is threading.main_thread()
        if threads != (2 if main else 1) or not np.allclose(results, expected, rtol=1e-5):
            wrong.append((threads, results))

workers = [threading.Thread(target=work) for _ in range(3)]
for worker in workers:
    worker.start()
work()
for worker in workers:
    worker.join()
print(wrong or "equal")
"""


def run(code, **environment):
    env = {**os.environ, "NUMBA_NUM_THREADS": "2", **environment}
    process = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", NUMBERS + code],
        env=env,
        capture_output=True,
        text=True,
        timeout=240,
    )
    return process.returncode, process.stdout, process.stderr[-2000:]


@pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="this system does not fork"
)
def test_a_child_of_a_fork_computes_on_one_thread():
    assert run(FORK) == (0, "equal\n", "")


@pytest.mark.skipif(not hasattr(os, "register_at_fork"), reason="this system does not fork")
def test_a_fork_while_a_thread_compiles():
    assert run(FORK_WHILE_COMPILING) == (0, "computed\n", "")


def test_threads_over_the_work_queue_take_no_turns_in_it():
    assert run(THREADS, NUMBA_THREADING_LAYER="workqueue") == (0, "equal\n", "")

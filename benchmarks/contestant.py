"""A contestant's own process: it sets a workload up, checks its result, and times on demand.

The parent speaks JSON lines to it: {"do": "setup", "workload": name} and {"do": "round"}.
"""

import gc
import importlib
import json
import sys
import time
import zlib

import numpy as np

from benchmarks.workload import same
from benchmarks.workloads import WORKLOADS

ROUND_SECONDS = 0.04

PRACTICE = 4
"""A quarter as many calls come before those that are timed."""

SLOW = 5.0
"""Seconds from which one call is a round, and the call that was checked was practice enough."""


def main(side: str) -> None:
    out = sys.stdout
    sys.stdout = sys.stderr  # a library that prints must not disturb the conversation
    calls = importlib.import_module(f"benchmarks.peers.{side}").CALLS
    call, repeat = None, 1
    for line in sys.stdin:
        order = json.loads(line)
        try:
            if order["do"] == "setup":
                call, repeat, reply = setup(order["workload"], calls)
            elif order["do"] == "round":
                reply = {"seconds": one_round(call, repeat)}
            else:
                reply = {"error": f"unknown order {order['do']!r}"}
        except Exception as error:
            reply = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), file=out, flush=True)


def setup(name: str, calls: dict) -> tuple:
    workload = next(w for w in WORKLOADS if w.name == name)
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    inputs = workload.inputs(rng)
    make = calls[name.split("/")[0]]
    call, read = make(inputs)
    start = time.perf_counter()
    result = call()
    first = time.perf_counter() - start
    result = read(result)
    if workload.answer is not None:
        wrong = same(result, workload.answer(inputs), workload.tolerance)
        if wrong:
            return None, 1, {"error": f"wrong result: {wrong}"}
    del result
    if first > SLOW:  # nothing to warm up further
        return call, 1, {"ready": True, "repeat": 1}
    seconds = one_round(call, 1)
    seconds = min(seconds, one_round(call, 1))
    repeat = max(1, min(100_000, int(ROUND_SECONDS / max(seconds, 1e-9))))
    one_round(call, repeat)
    return call, repeat, {"ready": True, "repeat": repeat}


def one_round(call, repeat: int) -> float:
    """Time `repeat` calls, after some that are not timed where a call is short.

    The other contestants have filled the caches meanwhile, and put the threads to sleep: the first
    call of a turn takes up to ten times as long as the others, whoever makes it.
    """
    gc.disable()
    for _ in range(repeat // PRACTICE):
        call()
    start = time.perf_counter()
    for _ in range(repeat):
        call()
    seconds = (time.perf_counter() - start) / repeat
    gc.enable()
    return seconds


if __name__ == "__main__":
    main(sys.argv[1])

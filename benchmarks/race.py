"""Run contestants in turns: A B C A B C …, a process each, and record every round's time."""

import json
import os
import statistics
import subprocess
import sys
from typing import Any

from benchmarks.workload import Workload

THREADS = "2"


def environment(side: str) -> dict[str, str]:
    """Return every contestant the same machine: two threads, the library's own choice of kernels.

    Each thread stays on its own core. Left alone, a scheduler may keep a thread that has just
    woken beside the one that woke it, on one core, until both have worked for milliseconds: then
    calls of 0.1 ms in turns with other processes run as if there were one thread, for every side
    (`embedding_bag` 0.11 ms when bound, 0.21 to 0.35 when not).
    """
    unset = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "PYTHONDONTWRITEBYTECODE")
    env = {k: v for k, v in os.environ.items() if k not in unset}
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
        env[name] = THREADS
    env["OMP_PROC_BIND"] = "true"
    env["TF_CPP_MIN_LOG_LEVEL"] = "3"
    if side.startswith("keras_"):
        env["KERAS_BACKEND"] = side.removeprefix("keras_")
    return env


class Contestant:
    """A side in its own process."""

    def __init__(self, side: str):
        self.side = side
        module = "keras_any" if side.startswith("keras_") else side
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.contestant", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment(side),
        )

    def ask(self, **order: Any) -> dict[str, Any]:
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        return json.loads(line) if line else {"error": f"the process of {self.side} ended"}

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()


def race(workload: Workload, rounds: int) -> dict[str, Any]:
    """Run one workload and give for each side its median seconds, or why it has none."""
    sides = ["embedlab", *workload.peers, *([workload.limit] if workload.limit else [])]
    contestants = [Contestant(side) for side in sides]
    times: dict[str, list[float]] = {}
    errors: dict[str, str] = {}
    try:
        for c in contestants:
            reply = c.ask(do="setup", workload=workload.name)
            if "error" in reply:
                errors[c.side] = reply["error"]
            else:
                times[c.side] = []
        rounds = min(rounds, workload.rounds or rounds)
        for _ in range(rounds):
            for c in contestants:
                if c.side in times:
                    times[c.side].append(c.ask(do="round")["seconds"])
    finally:
        for c in contestants:
            c.close()
    return {
        "workload": workload.name,
        "rounds": rounds,
        "seconds": {side: statistics.median(t) for side, t in times.items()},
        "spread": {side: [min(t), max(t)] for side, t in times.items()},
        "errors": errors,
    }

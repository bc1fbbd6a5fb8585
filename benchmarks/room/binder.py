"""Binder, simulated: its image, built from `binder/`, starts on one core and runs lessons."""

import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
from pathlib import Path
from typing import Any

from benchmarks.room.learner import Learner
from benchmarks.room.memory import children, private, proportional

ROOT = Path(__file__).resolve().parents[2]
SECONDS, MEGABYTES = 6, 2048
"""What must hold: from the request for a kernel to the first view; memory of all processes."""

sys.path.insert(0, str(ROOT / "tests" / "binder"))
from binder_image import Image  # noqa: E402  (the tests build the same image)


def simulate(folder: str | None, lessons: list[str]) -> int:
    """Build the image (or use one that lies in `folder`), run lessons, print a table."""
    with tempfile.TemporaryDirectory(prefix="embedlab-binder-") as temporary:
        image = Image(Path(folder or temporary))
        if not image.build_log.exists():
            print("Building the image: pip and postBuild, some minutes", file=sys.stderr)
            start = time.perf_counter()
            image.build()
            print(f"image built in {time.perf_counter() - start:.0f} s")
        return _learn(image, lessons)


def _learn(image: Image, lessons: list[str]) -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["bash", "binder/start", "jupyter", "lab", "--no-browser", "--allow-root"]
    command += [f"--ServerApp.port={port}", "--IdentityProvider.token=binder"]
    start, core = time.perf_counter(), min(os.sched_getaffinity(0))
    server = subprocess.Popen(
        ["taskset", "--cpu-list", str(core), *command],
        cwd=image.repository,
        env=image.env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        learner = Learner(f"http://127.0.0.1:{port}", "binder")
        _wait(learner, server)
        print(f"server answers after {time.perf_counter() - start:.1f} s, on core {core} alone\n")
        print("| lesson | first view | all cells | compiled | memory, server and kernel |")
        print("|---|--:|--:|--:|--:|")
        failed = 0
        for lesson in lessons:
            path = next((image.repository / "notebooks").glob(f"{lesson}_*.ipynb"))
            run = asyncio.run(learner.run(f"notebooks/{path.name}"))
            pids = children(server.pid)
            used = proportional(pids) / 2**20
            print(
                f"| {path.stem} | {run.to_first_view:.1f} s | {run.to_end:.1f} s | {run.compiled} "
                f"| {used:.0f} MB ({private(pids) / 2**20:.0f} private) |"
            )
            failed += run.to_first_view > SECONDS or run.compiled != 0 or used > MEGABYTES
            failed += bool(run.errors)
            print(*run.errors, sep="\n", end="\n" * bool(run.errors))
            _close_sessions(learner)
        print(f"\ngoals: first view ≤ {SECONDS} s, nothing compiled, ≤ {MEGABYTES} MB")
        return int(failed > 0)
    finally:
        server.terminate()
        server.wait()


def _wait(learner: Learner, server: Any) -> None:
    while server.poll() is None:
        try:
            learner.request("/api/status")
            return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    raise SystemExit("the server ended by itself: run its command by hand in the image")


def _close_sessions(learner: Learner) -> None:
    for session in learner.request("/api/sessions"):
        learner.request(f"/api/sessions/{session['id']}", "DELETE")

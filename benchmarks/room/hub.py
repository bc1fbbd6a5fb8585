"""A real JupyterHub on loopback, with binder/hub's configuration: eight learners work at once.

It needs `jupyterhub` in this environment, and its proxy: `npm install configurable-http-proxy`
somewhere, and the folder `node_modules/.bin` of it on PATH.
"""

import asyncio
import os
import secrets
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
from pathlib import Path
from typing import Any

from benchmarks.room.learner import Learner, Run
from benchmarks.room.memory import children, command, private, proportional

ROOT = Path(__file__).resolve().parents[2]
SERVER = 16 * 2**30  # bytes of the machine that the last line speaks of
CONFIG = """
load_subconfig({hub!r})
c.JupyterHub.authenticator_class = "dummy"
c.JupyterHub.spawner_class = "simple"  # every learner is this user, with a home of her own
c.Authenticator.allow_all = True
c.SimpleLocalProcessSpawner.home_dir_template = {homes!r}
c.Spawner.env_keep = ["PATH", "PYTHONPATH", "VIRTUAL_ENV"]
if {root!r}:
    c.Spawner.args = ["--allow-root"]
c.Spawner.environment.update({{"NUMBA_CACHE_DIR": {kernels!r}}} if {kernels!r} else {{}})
c.JupyterHub.bind_url = "http://127.0.0.1:{port}"
c.JupyterHub.hub_port = {hub_port}
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{api_port}"
c.JupyterHub.services = [{{"name": "teacher", "api_token": {token!r}, "admin": True}}]
scopes = ["admin:users", "admin:servers", "access:servers"]
c.JupyterHub.load_roles = [{{"name": "teacher", "services": ["teacher"], "scopes": scopes}}]
"""


def hub(learners: int, lessons: list[str]) -> int:
    """Start the hub, let learners run lessons at once, and print what each costs."""
    for needed in ("jupyterhub", "configurable-http-proxy"):
        if not shutil.which(needed):
            print(f"{needed} is not here. {__doc__.split(chr(10), 2)[2].strip()}", file=sys.stderr)
            return 2
    with tempfile.TemporaryDirectory(prefix="embedlab-hub-") as folder:
        print("Compiling the kernels, as an administrator does once", file=sys.stderr)
        warm = [sys.executable, "-m", "embedlab", "warm", "--quiet"]
        subprocess.run(warm, cwd=folder, check=True)  # the package that the learners import
        port, hub_port, api_port = _free_ports(3)
        token = secrets.token_hex(16)
        config = Path(folder) / "jupyterhub_config.py"
        config.write_text(
            CONFIG.format(
                hub=str(ROOT / "binder" / "hub" / "jupyterhub_config.py"),
                homes=f"{folder}/home/{{username}}",
                root=os.getuid() == 0,
                kernels=os.environ.get("NUMBA_CACHE_DIR", ""),
                token=token,
                port=port,
                hub_port=hub_port,
                api_port=api_port,
            ),
            "utf-8",
        )
        with open(Path(folder) / "log", "w", encoding="utf-8") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "jupyterhub", "--config", str(config)],
                cwd=folder,
                stdout=log,
                stderr=log,
            )
        try:
            teacher = Learner(f"http://127.0.0.1:{port}/hub/api", token)
            return asyncio.run(_room(process, teacher, learners, lessons))
        except (SystemExit, OSError):
            print(Path(folder, "log").read_text("utf-8")[-3000:], file=sys.stderr)
            raise
        finally:
            process.terminate()
            process.wait()


async def _room(process: Any, teacher: Learner, count: int, lessons: list[str]) -> int:
    _wait(process, teacher, "/", "the hub")
    learners, start = [], time.perf_counter()
    for n in range(count):
        teacher.request(f"/users/learner{n}", "POST", {})
        teacher.request(f"/users/learner{n}/server", "POST", {})
        address = teacher.address.removesuffix("/hub/api") + f"/user/learner{n}"
        learners.append(Learner(address, teacher.token))
    for learner in learners:
        _wait(process, learner, "/api/status", learner.address)
    print(f"{count} servers answer {time.perf_counter() - start:.0f} s after the first was asked\n")
    print("| lesson | first view: median, last | all cells: last | compiled | errors | reopened |")
    print("|---|--:|--:|--:|--:|--:|")
    worst = 0
    for lesson in lessons:
        names = [
            item["name"]
            for item in learners[0].request("/api/contents/embedlab-lessons")["content"]
        ]
        path = next(f"embedlab-lessons/{name}" for name in names if name.startswith(f"{lesson}_"))
        runs: list[Run] = await asyncio.gather(*(learner.run(path) for learner in learners))
        views = [run.to_first_view or float("inf") for run in runs]
        print(
            f"| {lesson} | {statistics.median(views):.1f} s, {max(views):.1f} s "
            f"| {max(run.to_end for run in runs):.1f} s | {max(run.compiled for run in runs)} "
            f"| {sum(len(run.errors) for run in runs)} | {sum(run.reopened for run in runs)} |"
        )
        worst = max(worst, *(run.compiled + len(run.errors) for run in runs))
    _print_memory(process.pid, count, len(lessons))
    return int(worst > 0)


def _print_memory(pid: int, count: int, lessons: int) -> None:
    """Print what a learner has in memory, and how many of them a server of 16 GB holds."""
    pids = children(pid)
    kernels = [pid for pid in pids if "ipykernel_launcher" in command(pid)]
    servers = [pid for pid in pids if "singleuser" in command(pid)]
    others = [pid for pid in pids if pid not in kernels + servers]
    kernel, server = proportional(kernels) / len(kernels), proportional(servers) / len(servers)
    learner = lessons * kernel + server
    print("\n| each, of memory | share (PSS) | alone (private) |")
    print("|---|--:|--:|")
    for name, kind in (("kernel", kernels), ("server of a learner", servers)):
        shares = [quantity(kind) / len(kind) / 2**20 for quantity in (proportional, private)]
        print(f"| {name} ({len(kind)}) | {shares[0]:.0f} MB | {shares[1]:.0f} MB |")
    print(f"| hub and proxy | {proportional(others) / 2**20:.0f} MB | |")
    left = SERVER - proportional(others) - 2 * 2**30  # two for the system and its files
    one, two = (left / (n * kernel + server) for n in (1, 2))
    print(
        f"\nMeasured with {count} learners of {lessons} kernels each: {learner / 2**20:.0f} MB a "
        f"learner.\nIf more cost the same, 16 GB hold about {one:.0f} with one kernel open each, "
        f"and {two:.0f} with two."
    )


def _wait(process: Any, learner: Learner, path: str, what: str) -> None:
    """Wait until a server answers; SystemExit when the hub has ended."""
    while process.poll() is None:
        try:
            learner.request(path)
            return
        except (urllib.error.URLError, ConnectionError, ValueError):
            time.sleep(0.2)
    raise SystemExit(f"the hub ended before {what} answered")


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports

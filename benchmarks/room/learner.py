"""A learner at a Jupyter server: opens lessons, runs all their cells, and notes when views appear.

The learner speaks to the server as a browser does, by its REST interface and a websocket.
"""

import asyncio
import json
import time
import urllib.request
import uuid
from dataclasses import dataclass, field
from typing import Any

from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

VIEW = "application/vnd.jupyter.widget-view+json"
COMPILED = "from embedlab.core.jit import cache_stats; print(cache_stats()['misses'])"


@dataclass
class Run:
    """One lesson, run from its first cell to its last.

    Attributes
    ----------
    to_first_view : float or None
        Seconds from the request for a kernel to the first view.
    to_end : float
        Seconds to the last cell's answer.
    compiled : int
        How many kernels were compiled, not read from the cache.
    errors : list of str
        The errors of cells that are not there to show one.
    """

    lesson: str
    to_first_view: float | None = None
    to_end: float = 0.0
    compiled: int = -1
    errors: list[str] = field(default_factory=list)


class Learner:
    """One user of a server at `address`, the one of Jupyter's home page, with its token."""

    def __init__(self, address: str, token: str):
        self.address, self.token = address.rstrip("/"), token

    def request(self, path: str, method: str = "GET", body: Any = None) -> Any:
        """Return what the server answers, read from JSON."""
        request = urllib.request.Request(
            f"{self.address}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"token {self.token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=300) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def cells(self, path: str) -> list[tuple[str, bool]]:
        """Return the code of each cell in the learner's folder, and whether it shows an error."""
        cells = self.request(f"/api/contents/{path}")["content"]["cells"]
        return [
            (cell["source"], "raises-exception" in cell["metadata"].get("tags", []))
            for cell in cells
            if cell["cell_type"] == "code"
        ]

    async def run(self, path: str) -> Run:
        """Open a notebook, with a kernel of its own, and run all cells."""
        run, start = Run(path), time.perf_counter()
        session = {"path": path, "name": path, "type": "notebook", "kernel": {"name": "python3"}}
        opened = await asyncio.to_thread(self.request, "/api/sessions", "POST", session)
        channels = await self._channels(opened["kernel"]["id"])
        for source, shows_error in await asyncio.to_thread(self.cells, path):
            async for message in self._messages(channels, source):
                content = message["content"]
                if VIEW in content.get("data", {}) and run.to_first_view is None:
                    run.to_first_view = time.perf_counter() - start
                if message["msg_type"] == "error" and not shows_error:
                    run.errors.append(f"{content['ename']}: {content['evalue']}")
        run.to_end = time.perf_counter() - start
        async for message in self._messages(channels, COMPILED):
            if message["msg_type"] == "stream":
                run.compiled = int(message["content"]["text"])
        channels.close()
        return run

    async def _channels(self, kernel: str) -> Any:
        address = f"{self.address}/api/kernels/{kernel}/channels".replace("http", "ws", 1)
        headers = {"Authorization": f"token {self.token}"}
        return await websocket_connect(HTTPRequest(address, headers=headers, request_timeout=300))

    async def _messages(self, channels: Any, source: str) -> Any:
        """Execute a cell and yield what it publishes, until the kernel is idle again."""
        ours = uuid.uuid4().hex
        header = {"msg_id": ours, "msg_type": "execute_request", "session": ours, "username": ""}
        header |= {"version": "5.3", "date": ""}
        content = {"code": source, "silent": False, "store_history": True, "allow_stdin": False}
        request = {"header": header, "parent_header": {}, "metadata": {}, "content": content}
        await channels.write_message(json.dumps(request | {"channel": "shell", "buffers": []}))
        while True:
            text = await channels.read_message()
            if text is None:
                raise ConnectionError("the kernel's channels closed")
            if isinstance(text, bytes):  # a widget's state, with buffers
                continue
            message = json.loads(text)
            if message["parent_header"].get("msg_id") != ours or message["channel"] != "iopub":
                continue
            yield message
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                return

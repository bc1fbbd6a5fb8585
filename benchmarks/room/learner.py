"""A learner at a Jupyter server: opens lessons, runs all their cells, and notes when views appear.

The learner speaks to the server as JupyterLab does, by its REST interface and a websocket. When a
server under load closes that, she opens it again with the same session: what the kernel says until
then is kept for her.
"""

import asyncio
import json
import time
import urllib.request
import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import WebSocketClosedError, websocket_connect

VIEW = "application/vnd.jupyter.widget-view+json"
REOPENED = 7  # times in a row that JupyterLab tries
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
    reopened : int
        How often the kernel's channels were closed before the lesson's end, and opened again.
    errors : list of str
        The errors of cells that are not there to show one.
    """

    lesson: str
    to_first_view: float | None = None
    to_end: float = 0.0
    compiled: int = -1
    reopened: int = 0
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
        channels = Channels(self, opened["kernel"]["id"])
        await channels.open()
        for source, shows_error in await asyncio.to_thread(self.cells, path):
            async for message in channels.execute(source):
                content = message["content"]
                if VIEW in content.get("data", {}) and run.to_first_view is None:
                    run.to_first_view = time.perf_counter() - start
                if message["msg_type"] == "error" and not shows_error:
                    run.errors.append(f"{content['ename']}: {content['evalue']}")
        run.to_end = time.perf_counter() - start
        async for message in channels.execute(COMPILED):
            if message["msg_type"] == "stream":
                run.compiled = int(message["content"]["text"])
        run.reopened = channels.reopened
        await channels.close()
        return run


class Channels:
    """A kernel's channels, which are opened again with the same session when they are closed."""

    def __init__(self, learner: Learner, kernel: str):
        self.session, self.reopened = uuid.uuid4().hex, -1
        path = f"/api/kernels/{kernel}/channels?session_id={self.session}"
        self._address = f"{learner.address}{path}".replace("http", "ws", 1)
        self._headers = {"Authorization": f"token {learner.token}"}
        self._socket: Any = None

    async def open(self) -> list[dict[str, Any]]:
        """Open the channels, and return what came through them until the kernel answered."""
        missed: list[dict[str, Any]] = []
        for attempt in range(1 + REOPENED):
            await asyncio.sleep(2 ** max(0, attempt - 1) - 1)  # JupyterLab draws up to that
            if self._socket is not None:
                self._socket.close()
            self.reopened += 1
            request = HTTPRequest(self._address, headers=self._headers, request_timeout=900)
            ours = uuid.uuid4().hex
            with suppress(HTTPClientError, OSError, WebSocketClosedError):
                self._socket = await websocket_connect(request)
                await self._send("kernel_info_request", ours, {})
                async for message in self._messages():
                    missed.append(message)
                    if message["parent_header"].get("msg_id") == ours:
                        return missed
        raise ConnectionError(f"the kernel's channels closed {1 + REOPENED} times in a row")

    async def execute(self, source: str) -> Any:
        """Execute a cell and yield what it publishes, until the kernel is idle again."""
        ours = uuid.uuid4().hex
        content = {"code": source, "silent": False, "store_history": True, "allow_stdin": False}
        while True:
            with suppress(WebSocketClosedError):
                await self._send("execute_request", ours, content)
            async for message in self._messages_or_missed():
                if message["parent_header"].get("msg_id") != ours:
                    continue
                yield message
                if message["content"].get("execution_state") == "idle":
                    return
            # The kernel answers in turn: it has not got this request, nor has the server.

    async def close(self) -> None:
        """Close the channels, and wait until the server has closed them too."""
        self._socket.close()
        async for _ in self._messages():
            pass

    async def _send(self, kind: str, name: str, content: dict[str, Any]) -> None:
        header = {"msg_id": name, "msg_type": kind, "session": self.session, "username": ""}
        message = {"header": header | {"version": "5.3", "date": ""}, "parent_header": {}}
        message |= {"metadata": {}, "content": content, "channel": "shell", "buffers": []}
        await self._socket.write_message(json.dumps(message))

    async def _messages(self) -> Any:
        """Yield what the kernel publishes, but for a widget's buffers, until the channels close."""
        while (text := await self._socket.read_message()) is not None:
            if isinstance(text, str) and (message := json.loads(text))["channel"] == "iopub":
                yield message

    async def _messages_or_missed(self) -> Any:
        async for message in self._messages():
            yield message
        for message in await self.open():
            yield message

"""The server of `embedlab collect` in a thread of the tests, and requests to it."""

import asyncio
import http.client
import socket
import threading
from contextlib import suppress

from embedlab.lessons.classroom.card import Card
from embedlab.lessons.classroom.card_folder import CardFolder
from embedlab.lessons.classroom.collect import CollectServer

RIGHT = Card({"01.exit": ("c", True)}, {"01.lookup": ("M2", True)})


class Running:
    """A server in a thread, and requests to it."""

    def __init__(self, folder, **options):
        self.started, self.errors = threading.Event(), []
        self.thread = threading.Thread(target=self._run, args=(folder, options), daemon=True)
        self.thread.start()
        assert self.started.wait(20) and not self.errors, self.errors

    def _run(self, folder, options):
        async def serve():
            try:
                self.server = CollectServer(CardFolder(folder, **options.pop("of", {})), **options)
                self.loop, self.stopped = asyncio.get_running_loop(), asyncio.Event()
                self.server.start()
            except BaseException as error:
                self.errors.append(error)
                raise
            finally:
                self.started.set()
            await self.stopped.wait()
            await self.server.stop()

        asyncio.run(serve())

    def stop(self):  # a second time does nothing
        if not self.thread.is_alive():
            return
        self.loop.call_soon_threadsafe(self.stopped.set)
        self.thread.join()

    def ask(self, path, method="GET", body=None, source=None, **headers):
        """Return (status, headers, text); `path` is relative to the learners' address."""
        where = ("127.0.0.1", self.server.port)
        connection = http.client.HTTPConnection(*where, timeout=20, source_address=source)
        if not path.startswith("/"):
            path = f"/{self.server.code}/{path}"
        try:
            headers = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, headers)
            reply = connection.getresponse()
            return reply.status, reply.headers, reply.read().decode()
        finally:
            connection.close()

    def post(self, content=RIGHT.json, path="card", **headers):
        content = content if isinstance(content, bytes) else content.encode()
        headers.setdefault("Content_Type", "application/json")
        return self.ask(path, "POST", content, **headers)

    def raw(self, text):
        """Send bytes, and return everything until the server closes the connection."""
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=20) as link:
            link.sendall(text)
            received = b""
            with suppress(ConnectionResetError):
                while piece := link.recv(65_536):
                    received += piece
            return received.decode()

    @property
    def teacher(self):
        return f"/{self.server.board_code}/"

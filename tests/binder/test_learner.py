"""A learner of `python -m benchmarks.room` keeps on where JupyterLab does."""

import asyncio
import json

import pytest
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application, RequestHandler
from tornado.websocket import WebSocketHandler

from benchmarks.room.learner import VIEW, Learner

CELLS = ["import embedlab", "view", "raise", "print(0)"]


class Server(WebSocketHandler):
    """A Jupyter server that closes the channels at some messages, before or after it answers."""

    cut, answered_before, messages, sessions, buffered = (), False, 0, (), ()

    def open(self):
        Server.sessions = (*Server.sessions, self.get_argument("session_id"))
        for message in Server.buffered:  # as Jupyter's server does for a session that returns
            self.write_message(message)
        Server.buffered = ()

    def on_message(self, text):
        request = json.loads(text)
        Server.messages += 1
        code = request["content"].get("code", "")
        answers = [("status", {"execution_state": "busy"})]
        answers += [("display_data", {"data": {VIEW: {}}})] * (code == "view")
        answers += [("stream", {"text": "0"})] * ("print" in code)
        answers += [("status", {"execution_state": "idle"})]
        lines = [
            json.dumps(
                {
                    "parent_header": {"msg_id": request["header"]["msg_id"]},
                    "channel": "iopub",
                    "msg_type": kind,
                    "content": content,
                }
            )
            for kind, content in answers
        ]
        if Server.messages in Server.cut:
            Server.buffered = () if Server.answered_before or not code else lines
            for line in lines if Server.answered_before else ():
                self.write_message(line)
            self.close()
        else:
            for line in lines:
                self.write_message(line)


class Files(RequestHandler):
    """The answers of the REST interface: a session, and a notebook."""

    def post(self):
        self.write({"kernel": {"id": "k"}})

    def get(self):
        cells = [{"cell_type": "code", "source": text, "metadata": {}} for text in CELLS]
        self.write({"content": {"cells": cells}})


@pytest.mark.parametrize("answered_before", [False, True])
@pytest.mark.parametrize("cut", [(), (1,), (2,), (3,), (5,), (2, 5)])
def test_a_learner_opens_closed_channels_again(monkeypatch, cut, answered_before):
    fresh = {"cut": cut, "answered_before": answered_before}
    fresh |= {"messages": 0, "sessions": (), "buffered": ()}
    for name, value in fresh.items():
        monkeypatch.setattr(Server, name, value)

    async def run():
        files = [(r"/api/sessions", Files), (r"/api/contents/.*", Files)]
        server = HTTPServer(Application([*files, (r"/api/kernels/k/channels", Server)]))
        socket, port = bind_unused_port()
        server.add_socket(socket)
        try:
            return await Learner(f"http://127.0.0.1:{port}", "token").run("lesson.ipynb")
        finally:
            server.stop()

    run = asyncio.run(run())
    assert run.reopened == len(cut)
    assert run.to_first_view is not None and run.compiled == 0 and run.errors == []
    assert len(set(Server.sessions)) == 1

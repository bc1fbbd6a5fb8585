"""`embedlab collect`: its addresses, its refusals, and a server that is killed."""

import re
import signal
import socket
import subprocess
import sys
import threading

import pytest

from embedlab.cli import collect, main
from embedlab.lessons.classroom.card import Card
from embedlab.lessons.classroom.hand_in import hand_in
from embedlab.lessons.classroom.read_card import read_card


@pytest.fixture
def serve(tmp_path):
    """Return a function that starts the command, and returns it with the learners' address."""
    processes = []

    def serve(*words):
        process = subprocess.Popen(
            [sys.executable, "-m", "embedlab", "collect", "--port", "0", "--to", "cards", *words],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # a shell starts what runs in its background with Ctrl+C ignored
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        processes.append(process)
        lines = []
        while not lines or "Ctrl+C" not in lines[-1]:
            lines.append(process.stdout.readline())
            assert lines[-1], process.stderr.read()
        return process, lines

    yield serve
    for process in processes:
        process.kill()
        process.communicate()


def address(lines):
    return re.search(r"For learners: (\S+)", "".join(lines))[1]


def test_it_prints_both_addresses_takes_cards_and_stops(serve, tmp_path):
    process, lines = serve("--code", "abcd-efgh")
    assert lines[0].endswith(f"{tmp_path / 'cards'} (0 files there)\n")
    assert re.search(r"this machine only: http://127\.0\.0\.1:\d+/\S{20,}/$", lines[1])
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/abcd-efgh/", address(lines))
    assert "For the room: embedlab collect --network" in lines[3]
    assert hand_in(address(lines), Card({}).json, "")[0]
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert out == "\n1 cards. Next: embedlab dashboard cards/*.json\n"


def test_killed_among_cards_it_leaves_whole_ones(serve, tmp_path):
    """A card that was answered for is there; of one that was not, nothing or all of it."""
    process, lines = serve()
    accepted, enough = [], threading.Event()

    def send(first):
        for n in range(first, 10_000, 4):
            name = f"card-{n % 40:08x}.json"  # forty sessions, written again and again
            text = Card({"01.exit": ("c", True), "01.predict": ("a", False)}).json
            if not hand_in(address(lines), text, name)[0]:
                return
            accepted.append(name)
            if len(accepted) > 60:
                enough.set()

    threads = [threading.Thread(target=send, args=(first,)) for first in range(4)]
    for thread in threads:
        thread.start()
    assert enough.wait(60)
    process.kill()
    for thread in threads:
        thread.join()
    files = list((tmp_path / "cards").glob("*.json"))
    assert {path.name for path in files} >= set(accepted)
    for path in files:
        assert len(read_card(path).answers) == 2
    _, lines = serve()
    assert f"({len(files)} files there)" in lines[0]


REQUESTS = """
import asyncio, sys
from pathlib import Path
from urllib.request import urlopen
from embedlab.lessons.classroom.card_folder import CardFolder
from embedlab.lessons.classroom.collect import CollectServer
from embedlab.lessons.classroom.hand_in import hand_in

async def requests():
    server.start()
    assert (await asyncio.to_thread(hand_in, server.address, sys.argv[2], ""))[0]
    for page in (server.address, server.board_address, server.board_address + "dashboard"):
        await asyncio.to_thread(lambda: urlopen(page).read())
    await server.stop()

server = CollectServer(CardFolder(Path(sys.argv[1])))
before = set(sys.modules)
asyncio.run(requests())
print([name for name in sys.modules if name not in before and name.startswith("embedlab")])
"""


def test_no_learner_waits_while_it_loads_the_exercises(tmp_path):
    card = Card({"01.exit": ("c", True)}, {"01.lookup": ("right", True)})
    command = [sys.executable, "-c", REQUESTS, str(tmp_path), card.json]
    process = subprocess.run(command, capture_output=True, text=True, check=True)
    assert process.stdout == "[]\n"


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--network", "0.0.0.0"], "needs an address of this machine in the room's network"),
        (["--network", "127.0.0.1"], "needs an address of this machine in the room's network"),
        (["--network", "localhost"], "Received 'localhost'"),
        (["--network", "192.0.2.1"], "the server needs the port 0 of 192.0.2.1. Received: "),
        (["--code", "no"], "a code must be 8 to 40 small letters"),
        (["--code", "../../etc"], "a code must be 8 to 40 small letters"),
        (["--port", "70000"], "a port must be from 0 to 65535. Received 70000."),
        (["--to", "file.txt"], "the cards need a folder. Received file.txt ("),
    ],
)
def test_what_cannot_be_is_one_line(tmp_path, monkeypatch, capsys, words, text):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file.txt").touch()
    assert main(["collect", "--port", "0", *words]) == 1
    output = capsys.readouterr()
    assert text in output.err and output.err.count("\n") == 1 and not output.out


def test_a_folder_that_cannot_be_written_is_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(collect.os, "access", lambda path, mode: mode != collect.os.W_OK)
    assert main(["collect", "--port", "0", "--to", str(tmp_path)]) == 1
    assert "the cards need a folder. Received" in (error := capsys.readouterr().err)
    assert "(Permission denied)" in error


def test_a_port_that_is_used_is_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as used:
        assert main(["collect", "--port", str(used.getsockname()[1])]) == 1
    assert "Address already in use. Choose another: --port 0" in capsys.readouterr().err


def test_without_tornado_it_says_what_to_install(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name in [name for name in sys.modules if name.startswith("embedlab.lessons.classroom.col")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "tornado.httpserver", None)
    monkeypatch.setitem(sys.modules, "tornado", None)
    assert main(["collect"]) == 1
    assert "Run: python -m pip install tornado segno" in capsys.readouterr().err


class Announced:
    """The part of a server that `_announce` needs."""

    address, board_address = "http://192.168.0.7:8642/abcd-efgh/", "http://127.0.0.1:8642/x/"

    class folder:
        read = staticmethod(lambda: ([], {}))


@pytest.mark.parametrize(("network", "warnings"), [("192.168.0.7", 1), ("8.8.8.8", 2)])
def test_who_can_reach_it_is_a_warning(tmp_path, capsys, network, warnings):
    collect._announce(Announced, tmp_path, network)
    output = capsys.readouterr()
    assert output.err.count("Warning: ") == output.err.count("\n") == warnings
    assert f"everybody in the network of {network}" in output.err
    assert "Only this machine" not in output.out


def test_the_address_in_the_network_is_found(monkeypatch):
    class Probe:
        def __init__(self, *_):
            pass

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def connect(self, where):
            assert where[0] == "192.0.2.1"

        def getsockname(self):
            return ("192.168.0.7", 1)

    monkeypatch.setattr(collect.socket, "socket", Probe)
    assert collect.network_address() == "192.168.0.7"
    monkeypatch.setattr(Probe, "connect", lambda *_: (_ for _ in ()).throw(OSError(101, "no")))
    with pytest.raises(collect.CliError, match=r"--network needs a network\. Received none"):
        collect.network_address()

"""The server of `embedlab collect`: real requests, from learners and from strangers."""

import json
import os
import re
import socket
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from running_server import RIGHT, Running

from embedlab.lessons import answer, card
from embedlab.lessons.classroom import card as card_module
from embedlab.lessons.classroom import collect, collect_pages
from embedlab.lessons.classroom.card import Card
from embedlab.lessons.classroom.card_folder import CardFolder
from embedlab.lessons.classroom.collect import CollectServer, RateLimit
from embedlab.lessons.classroom.hand_in import hand_in
from embedlab.lessons.classroom.read_card import read_card
from embedlab.lessons.grading.check import all_items

EVIL = "<script>alert(1)</script>"


@pytest.fixture
def start(tmp_path):
    running = []

    def start(**options):
        (tmp_path / "cards").mkdir(exist_ok=True)
        running.append(Running(tmp_path / "cards", **options))
        return running[-1]

    yield start
    for one in running:
        one.stop()


@pytest.fixture
def server(start):
    return start()


@pytest.fixture
def saved(tmp_path):
    return lambda: sorted((tmp_path / "cards").iterdir())


def test_a_learner_hands_in_from_the_notebook(server, saved, new_card, capsys):
    answer("01.exit", "c")
    assert card().hand_in(server.server.address) is None
    line = capsys.readouterr().out
    assert line == f"Handed in at {server.server.address}: 1 answer, and nothing about you.\n"
    answer("01.predict", "a")
    card().hand_in(f" {server.server.address.rstrip('/')} ")
    (path,) = saved()  # one session, one card
    assert read_card(path) == card() and len(card().answers) == 2
    assert path.read_text("utf-8") == card().json + "\n"
    card_module.clear()
    card().hand_in(server.server.address)
    assert len(saved()) == 2


FORM = (
    '--b\r\nContent-Disposition: form-data; name="text"\r\n\r\n{text}\r\n'
    '--b\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
    "Content-Type: application/json\r\n\r\n{file}\r\n--b--\r\n"
)
MULTIPART = {"Content_Type": "multipart/form-data; boundary=b"}


def test_a_learner_hands_in_by_the_form(server, saved):
    status, _, page = server.ask("")
    assert status == 200 and '<form class="box" method="post"' in page
    paste = FORM.format(text=RIGHT.json, name="", file="")
    status, _, page = server.post(paste, **MULTIPART)
    assert status == 201 and "1 answer and 1 check, and nothing about you" in page
    name = "card-0123abcd (1).json"
    for letter, right in (("a", False), ("c", True)):  # chosen twice: the second replaces
        file = Card({"01.exit": (letter, right)}).json
        status, _, _ = server.post(FORM.format(text="", name=name, file=file), **MULTIPART)
        assert status == 201
    assert len(saved()) == 2
    assert read_card(saved()[0].with_name("card-0123abcd.json")).answers["01.exit"] == ("c", True)
    status, _, sentence = server.post(FORM.format(text=" ", name="", file=""), **MULTIPART)
    assert (status, sentence.partition(".")[0]) == (
        400,
        "Paste the line of your card, or choose its file",
    )


def test_the_board_counts_and_shows_no_answer(server):
    status, _, page = server.ask(server.teacher)
    assert status == 200 and server.server.address in page and ">0 handed in<" in page
    server.post()
    server.post(Card({"03.exit": ("c", True), "01.exit": ("a", False)}).json)
    _, _, page = server.ask(server.teacher)
    assert ">2 handed in<" in page
    assert "<b>2</b> 01 · Lookup and matmul" in page
    assert "<b>1</b> 03 · The gradient of a table" in page
    questions = all_items("QUESTIONS")
    for name in ("01.exit", "03.exit"):
        assert questions[name].choices[questions[name].correct].text not in page


def test_the_board_draws_a_qr_code_of_the_address(server):
    pytest.importorskip("segno", reason="the extra `classroom` is not installed")
    _, _, page = server.ask(server.teacher)
    assert 'role="img" aria-label="The address as a QR code"><svg' in page
    assert "style=" not in page  # the policy would drop it
    assert "pip install segno" not in page


def test_without_the_library_the_board_says_what_to_install(server, monkeypatch):
    monkeypatch.setattr(collect_pages, "segno", None)
    _, _, page = server.ask(server.teacher)
    assert "python -m pip install segno" in page and server.server.address in page
    assert "QR code" in page and "<svg" not in page


def test_the_dashboard_is_live(server, tmp_path):
    path = f"{server.teacher}dashboard"
    status, headers, page = server.ask(path)
    assert status == 200 and "No card yet." in page and "setInterval(refresh" in page
    assert server.ask(path, If_None_Match=headers["Etag"])[0] == 304
    server.post()
    status, _, page = server.ask(path, If_None_Match=headers["Etag"])
    assert status == 200 and "1 card, each of one learner" in page and 'id="M2"' in page
    handed_in = tmp_path / "cards" / "from a stick.json"  # copied into the folder
    handed_in.write_text(Card({"01.exit": ("b", False)}).json, "utf-8")
    (tmp_path / "cards" / "x<b>.json").write_text(EVIL, "utf-8")
    _, _, page = server.ask(path)
    assert "2 cards, each of" in page and "1 file was not read" in page
    assert "x&lt;b&gt;.json" in page
    handed_in.unlink()
    assert "1 card, each of" in server.ask(path)[2]


def test_forty_cards_at_once(server, saved):
    letters = [(n % 4, "abcd"[n % 4]) for n in range(40)]

    def send(n):
        letter = letters[n][1]
        text = Card({"01.exit": (letter, letter == "c")}).json
        return hand_in(server.server.address, text, f"card-{n:08x}.json")

    with ThreadPoolExecutor(40) as pool:
        assert all(accepted for accepted, _ in pool.map(send, range(40)))
    assert len(saved()) == 40
    page = server.ask(f"{server.teacher}dashboard")[2]
    assert "40 cards, each of" in page and "10 of 40</b> right (25 %)" in page


# ------------------------------------------------------------------ who may ask, and for what


def test_without_the_code_there_is_nothing(server, saved):
    code, teacher = server.server.code, server.server.board_code
    assert re.fullmatch(r"[a-z2-9]{4}-[a-z2-9]{4}", code) and len(teacher) >= 20
    paths = ["/", "/card", "/x/", "/x/card", f"/{code[:-1]}/", f"/{teacher}"]
    paths += [f"/{code}/dashboard", f"/{code}/cards", f"/{teacher}/card", "/favicon.ico", "//"]
    paths += [f"/{code}//", f"/{code}/%00", f"/{code}%2f", "/%C3%A9/", "/%ff/"]
    for path in paths:
        assert server.ask(path)[0] in (400, 404), path
        assert server.post(path=path)[0] in (400, 404), path
    assert server.post(path="/wrong-code/card")[2].startswith("There is nothing at this address")
    assert server.ask("card")[0] == 404  # what was handed in is not given out
    assert not saved()


@pytest.mark.parametrize(
    "path",
    ["../../etc/passwd", "..%2f..%2fetc%2fpasswd", "%2e%2e/", "..\\..\\", "card/../../", "./card"],
)
def test_no_path_leads_to_a_file(server, saved, path):
    for start in ("/", f"/{server.server.code}/", server.teacher):
        assert server.ask(start + path)[0] in (400, 404)
        assert server.post(path=start + path)[0] in (400, 404)
    assert not saved()


@pytest.mark.parametrize(
    "name",
    [
        "../../x.json",
        "/etc/x.json",
        "C:\\x.json",
        "card-0123abcdef.json",
        "card-XXXXXXXX",
        EVIL,
        " ",
    ],
)
def test_a_name_from_outside_names_no_file(server, saved, tmp_path, name):
    assert server.post(Card_Name=name)[0] == 201
    form = FORM.format(text="", name=name, file=RIGHT.json)
    assert server.post(form, **MULTIPART)[0] == 201
    assert [bool(re.fullmatch(r"card-[0-9a-f]{8}\.json", path.name)) for path in saved()] == [
        True,
        True,
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["cards"]


def test_an_address_without_its_slash_or_with_capitals(server):
    code = server.server.code
    status, headers, _ = server.ask(f"/{code}")
    assert (status, headers["Location"]) == (302, f"/{code}/")
    assert server.ask(f"/{code.upper()}/")[0] == server.ask(f"/{code}/")[0] == 200
    assert server.ask(f"/{code[:-1]}")[0] == server.ask("/robots.txt")[0] == 404


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a name is always text")
def test_a_file_whose_name_is_no_text(server, tmp_path):
    (tmp_path / "cards" / os.fsdecode(b"\xff.json")).write_bytes(b"x")
    status, _, page = server.ask(f"{server.teacher}dashboard")
    assert status == 200 and "1 file was" in page and "?.json" in page


def test_a_foreign_name_that_leads_here_is_refused(server, saved):
    """DNS rebinding: a page from elsewhere reaches this server under its own name."""
    port = server.server.port
    for host in ("evil.example", f"evil.example:{port}", f"127.0.0.1.evil.example:{port}"):
        for path in ("", server.teacher, "/"):
            assert server.ask(path, Host=host)[0] == 403
        assert server.post(Host=host)[0] == 403
    assert server.ask("", Host=f"127.0.0.1:{port + 1}")[0] == 403
    assert server.ask("", Host=f"localhost:{port}")[0] == 200
    assert not saved()


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1", ""])
def test_a_form_on_another_page_cannot_hand_in(server, saved, origin):
    assert server.post(Origin=origin)[0] == 403
    form = FORM.format(text=RIGHT.json, name="", file="")
    assert server.post(form, Origin=origin, **MULTIPART)[0] == 403
    assert not saved()
    ours = f"http://127.0.0.1:{server.server.port}"
    assert server.post(form, Origin=ours, **MULTIPART)[0] == 201


def test_answers_are_for_this_machine_only(start):
    server = start(network="127.0.0.2")  # as the room's network would see us
    assert server.server.address.startswith(f"http://127.0.0.2:{server.server.port}/")
    assert server.server.board_address.startswith(f"http://127.0.0.1:{server.server.port}/")
    elsewhere = ("127.0.0.3", 0)
    assert server.ask("", source=elsewhere)[0] == 200
    for path in (server.teacher, f"{server.teacher}dashboard"):
        assert server.ask(path)[0] == 200
        assert server.ask(path, source=elsewhere)[0] == 404
    accepted, _ = hand_in(server.server.address, RIGHT.json, "card-01234567.json")
    assert accepted
    other = start()
    with pytest.raises(OSError), socket.create_connection(("127.0.0.2", other.server.port)):
        pass


def test_a_port_that_is_used_is_an_error_and_leaves_no_socket(start, tmp_path):
    port = start().server.port
    with pytest.raises(OSError):
        CollectServer(CardFolder(tmp_path), port=port)
    with pytest.raises(OSError):  # not an address of this machine
        CollectServer(CardFolder(tmp_path), network="192.0.2.1")


def test_every_reply_forbids_what_it_does_not_need(server):
    replies = [
        server.ask(""),
        server.ask(server.teacher),
        server.ask(f"{server.teacher}dashboard"),
        server.ask("/nothing"),
        server.ask("", Host="evil.example"),
        server.post(),
        server.post("no card"),
    ]
    for status, headers, page in replies:
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; ") and "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy and "http" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Server"] == "embedlab" and "Set-Cookie" not in headers
        kind = "text/html" if page.startswith("<!doctype") else "text/plain"
        assert headers["Content-Type"].startswith(kind), status
        assert not re.search(r'\bstyle=|\bon\w+="|<(link|img|iframe)|https?://(?!127)', page)


# ------------------------------------------------------------------------------ hostile cards

BAD = {
    "no JSON": b"x",
    "nothing": b"",
    "binary": bytes(range(256)),
    "nested": b"[" * 1_900,
    "too large": json.dumps({"embedlab": 1, "answers": {}, "x": "y" * 9_000}).encode(),
    "pickle": b"\x80\x04\x95\x0c\x00\x00\x00\x00\x00\x00\x00\x8c\x02os\x94.",
    "half a letter": rb'{"embedlab":1,"answers":{"\ud800":3}}',
    "markup for a question": json.dumps({"embedlab": 1, "answers": {EVIL: ["a", True]}}).encode(),
    "markup for a letter": json.dumps(
        {"embedlab": 1, "answers": {"01.exit": [EVIL, False]}}
    ).encode(),
    "markup for a key": json.dumps({"embedlab": 1, "answers": {}, EVIL: 1}).encode(),
    "markup for an exercise": json.dumps(
        {"embedlab": 1, "answers": {}, "checks": {EVIL: ["wrong", False]}}
    ).encode(),
    "markup for a diagnosis": json.dumps(
        {"embedlab": 1, "answers": {}, "checks": {"01.lookup": [EVIL, False]}}
    ).encode(),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_card_is_one_line_and_no_file(server, saved, name):
    for content, headers in (
        (BAD[name], {}),
        (
            FORM.format(text="", name="a.json", file="§").encode().replace(b"\xc2\xa7", BAD[name]),
            MULTIPART,
        ),
    ):
        status, reply, sentence = server.post(content, **headers)
        assert status == 400, name
        assert reply["Content-Type"] == "text/plain; charset=utf-8"
        assert sentence.count("\n") == 1 and len(sentence) < 300
    assert not saved()
    dashboard = server.ask(f"{server.teacher}dashboard")[2]
    assert "No card yet." in dashboard and "alert(1)" not in dashboard


def test_markup_in_a_sentence_of_the_checker_stays_text(server):
    text = json.dumps(
        {
            "embedlab": 1,
            "answers": {"lookup.rows": ["[1,5]", True]},
            "checks": {"01.lookup": ["wrong", False]},
            "feedback": {"01.lookup": f"{EVIL} <img src=x onerror=x> \" ' & `<b>`"},
        }
    )
    assert server.post(text)[0] == 201
    for path in (server.teacher, f"{server.teacher}dashboard"):
        page = server.ask(path)[2]
        assert page.count("<script") == 1 and "<img" not in page and "alert(1)" not in page
        assert "<b>`" not in page and "<code><b>" not in page


@pytest.mark.parametrize("kind", ["text/plain", "text/html", "application/x-www-form-urlencoded"])
def test_a_wrong_type_is_refused(server, saved, kind):
    assert server.post(Content_Type=kind)[0] == 415
    assert server.ask("card", "PUT", "x")[0] == 405
    assert server.ask("card", "DELETE")[0] == 405
    assert server.ask("", "TRACE")[0] == 405
    assert not saved()


def test_a_huge_body_is_refused_before_it_is_sent(server, saved):
    head = f"POST /{server.server.code}/card HTTP/1.1\r\nHost: 127.0.0.1:{server.server.port}\r\n"
    head += "Content-Type: application/json\r\n"
    # only the head is sent: a server that waited for the body would never answer
    assert server.raw(f"{head}Content-Length: 64001\r\n\r\n".encode()).startswith("HTTP/1.1 400")
    assert server.raw(f"{head}Content-Length: 1{'0' * 40}\r\n\r\n".encode())[:12] in (
        "HTTP/1.1 400",
        "",
    )
    chunk = b"8000\r\n" + b" " * 0x8000 + b"\r\n"
    chunked = f"{head}Transfer-Encoding: chunked\r\n\r\n".encode() + chunk * 3
    assert server.raw(chunked)[:12] in ("HTTP/1.1 400", "")
    assert server.raw(head.encode() + b"X: " + b"y" * 20_000 + b"\r\n\r\n")[:12] in (
        "HTTP/1.1 400",
        "",
    )
    assert not saved() and server.post()[0] == 201


@pytest.mark.parametrize(
    "begun", ["", "POST ", "POST /{code}/card HTTP/1.1\r\nHost: x\r\n", "body"]
)
def test_a_slow_client_is_closed(start, monkeypatch, begun):
    monkeypatch.setattr(collect, "SECONDS", 0.3)
    server = start()
    text = begun.format(code=server.server.code)
    if begun == "body":
        text = (
            f"POST /{server.server.code}/card HTTP/1.1\r\nHost: 127.0.0.1:{server.server.port}\r\n"
            "Content-Type: application/json\r\nContent-Length: 500\r\n\r\n{"
        )
    assert "201" not in server.raw(text.encode())  # returns when the server closes
    assert server.post()[0] == 201


def test_a_client_that_does_not_read_is_closed(start, monkeypatch):
    monkeypatch.setattr(collect, "SECONDS", 100)
    monkeypatch.setattr(collect, "SECONDS_OPEN", 0.3)
    server = start()
    request = f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{server.server.port}\r\n\r\n"
    assert server.raw(request.encode()).startswith("HTTP/1.1 404")  # and then the end
    assert server.post()[0] == 201


def test_two_thousand_requests(start, saved):
    """All but the first of an address are refused, and nobody else waits."""
    server = start(limit=RateLimit(burst=100, rate=1, clock=lambda: 0.0))
    request = (
        f"POST /{server.server.code}/card HTTP/1.1\r\nHost: 127.0.0.1:{server.server.port}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(RIGHT.json)}\r\n\r\n{RIGHT.json}"
    ).encode()
    statuses = []
    address = ("127.0.0.1", server.server.port)
    with socket.create_connection(address, timeout=60) as link, link.makefile("rb") as replies:
        for _ in range(20):
            link.sendall(request * 100)
            for _ in range(100):
                statuses.append(int(replies.readline().split()[1]))
                length = 0
                while line := replies.readline().strip():
                    if line.lower().startswith(b"content-length"):
                        length = int(line.split()[1])
                replies.read(length)
    assert (statuses.count(201), statuses.count(429)) == (64, 1_936)
    assert len(saved()) == 64
    assert server.ask("", source=("127.0.0.9", 0))[0] == 200
    accepted, line = hand_in(server.server.address, RIGHT.json, "")
    assert (accepted, line) == (
        False,
        "Not handed in: Too many requests. Wait ten seconds, and try again.",
    )


def test_the_limit_lets_an_address_in_again_and_forgets_it():
    now = [0.0]
    limit = RateLimit(burst=2, rate=0.5, clock=lambda: now[0])
    assert [limit.allows("a") for _ in range(3)] == [True, True, False]
    now[0] = 1.9
    assert not limit.allows("a")
    now[0] = 2.1
    assert limit.allows("a") and not limit.allows("a")
    for n in range(10_001):
        limit.allows(str(n))
    now[0] = 99
    limit.allows("b")
    assert len(limit._left) == 1


def test_an_address_cannot_hold_all_connections(start, monkeypatch):
    monkeypatch.setattr(collect, "MOST_CONNECTIONS_EACH", 3)
    server = start()
    address = ("127.0.0.1", server.server.port)
    links = [socket.create_connection(address, timeout=20) for _ in range(4)]
    try:
        assert links[3].recv(1) == b""  # closed at once
        assert server.ask("", source=("127.0.0.9", 0))[0] == 200
        links[0].close()
        links[1].sendall(f"GET / HTTP/1.1\r\nHost: {address[0]}:{address[1]}\r\n\r\n".encode())
        assert links[1].recv(12) == b"HTTP/1.1 404"
    finally:
        for link in links:
            link.close()


def test_an_address_hands_in_as_many_cards_as_a_class(start, saved, monkeypatch):
    monkeypatch.setattr(collect, "MOST_CARDS_EACH", 2)
    server = start(of={"most": 6})
    names = [f"card-{n:08x}.json" for n in range(4)]
    send = lambda n, lesson="01": server.post(
        Card({f"{lesson}.before": ("a", False)}).json, Card_Name=names[n]
    )[0]
    assert [send(0), send(1), send(0), send(2)] == [201, 201, 201, 429]  # one of them twice
    assert send(2, "02") == 201  # each lesson counts for itself
    assert send(3, "03") == 429  # half of the folder stays free for others
    sentence = server.post(Card_Name="card-99999999.json")[2]
    assert sentence.startswith("From your address 2 cards of this lesson were handed in already")
    accepted = server.ask(
        "card", "POST", RIGHT.json, ("127.0.0.9", 0), Content_Type="application/json"
    )
    assert accepted[0] == 201 and len(saved()) == 4


def test_a_full_folder_and_a_full_disk_are_one_line(start, saved, monkeypatch):
    server = start(of={"most": 1})
    send = lambda name: hand_in(server.server.address, RIGHT.json, name)
    assert send("card-00000000.json")[0]
    accepted, line = send("card-11111111.json")
    assert not accepted and line == (
        "Not handed in: a folder takes 1 cards. Received one more. Tell your teacher."
    )
    assert send("card-00000000.json")[0]  # the same session again

    def full(self, card, name):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(CardFolder, "add", full)
    assert send("card-00000000.json") == (
        False,
        "Not handed in: the card cannot be written (No space left on device). Tell your teacher.",
    )
    assert len(saved()) == 1


# ------------------------------------------------------------------ the learner's end, failing


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def test_no_server_is_one_line(new_card, capsys):
    address = f"http://127.0.0.1:{free_port()}/abcd-efgh/"
    assert card().hand_in(address) is None
    line = capsys.readouterr().out
    assert line.startswith(f"Not handed in: nothing answers at {address} Compare it with the board")
    assert "open it in a browser" in line and line.count("\n") == 1


def test_a_refusal_is_one_line(server):
    address = server.server.address
    accepted, line = hand_in(address.replace(server.server.code, "abcd-efgh"), RIGHT.json, "")
    assert not accepted and line.startswith("Not handed in: There is nothing at this address.")
    accepted, line = hand_in(address, "{}", "")
    assert not accepted and line.startswith("Not handed in: a card must say embedlab: 1.")


def answering(reply):
    """Serve one connection with these bytes, and return its address."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve():
        with server, server.accept()[0] as link:
            link.recv(65_536)
            link.sendall(reply)

    thread = threading.Thread(target=serve)
    thread.start()
    return f"http://127.0.0.1:{server.getsockname()[1]}/abcd-efgh/", thread


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "nothing answers at"),
        (b"", "nothing answers at"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "answers with error 200."),
        (b"HTTP/1.1 302 F\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n", "302."),
        (
            b"HTTP/1.1 500 X\r\nContent-Type: text/html\r\nContent-Length: 3\r\n\r\n<b>",
            "answers with error 500.",
        ),
        (
            b"HTTP/1.1 400 X\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\n\x1b[2Jn\n",
            "Not handed in: [2Jn",
        ),
    ],
)
def test_whatever_answers_the_learner_gets_one_line(reply, text):
    address, thread = answering(reply)
    accepted, line = hand_in(address, RIGHT.json, "")
    thread.join()
    assert not accepted and line.startswith("Not handed in: ") and text in line
    assert line.isprintable()


def test_no_proxy_is_asked(server, monkeypatch):
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    assert hand_in(server.server.address, RIGHT.json, "")[0]


@pytest.mark.parametrize(
    "address",
    [
        "192.168.0.7",
        "file:///etc/passwd",
        "http://x",
        "http://x/",
        "ftp://x/abcd",
        "http://a@b/c/",
        "http://x/a/b/",
        "http://x/a?b",
        "http://x y/a/",
        "http://x/a\r\nHost: y/",
        "",
        None,
        3,
    ],
)
def test_what_is_no_address_is_refused(address):
    with pytest.raises(ValueError, match="must be the whole one on the board"):
        hand_in(address, RIGHT.json, "")

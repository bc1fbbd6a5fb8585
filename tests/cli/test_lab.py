"""`embedlab lab`: the learner's changes are never lost, and JupyterLab opens on the lesson."""

import errno
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tomllib
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from embedlab.cli import lab, main
from embedlab.lessons.notebook_files import notebooks


@pytest.fixture
def shipped(tmp_path):
    folder = tmp_path / "shipped"
    folder.mkdir()
    for name in ("00_start.ipynb", "01_lookup.ipynb"):
        (folder / name).write_text(f"{name}, first edition")
    return sorted(folder.iterdir())


def texts(folder):
    return {path.name: path.read_text() for path in folder.glob("*.ipynb")}


def test_a_first_run_copies_all(shipped, tmp_path):
    folder = tmp_path / "deep" / "mine"
    assert dict(lab.copy_lessons(shipped, folder)) == {
        "00_start.ipynb": "new",
        "01_lookup.ipynb": "new",
    }
    assert texts(folder) == {path.name: path.read_text() for path in shipped}


def test_a_second_run_touches_nothing(shipped, tmp_path):
    list(lab.copy_lessons(shipped, tmp_path / "mine"))
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / "mine").glob("*.ipynb")}
    assert {what for _, what in lab.copy_lessons(shipped, tmp_path / "mine")} == {"same"}
    assert {p: p.stat().st_mtime_ns for p in before} == before


def test_changed_lesson_survives_newer_edition(shipped, tmp_path):
    folder = tmp_path / "mine"
    list(lab.copy_lessons(shipped, folder))
    (folder / "01_lookup.ipynb").write_text("my answers")
    for path in shipped:
        path.write_text(f"{path.name}, second edition")
    for _ in range(2):  # the second time must not forget whose text it is
        copied = dict(lab.copy_lessons(shipped, folder))
        assert copied["01_lookup.ipynb"] == "kept"
        assert texts(folder)["01_lookup.ipynb"] == "my answers"
    assert texts(folder)["00_start.ipynb"] == "00_start.ipynb, second edition"


def test_unchanged_lesson_is_updated_and_deleted_one_restored(shipped, tmp_path):
    folder = tmp_path / "mine"
    list(lab.copy_lessons(shipped, folder))
    (folder / "01_lookup.ipynb").unlink()
    shipped[0].write_text("second edition")
    assert dict(lab.copy_lessons(shipped, folder)) == {
        "00_start.ipynb": "updated",
        "01_lookup.ipynb": "new",
    }


def test_a_file_that_was_never_ours_is_kept(shipped, tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "01_lookup.ipynb").write_text("a file of that name from elsewhere")
    assert dict(lab.copy_lessons(shipped, folder))["01_lookup.ipynb"] == "kept"
    assert texts(folder)["01_lookup.ipynb"] == "a file of that name from elsewhere"


def test_a_lost_record_costs_no_work(shipped, tmp_path):
    folder = tmp_path / "mine"
    list(lab.copy_lessons(shipped, folder))
    (folder / "01_lookup.ipynb").write_text("my answers")
    (folder / lab.RECORD).unlink()
    assert dict(lab.copy_lessons(shipped, folder)) == {
        "00_start.ipynb": "same",
        "01_lookup.ipynb": "kept",
    }


@pytest.mark.parametrize("record", ["", "{", "[]", "3", '{"a": 1}', "[" * 100_000, "\udcff"])
def test_a_damaged_record_costs_no_work_and_is_mended(shipped, tmp_path, record):
    folder = tmp_path / "mine"
    list(lab.copy_lessons(shipped, folder))
    (folder / "01_lookup.ipynb").write_text("my answers")
    (folder / lab.RECORD).write_bytes(record.encode(errors="surrogateescape"))
    for _ in range(2):
        assert dict(lab.copy_lessons(shipped, folder))["01_lookup.ipynb"] == "kept"
    assert set(json.loads((folder / lab.RECORD).read_text())) >= {path.name for path in shipped}


@pytest.mark.parametrize("length", [0, 1, 10])
def test_a_copy_that_was_cut_off_is_mended(shipped, tmp_path, length):
    folder = tmp_path / "mine"
    list(lab.copy_lessons(shipped, folder))
    (folder / "01_lookup.ipynb").write_text("01_lookup.ipynb, first edition"[:length])
    assert dict(lab.copy_lessons(shipped, folder))["01_lookup.ipynb"] == "mended"
    assert texts(folder)["01_lookup.ipynb"] == "01_lookup.ipynb, first edition"


def test_a_full_disk_leaves_no_half_lesson(shipped, tmp_path, monkeypatch):
    folder, capacity = tmp_path / "mine", [1]

    def fsync(handle, flush=os.fsync):
        capacity[0] -= os.path.isfile(f"/proc/self/fd/{handle}")
        if capacity[0] < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        flush(handle)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fsync)
        with pytest.raises(OSError, match="No space"):
            list(lab.copy_lessons(shipped, folder))
    assert texts(folder) == {"00_start.ipynb": "00_start.ipynb, first edition"}
    assert dict(lab.copy_lessons(shipped, folder)) == {
        "00_start.ipynb": "same",
        "01_lookup.ipynb": "new",
    }


@pytest.mark.parametrize("there", [True, False], ids=["link", "dangling link"])
def test_a_link_is_left_alone(shipped, tmp_path, there):
    folder, outside = tmp_path / "mine", tmp_path / "outside.ipynb"
    folder.mkdir()
    if there:
        outside.write_text("mine, elsewhere")
    (folder / "01_lookup.ipynb").symlink_to(outside)
    assert dict(lab.copy_lessons(shipped, folder))["01_lookup.ipynb"] == "kept"
    assert outside.exists() == there and (folder / "01_lookup.ipynb").is_symlink()


STRANGE = {
    "folder": lambda path, outside: path.mkdir(),
    "pipe": lambda path, outside: os.mkfifo(path),
    "link": lambda path, outside: path.symlink_to(outside),
    "dangling link": lambda path, outside: path.symlink_to(outside.with_name("gone")),
    "link to itself": lambda path, outside: path.symlink_to(path),
}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes in folders here")
@pytest.mark.parametrize("kind", STRANGE)
@pytest.mark.parametrize("name", ["00_start.ipynb", lab.RECORD])
def test_what_is_no_file_is_neither_read_nor_replaced(shipped, tmp_path, name, kind):
    folder, outside = tmp_path / "mine", tmp_path / "outside"
    folder.mkdir()
    outside.write_text('{"mine": "elsewhere"}')
    STRANGE[kind](folder / name, outside)
    before = (folder / name).lstat()
    for again in (False, True):
        copied = dict(lab.copy_lessons(shipped, folder))
        assert copied["01_lookup.ipynb"] == ("same" if again else "new")
    assert (folder / name).lstat().st_ino == before.st_ino
    assert outside.read_text() == '{"mine": "elsewhere"}'
    assert {path.name for path in tmp_path.iterdir()} == {"mine", "outside", "shipped"}


def test_an_unknown_lesson_copies_nothing(tmp_path, capsys):
    assert main(["lab", "--to", str(tmp_path / "mine"), "--lesson", "no such"]) == 1
    assert "Received 'no such'" in capsys.readouterr().err
    assert not (tmp_path / "mine").exists()


def test_without_jupyterlab_it_says_what_to_do(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "jupyterlab.labapp", None)  # as if it were not installed
    assert main(["lab", "--to", str(tmp_path / "mine")]) == 1
    assert "JupyterLab is not installed. Run: make lab" in capsys.readouterr().err


def test_the_learner_has_the_last_word_on_every_option(tmp_path):
    """JupyterLab refuses an option that is named twice."""
    plain = lab.options(tmp_path, "01.ipynb", browser=False, more=[])
    assert "--ServerApp.ip=127.0.0.1" in plain
    assert "--no-browser" in plain
    for more in ("--ip=0.0.0.0", "--ServerApp.ip=0.0.0.0"):
        words = lab.options(tmp_path, "01.ipynb", browser=False, more=[more])
        assert [word for word in words if "ip=" in word] == [more]
    names = [word.partition("=")[0] for word in plain]
    more = [
        name if "=" not in word else f"{name}=x" for name, word in zip(names, plain, strict=True)
    ]
    words = lab.options(tmp_path, "01.ipynb", browser=False, more=more)
    assert words == more


@pytest.mark.parametrize(
    ("platform", "shows", "opens"),
    [
        ("linux", {}, False),
        ("linux", {"DISPLAY": ":0"}, True),
        ("darwin", {}, True),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("win32", {}, True),
    ],
)
def test_a_browser_is_opened_where_there_is_a_display(
    monkeypatch, tmp_path, platform, shows, opens
):
    monkeypatch.setattr(sys, "platform", platform)
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in shows.items():
        monkeypatch.setenv(name, value)
    words = lab.options(tmp_path, "01.ipynb", browser=True, more=[])
    assert ("--no-browser" not in words) == opens


@pytest.mark.parametrize(("user", "allowed"), [(0, True), (1000, False)])
def test_root_is_allowed_and_only_root_needs_it(monkeypatch, tmp_path, user, allowed):
    monkeypatch.setattr(os, "geteuid", lambda: user, raising=False)
    words = lab.options(tmp_path, "01.ipynb", browser=False, more=[])
    assert ("--allow-root" in words) == allowed


def test_the_readme_says_how_to_start_without_make():
    """On Windows there is no make. Each line it gives is one that this project can follow."""
    root = Path(__file__).resolve().parents[2]
    text = (root / "README.md").read_text("utf-8")
    block = text.partition("**Without make")[2].split("```")[1].split("\n")
    assert [line for line in block if line] == [
        "python -m venv .venv",
        ".venv\\Scripts\\activate",
        'python -m pip install ".[lab]"',
        "python -m embedlab lab",
    ]
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    assert any(need.startswith("jupyterlab") for need in project["optional-dependencies"]["lab"])
    start = next((root / "notebooks" / "source").glob("00_*.md")).read_text("utf-8")
    assert "`python -m embedlab lab`" in start and "`make lab`" in start


def fetched(server, address):
    """Fetch a page as soon as the server answers; it prints its address a moment earlier."""
    while True:
        try:
            with urllib.request.urlopen(address, timeout=30) as page:
                return page.read()
        except urllib.error.URLError as error:
            if not isinstance(error.reason, ConnectionRefusedError):
                raise
        try:
            server.wait(0.1)
        except subprocess.TimeoutExpired:
            continue
        raise AssertionError("the server ended")


@pytest.mark.slow
def test_it_serves_lesson_00_without_a_display_as_any_user(tmp_path):
    """The command of a machine without make, such as Windows: python -m embedlab lab."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    unseen = ("DISPLAY", "WAYLAND_DISPLAY", "JUPYTER_TOKEN")
    env = {name: value for name, value in os.environ.items() if name not in unseen}
    for kind in ("CONFIG", "DATA", "RUNTIME"):
        env[f"JUPYTER_{kind}_DIR"] = str(tmp_path / kind)
    command = [sys.executable, "-m", "embedlab", "lab", "--to", str(tmp_path / "mine"), "--"]
    command += [f"--ServerApp.port={port}", "--ServerApp.port_retries=0"]
    server = subprocess.Popen(
        command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        address = None
        for line in server.stderr:
            match = re.search(rf"http://127\.0\.0\.1:{port}(/\S*)", line)
            if match:
                address = match[0]
                break
        assert address, "it printed no address"
        first = notebooks()["00"].name
        assert f"/lab/tree/{first}?token=" in address
        page = fetched(server, address)
        assert b"JupyterLab" in page
        assert b"apputils-extension:announcements" in page  # among what is disabled
        token = address.partition("token=")[2]
        listing = f"http://127.0.0.1:{port}/api/contents/{first}?content=0&token={token}"
        assert b'"type": "notebook"' in fetched(server, listing)
    finally:
        server.send_signal(signal.SIGTERM)
        output, _ = server.communicate(timeout=30)
    assert f"opens {first}. There, press Shift+Enter" in output
    assert (tmp_path / "mine" / first).read_bytes() == notebooks()["00"].read_bytes()

"""Faults of the machine: each command ends in one line and an exit code, and loses nothing."""

import errno
import json
import os
import subprocess
import sys

import pytest

from embedlab.cli import lab, main

CARD = {"embedlab": 1, "answers": {"01.exit": ["c", True]}, "checks": {}}


@pytest.fixture
def commands(tmp_path):
    card = tmp_path / "card.json"
    card.write_text(json.dumps(CARD))
    return {
        "export": lambda target: ["export", "quantize", "-o", str(target)],
        "slides": lambda target: ["slides", str(target), "1"],
        "dashboard": lambda target: ["dashboard", str(card), "-o", str(target)],
    }


@pytest.fixture
def fails(capsys):
    def run(args):
        assert main(args) == 1
        captured = capsys.readouterr()
        assert captured.err.startswith(f"embedlab {args[0]}: ")
        assert captured.err.count("\n") == 1 and "Received" in captured.err
        return captured.err

    return run


each_command = pytest.mark.parametrize("command", ["export", "slides", "dashboard"])


@each_command
def test_output_is_a_folder(command, commands, fails, tmp_path):
    (tmp_path / "folder").mkdir()
    assert "which is a folder" in fails(commands[command](tmp_path / "folder"))
    assert not any((tmp_path / "folder").iterdir())


@each_command
def test_output_is_a_device(command, commands, fails):
    assert "which is a device" in fails(commands[command](os.devnull))
    with open(os.devnull, "rb") as file:
        assert not file.read()


@each_command
def test_folder_of_the_output_is_a_file(command, commands, fails, tmp_path):
    (tmp_path / "file").write_text("mine")
    fails(commands[command](tmp_path / "file" / "out.html"))
    assert (tmp_path / "file").read_text() == "mine"


@each_command
def test_name_is_too_long(command, commands, fails, tmp_path):
    assert "shorter name" in fails(commands[command](tmp_path / ("x" * 300)))
    assert [path.name for path in tmp_path.iterdir()] == ["card.json"]


@each_command
def test_disk_is_full(command, commands, fails, tmp_path, monkeypatch):
    output = tmp_path / "out.html"
    output.write_text("of yesterday")

    def full(handle):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    assert "Free some space" in fails(commands[command](output))
    assert output.read_text() == "of yesterday"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["card.json", "out.html"]


@each_command
def test_a_link_is_followed_and_stays(command, commands, tmp_path, capsys):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out.html").symlink_to(tmp_path / "elsewhere" / "real.html")
    assert main(commands[command](tmp_path / "out.html")) == 0
    assert (tmp_path / "out.html").is_symlink()
    assert (tmp_path / "elsewhere" / "real.html").stat().st_size > 1000


@pytest.mark.parametrize("value", ["file", "x" * 300])
def test_folder_of_a_pack_or_of_the_lessons(value, fails, tmp_path, monkeypatch):
    monkeypatch.setattr(lab, "_serve", lambda *args, **options: 0)
    (tmp_path / "file").write_text("mine")
    fails(["pack", str(tmp_path / value), "01"])
    fails(["lab", "--to", str(tmp_path / value)])
    assert (tmp_path / "file").read_text() == "mine"


def test_a_reader_that_has_enough():
    code = "import sys; from embedlab.cli import main; sys.exit(main(['link', '--help']))"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdout.close()
        assert b"Traceback" not in process.stderr.read()


def test_an_interrupt_is_one_word(monkeypatch, capsys):
    def interrupt(args):
        raise KeyboardInterrupt

    monkeypatch.setattr(main.__globals__["_COMMANDS"]["doctor"], "run", interrupt)
    assert main(["doctor"]) == 130
    assert capsys.readouterr().err == "embedlab doctor: stopped\n"

"""The command line: help, errors, exit codes, import time."""

import io
import re
import subprocess
import sys

import pytest

import embedlab.cli
from embedlab.cli import main
from embedlab.cli.errors import CliError


def test_help_names_every_command_and_its_first_sentence(capsys):
    with pytest.raises(SystemExit) as excinfo:
        main(["--help"])
    assert excinfo.value.code == 0
    text = capsys.readouterr().out
    for command in ("lab", "doctor", "warm", "export", "pack", "link", "dashboard", "collect"):
        assert re.search(rf"\n    {command}\s+[A-Z]", text)


def test_python_m_is_the_same_command():
    process = subprocess.run(
        [sys.executable, "-m", "embedlab", "--help"], capture_output=True, text=True, check=True
    )
    assert process.stdout.startswith("usage: embedlab ")


def test_no_command_is_a_usage_error(capsys):
    with pytest.raises(SystemExit) as excinfo:
        main([])
    assert excinfo.value.code == 2
    assert "command" in capsys.readouterr().err


def test_a_stop_is_one_line_and_exit_code_1(capsys, monkeypatch):
    def refuse(args):
        raise CliError("it must be so. Received otherwise. Do this.")

    monkeypatch.setattr(embedlab.cli.warm, "run", refuse)
    assert main(["warm"]) == 1
    output = capsys.readouterr()
    assert output.err == "embedlab warm: it must be so. Received otherwise. Do this.\n"
    assert not output.out


def test_importing_the_command_loads_the_standard_library_only():
    code = (
        "import sys, embedlab.cli\n"
        "tops = {name.partition('.')[0] for name in sys.modules}\n"
        "print(sorted(tops & {'numpy', 'numba', 'matplotlib', 'ipywidgets', 'anywidget',"
        " 'jupyterlab', 'nbconvert', 'tqdm'}))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "words",
    [
        "--help",
        *(f"{command} --help" for command in sorted(embedlab.cli._COMMANDS)),
        "doctor",
        "export lookup --set text=猫 -o α.html",
        "slides slides.html 01",
        "link --remote https://github.com/猫/embedlab --ref v1",
        "dashboard 猫.json",
    ],
)
def test_no_encoding_of_a_pipe_ends_a_command(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="ascii") for _ in range(2))
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    try:
        code = main(words.split())
    except SystemExit as stop:
        code = stop.code
    out.flush(), err.flush()
    text = (out.buffer.getvalue() + err.buffer.getvalue()).decode("ascii")
    assert code in (0, 1) and text
    if words == "doctor":
        assert "\\N{CHECK MARK} Python: 3" in text

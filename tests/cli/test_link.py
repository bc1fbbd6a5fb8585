"""`embedlab link`: any form of a remote, and never a password in a link."""

import subprocess

import pytest

from embedlab.cli import link, main
from embedlab.cli.errors import CliError
from embedlab.lessons.notebook_files import notebooks

END = "/HEAD?urlpath=lab%2Ftree%2Fx.ipynb"


@pytest.mark.parametrize(
    ("remote", "where"),
    [
        ("https://github.com/someone/embedlab.git", "gh/someone/embedlab"),
        ("https://github.com/someone/embedlab/", "gh/someone/embedlab"),
        ("git@github.com:someone/embedlab.git", "gh/someone/embedlab"),
        ("ssh://git@github.com/someone/embedlab", "gh/someone/embedlab"),
        ("https://user:secret@github.com/someone/embedlab", "gh/someone/embedlab"),
        ("https://GitHub.com/someone/embedlab", "gh/someone/embedlab"),
        ("git@gitlab.com:group/team/embedlab.git", "gl/group%2Fteam%2Fembedlab"),
        ("https://gitlab.com/group/embedlab", "gl/group%2Fembedlab"),
        (
            "https://code.example.org:8443/t/e.git",
            "git/https%3A%2F%2Fcode.example.org%3A8443%2Ft%2Fe",
        ),
        ("git@code.example.org:t/e.git", "git/https%3A%2F%2Fcode.example.org%2Ft%2Fe"),
        ("ssh://git@code.example.org:2222/t/e", "git/https%3A%2F%2Fcode.example.org%2Ft%2Fe"),
    ],
)
def test_every_form_of_a_remote(remote, where):
    address = link.binder_url(remote, "x.ipynb")
    assert address == f"https://mybinder.org/v2/{where}{END}"
    assert "secret" not in address


@pytest.mark.parametrize(
    "remote",
    [
        "/srv/git/embedlab",
        "../embedlab",
        "file:///srv/embedlab",
        "https://github.com/",
        "C:/work/embedlab",
    ],
)
def test_a_remote_that_binder_cannot_reach_is_refused(remote):
    with pytest.raises(CliError, match=r"Received .* Push to a public host"):
        link.binder_url(remote, "x.ipynb")


def test_a_refusal_tells_no_password():
    with pytest.raises(CliError) as excinfo:
        link.binder_url("ftp://user:secret@code.example.org/e", "x.ipynb")
    assert "secret" not in str(excinfo.value)


def test_branch_and_hub():
    address = link.binder_url(
        "git@github.com:a/b.git", "x.ipynb", ref="topic/one", hub="https://b.org/"
    )
    assert address.startswith("https://b.org/v2/gh/a/b/topic%2Fone?")


def test_the_command_prints_one_link_to_the_lesson(capsys):
    assert main(["link", "--lesson", "1", "--remote", "git@github.com:a/b.git"]) == 0
    name = notebooks()["01"].name
    assert capsys.readouterr().out == (
        f"https://mybinder.org/v2/gh/a/b/HEAD?urlpath=lab%2Ftree%2Fnotebooks%2F{name}\n"
    )


def test_a_preset_is_in_the_hash_and_opens_a_view(capsys):
    from embedlab.explorers.lookup import LookupExplorer
    from embedlab.lessons.misconceptions import misconception

    words = ["link", "--preset", "M2", "--remote", "git@github.com:a/b.git"]
    assert main(words) == 0
    output = capsys.readouterr()
    address = output.out.strip()
    assert address.startswith("https://mybinder.org/v2/gh/a/b/HEAD?urlpath=")
    assert "LookupExplorer.from_link(" in output.err
    expected = misconception("M2").preset["params"]
    params = LookupExplorer.from_link(address).state["params"]
    assert {name: params[name] for name in expected} == expected


def test_an_unknown_preset_is_one_line(capsys):
    assert main(["link", "--preset", "M99", "--remote", "git@github.com:a/b.git"]) == 1
    assert "Received 'M99'" in capsys.readouterr().err


def test_the_remote_of_a_repository_is_found_by_name(tmp_path):
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    with pytest.raises(CliError, match="no remote called upstream or origin"):
        link._address(None, tmp_path)
    for name in ("origin", "upstream"):
        address = f"git@github.com:{name}/embedlab.git"
        subprocess.run(["git", "-C", tmp_path, "remote", "add", name, address], check=True)
        assert link._address(None, tmp_path) == address
    assert link._address("origin", tmp_path) == "git@github.com:origin/embedlab.git"

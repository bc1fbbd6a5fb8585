"""Print the Binder link of this repository, opened on one lesson.

With --preset the link carries the state of a view too, behind its "#"; in the lesson,
LookupExplorer.from_link("...") shows it.
"""

import argparse
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote, urlsplit

from embedlab.cli.errors import CliError
from embedlab.cli.preset import preset

__all__ = ["add", "binder_url", "notebook_url", "run"]

HUB = "https://mybinder.org"


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `embedlab link`."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "--lesson", default="01", help="number of the lesson (default: %(default)s)"
    )
    parser.add_argument("--preset", metavar="NAME", help="the view of a misconception, such as M2")
    parser.add_argument(
        "--remote",
        metavar="NAME|URL",
        help="a git remote or an address (default: the first of upstream, origin)",
    )
    parser.add_argument("--ref", default="HEAD", help="branch, tag or commit (default: HEAD)")
    parser.add_argument("--hub", default=HUB, help="address of Binder (default: %(default)s)")


def run(args: argparse.Namespace) -> int:
    """Print the link."""
    from embedlab.lessons.notebook_files import LessonError, find_notebook, notebook_dir

    try:
        path = f"notebooks/{find_notebook(args.lesson).name}"
        parent = notebook_dir().parent
    except LessonError as error:
        raise CliError(str(error)) from None
    root = parent if (parent / "pyproject.toml").is_file() else Path.cwd()  # installed: where I am
    link = binder_url(_address(args.remote, root), path, ref=args.ref, hub=args.hub)
    if args.preset:
        from embedlab.explorers.state import to_link

        state = preset(args.preset)
        link = to_link(link, state)
        name = f"{state['view'].capitalize()}Explorer"
        print(f'In the lesson: {name}.from_link("the whole link")', file=sys.stderr)
    print(link)
    return 0


def binder_url(remote: str, path: str, *, ref: str = "HEAD", hub: str = HUB) -> str:
    """Return the Binder link that opens a file of a repository in JupyterLab.

    Parameters
    ----------
    remote : str
        The address git uses: https, ssh or git@host:owner/name.
    path : str
        The file, inside the repository.
    ref : str
        A branch, a tag or a commit; HEAD is the default branch.
    hub : str
        Which Binder.

    Raises
    ------
    Stop
        When the repository lies where no Binder can fetch it.

    Examples
    --------
    >>> binder_url("git@github.com:someone/embedlab.git", "notebooks/01_lookup.ipynb")
    'https://mybinder.org/v2/gh/someone/embedlab/HEAD?urlpath=lab%2Ftree%2Fnotebooks%2F01_lookup.ipynb'
    >>> binder_url("https://gitlab.com/a/b/c", "x.ipynb", ref="main")
    'https://mybinder.org/v2/gl/a%2Fb%2Fc/main?urlpath=lab%2Ftree%2Fx.ipynb'
    """
    host, name = notebook_url(remote)
    if host == "github.com" and name.count("/") == 1:
        where = f"gh/{name}"
    elif host == "gitlab.com":
        where = f"gl/{quote(name, safe='')}"
    else:
        where = f"git/{quote(f'https://{host}/{name}', safe='')}"
    inside = quote(f"lab/tree/{path}", safe="")
    return f"{hub.rstrip('/')}/v2/{where}/{quote(ref, safe='')}?urlpath={inside}"


def notebook_url(remote: str) -> tuple[str, str]:
    """Return the host and the path that a git remote names, without user, password and `.git`.

    Examples
    --------
    >>> notebook_url("ssh://git@code.example.org:2222/team/embedlab.git")
    ('code.example.org', 'team/embedlab')
    >>> notebook_url("https://someone:secret@code.example.org:8443/team/embedlab")
    ('code.example.org:8443', 'team/embedlab')
    """
    if "://" not in remote:
        before, colon, after = remote.partition(":")
        # `host:path` is ssh; a slash before the colon, no colon, or a drive letter is a folder
        ssh = colon and "/" not in before and len(before) > 1
        remote = f"ssh://{before}/{after}" if ssh else f"file://{remote}"
    parts = urlsplit(remote)
    name = parts.path.strip("/").removesuffix(".git")
    if parts.scheme not in ("https", "http", "ssh", "git") or not parts.hostname or not name:
        raise CliError(
            "a Binder link needs a repository that Binder can reach. "
            f"Received {parts.scheme}://{parts.hostname or ''}{parts.path}. "
            "Push to a public host, or name it: --remote https://..."
        )
    port = f":{parts.port}" if parts.port and parts.scheme in ("https", "http") else ""
    return parts.hostname + port, name


def _address(remote: str | None, root: Path) -> str:
    """Return the address of a remote: as named, or of this repository."""
    if remote and ("/" in remote or ":" in remote):
        return remote
    for name in [remote] if remote else ["upstream", "origin"]:
        url = _git(root, "remote", "get-url", name)
        if url:
            return url
    raise CliError(
        f"a Binder link needs the address of the repository. {root} has no remote called "
        f"{remote or 'upstream or origin'}. Name the address: --remote https://..."
    )


def _git(root: Path, *words: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *words], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()

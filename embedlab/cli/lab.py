"""Copy the lessons into your folder and open JupyterLab there.

Your changes are never overwritten: a lesson that you have changed stays as it is, even when a newer
embedlab has a newer version of it. Everything after -- is passed to JupyterLab.
"""

import argparse
import hashlib
import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from embedlab.cli.errors import CliError

__all__ = ["add", "copy_lessons", "options", "run"]

SETTINGS = Path(__file__).with_name("jupyter")
"""Read by this JupyterLab beside the learner's own settings: no question about news over a view."""

RECORD = ".embedlab.json"
"""Beside the copies: the hash of each as it was when we wrote it."""


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `embedlab lab`."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "--to",
        type=Path,
        default=Path("embedlab-lessons"),
        metavar="DIR",
        help="your folder (default: %(default)s)",
    )
    parser.add_argument("--lesson", default="00", help="the lesson to open (default: %(default)s)")
    parser.add_argument("--no-browser", action="store_true", help="print the address only")
    parser.add_argument("jupyter", nargs="*", metavar="-- OPTION", help="options of JupyterLab")


def run(args: argparse.Namespace) -> int:
    """Copy the lessons, say what was done and what comes next, and serve until it is stopped."""
    from embedlab.lessons.notebook_files import LessonError, find_notebook, notebook_dir, notebooks

    try:
        first = find_notebook(args.lesson).name
    except LessonError as error:
        raise CliError(str(error)) from None
    actions = {
        "new": "copied",
        "updated": "updated",
        "mended": "copied again",
        "kept": "kept as it is",
    }
    glossary = notebook_dir() / "glossary.md"
    for name, what in copy_lessons([*notebooks().values(), glossary], args.to):
        if what in actions:
            print(f"{actions[what]}: {args.to / name}")
    print(f"Your lessons are in {args.to.resolve()}")
    print(f"JupyterLab starts now and opens {first}. There, press Shift+Enter to run a cell.")
    print("To stop JupyterLab, press Ctrl+C twice in this terminal.", flush=True)
    return _serve(args.to.resolve(), first, browser=not args.no_browser, more=args.jupyter)


def copy_lessons(notebooks: Iterable[Path], to: Path) -> Iterator[tuple[str, str]]:
    """Copy notebooks to a folder, and never touch what the learner changed.

    Parameters
    ----------
    notebooks : iterable of pathlib.Path
    to : pathlib.Path
        Made when it is not there.

    Yields
    ------
    (str, str)
        The file's name and what happened: "new", "same", "updated" (the learner had not changed
        it), "mended" (it was cut off), or "kept" (the learner had changed it, or it is a link,
        a folder or a pipe).
    """
    from embedlab.storage.atomic import atomic_write

    to.mkdir(parents=True, exist_ok=True)
    record = to / RECORD
    ours = _read_record(record)
    try:
        for notebook in notebooks:
            fresh, copy = notebook.read_bytes(), to / notebook.name
            what = _compare(copy, fresh, ours.get(copy.name))
            if what in ("new", "updated", "mended"):
                with atomic_write(copy) as temporary:
                    temporary.write_bytes(fresh)
            ours[copy.name] = _hash(fresh)
            yield copy.name, what
    finally:  # also after a full disk: what was copied is not taken for the learner's work
        if _is_plain(record):
            with atomic_write(record) as temporary:
                temporary.write_text(json.dumps(ours, indent=1), "utf-8")


def _read_record(record: Path) -> dict[str, str]:
    """Return the hashes; a damaged record is none, and no lesson that differs is touched."""
    if not _is_plain(record):
        return {}
    try:
        ours = json.loads(record.read_bytes())
    except (FileNotFoundError, ValueError, RecursionError):
        return {}
    return {str(k): str(v) for k, v in ours.items()} if isinstance(ours, dict) else {}


def _compare(copy: Path, fresh: bytes, ours: str | None) -> str:
    """Return what is to be done with a copy."""
    if not _is_plain(copy):
        return "kept"
    if not copy.exists():
        return "new"
    there = copy.read_bytes()
    if there == fresh:
        return "same"
    if fresh.startswith(there):  # an earlier copy that was cut off, by a full disk perhaps
        return "mended"
    return "updated" if _hash(there) == ours else "kept"


def _is_plain(path: Path) -> bool:
    """Return whether a path is a file or free: nothing else is read, replaced or written through.

    A link may lead outside, and to read a pipe would wait for ever.
    """
    return not path.is_symlink() and (path.is_file() or not path.exists())


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _serve(folder: Path, first: str, *, browser: bool, more: Sequence[str]) -> int:
    try:
        from jupyterlab.labapp import LabApp
    except ImportError:
        raise CliError(
            "JupyterLab is not installed. Run: make lab in a clone, or python -m pip install "
            "jupyterlab"
        ) from None
    known = os.environ.get("JUPYTER_CONFIG_PATH")
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, [str(SETTINGS), known]))
    LabApp.launch_instance(argv=options(folder, first, browser=browser, more=more))
    return 0


def options(folder: Path, first: str, *, browser: bool, more: Sequence[str]) -> list[str]:
    """Return the words for JupyterLab: ours, except where `more` says otherwise, then `more`.

    Examples
    --------
    >>> options(Path("mine"), "01_lookup.ipynb", browser=True, more=["--ip=0.0.0.0"])[-1]
    '--ip=0.0.0.0'
    """
    ours = [
        f"--ServerApp.root_dir={folder}",
        f"--LabApp.default_url=/lab/tree/{first}",
        "--ServerApp.ip=127.0.0.1",
        "--ServerApp.log_level=WARN",  # the address, and what goes wrong
        "--LabApp.log_level=WARN",
        "--LabApp.news_url=None",  # nothing leaves the machine
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.extension_manager=readonly",
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        ours.append("--allow-root")  # a container's only user
    if not browser or not _display():
        ours.append("--no-browser")
    named = {word.partition("=")[0] for word in more}
    named |= {long for short, long in _SHORT if short in named}
    return [word for word in ours if word.partition("=")[0] not in named] + list(more)


_SHORT = (
    ("--ip", "--ServerApp.ip"),
    ("--debug", "--ServerApp.log_level"),
    ("--debug", "--LabApp.log_level"),
)
"""JupyterLab's other words for ours; it refuses an option that is named twice."""


def _display() -> bool:
    """Return whether a browser could show anything."""
    if sys.platform in ("darwin", "win32"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))

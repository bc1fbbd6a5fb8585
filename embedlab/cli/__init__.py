"""The command `embedlab`: one file for each of its commands.

A command's file has `add(parser)`, which declares its arguments, and `run(args)`, which returns the
exit code. Files import what they need inside functions, so that `embedlab --help` and
`embedlab doctor` answer at once, and on a machine where something is missing.
"""

import argparse
import errno
import io
import os
import sys
from collections.abc import Sequence

from embedlab.cli import collect, dashboard, doctor, export, lab, link, offline, slides, warm
from embedlab.cli.errors import CliError

__all__ = ["main"]

_COMMANDS = {
    "lab": lab,
    "doctor": doctor,
    "warm": warm,
    "export": export,
    "pack": offline,
    "slides": slides,
    "link": link,
    "dashboard": dashboard,
    "collect": collect,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    argv : sequence of str, optional
        The words after `embedlab`; by default those of this process.

    Returns
    -------
    int
        The exit code: 0 when all went well.

    Examples
    --------
    >>> main(["--help"])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    SystemExit: 0
    """
    for stream in (sys.stdout, sys.stderr):  # a pipe of Windows takes cp1252: no ✓, no minus
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="namereplace")
    args = _parser().parse_args(argv)
    try:
        code = args.run(args)
        sys.stdout.flush()
        return int(code)
    except BrokenPipeError:  # the reader of a pipe has enough, as `head` has
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except CliError as stop:
        print(f"embedlab {args.command}: {stop}", file=sys.stderr)
    except OSError as error:
        print(f"embedlab {args.command}: {_in_one_line(error)}", file=sys.stderr)
    except KeyboardInterrupt:
        print(f"embedlab {args.command}: stopped", file=sys.stderr)
        return 130
    return 1


def _in_one_line(error: OSError) -> str:
    """Return what the system refused, and for which file."""
    if error.strerror is None:
        return str(error)  # an error of ours is one line
    name = next((name for name in (error.filename, error.filename2) if name is not None), None)
    place = "" if name is None else f" at {str(name)!r:.200}"
    cure = {
        errno.ENOSPC: "Free some space, or choose another disk",
        errno.EDQUOT: "Free some space, or choose another disk",
        errno.ENAMETOOLONG: "Choose a shorter name",
        errno.EADDRINUSE: "Choose another port, or stop what uses it",
    }.get(error.errno or 0, "Choose another place")
    return (
        f"the system must allow what the command does. Received {error.strerror!r}{place}. {cure}."
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="embedlab", description="See what an embedding does.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    for name, module in _COMMANDS.items():
        first, _, rest = (module.__doc__ or "").partition("\n")
        one = commands.add_parser(name, help=first.rstrip("."), description=f"{first}\n{rest}")
        module.add(one)
        one.set_defaults(run=module.run)
    return parser

"""The command `embedlab`: one file for each of its commands.

A command's file has `add(parser)`, which declares its arguments, and `run(args)`, which returns the
exit code. Files import what they need inside functions, so that `embedlab --help` and
`embedlab doctor` answer at once, and on a machine where something is missing.
"""

import argparse
import sys
from collections.abc import Sequence

from embedlab.cli import dashboard, doctor, export, lab, link, offline, slides, warm
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
    args = _parser().parse_args(argv)
    try:
        return args.run(args)
    except CliError as stop:
        print(f"embedlab {args.command}: {stop}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="embedlab", description="See what an embedding does.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    for name, module in _COMMANDS.items():
        first, _, rest = (module.__doc__ or "").partition("\n")
        one = commands.add_parser(name, help=first.rstrip("."), description=f"{first}\n{rest}")
        module.add(one)
        one.set_defaults(run=module.run)
    return parser

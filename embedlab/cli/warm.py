"""Compile the kernels of the lessons in advance."""

import argparse
import os

from embedlab.cli.errors import CliError

__all__ = ["add", "run"]

MOST_PROCESSES = 4  # each takes 400 MB, and with more the longest idea decides


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `embedlab warm`."""
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    parser.add_argument(
        "--processes",
        type=int,
        metavar="N",
        help=f"how many compile at a time (default: one on each core, at most {MOST_PROCESSES})",
    )


def run(args: argparse.Namespace) -> int:
    """Compile, and print how many kernels were compiled and how many were read from the cache."""
    from concurrent.futures.process import BrokenProcessPool

    from embedlab.lessons.precompile import warm

    processes = min(_cores(), MOST_PROCESSES) if args.processes is None else args.processes
    if processes < 1:
        raise CliError(f"--processes must be 1 or more. Received {processes}.")
    try:
        counts = warm(processes=processes, progress=not args.quiet)
    except BrokenProcessPool:
        raise CliError(
            f"each of {processes} processes must live until all is compiled. Received the end of "
            "one, as when memory is short. Run: embedlab warm --processes 1"
        ) from None
    print(f"{counts['misses']} kernels compiled, {counts['hits']} read from the cache.")
    return 0


def _cores() -> int:
    """Return how many cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS or Windows
        return os.cpu_count() or 1

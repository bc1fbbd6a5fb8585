"""Compile the kernels of the lessons in advance."""

import argparse

__all__ = ["add", "run"]


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `embedlab warm`."""
    parser.add_argument("--quiet", action="store_true", help="no progress bar")


def run(args: argparse.Namespace) -> int:
    """Compile, and print how many kernels were compiled and how many were read from the cache."""
    from embedlab.lessons.precompile import warm

    counts = warm(progress=not args.quiet)
    print(f"{counts['misses']} kernels compiled, {counts['hits']} read from the cache.")
    return 0

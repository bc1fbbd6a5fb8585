"""Compile what the lessons use, so that nobody waits."""

import argparse

__all__ = ["add", "run"]


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `embedlab warm`."""
    parser.add_argument("--quiet", action="store_true", help="no progress bar")


def run(args: argparse.Namespace) -> int:
    """Compile, and say how many loops were compiled and how many were there."""
    from embedlab.lessons.precompile import warm

    done = warm(progress=not args.quiet)
    print(f"{done['misses']} loops compiled, {done['hits']} were ready.")
    return 0

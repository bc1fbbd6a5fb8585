"""Check the set-up: one line for each check, with the cure."""

import argparse

__all__ = ["add", "run"]


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `embedlab doctor`."""


def run(args: argparse.Namespace) -> int:
    """Print every check as soon as it is known; 0 when all are green, 1 when not."""
    from embedlab.lessons.setup_check import checks

    wrong = 0
    for check in checks():
        print(check.line(), flush=True)
        wrong += not check.ok
    print("All green." if not wrong else f"{wrong} to fix: see the lines with ✗.")
    return int(wrong > 0)

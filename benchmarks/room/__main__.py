"""Measure what a lesson costs where others run it.

python -m benchmarks.room binder     Binder's image, built afresh, on one core
python -m benchmarks.room hub        a real JupyterHub on loopback, eight learners at once
"""

import argparse
import sys


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.room",
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("where", choices=["binder", "hub"])
    parser.add_argument("--lessons", nargs="+", default=["01", "06"])
    parser.add_argument("--learners", type=int, default=8, help="of the hub (default: 8)")
    parser.add_argument("--image", metavar="DIR", help="an image that is built already, or stays")
    options = parser.parse_args()
    if options.where == "binder":
        from benchmarks.room.binder import simulate

        return simulate(options.image, options.lessons)
    from benchmarks.room.hub import hub

    return hub(options.learners, options.lessons)


if __name__ == "__main__":
    sys.exit(main())

"""Write a dashboard of a class's answer cards as one HTML page.

Cards are what `embedlab.lessons.card().save()` writes. The page counts every question, and sorts
the misconceptions behind wrong answers by how many hold them, with what to say and what to show. It
needs no network and holds no script. A file that is no card is named in one line and left out.
"""

import argparse
import glob
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

from embedlab.cli.errors import CliError

__all__ = ["add", "run"]


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `embedlab dashboard`."""
    parser.add_argument("cards", nargs="+", metavar="CARD.json", help="such as cards/*.json")
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        default=Path("dashboard.html"),
        metavar="FILE.html",
        help="file to write (default: %(default)s)",
    )
    parser.add_argument(
        "--views", type=Path, metavar="FOLDER", help="folder of `embedlab pack` to link to"
    )


def run(args: argparse.Namespace) -> int:
    """Read the cards, write the page, and say what was read; 1 when there is no card at all."""
    from embedlab.lessons.classroom.dashboard import dashboard
    from embedlab.lessons.classroom.read_card import CardError, read_card
    from embedlab.lessons.classroom.summary import summarize
    from embedlab.storage.atomic import atomic_write

    cards, refused = [], {}
    for path in _files(args.cards):
        try:
            cards.append(read_card(path))
        except CardError as error:
            refused[_plain(path)] = str(error)
            print(f"✗ {_plain(path)}: {error}", file=sys.stderr)
    if not cards:
        raise CliError(
            f"a dashboard needs at least one card. Received {len(refused)} other files. "
            "Name the cards: embedlab dashboard cards/*.json"
        )

    def view(belief: str) -> str | None:
        page = args.views / f"{belief}.html" if args.views else None
        if page is None or not page.is_file():
            return None
        return quote(Path(os.path.relpath(page, args.output.parent)).as_posix())

    text = dashboard(summarize(cards), refused, view)
    args.output.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(args.output) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")
    left = f", {len(refused)} left out" if refused else ""
    print(f"{args.output}: {len(cards)} read{left}, {len(text.encode()) / 1000:.0f} kB")
    return 0


def _files(names: Iterable[str]) -> list[Path]:
    """Return each file once. Where the shell left a star as it is, as on Windows, open it here."""
    paths: dict[Path, None] = {}
    for name in names:
        several = "*" in name and not Path(name).exists()
        for one in sorted(glob.glob(name)) if several else [name]:
            paths[Path(one)] = None
    return [*paths]


def _plain(path: Path) -> str:
    """Return a path in one line: a name may hold line breaks and what a terminal would obey."""
    return "".join(c if c.isprintable() else "?" for c in str(path))[-100:]

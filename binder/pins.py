"""The pins of binder/requirements.txt: what `embedlab[lab]` needs, exactly as installed here.

    python binder/pins.py           say whether the file agrees with this environment
    python binder/pins.py --write   write it

Only what embedlab asks for, directly or through others, is pinned: no tool of a developer, no
address. Make uses the same file as constraints, so a learner and Binder run the same versions.
"""

import importlib.metadata
import sys
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

FILE = Path(__file__).with_name("requirements.txt")
HEAD = "# Written by `make pins`. The same on Python 3.11, 3.12 and 3.13.\n"
OLDEST = "3.11.2"
"""The oldest Python that must do: Debian 12's. Some packages ask for a later patch release."""


def pins(name: str = "embedlab", extras: tuple[str, ...] = ("lab",)) -> list[str]:
    """Return `package==version` for everything that `name` with these extras needs, in order.

    What only the oldest Python needs, and a newer one does not install, is left out.
    """
    return [pin for pin in _needs(name, extras) if "==" in pin]


def only_oldest(name: str = "embedlab", extras: tuple[str, ...] = ("lab",)) -> list[str]:
    """Return the packages that the oldest Python needs and that are not installed here."""
    return [pin for pin in _needs(name, extras) if "==" not in pin]


def _needs(name: str, extras: tuple[str, ...]) -> list[str]:
    here, oldest = {}, {"python_full_version": OLDEST, "python_version": OLDEST.rpartition(".")[0]}
    known: dict[tuple[str, tuple[str, ...]], str] = {}
    only: set[str] = set()
    waiting = [(canonicalize_name(name), extras)]
    while waiting:
        package = waiting.pop()
        if package in known:
            continue
        try:
            distribution = importlib.metadata.distribution(package[0])
        except importlib.metadata.PackageNotFoundError:
            only.add(package[0])
            continue
        known[package] = distribution.version
        for text in distribution.requires or []:
            need = Requirement(text)
            # "" stands for no extra at all
            requested_extras = [
                {"extra": extra, **python}
                for extra in ("", *package[1])
                for python in (here, oldest)
            ]
            if need.marker is None or any(
                need.marker.evaluate(extra) for extra in requested_extras
            ):
                waiting.append((canonicalize_name(need.name), tuple(sorted(need.extras))))
    del known[canonicalize_name(name), extras]
    return sorted({f"{package}=={version}" for (package, _), version in known.items()} | only)


def too_new(pin_lines: list[str], oldest: str = OLDEST) -> list[str]:
    """Return the pins that do not run on the oldest Python, with what they ask for."""
    refused, elsewhere = [], only_oldest()
    for pin in pin_lines:
        if pin.partition("==")[0] in elsewhere:
            continue  # nothing is known of it here; the oldest Python itself would refuse it
        requires_python = importlib.metadata.metadata(pin.partition("==")[0]).get("Requires-Python")
        if requires_python and oldest not in SpecifierSet(requires_python):
            refused.append(f"{pin} asks for Python {requires_python}")
    return refused


def main() -> int:
    """Write the file, or compare it and say what differs."""
    pin_lines = pins()
    for line in too_new(pin_lines):
        print(f"{line}, and Debian 12 has {OLDEST}: install an older one, then run this again")
    if too_new(pin_lines):
        return 1
    text = HEAD + "\n".join(pin_lines) + "\n"
    if "--write" in sys.argv[1:]:
        if only_oldest():
            print(f"Write it with Python {OLDEST}: it also needs {', '.join(only_oldest())}")
            return 1
        FILE.write_text(text, encoding="utf-8")
        return 0
    there = set(FILE.read_text(encoding="utf-8").splitlines())
    only = only_oldest()
    elsewhere = {line for line in there if line.partition("==")[0] in only}
    different = sorted(there - elsewhere ^ set(text.splitlines()))
    for line in different:
        print(f"{'not needed, or another version' if line in there else 'missing'}: {line}")
    return len(different) and 1


if __name__ == "__main__":
    sys.exit(main())

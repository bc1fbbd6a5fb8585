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
    """Give `package==version` for everything that `name` with these extras needs, in order."""
    known: dict[tuple[str, tuple[str, ...]], str] = {}
    waiting = [(canonicalize_name(name), extras)]
    while waiting:
        package = waiting.pop()
        if package in known:
            continue
        found = importlib.metadata.distribution(package[0])
        known[package] = found.version
        for text in found.requires or []:
            need = Requirement(text)
            # "" stands for no extra at all
            asked = [{"extra": extra} for extra in ("", *package[1])]
            if need.marker is None or any(need.marker.evaluate(extra) for extra in asked):
                waiting.append((canonicalize_name(need.name), tuple(sorted(need.extras))))
    del known[canonicalize_name(name), extras]
    return sorted({f"{package}=={version}" for (package, _), version in known.items()})


def too_new(found: list[str], oldest: str = OLDEST) -> list[str]:
    """Give the pins that do not run on the oldest Python, with what they ask for."""
    refused = []
    for pin in found:
        asked = importlib.metadata.metadata(pin.partition("==")[0]).get("Requires-Python")
        if asked and oldest not in SpecifierSet(asked):
            refused.append(f"{pin} asks for Python {asked}")
    return refused


def main() -> int:
    """Write the file, or compare it and say what differs."""
    found = pins()
    for line in too_new(found):
        print(f"{line}, and Debian 12 has {OLDEST}: install an older one, then run this again")
    if too_new(found):
        return 1
    text = HEAD + "\n".join(found) + "\n"
    if "--write" in sys.argv[1:]:
        FILE.write_text(text, encoding="utf-8")
        return 0
    there = set(FILE.read_text(encoding="utf-8").splitlines())
    different = sorted(there ^ set(text.splitlines()))
    for line in different:
        print(f"{'not needed, or another version' if line in there else 'missing'}: {line}")
    return len(different) and 1


if __name__ == "__main__":
    sys.exit(main())

"""How often the compiled loops ran, so that a test can tell that they, and nothing else, did it."""

__all__ = ["calls", "count"]

_counts: dict[str, int] = {}


def count(kind: str) -> None:
    """Note one run of the loops of a kind: "lookup" or "gradient"."""
    _counts[kind] = _counts.get(kind, 0) + 1


def calls(kind: str) -> int:
    """Give how often the loops of a kind have run in this process.

    >>> before = calls("lookup")
    >>> count("lookup")
    >>> calls("lookup") - before
    1
    """
    return _counts.get(kind, 0)

"""How often the compiled loops ran, so that a test can tell that they, and nothing else, did it."""

__all__ = ["count_kernel_call", "kernel_calls"]

_counts: dict[str, int] = {}


def count_kernel_call(kind: str) -> None:
    """Note one run of the loops of a kind: "lookup" or "gradient"."""
    _counts[kind] = _counts.get(kind, 0) + 1


def kernel_calls(kind: str) -> int:
    """Return how often the loops of a kind have run in this process.

    >>> before = kernel_calls("lookup")
    >>> count_kernel_call("lookup")
    >>> kernel_calls("lookup") - before
    1
    """
    return _counts.get(kind, 0)

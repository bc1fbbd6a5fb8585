"""The budget of a file: what reading it may take, charged before anything is made of it."""

import json
import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

BASE, MULTIPLE = 64_000_000, 8
"""Reading a file may take BASE bytes and MULTIPLE times its size: half floats as double take 4."""
OBJECT, CALL = 16_384, 1024
"""Bytes that a layer or a weight counts beside its numbers, and a call: they take time too."""


class OverBudgetError(ValueError):
    """A file asks for more than its budget: BASE bytes and `multiple` times its size."""

    multiple = MULTIPLE


class Budget:
    """The bytes that are left of all, and what is done once the file is read."""

    def __init__(self, total: float, multiple: int = MULTIPLE):
        self.total, self.left, self.multiple = total, total, multiple
        self.afterwards: list[Callable[[], Any]] = []


current: ContextVar[Budget | None] = ContextVar("current", default=None)  # of a file being read


@contextmanager
def file_budget(path: Any, limited: bool = True, multiple: int = MULTIPLE) -> Iterator[Budget]:
    """Limit what is made of the file at `path`: texts of short words need a higher `multiple`.

    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile() as file, file_budget(file.name):
    ...     charge(10**8, "bias")
    Traceback (most recent call last):
    embedlab.budget.OverBudgetError: bias: 100,000,000 bytes when 64,000,000 of 64,000,000 are left
    """
    size = os.path.getsize(str(path)) if os.path.exists(str(path)) else 0
    budget = Budget(BASE + multiple * size if limited else math.inf, multiple)
    token = current.set(budget)
    try:
        yield budget
    finally:
        current.reset(token)


def charge(nbytes: int, what: str) -> None:
    """Subtract bytes from the budget, if there is one, before `what` is made of them."""
    budget = current.get() or Budget(math.inf)
    if nbytes > budget.left:
        left = f"{budget.left:,} of {budget.total:,} are left"
        error = OverBudgetError(f"{what}: {nbytes:,} bytes when {left}")
        error.multiple = budget.multiple
        raise error
    budget.left -= nbytes


def read_json(text: bytes, what: str) -> Any:
    """Return what a text in JSON says: a number takes 32 bytes, a dict with one entry 300."""
    values = sum(map(text.count, (b",", b":", b"[", b"{")))
    charge(4 * len(text) + 120 * values, f"{what} of {len(text):,} characters")
    return json.loads(text)

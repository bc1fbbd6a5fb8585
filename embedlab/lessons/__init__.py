"""Checks, misconceptions, answer cards and the set-up check: what the notebooks import.

Importing this package loads the standard library only, so that `embedlab doctor` can speak on a
machine where something is missing. The names below are fetched when they are first asked for.
"""

from embedlab import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__)

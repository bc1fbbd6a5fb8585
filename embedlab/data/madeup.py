"""A made-up language of a few dozen words."""

__all__ = ["BASE_WORDS"]

BASE_WORDS = ("the", "a", "on", "dog", "cat", "in", "of", "ran", "sat")
"""The words a view knows before the learner types: all are words of the made-up language."""

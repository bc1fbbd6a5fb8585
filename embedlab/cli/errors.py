"""The end of a command that cannot go on: one line, and no traceback."""

__all__ = ["CliError"]


class CliError(Exception):
    """A message that a command prints before it ends with exit code 1."""

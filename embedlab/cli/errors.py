"""The error that ends a command: one line, no traceback."""

__all__ = ["CliError"]


class CliError(Exception):
    """A message that a command prints before it ends with exit code 1."""

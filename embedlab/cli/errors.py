"""How a command ends when it cannot go on: one line, and no traceback."""

__all__ = ["CliError"]


class CliError(Exception):
    """What a command says before it ends with exit code 1."""

"""Errors of sharded tables. Each is one line, and travels from a worker as it is."""

__all__ = ["InconsistentTableError", "PlanError", "ShardError", "ShardLostError", "StepError"]


class PlanError(ValueError):
    """Raised when no plan fits: the message says how many bytes are missing."""


class ShardError(RuntimeError):
    """Raised for a shard that cannot do what it was asked; the base of the errors below."""


class ShardLostError(ShardError):
    """Raised when a shard does not answer: its worker ended, or the time limit passed."""


class StepError(ShardError):
    """Raised by a shard that is asked to apply a step twice, or to skip one."""


class InconsistentTableError(ShardError):
    """Raised when a step may have reached some shards only, until the table is loaded again."""

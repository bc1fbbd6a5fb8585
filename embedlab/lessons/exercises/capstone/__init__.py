"""Five broken models."""

"""Side by side with peers: one process each, taking turns. Run `python -m benchmarks`."""

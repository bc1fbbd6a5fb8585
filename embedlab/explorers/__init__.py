"""Floor 4: a trace as a live view, one file per idea. `base` and `wire` hold what all share."""

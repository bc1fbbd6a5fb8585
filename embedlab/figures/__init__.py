"""Floor 3: a trace as a matplotlib picture, one file per idea. `look` holds what all share."""

"""Level 3: a trace as a matplotlib picture, one file per idea. `theme` holds colors and shapes."""

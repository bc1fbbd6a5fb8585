"""Running and judging what learners hand in."""

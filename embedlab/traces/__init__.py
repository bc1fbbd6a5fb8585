"""Level 2: read-only records of one run. A trace calls public functions and copies results."""

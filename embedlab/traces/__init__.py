"""Floor 2: frozen records of one run. A trace calls public functions and copies their results."""

"""Level 0: arrays in, arrays out. NumPy and Numba only, no objects that own state."""

"""Several trading servers in one process."""

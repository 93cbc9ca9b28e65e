"""Proof against the outside: statements and settlement files, matches, breaks, client money."""

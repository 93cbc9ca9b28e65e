"""Statements that are made once: building one anew costs more than running it."""

from functools import lru_cache
from typing import Final

_MOST: Final = 64

kept: Final = lru_cache(_MOST)
"""Keeps what a function builds, by its arguments. Built of conditions and `bindparam`s only: who
sees everything is one condition, so that theirs is always found again; one who sees their own
clients alone brings a condition of their own, and the oldest of those is let go."""

"""Bonuses: credit a client trades for, never money until it is earned, and why each one was or was not."""

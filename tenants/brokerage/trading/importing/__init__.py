"""Accounts that are on a trading server already: looked at first, taken over after, compared at last."""

"""Coin addresses: which network an address belongs to, and whether its check digits are right."""

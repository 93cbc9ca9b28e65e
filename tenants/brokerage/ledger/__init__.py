"""Whose money is where: accounts, entries and legs that the database itself keeps balanced."""

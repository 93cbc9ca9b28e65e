"""Fees that are no deal's and still earn: of challenges, managed accounts and copied strategies."""

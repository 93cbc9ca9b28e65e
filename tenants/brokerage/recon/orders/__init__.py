"""Payouts by bank wire: ordered in files, answered by the bank, seen leaving on the statement."""

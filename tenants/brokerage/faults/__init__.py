"""Proof by breaking: real processes, seeded operations, sudden deaths, and the books afterwards."""

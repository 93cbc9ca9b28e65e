"""Tenants, their hosts, and the one door to their data."""

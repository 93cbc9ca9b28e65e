"""Engines, the two row bases and the column types both share."""

"""A tenant's provider accounts."""

"""Plans as drafts: written, tried on the last month, agreed to."""

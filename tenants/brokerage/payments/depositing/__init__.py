"""Money in: asked of providers, concluded, credited, and what fits nothing."""

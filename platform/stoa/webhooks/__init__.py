"""Public facts told to the tenant's own systems: signed, repeated until heard, never lost."""

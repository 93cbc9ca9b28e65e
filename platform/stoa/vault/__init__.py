"""Keys and secrets: a key per tenant, wrapped by one that lives outside the database."""

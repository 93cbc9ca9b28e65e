"""A trading server that speaks the MT5 Web API, for demo and tests; it knows nothing of the product."""

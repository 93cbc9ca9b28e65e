"""A stand-in for a broker's own systems, which hear what the product tells by webhook."""

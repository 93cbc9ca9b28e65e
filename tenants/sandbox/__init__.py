"""A stand-in outside world, reached only over the wire."""

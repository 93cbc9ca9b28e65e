"""What every connector to an outside system shares: the way out, its health, its breaker, proofs."""

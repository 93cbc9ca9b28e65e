"""Papers and what they prove: identity documents, their machine-readable zone, proofs of address."""

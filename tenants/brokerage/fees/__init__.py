"""What clients pay for: a versioned schedule, charges of their own in the ledger, their refunds."""

"""Which provider takes a payment: rules, the decision, its record, and how providers are doing."""

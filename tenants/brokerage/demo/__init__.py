"""The demo: two sub-brokers with a history, made by the product's own verbs on a simulated clock."""

"""Addresses that stay: one per client, coin and network; what is sent there becomes deposits."""

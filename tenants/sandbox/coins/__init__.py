"""A keeper of coin addresses that speaks a part of B2BINPAY's published API."""

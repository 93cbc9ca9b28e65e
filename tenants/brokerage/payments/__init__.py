"""Deposits and withdrawals through payment providers, and the routing between them."""

"""A broker with both providers, as in the payment tests."""

from ..payments.conftest import customer, desk, market, providers  # noqa: TID252

__all__ = ["customer", "desk", "market", "providers"]

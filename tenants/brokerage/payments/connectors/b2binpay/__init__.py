"""B2BINPAY: an address per deposit and wallet, and payouts to approved addresses."""

from brokerage.payments.connectors.b2binpay.adapter import B2BinPay
from brokerage.payments.connectors.b2binpay.settings import Settings

__all__ = ["B2BinPay", "Settings"]

"""BTCPay Server: invoices and payouts of one store over the Greenfield API."""

from brokerage.payments.connectors.btcpay.adapter import BTCPay
from brokerage.payments.connectors.btcpay.settings import Settings

__all__ = ["BTCPay", "Settings"]

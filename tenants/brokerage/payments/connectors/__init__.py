"""Every payment provider the product speaks."""

from typing import Final

from brokerage.payments.connector import PaymentConnector
from brokerage.payments.connectors.adyen import Adyen
from brokerage.payments.connectors.b2binpay import B2BinPay
from brokerage.payments.connectors.bridgerpay import BridgerPay
from brokerage.payments.connectors.btcpay import BTCPay
from brokerage.payments.connectors.flutterwave import Flutterwave
from brokerage.payments.connectors.hyperswitch import Hyperswitch
from brokerage.payments.connectors.mpesa import MPesa
from brokerage.payments.connectors.nowpayments import NOWPayments
from brokerage.payments.connectors.pawapay import PawaPay
from brokerage.payments.connectors.paypal import PayPal
from brokerage.payments.connectors.paystack import Paystack
from brokerage.payments.connectors.praxis import Praxis
from brokerage.payments.connectors.qr import Pix, VietQR
from brokerage.payments.connectors.stripe import Stripe
from brokerage.payments.connectors.wire import Wire
from stoa.kernel.refusals import NotFound

ALL: Final[tuple[type[PaymentConnector], ...]] = (
    Stripe,
    Adyen,
    PayPal,
    Praxis,
    BridgerPay,
    Hyperswitch,
    B2BinPay,
    BTCPay,
    NOWPayments,
    MPesa,
    Paystack,
    Flutterwave,
    PawaPay,
    Pix,
    VietQR,
    Wire,
)


def named(code: str) -> type[PaymentConnector]:
    """Raises NotFound for a code no connector has."""
    for connector in ALL:
        if connector.code == code:
            return connector
    raise NotFound("There is no such payment provider.")

"""Every payment provider the product speaks."""

from typing import Final

from brokerage.payments.connector import PaymentConnector
from brokerage.payments.connectors.adyen import Adyen
from brokerage.payments.connectors.hyperswitch import Hyperswitch
from brokerage.payments.connectors.paypal import PayPal
from brokerage.payments.connectors.stripe import Stripe
from stoa.kernel.refusals import NotFound

ALL: Final[tuple[type[PaymentConnector], ...]] = (
    Stripe,
    Adyen,
    PayPal,
    Hyperswitch,
)


def named(code: str) -> type[PaymentConnector]:
    """Raises NotFound for a code no connector has."""
    for connector in ALL:
        if connector.code == code:
            return connector
    raise NotFound("There is no such payment provider.")

"""What PayPal is sent, and what its answers and errors say. Pure."""

from datetime import timedelta
from typing import Final

from brokerage.payments.connector import Asked, Hosted, Order, Payout, ToWallet
from brokerage.payments.connectors.paypal import shapes
from stoa.connectors.loose import rows, text
from stoa.connectors.outcomes import technical
from stoa.connectors.rest import Fault, Said
from stoa.kernel.money import Money
from stoa.kernel.refusals import Unavailable

THREE_HOURS_S: Final = 3 * 3600
DUPLICATE: Final = "USER_BUSINESS_ERROR"


def order(order: Order, brand: str) -> Said:
    """Raises Invalid for an amount PayPal cannot take."""
    unit: Said = {
        "reference_id": order.reference,
        "custom_id": str(order.id),
        "invoice_id": f"{order.reference}-{order.id.hex[-8:]}",
        "description": order.description[:127],
        "amount": amount(order.money),
    }
    context = {
        "return_url": order.return_url,
        "cancel_url": order.cancel_url,
        "user_action": "PAY_NOW",
        "shipping_preference": "NO_SHIPPING",
    }
    if brand:
        context["brand_name"] = brand
    wallet: Said = {"experience_context": context}
    if order.payer.email:
        wallet["email_address"] = order.payer.email
    return {
        "intent": "CAPTURE",
        "purchase_units": [unit],
        "payment_source": {"paypal": wallet},
    }


def amount(money: Money) -> Said:
    """Raises Invalid for an amount PayPal cannot take."""
    return {"currency_code": money.currency, "value": shapes.DIGITS.major(money)}


def batch(payout: Payout, to: ToWallet, value: str) -> Said:
    item = {
        "recipient_type": "EMAIL" if "@" in to.account else "PAYPAL_ID",
        "amount": {"value": value, "currency": payout.money.currency},
        "receiver": to.account,
        "note": f"{payout.reference} {payout.description}"[:400],
        "sender_item_id": str(payout.id),
    }
    head = {"sender_batch_id": str(payout.id), "email_subject": payout.description[:255]}
    return {"sender_batch_header": head, "items": [item]}


def page(said: Said, order: Order) -> Asked:
    links = rows(said.get("links"))
    urls = [text(one.get("href")) for one in links if one.get("rel") in {"payer-action", "approve"}]
    reference = text(said.get("id"))
    if not urls or not urls[0] or not reference:
        return technical("no-page", "the provider gave no page to pay on")
    latest = order.created + timedelta(seconds=THREE_HOURS_S)
    return Hosted(reference, urls[0], min(order.expires, latest))


def token(said: Said) -> tuple[str, int]:
    held, life = said.get("access_token"), said.get("expires_in")
    if not isinstance(held, str) or not held or not isinstance(life, int):
        raise Unavailable("PayPal gave no access token.", code="no-token")
    return held, life


def fault(said: Said) -> Fault:
    """The issue where one is told: the name alone says little."""
    details = rows(said.get("details"))
    issue = text(details[0].get("issue")) if details else ""
    name = text(said.get("name") or said.get("error"))
    told = name if name in shapes.TECHNICAL or name == DUPLICATE else issue or name
    return told, text(said.get("message") or said.get("error_description"))

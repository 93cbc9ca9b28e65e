"""BTCPay's top-up invoices: an invoice without an amount, whose address takes every payment."""

from typing import Final

import msgspec

from brokerage.payments.amounts import of_major
from brokerage.payments.receiving.port import Arrival, Place, Wanted
from brokerage.payments.source.port import Transfer
from brokerage.payments.values import State
from stoa.connectors import loose
from stoa.connectors.loose import rows, text
from stoa.connectors.outcomes import Refused, technical
from stoa.connectors.rest import Said

NETWORKS: Final = {"BTC": "bitcoin", "LTC": "litecoin"}
NEEDED: Final = {"HighSpeed": 0, "MediumSpeed": 1, "LowMediumSpeed": 2, "LowSpeed": 6}
_STATES: Final = {"Settled": State.SUCCEEDED, "Invalid": State.FAILED}
MINUTES: Final = 365 * 24 * 60


def invoice_of(wanted: Wanted, speed: str) -> Said:
    """No amount: whatever comes is what was meant."""
    return {
        "currency": wanted.coin.asset,
        "metadata": {"orderId": wanted.reference, "id": str(wanted.id)},
        "checkout": {
            "speedPolicy": speed,
            "expirationMinutes": MINUTES,
            "monitoringMinutes": MINUTES,
            "paymentMethods": [f"{wanted.coin.asset}-CHAIN"],
        },
    }


def told_of(invoice: Said) -> Place | Refused:
    """The invoice; its address is told with its payment methods."""
    reference = text(invoice.get("id"))
    if not reference:
        return technical("no-address", "the server gave no address to pay to")
    ends = loose.unix(invoice.get("expirationTime"))
    return Place(reference=reference, address="", ends=ends)


def place_of(invoice: Place, methods: list[Said], asset: str) -> Place | Refused:
    address = text(_chain(methods, asset).get("destination"))
    if not address:
        return technical("no-address", "the server gave no address to pay to")
    return msgspec.structs.replace(invoice, address=address)


def arrivals_of(methods: list[Said], asset: str, speed: str) -> list[Arrival]:
    return [_arrival(one, asset, speed) for one in rows(_chain(methods, asset).get("payments"))]


def transfers_of(methods: list[Said]) -> list[Transfer]:
    """By what an invoice was paid, in whatever coins."""
    return [
        Transfer(
            hash=_hash(text(one.get("id"))),
            address=text(one.get("destination")) or text(way.get("destination")),
            asset=text(way.get("currency")) or text(way.get("paymentMethodId")).partition("-")[0],
        )
        for way in methods
        for one in rows(way.get("payments"))
        if text(one.get("id"))
    ]


def _hash(transfer: str) -> str:
    """A payment's id is its transaction and the number of its output."""
    return transfer.rpartition("-")[0] or transfer


def _chain(methods: list[Said], asset: str) -> Said:
    wanted = f"{asset}-CHAIN"
    return next((one for one in methods if text(one.get("paymentMethodId")) == wanted), {})


def _arrival(one: Said, asset: str, speed: str) -> Arrival:
    raw, transfer = text(one.get("status")), text(one.get("id"))
    return Arrival(
        transfer=transfer,
        state=_STATES.get(raw, State.PENDING),
        raw=raw,
        money=of_major(one.get("value"), asset),
        needed=NEEDED.get(speed),
        hash=_hash(transfer),
    )


__all__ = ["NETWORKS", "arrivals_of", "invoice_of", "place_of", "transfers_of"]

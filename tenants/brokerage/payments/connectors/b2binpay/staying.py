"""B2BINPAY's deposits without an amount: an address that stays, each transfer told by itself."""

from typing import Any, Final

from brokerage.payments.amounts import of_major
from brokerage.payments.connectors.b2binpay import shapes
from brokerage.payments.receiving.port import Arrival, Coin, Place, Wanted
from brokerage.payments.source.port import Transfer
from stoa.connectors.loose import mapping, rows, text, whole
from stoa.connectors.outcomes import Refused, technical
from stoa.connectors.rest import Said
from stoa.kernel.money import Money

MOST_PAGES: Final = 50
DEPOSITS_OP: Final = "1"


def coins_of(wallets: dict[str, str], networks: tuple[str, ...]) -> tuple[Coin, ...]:
    """Coins whose network the settings name; `BTC=bitcoin`."""
    named = (one.replace(":", "=").partition("=") for one in networks)
    told = {asset.strip().upper(): network.strip().lower() for asset, _, network in named}
    return tuple(Coin(asset, told[asset]) for asset in sorted(wallets) if asset in told)


def body_of(wanted: Wanted, wallet: str, coin: str, callback: str, confirmations: int) -> Said:
    told: Said = {
        "label": wanted.reference,
        "tracking_id": str(wanted.id),
        "callback_url": callback,
    }
    if confirmations:
        told["confirmations_needed"] = confirmations
    return shapes.document_of("deposit", told, wallet, coin)


def place_of(said: Said) -> Place | Refused:
    one = mapping(said.get("data"))
    told, reference = mapping(one.get("attributes")), text(one.get("id"))
    address = text(told.get("address"))
    if not reference or not address:
        return technical("no-address", "the provider gave no address to pay to")
    return Place(
        reference=reference,
        address=address,
        memo=text(mapping(told.get("destination")).get("tag")),
    )


def query_of(reference: str, page: int) -> dict[str, str | int]:
    asked: dict[str, str | int] = {
        "filter[op_type]": DEPOSITS_OP,
        "filter[op_id]": reference,
    }
    return asked | ({"page[number]": page} if page > 1 else {})


def pages_of(said: Said) -> int:
    """How many pages the list has; one where it does not say."""
    pages = whole(mapping(mapping(said.get("meta")).get("pagination")).get("pages"))
    return min(max(pages or 1, 1), MOST_PAGES)


def arrivals_of(said: Said, asset: str, needed: int) -> list[Arrival]:
    found = [_arrival(one, asset, needed) for one in rows(said.get("data"))]
    return [one for one in found if one.transfer]


def _arrival(one: Said, asset: str, needed: int) -> Arrival:
    told: dict[str, Any] = mapping(one.get("attributes"))
    status = told.get("status")
    return Arrival(
        transfer=text(one.get("id")),
        state=shapes.moved_of(status),
        raw=f"transfer.{status}",
        money=of_major(told.get("amount"), asset),
        confirmations=whole(told.get("confirmations")),
        needed=needed or None,
        hash=text(told.get("txid")),
    )


def transfers_of(deposit: Said, moved: Said, asset: str, network: str) -> list[Transfer]:
    """By what a deposit was paid, where its address is known."""
    address = text(mapping(mapping(deposit.get("data")).get("attributes")).get("address"))
    found = [text(mapping(one.get("attributes")).get("txid")) for one in rows(moved.get("data"))]
    return [
        Transfer(hash=one, address=address, asset=asset, network=network)
        for one in found
        if one and address
    ]


def balances_of(said: Said, wallets: dict[str, str], field: str) -> list[Money]:
    """What is confirmed in each wallet of the settings; one that does not tell is left out."""
    by_id = {text(one.get("id")): mapping(one.get("attributes")) for one in rows(said.get("data"))}
    told = (of_major(by_id.get(key, {}).get(field), code) for code, key in sorted(wallets.items()))
    return [one for one in told if one is not None]

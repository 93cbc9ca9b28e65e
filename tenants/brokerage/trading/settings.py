"""What a tenant decides about trading: servers, groups, products."""

from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from brokerage.payments.written import Amount
from brokerage.trading.symbols import Symbols

Code = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{0,38}$")]
Kind = Literal["live", "demo"]


class When(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A structured condition; what is left out fits everything."""

    pack: tuple[str, ...] = ()
    currency: tuple[str, ...] = ()

    def fits(self, *, pack: str, currency: str) -> bool:
        return (not self.pack or pack in self.pack) and (
            not self.currency or currency in self.currency
        )


class GroupRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    group: Annotated[str, Meta(min_length=1, max_length=80)]
    when: When = When()


class Server(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A trading server; `settings` is the connector's own type, secrets by name in the vault."""

    code: Code
    connector: str = "mt5-webapi"
    kind: Kind
    label: str
    groups: tuple[GroupRule, ...]
    settings: dict[str, Any] = {}


class TradingProduct(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a client can open: a kind of account on a server."""

    code: Code
    label: str
    about: str = ""
    kind: Kind
    server: Code
    currencies: tuple[str, ...] = ("USD", "EUR")
    leverages: tuple[int, ...] = (30, 20, 10, 5)
    opens_itself: bool = False
    """Opened by rule as soon as verification allows."""
    demo_balance: Annotated[int, Meta(ge=0, le=10_000_000)] = 10_000


Payer = Literal["house", "client"]


class Negative(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who bears a loss beyond an account's balance; `packs` says it for a jurisdiction's clients."""

    cover: Payer = "house"
    packs: dict[str, Payer] = {}
    alone: Amount = Amount(amount=Decimal(1_000), currency="USD")
    """Up to so much goes by itself; above it a person decides."""

    def payer(self, pack: str) -> Payer:
        return self.packs.get(pack, self.cover)


class TradingSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    servers: tuple[Server, ...] = ()
    products: tuple[TradingProduct, ...] = ()
    symbols: Symbols = Symbols()
    negative: Negative = Negative()
    most_accounts: Annotated[int, Meta(ge=1, le=100)] = 10

    def __post_init__(self) -> None:
        known = {server.code for server in self.servers}
        for product in self.products:
            if product.server not in known:
                raise ValueError(f"product {product.code} names no known server")

    def server(self, code: str) -> Server | None:
        return next((one for one in self.servers if one.code == code), None)

    def product(self, code: str) -> TradingProduct | None:
        return next((one for one in self.products if one.code == code), None)

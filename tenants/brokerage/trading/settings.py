"""What a tenant decides about trading: servers, groups, products."""

from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from brokerage.payments.written import Amount
from brokerage.trading.lifecycle.settings import Dormancy, Moving, Requests, SwapFree
from brokerage.trading.symbols import AssetClass, Symbols
from stoa.kernel.refusals import Unfit

Code = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{0,38}$")]
Kind = Literal["live", "demo"]


class When(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A structured condition; what is left out fits everything."""

    entity: tuple[str, ...] = ()
    pack: tuple[str, ...] = ()
    product: tuple[str, ...] = ()
    currency: tuple[str, ...] = ()

    def fits(self, *, pack: str, currency: str, product: str = "", entity: str = "") -> bool:
        return all(
            not wanted or is_ in wanted
            for wanted, is_ in (
                (self.entity, entity),
                (self.pack, pack),
                (self.product, product),
                (self.currency, currency),
            )
        )


GroupName = Annotated[str, Meta(min_length=1, max_length=80)]


class GroupRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A group of the server and whom it is for. `book` says whether the house hedges what is traded
    there (A) or bears it (B); `swap_free` is the group of the same accounts without swaps.
    """

    group: GroupName
    when: When = When()
    book: Literal["A", "B"] = "B"
    swap_free: GroupName | None = None


class Server(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A trading server; `settings` is the connector's own type, secrets by name in the vault.

    `paused` says why it is left alone: nothing is asked of it, and what is to be sent there waits.
    """

    code: Code
    connector: str = "mt5-webapi"
    kind: Kind
    label: str
    groups: tuple[GroupRule, ...]
    settings: dict[str, Any] = {}
    paused: Annotated[str, Meta(max_length=200)] = ""


Availability = Literal["disabled", "staff-only", "hidden", "enabled", "default"]
Right = Literal["deposit", "withdrawal", "transfer", "payout"]
RIGHTS: tuple[Right, ...] = ("deposit", "withdrawal", "transfer", "payout")


class TradingProduct(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a client can open: a kind of account on a server.

    `availability`: nobody opens it, staff alone, whoever knows its address, everybody, or everybody
    and it is chosen beforehand. `packs` are the jurisdictions it is for, all where none is named.
    `classes` are what it trades, all where none is named; its leverage is capped by the highest of
    their caps. `rights` are the money operations its accounts take part in.
    """

    code: Code
    label: str
    about: str = ""
    kind: Kind
    server: Code
    currencies: tuple[str, ...] = ("USD", "EUR")
    leverages: tuple[int, ...] = (30, 20, 10, 5)
    availability: Availability = "enabled"
    packs: tuple[str, ...] = ()
    style: Literal["hedging", "netting"] = "hedging"
    classes: tuple[AssetClass, ...] = ()
    rights: tuple[Right, ...] = RIGHTS
    spread: str = ""
    commission: str = ""
    """Told to clients who compare, in words such as "from 0.8 pips"."""
    least: Amount | None = None
    """A first deposit that is advised, shown and not enforced."""
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
    requests: Requests = Requests()
    swap_free: SwapFree = SwapFree()
    dormancy: Dormancy = Dormancy()
    moving: Moving = Moving()
    most_accounts: Annotated[int, Meta(ge=1, le=100)] = 10
    unknown_tell_min: Annotated[int, Meta(ge=5, le=1_440)] = 15
    """When people are told of money of which a server does not say what became of it."""

    def __post_init__(self) -> None:
        known = {server.code for server in self.servers}
        for product in self.products:
            if product.server not in known:
                raise Unfit("product {code} names no known server", code=product.code)
        chosen = [one.code for one in self.products if one.availability == "default"]
        if len(chosen) > 1:
            raise Unfit(
                "products: only one is the default, not {these}", these=" and ".join(chosen)
            )

    @property
    def product_labels(self) -> dict[str, str]:
        """What each account type is called, by its code."""
        return {one.code: one.label for one in self.products}

    def offered(self, pack: str, *, staff: bool = False) -> tuple[TradingProduct, ...]:
        """What can be opened in a jurisdiction, by its owner or by staff, in the settings' order."""
        closed = {"disabled"} if staff else {"disabled", "staff-only"}
        return tuple(
            one
            for one in self.products
            if one.availability not in closed and (not one.packs or pack in one.packs)
        )

    def rule_of(self, server: str, group: str) -> GroupRule | None:
        """The rule of a server's group, or of the group whose swap-free one it is."""
        found = self.server(server)
        rules = found.groups if found is not None else ()
        return next((one for one in rules if group in {one.group, one.swap_free}), None)

    def server(self, code: str) -> Server | None:
        return next((one for one in self.servers if one.code == code), None)

    def product(self, code: str) -> TradingProduct | None:
        return next((one for one in self.products if one.code == code), None)

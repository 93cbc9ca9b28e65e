"""What a broker decides about risk: books, entities, limits, signs, who is told and when."""

from decimal import Decimal
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from stoa.kernel.refusals import Unfit

Code = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{0,38}$")]
Name = Annotated[str, Meta(min_length=1, max_length=60)]
Percent = Annotated[int, Meta(ge=1, le=100)]
Level = Literal["notice", "warning", "critical"]
By = Literal[
    "symbol", "underlying", "family", "book", "entity", "server", "group", "desk", "provider", "all"
]
Measure = Literal["net-lots", "net-notional", "clients-profit"]
Tier = Literal["client", "group", "desk", "broker"]
_TAKEN: Final = frozenset({"client-limit", "hedge-limit", "by-hand"})
_ONE_INSTRUMENT: Final = frozenset({"symbol"})


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    pass


class Where(_Part, frozen=True, forbid_unknown_fields=True, kw_only=True):
    r"""`name` for accounts whose server and group fit; patterns as `real\raw*`, none fits all."""

    name: Name
    servers: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


class StopOut(_Part, frozen=True, forbid_unknown_fields=True, kw_only=True):
    groups: tuple[str, ...]
    percent: Annotated[int, Meta(ge=0, le=500)]


class Limit(_Part, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A bound on one measure of one part of the book; it clears below `clears_percent` of it."""

    code: Code
    by: By
    measure: Measure = "net-notional"
    most: Decimal
    only: tuple[str, ...] = ()
    """Patterns of what it holds for: `XAU*`, `metals`, `A`. None holds for all, each by itself."""
    book: str = ""
    level: Level = "warning"
    clears_percent: Percent = 90
    escalate_minutes: Annotated[int, Meta(ge=1, le=10_000)] = 15

    def __post_init__(self) -> None:
        if not self.most.is_finite() or self.most <= 0:
            raise Unfit("limit {code}: `most` is more than zero", code=self.code)
        if self.measure == "net-lots" and self.by not in _ONE_INSTRUMENT:
            raise Unfit("limit {code}: lots of different instruments do not add up", code=self.code)


class ClientLimit(_Part, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How much one client may hold open, in the house's currency, netted by symbol. The nearest
    tier that says something decides: client, then group, desk, broker.
    """

    tier: Tier
    only: str = ""
    """A client's reference, a pattern of groups, a desk's name; empty for the broker's."""
    most: Decimal

    def __post_init__(self) -> None:
        if not self.most.is_finite() or self.most <= 0:
            raise Unfit("a client's limit is more than zero")
        if (self.tier == "broker") == bool(self.only):
            raise Unfit("say whom a client's limit is for; the broker's is for everyone")


class Signs(_Part, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What one account does that a dealer wants to know. 0 switches a sign off."""

    window_h: Annotated[int, Meta(ge=1, le=168)] = 24
    profit: Decimal = Decimal(10_000)
    """Result of the window with what is open, in the house's currency."""
    doubled_percent: Annotated[int, Meta(ge=0, le=10_000)] = 100
    """Result of the window in percent of the equity it began with."""
    large_notional: Decimal = Decimal(2_000_000)
    trades: Annotated[int, Meta(ge=0, le=100_000)] = 200
    trades_minutes: Annotated[int, Meta(ge=1, le=1440)] = 60
    scalp_s: Annotated[int, Meta(ge=1, le=3600)] = 60
    scalps: Annotated[int, Meta(ge=0, le=100_000)] = 30
    scalp_percent: Percent = 60
    together_s: Annotated[int, Meta(ge=1, le=600)] = 3
    together: Annotated[int, Meta(ge=0, le=1000)] = 10
    """So many trades of two clients in one symbol, side and moment are shown as connected."""
    escalate_minutes: Annotated[int, Meta(ge=1, le=10_000)] = 60

    def __post_init__(self) -> None:
        for value in (self.profit, self.large_notional):
            if not value.is_finite() or value < 0:
                raise Unfit("a sign's amount is zero or more")


class RiskSettings(_Part, frozen=True, forbid_unknown_fields=True, kw_only=True):
    book: Name = "B"
    """The book of accounts that no line of `books` names."""
    books: tuple[Where, ...] = (Where(name="A", groups=("*raw*",)),)
    entities: tuple[Where, ...] = ()
    limits: tuple[Limit, ...] = (
        Limit(code="symbol-net", by="symbol", most=Decimal(5_000_000), level="warning"),
        Limit(code="book-net", by="book", only=("B",), most=Decimal(20_000_000), level="critical"),
        Limit(code="provider-net", by="provider", most=Decimal(2_000_000), level="warning"),
    )
    clients: tuple[ClientLimit, ...] = (ClientLimit(tier="broker", most=Decimal(3_000_000)),)
    signs: Signs = Signs()
    stop_out: Annotated[int, Meta(ge=0, le=500)] = 50
    """The margin level, in percent, at which a server closes positions, unless `stop_outs` says."""
    stop_outs: tuple[StopOut, ...] = ()
    near: Annotated[int, Meta(ge=1, le=500)] = 50
    """An account is watched from so many points above its stop-out."""
    stale_s: Annotated[int, Meta(ge=5, le=3600)] = 60
    follower_mark: Annotated[str, Meta(max_length=20)] = ""
    """How deals of a copy engine begin their comment, before the provider's login: `copy:`."""
    hedged_book: Name = "A"
    """The book that is passed on to liquidity providers."""
    hedge_most: Decimal = Decimal(500_000)
    """So much of a symbol may stay uncovered, in the house's currency; 0 asks nothing."""
    keep_days: Annotated[int, Meta(ge=1, le=400)] = 60

    def __post_init__(self) -> None:
        codes = [one.code for one in self.limits]
        if len(set(codes)) != len(codes):
            raise Unfit("two limits share a code")
        if _TAKEN & set(codes):
            raise Unfit("limits are not called {these}", these=", ".join(sorted(_TAKEN)))
        if not self.hedge_most.is_finite() or self.hedge_most < 0:
            raise Unfit("hedge_most is zero or more")

"""What a tenant may tune about wallets, exchange, transfers between clients and adjustments."""

from decimal import Decimal
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from stoa.kernel import currencies
from stoa.kernel.refusals import Unfit

Bps = Annotated[int, Meta(ge=0, le=2_000)]
PairCode = Annotated[str, Meta(pattern=r"^[A-Z]{3,5}/[A-Z]{3,5}$")]


def _pair(code: str) -> None:
    base, _, quote = code.partition("/")
    if base == quote or not (currencies.known(base) and currencies.known(quote)):
        raise Unfit("{code} is not a pair of two known currencies", code=code)


def _not_negative(*amounts: Decimal) -> None:
    for amount in amounts:
        if not amount.is_finite() or amount < 0:
            raise Unfit("an amount here is zero or more")


class ManualRate(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One unit of the first currency in the second: `EUR/USD` at 1.0850."""

    pair: PairCode
    rate: Decimal

    def __post_init__(self) -> None:
        _pair(self.pair)
        if not self.rate.is_finite() or not Decimal("1e-9") <= self.rate <= Decimal("1e9"):
            raise Unfit("the rate of {pair} is not possible", pair=self.pair)


class PairMargin(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A margin of its own for one pair, whichever way it is exchanged."""

    pair: PairCode
    margin_bps: Bps

    def __post_init__(self) -> None:
        _pair(self.pair)


class Exchange(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Exchange between a client's own wallets. `least` is in the base currency."""

    on: bool = True
    margin_bps: Bps = 50
    pairs: tuple[PairMargin, ...] = ()
    quote_s: Annotated[int, Meta(ge=5, le=300)] = 30
    least: Decimal = Decimal(1)

    def __post_init__(self) -> None:
        _not_negative(self.least)

    def margin(self, sell: str, buy: str) -> int:
        named = {f"{sell}/{buy}", f"{buy}/{sell}"}
        return next((one.margin_bps for one in self.pairs if one.pair in named), self.margin_bps)


class Transfers(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Transfers between clients' wallets. Limits are in the base currency; 0 is no limit."""

    on: bool = False
    most: Decimal = Decimal(10_000)
    most_per_day: Decimal = Decimal(25_000)

    def __post_init__(self) -> None:
        _not_negative(self.most, self.most_per_day)


class Adjustments(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Manual credits and debits. `most_per_day` is one person's, in the base currency."""

    most_per_day: Decimal = Decimal(50_000)
    least_reason: Annotated[int, Meta(ge=5, le=200)] = 10

    def __post_init__(self) -> None:
        _not_negative(self.most_per_day)


def _start() -> tuple[ManualRate, ...]:
    figures: dict[str, str] = {
        "EUR/USD": "1.0850",
        "GBP/USD": "1.2710",
        "AUD/USD": "0.6560",
        "NZD/USD": "0.6040",
        "USD/JPY": "151.25",
        "USD/CHF": "0.8850",
        "USD/CAD": "1.3620",
        "USD/AED": "3.6725",
        "USD/ZAR": "18.60",
        "BTC/USD": "64250",
        "ETH/USD": "3280",
        "USDT/USD": "1",
        "USDC/USD": "1",
    }
    return tuple(ManualRate(pair=pair, rate=Decimal(rate)) for pair, rate in figures.items())


class LedgerSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Money of clients. `currencies` left empty are the tenant's; `rates` serve until a trading
    server's prices are read, and for pairs it does not quote.
    """

    currencies: tuple[str, ...] = ()
    exchange: Exchange = Exchange()
    transfers: Transfers = Transfers()
    adjustments: Adjustments = Adjustments()
    rates: tuple[ManualRate, ...] = _start()
    rates_stale_s: Annotated[int, Meta(ge=60, le=86_400)] = 900
    rates_jump_percent: Annotated[int, Meta(ge=1, le=100)] = 10

    def __post_init__(self) -> None:
        for code in self.currencies:
            if not currencies.known(code):
                raise Unfit("the currency {code} is not known", code=code)
        pairs = [one.pair for one in self.rates]
        if len(set(pairs)) != len(pairs):
            raise Unfit("a pair has two rates")

    def offered(self, tenant: Any) -> tuple[str, ...]:
        """Currencies a wallet may be in; `tenant` are the tenant's facts."""
        found: tuple[str, ...] = self.currencies or tenant.currencies
        return found if tenant.base_currency in found else (tenant.base_currency, *found)

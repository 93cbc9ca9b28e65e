"""What the book is named and valued by: servers, their symbols, stored rates, as of one moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

from sqlalchemy import select

from brokerage.ledger import rates as fx
from brokerage.ledger.fx import FxRate
from brokerage.risk import names
from brokerage.risk.names import Name
from brokerage.risk.settings import RiskSettings
from brokerage.trading import groups
from brokerage.trading.model import TradingServer
from brokerage.trading.settings import TradingSettings
from stoa.kernel.money import EXACT
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work

_RATE_DIGITS: Final = Decimal("0.00000001")


@dataclass(frozen=True, slots=True)
class ServerState:
    """What is known of a server's freshness; `stale` when it fails or was silent too long."""

    code: str
    state: str
    ok_at: datetime | None
    stale: bool


@dataclass(frozen=True)
class Ground:
    """What positions are named and valued by, as of one moment."""

    now: datetime
    house: str
    settings: RiskSettings
    servers: Sequence[ServerState]
    names: Mapping[tuple[str, str], Name]
    sizes: Mapping[str, Decimal]
    """Units of one lot of each name, by the symbol map or the largest listed: so lots add up."""
    stops: Mapping[tuple[str, str], Decimal]
    """Stop-out levels as servers told them, by server and lower-cased group."""
    rates: fx.Rates
    currencies: Sequence[str]
    own: Sequence[str]
    entity: str

    @cached_property
    def fresh_from(self) -> datetime:
        return self.now - timedelta(seconds=self.settings.stale_s)

    @property
    def failing(self) -> list[ServerState]:
        return [one for one in self.servers if one.stale]

    def rate(self, currency: str) -> Decimal | None:
        """One unit in the house's currency at the stored rate, or None where there is none."""
        if not currency or not self.rates.knows(currency, self.house):
            return None
        return EXACT.plus(self.rates.rate(currency, self.house))

    def used(self) -> list[list[Any]]:
        """The stored rates behind the values: currency, rate, source, when it was read."""
        found: list[list[Any]] = []
        for code in sorted({one.quote for one in self.names.values()} | set(self.own)):
            if code and code != self.house and self.rates.knows(code, self.house):
                via = self.rates.via(code, self.house)
                found.append([code, via.rate.quantize(_RATE_DIGITS), via.source, via.at])
        return found


async def read(work: Work) -> Ground:
    settings, symbols = work.settings(RiskSettings), work.settings(TradingSettings).symbols
    rows = await work.rows(select(TradingServer).order_by(TradingServer.code).limit(100))
    prices = await work.rows(select(FxRate))
    late = work.now - timedelta(seconds=settings.stale_s)
    found: dict[tuple[str, str], Name] = {}
    sizes: dict[str, Decimal] = {}
    for row in rows:
        for listed in row.symbols:
            raw = str(listed.get("symbol", ""))
            one, known = names.of(symbols, raw, listed)
            found[row.code, raw] = one
            size = Decimal(str(listed.get("contract_size") or 0))
            if known.known:
                size = known.contract_size
            sizes[one.name] = max(size, sizes.get(one.name, Decimal(0)))
    facts = work.settings(TenantFacts)
    return Ground(
        now=work.now,
        house=facts.base_currency,
        settings=settings,
        servers=[
            ServerState(
                row.code,
                row.state,
                row.ok_at,
                row.state == "failing" or row.ok_at is None or row.ok_at < late,
            )
            for row in rows
        ],
        names=found,
        sizes={name: size for name, size in sizes.items() if size > 0},
        stops={
            (row.code, name): one.stop
            for row in rows
            for name, one in groups.read(row.groups).items()
            if one.stop > 0
        },
        rates=fx.Rates(prices),
        currencies=sorted({row.base for row in prices} | {row.quote for row in prices}),
        own=facts.currencies,
        entity=facts.legal_entity or facts.name,
    )

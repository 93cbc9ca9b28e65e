"""Who earns what: clients, partners and books over a period, with and without rewards and bonuses.

The house's result of a client is what the client lost by trading. With rewards and bonuses it is
less by what partners earned on those deals and by bonuses that became money. Everything is in the
house's currency at the rates stored now; what has no rate is counted and named.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Text, cast, func, literal, null, select, union_all

from brokerage.bonuses.model import Grant
from brokerage.clients import queries as clients
from brokerage.clients.model import Client
from brokerage.partners.model import Reward
from brokerage.risk import book
from brokerage.risk.ground import Ground
from brokerage.risk.permissions import Risk
from brokerage.trading.model import Deal, TradingAccount
from stoa.kernel.clock import business_day, day_bounds
from stoa.kernel.money import Money
from stoa.kernel.refusals import Invalid
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import tables

BYS: Final = {
    "client": N_("Client"),
    "partner": N_("Partner"),
    "book": N_("Book"),
    "symbol": N_("Symbol"),
}
_TRADES: Final = ("buy", "sell")
_MOST_DAYS: Final = 400
_FIRST_YEAR: Final = 2000


@dataclass(frozen=True, slots=True)
class Period:
    """Business days of the tenant, both included; `start` and `end` are their cut-offs."""

    first: date
    last: date
    start: datetime
    end: datetime
    zone: str


def period(work: Work, first: str, last: str) -> Period:
    """This month so far unless the address says otherwise. Raises Invalid."""
    zone = work.settings(TenantFacts).time_zone
    today = business_day(work.now, zone)
    try:
        to = min(date.fromisoformat(last), today) if last else today
        since = date.fromisoformat(first) if first else to.replace(day=1)
    except ValueError as why:
        raise Invalid("Write a date as year-month-day.", field="from") from why
    if since.year < _FIRST_YEAR:
        raise Invalid("Write a date as year-month-day.", field="from")
    if since > to:
        raise Invalid("The first day comes before the last one.", field="from")
    if (to - since).days > _MOST_DAYS:
        raise Invalid("At most {n} days at once.", field="from", n=_MOST_DAYS)
    return Period(since, to, day_bounds(since, zone)[0], day_bounds(to, zone)[1], zone)


def _parts(ground: Ground, work: Work, days: Period, key: str) -> Any:
    """One row for each thing that was earned or lost: key, day, and its amount in its own column."""
    within = clients.within(work, TradingAccount.client)
    rate = book.rate_of(ground, Deal.currency)
    zero = cast(literal(0), book.NUMBER)
    day = func.date(func.timezone(days.zone, Deal.at))
    trades = (
        select(
            _key(ground, key, Deal.client, Deal.symbol).label("key"),
            day.label("day"),
            func.count().label("deals"),
            func.coalesce(func.sum(Deal.lots_closed), 0).label("lots"),
            func.coalesce(func.sum((Deal.profit + Deal.swap + Deal.commission) * rate), 0).label(
                "result"
            ),
            zero.label("rewards"),
            zero.label("bonuses"),
            func.count().filter(rate.is_(None)).label("unpriced"),
        )
        .join(TradingAccount, TradingAccount.id == Deal.account)
        .join(Client, Client.id == Deal.client)
        .where(
            Deal.at >= days.start,
            Deal.at < days.end,
            Deal.kind.in_(_TRADES),
            TradingAccount.kind == book.LIVE,
            within,
        )
        .group_by("key", "day")
    )
    rewards = (
        select(
            _key(ground, key, Reward.client, Reward.symbol, Reward.partner).label("key"),
            func.date(func.timezone(days.zone, Reward.deal_at)).label("day"),
            cast(literal(0), book.NUMBER),
            zero,
            zero,
            func.coalesce(func.sum(Reward.amount * book.rate_of(ground, Reward.currency)), 0),
            zero,
            func.count().filter(book.rate_of(ground, Reward.currency).is_(None)),
        )
        .join(Deal, (Deal.server == Reward.server) & (Deal.number == Reward.deal))
        .join(TradingAccount, TradingAccount.id == Deal.account)
        .join(Client, Client.id == Reward.client)
        .where(Reward.deal_at >= days.start, Reward.deal_at < days.end, within)
        .group_by("key", "day")
    )
    wanted = [trades, rewards]
    if key in {"client", "partner"}:
        wanted.append(_bonuses(ground, work, days, key))
    return union_all(*wanted).subquery("parts")


def _bonuses(ground: Ground, work: Work, days: Period, key: str) -> Any:
    """Bonuses that became money. They belong to a client, and to no book and no symbol."""
    zero = cast(literal(0), book.NUMBER)
    rate = book.rate_of(ground, Grant.currency)
    return (
        select(
            _key(ground, key, Grant.client, null()).label("key"),
            func.date(func.timezone(days.zone, Grant.ended_at)).label("day"),
            cast(literal(0), book.NUMBER),
            zero,
            zero,
            zero,
            func.coalesce(func.sum(Grant.released * rate), 0),
            func.count().filter(rate.is_(None)),
        )
        .join(Client, Client.id == Grant.client)
        .where(
            Grant.state == "released",
            Grant.ended_at >= days.start,
            Grant.ended_at < days.end,
            clients.within(work, Grant.client),
        )
        .group_by("key", "day")
    )


def _key(ground: Ground, key: str, client: Any, symbol: Any, partner: Any = None) -> Any:
    match key:
        case "client":
            return cast(client, Text)
        case "partner":
            of = Client.partner if partner is None else partner
            return func.coalesce(cast(of, Text), "")
        case "book":
            return book.book_of(ground)
        case "day":
            return cast(literal("day"), Text)
        case _:
            return cast(symbol, Text)


def _summed(parts: Any, *keys: Any) -> Any:
    c = parts.c
    house = -func.sum(c.result)
    return select(
        *keys,
        func.sum(c.deals).label("deals"),
        func.sum(c.lots).label("lots"),
        func.sum(c.result).label("result"),
        func.sum(c.rewards).label("rewards"),
        func.sum(c.bonuses).label("bonuses"),
        house.label("house"),
        (house - func.sum(c.rewards) - func.sum(c.bonuses)).label("net"),
        func.sum(c.unpriced).label("unpriced"),
    ).group_by(*keys)


@dataclass(frozen=True, slots=True)
class Totals:
    """The period in one line and by day."""

    deals: int
    lots: Decimal
    result: Decimal
    rewards: Decimal
    bonuses: Decimal
    house: Decimal
    net: Decimal
    unpriced: int
    days: Sequence[str]
    without: Sequence[float]
    with_all: Sequence[float]


async def totals(work: Work, ground: Ground, days: Period) -> Totals:
    parts = _parts(ground, work, days, "client")
    rows = await work.table(_summed(parts, parts.c.day).order_by(parts.c.day))
    by_day = {row.day: row for row in rows}
    every = [days.first + timedelta(days=at) for at in range((days.last - days.first).days + 1)]

    def total(name: str) -> Decimal:
        return sum((Decimal(getattr(row, name)) for row in rows), Decimal(0))

    return Totals(
        deals=int(total("deals")),
        lots=total("lots"),
        result=total("result"),
        rewards=total("rewards"),
        bonuses=total("bonuses"),
        house=total("house"),
        net=total("net"),
        unpriced=int(total("unpriced")),
        days=[str(one) for one in every],
        without=[float(by_day[one].house) if one in by_day else 0.0 for one in every],
        with_all=[float(by_day[one].net) if one in by_day else 0.0 for one in every],
    )


def table(work: Work, ground: Ground, days: Period, by: str) -> tables.Table:
    """The list by client, partner, book or symbol, what the house earns most on first."""
    parts = _parts(ground, work, days, by)
    top = _summed(parts, parts.c.key).subquery("top")
    c, house = top.c, ground.house

    async def view(work: Any, rows: Sequence[Any]) -> list[tables.Shown]:
        from uuid import UUID

        people = [UUID(row.key) for row in rows if by in {"client", "partner"} and row.key]
        names = {str(key): name for key, name in (await clients.names(work, people)).items()}
        return [
            tables.Shown(
                key=row.key or "-",
                href=f"/desk/{by}s/{row.key}" if row.key and by in {"client", "partner"} else "",
                cells=(
                    names.get(row.key, row.key) or "–",
                    int(row.deals),
                    Decimal(row.lots).quantize(Decimal("0.01")),
                    Money(row.result, house).rounded(),
                    Money(row.house, house).rounded(),
                    Money(row.rewards, house).rounded(),
                    Money(row.bonuses, house).rounded(),
                    Money(row.net, house).rounded(),
                    int(row.unpriced) or None,
                ),
            )
            for row in rows
        ]

    return tables.Table(
        name="results",
        title=N_("Results"),
        columns=(
            tables.Column("key", BYS[by], "strong", fixed=True),
            tables.Column("deals", N_("Deals"), "num", sort=c.deals),
            tables.Column("lots", N_("Closed lots"), "num", sort=c.lots),
            tables.Column("result", N_("Clients' result"), "pnl", note=house, sort=c.result),
            tables.Column("house", N_("The house's"), "pnl", note=house, sort=c.house),
            tables.Column("rewards", N_("Partners' rewards"), "money", note=house, sort=c.rewards),
            tables.Column("bonuses", N_("Bonuses"), "money", note=house, sort=c.bonuses),
            tables.Column("net", N_("After both"), "pnl", note=house, sort=c.net),
            tables.Column("unpriced", N_("Without a rate"), "num", hidden=True),
        ),
        query=lambda _work: select(top),
        view=view,
        id=c.key,
        order="net",
        export_permission=Risk.EXPORT,
        empty_title=N_("No trades in these days"),
        empty_text=N_("Closed and opened deals of live accounts are added up here."),
        empty_icon="scale",
    )

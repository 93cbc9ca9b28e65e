"""The proof: books against banks, providers and trading servers, source by source.

For each source and currency

    books = evidence + in flight + not covered + what differs, item by item

where the books are the ledger's account, the evidence is the sum of the outside's own lines (less
what it kept as fees), in flight is what we booked after the evidence ends or lately, and not
covered is what was booked in a time no file tells of. What differs is found line by line and leg
by leg, never by subtraction; the subtraction then shows that nothing was overlooked.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import select, text

from brokerage.recon import sides
from brokerage.recon.model import BankAccount
from brokerage.recon.settings import ReconSettings
from brokerage.recon.sides import Sides
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work

MOST_ITEMS: Final = 2_000
"""Of one source; more than so many breaks are one trouble, not thousands."""

_OUTSIDE: Final = text(
    """
select source, currency, sum(amount) as total, sum(fee) as fees,
    coalesce(sum(amount - matched) filter (where open), 0) as extra,
    count(*) filter (where open) as extra_count
from outside_line group by source, currency
"""
)
_COVERED: Final = text(
    "select source, currency, max(until) as until, min(since) as since "
    "from outside_statement where kind not like 'camt.054%' group by source, currency"
)
_EXTRA: Final = text(
    """
select id, source, currency, kind, at, amount - matched as rest, matched from outside_line
where open order by at, id limit :most
"""
)
_FEES: Final = text(
    """
select f.id, f.name, o.source, o.currency, max(o.at) as at,
    sum(o.fee) + coalesce((
        select sum(-l.amount) from entry e join leg l on l.entry = e.id
        join ledger_account a on a.id = l.account and a.code = o.source
        where e.ref = f.id and e.kind = 'outside-cost' and l.currency = o.currency
            and not exists (select from entry r where r.reverses = e.id)
    ), 0) as rest
from outside_line o join outside_file f on f.id = o.file
where o.fee > 0 group by f.id, f.name, o.source, o.currency
"""
)
_PLATFORM: Final = text(
    """
select t.id, t.server, t.login, t.client, t.currency, t.balance as told, t.told_at,
    coalesce(b.balance, 0) as books, b.moved_at,
    coalesce((
        select sum(case x.direction when 'to-wallet' then -x.amount else x.amount end)
        from transfer x where x.account = t.id and x.state in ('sending') and x.cause is null
    ), 0) as flight
from trading_account t
left join ledger_account a on a.ref = t.id and a.kind = 'platform' and a.currency = t.currency
left join ledger_balance b on b.account = a.id
where t.kind = 'live' and t.login is not null
"""
)


@dataclass(slots=True)
class Item:
    """One difference as found now; `amount` is what the books have more (minus: less)."""

    key: str
    side: str
    source: str
    kind: str
    amount: Decimal
    currency: str
    at: datetime
    line: Any = None
    entry: Any = None
    account: Any = None


@dataclass(slots=True)
class Row:
    """One source in one currency, as the page shows it."""

    side: str
    source: str
    currency: str
    entity: str
    books: Decimal = Decimal(0)
    evidence: Decimal | None = None
    flight: Decimal = Decimal(0)
    uncovered: Decimal = Decimal(0)
    items: Decimal = Decimal(0)
    count: int = 0
    until: datetime | None = None
    since: datetime | None = None
    oldest: datetime | None = None
    stale: bool = True

    @property
    def overlooked(self) -> Decimal:
        """What the items do not explain: nothing, or the proof itself is wrong."""
        if self.evidence is None:
            return Decimal(0)
        return self.books - self.evidence - self.flight - self.uncovered - self.items

    def told(self) -> dict[str, Any]:
        return {
            "side": self.side,
            "source": self.source,
            "currency": self.currency,
            "entity": self.entity,
            "books": str(self.books),
            "evidence": str(self.evidence) if self.evidence is not None else None,
            "flight": str(self.flight),
            "uncovered": str(self.uncovered),
            "items": str(self.items),
            "count": self.count,
            "until": self.until.isoformat() if self.until else None,
            "since": self.since.isoformat() if self.since else None,
            "oldest": self.oldest.isoformat() if self.oldest else None,
            "stale": self.stale,
            "overlooked": str(self.overlooked),
        }


@dataclass(slots=True)
class Found:
    rows: list[Row] = field(default_factory=list[Row])
    items: list[Item] = field(default_factory=list[Item])


async def look(work: Work) -> Found:
    """Both sides of everything, now; changes nothing."""
    settings = work.settings(ReconSettings)
    entities = {row.source: row.entity for row in await work.rows(select(BankAccount))}
    found = Found()
    books = await sides.read(work, timedelta(hours=settings.late_h), MOST_ITEMS)
    rows = await _outside(work, settings, entities, books)
    found.items += await _items(work, books)
    for item in found.items:
        if item.kind == "fees":
            row = rows[(item.source, item.currency)]
            row.items += item.amount
            row.count += 1
    found.rows = [*rows.values()]
    platform, differing = await _platform(work, settings)
    found.rows += platform
    found.items += differing
    return found


def own(work: Work) -> str:
    return work.settings(TenantFacts).legal_entity or work.tenant.name


async def _outside(
    work: Work, settings: ReconSettings, entities: dict[str, str], books: Sides
) -> dict[tuple[str, str], Row]:
    stale_before = work.now - timedelta(hours=settings.stale_after_h)
    rows: dict[tuple[str, str], Row] = {}

    def row(source: str, currency: str) -> Row:
        side = "psp" if source.startswith("psp:") else "bank"
        entity = entities.get(source, own(work))
        return rows.setdefault((source, currency), Row(side, source, currency, entity))

    for one in books.totals:
        here = row(one.source, one.currency)
        here.books, here.flight, here.uncovered = one.amount, one.flight, one.uncovered
        here.oldest, here.items, here.count = one.oldest, one.missing, one.missing_count
    for one in await work.table(_COVERED):
        here = row(one.source, one.currency)
        here.until, here.since, here.evidence = one.until, one.since, Decimal(0)
        here.stale = one.until < stale_before
    for one in await work.table(_OUTSIDE):
        here = row(one.source, one.currency)
        here.evidence = one.total - one.fees
        here.items -= one.extra
        here.count += one.extra_count
    return {
        key: one
        for key, one in rows.items()
        if one.books or one.evidence is not None or one.uncovered or one.flight
    }


async def _items(work: Work, books: Sides) -> list[Item]:
    items: list[Item] = []
    for one in books.missing:
        side = "psp" if one.source.startswith("psp:") else "bank"
        kind = "amount" if one.rest != one.amount else "not-outside"
        items.append(
            Item(
                f"entry:{one.source}:{one.currency}:{one.entry}",
                side,
                one.source,
                kind,
                one.rest,
                one.currency,
                one.at,
                entry=one.entry,
            )
        )
    for one in await work.table(_EXTRA, {"most": MOST_ITEMS}):
        side = "psp" if one.source.startswith("psp:") else "bank"
        kind = "amount" if one.matched else "not-in-books"
        items.append(
            Item(
                f"line:{one.id}",
                side,
                one.source,
                kind,
                -one.rest,
                one.currency,
                one.at,
                line=one.id,
            )
        )
    for one in await work.table(_FEES):
        if one.rest:
            items.append(
                Item(
                    f"fees:{one.id}:{one.source}:{one.currency}",
                    "psp",
                    one.source,
                    "fees",
                    one.rest,
                    one.currency,
                    one.at,
                    account=one.id,
                )
            )
    return items


async def _platform(work: Work, settings: ReconSettings) -> tuple[list[Row], list[Item]]:
    """Accounts at the trading servers: what each told last, against its account in the ledger."""
    rows: dict[tuple[str, str], Row] = {}
    items: list[Item] = []
    stale_before = work.now - timedelta(hours=settings.stale_after_h)
    for one in await work.table(_PLATFORM):
        key = (one.server, one.currency)
        here = rows.setdefault(key, Row("platform", one.server, one.currency, own(work)))
        here.books += one.books
        if one.told_at is None:
            here.uncovered += one.books
            continue
        here.evidence = (here.evidence or Decimal(0)) + one.told
        here.until = one.told_at if here.until is None else min(here.until, one.told_at)
        off = one.books - one.told
        if not off:
            continue
        if one.flight or (one.moved_at is not None and one.told_at <= one.moved_at):
            here.flight += off
            here.oldest = min(filter(None, (here.oldest, one.told_at)))
            continue
        here.items += off
        here.count += 1
        items.append(
            Item(
                f"account:{one.id}",
                "platform",
                one.server,
                "balance",
                off,
                one.currency,
                one.told_at,
                account=one.id,
            )
        )
    for here in rows.values():
        here.stale = here.until is None or here.until < stale_before
    return list(rows.values()), items


def ordered(rows: Sequence[Row]) -> list[Row]:
    rank = {"bank": 0, "psp": 1, "platform": 2}
    return sorted(rows, key=lambda one: (one.currency, rank[one.side], one.source))

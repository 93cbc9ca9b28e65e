"""The daily client-money calculation: what clients are owed against what is held for them.

Owed is what the ledger says of clients' wallets, holds and trading accounts, and money in
suspense, at the end of the tenant's day. Held is what the banks' statements and the providers'
own files show for clients at that moment; where no evidence reaches that far, the books' figure
stands in and the record says since when evidence is missing. A day is calculated anew as often as
evidence comes, each time a new version; one person signs a version and another reviews it, and
neither can be changed afterwards: the tables only grow.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import Select, bindparam, func, literal, select, text, union_all

from brokerage.recon.events import DayUnsigned
from brokerage.recon.model import BankAccount, ClientMoneyDay, ClientMoneySign, Purpose
from brokerage.recon.permissions import Recon
from brokerage.recon.proving import own
from brokerage.recon.settings import ReconSettings
from stoa.identity import roles
from stoa.kernel.clock import business_day, day_bounds
from stoa.kernel.refusals import Conflict, Denied
from stoa.notices import notices
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.statements import kept
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

MOST_MISSING: Final = 31
REMIND_EVERY: Final = timedelta(minutes=30)

_OWED: Final = text(
    """
select a.currency, a.kind, sum(l.amount) as amount from leg l
join ledger_account a on a.id = l.account
where (a.owner is not null or a.kind = 'suspense') and l.posted_at < :until
group by a.currency, a.kind order by a.currency, a.kind
"""
)
_BOOKS: Final = text(
    """
select a.code, a.currency, -sum(l.amount) as amount from leg l
join ledger_account a on a.id = l.account
where a.owner is null and a.kind in ('psp', 'bank', 'payout', 'platform-clearing')
    and l.posted_at < :until
group by a.code, a.currency order by a.code, a.currency
"""
)
_EVIDENCE: Final = text(
    """
select s.source, s.currency, max(s.until) as until,
    coalesce((
        select sum(o.amount - o.fee) from outside_line o
        where o.source = s.source and o.currency = s.currency and o.at < :until
    ), 0) as total
from outside_statement s where s.kind not like 'camt.054%'
group by s.source, s.currency
"""
)
_CLOSINGS: Final = text(
    """
select distinct on (source, currency) source, currency, closing, until from outside_statement
where closing is not null and until <= cast(:until as timestamptz) + interval '1 second'
order by source, currency, until desc
"""
)


@dataclass(frozen=True, slots=True)
class Figure:
    """A part of what is owed or held: its group, name, amount and how far evidence reaches."""

    group: str
    name: str
    amount: Decimal
    until: str | None = None
    proved: bool = True

    def told(self) -> list[Any]:
        return [self.group, self.name, str(self.amount), self.until, self.proved]


async def calculate(work: Work, day: date) -> list[ClientMoneyDay]:
    """A new version of a day for each entity and currency, where anything changed since the last.

    Raises Conflict for a day that is not over.
    """
    zone = work.settings(TenantFacts).time_zone
    _, until = day_bounds(day, zone)
    if until > work.now:
        raise Conflict("This day is not over yet. Nothing was calculated.")
    figures = await _figures(work, until)
    made: list[ClientMoneyDay] = []
    for (entity, currency), parts in sorted(figures.items()):
        row = await _version(work, day, until, entity, currency, parts)
        if row is not None:
            made.append(row)
    work.announce("desk|recon")
    return made


async def _figures(work: Work, until: datetime) -> dict[tuple[str, str], list[Figure]]:
    """Everything owed and held at an instant, by entity and currency."""
    banks = {row.source: row for row in await work.rows(select(BankAccount))}
    ours = own(work)
    found: dict[tuple[str, str], list[Figure]] = {}
    for one in await work.table(_OWED, {"until": until}):
        found.setdefault((ours, one.currency), []).append(Figure("owed", one.kind, one.amount))
    evidence = {
        (one.source, one.currency): one for one in await work.table(_EVIDENCE, {"until": until})
    }
    closings = {
        (one.source, one.currency): one for one in await work.table(_CLOSINGS, {"until": until})
    }
    books = {
        (one.code, one.currency): one.amount for one in await work.table(_BOOKS, {"until": until})
    }
    for source, currency in sorted({*evidence, *books}):
        bank = banks.get(source)
        if (bank is not None and bank.purpose == Purpose.HOUSE) or source.startswith("house-bank"):
            continue
        entity = bank.entity if bank is not None else ours
        told = evidence.get((source, currency))
        closing = closings.get((source, currency))
        reach = told.until if told is not None else None
        proved = reach is not None and reach >= until
        amount = books.get((source, currency), Decimal(0))
        if proved and told is not None:
            amount = (
                closing.closing if closing is not None and closing.until >= until else told.total
            )
        found.setdefault((entity, currency), []).append(
            Figure("held", source, amount, _reach(reach, until), proved)
        )
    return {key: parts for key, parts in found.items() if any(one.amount for one in parts)}


def _reach(told: datetime | None, until: datetime) -> str | None:
    """How far evidence reaches, as far as this day is concerned."""
    return min(told, until).isoformat() if told is not None else None


async def _version(
    work: Work, day: date, until: datetime, entity: str, currency: str, parts: Sequence[Figure]
) -> ClientMoneyDay | None:
    owed = sum((one.amount for one in parts if one.group == "owed"), Decimal(0))
    held = sum((one.amount for one in parts if one.group == "held"), Decimal(0))
    told = [one.told() for one in parts]
    said = [day.isoformat(), entity, currency, _plain(owed), _plain(held), told]
    digest = hashlib.sha256(msgspec.json.encode(said)).hexdigest()
    last = await newest(work, day, entity, currency)
    if last is not None and last.hash == digest:
        return None
    row = ClientMoneyDay(
        id=work.new_id(),
        day=day,
        entity=entity,
        currency=currency,
        version=1 + (last.version if last is not None else 0),
        until=until,
        owed=owed,
        held=held,
        lines=told,
        hash=digest,
        made_at=work.now,
        made_by=work.actor.id,
    )
    work.add(row)
    await work.flush()
    return row


def _plain(amount: Decimal) -> str:
    return format(amount.normalize(), "f")


async def newest(work: Work, day: date, entity: str, currency: str) -> ClientMoneyDay | None:
    return await work.first(
        select(ClientMoneyDay)
        .where(
            ClientMoneyDay.day == day,
            ClientMoneyDay.entity == entity,
            ClientMoneyDay.currency == currency,
        )
        .order_by(ClientMoneyDay.version.desc())
    )


async def sign(work: Work, calculation: UUID, note: str = "") -> ClientMoneySign:
    """One's name under the newest version of a day. Raises Conflict for an older one."""
    work.require(Recon.SIGN)
    row = await _current(work, calculation)
    if await signs(work, row.id):
        raise Conflict("This day is signed already. Nothing was changed.")
    return await _signed(work, row, "signed", note)


async def review(work: Work, calculation: UUID, note: str = "") -> ClientMoneySign:
    """A second person's name. Raises Denied for who signed it and Conflict before it is signed."""
    work.require(Recon.REVIEW)
    row = await _current(work, calculation)
    given = await signs(work, row.id)
    if not given:
        raise Conflict("This day is not signed yet: one person signs, another reviews.")
    if len(given) > 1:
        raise Conflict("This day is reviewed already. Nothing was changed.")
    if given[0].person == work.actor.id:
        raise Denied("You signed this day: somebody else reviews it.", code="oneself")
    return await _signed(work, row, "reviewed", note)


async def _current(work: Work, calculation: UUID) -> ClientMoneyDay:
    row = await work.get(ClientMoneyDay, calculation)
    await work.run(
        text("select pg_advisory_xact_lock(hashtextextended(:key, 7))"),
        {"key": f"{work.tenant.id}|{row.day}|{row.entity}|{row.currency}"},
    )
    last = await newest(work, row.day, row.entity, row.currency)
    if last is None or last.id != row.id:
        raise Conflict("A newer calculation of this day is there. Look at it first.")
    return row


async def _signed(work: Work, row: ClientMoneyDay, role: str, note: str) -> ClientMoneySign:
    if work.actor.id is None:
        raise Denied("Only a person signs.")
    made = ClientMoneySign(
        id=work.new_id(),
        calculation=row.id,
        role=role,
        person=work.actor.id,
        at=work.now,
        hash=row.hash,
        note=note.strip()[:400] or None,
    )
    work.add(made)
    await work.flush()
    work.announce("desk|recon")
    return made


async def signs(work: Work, calculation: UUID) -> Sequence[ClientMoneySign]:
    return await work.rows(
        select(ClientMoneySign)
        .where(ClientMoneySign.calculation == calculation)
        .order_by(ClientMoneySign.at)
    )


@kept
def _unsigned() -> Select[date]:
    day = ClientMoneyDay
    latest = (
        select(day.day, day.entity, day.currency, func.max(day.version).label("version"))
        .where(day.day >= bindparam("since"))
        .group_by(day.day, day.entity, day.currency)
        .subquery()
    )
    newest = (
        (latest.c.day == day.day)
        & (latest.c.entity == day.entity)
        & (latest.c.currency == day.currency)
        & (latest.c.version == day.version)
    )
    signed = select(ClientMoneySign.id).where(ClientMoneySign.calculation == day.id).exists()
    return select(day.day).join(latest, newest).where(~signed).distinct().order_by(day.day.desc())


_CALCULATED: Final = union_all(
    select(literal(True).label("first"), func.min(ClientMoneyDay.day).label("day")),
    select(literal(False), ClientMoneyDay.day)
    .where(ClientMoneyDay.day >= bindparam("since"))
    .distinct(),
)
"""The very first day that was calculated, and those since one."""


async def unsigned(work: Work) -> list[date]:
    """Days whose newest calculation nobody signed although it was due, newest first."""
    settings = work.settings(ReconSettings)
    zone = work.settings(TenantFacts).time_zone
    today = business_day(work.now, zone)
    rows = await work.rows(_unsigned(), {"since": today - timedelta(days=MOST_MISSING)})
    due = timedelta(hours=settings.sign_by_hour)
    return [day for day in rows if day_bounds(day, zone)[1] + due < work.now]


async def missing(work: Work) -> list[date]:
    """Days since the first calculation that have none at all: the gap is an alert of its own."""
    zone = work.settings(TenantFacts).time_zone
    yesterday = business_day(work.now, zone) - timedelta(days=1)
    start = yesterday - timedelta(days=MOST_MISSING)
    found = await work.table(_CALCULATED, {"since": start})
    first = next(day for is_first, day in found if is_first)
    if first is None:
        return []
    start = max(first, start)
    known = {day for is_first, day in found if not is_first}
    days = (yesterday - start).days
    return [day for n in range(days + 1) if (day := yesterday - timedelta(days=n)) not in known]


async def remind(work: Work) -> int:
    """Tell those who sign of days that fell due since the last round; how many days."""
    zone = work.settings(TenantFacts).time_zone
    due = timedelta(hours=work.settings(ReconSettings).sign_by_hour)
    late = [
        day
        for day in await unsigned(work)
        if work.now - (day_bounds(day, zone)[1] + due) < REMIND_EVERY
    ]
    if not late:
        return 0
    work.tell(DayUnsigned(day=late[0].isoformat()))
    await notices.tell_all(
        work,
        await roles.holders(work, Recon.SIGN),
        N_("Client money of {day} is not signed"),
        path="/desk/recon/client-money",
        day=late[0].isoformat(),
    )
    return len(late)

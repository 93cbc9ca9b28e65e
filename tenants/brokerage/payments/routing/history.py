"""The past that changed rules are tried on: read in batches, with what was known of each payment."""

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from brokerage.ledger import rates
from brokerage.ledger.rates import Rates
from brokerage.payments.model import ANSWERED, CAME, Deposit, DepositState, PaymentAttempt
from brokerage.payments.psp import providers
from brokerage.payments.routing import caps, record, simulating
from brokerage.payments.routing.costs import cost_of
from brokerage.payments.routing.deciding import Ask
from brokerage.payments.routing.simulating import Facts, Past, Rate
from brokerage.payments.routing.terms import Route
from brokerage.payments.settings import PaymentsSettings
from stoa.kernel.money import Money
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work

BATCH: Final = 500
MOST: Final = 10_000
"""The newest payments that are looked at; a longer past tells nothing more of rates."""
_ENDED: Final = (DepositState.CREDITED, DepositState.REVIEW, DepositState.RETURNED)
_OPEN: Final = (DepositState.STARTING, DepositState.WAITING)


async def simulated(
    work: Work, routes: Sequence[Route], settings: PaymentsSettings, days: int
) -> dict[str, Any]:
    """What these rules would have done with the payments of the last days."""
    priced = await rates.table(work)
    known = await facts(work, settings, priced, days)
    past = [one async for one in read(work, priced, days)]
    past.sort(key=lambda one: one.at)
    found = simulating.simulate(past, routes, known)
    return simulating.told(found, known, work.tenant.base_currency) | {"days": days}


async def read(work: Work, priced: Rates, days: int) -> AsyncIterator[Past]:
    """The newest first, in batches by their ids."""
    since = work.now - timedelta(days=days)
    before: UUID | None = None
    looked = 0
    while looked < MOST:
        wanted = (
            select(
                Deposit.id,
                Deposit.reference,
                Deposit.amount,
                Deposit.currency,
                Deposit.state,
                Deposit.started_at,
                PaymentAttempt.psp,
                PaymentAttempt.decision,
                PaymentAttempt.cost,
            )
            .join(PaymentAttempt, PaymentAttempt.deposit == Deposit.id)
            .where(
                PaymentAttempt.number == 1,
                Deposit.started_at > since,
                Deposit.state.not_in(_OPEN),
            )
            .order_by(Deposit.id.desc())
            .limit(BATCH)
        )
        if before is not None:
            wanted = wanted.where(Deposit.id < before)
        rows = await work.table(wanted)
        for row in rows:
            one = _past(row, priced, work.tenant.base_currency)
            if one is not None:
                yield one
        looked += len(rows)
        if len(rows) < BATCH:
            return
        before = rows[-1].id


def _past(row: Any, priced: Rates, base: str) -> Past | None:
    """None for decisions that were stored without what they looked at, or without a rate."""
    if row.decision.get("engine") != record.ENGINE or not priced.knows(row.currency, base):
        return None
    return Past(
        id=row.id,
        reference=row.reference,
        at=row.started_at,
        ask=record.ask_of(row.decision),
        seen=record.seen_of(row.decision),
        first=row.psp,
        paid=row.state in _ENDED,
        worth=priced.convert(Money(row.amount, row.currency), base).amount,
        cost=priced.convert(Money(row.cost or Decimal(0), row.currency), base).amount,
    )


async def facts(work: Work, settings: PaymentsSettings, priced: Rates, days: int) -> Facts:
    base, zone = work.tenant.base_currency, ZoneInfo(work.settings(TenantFacts).time_zone)
    psps = {psp.code: psp for psp in settings.psps if psp.on}
    convert = caps.converter(priced)

    def cost(psp: str, one: Past) -> Decimal:
        if psp not in psps:
            return Decimal(0)
        lines = psps[psp].all_costs
        kept = cost_of(lines, one.ask.method, one.ask.money, one.ask.country, convert)
        found = convert(kept, base) if kept is not None else None
        return found.amount if found is not None else Decimal(0)

    def in_cap(one: Past, currency: str) -> Decimal | None:
        found = convert(one.ask.money, currency)
        return found.amount if found is not None else None

    def days_of(at: datetime) -> tuple[str, str]:
        local = at.astimezone(zone)
        return local.strftime("%Y-%m-%d"), local.strftime("%Y-%m")

    return Facts(
        rates=await _rates(work, days),
        caps={code: psp.all_caps for code, psp in psps.items()},
        cost=cost,
        in_cap=in_cap,
        days=days_of,
        carries=_carries(settings),
    )


def _carries(settings: PaymentsSettings) -> Callable[[str, Ask], bool]:
    able = {psp.code: providers.abilities(psp) for psp in settings.psps if psp.on}

    def carries(psp: str, ask: Ask) -> bool:
        found = able.get(psp)
        return found is not None and found.deposit(ask.method, ask.money, ask.country)

    return carries


async def _rates(work: Work, days: int) -> dict[tuple[str, str], Rate]:
    """By provider and method, of every attempt in those days."""
    rows = await work.table(
        select(
            PaymentAttempt.psp,
            Deposit.method,
            func.count().filter(PaymentAttempt.state.in_(ANSWERED)),
            func.count().filter(PaymentAttempt.state.in_(CAME)),
            func.count().filter(PaymentAttempt.technical.is_(True)),
        )
        .join(Deposit, Deposit.id == PaymentAttempt.deposit)
        .where(PaymentAttempt.asked_at > work.now - timedelta(days=days))
        .group_by(PaymentAttempt.psp, Deposit.method)
    )
    return {(row[0], row[1]): Rate(int(row[2]), int(row[3]), int(row[4])) for row in rows}


async def reality(work: Work, version: int, before: datetime | None) -> dict[str, Any]:
    """What really happened under one version of the rules, until the next one came."""
    taken = PaymentAttempt.decision["version"].as_integer() >= version
    wanted = (
        select(
            PaymentAttempt.psp,
            func.count(),
            func.count().filter(Deposit.state.in_(_ENDED)),
        )
        .join(Deposit, Deposit.id == PaymentAttempt.deposit)
        .where(PaymentAttempt.number == 1, Deposit.state.not_in(_OPEN), taken)
        .group_by(PaymentAttempt.psp)
    )
    if before is not None:
        wanted = wanted.where(PaymentAttempt.asked_at < before)
    rows = await work.table(wanted)
    looked = sum(int(row[1]) for row in rows)
    paid = sum(int(row[2]) for row in rows)
    return {
        "looked": looked,
        "approval": _percent(paid, looked),
        "psps": {
            row[0]: {"share": _percent(int(row[1]), looked), "approval": _percent(row[2], row[1])}
            for row in rows
        },
    }


def _percent(part: int, whole: int) -> str | None:
    return str((Decimal(part) * 100 / whole).quantize(Decimal("0.01"))) if whole else None

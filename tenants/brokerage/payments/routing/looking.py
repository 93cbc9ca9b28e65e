"""Gathers what a routing decision looks at, decides, and writes the record of it.

ask = await asked(work, client, id, method, money)
routed = await decide(work, ask)                 who is asked first, and the record to store
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import and_, func, select

from brokerage.clients.model import Client
from brokerage.clients.queries import Brief
from brokerage.ledger import rates
from brokerage.ledger.rates import Rates
from brokerage.payments.model import ANSWERED, CAME, Deposit, DepositState, PaymentAttempt
from brokerage.payments.psp import providers
from brokerage.payments.routing import caps, deciding, record, watching
from brokerage.payments.routing.costs import cost_of
from brokerage.payments.routing.deciding import Ask, Decision, Seen
from brokerage.payments.routing.model import ProviderState
from brokerage.payments.routing.terms import By, Route
from brokerage.payments.settings import PaymentsSettings, Psp
from brokerage.payments.values import Method
from stoa.connectors.breaker import Circuit
from stoa.kernel.money import Money
from stoa.kernel.refusals import Unavailable
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.model import Setting
from stoa.tenancy.work import Work

SLICE: Final = "payments"
_MOST_ENDED: Final = 2_000


class NoRoute(Unavailable):
    """Nobody can take this payment now; `kept` is the record of how that came about."""

    kind = "no-route"
    kept: record.Record

    @classmethod
    def of(cls, money: Money, kept: record.Record) -> "NoRoute":
        made = cls(
            "This way to pay cannot take {amount} at the moment. No money has moved. Try another "
            "way or another amount.",
            amount=money,
        )
        made.kept = kept
        return made


@dataclass(frozen=True, slots=True)
class Routed:
    """The provider that is asked first, and the record of the decision."""

    psp: str
    decision: Decision
    kept: record.Record


def rules_of(work: Work, *, payout: bool) -> tuple[Route, ...]:
    settings = work.settings(PaymentsSettings)
    return settings.payout_routes if payout else settings.routes


async def version(work: Work) -> int:
    """Of the settings that the rules in force are part of."""
    found = await work.value(select(func.max(Setting.version)).where(Setting.slice == SLICE))
    return int(found or 0)


def local_time(work: Work) -> datetime:
    return work.now.astimezone(ZoneInfo(work.settings(TenantFacts).time_zone))


async def asked(
    work: Work,
    brief: Brief,
    payment: UUID,
    method: Method,
    money: Money,
    *,
    payout: bool = False,
) -> Ask:
    """The question with everything the rules may look at, at this moment."""
    routes = rules_of(work, payout=payout)
    card: Mapping[str, Any] = {}
    if any(one.when.brand or one.when.card_country for one in routes):
        card = await _last_card(work, brief.id)
    return Ask(
        id=payment,
        method=method,
        money=money,
        country=brief.country,
        level=brief.level,
        client_type=brief.client_type,
        risk=brief.risk,
        tags=tuple(sorted(brief.tags)),
        first=brief.first_deposit_at is None,
        brand=str(card.get("brand", "")).lower(),
        card_country=str(card.get("country", "")),
        at=local_time(work),
        payout=payout,
        worth=_worth(routes, money, await rates.table(work)),
    )


def _worth(routes: Sequence[Route], money: Money, priced: Rates) -> dict[str, Decimal]:
    """The amount in each currency a rule names; where there is no rate it is left out."""
    named = {one.when.amount.currency for one in routes if one.when.amount is not None}
    return {
        currency: priced.convert(money, currency).amount
        for currency in sorted(named - {money.currency})
        if priced.knows(money.currency, currency)
    }


async def _last_card(work: Work, client: UUID) -> Mapping[str, Any]:
    found = await work.first(
        select(Deposit.instrument)
        .where(
            Deposit.client == client,
            Deposit.method == Method.CARD,
            Deposit.state == DepositState.CREDITED,
            Deposit.instrument.is_not(None),
        )
        .order_by(Deposit.started_at.desc())
    )
    return found or {}


async def decide(
    work: Work, ask: Ask, *, tried: frozenset[str] = frozenset(), payout: bool = False
) -> Routed:
    """Who takes this payment. Raises NoRoute when nobody can."""
    routes = rules_of(work, payout=payout)
    now = await seen(work, ask, routes)
    made = deciding.decide(routes, ask, now, tried=tried)
    kept = record.kept(made, ask, now, tried=tried, routes=routes, version=await version(work))
    if not made.order:
        raise NoRoute.of(ask.money, kept)
    return Routed(made.order[0], made, kept)


async def seen(work: Work, ask: Ask, routes: Sequence[Route]) -> dict[str, Seen]:
    """Every provider that is on, as it stands for this payment.

    The rows of those with caps are locked, so that two payments do not pass one limit.
    """
    settings = work.settings(PaymentsSettings)
    psps = {psp.code: psp for psp in settings.psps if psp.on}
    capped = [] if ask.payout else [code for code, psp in psps.items() if psp.all_caps]
    await watching.locked(work, capped)
    known = await watching.states(work)
    priced = await rates.table(work)
    used = await caps.used(work, capped)
    history = (
        await approvals(work, ask.method, ask.money.currency, settings.approval_days)
        if any(one.by is By.APPROVAL for one in routes)
        else {}
    )
    found: dict[str, Seen] = {}
    for code, psp in psps.items():
        paid, ended = history.get(code, (0, 0))
        cost = cost_of(psp.all_costs, ask.method, ask.money, ask.country, caps.converter(priced))
        found[code] = Seen(
            code,
            carries=_carries(psp, ask),
            healthy=_healthy(work, code, known.get(code)),
            paused=known[code].paused if code in known else "",
            share=known[code].share if code in known else 100,
            caps=caps.of(psp, ask.money, used, priced) if code in capped else (),
            cost=cost.amount if cost is not None else None,
            paid=paid,
            ended=ended,
        )
    return found


def _carries(psp: Psp, ask: Ask) -> bool:
    able = providers.abilities(psp)
    if able is None:
        return False
    if ask.payout:
        return able.payout(ask.method, ask.money, ask.country)
    return able.deposit(ask.method, ask.money, ask.country)


def _healthy(work: Work, code: str, known: ProviderState | None) -> bool:
    """By what all processes saw, and by this process's own breaker."""
    if known is not None and known.circuit == "open":
        return False
    return providers.circuit(work, code).circuit is not Circuit.OPEN


async def cost_now(work: Work, psp: str, row: Deposit) -> Decimal | None:
    """What a provider keeps of a deposit by the schedule in force; None where nothing is written."""
    known = work.settings(PaymentsSettings).psp(psp)
    if known is None or not known.all_costs:
        return None
    country = await work.value(select(Client.country).where(Client.id == row.client))
    money = Money(row.amount, row.currency)
    priced = caps.converter(await rates.table(work))
    cost = cost_of(known.all_costs, Method(row.method), money, country or "", priced)
    return cost.amount if cost is not None else None


async def approvals(
    work: Work, method: Method, currency: str, days: int
) -> dict[str, tuple[int, int]]:
    """By provider, of the newest ended attempts of this kind: how many were paid, of how many."""
    newest = (
        select(PaymentAttempt.psp, PaymentAttempt.state)
        .join(
            Deposit,
            and_(
                Deposit.id == PaymentAttempt.deposit,
                Deposit.method == method,
                Deposit.currency == currency,
            ),
        )
        .where(
            PaymentAttempt.asked_at > work.now - timedelta(days=days),
            PaymentAttempt.state.in_(ANSWERED),
        )
        .order_by(PaymentAttempt.asked_at.desc())
        .limit(_MOST_ENDED)
        .subquery()
    )
    rows = await work.table(
        select(
            newest.c.psp,
            func.count().filter(newest.c.state.in_(CAME)),
            func.count(),
        ).group_by(newest.c.psp)
    )
    return {row[0]: (int(row[1]), int(row[2])) for row in rows}


__all__ = [
    "NoRoute",
    "Routed",
    "approvals",
    "asked",
    "cost_now",
    "decide",
    "rules_of",
    "seen",
    "version",
]

"""A tenant's payment providers: their connectors, their health, and who may take what."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import case, func, select

from brokerage.ledger import rates
from brokerage.payments import connectors, hook_paths, routing
from brokerage.payments.connector import Capabilities, PaymentConnector
from brokerage.payments.model import AttemptState, Deposit, DepositState, PaymentAttempt
from brokerage.payments.routing import Ask, Decision, Seen
from brokerage.payments.settings import PaymentsSettings, Psp, Route
from brokerage.payments.values import Method
from stoa.connectors.breaker import BreakerView, Circuit
from stoa.connectors.keyring import Keyring, filled_fields, secret_names, secrets_of
from stoa.connectors.lines import Line
from stoa.connectors.outside import outside
from stoa.kernel.clock import business_day, day_bounds
from stoa.kernel.money import Money
from stoa.kernel.refusals import NotFound, Refusal, Unavailable
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work
from stoa.vault import credentials

_WINDOW: Final = timedelta(minutes=5)
_MOST_CALLS: Final = 200
_COUNTED: Final = (
    DepositState.STARTING,
    DepositState.WAITING,
    DepositState.REVIEW,
    DepositState.CREDITED,
)


async def connected(work: Work, code: str) -> PaymentConnector:
    """The connector of one provider by the settings in force. Raises Unavailable or NotFound.

    Reads settings and secrets; the calls on it belong outside the transaction.
    """
    psp = work.settings(PaymentsSettings).psp(code)
    if psp is None:
        raise NotFound
    kind = connectors.named(psp.connector)
    way = outside()
    filled = dict.fromkeys(
        filled_fields(kind.settings_type, "callback"), hook_paths.address(work, code)
    )
    settings: Any = way.settings(kind.settings_type, psp.settings | filled)
    held = {name: await credentials.both(work, name) for name in secret_names(settings)}
    return kind(settings, Keyring(held), way.line(work.tenant.id, psp.code))


def secrets_wanted(psp: Psp) -> tuple[tuple[str, str], ...]:
    """The secrets of a provider as field and name; none where its connector is not known."""
    try:
        return secrets_of(connectors.named(psp.connector).settings_type, psp.settings)
    except Refusal:
        return ()


def line(work: Work, code: str) -> Line:
    return outside().line(work.tenant.id, code)


def circuit(work: Work, code: str) -> BreakerView:
    """This process's breaker towards a provider."""
    return line(work, code).breaker.view(time.monotonic())


@dataclass(frozen=True, slots=True)
class Health:
    """What all processes saw of a provider in the last minutes."""

    calls: int
    failures: int
    failing: bool
    took_ms: int | None


async def health(work: Work) -> dict[str, Health]:
    """By provider, from the attempts of the last minutes: newest first."""
    rows = await work.table(
        select(
            PaymentAttempt.psp,
            (PaymentAttempt.technical.is_(True)).label("bad"),
            PaymentAttempt.took_ms,
        )
        .where(
            PaymentAttempt.asked_at > work.now - _WINDOW,
            PaymentAttempt.state != AttemptState.ASKING,
        )
        .order_by(PaymentAttempt.asked_at.desc())
        .limit(_MOST_CALLS)
    )
    seen: dict[str, list[Any]] = {}
    for row in rows:
        seen.setdefault(row.psp, []).append(row)
    found: dict[str, Health] = {}
    for code, calls in seen.items():
        bad = [bool(row.bad) for row in calls]
        took = sorted(row.took_ms for row in calls if row.took_ms is not None)
        middle = took[len(took) // 2] if took else None
        found[code] = Health(len(calls), sum(bad), routing.failing(bad), middle)
    return found


async def _used_today(work: Work, psps: Mapping[str, Psp]) -> dict[str, Money]:
    """What each capped provider was given today, in its cap's currency."""
    capped = {code: psp for code, psp in psps.items() if psp.daily_cap is not None}
    if not capped:
        return {}
    zone = work.settings(TenantFacts).time_zone
    start, _ = day_bounds(business_day(work.now, zone), zone)
    rows = await work.table(
        select(Deposit.psp, Deposit.currency, func.sum(Deposit.amount))
        .where(
            Deposit.psp.in_(capped),
            Deposit.started_at >= start,
            Deposit.state.in_(_COUNTED),
        )
        .group_by(Deposit.psp, Deposit.currency)
    )
    priced = await rates.table(work)
    used: dict[str, Money] = {}
    for code, currency, total in rows:
        cap = capped[code].daily_cap
        assert cap is not None  # noqa: S101 - only the capped ones are here
        here = priced.convert(Money(total, currency), cap.currency)
        used[code] = used.get(code, Money.zero(cap.currency)) + here
    return used


def abilities(psp: Psp) -> Capabilities | None:
    """What a provider carries by its settings; None when they cannot be read."""
    try:
        kind = connectors.named(psp.connector)
        settings = outside().settings(kind.settings_type, psp.settings)
    except Refusal:
        return None
    return kind(settings, Keyring({}), Line(outside().egress)).capabilities


async def seen(work: Work, ask: Ask, *, payout: bool = False) -> dict[str, Seen]:
    """Every provider as it stands for this payment."""
    psps = {psp.code: psp for psp in work.settings(PaymentsSettings).psps if psp.on}
    known = await health(work)
    used = {} if payout else await _used_today(work, psps)
    priced = await rates.table(work) if used else None
    found: dict[str, Seen] = {}
    for code, psp in psps.items():
        able = abilities(psp)
        carries = able is not None and (
            able.payout(ask.method, ask.money, ask.country)
            if payout
            else able.deposit(ask.method, ask.money, ask.country)
        )
        room = True
        if psp.daily_cap is not None and code in used and priced is not None:
            more = priced.convert(ask.money, psp.daily_cap.currency)
            room = used[code] + more <= psp.daily_cap.money
        closed = circuit(work, code).circuit is not Circuit.OPEN
        recent = known.get(code)
        found[code] = Seen(code, carries, closed and not (recent and recent.failing), room)
    return found


async def decide(
    work: Work, ask: Ask, *, tried: frozenset[str] = frozenset(), payout: bool = False
) -> Decision:
    """Who takes this payment. Raises Unavailable when nobody can."""
    settings = work.settings(PaymentsSettings)
    routes: tuple[Route, ...] = settings.payout_routes if payout else settings.routes
    priced = await rates.table(work)
    made = routing.decide(
        routes, ask, await seen(work, ask, payout=payout), priced.convert, tried=tried
    )
    if made is None:
        raise Unavailable(
            "This way to pay cannot take {amount} at the moment. No money has moved. Try another "
            "way or another amount.",
            code="no-route",
            amount=ask.money,
        )
    return made


async def approval(work: Work, days: int = 7) -> dict[str, tuple[int, int, int]]:
    """By provider over the last days: attempts that ended, paid, technical failures."""
    rows = await work.table(
        select(
            PaymentAttempt.psp,
            func.count(),
            func.sum(case((PaymentAttempt.state == AttemptState.PAID, 1), else_=0)),
            func.sum(case((PaymentAttempt.technical.is_(True), 1), else_=0)),
        )
        .where(
            PaymentAttempt.asked_at > work.now - timedelta(days=days),
            PaymentAttempt.state.not_in((AttemptState.ASKING, AttemptState.OPEN)),
        )
        .group_by(PaymentAttempt.psp)
    )
    return {row[0]: (int(row[1]), int(row[2] or 0), int(row[3] or 0)) for row in rows}


def percent(part: int, whole: int) -> Decimal | None:
    return (Decimal(part) * 100 / whole).quantize(Decimal("0.1")) if whole else None


def offered(work: Work, method: Method, money: Money, country: str) -> bool:
    """Whether any provider that is on carries it by its settings."""
    for psp in work.settings(PaymentsSettings).psps:
        able = abilities(psp) if psp.on else None
        if able is not None and able.deposit(method, money, country):
            return True
    return False

"""A tenant's payment providers: their connectors, their health, and who may take what."""

import time
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import case, func, select

from brokerage.payments import connectors
from brokerage.payments.connector import Capabilities, PaymentConnector
from brokerage.payments.model import ANSWERED, CAME, AttemptState, PaymentAttempt
from brokerage.payments.psp import hook_paths
from brokerage.payments.routing.deciding import failing
from brokerage.payments.settings import PaymentsSettings, Psp
from brokerage.payments.values import Method
from stoa.connectors.breaker import BreakerView
from stoa.connectors.checks import Check, failed
from stoa.connectors.keyring import Keyring, filled_fields, secret_names, secrets_of
from stoa.connectors.lines import Line
from stoa.connectors.outside import outside
from stoa.kernel.money import Money
from stoa.kernel.refusals import NotFound, Refusal
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.vault import credentials

_WINDOW: Final = timedelta(minutes=5)
_MOST_CALLS: Final = 200


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


async def tested(open_work: OpenWork, code: str) -> list[Check]:
    """What a test of the connection finds, with no transaction open meanwhile; nothing changes
    there. One that cannot be made at all is a check that failed.
    """
    try:
        async with open_work() as work:
            connector = await connected(work, code)
        return await connector.test_connection()
    except Refusal as why:
        return [failed(N_("Reach the provider"), why)]


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
        found[code] = Health(len(calls), sum(bad), failing(bad), middle)
    return found


def abilities(psp: Psp) -> Capabilities | None:
    """What a provider carries by its settings; None when they cannot be read."""
    try:
        kind = connectors.named(psp.connector)
        settings = outside().settings(kind.settings_type, psp.settings)
    except Refusal:
        return None
    return kind(settings, Keyring({}), Line(outside().egress)).capabilities


async def approval(work: Work, days: int = 7) -> dict[str, tuple[int, int, int]]:
    """By provider over the last days: attempts it answered, of those paid, and technical failures.

    A page that a client left alone says nothing about its provider.
    """
    rows = await work.table(
        select(
            PaymentAttempt.psp,
            func.count(),
            func.sum(case((PaymentAttempt.state.in_(CAME), 1), else_=0)),
            func.sum(case((PaymentAttempt.technical.is_(True), 1), else_=0)),
        )
        .where(
            PaymentAttempt.asked_at > work.now - timedelta(days=days),
            PaymentAttempt.state.in_(ANSWERED),
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

"""What an incident of a provider did: whom it touched, for how much, and what was to be expected."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, func, select

from brokerage.clients import queries as clients
from brokerage.ledger import rates
from brokerage.payments.model import ANSWERED, CAME, Deposit, DepositState, PaymentAttempt
from brokerage.payments.routing.model import ProviderIncident
from brokerage.payments.tables import DEPOSITS
from stoa.kernel.money import Money
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import tables

BEFORE_DAYS: Final = 14
_FIRST_SIGN: Final = timedelta(seconds=60)
_WITHOUT_MONEY: Final = (DepositState.FAILED, DepositState.EXPIRED, DepositState.CANCELLED)
_OPEN: Final = (DepositState.STARTING, DepositState.WAITING, DepositState.REVIEW)


@dataclass(frozen=True, slots=True)
class Part:
    """So many deposits, worth so much in the tenant's base currency."""

    count: int
    money: Money


@dataclass(frozen=True, slots=True)
class Touched:
    """Deposits that failed there meanwhile, and how they ended."""

    deposits: Part
    credited: Part
    failed: Part
    open: Part
    clients: int
    approval: Decimal | None
    """Percent of its answered attempts that were paid in the days before; None without any."""

    @property
    def expected(self) -> Part | None:
        """What would have been credited, had it gone on as before."""
        if self.approval is None:
            return None
        count = (self.approval * self.deposits.count / 100).to_integral_value()
        return Part(int(count), self.deposits.money.times(self.approval / 100).rounded())


def _deposits(work: Work, incident: ProviderIncident) -> Select[UUID]:
    """From its first sign, a window before it opened, to its end or to now."""
    return (
        select(PaymentAttempt.deposit)
        .where(
            PaymentAttempt.psp == incident.psp,
            PaymentAttempt.asked_at >= incident.opened_at - _FIRST_SIGN,
            PaymentAttempt.asked_at <= (incident.closed_at or work.now),
            PaymentAttempt.technical.is_(True),
        )
        .distinct()
    )


async def touched(work: Work, incident: ProviderIncident) -> Touched:
    ids = _deposits(work, incident)
    rows = await work.table(
        select(Deposit.state, Deposit.currency, func.count().label("n"), func.sum(Deposit.amount))
        .where(Deposit.id.in_(ids))
        .group_by(Deposit.state, Deposit.currency)
    )
    people = await work.value(
        select(func.count(Deposit.client.distinct())).where(Deposit.id.in_(ids))
    )
    priced, base = await rates.table(work), work.tenant.base_currency

    def part(states: Iterable[str]) -> Part:
        wanted = [row for row in rows if row[0] in states]
        money = Money.zero(base)
        for _, currency, _, amount in wanted:
            if priced.knows(currency, base):
                money = money + priced.convert(Money(amount, currency), base)
        return Part(sum(int(row.n) for row in wanted), money)

    return Touched(
        deposits=part(set(DepositState)),
        credited=part({DepositState.CREDITED}),
        failed=part(_WITHOUT_MONEY),
        open=part(_OPEN),
        clients=int(people or 0),
        approval=await _approval_before(work, incident),
    )


async def _approval_before(work: Work, incident: ProviderIncident) -> Decimal | None:
    until = incident.opened_at - _FIRST_SIGN
    answered, paid = (
        await work.table(
            select(
                func.count().filter(PaymentAttempt.state.in_(ANSWERED)),
                func.count().filter(PaymentAttempt.state.in_(CAME)),
            ).where(
                PaymentAttempt.psp == incident.psp,
                PaymentAttempt.asked_at < until,
                PaymentAttempt.asked_at >= until - timedelta(days=BEFORE_DAYS),
            )
        )
    )[0]
    return (Decimal(paid) * 100 / answered).quantize(Decimal("0.1")) if answered else None


def table(incident: ProviderIncident) -> tables.Table:
    """The deposits it touched, of clients the reader may see; to look at and to take along."""

    def query(work: Any) -> Any:
        return select(Deposit).where(
            clients.within(work, Deposit.client), Deposit.id.in_(_deposits(work, incident))
        )

    return replace(
        DEPOSITS,
        name="incident-deposits",
        title=N_("Deposits it touched"),
        query=query,
        empty_title=N_("No deposit was touched"),
        empty_text=N_("It failed while nobody paid by it."),
    )

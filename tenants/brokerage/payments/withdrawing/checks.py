"""Gathers what a withdrawal's checks look at, and runs them in their fixed order."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import case, func, select

from brokerage.clients.model import Client
from brokerage.kyc import standing
from brokerage.kyc.jurisdictions.packs import Right
from brokerage.ledger import rates
from brokerage.ledger.model import LedgerAccount
from brokerage.ledger.rates import Rates
from brokerage.payments import hooks
from brokerage.payments.disputes import queries as disputes
from brokerage.payments.model import (
    Deposit,
    DepositState,
    Destination,
    PayoutAttempt,
    PayoutState,
    Withdrawal,
)
from brokerage.payments.payout_places import destinations
from brokerage.payments.psp import providers
from brokerage.payments.rules import Check, Part, Source
from brokerage.payments.settings import PaymentsSettings
from brokerage.payments.values import Method
from brokerage.payments.withdrawing import totals
from brokerage.payments.withdrawing.tiers import Totals
from stoa.kernel.money import Money
from stoa.kernel.refusals import Denied
from stoa.tenancy.work import Work
from stoa.theming import words
from stoa.theming.texts import N_

_GONE = (PayoutState.REFUSED, PayoutState.RETURNED, PayoutState.CANCELLED)
_MOST_SOURCES = 50


@dataclass(frozen=True, slots=True)
class Gathered:
    """What decides about one withdrawal, as it is now."""

    checks: list[Check]
    limits: standing.Limits
    totals: Totals
    losses: list[hooks.Loss]
    used_before: bool
    priced: Rates


async def sources(work: Work, client: UUID, currency: str) -> list[Source]:
    """Paid deposits that money goes back to first, with what is left of each.

    By method in the order of the setting (cards first), then the oldest; only where the provider can
    pay back.
    """
    settings = work.settings(PaymentsSettings).withdrawals
    if not settings.return_to_source:
        return []
    since = work.now - timedelta(days=settings.return_within_days)
    in_turn = {str(method): turn for turn, method in enumerate(settings.return_to_source)}
    used = (
        select(func.coalesce(func.sum(PayoutAttempt.amount), 0))
        .where(
            PayoutAttempt.source == Deposit.id,
            PayoutAttempt.way == "refund",
            PayoutAttempt.state.not_in(_GONE),
        )
        .scalar_subquery()
    )
    known = work.settings(PaymentsSettings)
    returning = [
        psp.code
        for psp in known.psps
        if (can := providers.abilities(psp)) is not None and can.refunds
    ]
    rows = await work.table(
        select(
            Deposit.id,
            Deposit.psp,
            Deposit.method,
            Deposit.amount,
            Deposit.instrument,
            Deposit.token_sealed.is_not(None).label("token"),
            used.label("used"),
        )
        .where(
            Deposit.client == client,
            Deposit.currency == currency,
            Deposit.state == DepositState.CREDITED,
            Deposit.method.in_([str(one) for one in settings.return_to_source]),
            Deposit.ended_at > since,
            Deposit.psp.in_(returning),
            Deposit.id.not_in(disputes.disputed_deposits(client)),
        )
        .order_by(case(in_turn, value=Deposit.method, else_=len(in_turn)), Deposit.id)
        .limit(_MOST_SOURCES)
    )
    return [
        Source(
            row.id,
            row.psp or "",
            Method(row.method),
            Money(max(row.amount - row.used, Decimal(0)), currency),
            shown(row.instrument),
            bool(row.token),
        )
        for row in rows
    ]


def shown(instrument: dict[str, Any] | None) -> str:
    told = instrument or {}
    brand = str(told.get("brand", "")).capitalize()
    return f"{brand} •••• {told['last4']}".strip() if told.get("last4") else brand


async def gather(
    work: Work,
    client: UUID,
    money: Money,
    parts: list[Part],
    destination: Destination | None,
    *,
    asked: Withdrawal | None = None,
    deposited_at: datetime | None = None,
) -> Gathered:
    """Run every check. The client's row is locked, so that two requests do not pass one limit.

    `deposited_at`: as if the client had just paid in, for what is told before they do.
    """
    row = await work.get(Client, client)
    limits = await standing.limits(work, client)
    priced = await rates.table(work)
    losses = [one for hook in hooks.losses for one in await hook(work, client, money)]
    found = [
        Check(
            "hold",
            N_("Set aside"),
            "passed",
            N_("{amount} is set aside and cannot be spent twice."),
            {"amount": str(money)},
        ),
        await _margin(work, client),
        *[one for hook in hooks.margin_checks for one in await hook(work, client, money)],
        await _disputed(work, client),
        _verified(limits),
        await _country(work, client),
        await _money_laundering(
            work, row, money, limits, destination, priced, deposited_at or row.last_deposit_at
        ),
        _bonus(losses),
        _source(parts),
    ]
    if destination is not None:
        found += [_named(destination), _cooling(work, destination)]
        if not destinations.proven(work, destination):
            found.append(_not_an_address())
    total = await totals.of(work, client, money, priced, asked=asked)
    found.append(_limits(work, total))
    return Gathered(
        found,
        limits,
        total,
        losses,
        destination is not None and destination.used_at is not None,
        priced,
    )


def with_more(seen: Gathered, more: Sequence[Check]) -> Gathered:
    """The same with checks only a withdrawal that exists already can have."""
    return replace(seen, checks=[*seen.checks, *more]) if more else seen


def _bonus(losses: Sequence[hooks.Loss]) -> Check:
    title = N_("Bonus")
    if not losses:
        return Check("bonus", title, "passed", N_("No bonus is lost."))
    lost = ", ".join(str(one.money) for one in losses)
    return Check(
        "bonus-lost",
        title,
        "passed",
        N_("{amount} of bonus is lost when the money leaves; it was shown before."),
        {"amount": lost},
    )


def _limits(work: Work, total: Totals) -> Check:
    """The request was refused where a limit is passed; this keeps what it was compared with."""
    bounds = work.settings(PaymentsSettings).withdrawals.limits
    return Check(
        "limits",
        N_("Limits"),
        "passed",
        N_("{day} in 24 hours, {week} in 7 days, {month} in 30 days: within every limit.")
        if bounds
        else N_("{day} in 24 hours, {week} in 7 days, {month} in 30 days."),
        {"day": str(total.day), "week": str(total.week), "month": str(total.month)},
    )


words.learn(
    {
        "stop approval": N_("Needs a person's yes"),
        "stop name-differs": N_("Another name at the bank"),
        "stop country": N_("Country not served"),
        "stop edd": N_("Source of the money asked"),
        "stop risk": N_("High risk"),
        "stop shared-destination": N_("Place used by another client"),
        "stop fast-out": N_("Out again soon, not traded"),
    }
)


def _named(row: Destination) -> Check:
    title = N_("Name of the account")
    if row.named is False:
        return Check(
            "name-differs",
            title,
            "flagged",
            N_("The account's name is not the client's; a person compares the two."),
        )
    return Check(
        "name",
        title,
        "passed",
        N_("The account is in the client's own name.")
        if row.named
        else N_("This kind of place carries no name."),
    )


async def _margin(work: Work, client: UUID) -> Check:
    owed = await work.value(
        select(func.count()).where(
            LedgerAccount.owner == client,
            LedgerAccount.kind == "platform",
            LedgerAccount.balance < 0,
        )
    )
    title = N_("Balance and margin")
    if owed:
        return Check(
            "negative-account",
            title,
            "flagged",
            N_("A trading account is below zero; a person looks at it first."),
        )
    return Check("margin", title, "passed", N_("No trading account needs this money."))


async def _disputed(work: Work, client: UUID) -> Check:
    title = N_("Disputes")
    why = await disputes.standing(work, client)
    if why == "owed":
        return Check(
            disputes.OWED,
            title,
            "waiting",
            N_(
                "You owe us for a payment taken back or a loss beyond a balance. Once paid, this goes on."
            ),
        )
    if why is not None:
        return Check(
            disputes.CODE,
            title,
            "waiting",
            N_("Your bank disputes a payment of yours. This goes on by itself once it is settled."),
        )
    return Check("no-dispute", title, "passed", N_("No payment is disputed."))


def _verified(limits: standing.Limits) -> Check:
    title = N_("Verification")
    if Right.WITHDRAW not in limits.level.rights:
        return Check(
            "kyc",
            title,
            "waiting",
            N_("Finish your verification; the withdrawal goes on by itself then."),
        )
    return Check(
        "kyc", title, "passed", N_("Verified as “{level}”."), {"level": limits.level.title}
    )


async def _country(work: Work, client: UUID) -> Check:
    title = N_("Country")
    try:
        await standing.must_not_be_blocked(work, client)
    except Denied:
        return Check(
            "country",
            title,
            "flagged",
            N_("The country is one we do not serve; compliance decides how the money is returned."),
        )
    return Check("country", title, "passed", N_("Nothing speaks against the country."))


async def _money_laundering(
    work: Work,
    row: Client,
    money: Money,
    limits: standing.Limits,
    destination: Destination | None,
    priced: Rates,
    paid_in: datetime | None,
) -> Check:
    title = N_("Money laundering rules")
    over = limits.extra_over
    if limits.extra and (over is None or priced.convert(money, over.currency) > over):
        return Check(
            "edd",
            title,
            "waiting",
            N_("We must ask you where the money comes from before this amount can leave."),
        )
    if limits.risk_band == "high":
        return Check("risk", title, "flagged", N_("The client is rated high risk."))
    if destination is not None and await destinations.shared(work, destination):
        # Read by the client as well: it says nothing of anybody else. Staff know it by its code.
        return Check(
            "shared-destination",
            title,
            "flagged",
            N_("A person looks at the place it goes to first."),
        )
    hours = work.settings(PaymentsSettings).withdrawals.fast_out_h
    quick = paid_in is not None and work.now - paid_in < timedelta(hours=hours)
    traded = row.last_trade_at is not None and (paid_in is None or row.last_trade_at >= paid_in)
    if quick and not traded:
        return Check(
            "fast-out",
            title,
            "flagged",
            N_("Deposited less than {hours} hours ago and not traded since."),
            {"hours": str(hours)},
        )
    return Check("aml", title, "passed", N_("No rule was triggered."))


def _source(parts: list[Part]) -> Check:
    back = [part for part in parts if part.way == "refund"]
    if not back:
        return Check(
            "source", N_("Return to source"), "passed", N_("No card deposit has to be paid back.")
        )
    total = back[0].money
    for part in back[1:]:
        total = total + part.money
    return Check(
        "source",
        N_("Return to source"),
        "passed",
        N_("{amount} goes back to where it came from first."),
        {"amount": str(total)},
    )


def _not_an_address() -> Check:
    return Check(
        "bad-address",
        N_("Destination"),
        "waiting",
        N_("This address fails its check digits, so nothing is sent there. Choose another place."),
    )


def _cooling(work: Work, row: Destination) -> Check:
    title = N_("Destination")
    if row.usable_at > work.now:
        return Check(
            "new-destination",
            title,
            "waiting",
            N_("New destinations wait, so that a thief cannot use them. It goes on by itself."),
            until=row.usable_at,
        )
    return Check("destination", title, "passed", N_("The waiting time is over."))

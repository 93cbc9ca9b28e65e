"""Reads of payments: methods for a person, timelines, figures of the day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    bindparam,
    func,
    literal,
    or_,
    select,
    text,
    true,
    union_all,
)
from sqlalchemy.orm import load_only

from brokerage.clients import queries as clients
from brokerage.clients.model import Client
from brokerage.fees import quoting, words
from brokerage.kyc import standing
from brokerage.ledger import rates
from brokerage.payments import costs
from brokerage.payments.depositing import deposits
from brokerage.payments.model import (
    Deposit,
    DepositState,
    PaymentAttempt,
    ProviderEvent,
    Unresolved,
    Withdrawal,
    WithdrawalState,
)
from brokerage.payments.psp import providers
from brokerage.payments.settings import DepositMethod, PaymentsSettings
from brokerage.payments.values import Method
from brokerage.payments.withdrawing.story import TITLES
from stoa.identity.model import Person
from stoa.kernel.clock import business_day, day_bounds
from stoa.kernel.money import Money
from stoa.kernel.refusals import NotFound
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.statements import kept
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

METHODS: Final = {
    Method.CARD: ("credit-card", N_("Card")),
    Method.CRYPTO: ("currency-bitcoin", N_("Crypto")),
    Method.BANK: ("building-bank", N_("Bank transfer")),
    Method.WALLET: ("wallet", N_("E-wallet")),
    Method.MOBILE: ("device-mobile", N_("Mobile money")),
    Method.QR: ("qrcode", N_("QR payment")),
}
ARRIVES: Final = {
    "at-once": N_("Arrives at once"),
    "minutes": N_("Arrives within minutes"),
    "day": N_("Arrives within a day"),
    "days": N_("Arrives within a few days"),
}
PROBLEMS: Final = {
    "under-paid": N_("Less came than was ordered"),
    "over-paid": N_("More came than was ordered"),
    "late": N_("It came after the time to pay was over"),
    "other-currency": N_("It came in another currency"),
    "second-payment": N_("It was paid a second time"),
    "callback-differs": N_("The callback told another amount than was ordered"),
    "other-reference": N_("The provider says it belongs to another payment"),
    "unknown-reference": N_("We know no payment of this reference"),
    "chargeback": N_("The payer's bank takes it back"),
    "not-allowed": N_("It came from a client who may not pay in this way now"),
    "unpriced": N_("No rate tells what these coins are worth"),
    "bad-address": N_("The provider gave an address that is none of its network"),
    "source-risk": N_("Its coins come from a source with risk"),
    "source-refused": N_("Its coins come from a source you do not take"),
    "source-unknown": N_("Nobody has examined where its coins come from"),
    "address-taken": N_("The provider gave an address that another client has"),
}
PROPOSED: Final = {
    "credit": N_("Credit what came"),
    "return": N_("Give it back to the payer"),
    "wait": N_("Wait: the rest may still come"),
    "look": N_("Look it up at the provider"),
    "answer": N_("Find its payment and open the dispute there"),
}
OUTCOMES: Final = {
    "credit": N_("Credit what came"),
    "give-back": N_("Give it back through the provider"),
    "gave-back": N_("It was given back by hand, outside"),
}
_LAST_PAID: Final = 50


@dataclass(frozen=True, slots=True)
class Offered:
    """A way to pay in, for one person."""

    method: str
    label: str
    icon: str
    arrives: str
    least: Money
    most: Money
    fee: str
    """What it costs, in the client's words, by the schedule in force; empty for nothing."""
    currencies: tuple[str, ...]


async def offered(work: Work, client: UUID) -> list[Offered]:
    """The ways that fit this person, in the order of the settings."""
    settings = work.settings(PaymentsSettings)
    limits = await standing.limits(work, client)
    return [
        Offered(
            str(one.method),
            one.label,
            METHODS[one.method][0],
            ARRIVES[one.arrives],
            one.least.money,
            one.most.money,
            await costs_told(work, client, one),
            one.currencies,
        )
        for one in settings.methods
        if deposits.fits_person(one, limits.country, limits.level.code)
    ]


async def costs_told(work: Work, client: UUID, method: DepositMethod, currency: str = "") -> str:
    """What a deposit costs, in the client's words, by the schedule in force; empty for nothing."""
    usual = method.currencies[0] if method.currencies else work.tenant.base_currency
    currency = currency or usual
    line = await quoting.line_for(work, client, "deposit", currency, str(method.method))
    line = line or costs.own(method.fee, "deposit", str(method.method))
    if line is None:
        return ""
    return words.costs(line, (await work.get(Person, client)).locale)


def again_path(row: Deposit, method: str) -> str:
    """The page to pay in, with everything typed already: the client types nothing twice."""
    typed = {
        "method": method,
        "amount": Money(row.amount, row.currency).text(),
        "currency": row.currency,
    }
    return f"/deposit?{urlencode(typed)}"


async def others(work: Work, row: Deposit) -> list[dict[str, str]]:
    """Other ways that could take the same amount from the same client."""
    country = (await work.get(Client, row.client)).country
    priced = await rates.table(work)
    money = Money(row.amount, row.currency)
    found: list[dict[str, str]] = []
    for one in await offered(work, row.client):
        method = Method(one.method)
        fits = not one.currencies or row.currency in one.currencies
        if one.method == row.method or not fits:
            continue
        if not providers.offered(work, method, money, country):
            continue
        if all(priced.knows(limit.currency, row.currency) for limit in (one.least, one.most)):
            low = priced.convert(one.least, row.currency)
            high = priced.convert(one.most, row.currency)
            if low <= money <= high:
                path = again_path(row, one.method)
                found.append({"label": one.label, "icon": one.icon, "href": path})
    return found


async def story(work: Work, row: Withdrawal, *, staff: bool) -> list[dict[str, Any]]:
    """The timeline, newest first; names of staff are for staff."""
    by = [UUID(one["by"]) for one in row.story if one.get("by")]
    names = await clients.names(work, by) if staff else {}
    shown: list[dict[str, Any]] = []
    for one in reversed(row.story):
        title, tone = TITLES.get(one["what"], (one["what"], "waiting"))
        shown.append(
            {
                "at": datetime.fromisoformat(one["at"]),
                "title": title,
                "tone": tone,
                "text": one["text"],
                "places": one["places"],
                "code": one["code"],
                "by": names.get(UUID(one["by"]), "") if one.get("by") else "",
            }
        )
    return shown


def ordered(row: Deposit, tried: Sequence[PaymentAttempt]) -> Money:
    """What the client wanted to pay in, whatever came in the end."""
    told = next((one.decision["ask"] for one in tried if "ask" in one.decision), None)
    if told is None:
        return Money(row.amount, row.currency)
    return Money(Decimal(told["amount"]), told["currency"])


async def attempts(work: Work, deposit: UUID) -> Sequence[PaymentAttempt]:
    return await work.rows(
        select(PaymentAttempt)
        .where(PaymentAttempt.deposit == deposit)
        .order_by(PaymentAttempt.number)
    )


async def events(work: Work, *, deposit: UUID) -> Sequence[ProviderEvent]:
    return await work.rows(
        select(ProviderEvent)
        .where(ProviderEvent.deposit == deposit)
        .order_by(ProviderEvent.id)
        .limit(100)
    )


def _ended_by_day(model: Any, state: str, sign: int, within: ColumnElement[bool]) -> Any:
    local = func.date(func.timezone(bindparam("zone"), model.ended_at))
    return (
        select(
            literal(sign).label("sign"),
            local.label("day"),
            model.currency,
            func.sum(model.amount).label("total"),
            func.count().label("many"),
        )
        .where(model.state == state, model.ended_at >= bindparam("since"), within)
        .group_by(text("2"), model.currency)
    )


@kept
def _in_and_out(deposits: ColumnElement[bool], withdrawals: ColumnElement[bool]) -> Any:
    return union_all(
        _ended_by_day(Deposit, DepositState.CREDITED, 1, deposits),
        _ended_by_day(Withdrawal, WithdrawalState.PAID, -1, withdrawals),
    )


async def net_by_day(work: Work, days: int = 14) -> tuple[Decimal, list[Decimal], int]:
    """Today's net deposits in the base currency, the days before, and deposits counted today."""
    zone = work.settings(TenantFacts).time_zone
    today = business_day(work.now, zone)
    start, _ = day_bounds(today - timedelta(days=days - 1), zone)
    base = work.tenant.base_currency
    priced = await rates.shown(work)
    sums = [Decimal(0)] * days
    count = 0
    statement = _in_and_out(
        clients.within(work, Deposit.client), clients.within(work, Withdrawal.client)
    )
    for sign, day, currency, total, many in await work.table(
        statement, {"zone": zone, "since": start}
    ):
        place = days - 1 - (today - day).days
        if 0 <= place < days and priced.knows(currency, base):
            sums[place] += sign * priced.convert(Money(total, currency), base).amount
            count += int(many) if sign > 0 and place == days - 1 else 0
    return sums[-1], sums, count


_QUEUED: Final = (
    Withdrawal.reference,
    Withdrawal.client,
    Withdrawal.amount,
    Withdrawal.currency,
    Withdrawal.state,
    Withdrawal.asked_at,
    Withdrawal.promised_at,
    Withdrawal.code,
)


@kept
def _to_decide(within: ColumnElement[bool]) -> Select[Withdrawal]:
    return (
        select(Withdrawal)
        .options(load_only(*_QUEUED))
        .where(Withdrawal.state == WithdrawalState.REVIEW, within)
        .order_by(Withdrawal.promised_at)
    )


async def queue(work: Work, limit: int = 6) -> tuple[list[tuple[Withdrawal, str]], int]:
    """Withdrawals people must decide about, the one whose promise ends first before the others;
    and how many there are in all.
    """
    return await clients.named(
        work, _to_decide(clients.within(work, Withdrawal.client)), Withdrawal.client, limit, {}
    )


async def after(work: Work, row: Withdrawal) -> UUID | None:
    """The one to decide about next."""
    found: UUID | None = await work.first(
        select(Withdrawal.id)
        .where(
            Withdrawal.state == WithdrawalState.REVIEW,
            Withdrawal.id != row.id,
            clients.within(work, Withdrawal.client),
        )
        .order_by(Withdrawal.promised_at)
    )
    return found


_UNRESOLVED: Final = (
    select(Unresolved)
    .where(
        Unresolved.state == "open",
        or_(Unresolved.wait_until.is_(None), Unresolved.wait_until <= bindparam("now")),
    )
    .order_by(Unresolved.id)
)


def unresolved_within(work: Work) -> ColumnElement[bool]:
    """The condition on `Unresolved` that holds the actor to their data scope.

    Money that fits no order is nobody's client's yet: who sees some clients only does not see it.
    """
    within = clients.within(work, Deposit.client)
    if within is true():
        return true()
    return Unresolved.deposit.in_(select(Deposit.id).where(within))


async def unresolved_seen(work: Work, item: UUID) -> Unresolved:
    """The row if the actor may see it; raises NotFound, the same for unknown and for foreign."""
    row = await work.first(select(Unresolved).where(Unresolved.id == item, unresolved_within(work)))
    if row is None:
        raise NotFound
    return row


async def unresolved(work: Work, limit: int = 6) -> tuple[Sequence[Unresolved], int]:
    """What waits for a person, the oldest first, and how many there are."""
    wanted = _UNRESOLVED
    if not work.actor.sees_all:
        wanted = wanted.where(unresolved_within(work))
    return await work.some(wanted, limit, {"now": work.now})


async def of_client(work: Work, client: UUID, limit: int = 50) -> tuple[Any, Any]:
    """The last deposits and withdrawals of one client, by time: an id is the form's own key."""
    came = await work.rows(
        select(Deposit)
        .where(Deposit.client == client)
        .order_by(Deposit.started_at.desc())
        .limit(limit)
    )
    left = await work.rows(
        select(Withdrawal)
        .where(Withdrawal.client == client)
        .order_by(Withdrawal.asked_at.desc())
        .limit(limit)
    )
    return came, left


async def client_row(work: Work, client: UUID) -> Client:
    return await clients.seen(work, client)

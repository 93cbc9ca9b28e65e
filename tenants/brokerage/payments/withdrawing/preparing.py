"""What a withdrawal would do: fee, parts, checks and who must agree. Nothing moves here."""

import hashlib
from dataclasses import dataclass
from uuid import UUID

import msgspec

from brokerage.clients.model import Client
from brokerage.fees.rules import Fee, must_leave_something
from brokerage.ledger import rates, wallets
from brokerage.payments import costs, rules
from brokerage.payments.hooks import Loss
from brokerage.payments.model import Destination
from brokerage.payments.payout_places import destinations
from brokerage.payments.rules import Check, Part
from brokerage.payments.settings import PaymentsSettings, WithdrawalMethod
from brokerage.payments.values import Method
from brokerage.payments.withdrawing import checks, tiers, totals
from stoa.kernel.money import Money
from stoa.kernel.refusals import Denied, Invalid
from stoa.tenancy.work import Work


@dataclass(frozen=True, slots=True)
class Preview:
    """What would happen: shown before it is confirmed, and what the request then does."""

    money: Money
    fee: Money
    charged: Fee
    """The line and version of the schedule that the fee was read from."""
    parts: list[Part]
    checks: list[Check]
    auto: list[tiers.Rule]
    losses: list[Loss]
    totals: tiers.Totals
    need: int
    available: Money
    promise_h: int
    destination: Destination | None

    def mark(self) -> str:
        """What of it a client confirms: fee, parts and losses, as a digest for the form."""
        content = {
            "amount": self.money.text(),
            "fee": self.fee.text(),
            "parts": [part.record() for part in self.parts],
            "losses": [one.record() for one in self.losses],
        }
        return hashlib.sha256(msgspec.json.encode(content, order="sorted")).hexdigest()[:32]

    @property
    def net(self) -> Money:
        return self.money - self.fee


async def prepared(
    work: Work, client: UUID, method: Method, money: Money, destination: UUID | None
) -> Preview:
    settings = work.settings(PaymentsSettings).withdrawals
    way = await offered(work, client, method, money.currency)
    priced = await rates.table(work)
    rules.within(money, way.least.money, way.most.money, priced.convert)
    charged = await costs.of_withdrawal(work, client, way, money)
    fee = charged.money
    must_leave_something(fee, money)
    to = await place(work, client, method, destination)
    parts = rules.plan(
        money - fee,
        method,
        await checks.sources(work, client, money.currency),
        label=f"{way.label} {destinations.label(to)}" if to is not None else way.label,
        card_rest=True,
    )
    seen = await checks.gather(work, client, money, parts, to)
    await totals.must_fit_level(work, client, money, seen.limits, priced)
    tiers.must_fit(settings.limits, money, seen.totals, priced.convert)
    auto = tiers.auto(settings.auto_approve, standing(seen, parts), priced.convert)
    return Preview(
        money=money,
        fee=fee,
        charged=charged,
        parts=parts,
        checks=seen.checks,
        auto=auto,
        losses=seen.losses,
        totals=seen.totals,
        need=need(work, seen, auto),
        available=await wallets.available(work, client, money.currency),
        promise_h=settings.promise_h.get(method, 48),
        destination=to,
    )


async def offered(work: Work, client: UUID, method: Method, currency: str) -> WithdrawalMethod:
    found = work.settings(PaymentsSettings).withdrawals.method(method)
    row = await work.get(Client, client)
    if found is None or (found.countries and row.country not in found.countries):
        raise Denied("This way to be paid is not offered to you.", field="method")
    if found.currencies and currency not in found.currencies:
        raise Invalid(
            "This way to be paid does not take {currency}.", field="currency", currency=currency
        )
    return found


async def place(
    work: Work, client: UUID, method: Method, destination: UUID | None
) -> Destination | None:
    if method is Method.CARD:
        return None
    if destination is None:
        raise Invalid("Choose where you want to be paid.", field="destination")
    row = await destinations.own(work, client, destination)
    if row.method != method:
        raise Invalid("Choose a destination of this kind.", field="destination")
    return row


def standing(seen: checks.Gathered, parts: list[Part]) -> tiers.Standing:
    return tiers.Standing(
        totals=seen.totals,
        level=seen.limits.level.code,
        risk=seen.limits.risk_band,
        to_source=all(part.way == "refund" for part in parts),
        checks_clean=not rules.flagged(seen.checks),
        used_before=seen.used_before,
    )


def need(work: Work, seen: checks.Gathered, auto: list[tiers.Rule]) -> int:
    """How many people must agree; nobody when every rule of auto-approval passed."""
    if all(rule.passed for rule in auto):
        return 0
    steps = work.settings(PaymentsSettings).withdrawals.approvers
    return tiers.needed(steps, seen.totals, seen.priced.convert)

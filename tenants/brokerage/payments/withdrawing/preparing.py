"""What a withdrawal would do: fee, parts, checks and who must agree. Nothing moves here."""

from dataclasses import dataclass
from uuid import UUID

from brokerage.clients.model import Client
from brokerage.ledger import rates, wallets
from brokerage.payments import destinations, rules
from brokerage.payments.model import Destination
from brokerage.payments.rules import Check, Part
from brokerage.payments.settings import PaymentsSettings, WithdrawalMethod
from brokerage.payments.values import Method
from brokerage.payments.withdrawing import checks
from stoa.kernel.money import Money
from stoa.kernel.refusals import Denied, Invalid, NotFound
from stoa.tenancy.work import Work


@dataclass(frozen=True, slots=True)
class Preview:
    """What would happen: shown before it is confirmed, and what the request then does."""

    money: Money
    fee: Money
    parts: list[Part]
    checks: list[Check]
    auto: list[rules.Rule]
    need: int
    available: Money
    promise_h: int
    destination: Destination | None

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
    fee = rules.fee_of(way.fee, money, priced.convert)
    to = await place(work, client, method, destination)
    parts = rules.plan(
        money - fee,
        method,
        await checks.sources(work, client, money.currency),
        label=f"{way.label} {destinations.label(to)}" if to is not None else way.label,
        card_rest=True,
    )
    seen = await checks.gather(work, client, money, parts, to)
    auto = rules.auto(settings.auto_approve, standing(seen, parts), priced.convert)
    return Preview(
        money=money,
        fee=fee,
        parts=parts,
        checks=seen.checks,
        auto=auto,
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
    row = await work.get(Destination, destination)
    if row.client != client or row.state != "active":
        raise NotFound
    if row.method != method:
        raise Invalid("Choose a destination of this kind.", field="destination")
    return row


def standing(seen: checks.Gathered, parts: list[Part]) -> rules.Standing:
    return rules.Standing(
        day_total=seen.day_total,
        level=seen.limits.level.code,
        risk=seen.limits.risk_band,
        to_source=all(part.way == "refund" for part in parts),
        checks_clean=not rules.flagged(seen.checks),
        used_before=seen.used_before,
    )


def need(work: Work, seen: checks.Gathered, auto: list[rules.Rule]) -> int:
    """How many people must agree; nobody when every rule of auto-approval passed."""
    if all(rule.passed for rule in auto):
        return 0
    tiers = work.settings(PaymentsSettings).withdrawals.approvers
    return rules.needed(tiers, seen.day_total, seen.priced.convert)

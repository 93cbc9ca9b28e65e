"""From one client's wallet to another's, by wallet number, where the tenant allows it.

await recipient(work, "W-7K3M9-QXR2P") -> Recipient
await send(work, client, money, number, key=..., note=None) -> Posted
"""

import re
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, func, select

from brokerage.ledger import accounts, hooks, posting, rates
from brokerage.ledger.accounts import WALLET
from brokerage.ledger.model import Entry, LedgerAccount, LedgerBalance
from brokerage.ledger.model import Leg as LegRow
from brokerage.ledger.permissions import Ledger
from brokerage.ledger.posting import Posted
from brokerage.ledger.rules import moving
from brokerage.ledger.settings import LedgerSettings, Transfers
from stoa.identity.model import Person
from stoa.kernel.clock import business_day, day_bounds
from stoa.kernel.money import Money
from stoa.kernel.refusals import Conflict, Invalid
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work

KIND: Final = "internal-transfer"
_BY_NUMBER: Final = select(LedgerAccount).where(
    LedgerAccount.number == bindparam("number"), LedgerAccount.kind == WALLET
)
_OWN: Final = (
    select(LedgerBalance.account)
    .join(LedgerAccount, LedgerAccount.id == LedgerBalance.account)
    .where(LedgerAccount.owner == bindparam("client"), LedgerAccount.kind == WALLET)
    .order_by(LedgerBalance.account)
    .with_for_update(of=LedgerBalance, key_share=True)
)
_SENT: Final = (
    select(LegRow.currency, func.sum(-LegRow.amount))
    .join(Entry, Entry.id == LegRow.entry)
    .where(
        LegRow.account.in_(bindparam("accounts", expanding=True)),
        LegRow.posted_at >= bindparam("since"),
        LegRow.amount < 0,
        Entry.kind == KIND,
    )
    .group_by(LegRow.currency)
)
_NUMBER: Final = re.compile(r"W?([2-9A-HJ-NP-Z]{5})([2-9A-HJ-NP-Z]{5})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom a wallet number belongs to, as far as a stranger may know: initials."""

    client: UUID
    number: str
    currency: str
    initials: str


async def recipient(work: Work, number: str) -> Recipient:
    """Raises Invalid when no wallet has this number."""
    row = await _wallet(work, number)
    person = await work.session.get(Person, row.owner)
    name = work.unseal(person.id, "person.name", person.name_sealed) if person is not None else None
    initials = " ".join(f"{word[0].upper()}." for word in (name or "").split()[:3])
    assert row.owner is not None and row.number is not None  # noqa: S101, PT018 - a wallet's
    return Recipient(row.owner, row.number, row.currency, initials)


async def _wallet(work: Work, number: str) -> LedgerAccount:
    read = _NUMBER.fullmatch(re.sub(r"[\s-]", "", number.upper()))
    row: LedgerAccount | None = None
    if read is not None:
        number = f"W-{read[1]}-{read[2]}"
        row = await work.value(_BY_NUMBER, {"number": number})
    if row is None:
        raise Invalid(
            "No wallet has this number. Nothing was moved. Please check it.",
            code="no-such-wallet",
            field="to",
        )
    return row


async def send(
    work: Work, client: UUID, money: Money, number: str, *, key: str, note: str | None = None
) -> Posted:
    """Move money to the wallet of that number. The same key moves it once.

    Raises Invalid (number, currency, one's own wallet, limit), NotCovered, Conflict (frozen).
    """
    work.require(Ledger.TRANSFER_OWN)
    work.actor.own(client)
    settings = work.settings(LedgerSettings).transfers
    if not settings.on:
        raise Invalid("Transfers between clients are not offered.", code="transfers-off")
    target = await _wallet(work, number)
    if target.owner == client:
        raise Invalid("This is your own wallet. Choose another one.", field="to")
    if target.currency != money.currency:
        raise Invalid(
            "This wallet is in {currency}. Exchange first, then transfer.",
            field="to",
            currency=target.currency,
        )
    operation = f"client:{client}:{KIND}:{key}"
    if await posting.found(work, operation) is None:
        await _within_limits(work, client, money, settings)
        for ask in hooks.outgoing:
            await ask(work, client, money, KIND)

    return await posting.post(
        work,
        operation=operation,
        kind=KIND,
        legs=moving(
            accounts.client_wallet(work, client, money.currency), accounts.of_row(target), money
        ),
        reason=note,
    )


async def _within_limits(work: Work, client: UUID, money: Money, settings: Transfers) -> None:
    if not settings.most and not settings.most_per_day:
        return
    facts = work.settings(TenantFacts)
    base = facts.base_currency
    asked = await rates.convert(work, money, base)
    if settings.most and asked.amount > settings.most:
        raise Invalid(
            "One transfer may be up to {most}. Nothing was moved.",
            code="over-limit",
            field="amount",
            most=Money(settings.most, base),
        )
    if not settings.most_per_day:
        return
    # Whoever sends twice at once waits here, so both cannot count the same free room.
    mine = [row.account for row in await work.table(_OWN, {"client": client})]
    start, _ = day_bounds(business_day(work.now, facts.time_zone), facts.time_zone)
    sent = await work.table(_SENT, {"accounts": mine, "since": start})
    foreign = any(currency != base for currency, _ in sent)
    known = await rates.table(work) if foreign else rates.Rates(())
    total = asked
    for currency, amount in sent:
        total += known.convert(Money(amount, currency), base)
    if total.amount > settings.most_per_day:
        raise Conflict(
            "In one day you may transfer up to {most}. Nothing was moved. The rest can follow "
            "tomorrow.",
            code="over-limit",
            most=Money(settings.most_per_day, base),
        )

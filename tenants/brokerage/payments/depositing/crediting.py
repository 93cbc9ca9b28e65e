"""Money that came: into the wallet once, or into suspense until a person says whose it is."""

from decimal import Decimal
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from brokerage.clients import totals
from brokerage.clients.model import Client
from brokerage.fees import charging
from brokerage.ledger import accounts, posting, rates
from brokerage.ledger.posting import moving
from brokerage.ledger.rates import NoRate
from brokerage.payments.events import DepositCredited, MoneyUnresolved
from brokerage.payments.model import (
    AttemptState,
    Deposit,
    DepositState,
    PaymentAttempt,
    ProviderEvent,
    Unresolved,
)
from brokerage.payments.values import Method
from stoa.kernel.money import Money
from stoa.notices import notices
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

SUSPENSE: Final = "suspense"
TOKEN: Final = "deposit.token"  # noqa: S105 - the place of a sealed column


async def credit(
    work: Work, row: Deposit, money: Money, fee: Money, *, source: accounts.Account
) -> None:
    """Into the client's wallet: once per deposit, by the ledger's own word; the fee as its own entry.

    `row` is locked.
    """
    await work.lock(Client, row.client)
    wallet = accounts.client_wallet(work, row.client, money.currency)
    posted = await posting.post(
        work,
        operation=f"deposit:{row.id}",
        kind="deposit",
        legs=moving(source, wallet, money),
        ref=("deposit", row.id),
        despite_freeze=True,
    )
    await charging.charge(
        work,
        wallet,
        fee,
        what="deposit",
        subject=row.id,
        ref=("deposit", row.id),
        reason=charging.terms_reason(row.fee_terms),
    )
    row.move(DepositState.CREDITED)
    row.entry, row.ended_at, row.code = posted.entry, work.now, None
    first = await totals.note_deposit(work, row.client, await in_base(work, money), work.now)
    row.first = first
    net = money - fee
    work.tell(
        DepositCredited(
            deposit=row.id,
            client=row.client,
            amount=net.text(),
            currency=net.currency,
            first=first,
        )
    )
    work.announce(f"client:{row.client}|payments", f"client:{row.client}|wallets", "desk|payments")
    await _write(work, row, net)


async def _write(work: Work, row: Deposit, net: Money) -> None:
    await notices.mail(
        work,
        row.client,
        "deposit_credited",
        link=f"/deposit/{row.id}",
        about=row.id,
        amount=net.amount,
        currency=net.currency,
        reference=row.reference,
    )
    await notices.tell(
        work,
        row.client,
        N_("Your deposit of {amount} arrived"),
        path=f"/deposit/{row.id}",
        amount=str(net),
    )


async def in_base(work: Work, money: Money) -> Decimal:
    """In the tenant's base currency for its totals; nothing where there is no rate."""
    try:
        return (await rates.convert(work, money, work.tenant.base_currency)).amount
    except NoRate:
        return Decimal(0)


async def set_aside(
    work: Work,
    row: Deposit,
    attempt: PaymentAttempt,
    money: Money | None,
    problem: str,
    *,
    event: ProviderEvent | None = None,
) -> None:
    """Money that is there but not as ordered: into suspense, with what we propose. Once."""
    entry: UUID | None = None
    if money is not None and money:
        posted = await posting.post(
            work,
            operation=f"suspense:{attempt.id}",
            kind="suspense",
            legs=moving(
                accounts.house(work, f"psp:{attempt.psp}", money.currency),
                accounts.house(work, SUSPENSE, money.currency),
                money,
            ),
            ref=("deposit", row.id),
        )
        entry = posted.entry
    if attempt.state not in {AttemptState.REVIEW, AttemptState.PAID}:
        attempt.move(AttemptState.REVIEW)
    attempt.next_poll_at, attempt.ended_at = None, work.now
    if row.state not in {DepositState.REVIEW, DepositState.CREDITED, DepositState.RETURNED}:
        row.move(DepositState.REVIEW)
        row.code = problem
    await note(
        work,
        psp=attempt.psp,
        problem=problem,
        reference=attempt.reference or str(attempt.id),
        proposed=_proposed(work, problem, row, money),
        deposit=row.id,
        attempt=attempt.id,
        money=money,
        entry=entry,
        event=event.id if event is not None else None,
    )
    work.announce(f"client:{row.client}|payments")


def _proposed(work: Work, problem: str, row: Deposit, money: Money | None) -> str:
    """What we would do: the rest may still come while the time to pay is not over."""
    if money is None:
        return "look"
    if problem in {"second-payment", "other-currency", "not-allowed", "source-refused"}:
        return "return"
    if problem == "callback-differs" and money == Money(row.amount, row.currency):
        return "credit"
    if problem == "under-paid" and row.method == Method.CRYPTO and work.now < row.expires_at:
        return "wait"
    return "credit" if problem in {"under-paid", "over-paid", "late"} else "look"


async def more_came(work: Work, row: Deposit, attempt: PaymentAttempt, money: Money | None) -> None:
    """The rest of what came too little: into suspense beside it; together it may fit the order."""
    item = await work.first(
        select(Unresolved)
        .where(
            Unresolved.attempt == attempt.id,
            Unresolved.state == "open",
            Unresolved.problem == "under-paid",
        )
        .with_for_update()
    )
    if item is None or item.amount is None or money is None or money.currency != item.currency:
        return
    there = Money(item.amount, money.currency)
    if money <= there:
        return
    await posting.post(
        work,
        operation=f"suspense:{attempt.id}:{money.text()}",
        kind="suspense",
        legs=moving(
            accounts.house(work, f"psp:{attempt.psp}", money.currency),
            accounts.house(work, SUSPENSE, money.currency),
            money - there,
        ),
        ref=("deposit", row.id),
    )
    item.amount, item.wait_until = money.amount, None
    item.asked = item.asked_by = item.asked_at = item.asked_note = None
    full = money >= Money(row.amount, row.currency)
    item.proposed = "credit" if full else _proposed(work, item.problem, row, money)
    work.announce(f"client:{row.client}|payments", "desk|payments")


async def note(
    work: Work,
    *,
    psp: str,
    problem: str,
    reference: str,
    proposed: str,
    deposit: UUID | None = None,
    attempt: UUID | None = None,
    money: Money | None = None,
    entry: UUID | None = None,
    event: UUID | None = None,
) -> bool:
    """Put something into the queue of the unresolved; whether it was not there yet."""
    made = await work.run(
        insert(Unresolved)
        .values(
            id=work.new_id(),
            psp=psp,
            problem=problem,
            deposit=deposit,
            attempt=attempt,
            event=event,
            reference=reference[:160],
            amount=money.amount if money else None,
            currency=money.currency if money else None,
            proposed=proposed,
            entry=entry,
            state="open",
            opened_at=work.now,
        )
        .on_conflict_do_nothing()
        .returning(Unresolved.id)
    )
    item = made.scalar()
    if item is None:
        return False
    work.record("unresolved", psp=psp, problem=problem, reference=reference[:160])
    work.tell(MoneyUnresolved(item=item))
    work.announce("desk|payments")
    return True

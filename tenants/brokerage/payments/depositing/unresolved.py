"""Resolving what fits nothing: credit it, give it back, wait, or close it; with a note, once.

    await decide(open_work, item, "credit", "what was found out") -> bool     whether it is done

Money moves by two people's word above the amount of the settings: the first asks, another says the
same. Who says something else has asked for that, and waits for another in turn.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from sqlalchemy import select

from brokerage.clients import queries as clients
from brokerage.clients import totals
from brokerage.clients.model import Client
from brokerage.ledger import accounts, posting, rates
from brokerage.payments import costs
from brokerage.payments.connector import Paid
from brokerage.payments.depositing import crediting
from brokerage.payments.model import (
    AttemptState,
    Deposit,
    DepositState,
    PaymentAttempt,
    Unresolved,
)
from brokerage.payments.permissions import Payments
from brokerage.payments.psp import providers
from brokerage.payments.routing import looking
from brokerage.payments.settings import PaymentsSettings
from brokerage.payments.source import examining
from brokerage.payments.values import Method
from stoa.connectors.outcomes import Accepted, Confirmed, Refused
from stoa.kernel.money import Money
from stoa.kernel.refusals import Conflict, Denied, Invalid, Unavailable
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work

GIVING_BACK: Final = "giving-back"
"""Outcome of an open row whose refund was asked for and not yet answered."""


BY_HAND: Final = "gave-back"
"""What a person says who gave it back outside: at the bank, or on the provider's own screens."""
MOVES_MONEY: Final = frozenset({"credit", "give-back", BY_HAND})
_WAIT: Final = timedelta(hours=24)


async def decide(open_work: OpenWork, unresolved: UUID, outcome: str, note: str) -> bool:
    """One person's word on an item; False while another has to say the same.

    Raises Denied for who asked already, Conflict where it does not fit or is resolved, Invalid
    without a note; then nothing has moved.
    """
    if outcome not in {*MOVES_MONEY, "close", "wait"}:
        raise Invalid("Choose what to do.", field="outcome")
    async with open_work() as work:
        row = await _opened(work, unresolved, note)
        await _in_scope(work, row)
        if outcome == "wait":
            row.wait_until, row.note = work.now + _WAIT, note.strip()[:400]
            work.announce("desk|payments")
            return True
        if outcome == "close":
            if row.entry is not None:
                raise Conflict("Its money lies in suspense: credit it or give it back.")
            _close(work, row, "closed", note)
            return True
        _fits(work, row, outcome)
        if not await _agreed(work, row, outcome, note):
            return False
        if outcome == "credit":
            await _credit(work, row, note)
            return True
        if outcome == BY_HAND:
            await _went_back(work, row, note)
            return True
    await _give_back(open_work, unresolved, note)
    return True


async def _in_scope(work: Work, row: Unresolved) -> None:
    if row.deposit is not None:
        await clients.seen(work, (await work.get(Deposit, row.deposit)).client)


def gives_back(work: Work, row: Unresolved) -> bool:
    """Whether its provider gives money back when it is asked: a bank and most of coins do not."""
    psp = work.settings(PaymentsSettings).psp(row.psp)
    able = providers.abilities(psp) if psp is not None and row.attempt is not None else None
    return able is not None and able.refunds


def _fits(work: Work, row: Unresolved, outcome: str) -> None:
    if outcome != "give-back" and row.outcome == GIVING_BACK:
        raise Conflict(
            "It is being given back, and the provider has not said how that ended. Nothing was "
            "credited. Give it back again: that is done once."
        )
    if outcome == "give-back" and not gives_back(work, row):
        raise Conflict(
            "Nothing is given back there when we ask. Give it back yourself, then choose that it "
            "was given back. Nothing was moved."
        )
    if row.entry is None:
        raise Conflict("There is no money of a known deposit here. Nothing was moved.")
    if outcome == "credit" and row.deposit is None:
        raise Conflict("Nobody is known whom it could be credited to. Nothing was moved.")


async def _agreed(work: Work, row: Unresolved, outcome: str, note: str) -> bool:
    """Whether money may move now; else the word is kept for another person to repeat."""
    if await _alone(work, row):
        row.asked = row.asked_by = row.asked_at = row.asked_note = None
        return True
    if row.asked == outcome:
        if row.asked_by == work.actor.id:
            raise Denied(
                "You decided this already; someone else has to agree. Nothing was moved.",
                code="maker",
            )
        return True
    row.asked, row.asked_by, row.asked_at = outcome, work.actor.id, work.now
    row.asked_note = note.strip()[:400]
    work.record("unresolved asked", item=str(row.id), outcome=outcome)
    work.announce("desk|payments")
    return False


async def _alone(work: Work, row: Unresolved) -> bool:
    """Whether it is so little that one person may decide. Without a rate it is not, nor where its
    source was not found clear.
    """
    if row.attempt is not None:
        tried = await work.first(select(PaymentAttempt).where(PaymentAttempt.id == row.attempt))
        if tried is not None and examining.doubtful(tried):
            return False
    most = work.settings(PaymentsSettings).resolve_alone.money
    if row.amount is None or row.currency is None:
        return False
    try:
        worth = await rates.convert(work, Money(row.amount, row.currency), most.currency)
    except rates.NoRate:
        return False
    return worth <= most


async def _credit(work: Work, row: Unresolved, note: str) -> None:
    """What came, into the wallet of whoever it was ordered for."""
    assert row.deposit is not None  # noqa: S101 - looked at before
    assert row.amount is not None and row.currency is not None  # noqa: S101, PT018 - money is there
    deposit = await work.lock(Deposit, row.deposit)
    money = Money(row.amount, row.currency)
    source = accounts.house(work, crediting.SUSPENSE, row.currency)
    if deposit.state == DepositState.REVIEW:
        await _as_it_came(work, deposit, money)
        await _paid(work, row, deposit)
        fee = Money(deposit.fee, deposit.currency)
        await crediting.credit(work, deposit, money, fee, source=source)
    else:
        await work.lock(Client, deposit.client)
        await posting.post(
            work,
            operation=f"unresolved:{row.id}",
            kind="deposit",
            legs=posting.moving(
                source, accounts.client_wallet(work, deposit.client, row.currency), money
            ),
            ref=("deposit", deposit.id),
            despite_freeze=True,
        )
        base = await crediting.in_base(work, money)
        await totals.note_deposit(work, deposit.client, base, work.now)
    _close(work, row, "credited", note)


async def _as_it_came(work: Work, deposit: Deposit, money: Money) -> None:
    """From now on the deposit is what came; its attempts keep what was ordered.

    Nothing may go back along it, or be disputed of it, that never came. The fee is the schedule's for
    what came; for what was ordered it stays as it was shown.
    """
    if money == Money(deposit.amount, deposit.currency):
        return
    offered = work.settings(PaymentsSettings).method(Method(deposit.method))
    fee = await costs.of_deposit(work, deposit.client, offered, money)
    free = bool((deposit.fee_terms or {}).get("free"))
    deposit.amount, deposit.currency = money.amount, money.currency
    if free or fee.money >= money:
        deposit.fee = Decimal(0)
        deposit.fee_terms = deposit.fee_terms if free else None
    else:
        deposit.fee, deposit.fee_terms = fee.money.amount, fee.record()


async def _paid(work: Work, row: Unresolved, deposit: Deposit) -> None:
    """The attempt that brought it, and what its provider keeps of it."""
    if row.attempt is None:
        return
    attempt = await work.lock(PaymentAttempt, row.attempt)
    if attempt.state == AttemptState.REVIEW:
        attempt.move(AttemptState.PAID)
        deposit.psp = attempt.psp
        attempt.cost = await looking.cost_now(work, attempt.psp, deposit)


async def _give_back(open_work: OpenWork, unresolved: UUID, note: str) -> None:
    """Back to the payer through the provider. Repeating it gives back once.

    Raises Conflict when the provider did not take it; the money stays in suspense then.
    """
    async with open_work() as work:
        row = await _opened(work, unresolved, note)
        if row.entry is None or row.amount is None or row.currency is None:
            raise Conflict("There is no money here to give back.")
        attempt = await work.get(PaymentAttempt, row.attempt)
        connector = await providers.connected(work, row.psp)
        money = Money(row.amount, row.currency)
        paid = Paid(attempt.reference or "", attempt.payment or "")
        # From here the provider may have given it back, whatever we hear: nobody may credit it.
        row.outcome = GIVING_BACK
    try:
        answer = await connector.refund(unresolved, paid, money)
    except Unavailable:
        await _kept(open_work, unresolved)
        raise
    if isinstance(answer, Refused):
        await _kept(open_work, unresolved)
    if not isinstance(answer, Confirmed | Accepted):
        raise Conflict(
            "The provider did not give it back yet ({code}). The money is still in suspense; "
            "trying again is safe.",
            code=getattr(answer, "code", "no-answer"),
        )
    async with open_work() as work:
        row = await work.lock(Unresolved, unresolved)
        if row.state == "open":
            await _went_back(work, row, note)


async def _went_back(work: Work, row: Unresolved, note: str) -> None:
    """Out of suspense to where it lay outside: from there it went back to its payer."""
    assert row.amount is not None and row.currency is not None  # noqa: S101, PT018 - money is there
    money = Money(row.amount, row.currency)
    place = row.psp if ":" in row.psp else f"psp:{row.psp}"
    await posting.post(
        work,
        operation=f"given-back:{row.id}",
        kind="suspense",
        legs=posting.moving(
            accounts.house(work, crediting.SUSPENSE, money.currency),
            accounts.house(work, place, money.currency),
            money,
        ),
        ref=("deposit", row.deposit or row.id),
        reason=note.strip()[:400],
    )
    if row.deposit is not None:
        deposit = await work.lock(Deposit, row.deposit)
        if deposit.state == DepositState.REVIEW:
            deposit.move(DepositState.RETURNED)
            deposit.ended_at = work.now
            work.announce(f"client:{deposit.client}|payments")
    _close(work, row, "given-back", note)


async def _kept(open_work: OpenWork, unresolved: UUID) -> None:
    """Certainly not given back: it may be credited after all."""
    async with open_work() as work:
        row = await work.lock(Unresolved, unresolved)
        if row.state == "open":
            row.outcome = None


async def _opened(work: Work, unresolved: UUID, note: str) -> Unresolved:
    work.require(Payments.RESOLVE)
    if not note.strip():
        raise Invalid("Please write what you found out.", field="note")
    row = await work.lock(Unresolved, unresolved)
    if row.state != "open":
        raise Conflict("Someone resolved this already. Nothing was changed.")
    return row


def _close(work: Work, row: Unresolved, outcome: str, note: str) -> None:
    row.move("resolved")
    row.outcome, row.note = outcome, note.strip()[:400]
    row.resolved_at, row.resolved_by = work.now, work.actor.id
    work.announce("desk|payments")

"""What finance does about a dispute, by hand and with a reason.

await enter(work, deposit, Entered(...), reason)     one no provider told of
await moved(work, dispute, stage, reason)            how far it is, where no callback says
await debited / returned (work, dispute, ...)        what the provider took, by its statement
await collect(work, dispute)                         what is owed, from what is in the wallet
await ask(work, dispute, what, reason)               `lost` or `write-off`: takes two people
await agree / decline (work, dispute, ...)
await answered / take_on / note (work, dispute, ...)
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from brokerage.clients import queries as clients
from brokerage.clients.model import Client
from brokerage.payments.disputes import booking, noticing, rules
from brokerage.payments.disputes.model import Dispute, Standing
from brokerage.payments.disputes.noticing import Told
from brokerage.payments.disputes.story import tell
from brokerage.payments.model import Deposit, DepositState
from brokerage.payments.permissions import Payments
from brokerage.payments.values import DisputeStage
from stoa.kernel.ids import uuid7
from stoa.kernel.money import Money
from stoa.kernel.refusals import Conflict, Denied, Invalid
from stoa.tenancy.work import Work

LOST: Final = "lost"
WRITE_OFF: Final = "write-off"
BY_HAND: Final = (
    DisputeStage.INQUIRY,
    DisputeStage.CHARGEBACK,
    DisputeStage.PRE_ARBITRATION,
    DisputeStage.REVERSED,
    DisputeStage.WON,
)


@dataclass(frozen=True, slots=True)
class Entered:
    """What a person read at the provider's own screens."""

    case: str
    stage: DisputeStage
    money: Money | None = None
    due: datetime | None = None


async def enter(work: Work, deposit: UUID, entered: Entered, reason: str) -> Dispute:
    """Open a dispute by hand; the provider's notice of the same case joins it later.

    Raises NotFound, Conflict for a deposit that was not credited, Invalid for what is missing.
    """
    work.require(Payments.DISPUTES_EDIT)
    paid = await work.get(Deposit, deposit)
    await clients.seen(work, paid.client)
    said = rules.worded(reason)
    case = entered.case.strip()
    if not case:
        raise Invalid("Write the provider's number of the case.", field="case")
    if entered.stage not in {DisputeStage.INQUIRY, DisputeStage.CHARGEBACK}:
        raise Invalid("Choose how far it has gone.", field="stage")
    if paid.state != DepositState.CREDITED or paid.psp is None:
        raise Conflict("This deposit was not credited: there is nothing to take back.")
    if entered.money is not None and entered.money.amount <= 0:
        raise Invalid("Write an amount above zero.", field="amount")

    return await noticing.take(
        work,
        deposit,
        Told(
            psp=paid.psp,
            stage=entered.stage,
            key=f"hand:{uuid7()}",
            case=case,
            at=work.now,
            money=entered.money,
            due=entered.due,
            note=said,
        ),
    )


async def moved(work: Work, dispute: UUID, stage: DisputeStage, reason: str) -> Dispute:
    """Write down how far it has gone. Raises Conflict where that cannot follow."""
    row = await _locked(work, dispute)
    said = rules.worded(reason)
    if stage not in BY_HAND:
        raise Invalid("Choose how far it has gone.", field="stage")
    if stage not in rules.FOLLOWS[DisputeStage(row.stage)]:
        raise Conflict("This cannot follow what is known of it. Nothing was changed.")
    return await _hear(work, row, stage, said)


async def _hear(work: Work, row: Dispute, stage: DisputeStage, said: str) -> Dispute:
    told = Told(
        psp=row.psp,
        stage=stage,
        key=f"hand:{uuid7()}",
        case=row.case_number,
        numbered=row.numbered,
        at=work.now,
        note=said,
    )
    return await noticing.take(work, row.deposit, told)


async def debited(
    work: Work, dispute: UUID, money: Money, fee: Money | None, reason: str
) -> Dispute:
    """What the provider took by its own statement. Raises Conflict when that is booked already."""
    row = await _locked(work, dispute)
    said = rules.worded(reason)
    if money.currency != row.paid_in or (fee is not None and fee.currency != row.paid_in):
        raise Invalid("Write it in {currency}.", field="amount", currency=row.paid_in)
    if money.amount <= 0 or (fee is not None and fee.amount < 0):
        raise Invalid("Write an amount above zero.", field="amount")
    if row.debited:
        raise Conflict("What the provider took is booked already. Nothing was posted.")
    if DisputeStage(row.stage) not in rules.TAKEN:
        raise Conflict("Nothing is taken back at this stage. Nothing was posted.")

    await booking.took(work, row, money, fee)
    if fee is not None:
        row.fee = fee.amount
    tell(work, row, "note", text=said)
    return row


async def returned(work: Work, dispute: UUID, reason: str) -> Dispute:
    """The provider gave it back by its own statement."""
    row = await _locked(work, dispute)
    said = rules.worded(reason)
    if not row.debited:
        raise Conflict("Nothing the provider took is booked. Nothing was posted.")

    await booking.returned(work, row)
    tell(work, row, "note", text=said)
    return row


async def collect(work: Work, dispute: UUID) -> Money:
    """Take what is owed from the wallet, as far as it is there. Raises Conflict for nothing."""
    row = await _locked(work, dispute)
    if not await booking.owed(work, row):
        raise Conflict("The client owes nothing for this dispute. Nothing was moved.")
    money = await booking.collect(work, row)
    if not money:
        raise Conflict("There is nothing in the wallet now. Nothing was moved.")
    return money


async def ask(work: Work, dispute: UUID, what: str, reason: str) -> Dispute:
    """Ask for what takes two: to book it as lost by hand, or to give up what is owed."""
    row = await _locked(work, dispute)
    said = rules.worded(reason)
    if what not in {LOST, WRITE_OFF}:
        raise Invalid("Choose what to do.", field="what")
    if row.asked is not None and row.decided_at is None:
        raise Conflict("Somebody asked for something already; that is decided first.")
    owed = await _fits(work, row, what)

    row.asked, row.asked_by, row.asked_at = what, _who(work), work.now
    row.asked_note, row.decided_by, row.decided_at = said, None, None
    tell(work, row, f"asked-{what}", {"amount": str(owed)}, said)
    return row


async def _fits(work: Work, row: Dispute, what: str) -> Money:
    """What is owed, where the thing asked for can be done."""
    if what == LOST and DisputeStage.LOST not in rules.FOLLOWS[DisputeStage(row.stage)]:
        raise Conflict("This cannot follow what is known of it. Nothing was changed.")
    owed = await booking.owed(work, row)
    if what == WRITE_OFF and (row.standing != Standing.LOST or not owed):
        raise Conflict("Only what is owed for a lost dispute can be given up.")
    return owed


async def agree(work: Work, dispute: UUID) -> Dispute:
    """The second person's yes; then it is done. Raises Denied for who asked."""
    row = await _locked(work, dispute, Payments.GIVE_UP)
    what = _pending(row)
    rules.second_person(row.asked_by, _who(work))
    owed = await _fits(work, row, what)

    row.decided_by, row.decided_at = _who(work), work.now
    if what == WRITE_OFF:
        await booking.write_off(work, row, owed)
        return row
    return await _hear(work, row, DisputeStage.LOST, row.asked_note or "")


async def decline(work: Work, dispute: UUID, reason: str) -> Dispute:
    """The second person's no; nothing moves."""
    row = await _locked(work, dispute, Payments.GIVE_UP)
    _pending(row)
    rules.second_person(row.asked_by, _who(work))
    said = rules.worded(reason)

    row.decided_by, row.decided_at = _who(work), work.now
    row.asked = row.asked_by = None
    tell(work, row, "not-agreed", text=said)
    return row


def _pending(row: Dispute) -> str:
    if row.asked is None or row.decided_at is not None:
        raise Conflict("Nothing waits for a second person here. Nothing was moved.")
    return row.asked


async def answered(work: Work, dispute: UUID, reason: str) -> Dispute:
    """It was answered at the provider: its clock stands still."""
    row = await _locked(work, dispute)
    said = rules.worded(reason)
    if DisputeStage(row.stage) not in rules.OPEN:
        raise Conflict("This dispute is over. Nothing was changed.")

    row.answered_at = work.now
    tell(work, row, "answered", text=said)
    return row


async def take_on(work: Work, dispute: UUID) -> Dispute:
    """Whose task it is from now on: the reader's."""
    row = await _locked(work, dispute)
    row.owner = _who(work)
    tell(work, row, "owner")
    return row


async def note(work: Work, dispute: UUID, text: str) -> Dispute:
    row = await _locked(work, dispute)
    tell(work, row, "note", text=rules.worded(text, "text"))
    return row


def _who(work: Work) -> UUID:
    if work.actor.id is None:
        raise Denied("Disputes are decided by people.")
    return work.actor.id


async def _locked(
    work: Work, dispute: UUID, permission: Payments = Payments.DISPUTES_EDIT
) -> Dispute:
    """The row, in the order in which notices lock: the client, then the dispute. Raises NotFound."""
    work.require(permission)
    seen = await work.get(Dispute, dispute)
    await clients.seen(work, seen.client)
    await work.lock(Client, seen.client)
    row = await work.lock(Dispute, dispute)
    work.subject = row.client
    return row

"""A provider's notice, or a person's, becomes one dispute: once, whatever order they come in.

    await heard(work, event, attempt) -> bool      a stored callback; False where nobody is known
    await take(work, deposit, Told(...)) -> Dispute     what any teller knows

A notice is about the dispute of its case number. One without a number of its own is about the
newest dispute of its payment; a number that comes later is given to that one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select

from brokerage.clients.model import Client
from brokerage.ledger import rates
from brokerage.payments.disputes import booking, rules
from brokerage.payments.disputes.model import Dispute, Standing
from brokerage.payments.disputes.rules import Notice
from brokerage.payments.disputes.story import tell
from brokerage.payments.events import DepositCredited, DepositDisputed, DisputeEnded
from brokerage.payments.model import (
    AttemptState,
    Deposit,
    DepositState,
    PaymentAttempt,
    ProviderEvent,
)
from brokerage.payments.settings import PaymentsSettings
from brokerage.payments.values import DisputeStage, Event
from stoa.kernel.ids import reference
from stoa.kernel.money import Money
from stoa.notices import notices
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

_LONGEST: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one notice says. `at` is the teller's own time, `key` names the notice for ever."""

    psp: str
    stage: DisputeStage
    key: str
    case: str
    numbered: bool = True
    at: datetime | None = None
    money: Money | None = None
    reason: str = ""
    due: datetime | None = None
    debited: Money | None = None
    fee: Money | None = None
    note: str = ""
    credited: bool = True
    """Whether it is about the payment that was credited, not another one of the same deposit."""


def kept(event: Event) -> dict[str, Any]:
    """What a stored callback keeps of a dispute's notice beside its columns."""
    return {
        "at": event.at.isoformat() if event.at else None,
        "due": event.due.isoformat() if event.due else None,
        "numbered": event.numbered,
        "debited": _pair(event.debited),
        "fee": _pair(event.fee),
    }


def _pair(money: Money | None) -> list[str] | None:
    return [money.text(), money.currency] if money is not None else None


def _money(pair: Any) -> Money | None:
    return Money(Decimal(pair[0]), pair[1]) if pair else None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


async def heard(work: Work, event: ProviderEvent, attempt: PaymentAttempt | None) -> bool:
    """What a stored callback tells of a dispute; False when it is about nothing known here."""
    deposit = attempt.deposit if attempt is not None else await _known(work, event)
    if deposit is None:
        return False
    more: Mapping[str, Any] = event.dispute or {}
    known = event.amount is not None and event.currency is not None
    await take(
        work,
        deposit,
        Told(
            psp=event.psp,
            stage=DisputeStage(event.stage or DisputeStage.CHARGEBACK),
            key=str(event.id),
            case=event.reference or event.payment or event.event,
            numbered=bool(more.get("numbered", True)) and bool(event.reference),
            at=_moment(more.get("at")),
            money=Money(event.amount, event.currency) if known else None,  # type: ignore[arg-type]
            reason=event.code,
            due=_moment(more.get("due")),
            debited=_money(more.get("debited")),
            fee=_money(more.get("fee")),
            credited=attempt is None or attempt.state == AttemptState.PAID,
        ),
    )
    event.deposit = deposit
    return True


async def _known(work: Work, event: ProviderEvent) -> UUID | None:
    """The deposit of a case that is here already, for instance entered by hand."""
    found: UUID | None = await work.first(
        select(Dispute.deposit).where(
            Dispute.psp == event.psp, Dispute.case_number == event.reference
        )
    )
    return found


async def take(work: Work, deposit: UUID, told: Told) -> Dispute:
    """One notice about a deposit, once; the books stand as all notices together say."""
    paid = await _locked(work, deposit)
    row = await _of(work, paid, told)
    if any(one["key"] == told.key for one in row.notices):
        return row
    notice = Notice(told.stage, told.at, told.key, told.money)
    row.notices = [*row.notices, notice.record()][-_LONGEST:]
    await _settle(work, row, paid, told)
    return row


async def credited(open_work: OpenWork, fact: DepositCredited) -> None:
    """A deposit that was disputed before it was credited: now there is something to hold."""
    async with open_work() as work:
        paid = await _locked(work, fact.deposit)
        rows = await work.rows(
            select(Dispute)
            .where(
                Dispute.deposit == paid.id, Dispute.stage.in_([str(one) for one in rules.TAKING])
            )
            .order_by(Dispute.opened_at, Dispute.id)
            .with_for_update()
        )
        for row in rows:
            claim = Money(row.amount, row.currency)
            secured = await _secured(work, row, paid, claim, fresh=False)
            await booking.follow(work, row, paid, secured)


async def _locked(work: Work, deposit: UUID) -> Deposit:
    """The deposit, with its client locked: the lock under which their money is counted.

    The deposit itself is not: a withdrawal that goes back along it locks the client first as well.
    """
    paid = await work.get(Deposit, deposit)
    await work.lock(Client, paid.client)
    await work.session.refresh(paid)
    return paid


async def _of(work: Work, paid: Deposit, told: Told) -> Dispute:
    """The dispute this is about, locked; made where there is none."""
    mine = select(Dispute).where(Dispute.deposit == paid.id).with_for_update()
    row = await work.first(
        mine.where(Dispute.psp == told.psp, Dispute.case_number == told.case[:160])
    )
    newest = mine.order_by(Dispute.opened_at.desc(), Dispute.id.desc())
    if row is None and not told.numbered:
        row = await work.first(newest)
    elif row is None:
        row = await work.first(newest.where(Dispute.numbered.is_(False)))
        if row is not None:
            row.case_number, row.numbered = told.case[:160], True
    return row if row is not None else await _made(work, paid, told)


async def _made(work: Work, paid: Deposit, told: Told) -> Dispute:
    claim = told.money or Money(paid.amount, paid.currency)
    staff = work.actor.id if work.actor.kind == "staff" else None
    row = Dispute(
        id=work.new_id(),
        reference=reference("X"),
        deposit=paid.id,
        client=paid.client,
        psp=told.psp,
        case_number=told.case[:160],
        numbered=told.numbered,
        stage=str(told.stage),
        reason=told.reason[:80],
        amount=claim.amount,
        currency=claim.currency,
        secured=Decimal(0),
        paid_in=paid.currency,
        standing=Standing.NONE,
        turn=0,
        debited=Decimal(0),
        written_off=Decimal(0),
        notices=[],
        story=[],
        opened_at=work.now,
        opened_by=staff,
        owner=staff,
    )
    work.add(row)
    await work.flush()
    return row


async def _settle(work: Work, row: Dispute, paid: Deposit, told: Told) -> None:
    fresh = len(row.notices) == 1
    was = DisputeStage(row.stage)
    known = [rules.notice_of(one) for one in row.notices]
    row.stage = str(rules.stage_of(known))
    claim = rules.claim_of(known) or Money(paid.amount, paid.currency)
    row.amount, row.currency = claim.amount, claim.currency
    row.reason = told.reason[:80] or row.reason
    moved = fresh or row.stage != was
    if moved or told.stage == row.stage:
        tell(work, row, str(told.stage), {"amount": str(claim)}, told.note)
    else:
        tell(work, row, "late", text=told.note)
    secured = Money.zero(paid.currency)
    if paid.state == DepositState.CREDITED and told.credited:
        secured = await _secured(work, row, paid, claim, fresh=fresh)
    elif fresh:
        tell(work, row, "nothing-credited")
    await booking.follow(work, row, paid, secured)
    await _debit(work, row, told)
    _deadline(work, row, told, moved=moved)
    if moved:
        await _tell(work, row, fresh=fresh)


async def _secured(work: Work, row: Dispute, paid: Deposit, claim: Money, *, fresh: bool) -> Money:
    """What of this deposit the dispute asks for, in the deposit's currency."""
    asked = claim
    if claim.currency != paid.currency:
        if row.standing != Standing.NONE and _same_claim(row, claim):
            return Money(row.secured, paid.currency)
        try:
            asked = (await rates.convert(work, claim, paid.currency)).rounded()
        except rates.NoRate:
            asked = Money(paid.amount, paid.currency)
        tell(work, row, "converted", {"currency": claim.currency, "amount": str(asked)})
    others = await work.value(
        select(func.coalesce(func.sum(Dispute.secured), 0)).where(
            Dispute.deposit == paid.id, Dispute.id != row.id, Dispute.standing != Standing.NONE
        )
    )
    left = rules.secured(
        asked,
        Money(paid.amount, paid.currency),
        Money(Decimal(others or 0), paid.currency),
    )
    if left < asked and fresh:
        tell(work, row, "other-claims", {"amount": str(left)})
    return left


def _same_claim(row: Dispute, claim: Money) -> bool:
    """Whether the amount told is the one that was converted before: the rate then stands."""
    earlier = rules.claim_of([rules.notice_of(one) for one in row.notices[:-1]])
    return earlier == claim


async def _debit(work: Work, row: Dispute, told: Told) -> None:
    """What the provider took or gave back, as far as it is known in the deposit's currency."""
    stage = DisputeStage(row.stage)
    if stage in rules.TAKEN and told.debited and told.debited.currency == row.paid_in:
        fee = told.fee if work.settings(PaymentsSettings).disputes.book_fees else None
        await booking.took(work, row, told.debited, fee)
    elif stage in {DisputeStage.WON, DisputeStage.REVERSED}:
        await booking.returned(work, row)
    if told.fee and told.fee.currency == row.paid_in:
        row.fee = told.fee.amount


def _deadline(work: Work, row: Dispute, told: Told, *, moved: bool) -> None:
    if DisputeStage(row.stage) not in rules.OPEN:
        row.due_at = None
    elif told.due is not None and told.stage == row.stage:
        row.due_at = told.due
    elif moved:
        days = work.settings(PaymentsSettings).disputes.answer_days
        row.due_at, row.answered_at = work.now + timedelta(days=days), None


async def _tell(work: Work, row: Dispute, *, fresh: bool) -> None:
    """The fact, and a line to the client whose money is held or free again."""
    kind = DepositDisputed if DisputeStage(row.stage) in rules.OPEN else DisputeEnded
    work.tell(kind(dispute=row.id, deposit=row.deposit, client=row.client, stage=row.stage))
    work.announce("desk|disputes", "desk|payments", f"client:{row.client}|payments")
    if fresh and row.standing != Standing.NONE:
        title = N_("Your bank disputes a payment of {amount}; withdrawals wait until it is settled")
    elif DisputeStage(row.stage) in {DisputeStage.WON, DisputeStage.REVERSED} and not fresh:
        title = N_("The dispute about your payment of {amount} is settled")
    else:
        return
    money = Money(row.secured, row.paid_in)
    await notices.tell(work, row.client, title, path="/money", amount=str(money))

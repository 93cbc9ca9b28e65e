"""Paying partners: everything accrued and not yet paid, rounded once, into the wallet."""

from decimal import ROUND_DOWN, Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from brokerage.ledger import accounts, posting
from brokerage.partners.events import PartnerPaid
from brokerage.partners.model import Partner, PartnerPayout, PartnerState, PayoutState, Reward
from brokerage.partners.permissions import Partners
from brokerage.partners.settings import PartnerSettings
from stoa.kernel.ids import uuid7
from stoa.kernel.money import Money
from stoa.kernel.refusals import Conflict, Denied
from stoa.tenancy.work import Work


async def unpaid(work: Work, partner: UUID) -> tuple[int, Decimal, Any]:
    """How many rewards no payout holds yet, their exact sum, and the last payout's row.

    Counted as all rewards less those of all payouts: a reward written while a payout was made,
    at whichever instant, is in one of them and in the next one otherwise.
    """
    held = (
        select(
            func.coalesce(func.sum(PartnerPayout.rewards), 0).label("rewards"),
            func.coalesce(func.sum(PartnerPayout.earned), 0).label("earned"),
        )
        .where(PartnerPayout.partner == partner, PartnerPayout.state != PayoutState.REFUSED)
        .subquery()
    )
    count, total, rewards, earned = (
        await work.table(
            select(
                func.count(Reward.id),
                func.coalesce(func.sum(Reward.amount), 0),
                func.max(held.c.rewards),
                func.max(held.c.earned),
            )
            .select_from(held)
            .outerjoin(Reward, Reward.partner == partner)
        )
    )[0]
    last = await work.first(
        select(PartnerPayout)
        .where(PartnerPayout.partner == partner, PartnerPayout.state != PayoutState.REFUSED)
        .order_by(PartnerPayout.accrued_to.desc())
    )
    return int(count - rewards), Decimal(total) - Decimal(earned), last


async def make(work: Work, partner: UUID) -> PartnerPayout | None:
    """A payout of everything accrued so far; None below the minimum.

    Above the tenant's limit it waits for a second person; else it is paid at once. Raises Conflict
    when one is waiting already.
    """
    work.require(Partners.PAY)
    settings = work.settings(PartnerSettings)
    row = await work.lock(Partner, partner)
    if row.state == PartnerState.CLOSED:
        raise Conflict("This partner is closed. Nothing was paid.")
    count, earned, last = await unpaid(work, partner)
    if last is not None and last.state == PayoutState.WAITING:
        raise Conflict("A payout of this partner waits for approval already. Nothing was paid.")
    carried = last.carried if last is not None else Decimal(0)
    exact = Money(earned + carried, row.currency)
    payable = exact.rounded(ROUND_DOWN)
    if payable.amount < settings.payout_minimum:
        return None

    payout = PartnerPayout(
        id=uuid7(int(work.now.timestamp() * 1000)),
        partner=partner,
        accrued_to=work.now,
        rewards=count,
        earned=earned,
        carried_in=carried,
        amount=payable.amount,
        carried=(exact - payable).amount,
        currency=row.currency,
        made_at=work.now,
        made_by=work.actor.id,
    )
    work.add(payout)
    await work.flush()
    if payable.amount <= settings.payout_approve_over:
        await _pay(work, payout)
    return payout


async def approve(work: Work, payout: UUID) -> PartnerPayout:
    """A second person lets a large payout go; whoever made it may not."""
    work.require(Partners.APPROVE)
    row = await work.lock(PartnerPayout, payout)
    if row.made_by == work.actor.id:
        raise Denied("You made this payout; someone else must approve it. Nothing was paid.")
    await _pay(work, row)
    return row


async def refuse(work: Work, payout: UUID, *, why: str) -> PartnerPayout:
    """Stop a waiting payout; what it held is counted in the next one."""
    work.require(Partners.APPROVE)
    row = await work.lock(PartnerPayout, payout)

    row.move(PayoutState.REFUSED)
    row.why, row.decided_by = why[:400], work.actor.id
    return row


async def _pay(work: Work, row: PartnerPayout) -> None:
    amount = Money(row.amount, row.currency)
    wallet = accounts.client_wallet(work, row.partner, row.currency)
    house = accounts.house(work, "partners", row.currency)

    row.move(PayoutState.PAID)
    row.paid_at, row.decided_by = work.now, work.actor.id
    posted = await posting.post(
        work,
        operation=f"partner-payout:{row.id}",
        kind="partner-payout",
        legs=posting.moving(house, wallet, amount),
        ref=("partner-payout", row.id),
    )
    row.entry = posted.entry
    work.tell(
        PartnerPaid(payout=row.id, partner=row.partner, amount=amount.text(), currency=row.currency)
    )
    work.announce(f"client:{row.partner}|wallets", f"client:{row.partner}|rewards")

"""Closing a payout period: one row for each partner, the same however often it is closed.

A sum below the minimum, or below nothing after a claw-back, is a row too: it is carried into the next
period and the partner's statement shows it. A partner whose earlier payout people have yet to decide
about is left for another run, as that decision changes what is carried.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import select

from brokerage.ledger import rates
from brokerage.partners import payouts
from brokerage.partners.model import Partner, PartnerPayout, PartnerState, PayoutState
from brokerage.partners.paying import drawing, periods, signs
from brokerage.partners.paying.periods import Period
from brokerage.partners.permissions import Partners
from brokerage.partners.settings import PartnerSettings
from brokerage.partners.sharing import paying as sharing
from stoa.kernel.refusals import Conflict
from stoa.tenancy.door import OpenWork
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work

AT_ONCE: Final = 500
_MOST_ROUNDS: Final = 400


@dataclass(slots=True)
class Closed:
    """What one run of a period wrote and left."""

    made: int = 0
    carried: int = 0
    left: int = 0
    """Waiting for an earlier decision, or without a rate for their currency."""


def period_of(work: Work, code: str) -> Period:
    """A period that has ended, by its code. Raises Invalid, Conflict."""
    period = periods.named(code, work.settings(TenantFacts).time_zone)
    if period.end > work.now:
        raise Conflict("This period has not ended yet. Nothing was closed.")
    return period


async def close(
    work: Work, period: Period, *, after: UUID | None = None
) -> tuple[Closed, UUID | None]:
    """One batch of partners who have no row of this period yet, by their ids; where to go on.

    Raises Conflict for a period that has not ended.
    """
    work.require(Partners.PAY)
    if period.end > work.now:
        raise Conflict("This period has not ended yet. Nothing was closed.")
    done = select(PartnerPayout.partner).where(PartnerPayout.accrued_to >= period.end)
    wanted = select(Partner).where(
        Partner.state.in_((PartnerState.ACTIVE, PartnerState.PAUSED)),
        Partner.joined_at < period.end,
        Partner.id.not_in(done),
    )
    if after is not None:
        wanted = wanted.where(Partner.id > after)
    rows = await work.rows(wanted.order_by(Partner.id).limit(AT_ONCE).with_for_update())
    found = await _batch(work, rows, period)
    return found, rows[-1].id if len(rows) == AT_ONCE else None


async def _batch(work: Work, rows: Sequence[Partner], period: Period) -> Closed:
    found = Closed()
    if not rows:
        return found
    by_partner = await drawing.unpaid(work, [row.id for row in rows], upto=period.end)
    against = await signs.of(work, [row for row in rows if by_partner[row.id].exact > 0])
    prices = await rates.table(work)
    made: list[PartnerPayout] = []
    for row in rows:
        has = by_partner[row.id]
        if has.waiting:
            found.left += 1
            continue
        if has.rewards == 0 and has.exact == 0:
            continue  # nothing happened: nothing to tell
        try:
            made.append(drawing.row_of(work, row, has, against.get(row.id, []), prices, period))
        except rates.NoRate:
            found.left += 1
    for payout in made:
        work.add(payout)
    await work.flush()
    found.carried = sum(1 for one in made if one.state == PayoutState.CARRIED)
    found.made = len(made) - found.carried
    if made:
        work.record("partners.closed", period=period.code, made=found.made, carried=found.carried)
        work.announce("desk|partner-payouts")
    return found


async def run(open_work: OpenWork, period: Period) -> Closed:
    """All partners, batch by batch, each in a transaction of its own; what they share with clients goes
    first, as it is taken from what they are paid.
    """
    await sharing.run(open_work, period)
    total, after = Closed(), None
    for _ in range(_MOST_ROUNDS):
        async with open_work() as work:
            found, after = await close(work, period, after=after)
        total.made += found.made
        total.carried += found.carried
        total.left += found.left
        if after is None:
            break
    return total


async def sweep(open_work: OpenWork) -> None:
    """Close the calendar's newest finished period, and pay what is agreed and due."""
    async with open_work() as work:
        if work.tenant.state != "active":
            return
        wanted = work.settings(PartnerSettings).payouts
        zone = work.settings(TenantFacts).time_zone
        now = work.now
    if wanted.calendar != "by-hand":
        await run(open_work, periods.last_closed(wanted.calendar, now, zone))
    for _ in range(_MOST_ROUNDS):
        async with open_work() as work:
            if await payouts.pay_due(work) < payouts.AT_ONCE:
                break

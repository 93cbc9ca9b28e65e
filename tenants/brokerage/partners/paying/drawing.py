"""What each partner has to be paid up to an instant, as rows of payouts: set-based, nothing written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from brokerage.ledger import rates
from brokerage.partners.model import Partner
from brokerage.partners.paying.model import PartnerPayout, PayoutState
from brokerage.partners.paying.periods import Period
from brokerage.partners.settings import PartnerSettings
from stoa.kernel.money import EXACT, Money
from stoa.tenancy.work import Work

UNPAID: Final = text("""
select p.id as partner, coalesce(r.rewards, 0) - coalesce(h.rewards, 0) as rewards,
       coalesce(r.earned, 0) - coalesce(h.earned, 0) as earned,
       coalesce(l.carried, 0) as carried, l.accrued_to as last_to, coalesce(h.waiting, false) as waiting
from partner p
left join (select partner, count(*) as rewards, sum(amount) as earned from reward
           where partner = any(:partners)
             and (cast(:upto as timestamptz) is null or deal_at < cast(:upto as timestamptz))
           group by partner) r on r.partner = p.id
left join (select partner, sum(rewards) as rewards, sum(earned) as earned,
                  bool_or(state = 'waiting') as waiting
           from partner_payout where partner = any(:partners) and state <> 'refused'
           group by partner) h on h.partner = p.id
left join lateral (select carried, accrued_to from partner_payout
           where partner = p.id and state <> 'refused' order by accrued_to desc limit 1) l on true
where p.id = any(:partners)
""")


@dataclass(frozen=True, slots=True)
class Unpaid:
    """What no payout holds yet. `earned` may be below zero, after money was taken back."""

    partner: UUID
    rewards: int
    earned: Decimal
    carried: Decimal
    last_to: datetime | None
    waiting: bool

    @property
    def exact(self) -> Decimal:
        return EXACT.add(self.earned, self.carried)


async def unpaid(
    work: Work, partners: Sequence[UUID], *, upto: datetime | None = None
) -> dict[UUID, Unpaid]:
    """All rewards of deals before an instant, less those of all payouts, and the last remainder.

    Counted so, a reward that comes late, at whichever instant, is in one payout or in the next.
    """
    rows = await work.table(UNPAID, {"partners": list(partners), "upto": upto})
    return {
        row.partner: Unpaid(
            row.partner,
            int(row.rewards),
            Decimal(row.earned),
            Decimal(row.carried),
            row.last_to,
            bool(row.waiting),
        )
        for row in rows
    }


def row_of(
    work: Work,
    partner: Partner,
    has: Unpaid,
    signs: Sequence[Mapping[str, Any]],
    prices: rates.Rates,
    period: Period | None = None,
) -> PartnerPayout:
    """The payout of what a partner has. Raises NoRate where their currency has no price."""
    settings = work.settings(PartnerSettings)
    exact = Money(has.exact, partner.currency)
    payable = exact.rounded(ROUND_DOWN)
    enough = payable.amount >= max(settings.payout_minimum, Decimal("1e-18"))
    if not enough:
        payable = Money.zero(partner.currency)
    row = PartnerPayout(
        id=work.new_id(),
        partner=partner.id,
        accrued_to=period.end if period else work.now,
        rewards=has.rewards,
        earned=has.earned,
        carried_in=has.carried,
        amount=payable.amount,
        carried=(exact - payable).amount,
        currency=partner.currency,
        state=PayoutState.WAITING if enough else PayoutState.CARRIED,
        made_at=work.now,
        made_by=work.actor.id,
        period=period.code if period else None,
        due_at=due(work, period),
        needs=0,
        yeses=[],
        signs=list(signs) if enough else [],
    )
    if not enough:
        return row
    over = [settings.payout_approve_over, settings.payouts.two_over]
    row.needs = 2 if payable.amount > over[1] else 1 if payable.amount > over[0] or signs else 0
    if partner.pay_in and partner.pay_in != partner.currency:
        via = prices.via(partner.currency, partner.pay_in)
        worth = Money(EXACT.multiply(payable.amount, via.rate), partner.pay_in).rounded(ROUND_DOWN)
        row.pay_currency, row.pay_amount = worth.currency, worth.amount
        row.rate, row.rate_at = via.rate, via.at
    if row.needs == 0:
        row.state = PayoutState.DUE
    return row


def due(work: Work, period: Period | None) -> datetime:
    """When it is paid at the earliest: by hand at once, by calendar so many days after its end."""
    if period is None:
        return work.now
    return period.end + timedelta(days=work.settings(PartnerSettings).payouts.delay_days)

"""Rewards of fees counted again by the tree and the settings of their time: differences are lines."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

from sqlalchemy import func, select, text

from brokerage.partners.fees.model import PartnerFee
from brokerage.partners.model import Attribution
from brokerage.partners.permissions import Partners
from brokerage.partners.rewards import accruals, clawing, comparing, planning, recounting, worth
from brokerage.trading.model import TradingAccount
from stoa.tenancy.work import Work

_EXISTING: Final = comparing.existing(
    "unnest(cast(:t_server as varchar[]), cast(:t_number as bigint[])) as t(server, number)"
)
_COMPARED: Final = comparing.compared(_EXISTING, comparing.LAST)
_AGAIN: Final = f"with {worth.FACTS}, {worth.CORE}, {_COMPARED}"
AGAIN: Final = text(f"{_AGAIN} on conflict do nothing {comparing.WRITTEN}")
STRETCH: Final = 5_000


async def recount(work: Work, first: datetime, last: datetime, *, why: str) -> int:
    """Fees of a stretch of time; how many lines were written. A second time, none."""
    work.require(Partners.EDIT)
    recounting.within(first, last)
    count, since = 0, first
    while True:
        wanted = select(PartnerFee).where(
            PartnerFee.at >= since, PartnerFee.at < last, PartnerFee.fx.is_not(None)
        )
        rows = await work.rows(wanted.order_by(PartnerFee.at, PartnerFee.id).limit(STRETCH + 1))
        # A stretch ends between two instants, so that nothing at one instant is cut in two.
        shown = rows if len(rows) <= STRETCH else [row for row in rows if row.at < rows[-1].at]
        count += await of_rows(work, shown, why=why)
        if len(rows) <= STRETCH or not shown:
            return count
        since = rows[-1].at


async def of_rows(work: Work, rows: Sequence[PartnerFee], *, why: str) -> int:
    """These fees, each kind by itself: a kind is the source that plans name."""
    count = 0
    for kind in dict.fromkeys(row.kind for row in rows):
        count += await _of_kind(work, kind, [row for row in rows if row.kind == kind], why)
    return count


async def _of_kind(work: Work, kind: str, rows: Sequence[PartnerFee], why: str) -> int:
    values = await accruals.offered(
        work, await standing(work, rows), "fee-share", None, source=kind
    )
    mine = {
        "t_server": [row.kind for row in rows],
        "t_number": [row.number for row in rows],
        "cause": why[:120],
    }
    async with planning.over(work, len(rows)):
        written = await work.table(AGAIN, values | mine)
    await clawing.follow(work, {one for row in written for one in row.undone or ()})
    return await accruals.told(work, written)


async def standing(work: Work, rows: Sequence[PartnerFee]) -> list[accruals.Earned]:
    """The fees that were not given back, with whose client each was then and what account it is of."""
    found = await work.table(
        select(
            PartnerFee.kind,
            PartnerFee.number,
            PartnerFee.client,
            PartnerFee.at,
            PartnerFee.amount,
            PartnerFee.fx,
            Attribution.partner,
            func.coalesce(TradingAccount.product, "").label("product"),
        )
        .join(
            Attribution,
            (Attribution.client == PartnerFee.client)
            & (Attribution.valid_from <= PartnerFee.at)
            & (Attribution.valid_to.is_(None) | (Attribution.valid_to > PartnerFee.at))
            & Attribution.partner.is_not(None),
        )
        .outerjoin(TradingAccount, TradingAccount.id == PartnerFee.account)
        .where(
            PartnerFee.id.in_([row.id for row in rows]),
            PartnerFee.undone_at.is_(None),
            PartnerFee.fx.is_not(None),
        )
    )
    return [
        accruals.Earned(
            row.kind, row.number, row.client, row.partner, row.at, row.amount,
            row.fx or Decimal(1), row.product,
        )
        for row in found
    ]  # fmt: skip

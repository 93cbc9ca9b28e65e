"""A bonus as credit on the trading server: there as long as it is credit here, and not longer.

It follows from the grant alone: whatever was told, and however often, the server is asked for the
difference between what it has confirmed and what is left.
"""

from typing import Final
from uuid import UUID

from sqlalchemy import func, select

from brokerage.bonuses.events import BonusCredited, BonusLost, BonusReleased
from brokerage.bonuses.grants import terms_of
from brokerage.bonuses.model import Grant, GrantState
from brokerage.bonuses.settings import BonusSettings
from brokerage.bonuses.story import left_of
from brokerage.trading import crediting
from brokerage.trading.events import TransferDone
from brokerage.trading.model import Transfer, TransferState
from stoa.kernel.money import Money
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work

_BATCH: Final = 50


async def follow(open_work: OpenWork, fact: BonusCredited | BonusReleased | BonusLost) -> None:
    """Something of a bonus moved: so does the server's credit. Safe to repeat."""
    async with open_work() as work:
        await level(work, fact.grant)


async def went_on(open_work: OpenWork, fact: TransferDone) -> None:
    """The server confirmed one movement; what changed meanwhile is asked for next."""
    if fact.direction not in crediting.BOTH:
        return
    async with open_work() as work:
        row = await work.get(Transfer, fact.transfer)
        if row.cause is not None:
            await level(work, row.cause)


async def level(work: Work, grant: UUID) -> None:
    row = await work.lock(Grant, grant)
    if not row.currency or terms_of(row).kind == "cashback":
        return
    due = left_of(row) if row.state == GrantState.ACTIVE else Money.zero(row.currency)
    if due and not work.settings(BonusSettings).on_server:
        return
    await crediting.level(work, row.id, row.client, due)


async def sweep(open_work: OpenWork) -> None:
    """Every few minutes: bonuses whose credit is not on the server yet, and what is there too long."""
    async with open_work() as work:
        signed = func.sum(Transfer.amount).filter(Transfer.direction == crediting.IN)
        taken = func.coalesce(
            func.sum(Transfer.amount).filter(Transfer.direction == crediting.OUT), 0
        )
        held = (
            select(Transfer.cause, (signed - taken).label("credit"))
            .where(Transfer.cause.is_not(None), Transfer.state == TransferState.DONE)
            .group_by(Transfer.cause)
            .subquery()
        )
        on = work.settings(BonusSettings).on_server
        left = Grant.amount - Grant.released - Grant.burnt
        late = (Grant.state == GrantState.ACTIVE) & (func.coalesce(held.c.credit, 0) != left)
        over = (Grant.state != GrantState.ACTIVE) & (func.coalesce(held.c.credit, 0) != 0)
        rows = list(
            await work.rows(
                select(Grant.id)
                .outerjoin(held, held.c.cause == Grant.id)
                .where(
                    Grant.state.in_(
                        (
                            GrantState.ACTIVE,
                            GrantState.RELEASED,
                            GrantState.LOST,
                            GrantState.EXPIRED,
                            GrantState.REVOKED,
                            GrantState.REVERSED,
                        )
                    ),
                    (late | over) if on else over,
                )
                .order_by(Grant.id)
                .limit(_BATCH)
            )
        )
    for one in rows:
        async with open_work() as work:
            await level(work, one)


async def credit_there(work: Work, row: Grant) -> Money | None:
    """What the server has confirmed of it; None where nothing was asked of a server."""
    asked = await work.first(select(Transfer.id).where(Transfer.cause == row.id).limit(1))
    if asked is None or not row.currency:
        return None
    return Money((await crediting.there(work, row.id))[0], row.currency)

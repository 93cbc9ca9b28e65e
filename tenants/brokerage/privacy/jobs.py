"""Work off the request: what was agreed to is carried out; what has reached its end is proposed."""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select

from brokerage.clients.model import Client, State
from brokerage.privacy import asking, carrying, holds, rules, standing
from brokerage.privacy.events import ErasureAgreed
from brokerage.privacy.model import LIVING, Erasure
from brokerage.privacy.settings import Category, PrivacySettings
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work

NIGHT_S: Final = 86_400
_LOOKED_AT: Final = 200


async def carry_out(open_work: OpenWork, fact: ErasureAgreed) -> None:
    await carrying.carry_out(open_work, fact.erasure)


async def propose_ended(open_work: OpenWork) -> None:
    """Every night: clients who left so long ago that a kind of data has reached its end.

    Each is proposed, none goes without a person. A client under a legal hold is passed over.
    """
    after: UUID | None = None
    while True:
        async with open_work() as work:
            if not work.settings(PrivacySettings).propose:
                return
            found = await _left_before(work, after)
            for client in found:
                await _propose(work, client)
        if len(found) < _LOOKED_AT:
            return
        after = found[-1]


async def _left_before(work: Work, after: UUID | None) -> list[UUID]:
    settings = work.settings(PrivacySettings)
    shortest = min(settings.months(one) for one in Category)
    wanted = select(Client.id).where(
        Client.state == State.CLOSED,
        Client.closed_at < _before(work.now, shortest),
        ~Client.erased.contains([str(one) for one in Category]),
        ~select(Erasure.id).where(Erasure.client == Client.id, Erasure.state.in_(LIVING)).exists(),
    )
    if after is not None:
        wanted = wanted.where(Client.id > after)
    return list(await work.rows(wanted.order_by(Client.id).limit(_LOOKED_AT)))


def _before(now: datetime, months: int) -> datetime:
    return rules.later(now, -months)


async def _propose(work: Work, client: UUID) -> None:
    if await holds.standing(work, client):
        return
    if rules.going(await standing.verdicts(work, client, wish=False)):
        await asking.by_period(work, client)

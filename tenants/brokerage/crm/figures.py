"""How a campaign goes: who waits, who was held back and why, what became of the letters."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select

from brokerage.clients import queries as clients
from brokerage.clients.model import Client
from brokerage.crm import segments, suppression
from brokerage.crm.model import CampaignRecipient
from brokerage.crm.settings import CrmSettings
from stoa.identity.model import Person
from stoa.notices.model import Message
from stoa.tenancy.work import Work


@dataclass(frozen=True, slots=True)
class Figures:
    all: int
    waiting: int
    queued: int
    held: int
    sent: int
    failed: int
    left: int
    why: Mapping[str, int]

    @property
    def done(self) -> int:
        return self.all - self.waiting


async def of(work: Work, campaign: UUID) -> Figures:
    """Two counting queries, whatever the size."""
    told = await work.table(
        select(
            CampaignRecipient.state,
            CampaignRecipient.why,
            func.count(),
            func.count(CampaignRecipient.left_at),
        )
        .where(CampaignRecipient.campaign == campaign)
        .group_by(CampaignRecipient.state, CampaignRecipient.why)
    )
    letters = {
        row[0]: int(row[1])
        for row in await work.table(
            select(Message.state, func.count())
            .where(Message.campaign == campaign)
            .group_by(Message.state)
        )
    }

    def those(state: str) -> int:
        return sum(int(row[2]) for row in told if row[0] == state)

    return Figures(
        all=sum(int(row[2]) for row in told),
        waiting=those("waiting"),
        queued=those("queued"),
        held=those("held"),
        sent=letters.get("sent", 0),
        failed=letters.get("failed", 0),
        left=sum(int(row[3]) for row in told),
        why={str(row[1]): int(row[2]) for row in told if row[0] == "held"},
    )


async def foreseen(work: Work, conditions: segments.Conditions) -> Figures:
    """The same before it begins: whom it would reach now, and whom not."""
    on = work.settings(CrmSettings).suppress_while_verifying
    why = suppression.why(while_verifying=on).label("why")
    rows = await work.table(
        select(why, func.count())
        .select_from(Client)
        .join(Person, Person.id == Client.id)
        .where(clients.visible(work), *segments.where(work, conditions))
        .group_by(why)
    )
    held = {str(row[0]): int(row[1]) for row in rows if row[0] is not None}
    reached = sum(int(row[1]) for row in rows if row[0] is None)
    return Figures(
        all=reached + sum(held.values()),
        waiting=reached,
        queued=0,
        held=sum(held.values()),
        sent=0,
        failed=0,
        left=0,
        why=held,
    )

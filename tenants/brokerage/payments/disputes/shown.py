"""What disputes give to the shared screens, and the watch over providers' ratios."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select

from brokerage.clients import queries as clients
from brokerage.payments.disputes import queries, ratio
from brokerage.payments.disputes.model import Dispute
from brokerage.payments.disputes.tables import late
from brokerage.payments.permissions import Payments
from stoa.identity import roles
from stoa.notices import notices
from stoa.notices.model import Notice
from stoa.product import Card, Hit, Item
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work
from stoa.theming.figures import plain_money
from stoa.theming.texts import N_

RATIO: str = N_("{psp}: {disputes} disputes in {month}, {percent} % of its deposits")


async def today(work: Work) -> list[Card]:
    """Disputes by the day their answer is due."""
    if not work.actor.may(Payments.DISPUTES):
        return []
    rows, count = await queries.by_deadline(work)
    if not rows:
        return []
    return [
        Card(
            "disputes",
            N_("Disputes to answer"),
            count,
            tone="stopped" if any(late(row, work.now) for row, _ in rows) else "needs",
            path="/desk/disputes?show=open",
            items=[
                Item(
                    title=f"{_told(row)} · {name or row.reference}",
                    path=f"/desk/disputes/{row.id}",
                    detail=row.reference,
                    status="overdue" if late(row, work.now) else f"dispute {row.stage}",
                    since=row.opened_at,
                    due=row.due_at,
                )
                for row, name in rows
            ],
            order=11,
            worklist=True,
        )
    ]


def _told(row: Dispute) -> str:
    return f"\u2066{plain_money(row.amount, row.currency)}\u2069"


async def search(work: Work, wanted: str) -> list[Hit]:
    """A dispute by its reference, or by the provider's number of it."""
    if not work.actor.may(Payments.DISPUTES) or len(wanted) < 6:
        return []
    rows = await work.rows(
        select(Dispute)
        .where(
            Dispute.reference == wanted,
            clients.within(work, Dispute.client),
        )
        .limit(5)
    )
    return [
        Hit("dispute", row.reference, _told(row), f"/desk/disputes/{row.id}", 95) for row in rows
    ]


async def moments(work: Work, client: UUID) -> Sequence[dict[str, Any]]:
    """On a client's timeline, for staff who may see disputes."""
    if not work.actor.may(Payments.DISPUTES):
        return []
    rows = await work.rows(
        select(Dispute).where(Dispute.client == client).order_by(Dispute.id.desc()).limit(30)
    )
    return [
        {
            "at": row.ended_at or row.opened_at,
            "title": N_("Payment disputed"),
            "text": f"{_told(row)} · {row.reference}",
            "tone": "done" if row.stage in {"won", "reversed"} else "stopped",
            "icon": "credit-card-off",
            "href": f"/desk/disputes/{row.id}",
        }
        for row in rows
    ]


async def watch(open_work: OpenWork) -> None:
    """Every few minutes: a provider past a limit is told once a month to who looks after it."""
    async with open_work() as work:
        for month in await ratio.over_now(work):
            title = RATIO
            path = f"/desk/psps/{month.psp}/health?month={month.month}"
            known = await work.first(
                select(Notice.id).where(Notice.title == title, Notice.path == path)
            )
            if known is not None:
                continue
            await notices.tell_all(
                work,
                await roles.holders(work, Payments.DISPUTES),
                title,
                path=path,
                psp=month.psp,
                disputes=str(month.disputes),
                month=month.month,
                percent=str(month.by_count if month.by_count is not None else 100),
            )

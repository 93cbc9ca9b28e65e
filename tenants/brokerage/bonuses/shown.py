"""What bonuses give to the shared screens: home, the deposit page, the client's own data."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from brokerage.bonuses import campaigns, grants, queries
from brokerage.bonuses.model import Grant, GrantState
from stoa.kernel.money import Money
from stoa.product import Card, Item
from stoa.tenancy.work import Work
from stoa.theming.texts import N_


async def home(work: Work, client: UUID) -> list[Card]:
    """Bonuses that run, with how far they are earned; nothing where none does."""
    rows = [row for row in await queries.of_client(work, client, 10) if row.state == "active"]
    if not rows:
        return []
    return [
        Card(
            "bonuses",
            N_("Bonuses"),
            items=[
                Item(
                    title=row.title,
                    path=f"/bonuses/{row.id}",
                    detail=f"{Money(row.left, row.currency)} · {queries.progress(row)} %",
                    status="bonus active",
                    since=row.granted_at,
                    due=row.expires_at,
                )
                for row in rows
            ],
            path="/bonuses",
            order=65,
        )
    ]


async def offers(work: Work, client: UUID) -> Sequence[Mapping[str, Any]]:
    """What is offered with the next deposit, for the deposit page."""
    return [
        {
            "title": row.title,
            "sentences": queries.conditions(grants.terms_of(row))[:2],
            "campaign": row.id,
        }
        for row in (await campaigns.offered(work, client))[:3]
    ]


async def export(work: Work, client: UUID) -> Any:
    return [
        {
            "reference": row.reference,
            "title": row.title,
            "state": row.state,
            "amount": str(row.amount),
            "released": str(row.released),
            "lost": str(row.burnt),
            "currency": row.currency,
            "why": row.why,
            "made_at": row.made_at.isoformat(),
        }
        for row in await queries.of_client(work, client, 1_000)
    ]


async def pulse(work: Work) -> dict[str, Any]:
    count = await work.value(
        select(func.count()).select_from(Grant).where(Grant.state == GrantState.ACTIVE)
    )
    return {"bonuses_active": int(count or 0)}

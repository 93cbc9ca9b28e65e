"""What bonuses give to the shared screens: home, the deposit page, the client's own data."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from brokerage.bonuses import abuse, campaigns, grants, queries
from brokerage.bonuses.model import Grant, GrantState
from brokerage.bonuses.permissions import Bonuses
from brokerage.payments.hooks import Condition
from stoa.kernel.money import Money
from stoa.product import Card, Item
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

_EARNED = {
    False: N_(
        "“{title}”: {done} of {need} lots traded. A withdrawal before that can take back the "
        "{left} that are not earned."
    ),
    True: N_("“{title}”: {done} of {need} lots traded. A withdrawal takes nothing of it."),
}
_CHOSEN = N_("“{title}” comes with your next deposit; it has to be earned by trading.")


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


async def today(work: Work) -> list[Card]:
    """Bonuses whose trading a person has to look at."""
    if not work.actor.may(Bonuses.REVOKE):
        return []
    rows, count = await abuse.waiting(work)
    if not rows:
        return []
    return [
        Card(
            "bonus-cases",
            N_("Bonuses to look at"),
            count,
            tone="needs",
            path=f"/desk/bonuses/grants/{rows[0].id}",
            items=[
                Item(
                    title=row.title,
                    path=f"/desk/bonuses/grants/{row.id}",
                    detail=row.reference,
                    status="needs_you",
                    since=row.granted_at,
                )
                for row in rows
            ],
            order=16,
            worklist=True,
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


async def stands(work: Work, client: UUID) -> Sequence[Condition]:
    """What of a bonus is not earned yet: told before money comes in and before it leaves."""
    found: list[Condition] = []
    for row in await queries.of_client(work, client, 10):
        terms = grants.terms_of(row)
        if terms.kind == "cashback":
            continue
        if row.state == GrantState.ACTIVE and terms.lots_per_100:
            places = {
                "title": row.title,
                "done": f"{row.done_lots:.2f}",
                "need": f"{row.need_lots:.2f}",
                "left": str(Money(row.left, row.currency)),
            }
            text = _EARNED[terms.burn == "none"]
            found.append(Condition(N_("Bonus"), text, places, f"/bonuses/{row.id}"))
        elif row.state == GrantState.CHOSEN:
            places = {"title": row.title}
            found.append(Condition(N_("Bonus"), _CHOSEN, places, f"/bonuses/{row.id}"))
    return found


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

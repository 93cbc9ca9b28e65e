"""Erasures as a list, and those that wait on the first screen."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, select, text
from sqlalchemy.orm import load_only

from brokerage.clients import queries as clients
from brokerage.privacy import wordings
from brokerage.privacy.model import LIVING, Erasure, ErasureState
from brokerage.privacy.permissions import Privacy
from stoa.product import Card, Item
from stoa.tenancy.statements import kept
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import tables

_SHOWN: Final = 6


async def _view(work: Any, rows: Sequence[Any]) -> list[tables.Shown]:
    found = [row[0] for row in rows]
    named = await clients.names(work, [row.client for row in found])
    return [
        tables.Shown(
            key=str(row.id),
            href=f"/desk/privacy/{row.id}",
            cells=(
                row.asked_at,
                row.reference,
                named.get(row.client, ""),
                tables.Coded(f"erasure for {row.cause}", row.cause),
                tables.Coded(f"erasure {row.state}", row.state),
                row.due_at if row.state in LIVING else None,
                row.done_at,
                row.number or "",
            ),
        )
        for row in found
    ]


ERASURES: Final = tables.Table(
    name="erasures",
    title=N_("Erasure of personal data"),
    columns=(
        tables.Column("at", N_("Since"), "when", sort=Erasure.asked_at, fixed=True),
        tables.Column("reference", N_("Reference"), "code"),
        tables.Column("client", N_("Client"), "strong"),
        tables.Column("cause", N_("Why"), "word", coded=True),
        tables.Column("state", N_("State"), "status", coded=True),
        tables.Column("due", N_("Answer by"), "when"),
        tables.Column("done", N_("Done"), "when", hidden=True),
        tables.Column("number", N_("Certificate"), "code"),
    ),
    query=lambda work: select(Erasure).where(clients.within(work, Erasure.client)),
    view=_view,
    id=Erasure.id,
    order="at",
    filters=(
        tables.choice("state", N_("State"), Erasure.state, tuple(wordings.STATES.items())),
        tables.choice("cause", N_("Why"), Erasure.cause, tuple(wordings.CAUSES.items())),
        *tables.dates("at", N_("From"), N_("To"), Erasure.asked_at),
    ),
    live="erasures",
    empty_title=N_("Nobody has asked to be erased"),
    empty_text=N_(
        "Wishes of clients appear here with the day by which they are answered, and what has "
        "reached the end of its time of keeping."
    ),
    empty_icon="shield-lock",
)


_PROPOSED: Final = text(
    "select v->>'category' as category, count(*) as clients "
    "from erasure e cross join lateral jsonb_array_elements(e.verdicts) v "
    "where e.state = 'proposed' and e.refusal is null and v->>'says' = 'goes' group by 1"
)


async def proposed(work: Work) -> dict[str, int]:
    """Of how many clients each kind would go, were all that is proposed agreed to."""
    rows = await work.table(_PROPOSED)
    counted = {row.category: int(row.clients) for row in rows}
    return {code: counted[code] for code in wordings.CATEGORIES if code in counted}


@kept
def _waiting(within: ColumnElement[bool]) -> Select[Any]:
    return (
        select(Erasure)
        .options(
            load_only(
                Erasure.reference, Erasure.client, Erasure.state, Erasure.asked_at, Erasure.due_at
            )
        )
        .where(Erasure.state.in_((ErasureState.ASKED, ErasureState.PROPOSED)), within)
        .order_by(Erasure.due_at)
    )


async def today(work: Work) -> Sequence[Card]:
    """What waits for a decision, the nearest day first."""
    if not (work.actor.may(Privacy.DECIDE) or work.actor.may(Privacy.AGREE)):
        return []
    mine = _waiting(clients.within(work, Erasure.client))
    rows, count = await clients.named(work, mine, Erasure.client, _SHOWN, {})
    if not count:
        return []
    return [
        Card(
            key="erasures",
            label=N_("Erasures to decide"),
            figure=count,
            path="/desk/privacy",
            items=[
                Item(
                    title=name or row.reference,
                    path=f"/desk/privacy/{row.id}",
                    detail=row.reference,
                    status=f"erasure {row.state}",
                    since=row.asked_at,
                    due=row.due_at,
                )
                for row, name in rows
            ],
            order=62,
            worklist=True,
        )
    ]

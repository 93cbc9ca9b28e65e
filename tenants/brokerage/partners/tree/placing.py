"""Where partners stand: the closure of the tree over time, and moves from an instant on.

Lines say from when to when they hold, so a move on a day to come is written today and needs nobody
then: a deal finds the tree of its own instant. `Partner.parent` follows when the day is there.
"""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import insert, select, text

from brokerage.partners.model import Partner, PartnerLine
from brokerage.partners.permissions import Partners
from stoa.kernel.refusals import Conflict, Invalid
from stoa.tenancy.actor import Kind
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work

FARTHEST: Final = timedelta(days=180)
JOIN: Final = text(
    "insert into partner_line (partner, above, valid_from, valid_to, depth) "
    "select :partner, above, greatest(valid_from, :now), valid_to, depth + 1 from partner_line "
    "where partner = :parent and (valid_to is null or valid_to > :now)"
)
PLANNED: Final = text(
    "select l.partner from partner_line l where (l.valid_from > :now or l.valid_to > :now) "
    "and (l.partner = :parent or l.partner in ("
    "select partner from partner_line where above = :partner and (valid_to is null or valid_to > :now)"
    ")) limit 1"
)
LEAVE: Final = text(
    "update partner_line l set valid_to = :at where l.valid_to is null "
    "and l.partner in (select partner from partner_line "
    "where above = :partner and valid_to is null) "
    "and l.above not in (select partner from partner_line "
    "where above = :partner and valid_to is null)"
)
ARRIVE: Final = text(
    "insert into partner_line (partner, above, valid_from, depth) "
    "select d.partner, u.above, :at, d.depth + u.depth + 1 "
    "from partner_line d cross join partner_line u "
    "where d.above = :partner and d.valid_to is null "
    "and u.partner = :parent and u.valid_to is null"
)
FORGET: Final = text(
    "delete from partner_line l where l.valid_from = :at and l.valid_from > :now "
    "and l.above <> l.partner and l.partner in (select partner from partner_line "
    "where above = :partner and valid_to is null)"
)
STAY: Final = text(
    "update partner_line l set valid_to = null where l.valid_to = :at and l.valid_to > :now "
    "and l.partner in (select partner from partner_line "
    "where above = :partner and valid_to is null)"
)


def now_below(partner: Any, now: datetime) -> Any:
    """Ids of a partner and of everyone who stands below them now."""
    return select(PartnerLine.partner).where(PartnerLine.above == partner, *holds(now))


def holds(now: datetime) -> tuple[Any, Any]:
    """Conditions for the lines that hold at an instant."""
    return (
        PartnerLine.valid_from <= now,
        (PartnerLine.valid_to.is_(None)) | (PartnerLine.valid_to > now),
    )


async def place(work: Work, partner: UUID, parent: UUID | None) -> None:
    """The lines from a partner without descendants up to the top, from now on."""
    await work.run(
        insert(PartnerLine),
        [{"partner": partner, "above": partner, "valid_from": work.now, "depth": 0}],
    )
    if parent is not None:
        await work.run(JOIN, {"partner": partner, "parent": parent, "now": work.now})
    work.record("partner.placed", partner=str(partner), under=str(parent) if parent else None)


async def move(
    work: Work,
    partner: UUID,
    *,
    parent: UUID | None,
    at: datetime | None = None,
    why: str = "",
) -> Partner:
    """Put a partner and everyone below under another parent from an instant on, now at the earliest.

    Raises Invalid for an instant that is over or too far, and when the new parent stands below;
    Conflict where a move that touches these lines is planned already.
    """
    work.require(Partners.EDIT)
    row = await work.lock(Partner, partner)
    when = await may_move(work, partner, parent, at)

    places = {"partner": partner, "parent": parent, "at": when}
    await work.run(LEAVE, {"partner": partner, "at": when})
    if parent is not None:
        await work.run(ARRIVE, places)
    if when > work.now:
        row.moving = {
            "to": str(parent) if parent else None,
            "at": when.isoformat(),
            "why": why[:200],
        }
    else:
        row.parent = parent
    work.reason = why or work.reason
    work.record(
        "partner.moved",
        partner=str(partner),
        under=str(parent) if parent else None,
        at=when.isoformat(),
    )
    return row


async def may_move(
    work: Work, partner: UUID, parent: UUID | None, at: datetime | None = None
) -> datetime:
    """The instant a move would begin at. Raises what `move` raises; changes nothing."""
    when = at or work.now
    if when < work.now - timedelta(minutes=1):
        raise Invalid("The past stays as it is: choose today or a later day.", field="since")
    if when > work.now + FARTHEST:
        raise Invalid("Choose a day within {days} days.", field="since", days=FARTHEST.days)
    if parent == (await work.get(Partner, partner)).parent:
        raise Invalid("The partner stands there already. Nothing was changed.", field="under")
    if parent is not None:
        await work.get(Partner, parent)
        below = await work.first(
            select(PartnerLine.partner).where(
                PartnerLine.above == partner,
                PartnerLine.partner == parent,
                PartnerLine.valid_to.is_(None),
            )
        )
        if below is not None:
            raise Invalid(
                "The new place is below this partner. Nothing was changed.", field="under"
            )
    planned = await work.value(
        PLANNED, {"partner": partner, "parent": parent or partner, "now": work.now}
    )
    if planned is not None:
        raise Conflict(
            "A move on a later day is planned for this part of the tree. Cancel that first. "
            "Nothing was changed."
        )
    return max(when, work.now)


async def stay(work: Work, partner: UUID) -> Partner:
    """Cancel a move whose day has not come. Raises Conflict where none is planned."""
    work.require(Partners.EDIT)
    row = await work.lock(Partner, partner)
    if row.moving is None or datetime.fromisoformat(row.moving["at"]) <= work.now:
        raise Conflict("No move is planned. Nothing was changed.")

    given = {
        "partner": partner,
        "at": datetime.fromisoformat(row.moving["at"]),
        "now": work.now,
    }
    await work.run(FORGET, given)
    await work.run(STAY, given)
    row.moving = None
    work.record("partner.stays", partner=str(partner))
    return row


async def follow(work: Work) -> int:
    """What pages show of the tree and of clients follows where a day has come; how many changed."""
    assert work.actor.kind is Kind.SYSTEM  # noqa: S101 - nobody asks for this
    moved = await work.table(
        text(
            "update partner set parent = cast(moving->>'to' as uuid), moving = null "
            "where moving is not null and cast(moving->>'at' as timestamptz) <= :now returning id"
        ),
        {"now": work.now},
    )
    given = await work.table(
        text(
            "update client c set partner = a.partner from attribution a where a.client = c.id "
            "and a.valid_from <= :now and a.valid_from > :since "
            "and (a.valid_to is null or a.valid_to > :now) "
            "and c.partner is distinct from a.partner returning c.id"
        ),
        {"now": work.now, "since": work.now - timedelta(days=3)},
    )
    if moved or given:
        work.record("partners.followed", moved=len(moved), clients=len(given))
    return len(moved) + len(given)


async def sweep(open_work: OpenWork) -> None:
    async with open_work() as work:
        await follow(work)

"""What a partner is paid by, over time: begun, changed from a date, ended.

A change from an instant on may lie in the past: rewards of deals since then are then put right by a
recount, as adjustments.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import Table, delete, insert, select

from brokerage.partners.model import Partner, PartnerStanding
from stoa.kernel.refusals import Invalid, NotFound
from stoa.tenancy.work import Work

_ROWS: Final[Table] = PartnerStanding.__table__  # type: ignore[assignment]


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """One stretch of time in which everything a partner is paid by stays the same."""

    since: datetime
    until: datetime | None
    plan: str
    tier: str = ""
    own: dict[str, Any] = {}
    ratio: Decimal = Decimal(1)
    master: Decimal = Decimal(1)
    below_since: datetime | None = None
    because: dict[str, Any] = {}


def overlay(
    rows: Sequence[Standing],
    since: datetime,
    until: datetime | None,
    change: Callable[[Standing], Standing],
) -> list[Standing]:
    """The rows with everything between two instants changed; rows are cut where it begins and ends."""
    found: list[Standing] = []
    for row in rows:
        if (until is not None and row.since >= until) or (
            row.until is not None and row.until <= since
        ):
            found.append(row)
            continue
        if row.since < since:
            found.append(msgspec.structs.replace(row, until=since))
        inner = msgspec.structs.replace(row, since=max(row.since, since))
        ends = until is not None and (row.until is None or row.until > until)
        found.append(change(msgspec.structs.replace(inner, until=until) if ends else inner))
        if ends:
            assert until is not None  # noqa: S101 - it ends, so there is an end
            found.append(msgspec.structs.replace(row, since=until))
    return found


async def begin(work: Work, partners: Sequence[Partner]) -> None:
    """Their first standing: the plan and the agreed rates they joined with."""
    if partners:
        await work.run(
            insert(_ROWS),
            [
                {
                    "partner": one.id,
                    "valid_from": work.now,
                    "plan": one.plan,
                    "tier": "",
                    "own": {"rates": one.rates} if one.rates else {},
                    "ratio": Decimal(1),
                    "master": Decimal(1),
                    "because": {},
                }
                for one in partners
            ],
        )
        work.record("partner.standing", count=len(partners))


async def history(work: Work, partner: UUID) -> list[Standing]:
    """All standings of a partner, the oldest first."""
    rows = await work.table(
        select(_ROWS).where(_ROWS.c.partner == partner).order_by(_ROWS.c.valid_from)
    )
    return [
        Standing(
            since=row.valid_from,
            until=row.valid_to,
            plan=row.plan,
            tier=row.tier,
            own=row.own,
            ratio=row.ratio,
            master=row.master,
            below_since=row.below_since,
            because=row.because,
        )
        for row in rows
    ]


async def at(work: Work, partner: UUID, when: datetime) -> Standing:
    """What a partner is paid by at an instant. Raises NotFound."""
    for row in await history(work, partner):
        if row.since <= when and (row.until is None or row.until > when):
            return row
    raise NotFound


async def change(
    work: Work,
    partner: UUID,
    *,
    since: datetime,
    until: datetime | None = None,
    because: dict[str, Any] | None = None,
    noted: dict[str, Any] | None = None,
    **fields: Any,
) -> list[Standing]:
    """Set fields of a partner's standing between two instants, or from one on. Called by verbs that
    have checked who may. `noted` is added to what the standings say of themselves. Raises Invalid when
    the end lies before the beginning.
    """
    if until is not None and until <= since:
        raise Invalid("The end lies before the beginning. Nothing was changed.", field="until")
    more = {"because": because} if because is not None else {}
    rows = await history(work, partner)
    if rows and since < rows[0].since:
        since = rows[0].since

    def changed(row: Standing) -> Standing:
        new = msgspec.structs.replace(row, **fields, **more)
        return msgspec.structs.replace(new, because=new.because | noted) if noted else new

    after = overlay(rows, since, until, changed)
    await _replace(work, partner, after)
    work.record("partner.standing", partner=str(partner), since=since, until=until, **fields)
    return after


async def end(work: Work, partner: UUID, when: datetime) -> None:
    """Nothing is earned from then on: the partner was closed."""
    kept = [
        msgspec.structs.replace(row, until=min(row.until or when, when))
        for row in await history(work, partner)
        if row.since < when
    ]
    await _replace(work, partner, kept)
    work.record("partner.standing-ended", partner=str(partner), since=when)


async def _replace(work: Work, partner: UUID, rows: Sequence[Standing]) -> None:
    await work.flush()
    await work.run(delete(_ROWS).where(_ROWS.c.partner == partner))
    if rows:
        await work.run(
            insert(_ROWS),
            [
                {
                    "partner": partner,
                    "valid_from": row.since,
                    "valid_to": row.until,
                    "plan": row.plan,
                    "tier": row.tier,
                    "own": row.own,
                    "ratio": row.ratio,
                    "master": row.master,
                    "below_since": row.below_since,
                    "because": row.because,
                }
                for row in rows
            ],
        )

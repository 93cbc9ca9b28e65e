"""Which text of the settings is in force at which instant: deals are paid by the one of their time.

Every version of the section is kept, so the past is read from it and from nowhere else. A version
counts from when it was put in force; a plan that says when it begins counts from then, also where that
lies before. The first version there is counts for everything before it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy import select

from brokerage.partners.settings import PartnerSettings, Plan
from stoa.tenancy.model import Setting
from stoa.tenancy.work import Work

BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_VERSIONS: Final = 2000
_KEPT: Final = 64


@dataclass(frozen=True, slots=True)
class Epoch:
    """What is in force from `since` until the next one begins."""

    since: datetime
    settings: PartnerSettings


_known: dict[tuple[UUID, int], Sequence[Epoch]] = {}


async def read(work: Work) -> Sequence[Epoch]:
    """All epochs of the tenant, the oldest first; there is at least one."""
    key = (work.tenant.id, work.settings_epoch)
    if key not in _known:
        rows = await work.table(
            select(Setting.body, Setting.set_at)
            .where(Setting.slice == "partners", Setting.id <= work.settings_epoch)
            .order_by(Setting.id.desc())
            .limit(_MOST_VERSIONS)
        )
        versions = [(row.set_at, _parsed(row.body)) for row in reversed(rows)]
        told = [(at, one) for at, one in versions if one is not None]
        for old in list(_known)[: max(0, len(_known) - _KEPT)]:
            del _known[old]
        _known[key] = epochs(told or [(BEGINNING, work.settings(PartnerSettings))])
    return _known[key]


def _parsed(body: object) -> PartnerSettings | None:
    try:
        return msgspec.convert(body, PartnerSettings, strict=False)
    except msgspec.ValidationError:
        return None  # It was allowed once; what it said cannot be read any more.


def epochs(versions: Sequence[tuple[datetime, PartnerSettings]]) -> Sequence[Epoch]:
    """From versions in the order they were put in force, what counts when. Pure."""
    begun = [(BEGINNING if at == 0 else when, one) for at, (when, one) in enumerate(versions)]
    plans: list[tuple[datetime, Plan]] = []
    latest: dict[str, Plan] = {}
    for when, one in begun:
        for plan in one.plans:
            if latest.get(plan.code) != plan:
                first = plan.code not in latest
                usual = BEGINNING if first else when
                plans.append((plan.begins or usual, plan))
                latest[plan.code] = plan
    changes = sorted({when for when, _ in begun} | {when for when, _ in plans})
    found: list[Epoch] = []
    for since in changes:
        base = [one for when, one in begun if when <= since][-1:] or [begun[0][1]]
        there = {plan.code: plan for plan in base[0].plans}
        for when, plan in plans:
            if when <= since:
                there[plan.code] = plan
        settings = msgspec.structs.replace(
            base[0], plans=tuple(there.values()), engine=PartnerSettings().engine
        )
        if not found or found[-1].settings != settings:
            found.append(Epoch(since, settings))
    return found


def within(found: Sequence[Epoch], first: datetime, last: datetime) -> Sequence[Epoch]:
    """The epochs that deals between two instants belong to."""
    return [
        one
        for at, one in enumerate(found)
        if one.since <= last and (at + 1 == len(found) or found[at + 1].since > first)
    ]

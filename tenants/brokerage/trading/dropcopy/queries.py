"""Reads of drop copies for the desk."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import select

from brokerage.trading.dropcopy import taking
from brokerage.trading.dropcopy.model import FixMessage, FixSession
from brokerage.trading.model import QuarantinedDeal
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

_SHOWN: Final = 12
_WAITING_SHOWN: Final = 50
KINDS: Final = {
    "A": N_("Logon"),
    "5": N_("Logout"),
    "2": N_("Resend request"),
    "4": N_("Sequence reset"),
    "3": N_("Reject"),
    "j": N_("Business reject"),
    "8": N_("Execution report"),
    "AE": N_("Trade capture report"),
}


class Waiting(msgspec.Struct, frozen=True):
    """An account of theirs whose executions wait, since when and why."""

    name: str
    count: int
    why: str
    places: dict[str, str]
    since: datetime
    unmapped: bool


class Passed(msgspec.Struct, frozen=True):
    """A message as a line of the page."""

    outward: bool
    seq: int
    kind: str
    at: datetime
    account: str


async def session(work: Work, server: str) -> FixSession | None:
    return await work.first(select(FixSession).where(FixSession.server == server))


def waiting(row: FixSession) -> list[Waiting]:
    """The longest waiting first, as many as a page bears."""
    found = [
        Waiting(
            name,
            int(one["count"]),
            str(one["why"]),
            dict(one.get("places") or {}),
            datetime.fromisoformat(one["since"]),
            one["why"] == taking.UNMAPPED,
        )
        for name, one in row.waiting.items()
    ]
    return sorted(found, key=lambda one: one.since)[:_WAITING_SHOWN]


async def passed(work: Work, row: FixSession) -> list[Passed]:
    """The last messages of both directions in the numbers in force, the newest first."""
    found: list[Passed] = []
    for outward in (False, True):
        rows = await work.table(
            select(FixMessage.seq, FixMessage.kind, FixMessage.at, FixMessage.account)
            .where(
                FixMessage.server == row.server,
                FixMessage.epoch == row.epoch,
                FixMessage.outward.is_(outward),
            )
            .order_by(FixMessage.seq.desc())
            .limit(_SHOWN)
        )
        found += [
            Passed(
                outward, one.seq, KINDS.get(one.kind) or str(one.kind), one.at, one.account or ""
            )
            for one in rows
        ]
    return sorted(found, key=lambda one: (one.at, one.seq), reverse=True)[:_SHOWN]


async def put_aside(work: Work, server: str) -> Sequence[QuarantinedDeal]:
    """The last reports that nobody could book."""
    return await work.rows(
        select(QuarantinedDeal)
        .where(QuarantinedDeal.server == server)
        .order_by(QuarantinedDeal.id.desc())
        .limit(_SHOWN)
    )


def incidents(row: FixSession) -> list[dict[str, Any]]:
    return [one | {"at": datetime.fromisoformat(one["at"])} for one in row.incidents[:_SHOWN]]

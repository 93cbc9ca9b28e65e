"""Personal and master ratios: asked for from a day on, agreed to by a second person, ended.

A personal ratio multiplies a partner's own rewards; a master ratio those of everybody below, where the
partner stands at the top. Rewards of deals before the day stay as they are.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from brokerage.clients import queries as clients
from brokerage.partners.model import Partner, PartnerState
from brokerage.partners.permissions import Partners
from brokerage.partners.settings import PartnerSettings
from brokerage.partners.tree import standings
from stoa.kernel.refusals import Conflict, Denied, Invalid
from stoa.tenancy.work import Work

MOST: Final = Decimal(3)
FARTHEST: Final = timedelta(days=366)


async def ask(
    work: Work,
    partner: UUID,
    *,
    ratio: Decimal,
    master: Decimal,
    since: datetime,
    until: datetime | None,
    why: str,
) -> Partner:
    """Other ratios between two instants: in force at once, or waiting where two people decide.

    Raises Invalid for ratios and days that cannot be, Conflict while another wish waits.
    """
    work.require(Partners.EDIT)
    await clients.seen(work, partner)
    row = await work.lock(Partner, partner)
    checked(ratio, master, since, until, work.now)
    if len(why.strip()) < 5:
        raise Invalid("Say why, in a few words.", field="reason")
    if row.state not in (PartnerState.ACTIVE, PartnerState.PAUSED):
        raise Conflict("Only partners in the programme have ratios. Nothing was changed.")
    if row.wanted is not None:
        raise Conflict("Other ratios wait for a second person already. Nothing was changed.")

    wanted = {
        "ratio": str(ratio),
        "master": str(master),
        "since": since.isoformat(),
        "until": until.isoformat() if until else None,
        "why": why.strip()[:200],
        "by": str(work.actor.id),
        "name": work.actor.name[:120],
        "at": work.now.isoformat(),
    }
    work.subject, work.reason = partner, why.strip()[:200]
    if work.settings(PartnerSettings).ratios_two:
        row.wanted = wanted
        work.announce("desk|approvals")
    else:
        await _apply(work, row, wanted)
    return row


def checked(
    ratio: Decimal, master: Decimal, since: datetime, until: datetime | None, now: datetime
) -> None:
    """Raises Invalid."""
    for name, value in (("ratio", ratio), ("master", master)):
        if not value.is_finite() or not 0 <= value <= MOST:
            raise Invalid("A ratio is between 0 and {most} %.", field=name, most=MOST * 100)
    if since < now - timedelta(minutes=1):
        raise Invalid("The past stays as it is: choose today or a later day.", field="since")
    if since > now + FARTHEST:
        raise Invalid("Choose a day within {days} days.", field="since", days=FARTHEST.days)
    if until is not None and until <= since:
        raise Invalid("The end lies before the beginning. Nothing was changed.", field="until")


async def agree(work: Work, partner: UUID) -> Partner:
    """As somebody else than who asked. What was to begin meanwhile begins now. Raises Denied."""
    row, wanted = await _decide(work, partner)
    if wanted["by"] == str(work.actor.id):
        raise Denied("You asked for these ratios; someone else must agree. Nothing was changed.")
    row.wanted = None
    await _apply(work, row, wanted)
    return row


async def refuse(work: Work, partner: UUID, *, why: str) -> Partner:
    """No, with a reason; nothing changes. Whoever asked takes it back so."""
    if len(why.strip()) < 3:
        raise Invalid("Say why, in a few words.", field="reason")
    row, wanted = await _decide(work, partner)
    row.wanted = None
    work.record("partner.ratios-refused", partner=str(partner), asked_by=wanted["by"])
    work.reason = why.strip()[:400]
    return row


async def _decide(work: Work, partner: UUID) -> tuple[Partner, dict[str, Any]]:
    work.require(Partners.APPROVE)
    await clients.seen(work, partner)
    row = await work.lock(Partner, partner)
    if row.wanted is None:
        raise Conflict("No ratios wait here. Nothing was changed.", code="wrong-state")
    work.subject = partner
    return row, row.wanted


async def _apply(work: Work, row: Partner, wanted: dict[str, Any]) -> None:
    since = max(datetime.fromisoformat(wanted["since"]), work.now)
    until = datetime.fromisoformat(wanted["until"]) if wanted["until"] else None
    if until is not None and until <= since:
        raise Conflict("The time these ratios were for is over. Nothing was changed.")
    told = {name: wanted[name] for name in ("why", "by", "name", "at")}
    await standings.change(
        work,
        row.id,
        since=since,
        until=until,
        noted={"ratio": told | {"agreed": str(work.actor.id)}},
        ratio=Decimal(wanted["ratio"]),
        master=Decimal(wanted["master"]),
    )
    work.announce(f"client:{row.id}|rewards")


async def shown(work: Work, partner: UUID) -> list[dict[str, Any]]:
    """Stretches of time with equal ratios, the newest first; none where all of it is 100 %."""
    found: list[dict[str, Any]] = []
    for row in await standings.history(work, partner):
        last = found[-1] if found else None
        because = row.because.get("ratio") or {}
        if (
            last
            and last["until"] == row.since
            and (last["ratio"], last["master"])
            == (
                row.ratio,
                row.master,
            )
        ):
            last["until"] = row.until
            continue
        usual = row.ratio == 1 and row.master == 1
        found.append(
            {
                "since": row.since,
                "until": row.until,
                "ratio": row.ratio,
                "master": row.master,
                "why": "" if usual else because.get("why", ""),
            }
        )
    for one in found:
        one["now"] = one["since"] <= work.now and (one["until"] is None or one["until"] > work.now)
    only = all(one["ratio"] == 1 and one["master"] == 1 for one in found)
    return [] if only else found[::-1]

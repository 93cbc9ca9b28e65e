"""Every touch is kept; when a client registers, the tenant's rule decides over all of them.

Where several partners brought the same client, the rule decides all the same and the desk is shown
the contest: somebody confirms the rule's answer or gives the client to another, with a reason.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, select, update

from brokerage.clients import queries as clients
from brokerage.clients.model import Client
from brokerage.partners import announced, rules
from brokerage.partners.model import (
    Attribution,
    Partner,
    PartnerLink,
    PartnerState,
    PartnerTouch,
)
from brokerage.partners.permissions import Partners
from brokerage.partners.settings import PartnerSettings
from brokerage.partners.tree.placing import FARTHEST
from stoa.kernel.refusals import Conflict, Invalid
from stoa.tenancy.work import Work

MOST_TOUCHES: Final = 200


async def touch(
    work: Work,
    visitor: UUID,
    *,
    code: str | None,
    source: str,
    kind: str | None = None,
    click: str | None = None,
) -> UUID | None:
    """A visit through a partner's link or code, or by an advert. Unknown codes are kept as adverts.

    `click` is the affiliate's own number of it. Returns the partner, if any.
    """
    link = await work.session.get(PartnerLink, (code or "").lower()) if code else None
    partner = None
    if link is not None and link.ended_at is None:
        owner = await work.get(Partner, link.partner)
        partner = owner.id if owner.state == PartnerState.ACTIVE else None
        await work.run(
            update(PartnerLink)
            .where(PartnerLink.code == link.code)
            .values(clicks=PartnerLink.clicks + 1)
        )
    work.add(
        PartnerTouch(
            id=work.new_id(),
            visitor=visitor,
            partner=partner,
            link=link.code if link else None,
            source=source[:60],
            at=work.now,
            kind=kind or ("link" if link else "advert"),
            click=click[:120] if click else None,
        )
    )
    return partner


async def attribute(work: Work, client: UUID, visitor: UUID | None) -> Attribution:
    """Decide whose client a new registration is, with the touches and the rule that decided."""
    settings = work.settings(PartnerSettings)
    touches: list[PartnerTouch] = []
    if visitor is not None:
        touches = list(
            await work.rows(
                select(PartnerTouch)
                .where(PartnerTouch.visitor == visitor)
                .order_by(PartnerTouch.at)
                .limit(MOST_TOUCHES)
            )
        )
        touches = await announced.joined(work, touches)
    partner, rule = rules.decide(
        [rules.Touch(one.partner, one.at, one.source) for one in touches],
        settings.attribution,
        settings.touch_days,
        work.now,
    )
    if partner == client:
        partner, rule = None, "a partner is not their own client"
    decisive = _decisive(touches, partner, settings.attribution)
    row = Attribution(
        client=client,
        valid_from=work.now,
        partner=partner,
        rule=rule,
        touches=[_told(one) for one in touches],
        link=decisive.link if decisive else None,
        click=decisive.click if decisive else None,
        via=decisive.source if decisive else None,
        contest="open" if _contested(touches, settings.touch_days, work.now) else None,
    )
    work.add(row)
    owner = await work.lock(Client, client)
    owner.partner = partner
    if row.contest:
        work.announce("desk|partner-contests")
    return row


def _decisive(
    touches: Sequence[PartnerTouch], partner: UUID | None, rule: str
) -> PartnerTouch | None:
    """The touch that counts: of the partner's, the newest or the oldest, as the rule goes."""
    theirs = [one for one in touches if partner is not None and one.partner == partner]
    if not theirs:
        return None
    return theirs[-1] if rule == "last-touch" else theirs[0]


def _contested(touches: Sequence[PartnerTouch], days: int, now: datetime) -> bool:
    since = now - timedelta(days=days)
    return len({one.partner for one in touches if one.partner and one.at >= since}) > 1


def _told(one: PartnerTouch) -> dict[str, Any]:
    return {
        "at": one.at.isoformat(),
        "partner": str(one.partner) if one.partner else None,
        "link": one.link,
        "source": one.source,
        "kind": one.kind,
    }


async def reassign(
    work: Work, client: UUID, *, partner: UUID | None, why: str, at: datetime | None = None
) -> Attribution:
    """Give a client to another partner from an instant on; past rewards stay where they are.

    A plan for a later day is replaced. Raises Invalid for an instant that is over or too far.
    """
    work.require(Partners.EDIT)
    owner = await work.lock(Client, client)
    when = at or work.now
    if when < work.now - timedelta(minutes=1):
        raise Invalid("The past stays as it is: choose today or a later day.", field="since")
    if when > work.now + FARTHEST:
        raise Invalid("Choose a day within {days} days.", field="since", days=FARTHEST.days)
    when = max(when, work.now)
    if partner is not None:
        await work.get(Partner, partner)
        if partner == client:
            raise Invalid("A partner is not their own client. Nothing was changed.", field="code")
    await work.run(
        delete(Attribution).where(Attribution.client == client, Attribution.valid_from > work.now)
    )
    await work.run(
        update(Attribution)
        .where(
            Attribution.client == client,
            (Attribution.valid_to.is_(None)) | (Attribution.valid_to > work.now),
        )
        .values(valid_to=when)
    )
    row = Attribution(
        client=client,
        valid_from=when,
        partner=partner,
        rule=f"by hand: {why}"[:60],
        touches=[
            {
                "at": work.now.isoformat(),
                "partner": str(partner) if partner else None,
                "link": None,
                "source": why[:60],
                "kind": "manual",
            }
        ],
        by=work.actor.id,
    )
    work.add(row)
    if when <= work.now:
        owner.partner = partner
    work.reason = why
    return row


async def confirm(work: Work, client: UUID, valid_from: datetime) -> Attribution:
    """The rule's answer stands though several partners brought the client."""
    work.require(Partners.EDIT)
    await clients.seen(work, client)
    row = await work.lock(Attribution, client, valid_from)
    if row.contest != "open":
        raise Conflict("This was decided already. Nothing was changed.")

    row.contest, row.by = "decided", work.actor.id
    return row


async def award(
    work: Work, client: UUID, valid_from: datetime, *, partner: UUID, why: str
) -> Attribution:
    """Give a contested client to another of the partners who brought them, from now on.

    Raises Invalid for a partner who did not.
    """
    work.require(Partners.EDIT)
    row = await confirm(work, client, valid_from)
    if str(partner) not in {one["partner"] for one in row.touches}:
        raise Invalid("This partner did not bring the client. Nothing was changed.", field="code")
    if len(why.strip()) < 5:
        raise Invalid("Say why, in a few words.", field="reason")
    await work.flush()
    return await reassign(work, client, partner=partner, why=why)

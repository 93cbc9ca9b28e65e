"""Every touch is kept; when a client registers, the tenant's rule decides over all of them."""

from uuid import UUID

from sqlalchemy import select, update

from brokerage.clients.model import Client
from brokerage.partners import rules
from brokerage.partners.model import (
    Attribution,
    Partner,
    PartnerLink,
    PartnerState,
    PartnerTouch,
)
from brokerage.partners.permissions import Partners
from brokerage.partners.settings import PartnerSettings
from stoa.kernel.ids import uuid7
from stoa.tenancy.work import Work


async def touch(work: Work, visitor: UUID, *, code: str | None, source: str) -> UUID | None:
    """A visit through a partner's link or code, or by an advert. Unknown codes are kept as adverts.

    Returns the partner, if any.
    """
    link = await work.session.get(PartnerLink, (code or "").lower()) if code else None
    partner = None
    if link is not None:
        owner = await work.get(Partner, link.partner)
        partner = owner.id if owner.state == PartnerState.ACTIVE else None
        await work.run(
            update(PartnerLink)
            .where(PartnerLink.code == link.code)
            .values(clicks=PartnerLink.clicks + 1)
        )
    work.add(
        PartnerTouch(
            id=uuid7(int(work.now.timestamp() * 1000)),
            visitor=visitor,
            partner=partner,
            link=link.code if link else None,
            source=source[:60],
            at=work.now,
        )
    )
    return partner


async def attribute(work: Work, client: UUID, visitor: UUID | None) -> Attribution:
    """Decide whose client a new registration is, with the touches and the rule that decided."""
    settings = work.settings(PartnerSettings)
    touches = []
    if visitor is not None:
        touches = list(
            await work.rows(
                select(PartnerTouch)
                .where(PartnerTouch.visitor == visitor)
                .order_by(PartnerTouch.at)
                .limit(200)
            )
        )
    partner, rule = rules.decide(
        [rules.Touch(one.partner, one.at, one.source) for one in touches],
        settings.attribution,
        settings.touch_days,
        work.now,
    )
    if partner == client:
        partner, rule = None, "a partner is not their own client"
    row = Attribution(
        client=client,
        valid_from=work.now,
        partner=partner,
        rule=rule,
        touches=[
            {
                "at": one.at.isoformat(),
                "partner": str(one.partner) if one.partner else None,
                "link": one.link,
                "source": one.source,
            }
            for one in touches
        ],
    )
    work.add(row)
    owner = await work.lock(Client, client)
    owner.partner = partner
    return row


async def reassign(work: Work, client: UUID, *, partner: UUID | None, why: str) -> Attribution:
    """Give a client to another partner from now on; past rewards stay where they are."""
    work.require(Partners.EDIT)
    owner = await work.lock(Client, client)
    if partner is not None:
        await work.get(Partner, partner)
    await work.run(
        update(Attribution)
        .where(Attribution.client == client, Attribution.valid_to.is_(None))
        .values(valid_to=work.now)
    )
    row = Attribution(
        client=client, valid_from=work.now, partner=partner, rule=f"by hand: {why}"[:60], touches=[]
    )
    work.add(row)
    owner.partner = partner
    work.reason = why
    return row

"""A partner's links: campaigns with what each brought, and invitations of partners below at agreed rates."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select, text

from brokerage.partners import rules
from brokerage.partners.model import Attribution, Partner, PartnerLink, PartnerState
from brokerage.partners.permissions import Partners
from brokerage.partners.settings import PartnerSettings
from stoa.kernel.refusals import Conflict, Invalid
from stoa.tenancy.actor import Kind
from stoa.tenancy.work import Work

ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"
MOST: Final = 100
BROUGHT: Final = text("""
select l.code, l.name, l.made_at, l.clicks, l.rates, l.ended_at,
       count(a.client) as registered, count(c.first_deposit_at) as deposited,
       coalesce(sum(e.earned), 0) as earned,
       count(p.id) as joined
from partner_link l
left join attribution a on a.link = l.code and a.partner = l.partner
left join client c on c.id = a.client
left join partner p on p.id = a.client and p.parent = l.partner
left join (select client, sum(amount) as earned from reward where partner = :partner
           group by client) e on e.client = a.client
where l.partner = :partner
group by l.code order by l.ended_at is not null, l.made_at desc limit :most
""")


@dataclass(frozen=True, slots=True)
class Brought:
    """What a link brought: clicks, people who registered by it, of them those who paid in, and the
    partner's rewards on them. Of an invitation `joined` became partners.
    """

    code: str
    name: str
    made_at: datetime
    clicks: int
    registered: int
    deposited: int
    earned: Decimal
    joined: int
    rates: dict[str, Any] | None
    ended_at: datetime | None


async def brought(work: Work, partner: UUID) -> list[Brought]:
    rows = await work.table(BROUGHT, {"partner": partner, "most": MOST})
    return [
        Brought(
            row.code, row.name, row.made_at, row.clicks, row.registered, row.deposited,
            Decimal(row.earned), row.joined, row.rates, row.ended_at,
        )
        for row in rows
    ]  # fmt: skip


async def add(
    work: Work, partner: UUID, name: str, *, rates: dict[str, str] | None = None
) -> PartnerLink:
    """A link with a campaign of its own; with `rates` an invitation of partners below.

    Agreed rates never exceed the partner's own. Raises Invalid, Conflict.
    """
    work.require(Partners.OWN if work.actor.kind is Kind.CLIENT else Partners.EDIT)
    work.actor.own(partner)
    row = await work.lock(Partner, partner)
    if row.state != PartnerState.ACTIVE:
        raise Conflict("Only active partners have links. Nothing was made.")
    if not name.strip():
        raise Invalid("Give the campaign a name.", field="name")
    have = await work.value(
        select(func.count()).where(PartnerLink.partner == partner, PartnerLink.ended_at.is_(None))
    )
    if have >= MOST:
        raise Conflict("You have {n} links. End one first.", n=MOST)
    if rates is not None:
        agreed(work, row, rates)
    link = PartnerLink(
        code=f"{row.code[:4]}{''.join(secrets.choice(ALPHABET) for _ in range(6))}",
        partner=partner,
        name=name.strip()[:60],
        made_at=work.now,
        rates=rates,
    )
    work.add(link)
    return link


def agreed(work: Work, above: Partner, rates: dict[str, str]) -> None:
    """Raises Invalid for what is no rate, and for more than the partner above has."""
    for stated in rates.values():
        try:
            value = Decimal(stated)
        except InvalidOperation as why:
            raise Invalid("Write a number in digits.", field="rate") from why
        if not value.is_finite() or value < 0:
            raise Invalid("A rate is never below zero.", field="rate")
    plan = work.settings(PartnerSettings).plan(above.plan)
    rules.within_parent(rates, above.rates, plan)


async def end(work: Work, partner: UUID, code: str) -> PartnerLink:
    """Who comes by it from now on is nobody's; what it brought stays. The main link does not end."""
    work.require(Partners.OWN if work.actor.kind is Kind.CLIENT else Partners.EDIT)
    work.actor.own(partner)
    row = await work.lock(PartnerLink, code)
    owner = await work.get(Partner, partner)
    if row.partner != partner:
        raise Invalid("This is no link of yours.", field="code")
    if row.code == owner.code or row.ended_at is not None:
        raise Conflict("This link does not end. Nothing was changed.")

    row.ended_at = work.now
    return row


async def invitation(work: Work, client: UUID) -> PartnerLink | None:
    """The invitation a client came by, while it and whoever made it are good."""
    return await work.first(
        select(PartnerLink)
        .join(Attribution, Attribution.link == PartnerLink.code)
        .join(Partner, Partner.id == PartnerLink.partner)
        .where(
            Attribution.client == client,
            Attribution.partner == PartnerLink.partner,
            PartnerLink.rates.is_not(None),
            PartnerLink.ended_at.is_(None),
            Partner.state == PartnerState.ACTIVE,
        )
        .order_by(Attribution.valid_from.desc())
        .limit(1)
    )


def conversion(rows: Sequence[Brought]) -> tuple[int, int, int]:
    """Clicks, registrations and first deposits of all links together."""
    return (
        sum(row.clicks for row in rows),
        sum(row.registered for row in rows),
        sum(row.deposited for row in rows),
    )

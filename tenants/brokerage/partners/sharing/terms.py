"""Shares as partners wish for them and staff let them: from a day on, ended, followed by another."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select, text

from brokerage.clients import queries as clients
from brokerage.partners.model import Attribution, Partner, PartnerState
from brokerage.partners.paying import signs
from brokerage.partners.permissions import Partners
from brokerage.partners.settings import PartnerSettings
from brokerage.partners.sharing import rules
from brokerage.partners.sharing.rules import Term
from stoa.kernel.refusals import Conflict, Denied, Invalid, NotFound
from stoa.tenancy.actor import Kind
from stoa.tenancy.work import Work

FARTHEST: Final = timedelta(days=366)
MOST: Final = 1_000
"""Clients that one partner shares with."""
MOST_TERMS: Final = 40
ASKED: Final = text("""
select a.partner, a.client, a.valid_from, t.term ->> 'key' as key, cast(t.term ->> 'percent' as numeric) as percent,
       cast(t.term ->> 'cap' as numeric) as cap, cast(t.term ->> 'since' as timestamptz) as since,
       cast(t.term ->> 'asked_at' as timestamptz) as asked_at, t.term ->> 'state' as state, p.code, p.currency
from attribution a
cross join lateral jsonb_array_elements(a.share) t(term)
join partner p on p.id = a.partner
where a.share is not null and t.term ->> 'state' in ('asked', 'active')
  and (a.valid_to is null or a.valid_to > :now)
order by t.term ->> 'state' desc, 8 limit :most
""")


async def _of(work: Work, partner: UUID, client: UUID) -> Attribution:
    """The client as this partner's own, locked. Raises NotFound for anybody else's."""
    row = await work.first(
        select(Attribution)
        .where(
            Attribution.client == client,
            Attribution.partner == partner,
            Attribution.valid_from <= work.now,
            Attribution.valid_to.is_(None) | (Attribution.valid_to > work.now),
        )
        .with_for_update()
    )
    if row is None:
        raise NotFound
    return row


async def ask(
    work: Work, client: UUID, *, percent: Decimal, since: datetime, cap: Decimal | None
) -> Term:
    """The signed-in partner shares with a client of theirs; it takes the place of what is agreed.

    Waits for staff where the tenant says so, and where signs say that the two are one person. Raises
    Denied, Invalid, NotFound.
    """
    work.require(Partners.OWN)
    assert work.actor.id is not None  # noqa: S101 - a client's session names them
    partner = await work.lock(Partner, work.actor.id)
    wanted = work.settings(PartnerSettings).sharing
    if wanted.mode == "off" or partner.state != PartnerState.ACTIVE:
        raise Denied("Rewards are not shared here. Nothing was changed.")
    if not percent.is_finite() or not 0 < percent <= wanted.percent_most:
        raise Invalid(
            "Share above 0 and at most {most} %.", field="percent", most=wanted.percent_most
        )
    if cap is not None and (not cap.is_finite() or cap <= 0):
        raise Invalid("A limit is more than nothing.", field="cap")
    if since < work.now - timedelta(minutes=1) or since > work.now + FARTHEST:
        raise Invalid(
            "Choose today or a day within {days} days.", field="since", days=FARTHEST.days
        )
    row = await _of(work, partner.id, client)
    if row.share is None and await _shared_with(work, partner.id) >= MOST:
        raise Conflict("You share with {n} clients; that is the most.", n=MOST)

    against = (await signs.of(work, [partner])).get(partner.id, [])
    one_person = any(one["client"] == str(client) for one in against)
    term = Term(
        key=secrets.token_hex(4),
        percent=percent,
        since=max(since, work.now),
        cap=cap,
        asked_at=work.now,
        by=work.actor.id,
    )
    terms = [one for one in rules.read(row.share) if one.state != "asked"]
    if len(terms) >= MOST_TERMS:
        raise Conflict("This was changed too often. Write to us. Nothing was changed.")
    terms.append(term)
    if wanted.mode == "automatic" and not one_person:
        _begin(work, terms, term)
    else:
        work.announce("desk|approvals")
    row.share = rules.write(terms)
    work.subject = client
    return term


async def _shared_with(work: Work, partner: UUID) -> int:
    return int(
        await work.value(
            select(func.count()).where(
                Attribution.partner == partner, Attribution.share.is_not(None)
            )
        )
    )


def _begin(work: Work, terms: Sequence[Term], term: Term) -> None:
    """In force from its day on; what held before ends there."""
    term.state, term.since = "active", max(term.since, work.now)
    term.decided_at, term.decided_by = work.now, work.actor.id
    for one in terms:
        if (
            one is not term
            and one.state == "active"
            and (one.until is None or one.until > term.since)
        ):
            one.until = max(term.since, one.since)


async def decide(
    work: Work, partner: UUID, client: UUID, key: str, *, agreed: bool, why: str
) -> Term:
    """Staff let a share begin, or say no with a reason."""
    work.require(Partners.APPROVE)
    await clients.seen(work, client)
    row = await _of(work, partner, client)
    terms = rules.read(row.share)
    term = next((one for one in terms if one.key == key), None)
    if term is None or term.state != "asked":
        raise Conflict("This was decided already. Nothing was changed.", code="wrong-state")
    if len(why.strip()) < 3 and not agreed:
        raise Invalid("Say why, in a few words.", field="reason")

    term.why = why.strip()[:200]
    if agreed:
        _begin(work, terms, term)
    else:
        term.state, term.decided_at, term.decided_by = "refused", work.now, work.actor.id
    row.share = rules.write(terms)
    work.subject, work.reason = client, term.why or None
    work.announce(f"client:{partner}|rewards")
    return term


async def stop(work: Work, partner: UUID, client: UUID) -> None:
    """Deals from now on are not shared any more; a wish that waits is taken back."""
    if work.actor.kind is Kind.CLIENT:
        work.require(Partners.OWN)
        work.actor.own(partner)
    else:
        work.require(Partners.EDIT)
        await clients.seen(work, client)
    row = await _of(work, partner, client)
    terms = [one for one in rules.read(row.share) if one.state != "asked"]
    open_ones = [
        one
        for one in terms
        if one.state == "active" and (one.until is None or one.until > work.now)
    ]
    if not open_ones and len(terms) == len(row.share or ()):
        raise Conflict("Nothing is shared with this client. Nothing was changed.")
    for one in open_ones:
        one.until = max(work.now, one.since)
    row.share = rules.write(terms) if terms else None
    work.subject = client


async def listed(work: Work, *, most: int = 200) -> Sequence[Any]:
    """What waits for staff first, then what is in force."""
    rows = await work.table(ASKED, {"now": work.now, "most": most})
    seen = await clients.among(work, {one for row in rows for one in (row.partner, row.client)})
    return [row for row in rows if row.client in seen or row.partner in seen]

"""Campaigns: made, changed, put live and ended by staff; offered to whom they fit."""

import re
from collections.abc import Sequence
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy import func, select

from brokerage.bonuses import grants, rules
from brokerage.bonuses.model import Campaign, Grant
from brokerage.bonuses.permissions import Bonuses
from brokerage.bonuses.terms import Terms
from brokerage.kyc import standing
from stoa.kernel.refusals import Conflict, Invalid
from stoa.tenancy.work import Work

_CODE: Final = re.compile(r"[a-z][a-z0-9-]{1,38}")
_MOST: Final = 200


async def make(work: Work, code: str, title: str, terms: Terms) -> Campaign:
    """A draft: nobody sees it before it is live. Raises Invalid, or Conflict for a code in use."""
    work.require(Bonuses.CAMPAIGNS)
    if not _CODE.fullmatch(code):
        raise Invalid("A code is small letters, digits and dashes.", field="code")
    if await work.first(select(Campaign.id).where(Campaign.code == code)) is not None:
        raise Conflict("There is a campaign of this code already.", field="code")
    await _promo_free(work, terms, None)
    row = Campaign(
        id=work.new_id(),
        code=code,
        title=_titled(title),
        terms=msgspec.to_builtins(terms),
        version=1,
        state="draft",
        made_by=work.actor.id,
        made_at=work.now,
        changed_at=work.now,
    )
    work.add(row)
    await work.flush()
    work.announce("desk|bonuses")
    return row


async def change(work: Work, campaign: UUID, title: str, terms: Terms) -> Campaign:
    """Other terms for those who come; who has one keeps the terms it was given under."""
    work.require(Bonuses.CAMPAIGNS)
    row = await work.lock(Campaign, campaign)
    await _promo_free(work, terms, row.id)
    body = msgspec.to_builtins(terms)
    if (row.title, row.terms) != (_titled(title), body):
        row.title, row.terms = _titled(title), body
        row.version, row.changed_at = row.version + 1, work.now
    work.announce("desk|bonuses")
    return row


def _titled(title: str) -> str:
    tidy = " ".join(title.split())
    if not 2 < len(tidy) <= 80:
        raise Invalid("Give it a name of 3 to 80 letters.", field="title")
    return tidy


async def _promo_free(work: Work, terms: Terms, own: UUID | None) -> None:
    """A promo code names one campaign that has not ended."""
    if not terms.promo_code:
        return
    other = await work.first(
        select(Campaign.id).where(
            func.upper(Campaign.terms["promo_code"].as_string()) == terms.promo_code.upper(),
            Campaign.state != "ended",
            Campaign.id != own if own is not None else Campaign.id.is_not(None),
        )
    )
    if other is not None:
        raise Conflict("Another campaign has this promo code.", field="promo_code")


async def move(work: Work, campaign: UUID, state: str) -> Campaign:
    """Put it live, or end it: who has one keeps it."""
    work.require(Bonuses.CAMPAIGNS)
    row = await work.lock(Campaign, campaign)
    row.move(state)
    row.changed_at = work.now
    work.announce("desk|bonuses")
    return row


async def all_of(work: Work) -> Sequence[Campaign]:
    return await work.rows(select(Campaign).order_by(Campaign.id.desc()).limit(_MOST))


async def offered(work: Work, client: UUID) -> list[Campaign]:
    """What this client could take now, without those that need a promo code."""
    if (await standing.limits(work, client)).forbids("bonuses"):
        return []
    had = select(Grant.campaign).where(Grant.client == client)
    rows = await work.rows(
        select(Campaign)
        .where(Campaign.state == "live", Campaign.id.not_in(had))
        .order_by(Campaign.id)
        .limit(_MOST)
    )
    known = await grants.facts(work, client)
    return [
        row
        for row in rows
        if not (terms := grants.terms_of(row)).promo_code
        and terms.ask
        and not rules.unfit(terms, known, before_deposit=True)
    ]

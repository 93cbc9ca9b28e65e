"""Clicks that an affiliate's server tells us of: signed, filtered, kept once.

Such a click is a touch of a visitor nobody has seen yet. It counts for whoever then comes by a link of
the same partner with the same number, and only if they come soon: numbers told in advance would
otherwise win every contest about who was first. What a filter holds is kept too, as nobody's.
"""

import base64
import hashlib
import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from brokerage.partners.model import Partner, PartnerLink, PartnerState, PartnerTouch
from brokerage.partners.permissions import Partners
from brokerage.partners.settings import PartnerSettings
from stoa.connectors.signatures import (
    Headers,
    any_of,
    only_header,
    same,
    standard_secret,
    standard_webhook,
)
from stoa.connectors.trouble import Forged
from stoa.identity.model import Session
from stoa.kernel.refusals import Conflict, Invalid
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

KIND: Final = "postback"
SOURCE: Final = "server"
SOON: Final = timedelta(hours=1)
TOLERANCE: Final = timedelta(minutes=5)
_LATELY: Final = timedelta(days=30)
HELD: Final[dict[str, str]] = {
    "bot": N_("By a machine"),
    "network": N_("From no public address"),
    "self": N_("From an address of the partner"),
    "flood": N_("Too many from one address"),
    "old": N_("Too old to count"),
}
_BOT: Final = re.compile(
    r"bot\b|crawl|spider|slurp|headless|phantom|selenium|python-|curl/|wget/|go-http|java/",
    re.IGNORECASE,
)
_ID: Final = re.compile(r"[A-Za-z0-9_.:-]{8,80}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Told:
    """A click as a server tells it. `ip` and `agent` are of whoever clicked."""

    click: str
    at: datetime
    campaign: str | None = None
    ip: str | None = None
    agent: str | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """`held` is empty where the click counts. `known`: it was told before, and nothing was added."""

    touch: UUID
    link: str
    held: str
    known: bool


def _named(what: str, partner: UUID, click: str) -> UUID:
    told = hashlib.sha256(f"{what}|{partner}|{click}".encode()).digest()
    return UUID(bytes=told[:16])


def secret_of(work: Work, partner: Partner) -> str:
    """The secret in force, made from the tenant's key and the partner's count of secrets."""
    made = work.blind("partner.inbound", f"{partner.id}:{partner.inbound}")
    return f"whsec_{base64.b64encode(hashlib.sha256(made).digest()).decode()}"


async def new_secret(work: Work) -> str:
    """Another secret for the signed-in partner; the one before is good for nothing any more."""
    work.require(Partners.OWN)
    row = await work.lock(Partner, work.actor.id)
    if row.state != PartnerState.ACTIVE:
        raise Conflict("Only active partners tell of clicks. Nothing was changed.")
    row.inbound += 1
    return secret_of(work, row)


def proven(raw: bytes, headers: Headers, secret: str, now: datetime) -> None:
    """The Standard Webhooks form over `id.timestamp.body`. Raises Forged."""
    name, stamp = only_header(headers, "webhook-id"), only_header(headers, "webhook-timestamp")
    given = only_header(headers, "webhook-signature").split()
    if not _ID.fullmatch(name) or not re.fullmatch(r"\d{1,12}", stamp, re.ASCII):
        raise Forged("The call carries no usable signature.")
    if abs(now.timestamp() - int(stamp)) > TOLERANCE.total_seconds():
        raise Forged("The call was signed too long ago, or in the future.")
    due = standard_webhook(standard_secret(secret), name, int(stamp), raw)
    if not any_of([same(one, due) for one in given[:8]]):
        raise Forged("The call's signature is not the partner's.")


def held(told: Told, *, now: datetime, days: int, own: bool, flood: bool) -> str:
    """Why a click does not count, as a code of `HELD`; nothing where it does. Pure."""
    if told.at < now - timedelta(days=days):
        return "old"
    if told.agent is not None and (not told.agent.strip() or _BOT.search(told.agent)):
        return "bot"
    if told.ip is not None:
        try:
            if not ipaddress.ip_address(told.ip).is_global:
                return "network"
        except ValueError:
            return "network"
    if own:
        return "self"
    return "flood" if flood else ""


async def note(work: Work, partner: Partner, told: Told, *, flood: bool) -> Kept:
    """Keep a click once, by the partner's number of it. Raises Invalid, Conflict."""
    if partner.state != PartnerState.ACTIVE:
        raise Conflict("Only active partners tell of clicks. Nothing was kept.")
    if told.at > work.now + TOLERANCE:
        raise Invalid("This click lies in the future. Nothing was kept.", field="at")
    code = (told.campaign or partner.code).lower()
    link = await work.session.get(PartnerLink, code)
    if link is None or link.partner != partner.id or link.ended_at is not None:
        raise Invalid("This is no campaign of yours. Nothing was kept.", field="campaign")
    own = told.ip is not None and await work.value(
        select(
            select(Session.id)
            .where(
                Session.person == partner.id,
                Session.ip == told.ip,
                Session.seen_at > work.now - _LATELY,
            )
            .exists()
        )
    )
    days = work.settings(PartnerSettings).touch_days
    why = held(told, now=work.now, days=days, own=bool(own), flood=flood)
    touch = _named("touch", partner.id, told.click)
    fresh = await work.table(
        insert(PartnerTouch)
        .values(
            id=touch,
            visitor=_named("visitor", partner.id, told.click),
            partner=None if why else partner.id,
            link=link.code,
            source=f"held:{why}" if why else SOURCE,
            at=work.now,
            kind=KIND,
            click=told.click[:120],
        )
        .on_conflict_do_nothing()
        .returning(PartnerTouch.id)
    )
    if fresh:
        return Kept(touch, link.code, why, known=False)
    before = await work.get(PartnerTouch, touch)
    return Kept(touch, before.link or link.code, before.source.partition("held:")[2], known=True)


async def joined(work: Work, touches: Sequence[PartnerTouch]) -> list[PartnerTouch]:
    """A visitor's touches with the clicks that were told of them shortly before they came."""
    came = {
        _named("visitor", one.partner, one.click): one
        for one in reversed(touches)
        if one.partner is not None and one.click
    }
    if not came:
        return list(touches)
    told = await work.rows(
        select(PartnerTouch)
        .where(PartnerTouch.visitor.in_(came), PartnerTouch.kind == KIND)
        .limit(len(came))
    )
    good = [
        one
        for one in told
        if one.partner is not None and one.at <= came[one.visitor].at <= one.at + SOON
    ]
    return sorted([*touches, *good], key=lambda one: one.at)


async def counted(work: Work, partner: UUID) -> list[tuple[str, int]]:
    """How many clicks were told by the partner's server, and how many each filter held."""
    rows = await work.table(
        select(PartnerTouch.source, func.count().label("count"))
        .join(PartnerLink, PartnerLink.code == PartnerTouch.link)
        .where(PartnerLink.partner == partner, PartnerTouch.kind == KIND)
        .group_by(PartnerTouch.source)
        .order_by(func.count().desc())
    )
    return [(row.source.partition("held:")[2], row.count) for row in rows]

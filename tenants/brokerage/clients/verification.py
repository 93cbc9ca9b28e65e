"""Proving that a client reads the mail sent to their address: a code to type, a link to press."""

import hmac
import secrets
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy import select

from brokerage.clients.events import EmailVerified
from brokerage.clients.model import Client, State
from brokerage.clients.settings import ClientSettings
from stoa.identity import tokens
from stoa.identity.model import OneTimeToken, Person
from stoa.kernel.refusals import Conflict, TooMany
from stoa.notices import notices
from stoa.tenancy.work import Work

PURPOSE: Final = "verify-email"
_BLOCKED: Final = "blocked_until"


class Verdict(StrEnum):
    RIGHT = "right"
    WRONG = "wrong"
    BLOCKED = "blocked"


async def send(work: Work, client: UUID) -> None:
    """A new code and link by mail; earlier ones stop working. Refused while tries are blocked."""
    person = await work.get(Person, client)
    if person.email_verified_at is not None:
        raise Conflict("This address is confirmed already. Nothing was sent.", code="confirmed")
    before = await _open_token(work, client)
    if before is not None and _blocked(before, work.now):
        raise _too_many(work)
    code = f"{secrets.randbelow(1_000_000):06d}"
    hours = work.settings(ClientSettings).code_life_hours
    bearer = await tokens.issue(work, client, PURPOSE, {"code": _mac(work, client, code)}, hours)
    # The code rides behind the link, which is kept sealed and forgotten once the letter is sent.
    link = f"/verify-email/{bearer}#{code}"
    await notices.mail(work, client, "verify_email", link=link, hours=hours)


async def attempt(work: Work, client: UUID, code: str) -> Verdict:
    """Try a typed code. A wrong try is counted by this very transaction, which must commit."""
    token = await _open_token(work, client)
    if token is None:
        return Verdict.WRONG
    if _BLOCKED in token.about:
        return Verdict.BLOCKED if _blocked(token, work.now) else Verdict.WRONG
    limits = work.settings(ClientSettings)
    digits = "".join(c for c in code if c.isdigit())
    if hmac.compare_digest(token.about["code"], _mac(work, client, digits)):
        token.used_at = work.now
        await confirm(work, client)
        return Verdict.RIGHT
    token.tries += 1
    if token.tries >= limits.code_tries:
        until = work.now + timedelta(minutes=limits.code_block_minutes)
        token.about = {_BLOCKED: until.isoformat()}
    return Verdict.WRONG


async def confirm(work: Work, client: UUID) -> Client:
    """The address is the client's: the trader room opens."""
    row = await work.lock(Client, client)
    person = await work.lock(Person, client)
    if person.email_verified_at is None:
        person.email_verified_at = work.now
        work.tell(EmailVerified(client=client))
    if row.state == State.REGISTERED:
        row.move(State.ACTIVE)
    work.subject = work.subject or client
    work.announce(f"client:{client}|profile", f"desk|client-{client}")
    return row


async def by_link(work: Work, bearer: str) -> Client:
    """Use the link of the mail. Raises NotFound or Gone."""
    token = await tokens.use(work, bearer, PURPOSE)
    return await confirm(work, token.person)


async def _open_token(work: Work, client: UUID) -> OneTimeToken | None:
    return await work.first(
        select(OneTimeToken)
        .where(
            OneTimeToken.person == client,
            OneTimeToken.purpose == PURPOSE,
            OneTimeToken.used_at.is_(None),
            OneTimeToken.ends_at > work.now,
        )
        .order_by(OneTimeToken.id.desc())
        .with_for_update()
    )


def _blocked(token: OneTimeToken, now: datetime) -> bool:
    until = token.about.get(_BLOCKED)
    return until is not None and datetime.fromisoformat(until) > now


def _mac(work: Work, client: UUID, code: str) -> str:
    return work.keys.mac(PURPOSE, f"{client}:{code}")


def _too_many(work: Work) -> TooMany:
    minutes = work.settings(ClientSettings).code_block_minutes
    return TooMany(
        "Too many wrong codes. Wait {minutes} minutes, then ask for a new one.",
        retry_after_s=minutes * 60,
        minutes=minutes,
    )

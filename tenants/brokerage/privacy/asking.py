"""A wish to be forgotten: written down, judged by rule, proposed by one and agreed to by another."""

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import select

from brokerage.clients import queries as clients
from brokerage.privacy import letters, standing
from brokerage.privacy.events import ErasureAgreed
from brokerage.privacy.model import LIVING, Cause, Erasure, ErasureState
from brokerage.privacy.permissions import Privacy
from brokerage.privacy.rules import Verdict
from brokerage.privacy.settings import PrivacySettings
from stoa.kernel.ids import reference
from stoa.kernel.refusals import Conflict, Denied, Invalid
from stoa.tenancy.actor import Kind
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

NOTE: Final = "erasure.note"
_LONGEST: Final = 1000
REFUSALS: Final = {
    "not-theirs": N_("We could not make sure that the wish is yours."),
    "taken-back": N_("You took your wish back."),
    "repeated": N_("We answered the same wish a short time ago, and nothing has changed since."),
}
"""Why a wish is refused as a whole, as the client reads it. What must stay is no refusal."""


async def ask(work: Work, client: UUID, note: str = "") -> Erasure:
    """The client's own wish, or one that came by letter and is written down at the desk."""
    if work.actor.kind is Kind.CLIENT:
        work.actor.own(client)
        work.require(Privacy.OWN)
        cause = Cause.CLIENT
    else:
        work.require(Privacy.ASK)
        await clients.seen(work, client)
        cause = Cause.LETTER
        if not note.strip():
            raise Invalid("Say when and how the wish came.", field="note")
    if await living(work, client) is not None:
        raise Conflict("This wish is with us already. Nothing was changed.", code="asked")
    row = _new(work, client, cause, note)
    work.add(row)
    await work.flush()
    _told(work, row)
    return row


def _new(work: Work, client: UUID, cause: Cause, note: str = "") -> Erasure:
    row_id = work.new_id()
    days = work.settings(PrivacySettings).answer_days
    return Erasure(
        id=row_id,
        reference=reference("E"),
        client=client,
        cause=cause,
        state=ErasureState.ASKED,
        note_sealed=work.seal(row_id, NOTE, note.strip()[:_LONGEST] or None),
        asked_by=work.actor.id,
        asked_at=work.now,
        due_at=work.now + timedelta(days=days),
        verdicts=[],
        gone={},
    )


def note_of(work: Work, row: Erasure) -> str:
    return work.unseal(row.id, NOTE, row.note_sealed) or ""


async def living(work: Work, client: UUID) -> Erasure | None:
    """The wish that is being looked at or carried out."""
    return await work.first(
        select(Erasure).where(Erasure.client == client, Erasure.state.in_(LIVING))
    )


async def all_of(work: Work, client: UUID) -> Sequence[Erasure]:
    return await work.rows(
        select(Erasure).where(Erasure.client == client).order_by(Erasure.id.desc()).limit(50)
    )


def verdicts_of(row: Erasure) -> tuple[Verdict, ...]:
    """As they were fixed."""
    return msgspec.convert(row.verdicts, tuple[Verdict, ...], strict=False)


def seal_of(found: Sequence[Verdict], refusal: str = "") -> str:
    """The hash of what is agreed to."""
    told: Any = [refusal, list(found)]
    return hashlib.sha256(msgspec.json.encode(told, order="deterministic")).hexdigest()


async def propose(work: Work, erasure: UUID, refusal: str = "") -> Erasure:
    """The officer's decision, category by category as the rules have it, or a refusal as a whole."""
    work.require(Privacy.DECIDE)
    row = await _seen(work, erasure)
    if refusal and refusal not in REFUSALS:
        raise Invalid("Choose one of the offered values.", field="refusal")
    row.move(ErasureState.PROPOSED)
    await _fix(work, row, refusal)
    row.proposed_by, row.proposed_at = work.actor.id, work.now
    _told(work, row)
    return row


async def _fix(work: Work, row: Erasure, refusal: str = "") -> None:
    found = await standing.verdicts(work, row.client, wish=row.cause != Cause.PERIOD)
    row.verdicts = msgspec.to_builtins(found)
    row.refusal = refusal or None
    row.seal = seal_of(found, refusal)


async def by_period(work: Work, client: UUID) -> Erasure:
    """What has reached its end, proposed by rule; one person agrees."""
    row = _new(work, client, Cause.PERIOD)
    row.move(ErasureState.PROPOSED)
    await _fix(work, row)
    row.proposed_at = work.now
    work.add(row)
    await work.flush()
    _told(work, row)
    return row


async def send_back(work: Work, erasure: UUID) -> Erasure:
    """The second person is not content: the officer looks again."""
    work.require(Privacy.AGREE)
    row = await _seen(work, erasure)
    if row.state != ErasureState.PROPOSED:
        raise _answered()
    row.move(ErasureState.ASKED)
    row.proposed_by = row.proposed_at = row.seal = row.refusal = None
    row.verdicts = []
    _told(work, row)
    return row


async def agree(work: Work, erasure: UUID, seal: str) -> Erasure:
    """The second person's yes, bound to what they read. What was agreed on goes from now on."""
    work.require(Privacy.AGREE)
    row = await _seen(work, erasure)
    if row.state != ErasureState.PROPOSED:
        raise _answered()
    if work.actor.id is None or work.actor.id == row.proposed_by:
        raise Denied("Someone else must agree to this: you proposed it.", code="four-eyes")
    now = await standing.verdicts(work, row.client, wish=row.cause != Cause.PERIOD)
    if seal != row.seal or seal_of(now, row.refusal or "") != row.seal:
        raise Conflict(
            "Something has changed since this was proposed. Send it back and look again. Nothing "
            "was removed.",
            code="changed-since",
        )
    row.decided_by, row.decided_at = work.actor.id, work.now
    if row.refusal:
        row.move(ErasureState.REFUSED)
        await letters.refused(work, row)
    else:
        row.move(ErasureState.RUNNING)
        await letters.carried_out(work, row, now)
        work.tell(ErasureAgreed(erasure=row.id))
    _told(work, row)
    return row


def _answered() -> Conflict:
    return Conflict("This has been answered already. Nothing was changed.", code="answered")


async def _seen(work: Work, erasure: UUID) -> Erasure:
    row = await work.lock(Erasure, erasure)
    await clients.seen(work, row.client)
    return row


def _told(work: Work, row: Erasure) -> None:
    work.subject = row.client
    work.announce(f"desk|client-{row.client}", "desk|erasures", f"client:{row.client}|profile")

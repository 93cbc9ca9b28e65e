"""Legal holds: placed by one, lifted when one asks and another agrees."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from brokerage.clients import queries as clients
from brokerage.privacy.events import ErasureAgreed
from brokerage.privacy.model import Erasure, ErasureState, HoldState, LegalHold
from brokerage.privacy.permissions import Privacy
from stoa.kernel.refusals import Conflict, Denied, Invalid
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

REASON = "legal_hold.reason"
ASKED = "legal_hold.asked"
_SHORTEST = 5
_LONGEST = 1000


def _words(text: str) -> str:
    tidy = text.strip()
    if len(tidy) < _SHORTEST:
        raise Invalid("Say in a few words why.", field="reason")
    return tidy[:_LONGEST]


async def place(work: Work, client: UUID, reference: str, reason: str) -> LegalHold:
    """From now on nothing about this client goes."""
    work.require(Privacy.HOLD)
    await clients.seen(work, client)
    number = reference.strip()
    if not number:
        raise Invalid("Give the number it goes back to.", field="reference")
    if work.actor.id is None:
        raise Denied("Only a person can do this. Nothing was changed.")
    row_id = work.new_id()
    row = LegalHold(
        id=row_id,
        client=client,
        reference=number[:80],
        reason_sealed=work.keys.seal(REASON, row_id, _words(reason).encode()),
        state=HoldState.ON,
        placed_by=work.actor.id,
        placed_at=work.now,
    )
    work.add(row)
    await work.flush()
    _told(work, client)
    return row


async def ask(work: Work, hold: UUID, reason: str) -> LegalHold:
    """Ask for it to be lifted; it stands until another agrees."""
    work.require(Privacy.HOLD)
    row = await _seen(work, hold)
    row.move(HoldState.ASKED)
    row.asked_by, row.asked_at = work.actor.id, work.now
    row.asked_sealed = work.seal(row.id, ASKED, _words(reason))
    _told(work, row.client)
    return row


async def answer(work: Work, hold: UUID, *, agreed: bool) -> LegalHold:
    """The second person's word. An erasure that stopped for it goes on."""
    work.require(Privacy.LIFT)
    row = await _seen(work, hold)
    if row.state != HoldState.ASKED:
        raise Conflict("This has been answered already. Nothing was changed.", code="answered")
    if work.actor.id is None or work.actor.id == row.asked_by:
        raise Denied("Someone else must agree to this: you asked for it.", code="four-eyes")
    if not agreed:
        row.move(HoldState.ON)
        row.asked_by = row.asked_at = row.asked_sealed = None
        _told(work, row.client)
        return row
    row.move(HoldState.LIFTED)
    row.lifted_by, row.lifted_at = work.actor.id, work.now
    await work.flush()
    stopped = await work.first(
        select(Erasure.id).where(
            Erasure.client == row.client, Erasure.state == ErasureState.RUNNING
        )
    )
    if stopped is not None and not await standing(work, row.client):
        work.tell(ErasureAgreed(erasure=stopped))
    _told(work, row.client)
    return row


async def _seen(work: Work, hold: UUID) -> LegalHold:
    row = await work.lock(LegalHold, hold)
    await clients.seen(work, row.client)
    return row


def _told(work: Work, client: UUID) -> None:
    work.subject = client
    work.announce(f"desk|client-{client}", "desk|erasures")


async def standing(work: Work, client: UUID) -> bool:
    """Whether any hold stands on this client."""
    found = select(LegalHold.id).where(
        LegalHold.client == client, LegalHold.state != HoldState.LIFTED
    )
    return await work.first(found) is not None


async def marks(work: Work, client: UUID) -> list[str]:
    """Beside the client's name, for who may see it."""
    if not work.actor.may(Privacy.VIEW) or not await standing(work, client):
        return []
    return [N_("Legal hold")]


async def all_of(work: Work, client: UUID) -> Sequence[LegalHold]:
    """Newest first, the lifted ones too."""
    return await work.rows(
        select(LegalHold).where(LegalHold.client == client).order_by(LegalHold.id.desc()).limit(50)
    )


def reason_of(work: Work, row: LegalHold) -> str:
    return work.unseal(row.id, REASON, row.reason_sealed) or ""


def asked_of(work: Work, row: LegalHold) -> str:
    return work.unseal(row.id, ASKED, row.asked_sealed) or ""

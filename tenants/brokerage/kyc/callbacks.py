"""Callbacks of providers: kept once, word for word, before anything is made of them."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from brokerage.kyc import providers
from brokerage.kyc.connector import Event, KycConnector
from brokerage.kyc.events import CallbackTaken
from brokerage.kyc.model import KycCallback, KycCase
from stoa.kernel.refusals import NotFound, Unavailable
from stoa.tenancy.work import Work

_RAW: Final = "kyc_callback.raw"
_EARLY: Final = timedelta(minutes=10)
"""So long a callback may run ahead of the answer to the call that caused it."""


async def take(work: Work, provider: str, event: Event, raw: bytes) -> bool:
    """Store one event; whether it was new. The same one again changes nothing."""
    row = work.new_id()
    sealed = work.keys.seal(_RAW, row, raw)
    made = await work.run(
        insert(KycCallback)
        .values(
            id=row,
            provider=provider,
            event=event.provider_event_id[:80],
            kind=event.raw_kind[:60],
            applicant=event.applicant[:120],
            our_id=event.our_id[:120],
            raw_sealed=sealed,
            state="taken" if event.state is not None else "ignored",
            received_at=work.now,
        )
        .on_conflict_do_nothing(index_elements=["provider", "event"])
        .returning(KycCallback.id)
    )
    if made.scalar() is None:
        return False
    work.record("callback.taken", provider=provider, kind=event.raw_kind[:60], callback=str(row))
    if event.state is not None:
        work.tell(CallbackTaken(callback=row))
    return True


async def claim(work: Work, callback: UUID) -> tuple[UUID, str, KycConnector] | None:
    """Whose it is, and whom to ask what is true; None when there is nothing to do.

    A callback about an applicant that is not bound to the person it names is set aside: whatever
    it says, nothing follows from it.
    """
    row = await work.lock(KycCallback, callback)
    if row.state != "taken":
        return None
    case = await work.first(
        select(KycCase).where(KycCase.provider == row.provider, KycCase.applicant == row.applicant)
    )
    if case is None:
        if await _runs_ahead(work, row):
            raise Unavailable("This callback came before the answer it belongs to.")
        set_aside(work, row, "no case has this applicant")
        return None
    if str(case.id) != row.our_id:
        set_aside(work, row, "the applicant is bound to another person")
        return None
    if case.state == "checking" and case.provider_attempt < case.attempt:
        raise Unavailable("This callback came before the answer it belongs to.")
    return case.id, row.applicant, await providers.connected(work, row.provider)


async def _runs_ahead(work: Work, row: KycCallback) -> bool:
    if work.now - row.received_at > _EARLY:
        return False
    try:
        case = await work.get(KycCase, UUID(row.our_id))
    except (ValueError, NotFound):
        return False
    return case.applicant is None


def set_aside(work: Work, row: KycCallback, because: str) -> None:
    row.move("quarantined")
    row.because = because
    work.announce("desk|kyc")


async def done(work: Work, callback: UUID) -> None:
    row = await work.lock(KycCallback, callback)
    if row.state == "taken":
        row.move("done")
        row.done_at = work.now

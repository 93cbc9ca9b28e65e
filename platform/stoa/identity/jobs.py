"""What follows from signing in, off the request: letters, and forgetting what is over."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete

from stoa.identity import people, tokens
from stoa.identity.events import ResetAsked, SignInLocked
from stoa.identity.model import OneTimeToken, Session, SignInTry, Standing
from stoa.identity.settings import IdentitySettings
from stoa.notices import notices
from stoa.tenancy.door import OpenWork

_KEPT: Final = timedelta(days=90)
_TRIES_KEPT: Final = timedelta(days=2)


def _prefix(kind: str) -> str:
    return "/desk" if kind == "staff" else ""


async def send_reset(open_work: OpenWork, fact: ResetAsked) -> None:
    """A letter with a link, where the address is somebody's who may have one."""
    async with open_work() as work:
        person = await people.by_blind(work, fact.person_kind, bytes.fromhex(fact.whom))
        if person is None or person.state != Standing.ACTIVE:
            return
        if person.kind == "staff" and not work.settings(IdentitySettings).staff_passwords:
            return
        bearer = await tokens.issue(work, person.id, tokens.RESET, hours=1)
        link = f"{_prefix(person.kind)}/reset/{bearer}"
        await notices.mail(work, person.id, "reset", link=link)


async def tell_of_lock(open_work: OpenWork, fact: SignInLocked) -> None:
    async with open_work() as work:
        person = await people.by_blind(work, fact.person_kind, bytes.fromhex(fact.whom))
        if person is None or person.state != Standing.ACTIVE:
            return
        await notices.mail(
            work,
            person.id,
            "sign_in_locked",
            link=f"{_prefix(person.kind)}/forgot",
            until_at=datetime.fromisoformat(fact.until),
        )


async def forget(open_work: OpenWork) -> None:
    """Sessions, links and counters that are over, some time after nobody can ask about them."""
    async with open_work() as work:
        await work.run(delete(Session).where(Session.ends_at < work.now - _KEPT))
        await work.run(delete(OneTimeToken).where(OneTimeToken.ends_at < work.now - _KEPT))
        await work.run(delete(SignInTry).where(SignInTry.last_at < work.now - _TRIES_KEPT))

"""What the client is told: by letter before their address goes, or at the address they still have.

The letter of an erasure carries its own sealed copy of the address, which is forgotten once it is out.
"""

import hmac
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from brokerage.privacy.model import Erasure
from brokerage.privacy.rules import Says, Verdict
from brokerage.privacy.settings import Category
from stoa.identity import people
from stoa.identity.model import Person, Standing
from stoa.kernel.refusals import NotFound
from stoa.notices import notices
from stoa.notices.model import Message, MessageState
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work

_PURPOSE: Final = "erasure"
_SWEPT: Final = 200
_TRIED_AGAIN: Final = timedelta(days=14)
"""So long somebody can send a letter again that could not be delivered."""


def path(work: Work, erasure: UUID) -> str:
    """Where the certificate is fetched without signing in, by who has the letter."""
    return f"/erased/{erasure}/{work.keys.mac(_PURPOSE, str(erasure))}"


def proven(work: Work, erasure: UUID, proof: str) -> None:
    """Raises NotFound for an address that no letter named."""
    if not hmac.compare_digest(work.keys.mac(_PURPOSE, str(erasure)), proof):
        raise NotFound


async def carried_out(work: Work, row: Erasure, found: Sequence[Verdict]) -> None:
    """What goes, what stays, why and until when; where the certificate will be."""
    stays = [one for one in found if one.says != Says.GOES]
    await _send(
        work,
        row,
        "erasure_agreed",
        found=found,
        link=path(work, row.id),
        goes=" ".join(one.category for one in found if one.says == Says.GOES),
        stays=" ".join(
            f"{one.category}:{one.because}:{one.until.date() if one.until else ''}" for one in stays
        ),
    )


async def refused(work: Work, row: Erasure) -> None:
    await _send(work, row, "erasure_refused", found=(), why=row.refusal or "")


async def _send(
    work: Work,
    row: Erasure,
    template: str,
    *,
    found: Sequence[Verdict],
    link: str | None = None,
    **params: Any,
) -> None:
    person = await work.get(Person, row.client)
    leaves = any(one.category == Category.IDENTITY and one.says == Says.GOES for one in found)
    if person.state != Standing.DISABLED and not leaves:
        await notices.mail(
            work, person.id, template, link=link, about=row.id, reference=row.reference, **params
        )
    elif email := people.email_of(work, person):
        await notices.mail_to(
            work,
            email,
            template,
            locale=person.locale,
            link=link,
            about=row.id,
            reference=row.reference,
            **params,
        )


async def forget_addresses(open_work: OpenWork) -> None:
    """Letters of erasures that are out lose the address they carried."""
    async with open_work() as work:
        rows: Sequence[Any] = await work.rows(
            select(Message)
            .join(Erasure, Erasure.id == Message.about)
            .where(
                Message.person.is_(None),
                (Message.state == MessageState.SENT)
                | (
                    (Message.state == MessageState.FAILED)
                    & (Message.queued_at < work.now - _TRIED_AGAIN)
                ),
                Message.to_sealed != b"",
            )
            .limit(_SWEPT)
            .with_for_update(of=Message, skip_locked=True)
        )
        for row in rows:
            row.to_sealed, row.kept_sealed, row.link_sealed = b"", None, None

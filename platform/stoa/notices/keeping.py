"""The letter that was sent, kept sealed: the bytes as they went, and the digest that proves them.

What opens something (a sign-in, a code, the way out of campaigns) is taken out before they are kept,
so that nobody can use it later; the digest is of what really went, with it. A letter without such is
kept whole: the digest of what is kept is then the one that was noted as it was sent.
"""

import hashlib
import html
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from typing import Any, Final

from markupsafe import escape
from sqlalchemy import select, update

from stoa.notices.model import Message
from stoa.notices.settings import NoticeSettings
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work

KEPT: Final = "message.kept"
MOST_BYTES: Final = 2_000_000
WITHHELD: Final = "[withheld]"
"""What stands where something was that opens something."""
_ID: Final = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_HARMLESS: Final = re.compile(rf"/(?:desk/)?(?:[a-z-]{{1,24}}(?:/{_ID})?)?")
"""A page that asks who comes, such as `/withdrawals/<id>`; anything else may be a key."""
_AT_ONCE: Final = 1000
_PARTS: Final = ("plain", "html")


@dataclass(frozen=True, slots=True)
class Kept:
    """A letter as it is kept. `whole`: these are the very bytes that went."""

    raw: bytes
    digest: str
    whole: bool

    @property
    def mail(self) -> Any:
        return _read(self.raw)


def secrets_of(link: str, address: str, unsubscribe: str) -> tuple[str, ...]:
    """What must not be kept of a letter with this link (a path; `address` with its host)."""
    found = [unsubscribe]
    if link and not _HARMLESS.fullmatch(link):
        found += [address, link, *link.rsplit("#", 1)]
    return tuple(dict.fromkeys(one for one in found if len(one) > 1))


def keep(work: Work, row: Message, raw: bytes, secrets: Sequence[str]) -> None:
    """Note what went; keep it too, unless what it opens with cannot be taken out of it."""
    row.digest = hashlib.sha256(raw).hexdigest()
    kept = without(raw, secrets) if secrets else raw
    if kept is not None and len(kept) <= MOST_BYTES:
        row.kept_sealed = work.keys.seal(KEPT, row.id, zlib.compress(kept, 9))


def kept(work: Work, row: Message) -> Kept | None:
    """The letter as it went; None for one that did not go, or of which nothing is kept any more."""
    if row.kept_sealed is None or row.digest is None:
        return None
    raw = zlib.decompress(work.keys.unseal(KEPT, row.id, row.kept_sealed))
    return Kept(raw, row.digest, hashlib.sha256(raw).hexdigest() == row.digest)


async def sweep(open_work: OpenWork) -> None:
    """Take away letters older than the tenant keeps them; that they went, and their digests, stay."""
    async with open_work() as work:
        days = work.settings(NoticeSettings).kept_days
        old = (
            select(Message.id)
            .where(
                Message.kept_sealed.is_not(None),
                Message.queued_at < work.now - timedelta(days=days),
            )
            .order_by(Message.queued_at)
            .limit(_AT_ONCE)
        )
        gone = await work.run(
            update(Message)
            .where(Message.id.in_(old.scalar_subquery()))
            .values(kept_sealed=None)
            .returning(Message.id)
            .execution_options(synchronize_session=False)
        )
        count = len(gone.all())
        if count:
            work.record("letters.forgotten", count=count, days=days)


def without(raw: bytes, secrets: Sequence[str]) -> bytes | None:
    """The same message with these taken out; None when one would still be read in it."""
    forms = {form for one in secrets for form in (one, str(escape(one)))}
    hidden = sorted(forms, key=len, reverse=True)
    mail = _read(raw)
    if mail["List-Unsubscribe"]:
        mail.replace_header("List-Unsubscribe", _blank(str(mail["List-Unsubscribe"]), hidden))
    for kind in _PARTS:
        part = mail.get_body((kind,))
        if part is not None:
            text = _blank(part.get_content(), hidden)
            part.set_content(text, subtype=kind, cte="quoted-printable")
    cleaned = mail.as_bytes()
    seen = _read(cleaned)
    said = [str(value) for _, value in seen.items()]
    for kind in _PARTS:
        part = seen.get_body((kind,))
        said.append(part.get_content() if part is not None else "")
    read = [html.unescape(text) for text in said]
    return None if any(one in text for one in secrets for text in read) else cleaned


def _blank(text: str, hidden: Sequence[str]) -> str:
    for one in hidden:
        text = text.replace(one, WITHHELD)
    return text


def _read(raw: bytes) -> Any:
    return message_from_bytes(raw, _class=EmailMessage, policy=WIRE)

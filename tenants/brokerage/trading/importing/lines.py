"""The report of an import, a line per login; pure but for the sealing.

It holds names and addresses as the server tells them, so it is kept sealed as a whole.
"""

import zlib
from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from typing import Final, Literal
from uuid import UUID, uuid5

import msgspec

from stoa.tenancy.work import Work
from stoa.theming.texts import N_

SEALED: Final = "trading_server.import_sealed"
MOST: Final = 50_000


class Verdict(StrEnum):
    """What becomes of a login. Unread and make are on their way; the others are ends."""

    UNREAD = "unread"
    MAKE = "make"
    OURS = "ours"
    NOBODY = "nobody"
    REFUSED = "refused"
    MADE = "made"
    LEAD = "lead"


class How(StrEnum):
    """By what a login found its client."""

    EXTERNAL = "external"
    REFERENCE = "reference"
    EMAIL = "email"
    NEW_CLIENT = "new-client"
    NEW_LEAD = "new-lead"
    NONE = ""


WHY: Final = {
    "currency-unknown": N_("The product knows no such currency."),
    "currency-not-offered": N_("No product of this server is kept in this currency."),
    "client-closed": N_("The client's profile is closed."),
    "no-email": N_("The server tells no e-mail address to make a client or lead of."),
    "no-country": N_("Say in which country clients are to be made."),
    "bad-details": N_("Name or e-mail address cannot be used."),
    "gone": N_("The server does not know this login any more."),
    "unreadable": N_("What the server tells of it cannot be read."),
    "restless": N_("It trades faster than it can be read. Try again in a quieter hour."),
    "opening": N_("This account is being opened from here; it is on its way."),
    "differs": N_("Our books and the server differ. Look at its deals and compare again."),
}
"""Why a login was not taken over, or what to look at."""


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for. `since` is the first day of history, as ISO 8601; empty takes two days."""

    groups: tuple[str, ...] = ()
    since: str = ""
    product: str = ""
    unmatched: Literal["leave", "lead", "client"] = "leave"
    country: str = ""


class Line(msgspec.Struct, array_like=True):
    """Money as text in the account's currency; `deals` were taken over; `books` after comparing."""

    login: int
    group: str = ""
    currency: str = ""
    balance: str = "0"
    credit: str = "0"
    name: str = ""
    email: str = ""
    external: str = ""
    verdict: Verdict = Verdict.UNREAD
    how: How = How.NONE
    client: UUID | None = None
    product: str = ""
    why: str = ""
    deals: int = 0
    books: str = ""


def seal(work: Work, server: str, lines: Sequence[Line]) -> bytes:
    packed = zlib.compress(msgspec.msgpack.encode(list(lines)), 3)
    return work.keys.seal(SEALED, _row(work, server), packed)


def unseal(work: Work, server: str, sealed: bytes | None) -> list[Line]:
    if sealed is None:
        return []
    packed = work.keys.unseal(SEALED, _row(work, server), sealed)
    return msgspec.msgpack.decode(zlib.decompress(packed), type=list[Line])


def _row(work: Work, server: str) -> UUID:
    """A server's row is named by its code; what is sealed wants an id."""
    return uuid5(work.tenant.id, server)


def counts(lines: Sequence[Line]) -> dict[str, int]:
    """How many of each verdict, and of those made how many differ."""
    found = Counter(str(line.verdict) for line in lines)
    found["differ"] = sum(line.why == "differs" for line in lines)
    found["deals"] = sum(line.deals for line in lines)
    return dict(found)


def by_group(lines: Sequence[Line]) -> list[tuple[str, str, int, int]]:
    """Group, currency, logins, and how many of them would be or were taken over."""
    taken = {Verdict.MAKE, Verdict.MADE, Verdict.OURS}
    all_of: Counter[tuple[str, str]] = Counter()
    ours: Counter[tuple[str, str]] = Counter()
    for line in lines:
        key = (line.group, line.currency)
        all_of[key] += 1
        ours[key] += line.verdict in taken
    return [(*key, count, ours[key]) for key, count in sorted(all_of.items())]

"""Reads the chain of audit entries: carries it out, and proves that it is whole."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import text

from stoa.audit.sealer import GENESIS, TEXT, canonical, link
from stoa.tenancy.door import OpenWork
from stoa.theming.texts import N_, fill

_STEP: Final = 5000
_CHAIN: Final = text(
    f"select {TEXT}, s.number, s.hash, s.entry from audit_seal s "  # noqa: S608 - constant columns
    "left join audit_entry e on e.id = s.entry "
    "where s.number > :after order by s.number limit :batch"
)
_BEHIND: Final = text(
    "select min(e.id) from audit_entry e where not exists "
    "(select from audit_seal s where s.entry = e.id) and (e.xid, e.id) < "
    "(select s.xid, s.entry from audit_seal s order by s.number desc limit 1)"
)
"""The sealer goes upwards only: what lies below its last link without one came afterwards."""


@dataclass(frozen=True, slots=True)
class Link:
    """Where the chain stands: the number of a link and its hash."""

    number: int = 0
    hash: bytes = GENESIS


MISSING: Final = N_("Link {link} is missing")
REMOVED: Final = N_("Entry {entry} (link {link}) was removed")
CHANGED: Final = N_("Entry {entry} (link {link}) was changed")
SLIPPED_IN: Final = N_("Entry {entry} was inserted behind the seal")
CUT_SHORT: Final = N_("The chain ends before link {link}, which an earlier proof saw")
MADE_ANEW: Final = N_("Link {link} is not the one that an earlier proof saw")


@dataclass(frozen=True, slots=True)
class Verdict:
    """How far the chain holds, and what is wrong behind it: `says` is a message id, with places
    for the link and the entry, and None where all of it holds.
    """

    last: Link
    says: str | None = None
    link: int | None = None
    entry: int | None = None
    more: bool = False
    """Whether there are links behind the last that were not looked at."""

    @property
    def fault(self) -> str | None:
        return fill(self.says, {"link": self.link, "entry": self.entry}) if self.says else None


async def entries(open_work: OpenWork, after: int = 0) -> AsyncIterator[Any]:
    """Every sealed entry in the order of the chain, in bounded steps."""
    while True:
        async with open_work() as work:
            rows = await work.table(_CHAIN, {"after": after, "batch": _STEP})
        for row in rows:
            yield row
            after = row.number
        if len(rows) < _STEP:
            return


def carried(row: Any) -> str:
    """A sealed entry as a line for the stand-alone verifier."""
    entry = json.loads(canonical(row))
    told = {"link": row.number, "hash": bytes(row.hash).hex(), "entry": entry}
    return json.dumps(told, ensure_ascii=False)


async def verify(
    open_work: OpenWork, since: Link | None = None, most: int | None = None
) -> Verdict:
    """Recompute the chain from its beginning, or from a link that is known to be good; no more
    than `most` links of it.
    """
    last = since or Link()
    end = None if most is None else last.number + most
    async for row in entries(open_work, last.number):
        if last.number == end:
            return Verdict(last, more=True)
        if row.number != last.number + 1:
            return Verdict(last, MISSING, link=last.number + 1)
        if row.id is None:
            return Verdict(last, REMOVED, row.number, row.entry)
        made = link(last.hash, row)
        if made != bytes(row.hash):
            return Verdict(last, CHANGED, row.number, row.entry)
        last = Link(row.number, made)
    async with open_work() as work:
        slipped = await work.value(_BEHIND)
    if slipped is not None:
        return Verdict(last, SLIPPED_IN, entry=slipped)
    return Verdict(last)

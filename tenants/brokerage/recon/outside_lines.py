"""Lines of statements and settlement files as they are kept: each once, by its key and its entry."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import text

from brokerage.clients import queries as clients
from brokerage.recon import rules
from brokerage.recon.model import OutsideFile, OutsideLine
from brokerage.recon.values import Fault, Line
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

STEP: Final = 5_000
_ABOUT: Final = "outside_line.about"

_KNOWN: Final = text(
    "select key, entry_key, amount, fee from outside_line "
    "where source = :source and entry_key = any(cast(:keys as text[]))"
)
_INSERT: Final = text(
    """
    insert into outside_line (id, file, source, key, entry_key, line, kind, amount, fee, currency,
        matched, at, valued_on, reference, provider_id, structured, ours, about_sealed, open)
    select n.id, cast(:file as uuid), cast(:source as text), n.key, n.entry_key, n.line, n.kind,
        n.amount, n.fee, n.currency, 0, n.at, n.valued_on, n.reference, n.provider_id,
        n.structured, n.ours, n.about, n.amount <> 0
    from unnest(
        cast(:id as uuid[]), cast(:key as text[]), cast(:entry_key as text[]),
        cast(:line as integer[]), cast(:kind as text[]), cast(:amount as numeric[]),
        cast(:fee as numeric[]), cast(:currency as text[]), cast(:at as timestamptz[]),
        cast(:valued_on as date[]), cast(:reference as text[]), cast(:provider_id as text[]),
        cast(:structured as text[]), cast(:ours as text[]), cast(:about as bytea[])
    ) as n (id, key, entry_key, line, kind, amount, fee, currency, at, valued_on, reference,
        provider_id, structured, ours, about)
    on conflict (source, key) do nothing
    """
)


class About(msgspec.Struct, frozen=True, array_like=True):
    """The other side of a bank's line, as the bank names it."""

    name: str
    account: str
    text: str


async def new(work: Work, source: str, lines: Sequence[Line]) -> tuple[list[Line], list[Fault]]:
    """Lines that are not there yet, and those that were told before with another amount."""
    known: dict[str, tuple[Any, Any]] = {}
    entries: set[str] = set()
    keys = sorted({one.entry for one in lines})
    for at in range(0, len(keys), STEP):
        rows = await work.table(_KNOWN, {"source": source, "keys": keys[at : at + STEP]})
        known |= {row.key: (row.amount, row.fee) for row in rows}
        entries |= {row.entry_key for row in rows}
    contrary = [
        Fault(
            one.line,
            N_("This movement was brought before with the amount {was}."),
            {"was": str(known[one.key][0])},
        )
        for one in lines
        if one.key in known and known[one.key] != (one.amount, one.fee)
    ]
    return [one for one in lines if one.entry not in entries], contrary


async def write(work: Work, row: OutsideFile, source: str, lines: Sequence[Line]) -> None:
    """Keep new lines of a file, the bank's words about the other side sealed."""
    for at in range(0, len(lines), STEP):
        part = lines[at : at + STEP]
        ids = [work.new_id() for _ in part]
        await work.run(
            _INSERT,
            {
                "file": row.id,
                "source": source,
                "id": ids,
                "key": [one.key for one in part],
                "entry_key": [one.entry for one in part],
                "line": [one.line for one in part],
                "kind": [one.kind for one in part],
                "amount": [one.amount for one in part],
                "fee": [one.fee for one in part],
                "currency": [one.currency for one in part],
                "at": [one.at for one in part],
                "valued_on": [one.valued_on for one in part],
                "reference": [one.reference for one in part],
                "provider_id": [one.provider_id for one in part],
                "structured": [one.structured for one in part],
                "ours": [_ours(one) for one in part],
                "about": [_about(work, key, one) for key, one in zip(ids, part, strict=True)],
            },
        )


def _ours(one: Line) -> str | None:
    """The one reference of ours a line carries; none when it carries several."""
    found = rules.references_in(one.structured, one.reference, one.text)
    return found.pop() if len(found) == 1 else None


def _about(work: Work, key: UUID, one: Line) -> bytes | None:
    if not (one.name or one.account or one.text):
        return None
    told = msgspec.json.encode(About(one.name, one.account, one.text))
    return work.keys.seal(_ABOUT, key, told)


def about(work: Work, row: OutsideLine) -> About:
    """Who is on the other side of a line, unsealed."""
    if row.about_sealed is None:
        return About("", "", "")
    return msgspec.json.decode(work.keys.unseal(_ABOUT, row.id, row.about_sealed), type=About)


def about_seen(work: Work, row: OutsideLine) -> About:
    """The same for a page: a bank's names are anybody's clients, so whoever does not see all of
    them reads no more than their beginnings.
    """
    whole = about(work, row)
    if work.actor.sees_all:
        return whole
    return About(
        clients.strangers(work, whole.name),
        clients.strangers(work, whole.account, "iban"),
        clients.strangers(work, whole.text, "text"),
    )

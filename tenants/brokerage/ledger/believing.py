"""Whether a price can be: one that is far from the last good one is not taken for a rate.

A server that is wrong, or that somebody else speaks for, would otherwise give money away by its prices.
What is allowed grows by the hour since the last good price, as markets move while nobody looks; what is
refused leaves the last rate, which grows old, so that exchange stops by itself.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy import bindparam, select

from brokerage.ledger.hooks import Mid
from stoa.audit.model import AuditEntry
from stoa.kernel.money import EXACT
from stoa.tenancy.work import Work

ABOUT: Final = UUID("5c0f1d0e-7a7e-8000-8000-000000000001")
"""What the audit's entries about prices that were not believed are about, so that they are found."""

ROUGH: Final = 5
"""A rate that a person wrote into the settings is a rough one: so many times as much is allowed."""
_HOUR: Final = Decimal(3600)
_TOLD_AGAIN: Final = timedelta(hours=1)
_DID: Final = "rate not believed"
_ENTRIES: Final = (
    select(AuditEntry.at, AuditEntry.changes)
    .where(AuditEntry.subject == ABOUT, AuditEntry.at > bindparam("since"))
    .order_by(AuditEntry.id)
)
_told: Final[dict[tuple[UUID, str, str], datetime]] = {}
log = structlog.get_logger("stoa.rates")


def believable(
    last: Decimal, told: Decimal, since: timedelta, percent: int, *, rough: bool = False
) -> bool:
    """Pure. Up and down by the same factor: doubling is as far as halving."""
    hours = 1 + max(Decimal(str(since.total_seconds())), Decimal(0)) / _HOUR
    allowed = 1 + hours * percent * (ROUGH if rough else 1) / 100
    return max(EXACT.divide(told, last), EXACT.divide(last, told)) <= allowed


def kept(
    work: Work, mids: Iterable[Mid], known: Iterable[Any], percent: int, manual: str
) -> Sequence[Mid]:
    """Those that can be; what cannot is written down once an hour for each pair."""
    last = {(row.base, row.quote): row for row in known}
    found: list[Mid] = []
    for mid in mids:
        row = last.get((mid.base, mid.quote))
        key = (work.tenant.id, mid.base, mid.quote)
        if row is None or believable(
            row.rate, mid.rate, work.now - row.at, percent, rough=row.source == manual
        ):
            found.append(mid)
            _told.pop(key, None)
            continue
        log.warning(
            _DID,
            pair=f"{mid.base}/{mid.quote}",
            told=str(mid.rate),
            last=str(row.rate),
        )
        if key not in _told or work.now - _told[key] >= _TOLD_AGAIN:
            _told[key] = work.now
            work.subject = ABOUT
            work.record(
                _DID,
                pair=f"{mid.base}/{mid.quote}",
                told=f"{mid.rate:f}",
                last=f"{row.rate:f}",
                last_at=str(row.at),
            )
    return found


@dataclass(frozen=True, slots=True)
class Doubt:
    """A price that was not believed, and the good one that stands instead."""

    told: Decimal
    last: Decimal
    at: datetime


async def doubted(work: Work, known: Iterable[Any], manual: str) -> Mapping[str, Doubt]:
    """By pair, what is refused until now: told again hour by hour while it lasts, and over with the
    next price of the pair that was believed. `known` are the rates as they stand.
    """
    rows = await work.table(_ENTRIES, {"since": work.now - 2 * _TOLD_AGAIN})
    found = {
        change["pair"]: Doubt(Decimal(change["told"]), Decimal(change["last"]), row.at)
        for row in rows
        for change in row.changes
        if change.get("did") == _DID
    }
    for one in known:
        doubt = found.get(f"{one.base}/{one.quote}")
        if doubt is not None and one.at > doubt.at and one.source != manual:
            del found[f"{one.base}/{one.quote}"]
    return found

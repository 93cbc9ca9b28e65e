"""Whether a price can be: one that is far from the last good one is not taken for a rate.

A server that is wrong, or that somebody else speaks for, would otherwise give money away by its prices.
What is allowed grows by the hour since the last good price, as markets move while nobody looks; what is
refused leaves the last rate, which grows old, so that exchange stops by itself.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import structlog

from brokerage.ledger.hooks import Mid
from stoa.kernel.money import EXACT
from stoa.tenancy.work import Work

ROUGH: Final = 5
"""A rate that a person wrote into the settings is a rough one: so many times as much is allowed."""
_HOUR: Final = Decimal(3600)
_TOLD_AGAIN: Final = timedelta(hours=1)
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
        if row is None or believable(
            row.rate, mid.rate, work.now - row.at, percent, rough=row.source == manual
        ):
            found.append(mid)
            continue
        log.warning(
            "rate not believed",
            pair=f"{mid.base}/{mid.quote}",
            told=str(mid.rate),
            last=str(row.rate),
        )
        key = (work.tenant.id, mid.base, mid.quote)
        if key not in _told or work.now - _told[key] >= _TOLD_AGAIN:
            _told[key] = work.now
            work.record(
                "rate not believed",
                pair=f"{mid.base}/{mid.quote}",
                told=f"{mid.rate:f}",
                last=f"{row.rate:f}",
                last_at=str(row.at),
            )
    return found

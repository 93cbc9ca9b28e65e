"""What a client is due of their partner's rewards: sums of the whole time, so that what comes late, is
put right or is taken back finds its way by itself. Pure.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_DOWN, Decimal
from typing import Any
from uuid import UUID

import msgspec

from stoa.kernel.money import EXACT, Money


class Term(msgspec.Struct, kw_only=True):
    """One agreement: so many percent of the rewards on deals from `since` until before `until`, at
    most `cap` in a period of payouts. Kept as JSON with the client's attribution.
    """

    key: str
    percent: Decimal
    since: datetime
    until: datetime | None = None
    cap: Decimal | None = None
    state: str = "asked"
    asked_at: datetime
    by: UUID | None = None
    decided_by: UUID | None = None
    decided_at: datetime | None = None
    why: str = ""


def read(kept: list[Any] | None) -> list[Term]:
    """The terms of a client, the oldest first."""
    return [msgspec.convert(one, Term, strict=False) for one in kept or ()]


def write(terms: list[Term]) -> list[Any]:
    return [dict(msgspec.to_builtins(one, str_keys=True)) for one in terms]


@dataclass(frozen=True, slots=True)
class Due:
    """`pay` goes to the client; below nothing, it comes back. `forgone` is what the cap cut off so far."""

    pay: Decimal
    forgone: Decimal


def due(
    term: Term,
    currency: str,
    *,
    net: Decimal,
    given: Decimal,
    forgone: Decimal,
    unpaid: Decimal,
    wallet: Decimal,
) -> Due:
    """`net`: the partner's rewards on the client so far; `given` and `forgone` so far; `unpaid`: what
    the partner has yet to be paid; `wallet`: what the client has. Rounded down to the currency.

    A share is never paid from less than nothing, and more is never taken back than was given, nor than
    the client has.
    """
    share = EXACT.divide(EXACT.multiply(max(net, Decimal(0)), term.percent), Decimal(100))
    whole = Money(share, currency).rounded(ROUND_DOWN).amount
    more = whole - given - forgone
    if more > 0:
        most = more if term.cap is None else min(more, _floor(term.cap, currency))
        pay = max(min(most, _floor(unpaid, currency)), Decimal(0))
        return Due(pay, forgone + more - most)
    if whole >= given:
        return Due(Decimal(0), whole - given)
    back = min(given - whole, _floor(max(wallet, Decimal(0)), currency))
    return Due(-back, Decimal(0))


def _floor(value: Decimal, currency: str) -> Decimal:
    return Money(value, currency).rounded(ROUND_DOWN).amount

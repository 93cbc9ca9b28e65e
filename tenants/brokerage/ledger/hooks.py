"""What higher floors add to the ledger. They register here when imported.

A hook in `outgoing` or `causes` runs in the transaction of the verb that calls it. A source of
rates talks to other machines and gets `open_work`: it must hold no transaction while it waits.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Protocol
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, true

from stoa.kernel.money import Money
from stoa.tenancy.actor import Kind
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Mid:
    """A market's mid price: one `base` in `quote`."""

    base: str
    quote: str
    rate: Decimal


@dataclass(frozen=True, slots=True)
class Invariant:
    """A law of the money. `sql` selects what breaks it: a subject and a sentence, in one set."""

    name: str
    law: str
    sql: str


Outgoing = Callable[[Work, UUID, Money, str], Awaitable[None]]
RateSource = Callable[[OpenWork], Awaitable[Sequence[Mid]]]
Line = Callable[[Work, UUID], Awaitable[dict[str, Sequence[Decimal]]]]


class Charged(Protocol):
    """A fee that is due: its amount, what is stored with it, and what its entry says."""

    @property
    def money(self) -> Money: ...

    @property
    def reason(self) -> str: ...

    def record(self) -> dict[str, Any] | None: ...


ExchangeFee = Callable[[Work, UUID, Money], Awaitable[Charged]]

exchange_fees: Final[list[ExchangeFee]] = []
"""Asked for (client, what is given): what an exchange costs, in the currency that is given."""
outgoing: Final[list[Outgoing]] = []
"""Asked before a client's money goes to somebody else; raises a Refusal. The text says for what:
`internal-transfer`."""
rate_sources: Final[dict[str, RateSource]] = {}
"""Name of a source (`mt5-live`) to what reads its prices now, for the sweep of rates."""
causes: Final[dict[str, str]] = {}
"""Kind of a hold's cause to SQL that selects the ids of rows that may still hold money, such as
`"withdrawal": "select id from withdrawal where state in (...)"`. `stoa check money` names holds
whose cause is not among them."""
laws: Final[list[Invariant]] = []
"""What higher floors add to `stoa check money`: each over all rows at once, never row by row."""
lines: Final[list[Line]] = []
"""What a client's trading accounts were worth at the end of each of the last thirty days, by
currency; nothing for a client without any. The books know when we heard of a deal, not when it
was made."""
paths: Final[dict[str, str]] = {}
"""Kind of a posting's ref to the desk page that shows it: `"deposit": "/desk/deposits/{id}"`."""
wallet_cards: Final[list[str]] = []
"""Addresses of fragments that the page of wallets fetches: what other floors say of the money."""
room_paths: Final[dict[str, str]] = {}
"""The same for the client's own pages: `"withdrawal": "/withdrawals/{id}"`."""
scope: Final[list[Callable[[Work, Any], ColumnElement[bool]]]] = []
"""Conditions that hold staff to their data scope over a column of client ids. The floor of
clients registers one; while there is none, only staff who may see everyone see anyone."""


async def worth(work: Work, client: UUID) -> dict[str, Sequence[Decimal]]:
    """All trading floors' lines of a client, by currency."""
    found: dict[str, Sequence[Decimal]] = {}
    for line in lines:
        found |= await line(work, client)
    return found


def within(work: Work, column: Any) -> ColumnElement[bool]:
    """The condition on a column of client ids that keeps the reader to whom they may see."""
    actor = work.actor
    if actor.kind is Kind.CLIENT:
        return column == actor.id  # type: ignore[no-any-return]
    if actor.sees_all:
        return true()
    return and_(*(limit(work, column) for limit in scope)) if scope else false()

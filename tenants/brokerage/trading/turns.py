"""The order in which an account's transfers and changes are sent: one at a time, the oldest first.

A server that is down, or has not said what became of the last one, holds up what comes after it on
the same account and nothing else. What is being sent has the turn until it has an end. The house's
covering of a loss comes last: what the client moves may make it needless. A move to another server
keeps no turn, because it is made of changes and transfers that do.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import text

from brokerage.trading.events import RequestReady, TransferAsked
from stoa.kernel.refusals import Refusal, Unavailable
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work

What = Literal["transfer", "request"]
SENDING: Final = "sending"
"""What both kinds are called while they have the turn."""
SETTLING: Final = timedelta(seconds=5)
"""So long a fresh one is left to the reaction that its asking woke."""
_MOST: Final = 50
_LONGEST: Final = timedelta(seconds=60)

_OPEN: Final = """
    select 'transfer' as what, id, account, state, asked_at as at, next_ask_at,
        direction = 'cover' as last
    from transfer where state in ('held', 'sending') {of}
    union all
    select 'request', id, account, state, ready_at, next_ask_at, false
    from account_request where state in ('approved', 'sending') and kind <> 'migrate' {of}
"""
_ONE: Final = """
    select what, id from ({open}) o order by (state = 'sending') desc, last, at, id limit 1
"""
_FIRST: Final = text(_ONE.format(open=_OPEN.format(of="and account = :account")))
_EACH: Final = """
    with o as ({open}), turn as (
        select distinct on (account) * from o
        order by account, (state = 'sending') desc, last, at, id)
    select t.id, t.state, a.server from turn t join trading_account a on a.id = t.account
    where t.what = :what and (t.next_ask_at is null or t.next_ask_at <= :now)
    and t.at < :before order by t.at, t.id limit :most
"""
_DUE: Final = text(_EACH.format(open=_OPEN.format(of="")))


async def first(work: Work, account: UUID) -> tuple[str, UUID] | None:
    """Which one of an account is to be sent, or is being sent."""
    rows = await work.table(_FIRST, {"account": account})
    return (rows[0].what, rows[0].id) if rows else None


async def ring(work: Work, account: UUID) -> None:
    """One has ended: wake the next one of the account."""
    await work.flush()
    found = await first(work, account)
    if found is not None:
        what, row = found
        work.tell(TransferAsked(transfer=row) if what == "transfer" else RequestReady(request=row))


async def due(work: Work, what: What) -> Sequence[Any]:
    """Those whose turn it is and that nobody takes care of, the oldest first: id, state, server."""
    return await work.table(
        _DUE, {"what": what, "now": work.now, "before": work.now - SETTLING, "most": _MOST}
    )


async def pass_over(
    open_work: OpenWork, what: What, act: Callable[[Any], Awaitable[None]]
) -> Sequence[Any]:
    """Act on each that is due; those of servers that did not answer are what comes back.

    A server that is silent is left alone for the rest of the pass: the others go on.
    """
    async with open_work() as work:
        rows = await due(work, what)
    silent: set[str] = set()
    for row in rows:
        if row.server in silent:
            continue
        try:
            await act(row)
        except Unavailable:
            silent.add(row.server)
        except Refusal:
            continue
    return [row for row in rows if row.server in silent]


async def not_sent(open_work: OpenWork, kind: type[Any], row: UUID, waits_as: str) -> None:
    """Nothing left this machine: it waits in its order for the server to return."""
    async with open_work() as work:
        found = await work.lock(kind, row)
        if found.state == SENDING:
            found.move(waits_as)
            found.next_ask_at = work.now + pause(found.tries)


def pause(tries: int) -> timedelta:
    """How long to wait before a server is asked again, doubled each time up to a minute."""
    return min(SETTLING * int(2 ** min(tries, 5)), _LONGEST)

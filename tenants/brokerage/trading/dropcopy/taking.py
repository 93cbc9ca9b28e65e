"""Executions in the order of their messages; an account that cannot take one waits with all after it.

`waiting` of the session says since which message and why. Whoever calls holds the session's row.
"""

from collections.abc import Sequence
from typing import Any, Final

from brokerage.trading.connectors.fix.executions import What
from brokerage.trading.dropcopy import filed, restating
from brokerage.trading.dropcopy.booking import Books, Waits
from brokerage.trading.dropcopy.filed import Filed
from brokerage.trading.values import Deal
from stoa.theming.texts import N_

PAGE: Final = 500
BUSY: Final = N_("being booked")
UNMAPPED: Final = N_("no trading account here bears this name")


async def apply(books: Books, found: Sequence[Filed]) -> list[Deal]:
    """Book executions in the order of their messages; those that cannot be wait. The new deals."""
    if not found:
        return []
    waiting = dict(books.session.waiting)
    await books.know(sorted({one.execution.account for one in found}))
    done: list[Deal] = []
    for one in found:
        account = one.execution.account
        if account in waiting:
            wait(books, waiting, one, Waits(""))
            continue
        try:
            done += await _take(books, one)
        except Waits as why:
            wait(books, waiting, one, why)
    done += await books.flush()
    books.session.waiting = waiting
    return done


async def _take(books: Books, one: Filed) -> list[Deal]:
    """One execution. Raises Waits."""
    if one.execution.account not in books.owners:
        raise Waits(UNMAPPED)
    if one.execution.what is What.TRADE:
        await books.trade(one)
        return []
    done = await books.flush()
    await restating.restate(books, one)
    return done


def wait(books: Books, waiting: dict[str, Any], one: Filed, why: Waits) -> None:
    """Put an execution behind those of its account that wait, or let it be the first."""
    account = one.execution.account
    held = waiting.get(account)
    if held is None:
        at = books.work.now.isoformat()
        told = {"why": why.why, "places": why.places}
        waiting[account] = {"from": one.id, "count": 1, "since": at} | told
        books.work.announce("desk|servers")
    else:
        waiting[account] = held | {"count": held["count"] + 1}


async def catch_up(books: Books, account: str) -> list[Deal]:
    """One page of what an account waits with; what still cannot be booked goes on waiting."""
    held = books.session.waiting.get(account)
    if held is None:
        return []
    server = books.session.server
    page, more = await filed.since(books.work, server, account, held["from"], PAGE)
    others = {name: one for name, one in books.session.waiting.items() if name != account}
    books.session.waiting = others
    done = await apply(books, page)
    now_held = books.session.waiting.get(account)
    left = max(held["count"] - len(page), 0)
    if now_held is not None:
        kept = now_held | {"count": now_held["count"] + left, "since": held["since"]}
        books.session.waiting = books.session.waiting | {account: kept}
    elif more:
        kept = held | {"from": more, "count": left, "why": BUSY}
        books.session.waiting = books.session.waiting | {account: kept}
    return done

"""Accounts that our books have and their server does not: set aside, shown to the desk, asked again.

Deals and money of all others go on. What was last told stays, with its age; the account comes back by
itself when the server knows its login again, or a person lets it go.
"""

from collections.abc import Collection, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, delete, func, select

from brokerage.clients import queries as clients
from brokerage.trading.model import AccountState, OpenPosition, TradingAccount
from brokerage.trading.permissions import Trading
from stoa.kernel.refusals import Conflict, Invalid
from stoa.product import Card, Item
from stoa.tenancy.statements import kept
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

_SHOWN: Final = 5
_LEAST_REASON: Final = 5


async def note(
    work: Work, code: str, rows: Sequence[TradingAccount], gone: Collection[int]
) -> None:
    """Write down who is gone since now, and who is there again."""
    lost = [row.id for row in rows if row.login in gone and row.missing_since is None]
    back = [row.id for row in rows if row.login not in gone and row.missing_since is not None]
    if not lost and not back:
        return
    changed = await work.rows(
        select(TradingAccount)
        .where(TradingAccount.id.in_([*lost, *back]))
        .order_by(TradingAccount.id)
        .with_for_update()
    )
    lost_ids = set(lost)
    for row in changed:
        row.missing_since = work.now if row.id in lost_ids else None
    await work.flush()
    work.record("accounts the server does not know", server=code, lost=len(lost), back=len(back))
    work.announce("desk|accounts", "desk|servers", "desk|today")


async def let_go(work: Work, account: UUID, why: str) -> TradingAccount:
    """Believe the server that an account is no more: it is archived and holds nothing.

    Its money in our books stays where it is until the books of both sides are compared.

    Raises:
        Conflict: the server knows it.
    """
    work.require(Trading.EDIT)
    row = await work.lock(TradingAccount, account)
    await clients.seen(work, row.client)
    if row.missing_since is None:
        raise Conflict("The server knows this account: archive it there instead.")
    reason = why.strip()
    if len(reason) < _LEAST_REASON:
        raise Invalid("Say why, in a few words.", field="reason")

    row.move(AccountState.ARCHIVED)
    row.why = reason[:400]
    row.margin = row.floating = row.margin_free = row.balance * 0
    await work.run(delete(OpenPosition).where(OpenPosition.account == row.id))
    work.record("account let go", account=str(row.id), why=reason[:400])
    work.announce(f"client:{row.client}|accounts", "desk|accounts", "risk|exposure")
    return row


@kept
def _by_server() -> Select[str, int]:
    return (
        select(TradingAccount.server, func.count())
        .where(TradingAccount.missing_since.is_not(None), _alive())
        .group_by(TradingAccount.server)
    )


async def count(work: Work) -> dict[str, int]:
    """How many of each server."""
    told = await work.table(_by_server())
    return {code: int(many) for code, many in told}


async def today(work: Work) -> list[Card]:
    """Those who look after servers see whose accounts are gone."""
    if not work.actor.may(Trading.SERVERS):
        return []
    many = sum((await count(work)).values())
    if not many:
        return []
    rows = await work.rows(
        select(TradingAccount)
        .where(TradingAccount.missing_since.is_not(None), _alive())
        .order_by(TradingAccount.missing_since.desc())
        .limit(_SHOWN)
    )
    return [
        Card(
            "missing-accounts",
            N_("Accounts their server does not know"),
            many,
            tone="stopped",
            path="/desk/accounts?missing=yes",
            items=[
                Item(
                    title=f"{row.server} · {row.login}",
                    path=f"/desk/accounts/{row.id}",
                    status="stopped",
                    since=row.missing_since,
                )
                for row in rows
            ],
            order=6,
        )
    ]


def _alive() -> Any:
    return TradingAccount.state.in_((AccountState.ACTIVE, AccountState.RESTRICTED))

"""Running totals on the client's row, kept in the transaction of what they count."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal, localcontext
from typing import Any
from uuid import UUID

from sqlalchemy import Table, func, text

from brokerage.clients.model import Client
from stoa.kernel.money import EXACT
from stoa.tenancy.work import Work

_client: Table = Client.__table__  # type: ignore[assignment]

TRADES = text(
    "update client c set volume_lots = c.volume_lots + t.lots, "
    "last_trade_at = greatest(c.last_trade_at, t.at) "
    "from (select client, sum(lots) as lots, max(at) as at "
    "from unnest(cast(:clients as uuid[]), cast(:lots as numeric[]), "
    "cast(:ats as timestamptz[])) as x(client, lots, at) group by client) t "
    "where c.id = t.client"
)


async def note_deposit(work: Work, client: UUID, amount_base: Decimal, at: datetime) -> bool:
    """Money arrived, counted in the tenant's base currency; whether it was the first."""
    done = await work.run(
        _client.update()
        .where(_client.c.id == client)
        .values(
            deposits_total=_client.c.deposits_total + amount_base,
            deposits_count=_client.c.deposits_count + 1,
            first_deposit_at=func.least(_client.c.first_deposit_at, at),
            last_deposit_at=func.greatest(_client.c.last_deposit_at, at),
        )
        .returning(_client.c.deposits_count)
    )
    return int(done.scalar_one()) == 1


async def note_withdrawal(work: Work, client: UUID, amount_base: Decimal, at: datetime) -> None:
    """Money left, counted in the tenant's base currency; a negative amount takes one back."""
    values: dict[str, Any] = {
        "withdrawals_total": _client.c.withdrawals_total + amount_base,
    }
    if amount_base > 0:
        values["last_withdrawal_at"] = func.greatest(_client.c.last_withdrawal_at, at)
    await work.run(_client.update().where(_client.c.id == client).values(**values))


async def note_trade(work: Work, client: UUID, lots: Decimal, at: datetime) -> None:
    await note_trades(work, [(client, lots, at)])


async def note_trades(work: Work, trades: Iterable[tuple[UUID, Decimal, datetime]]) -> None:
    """Many deals at once, in one statement over their clients; each is (client, lots, when)."""
    lots: defaultdict[UUID, list[Decimal]] = defaultdict(list)
    last: dict[UUID, datetime] = {}
    for client, traded, at in trades:
        lots[client].append(traded)
        if client not in last or at > last[client]:
            last[client] = at
    if lots:
        with localcontext(EXACT):
            sums = [sum(found, Decimal(0)) for found in lots.values()]
        await work.run(TRADES, {"clients": list(lots), "lots": sums, "ats": list(last.values())})

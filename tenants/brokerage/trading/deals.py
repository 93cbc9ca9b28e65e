"""Storing deals once: a batch in, new rows out, with what follows from them in the same commit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID, uuid5

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from brokerage.clients import totals
from brokerage.ledger import accounts as ledger
from brokerage.ledger import posting
from brokerage.trading import rules
from brokerage.trading.connector import Deal as Told
from brokerage.trading.connector import DealKind, operation_of
from brokerage.trading.events import DealsImported
from brokerage.trading.model import Deal
from stoa.kernel.money import Money
from stoa.tenancy.work import Work

STEP: Final = 1000
_INSERT: Final = (
    insert(Deal.metadata.tables[Deal.__tablename__]).on_conflict_do_nothing().returning(Deal.number)
)
_ROOT: Final = UUID("6f1d8b52-6a0e-4a55-9a52-3b8f7d0a9c11")


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose login it is."""

    account: UUID
    client: UUID
    currency: str
    live: bool


async def store(work: Work, server: str, told: Sequence[Told], owners: Mapping[int, Owner]) -> int:
    """Insert deals not yet stored, count trades, post results to the platform account, tell.

    The whole batch is one transaction; deals stored before change nothing. Returns how many were
    new. Deals of logins that are not ours are left out.
    """
    mine = [deal for deal in told if deal.login in owners]
    fresh = 0
    for start in range(0, len(mine), STEP):
        fresh += await _store(work, server, mine[start : start + STEP], owners)
    if fresh:
        work.tell(DealsImported(server=server, first=work.now, last=work.now, count=fresh))
        work.record("deals.imported", server=server, count=fresh)
    return fresh


async def store_history(
    work: Work, server: str, told: Sequence[Told], owners: Mapping[int, Owner]
) -> int:
    """Insert deals of the time before our books began. Returns how many were new.

    They are there for statements and reports. They are not posted, since the balance they led to is,
    and told to nobody, since rewards and bonuses are for what happens here. They count as known since
    their own time, so that nothing which looks at what came lately takes them for news.
    """
    fresh = 0
    for start in range(0, len(told), STEP):
        batch = told[start : start + STEP]
        fresh += len(await _insert(work, server, batch, owners, history=True))
    return fresh


async def _insert(
    work: Work,
    server: str,
    batch: Sequence[Told],
    owners: Mapping[int, Owner],
    *,
    history: bool = False,
) -> list[Told]:
    """The deals of a batch that were not stored yet, stored and counted."""
    opened = await _opened(work, server, batch)
    rows = [_row(work, server, deal, owners[deal.login], opened) for deal in batch]
    if not rows:
        return []
    if history:
        rows = [row | {"imported_at": row["at"]} for row in rows]
    new = {int(number) for number in (await work.run(_INSERT, rows)).scalars()}
    stored = [deal for deal in batch if deal.deal in new]
    await _count(work, stored, owners)
    return stored


async def _store(
    work: Work, server: str, batch: Sequence[Told], owners: Mapping[int, Owner]
) -> int:
    stored = await _insert(work, server, batch, owners)
    if not stored:
        return 0
    await _post(work, server, stored, owners)
    for client in {owners[deal.login].client for deal in stored}:
        work.announce(f"client:{client}|accounts")
    work.announce("desk|deals")
    return len(stored)


def _row(
    work: Work, server: str, deal: Told, owner: Owner, opened: Mapping[int, datetime]
) -> dict[str, Any]:
    closing = deal.entry in rules.CLOSING
    return {
        "server": server,
        "number": deal.deal,
        "id": uuid5(_ROOT, f"{work.tenant.id}|{server}|{deal.deal}"),
        "account": owner.account,
        "client": owner.client,
        "login": deal.login,
        "kind": str(deal.kind),
        "entry": str(deal.entry),
        "at": deal.at,
        "symbol": deal.symbol[:32],
        "lots": deal.lots,
        "lots_closed": deal.lots_closed,
        "contract_size": deal.contract_size,
        "price": deal.price,
        "profit": deal.profit,
        "swap": deal.swap,
        "commission": deal.commission,
        "currency": owner.currency,
        "position": deal.position,
        "opened_at": opened.get(deal.position) if closing else None,
        "comment": deal.comment[:64],
        "imported_at": work.now,
        "reverses": deal.reverses or None,
    }


async def _opened(work: Work, server: str, batch: Sequence[Told]) -> dict[int, datetime]:
    """When the positions that a batch closes were opened: by the first deal of each, here or before.

    What was taken back opened nothing.
    """
    found: dict[int, datetime] = {}
    for deal in batch:
        if deal.kind.trade and deal.entry == "in" and not deal.reverses:
            found[deal.position] = min(deal.at, found.get(deal.position, deal.at))
    closed = {deal.position for deal in batch if deal.entry in rules.CLOSING}
    if closed:
        rows = await work.table(
            select(Deal.position, func.min(Deal.at).label("at"))
            .where(
                Deal.server == server,
                Deal.position.in_(closed),
                Deal.entry == "in",
                Deal.reverses.is_(None),
            )
            .group_by(Deal.position)
        )
        found |= {row.position: min(row.at, found.get(row.position, row.at)) for row in rows}
    told = {deal.position: deal.opened for deal in batch if deal.opened is not None}
    return told | found


async def _count(work: Work, stored: Sequence[Told], owners: Mapping[int, Owner]) -> None:
    trades = [
        (owners[deal.login].client, deal.lots, deal.at)
        for deal in stored
        if deal.kind.trade and deal.entry in rules.CLOSING and owners[deal.login].live
    ]
    if trades:
        await totals.note_trades(work, trades)


async def _post(
    work: Work, server: str, stored: Sequence[Told], owners: Mapping[int, Owner]
) -> None:
    """What trading did to each live account, as one entry per account and batch.

    Balance operations of our own transfers were posted by the transfer; those are left out. Money
    that somebody moved at the server itself is on its way to or from a bank we have yet to see.
    """
    sums: dict[tuple[int, str], Decimal] = {}
    last: dict[tuple[int, str], int] = {}
    for deal in stored:
        moved = deal.kind == DealKind.BALANCE
        ours = moved and operation_of(deal.comment) is not None
        if not owners[deal.login].live or deal.kind == DealKind.CREDIT or ours:
            continue
        place = (deal.login, f"platform-clearing:{server}" if moved else "trading")
        result = rules.result_of(deal.profit, deal.swap, deal.commission)
        sums[place] = sums.get(place, Decimal(0)) + result
        last[place] = max(last.get(place, 0), deal.deal)
    postings: list[posting.Posting] = []
    for (login, code), total in sorted(sums.items()):
        owner = owners[login]
        money = Money(total, owner.currency).rounded()
        if not money:
            continue
        platform = ledger.platform(work, owner.client, owner.currency, owner.account)
        house = ledger.house(work, code, owner.currency)
        gain = money.amount > 0
        legs = posting.moving(
            house if gain else platform, platform if gain else house, money if gain else -money
        )
        name = "trading" if code == "trading" else "moved-at-server"
        postings.append(
            posting.Posting(
                operation=f"{name}:{server}:{login}:{last[login, code]}",
                kind="trading",
                legs=legs,
                ref=("trading-account", owner.account),
            )
        )
    for start in range(0, len(postings), posting.MOST_AT_ONCE):
        await posting.post_many(
            work, postings[start : start + posting.MOST_AT_ONCE], despite_freeze=True
        )

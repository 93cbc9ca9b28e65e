"""Storing deals once: a batch in, new rows out, with what follows from them in the same commit."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import select, text

from brokerage.clients import totals
from brokerage.ledger import accounts as ledger
from brokerage.ledger import posting
from brokerage.trading import rules
from brokerage.trading.connector import Deal as Told
from brokerage.trading.connector import DealKind, operation_of
from brokerage.trading.events import DealsImported
from brokerage.trading.model import TradingServer
from stoa.kernel.money import Money
from stoa.tenancy.work import Work

STEP: Final = 10_000
_TICK_FRESH: Final = timedelta(seconds=60)
_COLUMNS: Final = (
    ("number", "bigint"), ("id", "uuid"), ("account", "uuid"), ("client", "uuid"),
    ("login", "bigint"), ("kind", "varchar"), ("entry", "varchar"), ("at", "timestamptz"),
    ("symbol", "varchar"), ("lots", "numeric"), ("lots_closed", "numeric"),
    ("contract_size", "numeric"), ("price", "numeric"), ("profit", "numeric"), ("swap", "numeric"),
    ("commission", "numeric"), ("currency", "varchar"), ("position", "bigint"),
    ("opened_at", "timestamptz"), ("opened_price", "numeric"), ("spread", "numeric"),
    ("comment", "varchar"), ("reverses", "bigint"),
    ("imported_at", "timestamptz"),
)  # fmt: skip
_KEYS: Final = tuple(name for name, _ in _COLUMNS)
_NAMES: Final = ", ".join(_KEYS)
_TYPED: Final = ", ".join(f"{name} {kind}" for name, kind in _COLUMNS)
_TAKEN: Final = ", ".join(
    {"account": "t.id", "client": "t.client"}.get(name, f"x.{name}") for name in _KEYS
)
_INSERT: Final = text(
    f"with written as (insert into deal (server, {_NAMES}) select :server, {_TAKEN} "  # noqa: S608
    f"from json_to_recordset(cast(:rows as json)) as x({_TYPED}) "
    "left join trading_account t on t.id = x.account and t.client = x.client "
    "on conflict do nothing returning number) "
    "select coalesce(array_agg(number), '{}') from written"
)
"""A batch goes as one document: an array for each column is looked at element by element here.

Whose a deal is is read from the account itself, for all of a batch at once: a deal of no account, or
of another client's, has none and is refused. A foreign key would ask for each deal by itself."""
_OPENED: Final = text(
    "select coalesce(array_agg(position), '{}') as positions, coalesce(array_agg(at), '{}') as ats, "
    "coalesce(array_agg(price), '{}') as prices from ("
    "select distinct on (position) position, at, price from deal where server = :server "
    "and position = any(cast(:positions as bigint[])) and entry = 'in' and reverses is null "
    "order by position, at) x"
)
"""As three arrays: a row for each of them costs more to read than it cost to find."""
_Line: Final = msgspec.defstruct("_Line", [(name, Any) for name in _KEYS], gc=False)
"""A row of that document, which costs half of what a dictionary does."""
_ROOT: Final = UUID("6f1d8b52-6a0e-4a55-9a52-3b8f7d0a9c11")


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose login it is."""

    account: UUID
    client: UUID
    currency: str
    live: bool


@dataclass(frozen=True, slots=True)
class Opening:
    """When a position was opened, and at what price where that is known."""

    at: datetime
    price: Decimal | None


@dataclass(frozen=True, slots=True)
class Spreads:
    """The ticks a server last told, as its watcher keeps them; `place` names deals of that server."""

    place: str
    prices: Mapping[str, Any]
    at: datetime | None

    def worth(self, deal: Told) -> Decimal | None:
        """The spread on what a deal closed, in the account's currency; None without a fresh tick."""
        tick = self.prices.get(deal.symbol)
        if tick is None or self.at is None or abs(deal.at - self.at) > _TICK_FRESH:
            return None
        width = Decimal(tick["ask"]) - Decimal(tick["bid"])
        if width <= 0 or deal.rate_profit <= 0:
            return None
        worth = width * (deal.lots_closed or deal.lots) * deal.contract_size * deal.rate_profit
        return round(worth, 12)


async def store(work: Work, server: str, told: Sequence[Told], owners: Mapping[int, Owner]) -> int:
    """Insert deals not yet stored, count trades, post results to the platform account, tell.

    The whole batch is one transaction; deals stored before change nothing. Returns how many were
    new. Deals of logins that are not ours are left out.
    """
    mine = sorted((deal for deal in told if deal.login in owners), key=_place)
    stored: list[Told] = []
    for start in range(0, len(mine), STEP):
        stored += await _store(work, server, mine[start : start + STEP], owners)
    if stored:
        await _count(work, stored, owners)
        await _post(work, server, stored, owners)
        for client in {owners[deal.login].client for deal in stored}:
            work.announce(f"client:{client}|accounts")
        work.announce("desk|deals")
        fresh = len(stored)
        work.tell(DealsImported(server=server, first=work.now, last=work.now, count=fresh))
        work.record("deals.imported", server=server, count=fresh)
    return len(stored)


async def store_history(
    work: Work, server: str, told: Sequence[Told], owners: Mapping[int, Owner]
) -> int:
    """Insert deals of the time before our books began. Returns how many were new.

    They are there for statements and reports. They are not posted, since the balance they led to is,
    and told to nobody, since rewards and bonuses are for what happens here. They count as known since
    their own time, so that nothing which looks at what came lately takes them for news.
    """
    stored: list[Told] = []
    for start in range(0, len(told), STEP):
        batch = told[start : start + STEP]
        stored += await _store(work, server, batch, owners, history=True)
    await _count(work, stored, owners)
    return len(stored)


async def _store(
    work: Work,
    server: str,
    batch: Sequence[Told],
    owners: Mapping[int, Owner],
    *,
    history: bool = False,
) -> list[Told]:
    """Those of a batch that were not stored yet, each once."""
    if not batch:
        return []
    opened = await _opened(work, server, batch)
    spreads = await _spreads(work, server)
    rows = [
        _Line(*_row(deal, owners[deal.login], opened, spreads), deal.at if history else work.now)
        for deal in batch
    ]
    told = msgspec.json.encode(rows).decode()
    new = set(await work.value(_INSERT, {"server": server, "rows": told}))
    return list({deal.deal: deal for deal in batch if deal.deal in new}.values())


def _row(
    deal: Told,
    owner: Owner,
    opened: Mapping[int, Opening],
    spreads: Spreads,
) -> tuple[Any, ...]:
    """Values in the order of `_COLUMNS`, but for when it was imported."""
    closing = deal.entry in rules.CLOSING
    opening = opened.get(deal.position) if closing else None
    return (
        deal.deal,
        _id(spreads.place, deal.deal),
        owner.account,
        owner.client,
        deal.login,
        deal.kind,
        deal.entry,
        deal.at,
        deal.symbol[:32],
        deal.lots,
        deal.lots_closed,
        deal.contract_size,
        deal.price,
        deal.profit,
        deal.swap,
        deal.commission,
        owner.currency,
        deal.position,
        opening.at if opening else None,
        opening.price if opening else None,
        spreads.worth(deal) if closing else None,
        deal.comment[:64],
        deal.reverses or None,
    )


async def _opened(work: Work, server: str, batch: Sequence[Told]) -> dict[int, Opening]:
    """How the positions that a batch closes were opened: by the first deal of each, here or before.

    What was taken back opened nothing.
    """
    found: dict[int, Opening] = {}
    for deal in batch:
        if deal.entry == "in" and deal.kind.trade and not deal.reverses:
            known = found.get(deal.position)
            if known is None or deal.at < known.at:
                found[deal.position] = Opening(deal.at, deal.price)
    closed = {deal.position for deal in batch if deal.entry in rules.CLOSING}
    if closed:
        asked = {"server": server, "positions": list(closed)}
        here = (await work.table(_OPENED, asked))[0]
        for position, at, price in zip(here.positions, here.ats, here.prices, strict=True):
            known = found.get(position)
            if known is None or at < known.at:
                found[position] = Opening(at, price)
    told = {one.position: Opening(one.opened, None) for one in batch if one.opened is not None}
    return told | found


async def _spreads(work: Work, server: str) -> Spreads:
    row = (
        await work.table(
            select(TradingServer.prices, TradingServer.prices_at).where(
                TradingServer.code == server
            )
        )
    )[:1]
    named = f"{work.tenant.id}|{server}|".encode()
    digest = hashlib.sha1(_ROOT.bytes + named, usedforsecurity=False).hexdigest()
    place = f"8{digest[:3]}{'89ab'[int(digest[3], 16) & 3]}{digest[4:15]}"
    return Spreads(place, row[0].prices, row[0].prices_at) if row else Spreads(place, {}, None)


def _place(deal: Told) -> tuple[int, int]:
    """An account's deals beside one another: many at once are then written to few places of an index."""
    return deal.login, deal.deal


def _id(place: str, number: int) -> str:
    """The deal's id of version 8: its number, and where that is one.

    So the same deal has the same id whenever it is told, no two of a server have one, and deals of
    near numbers have near ids.
    """
    near = number & 0xFFFFFFFFFFFFFFFF
    return f"{near >> 8 & 0xFFFFFFFFFFFF:012x}{place}{near >> 56:02x}{near & 0xFF:02x}"


async def _count(work: Work, stored: Sequence[Told], owners: Mapping[int, Owner]) -> None:
    trades = [
        (owners[deal.login].client, rules.closed_lots(deal), deal.at)
        for deal in stored
        if deal.entry in rules.CLOSING and deal.kind.trade and owners[deal.login].live
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
    none, clearing = Decimal(0), f"platform-clearing:{server}"
    for deal in stored:
        moved = deal.kind is DealKind.BALANCE
        ours = moved and operation_of(deal.comment) is not None
        if not owners[deal.login].live or deal.kind is DealKind.CREDIT or ours:
            continue
        place = (deal.login, clearing if moved else "trading")
        result = rules.result_of(deal.profit, deal.swap, deal.commission)
        sums[place] = sums.get(place, none) + result
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

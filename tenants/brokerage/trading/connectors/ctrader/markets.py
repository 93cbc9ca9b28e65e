"""Groups, symbols, prices and open positions."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from brokerage.trading.connector import (
    DealKind,
    Group,
    Position,
    Symbol,
    Tick,
    Ticks,
)
from brokerage.trading.connectors.ctrader import lists, messages, reading
from brokerage.trading.connectors.ctrader.accounts import Accounts
from brokerage.trading.connectors.ctrader.directory import Directory, Instrument
from brokerage.trading.connectors.ctrader.link import Link
from brokerage.trading.connectors.ctrader.messages import Kind
from brokerage.trading.connectors.ctrader.web import Web
from stoa.connectors import loose
from stoa.connectors.trouble import Unreadable

OPEN: Final = "/v2/webserv/openPositions"
_FIRST_PRICES_S: Final = 2.0
_STEP_S: Final = 0.02


class Markets:
    """What the plant offers. A group fixes no currency here: that is each account's own."""

    def __init__(self, web: Web, link: Link, accounts: Accounts, directory: Directory) -> None:
        self._web = web
        self._link = link
        self._accounts = accounts
        self._directory = directory

    async def groups(self) -> tuple[Group, ...]:
        told = await self._web.get("/v2/webserv/tradergroups")
        return tuple(
            Group(
                group=str(row["name"]),
                currency="",
                currency_digits=2,
                company=str(row.get("description") or ""),
            )
            for row in loose.rows(told.get("traderGroup"))
            if row.get("name")
        )

    async def symbols(self) -> tuple[Symbol, ...]:
        """Smallest and largest volumes stand in profiles that are not read: 0.01 to 100 lots."""
        return tuple(
            Symbol(
                symbol=one.name,
                path=f"{one.group}\\{one.name}" if one.group else one.name,
                description=one.description,
                digits=one.digits,
                contract_size=one.lot or Decimal(0),
                currency_base=one.base,
                currency_profit=one.quote,
                currency_margin=one.base,
                lots_min=Decimal("0.01"),
                lots_max=Decimal(100),
                lots_step=Decimal("0.01"),
            )
            for one in (await self._directory.instruments()).values()
        )

    async def prices(self, symbols: Sequence[str], since: int) -> Ticks:
        """What came over the link after `since`; without a link there are no prices."""
        if not self._link.configured:
            return Ticks((), since)
        known = await self._directory.by_name()
        wanted = {known[name].number: known[name] for name in symbols if name in known}
        await self._subscribe(tuple(wanted))
        found: list[Tick] = []
        newest = since
        for number, (heard, spot) in self._link.spots.items():
            one = wanted.get(number)
            if one is None or heard <= since or spot.bid is None or spot.ask is None:
                continue
            newest = max(newest, heard)
            found.append(_tick(one, spot.bid, spot.ask, spot.at))
        return Ticks(tuple(found), newest)

    async def positions(self, login: int) -> tuple[Position, ...]:
        """Without a link no price is told: the one it was opened at stands in, and no profit."""
        account = await self._accounts.get(login)
        text = await self._web.text(OPEN, {"login": login})
        instruments = await self._directory.by_name()
        rows = [row for row in lists.open_positions(text) if row.login == login]
        if any(isinstance(row, lists.Bent) for row in rows):
            # Half of the positions would look like the others' having been closed.
            raise Unreadable("The trading server tells a position that cannot be read.")
        opened = [row for row in rows if isinstance(row, lists.Open)]
        if opened:
            await self.prices([row.symbol for row in opened], 0)
        digits = reading.digits_of(account) if self._web.settings.csv_money == "minor" else 0
        unique = {row.position: row for row in opened}
        return tuple(
            self._position(row, instruments, digits, account.currency) for row in unique.values()
        )

    def _position(
        self, row: lists.Open, instruments: dict[str, Instrument], digits: int, currency: str
    ) -> Position:
        found = instruments.get(row.symbol)
        if found is None or found.lot is None:
            raise Unreadable("The trading server tells a symbol that is not known.")
        held = self._link.spots.get(found.number)
        price, profit = row.entry_price, Decimal(0)
        if held is not None:
            closing = held[1].bid if row.buys else held[1].ask
            price = closing if closing is not None else price
            moved = (price - row.entry_price) * row.units * (1 if row.buys else -1)
            profit = (moved * self._rate(found.quote, currency, instruments)).quantize(
                Decimal(1).scaleb(-digits)
            )
        return Position(
            position=row.position,
            login=row.login,
            symbol=row.symbol,
            kind=DealKind.BUY if row.buys else DealKind.SELL,
            lots=row.units / found.lot,
            contract_size=found.lot,
            price_open=row.entry_price,
            price_current=price,
            stop_loss=Decimal(0),
            take_profit=Decimal(0),
            profit=profit,
            swap=row.swap.scaleb(-digits),
            opened=row.opened,
        )

    def _rate(self, source: str, target: str, instruments: dict[str, Instrument]) -> Decimal:
        """From one currency to another by the prices held, over the dollar at most; 0 for unknown."""
        if source == target:
            return Decimal(1)
        mids = {
            (one.base, one.quote): (held[1].bid + held[1].ask) / 2
            for one in instruments.values()
            if (held := self._link.spots.get(one.number)) is not None
            and held[1].bid is not None
            and held[1].ask is not None
        }

        def direct(base: str, quote: str) -> Decimal:
            if base == quote:
                return Decimal(1)
            if (base, quote) in mids:
                return mids[base, quote]
            return 1 / mids[quote, base] if (quote, base) in mids else Decimal(0)

        return direct(source, target) or direct(source, "USD") * direct("USD", target)

    async def _subscribe(self, numbers: tuple[int, ...]) -> None:
        """Ask for prices that are not coming yet, and wait a moment for the first of them."""
        await self._link.session()
        missing = tuple(number for number in numbers if number not in self._link.spots)
        if not missing:
            return
        await self._link.read(Kind.SPOTS, messages.spots(missing), Kind.SPOTS_TOLD)
        for _ in range(int(_FIRST_PRICES_S / _STEP_S)):
            if all(number in self._link.spots for number in missing):
                return
            await asyncio.sleep(_STEP_S)


def _tick(one: Instrument, bid: Decimal, ask: Decimal, at_ms: int) -> Tick:
    at = datetime.fromtimestamp(at_ms / 1000, UTC) if at_ms > 0 else None
    return Tick(symbol=one.name, bid=bid, ask=ask, last=bid, digits=one.digits, at=at)

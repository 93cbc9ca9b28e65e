"""Groups, instruments and prices."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from urllib.parse import quote

from brokerage.trading.connector import Group, Symbol, Tick, Ticks
from brokerage.trading.connectors.dxtrade import records
from brokerage.trading.connectors.dxtrade.link import ADMIN, TRADE, Link
from brokerage.trading.told import above_zero, moment, word
from stoa.connectors.trouble import Unreadable
from stoa.kernel import currencies


class Markets:
    def __init__(self, link: Link) -> None:
        self._link = link

    async def groups(self) -> tuple[Group, ...]:
        """The values of the category that is the group."""
        one = self._link.settings
        path = f"/api/register/broker/{quote(one.broker)}/category/{quote(one.group_domain)}"
        body, _ = await self._link.read(ADMIN, path)
        values = records.row(body).get("values")
        if not isinstance(values, list):
            raise Unreadable("The trading server's answer could not be read.")
        return tuple(
            Group(
                group=name,
                currency=self.currency(name),
                currency_digits=currencies.exponent(self.currency(name)),
            )
            for name in sorted(str(value) for value in values)
        )

    def currency(self, group: str) -> str:
        return self._link.settings.currencies.get(group, self._link.settings.currency)

    async def symbols(self) -> tuple[Symbol, ...]:
        kept = self._link.kept("symbols")
        if isinstance(kept, tuple):
            return kept
        rows = await self._link.rows("/instruments/query", "instruments", {"symbols": "*"})
        found: dict[str, Symbol] = {}
        for row in rows:
            try:
                one = records.symbol(records.row(row), self._link.settings)
            except Unreadable:
                continue  # What cannot be read is not offered; its trades are kept aside.
            found.setdefault(one.symbol, one)
        symbols = tuple(found.values())
        await self._link.keep("symbols", symbols)
        return symbols

    async def lot_sizes(self) -> dict[str, Decimal]:
        return {one.symbol: one.contract_size for one in await self.symbols()}

    async def prices(self, symbols: Sequence[str], since: int) -> Ticks:
        """Quotes newer than `since`, in milliseconds; one that cannot be is left out."""
        body = {
            "market": "spreads",
            "symbols": list(symbols),
            "eventTypes": [{"type": "Quote", "format": "COMPACT"}],
        }
        said = records.row(await self._link.ask(TRADE, "/marketdata", body))
        digits = {one.symbol: one.digits for one in await self.symbols()}
        found: list[Tick] = []
        newest = since
        for row in records.rows(said.get("events"), "events"):
            try:
                tick, at = _tick(row, digits)
            except Unreadable:
                continue
            stamp = int(at.timestamp() * 1000)
            if stamp > since:
                found.append(tick)
                newest = max(newest, stamp)
        return Ticks(tuple(found), newest)


def _tick(row: records.Row, digits: dict[str, int]) -> tuple[Tick, datetime]:
    name, at = word(row, "symbol", 32), moment(row.get("time"), "time")
    bid, ask = above_zero(row.get("bid"), "bid"), above_zero(row.get("ask"), "ask")
    return Tick(symbol=name, bid=bid, ask=ask, last=bid, digits=digits.get(name, 5), at=at), at

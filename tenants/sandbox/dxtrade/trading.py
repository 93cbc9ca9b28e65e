"""The trading side of accounts, for reading: positions, metrics, transfers, orders, instruments."""

import datetime as dt
from typing import Any

from sandbox.dxtrade import shapes
from sandbox.dxtrade.register import Register, told
from sandbox.trading.book import Account
from sandbox.trading.config import Manager
from sandbox.trading.hub import Hub
from sandbox.trading.masks import matches
from sandbox.trading.records import Action, Deal
from sandbox.trading.symbols import SYMBOLS
from sandbox.trading.web_server import HttpError, Response

Json = dict[str, Any]
Query = dict[str, str]

_LIMIT = 100
_LIMIT_MAX = 1_000


class Trading:
    def __init__(self, hub: Hub, register: Register) -> None:
        self._hub = hub
        self._register = register

    def chosen(self, manager: Manager, account: str, query: Query) -> list[Account]:
        """The account of a path, or those of the query, or all that are seen."""
        wanted = (
            [account] if account else [one for one in query.get("accounts", "").split(",") if one]
        )
        if not wanted:
            return [
                one
                for one in self._hub.book.accounts.values()
                if matches(manager.groups, one.user.group)
            ]
        found: list[Account] = []
        for code in wanted:
            clearing, _, number = code.rpartition(":")
            found.append(self._register.found(manager, clearing, number))
        return found

    def positions(self, manager: Manager, account: str, query: Query) -> Response:
        rows = [
            shapes.position(one, row)
            for one in self.chosen(manager, account, query)
            for row in one.positions.values()
        ]
        return told({"positions": self._doubled(rows)})

    def metrics(self, manager: Manager, account: str, query: Query) -> Response:
        now, whole = self._hub.clock.now(), query.get("include-positions") == "true"
        return told(
            {
                "metrics": [
                    shapes.metrics(self._hub.floor, one, now, with_positions=whole)
                    for one in self.chosen(manager, account, query)
                ]
            }
        )

    def portfolio(self, manager: Manager, account: str, query: Query) -> Response:
        floor = self._hub.floor
        return told(
            {
                "portfolios": [
                    {
                        "account": shapes.code(one),
                        "version": len(one.deals),
                        "balances": [
                            {
                                "account": shapes.code(one),
                                "version": len(one.deals),
                                "value": shapes.number(one.balance, floor.group(one).digits),
                                "currency": floor.group(one).currency,
                            }
                        ],
                        "positions": [shapes.position(one, row) for row in one.positions.values()],
                        "orders": [],
                    }
                    for one in self.chosen(manager, account, query)
                ]
            }
        )

    def transfers(self, manager: Manager, account: str, query: Query) -> Response:
        first, last = _window(query, "time-from", "time-to")
        start, limit = _whole(query, "start-from", 0), _whole(query, "limit", _LIMIT)
        types = {one for one in query.get("of-type", "").split(",") if one}
        rows = [
            shapes.transfer(self._hub.floor, one, deal, self._register.code_of(deal.deal))
            for one in self.chosen(manager, account, query)
            for deal in self._deals(one, first, last)
            if not deal.trade and deal.action != Action.CREDIT
        ]
        if types:
            rows = [row for row in rows if row["cashTransactions"][0]["type"] in types]
        rows.sort(key=lambda row: row["transactionTime"])
        page = rows[start : start + min(limit, _LIMIT_MAX)]
        return told({"cashTransfers": self._doubled(page)})

    def orders(self, manager: Manager, account: str, query: Query) -> Response:
        """Completed orders of a window, page by page, the oldest first."""
        first, last = _window(query, "transaction-from", "transaction-to")
        page, size = _whole(query, "page", 0), _whole(query, "page-size", _LIMIT)
        rows = [
            row
            for one in self.chosen(manager, account, query)
            for deal in self._deals(one, first, last)
            if deal.trade
            for row in shapes.orders(self._hub.floor, one, deal)
        ]
        rows.sort(key=lambda row: (row["transactionTime"], row["orderId"], row["orderCode"]))
        size = min(max(size, 1), _LIMIT_MAX)
        shown = rows[page * size : (page + 1) * size]
        return told({"orders": self._spoilt(shown)})

    def instruments(self) -> Response:
        return told({"instruments": [shapes.instrument(one) for one in SYMBOLS.values()]})

    def quotes(self, body: Json) -> Response:
        now = self._hub.clock.now()
        wanted = {str(one).replace("/", "") for one in body.get("symbols") or []}
        events: list[Json] = []
        for symbol in SYMBOLS.values():
            if symbol.name not in wanted:
                continue
            quote = self._hub.market.quote(symbol, now)
            events.append(
                {
                    "type": "Quote",
                    "symbol": shapes.name(symbol),
                    "bid": shapes.number(quote.bid, symbol.digits),
                    "ask": shapes.number(quote.ask, symbol.digits),
                    "time": shapes.iso(now),
                }
            )
        return told({"events": events})

    def _deals(self, one: Account, first: int, last: int) -> list[Deal]:
        hidden = self._hub.faults.hidden
        return [deal for deal in one.between(first, last) if not hidden(deal.deal)]

    def _doubled(self, rows: list[Json]) -> list[Json]:
        faults = self._hub.faults
        if rows and faults.fires("duplicate_deals"):
            return [*rows, rows[faults.pick(len(rows))]]
        return rows

    def _spoilt(self, rows: list[Json]) -> list[Json]:
        """With a double, and with one order that cannot be, where that was ordered."""
        rows = self._doubled(rows)
        if rows and self._hub.faults.fires("noise"):
            bent = rows[self._hub.faults.pick(len(rows))]
            execution = bent["executions"][0] | {"executionCode": "1", "lastPrice": -1}
            return [bent | {"orderCode": "1", "executions": [execution]}, *rows]
        return rows


def _window(query: Query, start: str, end: str) -> tuple[int, int]:
    found: list[int] = []
    for name, usual in ((start, 0), (end, 1 << 43)):
        text = query.get(name)
        if text is None:
            found.append(usual)
            continue
        try:
            at = dt.datetime.fromisoformat(text)
        except ValueError:
            raise HttpError(400, f"{name} is no time") from None
        at = at if at.tzinfo else at.replace(tzinfo=dt.UTC)
        found.append(int(at.timestamp() * 1000))
    return found[0], found[1]


def _whole(query: Query, name: str, usual: int) -> int:
    text = query.get(name, str(usual))
    if not text.isdigit() or len(text) > 9:
        raise HttpError(400, f"{name} is no number")
    return int(text)

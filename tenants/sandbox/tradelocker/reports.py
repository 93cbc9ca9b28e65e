"""What the brand may read: statements, positions, trades, closed trades, operations, lists."""

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any

from sandbox.tradelocker import ids, shapes
from sandbox.tradelocker.accounts import Accounts
from sandbox.trading.amounts import to_text
from sandbox.trading.book import Account
from sandbox.trading.config import Manager
from sandbox.trading.hub import Hub
from sandbox.trading.masks import matches
from sandbox.trading.records import Action, Deal
from sandbox.trading.symbols import SYMBOLS
from sandbox.trading.web_server import HttpError, Response, reply

_YEAR_MS = 365 * 86_400_000
_PAGE_MAX = 1_000
_CURSOR_MAX = (1 << 63) - 1

Body = dict[str, Any]


class Reports:
    def __init__(self, hub: Hub, accounts: Accounts) -> None:
        self._hub = hub
        self._accounts = accounts

    def statement(self, manager: Manager, body: Body) -> Response:
        wanted, status = self._chosen(manager, body), body.get("accountStatus")
        now = self._hub.clock.now()
        return _data(
            shapes.statement(self._hub.floor, account, now)
            for account in wanted
            if status is None or (account.user.status or "ACTIVE") == status
        )

    def accounts(self, manager: Manager, body: Body) -> Response:
        """All accounts of the brand, of both types."""
        offset, limit = body.get("offset", 0), body.get("limit", 10_000)
        if not isinstance(offset, int) or not isinstance(limit, int) or not 0 < limit <= 100_000:
            raise HttpError(400, "offset and limit must be numbers")
        rows = [
            {
                "accountName": account.user.name,
                "accountId": ids.account_id(account),
                "userId": account.user.account,
                "type": ids.type_of(account.user.group),
                "status": account.user.status or "ACTIVE",
            }
            for account in self._hub.book.accounts.values()
            if matches(manager.groups, account.user.group)
        ]
        more = len(rows) > offset + limit
        return reply({"data": rows[offset : offset + limit], "hasMore": more})

    def positions(self, manager: Manager, body: Body) -> Response:
        now, floor = self._hub.clock.now(), self._hub.floor
        rows = [
            shapes.position(floor, account, position, now)
            for account in self._chosen(manager, body)
            for position in account.positions.values()
        ]
        rows.sort(key=lambda row: row["openTime"], reverse=True)
        return _data(self._spoilt(rows, "openPrice"))

    def trades(self, manager: Manager, body: Body) -> Response:
        first, last = _window(body)
        rows = [
            row
            for account in self._chosen(manager, body)
            for deal in self._deals(account, first, last)
            if deal.trade
            for row in shapes.trades(self._hub.floor, account, deal)
        ]
        return _data(self._spoilt(rows, "price"))

    def closed(self, manager: Manager, body: Body) -> Response:
        """Version 2: of many accounts, by the time of closing."""
        first, last = _window(body)
        rows = [
            shapes.closed_trade(self._hub.floor, account, deal)
            for account in self._chosen(manager, body)
            for deal in self._deals(account, first, last)
            if deal.closed
        ]
        return _data(self._spoilt(rows, "closePrice"))

    def closed_of_one(self, manager: Manager, body: Body) -> Response:
        """Version 1: of one account, the newest first, page by page with a cursor."""
        account = self._accounts.found(manager, body.get("accountId"))
        limit = _whole(body.get("limit", "20"), 1, _PAGE_MAX)
        cursor = _whole(body.get("cursor", str(_CURSOR_MAX)), 0, _CURSOR_MAX)
        found = [
            deal
            for deal in reversed(self._deals(account, 0, self._hub.clock.now()))
            if deal.closed and int(ids.trade(deal.deal)) < cursor
        ]
        page = [shapes.closed_trade(self._hub.floor, account, deal) for deal in found[:limit]]
        more = {
            "url": None,
            "params": {
                "accountId": ids.account_id(account),
                "type": ids.type_of(account.user.group),
                "cursor": page[-1]["closeTradeId"] if page else "0",
                "limit": limit,
            },
        }
        return reply({"data": page, "links": {"next": more if len(found) > limit else None}})

    def operations(self, manager: Manager, body: Body) -> Response:
        account = self._accounts.found(manager, body.get("accountId"))
        first, last = _window(body)
        if last - first > _YEAR_MS:
            raise HttpError(400, "The range can be a maximum of 365 days")
        types = body.get("operationTypes") or list(shapes.OPERATIONS)
        digits = self._hub.floor.group(account).digits
        rows: list[Body] = []
        balance = 0
        for deal in account.deals:
            change = 0 if deal.action == Action.CREDIT else deal.money
            balance += change
            kind = shapes.operation_type(deal)
            if first <= deal.time <= last and kind in types and not self._hidden(deal):
                rows.append(
                    {
                        "id": ids.number(deal.deal),
                        "dateTime": shapes.iso(deal.time),
                        "operationTypeId": shapes.OPERATIONS[kind],
                        "operationTypeName": kind,
                        "balanceChange": to_text(change, digits),
                        "resultingBalance": to_text(balance, digits),
                        "amount": to_text(deal.money, digits) if kind == "CREDIT" else None,
                    }
                )
        return _data(self._doubled(rows))

    def groups(self, manager: Manager, body: Body) -> Response:
        kind = _type(body)
        seen = {
            ids.brand_group(group.name)
            for group in self._hub.config.groups
            if ids.type_of(group.name) == kind and matches(manager.groups, group.name)
        }
        return _data({"id": ids.group_id(name), "name": name} for name in sorted(seen))

    def instruments(self, body: Body) -> Response:
        _type(body)
        return _data({"name": one.name, "lotSize": one.contract} for one in SYMBOLS.values())

    def assets(self, body: Body) -> Response:
        _type(body)
        names = sorted({one for group in self._hub.config.groups for one in (group.currency,)})
        return _data({"id": at + 1, "name": name} for at, name in enumerate(names))

    def _chosen(self, manager: Manager, body: Body) -> list[Account]:
        kind = _type(body)
        wanted = body.get("accountIds")
        if wanted is None and body.get("accountId") is not None:
            wanted = [body["accountId"]]
        if wanted is not None:
            if not isinstance(wanted, list):
                raise HttpError(400, "accountIds must be an array")
            return [self._accounts.found(manager, one) for one in wanted]
        return [
            account
            for account in self._hub.book.accounts.values()
            if ids.type_of(account.user.group) == kind
            and matches(manager.groups, account.user.group)
        ]

    def _deals(self, account: Account, first: int, last: int) -> list[Deal]:
        return [deal for deal in account.between(first, last) if not self._hidden(deal)]

    def _hidden(self, deal: Deal) -> bool:
        return self._hub.faults.hidden(deal.deal)

    def _doubled(self, rows: list[Body]) -> list[Body]:
        faults = self._hub.faults
        if rows and faults.fires("duplicate_deals"):
            rows.append(rows[faults.pick(len(rows))])
        return rows

    def _spoilt(self, rows: list[Body], price: str) -> Iterator[Body]:
        """With a double, and with one row that cannot be, where that was ordered."""
        rows = self._doubled(rows)
        if rows and self._hub.faults.fires("noise"):
            bent = rows[self._hub.faults.pick(len(rows))] | {price: "-1", "instrument": "??"}
            yield bent | {"tradeId": ids.number(1), "closeTradeId": ids.number(1)}
        yield from rows


def _data(rows: Iterable[Body]) -> Response:
    return reply({"data": list(rows)})


def _type(body: Body) -> str:
    kind = body.get("type")
    if kind not in (ids.LIVE, ids.DEMO):
        raise HttpError(400, "type must be one of the following values: LIVE, DEMO")
    return str(kind)


def _window(body: Body) -> tuple[int, int]:
    try:
        first, last = (
            dt.datetime.fromisoformat(str(body[name])) for name in ("startDateTime", "endDateTime")
        )
    except (KeyError, ValueError):
        raise HttpError(400, "startDateTime and endDateTime must be ISO 8601 dates") from None
    if first.tzinfo is None or last.tzinfo is None or first > last:
        raise HttpError(400, "startDateTime must be before endDateTime, both in UTC")
    return int(first.timestamp() * 1000), int(last.timestamp() * 1000)


def _whole(text: object, least: int, most: int) -> int:
    if not isinstance(text, str) or not text.isascii() or not text.isdigit():
        raise HttpError(400, "cursor and limit must be integer strings")
    value = int(text[:20])
    if not least <= value <= most:
        raise HttpError(400, "cursor or limit is out of range")
    return value

"""What accounts traded and what moved their money: open and closed positions, ledgers."""

import datetime as dt
from typing import Any

import msgspec

from sandbox.matchtrader import shapes
from sandbox.matchtrader.accounts import Accounts
from sandbox.trading.config import Manager
from sandbox.trading.hub import Hub
from sandbox.trading.records import Deal
from sandbox.trading.web_server import HttpError, Request, Response, reply

Json = dict[str, Any]

TYPES = (
    *("DEPOSIT", "WITHDRAWAL", "CREDIT_IN", "CREDIT_OUT", "AGENT_COMMISSION"),
    *("COMMISSIONS", "SWAPS", "CLOSED_POSITION", "OTHER"),
)
_LIMIT_MAX = 10_000


class Reports:
    def __init__(self, hub: Hub, accounts: Accounts) -> None:
        self._hub = hub
        self._accounts = accounts

    def open_positions(self, _: Request, manager: Manager, body: Json) -> Response:
        now, floor = self._hub.clock.now(), self._hub.floor
        return reply(
            [
                {
                    "login": str(account.login),
                    "group": account.user.group,
                    "positions": self._spoilt(
                        [
                            shapes.position(floor, account, one, now)
                            for one in account.positions.values()
                            if not self._late(one.position, account.deals)
                        ],
                        "openPrice",
                    ),
                }
                for account in self._accounts.chosen(manager, body)
            ]
        )

    def closed_positions(self, _: Request, manager: Manager, body: Json) -> Response:
        first, last = _window(body)
        rows = [
            shapes.closed_position(self._hub.floor, account, deal)
            for account in self._accounts.chosen(manager, body)
            for deal in account.between(first, last)
            if deal.closed and not self._hub.faults.hidden(deal.deal)
        ]
        return reply({"closedPositions": self._spoilt(rows[: _limit(body)], "closePrice")})

    def ledgers(self, _: Request, manager: Manager, body: Json) -> Response:
        first, last = _window(body)
        types, left = body.get("types") or TYPES, _limit(body)
        told: list[Json] = []
        for account in self._accounts.chosen(manager, body):
            digits = self._hub.floor.group(account).digits
            rows = [
                entry
                for deal in account.between(first, last)
                if not self._hub.faults.hidden(deal.deal)
                for entry in shapes.ledger(deal, digits)
                if entry["type"] in types
            ][:left]
            left -= len(rows)
            told.append(
                {
                    "login": str(account.login),
                    "group": account.user.group,
                    "operations": self._doubled(rows),
                }
            )
        return reply(told)

    def _late(self, position: int, deals: list[Deal]) -> bool:
        hidden = self._hub.faults.hidden
        return any(deal.position == position and hidden(deal.deal) for deal in deals)

    def _doubled(self, rows: list[Json]) -> list[Json]:
        faults = self._hub.faults
        if rows and faults.fires("duplicate_deals"):
            return [*rows, rows[faults.pick(len(rows))]]
        return rows

    def _spoilt(self, rows: list[Json], price: str) -> list[Json]:
        """With a double, and with one row that cannot be, where that was ordered."""
        rows = self._doubled(rows)
        if rows and self._hub.faults.fires("noise"):
            row = rows[self._hub.faults.pick(len(rows))]
            return [row | {"id": "W1", "symbol": "??", price: msgspec.Raw(b"-1")}, *rows]
        return rows


def _window(body: Json) -> tuple[int, int]:
    try:
        first, last = (dt.datetime.fromisoformat(str(body[name])) for name in ("from", "to"))
    except (KeyError, ValueError):
        raise HttpError(400, "from and to must be RFC 3339 times") from None
    if first.tzinfo is None or last.tzinfo is None or first > last:
        raise HttpError(400, "from must not be later than to")
    return int(first.timestamp() * 1000), int(last.timestamp() * 1000)


def _limit(body: Json) -> int:
    limit = body.get("limit", 1_000)
    if not isinstance(limit, int) or not 0 < limit <= _LIMIT_MAX:
        raise HttpError(400, f"limit: must be between 1 and {_LIMIT_MAX}")
    return limit

"""What the bridge tells: trades by both their times, positions, operations, groups, symbols, prices."""

import datetime as dt

from sandbox.mt4bridge import shapes
from sandbox.mt4bridge.finding import account_of, named, visible
from sandbox.mt4bridge.tickets import BALANCE, Ticket, tickets
from sandbox.trading.book import Account
from sandbox.trading.hub import Hub
from sandbox.trading.symbols import SYMBOLS
from sandbox.trading.web_server import HttpError, Request, Response, number, reply

_MOST = 1_000
_FOREVER = 1 << 60


class Reading:
    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def server(self, _: Request) -> Response:
        now = shapes.iso(self._hub.clock.now())
        told = {"name": self._hub.config.name, "version": 1, "time": now, "connected": True}
        return reply(told)

    def groups(self, _: Request) -> Response:
        told = [shapes.group(one) for one in self._hub.groups.values() if not one.netting]
        return reply({"groups": told})

    def symbols(self, _: Request) -> Response:
        return reply({"symbols": [shapes.symbol(one) for one in SYMBOLS.values()]})

    def prices(self, request: Request) -> Response:
        now, since = self._hub.clock.now(), number(request.query.get("since", "0"))
        wanted = request.query.get("symbols", "").split(",")
        quotes = [
            (SYMBOLS[name], self._hub.market.quote(SYMBOLS[name], now))
            for name in wanted
            if name in SYMBOLS
        ]
        told = [shapes.price(symbol, quote) for symbol, quote in quotes if quote.at > since]
        newest = max((quote.at for _, quote in quotes), default=since)
        return reply({"since": max(since, newest), "prices": told})

    def positions(self, request: Request) -> Response:
        account = named(self._hub, request)
        return self._told([(account, one) for one in tickets(account) if not one.closed])

    def operations(self, request: Request) -> Response:
        account = named(self._hub, request)
        wanted, since = request.query.get("external_id", ""), _moment(request, "since", 0)
        found = [
            one
            for one in tickets(account)
            if one.cmd >= BALANCE
            and one.opened >= since
            and one.comment.partition(" ")[0] == wanted
            and not self._hub.faults.hidden(one.deal)
        ]
        return self._told([(account, one) for one in found])

    def trades(self, request: Request) -> Response:
        query = request.query
        logins = [number(word) for word in query.get("logins", "").split(",")]
        first, last = _moment(request, "from", 0), _moment(request, "to", _FOREVER)
        after = number(query.get("since_ticket", "0"))
        most = min(number(query.get("limit", "0")) or _MOST, _MOST)
        known = {one.login for one in visible(self._hub)}
        found = [
            (account, one)
            for account in (account_of(self._hub, login) for login in logins if login in known)
            for one in tickets(account)
            if one.ticket > after and _within(one, first, last) and self._shown(one)
        ]
        found.sort(key=lambda pair: pair[1].ticket)
        page = found[:most]
        following = page[-1][1].ticket if len(found) > most else None
        missing = [login for login in logins if login not in known]
        return self._told(page, {"next": following, "missing": missing})

    def _shown(self, ticket: Ticket) -> bool:
        return not self._hub.faults.hidden(ticket.deal)

    def _told(
        self, found: list[tuple[Account, Ticket]], more: dict[str, object] | None = None
    ) -> Response:
        floor, now = self._hub.floor, self._hub.clock.now()
        rows = [shapes.trade(floor, account, one, now) for account, one in found]
        if len(rows) > 1 and self._hub.faults.fires("duplicate_deals"):
            rows.append(rows[self._hub.faults.pick(len(rows))])
        if rows and self._hub.faults.fires("noise"):
            rows.append(rows[0] | {"ticket": rows[0]["ticket"] + (1 << 40), "volume": "a lot"})
        return reply({"trades": rows} | (more or {}))


def _within(ticket: Ticket, first: int, last: int) -> bool:
    return first <= ticket.opened <= last or first <= ticket.closed <= last


def _moment(request: Request, name: str, default: int) -> int:
    """UTC milliseconds of a query's RFC 3339 time."""
    text = request.query.get(name)
    if not text:
        return default
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        raise HttpError(400, f"{name} is no time") from None
    if moment.tzinfo is None:
        raise HttpError(400, f"{name} has no zone")
    return int(moment.timestamp() * 1000)

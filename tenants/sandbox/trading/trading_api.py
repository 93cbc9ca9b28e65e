"""The trading side over HTTP: what a client's terminal would do, with login and password.

Each call carries HTTP Basic authorisation (login and main or investor password). The same
requests under ``/dealer/{login}`` need none: they are the desk's own hand, for demo and tests.
"""

import base64
import binascii
from typing import Any

from sandbox.trading import dealing, pending, rules, users, views
from sandbox.trading import views_config as prices
from sandbox.trading.amounts import to_minor
from sandbox.trading.book import Account
from sandbox.trading.dealing import Want
from sandbox.trading.forms import CancelForm, ChangeForm, CloseForm, OrderForm
from sandbox.trading.hub import Hub
from sandbox.trading.pending import Waiting
from sandbox.trading.records import Action, Deal, Kind, Position, Reason
from sandbox.trading.retcodes import RefusedError, Ret, spoken
from sandbox.trading.symbols import SYMBOLS, Symbol
from sandbox.trading.web_server import HttpError, Request, Response, Router, number, reply

_LOT_DIGITS = 4
_DEALS_SHOWN = 200
_KINDS = {
    ("buy", "market"): Kind.BUY,
    ("sell", "market"): Kind.SELL,
    ("buy", "limit"): Kind.BUY_LIMIT,
    ("sell", "limit"): Kind.SELL_LIMIT,
    ("buy", "stop"): Kind.BUY_STOP,
    ("sell", "stop"): Kind.SELL_STOP,
}


class TradingApi:
    """Enters its paths into a router, once for clients and once for the desk."""

    def __init__(self, hub: Hub, router: Router) -> None:
        self._hub = hub
        for root in ("/trade", "/dealer/{login}"):
            router.add("GET", f"{root}/account", self.account)
            router.add("GET", f"{root}/positions", self.positions)
            router.add("GET", f"{root}/orders", self.orders)
            router.add("GET", f"{root}/deals", self.deals)
            router.add("GET", f"{root}/quotes", self.quotes)
            router.add("POST", f"{root}/order", self.order)
            router.add("POST", f"{root}/close", self.close)
            router.add("POST", f"{root}/change", self.change)
            router.add("POST", f"{root}/cancel", self.cancel)

    async def account(self, request: Request) -> Response:
        account, _ = await self._who(request)
        floor, now = self._hub.floor, self._hub.clock.now()
        return reply(
            {
                **views.account(floor, account, now),
                "Name": account.user.name,
                "Group": account.user.group,
                "Currency": floor.group(account).currency,
                "ServerTime": str(floor.zone.seconds(now)),
            }
        )

    async def positions(self, request: Request) -> Response:
        account, _ = await self._who(request)
        floor, now = self._hub.floor, self._hub.clock.now()
        rows = account.positions.values()
        return reply([views.position(floor, account, row, now) for row in rows])

    async def orders(self, request: Request) -> Response:
        account, _ = await self._who(request)
        floor, now = self._hub.floor, self._hub.clock.now()
        return reply([views.order(floor, account, row, now) for row in account.orders.values()])

    async def deals(self, request: Request) -> Response:
        """The last deals, the newest first."""
        account, _ = await self._who(request)
        floor = self._hub.floor
        rows = account.deals[: -_DEALS_SHOWN - 1 : -1]
        return reply([views.deal(floor, floor.group(account), row) for row in rows])

    async def quotes(self, request: Request) -> Response:
        account, _ = await self._who(request)
        floor, now = self._hub.floor, self._hub.clock.now()
        return reply(
            [
                prices.tick(symbol, floor.quote(account, symbol, now), floor.zone)
                for symbol in SYMBOLS.values()
            ]
        )

    async def order(self, request: Request) -> Response:
        account, reason = await self._who(request, trading=True)
        form = request.read(OrderForm)
        try:
            return await self._told(account, self._place(account, reason, form))
        except RefusedError as refused:
            return _refused(refused)

    async def close(self, request: Request) -> Response:
        account, reason = await self._who(request, trading=True)
        form = request.read(CloseForm)
        try:
            return await self._told(account, self._close(account, reason, form))
        except RefusedError as refused:
            return _refused(refused)

    async def change(self, request: Request) -> Response:
        account, _ = await self._who(request, trading=True)
        form = request.read(ChangeForm)
        try:
            position = _open(account, form.position)
            symbol = SYMBOLS[position.symbol]
            sl, tp = _points(form.sl, symbol), _points(form.tp, symbol)
            now = self._hub.clock.now()
            pending.protect(self._hub.floor, account, position, now, sl=sl, tp=tp)
        except RefusedError as refused:
            return _refused(refused)
        return _done({"Position": str(form.position)})

    async def cancel(self, request: Request) -> Response:
        account, _ = await self._who(request, trading=True)
        order = account.orders.get(request.read(CancelForm).order)
        if order is None:
            return _refused(RefusedError(Ret.NOT_FOUND))
        pending.cancel(self._hub.floor, account, order, self._hub.clock.now())
        return _done({"Order": str(order.order)})

    def _place(self, account: Account, reason: Reason, form: OrderForm) -> list[Deal] | int:
        symbol = SYMBOLS.get(form.symbol)
        kind = _KINDS.get((form.side, form.type))
        if symbol is None or kind is None:
            raise RefusedError(Ret.REQUEST_INVALID)
        floor, now = self._hub.floor, self._hub.clock.now()
        volume = _volume(form.lots)
        sl, tp = _points(form.sl, symbol), _points(form.tp, symbol)
        if kind in (Kind.BUY, Kind.SELL):
            want = Want(symbol.name, Action(kind), volume, reason, sl, tp, form.comment)
            return [dealing.trade(floor, account, want, now)]
        waiting = Waiting(
            symbol=symbol.name,
            kind=kind,
            volume=volume,
            price=_points(form.price, symbol),
            sl=sl,
            tp=tp,
            expires=form.expires * 1000,
            comment=form.comment,
            reason=reason,
        )
        return pending.place(floor, account, waiting, now).order

    def _close(self, account: Account, reason: Reason, form: CloseForm) -> list[Deal]:
        floor, now = self._hub.floor, self._hub.clock.now()
        position = _open(account, form.position)
        rules.allowed(floor, account, position.symbol, now, reason)
        if form.by:
            return list(dealing.close_by(floor, account, position, _open(account, form.by), now))
        volume = _volume(form.lots) if form.lots else None
        return [
            dealing.close(
                floor, account, position, now, volume=volume, reason=reason, comment=form.comment
            )
        ]

    async def _told(self, account: Account, made: list[Deal] | int) -> Response:
        if isinstance(made, int):
            return _done({"Order": str(made)}, Ret.PLACED)
        group = self._hub.floor.group(account)
        rows = [views.deal(self._hub.floor, group, deal) for deal in made]
        return _done({"Order": rows[0]["Order"], "Deals": rows})

    async def _who(self, request: Request, *, trading: bool = False) -> tuple[Account, Reason]:
        """The account that a request is for, and by whose hand."""
        await self._hub.still()
        if "login" in request.found:
            account = self._hub.book.account(number(request.found["login"]))
            if account is None:
                raise HttpError(404, "there is no such login")
            return account, Reason.DEALER
        login, password = _basic(request.headers.get("authorization", ""))
        account = self._hub.book.account(login)
        role = users.may_enter(account, password) if account is not None else ""
        if account is None or not role:
            raise HttpError(401, "wrong login or password")
        if trading and role != "main":
            raise HttpError(403, "this password may look and not trade")
        account.last_access = self._hub.clock.now()
        account.last_address = "127.0.0.1"
        return account, Reason.WEB


def _open(account: Account, ticket: int) -> Position:
    position = account.positions.get(ticket)
    if position is None:
        raise RefusedError(Ret.NOT_FOUND)
    return position


def _volume(lots: str) -> int:
    try:
        return to_minor(lots, _LOT_DIGITS)
    except ValueError:
        raise RefusedError(Ret.INVALID_VOLUME) from None


def _points(price: str, symbol: Symbol) -> int:
    try:
        return to_minor(price, symbol.digits)
    except ValueError:
        raise RefusedError(Ret.INVALID_PRICE) from None


def _basic(header: str) -> tuple[int, str]:
    """Login and password of an Authorization header; nobody when there is none."""
    kind, _, rest = header.partition(" ")
    if kind.lower() != "basic":
        return 0, ""
    try:
        login, _, password = base64.b64decode(rest, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return 0, ""
    return number(login), password


def _done(told: dict[str, Any], code: int = Ret.REQUEST_DONE) -> Response:
    return reply({"retcode": spoken(code), **told})


def _refused(refused: RefusedError) -> Response:
    return reply({"retcode": spoken(refused.code)}, 422)

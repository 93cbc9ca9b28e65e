"""WebServices: JSON and CSV over HTTP, with a manager's token in the query."""

import asyncio
import hashlib
import secrets
from collections.abc import Awaitable, Callable
from typing import Any, Final

from sandbox.ctrader import cash, csvs, traders
from sandbox.ctrader.clock import read
from sandbox.ctrader.ctids import Ctids
from sandbox.ctrader.errors import NamedError, refused
from sandbox.ctrader.forms import (
    CtidForm,
    LinkForm,
    MoneyForm,
    NewTrader,
    PartTrader,
    PasswordForm,
    TokenForm,
)
from sandbox.ctrader.plant import BROKER, SYMBOL_IDS, Plant
from sandbox.trading.book import Account
from sandbox.trading.config import Manager
from sandbox.trading.faults import DroppedError
from sandbox.trading.symbols import SYMBOLS
from sandbox.trading.web_server import HttpError, Request, Response, Router, number, reply

_ROOT: Final = "/v2/webserv"
_WINDOW_MS: Final = 2 * 86_400_000
_MONEY: Final = frozenset({"changebalance", "changebonus"})

Doing = Callable[[Request, Manager], Awaitable[Response]]


class WebServices:
    """Enters its paths into a router."""

    def __init__(self, plant: Plant, ctids: Ctids, router: Router) -> None:
        self._plant = plant
        self._ctids = ctids
        self._tokens: dict[str, int] = {}
        router.add("POST", f"{_ROOT}/managers/token", self._told("token", self.token))
        router.add("DELETE", "/tokens", self.forget)
        self._add(router, "POST", f"{_ROOT}/traders/?", "create", self.create)
        self._add(router, "GET", f"{_ROOT}/traders/?", "traders", self.listed)
        one = f"{_ROOT}/traders/{{login}}"
        self._add(router, "GET", one, "trader", self.trader)
        self._add(router, "PATCH", one, "change", self.change)
        self._add(router, "PUT", one, "replace", self.replace)
        self._add(router, "POST", f"{one}/changebalance", "changebalance", self.money)
        self._add(router, "POST", f"{one}/changebonus", "changebonus", self.bonus)
        self._add(router, "POST", f"{one}/changepassword", "changepassword", self.password)
        self._add(router, "POST", f"{one}/checkpassword", "checkpassword", self.check)
        self._add(router, "GET", f"{_ROOT}/openPositions", "openpositions", self.open)
        self._add(router, "GET", f"{_ROOT}/closedPositions", "closedpositions", self.closed)
        self._add(router, "GET", f"{_ROOT}/tradergroups", "groups", self.groups)
        self._add(router, "GET", f"{_ROOT}/symbols", "symbols", self.symbols)
        self._add(router, "POST", "/cid/ctid/create", "ctid", self.ctid)
        self._add(router, "POST", "/cid/ctid/link", "link", self.link)

    def _add(self, router: Router, method: str, path: str, name: str, do: Doing) -> None:
        async def known(request: Request) -> Response:
            login = self._tokens.get(request.query.get("token", ""), 0)
            manager = self._plant.config.manager(login)
            if manager is None or not manager.enabled:
                raise NamedError("AUTHENTICATION_FAILED", "the token is not valid")
            return await do(request, manager)

        router.add(method, path, self._told(name, known))

    def _told(
        self, name: str, do: Callable[[Request], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        """Errors by name, and the bad luck that was ordered."""

        async def handler(request: Request) -> Response:
            faults = self._plant.faults
            if "down" in faults.switches or faults.fires("disconnect"):
                raise DroppedError
            if (pause := faults.delay_s(name.upper())) > 0:
                await asyncio.sleep(pause)
            forced = faults.force(name.upper())
            if forced is not None and not forced.applied:
                return refused(NamedError(f"CODE_{forced.code}"))
            if name in _MONEY and faults.fires("balance_drop_before"):
                raise DroppedError
            await self._plant.still()
            try:
                response = await do(request)
            except NamedError as wrong:
                return refused(wrong)
            except HttpError as wrong:
                return refused(NamedError("INVALID_DATA", str(wrong)))
            if name in _MONEY and faults.fires("balance_drop_after"):
                raise DroppedError
            if forced is not None:
                return refused(NamedError(f"CODE_{forced.code}"))
            return response

        return handler

    async def token(self, request: Request) -> Response:
        form = request.read(TokenForm)
        manager = self._plant.config.manager(form.login)
        right = manager is not None and _md5(manager.password) == form.hashedPassword.lower()
        if manager is None or not right or not manager.enabled:
            raise NamedError("AUTHENTICATION_FAILED")
        token = secrets.token_hex(16)
        self._tokens[token] = form.login
        return reply({"webservToken": token})

    async def forget(self, _: Request) -> Response:
        """A lever: all tokens end now."""
        self._tokens.clear()
        return reply({})

    async def create(self, request: Request, manager: Manager) -> Response:
        account = traders.create(self._plant, manager, request.read(NewTrader))
        await self._plant.journal.settled()
        return reply(traders.view(self._plant, account), 201)

    async def trader(self, request: Request, manager: Manager) -> Response:
        return reply(traders.view(self._plant, self._account(request, manager)))

    async def listed(self, request: Request, manager: Manager) -> Response:
        """The newest first; ``hasMore`` where the chunk did not hold all."""
        first, last = _window(request)
        wanted = request.query.get("groupId", "")
        found = [
            account
            for account in self._plant.book.accounts.values()
            if self._plant.sees(manager, account)
            and first <= account.user.registered < last
            and (not wanted or number(wanted) == self._plant.group_id(account))
        ]
        found.sort(key=lambda account: (-account.user.registered, account.login))
        chunk = self._plant.config.page_limit
        shown = [traders.view(self._plant, account) for account in found[:chunk]]
        return reply({"trader": shown, "hasMore": len(found) > chunk})

    async def change(self, request: Request, manager: Manager) -> Response:
        account = self._account(request, manager)
        traders.change(self._plant, manager, account, request.read(PartTrader))
        await self._plant.journal.settled()
        return Response(status=204)

    async def replace(self, request: Request, manager: Manager) -> Response:
        account = self._account(request, manager)
        traders.replace(self._plant, manager, account, request.read(NewTrader))
        await self._plant.journal.settled()
        return Response(status=204)

    async def money(self, request: Request, manager: Manager) -> Response:
        account, form = self._account(request, manager), request.read(MoneyForm)
        _same(account, form.login)
        told = cash.change_balance(self._plant, account, form)
        await self._plant.journal.settled()
        return reply(told)

    async def bonus(self, request: Request, manager: Manager) -> Response:
        account, form = self._account(request, manager), request.read(MoneyForm)
        _same(account, form.login)
        told = cash.change_bonus(self._plant, account, form)
        await self._plant.journal.settled()
        return reply(told)

    async def password(self, request: Request, manager: Manager) -> Response:
        account = self._account(request, manager)
        traders.set_password(self._plant, account, request.read(PasswordForm).hashedPassword)
        await self._plant.journal.settled()
        return Response(status=204)

    async def check(self, request: Request, manager: Manager) -> Response:
        account = self._account(request, manager)
        if not traders.right_password(account, request.read(PasswordForm).hashedPassword):
            raise NamedError("WRONG_PASSWORD")
        return Response(status=204)

    async def open(self, request: Request, manager: Manager) -> Response:
        return _csv(csvs.open_positions(self._plant, self._asked(request, manager)))

    async def closed(self, request: Request, manager: Manager) -> Response:
        first, last = _window(request)
        if last - first > _WINDOW_MS:
            raise NamedError("INVALID_DATA", "from and to are at most two days apart")
        accounts = self._asked(request, manager)
        return _csv(csvs.closed_positions(self._plant, accounts, first, last))

    async def groups(self, _: Request, manager: Manager) -> Response:
        return reply(
            {
                "traderGroup": [
                    {"id": found, "name": group.name, "description": group.company}
                    for found, group in self._plant.groups_of(manager)
                ]
            }
        )

    async def symbols(self, _: Request, __: Manager) -> Response:
        return reply({"symbol": [_symbol(name) for name in SYMBOLS]})

    async def ctid(self, request: Request, _: Manager) -> Response:
        form = request.read(CtidForm)
        if "@" not in form.email or form.brokerName != BROKER:
            raise NamedError("INVALID_DATA", "email and brokerName")
        known = self._ctids.named(form.email)
        if known is not None:
            return reply({"userId": known.user})
        now = self._plant.clock.now()
        made = self._ctids.make(form.email, form.brokerName, form.preferredLanguage, now)
        return reply(
            {
                "userId": made.user,
                "nickname": f"ctid{made.user}",
                "email": made.email,
                "preferredLanguage": made.language,
                "utcCreateTimestamp": made.created,
                "status": "CTID_NEW",
            }
        )

    async def link(self, request: Request, manager: Manager) -> Response:
        form = request.read(LinkForm)
        account = self._plant.find(manager, form.traderLogin)
        ctid = self._ctids.numbered(form.userId)
        if account is None:
            raise NamedError("TRADER_NOT_FOUND")
        if ctid is None or form.environmentName != self._plant.environment:
            raise NamedError("ENTITY_NOT_FOUND")
        if not traders.right_password(account, form.traderPasswordHash):
            raise NamedError("WRONG_PASSWORD")
        owner = self._ctids.owner(account.login)
        if owner is not None and owner is not ctid:
            raise NamedError("ALREADY_LINKED")
        made = self._ctids.link(ctid, account.login)
        return reply({"ctidTraderAccountId": made} if form.returnAccountDetails else {})

    def _account(self, request: Request, manager: Manager) -> Account:
        account = self._plant.find(manager, number(request.found["login"]))
        if account is None:
            raise NamedError("TRADER_NOT_FOUND")
        return account

    def _asked(self, request: Request, manager: Manager) -> list[Account]:
        if "login" in request.query:
            account = self._plant.find(manager, number(request.query["login"]))
            if account is None:
                raise NamedError("TRADER_NOT_FOUND")
            return [account]
        everybody = self._plant.book.accounts.values()
        return [account for account in everybody if self._plant.sees(manager, account)]


def _symbol(name: str) -> dict[str, Any]:
    symbol = SYMBOLS[name]
    folder, _, kind = symbol.folder.partition("\\")
    return {
        "id": SYMBOL_IDS[name],
        "name": name,
        "description": symbol.text,
        "assetClass": folder,
        "category": kind or folder,
        "quotesEnabled": True,
        "showInCtrader": True,
    }


def _window(request: Request) -> tuple[int, int]:
    first, last = (read(request.query.get(name, "")) for name in ("from", "to"))
    if first is None or last is None or first > last:
        raise NamedError("INVALID_DATA", "from and to are yyyy-MM-ddTHH:mm:ss.SSS")
    return first, last


def _same(account: Account, login: int) -> None:
    if account.login != login:
        raise NamedError("INVALID_DATA", "the body names another login")


def _csv(text: str) -> Response:
    return Response(text.encode(), kind="text/csv;charset=UTF-8")


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

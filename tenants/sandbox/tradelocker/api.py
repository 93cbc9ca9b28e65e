"""The Brand API under `/brand-api`: who asks, what is asked, and errors as the real one words them."""

import http
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec

from sandbox.tradelocker import ids
from sandbox.tradelocker.accounts import Accounts
from sandbox.tradelocker.brand_socket import BrandSocket
from sandbox.tradelocker.keys import Keys
from sandbox.tradelocker.reports import Reports
from sandbox.tradelocker.users import Users
from sandbox.trading.config import Manager
from sandbox.trading.hub import Hub
from sandbox.trading.notes import Notes
from sandbox.trading.running import under_faults
from sandbox.trading.web_server import HttpError, Request, Response, reply

ROOT = "/brand-api"
Act = Callable[[Request, Manager, dict[str, Any]], Response]


class BrandApi:
    """Everything the brand's key opens."""

    def __init__(self, hub: Hub, folder: Path) -> None:
        self._hub = hub
        notes = Notes(folder / "brand.jsonl")
        keys = Keys(notes, self._proven)
        self._users = Users(hub, notes, keys)
        accounts = Accounts(hub, self._users, keys)
        reports = Reports(hub, accounts)
        self._socket = BrandSocket(hub)
        self._changing = _changing(self._users, accounts)
        self._reading = _reading(self._users, accounts, reports)

    async def __call__(self, request: Request) -> Response:
        try:
            return await self._answer(request)
        except HttpError as wrong:
            return _worded(wrong)

    async def _answer(self, request: Request) -> Response:
        path = request.path.rstrip("/")
        if path == f"{ROOT}/alive":
            return Response(b"1", kind="text/plain")
        if path == f"{ROOT}/ready":
            return reply({"status": "ok"})
        manager = self._manager(request)
        if path == f"{ROOT}/socket.io":
            return self._socket.meet(request, manager)
        if manager is None:
            raise HttpError(403, "Forbidden resource")
        method, act, changing = self._route(path)
        if request.method != method:
            raise HttpError(404, f"Cannot {request.method} {request.path}")
        body = _body(request)
        name = path.rpartition("/")[2].upper().replace("-", "_")
        return await under_faults(
            self._hub,
            name,
            lambda: act(request, manager, body),
            changing=changing,
            money="/account-operations/" in path,
        )

    def _route(self, path: str) -> tuple[str, Act, bool]:
        known = path.removeprefix(f"{ROOT}/")
        if known in self._changing:
            method, act = self._changing[known]
            return method, act, True
        if known in self._reading:
            return "POST", self._reading[known], False
        raise HttpError(404, f"Cannot find {path}")

    def _manager(self, request: Request) -> Manager | None:
        key = request.headers.get("brand-api-key", "")
        known = self._hub.config.managers
        return next((one for one in known if one.enabled and key and one.password == key), None)

    def _proven(self, path: str, answer: dict[str, Any]) -> bool:
        """Whether what a key stands for is in the book."""
        if "operationId" in answer:
            return int(answer["operationId"]) - ids.BASE in self._hub.book.deals
        if "accountId" in answer:
            return ids.login_of(answer["accountId"])[0] in self._hub.book.accounts
        return path.endswith("/users/create") and self._users.exists(answer["userId"])


def _changing(users: Users, accounts: Accounts) -> dict[str, tuple[str, Act]]:
    routes: dict[str, tuple[str, Act]] = {
        "v1/users/create": ("POST", lambda request, _, body: users.create(request, body)),
        "v1/users/set-password": ("POST", lambda _r, _m, body: users.set_password(body)),
        "v1/accounts/create": ("POST", accounts.create),
        "v1/accounts/set-group": ("PUT", lambda _, who, body: accounts.set_group(who, body)),
        "v1/accounts/close-all-positions": (
            "POST",
            lambda _, who, body: accounts.close_all(who, body),
        ),
    }
    for verb in ("activate", "restrict", "suspend"):
        routes[f"v1/accounts/{verb}"] = ("PUT", _setting(accounts, verb))
    for verb in ("deposit", "withdraw", "credit"):
        routes[f"v1/account-operations/{verb}"] = ("POST", _operating(accounts, verb))
    return routes


def _setting(accounts: Accounts, verb: str) -> Act:
    return lambda _, who, body: accounts.set_status(who, verb, body)


def _operating(accounts: Accounts, verb: str) -> Act:
    return lambda request, who, body: accounts.operate(request, who, verb, body)


def _reading(users: Users, accounts: Accounts, reports: Reports) -> dict[str, Act]:
    routes: dict[str, Act] = {
        "v1/users/check-by-email": lambda _r, _m, body: users.check(body),
        "v1/accounts/details": lambda _, who, body: accounts.details(who, body),
        "v1/accounts/brand": lambda _, who, body: reports.accounts(who, body),
        "v1/groups/all": lambda _, who, body: reports.groups(who, body),
        "v1/brand/instruments": lambda _r, _m, body: reports.instruments(body),
        "v1/brand/assets": lambda _r, _m, body: reports.assets(body),
        "v1/reports/account-statement-report": lambda _, who, body: reports.statement(who, body),
        "v1/reports/account-operations-history-report": (
            lambda _, who, body: reports.operations(who, body)
        ),
        "v1/reports/close-trades-history-report": (
            lambda _, who, body: reports.closed_of_one(who, body)
        ),
        "v2/reports/close-trades-history-report": lambda _, who, body: reports.closed(who, body),
    }
    for version in ("v1", "v2"):
        routes[f"{version}/positions/get-open-positions"] = lambda _, who, body: reports.positions(
            who, body
        )
        routes[f"{version}/reports/trades-history-report"] = lambda _, who, body: reports.trades(
            who, body
        )
    return routes


def _body(request: Request) -> dict[str, Any]:
    try:
        body = msgspec.json.decode(request.body or b"{}")
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise HttpError(400, "Unexpected token in JSON") from None
    if not isinstance(body, dict):
        raise HttpError(400, "The body must be an object")
    return body


def _worded(wrong: HttpError) -> Response:
    try:
        status = http.HTTPStatus(wrong.status).name
    except ValueError:
        status = "ERROR"
    return reply(
        {
            "message": str(wrong),
            "status": status,
            "statusCode": wrong.status,
            "requestId": str(uuid4()),
        },
        wrong.status,
    )

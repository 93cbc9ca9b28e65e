"""The Broker API: who asks, what is asked, and errors as the real one words them."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from sandbox.matchtrader.accounts import Accounts
from sandbox.matchtrader.limits import Limits
from sandbox.matchtrader.lists import Lists
from sandbox.matchtrader.reports import Reports
from sandbox.matchtrader.users import Users
from sandbox.trading.config import Manager
from sandbox.trading.hub import Hub
from sandbox.trading.notes import Notes
from sandbox.trading.running import under_faults
from sandbox.trading.web_server import HttpError, Request, Response, Router, reply

Act = Callable[[Request, Manager, dict[str, Any]], Response]
_JSON = msgspec.json.Decoder(float_hook=Decimal)
_TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    429: "Too Many Requests",
}


class BrokerApi:
    """Everything the broker's token opens."""

    def __init__(self, hub: Hub, folder: Path) -> None:
        self._hub = hub
        self._limits = Limits()
        self._router = Router()
        users = Users(Notes(folder / "broker.jsonl"))
        accounts = Accounts(hub, users)
        self._users(users)
        self._accounts(accounts)
        self._reports(Reports(hub, accounts), Lists(hub))

    async def __call__(self, request: Request) -> Response:
        try:
            token = request.headers.get("authorization", "").removeprefix("Bearer ")
            if (wait := self._limits.wait_s(token)) > 0:
                slow = _worded(request, HttpError(429, "Request limit exceeded"))
                slow.headers["retry-after"] = str(int(wait) + 1)
                return slow
            return await self._router(request)
        except HttpError as wrong:
            return _worded(request, wrong)

    def _users(self, users: Users) -> None:
        self._add("POST", "/v1/user-accounts", "CREATE_USER", users.create, changing=True)
        self._add("GET", "/v1/user-accounts/email/{email}", "USER_BY_EMAIL", users.by_email)
        self._add("GET", "/v1/user-accounts/{uuid}", "USER", users.get)
        self._add(
            "POST",
            "/v1/user-accounts/{uuid}/change-password",
            "CHANGE_PASSWORD",
            users.change_password,
            changing=True,
        )

    def _accounts(self, accounts: Accounts) -> None:
        self._add(
            "POST",
            "/v1/user-accounts/{uuid}/trading-accounts",
            "CREATE_ACCOUNT",
            accounts.create,
            changing=True,
        )
        self._add("GET", "/v1/trading-accounts", "ACCOUNTS", accounts.page)
        self._add("GET", "/v1/trading-accounts/{login}", "ACCOUNT", accounts.get)
        self._add("PATCH", "/v1/trading-accounts/{login}", "PATCH", accounts.patch, changing=True)
        for verb in ("deposit", "withdraw", "credit-in", "credit-out"):
            self._add(
                "POST",
                f"/v1/trading-accounts/{{login}}/{verb}",
                verb.upper().replace("-", "_"),
                accounts.moving(verb),
                changing=True,
                money=True,
            )

    def _reports(self, reports: Reports, lists: Lists) -> None:
        told = "/v1/trading-accounts/trading-data"
        self._add("POST", f"{told}/open-positions", "OPEN_POSITIONS", reports.open_positions)
        self._add("POST", f"{told}/closed-positions", "CLOSED_POSITIONS", reports.closed_positions)
        self._add("POST", f"{told}/ledgers", "LEDGERS", reports.ledgers)
        self._add("GET", "/v1/group-names", "GROUP_NAMES", lists.group_names)
        self._add("POST", "/v1/groups", "GROUPS", lists.groups)
        self._add("GET", "/v1/symbols", "SYMBOLS", lists.symbols)

    def _add(
        self,
        method: str,
        path: str,
        name: str,
        act: Act,
        *,
        changing: bool = False,
        money: bool = False,
    ) -> None:
        async def handle(request: Request) -> Response:
            manager = self._manager(request)
            body = _body(request)
            return await under_faults(
                self._hub,
                name,
                lambda: act(request, manager, body),
                changing=changing,
                money=money,
            )

        self._router.add(method, path, handle)

    def _manager(self, request: Request) -> Manager:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        for one in self._hub.config.managers:
            if scheme == "Bearer" and one.enabled and token and one.password == token:
                return one
        raise HttpError(401, "Full authentication is required to access this resource")


def _body(request: Request) -> dict[str, Any]:
    try:
        body = _JSON.decode(request.body or b"{}")
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise HttpError(400, "Failed to read request") from None
    if not isinstance(body, dict):
        raise HttpError(400, "Failed to read request")
    return body


def _worded(request: Request, wrong: HttpError) -> Response:
    detail, _, kind = str(wrong).partition("|")
    told = {
        "status": wrong.status,
        "title": _TITLES.get(wrong.status, "Error"),
        "detail": detail,
        "path": request.path,
        "timestamp": dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    }
    return reply(told | ({"type": f"error://broker-api/{kind}"} if kind else {}), wrong.status)

"""Both APIs of DXtrade: `/dxweb/rest` to administer, `/dxsca-web` to look at trading."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import msgspec

from sandbox.dxtrade import shapes
from sandbox.dxtrade.register import Register, told
from sandbox.dxtrade.sessions import Sessions
from sandbox.dxtrade.trading import Trading
from sandbox.trading.config import Manager
from sandbox.trading.hub import Hub
from sandbox.trading.notes import Notes
from sandbox.trading.running import under_faults
from sandbox.trading.web_server import HttpError, Request, Response

ADMIN, TRADE = "/dxweb/rest", "/dxsca-web"
Json = dict[str, Any]
Act = Callable[[Request, Manager, Json], Response]
_CODES = {400: "101", 401: "3", 404: "102", 405: "103", 409: "104", 412: "105"}


class DxTrade:
    def __init__(self, hub: Hub, folder: Path) -> None:
        self._hub = hub
        notes = Notes(folder / "dxtrade.jsonl")
        self._register = Register(hub, notes)
        self._trading = Trading(hub, self._register)
        self._sessions = {root: Sessions(hub.config, shapes.CLEARING) for root in (ADMIN, TRADE)}
        self._routes = [*_admin(self._register), *_trade(self._trading)]

    async def __call__(self, request: Request) -> Response:
        try:
            return await self._answer(request)
        except HttpError as wrong:
            code = _CODES.get(wrong.status, "1")
            return told({"errorCode": code, "description": str(wrong)}, wrong.status)

    async def _answer(self, request: Request) -> Response:
        root = next((one for one in self._sessions if request.path.startswith(f"{one}/")), None)
        if root is None:
            raise HttpError(404, "Not found")
        sessions, path = self._sessions[root], request.path.removeprefix(root)
        body = _body(request)
        if path == "/login" and request.method == "POST":
            return sessions.login(body)
        if self._hub.faults.fires("wrong_auth"):
            sessions.forget()
        manager = sessions.who(request)
        if path == "/ping" and request.method == "POST":
            return told({"timeout": "00:30:00"})
        act, found, changing = self._route(root, request.method, path)
        request.found = found
        name = path.rpartition("/")[2].upper().replace("-", "_")
        return await under_faults(
            self._hub,
            name,
            lambda: act(request, manager, body),
            changing=changing,
            money=bool(re.search(r"/(deposit|withdrawal|adjustment)/", path)),
        )

    def _route(self, root: str, method: str, path: str) -> tuple[Act, dict[str, str], bool]:
        known = False
        for base, verb, pattern, act in self._routes:
            matched = pattern.fullmatch(path) if base == root else None
            if matched is None:
                continue
            known = True
            if verb == method:
                parts = {name: unquote(text) for name, text in matched.groupdict("").items()}
                return act, parts, method in {"POST", "PUT"}
        raise HttpError(405 if known else 404, "Not found")


def _body(request: Request) -> Json:
    if not request.body:
        return {}
    try:
        found = msgspec.json.decode(request.body)
    except msgspec.MsgspecError:
        raise HttpError(400, "The request's body is no JSON") from None
    return found if isinstance(found, dict) else {"rows": found}


def _path(text: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", text))


def _admin(of: Register) -> list[tuple[str, str, re.Pattern[str], Act]]:
    one = "/api/register/account/{clearing}/{account}"
    client = "/api/register/client/{domain}/{login}"
    routes: list[tuple[str, str, Act]] = [
        ("POST", "/api/register/client", lambda _r, _m, body: of.add_client(body)),
        ("GET", client, lambda r, _m, _b: of.client(r.found["domain"], r.found["login"])),
        (
            "PUT",
            client,
            lambda r, _m, body: of.change_client(r, r.found["domain"], r.found["login"], body),
        ),
        (
            "POST",
            f"{client}/account",
            lambda r, m, body: of.add_account(m, r.found["domain"], r.found["login"], body),
        ),
        ("GET", "/api/register/account", lambda r, m, _b: of.accounts(m, r.query)),
        ("GET", one, lambda r, m, _b: of.account(m, r.found["clearing"], r.found["account"])),
        (
            "PUT",
            one,
            lambda r, m, b: of.change_account(r, m, r.found["clearing"], r.found["account"], b),
        ),
        (
            "PUT",
            f"{one}/category/{{category}}",
            lambda r, m, b: of.set_category(
                m, r.found["clearing"], r.found["account"], r.found["category"], b
            ),
        ),
        (
            "GET",
            "/api/register/broker/{broker}/category/{category}",
            lambda _r, m, _b: told(of.categories(m)),
        ),
    ]
    for verb in ("deposit", "withdrawal", "adjustment"):
        routes.append(("PUT", f"{one}/{verb}/{{own}}", _moving(of, verb)))
    return [(ADMIN, method, _path(path), act) for method, path, act in routes]


def _moving(of: Register, verb: str) -> Act:
    return lambda r, m, b: of.move(
        m, r.found["clearing"], r.found["account"], verb, r.found["own"], b
    )


def _trade(of: Trading) -> list[tuple[str, str, re.Pattern[str], Act]]:
    routes: list[tuple[str, str, Act]] = [
        ("GET", "/instruments/query", lambda _r, _m, _b: of.instruments()),
        ("POST", "/marketdata", lambda _r, _m, body: of.quotes(body)),
    ]
    for name, act in (
        ("positions", of.positions),
        ("metrics", of.metrics),
        ("portfolio", of.portfolio),
        ("transfers", of.transfers),
        ("orders/history", of.orders),
    ):
        routes.append(("GET", f"/accounts/{name}", _reading(act)))
        routes.append(("GET", f"/accounts/{{account}}/{name}", _reading(act)))
    return [(TRADE, method, _path(path), act) for method, path, act in routes]


def _reading(act: Callable[[Manager, str, dict[str, str]], Response]) -> Act:
    return lambda r, m, _b: act(m, r.found.get("account", ""), r.query)

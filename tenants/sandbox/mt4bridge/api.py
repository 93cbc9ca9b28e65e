"""The bridge's interface under ``/v1``: who asks, what is asked, and errors as the document has them."""

from collections.abc import Callable
from pathlib import Path

from sandbox.mt4bridge.accounts import Accounts
from sandbox.mt4bridge.events import Events
from sandbox.mt4bridge.reading import Reading
from sandbox.trading.hub import Hub
from sandbox.trading.running import under_faults
from sandbox.trading.web_server import HttpError, Request, Response, Router, reply

Act = Callable[[Request], Response]
_CODES = {401: "key", 404: "no-account", 405: "method", 400: "malformed"}


class BridgeApi:
    """Everything the key opens."""

    def __init__(self, hub: Hub, _: Path) -> None:
        self._hub = hub
        self._router = Router()
        self._events = Events(hub)
        accounts, reading = Accounts(hub), Reading(hub)
        for path, read in (
            ("/v1/server", reading.server),
            ("/v1/groups", reading.groups),
            ("/v1/symbols", reading.symbols),
            ("/v1/prices", reading.prices),
            ("/v1/trades", reading.trades),
            ("/v1/accounts", accounts.listed),
            ("/v1/accounts/{login}", accounts.told),
            ("/v1/accounts/{login}/operations", reading.operations),
            ("/v1/accounts/{login}/positions", reading.positions),
        ):
            self._add("GET", path, read)
        self._add("POST", "/v1/accounts", accounts.make, changing=True)
        self._add("PATCH", "/v1/accounts/{login}", accounts.change, changing=True)
        self._add("POST", "/v1/accounts/{login}/password", accounts.password, changing=True)
        self._add("POST", "/v1/accounts/{login}/balance", accounts.balance, changing=True)

    async def __call__(self, request: Request) -> Response:
        try:
            self._let_in(request)
            if request.path == "/v1/events":
                return self._events.meet(request)
            return await self._router(request)
        except HttpError as wrong:
            code, _, text = str(wrong).rpartition(": ")
            code = code or _CODES.get(wrong.status, "refused")
            return reply({"error": {"code": code, "text": text}}, wrong.status)

    def _let_in(self, request: Request) -> None:
        key = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not any(one.enabled and one.password == key for one in self._hub.config.managers):
            raise HttpError(401, "this key opens nothing")

    def _add(self, method: str, path: str, act: Act, *, changing: bool = False) -> None:
        name = path.rpartition("/")[2].upper()

        async def handle(request: Request) -> Response:
            return await under_faults(
                self._hub,
                name,
                lambda: act(request),
                changing=changing,
                money=name == "BALANCE",
            )

        self._router.add(method, path, handle)

"""The Web API in its HTTP form: the same commands under ``/api/``, JSON for answers.

Authority belongs to the connection it was proved on, and goes when that is closed. The answer to
the proof sets a cookie as well; who sends another one back is a stranger.
"""

import os
from typing import Any

from sandbox.trading import auth
from sandbox.trading.amounts import to_text
from sandbox.trading.desk import COMMANDS, Desk
from sandbox.trading.hub import Hub
from sandbox.trading.retcodes import RefusedError, Ret, spoken
from sandbox.trading.serving import serve
from sandbox.trading.symbols import SYMBOLS
from sandbox.trading.web_server import Request, Response, number, reply
from sandbox.trading.wire import Answer, Ask, with_body

_LINE = "manager"
_PROMISE = "challenge"
_COOKIE = "session"
_BARS_MAX = 1_440
_MINUTE_MS = 60_000
_NAMES = {
    "USER_CHECK_PASSWORD": "USER_PASS_CHECK",
    "USER_CHANGE_PASSWORD": "USER_PASS_CHANGE",
    "TRADE_CALC_RATE_BUY": "TRADE_RATE_BUY",
    "TRADE_CALC_RATE_SELL": "TRADE_RATE_SELL",
}
_BESIDE = frozenset({"LOGIN", "TRANS_ID"})
"""Fields that stand beside the answer, not in it."""


class Rest:
    """Answers everything under ``/api/``."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    async def __call__(self, request: Request) -> Response:
        name = request.path.removeprefix("/api/").strip("/").upper().replace("/", "_")
        if name == "AUTH_START":
            return self._start(request)
        if name == "AUTH_ANSWER":
            return self._prove(request)
        manager = self._hub.config.manager(request.line.get(_LINE, 0))
        if manager is None or not manager.enabled or _foreign(request):
            return _told(Answer(Ret.PERMISSIONS), status=403)
        if name == "QUIT":
            request.line.clear()
            return _told(Answer())
        desk = self._hub.desk(manager)
        name = _NAMES.get(name, name)
        try:
            ask = _ask(name, request)
            if name == "CHART_GET":
                return _told(_chart(desk, ask))
        except RefusedError as refused:
            return _told(Answer(refused.code))
        if name not in COMMANDS:
            return _told(Answer(Ret.PARAMS), status=404)
        told = _told(await serve(self._hub, desk, ask))
        told.torn = self._hub.faults.fires("torn")
        return told

    def _start(self, request: Request) -> Response:
        if request.query.get("type", "manager").lower() != "manager":
            return _told(Answer(Ret.CLIENT_INVALID))
        login = number(request.query.get("login", ""))
        random = os.urandom(auth.RANDOM_BYTES)
        request.line[_PROMISE] = (login, random)
        request.line.pop(_LINE, None)
        return reply(
            {
                "retcode": spoken(Ret.DONE),
                "version_access": "3950",
                "srv_rand": random.hex(),
            }
        )

    def _prove(self, request: Request) -> Response:
        login, random = request.line.pop(_PROMISE, (0, b""))
        manager = self._hub.config.manager(login)
        known = auth.password_hash(manager.password if manager else "")
        right = auth.proves(known, random, request.query.get("srv_rand_answer", ""))
        if manager is None or not right or not random:
            return _told(Answer(Ret.ACCOUNT_INVALID))
        if not manager.enabled:
            return _told(Answer(Ret.ACCOUNT_DISABLED))
        request.line[_LINE] = login
        request.line[_COOKIE] = os.urandom(auth.RANDOM_BYTES).hex()
        try:
            client_random = bytes.fromhex(request.query.get("cli_rand", ""))
        except ValueError:
            return _told(Answer(Ret.PARAMS))
        told = reply(
            {
                "retcode": spoken(Ret.DONE),
                "version_trade": "3950",
                "cli_rand_answer": self._proof(known, client_random),
            }
        )
        told.headers["set-cookie"] = f"SID={request.line[_COOKIE]}; path=/; HttpOnly"
        return told

    def _proof(self, known: bytes, client_random: bytes) -> str:
        wrong = self._hub.faults.fires("wrong_auth")
        return auth.proof(known, client_random + b"?" if wrong else client_random)


def _foreign(request: Request) -> bool:
    """Whether a cookie came that is not this connection's; none at all is borne."""
    words = (word.strip() for word in request.headers.get("cookie", "").split(";"))
    told = [word.removeprefix("SID=") for word in words if word.startswith("SID=")]
    return bool(told) and request.line.get(_COOKIE) not in told


def _ask(name: str, request: Request) -> Ask:
    """Parameters from the query; a JSON body wins over them."""
    ask = Ask(name, {key.upper(): text for key, text in request.query.items()})
    try:
        text = request.body.decode()
    except UnicodeDecodeError:
        raise RefusedError(Ret.PARAMS) from None
    return with_body(ask, text)


def _told(answer: Answer, status: int = 200) -> Response:
    told: dict[str, Any] = {"retcode": spoken(answer.code)}
    inside: dict[str, str] = {}
    for name, text in answer.fields.items():
        if name in _BESIDE:
            told[name.lower()] = text
        else:
            # The documents say ``Total``, clients in use read ``total``: both find theirs.
            inside[name.capitalize()] = inside[name.lower()] = text
    if answer.body is not None:
        told["answer"] = answer.body
    elif inside:
        told["answer"] = inside
    return reply(told, status)


def _chart(desk: Desk, ask: Ask) -> Answer:
    """Bars of a minute: time, open, high, low, close."""
    symbol = SYMBOLS.get(ask.text("SYMBOL"))
    if symbol is None:
        raise RefusedError(Ret.NOT_FOUND)
    zone, market = desk.floor.zone, desk.floor.market
    first = zone.utc_ms(ask.number("FROM")) // _MINUTE_MS * _MINUTE_MS
    last = min(zone.utc_ms(ask.number("TO")), desk.now)
    bars: list[list[Any]] = []
    for start in range(first, last + 1, _MINUTE_MS)[:_BARS_MAX]:
        steps = range(start, min(start + _MINUTE_MS, desk.now + 1), _MINUTE_MS // 4)
        bids = [market.quote(symbol, at).bid for at in (*steps, steps[-1] + 14_750)]
        prices = (bids[0], max(bids), min(bids), bids[-1])
        bars.append(
            [zone.seconds(start), *(float(to_text(price, symbol.digits)) for price in prices)]
        )
    return Answer(body=bars)

"""Commands as requests and answers as what the TCP form would have said. Pure."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from brokerage.trading.connectors.mt5_webapi.bodies import Answer
from stoa.connectors.trouble import NoAnswer, Unreadable

_BENT: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_FAULT: Final = 500

PATHS: Final = MappingProxyType(
    {
        "AUTH_START": "auth/start",
        "AUTH_ANSWER": "auth/answer",
        "TIME_SERVER": "time/server",
        "TIME_GET": "time/get",
        "USER_ADD": "user/add",
        "USER_UPDATE": "user/update",
        "USER_GET": "user/get",
        "USER_LOGINS": "user/logins",
        "USER_ACCOUNT_GET": "user/account/get",
        "USER_PASS_CHANGE": "user/change_password",
        "USER_PASS_CHECK": "user/check_password",
        "TRADE_BALANCE": "trade/balance",
        "DEAL_GET_TOTAL": "deal/get_total",
        "DEAL_GET_PAGE": "deal/get_page",
        "DEAL_GET_BATCH": "deal/get_batch",
        "POSITION_GET_TOTAL": "position/get_total",
        "POSITION_GET_PAGE": "position/get_page",
        "GROUP_TOTAL": "group/total",
        "GROUP_NEXT": "group/next",
        "GROUP_GET": "group/get",
        "SYMBOL_TOTAL": "symbol/total",
        "SYMBOL_NEXT": "symbol/next",
        "TICK_LAST": "tick/last",
        "COMMON_GET": "common/get",
    }
)
_POSTED: Final = frozenset({"USER_ADD", "USER_UPDATE", "USER_PASS_CHANGE", "USER_PASS_CHECK"})
"""Records and passwords go into the body: an address is written into logs on the way."""

_BODY_NAMES: Final = MappingProxyType(
    {
        "PASS_MAIN": "PassMain",
        "PASS_INVESTOR": "PassInvestor",
        "LOGIN": "Login",
        "TYPE": "Type",
        "PASSWORD": "Password",
    }
)


class Question(msgspec.Struct, frozen=True):
    method: str
    target: str
    body: bytes = b""

    def __repr__(self) -> str:
        return f"<Question {self.method} {self.target.partition('?')[0]}>"


class _Told(msgspec.Struct, frozen=True):
    retcode: str
    answer: msgspec.Raw = msgspec.Raw(b"")


def question(command: str, params: Mapping[str, str | int], json: str) -> Question:
    """A record's JSON stands for its parameters; passwords are added to it."""
    path = f"/api/{PATHS[command]}"
    if command not in _POSTED:
        asked = urlencode({name.lower(): value for name, value in params.items()})
        return Question("GET", f"{path}?{asked}" if asked else path)
    record: dict[str, Any] = msgspec.json.decode(json) if json else {}
    record |= {
        name: value
        for key, value in params.items()
        if (name := _BODY_NAMES.get(key)) and name not in record
    }
    return Question("POST", path, msgspec.json.encode(record))


def answer(command: str, status: int, body: bytes) -> Answer:
    """The answer under the names of the TCP form: `RETCODE`, `TICKET`, `TOTAL`, and the JSON.

    Raises:
        NoAnswer: the server broke down over it, or the answer is none.
    """
    if status >= _FAULT:
        raise NoAnswer("The trading server did not answer.", code=f"http-{status}")
    try:
        told = msgspec.json.decode(body, type=_Told)
        beside = msgspec.json.decode(body, type=dict[str, Any])
        inside = _inside(told.answer)
    except _BENT as why:
        raise Unreadable("The trading server's answer could not be read.") from why
    params = {name.upper(): _word(value) for name, value in (inside | beside).items()}
    return Answer(command, params, bytes(told.answer).decode())


def _inside(raw: msgspec.Raw) -> dict[str, Any]:
    """The fields of an answer that is an object; a list has none."""
    text = bytes(raw)
    if not text.lstrip().startswith(b"{"):
        return {}
    fields: dict[str, Any] = msgspec.json.decode(text)
    return fields


def _word(value: object) -> str:
    return str(value) if isinstance(value, str | int) else ""

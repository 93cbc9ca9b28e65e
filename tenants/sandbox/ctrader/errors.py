"""Refusals by name, as both interfaces know them."""

from typing import Final

from sandbox.trading.retcodes import Ret
from sandbox.trading.web_server import Response, reply

_STATUS: Final = {
    "TRADER_NOT_FOUND": 404,
    "ENTITY_NOT_FOUND": 404,
    "AUTHENTICATION_FAILED": 401,
    "NOT_ENOUGH_RIGHTS": 403,
    "REQUEST_FREQUENCY_EXCEEDED": 429,
    "SERVER_IS_UNDER_MAINTENANCE": 503,
}

FROM_ENGINE: Final[dict[int, str]] = {
    Ret.NO_MONEY: "NOT_ENOUGH_MONEY",
    Ret.TRADE_MAX_MONEY: "CHANGE_BALANCE_BAD_AMOUNT",
    Ret.NOT_FOUND: "TRADER_NOT_FOUND",
    Ret.LOGIN_EXHAUSTED: "INVALID_DATA",
}


class NamedError(Exception):
    """A refusal with the platform's own name for it."""

    def __init__(self, name: str, text: str = "") -> None:
        super().__init__(text or name)
        self.name = name


def refused(wrong: NamedError) -> Response:
    told = {"errorCode": wrong.name, "description": str(wrong)}
    return reply(told, _STATUS.get(wrong.name, 400))

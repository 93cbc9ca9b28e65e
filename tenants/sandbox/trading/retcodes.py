"""The platform's return codes, and the refusal that carries one."""

from enum import IntEnum


class Ret(IntEnum):
    DONE = 0
    ERROR = 2
    PARAMS = 3
    DATA = 4
    NETWORK = 7
    PERMISSIONS = 8
    TIMEOUT = 9
    CONNECTION = 10
    NO_SERVICE = 11
    FREQUENT = 12
    NOT_FOUND = 13
    DUPLICATE = 17
    CLIENT_INVALID = 1000
    ACCOUNT_INVALID = 1001
    ACCOUNT_DISABLED = 1002
    SERVER_BAD = 1008
    MANAGER_NO_CONFIG = 1011
    MANAGER_IP_BLOCKED = 1012
    LOGIN_EXHAUSTED = 3002
    LOGIN_PROHIBITED = 3003
    LOGIN_EXISTS = 3004
    INVALID_PASSWORD = 3006
    LIMIT_REACHED = 3007
    HAS_TRADES = 3008
    DIFFERENT_CURRENCY = 3010
    TRADE_LIMIT = 4001
    TRADE_MAX_MONEY = 4005
    NO_DATA = 5003
    PLACED = 10008
    REQUEST_DONE = 10009
    REQUEST_REJECTED = 10006
    REQUEST_TIMEOUT = 10012
    REQUEST_INVALID = 10013
    INVALID_VOLUME = 10014
    INVALID_PRICE = 10015
    INVALID_STOPS = 10016
    TRADE_DISABLED = 10017
    MARKET_CLOSED = 10018
    NO_MONEY = 10019
    NO_CHANGES = 10025
    NO_CONNECTION = 10031


WORDS: dict[int, str] = {
    Ret.DONE: "Done",
    Ret.ERROR: "Common error",
    Ret.PARAMS: "Invalid parameters",
    Ret.DATA: "Invalid data",
    Ret.NETWORK: "Network error",
    Ret.PERMISSIONS: "Not enough permissions",
    Ret.TIMEOUT: "Operation timeout",
    Ret.CONNECTION: "No connection",
    Ret.NO_SERVICE: "Service is not available",
    Ret.FREQUENT: "Too frequent requests",
    Ret.NOT_FOUND: "Not found",
    Ret.DUPLICATE: "Duplicate record",
    Ret.CLIENT_INVALID: "Invalid client type",
    Ret.ACCOUNT_INVALID: "Invalid account",
    Ret.ACCOUNT_DISABLED: "Account disabled",
    Ret.SERVER_BAD: "Bad server",
    Ret.MANAGER_NO_CONFIG: "Manager has no configuration",
    Ret.MANAGER_IP_BLOCKED: "IP address is blocked for manager",
    Ret.LOGIN_EXHAUSTED: "No free logins",
    Ret.LOGIN_PROHIBITED: "Login prohibited on this server",
    Ret.LOGIN_EXISTS: "Login already exists",
    Ret.INVALID_PASSWORD: "Invalid account password",
    Ret.LIMIT_REACHED: "Limit of users reached",
    Ret.HAS_TRADES: "Account has open trades",
    Ret.DIFFERENT_CURRENCY: "Different currency",
    Ret.TRADE_LIMIT: "Trade request limit reached",
    Ret.TRADE_MAX_MONEY: "Money limit reached",
    Ret.NO_DATA: "No data",
    Ret.REQUEST_REJECTED: "Request rejected",
    Ret.PLACED: "Order placed",
    Ret.REQUEST_DONE: "Request completed",
    Ret.REQUEST_TIMEOUT: "Request timeout",
    Ret.REQUEST_INVALID: "Invalid request",
    Ret.INVALID_VOLUME: "Invalid volume",
    Ret.INVALID_PRICE: "Invalid price",
    Ret.INVALID_STOPS: "Invalid stops",
    Ret.TRADE_DISABLED: "Trade is disabled",
    Ret.MARKET_CLOSED: "Market is closed",
    Ret.NO_MONEY: "Not enough money",
    Ret.NO_CHANGES: "No changes",
    Ret.NO_CONNECTION: "No connection",
}


def spoken(code: int) -> str:
    """Say a code as the wire does: number, space, words."""
    return f"{int(code)} {WORDS.get(code, 'Error')}"


class RefusedError(Exception):
    """The server will not do it; the code says why."""

    def __init__(self, code: int) -> None:
        super().__init__(spoken(code))
        self.code = int(code)

"""Accounts by their logins, as the bridge sees them."""

from typing import Any

import msgspec

from sandbox.trading.book import Account
from sandbox.trading.hub import Hub
from sandbox.trading.web_server import HttpError, Request, number


def visible(hub: Hub) -> list[Account]:
    """All accounts but those that net: MT4 has none."""
    return [one for one in hub.book.accounts.values() if not hub.floor.group(one).netting]


def account_of(hub: Hub, login: int) -> Account:
    """Raises HttpError for a login there is not."""
    found = hub.book.account(login)
    if found is None or hub.floor.group(found).netting:
        raise HttpError(404, "there is no such login")
    return found


def named(hub: Hub, request: Request) -> Account:
    return account_of(hub, number(request.found["login"]))


def body_of(request: Request) -> dict[str, Any]:
    """The body's object. Raises HttpError for anything else."""
    try:
        return msgspec.json.decode(request.body or b"{}", type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise HttpError(400, "the body is no JSON object") from None

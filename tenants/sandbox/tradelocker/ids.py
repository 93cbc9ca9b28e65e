"""Numbers as TradeLocker writes them: accounts with their type's letter, all else from 2^56 on.

Operations and trades are counted apart and from the same start, so the same number may be both.
"""

import re
import zlib

from sandbox.trading.book import Account
from sandbox.trading.config import Config, Group
from sandbox.trading.web_server import HttpError

BASE = 1 << 56
LIVE, DEMO = "LIVE", "DEMO"

_ACCOUNT = re.compile(r"([LD])#([0-9]{1,18})")
_CURRENCY = re.compile(r"-[a-z]{3}$")


def type_of(group: str) -> str:
    return DEMO if group.lower().startswith("demo\\") else LIVE


def account_id(account: Account) -> str:
    return f"{type_of(account.user.group)[0]}#{account.login}"


def login_of(text: str) -> tuple[int, str]:
    """Login and type of an account's id.

    Raises:
        HttpError: it is written as none is.
    """
    found = _ACCOUNT.fullmatch(text)
    if found is None:
        raise HttpError(400, "accountId must match ^[LD]#[0-9]+$")
    return int(found[2]), LIVE if found[1] == "L" else DEMO


def brand_group(group: str) -> str:
    """The group as the brand sees it: conditions without a currency, which accounts have."""
    _, _, stem = group.partition("\\")
    return f"{type_of(group)}-{_CURRENCY.sub('', stem)}".upper()


def group_id(name: str) -> str:
    return str(600_000 + zlib.crc32(name.encode()) % 100_000)


def engine_group(config: Config, wanted: str, currency: str) -> Group:
    """The engine's group behind a brand's group id and a currency.

    Raises:
        HttpError: there is no such group, or not for this currency.
    """
    named = [group for group in config.groups if group_id(brand_group(group.name)) == wanted]
    if not named:
        raise HttpError(400, "Group not found")
    for group in named:
        if group.currency == currency:
            return group
    raise HttpError(400, "Currency is not supported by the group")


def number(engine: int) -> str:
    return str(BASE + engine)


def trade(deal: int, *, second: bool = False) -> str:
    """A deal that turns a position round is two trades here."""
    return str(BASE + deal * 2 + second)

"""Ids, both ways: what TradeLocker writes and the port's 63-bit numbers.

An account is `L#` or `D#` and its number: the number is the login, the letter is the cluster's, which
a connector has one of. Positions, orders and trades are numbers already, from 2^56 on. Operations
(deposits, withdrawals, credit) are counted apart from trades and may have the same numbers, so as deals
they carry one bit more: `operation + 2^62`.
"""

import re
from typing import Any, Final

from brokerage.trading.told import bent, whole

_ACCOUNT: Final = re.compile(r"([LD])#([0-9]{1,18})", re.ASCII)
_OPERATION: Final = 1 << 62


def account_id(login: int, kind: str) -> str:
    return f"{kind[0]}#{login}"


def login_of(value: Any, kind: str) -> int:
    """Raises Unreadable for an id of another cluster, or none."""
    found = _ACCOUNT.fullmatch(value) if isinstance(value, str) else None
    if found is None or found[1] != kind[0]:
        raise bent("accountId is none of this cluster")
    return int(found[2])


def deal_of_operation(value: Any) -> int:
    found = whole(value, "id")
    if found >= _OPERATION:
        raise bent("id is too large for an operation")
    return found | _OPERATION

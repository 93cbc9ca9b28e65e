"""What trading shows of a client to a payer's bank, for the evidence about a disputed payment."""

from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from brokerage.trading.model import Deal, TradingAccount
from stoa.tenancy.work import Work

_MOST_TOLD: Final = 1_000


async def evidence(work: Work, client: UUID, since: datetime) -> dict[str, Any]:
    """What a client traded since an instant, for a payer's bank; in English, times in UTC."""
    rows = await work.table(
        select(Deal, TradingAccount.login)
        .join(TradingAccount, TradingAccount.id == Deal.account)
        .where(
            Deal.client == client,
            Deal.at >= since,
            Deal.kind.in_(("buy", "sell")),
            TradingAccount.kind == "live",
        )
        .order_by(Deal.at, Deal.number)
        .limit(_MOST_TOLD)
    )
    return {
        "trading": {
            "title": "What was traded since",
            "columns": ["When", "Login", "Symbol", "Side", "Lots", "Price", "Result"],
            "rows": [
                [
                    f"{row.Deal.at.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
                    str(row.login),
                    row.Deal.symbol,
                    row.Deal.kind,
                    format(row.Deal.lots.normalize(), "f"),
                    format(row.Deal.price.normalize(), "f"),
                    f"{row.Deal.profit.normalize():f} {row.Deal.currency}",
                ]
                for row in rows
            ],
        }
    }

"""What this server really did, read from its journal and not from its memory."""

from collections import Counter
from typing import Any

from sandbox.trading.amounts import to_text
from sandbox.trading.book import Account
from sandbox.trading.hub import Hub
from sandbox.trading.records import Action, Deal
from sandbox.trading.web_server import HttpError, Request, Response, Router, number, reply


class Truth:
    """Enters its paths into a router."""

    def __init__(self, hub: Hub, router: Router) -> None:
        self._hub = hub
        router.add("GET", "/truth", self.truth)
        router.add("GET", "/truth/{login}", self.truth_of)

    async def truth(self, _: Request) -> Response:
        """Sums of the whole journal, read from the file and not from memory."""
        counts: Counter[str] = Counter()
        logins: set[int] = set()
        for records in self._hub.journal.lines():
            for record in records:
                if isinstance(record, Deal):
                    counts["trades" if record.trade else "operations"] += 1
                    logins.add(record.login)
        return reply({**counts, "logins": sorted(logins)})

    async def truth_of(self, request: Request) -> Response:
        """What the journal says was done to one login: money operations, and sums of all deals."""
        login = number(request.found["login"])
        deals = [
            record
            for records in self._hub.journal.lines()
            for record in records
            if isinstance(record, Deal) and record.login == login
        ]
        account = self._hub.book.account(login) or self._hub.book.gone.get(login)
        if account is None:
            raise HttpError(404, "there is no such login")
        return reply(_truth(self._hub, account, deals))


def _truth(hub: Hub, account: Account, deals: list[Deal]) -> dict[str, Any]:
    digits, zone = hub.floor.group(account).digits, hub.zone
    credit = sum(deal.money for deal in deals if deal.action == Action.CREDIT)
    balance = sum(deal.money for deal in deals if deal.action != Action.CREDIT)
    trades = [deal for deal in deals if deal.trade]
    return {
        "login": account.login,
        "balance": to_text(balance, digits),
        "credit": to_text(credit, digits),
        "told_balance": to_text(account.balance, digits),
        "told_credit": to_text(account.credit, digits),
        "operations": [
            {
                "deal": deal.deal,
                "type": int(deal.action),
                "amount": to_text(deal.profit, digits),
                "comment": deal.comment,
                "time": zone.seconds(deal.time),
            }
            for deal in deals
            if not deal.trade
        ],
        "trades": len(trades),
        "profit": to_text(sum(deal.profit for deal in trades), digits),
        "storage": to_text(sum(deal.storage for deal in trades), digits),
        "commission": to_text(sum(deal.commission for deal in trades), digits),
        "volume_closed": sum(deal.closed for deal in trades),
        "tickets": [deal.deal for deal in trades],
    }

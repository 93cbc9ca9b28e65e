"""The books as a whole: every account's balance, the trial balance, what is owed and where it lies."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from sqlalchemy import text

from brokerage.ledger import kinds
from brokerage.ledger.model import Tree
from stoa.kernel.money import Money
from stoa.tenancy.work import Work

BALANCES: Final = text(
    """
    select a.tree, a.code, a.kind, a.currency, cast(null as uuid) as id,
        sum(b.balance) as balance, count(*) filter (where b.balance <> 0) as accounts
    from ledger_account a join ledger_balance b on b.account = a.id
    group by a.tree, a.code, a.kind, a.currency
    union all
    select a.tree, a.code, a.kind, a.currency, a.id, coalesce(s.total, 0), 1
    from ledger_account a left join (
        select account, sum(amount) as total from leg where guard = 'none' group by account
    ) s on s.account = a.id
    where a.owner is null
    order by 1, 2, 4
    """
)
ORDER: Final = ("wallet", "hold", "platform", "bank", "psp", "payout", "platform-clearing")
"""What is owed first, then where it lies; the rest by code."""


@dataclass(frozen=True, slots=True)
class Line:
    """An account (or all clients' accounts of a kind) in one currency."""

    tree: str
    code: str
    label: str
    name: str
    account: str
    accounts: int
    balance: Money

    @property
    def debit(self) -> Money | None:
        return -self.balance if self.balance.amount < 0 else None

    @property
    def credit(self) -> Money | None:
        return self.balance if self.balance.amount > 0 else None


@dataclass(frozen=True, slots=True)
class Books:
    """One currency's trial balance."""

    currency: str
    lines: Sequence[Line]

    @property
    def debits(self) -> Money:
        return sum((one.debit for one in self.lines if one.debit), Money.zero(self.currency))

    @property
    def credits(self) -> Money:
        return sum((one.credit for one in self.lines if one.credit), Money.zero(self.currency))

    @property
    def balanced(self) -> bool:
        return self.debits == self.credits

    @property
    def owed(self) -> Money:
        """What clients have with us, in wallets, holds and trading accounts."""
        return self._sum("wallet", "hold", "platform")

    @property
    def lying(self) -> Money:
        """Where client money lies: banks, payment providers, on its way."""
        return -self._sum("bank", "psp", "payout", "platform-clearing")

    @property
    def unmatched(self) -> Money:
        return self._sum("suspense")

    @property
    def house_due(self) -> Money:
        """What of the money that lies with clients' is the house's by now (minus: it owes)."""
        return self.lying - self.owed - self.unmatched

    def tree(self, tree: Tree) -> list[Line]:
        return [one for one in self.lines if one.tree == tree]

    def _sum(self, *wanted: str) -> Money:
        picked = [one.balance for one in self.lines if one.code.split(":", 1)[0] in wanted]
        return sum(picked, Money.zero(self.currency))


async def every(work: Work) -> dict[str, Books]:
    """The trial balance of each currency anything was ever posted in."""
    lines: dict[str, list[Line]] = {}
    for row in await work.table(BALANCES):
        lines.setdefault(row.currency, []).append(
            Line(
                row.tree,
                row.code,
                kinds.account(row.kind),
                row.code.partition(":")[2],
                str(row.id) if row.id else "",
                row.accounts,
                Money(Decimal(row.balance), row.currency),
            )
        )
    found = {code: Books(code, sorted(rows, key=_rank)) for code, rows in sorted(lines.items())}
    return {code: one for code, one in found.items() if any(line.balance for line in one.lines)}


def _rank(line: Line) -> tuple[int, str]:
    kind = line.code.split(":", 1)[0]
    return (ORDER.index(kind) if kind in ORDER else len(ORDER), line.code)


async def held_for_clients(work: Work) -> dict[str, str]:
    """Client money per currency, as plain amounts: for the operator's fleet page."""
    rows = await work.table(
        text(
            "select a.currency, sum(b.balance) as total from ledger_account a "
            "join ledger_balance b on b.account = a.id "
            "group by a.currency having sum(b.balance) <> 0 order by a.currency"
        )
    )
    return {row.currency: Money(Decimal(row.total), row.currency).text() for row in rows}

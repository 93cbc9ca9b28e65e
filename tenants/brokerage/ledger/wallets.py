"""Wallets: one per client and currency. What is held is not available; every hold has a cause.

    await available(work, client, currency) -> Money
    await of(work, client) -> list[Wallet]                  available and held per currency
    await holds(work, client) -> list[Hold]                 what is set aside and why
    await as_of(work, account, instant) -> Money            balance at any past instant
    await credit(work, client, money, *, operation, kind, against, ref=None, reason=None, fee=None)
    await debit (work, client, money, *, operation, kind, against, ref=None, reason=None, fee=None)
    await hold  (work, client, money, *, cause=("withdrawal", id), operation=None) -> Hold
    await release(work, hold, *, operation=None, amount=None, reason=None) -> Posted   back again
    await settle(work, hold, *, against, operation=None, kind="withdrawal", fee=None, ...) -> Posted
    await move  (work, client, money, to_client, *, operation, kind, ref=None, reason=None) -> Posted

`against` is the other side, usually a house account (`accounts.house(work, "psp:alpha", "EUR")`).
`hold` in release and settle is `Hold.id`, which is what a withdrawal stores. The verbs here ask
for no permission: they are the floor under verbs that do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import bindparam, func, select

from brokerage.ledger import accounts, posting
from brokerage.ledger.accounts import HOLD, WALLET, Account, Ref
from brokerage.ledger.model import Guard, LedgerAccount, LedgerBalance
from brokerage.ledger.model import Leg as LegRow
from brokerage.ledger.posting import Posted
from brokerage.ledger.rules import Leg, moving
from stoa.kernel.money import Money
from stoa.kernel.refusals import Conflict
from stoa.tenancy.work import Work


@dataclass(frozen=True, slots=True)
class Wallet:
    """A client's money in one currency."""

    account: Account
    available: Money
    held: Money
    frozen_why: str | None = None

    @property
    def total(self) -> Money:
        return self.available + self.held


@dataclass(frozen=True, slots=True)
class Hold:
    """Money set aside for one cause. `id` is its account's."""

    id: UUID
    client: UUID
    money: Money
    cause: Ref
    since: datetime


async def available(work: Work, client: UUID, currency: str) -> Money:
    """What can be spent now: holds have already left the wallet."""
    account = accounts.client_wallet(work, client, currency)
    found = await work.value(
        select(LedgerBalance.balance).where(LedgerBalance.account == account.id)
    )
    return Money(found or Decimal(0), currency)


async def of(work: Work, client: UUID) -> list[Wallet]:
    """Every wallet the client has ever used, by currency."""
    rows = await work.table(
        _STANDING.where(LedgerAccount.owner == client, LedgerAccount.kind.in_((WALLET, HOLD)))
    )
    held: dict[str, Decimal] = {}
    for row in rows:
        if row.kind == HOLD:
            held[row.currency] = held.get(row.currency, Decimal(0)) + row.balance
    return [
        Wallet(
            accounts.client_wallet(work, client, row.currency),
            Money(row.balance, row.currency),
            Money(held.get(row.currency, Decimal(0)), row.currency),
            row.frozen_why if row.frozen_at is not None else None,
        )
        for row in sorted(rows, key=lambda row: row.currency)
        if row.kind == WALLET
    ]


async def holds(work: Work, client: UUID) -> list[Hold]:
    """What is set aside now, the oldest first."""
    rows = await work.table(
        _STANDING.where(
            LedgerAccount.owner == client,
            LedgerAccount.kind == HOLD,
            LedgerBalance.balance > 0,
        ).order_by(LedgerAccount.opened_at, LedgerAccount.id)
    )
    return [_hold(row) for row in rows]


AS_OF: Final = (
    select(LegRow.balance)
    .where(LegRow.account == bindparam("account"), LegRow.posted_at <= bindparam("instant"))
    .order_by(LegRow.posted_at.desc(), LegRow.version.desc())
    .limit(1)
)


async def as_of(work: Work, account: Account, instant: datetime) -> Money:
    """The balance right after the last entry posted at or before an instant."""
    if account.guard is Guard.NONE:
        total = await work.value(
            select(func.coalesce(func.sum(LegRow.amount), 0)).where(
                LegRow.account == account.id, LegRow.posted_at <= instant
            )
        )
        return Money(Decimal(total), account.currency)
    # Versions of an account never run backwards in time, so its newest leg by then tells it all.
    newest = await work.value(AS_OF, {"account": account.id, "instant": instant})
    return Money(newest if newest is not None else Decimal(0), account.currency)


async def credit(
    work: Work,
    client: UUID,
    money: Money,
    *,
    operation: str,
    kind: str,
    against: Account,
    ref: Ref | None = None,
    reason: str | None = None,
    fee: Money | None = None,
) -> Posted:
    """Put money into a wallet; a fee is taken out of it on the way, in the same entry."""
    wallet = accounts.client_wallet(work, client, money.currency)
    legs = moving(against, wallet, money)
    if fee:
        legs += moving(wallet, accounts.house(work, "fees", money.currency), fee)
    return await posting.post(
        work, operation=operation, kind=kind, legs=legs, ref=ref, reason=reason
    )


async def debit(
    work: Work,
    client: UUID,
    money: Money,
    *,
    operation: str,
    kind: str,
    against: Account,
    ref: Ref | None = None,
    reason: str | None = None,
    fee: Money | None = None,
) -> Posted:
    """Take money out of a wallet, and a fee on top of it. Raises NotCovered."""
    wallet = accounts.client_wallet(work, client, money.currency)
    legs = moving(wallet, against, money)
    if fee:
        legs += moving(wallet, accounts.house(work, "fees", money.currency), fee)
    return await posting.post(
        work, operation=operation, kind=kind, legs=legs, ref=ref, reason=reason
    )


async def move(
    work: Work,
    client: UUID,
    money: Money,
    to_client: UUID,
    *,
    operation: str,
    kind: str = "internal-transfer",
    ref: Ref | None = None,
    reason: str | None = None,
) -> Posted:
    """From one client's wallet to another's, in one currency. Raises NotCovered."""
    source = accounts.client_wallet(work, client, money.currency)
    target = accounts.client_wallet(work, to_client, money.currency)
    return await posting.post(
        work,
        operation=operation,
        kind=kind,
        legs=moving(source, target, money),
        ref=ref,
        reason=reason,
    )


async def hold(
    work: Work,
    client: UUID,
    money: Money,
    *,
    cause: Ref,
    operation: str | None = None,
    reason: str | None = None,
    fee: Money | None = None,
) -> Hold:
    """Set money aside for a cause. Raises NotCovered. The same cause again changes nothing.

    `fee` is a part of it, set aside by an entry of its own, so that the client sees it as one.
    """
    wallet = accounts.client_wallet(work, client, money.currency)
    aside = accounts.hold(work, client, money.currency, cause)
    await accounts.ensure(work, [wallet, aside])
    posted = await posting.post(
        work,
        operation=operation or f"hold:{cause[0]}:{cause[1]}",
        kind="hold",
        legs=moving(wallet, aside, money - fee if fee else money),
        ref=cause,
        reason=reason,
    )
    if fee:
        await posting.post(
            work,
            operation=f"hold-fee:{cause[0]}:{cause[1]}",
            kind="fee-hold",
            legs=moving(wallet, aside, fee),
            ref=cause,
            reason=reason,
        )
    return Hold(aside.id, client, money, cause, posted.at)


async def release(
    work: Work,
    hold: UUID,
    *,
    operation: str | None = None,
    amount: Money | None = None,
    reason: str | None = None,
) -> Posted:
    """Give held money back to its wallet: all that is left of it, or an amount.

    Raises Conflict when nothing is left: it was released or settled before.
    """
    aside, left = await _locked(work, hold)
    operation = operation or f"release:{hold}"
    if not left:
        return await _before(work, operation)
    assert aside.owner is not None  # noqa: S101 - a check of the table
    return await posting.post(
        work,
        operation=operation,
        kind="release",
        legs=moving(
            aside, accounts.client_wallet(work, aside.owner, aside.currency), amount or left
        ),
        ref=_cause(aside),
        reason=reason,
    )


async def settle(
    work: Work,
    hold: UUID,
    *,
    against: Account,
    operation: str | None = None,
    kind: str = "withdrawal",
    amount: Money | None = None,
    fee: Money | None = None,
    more: Sequence[Leg] = (),
    reason: str | None = None,
) -> Posted:
    """Use held money for its cause: all that is left, or an amount; `fee` is a part of it.

    `more` are legs of the same entry beside it. Raises Conflict when nothing is left.
    """
    aside, left = await _locked(work, hold)
    operation = operation or f"settle:{hold}"
    if not left:
        return await _before(work, operation)
    money = amount or left
    legs = [*more]
    if fee:
        legs += moving(aside, accounts.house(work, "fees", aside.currency), fee)
        money = money - fee
    return await posting.post(
        work,
        operation=operation,
        kind=kind,
        legs=[*moving(aside, against, money), *legs],
        ref=_cause(aside),
        reason=reason,
    )


async def _locked(work: Work, hold: UUID) -> tuple[Account, Money]:
    aside = await accounts.get(work, hold)
    row = await work.lock(LedgerBalance, hold)
    return aside, Money(row.balance, aside.currency)


async def _before(work: Work, operation: str) -> Posted:
    """Nothing is left of the hold: fine when this operation is what used it, else a Conflict."""
    known = await posting.found(work, operation)
    if known is None:
        raise Conflict("This hold is used up already. Nothing was moved.", code="hold-used-up")
    return known


def _cause(aside: Account) -> Ref:
    assert aside.ref_kind is not None and aside.ref is not None  # noqa: S101, PT018 - by `hold`
    return aside.ref_kind, aside.ref


_STANDING: Final = select(
    LedgerAccount.id,
    LedgerAccount.kind,
    LedgerAccount.currency,
    LedgerAccount.owner,
    LedgerAccount.ref_kind,
    LedgerAccount.ref,
    LedgerAccount.opened_at,
    LedgerBalance.balance,
    LedgerBalance.frozen_at,
    LedgerBalance.frozen_why,
).join(LedgerBalance, LedgerBalance.account == LedgerAccount.id)


def _hold(row: Any) -> Hold:
    return Hold(
        row.id, row.owner, Money(row.balance, row.currency), (row.ref_kind, row.ref), row.opened_at
    )

"""When a bonus is lost: by a withdrawal, below zero, when its time is over, with its deposit."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select

from brokerage.bonuses import abuse, moving, rules
from brokerage.bonuses.grants import terms_of
from brokerage.bonuses.model import Grant, GrantState
from brokerage.bonuses.story import left_of, tell
from brokerage.ledger import accounts, rates, wallets
from brokerage.ledger.model import LedgerAccount
from brokerage.payments.hooks import Loss, Undoing
from brokerage.trading.events import AccountBelowZero
from brokerage.trading.model import TradingAccount
from stoa.kernel.money import Money
from stoa.notices import notices
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

_BATCH: Final = 100
_REVERSED: Final = "reversed"
_WHY: Final = {
    "all": N_("By its terms any withdrawal before it is earned takes all that is left of it."),
    "pro-rata": N_("By its terms a withdrawal takes the same share of it as of your money."),
}


async def by_withdrawal(work: Work, client: UUID, money: Money) -> Sequence[Loss]:
    """What a withdrawal of so much would take away: shown before it is confirmed."""
    rows = await _active(work, client)
    if not rows:
        return ()
    priced = await rates.table(work)
    found: list[Loss] = []
    for row in rows:
        terms = terms_of(row)
        leaves = priced.convert(money, row.currency)
        held = await _held(work, client, row.currency, priced.convert)
        lost = rules.lost(terms, left_of(row), leaves, held)
        if lost:
            found.append(Loss(row.id, row.title, lost, _WHY[terms.burn]))
    return found


async def _active(work: Work, client: UUID) -> list[Grant]:
    return list(
        await work.rows(
            select(Grant)
            .where(Grant.client == client, Grant.state == GrantState.ACTIVE)
            .order_by(Grant.id)
            .limit(20)
        )
    )


async def _held(work: Work, client: UUID, currency: str, convert: rules.Convert) -> Money:
    """All of a client's own money: wallets, what is set aside, trading accounts."""
    rows = await work.table(
        select(LedgerAccount.currency, LedgerAccount.balance).where(
            LedgerAccount.owner == client,
            LedgerAccount.kind.in_((accounts.WALLET, accounts.HOLD, accounts.PLATFORM)),
        )
    )
    total = Money.zero(currency)
    for held_in, balance in rows:
        if balance is not None and balance > 0:
            total = total + convert(Money(balance, held_in), currency)
    return total


async def as_money_leaves(
    work: Work, client: UUID, withdrawal: UUID, losses: Sequence[Mapping[str, Any]]
) -> None:
    """Take away what was shown, no more, as the withdrawal's first part is sent."""
    for one in losses:
        row = await work.lock(Grant, UUID(one["grant"]))
        if row.client != client or row.state != GrantState.ACTIVE:
            continue
        shown = Money(Decimal(one["amount"]), one["currency"])
        lost = min(shown, left_of(row), key=lambda each: each.amount)
        await moving.burn(work, row, lost, f"withdrawal:{withdrawal}", "burnt-withdrawal")
        if not row.left:
            moving.end(work, row, GrantState.LOST)
        moving.announce(work, row)


async def sweep(open_work: OpenWork) -> None:
    """Every minute: what lapsed, and what a trading account below zero takes away."""
    async with open_work() as work:
        lapsed = list(
            await work.rows(
                select(Grant.id)
                .where(
                    Grant.state.in_((GrantState.CHOSEN, GrantState.ACTIVE)),
                    Grant.expires_at <= work.now,
                )
                .order_by(Grant.expires_at)
                .limit(_BATCH)
            )
        )
        negative = list(
            await work.table(
                select(Grant.id, func.min(TradingAccount.login), func.min(TradingAccount.equity))
                .join(TradingAccount, TradingAccount.client == Grant.client)
                .where(
                    Grant.state == GrantState.ACTIVE,
                    Grant.terms["burn_negative"].as_boolean(),
                    TradingAccount.kind == "live",
                    TradingAccount.equity < 0,
                    TradingAccount.told_at >= Grant.granted_at,
                )
                .group_by(Grant.id)
                .order_by(Grant.id)
                .limit(_BATCH)
            )
        )
    for grant in lapsed:
        async with open_work() as work:
            await _over(work, grant, GrantState.EXPIRED, "expired")
    for grant, login, equity in negative:
        async with open_work() as work:
            await _below(work, grant, str(login), f"account {login}, equity {equity}")


async def below_zero(open_work: OpenWork, fact: AccountBelowZero) -> None:
    """A trading account ended below zero: before it is covered, what that takes away is taken."""
    async with open_work() as work:
        account = await work.get(TradingAccount, fact.account)
        rows = list(
            await work.rows(
                select(Grant.id).where(
                    Grant.client == fact.client,
                    Grant.state == GrantState.ACTIVE,
                    Grant.terms["burn_negative"].as_boolean(),
                )
            )
        )
        for grant in rows:
            why = f"account {account.login}, covered by {fact.transfer}"
            await _below(work, grant, str(account.login), why)


async def _below(work: Work, grant: UUID, login: str, reason: str) -> None:
    """What is left of it goes, as its terms say; the ledger names the account, the client is told."""
    row = await work.lock(Grant, grant)
    left = left_of(row) if row.state == GrantState.ACTIVE else None
    await _over(work, grant, GrantState.LOST, "burnt-negative", text=login, reason=reason)
    if left and row.state == GrantState.LOST:
        await notices.tell(
            work,
            row.client,
            N_("{amount} of your bonus is lost: account {account} fell below zero"),
            path=f"/bonuses/{row.id}",
            amount=str(left),
            account=login,
        )


async def _over(
    work: Work,
    grant: UUID,
    state: GrantState,
    what: str,
    *,
    text: str = "",
    reason: str | None = None,
) -> None:
    row = await work.lock(Grant, grant)
    if row.state not in {GrantState.CHOSEN, GrantState.ACTIVE}:
        return
    if row.state == GrantState.CHOSEN and state is GrantState.LOST:
        return
    if terms_of(row).kind == "cashback" and row.state == GrantState.ACTIVE:
        # It is money as it comes: below zero takes nothing of it, and at its end it is over.
        if state is GrantState.EXPIRED:
            moving.end(work, row, GrantState.RELEASED)
            moving.announce(work, row)
        return
    if state is GrantState.EXPIRED and abuse.open_case(row):
        return
    if row.state == GrantState.ACTIVE:
        await moving.burn(work, row, left_of(row), what, what, text, reason=reason)
    moving.end(work, row, state)
    moving.announce(work, row)


async def undone(work: Work, what: Undoing) -> None:
    """A payer's bank takes the deposit back, all or a part of it."""
    await with_its_deposit(work, what.deposit, f"{_REVERSED}:{what.dispute}:{what.turn}")


async def restored(work: Work, what: Undoing) -> None:
    """The deposit stands again: so does its bonus, as it was, with the time that was taken from it."""
    for row in await work.rows(
        select(Grant)
        .where(Grant.deposit == what.deposit, Grant.state == GrantState.REVERSED)
        .order_by(Grant.id)
        .with_for_update()
    ):
        given = await moving.give_again(work, row, f"{_REVERSED}:{what.dispute}:{what.turn}")
        if given is None:
            continue
        if row.ended_at is not None:
            row.expires_at += work.now - row.ended_at
        if row.left:
            row.move(GrantState.ACTIVE)
            row.ended_at = None
        else:
            moving.end(work, row, GrantState.RELEASED)
        tell(work, row, "stands-again", {"amount": str(given)})
        moving.announce(work, row)


async def with_its_deposit(work: Work, deposit: UUID, cause: str = _REVERSED) -> None:
    """The deposit was undone: its bonus goes with it, what was released as far as it is there.

    `cause` names which time it is, so that it can be undone as often as its deposit is.
    """
    for row in await work.rows(
        select(Grant).where(Grant.deposit == deposit).order_by(Grant.id).with_for_update()
    ):
        if row.state not in {GrantState.ACTIVE, GrantState.RELEASED}:
            continue
        if row.state == GrantState.ACTIVE:
            await moving.burn(work, row, left_of(row), cause, "reversed")
        await _recover(work, row, cause)
        moving.end(work, row, GrantState.REVERSED)
        moving.announce(work, row)


async def _recover(work: Work, row: Grant, cause: str) -> None:
    was = Money(row.released, row.currency)
    if not was:
        return
    there = await wallets.available(work, row.client, row.currency)
    back = min(was, there, key=lambda one: one.amount)
    if back:
        await moving.take_from_wallet(work, row, back, cause)
        tell(work, row, "reversed", {"amount": str(back)})
    if back < was:
        tell(work, row, "not-recovered", {"amount": str(was - back)})


async def gave_by_hand(work: Work, client: UUID, who: UUID, since: datetime) -> bool:
    """Whether somebody gave this client a bonus by hand lately: they approve no withdrawal then."""
    found = await work.first(
        select(Grant.id).where(
            Grant.client == client, Grant.given_by == who, Grant.granted_at > since
        )
    )
    return found is not None

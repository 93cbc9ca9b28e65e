"""Accounts without swaps over time: their end, and positions that are held for too long.

await sweep(open_work)        every night
await held_long(work)         accounts whose holding times look like misuse
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import func, select, text

from brokerage.trading.lifecycle import asking, rules
from brokerage.trading.lifecycle.model import AccountRequest, RequestState, Wish
from brokerage.trading.model import AccountState, TradingAccount
from brokerage.trading.settings import TradingSettings
from stoa.kernel.refusals import Conflict
from stoa.notices import notices
from stoa.notices.model import Notice
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

BATCH: Final = 200
WARN: Final = timedelta(days=14)
ENDS: Final = N_("Your account {login} has swaps again from {day} on: ask anew if you want it")
ENDED: Final = "the time it was granted for is over"
HELD: Final = N_("{n} positions were held longer than {days} days without swaps.")
_LONG: Final = text(
    "select a.id, a.client, count(*) as many from trading_account a join lateral ("
    "select p.opened_at as since, cast(:now as timestamptz) as till from open_position p "
    "where p.account = a.id union all "
    "select d.opened_at, d.at from deal d where d.client = a.client and d.account = a.id "
    "and d.at >= :looked "
    "and d.opened_at is not null and d.entry in ('out', 'reversal', 'out-by')) x "
    "on x.till - x.since > cast(:held as interval) and x.till >= a.swap_free_since "
    "where a.swap_free_since is not null and a.state in ('active', 'restricted') "
    "group by a.id, a.client having count(*) >= :most order by a.id limit 200"
)


@dataclass(frozen=True, slots=True)
class Held:
    account: UUID
    client: UUID
    many: int


async def held_long(work: Work) -> list[Held]:
    """Accounts with so many positions held longer than the terms say, open ones included."""
    told = work.settings(TradingSettings).swap_free
    rows = await work.table(
        _LONG,
        {
            "now": work.now,
            "looked": work.now - timedelta(days=told.days_looked),
            "held": timedelta(days=told.held_days),
            "most": told.held_most,
        },
    )
    return [Held(row.id, row.client, int(row.many)) for row in rows]


async def sweep(open_work: OpenWork) -> None:
    """End what has run its time, warn before it, bring misuse before a person."""
    async with open_work() as work:
        await _warn(work)
        await _end(work)
        await _ask(work)


async def _warn(work: Work) -> None:
    told = select(Notice.id).where(
        Notice.person == TradingAccount.client,
        Notice.title == ENDS,
        Notice.told_at > TradingAccount.swap_free_since,
        Notice.path == func.concat("/accounts/", TradingAccount.id, "/change"),
    )
    rows = await work.rows(
        select(TradingAccount)
        .where(
            TradingAccount.swap_free_since.is_not(None),
            TradingAccount.swap_free_until.between(work.now, work.now + WARN),
            TradingAccount.state.in_((AccountState.ACTIVE, AccountState.RESTRICTED)),
            ~told.exists(),
        )
        .order_by(TradingAccount.swap_free_until)
        .limit(BATCH)
    )
    for row in rows:
        day = f"{row.swap_free_until:%Y-%m-%d}"
        places = {"login": str(row.login or ""), "day": day}
        await notices.tell(work, row.client, ENDS, path=f"/accounts/{row.id}/change", **places)


async def _end(work: Work) -> None:
    rows = await work.rows(
        select(TradingAccount)
        .where(
            TradingAccount.swap_free_since.is_not(None),
            TradingAccount.swap_free_until < work.now,
            TradingAccount.state.in_((AccountState.ACTIVE, AccountState.RESTRICTED)),
        )
        .order_by(TradingAccount.swap_free_until)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    for row in rows:
        await _back(work, row, rules.yes("time is over"), ENDED)


async def _ask(work: Work) -> None:
    """A person decides about misuse; who was looked at within the days is not asked about again."""
    told = work.settings(TradingSettings).swap_free
    held = await held_long(work)
    looked_at = await work.rows(
        select(AccountRequest.account)
        .where(
            AccountRequest.account.in_([one.account for one in held]),
            AccountRequest.kind == Wish.SWAPS,
            AccountRequest.asked_at > work.now - timedelta(days=told.days_looked),
            AccountRequest.state != RequestState.CANCELLED,
        )
        .distinct()
    )
    for one in held:
        if one.account in looked_at:
            continue
        row = await work.lock(TradingAccount, one.account)
        places = {"n": str(one.many), "days": str(told.held_days)}
        await _back(work, row, rules.ask("held too long", HELD, **places), "")


async def _back(work: Work, row: TradingAccount, verdict: rules.Verdict, note: str) -> None:
    try:
        await asking.swaps(work, row, verdict, note)
    except Conflict:
        return

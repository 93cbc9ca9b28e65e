"""Accounts that nobody uses: told, charged, disabled, archived, by the tenant's own days.

    await preview(work)                               who would be touched tonight, by step
    await sweep(open_work)                            every night, in batches of 200 accounts
    await exempt(work, account, until, why)           a person's override, kept and shown

What counts is what the owner did last: opened, traded, moved money, brought it back. Every step is a
row among the account's requests, once for each time that it fell asleep, so that its trail is there.
Accounts with open positions never sleep; one with money is told and charged, never archived.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from brokerage.clients import queries as clients
from brokerage.fees import charging
from brokerage.ledger import accounts as ledger
from brokerage.ledger import posting, rates, wallets
from brokerage.trading.connector import Access
from brokerage.trading.lifecycle import limiting, rules
from brokerage.trading.lifecycle.model import AccountRequest, RequestState, Wish
from brokerage.trading.lifecycle.settings import Dormancy, Step
from brokerage.trading.lifecycle.writing import said, write
from brokerage.trading.model import AccountState, TradingAccount
from brokerage.trading.permissions import Trading
from brokerage.trading.settings import TradingSettings
from stoa.kernel.refusals import Conflict, Invalid
from stoa.notices import notices
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

BATCH: Final = 200
SOURCE: Final = "dormant"
TOLD: Final = N_("Your account {login} is idle: use it, or it is put to sleep")
ASLEEP: Final = N_("This account was not used for a long time. Bring it back to use it.")
CHARGED: Final = N_("A fee of {amount} for your idle account {login} was taken from your wallet")

_IDLE: Final = """
    select a.id, a.client, a.login, a.kind, a.state, a.balance, a.credit, a.dormant, x.last,
        case {steps} end as due
    from trading_account a join client c on c.id = a.client
    cross join lateral (select greatest(a.opened_at, a.deals_at, a.awake_from, (
        select max(t.asked_at) from transfer t where t.account = a.id
        and t.direction in ('to-account', 'to-wallet'))) as last) x
    where a.login is not null and a.state in ('active', 'restricted') and a.kind = any(:kinds)
    and not a.product = any(:products) and not c.tags && cast(:segments as varchar[])
    and (a.exempt_until is null or a.exempt_until < :now)
    and a.margin = 0 and a.floating = 0 and c.closed_at is null
    and not exists (select from open_position o where o.account = a.id)
    and not exists (select from transfer t where t.account = a.id
        and t.state in ('waiting', 'held', 'sending'))
    and x.last < :before
"""


@dataclass(frozen=True, slots=True)
class Idle:
    """An account that a step is due for. `last` is when its owner did anything."""

    id: UUID
    client: UUID
    login: int
    live: bool
    state: str
    balance: Decimal
    dormant: str | None
    last: datetime
    due: str


def _asked(work: Work, told: Dormancy) -> tuple[str, dict[str, Any]]:
    """The cases by days, longest first, and what fills the query."""
    steps = sorted(told.steps, key=lambda one: -one.after_days)
    cases = " ".join(
        f"when x.last < cast(:at_{n} as timestamptz) then '{one.do}'" for n, one in enumerate(steps)
    )
    asked: dict[str, Any] = {
        f"at_{n}": work.now - timedelta(days=one.after_days) for n, one in enumerate(steps)
    }
    return cases, {
        **asked,
        "kinds": list(told.kinds),
        "products": list(told.exempt_products),
        "segments": list(told.exempt_segments),
        "now": work.now,
        "before": work.now - timedelta(days=steps[-1].after_days),
    }


async def idle(work: Work, after: UUID, most: int = BATCH) -> list[Idle]:
    """The next accounts by id that a step is due for or was taken for."""
    told = work.settings(TradingSettings).dormancy
    cases, asked = _asked(work, told)
    rows = await work.table(
        text(_IDLE.format(steps=cases) + " and a.id > :after order by a.id limit :most"),
        {**asked, "after": after, "most": most},
    )
    return [
        Idle(
            row.id,
            row.client,
            int(row.login),
            row.kind == "live",
            row.state,
            Decimal(row.balance),
            row.dormant,
            row.last,
            row.due,
        )
        for row in rows
    ]


async def preview(work: Work) -> dict[str, int]:
    """How many accounts each step would reach now, beyond where they are already."""
    told = work.settings(TradingSettings).dormancy
    cases, asked = _asked(work, told)
    query = "select due, count(*) from ({idle}) i where coalesce(dormant, '') <> due group by due"
    rows = await work.table(text(query.format(idle=_IDLE.format(steps=cases))), asked)
    return {str(due): int(count) for due, count in rows}


async def sweep(open_work: OpenWork) -> None:
    """All that is due, a batch in a transaction; nothing where dormancy is off."""
    async with open_work() as work:
        told = work.settings(TradingSettings).dormancy
        if not told.on or not told.steps:
            return
        await woken(work)
    after: UUID | None = UUID(int=0)
    while after is not None:
        async with open_work() as work:
            found = await idle(work, after)
            for one in found:
                await take(work, told, one)
            after = found[-1].id if len(found) == BATCH else None


_WOKEN: Final = text(
    "update trading_account a set dormant = null, dormant_at = null where a.dormant is not null "
    "and a.state = 'active' and greatest(a.deals_at, (select max(t.asked_at) from transfer t "
    "where t.account = a.id and t.direction in ('to-account', 'to-wallet'))) > a.dormant_at"
)


async def woken(work: Work) -> None:
    """Accounts whose owner did something since the last step begin anew."""
    await work.run(_WOKEN)


async def take(work: Work, told: Dormancy, one: Idle) -> None:
    """The furthest step that is due, once; an account never skips from awake to archived."""
    due = _next(told, one)
    if due is None:
        return
    row = await work.lock(TradingAccount, one.id)
    if row.dormant != one.dormant or row.state != one.state:
        return
    done = await _STEPS[due.do](work, row, due, one)
    if done and due.do != row.dormant:
        row.dormant, row.dormant_at = due.do, work.now
        await _trail(work, row, due.do, one)


def _next(told: Dormancy, one: Idle) -> Step | None:
    """The step after the last one taken, if its days have passed; a fee again each month."""
    steps = list(told.steps)
    names: list[str] = [step.do for step in steps]
    reached = names.index(one.due)
    at = names.index(one.dormant) if one.dormant in names else -1
    if at < reached:
        return steps[at + 1]
    return steps[at] if at >= 0 and steps[at].do == "fee" else None


async def _trail(work: Work, row: TradingAccount, step: str, one: Idle) -> None:
    work.add(
        AccountRequest(
            id=work.new_id(),
            client=row.client,
            account=row.id,
            kind=Wish.DORMANT,
            state=RequestState.DONE,
            wants={"step": step, "since": f"{one.last:%Y-%m-%d}"},
            effect={},
            answer={},
            rule="dormancy",
            once=f"dormant:{step}:{one.last:%Y%m%d%H%M%S}",
            asked_by=None,
            asked_kind="rule",
            asked_at=work.now,
            done_at=work.now,
        )
    )
    work.subject = row.client
    await work.flush()


async def _notify(work: Work, row: TradingAccount, _step: Step, _one: Idle) -> bool:
    await notices.tell(
        work, row.client, TOLD, path=f"/accounts/{row.id}", login=str(row.login or "")
    )
    return True


async def _fee(work: Work, row: TradingAccount, step: Step, one: Idle) -> bool:
    """Once a month from the owner's wallet, as far as it is there; demo accounts cost nothing."""
    assert step.fee is not None  # noqa: S101 - settings refuse a fee without its amount
    if not one.live:
        return True
    operation = charging.operation("idle-account", f"{row.id}:{work.now:%Y-%m}")
    if await posting.found(work, operation) is not None:
        return False
    wallet = await wallets.available(work, row.client, row.currency)
    priced = await rates.table(work)
    if not priced.knows(step.fee.currency, row.currency):
        return True
    fee = min(
        priced.convert(step.fee.money, row.currency).rounded(), wallet, key=lambda m: m.amount
    )
    if fee.amount <= 0:
        return True
    await charging.charge(
        work,
        ledger.client_wallet(work, row.client, row.currency),
        fee,
        what="idle-account",
        subject=f"{row.id}:{work.now:%Y-%m}",
        ref=("trading-account", row.id),
        reason="idle account",
    )
    places = {"amount": str(fee), "login": str(row.login or "")}
    await notices.tell(work, row.client, CHARGED, path="/money", **places)
    return True


async def _disable(work: Work, row: TradingAccount, _step: Step, _one: Idle) -> bool:
    able = limiting.possible(work, row.server)
    to = Access.NO_TRADING if Access.NO_TRADING in able else Access.NO_LOGIN
    await limiting.limit(work, row, SOURCE, to, ASLEEP)
    return True


async def _archive(work: Work, row: TradingAccount, _step: Step, one: Idle) -> bool:
    if one.live and (row.balance or row.credit):
        return False
    once = f"dormant-archive:{one.last:%Y%m%d%H%M%S}"
    try:
        await write(work, row, Wish.ARCHIVE, {}, rules.yes("dormancy"), once=once)
    except Conflict:
        return False
    return True


_STEPS: Final = {"notify": _notify, "fee": _fee, "disable": _disable, "archive": _archive}


async def exempt(work: Work, account: UUID, until: datetime | None, why: str) -> TradingAccount:
    """Staff keep an account from sleeping until a day, or let the rule hold again; it is kept why."""
    work.require(Trading.EDIT)
    row = await work.lock(TradingAccount, account)
    await clients.seen(work, row.client)
    reason = said(why)
    if until is not None and not work.now < until < work.now + timedelta(days=3_650):
        raise Invalid("Choose a day that is still to come.", field="until")
    if row.state == AccountState.ARCHIVED:
        raise Conflict("This account cannot be changed now. Nothing was changed.")

    row.exempt_until = until
    work.add(
        AccountRequest(
            id=work.new_id(),
            client=row.client,
            account=row.id,
            kind=Wish.DORMANT,
            state=RequestState.DONE,
            wants={"step": "exempt", "until": f"{until:%Y-%m-%d}" if until else ""},
            effect={},
            answer={},
            note=reason,
            rule="override",
            asked_by=work.actor.id,
            asked_kind="staff",
            asked_at=work.now,
            done_at=work.now,
        )
    )
    work.subject = row.client
    work.announce("desk|accounts")
    return row

"""The fee for doing nothing: told before it begins, then once a month, never more than is there.

await sweep(open_work)          every hour: warnings that are due, and this month's fees
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text

from brokerage.fees import charging, rules
from brokerage.fees.quoting import SLICE
from brokerage.fees.rules import About, Fee
from brokerage.fees.settings import FeeLine, FeeSettings
from brokerage.ledger import accounts, posting, rates
from brokerage.ledger.posting import Posting
from brokerage.ledger.rates import Rates
from stoa.kernel.money import Money
from stoa.notices import notices
from stoa.tenancy import settings
from stoa.tenancy.door import OpenWork
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

BATCH: Final = 200
CHARGED: Final = N_("A fee for inactivity of {amount} was taken from your wallet")
WARNED: Final = N_(
    "From {day} on a fee for inactivity of {amount} a month applies: do anything and it does not"
)

_IDLE: Final = """
with idle as (
    select c.id, c.country, c.level, c.tags, greatest(c.registered_at, c.last_trade_at,
        c.last_deposit_at, c.last_withdrawal_at) as last
    from client c where c.closed_at is null
)
select i.id, i.country, i.level, i.tags, i.last, a.currency, b.balance
from idle i join ledger_account a on a.owner = i.id and a.kind = 'wallet'
join ledger_balance b on b.account = a.id and b.balance > 0
where i.last < :before and i.id in (
    select j.id from idle j where j.last < :before and {left} and exists (
        select from ledger_account x join ledger_balance y on y.account = x.id
        where x.owner = j.id and x.kind = 'wallet' and y.balance > 0)
    order by j.id limit :most
)
order by i.id, a.currency
"""
DUE: Final = text(
    _IDLE.format(
        left="j.id > :after and not exists (select from entry e where e.operation = "
        "'fee:inactivity:' || j.id || ':' || :month)"
    )
)
WARN: Final = text(
    _IDLE.format(
        left="j.id > :after and j.last > :since and not exists (select from notice n where n.person = j.id "
        "and n.title = :title and n.told_at > j.last)"
    )
)


@dataclass(frozen=True, slots=True)
class Idle:
    """A client who did nothing since `last`, and their wallets that are not empty."""

    client: UUID
    last: datetime
    about: Mapping[str, Any]
    wallets: Sequence[Money]


async def sweep(open_work: OpenWork) -> None:
    """Charge and warn in batches of 200 clients; each batch is one transaction."""
    for one in (_charge_some, _warn_some):
        after: UUID | None = UUID(int=0)
        while after is not None:
            async with open_work() as work:
                after = await one(work, after)


def _lines(work: Work) -> list[FeeLine]:
    return [one for one in work.settings(FeeSettings).lines if one.on == "inactivity"]


async def _idle(work: Work, query: Any, before: datetime, after: UUID, **more: Any) -> list[Idle]:
    rows = await work.table(query, {"before": before, "after": after, "most": BATCH, **more})
    found: dict[UUID, Idle] = {}
    for row in rows:
        about = {"country": row.country, "level": row.level, "segments": tuple(row.tags)}
        known = found.get(row.id)
        wallets = [*(known.wallets if known else ()), Money(Decimal(row.balance), row.currency)]
        found[row.id] = Idle(row.id, row.last, about, wallets)
    return list(found.values())


async def _charge_some(work: Work, after: UUID) -> UUID | None:
    """One batch; the id to go on after, or nothing when it was the last."""
    lines = _lines(work)
    if not lines:
        return None
    month = month_of(work)
    before = work.now - timedelta(days=min(one.after_days for one in lines))
    idle = await _idle(work, DUE, before, after, month=month)
    priced = await rates.table(work)
    version = await settings.version_of(work, SLICE)
    postings: list[tuple[UUID, Money, Posting]] = []
    for one in idle:
        fee = fee_of(lines, one, work.now, priced, version)
        if fee:
            postings.append((one.client, fee.money, _posting(work, one.client, fee, month)))
    await posting.post_many(work, [one[2] for one in postings], despite_freeze=True)
    for client, money, _ in postings:
        await notices.tell(work, client, CHARGED, path="/money", amount=str(money))
    return idle[-1].client if len(idle) == BATCH else None


def fee_of(
    lines: Sequence[FeeLine], idle: Idle, now: datetime, priced: Rates, version: int = 0
) -> Fee:
    """From the first wallet that bears it, else what the fullest has; in that wallet's currency."""
    best = Fee(Money.zero("USD"))
    worth = Decimal(0)
    for wallet in idle.wallets:
        line = rules.fitting(lines, About("inactivity", wallet.currency, **idle.about))
        if line is None or line.fixed is None or idle.last > now - timedelta(days=line.after_days):
            continue
        if not priced.knows(line.fixed.currency, wallet.currency):
            continue
        wanted = rules.amount(line, Money.zero(wallet.currency), priced.convert)
        taken = min(wanted, wallet, key=lambda one: one.amount)
        fee = Fee(taken, line=line.name, version=version, fixed=str(line.fixed.money))
        if taken == wanted:
            return fee
        share = taken.amount / wanted.amount
        if share > worth:
            best, worth = fee, share
    return best


def _posting(work: Work, client: UUID, fee: Fee, month: str) -> Posting:
    wallet = accounts.client_wallet(work, client, fee.money.currency)
    house = accounts.house(work, charging.INCOME, fee.money.currency)
    return Posting(
        operation=charging.operation("inactivity", f"{client}:{month}"),
        kind="fee",
        legs=posting.moving(wallet, house, fee.money),
        ref=("client", client),
        reason=f"{month} · {fee.reason}",
    )


async def _warn_some(work: Work, after: UUID) -> UUID | None:
    """Who will be charged within the warning's days and was not told since they last did anything."""
    rules_now, lines = work.settings(FeeSettings), _lines(work)
    if not lines or not rules_now.warn_days:
        return None
    line = min(lines, key=lambda one: one.after_days)
    before = work.now - timedelta(days=max(line.after_days - rules_now.warn_days, 1))
    since = work.now - timedelta(days=line.after_days)
    idle = await _idle(work, WARN, before, after, title=WARNED, since=since)
    for one in idle:
        wallet = one.wallets[0]
        mine = rules.fitting(lines, About("inactivity", wallet.currency, **one.about))
        begins = one.last + timedelta(days=mine.after_days) if mine is not None else None
        if mine is None or mine.fixed is None or begins is None or begins <= work.now:
            continue
        await notices.tell(
            work,
            one.client,
            WARNED,
            path="/money",
            day=f"{begins.date():%Y-%m-%d}",
            amount=str(mine.fixed.money),
        )
    return idle[-1].client if len(idle) == BATCH else None


def month_of(work: Work) -> str:
    zone = ZoneInfo(work.settings(TenantFacts).time_zone)
    return f"{work.now.astimezone(zone):%Y-%m}"

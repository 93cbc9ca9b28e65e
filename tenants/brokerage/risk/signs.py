"""Signs of one account that a dealer wants to know, each with what it was seen by.

Results, doubling, large orders, many trades, very short ones, and two accounts that trade in step.
One pass over the deals of the window; the thresholds decide in SQL what comes back.
"""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import aliased

from brokerage.risk import alerts, book
from brokerage.risk.alerts import Reading
from brokerage.risk.ground import Ground
from brokerage.risk.ground import read as ground_of
from brokerage.risk.settings import Signs
from brokerage.trading.model import Deal, EquityPoint, TradingAccount
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work

RULES: Final = (
    "sign:profit", "sign:doubled", "sign:order", "sign:pace", "sign:scalping", "sign:together",
)  # fmt: skip
_MOST: Final = 200
_TRADES: Final = ("buy", "sell")
_CLOSINGS: Final = ("out", "reversal", "out-by")
_FLOOR: Final = Decimal(50)
"""Equity below which multiplying is no news, in the account's currency."""
_OTHER: Final = aliased(Deal)


async def sweep(open_work: OpenWork) -> None:
    async with open_work() as work:
        await look(work)


async def look(work: Work) -> list[Reading]:
    """Everything that is over its threshold in the window that ends now."""
    ground = await ground_of(work)
    signs = ground.settings.signs
    readings = [
        *await _of_accounts(work, ground, signs),
        *await _orders(work, ground, signs),
        *await _together(work, signs),
    ]
    await alerts.take_in(work, RULES, readings)
    return readings


def _trading(ground: Ground, signs: Signs) -> Any:
    """What each live account did in the window."""
    since = ground.now - timedelta(hours=signs.window_h)
    pace_from = ground.now - timedelta(minutes=signs.trades_minutes)
    closing = Deal.entry.in_(_CLOSINGS)
    held = func.extract("epoch", Deal.at - Deal.opened_at)
    return (
        select(
            Deal.account,
            func.sum(Deal.profit + Deal.swap + Deal.commission).label("result"),
            func.count().filter(Deal.at >= pace_from).label("pace"),
            func.count().filter(closing, Deal.opened_at.is_not(None)).label("closed"),
            func.count().filter(closing, held < signs.scalp_s).label("scalps"),
            func.percentile_cont(0.5).within_group(held).filter(closing).label("median"),
        )
        .where(Deal.at >= since, Deal.kind.in_(_TRADES))
        .group_by(Deal.account)
        .subquery("trading")
    )


async def _of_accounts(work: Work, ground: Ground, signs: Signs) -> list[Reading]:
    t, done = TradingAccount, _trading(ground, signs)
    began = (
        select(EquityPoint.equity)
        .where(
            EquityPoint.account == t.id,
            EquityPoint.at <= ground.now - timedelta(hours=signs.window_h),
        )
        .order_by(EquityPoint.at.desc())
        .limit(1)
        .scalar_subquery()
    )
    own = done.c.result + t.floating
    house = own * book.rate_of(ground, t.currency)
    grown = own * 100 / func.nullif(began, 0)
    seen: list[ColumnElement[bool]] = []
    if signs.profit:
        seen.append(func.abs(house) > signs.profit)
    if signs.doubled_percent:
        seen.append(and_(began >= _FLOOR, grown > signs.doubled_percent))
    if signs.trades:
        seen.append(done.c.pace > signs.trades)
    if signs.scalps:
        seen.append(_scalping(done, signs))
    if not seen:
        return []
    rows = await work.table(
        select(
            t.id, t.client, t.login, t.currency, t.floating, own.label("own"),
            house.label("house"), grown.label("grown"), began.label("began"), done.c.pace,
            done.c.closed, done.c.scalps, done.c.median,
        )
        .join(done, done.c.account == t.id)
        .where(t.kind == book.LIVE, or_(*seen))
        .order_by(func.abs(own).desc(), t.id)
        .limit(_MOST)
    )  # fmt: skip
    return [one for row in rows for one in _readings(row, signs)]


def _scalping(done: Any, signs: Signs) -> ColumnElement[bool]:
    return and_(
        done.c.scalps > signs.scalps, done.c.scalps * 100 >= done.c.closed * signs.scalp_percent
    )


def _readings(row: Any, signs: Signs) -> list[Reading]:
    said = {"result": f"{row.own:.2f} {row.currency}", "floating": f"{row.floating:.2f}"}
    found: list[Reading] = []
    if signs.profit and row.house is not None and abs(row.house) > signs.profit:
        found.append(_one(row, "sign:profit", "profit", row.house, signs.profit, signs, said))
    bound = Decimal(signs.doubled_percent)
    if bound and row.grown is not None and row.began >= _FLOOR and row.grown > bound:
        began = {"began": f"{row.began:.2f} {row.currency}"}
        found.append(_one(row, "sign:doubled", "percent", row.grown, bound, signs, said | began))
    if signs.trades and row.pace > signs.trades:
        within = {"minutes": str(signs.trades_minutes)}
        found.append(
            _one(row, "sign:pace", "trades", row.pace, Decimal(signs.trades), signs, within)
        )
    share = row.scalps * 100 >= row.closed * signs.scalp_percent
    if signs.scalps and row.scalps > signs.scalps and share:
        held = {
            "closed": str(row.closed),
            "under_s": str(signs.scalp_s),
            "median_s": f"{float(row.median or 0):.0f}",
        }
        found.append(
            _one(row, "sign:scalping", "scalps", row.scalps, Decimal(signs.scalps), signs, held)
        )
    return found


def _one(
    row: Any,
    rule: str,
    measure: str,
    value: Any,
    bound: Decimal,
    signs: Signs,
    said: dict[str, str],
) -> Reading:
    return Reading(
        rule=rule,
        scope="account",
        about=str(row.id),
        name=str(row.login),
        client=row.client,
        account=row.id,
        measure=measure,
        value=Decimal(value).quantize(Decimal("0.01")),
        bound=bound,
        level="notice" if rule == "sign:pace" else "warning",
        escalate_minutes=signs.escalate_minutes,
        evidence=said | {"window_h": str(signs.window_h)},
    )


async def _orders(work: Work, ground: Ground, signs: Signs) -> list[Reading]:
    """Opening deals of the window whose value is over the bound, each by itself."""
    if not signs.large_notional:
        return []
    priced = book.priced(ground)
    value = Deal.lots * Deal.contract_size * Deal.price * priced.c.rate
    rows = await work.table(
        select(
            Deal.id, Deal.server, Deal.number, Deal.login, Deal.client, Deal.account, Deal.symbol,
            Deal.kind, Deal.lots, Deal.price, Deal.at, value.label("value"),
        )
        .join(priced, and_(priced.c.server == Deal.server, priced.c.raw == Deal.symbol))
        .join(TradingAccount, TradingAccount.id == Deal.account)
        .where(
            Deal.at >= ground.now - timedelta(hours=signs.window_h),
            Deal.kind.in_(_TRADES),
            Deal.entry.in_(("in", "reversal")),
            TradingAccount.kind == book.LIVE,
            value > signs.large_notional,
        )
        .order_by(value.desc(), Deal.id)
        .limit(_MOST)
    )  # fmt: skip
    return [
        Reading(
            rule="sign:order",
            scope="deal",
            about=f"{row.server}:{row.number}",
            name=str(row.login),
            client=row.client,
            account=row.account,
            measure="notional",
            value=Decimal(row.value).quantize(Decimal("0.01")),
            bound=signs.large_notional,
            level="notice",
            escalate_minutes=signs.escalate_minutes,
            evidence={
                "deal": f"#{row.number}",
                "trade": f"{row.kind} {row.lots.normalize():f} {row.symbol} @ {row.price.normalize():f}",
                "deal_at": row.at.isoformat(),
            },
        )
        for row in rows
    ]


async def _together(work: Work, signs: Signs) -> list[Reading]:
    """Pairs of accounts of two clients that open the same within moments, again and again."""
    if not signs.together:
        return []
    since = work.now - timedelta(hours=signs.window_h)
    apart = timedelta(seconds=signs.together_s)
    rows = await work.table(
        select(
            Deal.account,
            Deal.client,
            Deal.login,
            _OTHER.account.label("other"),
            func.min(_OTHER.login).label("other_login"),
            func.count().label("times"),
            func.array_agg(Deal.symbol.distinct()).label("symbols"),
        )
        .join(
            _OTHER,
            and_(
                _OTHER.at >= Deal.at - apart,
                _OTHER.at <= Deal.at + apart,
                _OTHER.symbol == Deal.symbol,
                _OTHER.kind == Deal.kind,
                _OTHER.entry == "in",
                _OTHER.client != Deal.client,
                _OTHER.account > Deal.account,
            ),
        )
        .where(Deal.at >= since, Deal.entry == "in", Deal.kind.in_(_TRADES))
        .group_by(Deal.account, Deal.client, Deal.login, _OTHER.account)
        .having(func.count() > signs.together)
        .order_by(func.count().desc(), Deal.account)
        .limit(_MOST)
    )
    following = await _following(work, [row.account for row in rows])
    return [
        _pair(row, signs)
        for row in rows
        # Who copies openly trades in step with whom they copy, and is no news.
        if not _linked(following, row.account, row.other)
    ]


async def _following(work: Work, accounts: Sequence[UUID]) -> dict[UUID, UUID]:
    if not accounts:
        return {}
    rows = await work.table(
        select(TradingAccount.id, TradingAccount.follows)
        .where(TradingAccount.follows.is_not(None))
        .limit(50_000)
    )
    return {row.id: row.follows for row in rows}


def _linked(following: dict[UUID, UUID], one: UUID, other: UUID) -> bool:
    first, second = following.get(one), following.get(other)
    return first == other or second == one or (first is not None and first == second)


def _pair(row: Any, signs: Signs) -> Reading:
    return Reading(
        rule="sign:together",
        scope="accounts",
        about=f"{row.account}+{row.other}",
        name=f"{row.login} + {row.other_login}",
        client=row.client,
        account=row.account,
        measure="together",
        value=Decimal(row.times),
        bound=Decimal(signs.together),
        level="notice",
        escalate_minutes=signs.escalate_minutes,
        evidence={
            "other": str(row.other_login),
            "within_s": str(signs.together_s),
            "symbols": ", ".join(sorted(row.symbols)[:10]),
        },
    )

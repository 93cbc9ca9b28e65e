"""What the positions of a drop copy are worth now: it tells no prices, so those of other servers count.

A position is marked by the freshest price that any other server of the tenant told of its symbol. What
nobody prices keeps the price of its last fill and the time of that, so that its age is seen.
"""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import select, text

from brokerage.ledger import rates
from brokerage.trading.model import OpenPosition, TradingAccount, TradingServer
from brokerage.trading.settings import TradingSettings
from brokerage.trading.symbols import Symbols, canonical
from stoa.kernel.money import EXACT, Money
from stoa.tenancy.work import Work

FRESH: Final = timedelta(seconds=60)
_POSITIONS: Final = text(
    "update open_position p set price_now = x.price, profit = x.profit, told_at = :now "
    "from unnest(cast(:numbers as bigint[]), cast(:prices as numeric[]), "
    "cast(:profits as numeric[])) as x(number, price, profit) "
    "where p.server = :server and p.number = x.number"
)
_ACCOUNTS: Final = text(
    "update trading_account a set told_at = :now, floating = x.floating, "
    "equity = a.balance + x.floating from ("
    "select t.id, coalesce(sum(p.profit + p.swap), 0) as floating from trading_account t "
    "left join open_position p on p.account = t.id "
    "where t.server = :server and t.server_account is not null "
    "and t.state in ('active', 'restricted') group by 1) x where a.id = x.id"
)


async def mark(work: Work, server: str) -> None:
    """The session is alive: what its accounts were last told is still so, at the prices of now."""
    rows = await work.table(
        select(OpenPosition, TradingAccount.currency)
        .join(TradingAccount, TradingAccount.id == OpenPosition.account)
        .where(OpenPosition.server == server)
        .order_by(OpenPosition.number)
    )
    if rows:
        marked = await _marked(work, server, rows)
        if marked:
            numbers, prices, profits = zip(*marked, strict=True)
            given = {"numbers": numbers, "prices": prices, "profits": profits}
            await work.run(
                _POSITIONS,
                {name: list(values) for name, values in given.items()}
                | {"server": server, "now": work.now},
            )
            work.announce("risk|exposure")
    await work.run(_ACCOUNTS, {"server": server, "now": work.now})


async def _marked(
    work: Work, server: str, rows: Sequence[Any]
) -> list[tuple[int, Decimal, Decimal]]:
    symbols = work.settings(TradingSettings).symbols
    told = await work.rows(select(TradingServer).limit(100))
    ticks = _ticks(symbols, [one for one in told if one.code != server], work)
    own = next((one.symbols for one in told if one.code == server), [])
    quoted = {str(one["symbol"]): str(one["profit"]) for one in own}
    priced = await rates.table(work)
    found: list[tuple[int, Decimal, Decimal]] = []
    for row in rows:
        held, currency = row.OpenPosition, row.currency
        tick, quote = ticks.get(held.symbol), quoted.get(held.symbol, "")
        if tick is None or not (quote == currency or priced.knows(quote, currency)):
            continue
        buy = held.side == "buy"
        price = Decimal(str(tick["bid" if buy else "ask"]))
        moved = EXACT.subtract(price, held.price_open) * (1 if buy else -1)
        gain = EXACT.multiply(EXACT.multiply(moved, held.lots), held.contract_size)
        rate = Decimal(1) if quote == currency else priced.rate(quote, currency)
        found.append(
            (held.number, price, Money(EXACT.multiply(gain, rate), currency).rounded().amount)
        )
    return found


def _ticks(
    symbols: Symbols, servers: Sequence[TradingServer], work: Work
) -> dict[str, dict[str, Any]]:
    """By the one name of each symbol; the freshest server's price stays."""
    found: dict[str, dict[str, Any]] = {}
    fresh = [one for one in servers if one.prices_at and work.now - one.prices_at < FRESH]
    for one in sorted(fresh, key=lambda each: (each.prices_at, each.code)):
        found |= {canonical(symbols, name).symbol: tick for name, tick in one.prices.items()}
    return found

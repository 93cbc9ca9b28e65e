"""Open and closed positions as comma separated rows. Money in minor units, volume in units."""

from collections.abc import Iterable

from sandbox.ctrader.clock import written
from sandbox.ctrader.entities import currency_of
from sandbox.ctrader.plant import Plant
from sandbox.trading.amounts import LOT, share, to_text
from sandbox.trading.book import Account
from sandbox.trading.records import Action, Deal, Entry, Position
from sandbox.trading.symbols import SYMBOLS, Symbol

OPEN = (
    "login,positionId,openTimestamp,entryPrice,direction,volume,symbol,commission,swap,bookType,"
    "stake,spreadBetting,usedMargin"
)
CLOSED = (
    "login,positionId,openTimestamp,closeTimestamp,closePrice,direction,volume,symbol,commission,"
    "swap,pnl,depositConversionRate,usdConversionRate,bookType,stake,spreadBetting,entryPrice,dealId"
)


def units(symbol: Symbol, volume: int) -> str:
    return to_text(volume * symbol.contract * 100 // LOT, 2)


def open_positions(plant: Plant, accounts: Iterable[Account]) -> str:
    rows = [
        _open(plant, account, row) for account in accounts for row in account.positions.values()
    ]
    return "\n".join([OPEN, *rows]) + "\n"


def closed_positions(plant: Plant, accounts: Iterable[Account], first: int, last: int) -> str:
    """Closing deals of a window, its end not included; told once more where that is ordered."""
    rows = [
        _closed(plant, account, deal)
        for account in accounts
        for deal in account.between(first, last - 1)
        if deal.trade and deal.entry != Entry.IN and not plant.faults.hidden(deal.deal)
    ]
    if rows and plant.faults.fires("duplicate_deals"):
        rows.append(rows[plant.faults.pick(len(rows))])
    return "\n".join([CLOSED, *rows]) + "\n"


def _open(plant: Plant, account: Account, row: Position) -> str:
    symbol = SYMBOLS[row.symbol]
    return ",".join(
        (
            str(account.login),
            str(row.position),
            written(row.created),
            to_text(share(row.cost, row.volume), symbol.digits),
            "SELL" if row.action == Action.SELL else "BUY",
            units(symbol, row.volume),
            row.symbol,
            str(plant.realised(account).unpaid.get(row.position, 0)),
            str(row.storage),
            "BOOK_B",
            "0",
            "false",
            str(share(row.margin, max(1, account.user.leverage))),
        )
    )


def _closed(plant: Plant, account: Account, deal: Deal) -> str:
    symbol = SYMBOLS[deal.symbol]
    opened = next((one.time for one in account.deals if one.position == deal.position), deal.time)
    to_usd = plant.market.rate(currency_of(plant, account), "USD", deal.time)
    return ",".join(
        (
            str(account.login),
            str(deal.position),
            written(opened),
            written(deal.time),
            to_text(deal.price, symbol.digits),
            # The direction of the position, which its closing deal turns round.
            "BUY" if deal.action == Action.SELL else "SELL",
            units(symbol, deal.closed),
            deal.symbol,
            str(plant.realised(account).commission[deal.deal]),
            str(deal.storage),
            str(deal.profit),
            to_text(deal.rate_profit, 8),
            to_text(to_usd, 8),
            "BOOK_B",
            "0",
            "false",
            to_text(deal.opened, symbol.digits),
            str(deal.deal),
        )
    )

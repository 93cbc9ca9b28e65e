"""Groups, symbols, prices and the server itself under the platform's JSON names."""

import datetime as dt
from typing import Any

from sandbox.trading.amounts import LOT, to_minor, to_text
from sandbox.trading.book import Book
from sandbox.trading.clock import Zone
from sandbox.trading.config import Config, Group
from sandbox.trading.market import Quote
from sandbox.trading.stats import Day
from sandbox.trading.symbols import Symbol, digits_of

Json = dict[str, Any]
_RATES = "Buy Sell BuyLimit SellLimit BuyStop SellStop BuyStopLimit SellStopLimit".split()
_AS_SYMBOL = (
    "TradeMode ExecMode FillFlags ExpirFlags OrderFlags SpreadDiff SpreadDiffBalance StopsLevel "
    "FreezeLevel VolumeMin VolumeMinExt VolumeMax VolumeMaxExt VolumeStep VolumeStepExt "
    "VolumeLimit VolumeLimitExt MarginFlags MarginInitial MarginMaintenance MarginLiquidity "
    "MarginHedged MarginCurrency SwapMode SwapLong SwapShort Swap3Day REFlags RETimeout IEFlags "
    "IECheckMode IETimeout IESlipProfit IESlipLosing IEVolumeMax IEVolumeMaxExt"
).split()
"""What a group may set otherwise than the symbol does; here it does so for few of them."""

_UNUSED = (
    "TickChartMode FilterSoft FilterSoftTicks FilterHard FilterHardTicks FilterDiscard "
    "FilterSpreadMax FilterSpreadMin FilterGap FilterGapTicks REFlags RETimeout IECheckMode "
    "IETimeout IESlipProfit IESlipLosing IEVolumeMax IEVolumeMaxExt SpliceType SpliceTimeType "
    "SpliceTimeDays"
).split()
"""What clients read of a symbol and this market has no use for."""

_RETAIL_NETTING, _RETAIL_HEDGING = "0", "2"
_SWAP_BY_POINTS, _SWAP_OFF = "1", "0"
_DAY_MINUTES = "1440"


def group(row: Group) -> Json:
    return {
        "Group": row.name,
        "Server": "1",
        "PermissionsFlags": "2",
        "AuthMode": "0",
        "AuthOTPMode": "0",
        "AuthPasswordMin": str(row.password_min),
        "Company": row.company,
        "CompanyPage": "",
        "CompanyEmail": "",
        "CompanySupportPage": "",
        "CompanySupportEmail": "",
        "CompanyCatalog": "",
        "Currency": row.currency,
        "CurrencyDigits": str(row.digits),
        "ReportsMode": "0",
        "ReportsFlags": "0",
        "ReportsSMTP": "",
        "ReportsSMTPLogin": "",
        "ReportsSMTPPass": "",
        "NewsMode": "2",
        "NewsCategory": "",
        "NewsLangs": [],
        "MailMode": "1",
        "TradeFlags": "95",
        "TradeTransferMode": "0",
        "TradeInterestrate": "0.00",
        "TradeVirtualCredit": "0.00",
        "MarginFreeMode": "1",
        "MarginSOMode": "0",
        "MarginMode": _RETAIL_NETTING if row.netting else _RETAIL_HEDGING,
        "MarginCall": to_text(row.margin_call * 100, 2),
        "MarginStopOut": to_text(row.stop_out * 100, 2),
        "MarginFreeProfitMode": "0",
        "MarginFlags": "0",
        "MarginMaxLeverage": str(row.leverage_max),
        "DemoLeverage": str(row.leverage),
        "DemoDeposit": "0.00",
        "LimitHistory": "0",
        "LimitOrders": "200",
        "LimitSymbols": "0",
        "LimitPositions": "0",
        "Commissions": [_commission(row)] if to_minor(row.commission, row.digits) else [],
        "Symbols": [
            {**dict.fromkeys(_AS_SYMBOL, "default"), "Path": row.symbols, **_spread(row)},
        ],
    }


def _spread(row: Group) -> Json:
    return {"SpreadDiff": str(row.markup), "SwapMode": "0" if row.swap_free else "default"}


def _commission(row: Group) -> Json:
    return {
        "Name": "Commission",
        "Description": "",
        "Path": "Forex*,Metals*",
        "Mode": "0",
        "RangeMode": "0",
        "ChargeMode": "2",
        "TurnoverCurrency": "",
        "EntryMode": "0",
        "Tiers": [
            {
                "Mode": "0",
                "Type": "1",
                "Value": row.commission,
                "Minimal": "0.00",
                "RangeFrom": "0.00",
                "RangeTo": "0.00",
                "Currency": row.currency,
            }
        ],
    }


def symbol(row: Symbol, at_group: Group | None = None) -> Json:
    """An instrument, with the markup and the swap rule of a group when one is named."""
    swaps = at_group is None or not at_group.swap_free
    rate = to_text(row.margin_bp, 4) + "0000"
    session = [{"Open": "0", "Close": _DAY_MINUTES}]
    week = [session if row.weekend or 0 < day < 6 else [] for day in range(7)]
    hedged = row.contract // 2
    return {
        "Symbol": row.name,
        "Path": row.path,
        "ISIN": "",
        "Description": row.text,
        "International": "",
        "Basis": "",
        "Source": "",
        "Page": "",
        "CurrencyBase": row.base,
        "CurrencyBaseDigits": str(digits_of(row.base)),
        "CurrencyProfit": row.profit,
        "CurrencyProfitDigits": str(digits_of(row.profit)),
        "CurrencyMargin": row.margin_currency,
        "CurrencyMarginDigits": str(digits_of(row.margin_currency)),
        "Color": "4278190080",
        "ColorBackground": "4278190080",
        "Digits": str(row.digits),
        "Point": f"{10**-row.digits:.8f}",
        "Multiply": f"{10**row.digits}.00000000",
        "TickFlags": "1",
        "TickBookDepth": "0",
        "TradeMode": "4",
        "TradeFlags": "2",
        "CalcMode": str(int(row.calc)),
        "ExecMode": "2",
        "GTCMode": "0",
        "FillFlags": "3",
        "ExpirFlags": "15",
        "OrderFlags": "127",
        "Spread": "0",
        "SpreadBalance": "0",
        "SpreadDiff": str(at_group.markup if at_group else 0),
        "SpreadDiffBalance": "0",
        "TickValue": to_text(0, 5),
        "TickSize": to_text(0, 5),
        "ContractSize": to_text(row.contract * 10**8, 8),
        "StopsLevel": "0",
        "FreezeLevel": "0",
        "QuotesTimeout": "0",
        "VolumeMin": str(row.volume_min),
        "VolumeMinExt": str(row.volume_min * LOT),
        "VolumeMax": str(row.volume_max),
        "VolumeMaxExt": str(row.volume_max * LOT),
        "VolumeStep": str(row.volume_step),
        "VolumeStepExt": str(row.volume_step * LOT),
        "VolumeLimit": "0",
        "VolumeLimitExt": "0",
        "MarginFlags": "0",
        "MarginInitial": to_text(0, 8),
        "MarginMaintenance": to_text(0, 8),
        **{f"MarginInitial{name}": rate for name in _RATES},
        **{f"MarginMaintenance{name}": rate for name in _RATES},
        "MarginLiquidity": to_text(0, 8),
        "MarginHedged": to_text(hedged * 10**8, 8),
        "MarginCurrency": to_text(0, 8),
        "SwapMode": _SWAP_BY_POINTS if swaps else _SWAP_OFF,
        "SwapLong": to_text(row.swap_long * 10**7 if swaps else 0, 8),
        "SwapShort": to_text(row.swap_short * 10**7 if swaps else 0, 8),
        "Swap3Day": "7" if row.weekend else str(row.triple_night),
        "TimeStart": "0",
        "TimeExpiration": "0",
        "SessionsQuotes": week,
        "SessionsTrades": week,
        "PriceSettle": to_text(0, 8),
        "PriceLimitMax": to_text(0, 8),
        "PriceLimitMin": to_text(0, 8),
        "PriceStrike": to_text(0, 8),
        "OptionsMode": "0",
        **dict.fromkeys(_UNUSED, "0"),
        "FaceValue": to_text(0, 8),
        "AccruedInterest": to_text(0, 8),
    }


def tick(row: Symbol, quote: Quote, zone: Zone) -> Json:
    return {
        "Symbol": row.name,
        "Digits": str(row.digits),
        "Datetime": str(zone.seconds(quote.at)),
        "DatetimeMsc": str(zone.msc(quote.at)),
        "Bid": to_text(quote.bid, row.digits),
        "Ask": to_text(quote.ask, row.digits),
        "Last": to_text(0, row.digits),
        "Volume": "0",
        "VolumeReal": "0.00",
    }


def tick_stat(row: Symbol, day: Day, zone: Zone) -> Json:
    """A symbol's day: as the platform tells it, with what this market does not have as zero."""
    places = row.digits
    direction = {1: "1", -1: "2"}.get(day.rising, "0")
    change = (day.last.bid - day.opened) * 10_000 // max(1, day.opened)
    nothing = dict.fromkeys(
        (
            "LastDir Volume VolumeReal VolumeLow VolumeLowReal VolumeHigh VolumeHighReal "
            "VolumeDir TradeDeals TradeVolume TradeVolumeReal TradeTurnover TradeInterest "
            "TradeBuyOrders TradeBuyVolume TradeBuyVolumeReal TradeSellOrders TradeSellVolume "
            "TradeSellVolumeReal"
        ).split(),
        "0",
    )
    return {
        "Symbol": row.name,
        "Digits": str(places),
        "Datetime": str(zone.seconds(day.last.at)),
        "DatetimeMsc": str(zone.msc(day.last.at)),
        "Bid": to_text(day.last.bid, places),
        "BidLow": to_text(day.bid_low, places),
        "BidHigh": to_text(day.bid_high, places),
        "BidDir": direction,
        "Ask": to_text(day.last.ask, places),
        "AskLow": to_text(day.ask_low, places),
        "AskHigh": to_text(day.ask_high, places),
        "AskDir": direction,
        "Last": to_text(0, places),
        "LastLow": to_text(0, places),
        "LastHigh": to_text(0, places),
        **nothing,
        "PriceOpen": to_text(day.opened, places),
        "PriceClose": to_text(day.opened, places),
        "PriceChange": to_text(change, 2),
        "PriceVolatility": to_text(0, 2),
        "PriceTheoretical": to_text(0, places),
    }


def time(config: Config) -> Json:
    hours = ["1"] * 24
    return {
        "Daylight": "0",
        "DaylightState": "0",
        "TimeZone": str(config.time_zone_min),
        "TimeServer": "",
        "Days": [hours] * 7,
    }


def server_time(zone: Zone, at: int) -> str:
    """``1315489916 2011.09.08 13:51:56``: server-local seconds, and the same in words."""
    seconds = zone.seconds(at)
    moment = dt.datetime.fromtimestamp(seconds, dt.UTC)
    return f"{seconds} {moment:%Y.%m.%d %H:%M:%S}"


def common(config: Config, book: Book, at: int) -> Json:
    accounts = book.accounts.values()
    waiting = sum(len(each.orders) for each in accounts)
    return {
        "Name": config.name,
        "NameFull": config.name,
        "Owner": config.company,
        "OwnerID": config.company,
        "OwnerHost": "localhost",
        "OwnerEmail": "",
        "Product": "MetaTrader 5 compatible sandbox",
        "ExpirationLicense": str(at // 1000 + 31_536_000),
        "ExpirationSupport": str(at // 1000 + 31_536_000),
        "LimitTradeServers": "1",
        "LimitWebServers": "1",
        "LimitAccounts": "0",
        "LimitDeals": "0",
        "LimitSymbols": "0",
        "LimitGroups": "0",
        "LiveUpdateMode": "0",
        "TotalUsers": str(len(book.accounts)),
        "TotalUsersReal": str(sum(not _demo(each.user.group) for each in accounts)),
        "TotalDeals": str(len(book.deals)),
        "TotalOrders": str(waiting),
        "TotalOrdersHistory": str(book.ordered),
        "TotalPositions": str(sum(len(each.positions) for each in accounts)),
        "AccountURL": "",
        "AccountAuto": "0",
    }


def _demo(name: str) -> bool:
    return name.lower().startswith("demo\\")

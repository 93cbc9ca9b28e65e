"""Users, accounts, deals, positions and orders under the platform's JSON names, all as strings."""

from sandbox.trading.amounts import LOT, RATE, share, to_text
from sandbox.trading.book import Account
from sandbox.trading.clock import Zone
from sandbox.trading.config import Group
from sandbox.trading.floor import Floor
from sandbox.trading.records import Deal, Order, Position
from sandbox.trading.symbols import SYMBOLS, Symbol
from sandbox.trading.valuation import position_profit, worth

Json = dict[str, str]
_NOTHING = "0"


def user(floor: Floor, account: Account, at: int) -> Json:
    """A client's record as the wire tells it; passwords are never told."""
    row, digits, zone = account.user, floor.group(account).digits, floor.zone
    before = [_at_start(account, start, digits) for start in _starts(zone, at)]
    return {
        "Login": str(row.login),
        "Group": row.group,
        "CertSerialNumber": _NOTHING,
        "Rights": str(row.rights),
        "MQID": row.mqid,
        "Registration": str(zone.seconds(row.registered)),
        "LastAccess": str(zone.seconds(account.last_access or row.registered)),
        "LastPassChange": str(zone.seconds(row.password_changed)),
        "LastIP": account.last_address or "0.0.0.0",  # noqa: S104
        "Name": row.name,
        "Company": row.company,
        "Account": row.account,
        "Country": row.country,
        "Language": str(row.language),
        "ClientID": str(row.client),
        "City": row.city,
        "State": row.state,
        "ZipCode": row.zip_code,
        "Address": row.address,
        "Phone": row.phone,
        "Email": row.email,
        "ID": row.identity,
        "Status": row.status,
        "Comment": row.comment,
        "Color": str(row.color),
        "PhonePassword": row.phone_password,
        "Leverage": str(row.leverage),
        "Agent": str(row.agent),
        "Balance": to_text(account.balance, digits),
        "Credit": to_text(account.credit, digits),
        "InterestRate": to_text(0, digits),
        "CommissionDaily": to_text(0, digits),
        "CommissionMonthly": to_text(0, digits),
        "BalancePrevDay": before[0],
        "BalancePrevMonth": before[1],
        "EquityPrevDay": before[0],
        "EquityPrevMonth": before[1],
        "TradeAccounts": row.trade_accounts,
        "LeadCampaign": row.lead_campaign,
        "LeadSource": row.lead_source,
    }


def _starts(zone: Zone, at: int) -> tuple[int, int]:
    """When the server's day and its month began (a month is told by its thirty days)."""
    today = zone.day(at)
    return zone.midnight(today), zone.midnight(today - 30)


def _at_start(account: Account, start: int, digits: int) -> str:
    """The balance as it was at a moment: what it is, less what came since."""
    since = 0
    for deal in reversed(account.deals):
        if deal.time < start:
            break
        since += deal.money if deal.action != 3 else 0
    return to_text(account.balance - since, digits)


def account(floor: Floor, account: Account, at: int) -> Json:
    """The margin state of a login."""
    state, digits = worth(floor, account, at), floor.group(account).digits
    stop = account.stop
    return {
        "Login": str(account.login),
        "CurrencyDigits": str(digits),
        "Balance": to_text(state.balance, digits),
        "Credit": to_text(state.credit, digits),
        "Margin": to_text(state.margin, digits),
        "MarginFree": to_text(state.free, digits),
        "MarginLevel": to_text(state.level, 2),
        "MarginLeverage": str(account.user.leverage),
        "Profit": to_text(state.profit, digits),
        "Storage": to_text(state.storage, digits),
        "Commission": to_text(0, digits),
        "Floating": to_text(state.floating, digits),
        "Equity": to_text(state.equity, digits),
        "SOActivation": str(stop.activation if stop else 0),
        "SOTime": str(floor.zone.seconds(stop.time) if stop else 0),
        "SOLevel": to_text(stop.level if stop else 0, 2),
        "SOEquity": to_text(stop.equity if stop else 0, digits),
        "SOMargin": to_text(stop.margin if stop else 0, digits),
        "Assets": to_text(0, digits),
        "Liabilities": to_text(0, digits),
        "BlockedCommission": to_text(0, digits),
        "BlockedProfit": to_text(0, digits),
        "MarginInitial": to_text(state.margin, digits),
        "MarginMaintenance": to_text(state.margin, digits),
    }


def deal(floor: Floor, group: Group, row: Deal) -> Json:
    symbol = SYMBOLS.get(row.symbol)
    money, zone = group.digits, floor.zone
    places = symbol.digits if symbol else 0
    raw = money if symbol is None else _digits(symbol)
    return {
        "Deal": str(row.deal),
        "ExternalID": "",
        "Login": str(row.login),
        "Dealer": str(row.dealer),
        "Order": str(row.order),
        "Action": str(int(row.action)),
        "Entry": str(int(row.entry)),
        "Reason": str(int(row.reason)),
        "Digits": str(places),
        "DigitsCurrency": str(money),
        "ContractSize": to_text(symbol.contract * 100 if symbol else 0, 2),
        "Time": str(zone.seconds(row.time)),
        "TimeMsc": str(zone.msc(row.time)),
        "Symbol": row.symbol,
        "Price": to_text(row.price, places),
        "Volume": str(row.volume),
        "VolumeExt": str(row.volume * LOT),
        "Profit": to_text(row.profit, money),
        "Storage": to_text(row.storage, money),
        "Commission": to_text(row.commission, money),
        "Fee": to_text(0, money),
        "RateProfit": to_text(row.rate_profit, 8),
        "RateMargin": to_text(row.rate_margin, 8),
        "ExpertID": str(row.expert),
        "PositionID": str(row.position),
        "Comment": row.comment,
        "ProfitRaw": to_text(row.raw if row.trade else row.profit, raw if row.trade else money),
        "PricePosition": to_text(row.opened, places),
        "PriceSL": to_text(row.sl, places),
        "PriceTP": to_text(row.tp, places),
        "VolumeClosed": str(row.closed),
        "VolumeClosedExt": str(row.closed * LOT),
        "TickValue": to_text(0, 5),
        "TickSize": to_text(0, 5),
        "Flags": _NOTHING,
        "Gateway": "",
        "PriceGateway": to_text(0, places),
        "ModifyFlags": _NOTHING,
        "Value": to_text(_value(symbol, row), 2),
    }


def _digits(symbol: Symbol) -> int:
    return 0 if symbol.profit == "JPY" else 2


def _value(symbol: Symbol | None, row: Deal) -> int:
    """What was traded, in hundredths of the profit currency."""
    if symbol is None:
        return 0
    return share(row.volume * symbol.contract * row.price * 100, LOT * 10**symbol.digits)


def position(floor: Floor, account: Account, row: Position, at: int) -> Json:
    symbol, group, zone = SYMBOLS[row.symbol], floor.group(account), floor.zone
    rate = floor.market.rate(symbol.profit, group.currency, at)
    return {
        "Position": str(row.position),
        "ExternalID": "",
        "Login": str(row.login),
        "Dealer": str(row.dealer),
        "Symbol": row.symbol,
        "Action": str(int(row.action)),
        "Digits": str(symbol.digits),
        "DigitsCurrency": str(group.digits),
        "Reason": str(int(row.reason)),
        "ContractSize": to_text(symbol.contract * 100, 2),
        "TimeCreate": str(zone.seconds(row.created)),
        "TimeUpdate": str(zone.seconds(row.updated)),
        "TimeCreateMsc": str(zone.msc(row.created)),
        "TimeUpdateMsc": str(zone.msc(row.updated)),
        "ModifyFlags": _NOTHING,
        "PriceOpen": to_text(share(row.cost, row.volume), symbol.digits),
        "PriceCurrent": to_text(floor.closing_price(account, row, at), symbol.digits),
        "PriceSL": to_text(row.sl, symbol.digits),
        "PriceTP": to_text(row.tp, symbol.digits),
        "Volume": str(row.volume),
        "VolumeExt": str(row.volume * LOT),
        "Profit": to_text(position_profit(floor, account, row, at), group.digits),
        "Storage": to_text(row.storage, group.digits),
        "RateProfit": to_text(rate or RATE, 8),
        "RateMargin": to_text(row.rate_margin, 8),
        "ExpertID": str(row.expert),
        "ExpertPositionID": _NOTHING,
        "Comment": row.comment,
        "ActivationMode": _NOTHING,
        "ActivationTime": _NOTHING,
        "ActivationPrice": to_text(0, symbol.digits),
        "ActivationFlags": _NOTHING,
    }


def order(floor: Floor, account: Account, row: Order, at: int) -> Json:
    symbol, group, zone = SYMBOLS[row.symbol], floor.group(account), floor.zone
    quote = floor.quote(account, symbol, row.done or at)
    left = row.volume if row.state != 4 else 0
    return {
        "Order": str(row.order),
        "ExternalID": "",
        "Login": str(row.login),
        "Dealer": _NOTHING,
        "Symbol": row.symbol,
        "Digits": str(symbol.digits),
        "DigitsCurrency": str(group.digits),
        "ContractSize": to_text(symbol.contract * 100, 2),
        "State": str(int(row.state)),
        "Reason": str(int(row.reason)),
        "TimeSetup": str(zone.seconds(row.setup)),
        "TimeExpiration": str(zone.seconds(row.expires)),
        "TimeDone": str(zone.seconds(row.done)),
        "TimeSetupMsc": str(zone.msc(row.setup)),
        "TimeDoneMsc": str(zone.msc(row.done)),
        "ModifyFlags": _NOTHING,
        "Type": str(int(row.kind)),
        "TypeFill": _NOTHING,
        "TypeTime": "2" if row.expires else _NOTHING,
        "PriceOrder": to_text(row.price, symbol.digits),
        "PriceTrigger": to_text(0, symbol.digits),
        "PriceCurrent": to_text(quote.ask if row.kind % 2 == 0 else quote.bid, symbol.digits),
        "PriceSL": to_text(row.sl, symbol.digits),
        "PriceTP": to_text(row.tp, symbol.digits),
        "VolumeInitial": str(row.volume),
        "VolumeInitialExt": str(row.volume * LOT),
        "VolumeCurrent": str(left),
        "VolumeCurrentExt": str(left * LOT),
        "ExpertID": str(row.expert),
        "ExpertPositionID": _NOTHING,
        "PositionID": str(row.position),
        "PositionByID": _NOTHING,
        "Comment": row.comment,
        "ActivationMode": _NOTHING,
        "ActivationTime": _NOTHING,
        "ActivationPrice": to_text(0, symbol.digits),
        "ActivationFlags": _NOTHING,
    }

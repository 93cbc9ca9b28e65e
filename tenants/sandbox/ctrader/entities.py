"""Traders, deals, positions and operations as the Manager API tells them."""

from typing import Any, Final

import msgspec

from sandbox.ctrader.plant import (
    ASSET_IDS,
    BROKER,
    SYMBOL_IDS,
    Plant,
    account_type,
    history_id,
    money_digits,
    trader_id,
)
from sandbox.trading.amounts import RATE
from sandbox.trading.book import Account
from sandbox.trading.records import Action, Deal, Entry, Position, Reason, Right
from sandbox.trading.symbols import SYMBOLS, Symbol

Told = dict[str, Any]

RIGHTS: Final = ("FULL_ACCESS", "CLOSE_ONLY", "NO_TRADING", "NO_LOGIN")
_FILLED, _MARKET, _BOOK_B, _OPEN = 2, 1, 2, 1
_CREATED_BEFORE_MS: Final = 3
BONUS: Final = 1
"""In the engine's deal, what tells a bonus from credit."""

_TYPES: Final = {
    (Action.BALANCE, False): 0,
    (Action.BALANCE, True): 1,
    (Action.CREDIT, False): 19,
    (Action.CREDIT, True): 20,
    (Action.CHARGE, False): 36,
    (Action.CHARGE, True): 35,
    (Action.CORRECTION, False): 36,
    (Action.CORRECTION, True): 37,
    (Action.BONUS, False): 38,
    (Action.BONUS, True): 13,
    (Action.SO_COMPENSATION, False): 39,
    (Action.SO_COMPENSATION, True): 39,
}


class Words(msgspec.Struct, frozen=True, array_like=True):
    """What was said with an operation; kept in the engine's comment as JSON."""

    comment: str = ""
    external_id: str = ""
    external_note: str = ""
    source: str = ""


def words_of(deal: Deal) -> Words:
    try:
        return msgspec.json.decode(deal.comment, type=Words)
    except msgspec.MsgspecError:
        return Words(deal.comment)


class More(msgspec.Struct):
    """What a trader has and the engine's record has no field for; kept there as JSON."""

    last_name: str = ""
    broker: str = BROKER
    country_id: int = 0
    document_id: str = ""
    margin: str = "MAX"
    swap_free: bool = False
    send_own_statement: bool = False
    limited_risk: bool = False


def more_of(account: Account) -> More:
    return msgspec.json.decode(account.user.lead_campaign or "{}", type=More)


def rights_of(account: Account) -> str:
    rights = account.user.rights
    if not rights & Right.ENABLED:
        return RIGHTS[3]
    if rights & Right.TRADE_DISABLED:
        return RIGHTS[2]
    return RIGHTS[1] if rights & Right.CLOSE_ONLY else RIGHTS[0]


def currency_of(plant: Plant, account: Account) -> str:
    return plant.floor.group(account).currency


def cents(symbol: Symbol, volume: int) -> int:
    """A volume of the engine in hundredths of a unit."""
    return volume * symbol.contract // 100


def trader(plant: Plant, account: Account) -> Told:
    currency = currency_of(plant, account)
    more = more_of(account)
    bonus = bonus_of(account)
    return {
        "traderId": trader_id(account.login),
        "login": account.login,
        "groupId": plant.group_id(account),
        "balance": account.balance - plant.realised(account).waiting,
        "accountType": 1 if account_type(account) == "NETTED" else 0,
        "name": account.user.name,
        "description": account.user.comment,
        "email": account.user.email,
        "registrationTimestamp": account.user.registered,
        "managerBonus": bonus,
        "lastName": more.last_name,
        "accessRights": RIGHTS.index(rights_of(account)),
        "depositAssetId": ASSET_IDS[currency],
        "swapFree": more.swap_free,
        "nonWithdrawableBonus": account.credit - bonus,
        "leverageInCents": account.user.leverage * 100,
        "brokerName": more.broker,
        "moneyDigits": money_digits(currency),
    }


def bonus_of(account: Account) -> int:
    return sum(
        deal.money
        for deal in account.deals
        if deal.action == Action.CREDIT and deal.expert == BONUS
    )


def deal(plant: Plant, account: Account, row: Deal) -> Told:
    symbol = SYMBOLS[row.symbol]
    digits = money_digits(currency_of(plant, account))
    told = {
        "dealId": row.deal,
        "orderId": row.order,
        "positionId": row.position,
        "traderId": trader_id(account.login),
        "volume": cents(symbol, row.volume),
        "filledVolume": cents(symbol, row.volume),
        "symbolId": SYMBOL_IDS[row.symbol],
        "createTimestamp": row.time - _CREATED_BEFORE_MS,
        "executionTimestamp": row.time,
        "utcLastUpdateTimestamp": row.time,
        "executionPrice": row.price / 10**symbol.digits,
        "tradeSide": 2 if row.action == Action.SELL else 1,
        "dealStatus": _FILLED,
        "dealType": _MARKET,
        "commission": row.commission,
        "bookType": _BOOK_B,
        "comment": row.comment or None,
        "lotSize": symbol.contract,
        "moneyDigits": digits,
    }
    if row.entry != Entry.IN:
        told["closePositionDetail"] = _closing(plant, account, row, digits)
    return told


def _closing(plant: Plant, account: Account, row: Deal, digits: int) -> Told:
    symbol, realised = SYMBOLS[row.symbol], plant.realised(account)
    opened = next((one.time for one in account.deals if one.position == row.position), row.time)
    return {
        "entryPrice": row.opened / 10**symbol.digits,
        "swap": row.storage,
        "commission": realised.commission[row.deal],
        "profit": row.profit,
        "balance": realised.balance[row.deal],
        "quoteToDepositConversionRate": row.rate_profit / RATE,
        "closedVolume": cents(symbol, row.closed),
        "offsetDealTimestamp": opened,
        "moneyDigits": digits,
    }


def position(plant: Plant, account: Account, row: Position) -> Told:
    symbol = SYMBOLS[row.symbol]
    return {
        "positionId": row.position,
        "tradeData": {
            "symbolId": SYMBOL_IDS[row.symbol],
            "volume": cents(symbol, row.volume),
            "tradeSide": 2 if row.action == Action.SELL else 1,
            "traderId": trader_id(account.login),
            "openTimestamp": row.created,
        },
        "positionStatus": _OPEN,
        "swap": row.storage,
        "price": row.cost / row.volume / 10**symbol.digits,
        "commission": plant.realised(account).unpaid.get(row.position, 0),
        "usedMargin": row.margin // max(1, account.user.leverage),
        "moneyDigits": money_digits(currency_of(plant, account)),
    }


def is_bonus(row: Deal) -> bool:
    return row.action == Action.CREDIT and row.expert == BONUS


def operation(plant: Plant, account: Account, row: Deal) -> Told:
    """A deposit or withdrawal: the amount is positive, the direction is in the type."""
    words = words_of(row)
    return {
        "operationType": _TYPES[Action(row.action), row.money < 0],
        "balanceHistoryId": history_id(row.deal),
        "traderId": trader_id(account.login),
        "balance": plant.realised(account).balance[row.deal],
        "delta": abs(row.money),
        "changeBalanceTimestamp": row.time,
        "comment": words.comment or None,
        "externalNote": words.external_note or None,
        "source": words.source or None,
        "externalId": words.external_id or None,
        "moneyDigits": money_digits(currency_of(plant, account)),
    }


def bonus(plant: Plant, account: Account, row: Deal) -> Told:
    words = words_of(row)
    return {
        "operationType": 1 if row.money < 0 else 0,
        "bonusHistoryId": history_id(row.deal),
        "traderId": trader_id(account.login),
        "managerBonus": bonus_of(account),
        "managerDelta": abs(row.money),
        "ibBonus": 0,
        "ibDelta": 0,
        "changeBonusTimestamp": row.time,
        "comment": words.comment or None,
        "externalNote": words.external_note or None,
        "moneyDigits": money_digits(currency_of(plant, account)),
    }


def by_desk(row: Deal) -> bool:
    """Whether the server did it by itself."""
    return row.reason in (Reason.STOP_OUT, Reason.SL, Reason.TP)

"""The Manager API's messages: names, numbers and types of the fields this server speaks.

As the vendor's interface descriptions have them in public clients; repeated fields end in
``_list`` here.
"""

from typing import Final


class Kind:
    """Payload types."""

    SPOT_EVENT = 3
    ERROR_RES = 50
    HEARTBEAT_EVENT = 51
    PING_REQ = 52
    PING_RES = 53
    EXECUTION_EVENT = 300
    MANAGER_AUTH_REQ = 301
    MANAGER_AUTH_RES = 302
    SERVER_TIME_REQ = 313
    SERVER_TIME_RES = 314
    TRADER_LIST_REQ = 403
    TRADER_LIST_RES = 404
    BALANCE_HISTORY_LIST_REQ = 417
    BALANCE_HISTORY_LIST_RES = 418
    DEAL_LIST_REQ = 431
    DEAL_LIST_RES = 432
    ASSET_LIST_REQ = 465
    ASSET_LIST_RES = 466
    SYMBOL_LIST_REQ = 467
    SYMBOL_LIST_RES = 468
    LIGHT_GROUP_LIST_REQ = 473
    LIGHT_GROUP_LIST_RES = 474
    TRADER_CHANGED_EVENT = 503
    SUBSCRIBE_SPOT_QUOTES_REQ = 601
    SUBSCRIBE_SPOT_QUOTES_RES = 602
    TRADER_BY_ID_REQ = 703
    TRADER_BY_ID_RES = 704
    BONUS_HISTORY_LIST_REQ = 786
    BONUS_HISTORY_LIST_RES = 787
    HELLO_EVENT = 990


class Execution:
    FILLED = 3
    DEPOSIT_WITHDRAW = 10
    BONUS_DEPOSIT_WITHDRAW = 12


_WINDOW: Final = {"fromTimestamp": (2, "int"), "toTimestamp": (3, "int")}
_OF_TRADER: Final = {
    "traderId": (2, "int"),
    "fromTimestamp": (3, "int"),
    "toTimestamp": (4, "int"),
}

MESSAGES: Final[dict[str, dict[str, tuple[int, str]]]] = {
    "Envelope": {"payloadType": (1, "int"), "payload": (2, "bytes"), "clientMsgId": (3, "str")},
    "Empty": {},
    "Error": {"errorCode": (2, "str"), "description": (3, "str")},
    "Ping": {"timestamp": (2, "int")},
    "AuthReq": {
        "plantId": (2, "str"),
        "environmentName": (3, "str"),
        "login": (4, "int"),
        "passwordHash": (5, "str"),
    },
    "AuthRes": {"permission_list": (2, "int")},
    "ServerTimeRes": {"timeInMillis": (2, "int")},
    "TraderListReq": {**_WINDOW, "groupId": (4, "int")},
    "TraderListRes": {"trader_list": (2, "Trader"), "hasMore": (3, "bool")},
    "TraderByIdReq": {"traderId_list": (2, "int")},
    "TraderByIdRes": {"trader_list": (2, "Trader")},
    "DealListReq": {
        "traderId_list": (2, "int"),
        "fromTimestamp": (3, "int"),
        "toTimestamp": (4, "int"),
        "maxRows": (5, "int"),
        "closingDealsOnly": (6, "bool"),
        "groupId_list": (9, "int"),
    },
    "DealListRes": {"deal_list": (2, "Deal"), "hasMore": (3, "bool")},
    "BalanceHistoryListReq": _OF_TRADER,
    "BalanceHistoryListRes": {
        "traderId": (2, "int"),
        "depositWithdraw_list": (3, "DepositWithdraw"),
        "hasMore": (4, "bool"),
    },
    "BonusHistoryListReq": _OF_TRADER,
    "BonusHistoryListRes": {
        "traderId": (2, "int"),
        "bonusDepositWithdraw_list": (3, "BonusDepositWithdraw"),
        "hasMore": (4, "bool"),
    },
    "AssetListRes": {"asset_list": (2, "Asset")},
    "SymbolListRes": {"symbol_list": (2, "Symbol")},
    "LightGroupListRes": {"lightGroup_list": (2, "LightGroup")},
    "SubscribeSpotQuotesReq": {
        "symbolId_list": (3, "int"),
        "subscribeToSpotTimestamp": (5, "bool"),
    },
    "SpotEvent": {
        "symbolId": (2, "int"),
        "bid": (3, "int"),
        "ask": (4, "int"),
        "timestamp": (9, "int"),
    },
    "TraderChangedEvent": {"trader": (2, "Trader"), "operation": (3, "int")},
    "ExecutionEvent": {
        "executionType": (2, "int"),
        "position": (4, "Position"),
        "depositWithdraw": (7, "DepositWithdraw"),
        "deal": (8, "Deal"),
        "eventId": (9, "int"),
        "bonusDepositWithdraw": (10, "BonusDepositWithdraw"),
        "isServerEvent": (11, "bool"),
    },
    "TradeData": {
        "symbolId": (1, "int"),
        "volume": (2, "int"),
        "tradeSide": (3, "int"),
        "traderId": (4, "int"),
        "openTimestamp": (7, "int"),
        "comment": (13, "str"),
    },
    "Position": {
        "positionId": (1, "int"),
        "tradeData": (3, "TradeData"),
        "positionStatus": (4, "int"),
        "swap": (5, "int"),
        "price": (6, "double"),
        "commission": (13, "int"),
        "usedMargin": (23, "int"),
        "moneyDigits": (30, "int"),
    },
    "Closing": {
        "entryPrice": (2, "double"),
        "swap": (3, "int"),
        "commission": (4, "int"),
        "profit": (7, "int"),
        "balance": (8, "int"),
        "quoteToDepositConversionRate": (15, "double"),
        "closedVolume": (16, "int"),
        "offsetDealTimestamp": (40, "int"),
        "moneyDigits": (43, "int"),
    },
    "Deal": {
        "dealId": (1, "int"),
        "orderId": (2, "int"),
        "positionId": (3, "int"),
        "traderId": (4, "int"),
        "volume": (5, "int"),
        "filledVolume": (6, "int"),
        "symbolId": (7, "int"),
        "createTimestamp": (8, "int"),
        "executionTimestamp": (9, "int"),
        "utcLastUpdateTimestamp": (10, "int"),
        "executionPrice": (11, "double"),
        "tradeSide": (13, "int"),
        "dealStatus": (14, "int"),
        "dealType": (15, "int"),
        "commission": (17, "int"),
        "bookType": (19, "int"),
        "channel": (23, "str"),
        "comment": (24, "str"),
        "closePositionDetail": (32, "Closing"),
        "lotSize": (42, "int"),
        "moneyDigits": (58, "int"),
    },
    "DepositWithdraw": {
        "operationType": (1, "int"),
        "balanceHistoryId": (2, "int"),
        "traderId": (3, "int"),
        "balance": (4, "int"),
        "delta": (5, "int"),
        "changeBalanceTimestamp": (6, "int"),
        "comment": (7, "str"),
        "externalNote": (8, "str"),
        "source": (14, "str"),
        "externalId": (15, "str"),
        "moneyDigits": (16, "int"),
    },
    "BonusDepositWithdraw": {
        "operationType": (1, "int"),
        "bonusHistoryId": (2, "int"),
        "traderId": (3, "int"),
        "managerBonus": (4, "int"),
        "managerDelta": (5, "int"),
        "ibBonus": (6, "int"),
        "ibDelta": (7, "int"),
        "changeBonusTimestamp": (8, "int"),
        "comment": (10, "str"),
        "externalNote": (11, "str"),
        "moneyDigits": (13, "int"),
    },
    "Trader": {
        "traderId": (1, "int"),
        "login": (2, "int"),
        "groupId": (3, "int"),
        "balance": (8, "int"),
        "accountType": (9, "int"),
        "name": (10, "str"),
        "description": (12, "str"),
        "email": (21, "str"),
        "registrationTimestamp": (25, "int"),
        "managerBonus": (47, "int"),
        "lastName": (56, "str"),
        "accessRights": (59, "int"),
        "depositAssetId": (61, "int"),
        "swapFree": (64, "bool"),
        "nonWithdrawableBonus": (65, "int"),
        "leverageInCents": (66, "int"),
        "brokerName": (69, "str"),
        "moneyDigits": (80, "int"),
    },
    "Asset": {
        "assetId": (1, "int"),
        "name": (2, "str"),
        "description": (3, "str"),
        "type": (4, "int"),
        "depositAsset": (5, "bool"),
        "depositable": (6, "bool"),
        "digits": (9, "int"),
    },
    "Symbol": {
        "symbolId": (1, "int"),
        "name": (2, "str"),
        "digits": (4, "int"),
        "pipPosition": (5, "int"),
        "enabled": (8, "bool"),
        "description": (15, "str"),
        "lotSize": (32, "int"),
        "baseAssetId": (53, "int"),
        "quoteAssetId": (54, "int"),
        "tradingMode": (58, "int"),
        "defaultSwapTime": (79, "int"),
        "defaultSwapPeriod": (80, "int"),
    },
    "LightGroup": {
        "groupId": (1, "int"),
        "name": (2, "str"),
        "enabled": (3, "bool"),
        "marginStopout": (9, "double"),
        "description": (11, "str"),
        "hasAccess": (15, "bool"),
    },
}

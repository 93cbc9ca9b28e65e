"""The JSON names that clients of the protocol read; a missing one breaks those we did not write."""

from typing import Any

from support.mt5_peer import Peer
from support.trading_server import TradingServer

USER = (
    "Login Group CertSerialNumber Rights MQID Registration LastAccess LastPassChange LastIP Name "
    "Company Account Country Language ClientID City State ZipCode Address Phone Email ID Status "
    "Comment Color PhonePassword Leverage Agent Balance Credit InterestRate CommissionDaily "
    "CommissionMonthly BalancePrevDay BalancePrevMonth EquityPrevDay EquityPrevMonth "
    "TradeAccounts LeadCampaign LeadSource"
)
ACCOUNT = (
    "Login CurrencyDigits Balance Credit Margin MarginFree MarginLevel MarginLeverage Profit "
    "Storage Commission Floating Equity SOActivation SOTime SOLevel SOEquity SOMargin Assets "
    "Liabilities BlockedCommission BlockedProfit MarginInitial MarginMaintenance"
)
DEAL = (
    "Deal ExternalID Login Dealer Order Action Entry Reason Digits DigitsCurrency ContractSize "
    "Time TimeMsc Symbol Price Volume VolumeExt VolumeClosed VolumeClosedExt Profit Storage "
    "Commission RateProfit RateMargin ExpertID PositionID Comment ProfitRaw PricePosition "
    "PriceSL PriceTP TickValue TickSize Flags Gateway PriceGateway ModifyFlags"
)
POSITION = (
    "Position ExternalID Login Dealer Symbol Action Digits DigitsCurrency Reason ContractSize "
    "TimeCreate TimeUpdate ModifyFlags PriceOpen PriceCurrent PriceSL PriceTP Volume VolumeExt "
    "Profit Storage RateProfit RateMargin ExpertID ExpertPositionID Comment ActivationMode "
    "ActivationTime ActivationPrice ActivationFlags"
)
ORDER = (
    "Order ExternalID Login Dealer Symbol Digits DigitsCurrency ContractSize State Reason "
    "TimeSetup TimeExpiration TimeDone TimeSetupMsc TimeDoneMsc ModifyFlags Type TypeFill "
    "TypeTime PriceOrder PriceTrigger PriceCurrent PriceSL PriceTP VolumeInitial "
    "VolumeInitialExt VolumeCurrent VolumeCurrentExt ExpertID PositionID PositionByID Comment "
    "ActivationMode ActivationTime ActivationPrice ActivationFlags"
)
TICK = "Symbol Digits Datetime DatetimeMsc Bid Ask Last Volume VolumeReal"
STAT = (
    "Symbol Digits Bid BidLow BidHigh BidDir Ask AskLow AskHigh AskDir Last LastLow LastHigh "
    "LastDir Volume VolumeLow VolumeHigh VolumeDir TradeDeals TradeVolume TradeTurnover "
    "TradeInterest TradeBuyOrders TradeBuyVolume TradeSellOrders TradeSellVolume PriceOpen "
    "PriceClose PriceChange PriceVolatility PriceTheoretical"
)
GROUP = (
    "Group Server PermissionsFlags AuthMode AuthPasswordMin AuthOTPMode Company CompanyPage "
    "CompanyEmail CompanySupportPage CompanySupportEmail CompanyCatalog Currency CurrencyDigits "
    "ReportsMode ReportsFlags ReportsSMTP ReportsSMTPLogin ReportsSMTPPass NewsMode NewsCategory "
    "NewsLangs MailMode TradeFlags TradeTransferMode TradeInterestrate TradeVirtualCredit "
    "MarginMode MarginSOMode MarginFreeMode MarginCall MarginStopOut MarginFreeProfitMode "
    "DemoLeverage DemoDeposit LimitHistory LimitOrders LimitSymbols LimitPositions Commissions "
    "Symbols"
)
SYMBOL = (
    "Symbol Path ISIN Description International Basis Source Page CurrencyBase "
    "CurrencyBaseDigits CurrencyProfit CurrencyProfitDigits CurrencyMargin CurrencyMarginDigits "
    "Color ColorBackground Digits Point Multiply TickFlags TickBookDepth TickChartMode FilterSoft "
    "FilterGapTicks TradeMode TradeFlags CalcMode ExecMode GTCMode FillFlags ExpirFlags "
    "OrderFlags Spread SpreadBalance SpreadDiff SpreadDiffBalance TickValue TickSize ContractSize "
    "StopsLevel FreezeLevel QuotesTimeout VolumeMin VolumeMax VolumeStep VolumeLimit MarginFlags "
    "MarginInitial MarginMaintenance MarginLiquidity MarginHedged MarginCurrency MarginInitialBuy "
    "MarginInitialSellStopLimit SwapMode SwapLong SwapShort Swap3Day TimeStart TimeExpiration "
    "SessionsQuotes SessionsTrades REFlags RETimeout IECheckMode IETimeout IESlipProfit "
    "IESlipLosing IEVolumeMax PriceSettle PriceLimitMax PriceLimitMin PriceStrike OptionsMode "
    "FaceValue AccruedInterest SpliceType SpliceTimeType SpliceTimeDays"
)
COMMON = (
    "Name Owner OwnerID OwnerHost OwnerEmail Product ExpirationLicense ExpirationSupport "
    "LimitTradeServers LimitWebServers LimitAccounts LimitDeals LimitSymbols LimitGroups "
    "LiveUpdateMode TotalUsers TotalUsersReal TotalDeals TotalOrders TotalOrdersHistory "
    "TotalPositions AccountURL AccountAuto"
)
TIME = "Daylight DaylightState TimeZone TimeServer Days"


async def test_every_record_has_the_names_that_clients_read(
    trading: TradingServer, peer: Peer
) -> None:
    login = str(await trading.account(peer))
    order = {"symbol": "EURUSD", "side": "buy", "lots": "0.10"}
    await trading.post(f"/dealer/{login}/order", **order)
    await trading.post(f"/dealer/{login}/order", **order, type="limit", price="0.50000")

    for command, fields, names in (
        ("USER_GET", {"LOGIN": login}, USER),
        ("USER_ACCOUNT_GET", {"LOGIN": login}, ACCOUNT),
        ("DEAL_GET_PAGE", {"LOGIN": login}, DEAL),
        ("POSITION_GET", {"LOGIN": login, "SYMBOL": "EURUSD"}, POSITION),
        ("POSITION_GET_PAGE", {"LOGIN": login}, POSITION),
        ("ORDER_GET_PAGE", {"LOGIN": login}, ORDER),
        ("HISTORY_GET_PAGE", {"LOGIN": login}, ORDER),
        ("TICK_LAST", {"SYMBOL": "*"}, TICK),
        ("TICK_STAT", {"SYMBOL": "EURUSD"}, STAT),
        ("GROUP_NEXT", {"INDEX": "8"}, GROUP),
        ("SYMBOL_NEXT", {"INDEX": "0"}, SYMBOL),
        ("COMMON_GET", {}, COMMON),
        ("TIME_GET", {}, TIME),
    ):
        body: Any = (await peer.say(command, **fields)).body
        for row in body if isinstance(body, list) else [body]:
            assert set(names.split()) <= row.keys(), (command, set(names.split()) - row.keys())

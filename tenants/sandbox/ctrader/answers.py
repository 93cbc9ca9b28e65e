"""What the Manager API answers to each request, for one manager."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, TypeVar

from sandbox.ctrader import entities
from sandbox.ctrader.errors import NamedError
from sandbox.ctrader.messages import Kind
from sandbox.ctrader.plant import (
    ASSET_IDS,
    CURRENCIES,
    SYMBOL_IDS,
    Plant,
    login_of,
    money_digits,
)
from sandbox.trading.book import Account
from sandbox.trading.config import Manager
from sandbox.trading.records import Deal
from sandbox.trading.symbols import SYMBOLS

Told = dict[str, Any]
Row = TypeVar("Row")

_CHUNK_MAX: Final = 1_000
_FOREX, _OTHER = 1, 7


class Answers:
    """Reads the plant through one manager's eyes."""

    def __init__(self, plant: Plant, manager: Manager) -> None:
        self._plant = plant
        self._manager = manager
        self.known: dict[int, tuple[str, int, str, Callable[[Told], Told]]] = {
            Kind.SERVER_TIME_REQ: ("Empty", Kind.SERVER_TIME_RES, "ServerTimeRes", self.time),
            Kind.TRADER_LIST_REQ: (
                "TraderListReq",
                Kind.TRADER_LIST_RES,
                "TraderListRes",
                self.traders,
            ),
            Kind.TRADER_BY_ID_REQ: (
                "TraderByIdReq",
                Kind.TRADER_BY_ID_RES,
                "TraderByIdRes",
                self.traders_by_id,
            ),
            Kind.DEAL_LIST_REQ: ("DealListReq", Kind.DEAL_LIST_RES, "DealListRes", self.deals),
            Kind.BALANCE_HISTORY_LIST_REQ: (
                "BalanceHistoryListReq",
                Kind.BALANCE_HISTORY_LIST_RES,
                "BalanceHistoryListRes",
                self.operations,
            ),
            Kind.BONUS_HISTORY_LIST_REQ: (
                "BonusHistoryListReq",
                Kind.BONUS_HISTORY_LIST_RES,
                "BonusHistoryListRes",
                self.bonuses,
            ),
            Kind.ASSET_LIST_REQ: ("Empty", Kind.ASSET_LIST_RES, "AssetListRes", self.assets),
            Kind.SYMBOL_LIST_REQ: ("Empty", Kind.SYMBOL_LIST_RES, "SymbolListRes", self.symbols),
            Kind.LIGHT_GROUP_LIST_REQ: (
                "Empty",
                Kind.LIGHT_GROUP_LIST_RES,
                "LightGroupListRes",
                self.groups,
            ),
        }

    def time(self, _: Told) -> Told:
        return {"timeInMillis": self._plant.clock.now()}

    def traders(self, asked: Told) -> Told:
        first, last = _window(asked)
        group = asked.get("groupId", 0)
        found = [
            account
            for account in self._accounts()
            if first <= account.user.registered <= last
            and (not group or group == self._plant.group_id(account))
        ]
        found.sort(key=lambda account: -account.user.registered)
        shown, more = self._chunk(found)
        rows = [entities.trader(self._plant, account) for account in shown]
        return {"trader_list": rows, "hasMore": more}

    def traders_by_id(self, asked: Told) -> Told:
        found = self._asked(asked.get("traderId_list", []))
        if not found:
            raise NamedError("TRADER_NOT_FOUND")
        return {"trader_list": [entities.trader(self._plant, account) for account in found]}

    def deals(self, asked: Told) -> Told:
        """By the time of their making, the newest first."""
        first, last = _window(asked)
        wanted = asked.get("traderId_list", [])
        found = [
            (account, deal)
            for account in (self._asked(wanted) if wanted else self._accounts())
            for deal in self._between(account, first, last)
            if deal.trade and (deal.closed or not asked.get("closingDealsOnly"))
        ]
        found.sort(key=lambda each: (-each[1].time, -each[1].deal))
        shown, more = self._chunk(found, asked.get("maxRows", 0))
        rows = [entities.deal(self._plant, account, deal) for account, deal in shown]
        return {"deal_list": self._twice(rows), "hasMore": more}

    def operations(self, asked: Told) -> Told:
        found = [each for each in self._moves(asked) if not entities.is_bonus(each[1])]
        shown, more = self._chunk(found)
        rows = [entities.operation(self._plant, account, deal) for account, deal in shown]
        return {"depositWithdraw_list": self._twice(rows), "hasMore": more}

    def bonuses(self, asked: Told) -> Told:
        found = [each for each in self._moves(asked) if entities.is_bonus(each[1])]
        shown, more = self._chunk(found)
        rows = [entities.bonus(self._plant, account, deal) for account, deal in shown]
        return {"bonusDepositWithdraw_list": self._twice(rows), "hasMore": more}

    def assets(self, _: Told) -> Told:
        return {
            "asset_list": [
                {
                    "assetId": number,
                    "name": name,
                    "description": name,
                    "type": _FOREX if name in CURRENCIES else _OTHER,
                    "depositAsset": name in CURRENCIES,
                    "depositable": name in CURRENCIES,
                    "digits": money_digits(name),
                }
                for name, number in ASSET_IDS.items()
            ]
        }

    def symbols(self, _: Told) -> Told:
        return {
            "symbol_list": [
                {
                    "symbolId": SYMBOL_IDS[symbol.name],
                    "name": symbol.name,
                    "digits": symbol.digits,
                    "pipPosition": max(0, symbol.digits - 1),
                    "enabled": True,
                    "description": symbol.text,
                    "lotSize": symbol.contract,
                    "baseAssetId": ASSET_IDS[symbol.base],
                    "quoteAssetId": ASSET_IDS[symbol.profit],
                    "tradingMode": 0,
                    "defaultSwapTime": 0,
                    "defaultSwapPeriod": 24,
                }
                for symbol in SYMBOLS.values()
            ]
        }

    def groups(self, _: Told) -> Told:
        return {
            "lightGroup_list": [
                {
                    "groupId": number,
                    "name": group.name,
                    "enabled": True,
                    "marginStopout": group.stop_out / 100,
                    "description": group.company,
                    "hasAccess": True,
                }
                for number, group in self._plant.groups_of(self._manager)
            ]
        }

    def sees(self, account: Account) -> bool:
        return self._plant.sees(self._manager, account)

    def _accounts(self) -> list[Account]:
        return [one for one in self._plant.book.accounts.values() if self.sees(one)]

    def _asked(self, traders: Iterable[int]) -> list[Account]:
        """Those of the traders asked for whom there are; the others are passed over."""
        found = (self._plant.find(self._manager, login_of(trader)) for trader in traders)
        return [account for account in found if account is not None]

    def _moves(self, asked: Told) -> list[tuple[Account, Deal]]:
        first, last = _window(asked)
        one = asked.get("traderId", 0)
        found = [
            (account, deal)
            for account in (self._asked([one]) if one else self._accounts())
            for deal in self._between(account, first, last)
            if not deal.trade
        ]
        found.sort(key=lambda each: (-each[1].time, -each[1].deal))
        return found

    def _between(self, account: Account, first: int, last: int) -> list[Deal]:
        hidden = self._plant.faults.hidden
        return [deal for deal in account.between(first, last) if not hidden(deal.deal)]

    def _chunk(self, rows: Sequence[Row], most: int = 0) -> tuple[Sequence[Row], bool]:
        limit = min(most or _CHUNK_MAX, self._plant.config.page_limit)
        return rows[:limit], len(rows) > limit

    def _twice(self, rows: list[Told]) -> list[Told]:
        if rows and self._plant.faults.fires("duplicate_deals"):
            return [*rows, rows[self._plant.faults.pick(len(rows))]]
        return rows


def _window(asked: Told) -> tuple[int, int]:
    if "fromTimestamp" not in asked or "toTimestamp" not in asked:
        raise NamedError("INVALID_REQUEST", "fromTimestamp and toTimestamp")
    if asked["fromTimestamp"] > asked["toTimestamp"]:
        raise NamedError("INCORRECT_BOUNDARIES")
    return asked["fromTimestamp"], asked["toTimestamp"]

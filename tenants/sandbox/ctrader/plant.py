"""The engine of the trading sandbox, seen as a cTrader plant: brokers, groups, currencies, traders.

A group of a plant fixes no currency: the deposit currency and the type belong to the trader. The
engine wants them in its groups, so that each of ours stands for several of the engine's.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec
from msgspec.structs import replace as changed

from sandbox.trading import config as settings
from sandbox.trading.amounts import share
from sandbox.trading.book import Account
from sandbox.trading.config import Config, Group, Manager
from sandbox.trading.hub import Hub
from sandbox.trading.masks import matches
from sandbox.trading.records import Action, Entry, Record
from sandbox.trading.symbols import ASSETS, CURRENCY_DIGITS, SYMBOLS

BROKER: Final = "sandbox"
CURRENCIES: Final = ("USD", "EUR", "GBP", "JPY", "CHF", "AUD")
ASSET_IDS: Final = {
    name: number for number, name in enumerate(dict.fromkeys((*CURRENCIES, *ASSETS)), start=1)
}
SYMBOL_IDS: Final = {name: number for number, name in enumerate(SYMBOLS, start=1)}
TYPES: Final = ("HEDGED", "NETTED")
_TRADER_BASE: Final = 1_000_000
_HISTORY_AHEAD: Final = 1
"""Balance and bonus operations count by themselves: their numbers meet those of deals."""

Listener = Callable[[Sequence[Record]], None]


class Realised(msgspec.Struct, frozen=True):
    """Commission is taken when a position closes: of each deal, still open, balance after each."""

    commission: dict[int, int]
    unpaid: dict[int, int]
    balance: dict[int, int]

    @property
    def waiting(self) -> int:
        return sum(self.unpaid.values())


class Plant(Hub):
    """One environment of one plant."""

    def __init__(self, folder: Path, seed: int) -> None:
        _prepare(folder)
        super().__init__(folder, seed)
        self.environment = "live"
        self.listeners: set[Listener] = set()
        self._realised: dict[int, tuple[int, int, Realised]] = {}

    def note(self, records: Sequence[Record]) -> None:
        super().note(records)
        for listener in tuple(self.listeners):
            listener(records)

    def groups_of(self, manager: Manager) -> Iterator[tuple[int, Group]]:
        """The plant's own groups with their numbers, as far as this manager sees them."""
        own = [group for group in self.config.groups if "|" not in group.name]
        for number, group in enumerate(own, start=1):
            if matches(manager.groups, group.name):
                yield number, group

    def group_id(self, account: Account) -> int:
        name = base_name(account)
        own = [group.name for group in self.config.groups if "|" not in group.name]
        return own.index(name) + 1 if name in own else 0

    def engine_group(self, name: str, currency: str, kind: str) -> Group | None:
        """The engine's group for a trader of ours, made when it is needed first."""
        base = next((one for one in self.config.groups if one.name == name), None)
        if base is None or "|" in name:
            return None
        full = f"{name}|{currency}|{kind}"
        known = self.groups.get(full)
        if known is None:
            known = changed(base, name=full, currency=currency, netting=kind == "NETTED")
            self.add_group(known)
        return known

    def sees(self, manager: Manager, account: Account) -> bool:
        return matches(manager.groups, base_name(account))

    def find(self, manager: Manager, login: int) -> Account | None:
        account = self.book.account(login)
        return account if account is not None and self.sees(manager, account) else None

    def realised(self, account: Account) -> Realised:
        """Commissions and balances as this platform tells them."""
        last = account.deals[-1].deal if account.deals else 0
        known = self._realised.get(account.login)
        if known is not None and known[:2] == (len(account.deals), last):
            return known[2]
        fresh = _realise(account)
        self._realised[account.login] = (len(account.deals), last, fresh)
        return fresh


def _realise(account: Account) -> Realised:
    pools: dict[int, tuple[int, int]] = {}
    told = Realised({}, {}, {})
    running = 0
    for deal in account.deals:
        if not deal.trade:
            running += 0 if deal.action == Action.CREDIT else deal.money
            told.balance[deal.deal] = running
            continue
        fee, volume = pools.get(deal.position, (0, 0))
        taken = 0
        if deal.entry == Entry.IN:
            fee, volume = fee + deal.commission, volume + deal.volume
        else:
            own = share(deal.commission * deal.closed, deal.volume) if deal.volume else 0
            part = fee if deal.closed >= volume else share(fee * deal.closed, volume)
            taken = part + own
            fee += deal.commission - taken
            volume += deal.volume - 2 * deal.closed if deal.entry == Entry.IN_OUT else -deal.closed
            running += deal.profit + deal.storage + taken
        told.commission[deal.deal] = taken
        told.balance[deal.deal] = running
        pools[deal.position] = (fee, volume)
    told.unpaid.update({position: fee for position, (fee, volume) in pools.items() if volume > 0})
    return told


def base_name(account: Account) -> str:
    return account.user.group.partition("|")[0]


def account_type(account: Account) -> str:
    return account.user.group.rpartition("|")[2]


def trader_id(login: int) -> int:
    return login - _TRADER_BASE


def login_of(trader: int) -> int:
    return trader + _TRADER_BASE


def history_id(deal: int) -> int:
    return deal + _HISTORY_AHEAD


def money_digits(currency: str) -> int:
    return CURRENCY_DIGITS.get(currency, 2)


def _prepare(folder: Path) -> None:
    """Write the settings of a new plant: its groups are words, its clock is UTC."""
    path = folder / "server.toml"
    if path.exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    groups = [
        _group("Standard", markup=4),
        _group("Raw", commission="3.50"),
        _group("Islamic", swap_free=True, markup=8),
        _group("Retail EU", leverage=30, leverage_max=30, markup=3, protected=True),
    ]
    manager = Manager(login=30_001, password=settings.new_password())
    config = Config(
        name="sandbox",
        time_zone_min=0,
        page_limit=100,
        managers=[manager],
        groups=groups,
    )
    settings.save(config, path)


def _group(
    name: str,
    *,
    leverage: int = 100,
    leverage_max: int = 500,
    markup: int = 0,
    commission: str = "0",
    swap_free: bool = False,
    protected: bool = False,
) -> Group:
    return Group(
        name=name,
        leverage=leverage,
        leverage_max=leverage_max,
        markup=markup,
        commission=commission,
        swap_free=swap_free,
        protected=protected,
        login_from=3_000_000,
        login_to=3_999_999,
    )

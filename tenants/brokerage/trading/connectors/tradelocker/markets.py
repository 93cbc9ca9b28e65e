"""Groups and instruments: what the Brand API tells of them, completed from the settings.

An instrument is a name and a lot size there. Of a pair of currencies the digits and both currencies
follow from its name (five digits, three against the yen, as the trade quotes them); of anything else
only the name is known, and its base stands for itself.
"""

from decimal import Decimal
from typing import Any, Final

from brokerage.trading.connector import Group, Symbol
from brokerage.trading.connectors.tradelocker.link import Link
from brokerage.trading.told import above_zero, word
from stoa.connectors.trouble import Unreadable
from stoa.kernel.refusals import NotFound

_MONEY: Final = frozenset(
    "AUD CAD CHF CNH CZK DKK EUR GBP HKD HUF ILS JPY MXN NOK NZD PLN SEK SGD THB TRY USD ZAR".split()
)
_WHOLE: Final = frozenset({"JPY", "HUF"})
_PAIR: Final = 6
_DIGITS: Final = 2


class Markets:
    def __init__(self, link: Link) -> None:
        self._link = link

    async def groups(self) -> tuple[Group, ...]:
        names = await self.groups_by_name()
        return tuple(
            Group(
                group=name,
                currency=self.currency(name),
                currency_digits=0 if self.currency(name) == "JPY" else 2,
            )
            for name in sorted(names)
        )

    def currency(self, group: str) -> str:
        """Which currency accounts of a group are kept in; empty where each has its own."""
        settings = self._link.settings
        return settings.currencies.get(group, settings.currency)

    async def groups_by_name(self) -> dict[str, str]:
        return await self._link.keep("groups", self._read_groups)

    async def group_id(self, group: str) -> str:
        """By name, or an id as it is. Raises NotFound; a group made meanwhile is looked for anew."""
        for _ in range(2):
            known = await self.groups_by_name()
            if group in known:
                return known[group]
            if group in known.values():
                return group
            self._link.forget("groups")
        raise NotFound("The trading server does not have that.")

    async def group_name(self, wanted: str) -> str:
        """The name of a group; its id where the brand does not tell it."""
        known = await self.groups_by_name()
        return next((name for name, one in known.items() if one == wanted), wanted)

    async def symbols(self) -> tuple[Symbol, ...]:
        return await self._link.keep("symbols", self._read_symbols)

    async def lot_sizes(self) -> dict[str, Decimal]:
        return {one.symbol: one.contract_size for one in await self.symbols()}

    async def _read_groups(self) -> dict[str, str]:
        rows = await self._link.rows("/v1/groups/all", {"type": self._link.settings.kind})
        found = [(word(row, "name"), word(row, "id")) for row in rows if isinstance(row, dict)]
        names = [name for name, _ in found]
        # Two groups of one name are told by their ids: which of them was meant cannot be known.
        return {name if names.count(name) == 1 else one: one for name, one in found}

    async def _read_symbols(self) -> tuple[Symbol, ...]:
        rows = await self._link.rows("/v1/brand/instruments", {"type": self._link.settings.kind})
        found: dict[str, Symbol] = {}
        for row in rows:
            try:
                one = self._symbol(row)
            except Unreadable:
                continue  # An instrument that cannot be read is not offered; its trades are kept aside.
            found.setdefault(one.symbol, one)
        return tuple(found.values())

    def _symbol(self, row: Any) -> Symbol:
        settings = self._link.settings
        name = word(row if isinstance(row, dict) else {}, "name", 64)
        base, profit, digits = _guessed(name)
        return Symbol(
            symbol=name,
            path=name,
            description=name,
            digits=digits,
            contract_size=above_zero(row.get("lotSize"), "lotSize"),
            currency_base=base,
            currency_profit=profit,
            currency_margin=base,
            lots_min=settings.lots_min,
            lots_max=settings.lots_max,
            lots_step=settings.lots_step,
        )


def _guessed(name: str) -> tuple[str, str, int]:
    """Base, profit currency and digits by the name alone."""
    letters = name.upper().replace("/", "")[:_PAIR]
    base, profit = letters[:3], letters[3:]
    if base in _MONEY and profit in _MONEY:
        return base, profit, 3 if profit in _WHOLE else 5
    return (base, profit, _DIGITS) if profit in _MONEY else (name, "USD", _DIGITS)

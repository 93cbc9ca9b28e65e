"""Groups and instruments of the broker."""

from typing import Any

from brokerage.trading.connector import Group, Symbol
from brokerage.trading.connectors.matchtrader.link import Link
from brokerage.trading.connectors.matchtrader.reading import listed
from brokerage.trading.told import above_zero, bent, number, whole, word
from stoa.connectors.trouble import Unreadable

_DIGITS_MOST = 10


class Markets:
    def __init__(self, link: Link) -> None:
        self._link = link

    async def groups(self) -> tuple[Group, ...]:
        return await self._link.keep("groups", self._read_groups)

    async def symbols(self) -> tuple[Symbol, ...]:
        return await self._link.keep("symbols", self._read_symbols)

    async def sizes(self) -> dict[str, Symbol]:
        return {one.symbol: one for one in await self.symbols()}

    async def _read_groups(self) -> tuple[Group, ...]:
        names = await self._link.get("/v1/group-names")
        rows = listed(await self._link.ask("/v1/groups", {"names": names}))
        return tuple(
            Group(
                group=word(row, "name"),
                currency=word(row, "currency", 10),
                currency_digits=_digits(row.get("currencyPrecision"), "currencyPrecision"),
                company=str(row.get("groupOwner") or ""),
            )
            for row in rows
        )

    async def _read_symbols(self) -> tuple[Symbol, ...]:
        found: dict[str, Symbol] = {}
        for row in listed(await self._link.get("/v1/symbols"), "effectiveInstruments"):
            try:
                one = _symbol(row)
            except Unreadable:
                continue  # An instrument that cannot be read is not offered; its trades are kept aside.
            found.setdefault(one.symbol, one)
        return tuple(found.values())


def _symbol(row: dict[str, Any]) -> Symbol:
    name, base = word(row, "symbol", 64), word(row, "baseCurrency", 20)
    return Symbol(
        symbol=name,
        path=f"{row.get('type') or ''}\\{name}".lstrip("\\"),
        description=str(row.get("description") or name),
        digits=_digits(row.get("pricePrecision"), "pricePrecision"),
        contract_size=above_zero(row.get("contractSize"), "contractSize"),
        currency_base=base,
        currency_profit=word(row, "quoteCurrency", 20),
        currency_margin=base,
        lots_min=above_zero(row.get("volumeMin"), "volumeMin"),
        lots_max=above_zero(row.get("volumeMax"), "volumeMax"),
        lots_step=above_zero(row.get("volumeStep"), "volumeStep"),
    )


def _digits(value: Any, name: str) -> int:
    found = number(value, name)
    if found and whole(value, name) > _DIGITS_MOST:
        raise bent(f"{name} is {found}")
    return int(found)

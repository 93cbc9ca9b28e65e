"""The symbol map held against one server: what differs, and a person's word on each.

rows = differing(settings, told)                    what the server trades and the map does not say
await put(work, "mt5-live", {"GER40.x": "same:DE40"}, why="a new suffix")
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, get_args

import msgspec

from brokerage.trading.model import TradingServer
from brokerage.trading.settings import TradingSettings
from brokerage.trading.symbols import AssetClass, Instrument, canonical
from stoa.kernel.refusals import Invalid
from stoa.tenancy import settings as stored
from stoa.tenancy.module import Settings
from stoa.tenancy.work import Work

SLICE: Final = "trading"
CLASSES: Final[tuple[str, ...]] = get_args(AssetClass)
SAME: Final = "same:"
CLASS: Final = "class:"
SERVERS: Final = "server"
_LEAST_WHY: Final = 3


@dataclass(frozen=True, slots=True)
class Differing:
    """A symbol as the server has it; `here` is the map's, None where it knows no such name."""

    symbol: str
    contract_size: Decimal
    digits: int
    here: Instrument | None
    guess: str


def differing(settings: TradingSettings, told: Sequence[Mapping[str, Any]]) -> list[Differing]:
    """In the server's order; the same size and digits under a listed name is no difference."""
    found: list[Differing] = []
    for one in told:
        name = str(one.get("symbol", ""))
        size = Decimal(str(one.get("contract_size", "0"))).normalize()
        digits = int(one.get("digits", 0))
        mine = canonical(settings.symbols, name)
        if not mine.known:
            found.append(Differing(name, size, digits, None, str(mine.group)))
        elif size != mine.contract_size.normalize() or digits != mine.digits:
            found.append(Differing(name, size, digits, mine, str(mine.group)))
    return found


async def put(work: Work, code: str, chosen: Mapping[str, str], *, why: str) -> int | None:
    """Take over what a person chose; the version, or None where a second person is owed.

    `same:X` makes a name another one of X, `class:C` lists it with the server's size and digits, and
    `server` gives a listed one the server's. Raises Invalid, and then nothing was changed.
    """
    work.require(Settings.EDIT)
    if len(why.strip()) < _LEAST_WHY:
        raise Invalid("Say why, in a few words.", field="why")
    now = work.settings(TradingSettings)
    row = await work.session.get(TradingServer, code)
    told = {one.symbol: one for one in differing(now, row.symbols if row is not None else [])}
    listed = {one.symbol: one for one in now.symbols.listed}
    for name, word in chosen.items():
        if name not in told:
            raise Invalid("The server does not trade {symbol} any more.", field="why", symbol=name)
        _take(listed, told[name], word)
    symbols = msgspec.structs.replace(now.symbols, listed=tuple(listed.values()))
    changed = msgspec.structs.replace(now, symbols=symbols)
    stored.parse(SLICE, TradingSettings, stored.as_data(changed))
    return await stored.put(work, SLICE, changed, why=why.strip()[:400])


def _take(listed: dict[str, Instrument], one: Differing, word: str) -> None:
    if word == SERVERS and one.here is not None:
        listed[one.here.symbol] = msgspec.structs.replace(
            one.here, contract_size=one.contract_size, digits=one.digits
        )
    elif word.startswith(SAME) and word.removeprefix(SAME) in listed:
        other = listed[word.removeprefix(SAME)]
        listed[other.symbol] = msgspec.structs.replace(
            other, synonyms=(*other.synonyms, one.symbol)
        )
    elif word.startswith(CLASS) and word.removeprefix(CLASS) in CLASSES:
        group: Any = word.removeprefix(CLASS)
        listed[one.symbol] = Instrument(
            symbol=one.symbol, group=group, contract_size=one.contract_size, digits=one.digits
        )
    else:
        raise Invalid("Choose what {symbol} is.", field="why", symbol=one.symbol)

"""Symbols in one canonical form, whatever each server calls them: used by partners, risk, reports.

A name that is listed is that symbol. Else what servers add to a name is taken off, a mark before it
(`#US500`), the stroke within a pair (`EUR/USD`), what follows a dot or dash (`EURUSD.m`), a suffix of the list (`EURUSDpro`), and what is
left is looked up. What nobody listed keeps its own name in the class `other`, or the class of the two
currencies that it is made of.

    one = canonical(settings.symbols, "EURUSD.m")       one.symbol == "EURUSD", one.group == "fx_major"
    standard_lots(one, lots, contract_size)             a cent account's lots as the others count
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from stoa.kernel import currencies
from stoa.kernel.money import EXACT
from stoa.kernel.refusals import Unfit

AssetClass = Literal[
    "fx_major", "fx_minor", "gold", "index", "index_minor", "commodity", "share", "crypto", "other"
]
"""The classes that jurisdiction packs cap leverage by, and `other`."""
Name = Annotated[str, Meta(min_length=1, max_length=32, pattern=r"^\S+$")]

_TAIL: Final = re.compile(r"[.\-_+!^@#/].*$")
_PAIR: Final = re.compile(r"^([A-Z]{3,5})/([A-Z]{3,5})(?![A-Z])")
_HEAD: Final = "#.^@!_"
_MAJOR: Final = frozenset({"USD", "EUR", "JPY", "GBP", "CAD", "CHF"})
_COIN_DIGITS: Final = 6


class Instrument(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A canonical symbol. `contract_size` is what one lot is of; `digits` of its price."""

    symbol: Name
    group: AssetClass
    synonyms: tuple[Name, ...] = ()
    contract_size: Decimal = Decimal(100_000)
    digits: Annotated[int, Meta(ge=0, le=8)] = 5
    known: bool = True

    def __post_init__(self) -> None:
        if not self.contract_size.is_finite() or self.contract_size <= 0:
            raise Unfit("{symbol}: a contract is of more than nothing", symbol=self.symbol)


def _fx(names: str, group: AssetClass) -> tuple[Instrument, ...]:
    return tuple(
        Instrument(symbol=one, group=group, digits=3 if one.endswith("JPY") else 5)
        for one in names.split()
    )


def _cfd(
    symbol: str, group: AssetClass, size: int, digits: int, synonyms: str = ""
) -> tuple[Instrument, ...]:
    names = tuple(synonyms.split())
    return (
        Instrument(
            symbol=symbol, group=group, synonyms=names, contract_size=Decimal(size), digits=digits
        ),
    )


USUAL: Final = (
    *_fx("EURUSD GBPUSD USDJPY USDCHF USDCAD EURGBP EURJPY EURCHF EURCAD GBPJPY", "fx_major"),
    *_fx("GBPCHF GBPCAD CADJPY CHFJPY CADCHF", "fx_major"),
    *_fx("AUDUSD NZDUSD AUDJPY EURAUD AUDNZD AUDCAD AUDCHF GBPAUD NZDJPY EURNZD", "fx_minor"),
    *_cfd("XAUUSD", "gold", 100, 2, "GOLD"),
    *_cfd("XAGUSD", "commodity", 5_000, 3, "SILVER"),
    *_cfd("XTIUSD", "commodity", 1_000, 2, "USOIL WTI CL USOUSD"),
    *_cfd("XBRUSD", "commodity", 1_000, 2, "UKOIL BRENT UKOUSD"),
    *_cfd("US500", "index", 10, 1, "SPX500 SP500 USA500 SPX"),
    *_cfd("US100", "index", 10, 1, "NAS100 NDX100 USTEC USTECH100 NDX"),
    *_cfd("US30", "index", 10, 1, "DJ30 WS30 DJI30 DOW30"),
    *_cfd("DE40", "index", 10, 1, "GER40 DAX40 DE30 GER30 DAX"),
    *_cfd("UK100", "index", 10, 1, "FTSE100 UKX"),
    *_cfd("JP225", "index", 10, 1, "JPN225 NIKKEI NI225"),
    *_cfd("BTCUSD", "crypto", 1, 2, "XBTUSD BTCUSDT BITCOIN"),
    *_cfd("ETHUSD", "crypto", 1, 2, "ETHUSDT ETHEREUM"),
)
"""Major pairs are of two of `_MAJOR`, as ESMA's Decision (EU) 2018/796, Annex I, has them."""


class Symbols(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The symbol map: a symbol or synonym stands in it once; suffixes are what servers append."""

    listed: tuple[Instrument, ...] = USUAL
    suffixes: tuple[Name, ...] = ("pro", "raw", "ecn", "std", "cash", "spot", "micro", "c", "m")

    def __post_init__(self) -> None:
        names = [name.upper() for one in self.listed for name in (one.symbol, *one.synonyms)]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise Unfit("symbols: {twice} is there twice", twice=", ".join(twice))


@lru_cache(maxsize=256)
def _index(symbols: Symbols) -> Mapping[str, Instrument]:
    return {name.upper(): one for one in symbols.listed for name in (one.symbol, *one.synonyms)}


@lru_cache(maxsize=20_000)
def canonical(symbols: Symbols, name: str) -> Instrument:
    """The symbol a server's name means; one that is not listed has `known` false."""
    index = _index(symbols)
    typed = name.strip().upper()
    if typed in index:
        return index[typed]
    bare = _TAIL.sub("", _PAIR.sub(r"\1\2", typed.lstrip(_HEAD))).strip()
    if bare in index:
        return index[bare]
    for suffix in symbols.suffixes:
        cut = bare.removesuffix(suffix.upper())
        if cut != bare and cut in index:
            return index[cut]
    return Instrument(symbol=(bare or typed or "?")[:32].strip(), group=_guessed(bare), known=False)


def _guessed(name: str) -> AssetClass:
    pair = {name[:3], name[3:]}
    if len(name) != 6 or not all(currencies.known(one) for one in pair):
        return "other"
    if any(currencies.exponent(one) >= _COIN_DIGITS for one in pair):
        return "crypto"
    return "fx_major" if pair <= _MAJOR else "fx_minor"


def standard_lots(one: Instrument, lots: Decimal, contract_size: Decimal) -> Decimal:
    """Lots of another contract size, counted in the canonical one: a lot of 1,000 is 0.01."""
    if not one.known or contract_size <= 0:
        return lots
    return EXACT.divide(EXACT.multiply(lots, contract_size), one.contract_size)

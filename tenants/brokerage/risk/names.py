"""One name for one instrument, whatever a platform calls it, and what it is made of.

Pure. The name and class come from the symbol map of the trading settings; the currency its price is
in from the server's own list of symbols.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from brokerage.trading import symbols
from brokerage.trading.symbols import Instrument, Symbols
from stoa.kernel import currencies
from stoa.theming.texts import N_

CLASSES: Final[Mapping[str, str]] = {
    "fx_major": N_("Major currencies"),
    "fx_minor": N_("Minor currencies"),
    "gold": N_("Gold"),
    "index": N_("Major indices"),
    "index_minor": N_("Minor indices"),
    "commodity": N_("Commodities"),
    "share": N_("Shares"),
    "crypto": N_("Crypto"),
    "other": N_("Other instruments"),
}


class Name(msgspec.Struct, frozen=True):
    """`quote` is the currency its price is in; empty when nobody told."""

    name: str
    underlying: str
    family: str
    quote: str


def of(known: Symbols, raw: str, listed: Mapping[str, Any]) -> tuple[Name, Instrument]:
    """The one name of a server's symbol. `listed` is the server's entry: base, profit; may be empty."""
    one = symbols.canonical(known, raw)
    base, quote = str(listed.get("base", "")).upper(), str(listed.get("profit", "")).upper()
    pair = len(one.symbol) == 6 and currencies.known(one.symbol[3:])
    if pair:
        base = one.symbol[:3]
        quote = quote or one.symbol[3:]
    return Name(one.symbol, base or one.symbol, one.group, quote), one

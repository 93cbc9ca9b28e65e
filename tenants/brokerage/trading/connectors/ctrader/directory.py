"""Who is who and what is what at the plant: traders' two numbers, symbols, assets."""

import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

import msgspec

from brokerage.trading.connectors.ctrader import messages
from brokerage.trading.connectors.ctrader.accounts import TRADERS, Accounts
from brokerage.trading.connectors.ctrader.link import Link
from brokerage.trading.connectors.ctrader.messages import Kind, Trader
from brokerage.trading.connectors.ctrader.settings import Settings
from brokerage.trading.connectors.ctrader.web import Web
from brokerage.trading.connectors.ctrader.wire import BrokenMessage
from stoa.connectors import loose
from stoa.connectors.trouble import Unreadable
from stoa.kernel.refusals import NotFound

_FRESH_S: Final = 600.0
_MOST_SINGLY: Final = 40
_MOST_DIGITS: Final = 10
_AHEAD: Final = timedelta(days=1)
_CENTS: Final = Decimal(100)


class Instrument(msgspec.Struct, frozen=True, kw_only=True):
    """`lot` is units of the base asset in a lot; None where nobody said so."""

    number: int
    name: str
    group: str
    description: str
    digits: int
    lot: Decimal | None
    base: str
    quote: str


class Directory:
    """Asked once and kept: traders for good, instruments for some minutes."""

    def __init__(self, web: Web, link: Link, accounts: Accounts) -> None:
        self._web = web
        self._link = link
        self._accounts = accounts
        self._by_login: dict[int, Trader] = {}
        self._by_trader: dict[int, Trader] = {}
        self._instruments: dict[int, Instrument] = {}
        self._read_at = float("-inf")

    async def traders(self, logins: Sequence[int]) -> dict[int, Trader]:
        """The traders of some logins; who is not among them is not known to the server."""
        unknown = [login for login in logins if login not in self._by_login]
        if len(unknown) > _MOST_SINGLY:
            await self._all()
        else:
            await self._link.each(unknown, self._one)
        return {one: self._by_login[one] for one in logins if one in self._by_login}

    async def login_of(self, trader: int) -> int | None:
        """The login behind a trader's number, or None."""
        if trader not in self._by_trader:
            try:
                told = await self._link.read(
                    Kind.TRADERS_BY_ID, messages.by_id((trader,)), Kind.TRADERS_BY_ID_TOLD
                )
            except NotFound:
                return None
            self._learn(messages.rows(Kind.TRADERS_BY_ID_TOLD, told)[0])
        known = self._by_trader.get(trader)
        return known.login if known is not None else None

    def known(self, trader: int) -> int | None:
        """As `login_of`, from what was learned already."""
        held = self._by_trader.get(trader)
        return held.login if held is not None else None

    async def instruments(self) -> dict[int, Instrument]:
        """By number; over the link where there is one, else what the WebServices and settings say."""
        if time.monotonic() - self._read_at > _FRESH_S or not self._instruments:
            found = await (self._over_link() if self._link.configured else self._over_web())
            self._instruments = {one.number: one for one in found}
            self._read_at = time.monotonic()
        return self._instruments

    async def by_name(self) -> dict[str, Instrument]:
        return {one.name: one for one in (await self.instruments()).values()}

    async def _one(self, login: int) -> None:
        """The list of the millisecond in which the account was registered has it."""
        try:
            told = await self._web.get(f"{TRADERS}/{login}")
        except NotFound:
            return
        at = loose.whole(told.get("registrationTimestamp")) or 0
        self._learn(
            await self._link.rows(Kind.TRADERS, Kind.TRADERS_TOLD, messages.registered, at, at + 1)
        )

    async def _all(self) -> None:
        last = int((datetime.now(UTC) + _AHEAD).timestamp() * 1000)
        self._learn(
            await self._link.rows(Kind.TRADERS, Kind.TRADERS_TOLD, messages.registered, 0, last)
        )

    def _learn(self, rows: Iterable[bytes]) -> None:
        try:
            for trader in map(messages.trader, rows):
                self._by_login[trader.login] = self._by_trader[trader.trader] = trader
        except BrokenMessage as why:
            raise Unreadable("The trading server's answer could not be read.") from why

    async def _over_link(self) -> list[Instrument]:
        told = await self._link.read(Kind.SYMBOLS, b"", Kind.SYMBOLS_TOLD)
        assets_told = await self._link.read(Kind.ASSETS, b"", Kind.ASSETS_TOLD)
        divisor = _CENTS if self._link.settings.lot_unit == "cents" else Decimal(1)
        try:
            assets = {
                one.asset: one.name
                for one in map(messages.asset, messages.rows(Kind.ASSETS_TOLD, assets_told)[0])
            }
            symbols = [messages.symbol(row) for row in messages.rows(Kind.SYMBOLS_TOLD, told)[0]]
        except BrokenMessage as why:
            raise Unreadable("The trading server's answer could not be read.") from why
        return [
            Instrument(
                number=one.symbol,
                name=one.name,
                group="",
                description=one.description,
                digits=one.digits,
                lot=Decimal(one.lot_size) / divisor if one.lot_size > 0 else None,
                base=assets.get(one.base, ""),
                quote=assets.get(one.quote, ""),
            )
            for one in symbols
            if one.name and 0 <= one.digits <= _MOST_DIGITS
        ]

    async def _over_web(self) -> list[Instrument]:
        told = await self._web.get("/v2/webserv/symbols")
        sizes = lot_sizes(self._web.settings)
        return [
            Instrument(
                number=number,
                name=name,
                group=str(row.get("assetClass") or ""),
                description=str(row.get("description") or ""),
                digits=5,
                lot=sizes.get(name.lower()) or sizes.get(str(row.get("assetClass") or "").lower()),
                base=name[:3] if _is_pair(name) else name,
                quote=name[3:] if _is_pair(name) else "",
            )
            for row in loose.rows(told.get("symbol"))
            if (number := loose.whole(row.get("id"))) is not None
            and (name := str(row.get("name") or ""))
        ]


def lot_sizes(settings: Settings) -> dict[str, Decimal]:
    """`Forex=100000, XAUUSD=100` by name in small letters; what is no such pair is passed over."""
    found: dict[str, Decimal] = {}
    for piece in settings.lot_sizes.split(","):
        name, _, size = piece.partition("=")
        if name.strip() and size.strip().isdecimal() and int(size) > 0:
            found[name.strip().lower()] = Decimal(int(size))
    return found


def _is_pair(name: str) -> bool:
    return len(name) == 6 and name.isalpha()

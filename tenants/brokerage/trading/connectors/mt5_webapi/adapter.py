"""The MT5 Web API as the product's trading port."""

from typing import ClassVar

import msgspec

from brokerage.trading.connector import (
    Access,
    Capabilities,
    MoneyKind,
    Verb,
)
from brokerage.trading.connectors.mt5_webapi.accounts import Accounts
from brokerage.trading.connectors.mt5_webapi.deals import Deals
from brokerage.trading.connectors.mt5_webapi.link import Link
from brokerage.trading.connectors.mt5_webapi.markets import Markets
from brokerage.trading.connectors.mt5_webapi.money import COMMENT_LENGTH, Operations
from brokerage.trading.connectors.mt5_webapi.settings import Settings
from brokerage.trading.connectors.mt5_webapi.tcp import TcpLink
from brokerage.trading.connectors.parted import Parted, Parts
from stoa.connectors.checks import Check, failed
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Line
from stoa.kernel.refusals import Refusal

_DRIFT_S = 60


class Mt5Verbs(Parted):
    """The port's verbs over either wire of an MT5 server."""

    capabilities: ClassVar[Capabilities] = Capabilities(
        verbs=frozenset(Verb) - {Verb.SUBSCRIBE},
        access=frozenset({Access.FULL, Access.NO_TRADING, Access.NO_LOGIN}),
        money=frozenset(MoneyKind),
        push=False,
        counts=True,
        idempotent_money=False,
        comment_length=COMMENT_LENGTH,
    )

    def __init__(self, link: Link, deals: Deals, *, manager: int, settle_s: int) -> None:
        self._link = link
        self._manager = manager
        accounts, markets = Accounts(link), Markets(link)
        self._markets = markets
        parts = Parts(
            accounts=accounts,
            money=Operations(link, deals, accounts.lock),
            deals=deals,
            positions=deals,
            markets=markets,
            prices=markets,
        )
        super().__init__(parts, settle_s=settle_s)

    async def test_connection(self) -> list[Check]:
        """Log in, read the groups, compare the clocks."""
        try:
            groups = await self.list_groups()
        except Refusal as why:
            return [failed("Log in as manager", why)]
        drift = self._link.drift_s
        return [
            Check("Log in as manager", fine=True, text=str(self._manager)),
            Check("See the groups", fine=bool(groups), text=str(len(groups))),
            Check("Agree on the time", fine=abs(drift) <= _DRIFT_S, text=f"{drift:+.0f} s"),
        ]

    async def moved(self) -> int | None:
        return await self._markets.deals_made()

    async def aclose(self) -> None:
        await self._link.aclose()


class Mt5WebApi(Mt5Verbs):
    """One MT5 server over TCP. There is no push: deals and prices are polled."""

    code: ClassVar[str] = "mt5-webapi"
    label: ClassVar[str] = "MetaTrader 5 (Web API)"
    settings_type: ClassVar[type[msgspec.Struct]] = Settings

    def __init__(self, settings: Settings, secrets: Keyring, line: Line) -> None:
        link = TcpLink(settings, secrets, line)
        super().__init__(link, Deals(link), manager=settings.login, settle_s=settings.settle_s)
        self._settings = settings

    @property
    def identity(self) -> str:
        """A server and its manager login: two tenants on one manager would see one another."""
        place = f"{self._settings.host.lower()}:{self._settings.port}"
        return f"{self.code}|{place}|{self._settings.login}"

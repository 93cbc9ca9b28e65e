"""DXtrade as the product's trading port."""

from typing import ClassVar
from urllib.parse import urlsplit

import msgspec

from brokerage.trading.connector import (
    Capabilities,
    Verb,
)
from brokerage.trading.connectors.dxtrade import records
from brokerage.trading.connectors.dxtrade.accounts import Accounts
from brokerage.trading.connectors.dxtrade.deals import Deals
from brokerage.trading.connectors.dxtrade.link import Link
from brokerage.trading.connectors.dxtrade.markets import Markets
from brokerage.trading.connectors.dxtrade.money import COMMENT_LENGTH, KINDS, Money
from brokerage.trading.connectors.dxtrade.settings import Settings
from brokerage.trading.connectors.parted import Parted, Parts
from stoa.connectors.checks import Check, failed
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Line
from stoa.kernel.refusals import Refusal


class DxTrade(Parted):
    """One DXtrade server, one clearing code, one type of accounts.

    A group is an account's category in one domain. Lacking, and refused: changing a leverage (it follows
    the category), an investor's password, shutting a client out, and credit, which is set as a whole
    there and without an id of ours. Codes become numbers as `ids` says. There is no push here.
    """

    code: ClassVar[str] = "dxtrade"
    label: ClassVar[str] = "DXtrade (REST)"
    settings_type: ClassVar[type[msgspec.Struct]] = Settings
    capabilities: ClassVar[Capabilities] = Capabilities(
        verbs=frozenset(Verb) - {Verb.SET_LEVERAGE, Verb.SUBSCRIBE},
        access=frozenset(records.STATUSES),
        money=KINDS,
        push=False,
        idempotent_money=True,
        comment_length=COMMENT_LENGTH,
    )

    def __init__(self, settings: Settings, secrets: Keyring, line: Line) -> None:
        self._settings = settings
        self._link = Link(settings, secrets, line)
        markets, accounts = Markets(self._link), Accounts(self._link)
        deals = Deals(self._link, accounts, markets)
        parts = Parts(
            accounts=accounts,
            money=Money(self._link, accounts, deals.transfers),
            deals=deals,
            positions=deals,
            markets=markets,
            prices=markets,
        )
        super().__init__(parts, settle_s=settings.settle_s)

    @property
    def identity(self) -> str:
        """A server and its administrator: two tenants under one would see one another."""
        host = urlsplit(self._settings.base_url).netloc.lower()
        return f"{self.code}|{host}|{self._settings.domain}|{self._settings.username}"

    async def test_connection(self) -> list[Check]:
        """Log in at both sides: the groups from the one, the instruments from the other."""
        try:
            groups = await self.list_groups()
            symbols = await self.list_symbols()
        except Refusal as why:
            return [failed("Log in as administrator", why)]
        return [
            Check("Log in as administrator", fine=True, text=self._settings.username),
            Check("See the groups", fine=bool(groups), text=str(len(groups))),
            Check("See the symbols", fine=bool(symbols), text=str(len(symbols))),
        ]

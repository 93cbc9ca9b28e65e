"""Match-Trader as the product's trading port."""

from typing import ClassVar
from urllib.parse import urlsplit

import msgspec

from brokerage.trading.connector import (
    Access,
    Capabilities,
    MoneyKind,
    Verb,
)
from brokerage.trading.connectors.matchtrader.accounts import Accounts
from brokerage.trading.connectors.matchtrader.deals import Deals
from brokerage.trading.connectors.matchtrader.link import Link
from brokerage.trading.connectors.matchtrader.markets import Markets
from brokerage.trading.connectors.matchtrader.money import COMMENT_LENGTH, Money
from brokerage.trading.connectors.matchtrader.settings import Settings
from brokerage.trading.connectors.parted import Parted, Parts
from stoa.connectors.checks import Check, failed
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Line
from stoa.kernel.refusals import Refusal


class MatchTrader(Parted):
    """One broker, over the Broker API's version 2, on real or on demo accounts.

    The platform pushes over gRPC, and there is no gRPC in this product: it is asked instead, so `push` is
    False and `stream` tells nothing. Version 1, which ends with 2026, is not spoken; its keys and its
    way of changing a password are settings. There is no investor's password. Prices are not told here.

    Positions are told and not deals, so deals are made from them: see `ids` for their numbers and
    `deals` for how. An addition to a netted position would have no deal of its own: for hedging groups.
    """

    code: ClassVar[str] = "matchtrader"
    label: ClassVar[str] = "Match-Trader (Broker API 2)"
    settings_type: ClassVar[type[msgspec.Struct]] = Settings
    capabilities: ClassVar[Capabilities] = Capabilities(
        verbs=frozenset(Verb) - {Verb.SUBSCRIBE},
        access=frozenset(Access),
        money=frozenset(MoneyKind),
        push=False,
        idempotent_money=False,
        comment_length=COMMENT_LENGTH,
    )

    def __init__(self, settings: Settings, secrets: Keyring, line: Line) -> None:
        self._settings = settings
        link = Link(settings, secrets, line)
        markets = Markets(link)
        deals = Deals(link, markets)
        parts = Parts(
            accounts=Accounts(link),
            money=Money(link),
            deals=deals,
            positions=deals,
            markets=markets,
        )
        super().__init__(parts, settle_s=settings.settle_s)

    @property
    def identity(self) -> str:
        """A broker at a host: two tenants with one broker would see one another."""
        host = urlsplit(self._settings.base_url).netloc.lower()
        return f"{self.code}|{host}|{self._settings.kind}|{self._settings.broker.lower()}"

    async def test_connection(self) -> list[Check]:
        """Be let in, read the groups and the instruments."""
        try:
            groups = await self.list_groups()
            symbols = await self.list_symbols()
        except Refusal as why:
            return [failed("Reach the API with our key", why)]
        return [
            Check("Reach the API with our key", fine=True, text="ok"),
            Check("See the groups", fine=bool(groups), text=str(len(groups))),
            Check("See the symbols", fine=bool(symbols), text=str(len(symbols))),
        ]

"""TradeLocker as the product's trading port."""

from collections.abc import AsyncIterator
from typing import ClassVar
from urllib.parse import urlsplit

import msgspec

from brokerage.trading.connector import (
    Access,
    Capabilities,
    MoneyKind,
    News,
    Verb,
)
from brokerage.trading.connectors.parted import Parted, Parts
from brokerage.trading.connectors.tradelocker import stream
from brokerage.trading.connectors.tradelocker.accounts import Accounts
from brokerage.trading.connectors.tradelocker.deals import Deals
from brokerage.trading.connectors.tradelocker.link import Link
from brokerage.trading.connectors.tradelocker.markets import Markets
from brokerage.trading.connectors.tradelocker.money import NOTE_LENGTH, Money, References
from brokerage.trading.connectors.tradelocker.operations import Operations
from brokerage.trading.connectors.tradelocker.settings import Settings
from stoa.connectors.checks import Check, failed
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Line
from stoa.kernel.refusals import Refusal

_LACKING = frozenset({Verb.UPDATE_PROFILE, Verb.SET_LEVERAGE})


class TradeLocker(Parted):
    """One brand, on one cluster (live or demo).

    Lacking there, and refused: changing a leverage (it follows the group) or a profile, an investor's
    password, the right to look without trading. A user has one password for all accounts. Prices of
    the moment are not told to a brand over this API, so `prices` answers none.
    """

    code: ClassVar[str] = "tradelocker"
    label: ClassVar[str] = "TradeLocker (Brand API)"
    settings_type: ClassVar[type[msgspec.Struct]] = Settings
    capabilities: ClassVar[Capabilities] = Capabilities(
        verbs=frozenset(Verb) - _LACKING,
        access=frozenset({Access.FULL, Access.CLOSE_ONLY, Access.NO_LOGIN}),
        money=frozenset(MoneyKind),
        push=True,
        idempotent_money=True,
        comment_length=NOTE_LENGTH,
    )

    def __init__(self, settings: Settings, secrets: Keyring, line: Line) -> None:
        self._settings = settings
        self._link = Link(settings, secrets, line)
        markets = Markets(self._link)
        accounts = Accounts(self._link, markets)
        references, operations = References(), Operations(self._link)
        deals = Deals(self._link, accounts, markets, operations, references)
        parts = Parts(
            accounts=accounts,
            money=Money(self._link, operations, references),
            deals=deals,
            positions=deals,
            markets=markets,
        )
        super().__init__(parts, settle_s=settings.settle_s)

    @property
    def identity(self) -> str:
        """A brand's server name on a cluster: two tenants with one brand would see one another."""
        host = urlsplit(self._settings.base_url).netloc.lower()
        return f"{self.code}|{host}|{self._settings.kind}|{self._settings.server.lower()}"

    def stream(self) -> AsyncIterator[News]:
        return stream.listen(self._link)

    async def test_connection(self) -> list[Check]:
        """Be let in, read the groups and the instruments."""
        try:
            ready = await self._link.alive()
            groups = await self.list_groups()
            symbols = await self.list_symbols()
        except Refusal as why:
            return [failed("Reach the API with our key", why)]
        return [
            Check("Reach the API with our key", fine=True, text=ready),
            Check("See the groups", fine=bool(groups), text=str(len(groups))),
            Check("See the symbols", fine=bool(symbols), text=str(len(symbols))),
        ]

    async def aclose(self) -> None:
        """Nothing is held between calls; a stream is closed by whoever listens."""

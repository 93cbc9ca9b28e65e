"""The MT5 Web API over HTTPS as the product's trading port."""

from typing import ClassVar
from urllib.parse import urlsplit

import msgspec

from brokerage.trading.connectors.mt5_https.deals import BatchedDeals
from brokerage.trading.connectors.mt5_https.link import HttpsLink
from brokerage.trading.connectors.mt5_https.settings import Settings
from brokerage.trading.connectors.mt5_webapi.adapter import Mt5Verbs
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Line


class Mt5Https(Mt5Verbs):
    """One MT5 server over HTTPS. There is no push: deals and prices are polled."""

    code: ClassVar[str] = "mt5-https"
    label: ClassVar[str] = "MetaTrader 5 (Web API over HTTPS)"
    settings_type: ClassVar[type[msgspec.Struct]] = Settings

    def __init__(self, settings: Settings, secrets: Keyring, line: Line) -> None:
        link = HttpsLink(settings, secrets, line)
        deals = BatchedDeals(link, settings.batch)
        super().__init__(link, deals, manager=settings.login, settle_s=settings.settle_s)
        self._settings = settings

    @property
    def identity(self) -> str:
        """A server and its manager login: two tenants on one manager would see one another."""
        parts = urlsplit(self._settings.base_url.lower())
        place = f"{parts.hostname}:{parts.port or 443}"
        return f"{self.code}|{place}|{self._settings.login}"

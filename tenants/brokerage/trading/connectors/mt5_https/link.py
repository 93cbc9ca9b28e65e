"""The link over HTTPS: a connection of its own, proved once, kept warm, proved again after a drop."""

from urllib.parse import urlsplit

from brokerage.trading.connectors.mt5_https.settings import Settings
from brokerage.trading.connectors.mt5_https.talk import HttpTalk
from brokerage.trading.connectors.mt5_webapi import entering
from brokerage.trading.connectors.mt5_webapi.link import Link
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Line
from stoa.connectors.trouble import Blocked, NoAnswer, Unreachable


class HttpsLink(Link):
    def __init__(self, settings: Settings, secrets: Keyring, line: Line) -> None:
        super().__init__(settings, line)
        self._server = settings
        self._secrets = secrets

    async def _connect(self) -> HttpTalk:
        server = self._server
        password = self._secrets.current(server.password)
        host, port, tls = self._place()
        reader, writer = await self._line.egress.open_stream(host, port, tls=tls)
        talk = HttpTalk(reader, writer, f"{host}:{port}")
        asked: dict[str, str | int] = {
            "VERSION": server.build,
            "AGENT": server.agent,
            "LOGIN": server.login,
            "TYPE": "manager",
        }
        try:
            await entering.enter(talk, asked, password)
            await self.set_clock(talk)
        except NoAnswer as why:
            await talk.aclose()
            raise Unreachable("The trading server did not let us in.") from why
        except BaseException:
            await talk.aclose()
            raise
        return talk

    def _place(self) -> tuple[str, int, bool]:
        """Host, port and whether through TLS; plain only where the operator listed the place."""
        try:
            parts = urlsplit(self._server.base_url)
            port = parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError as why:
            raise Blocked("This address is not one we call.") from why
        host = parts.hostname or ""
        listed = self._line.egress.gate.listed(host, port)
        if not host or parts.username or (parts.scheme != "https" and not listed):
            raise Blocked("This address is not one we call.")
        return host, port, parts.scheme == "https"

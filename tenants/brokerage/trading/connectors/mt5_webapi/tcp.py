"""The link over raw TCP: a stream, a login in packets, then as many questions at once as are allowed."""

from brokerage.trading.connectors.mt5_webapi.link import Link
from brokerage.trading.connectors.mt5_webapi.session import Session, log_in
from brokerage.trading.connectors.mt5_webapi.settings import Settings
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Line
from stoa.connectors.trouble import NoAnswer, Unreachable


class TcpLink(Link):
    def __init__(self, settings: Settings, secrets: Keyring, line: Line) -> None:
        super().__init__(settings, line)
        self._server = settings
        self._secrets = secrets

    async def _connect(self) -> Session:
        server = self._server
        password = self._secrets.current(server.password)
        reader, writer = await self._line.egress.open_stream(
            server.host, server.port, tls=server.tls
        )
        session = Session(reader, writer)
        try:
            await log_in(session, server, password)
            await self.set_clock(session)
        except NoAnswer as why:
            # Silence during the login: the question that waits behind it was never sent.
            await session.aclose()
            raise Unreachable("The trading server did not let us in.") from why
        except BaseException:
            await session.aclose()
            raise
        return session

"""Open connectors of a tenant's trading servers, kept per process."""

from typing import Any

from brokerage.trading import connectors
from brokerage.trading.connector import TradingConnector
from brokerage.trading.settings import Server, TradingSettings
from stoa.connectors.keyring import Keyring, secret_names, secrets_of
from stoa.connectors.outside import outside
from stoa.kernel.refusals import Refusal, Unavailable
from stoa.product import Connection
from stoa.tenancy.work import Work
from stoa.vault import credentials


async def connect(work: Work, code: str) -> TradingConnector:
    """The connector of one server by the settings in force. Raises Unavailable.

    A paused server is as one that does not answer. Reads settings and secrets; the calls on it belong outside the transaction.
    """
    server = work.settings(TradingSettings).server(code)
    if server is None:
        raise Unavailable("This trading server is not connected.")
    if server.paused:
        raise Unavailable("This trading server is paused: {why}", code="paused", why=server.paused)
    return await _open(work, server)


async def _open(work: Work, server: Server) -> TradingConnector:
    kind = connectors.named(server.connector)
    way = outside()
    settings: Any = way.settings(kind.settings_type, server.settings)
    held = {name: await credentials.both(work, name) for name in secret_names(settings)}
    version = (settings, tuple(sorted((name, tuple(texts)) for name, texts in held.items())))
    line = way.line(work.tenant.id, server.code)
    return way.keep(
        ("trading", work.tenant.id, server.code),
        version,
        lambda: kind(settings, Keyring(held), line),
    )


def connections(work: Work) -> list[Connection]:
    """Every trading server, as the page of connections shows it."""
    return [
        Connection(
            label=server.label,
            connector=server.connector,
            secrets=_secrets_wanted(server),
            path=f"/desk/servers/{server.code}/settings",
        )
        for server in work.settings(TradingSettings).servers
    ]


def _secrets_wanted(server: Server) -> tuple[tuple[str, str], ...]:
    try:
        return secrets_of(connectors.named(server.connector).settings_type, server.settings)
    except Refusal:
        return ()

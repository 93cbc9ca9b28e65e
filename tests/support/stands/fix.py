"""FIX drop copy: it has no verbs, and its stream rings for whoever keeps the session's numbers."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from brokerage.trading.conformance.plan import Plan
from support.stands import Standing
from support.stands._served import Served

PLAYED = (
    *("trade-whole", "trade-partial", "trade-hedged", "trade-close-by", "trade-netted"),
    *("trade-reversed", "push-trade", "push-broken"),
)
KEPT = (
    "a drop copy logs on with kept numbers only: tests/tenants/brokerage/trading/dropcopy plays it"
)


@asynccontextmanager
async def drop_copy(folder: Path) -> AsyncGenerator[Standing]:
    server = await Served("sandbox.fix", folder).start()
    port = server.ports["port"]
    try:
        yield Standing(
            settings={
                "host": "127.0.0.1",
                "port": port,
                "tls": False,
                "sender": "BROKER",
                "target": "MARKET",
            },
            secrets={},
            allowed={f"127.0.0.1:{port}"},
            plan=Plan(group="drop-copy"),
            unchecked=dict.fromkeys(PLAYED, KEPT),
        )
    finally:
        await server.stop()


STANDS = {"fix-drop-copy": drop_copy}

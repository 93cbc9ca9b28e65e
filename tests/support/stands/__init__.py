"""Where each trading adapter is tried: its sandbox server, settings, secrets, hand and weather.

An adapter joins the conformance test with one file in this folder, and nothing else:

    # tests/support/stands/<platform>.py
    @asynccontextmanager
    async def stand(folder: Path) -> AsyncGenerator[Standing]:
        server = await Served("sandbox.<platform>", folder).start()
        try:
            yield Standing(
                settings={"host": "127.0.0.1", "port": server.ports["port"], ...},
                secrets={"<platform>.key": "..."},          # by the name the settings give
                allowed={f"127.0.0.1:{server.ports['port']}"},   # what the egress may call
                plan=Plan(group="demo\\\\standard", other_group=..., netting_group=...),
                trader=DealerTrader(server),      # or your own: open, close, close_by
                weather=HubWeather(server),       # or your own: drop_before_money, ...
            )
        finally:
            await server.stop()

    STANDS = {"<connector's code>": stand}

`Served` starts `python -m sandbox.<platform> --state DIR --port 0 --seed 7` and reads the ports it
prints (`ready port=N http=M`). `DealerTrader` and `HubWeather` use the levers over HTTP of a sandbox
that stands on `sandbox.trading`'s hub: `/dealer/{login}/order|close` and `/faults`; they are looked
for on `http=` and, where a sandbox prints none, on `port=`. Where the port's login is not the hub's
own, give `DealerTrader(server, login_of=...)`; the same for positions with `position_of=...`.

`tls` is what the egress is to trust, where the sandbox speaks TLS with a certificate of its own: `trusting`
makes it of the certificate's file. `unchecked` names cases the sandbox cannot show, each with its reason; every other case must pass or
be declared as lacking by the adapter. Run one with `pytest tests/.../test_conformance.py -k <code>`.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from ssl import SSLContext
from typing import Any

from brokerage.trading.conformance.plan import Plan, Trader, Weather


@dataclass(frozen=True)
class Standing:
    """One running sandbox and all a run of the suite needs of it."""

    settings: Mapping[str, Any]
    secrets: Mapping[str, str]
    allowed: frozenset[str] | set[str]
    plan: Plan
    trader: Trader | None = None
    weather: Weather | None = None
    tls: SSLContext | None = None
    unchecked: Mapping[str, str] = field(default_factory=dict)


Stand = Callable[[Path], AbstractAsyncContextManager[Standing]]


def stands() -> dict[str, Stand]:
    """All there are, by the connector's code."""
    found: dict[str, Stand] = {}
    for module in iter_modules(__path__):
        if not module.name.startswith("_"):
            found |= getattr(import_module(f"{__name__}.{module.name}"), "STANDS", {})
    return found

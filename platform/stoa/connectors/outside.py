"""This process's way to the outside: one egress, its lines, and the connectors kept open.

A provider's address in settings may be `service:<name>`: an address the installation notes itself
(the stand-in outside world of a demo). Only those addresses may lie on loopback.
"""

from collections.abc import Callable, Hashable, Mapping
from functools import lru_cache
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import msgspec

from stoa.connectors.egress import Egress
from stoa.connectors.kept import Closable, Kept
from stoa.connectors.lines import Line, Lines
from stoa.kernel import process
from stoa.kernel.config import Config
from stoa.kernel.refusals import Invalid
from stoa.theming.texts import N_

PREFIX: Final = "service:"
NOTED: Final = N_("The installation notes this address by itself.")
C = TypeVar("C", bound=Closable)


def own_addresses(told: Mapping[str, Any]) -> dict[str, str]:
    """Those among settings that the installation notes itself: not for a form to change or lose."""
    return {
        name: value
        for name, value in told.items()
        if isinstance(value, str) and value.startswith(PREFIX)
    }


class Outside:
    def __init__(self, config: Config) -> None:
        self.services: Mapping[str, str] = {} if config.production else config.services
        self.egress = Egress(allowed=sorted(_host_port(value) for value in self.services.values()))
        self.lines = Lines(self.egress)
        self.kept: Kept[Any] = Kept()

    def line(self, tenant: object, connector: str) -> Line:
        """The line of one tenant to one configured connector."""
        return self.lines.of(str(tenant), connector)

    def keep(self, key: Hashable, version: Hashable, make: Callable[[], C]) -> C:
        """A connector kept open until its settings or secrets change."""
        made: C = self.kept.of(key, version, make)
        return made

    def settings(self, slice_type: type[msgspec.Struct], raw: Mapping[str, Any]) -> Any:
        """Typed settings of a connector with `service:` addresses filled in. Raises Invalid."""
        filled = dict(raw)
        for name, value in raw.items():
            if isinstance(value, str) and value.startswith(PREFIX):
                address = self.services.get(value.removeprefix(PREFIX))
                if address is None:
                    raise Invalid("There is no service {name} here.", name=value, field=name)
                if name == "host":
                    host, _, port = _host_port(address).rpartition(":")
                    filled["host"], filled["port"] = host, int(port)
                else:
                    filled[name] = address
        try:
            return msgspec.convert(filled, slice_type, strict=False)
        except msgspec.ValidationError as why:
            raise Invalid("{problem}", problem=str(why)) from why

    async def aclose(self) -> None:
        await self.kept.aclose()
        await self.egress.aclose()


def _host_port(address: str) -> str:
    if "://" not in address:
        return address
    parts = urlsplit(address)
    usual = 443 if parts.scheme == "https" else 80
    return f"{parts.hostname}:{parts.port or usual}"


@lru_cache(maxsize=1)
def outside() -> Outside:
    """The one of this process, made on first use."""
    return Outside(process.config())

"""Groups and instruments of the broker."""

from typing import Any

from sandbox.matchtrader.shapes import volume
from sandbox.trading.config import Group, Manager
from sandbox.trading.hub import Hub
from sandbox.trading.masks import matches
from sandbox.trading.symbols import SYMBOLS, Symbol
from sandbox.trading.web_server import Request, Response, reply

Json = dict[str, Any]


class Lists:
    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def group_names(self, _: Request, manager: Manager, __: Json) -> Response:
        return reply([group.name for group in self._seen(manager)])

    def groups(self, _: Request, manager: Manager, body: Json) -> Response:
        names = body.get("names") or [group.name for group in self._seen(manager)]
        return reply(
            [
                {
                    "name": group.name,
                    "currency": group.currency,
                    "currencyPrecision": group.digits,
                    "groupOwner": group.company,
                    "symbols": list(SYMBOLS),
                }
                for group in self._seen(manager)
                if group.name in names
            ]
        )

    def symbols(self, request: Request, _: Manager, __: Json) -> Response:
        wanted = [name for name in request.query.get("symbols", "").split(",") if name]
        return reply([_symbol(one) for one in SYMBOLS.values() if not wanted or one.name in wanted])

    def _seen(self, manager: Manager) -> list[Group]:
        return [
            group
            for group in self._hub.config.groups
            if not group.netting and matches(manager.groups, group.name)
        ]


def _symbol(one: Symbol) -> Json:
    return {
        "symbol": one.name,
        "alias": one.name,
        "description": one.text,
        "type": one.folder.partition("\\")[0].upper(),
        "baseCurrency": one.base,
        "quoteCurrency": one.profit,
        "pricePrecision": one.digits,
        "contractSize": one.contract,
        "volumeMin": volume(one.volume_min),
        "volumeMax": volume(one.volume_max),
        "volumeStep": volume(one.volume_step),
    }

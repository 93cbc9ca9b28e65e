"""The groups a server told of: kept to hold the settings against, and for their margin levels.

await keep(open_work)                      every hour, and when a person asks
await known(work, server) -> dict          by group; empty where the server was never asked
differences(settings, server, groups)      what the settings say that the server does not
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import msgspec
from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert

from brokerage.trading import servers
from brokerage.trading.connector import Symbol
from brokerage.trading.model import TradingServer
from brokerage.trading.settings import Server, TradingSettings
from brokerage.trading.symbols import canonical
from stoa.kernel.refusals import Invalid, Refusal
from stoa.tenancy import settings as stored
from stoa.tenancy.actor import Kind
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

USUAL_CALL: Final = Decimal(100)
USUAL_STOP: Final = Decimal(50)
_ASKED_MOST: Final = 100
MISSING: Final = N_("The server {server} has no group {group}.")
OTHER_CURRENCY: Final = N_("The group {group} is kept in {there}; the settings say {here}.")
_REFUSED: Final = {
    MISSING: N_(
        "The server {server} has no group {group}. If it has one by now, compare with the server "
        "again. Nothing was changed."
    ),
    OTHER_CURRENCY: N_(
        "The group {group} is kept in {there}; the settings say {here}. Nothing was changed."
    ),
}


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """A group as its server told it. Margin levels in percent of the margin. Without a currency it
    takes accounts of any.
    """

    group: str
    currency: str = ""
    call: Decimal = USUAL_CALL
    stop: Decimal = USUAL_STOP


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """What the settings say and the server does not: a message id and what fills it."""

    text: str
    places: dict[str, str]
    grave: bool = True


async def keep(open_work: OpenWork) -> None:
    """Ask every server for its groups; one that does not answer keeps what is known."""
    async with open_work() as work:
        codes = [one.code for one in work.settings(TradingSettings).servers if not one.paused]
    for code in codes[:_ASKED_MOST]:
        try:
            await ask(open_work, code)
        except Refusal:
            continue


async def ask(open_work: OpenWork, code: str) -> None:
    """Ask one server now, with no transaction open. Raises Unavailable."""
    async with open_work() as work:
        connector = await servers.connect(work, code)
    told = await connector.list_groups()
    groups = [
        {
            "group": one.group,
            "currency": one.currency,
            "call": str(one.margin_call),
            "stop": str(one.stop_out),
        }
        for one in told
    ]
    async with open_work() as work:
        await work.run(
            insert(TradingServer)
            .values(code=code, state="unknown", symbols=[], prices={}, deals_seen=0)
            .on_conflict_do_nothing()
        )
        await work.run(
            update(TradingServer)
            .where(TradingServer.code == code)
            .values(groups=groups, groups_at=work.now)
        )
        work.announce("desk|servers")


async def known(work: Work, server: str) -> Mapping[str, Known]:
    """By lower-cased name; empty where the server was never asked."""
    row = await work.session.get(TradingServer, server)
    return read(row.groups if row is not None else None)


def read(groups: Sequence[Any] | None) -> Mapping[str, Known]:
    found = msgspec.convert(groups or [], list[Known], strict=False)
    return {one.group.lower(): one for one in found}


def level_of(groups: Mapping[str, Known], group: str) -> Known:
    """A group's margin levels; the usual ones where the server did not tell any."""
    found = groups.get(group.lower())
    if found is None or found.stop <= 0:
        return Known(group=group, currency=found.currency if found else "")
    return found


def differences(server: Server, groups: Mapping[str, Known]) -> list[Difference]:
    """Groups of the settings that the server does not have, or keeps in another currency."""
    found: list[Difference] = []
    for rule in server.groups:
        for name in (rule.group, rule.swap_free):
            if name is None:
                continue
            there = groups.get(name.lower())
            if there is None:
                text = MISSING
                found.append(Difference(text=text, places={"server": server.code, "group": name}))
            elif rule.when.currency and there.currency not in {"", *rule.when.currency}:
                places = {
                    "group": name,
                    "there": there.currency,
                    "here": ", ".join(rule.when.currency),
                }
                text = OTHER_CURRENCY
                found.append(Difference(text=text, places=places))
    return found


def symbol_differences(
    settings: TradingSettings, told: Sequence[Symbol] | Sequence[Mapping[str, Any]]
) -> list[Difference]:
    """Symbols a server trades that the map does not list, or lists with another size or digits."""
    found: list[Difference] = []
    for one in told:
        name, size, digits = _said(one)
        mine = canonical(settings.symbols, name)
        if not mine.known:
            text = N_("{symbol} is in no list: it counts as {group}.")
            found.append(
                Difference(text=text, places={"symbol": name, "group": mine.group}, grave=False)
            )
        elif size != mine.contract_size:
            text = N_("{symbol}: a lot is of {there} at the server, of {here} in the map.")
            places = {"symbol": name, "there": f"{size:f}", "here": f"{mine.contract_size:f}"}
            found.append(Difference(text=text, places=places, grave=False))
        elif digits != mine.digits:
            text = N_("{symbol}: its price has {there} digits at the server, {here} in the map.")
            places = {"symbol": name, "there": str(digits), "here": str(mine.digits)}
            found.append(Difference(text=text, places=places, grave=False))
    return found


def _said(one: Symbol | Mapping[str, Any]) -> tuple[str, Decimal, int]:
    if isinstance(one, Symbol):
        return one.symbol, one.contract_size.normalize(), one.digits
    size = Decimal(str(one.get("contract_size", "0"))).normalize()
    return str(one.get("symbol", "")), size, int(one.get("digits", 0))


async def _validated(
    work: Work, name: str, value: msgspec.Struct, _version: int, _why: str
) -> bool:
    """The gate: a person's change that names groups the server does not have is not stored.

    A server that was never asked cannot say; its page shows the differences once it was.
    """
    if name != "trading" or not isinstance(value, TradingSettings):
        return False
    if work.actor.kind is Kind.SYSTEM:
        return False
    before = work.settings(TradingSettings)
    for server in value.servers:
        if before.server(server.code) == server:
            continue
        groups = await known(work, server.code)
        wrong = differences(server, groups) if groups else []
        if wrong:
            raise Invalid(
                _REFUSED[wrong[0].text], field="text", code="group-map", **wrong[0].places
            )
    return False


stored.gates.append(_validated)

"""A tenant's trading servers: added, changed, paused, removed; their secrets written and never shown.

await keep(work, "mt5-live", Typed(...), why="the new address")
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta
from sqlalchemy import func, select

from brokerage.trading import connectors
from brokerage.trading.connector import TradingConnector
from brokerage.trading.model import AccountState, TradingAccount
from brokerage.trading.settings import GroupName, GroupRule, Server, TradingSettings, When
from stoa.connectors.keyring import secret_fields
from stoa.connectors.outside import own_addresses
from stoa.drawn import whole
from stoa.drawn.given import Given
from stoa.kernel.refusals import Conflict, Invalid, NotFound
from stoa.tenancy import settings
from stoa.tenancy.module import Settings
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.vault import credentials

SLICE: Final = "trading"
_CODE: Final = re.compile(r"[a-z][a-z0-9-]{1,38}", re.ASCII)
_LEAST_WHY: Final = 3


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the group map as the form has it; what is left empty fits everything."""

    group: Annotated[GroupName, Meta(title=N_("Group of the server"))]
    currency: Annotated[tuple[str, ...], Meta(title=N_("Currencies"))] = ()
    pack: Annotated[tuple[str, ...], Meta(title=N_("Jurisdictions"))] = ()
    product: Annotated[tuple[str, ...], Meta(title=N_("Products"))] = ()
    entity: Annotated[tuple[str, ...], Meta(title=N_("Entities"))] = ()
    book: Annotated[
        Literal["A", "B"],
        Meta(
            title=N_("Book"),
            extra={"options": {"A": N_("A: hedged"), "B": N_("B: borne by the house")}},
        ),
    ] = "B"
    swap_free: Annotated[GroupName | None, Meta(title=N_("Its group without swaps"))] = None


Lines = Annotated[
    tuple[Line, ...],
    Meta(
        title=N_("Group map"),
        description=N_("The first line that fits an account names its group."),
    ),
]


@dataclass(frozen=True, slots=True)
class Typed:
    """What a person entered. `value` is of `form_type`: the connector's own settings and the map."""

    label: str
    kind: str
    value: Any
    entered: Mapping[str, str] = field(default_factory=dict[str, str])


@lru_cache(maxsize=64)
def form_type(kind: type[TradingConnector]) -> type[msgspec.Struct]:
    """A connector's settings with the group map (`groups`) below them, as one form has them."""
    own = kind.settings_type
    return msgspec.defstruct(
        f"{own.__name__}AndMap",
        [("groups", Lines, ())],
        bases=(own,),
        module=own.__module__,
        frozen=True,
        kw_only=True,
    )


def usual(kind: type[TradingConnector]) -> dict[str, Any]:
    """What a connector's settings are where nobody says anything, as far as they have a default."""
    found: dict[str, Any] = {}
    for one in msgspec.structs.fields(kind.settings_type):
        if one.default is not msgspec.NODEFAULT:
            found[one.name] = one.default
        elif one.default_factory is not msgspec.NODEFAULT:
            found[one.name] = one.default_factory()
    return found


def form_of(
    kind: type[TradingConnector], server: Server, known: Mapping[str, str], noted: str
) -> whole.Whole:
    """The connector's settings and the group map as a form; of a secret only whether it is stored.

    `known` maps the name of a secret to what may be shown of it; `noted` says who fixed an address.
    """
    told, defaults = server.settings, usual(kind)
    secrets = {
        name: known.get(str(told.get(name, defaults.get(name))), "")
        for name in secret_fields(kind.settings_type)
    }
    locked = dict.fromkeys(own_addresses(told), noted)
    lines = [
        Line(
            group=one.group,
            currency=one.when.currency,
            pack=one.when.pack,
            product=one.when.product,
            entity=one.when.entity,
            book=one.book,
            swap_free=one.swap_free,
        )
        for one in server.groups
    ]
    return whole.opened(
        form_type(kind), {**told, "groups": lines}, given=Given(secrets=secrets, locked=locked)
    )


async def known(work: Work, server: Server) -> dict[str, str]:
    """What may be shown of a server's secrets, by their name in the vault."""
    kind = connectors.named(server.connector)
    defaults = usual(kind)
    names = [
        str(server.settings.get(name, defaults.get(name)))
        for name in secret_fields(kind.settings_type)
    ]
    return {name: one.masked for name, one in (await credentials.known(work, names)).items()}


async def keep(work: Work, code: str, typed: Typed, *, why: str, connector: str = "") -> int | None:
    """Put a server in force, new or changed; its version, or None where a second person is owed.

    Secrets that were entered are stored at once and count from the next call on. Raises Invalid,
    Conflict or NotFound; then nothing was changed.
    """
    work.require(Settings.EDIT)
    now = work.settings(TradingSettings)
    held = now.server(code)
    if connector and held is not None:
        raise Conflict("Another server has this code.", field="code")
    if not connector and held is None:
        raise NotFound
    if not _CODE.fullmatch(code):
        raise Invalid("A code has 2 to 39 small letters, digits and hyphens.", field="code")
    kind = connectors.named(connector or (held.connector if held is not None else ""))
    told, entered = _told(kind, code, held, typed)
    if entered:
        work.require(Settings.SECRETS)
    made = settings.parse(
        SLICE,
        Server,
        {
            "code": code,
            "connector": kind.code,
            "kind": typed.kind or (held.kind if held is not None else ""),
            "label": typed.label.strip()[:80] or kind.label,
            "groups": [settings.as_data(one) for one in _map(typed.value.groups)],
            "settings": told,
            "paused": held.paused if held is not None else "",
        },
    )
    assert isinstance(made, Server)  # noqa: S101 - as it was asked for
    version = await _put(work, now, made, why)
    for name, value in sorted(entered.items()):
        await credentials.put(work, name, value)
    return version


async def pause(work: Work, code: str, why: str) -> int | None:
    """Leave a server alone until it is taken up again: what is to be sent there waits in its order."""
    server = _server(work, code)
    if server.paused:
        raise Conflict("This server is paused already.")
    _reason(why)
    made = msgspec.structs.replace(server, paused=why.strip()[:200])
    return await _put(work, work.settings(TradingSettings), made, why)


async def resume(work: Work, code: str, why: str) -> int | None:
    """Ask a paused server again, and send what waited."""
    server = _server(work, code)
    if not server.paused:
        raise Conflict("This server is not paused.")
    made = msgspec.structs.replace(server, paused="")
    return await _put(work, work.settings(TradingSettings), made, why)


async def remove(work: Work, code: str, why: str) -> int | None:
    """Forget a server that nothing is on any more.

    Raises:
        Conflict: products name it, or accounts live there.
    """
    _server(work, code)
    now = work.settings(TradingSettings)
    products = [one.label for one in now.products if one.server == code]
    if products:
        raise Conflict(
            "Products are on this server: {names}. Move or remove them first.",
            names=", ".join(products)[:200],
        )
    living = await work.value(
        select(func.count())
        .select_from(TradingAccount)
        .where(
            TradingAccount.server == code,
            TradingAccount.state.not_in((AccountState.ARCHIVED, AccountState.FAILED)),
        )
    )
    if living:
        raise Conflict("{n} accounts live on this server: archive or move them first.", n=living)
    _reason(why)
    rest = tuple(one for one in now.servers if one.code != code)
    changed = msgspec.structs.replace(now, servers=rest)
    return await settings.put(work, SLICE, changed, why=why.strip()[:400])


def _server(work: Work, code: str) -> Server:
    work.require(Settings.EDIT)
    found = work.settings(TradingSettings).server(code)
    if found is None:
        raise NotFound
    return found


def _reason(why: str) -> None:
    if len(why.strip()) < _LEAST_WHY:
        raise Invalid("Say why, in a few words.", field="why")


async def _put(work: Work, now: TradingSettings, made: Server, why: str) -> int | None:
    _reason(why)
    there = now.server(made.code) is not None
    rest = [made if one.code == made.code else one for one in now.servers]
    servers = tuple(rest if there else [*rest, made])
    changed = msgspec.structs.replace(now, servers=servers)
    settings.parse(SLICE, TradingSettings, settings.as_data(changed))
    return await settings.put(work, SLICE, changed, why=why.strip()[:400])


def _map(lines: Sequence[Line]) -> tuple[GroupRule, ...]:
    return tuple(
        GroupRule(
            group=one.group,
            when=When(entity=one.entity, pack=one.pack, product=one.product, currency=one.currency),
            book=one.book,
            swap_free=one.swap_free or None,
        )
        for one in lines
    )


def _told(
    kind: type[TradingConnector], code: str, held: Server | None, typed: Typed
) -> tuple[dict[str, Any], dict[str, str]]:
    """The settings to store, as far as they differ from the usual, and the secrets to write by name."""
    secrets, defaults = secret_fields(kind.settings_type), usual(kind)
    before = dict(held.settings) if held is not None else {}
    told = {
        name: value
        for name, value in settings.as_data(typed.value).items()
        if name != "groups"
        and name not in secrets
        and value != settings.as_data(defaults.get(name))
    } | own_addresses(before)
    for name in secrets:
        told[name] = str(before.get(name) or (defaults.get(name) if held else f"{code}.{name}"))
    return told, {told[name]: text for name, text in typed.entered.items()}

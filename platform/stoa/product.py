"""The shape of what the platform runs: a list of modules, joined into one product."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal
from uuid import UUID

import msgspec

from stoa.drawn.labels import Labels, learn
from stoa.events.facts import Fact, catalogue
from stoa.tenancy.door import Door, OpenWork
from stoa.tenancy.work import Work

Reaction = Callable[[OpenWork, Any], Awaitable[None]]
Audience = Literal["desk", "room", "partner", "control", "public"]


@dataclass(frozen=True, slots=True)
class Every:
    """A timed sweep: runs once per period and tenant, across all workers."""

    seconds: float
    run: Callable[[OpenWork], Awaitable[None]]
    lane: str = "platform"

    @property
    def name(self) -> str:
        return f"{self.run.__module__}.{self.run.__qualname__}"


@dataclass(frozen=True, slots=True)
class NavItem:
    """An entry of an audience's navigation. `label` is a message id; `order` sorts."""

    audience: Audience
    label: str
    path: str
    icon: str
    permission: str | None = None
    order: int = 50
    key: str | None = None
    """Pressed after `g` to go there."""


@dataclass(frozen=True, slots=True)
class Hit:
    """What global search found: where it leads and what the person reads."""

    kind: str
    title: str
    detail: str
    path: str
    score: int = 50


@dataclass(frozen=True, slots=True)
class Counted:
    """How many of what: both forms are message ids with `{n}`."""

    one: str
    many: str
    n: int


@dataclass(frozen=True, slots=True)
class Card:
    """A figure or worklist for the first screen of an audience. A `worklist` without items says
    that nothing waits; a figure has no items. `counted` stands under the figure and says of how
    many things it is made.
    """

    key: str
    label: str
    figure: str | int | Decimal | None = None
    currency: str | None = None
    tone: str = "neutral"
    path: str | None = None
    detail: str | None = None
    counted: Counted | None = None
    spark: Sequence[float] = ()
    items: Sequence["Item"] = ()
    order: int = 50
    worklist: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """One thing of a worklist: what, since when, by when, where to act."""

    title: str
    path: str
    detail: str = ""
    status: str = "waiting"
    since: datetime | None = None
    due: datetime | None = None


@dataclass(frozen=True, slots=True)
class Tab:
    """A tab of Client 360: `path` is the fragment's address with `{client}`."""

    key: str
    label: str
    path: str
    permission: str
    order: int = 50


@dataclass(frozen=True, slots=True)
class Need:
    """Something asked of a client; the tracker shows all needs of all modules in one place."""

    key: str
    label: str
    status: str
    detail: str = ""
    path: str | None = None
    who: Literal["client", "us", "provider", "nobody"] = "client"
    due: datetime | None = None
    order: int = 50


@dataclass(frozen=True, slots=True)
class Connection:
    """A configured way to the outside: what it is called, which secrets it wants, where it calls back.

    `secrets` are pairs of a settings field and the name it gives in the vault; `hook` is a path.
    """

    label: str
    connector: str
    secrets: Sequence[tuple[str, str]] = ()
    hook: str | None = None
    path: str | None = None
    """The page where its health is seen."""


@dataclass(frozen=True, slots=True)
class Module:
    """How one folder joins the product. Everything but the name may be absent.

    `compose` and then `seed` run once in a new tenant, the first knowing all modules and again with every release; `pulse` reports counts and health, never a person, for the
    operator's fleet page; `search`, `today`, `needs` and `moments` feed the shared screens. `today` gives cards that all of one
    role read alike, whoever they are; `mine` those about the reader.
    """

    name: str
    settings: type[msgspec.Struct] | None = None
    labels: Labels | None = None
    """What the fields of its settings are called."""
    permissions: type[StrEnum] | None = None
    web: Sequence[Any] = ()
    control: Sequence[Any] = ()
    reactions: Mapping[type[Fact], Sequence[Reaction]] = field(default_factory=dict)
    hears_public: Sequence[Reaction] = ()
    """Reactions to every public fact of every module."""
    hears_now: Callable[[Work], Awaitable[bool]] | None = None
    """Whether `hears_public` would do anything in this tenant; asked once for many facts."""
    schedule: Sequence[Every] = ()
    leaving: Sequence[Callable[[], Awaitable[None]]] = ()
    """Run as a worker stops: what it holds by a lease goes to the others at once."""
    seed: Callable[[Work], Awaitable[None]] | None = None
    compose: Callable[[Work, "Product"], Awaitable[None]] | None = None
    welcome: Callable[[Door, UUID], Awaitable[None]] | None = None
    """Run as a new tenant opens: what the operator decided for all before there was this one."""
    pulse: Callable[[Work], Awaitable[dict[str, Any]]] | None = None
    usage: Callable[[Work, date, date], Awaitable[Mapping[str, Mapping[date, Any]]]] | None = None
    """Counts of whole days by the tenant's calendar, first and last included, never a person; what
    comes late is counted in when the same days are asked again.
    """
    nav: Sequence[NavItem] = ()
    search: Callable[[Work, str], Awaitable[Sequence[Hit]]] | None = None
    today: Callable[[Work], Awaitable[Sequence[Card]]] | None = None
    mine: Callable[[Work], Awaitable[Sequence[Card]]] | None = None
    home: Callable[[Work, UUID], Awaitable[Sequence[Card]]] | None = None
    needs: Callable[[Work, UUID], Awaitable[Sequence[Need]]] | None = None
    tabs: Sequence[Tab] = ()
    moments: Callable[[Work, UUID], Awaitable[Sequence[Any]]] | None = None
    connections: Callable[[Work], Sequence[Connection]] | None = None
    roles: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Permissions this module adds to the starting roles of a new tenant."""


class Product:
    """All modules, indexed once at start. Names, facts and permissions must be unique."""

    def __init__(self, modules: Sequence[Module]) -> None:
        names = [module.name for module in modules]
        if len(set(names)) != len(names):
            raise ValueError("two modules share a name")
        self.modules = tuple(modules)
        learn(module.labels for module in modules)
        self.slices = {m.name: m.settings for m in modules if m.settings is not None}
        self.permissions: dict[str, str] = {}
        for module in modules:
            for permission in module.permissions or ():
                self.permissions[str(permission)] = module.name
        self.readers: dict[str, list[tuple[str, Reaction]]] = {}
        self.hearers: dict[str, Callable[[Work], Awaitable[bool]]] = {}
        """Readers that are asked first whether they would do anything in a tenant."""
        for module in modules:
            for kind, reactions in module.reactions.items():
                for reaction in reactions:
                    name = f"{module.name}:{reaction.__name__}"
                    self.readers.setdefault(kind.kind, []).append((name, reaction))
            public = [kind for kind, told in catalogue().items() if told.public]
            for reaction in module.hears_public:
                if module.hears_now is not None:
                    self.hearers[f"{module.name}:{reaction.__name__}"] = module.hears_now
                for kind_name in public:
                    name = f"{module.name}:{reaction.__name__}"
                    self.readers.setdefault(kind_name, []).append((name, reaction))
        self.timers = {every.name: every for m in modules for every in m.schedule}

    def reader(self, kind: str, name: str) -> Reaction | None:
        for known, reaction in self.readers.get(kind, ()):
            if known == name:
                return reaction
        return None

    def nav(self, audience: Audience) -> list[NavItem]:
        items = [item for m in self.modules for item in m.nav if item.audience == audience]
        return sorted(items, key=lambda item: (item.order, item.label))

    def tabs(self) -> list[Tab]:
        return sorted((t for m in self.modules for t in m.tabs), key=lambda tab: tab.order)

    def own_permissions(self) -> frozenset[str]:
        """What every client may do with their own things."""
        return frozenset(name for name in self.permissions if name.endswith(":own"))

    def role_permissions(self, role: str) -> list[str]:
        wanted = [p for m in self.modules for p in m.roles.get(role, ())]
        unknown = [p for p in wanted if p not in self.permissions]
        if unknown:
            raise ValueError(f"role {role} names unknown permissions {unknown}")
        return sorted(set(wanted))

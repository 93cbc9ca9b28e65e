"""What all modules say about one client or one working day, merged for the shared screens."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from markupsafe import Markup

from stoa.kernel.together import Together
from stoa.product import Card, Hit, Need, Product
from stoa.tenancy.actor import Actor
from stoa.tenancy.work import Work
from stoa.theming.look import Look

MOST_MOMENTS: Final = 120
MOST_HITS: Final = 30
_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Drawn:
    """Cards as one look draws them. What several readers share is drawn by the first of them; a
    card of one reader's own is drawn for them alone.
    """

    def __init__(self, shared: frozenset[int], kept: dict[int, Markup]) -> None:
        self._shared = shared
        self._kept = kept

    def of(self, card: Card) -> Markup | None:
        return self._kept.get(id(card))

    def keep(self, card: Card, drawn: Markup) -> None:
        if id(card) in self._shared:
            self._kept[id(card)] = drawn


class Reading:
    """The cards of a role as read at one moment, and how they were drawn for each look."""

    def __init__(self, cards: Sequence[Card]) -> None:
        self.cards = cards
        self._drawn: dict[tuple[str, ...], dict[int, Markup]] = {}

    def drawn(self, look: Look) -> Drawn:
        kept = self._drawn.setdefault((look.locale, look.time_zone, look.brand.theme), {})
        return Drawn(frozenset(id(card) for card in self.cards), kept)


class Todays:
    """Cards of the desk's first screen: each module gives what the reader's role may see.

    Readers of one role who ask at the same moment, as when news wakes every screen, share one
    reading of what is the same for all of them.
    """

    def __init__(self, product: Product) -> None:
        self._modules = product.modules
        self._together: Together[Reading] = Together()

    async def ask(self, work: Work) -> tuple[list[Card], Reading]:
        """Cards in their order, the list being the asker's own, and the reading they come from."""
        reader = work.actor
        if reader.sees_all:
            role = reader.of_role()
            key = (work.tenant.id, work.settings_epoch, role)
            reading = await self._together.ask(key, lambda: self._read_as(role, work))
        else:
            reading = await self._read(work)
        found = list(reading.cards)
        for module in self._modules:
            if module.mine:
                found += await module.mine(work)
        return sorted(found, key=lambda card: card.order), reading

    async def _read_as(self, role: Actor, work: Work) -> Reading:
        """Read without the person at hand, so that nothing of theirs can get to another."""
        reader, work.actor = work.actor, role
        try:
            return await self._read(work)
        finally:
            work.actor = reader

    async def _read(self, work: Work) -> Reading:
        return Reading([card for m in self._modules if m.today for card in await m.today(work)])


async def home(product: Product, work: Work, client: UUID) -> list[Card]:
    """Cards of the trader room's first screen."""
    found = [card for m in product.modules if m.home for card in await m.home(work, client)]
    return sorted(found, key=lambda card: card.order)


@dataclass(frozen=True, slots=True)
class Step:
    """A need as the tracker draws it."""

    title: str
    text: str
    state: str
    href: str
    when: datetime | None
    who: str


async def needs(product: Product, work: Work, client: UUID) -> list[Step]:
    """What is asked of a client, by whom and by when; staff see the same list."""
    found: list[Need] = []
    for module in product.modules:
        if module.needs:
            found += await module.needs(work, client)
    return [_step(need) for need in sorted(found, key=lambda need: need.order)]


_STATES: Final = {"done": "done", "stopped": "stopped", "moving": "here", "waiting": "next"}


def _step(need: Need) -> Step:
    state = _STATES.get(need.status, "needs" if need.who == "client" else "next")
    acts = state in {"needs", "stopped", "here", "next"} and need.who == "client"
    return Step(need.label, need.detail, state, need.path or "" if acts else "", need.due, need.who)


async def moments(product: Product, work: Work, client: UUID) -> list[Any]:
    """Everything that happened to a client, newest first."""
    found = [one for m in product.modules if m.moments for one in await m.moments(work, client)]
    found.sort(key=lambda one: _field(one, "at") or _LONG_AGO, reverse=True)
    return found[:MOST_MOMENTS]


def _field(one: Any, name: str) -> Any:
    return one.get(name) if isinstance(one, dict) else getattr(one, name, None)


async def hits(product: Product, work: Work, typed: str) -> Sequence[Hit]:
    """What every module finds, the closest first; one path appears once."""
    found: dict[str, Hit] = {}
    for module in product.modules:
        if module.search:
            for hit in await module.search(work, typed):
                if hit.path not in found or found[hit.path].score < hit.score:
                    found[hit.path] = hit
    return sorted(found.values(), key=lambda hit: -hit.score)[:MOST_HITS]

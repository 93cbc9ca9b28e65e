"""What higher floors add to moments of a client's life. They register here when imported.

A hook runs in the transaction of the verb that calls it; what can wait should be a reaction to a
fact instead.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from brokerage.clients.model import Client
from stoa.tenancy.work import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Touch:
    """A visitor's arrival by a partner's link (`code`) or by an advert (`source`)."""

    visitor: UUID
    code: str | None = None
    source: str | None = None
    medium: str | None = None
    campaign: str | None = None
    landing: str = "/"
    click: str | None = None
    """The number an affiliate's own system gave this click."""


OnTouch = Callable[[Work, Touch], Awaitable[None]]
OnRegister = Callable[[Work, Client, Touch | None], Awaitable[None]]
Blocker = Callable[[Work, UUID], Awaitable[list[str]]]
Export = Callable[[Work, UUID], Awaitable[Any]]

Leads = Callable[[Work, Mapping[str, str]], Awaitable[tuple[str | None, str]]]
Figures = Callable[[Work], Awaitable[Any]]

leads: Final[list[Leads]] = []
"""Asked with a link's query: which material was clicked, and the one listed page that it leads to."""
on_touch: Final[list[OnTouch]] = []
"""Called when someone arrives by a link or advert; the partners' floor stores the touch."""
on_register: Final[list[OnRegister]] = []
"""Called with the new client and the touch of the link they came by (None: came by themselves)."""
blockers: Final[list[Blocker]] = []
"""Sentences (message ids) that say why an account cannot be closed yet; an empty list lets it."""
public_figures: Final[dict[str, Figures]] = {}
"""By name what the public page may show of real figures; empty where the tenant shows none."""
kept: Final[list[Callable[[Work, UUID], Awaitable[list[tuple[str, str, int]]]]]] = []
"""What stays with us after a client left: what, why (message ids), and for how many years."""
marks: Final[list[Callable[[Work, UUID], Awaitable[list[str]]]]] = []
"""Words (message ids) that stand beside a client's name at the desk, such as a legal hold."""
exports: Final[dict[str, Export]] = {}
"""Section name to what a client's own data download contains of it (anything JSON can carry)."""

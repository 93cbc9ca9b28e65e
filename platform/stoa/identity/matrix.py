"""Permissions as people read them: grouped by module, the thing and what is done to it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from stoa.identity import roles
from stoa.product import Product
from stoa.theming.rights import Line, line
from stoa.theming.texts import N_

AREAS: Final[Mapping[str, str]] = {
    "tenant": N_("Settings"),
    "identity": N_("Staff and sign-in"),
    "notices": N_("Notices"),
    "brand": N_("Brand"),
    "clients": N_("Clients"),
    "ledger": N_("Ledger"),
    "kyc": N_("Verification"),
    "payments": N_("Payments"),
    "trading": N_("Trading"),
    "partners": N_("Partners"),
    "crm": N_("Leads and messages"),
    "reporting": N_("Reports"),
    "api": N_("Interfaces"),
    "webhooks": N_("Webhooks"),
    "audit": N_("Audit"),
    "files": N_("Documents"),
}


@dataclass(frozen=True, slots=True)
class Group:
    """The permissions of one module."""

    key: str
    label: str
    lines: tuple[Line, ...]


def groups(product: Product) -> list[Group]:
    """Everything that can be granted, in the order of the modules."""
    found: dict[str, list[Line]] = {}
    for code in roles.grantable(product):
        found.setdefault(product.permissions[code], []).append(line(code))
    order = [module.name for module in product.modules]
    return [
        Group(
            name,
            AREAS.get(name, name.replace("-", " ").capitalize()),
            tuple(sorted(found[name], key=lambda one: (one.thing, not one.reading, one.verb))),
        )
        for name in order
        if name in found
    ]


def added(before: Iterable[str], after: Iterable[str]) -> tuple[list[Line], list[Line]]:
    """What a change gives and what it takes, to be read before it is made."""
    old, new = set(before), set(after)
    return [line(c) for c in sorted(new - old)], [line(c) for c in sorted(old - new)]

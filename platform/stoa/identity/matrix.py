"""Permissions as people read them: grouped by module, the thing and what is done to it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from stoa.identity import roles
from stoa.product import Product
from stoa.theming.texts import N_

VERBS: Final[Mapping[str, str]] = {
    "view": N_("see"),
    "edit": N_("change"),
    "create": N_("add"),
    "approve": N_("approve"),
    "reject": N_("reject"),
    "decide": N_("decide"),
    "claim": N_("take up"),
    "export": N_("export"),
    "invite": N_("invite"),
    "send": N_("send"),
    "run": N_("run"),
    "pay": N_("pay"),
    "cancel": N_("cancel"),
    "unmask": N_("unmask"),
    "assign": N_("assign"),
    "note": N_("note"),
    "provision": N_("set up"),
    "suspend": N_("suspend"),
    "enter": N_("enter"),
    "replay": N_("run again"),
    "pause": N_("pause"),
}
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
class Line:
    """One permission: `thing` and `verb` are message ids, `code` is its name."""

    code: str
    thing: str
    verb: str
    reading: bool


@dataclass(frozen=True, slots=True)
class Group:
    """The permissions of one module."""

    key: str
    label: str
    lines: tuple[Line, ...]


def line(code: str) -> Line:
    """`identity:staff:view` is the staff, seen; `settings:all:edit` is the settings, changed."""
    area, thing, verb = (["", *code.split(":")])[-3:]
    named = area if thing == "all" else thing
    return Line(
        code,
        named.replace("-", " ").capitalize(),
        VERBS.get(verb, verb.replace("-", " ")),
        verb == "view",
    )


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

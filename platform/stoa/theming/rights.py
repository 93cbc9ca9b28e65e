"""Permissions in people's words: the thing, and what is done to it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

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


@dataclass(frozen=True, slots=True)
class Line:
    """One permission: `thing` and `verb` are message ids, `code` is its name."""

    code: str
    thing: str
    verb: str
    reading: bool


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


class Right(str):
    """A permission's code, which a sentence for people speaks in their language."""

    __slots__ = ()

    def spoken(self, translate: Callable[[str], str]) -> str:
        """`Withdrawals: approve`, both words translated."""
        told = line(self)
        return f"{translate(told.thing)}: {translate(told.verb)}"

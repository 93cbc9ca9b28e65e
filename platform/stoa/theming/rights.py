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
    "add": N_("add"),
    "agree": N_("agree"),
    "ask": N_("ask"),
    "bring": N_("bring"),
    "close": N_("close"),
    "escalated": N_("be told of what is late"),
    "evidence": N_("write the evidence"),
    "freeze": N_("freeze"),
    "give": N_("give"),
    "give-up": N_("give up"),
    "import": N_("import"),
    "make": N_("make"),
    "override": N_("override"),
    "prove": N_("prove"),
    "own": N_("use their own"),
    "reset": N_("reset"),
    "resolve": N_("resolve"),
    "review": N_("review"),
    "revoke": N_("revoke"),
    "second": N_("be the second officer"),
    "set": N_("set"),
    "sign": N_("sign"),
    "test": N_("test"),
    "work": N_("work on"),
}
THINGS: Final[Mapping[str, str]] = {
    "adjustments": N_("Corrections by hand"),
    "alert": N_("Risk alerts"),
    "batch": N_("Batches of accounts"),
    "breaks": N_("Breaks"),
    "chain": N_("Proof of the audit log"),
    "daily": N_("Daily report"),
    "dispute": N_("Disputes"),
    "factor": N_("Second factor of clients"),
    "follower": N_("Copied accounts"),
    "grant": N_("Bonuses given"),
    "inbox": N_("Inbox"),
    "log": N_("Audit log"),
    "negative": N_("Accounts below zero"),
    "notes": N_("Notes"),
    "objection": N_("Objections of partners"),
    "orders": N_("Payment orders"),
    "periods": N_("Accounting periods"),
    "pii": N_("Personal details"),
    "portal": N_("Partner portal"),
    "psp": N_("Payment providers"),
    "request": N_("Account requests"),
    "rollouts": N_("Rollouts"),
    "schedule": N_("Fee schedule"),
    "secrets": N_("Secrets"),
    "suppression": N_("Who gets no campaigns"),
    "tenants": N_("Sub-brokers"),
}
"""Things whose code is no word that people use of them."""


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
        THINGS.get(named, named.replace("-", " ").capitalize()),
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

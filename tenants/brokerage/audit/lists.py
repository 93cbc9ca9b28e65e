"""The lists of the audit log: its entries, and the proofs of its chain."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from brokerage.audit import queries
from brokerage.audit.model import ChainProof
from brokerage.audit.permissions import Audit
from brokerage.clients import queries as clients
from stoa.audit import told
from stoa.audit.model import AuditEntry
from stoa.tenancy.actor import Kind
from stoa.tenancy.work import Work
from stoa.theming import statuses, words
from stoa.theming.deeds import deed
from stoa.theming.statuses import Status, Tone
from stoa.theming.texts import N_
from stoa.web import tables

HERE: Final = "/desk/audit"
_MOST_LINES: Final = 3
_SELF: Final = frozenset({Kind.SYSTEM, Kind.VISITOR, Kind.PROVIDER})
"""Who has no name of their own."""
words.learn({f"actor {kind}": label for kind, label in queries.KINDS.items()})
statuses.learn(
    {
        "chain whole": Status(N_("Whole"), Tone.DONE, icon="shield-check"),
        "chain broken": Status(N_("Broken"), Tone.STOPPED, icon="shield-x"),
    }
)


async def _view(work: Work, rows: Sequence[Any]) -> list[tables.Shown]:
    entries = [row[0] for row in rows]
    named = await queries.called(work, entries)
    return [_shown(one, named) for one in entries]


def _shown(row: AuditEntry, named: dict[UUID, str]) -> tables.Shown:
    lines = told.brief(row.changes)
    more = f" (+{len(lines) - _MOST_LINES})" if len(lines) > _MOST_LINES else ""
    return tables.Shown(
        key=str(row.id),
        href=f"{HERE}/{row.id}",
        cells=(
            row.at,
            who(row, named),
            tables.Coded(f"actor {kind(row)}", kind(row)),
            tables.Coded(deed(row.action), row.action),
            named.get(row.subject, "") if row.subject is not None else "",
            row.reason or "",
            "; ".join(lines[:_MOST_LINES]) + more,
            row.request or "",
            row.id,
        ),
    )


def who(row: AuditEntry, named: dict[UUID, str]) -> str:
    """Whoever acted; clients by their name, which the log itself does not keep."""
    if row.actor_kind == Kind.CLIENT and row.actor is not None and row.actor in named:
        return named[row.actor]
    return "" if row.actor_kind in _SELF else row.actor_name


def kind(row: AuditEntry) -> str:
    return queries.SUPPORT if row.on_behalf_of is not None else row.actor_kind


async def _actions(work: Work) -> Sequence[tuple[str, str]]:
    """Actions by what they are called; several that are called alike are told apart by their code."""
    named = [(code, deed(code)) for code in await queries.actions(work)]
    often = [label for _, label in named]
    return sorted(
        (
            (code, label if often.count(label) == 1 or label == code else f"{label} ({code})")
            for code, label in named
        ),
        key=lambda one: one[1].casefold(),
    )


LOG: Final = tables.Table(
    name="audit",
    title=N_("Audit log"),
    columns=(
        tables.Column("at", N_("When"), "when", sort=AuditEntry.at, fixed=True),
        tables.Column("who", N_("Who"), "strong"),
        tables.Column("kind", N_("Acting as"), "word", coded=True),
        tables.Column("action", N_("What"), coded=True),
        tables.Column("about", N_("About")),
        tables.Column("reason", N_("Reason")),
        tables.Column("changes", N_("Changes"), "code", hidden=True),
        tables.Column("request", N_("Reference"), "code", hidden=True),
        tables.Column("number", N_("Number"), "num", hidden=True),
    ),
    query=queries.listed,
    view=_view,
    id=AuditEntry.id,
    order="at",
    filters=(
        tables.Filter(
            "kind", N_("Acting as"), queries.of_kind, "select", tuple(queries.KINDS.items())
        ),
        tables.Filter("who", N_("Who"), queries.by, "select", queries.staff),
        tables.choice("action", N_("What"), AuditEntry.action, _actions),
        *tables.dates("at", N_("From"), N_("To"), AuditEntry.at),
    ),
    search=queries.typed,
    search_label=N_("E-mail, reference or number"),
    export_permission=Audit.EXPORT,
    empty_title=N_("Nothing happened yet"),
    empty_icon="list-search",
)


async def _proofs(work: Work, rows: Sequence[Any]) -> list[tables.Shown]:
    proofs = [row[0] for row in rows]
    named = await clients.names(work, {one.asked_by for one in proofs if one.asked_by})
    return [
        tables.Shown(
            key=str(one.id),
            cells=(
                one.at,
                "chain broken" if one.fault else "chain whole",
                one.links,
                tables.Said(one.fault, {"link": str(one.link), "entry": str(one.entry)})
                if one.fault
                else "",
                one.began_at + 1,
                named.get(one.asked_by, "") if one.asked_by else "",
                bytes(one.hash).hex(),
            ),
        )
        for one in proofs
    ]


PROOFS: Final = tables.Table(
    name="audit-proofs",
    title=N_("Proofs"),
    columns=(
        tables.Column("at", N_("When"), "when", sort=ChainProof.at, fixed=True),
        tables.Column("state", N_("Outcome"), "status", coded=True),
        tables.Column("links", N_("Links that hold"), "num"),
        tables.Column("fault", N_("What is wrong"), "said"),
        tables.Column("began", N_("From link"), "num"),
        tables.Column("by", N_("Asked by")),
        tables.Column("hash", N_("Last hash"), "code", hidden=True),
    ),
    query=queries.proofs,
    view=_proofs,
    id=ChainProof.id,
    order="at",
    filters=(
        tables.Filter(
            "state",
            N_("Outcome"),
            lambda _work, value: (
                ChainProof.fault.is_(None) if value == "whole" else ChainProof.fault.is_not(None)
            ),
            "select",
            (("whole", N_("Whole")), ("broken", N_("Broken"))),
        ),
        *tables.dates("at", N_("From"), N_("To"), ChainProof.at),
    ),
    page_size=20,
    empty_title=N_("Not proven yet"),
    empty_text=N_("The chain is proven every night, and whenever somebody asks."),
    empty_icon="shield-check",
)

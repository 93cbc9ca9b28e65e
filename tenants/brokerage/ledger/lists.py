"""Lists of the ledger: a client's history, all entries, an account's legs, adjustments."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import cast, exists, func, or_, select
from sqlalchemy.types import String

from brokerage.ledger import hooks, kinds, queries
from brokerage.ledger.model import Adjustment, Entry, LedgerAccount, Leg
from brokerage.ledger.permissions import Ledger
from stoa.kernel.money import Money
from stoa.theming.texts import N_
from stoa.web import tables
from stoa.web.tables import Coded, Column, Shown, Table

_LEG_ID = func.concat(
    func.lpad(cast(func.coalesce(Leg.version, 0), String), 12, "0"),
    cast(Leg.entry, String),
    cast(Leg.line, String),
    Leg.currency,
    cast(Leg.amount, String),
)
"""Unique among legs; of several in one instant the later one of an account sorts later."""


async def _kind_options(_work: Any) -> list[tuple[str, str]]:
    return kinds.choices()


async def _currency_options(work: Any) -> list[tuple[str, str]]:
    found = await work.rows(
        select(LedgerAccount.currency).distinct().order_by(LedgerAccount.currency)
    )
    return [(code, code) for code in found]


def history(client: UUID, *, room: bool) -> Table:
    """Movements of a client's wallets, for the client or for staff."""

    async def view(work: Any, rows: Sequence[Any]) -> list[Shown]:
        shown: list[Shown] = []
        for row, one in zip(rows, await queries.described(work, rows), strict=True):
            href = one.href if room else f"/desk/ledger/entries/{one.entry}"
            cells = (
                one.at,
                kinds.Said(one.kind.label),
                one.amount.currency,
                one.amount.rounded(),
                one.balance.rounded(),
                row[1].reason or "",
            )
            shown.append(Shown(key=f"{one.entry}-{row[0].line}", cells=cells, href=href))
        return shown

    return Table(
        name="money-history",
        title=N_("Movements"),
        columns=(
            Column("at", N_("When"), "when", sort=Leg.posted_at, fixed=True),
            Column("kind", N_("What")),
            Column("currency", N_("Wallet"), "code"),
            Column("amount", N_("Amount"), "pnl", sort=Leg.amount),
            Column("balance", N_("Balance after"), "money"),
            Column("note", N_("Note"), "word", hidden=True),
        ),
        query=lambda _work: queries.wallet_legs(client),
        view=view,
        id=_LEG_ID,
        order="at",
        filters=(
            tables.choice("currency", N_("Wallet"), Leg.currency, _currency_options),
            tables.choice("kind", N_("What"), Entry.kind, _kind_options),
            *tables.dates("at", N_("From"), N_("To"), Leg.posted_at),
        ),
        live="wallets" if room else f"money-{client}",
        empty_title=N_("Nothing moved yet"),
        empty_text=N_("Every deposit, withdrawal, exchange and transfer will be listed here."),
        empty_icon="arrows-left-right",
    )


def _entries_query(work: Any) -> Any:
    statement = select(Entry)
    if work.actor.sees_all:
        return statement
    seen = exists().where(
        Leg.entry == Entry.id,
        Leg.account == LedgerAccount.id,
        hooks.within(work, LedgerAccount.owner),
    )
    return statement.where(seen)


async def _entries_view(work: Any, rows: Sequence[Any]) -> list[Shown]:
    found: list[Entry] = [row[0] for row in rows]
    legs = await work.table(
        select(Leg.entry, LedgerAccount.code, LedgerAccount.owner, Leg.amount)
        .join(LedgerAccount, LedgerAccount.id == Leg.account)
        .where(Leg.entry.in_([row.id for row in found]))
        .order_by(Leg.entry, Leg.line, Leg.amount)
    )
    named = await queries.names(work, [leg.owner for leg in legs] + [r.posted_by for r in found])
    ways: dict[UUID, tuple[list[str], list[str], set[UUID]]] = {}
    for leg in legs:
        out, into, owners = ways.setdefault(leg.entry, ([], [], set()))
        side = out if leg.amount < 0 else into
        if leg.code not in side:
            side.append(leg.code)
        if leg.owner:
            owners.add(leg.owner)
    shown: list[Shown] = []
    for row in found:
        out, into, owners = ways.get(row.id, ([], [], set()))
        cells = (
            row.posted_at,
            kinds.Said(kinds.of(row.kind, row.ref_kind).label, row.kind),
            ", ".join(sorted(named.get(one, "") for one in owners)),
            f"{', '.join(out)} → {', '.join(into)}",
            Money(row.amount, row.currency).rounded(),
            row.reason or "",
            named.get(row.posted_by, "") if row.posted_by else _poster(row.posted_by_kind),
            row.operation,
        )
        shown.append(Shown(key=str(row.id), cells=cells, href=f"/desk/ledger/entries/{row.id}"))
    return shown


def _poster(kind: str) -> kinds.Said:
    return kinds.Said(kinds.POSTERS.get(kind, kind), kind)


ENTRIES = Table(
    name="entries",
    title=N_("Entries"),
    columns=(
        Column("at", N_("Posted"), "when", sort=Entry.posted_at, fixed=True),
        Column("kind", N_("Kind"), coded=True),
        Column("client", N_("Client"), "strong"),
        Column("way", N_("From and to"), "code"),
        Column("amount", N_("Amount"), "money", sort=Entry.amount),
        Column("reason", N_("Reason"), "word"),
        Column("by", N_("By"), hidden=True),
        Column("operation", N_("Operation"), "code", hidden=True),
    ),
    query=_entries_query,
    view=_entries_view,
    id=Entry.id,
    order="at",
    filters=(
        tables.choice("kind", N_("Kind"), Entry.kind, _kind_options),
        tables.choice("currency", N_("Currency"), Entry.currency, _currency_options),
        *tables.dates("at", N_("From"), N_("To"), Entry.posted_at),
        *tables.amounts("amount", N_("At least"), N_("At most"), Entry.amount),
    ),
    search=lambda _work, typed: or_(
        Entry.operation.contains(typed, autoescape=True), cast(Entry.id, String) == typed
    ),
    search_label=N_("Find an operation"),
    export_permission=Ledger.EXPORT,
    empty_title=N_("No entries yet"),
    empty_text=N_("Each thing that happens to money writes one entry here, for good."),
    empty_icon="book-2",
)


def statement(account: UUID) -> Table:
    """The legs of one account, newest first."""

    async def view(_work: Any, rows: Sequence[Any]) -> list[Shown]:
        return [
            Shown(
                key=f"{leg.entry}-{leg.line}",
                cells=(
                    leg.posted_at,
                    kinds.Said(kinds.of(entry.kind, entry.ref_kind).label, entry.kind),
                    Money(leg.amount, leg.currency).rounded(),
                    Money(leg.balance, leg.currency).rounded() if leg.balance is not None else None,
                    entry.reason or "",
                    entry.operation,
                ),
                href=f"/desk/ledger/entries/{leg.entry}",
            )
            for leg, entry in ((row[0], row[1]) for row in rows)
        ]

    return Table(
        name="account-legs",
        title=N_("Account"),
        columns=(
            Column("at", N_("Posted"), "when", sort=Leg.posted_at, fixed=True),
            Column("kind", N_("Kind"), coded=True),
            Column("amount", N_("Amount"), "pnl", sort=Leg.amount),
            Column("balance", N_("Balance after"), "money"),
            Column("reason", N_("Reason"), "word"),
            Column("operation", N_("Operation"), "code", hidden=True),
        ),
        query=lambda _work: (
            select(Leg, Entry).join(Entry, Entry.id == Leg.entry).where(Leg.account == account)
        ),
        view=view,
        id=_LEG_ID,
        order="at",
        filters=(
            tables.choice("kind", N_("Kind"), Entry.kind, _kind_options),
            *tables.dates("at", N_("From"), N_("To"), Leg.posted_at),
        ),
        export_permission=Ledger.EXPORT,
        empty_title=N_("Nothing was posted here yet"),
        empty_icon="book-2",
    )


_STATES = (
    ("asked", N_("Waits for approval")),
    ("posted", N_("Posted")),
    ("rejected", N_("Rejected")),
    ("cancelled", N_("Taken back")),
)


def _adjustments_query(work: Any) -> Any:
    return select(Adjustment).where(hooks.within(work, Adjustment.client))


async def _adjustments_view(work: Any, rows: Sequence[Any]) -> list[Shown]:
    found: list[Adjustment] = [row[0] for row in rows]
    people = [one for row in found for one in (row.client, row.asked_by, row.decided_by)]
    named = await queries.names(work, people)
    return [
        Shown(
            key=str(row.id),
            cells=(
                row.asked_at,
                row.reference,
                named.get(row.client, ""),
                kinds.Said(category_label(row.category), row.category),
                Money(row.amount if row.direction == "credit" else -row.amount, row.currency),
                Coded(f"adjustment {row.state}", row.state),
                named.get(row.asked_by, ""),
                named.get(row.decided_by, "") if row.decided_by else "",
                row.reason,
            ),
            href=f"/desk/ledger/adjustments/{row.id}",
        )
        for row in found
    ]


def category_label(category: str) -> str:
    known = kinds.CATEGORIES.get(category)
    return known.label if known else kinds.of("reversal").label


ADJUSTMENTS = Table(
    name="adjustments",
    title=N_("Corrections by hand"),
    columns=(
        Column("at", N_("Asked"), "when", sort=Adjustment.asked_at, fixed=True),
        Column("reference", N_("Reference"), "code"),
        Column("client", N_("Client"), "strong"),
        Column("category", N_("Why"), coded=True),
        Column("amount", N_("Amount"), "pnl", sort=Adjustment.amount),
        Column("state", N_("State"), "status", coded=True, sort=Adjustment.state),
        Column("asked_by", N_("Asked by")),
        Column("decided_by", N_("Decided by")),
        Column("reason", N_("Reason"), hidden=True),
    ),
    query=_adjustments_query,
    view=_adjustments_view,
    id=Adjustment.id,
    order="at",
    filters=(
        tables.choice("state", N_("State"), Adjustment.state, _STATES),
        tables.choice(
            "category",
            N_("Why"),
            Adjustment.category,
            [(code, one.label) for code, one in kinds.CATEGORIES.items()],
        ),
        *tables.dates("at", N_("From"), N_("To"), Adjustment.asked_at),
    ),
    search=lambda _work, typed: Adjustment.reference == typed.upper(),
    search_label=N_("Find a reference"),
    export_permission=Ledger.EXPORT,
    live="adjustments",
    empty_title=N_("No corrections yet"),
    empty_text=N_("A credit or debit by hand is asked for by one person and decided by another."),
    empty_icon="adjustments",
)

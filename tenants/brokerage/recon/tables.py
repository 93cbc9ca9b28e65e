"""Lists of proof: files, lines, matches, breaks, bank accounts' days."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select

from brokerage.ledger import kinds as ledger_kinds
from brokerage.ledger import queries as ledger
from brokerage.ledger.kinds import Said
from brokerage.ledger.model import Entry
from brokerage.recon import breaks, outside_lines, words
from brokerage.recon.model import (
    Break,
    ClientMoneyDay,
    ClientMoneySign,
    LineMatch,
    OutsideFile,
    OutsideLine,
)
from brokerage.recon.permissions import Recon
from stoa.kernel.money import Money
from stoa.theming.texts import N_
from stoa.web import tables
from stoa.web.tables import Coded, Column, Shown, Table


async def _sources(work: Any) -> list[tuple[str, str]]:
    rows = await work.rows(select(OutsideLine.source).distinct().order_by(OutsideLine.source))
    return [(one, one) for one in rows]


async def _files_view(work: Any, rows: Sequence[Any]) -> list[Shown]:
    found: list[OutsideFile] = [row[0] for row in rows]
    people = await ledger.names(work, [row.brought_by for row in found])
    return [
        Shown(
            key=str(row.id),
            href=f"/desk/recon/files/{row.id}",
            cells=(
                row.brought_at,
                row.name,
                row.kind if row.psp is None else f"{row.kind} {row.psp}",
                Coded(f"file {row.state}", row.state),
                row.lines,
                row.fresh,
                row.matched,
                people.get(row.brought_by, "") if row.brought_by else "",
            ),
        )
        for row in found
    ]


FILES = Table(
    name="outside-files",
    title=N_("Statements and files"),
    columns=(
        Column("at", N_("Brought"), "when", sort=OutsideFile.brought_at, fixed=True),
        Column("name", N_("File"), "strong"),
        Column("kind", N_("Kind"), "code"),
        Column("state", N_("State"), "status", coded=True, sort=OutsideFile.state),
        Column("lines", N_("Lines"), "num", sort=OutsideFile.lines),
        Column("fresh", N_("New"), "num"),
        Column("matched", N_("Matched at once"), "num"),
        Column("by", N_("By"), hidden=True),
    ),
    query=lambda _work: select(OutsideFile).where(OutsideFile.kind != "pain.001"),
    view=_files_view,
    id=OutsideFile.id,
    order="at",
    filters=(
        tables.choice(
            "state",
            N_("State"),
            OutsideFile.state,
            (
                ("done", N_("Taken in")),
                ("refused", N_("Refused")),
                ("reading", N_("Being read")),
                ("matching", N_("Being matched")),
            ),
        ),
        *tables.dates("at", N_("From"), N_("To"), OutsideFile.brought_at),
    ),
    export_permission=Recon.EXPORT,
    live="recon",
    empty_title=N_("No statement was brought yet"),
    empty_text=N_("Bring a bank's statement or a provider's settlement file above."),
    empty_icon="file-import",
)


def _line_state(row: OutsideLine) -> str:
    if not row.open:
        return Coded("line matched", "matched")
    return Coded("line part", "part") if row.matched else Coded("line open", "open")


async def _lines_view(work: Any, rows: Sequence[Any]) -> list[Shown]:
    found: list[OutsideLine] = [row[0] for row in rows]
    shown: list[Shown] = []
    for row in found:
        about = outside_lines.about_seen(work, row)
        shown.append(
            Shown(
                key=str(row.id),
                href=f"/desk/recon/lines/{row.id}",
                cells=(
                    row.at,
                    row.source,
                    Said(words.LINES.get(row.kind, row.kind), row.kind),
                    Money(row.amount, row.currency),
                    _line_state(row),
                    about.name or row.ours or row.reference or row.provider_id,
                    about.text,
                    Money(row.fee, row.currency) if row.fee else None,
                    row.provider_id,
                ),
            )
        )
    return shown


def _state_is(_work: Any, value: str) -> ColumnElement[bool]:
    match value:
        case "open":
            return OutsideLine.open.is_(True)
        case "part":
            return OutsideLine.open.is_(True) & (OutsideLine.matched != 0)
        case _:
            return OutsideLine.open.is_(False)


LINES = Table(
    name="outside-lines",
    title=N_("Lines of statements"),
    columns=(
        Column("at", N_("Booked"), "date", sort=OutsideLine.at, fixed=True),
        Column("source", N_("Account"), "code"),
        Column("kind", N_("What"), coded=True),
        Column("amount", N_("Amount"), "pnl", sort=OutsideLine.amount),
        Column("state", N_("State"), "status", coded=True),
        Column("who", N_("Who or which")),
        Column("text", N_("Text"), hidden=True),
        Column("fee", N_("Fee"), "money", hidden=True),
        Column("provider", N_("Their id"), "code", hidden=True),
    ),
    query=lambda _work: select(OutsideLine),
    view=_lines_view,
    id=OutsideLine.id,
    order="at",
    filters=(
        tables.Filter(
            "state",
            N_("State"),
            _state_is,
            "select",
            (
                ("open", N_("Not matched")),
                ("part", N_("Matched in part")),
                ("matched", N_("Matched")),
            ),
        ),
        tables.choice("source", N_("Account"), OutsideLine.source, _sources),
        tables.choice("kind", N_("What"), OutsideLine.kind, tuple(words.LINES.items())),
        *tables.dates("at", N_("From"), N_("To"), OutsideLine.at),
        *tables.amounts("amount", N_("Amount from"), N_("Amount to"), func.abs(OutsideLine.amount)),
    ),
    search=lambda _work, typed: or_(
        OutsideLine.provider_id == typed.strip(),
        OutsideLine.reference == typed.strip(),
        OutsideLine.ours == typed.strip().upper(),
    ),
    search_label=N_("Find a reference"),
    export_permission=Recon.EXPORT,
    live="recon",
    empty_title=N_("No lines yet"),
    empty_text=N_("Each movement of a statement or settlement file is one line here."),
    empty_icon="list-details",
)


async def _matches_view(work: Any, rows: Sequence[Any]) -> list[Shown]:
    people = await ledger.names(work, [row[0].made_by for row in rows])
    found: list[tuple[LineMatch, Entry]] = [(row[0], row[1]) for row in rows]
    return [
        Shown(
            key=str(match.id),
            href=f"/desk/recon/lines/{match.line}",
            cells=(
                match.made_at,
                match.source,
                Money(match.amount, match.currency),
                Said(ledger_kinds.of(entry.kind).label),
                Said(words.HOWS.get(match.how, match.how), match.how),
                match.score,
                Coded(f"match {match.state}", match.state),
                people.get(match.made_by, "") if match.made_by else "",
            ),
        )
        for match, entry in found
    ]


MATCHES = Table(
    name="line-matches",
    title=N_("Matches"),
    columns=(
        Column("at", N_("Made"), "when", sort=LineMatch.made_at, fixed=True),
        Column("source", N_("Account"), "code"),
        Column("amount", N_("Amount"), "pnl", sort=LineMatch.amount),
        Column("entry", N_("In the books")),
        Column("how", N_("Found by"), coded=True),
        Column("score", N_("Score"), "num", sort=LineMatch.score),
        Column("state", N_("State"), "status", coded=True),
        Column("by", N_("By"), hidden=True),
    ),
    query=lambda _work: select(LineMatch, Entry).join(Entry, Entry.id == LineMatch.entry),
    view=_matches_view,
    id=LineMatch.id,
    order="at",
    filters=(
        tables.choice("how", N_("Found by"), LineMatch.how, tuple(words.HOWS.items())),
        tables.choice(
            "state",
            N_("State"),
            LineMatch.state,
            (("live", N_("In force")), ("undone", N_("Undone"))),
        ),
        tables.choice("source", N_("Account"), LineMatch.source, _sources),
        *tables.dates("at", N_("From"), N_("To"), LineMatch.made_at),
    ),
    export_permission=Recon.EXPORT,
    live="recon",
    empty_title=N_("Nothing is matched yet"),
    empty_text=N_("Lines that carry an identifier of ours are matched by themselves."),
    empty_icon="link",
)


async def _breaks_view(work: Any, rows: Sequence[Any]) -> list[Shown]:
    found: list[Break] = [row[0] for row in rows]
    people = await ledger.names(work, [row.owner for row in found])
    return [
        Shown(
            key=str(row.id),
            href=f"/desk/recon/breaks/{row.id}",
            tone="needs" if row.state == "open" and breaks.age_days(row, work.now) > 7 else "",
            cells=(
                row.happened_at,
                row.reference,
                Said(words.KINDS.get(row.kind, row.kind), row.kind),
                row.source,
                Money(row.amount, row.currency),
                Coded(f"break {row.state}", row.state),
                breaks.age_days(row, row.ended_at or work.now),
                people.get(row.owner, "") if row.owner else "",
                Said(words.REASONS.get(row.reason, ""), row.reason) if row.reason else "",
                row.entity,
            ),
        )
        for row in found
    ]


BREAKS = Table(
    name="recon-breaks",
    title=N_("Differences"),
    columns=(
        Column("at", N_("Happened"), "when", sort=Break.happened_at, fixed=True),
        Column("reference", N_("Reference"), "code"),
        Column("kind", N_("What"), "strong", coded=True),
        Column("source", N_("Account"), "code", sort=Break.source),
        Column("amount", N_("Books minus evidence"), "pnl", sort=Break.amount),
        Column("state", N_("State"), "status", coded=True, sort=Break.state),
        Column("age", N_("Days"), "num"),
        Column("owner", N_("Owner")),
        Column("reason", N_("Reason"), coded=True),
        Column("entity", N_("Entity"), hidden=True),
    ),
    query=lambda _work: select(Break),
    view=_breaks_view,
    id=Break.id,
    order="at",
    filters=(
        tables.choice(
            "state",
            N_("State"),
            Break.state,
            (
                ("open", N_("Open")),
                ("explained", N_("Explained")),
                ("resolved", N_("Resolved")),
            ),
        ),
        tables.choice("side", N_("Side"), Break.side, tuple(words.SIDES.items())),
        tables.choice("kind", N_("What"), Break.kind, tuple(words.KINDS.items())),
        tables.choice("reason", N_("Reason"), Break.reason, tuple(words.REASONS.items())),
        *tables.dates("at", N_("From"), N_("To"), Break.happened_at),
    ),
    search=lambda _work, typed: Break.reference == typed.strip().upper(),
    search_label=N_("Find a reference"),
    export_permission=Recon.EXPORT,
    live="recon",
    empty_title=N_("Nothing differs"),
    empty_text=N_("What books and evidence disagree on waits here until they agree again."),
    empty_icon="circle-check",
)


def day_state(roles: Sequence[str]) -> str:
    """What a day's calculation waits for, by the names under it."""
    if "reviewed" in roles:
        return Coded("day reviewed", "reviewed")
    return Coded("day signed", "signed") if roles else Coded("day calculated", "calculated")


async def _days_view(work: Any, rows: Sequence[Any]) -> list[Shown]:
    found: list[ClientMoneyDay] = [row[0] for row in rows]
    given: dict[Any, list[str]] = {}
    for one in await work.rows(
        select(ClientMoneySign).where(ClientMoneySign.calculation.in_([row.id for row in found]))
    ):
        given.setdefault(one.calculation, []).append(one.role)
    return [
        Shown(
            key=str(row.id),
            href=f"/desk/recon/client-money/{row.id}",
            tone="needs" if row.held < row.owed else "",
            cells=(
                row.day,
                row.entity,
                Money(row.owed, row.currency),
                Money(row.held, row.currency),
                Money(row.held - row.owed, row.currency),
                day_state(given.get(row.id, [])),
                sum(1 for one in row.lines if one[0] == "held" and not one[4]),
                row.version,
            ),
        )
        for row in found
    ]


def _newest(_work: Any) -> Any:
    later = ClientMoneyDay.__table__.alias("later")
    return select(ClientMoneyDay).where(
        ~select(later.c.id)
        .where(
            later.c.day == ClientMoneyDay.day,
            later.c.entity == ClientMoneyDay.entity,
            later.c.currency == ClientMoneyDay.currency,
            later.c.version > ClientMoneyDay.version,
        )
        .exists()
    )


async def _currencies(work: Any) -> list[tuple[str, str]]:
    rows = await work.rows(
        select(ClientMoneyDay.currency).distinct().order_by(ClientMoneyDay.currency)
    )
    return [(one, one) for one in rows]


DAYS = Table(
    name="client-money",
    title=N_("Client money by day"),
    columns=(
        Column("day", N_("Day"), "date", sort=ClientMoneyDay.day, fixed=True),
        Column("entity", N_("Entity"), hidden=True),
        Column("owed", N_("Owed to clients"), "money"),
        Column("held", N_("Held for clients"), "money"),
        Column("off", N_("More (less) than owed"), "pnl"),
        Column("state", N_("State"), "status", coded=True),
        Column("unproved", N_("Without evidence"), "num"),
        Column("version", N_("Version"), "num", hidden=True),
    ),
    query=_newest,
    view=_days_view,
    id=ClientMoneyDay.id,
    order="day",
    filters=(
        tables.choice("currency", N_("Currency"), ClientMoneyDay.currency, _currencies),
        *tables.dates("at", N_("From"), N_("To"), ClientMoneyDay.until),
    ),
    export_permission=Recon.EXPORT,
    live="recon",
    empty_title=N_("No day is calculated yet"),
    empty_text=N_("Each day is calculated by itself an hour after it is over."),
    empty_icon="calendar-stats",
)

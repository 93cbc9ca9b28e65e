"""Staff and files from outside: bring one, try a mapping on it, its lines, and what each is."""

import asyncio
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta

from brokerage.ledger import kinds
from brokerage.payments.settings import PaymentsSettings
from brokerage.recon import (
    banks,
    booking,
    files,
    matches,
    outside_lines,
    queries,
    suggestions,
    tables,
    wires,
    words,
)
from brokerage.recon.model import OutsideFile, OutsideLine
from brokerage.recon.permissions import Recon
from brokerage.recon.reading import settlement
from brokerage.recon.settings import ReconSettings
from brokerage.recon.values import Unreadable
from stoa.kernel.clock import day_bounds
from stoa.kernel.money import Money
from stoa.kernel.refusals import Invalid
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access, forms
from stoa.web import tables as engine
from stoa.web.pages import go, page

AnyRequest = Request[Any, Any, Any]
_SHOWN_FAULTS: Final = 60
_SHOWN_LINES: Final = 15


class Brought(msgspec.Struct):
    """A file, whose it is, and the days a provider's file speaks of."""

    file: Any
    psp: Annotated[str, Meta(max_length=32)] = ""
    since: date | None = None
    until: date | None = None


class Accepted(msgspec.Struct):
    """What a line is, from the suggestions: entries, or one wire deposit."""

    entry: list[UUID] = msgspec.field(default_factory=list[UUID])
    deposit: UUID | None = None
    score: int = 0


class Booking(msgspec.Struct):
    """What to write into the books for a line."""

    outcome: Annotated[str, Meta(max_length=16)]
    psp: Annotated[str, Meta(max_length=32)] = ""
    account: UUID | None = None
    note: Annotated[str, Meta(max_length=400)] = ""


def _psps(work: Work) -> list[tuple[str, str]]:
    mapped = {one.psp for one in work.settings(ReconSettings).settlements}
    return [
        (one.code, one.label) for one in work.settings(PaymentsSettings).psps if one.code in mapped
    ]


@get("/desk/recon/files", access=access.desk(Recon.VIEW))
async def files_list(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    return await engine.answer(
        request,
        work,
        tables.FILES,
        audience="desk",
        template="desk/recon/files.html",
        psps=_psps(work),
        may=work.actor.may(Recon.BRING),
    )


async def _content(form: Brought) -> tuple[bytes, str]:
    if not isinstance(form.file, UploadFile):
        raise Invalid("Choose a file.", field="file")
    return await form.file.read(files.MOST_BYTES + 1), form.file.filename or ""


@post("/desk/recon/files", access=access.desk(Recon.BRING))
async def bring(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    form = await forms.read(request, Brought)
    content, name = await _content(form)
    zone = files.zone_of(work)
    row = await files.bring(
        work,
        content,
        name=name,
        psp=form.psp or None,
        since=day_bounds(form.since, zone)[0] if form.since else None,
        until=day_bounds(form.until, zone)[1] if form.until else None,
    )
    return go(request, f"/desk/recon/files/{row.id}")


@dataclass(frozen=True, slots=True)
class Tried:
    """What a mapping makes of a file, before anything is brought."""

    headings: list[str]
    lines: list[Any]
    faults: list[Any]
    why: str
    line: int
    total: int


@post("/desk/recon/files/try", access=access.desk(Recon.BRING))
async def attempt(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    """Read a file by its provider's mapping and show the first lines; nothing is kept."""
    work.require(Recon.BRING)
    form = await forms.read(request, Brought)
    content, name = await _content(form)
    mapping = work.settings(ReconSettings).settlement(form.psp)
    if mapping is None:
        raise Invalid("Choose whose file this is.", field="psp")
    tried = await asyncio.to_thread(_tried, content, mapping)
    return page(
        request,
        work,
        "desk/recon/tried.html",
        audience="desk",
        tried=tried,
        name=name,
        psp=form.psp,
        mapping=mapping,
        kinds=words.LINES,
    )


def _tried(content: bytes, mapping: Any) -> Tried:
    text = ""
    try:
        text = files.decoded(files.unpacked(content))
        made = settlement.read(text, mapping)
    except Unreadable as why:
        headings = settlement.headings(text, mapping) if text else []
        return Tried(headings, [], [], why.sentence.format_map(why.places), why.line, 0)
    lines = sorted((line for one in made.statements for line in one.lines), key=lambda x: x.line)
    return Tried(
        settlement.headings(text, mapping),
        lines[:_SHOWN_LINES],
        [[one.line, one.sentence, one.places] for one in made.faults[:_SHOWN_FAULTS]],
        "",
        0,
        made.lines,
    )


@get("/desk/recon/files/{file:uuid}", access=access.desk(Recon.VIEW))
async def file_page(
    request: AnyRequest, work: NamedDependency[Work], file: FromPath[UUID]
) -> Response[str]:
    """A file: how far it is, what was taken and what not, by line."""
    row = await work.get(OutsideFile, file)
    fees = await booking.fees_of(work, file) if row.psp else []
    booked = await booking.fees_booked(work, file) if fees else set[str]()
    return page(
        request,
        work,
        "desk/recon/file.html",
        audience="desk",
        file=row,
        faults=row.report[:_SHOWN_FAULTS],
        more=max(0, len(row.report) - _SHOWN_FAULTS),
        fees=[Money(total, currency) for currency, total in fees],
        unbooked=[currency for currency, _ in fees if currency not in booked],
        may=work.actor.may(Recon.BRING),
        may_match=work.actor.may(Recon.MATCH),
    )


@post("/desk/recon/files/{file:uuid}/again", access=access.desk(Recon.BRING))
async def again(
    request: AnyRequest, work: NamedDependency[Work], file: FromPath[UUID]
) -> Response[Any]:
    """Look at a refused file once more: an account or a mapping may be right by now."""
    await files.again(work, file)
    return go(request, f"/desk/recon/files/{file}")


@post("/desk/recon/files/{file:uuid}/fees", access=access.desk(Recon.MATCH))
async def book_fees(
    request: AnyRequest, work: NamedDependency[Work], file: FromPath[UUID]
) -> Response[Any]:
    await booking.fees(work, file)
    return go(
        request, f"/desk/recon/files/{file}", notice=N_("The fees are in the books as costs.")
    )


@get("/desk/recon/lines", access=access.desk(Recon.VIEW))
async def lines_list(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    return await engine.answer(
        request,
        work,
        tables.LINES,
        audience="desk",
        template="desk/recon/list.html",
        here="lines",
        lead=N_("Every movement the banks and providers told of."),
    )


@get("/desk/recon/lines/{line:uuid}", access=access.desk(Recon.VIEW))
async def line_page(
    request: AnyRequest, work: NamedDependency[Work], line: FromPath[UUID]
) -> Response[str]:
    """A line: who it is from, what it is matched with, and what it may be."""
    row = await work.get(OutsideLine, line)
    found = await suggestions.of(work, row) if row.open else []
    bank = await banks.of_source(work, row.source)
    others = [
        (str(one.id), f"{one.name} · {one.number[-6:]}")
        for one in await banks.every(work)
        if one.currency == row.currency and one.source != row.source and one.state == "open"
    ]
    return page(
        request,
        work,
        "desk/recon/line.html",
        audience="desk",
        line=row,
        about=outside_lines.about_seen(work, row),
        amount=Money(row.amount, row.currency),
        rest=Money(row.amount - row.matched, row.currency),
        fee=Money(row.fee, row.currency) if row.fee else None,
        kind=words.LINES.get(row.kind, row.kind),
        names=await queries.names(work),
        bank=bank,
        state=("line part" if row.matched else "line open") if row.open else "line matched",
        told=await queries.matches_of(work, line),
        split=[
            (str(one.id), f"{one.amount} · {one.detail}") for one in found if one.what == "entry"
        ],
        suggestions=[(one, kinds.of(one.title).label) for one in found],
        psps=[(one.code, one.label) for one in work.settings(PaymentsSettings).psps],
        others=others,
        may=work.actor.may(Recon.MATCH),
    )


@post("/desk/recon/lines/{line:uuid}/accept", access=access.desk(Recon.MATCH))
async def accept(
    request: AnyRequest, work: NamedDependency[Work], line: FromPath[UUID]
) -> Response[Any]:
    """One suggestion, or several entries a line is split over."""
    form = await forms.read(request, Accepted)
    if form.deposit is not None:
        await wires.choose(work, line, form.deposit)
        return go(request, f"/desk/recon/lines/{line}", notice=N_("Credited to the client, once."))
    await matches.accept(
        work, line, form.entry, score=max(0, min(100, form.score)), how="suggested"
    )
    return go(request, f"/desk/recon/lines/{line}", notice=N_("Matched."))


@post("/desk/recon/lines/{line:uuid}/book", access=access.desk(Recon.MATCH))
async def book(
    request: AnyRequest, work: NamedDependency[Work], line: FromPath[UUID]
) -> Response[Any]:
    """Write what the bank did into the books."""
    form = await forms.read(request, Booking)
    match form.outcome:
        case "settlement":
            await booking.as_settlement(work, line, form.psp)
        case "own-transfer":
            if form.account is None:
                raise Invalid("Choose another account in the same currency.", field="account")
            await booking.as_own_transfer(work, line, form.account)
        case "cost":
            await booking.as_cost(work, line, form.note)
        case "unresolved":
            await booking.as_unresolved(work, line)
        case _:
            raise Invalid("Choose one of the offered values.", field="outcome")
    return go(request, f"/desk/recon/lines/{line}", notice=N_("Written into the books."))


@post("/desk/recon/matches/{match:uuid}/undo", access=access.desk(Recon.MATCH))
async def undo(
    request: AnyRequest, work: NamedDependency[Work], match: FromPath[UUID]
) -> Response[Any]:
    row = await matches.undo(work, match)
    return go(
        request, f"/desk/recon/lines/{row.line}", notice=N_("Undone. Both sides are open again.")
    )


WEB: Final = [
    files_list,
    bring,
    attempt,
    file_page,
    again,
    book_fees,
    lines_list,
    line_page,
    accept,
    book,
    undo,
]

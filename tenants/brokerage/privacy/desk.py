"""Compliance: wishes to be erased, legal holds, what is kept of one client and until when."""

from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta

from brokerage.clients import queries as clients
from brokerage.clients.model import Client
from brokerage.privacy import asking, certificates, holds, lists, rules, standing
from brokerage.privacy.model import Cause, Erasure
from brokerage.privacy.permissions import Privacy
from stoa.kernel.refusals import NotFound
from stoa.product import Tab
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access, forms, tables
from stoa.web.pages import go, look, page

AnyRequest = Request[Any, Any, Any]
TABS: Final = (
    Tab("privacy", N_("Privacy"), "/desk/clients/{client}/privacy", Privacy.VIEW, order=85),
)
Words = Annotated[str, Meta(max_length=1000)]


class Reason(msgspec.Struct):
    reason: Words = ""


class Placed(msgspec.Struct):
    reference: Annotated[str, Meta(max_length=80)] = ""
    reason: Words = ""


class Asked(msgspec.Struct):
    note: Words = ""


class Refusal(msgspec.Struct):
    refusal: Annotated[str, Meta(max_length=16)] = ""


class Seal(msgspec.Struct):
    seal: Annotated[str, Meta(max_length=64)] = ""


@get("/desk/privacy", access=access.desk(Privacy.VIEW))
async def listed(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    return await tables.answer(
        request,
        work,
        lists.ERASURES,
        audience="desk",
        template="desk/privacy/erasures.html",
        proposed=await lists.proposed(work),
    )


@get("/desk/privacy/{erasure:uuid}", access=access.desk(Privacy.VIEW))
async def one(
    request: AnyRequest, work: NamedDependency[Work], erasure: FromPath[UUID]
) -> Response[str]:
    """One wish: what the rules say of it, who decides, how far it came."""
    row = await _seen(work, erasure)
    fixed = asking.verdicts_of(row)
    found = fixed or await standing.verdicts(work, row.client, wish=row.cause != Cause.PERIOD)
    people = [p for p in (row.client, row.asked_by, row.proposed_by, row.decided_by) if p]
    return page(
        request,
        work,
        "desk/privacy/erasure.html",
        audience="desk",
        row=row,
        verdicts=found,
        sentences=rules.SENTENCES,
        laws=rules.LAWS,
        counts=_counts(row),
        names=await clients.names(work, people),
        note=asking.note_of(work, row),
        held=await holds.standing(work, row.client),
        refusals=asking.REFUSALS,
        mine=row.proposed_by is not None and row.proposed_by == work.actor.id,
        may={"decide": work.actor.may(Privacy.DECIDE), "agree": work.actor.may(Privacy.AGREE)},
        late=row.due_at < work.now,
    )


def _counts(row: Erasure) -> dict[str, int]:
    """How much went, by kind."""
    found: dict[str, int] = {}
    for step in row.gone.values():
        found[step["category"]] = found.get(step["category"], 0) + step["count"]
    return found


async def _seen(work: Work, erasure: UUID) -> Erasure:
    row = await work.get(Erasure, erasure)
    await clients.seen(work, row.client)
    return row


@post("/desk/privacy/{erasure:uuid}/propose", access=access.desk(Privacy.DECIDE))
async def propose(
    request: AnyRequest, work: NamedDependency[Work], erasure: FromPath[UUID]
) -> Response[None]:
    form = await forms.read(request, Refusal)
    await asking.propose(work, erasure, form.refusal)
    return go(request, f"/desk/privacy/{erasure}", notice=N_("Proposed. A second person decides."))


@post("/desk/privacy/{erasure:uuid}/agree", access=access.desk(Privacy.AGREE))
async def agree(
    request: AnyRequest, work: NamedDependency[Work], erasure: FromPath[UUID]
) -> Response[None]:
    form = await forms.read(request, Seal)
    await asking.agree(work, erasure, form.seal)
    return go(request, f"/desk/privacy/{erasure}", notice=N_("Agreed."))


@post("/desk/privacy/{erasure:uuid}/back", access=access.desk(Privacy.AGREE))
async def back(
    request: AnyRequest, work: NamedDependency[Work], erasure: FromPath[UUID]
) -> Response[None]:
    await asking.send_back(work, erasure)
    return go(request, f"/desk/privacy/{erasure}", notice=N_("Sent back. Nothing was removed."))


@get(
    "/desk/privacy/{erasure:uuid}/certificate/{form:str}",
    access=access.desk(Privacy.VIEW),
)
async def certificate(
    request: AnyRequest,
    work: NamedDependency[Work],
    erasure: FromPath[UUID],
    form: FromPath[str],
) -> Response[bytes]:
    """As PDF or JSON."""
    await _seen(work, erasure)
    return await file_of(work, erasure, form, look(request, work, "desk").language)


async def file_of(work: Work, erasure: UUID, form: str, language: str) -> Response[bytes]:
    if form not in certificates.FORMS:
        raise NotFound
    row = await certificates.of(work, erasure)
    if form == "json":
        content, kind = certificates.as_json(row), "application/json"
    else:
        content, kind = await certificates.as_pdf(work, row, language), "application/pdf"
    name = f'inline; filename="erasure-{row.reference}.{form}"'
    return Response(content, media_type=kind, headers={"content-disposition": name})


@get("/desk/clients/{client:uuid}/privacy", access=access.desk(Privacy.VIEW))
async def tab(
    request: AnyRequest, work: NamedDependency[Work], client: FromPath[UUID]
) -> Response[str]:
    """In Client 360: legal holds, what is kept and until when, wishes to be erased."""
    await clients.seen(work, client)
    row = await work.get(Client, client)
    standing_holds = await holds.all_of(work, client)
    people = {
        person
        for hold in standing_holds
        for person in (hold.placed_by, hold.asked_by, hold.lifted_by)
        if person
    }
    return page(
        request,
        work,
        "desk/privacy/tab.html",
        audience="desk",
        client=client,
        row=row,
        verdicts=await standing.verdicts(work, client),
        sentences=rules.SENTENCES,
        laws=rules.LAWS,
        months=await standing.months(work, client),
        holds=[
            (hold, holds.reason_of(work, hold), holds.asked_of(work, hold))
            for hold in standing_holds
        ],
        names=await clients.names(work, people),
        me=work.actor.id,
        erasures=await asking.all_of(work, client),
        living=await asking.living(work, client),
        may={
            "hold": work.actor.may(Privacy.HOLD),
            "lift": work.actor.may(Privacy.LIFT),
            "ask": work.actor.may(Privacy.ASK),
        },
    )


@post("/desk/clients/{client:uuid}/privacy/ask", access=access.desk(Privacy.ASK))
async def ask(
    request: AnyRequest, work: NamedDependency[Work], client: FromPath[UUID]
) -> Response[None]:
    form = await forms.read(request, Asked)
    row = await asking.ask(work, client, form.note)
    return go(request, f"/desk/privacy/{row.id}", notice=N_("Written down."))


@post("/desk/clients/{client:uuid}/privacy/hold", access=access.desk(Privacy.HOLD))
async def hold(
    request: AnyRequest, work: NamedDependency[Work], client: FromPath[UUID]
) -> Response[None]:
    form = await forms.read(request, Placed)
    await holds.place(work, client, form.reference, form.reason)
    return go(request, _back(client), notice=N_("The legal hold stands."))


@post("/desk/privacy/holds/{hold:uuid}/lift", access=access.desk(Privacy.HOLD))
async def lift(
    request: AnyRequest, work: NamedDependency[Work], hold: FromPath[UUID]
) -> Response[None]:
    form = await forms.read(request, Reason)
    row = await holds.ask(work, hold, form.reason)
    return go(request, _back(row.client), notice=N_("Asked. It stands until another agrees."))


@post("/desk/privacy/holds/{hold:uuid}/agree", access=access.desk(Privacy.LIFT))
async def lifted(
    request: AnyRequest, work: NamedDependency[Work], hold: FromPath[UUID]
) -> Response[None]:
    row = await holds.answer(work, hold, agreed=True)
    return go(request, _back(row.client), notice=N_("The legal hold is lifted."))


@post("/desk/privacy/holds/{hold:uuid}/refuse", access=access.desk(Privacy.LIFT))
async def kept(
    request: AnyRequest, work: NamedDependency[Work], hold: FromPath[UUID]
) -> Response[None]:
    row = await holds.answer(work, hold, agreed=False)
    return go(request, _back(row.client), notice=N_("The legal hold stays."))


def _back(client: UUID) -> str:
    return f"/desk/clients/{client}?tab=privacy"


WEB: Final = [
    agree,
    ask,
    back,
    certificate,
    hold,
    kept,
    lift,
    lifted,
    listed,
    one,
    propose,
    tab,
]

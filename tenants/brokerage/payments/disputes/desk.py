"""Disputes at the desk: the queue, one dispute, what finance does about it, the evidence."""

from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response

from brokerage.clients import queries as clients
from brokerage.payments.disputes import booking, deciding, evidence, pack, rules, story
from brokerage.payments.disputes.deciding import Entered
from brokerage.payments.disputes.model import Dispute, Standing
from brokerage.payments.disputes.tables import DISPUTES, late
from brokerage.payments.model import Deposit
from brokerage.payments.permissions import Payments
from brokerage.payments.values import DisputeStage
from stoa.kernel import money
from stoa.kernel.money import Money
from stoa.kernel.refusals import Invalid
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access, forms, tables
from stoa.web.open import entered
from stoa.web.pages import go, page

AnyRequest = Request[Any, Any, Any]


class New(msgspec.Struct):
    case: str
    stage: str = "chargeback"
    amount: str = ""
    due: date | None = None
    reason: str = ""


class Moved(msgspec.Struct):
    stage: str
    reason: str = ""


class Taken(msgspec.Struct):
    amount: str
    fee: str = ""
    reason: str = ""


class Asked(msgspec.Struct):
    what: str
    reason: str = ""


class Why(msgspec.Struct):
    reason: str = ""


def _stage(typed: str) -> DisputeStage:
    try:
        return DisputeStage(typed)
    except ValueError as why:
        raise Invalid("Choose how far it has gone.", field="stage") from why


@get("/desk/disputes", access=access.desk(Payments.DISPUTES))
async def listed(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    return await tables.answer(request, work, DISPUTES, template="desk/payments/disputes.html")


@get("/desk/disputes/{dispute:uuid}", access=access.desk(Payments.DISPUTES))
async def one(
    request: AnyRequest, work: NamedDependency[Work], dispute: FromPath[UUID]
) -> Response[str]:
    row = await work.get(Dispute, dispute)
    brief = await clients.brief(work, row.client)
    deposit = await work.get(Deposit, row.deposit)
    people = [one for one in (row.owner, row.asked_by) if one]
    names = await clients.names(work, people)
    may = work.actor.may(Payments.DISPUTES_EDIT)
    stage = DisputeStage(row.stage)
    pending = row.asked is not None and row.decided_at is None
    owed = await booking.owed(work, row)
    return page(
        request,
        work,
        "desk/payments/dispute.html",
        audience="desk",
        dispute=row,
        client=brief,
        deposit=deposit,
        amount=Money(row.amount, row.currency),
        secured=Money(row.secured, row.paid_in),
        held=await booking.held(work, row),
        owed=owed,
        debited=Money(row.debited, row.paid_in),
        fee=Money(row.fee, row.paid_in) if row.fee is not None else None,
        given_up=Money(row.written_off, row.paid_in),
        story=await story.shown(work, row),
        stages=story.STAGES,
        next_stages=[
            (str(to), story.STAGES[to]) for to in deciding.BY_HAND if to in rules.FOLLOWS[stage]
        ],
        owner=names.get(row.owner, "") if row.owner else "",
        asked_by=names.get(row.asked_by, "") if row.asked_by else "",
        late=late(row, work.now),
        is_open=stage in rules.OPEN,
        taken=stage in rules.TAKEN,
        pending=pending,
        mine=row.asked_by == work.actor.id,
        may=may,
        may_lose=may and not pending and DisputeStage.LOST in rules.FOLLOWS[stage],
        may_give_up=may and not pending and row.standing == Standing.LOST and bool(owed),
        may_agree=work.actor.may(Payments.GIVE_UP) and pending,
        may_evidence=work.actor.may(Payments.EVIDENCE),
    )


@post("/desk/deposits/{deposit:uuid}/disputes", access=access.desk(Payments.DISPUTES_EDIT))
async def enter(
    request: AnyRequest, work: NamedDependency[Work], deposit: FromPath[UUID]
) -> Response[Any]:
    """One that no provider told of; its notice joins it when it comes."""
    form = await forms.read(request, New)
    paid = await work.get(Deposit, deposit)
    told = money.parse(form.amount, paid.currency) if form.amount else None
    due = datetime.combine(form.due, time(23, 59), UTC) if form.due else None
    row = await deciding.enter(
        work, deposit, Entered(form.case, _stage(form.stage), told, due), form.reason
    )
    return _kept(request, row.id, N_("The dispute is open; what was there is set aside."))


@post("/desk/disputes/{dispute:uuid}/stage", access=access.desk(Payments.DISPUTES_EDIT))
async def moved(
    request: AnyRequest, work: NamedDependency[Work], dispute: FromPath[UUID]
) -> Response[Any]:
    form = await forms.read(request, Moved)
    await deciding.moved(work, dispute, _stage(form.stage), form.reason)
    return _kept(request, dispute, N_("Kept. The books stand as the stage says."))


@post("/desk/disputes/{dispute:uuid}/debited", access=access.desk(Payments.DISPUTES_EDIT))
async def debited(
    request: AnyRequest, work: NamedDependency[Work], dispute: FromPath[UUID]
) -> Response[Any]:
    """What the provider took, as its own statement says."""
    form = await forms.read(request, Taken)
    unit = (await work.get(Dispute, dispute)).paid_in
    fee = money.parse(form.fee, unit) if form.fee else None
    await deciding.debited(work, dispute, money.parse(form.amount, unit), fee, form.reason)
    return _kept(request, dispute, N_("Booked against what the provider holds for us."))


@post("/desk/disputes/{dispute:uuid}/returned", access=access.desk(Payments.DISPUTES_EDIT))
async def returned(
    request: AnyRequest, work: NamedDependency[Work], dispute: FromPath[UUID]
) -> Response[Any]:
    form = await forms.read(request, Why)
    await deciding.returned(work, dispute, form.reason)
    return _kept(request, dispute, N_("What the provider took is booked as returned."))


@post("/desk/disputes/{dispute:uuid}/collect", access=access.desk(Payments.DISPUTES_EDIT))
async def collect(
    request: AnyRequest, work: NamedDependency[Work], dispute: FromPath[UUID]
) -> Response[Any]:
    await deciding.collect(work, dispute)
    return _kept(request, dispute, N_("Taken from the wallet, as far as it was there."))


@post("/desk/disputes/{dispute:uuid}/ask", access=access.desk(Payments.DISPUTES_EDIT))
async def ask(
    request: AnyRequest, work: NamedDependency[Work], dispute: FromPath[UUID]
) -> Response[Any]:
    form = await forms.read(request, Asked)
    await deciding.ask(work, dispute, form.what, form.reason)
    return _kept(request, dispute, N_("Kept. Nothing has moved: another person has to agree."))


@post("/desk/disputes/{dispute:uuid}/agree", access=access.desk(Payments.GIVE_UP, step_up=True))
async def agree(
    request: AnyRequest, work: NamedDependency[Work], dispute: FromPath[UUID]
) -> Response[Any]:
    await deciding.agree(work, dispute)
    return _kept(request, dispute, N_("Agreed and booked."))


@post("/desk/disputes/{dispute:uuid}/decline", access=access.desk(Payments.GIVE_UP))
async def decline(
    request: AnyRequest, work: NamedDependency[Work], dispute: FromPath[UUID]
) -> Response[Any]:
    form = await forms.read(request, Why)
    await deciding.decline(work, dispute, form.reason)
    return _kept(request, dispute, N_("Not agreed. Nothing has moved."))


@post("/desk/disputes/{dispute:uuid}/answered", access=access.desk(Payments.DISPUTES_EDIT))
async def answered(
    request: AnyRequest, work: NamedDependency[Work], dispute: FromPath[UUID]
) -> Response[Any]:
    form = await forms.read(request, Why)
    await deciding.answered(work, dispute, form.reason)
    return _kept(request, dispute, N_("Its clock stands still until the bank answers."))


@post("/desk/disputes/{dispute:uuid}/own", access=access.desk(Payments.DISPUTES_EDIT))
async def own(
    request: AnyRequest, work: NamedDependency[Work], dispute: FromPath[UUID]
) -> Response[Any]:
    await deciding.take_on(work, dispute)
    return _kept(request, dispute, N_("It is yours now."))


@post("/desk/disputes/{dispute:uuid}/note", access=access.desk(Payments.DISPUTES_EDIT))
async def note(
    request: AnyRequest, work: NamedDependency[Work], dispute: FromPath[UUID]
) -> Response[Any]:
    form = await forms.read(request, Why)
    await deciding.note(work, dispute, form.reason)
    return _kept(request, dispute, N_("Kept."))


@get(
    "/desk/disputes/{dispute:uuid}/evidence.zip",
    access=access.desk(Payments.EVIDENCE, own_transaction=True),
)
async def evidence_pack(request: AnyRequest, dispute: FromPath[UUID]) -> Response[bytes]:
    """Everything that shows whose payment it was; who downloaded it is kept."""
    _, open_work = await entered(request)
    async with open_work() as work:
        told = await evidence.gather(work, dispute)
    # No transaction is open while the document is set.
    made = await pack.zipped(told)
    async with open_work() as work:
        await evidence.downloaded(work, dispute, made)
    return Response(
        made,
        media_type="application/zip",
        headers={
            "content-disposition": f'attachment; filename="evidence-{told["reference"]}.zip"',
            "cache-control": "no-store, private",
        },
    )


def _kept(request: AnyRequest, dispute: UUID, notice: str) -> Response[Any]:
    return go(request, f"/desk/disputes/{dispute}", notice=notice)


ALL = [
    listed,
    one,
    enter,
    moved,
    debited,
    returned,
    collect,
    ask,
    agree,
    decline,
    answered,
    own,
    note,
    evidence_pack,
]

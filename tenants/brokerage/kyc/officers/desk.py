"""The officers' side: the queue, one case on a page, and what may be decided there."""

from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta

from brokerage.clients import queries as people
from brokerage.kyc import cases, documents, queries, wordings
from brokerage.kyc.model import KycCase, KycProposal, State
from brokerage.kyc.officers import diligence, listing, panels, reading, review, second
from brokerage.kyc.permissions import Kyc
from brokerage.kyc.settings import KycSettings
from brokerage.screening.model import ScreeningHit
from stoa.kernel.refusals import NotFound
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access, forms, tables
from stoa.web.pages import go, page

AnyRequest = Request[Any, Any, Any]

_DONE: Final = {
    None: N_("Done. The next one is open."),
    "last": N_("Done. Nothing else waits."),
    "second": N_("It waits for a second officer now."),
}


class Reason(msgspec.Struct):
    reason: Annotated[str, Meta(max_length=2_000)] = ""


class Coded(msgspec.Struct):
    code: Annotated[str, Meta(max_length=40)]
    reason: Annotated[str, Meta(max_length=2_000)] = ""


class AskAgain(msgspec.Struct):
    kind: Annotated[str, Meta(max_length=40)]
    code: Annotated[str, Meta(max_length=40)]
    reason: Annotated[str, Meta(max_length=2_000)] = ""


class Decided(msgspec.Struct):
    match: Annotated[str, Meta(pattern="^(true|false)$")]
    reason: Annotated[str, Meta(max_length=2_000)]


class Band(msgspec.Struct):
    band: Annotated[str, Meta(max_length=12)]
    reason: Annotated[str, Meta(max_length=2_000)]


class Zone(msgspec.Struct):
    zone: Annotated[str, Meta(max_length=400)]


class Answer(msgspec.Struct):
    agreed: Annotated[str, Meta(pattern="^(yes|no)$")]


@get("/desk/kyc", access=access.desk(Kyc.CASES_VIEW))
async def queue(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    """What waits for a person, by deadline and risk."""
    asked = str(request.query_params.get("list", "review"))
    shown = {key: one for key, one in listing.LISTS.items() if work.actor.may(one[2])}
    _, table, _ = shown.get(asked) or shown["review"]
    told = await queries.counts(work)
    counted = {
        "review": told.get(State.REVIEW, 0),
        "second": told["second"],
        "hits": told["hits"],
        "checking": told.get(State.CHECKING, 0),
        "client": told.get(State.OPEN, 0) + told.get(State.ASKED, 0),
        "decided": None,
        "extra": told["extra"],
        "aside": told["aside"],
    }
    return await tables.answer(
        request,
        work,
        table,
        audience="desk",
        template="desk/kyc/queue.html",
        tabs=[
            {
                "label": label,
                "href": f"/desk/kyc?list={key}",
                "count": counted[key],
                "active": key == asked,
            }
            for key, (label, _, _) in shown.items()
        ],
        may_decide=work.actor.may(Kyc.DECIDE),
        waiting=counted["review"],
    )


@post("/desk/kyc/next", access=access.desk(Kyc.DECIDE))
async def following(request: AnyRequest, work: NamedDependency[Work]) -> Response[None]:
    """The most urgent case that nobody has in hand."""
    return await _onward(request, work, None)


async def _onward(
    request: AnyRequest, work: Work, done: UUID | None, notice: str | None = None
) -> Response[None]:
    found = await review.take_next(work, after=done)
    if found is None:
        return go(request, "/desk/kyc", notice=_DONE["last"] if done else None)
    return go(request, f"/desk/kyc/{found.id}", notice=notice or (_DONE[None] if done else None))


@get("/desk/kyc/{case:uuid}", access=access.desk(Kyc.CASES_VIEW))
async def whole(
    request: AnyRequest, work: NamedDependency[Work], case: FromPath[UUID]
) -> Response[str]:
    """Papers beside what they must match; what failed is open, the rest is folded."""
    found = await reading.whole(work, case)
    row = found.row
    held = (
        row.claimed_until is not None
        and row.claimed_until > work.now
        and row.claimed_by != work.actor.id
    )
    model = work.settings(KycSettings).risk
    return page(
        request,
        work,
        "desk/kyc/case.html",
        audience="desk",
        case=found,
        held=held,
        mine=row.claimed_by == work.actor.id and not held,
        may={
            "decide": work.actor.may(Kyc.DECIDE) and not work.actor.read_only,
            "second": work.actor.may(Kyc.SECOND) and not work.actor.read_only,
            "risk": work.actor.may(Kyc.RISK_SET) and not work.actor.read_only,
            "papers": work.actor.may(Kyc.DOCUMENTS_VIEW),
            "screening": work.actor.may(Kyc.SCREENING_VIEW),
            "pii": people.may_see_pii(work),
        },
        check_names=wordings.CHECKS,
        asking=list(wordings.ASK.items()),
        rejecting=list(wordings.REJECT.items()),
        bands=list(model.bands),
        second=set(work.settings(KycSettings).second_officer_for),
        open_hits=sum(hit.state == "open" for hit in found.hits),
    )


@post("/desk/kyc/{case:uuid}/claim", access=access.desk(Kyc.DECIDE))
async def claim(
    request: AnyRequest, work: NamedDependency[Work], case: FromPath[UUID]
) -> Response[None]:
    await review.claim(work, case)
    return go(request, f"/desk/kyc/{case}")


@post("/desk/kyc/{case:uuid}/release", access=access.desk(Kyc.DECIDE))
async def release(
    request: AnyRequest, work: NamedDependency[Work], case: FromPath[UUID]
) -> Response[None]:
    await review.release(work, case)
    return go(request, "/desk/kyc")


async def _after(
    request: AnyRequest, work: Work, case: UUID, asked: KycProposal | None
) -> Response[None]:
    """On to the next case; when a second officer is needed, that is said."""
    if asked is not None:
        return await _onward(request, work, case, notice=_DONE["second"])
    row = await work.get(KycCase, case)
    if row.state == State.REVIEW:
        return go(request, f"/desk/kyc/{case}")
    return await _onward(request, work, case)


@post("/desk/kyc/{case:uuid}/approve", access=access.desk(Kyc.DECIDE))
async def approve(
    request: AnyRequest, work: NamedDependency[Work], case: FromPath[UUID]
) -> Response[None]:
    form = await forms.read(request, Reason)
    return await _after(request, work, case, await review.approve(work, case, form.reason))


@post("/desk/kyc/{case:uuid}/reject", access=access.desk(Kyc.DECIDE))
async def reject(
    request: AnyRequest, work: NamedDependency[Work], case: FromPath[UUID]
) -> Response[None]:
    form = await forms.read(request, Coded)
    await review.reject(work, case, form.code, form.reason)
    return await _after(request, work, case, None)


@post("/desk/kyc/{case:uuid}/ask", access=access.desk(Kyc.DECIDE))
async def ask(
    request: AnyRequest, work: NamedDependency[Work], case: FromPath[UUID]
) -> Response[None]:
    form = await forms.read(request, AskAgain)
    await review.ask_again(work, case, form.kind, form.code, form.reason)
    return await _after(request, work, case, None)


@post("/desk/kyc/{case:uuid}/checks/{code:str}/pass", access=access.desk(Kyc.DECIDE))
async def pass_check(
    request: AnyRequest, work: NamedDependency[Work], case: FromPath[UUID], code: FromPath[str]
) -> Response[None]:
    form = await forms.read(request, Reason)
    asked = await review.pass_check(work, case, code, form.reason)
    notice = _DONE["second"] if asked is not None else None
    return go(request, f"/desk/kyc/{case}", notice=notice)


@post("/desk/kyc/hits/{hit:uuid}", access=access.desk(Kyc.DECIDE))
async def hit(
    request: AnyRequest, work: NamedDependency[Work], hit: FromPath[UUID]
) -> Response[None]:
    """False match or the client: kept, and used again while nothing changes."""
    form = await forms.read(request, Decided)
    done = await review.decide_hit(work, hit, true_match=form.match == "true", reason=form.reason)
    row = await work.get(ScreeningHit, hit)
    case = await cases.newest(work, row.client)
    if case is None:
        raise NotFound
    notice = _DONE["second"] if isinstance(done, KycProposal) else None
    return go(request, f"/desk/kyc/{case.id}", notice=notice)


@post("/desk/kyc/{case:uuid}/risk", access=access.desk(Kyc.RISK_SET))
async def set_risk(
    request: AnyRequest, work: NamedDependency[Work], case: FromPath[UUID]
) -> Response[None]:
    form = await forms.read(request, Band)
    asked = await review.set_risk(work, case, form.band, form.reason)
    notice = _DONE["second"] if asked is not None else N_("The risk is set.")
    return go(request, f"/desk/kyc/{case}", notice=notice)


@post("/desk/kyc/{case:uuid}/reopen", access=access.desk(Kyc.DECIDE))
async def reopen(
    request: AnyRequest, work: NamedDependency[Work], case: FromPath[UUID]
) -> Response[None]:
    form = await forms.read(request, Reason)
    await review.reopen(work, case, form.reason)
    return go(request, f"/desk/kyc/{case}", notice=_DONE["second"])


@post("/desk/kyc/clients/{client:uuid}/diligence", access=access.desk(Kyc.DECIDE))
async def diligent(
    request: AnyRequest, work: NamedDependency[Work], client: FromPath[UUID]
) -> Response[None]:
    """The closer look is done; why it is fine is kept."""
    form = await forms.read(request, Reason)
    await diligence.done(work, client, form.reason)
    return go(request, f"/desk/clients/{client}?tab=kyc", notice=N_("Diligence is done."))


@post("/desk/kyc/documents/{document:uuid}/zone", access=access.desk(Kyc.DECIDE))
async def zone(
    request: AnyRequest, work: NamedDependency[Work], document: FromPath[UUID]
) -> Response[None]:
    """The machine-readable lines, typed off; compared at once with what the client wrote."""
    form = await forms.read(request, Zone)
    await review.read_zone(work, document, form.zone)
    row, _ = await documents.seen(work, document)
    return go(request, f"/desk/kyc/{row.case}")


@post("/desk/kyc/proposals/{proposal:uuid}", access=access.desk(Kyc.SECOND))
async def answer(
    request: AnyRequest, work: NamedDependency[Work], proposal: FromPath[UUID]
) -> Response[None]:
    form = await forms.read(request, Answer)
    row = await second.answer(work, proposal, agreed=form.agreed == "yes")
    return go(request, f"/desk/kyc/{row.case}")


ALL = [
    queue,
    following,
    whole,
    claim,
    release,
    approve,
    reject,
    ask,
    pass_check,
    hit,
    set_risk,
    reopen,
    diligent,
    zone,
    answer,
    *panels.ALL,
]

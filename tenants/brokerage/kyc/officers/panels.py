"""What an officer opens beside a case: pages of papers, and why a figure or decision is what it is."""

import asyncio
from typing import Any
from uuid import UUID

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response

from brokerage.clients import queries as people
from brokerage.kyc import cases, documents, screenings, standing, wordings
from brokerage.kyc.officers import reading, review
from brokerage.kyc.permissions import Kyc
from brokerage.kyc.reasons import Because
from brokerage.kyc.rules import Outcome
from brokerage.kyc.settings import KycSettings
from brokerage.screening import screen
from brokerage.screening import store as lists
from brokerage.screening.model import Screening
from stoa.files import serve, store
from stoa.kernel.refusals import Conflict, NotFound
from stoa.tenancy.work import Work
from stoa.web import access
from stoa.web.pages import page

AnyRequest = Request[Any, Any, Any]


@get("/desk/kyc/documents/{document:uuid}/{number:int}", access=access.desk(Kyc.DOCUMENTS_VIEW))
async def paper(
    work: NamedDependency[Work], document: FromPath[UUID], number: FromPath[int]
) -> Response[bytes]:
    """One page as a picture of ours; that it was looked at is recorded."""
    _, file = await documents.seen(work, document)
    return serve.picture(await store.sheet(work, file, number), store.name(work, file))


@get("/desk/kyc/documents/{document:uuid}/file", access=access.desk(Kyc.DOCUMENTS_VIEW))
async def download(work: NamedDependency[Work], document: FromPath[UUID]) -> Response[bytes]:
    _, file = await documents.seen(work, document)
    return await serve.whole(work, file)


@get("/desk/kyc/{case:uuid}/risk", access=access.desk(Kyc.SCREENING_VIEW))
async def explain_risk(
    request: AnyRequest, work: NamedDependency[Work], case: FromPath[UUID]
) -> Response[str]:
    """Each factor with weight, value and reason, and the version of the model."""
    row = await review.seen(work, case)
    model = work.settings(KycSettings).risk
    return page(
        request,
        work,
        "desk/kyc/risk.html",
        audience="desk",
        case=row,
        score=row.risk,
        source=model.source,
    )


@get("/desk/kyc/{case:uuid}/decision", access=access.desk(Kyc.CASES_VIEW))
async def explain_decision(
    request: AnyRequest, work: NamedDependency[Work], case: FromPath[UUID]
) -> Response[str]:
    """From which checks, under which versions, by whom."""
    row = await review.seen(work, case)
    if not row.decision:
        raise NotFound
    record = dict(row.decision)
    if not work.actor.may(Kyc.SCREENING_VIEW):
        record["checks"] = [c for c in record["checks"] if c["code"] not in reading.SECRET]
    return page(
        request,
        work,
        "desk/kyc/decision.html",
        audience="desk",
        case=row,
        record=record,
        lines=[
            {
                "title": wordings.CHECKS.get(one["code"], one["code"]),
                "verdict": reading.VERDICTS[Outcome(one["outcome"])],
                "text": Because(one["because"]),
                "code": one["version"],
            }
            for one in record["checks"]
            if one["code"] != "decision"
        ],
    )


@get("/desk/kyc/{case:uuid}/jurisdiction", access=access.desk(Kyc.CASES_VIEW))
async def explain_jurisdiction(
    request: AnyRequest, work: NamedDependency[Work], case: FromPath[UUID]
) -> Response[str]:
    row = await review.seen(work, case)
    place = await standing.of(work, row.client)
    return page(
        request,
        work,
        "desk/kyc/jurisdiction.html",
        audience="desk",
        found=standing.jurisdiction_of(place),
        at=place.resolved_at,
        because_of=Because,
        packs={pack.code: pack.title for pack in work.settings(KycSettings).packs},
    )


@get("/desk/kyc/screenings/{screening:uuid}", access=access.desk(Kyc.SCREENING_VIEW))
async def explain_screening(
    request: AnyRequest, work: NamedDependency[Work], screening: FromPath[UUID]
) -> Response[str]:
    """A screening as it was kept, asked again of the same lists: the answer must be the same."""
    row = await work.get(Screening, screening)
    await people.seen(work, row.client)
    kept = screenings.kept(work, row)
    same: bool | None = None
    trouble = ""
    if request.query_params.get("again") == "1":
        try:
            used = await lists.versions(kept.lists)
            same = await asyncio.to_thread(screen.replay, kept, used) == kept
        except Conflict as why:
            trouble = str(why)
    work.subject = row.client
    work.record("pii.read", client=str(row.client), field="screening")
    return page(
        request,
        work,
        "desk/kyc/screening.html",
        audience="desk",
        row=row,
        kept=kept,
        same=same,
        trouble=trouble,
    )


@get("/desk/clients/{client:uuid}/kyc", access=access.desk(Kyc.CASES_VIEW))
async def tab(
    request: AnyRequest, work: NamedDependency[Work], client: FromPath[UUID]
) -> Response[str]:
    """Verification in Client 360: where they stand, what they may, and every case."""
    rows = await reading.of_client(work, client)
    limits = await cases.limits(work, client)
    place = await standing.of(work, client)
    return page(
        request,
        work,
        "desk/kyc/tab.html",
        audience="desk",
        client=client,
        cases=rows,
        limits=limits,
        place=place,
        jurisdiction=standing.jurisdiction_of(place),
        tracker=await cases.tracked(work, rows[0]) if rows else None,
        why=wordings.WHY,
        said=wordings.checks,
        extra=Because("; ".join(limits.extra)),
        may_screening=work.actor.may(Kyc.SCREENING_VIEW),
        may_decide=work.actor.may(Kyc.DECIDE) and not work.actor.read_only,
    )


ALL = [
    paper,
    download,
    explain_risk,
    explain_decision,
    explain_jurisdiction,
    explain_screening,
    tab,
]

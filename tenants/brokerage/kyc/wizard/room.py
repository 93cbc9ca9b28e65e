"""The client's side: one group of questions a screen, papers, a last look, and where it stands."""

from typing import Annotated, Any

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta

from brokerage.clients.model import Client
from brokerage.clients.settings import ClientSettings
from brokerage.kyc import appropriateness, cases, checks, dossier, standing, wordings
from brokerage.kyc.evidence import papers
from brokerage.kyc.jurisdictions.packs import ClientType, Step, StepKind
from brokerage.kyc.model import WITH_CLIENT, KycCase, State
from brokerage.kyc.permissions import Kyc
from brokerage.kyc.wizard import assessments, screens, uploads
from stoa.kernel.refusals import Conflict, NotFound
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access, forms
from stoa.web.pages import go, page

AnyRequest = Request[Any, Any, Any]


@get("/verify", access=access.room(Kyc.VERIFY_OWN))
async def overview(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    """Where it stands: done, missing, who acts next and until when."""
    case = await cases.own(work)
    told = await cases.tracked(work, case)
    left = await cases.missing(work, case)
    place = await standing.of(work, case.client)
    pack = standing.pack_of(work, case.pack)
    return page(
        request,
        work,
        "room/kyc/overview.html",
        audience="room",
        state=case.state,
        why=case.why,
        tracker=told,
        left=left,
        start=await _start(work, case),
        level=standing.level_of(pack, place.level),
        limits=standing.level_of(pack, place.level).limits,
        reason=await _reason(work, case),
    )


async def _reason(work: Work, case: KycCase) -> str:
    if case.state == State.REJECTED:
        return wordings.REJECT.get(case.reason or "", "")
    known = await checks.of(work, case.id)
    return next((one.tell for one in known.values() if one.outcome == "retry" and one.tell), "")


async def _start(work: Work, case: KycCase) -> str:
    """The first screen that is not done."""
    left = set(await cases.missing(work, case))
    for step in cases.steps_of(work, case):
        if step.kind is StepKind.DOCUMENTS:
            if any(code.startswith("document-") for code in left):
                return screens.path(step)
        elif step.code in left:
            return screens.path(step)
    return "/verify/review"


def _with_client(request: AnyRequest, case: KycCase) -> Response[None] | None:
    """Whoever comes to a page of a case that is with us is led to where it stands."""
    return None if case.state in WITH_CLIENT else go(request, "/verify")


@get(["/verify/{step:str}", "/verify/{step:str}/{part:int}"], access=access.room(Kyc.VERIFY_OWN))
async def question(
    request: AnyRequest, work: NamedDependency[Work], step: FromPath[str], part: FromPath[int] = 1
) -> Response[Any]:
    case = await cases.own(work)
    if (away := _with_client(request, case)) is not None:
        return away
    if step == "review":
        return await _review(request, work, case)
    found = cases.step_of(work, case, step)
    match found.kind:
        case StepKind.FORM:
            return _form(request, work, case, found, part)
        case StepKind.QUESTIONNAIRE:
            return await _test(request, work, case, found, part)
        case StepKind.DOCUMENTS:
            return await _papers(request, work, case, found)
        case StepKind.AGREEMENTS:
            return await _texts(request, work, case, found)


def _form(request: AnyRequest, work: Work, case: KycCase, step: Step, number: int) -> Response[str]:
    cut = screens.parts(step)
    if not 1 <= number <= len(cut):
        raise NotFound
    shown = cut[number - 1]
    known = dossier.read(work, case).get(step.code, {})
    return page(
        request,
        work,
        "room/kyc/form.html",
        audience="room",
        step=step,
        first=number == 1,
        fields=[screens.shown(field, known.get(field.code, "")) for field in shown.fields],
        screen=screens.screen(work, case, screens.path(step, number)),
        action=f"/verify/{step.code}/{number}",
    )


@post("/verify/{step:str}/{part:int}", access=access.room(Kyc.VERIFY_OWN))
async def answer(
    request: AnyRequest, work: NamedDependency[Work], step: FromPath[str], part: FromPath[int]
) -> Response[None]:
    """Keep a screen's answers and go on to the next one."""
    case = await cases.own(work, lock=True)
    found = cases.step_of(work, case, step)
    if found.kind is StepKind.QUESTIONNAIRE:
        return await _answered(request, work, case, found, part)
    cut = screens.parts(found)
    if found.kind is not StepKind.FORM or not 1 <= part <= len(cut):
        raise NotFound
    given = await request.form()
    typed = {one.code: str(given.get(one.code) or "") for one in cut[part - 1].fields}
    await cases.save_part(work, case, found, cut[part - 1], typed)
    return go(request, screens.after(work, case, screens.path(found, part)))


async def _test(
    request: AnyRequest, work: Work, case: KycCase, step: Step, number: int
) -> Response[Any]:
    asked = assessments.questionnaire(work, step)
    taken = await assessments.tries(work, case, asked)
    given = assessments.answered(work, case)
    again = request.query_params.get("again") == "1"
    if taken and not given and not again:
        return _result(request, work, case, step, taken)
    await assessments.must_be_open(work, case, asked)
    if not 1 <= number <= len(asked.questions):
        raise NotFound
    return page(
        request,
        work,
        "room/kyc/test.html",
        audience="room",
        step=step,
        first=number == 1,
        question=asked.questions[number - 1],
        chosen=given.get(asked.questions[number - 1].code, ()),
        number=number,
        count=len(asked.questions),
        screen=screens.screen(work, case, screens.path(step, number)),
        action=f"/verify/{step.code}/{number}",
    )


def _result(
    request: AnyRequest, work: Work, case: KycCase, step: Step, taken: list[Any]
) -> Response[str]:
    """How the test went, what it means for leverage, and whether it can be taken again."""
    asked = assessments.questionnaire(work, step)
    last = taken[0]
    again_at: Any = work.now
    try:
        appropriateness.must_be_allowed(asked, [one.taken_at for one in taken], work.now)
    except Conflict as why:
        again_at = why.places.get("again")
    band = next((one for one in asked.bands if one.code == last.band), asked.bands[-1])
    return page(
        request,
        work,
        "room/kyc/result.html",
        audience="room",
        step=step,
        band=band,
        last=last,
        left=max(0, asked.attempts - len(taken)),
        again_at=again_at,
        again=f"/verify/{step.code}?again=1",
        following=screens.after(work, case, screens.path(step, len(asked.questions))),
        screen=screens.screen(work, case, screens.path(step, len(asked.questions))),
        now=work.now,
    )


async def _answered(
    request: AnyRequest, work: Work, case: KycCase, step: Step, number: int
) -> Response[None]:
    asked = assessments.questionnaire(work, step)
    if not 1 <= number <= len(asked.questions):
        raise NotFound
    form = await request.form()
    chosen = tuple(str(one) for one in form.getall("answer", []) if one)
    code = asked.questions[number - 1].code
    result = await assessments.answer(work, case, step, code, chosen)
    if result is not None:
        return go(request, screens.path(step))
    given = assessments.answered(work, case)
    ahead = [at for at, one in enumerate(asked.questions, 1) if one.code not in given]
    later = [at for at in ahead if at > number]
    return go(request, screens.path(step, (later or ahead)[0]))


async def _papers(request: AnyRequest, work: Work, case: KycCase, step: Step) -> Response[str]:
    pack = standing.pack_of(work, case.pack)
    shown = await checks.documents_of(work, case.id)
    known = await checks.of(work, case.id)
    wanted = papers.needed(pack, ClientType(case.client_type))
    cards = [
        screens.paper(rule, shown.get(rule.kind), known.get(f"document-{rule.kind}"))
        for rule in wanted
    ]
    who = dossier.identified(dossier.read(work, case))
    return page(
        request,
        work,
        "room/kyc/documents.html",
        audience="room",
        step=step,
        cards=cards,
        country=who.country,
        nationality=who.nationality,
        ready=all(card["verdict"] in {"passed", "review"} for card in cards),
        screen=screens.screen(work, case, screens.path(step)),
        following=screens.after(work, case, screens.path(step)),
    )


async def _texts(request: AnyRequest, work: Work, case: KycCase, step: Step) -> Response[str]:
    known = await cases.accepted(work, case.client)
    texts = work.settings(ClientSettings)
    client = await work.get(Client, case.client)
    shown: list[dict[str, Any]] = []
    for one in cases.agreements_of(work, case):
        document = texts.document(one.code)
        text = document.in_language(client.language) if document else None
        accepted = known.get((one.code, one.version))
        shown.append(
            {
                "code": one.code,
                "title": text.title if text else one.title,
                "body": text.body.split("\n\n") if text else [],
                "version": one.version,
                "accepted_at": accepted.accepted_at if accepted else None,
            }
        )
    return page(
        request,
        work,
        "room/kyc/agreements.html",
        audience="room",
        step=step,
        texts=shown,
        open=[one for one in shown if one["accepted_at"] is None],
        screen=screens.screen(work, case, screens.path(step)),
        following=screens.after(work, case, screens.path(step)),
    )


class Agreed(msgspec.Struct):
    """`shown` names each text with the version that was read: `terms=1`."""

    accept: bool = False
    shown: Annotated[list[str], Meta(max_length=20)] = []


@post("/verify/{step:str}/agree", access=access.room(Kyc.VERIFY_OWN))
async def agree(
    request: AnyRequest, work: NamedDependency[Work], step: FromPath[str]
) -> Response[None]:
    case = await cases.own(work, lock=True)
    found = cases.step_of(work, case, step)
    if found.kind is not StepKind.AGREEMENTS:
        raise NotFound
    form = await forms.read(request, Agreed)
    pairs = [one.partition("=") for one in form.shown] if form.accept else []
    codes = {code: version for code, _, version in pairs}
    await cases.agree(work, case, found, codes)
    return go(request, screens.after(work, case, screens.path(found)))


async def _review(request: AnyRequest, work: Work, case: KycCase) -> Response[str]:
    """The last look: everything as it will be sent, each part a tap away from being mended."""
    known = dossier.read(work, case)
    groups = [
        {
            "title": step.title,
            "href": screens.path(step),
            "lines": [
                screens.line(field, known.get(step.code, {}).get(field.code, ""))
                for field in step.fields
            ],
        }
        for step in cases.steps_of(work, case)
        if step.kind is StepKind.FORM
    ]
    told = await cases.tracked(work, case)
    left = await cases.missing(work, case)
    typed = {s.code for s in cases.steps_of(work, case) if s.kind is StepKind.FORM}
    return page(
        request,
        work,
        "room/kyc/review.html",
        audience="room",
        groups=groups,
        items=[item for item in told.items if item.step and item.code not in typed],
        left=left,
        start=await _start(work, case),
        hours=standing.pack_of(work, case.pack).review_hours,
        zone=work.settings(TenantFacts).time_zone,
        screen=screens.screen(work, case, "/verify/review"),
    )


@post("/verify/submit", access=access.room(Kyc.VERIFY_OWN))
async def submit(request: AnyRequest, work: NamedDependency[Work]) -> Response[None]:
    case = await cases.own(work)
    await cases.submit(work, case.id)
    return go(request, "/verify", notice=N_("Thank you. We are looking at it now."))


ALL = [overview, question, answer, agree, submit, *uploads.ALL]

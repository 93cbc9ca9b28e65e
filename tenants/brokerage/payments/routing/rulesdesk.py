"""The rules of routing at the desk: read as sentences, changed as a draft, tried on the past."""

from typing import Any, Literal
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response

from brokerage.payments.permissions import Payments
from brokerage.payments.routing import drafts, history, looking, words
from brokerage.payments.routing.model import RuleDraft
from brokerage.payments.routing.terms import Route
from brokerage.payments.settings import PaymentsSettings
from stoa.drawn import whole
from stoa.drawn.given import Given
from stoa.kernel.refusals import NotFound
from stoa.settingsdesk.telling import told
from stoa.tenancy import settings
from stoa.tenancy.module import Settings
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access, forms
from stoa.web.pages import go, look, page

AnyRequest = Request[Any, Any, Any]
Days = Literal["30", "90"]


class Begin(msgspec.Struct):
    name: str = ""
    version: int | None = None


class Step(msgspec.Struct):
    kind: drafts.Kind
    number: int
    do: Literal["up", "down", "drop"]


class Try(msgspec.Struct):
    days: Days = "30"


class Ask(msgspec.Struct):
    why: str = ""


def _sentences(routes: Any, names: words.Names) -> list[dict[str, Any]]:
    return [
        {
            "name": one.name,
            "on": one.on,
            "conditions": words.conditions(one.when, names),
            "actions": words.actions(one, names),
        }
        for one in routes
    ]


@get("/desk/routing", access=access.desk(Payments.PSPS))
async def rules_page(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    """The rules in force, the drafts, and the versions they had before."""
    now = work.settings(PaymentsSettings)
    return page(
        request,
        work,
        "desk/payments/routing.html",
        audience="desk",
        rules={kind: _sentences(getattr(now, kind), now.psp_names) for kind in drafts.KINDS},
        version=await looking.version(work),
        drafts=await drafts.listed(work),
        versions=await settings.versions(work, looking.SLICE, 10),
        may_edit=work.actor.may(Settings.EDIT),
    )


@post("/desk/routing/drafts", access=access.desk(Settings.EDIT))
async def draft_begin(request: AnyRequest, work: NamedDependency[Work]) -> Response[None]:
    form = await forms.read(request, Begin)
    row = await drafts.begin(work, form.name, of_version=form.version)
    return go(request, f"/desk/routing/drafts/{row.id}")


@get("/desk/routing/drafts/{draft:uuid}", access=access.desk(Payments.PSPS))
async def draft_page(
    request: AnyRequest, work: NamedDependency[Work], draft: FromPath[UUID]
) -> Response[str]:
    row = await work.get(RuleDraft, draft)
    now = work.settings(PaymentsSettings)
    was = {kind: settings.as_data(getattr(now, kind)) for kind in drafts.KINDS}
    then = {kind: getattr(row, kind) for kind in drafts.KINDS}
    set_at = await drafts.released(work, row) if row.state == "asked" else None
    change = await drafts.change_of(work, row) if row.state == "asked" else None
    real = await history.reality(work, set_at.version, None) if set_at is not None else None
    return page(
        request,
        work,
        "desk/payments/routing_draft.html",
        audience="desk",
        draft=row,
        rules={
            kind: _sentences(drafts.rules_of(row, kind), now.psp_names) for kind in drafts.KINDS
        },
        changes=told(PaymentsSettings, settings.diff(was, then)),
        change=change,
        released=set_at,
        real=real,
        names=now.psp_names,
        may_edit=work.actor.may(Settings.EDIT) and row.state == "open",
        may_return=work.actor.may(Settings.EDIT) and row.state == "asked" and set_at is None,
    )


@get("/desk/routing/drafts/{draft:uuid}/{kind:str}/{number:int}", access=access.desk(Settings.EDIT))
async def rule_form(
    request: AnyRequest,
    work: NamedDependency[Work],
    draft: FromPath[UUID],
    kind: FromPath[str],
    number: FromPath[int],
) -> Response[str]:
    """One rule as a form; a number beyond the last is a new one."""
    row = await work.get(RuleDraft, draft)
    return _form(request, work, row, kind, number, _opened(work, row, _kind(kind), number))


def _kind(text: str) -> drafts.Kind:
    for one in drafts.KINDS:
        if one == text:
            return one
    raise NotFound


def _opened(work: Work, row: RuleDraft, kind: drafts.Kind, number: int) -> whole.Whole:
    rules = drafts.rules_of(row, kind)
    known = rules[number - 1] if 1 <= number <= len(rules) else None
    psps = [(psp.code, f"{psp.label} ({psp.code})") for psp in work.settings(PaymentsSettings).psps]
    options = {"use.*.psp": psps, "when.up": psps, "when.down": psps}
    return whole.opened(Route, known, given=Given(options=options))


def _form(
    request: AnyRequest, work: Work, row: RuleDraft, kind: str, number: int, form: whole.Whole
) -> Response[str]:
    return page(
        request,
        work,
        "desk/payments/routing_rule.html",
        audience="desk",
        status=422 if form.faults else 200,
        draft=row,
        kind=kind,
        number=number,
        form=form.drawn(look(request, work, "desk").texts),
        psps=list(work.settings(PaymentsSettings).psp_names.values()),
    )


@post(
    "/desk/routing/drafts/{draft:uuid}/{kind:str}/{number:int}",
    access=access.desk(Settings.EDIT),
    status_code=200,
)
async def rule_write(
    request: AnyRequest,
    work: NamedDependency[Work],
    draft: FromPath[UUID],
    kind: FromPath[str],
    number: FromPath[int],
) -> Response[Any]:
    """A step of the form, or the rule kept in the draft; what is wrong is said beside its field."""
    row = await work.get(RuleDraft, draft)
    which = _kind(kind)
    form = await whole.kept(
        whole.sent(_opened(work, row, which, number), await forms.sent_of(request)),
        work,
        lambda form: drafts.put_rule(work, draft, which, number, form.value),
    )
    if form.kept:
        return go(request, f"/desk/routing/drafts/{draft}", notice=N_("Kept in the draft."))
    return _form(request, work, row, kind, number, form)


@post("/desk/routing/drafts/{draft:uuid}/rules", access=access.desk(Settings.EDIT))
async def rule_step(
    request: AnyRequest, work: NamedDependency[Work], draft: FromPath[UUID]
) -> Response[None]:
    """A rule up, down, or away."""
    form = await forms.read(request, Step)
    if form.do == "drop":
        await drafts.drop_rule(work, draft, form.kind, form.number)
    else:
        by = -1 if form.do == "up" else 1
        await drafts.move_rule(work, draft, form.kind, form.number, by)
    return go(request, f"/desk/routing/drafts/{draft}")


@post("/desk/routing/drafts/{draft:uuid}/simulate", access=access.desk(Settings.EDIT))
async def draft_simulate(
    request: AnyRequest, work: NamedDependency[Work], draft: FromPath[UUID]
) -> Response[None]:
    form = await forms.read(request, Try)
    await drafts.predict(work, draft, int(form.days))
    return go(request, f"/desk/routing/drafts/{draft}")


@post("/desk/routing/drafts/{draft:uuid}/ask", access=access.desk(Settings.EDIT))
async def draft_ask(
    request: AnyRequest, work: NamedDependency[Work], draft: FromPath[UUID]
) -> Response[None]:
    form = await forms.read(request, Ask)
    version = await drafts.ask(work, draft, form.why)
    notice = (
        N_("In force now.")
        if version is not None
        else N_("It waits for a second person to agree. Nothing has changed yet.")
    )
    return go(request, f"/desk/routing/drafts/{draft}", notice=notice)


@post("/desk/routing/drafts/{draft:uuid}/drop", access=access.desk(Settings.EDIT))
async def draft_drop(
    request: AnyRequest, work: NamedDependency[Work], draft: FromPath[UUID]
) -> Response[None]:
    await drafts.drop(work, draft)
    return go(request, "/desk/routing", notice=N_("Dropped. Nothing changed."))


@post("/desk/routing/drafts/{draft:uuid}/again", access=access.desk(Settings.EDIT))
async def draft_again(
    request: AnyRequest, work: NamedDependency[Work], draft: FromPath[UUID]
) -> Response[None]:
    await drafts.write_again(work, draft)
    return go(request, f"/desk/routing/drafts/{draft}")


ALL = [
    rules_page,
    draft_begin,
    draft_page,
    rule_form,
    rule_write,
    rule_step,
    draft_simulate,
    draft_ask,
    draft_drop,
    draft_again,
]

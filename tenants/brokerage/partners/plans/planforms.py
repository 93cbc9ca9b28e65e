"""Plans as a form and as text: a draft is tried on the last month before anybody is asked for it."""

import tomllib
from typing import Annotated, Any, Final

import msgspec
import tomli_w
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.response import Response
from msgspec import Meta
from sqlalchemy import select

from brokerage.clients import queries as client_queries
from brokerage.partners.model import Partner
from brokerage.partners.plans import simulating
from brokerage.partners.settings import PartnerSettings
from stoa.kernel.refusals import Invalid
from stoa.settingsdesk import forming, meanwhile
from stoa.settingsdesk.telling import told
from stoa.tenancy import settings
from stoa.tenancy.module import Settings
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access, forms
from stoa.web.pages import go, look, page

AnyRequest = Request[Any, Any, Any]
HERE: Final = "/desk/partners/plans"
EDIT: Final = f"{HERE}/edit"
SLICE: Final = "partners"
PARTS: Final = ("default_plan", "other_group", "plans", "symbol_groups")
"""What a draft of plans says; payouts and attribution are changed at the settings."""
_ONLY: Final = frozenset(PARTS)
_MOST_SHOWN: Final = 200
_ASKED: Final = N_("It waits for a second person to agree. Nothing has changed yet.")


class Draft(msgspec.Struct):
    text: Annotated[str, Meta(max_length=200_000)]
    why: Annotated[str, Meta(max_length=200)] = ""


def raised(before: PartnerSettings, after: PartnerSettings) -> PartnerSettings:
    """Every plan that is changed gets the next version by itself: rewards cite it."""
    was = {plan.code: plan for plan in before.plans}
    plans = tuple(
        msgspec.structs.replace(plan, version=was[plan.code].version + 1)
        if plan.code in was and plan != was[plan.code] and plan.version <= was[plan.code].version
        else plan
        for plan in after.plans
    )
    return after if plans == after.plans else msgspec.structs.replace(after, plans=plans)


settings.finishes[SLICE] = raised


def as_text(value: PartnerSettings) -> str:
    """The part of the settings that plans are made of, as TOML."""
    whole = settings.without_none(settings.as_data(value))
    return tomli_w.dumps({name: whole[name] for name in PARTS}, multiline_strings=True)


def read(work: Work, typed: str) -> PartnerSettings:
    """The settings in force with the draft's plans. Raises Invalid naming the path."""
    try:
        body = tomllib.loads(typed)
    except tomllib.TOMLDecodeError as why:
        raise Invalid(
            "This cannot be read: {problem}. Nothing was changed.", field="text", problem=str(why)
        ) from why
    strange = sorted(set(body) - set(PARTS))
    if strange:
        raise Invalid(
            "Unknown section {section}; known are {known}.",
            field="text",
            section=strange[0],
            known=", ".join(PARTS),
        )
    now = work.settings(PartnerSettings)
    found = settings.parse(SLICE, PartnerSettings, settings.as_data(now) | body)
    assert isinstance(found, PartnerSettings)  # noqa: S101 - what parse was asked for
    before = {plan.code: plan for plan in now.plans}
    for plan in found.plans:
        was = before.get(plan.code)
        if was is not None and was != plan and plan.version <= was.version:
            raise Invalid(
                "Plan {plan} is changed, so its version must be above {n}: rewards cite it.",
                field="text",
                plan=plan.code,
                n=was.version,
            )
    return found


async def seen(work: Work, after: PartnerSettings) -> dict[str, Any]:
    """A simulation, its greatest losses and gains first, with the partners' names."""
    found = await simulating.simulate(work, after)
    shown = sorted(
        (one for one in found.partners if one.difference), key=lambda one: -abs(one.difference)
    )[:_MOST_SHOWN]
    ids = [one.partner for one in shown]
    names = await client_queries.names(work, ids)
    codes = {
        row.id: row.code
        for row in await work.table(select(Partner.id, Partner.code).where(Partner.id.in_(ids)))
    }
    rows = [
        {
            "id": one.partner,
            "name": names.get(one.partner, ""),
            "code": codes.get(one.partner, ""),
            "was": one.was,
            "would": one.would,
            "difference": one.difference,
        }
        for one in shown
    ]
    return {"outcome": found, "rows": rows, "days": simulating.DAYS}


async def _editor(
    request: AnyRequest, work: Work, typed: str, why: str, found: Any = None
) -> Response[str]:
    return page(
        request,
        work,
        "desk/partners/plans_text.html",
        audience="desk",
        text=typed,
        why=why,
        seen=found,
    )


@get(f"{EDIT}/text", access=access.desk(Settings.EDIT))
async def edit_text(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    return await _editor(request, work, as_text(work.settings(PartnerSettings)), "")


@post(f"{HERE}/preview", access=access.desk(Settings.EDIT), status_code=200)
async def preview(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    """The draft on the deals of the last month; nothing is stored."""
    form = await forms.read(request, Draft)
    found = await seen(work, read(work, form.text))
    return await _editor(request, work, form.text, form.why, found)


@post(HERE, access=access.desk(Settings.EDIT))
async def change(request: AnyRequest, work: NamedDependency[Work]) -> Response[None]:
    """Ask for the change: it waits for a second person, with the same figures beside it."""
    form = await forms.read(request, Draft)
    if len(form.why.strip()) < 3:
        raise Invalid("Say why, in a few words.", field="why")
    stored = await settings.put(work, SLICE, read(work, form.text), why=form.why.strip())
    return go(
        request,
        HERE,
        notice=_ASKED if stored is None else N_("The plans are in force."),
    )


@get(EDIT, access=access.desk(Settings.EDIT))
async def edit(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    """The plans in force as cards, opened at one of them (`?at=plans.0`)."""
    form = forming.opened(
        PartnerSettings,
        work.settings(PartnerSettings),
        await settings.version_of(work, SLICE),
        at=str(request.query_params.get("at", ""))[:200],
        only=_ONLY,
    )
    return _form(request, work, form)


def _form(request: AnyRequest, work: Work, form: forming.Form) -> Response[str]:
    return page(
        request,
        work,
        "desk/partners/plans_edit.html",
        audience="desk",
        status=422 if form.faults else 200,
        form=form.drawn(look(request, work, "desk").texts),
    )


@post(f"{HERE}/form", access=access.desk(Settings.EDIT), status_code=200)
async def step(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    """One step of the form; a look shows what changes and what it would have paid lately."""
    form = await forming.sent(request, PartnerSettings, only=_ONLY)
    if form.value is None:
        return _form(request, work, form)
    if form.version != await settings.version_of(work, SLICE):
        if form.do != "beside":
            return await meanwhile.shown(
                request, work, SLICE, form, label=N_("Plans"), here=EDIT, action=f"{HERE}/form"
            )
        form = await meanwhile.brought_up(work, SLICE, form)
    form = forming.finished(work, SLICE, form)
    if form.do != "keep":
        return await _looked(request, work, form)
    if len(form.why) < 3:
        return await _looked(request, work, form, problem=N_("Say why, in a few words."))
    stored = await settings.put(work, SLICE, form.value, why=form.why)
    notice = _ASKED if stored is None else N_("The plans are in force.")
    return go(request, HERE, notice=notice)


async def _looked(
    request: AnyRequest, work: Work, form: forming.Form, *, problem: str = ""
) -> Response[str]:
    now = work.settings(PartnerSettings)
    changes = told(PartnerSettings, settings.diff(now, form.value))
    return page(
        request,
        work,
        "desk/partners/plans_look.html",
        audience="desk",
        status=422 if problem else 200,
        form=form.drawn(look(request, work, "desk").texts),
        changes=changes,
        seen=await seen(work, form.value) if changes else None,
        problem=problem,
    )


ALL: Final = [edit, step, edit_text, preview, change]

"""Each module's settings as a section of one file: seen, changed, compared, restored, carried."""

import tomllib
from typing import Annotated, Any

import msgspec
import tomli_w
from litestar import Request, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta
from sqlalchemy import func, select

from stoa.identity.model import Person
from stoa.kernel.refusals import Invalid, NotFound
from stoa.settingsdesk import pending
from stoa.tenancy import settings
from stoa.tenancy.model import Setting
from stoa.tenancy.module import Settings
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access, forms
from stoa.web.pages import go, page
from stoa.web.state import State

AnyRequest = Request[Any, Any, Any]

LABELS = {
    "tenant": (
        N_("Company"),
        N_("Name, legal entity, currencies, calendar, languages."),
        "building",
    ),
    "brand": (N_("Brand"), N_("Logo, colours, fonts, theme."), "palette"),
    "identity": (N_("Sign-in"), N_("Single sign-on, passwords, sessions."), "lock"),
    "notices": (N_("Mail"), N_("Sender, signatures."), "mail"),
    "ledger": (N_("Ledger"), N_("Exchange margin, transfers between clients."), "book-2"),
    "clients": (N_("Registration"), N_("Fields, blocked countries, terms."), "user-plus"),
    "kyc": (N_("Verification"), N_("Jurisdiction packs, levels, risk."), "id"),
    "payments": (N_("Payments"), N_("Providers, routes, limits, approvals."), "credit-card"),
    "trading": (N_("Trading"), N_("Servers, groups, products."), "chart-candle"),
    "risk": (N_("Risk"), N_("Books, limits, signs, stop-out."), "gauge"),
    "partners": (N_("Partners"), N_("Plans, attribution, payouts."), "affiliate"),
    "marketing": (N_("Material"), N_("Banners, landing pages, hosts."), "photo"),
    "crm": (N_("Sales"), N_("Stages, assignment, campaigns."), "target"),
    "files": (N_("Files"), N_("How long uploads and papers are kept."), "files"),
    "fees": (N_("Fees"), N_("What clients pay, line by line."), "receipt"),
    "bonuses": (N_("Bonuses"), N_("What may be given, and to whom."), "gift"),
    "recon": (N_("Reconciliation"), N_("How statements are read and matched."), "scale"),
    "api": (N_("API"), N_("Calls a minute, what is kept of them."), "webhook"),
}


WAITS = N_("It waits for a second person to agree. Nothing has changed yet.")
_LONGEST = 400_000
"""Characters of one section; the starting one of verification has some 28,000."""


class Draft(msgspec.Struct):
    text: Annotated[str, Meta(max_length=_LONGEST)]
    why: str = ""


class Carried(msgspec.Struct):
    file: Any
    why: str = ""


class Why(msgspec.Struct):
    why: str = ""


def slices(request: AnyRequest) -> settings.Slices:
    state: State = request.app.state.stoa
    return state.product.slices


def _section(request: AnyRequest, name: str) -> type[msgspec.Struct]:
    found = slices(request).get(name)
    if found is None:
        raise NotFound
    return found


def as_text(value: msgspec.Struct) -> str:
    """One section as TOML, as a person edits it."""
    return tomli_w.dumps(settings.without_none(settings.as_data(value)), multiline_strings=True)


def _read(request: AnyRequest, name: str, text: str) -> msgspec.Struct:
    try:
        body = tomllib.loads(text)
    except tomllib.TOMLDecodeError as why:
        raise Invalid(
            "This cannot be read: {problem}. Nothing was changed.", field="text", problem=str(why)
        ) from why
    return settings.parse(name, _section(request, name), body)


@get("/desk/settings", access=access.desk(Settings.VIEW))
async def home(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    newest = {
        row.slice: row
        for row in await work.table(
            select(
                Setting.slice,
                func.max(Setting.version).label("version"),
                func.max(Setting.set_at).label("at"),
            ).group_by(Setting.slice)
        )
    }
    sections = []
    for name in slices(request):
        label, about, icon = LABELS.get(name, (name.title(), "", "settings"))
        row = newest.get(name)
        sections.append(
            {
                "name": name,
                "label": label,
                "about": about,
                "icon": icon,
                "version": row.version if row else 0,
                "at": row.at if row else None,
                "href": "/desk/brand" if name == "brand" else f"/desk/settings/sections/{name}",
            }
        )
    return page(
        request,
        work,
        "desk/settings/home.html",
        audience="desk",
        sections=sections,
        may_edit=work.actor.may(Settings.EDIT),
    )


@get("/desk/settings/sections/{name:str}", access=access.desk(Settings.VIEW))
async def section(
    request: AnyRequest, work: NamedDependency[Work], name: FromPath[str]
) -> Response[str]:
    slice_type = _section(request, name)
    versions = await settings.versions(work, name)
    people = {row.set_by for row in versions if row.set_by}
    names = {
        row.id: work.unseal(row.id, "person.name", row.name_sealed) or ""
        for row in await work.table(
            select(Person.id, Person.name_sealed).where(Person.id.in_(people))
        )
    }
    history = []
    for later, row in enumerate(versions):
        before = versions[later + 1].body if later + 1 < len(versions) else {}
        changes = settings.diff(before, row.body) if before else []
        history.append(
            {
                "version": row.version,
                "at": row.set_at,
                "why": row.why,
                "by": names.get(row.set_by, "") if row.set_by else "",
                "changes": [change.said for change in changes[:12]],
                "more": max(0, len(changes) - 12),
            }
        )
    label, about, _ = LABELS.get(name, (name.title(), "", ""))
    return page(
        request,
        work,
        "desk/settings/section.html",
        audience="desk",
        name=name,
        label=label,
        about=about,
        text=as_text(work.settings(slice_type)),
        waits=await pending.waiting(work, name),
        history=history,
        may_edit=work.actor.may(Settings.EDIT),
    )


@post("/desk/settings/sections/{name:str}/preview", access=access.desk(Settings.VIEW))
async def preview(
    request: AnyRequest, work: NamedDependency[Work], name: FromPath[str]
) -> Response[str]:
    """What would change, in sentences; nothing is stored."""
    form = await forms.read(request, Draft)
    value = _read(request, name, form.text)
    changes = settings.diff(work.settings(_section(request, name)), value)
    return page(
        request,
        work,
        "desk/settings/difference.html",
        audience="desk",
        changes=[change.said for change in changes],
    )


@post("/desk/settings/sections/{name:str}", access=access.desk(Settings.EDIT))
async def change(
    request: AnyRequest, work: NamedDependency[Work], name: FromPath[str]
) -> Response[Any]:
    form = await forms.read(request, Draft)
    if len(form.why.strip()) < 3:
        raise Invalid("Say why, in a few words.", field="why")
    value = _read(request, name, form.text)
    version = await settings.put(work, name, value, why=form.why.strip()[:400])
    if version is None:
        return go(request, f"/desk/settings/sections/{name}", notice=WAITS)
    return go(request, f"/desk/settings/sections/{name}", notice=f"In force as version {version}.")


@post(
    "/desk/settings/sections/{name:str}/versions/{version:int}/restore",
    access=access.desk(Settings.EDIT),
)
async def restore(
    request: AnyRequest,
    work: NamedDependency[Work],
    name: FromPath[str],
    version: FromPath[int],
) -> Response[Any]:
    _section(request, name)
    why = f"back to version {version}"
    done = await settings.restore(work, name, version, slices(request), why=why)
    notice = WAITS if done is None else "In force now."
    return go(request, f"/desk/settings/sections/{name}", notice=notice)


@get("/desk/settings/export.toml", access=access.desk(Settings.VIEW))
async def export(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    """All sections as one file; secrets are never in it."""
    text = settings.export_toml(work, slices(request))
    work.record("settings.exported")
    name = f"{work.tenant.slug}-settings.toml"
    return Response(
        text,
        media_type="application/toml",
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


@post("/desk/settings/import", access=access.desk(Settings.EDIT))
async def carry_in(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    """A settings file: every section that differs becomes a new version, all or nothing."""
    multi = await request.form()
    sent = multi.get("file")
    if not isinstance(sent, UploadFile):
        raise Invalid("Choose a settings file.", field="file")
    raw = await sent.read(1_000_000)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as why:
        raise Invalid("This is not a settings file.", field="file") from why
    await settings.import_toml(work, text, slices(request), why="settings file")
    waits = await pending.all_waiting(work)
    return go(request, "/desk/settings", notice=WAITS if waits else "In force now.")

"""Each module's settings as a section of one file: seen, changed, compared, restored, carried."""

from typing import Any, Final

import msgspec
import tomli_w
from litestar import Request, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.response import Response
from sqlalchemy import func, select

from stoa.kernel.refusals import Invalid, NotFound
from stoa.settingsdesk import pending
from stoa.tenancy import settings
from stoa.tenancy.model import Setting
from stoa.tenancy.module import Settings
from stoa.tenancy.work import Work
from stoa.theming import reasons
from stoa.theming.texts import N_
from stoa.web import access
from stoa.web.pages import go, page
from stoa.web.state import State

AnyRequest = Request[Any, Any, Any]

PAGES: Final = {"brand": "/desk/brand"}
"""Sections with a page of their own, where others have a form drawn from their type."""
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


class Carried(msgspec.Struct):
    file: Any
    why: str = ""


def slices(request: AnyRequest) -> settings.Slices:
    state: State = request.app.state.stoa
    return state.product.slices


def section_type(request: AnyRequest, name: str) -> type[msgspec.Struct]:
    """Raises NotFound where no module has such a section."""
    found = slices(request).get(name)
    if found is None:
        raise NotFound
    return found


def label_of(name: str) -> str:
    return LABELS.get(name, (name.title(), "", ""))[0]


def about_of(name: str) -> str:
    return LABELS.get(name, ("", "", ""))[1]


def as_text(value: msgspec.Struct) -> str:
    """One section as TOML, as a person edits it."""
    return tomli_w.dumps(settings.without_none(settings.as_data(value)), multiline_strings=True)


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
                "href": PAGES.get(name, f"/desk/settings/sections/{name}"),
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
    await settings.import_toml(work, text, slices(request), why=reasons.FROM_FILE)
    waits = await pending.all_waiting(work)
    return go(request, "/desk/settings", notice=WAITS if waits else "In force now.")

"""Views to pages: everything is rendered while the work is still open, so a page that cannot be
drawn undoes what it was about.
"""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, unquote

from litestar import MediaType, Request
from litestar.response import Response

from stoa.kernel.refusals import Refusal
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import PlatformWork, Work
from stoa.theming import texts
from stoa.theming.brand import Brand
from stoa.theming.look import Banner, Look, NavItem, Viewer
from stoa.theming.render import render
from stoa.theming.texts import LANGUAGES, N_
from stoa.web import reader
from stoa.web.state import State
from stoa.web.visit import visit

AnyRequest = Request[Any, Any, Any]
SUPPORT = N_(
    "Support session: you are reading as the operator's support. Nothing can be changed, and "
    "every page is logged for this broker."
)
LEAVE = N_("Leave")
PAUSED = N_("New orders are paused. Balances and withdrawals work.")
STAFF_PAUSED = N_(
    "Suspended: clients see balances and ask for withdrawals. Nothing else is taken or decided."
)
OPERATOR_BRAND = Brand(name="Control", theme="default", accent="#334155")


def look(request: AnyRequest, work: Work | PlatformWork | None, audience: str) -> Look:
    """Everything a template may know of the reader and the brand."""
    seen = visit(request)
    state: State = request.app.state.stoa
    brand, zone = OPERATOR_BRAND, "UTC"
    if isinstance(work, Work):
        facts = work.settings(TenantFacts)
        brand = work.settings(Brand)
        zone = facts.time_zone
    locale = reader.locale(request, seen)
    return Look(
        brand=brand,
        locale=locale,
        time_zone=zone,
        mode=reader.mode(request, seen),
        nonce=seen.nonce,
        csrf=seen.csrf,
        path=request.url.path,
        audience=audience,  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
        viewer=_viewer(request, audience),
        nav=_nav(state, audience, seen.actor),
        banners=_banners(request, audience, locale),
        flashes=_flashes(request, locale),
        live_url=_live(audience),
        search_url="/desk/search" if audience == "desk" else "",
        notices_url=_notices(request, audience),
        unread=seen.unread,
        home_url={"desk": "/desk", "control": "/"}.get(audience, "/"),
        mode_url="/look/mode",
        languages=[
            (code, f"/look/language/{code}?next={quote(reader.here(request))}")
            for code in LANGUAGES
        ],
        reference=seen.request_id,
        fragment=request.headers.get("hx-target") in {"panel-body", "modal-body", "client-tab"},
        now=work.now if work is not None else datetime.now(UTC),
    )


def _notices(request: AnyRequest, audience: str) -> str:
    if visit(request).person is None:
        return ""
    return {"desk": "/desk/notices", "room": "/notices", "partner": "/notices"}.get(audience, "")


def _live(audience: str) -> str:
    return {"desk": "/desk/live", "room": "/live", "partner": "/live"}.get(audience, "")


def _viewer(request: AnyRequest, audience: str) -> Viewer | None:
    seen = visit(request)
    if not seen.person_name and seen.support is None:
        return None
    prefix = {"desk": "/desk", "control": ""}.get(audience, "")
    account = {"desk": "/desk/me", "control": "/me"}.get(audience, "/profile")
    return Viewer(
        name=seen.person_name or f"{seen.support}",
        account_url=account,
        sign_out_url=f"{prefix}/sign-out",
    )


def _nav(state: State, audience: str, actor: Any) -> list[NavItem]:
    items: list[NavItem] = []
    for item in state.product.nav(audience):  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
        if item.permission is not None and (actor is None or not actor.may(item.permission)):
            continue
        items.append(NavItem(label=item.label, href=item.path, icon=item.icon, key=item.key or ""))
    return items


def _banners(request: AnyRequest, audience: str, locale: str) -> list[Banner]:
    seen = visit(request)
    say = texts.of(locale).gettext
    shown: list[Banner] = []
    if seen.support is not None:
        shown.append(
            Banner(
                text=say(SUPPORT),
                until=seen.support_until,
                href="/desk/support/leave",
                action=say(LEAVE),
                changes=True,
            )
        )
    if seen.tenant is not None and seen.tenant.state == "suspended":
        told = STAFF_PAUSED if audience == "desk" else PAUSED
        shown.append(Banner(text=say(told), tone="stopped"))
    return shown


def _flashes(request: AnyRequest, locale: str) -> list[Banner]:
    """What the last change wanted said on arrival, once."""
    told = request.cookies.get("notice")
    if not told or request.headers.get("hx-request") == "true":
        return []
    visit(request).set_cookies.append(("notice", "", 0))
    return [Banner(text=texts.of(locale).gettext(unquote(told)[:300]), tone="done")]


def page(
    request: AnyRequest,
    work: Work | PlatformWork | None,
    template: str,
    *,
    audience: str,
    status: int = 200,
    headers: dict[str, str] | None = None,
    **context: Any,
) -> Response[str]:
    """A rendered page or fragment. `audience` chooses layout facts: room, desk, partner, control,
    auth or public.
    """
    text = render(look(request, work, audience), template, **context)
    return Response(text, status_code=status, media_type=MediaType.HTML, headers=headers or {})


def go(request: AnyRequest, path: str, *, notice: str | None = None) -> Response[Any]:
    """After a change: on to a page (never a rendered answer to a POST). `notice` is a message id
    shown once on arrival.
    """
    if not path.startswith("/") or path.startswith(("//", "/\\")):
        path = "/"
    headers: dict[str, str] = {}
    if notice:
        headers["set-cookie"] = f"notice={quote(notice)}; Path=/; Max-Age=30; SameSite=Lax"
    if request.headers.get("hx-request") == "true":
        return Response(
            "", status_code=204, media_type=MediaType.TEXT, headers=headers | {"hx-redirect": path}
        )
    return Response(
        "", status_code=303, media_type=MediaType.TEXT, headers=headers | {"location": path}
    )


def safe_next(request: AnyRequest, default: str) -> str:
    """Where to go after signing in: a path of this site or the default."""
    asked = str(request.query_params.get("next", ""))
    local = asked.startswith("/") and not asked.startswith("//") and "\\" not in asked
    plain = all(ord(c) >= 32 for c in asked)
    return asked if local and plain else default


def error_page(request: AnyRequest, problem: dict[str, Any]) -> str:
    """The page for a refusal or a fault, in the host's brand; needs no database."""
    seen = request.scope.get("state", {}).get("visit")
    brand = OPERATOR_BRAND
    state: State | None = getattr(request.app.state, "stoa", None)
    if seen is not None and seen.tenant is not None and state is not None:
        brand = state.door.last_known(seen.tenant.id, Brand) or Brand(name=seen.tenant.name)
    shown = Look(
        brand=brand,
        locale=reader.locale(request, seen) if seen else "en",
        mode=reader.chosen_mode(request),
        nonce=seen.nonce if seen else "",
        csrf=seen.csrf if seen else "",
        path=request.url.path,
        audience="error",
        home_url="/desk" if request.url.path.startswith("/desk") else "/",
        mode_url="/look/mode",
        languages=[
            (code, f"/look/language/{code}?next={quote(reader.here(request))}")
            for code in LANGUAGES
        ],
        reference=problem.get("reference", ""),
    )
    return render(shown, "error.html", problem=problem)


__all__ = ["Refusal", "error_page", "go", "look", "page", "safe_next"]

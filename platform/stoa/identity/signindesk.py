"""The desk's page for how people sign in: sessions, passwords, single sign-on."""

from typing import Annotated, Any, Final, Literal

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.response import Response
from msgspec import Meta

from stoa.identity import sso, travel
from stoa.identity.oidc import NotConfirmed
from stoa.identity.permissions import Identity
from stoa.identity.settings import IdentitySettings, Oidc
from stoa.kernel.refusals import Invalid, NotFound, Refusal
from stoa.tenancy import settings
from stoa.tenancy.work import Work
from stoa.theming import texts
from stoa.theming.texts import N_
from stoa.vault import credentials
from stoa.web import access, forms, reader
from stoa.web.open import admit
from stoa.web.pages import go, page
from stoa.web.state import State
from stoa.web.visit import visit

AnyRequest = Request[Any, Any, Any]

HERE: Final = "/desk/settings/sign-in"


class SignInForm(msgspec.Struct, kw_only=True):
    """Flat, as a form is; folded into the slice below."""

    staff_idle_minutes: int
    client_idle_minutes: int
    session_hours: int
    password_length: int
    client_second_factor: Literal["optional", "compulsory"]
    passkeys: bool
    sign_in_alerts: bool
    staff_passwords: bool
    oidc_on: bool
    oidc_label: Annotated[str, Meta(max_length=40)]
    oidc_second_factor_there: bool
    oidc_issuer: Annotated[str, Meta(max_length=200)] = ""
    oidc_client_id: Annotated[str, Meta(max_length=200)] = ""
    oidc_secret: Annotated[str, Meta(max_length=2000)] = ""
    oidc_domains: Annotated[str, Meta(max_length=2000)] = ""
    why: Annotated[str, Meta(min_length=3, max_length=400)]


def _slice(form: SignInForm, before: IdentitySettings) -> IdentitySettings:
    """Raises Invalid with what is wrong in words, at its field."""
    for name in ("oidc_issuer", "oidc_client_id"):
        if form.oidc_on and not getattr(form, name):
            raise Invalid("Single sign-on needs the issuer and the client ID.", field=name)
    if form.oidc_issuer and not form.oidc_issuer.startswith(("https://", "http://")):
        raise Invalid("Write the whole address, with https:// before it.", field="oidc_issuer")
    if not form.staff_passwords and not form.oidc_on:
        raise Invalid(
            "Without passwords, staff come in by single sign-on: switch it on first.",
            field="staff_passwords",
        )
    domains = tuple(one.strip().lower() for one in form.oidc_domains.split(",") if one.strip())
    oidc = {
        "on": form.oidc_on,
        "label": form.oidc_label,
        "issuer": form.oidc_issuer,
        "client_id": form.oidc_client_id,
        "secret": before.oidc.secret,
        "scopes": list(before.oidc.scopes),
        "allowed_domains": list(domains),
        "second_factor_there": form.oidc_second_factor_there,
    }
    body = {
        name: getattr(form, name)
        for name in SignInForm.__struct_fields__
        if name != "why" and not name.startswith("oidc_")
    }
    parsed = settings.parse("identity", IdentitySettings, body | {"oidc": oidc})
    assert isinstance(parsed, IdentitySettings)  # noqa: S101 - the type asked for
    return parsed


@get(HERE, access=access.desk(Identity.STAFF_VIEW, own_transaction=True))
async def show(request: AnyRequest) -> Response[str]:
    """The page; with `?test=1` the provider is asked first, with no transaction open."""
    state: State = request.app.state.stoa
    tenant = visit(request).tenant
    if tenant is None:
        raise NotFound
    check: list[dict[str, str]] = []
    if request.query_params.get("test"):
        async with state.door.open(tenant, purpose=f"GET {HERE}") as work:
            await admit(request, work)
            work.require(Identity.SIGN_IN_EDIT)
            oidc = work.settings(IdentitySettings).oidc
        check = await _tested(request, state, oidc)
    async with state.door.open(tenant, purpose=f"GET {HERE}") as work:
        await admit(request, work)
        slice_now = work.settings(IdentitySettings)
        known = (await credentials.known(work, [slice_now.oidc.secret])).get(slice_now.oidc.secret)
        return page(
            request,
            work,
            "desk/identity/sign_in.html",
            audience="desk",
            settings=slice_now,
            redirect_uri=travel.redirect_uri(state, tenant),
            secret=known.masked if known else "",
            may_edit=work.actor.may(Identity.SIGN_IN_EDIT),
            check=check,
        )


async def _tested(request: AnyRequest, state: State, oidc: Oidc) -> list[dict[str, str]]:
    """Whether the provider answers, calls itself as written, and publishes keys we accept."""
    say = texts.of(reader.locale(request, visit(request)))
    what = say.say(N_("The provider answers and is who the settings say"))
    try:
        await travel.discovery(state).of(oidc.issuer, anew=True)
    except NotConfirmed as why:
        return [{"title": what, "verdict": "failed", "text": say.say(why.why)}]
    except Refusal as why:
        return [{"title": what, "verdict": "failed", "text": say.refusal(why)}]
    return [{"title": what, "verdict": "passed", "text": oidc.issuer}]


@post(HERE, access=access.desk(Identity.SIGN_IN_EDIT))
async def save(request: AnyRequest, work: NamedDependency[Work]) -> Response[None]:
    form = await forms.read(request, SignInForm)
    before = work.settings(IdentitySettings)
    after = _slice(form, before)
    if not after.staff_passwords and before.staff_passwords:
        await _not_locked_out(request, work)
    await settings.put(work, "identity", after, why=form.why)
    if form.oidc_secret:
        await credentials.put(work, after.oidc.secret, form.oidc_secret)
    return go(request, HERE, notice=N_("Saved. New sign-ins go by it."))


async def _not_locked_out(request: AnyRequest, work: Work) -> None:
    """Whoever switches passwords off has come in, or can come in, the other way."""
    person = visit(request).person
    if person is None or not await sso.linked(work, {person.id}):
        raise Invalid(
            "Connect your own company account first, or you would lock yourself out.",
            field="staff_passwords",
        )


WEB: Final = [show, save]

"""The desk's pages around signing in: the gates, an invitation's page, one's own security."""

from typing import Annotated, Any, Final

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta

from stoa.identity import invitations, people, signin, travel
from stoa.identity.gates import signing
from stoa.identity.me import security
from stoa.identity.model import Standing
from stoa.identity.passkey_pages import keyed
from stoa.identity.proving import proving
from stoa.identity.settings import IdentitySettings
from stoa.identity.side import DESK, admit, caller
from stoa.kernel.refusals import Conflict, Gone
from stoa.tenancy.work import Work
from stoa.web import access, forms
from stoa.web.pages import go, page

AnyRequest = Request[Any, Any, Any]

_LINK: Final = "the link of an invitation"


class Answer(msgspec.Struct):
    name: Annotated[str, Meta(max_length=120)]
    password: Annotated[str, Meta(max_length=1000)]


@get("/desk/invitation/{bearer:str}", access=access.public(_LINK))
async def invitation(
    request: AnyRequest, work: NamedDependency[Work], bearer: FromPath[str]
) -> Response[str]:
    """Who is invited and as what; looking uses nothing up."""
    token, person = await invitations.open_one(work, bearer)
    if person.state != Standing.INVITED:
        raise Gone("This invitation is no longer open. Nothing was changed.", code="link-ended")
    settings = work.settings(IdentitySettings)
    return page(
        request,
        work,
        "auth/invitation.html",
        audience="auth",
        email=people.email_of(work, person),
        name=work.unseal(person.id, people.NAME, person.name_sealed) or "",
        roles=await invitations.roles_of(work, person),
        until=token.ends_at,
        action=f"/desk/invitation/{bearer}",
        least=settings.password_length,
        passwords=settings.staff_passwords,
        sso=settings.oidc.label if settings.oidc.on else "",
        sso_url=f"/desk/sso/invitation/{bearer}",
    )


@post("/desk/invitation/{bearer:str}", access=access.public(_LINK, while_suspended=True))
async def answer(
    request: AnyRequest, work: NamedDependency[Work], bearer: FromPath[str]
) -> Response[Any]:
    """A name and a password; the second factor comes next, and then the desk."""
    if not work.settings(IdentitySettings).staff_passwords:
        raise Conflict("Here one signs in with the company account. Use that to accept.")
    form = await forms.read(request, Answer)
    person = await invitations.accept(work, bearer, name=form.name, password=form.password)
    admit(request, DESK, await signin.enter(work, person, caller(request, DESK)))
    return go(request, "/desk/second-factor?next=/desk")


WEB: Final = [
    *signing(DESK),
    *proving(DESK),
    *security(DESK),
    *keyed(DESK),
    *travel.ALL,
    invitation,
    answer,
]

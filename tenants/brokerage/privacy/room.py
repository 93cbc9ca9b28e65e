"""The client's own page: what we hold, why, until when; the wish to be erased; the certificate."""

from typing import Any, Final
from uuid import UUID

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response

from brokerage.clients.proof import own
from brokerage.clients.visitor import reads
from brokerage.privacy import asking, certificates, letters, rules, standing
from brokerage.privacy.desk import file_of
from brokerage.privacy.permissions import Privacy
from stoa.kernel.refusals import NotFound
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access, limits
from stoa.web.pages import go, page

AnyRequest = Request[Any, Any, Any]
_WISHES_A_DAY: Final = 5
_FETCHES_AN_HOUR: Final = 20


@get("/profile/privacy", access=access.room(Privacy.OWN))
async def shown(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    client = own(work)
    return page(
        request,
        work,
        "room/privacy/privacy.html",
        audience="room",
        verdicts=await standing.verdicts(work, client),
        sentences=rules.SENTENCES,
        laws=rules.LAWS,
        living=await asking.living(work, client),
        erasures=await asking.all_of(work, client),
        refusals=asking.REFUSALS,
    )


@post("/profile/privacy/erase", access=access.room(Privacy.OWN))
async def wish(request: AnyRequest, work: NamedDependency[Work]) -> Response[None]:
    client = own(work)
    redis = request.app.state.stoa.redis
    await limits.spend(redis, work.tenant.id, f"erase:{client}", most=_WISHES_A_DAY, per_s=86_400)
    await asking.ask(work, client)
    return go(request, "/profile/privacy", notice=N_("Your wish is with us."))


@get("/profile/privacy/{erasure:uuid}/{form:str}", access=access.room(Privacy.OWN))
async def mine(
    request: AnyRequest,
    work: NamedDependency[Work],
    erasure: FromPath[UUID],
    form: FromPath[str],
) -> Response[bytes]:
    """One's own certificate."""
    row = await certificates.of(work, erasure)
    work.actor.own(row.client)
    return await file_of(work, erasure, form, reads(request, work))


@get(
    "/erased/{erasure:uuid}/{proof:str}",
    access=access.public("the certificate's address is proven by a code only its letter carries"),
)
async def fetched(
    request: AnyRequest,
    work: NamedDependency[Work],
    erasure: FromPath[UUID],
    proof: FromPath[str],
) -> Response[Any]:
    """The certificate for who can no longer sign in; before it is done, that it is being done."""
    letters.proven(work, erasure, proof)
    redis = request.app.state.stoa.redis
    await limits.spend(
        redis, work.tenant.id, f"erased:{erasure}", most=_FETCHES_AN_HOUR, per_s=3600
    )
    try:
        return await file_of(work, erasure, "pdf", reads(request, work))
    except NotFound:
        return page(request, work, "public/erasing.html", audience="public")


WEB: Final = [fetched, mine, shown, wish]

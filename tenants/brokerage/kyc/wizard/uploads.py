"""Papers coming in from a browser, and going back to whom they belong to."""

from datetime import date
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta

from brokerage.kyc import cases, documents, standing
from brokerage.kyc.documents import Described
from brokerage.kyc.permissions import Kyc
from brokerage.kyc.rules import Outcome
from stoa.files import serve, store
from stoa.files.taking import sending, taken_apart
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access, forms
from stoa.web.pages import go

AnyRequest = Request[Any, Any, Any]

UPLOADS_AN_HOUR: Final = 60
DOCUMENTS: Final = "documents"


class Paper(msgspec.Struct):
    paper: Annotated[str, Meta(max_length=40)]
    country: Annotated[str, Meta(min_length=2, max_length=2)]
    number: Annotated[str, Meta(max_length=40)] = ""
    issued_on: date | None = None
    expires_on: date | None = None
    file: Any = None


@post(
    "/verify/upload/{kind:str}",
    access=access.room(Kyc.VERIFY_OWN, own_transaction=True),
)
async def upload(request: AnyRequest, kind: FromPath[str]) -> Response[None]:
    async with sending(request, "kyc.upload.begin") as work:
        case = await cases.own(work)
        rule = await documents.may_add(work, case, kind)
        today = standing.today(work)
        person = work.actor.id
    form = await forms.read(request, Paper)
    told = documents.checked(
        rule,
        Described(
            paper=form.paper,
            country=form.country.upper(),
            number=form.number,
            issued_on=form.issued_on,
            expires_on=form.expires_on,
        ),
        today,
    )
    seen, made = await taken_apart(
        request, form.file, what=f"upload:{person}", most=UPLOADS_AN_HOUR
    )
    async with sending(request, "kyc.upload") as work:
        case = await cases.own(work, lock=True)
        _, check = await documents.add(work, case, kind, told, seen, made)
    notice = N_("Thank you, this can be read.")
    if check.outcome is Outcome.RETRY:
        notice = N_("This one cannot be used yet; see below how to mend it.")
    return go(request, f"/verify/{DOCUMENTS}", notice=notice)


@post("/verify/upload/{kind:str}/as-it-is", access=access.room(Kyc.VERIFY_OWN))
async def as_it_is(
    request: AnyRequest, work: NamedDependency[Work], kind: FromPath[str]
) -> Response[None]:
    case = await cases.own(work, lock=True)
    await documents.send_as_it_is(work, case, kind)
    return go(request, f"/verify/{DOCUMENTS}")


@get("/verify/paper/{document:uuid}", access=access.room(Kyc.VERIFY_OWN))
async def own_paper(work: NamedDependency[Work], document: FromPath[UUID]) -> Response[bytes]:
    """The first page of one's own paper, small."""
    _, file = await documents.seen(work, document)
    return serve.picture(await store.thumbnail(work, file), store.name(work, file))


ALL = [upload, as_it_is, own_paper]

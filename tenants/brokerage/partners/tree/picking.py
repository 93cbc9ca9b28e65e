"""A partner found by name or code: what a field offers while somebody types."""

from typing import Any, Final

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.response import Response
from sqlalchemy import or_, select

from brokerage.clients import finding
from brokerage.clients import queries as clients
from brokerage.clients.model import SEARCH, Client
from brokerage.partners.model import Partner, PartnerState
from brokerage.partners.permissions import Partners
from stoa.identity.model import Person
from stoa.tenancy.work import Work
from stoa.web import access
from stoa.web.pages import page

AnyRequest = Request[Any, Any, Any]
_MOST: Final = 12
_LONGEST: Final = 80
_NAMED_FROM: Final = 3
"""Names are found from so many letters on; with fewer, the first by code are offered."""


async def found(work: Work, typed: str) -> list[tuple[str, str]]:
    """Partners in scope as (code, name); the first by code while hardly anything was typed."""
    wanted = typed.strip()[:_LONGEST]
    statement = (
        select(Partner.code, Person.id, Person.name_sealed)
        .join(Person, Person.id == Partner.id)
        .where(Partner.state == PartnerState.ACTIVE, clients.within(work, Partner.id))
        .limit(_MOST)
    )
    coded = Partner.code.startswith(wanted.lower(), autoescape=True)
    if len(wanted) >= _NAMED_FROM:
        named = select(Client.id).where(finding.fits(work, Client.search, SEARCH, wanted))
        statement = statement.where(or_(coded, Partner.id.in_(named)))
    statement = statement.order_by(coded.desc(), Partner.code)
    return [
        (row.code, work.unseal(row.id, "person.name", row.name_sealed) or row.code)
        for row in await work.table(statement)
    ]


async def name_of(work: Work, code: str | None) -> str:
    """What the partner of a code is called, as the reader may see it; nothing for none."""
    if not code:
        return ""
    partner = await work.first(select(Partner.id).where(Partner.code == code))
    return (await clients.names(work, [partner])).get(partner, "") if partner else ""


@get("/desk/partners/pick", access=access.desk(Partners.VIEW))
async def pick(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    """Called by the field itself, whatever its name: what it holds is all that is asked."""
    typed = next((str(value) for value in request.query_params.values()), "")
    return page(
        request,
        work,
        "desk/partners/picked.html",
        audience="desk",
        found=await found(work, typed),
        typed=typed,
    )


WEB: Final = [pick]

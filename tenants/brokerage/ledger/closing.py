"""Staff and the months of the books: which are closed, closing one, signing it."""

from datetime import date
from typing import Annotated, Any, Final

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.response import Response
from msgspec import Meta

from brokerage.ledger import periods, queries
from brokerage.ledger.permissions import Ledger
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access, forms
from stoa.web.pages import go, page

AnyRequest = Request[Any, Any, Any]


class Asked(msgspec.Struct):
    """A month by its first day, and what is said of it."""

    month: date
    reason: Annotated[str, Meta(max_length=500)] = ""


@get("/desk/ledger/periods", access=access.desk(Ledger.ACCOUNTS_VIEW))
async def listed(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    """Every month, who closed it and who signed."""
    found = await periods.months(work)
    rows = [one.row for one in found if one.row is not None]
    people = [one for row in rows for one in (row.closed_by, row.signed_by)]
    return page(
        request,
        work,
        "desk/ledger/periods.html",
        audience="desk",
        months=found,
        people=await queries.names(work, people),
        may_close=work.actor.may(Ledger.CLOSE),
        may_sign=work.actor.may(Ledger.SIGN),
        me=work.actor.id,
    )


@post("/desk/ledger/periods/close", access=access.desk(Ledger.CLOSE))
async def close(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    form = await forms.read(request, Asked)
    await periods.close(work, form.month, form.reason)
    return go(request, "/desk/ledger/periods", notice=N_("Closed. Somebody else signs it."))


@post("/desk/ledger/periods/sign", access=access.desk(Ledger.SIGN))
async def sign(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    form = await forms.read(request, Asked)
    await periods.sign(work, form.month)
    return go(request, "/desk/ledger/periods", notice=N_("Signed."))


WEB: Final = [listed, close, sign]

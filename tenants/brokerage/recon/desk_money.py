"""Staff and the daily client money: look at a day, sign it, review it, take it along."""

from datetime import date
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta

from brokerage.ledger import kinds
from brokerage.ledger import queries as ledger
from brokerage.recon import client_money, exports, queries, tables
from brokerage.recon.model import ClientMoneyDay
from brokerage.recon.permissions import Recon
from stoa.kernel.money import Money
from stoa.kernel.refusals import Denied, NotFound
from stoa.tenancy.work import Work
from stoa.theming import texts
from stoa.theming.texts import N_
from stoa.web import access, forms
from stoa.web import tables as engine
from stoa.web.pages import go, look, page

AnyRequest = Request[Any, Any, Any]


class Note(msgspec.Struct):
    note: Annotated[str, Meta(max_length=400)] = ""


class Day(msgspec.Struct):
    day: date


@get("/desk/recon/client-money", access=access.desk(Recon.VIEW))
async def days(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    return await engine.answer(
        request,
        work,
        tables.DAYS,
        audience="desk",
        template="desk/recon/days.html",
        unsigned=await client_money.unsigned(work),
        missing=await client_money.missing(work),
        may=work.actor.may(Recon.SIGN),
    )


@post("/desk/recon/client-money", access=access.desk(Recon.SIGN))
async def calculate(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    """Calculate a day anew; a version is made only where something changed."""
    work.require(Recon.SIGN)
    form = await forms.read(request, Day)
    made = await client_money.calculate(work, form.day)
    notice = N_("Calculated.") if made else N_("Nothing changed since it was last calculated.")
    return go(request, "/desk/recon/client-money", notice=notice)


async def _shown(work: Work, row: ClientMoneyDay) -> dict[str, Any]:
    """What the page, the PDF and the workbook say of a day."""
    given = await client_money.signs(work, row.id)
    people = await ledger.names(work, [one.person for one in given])
    known = await queries.names(work)
    off = Money(row.held - row.owed, row.currency)
    return {
        "row": row,
        "owed": Money(row.owed, row.currency),
        "held": Money(row.held, row.currency),
        "off": off,
        "transfer": -off if off.amount < 0 else Money.zero(row.currency),
        "parts": [exports.Part.of(one, row.currency, known, kinds.account) for one in row.lines],
        "signs": [(one, people.get(one.person, "")) for one in given],
        "state": tables.day_state([one.role for one in given]),
    }


@get("/desk/recon/client-money/{calculation:uuid}", access=access.desk(Recon.VIEW))
async def day_page(
    request: AnyRequest, work: NamedDependency[Work], calculation: FromPath[UUID]
) -> Response[str]:
    """One day of one entity and currency: the sums, the evidence, and the names under it."""
    row = await work.get(ClientMoneyDay, calculation)
    told = await _shown(work, row)
    newest = await client_money.newest(work, row.day, row.entity, row.currency)
    signed_by = [one.person for one, _ in told["signs"]]
    return page(
        request,
        work,
        "desk/recon/day.html",
        audience="desk",
        newest=newest.id if newest is not None and newest.id != row.id else None,
        may_sign=work.actor.may(Recon.SIGN) and not signed_by,
        may_review=work.actor.may(Recon.REVIEW)
        and len(signed_by) == 1
        and work.actor.id not in signed_by,
        may_export=work.actor.may(Recon.EXPORT),
        **told,
    )


@post("/desk/recon/client-money/{calculation:uuid}/sign", access=access.desk(Recon.SIGN))
async def sign(
    request: AnyRequest, work: NamedDependency[Work], calculation: FromPath[UUID]
) -> Response[Any]:
    form = await forms.read(request, Note)
    await client_money.sign(work, calculation, form.note)
    return go(
        request,
        f"/desk/recon/client-money/{calculation}",
        notice=N_("Signed. Somebody else reviews it."),
    )


@post("/desk/recon/client-money/{calculation:uuid}/review", access=access.desk(Recon.REVIEW))
async def review(
    request: AnyRequest, work: NamedDependency[Work], calculation: FromPath[UUID]
) -> Response[Any]:
    form = await forms.read(request, Note)
    await client_money.review(work, calculation, form.note)
    return go(request, f"/desk/recon/client-money/{calculation}", notice=N_("Reviewed."))


@get("/desk/recon/client-money/{calculation:uuid}/{form:str}", access=access.desk(Recon.EXPORT))
async def file(
    request: AnyRequest,
    work: NamedDependency[Work],
    calculation: FromPath[UUID],
    form: FromPath[str],
) -> Response[bytes]:
    """The record as `pdf` or `xlsx`."""
    if work.actor.read_only:
        raise Denied("A support session cannot export.")
    makers: dict[str, Any] = {"pdf": exports.pdf, "xlsx": exports.workbook}
    if form not in makers:
        raise NotFound
    row = await work.get(ClientMoneyDay, calculation)
    told = await _shown(work, row)
    seen = look(request, work, "desk")
    say = texts.of(seen.locale)
    content, media = await makers[form](work, told, say)
    work.record("export", client_money=str(calculation), format=form)
    name = f"client-money-{row.day.isoformat()}-{row.currency}-v{row.version}.{form}"
    return Response(
        content,
        media_type=media,
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


WEB: Final = [days, calculate, day_page, sign, review, file]

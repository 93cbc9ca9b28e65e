"""The desk's pages of the audit log: the list, one entry, the chain and its proofs."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response, Stream

from brokerage.audit import lists, proving, queries
from brokerage.audit.events import ChainAsked
from brokerage.audit.permissions import Audit
from stoa.audit import chain, standalone, told
from stoa.kernel.refusals import Denied, NotFound
from stoa.tenancy.actor import VISITOR
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work
from stoa.theming.look import showing
from stoa.theming.texts import N_
from stoa.web import access, tables
from stoa.web.open import admit
from stoa.web.pages import go, look, page
from stoa.web.visit import visit

AnyRequest = Request[Any, Any, Any]

_PART: Final = 50
"""Changes of one entry that a page shows at once."""
_CARRY: Final = "GET /desk/audit/chain/audit.jsonl"


@get(lists.HERE, access=access.desk(Audit.VIEW))
async def log(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    with showing(look(request, work, "desk")):
        return await tables.answer(request, work, lists.LOG, template="desk/audit/log.html")


@get("/desk/audit/{number:int}", access=access.desk(Audit.VIEW))
async def one(
    request: AnyRequest, work: NamedDependency[Work], number: FromPath[int]
) -> Response[str]:
    """One entry with all that it changed, a part at a time, and its place in the chain."""
    row = await queries.entry(work, number)
    others = await queries.beside(work, row)
    named = await queries.called(work, [row, *others])
    changes = told.changes(row.changes)
    asked = str(request.query_params.get("part", ""))
    part = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 5 else 0
    return page(
        request,
        work,
        "desk/audit/entry.html",
        audience="desk",
        row=row,
        who=lists.who(row, named),
        kind=queries.KINDS[lists.kind(row)],
        about=named.get(row.subject, "") if row.subject is not None else "",
        client=row.subject if await queries.is_client(work, row.subject) else None,
        changes=changes[part * _PART : (part + 1) * _PART],
        count=len(changes),
        part=part,
        parts=-(-len(changes) // _PART),
        others=others,
        place=await queries.place(work, row.id),
        said=told.said,
    )


@get("/desk/audit/chain", access=access.desk(Audit.VIEW))
async def seals(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    """How far the log is sealed, what its proofs said, and how to prove it by oneself."""
    return await tables.answer(
        request,
        work,
        lists.PROOFS,
        template="desk/audit/chain.html",
        sealed=await queries.sealed(work),
        last=await proving.latest(work),
        may_prove=work.actor.may(Audit.PROVE),
        may_export=work.actor.may(Audit.EXPORT),
    )


@post("/desk/audit/chain/prove", access=access.desk(Audit.PROVE))
async def prove(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    """Ask for a proof of the whole chain; it is made off the request."""
    work.tell(ChainAsked(by=work.actor.id))
    work.record("audit.proof-asked")
    return go(
        request,
        "/desk/audit/chain",
        notice=N_("The whole chain is being recomputed. You are told what came of it."),
    )


@get("/desk/audit/chain/verify.py", access=access.desk(Audit.EXPORT))
async def verifier(work: NamedDependency[Work]) -> Response[str]:
    """The program that proves an exported chain: one file that needs nothing but Python."""
    work.require(Audit.EXPORT)
    return Response(
        Path(standalone.__file__).read_text(encoding="utf-8"),
        media_type="text/x-python; charset=utf-8",
        headers={"content-disposition": 'attachment; filename="verify.py"'},
    )


@get("/desk/audit/chain/audit.jsonl", access=access.desk(Audit.EXPORT, own_transaction=True))
async def carried(request: AnyRequest) -> Stream:
    """Every sealed entry with its link, a line each, however many there are. What was sealed when
    it was asked for is in it, and that it was asked for stands in the log itself.
    """
    seen, state = visit(request), request.app.state.stoa
    if seen.tenant is None:
        raise NotFound
    async with state.door.open(seen.tenant, actor=VISITOR, purpose=_CARRY) as work:
        await admit(request, work)
        if work.actor.read_only:
            raise Denied("A support session cannot export.")
        if not work.actor.sees_all:
            raise Denied("Only who sees every client may carry out the whole log.")
        here = await queries.sealed(work)
        until = here.number if here is not None else 0
        work.record("audit.export", links=until)
        name = f"audit-{work.now:%Y-%m-%d}.jsonl"
    opener = state.door.opener(seen.tenant, purpose=_CARRY)
    return Stream(
        _lines(opener, until),
        media_type="application/jsonl",
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


async def _lines(open_work: OpenWork, until: int) -> AsyncIterator[str]:
    async for row in chain.entries(open_work):
        if row.number > until:
            return
        yield chain.carried(row) + "\n"


WEB: Final = [log, seals, prove, verifier, carried, one]

"""Files that people send: the sender is asked first, the file is taken apart, then it is kept.

    async with sending(request, "deposit.slip.begin") as work:   who it is, and whether they may
        ...
    shown = await taken_apart(request, form.file, what=f"slip:{person}", most=20)
    async with sending(request, "deposit.slip") as work:         only now something is written
        ...

Taking a file apart lasts seconds, so no transaction is open meanwhile.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Final

from litestar import Request
from litestar.datastructures import UploadFile

from stoa.files.inspection import ANY, Inspected, Kind
from stoa.files.prepared import Prepared
from stoa.files.workshop import Workshop
from stoa.kernel.refusals import Invalid, NotFound, Unavailable
from stoa.tenancy.actor import VISITOR
from stoa.tenancy.work import Work
from stoa.web import limits
from stoa.web.open import admit
from stoa.web.state import State
from stoa.web.visit import visit

WORKSHOP: Final = Workshop()
_HOUR_S: Final = 3600

AnyRequest = Request[Any, Any, Any]


@asynccontextmanager
async def sending(request: AnyRequest, purpose: str) -> AsyncGenerator[Work]:
    """A unit of work of who sends a file, checked as any handler checks.

    Raises NotFound off a tenant's host, Unavailable where the tenant takes nothing new.
    """
    state: State = request.app.state.stoa
    seen = visit(request)
    if seen.tenant is None:
        raise NotFound
    if seen.tenant.state != "active":
        raise Unavailable("We take no new files at the moment. Nothing was changed.")
    async with state.door.open(seen.tenant, actor=VISITOR, purpose=purpose) as work:
        work.request = seen.request_id
        await admit(request, work)
        yield work


async def taken_apart(
    request: AnyRequest,
    file: object,
    *,
    what: str,
    most: int,
    accept: frozenset[Kind] = ANY,
    keep_alpha: bool = False,
    longest_side: int | None = None,
) -> tuple[Inspected, Prepared]:
    """The file made anew in a process of its own; `what` may be sent `most` times an hour.

    Raises Invalid without a file, TooMany past `most`, and as `Workshop.prepare`.
    """
    if not isinstance(file, UploadFile):
        raise Invalid("Choose a file first.", field="file")
    state: State = request.app.state.stoa
    tenant = visit(request).tenant
    await limits.spend(state.redis, tenant.id if tenant else None, what, most=most, per_s=_HOUR_S)
    return await WORKSHOP.prepare(
        await file.read(),
        file.filename,
        accept=accept,
        keep_alpha=keep_alpha,
        longest_side=longest_side,
    )

"""A client's proof of a wire: taken in made anew like a paper of verification, sealed, shown to finance.

It proves nothing by itself: money is credited by the bank's statement. It says which transfer to
look for, and stands beside the expected deposit and the statement's suggestions.
"""

from typing import Any, Final
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response

from brokerage.clients import queries as clients
from brokerage.kyc.uploads import WORKSHOP
from brokerage.payments.model import Deposit, DepositState
from brokerage.payments.permissions import Payments
from brokerage.payments.values import Method
from stoa.files import serve, store
from stoa.files.inspection import Inspected
from stoa.files.model import StoredFile
from stoa.files.prepared import Prepared
from stoa.kernel.refusals import Conflict, Invalid, NotFound, Unavailable
from stoa.tenancy.actor import VISITOR, Kind
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access, forms, limits
from stoa.web.open import admit
from stoa.web.pages import go
from stoa.web.state import State
from stoa.web.visit import visit

AnyRequest = Request[Any, Any, Any]
FILE_KIND: Final = "deposit.slip"
UPLOADS_AN_HOUR: Final = 20
_OPEN: Final = frozenset(
    {DepositState.STARTING, DepositState.WAITING, DepositState.EXPIRED, DepositState.REVIEW}
)


class Slip(msgspec.Struct):
    file: Any = None


async def may_add(work: Work, deposit: UUID) -> Deposit:
    """A wire of the client's own that is still waited for. Raises NotFound or Conflict."""
    work.require(Payments.DEPOSIT_OWN)
    row = await work.lock(Deposit, deposit)
    work.actor.own(row.client)
    if row.method != Method.BANK:
        raise NotFound
    if row.state not in _OPEN:
        raise Conflict("This deposit has ended; no proof is needed. Nothing was changed.")
    return row


async def add(work: Work, deposit: UUID, seen: Inspected, made: Prepared) -> Deposit:
    """Keep it in place of the one before."""
    row = await may_add(work, deposit)
    file = await store.store_prepared(work, row.client, FILE_KIND, seen, made)
    row.slip, row.slip_at = file.id, work.now
    work.subject = row.client
    work.record("deposit.slip", deposit=str(deposit))
    work.announce(f"client:{row.client}|payments", "desk|payments", "desk|recon")
    return row


async def seen(work: Work, deposit: UUID) -> StoredFile:
    """For its owner, and for staff who may see the deposit: each look of theirs is recorded."""
    row = await work.get(Deposit, deposit)
    if work.actor.kind is Kind.CLIENT:
        work.actor.own(row.client)
    else:
        work.require(Payments.DEPOSITS)
        await clients.seen(work, row.client)
        work.subject = row.client
        work.record("deposit.slip-read", deposit=str(deposit))
    if row.slip is None:
        raise NotFound
    return await store.find(work, row.slip)


@post(
    "/deposit/{deposit:uuid}/slip", access=access.room(Payments.DEPOSIT_OWN, own_transaction=True)
)
async def upload(request: AnyRequest, deposit: FromPath[UUID]) -> Response[None]:
    """Taken apart in a process of its own, and only then is a transaction opened to keep it."""
    state: State = request.app.state.stoa
    tenant = visit(request).tenant
    if tenant is None:
        raise NotFound
    if tenant.state != "active":
        raise Unavailable("We take no new files at the moment. Nothing was changed.")
    async with state.door.open(tenant, actor=VISITOR, purpose="deposit.slip.begin") as work:
        await admit(request, work)
        await may_add(work, deposit)
        person = work.actor.id
    await limits.spend(state.redis, tenant.id, f"slip:{person}", most=UPLOADS_AN_HOUR, per_s=3600)
    form = await forms.read(request, Slip)
    if not isinstance(form.file, UploadFile):
        raise Invalid("Choose a file first.", field="file")
    content = await form.file.read()
    looked, made = await WORKSHOP.prepare(content, form.file.filename)
    async with state.door.open(tenant, actor=VISITOR, purpose="deposit.slip") as work:
        work.request = visit(request).request_id
        await admit(request, work)
        await add(work, deposit, looked, made)
    return go(request, f"/deposit/{deposit}", notice=N_("Thank you. It helps us find your money."))


@get("/deposit/{deposit:uuid}/slip", access=access.room(Payments.DEPOSIT_OWN))
async def own(work: NamedDependency[Work], deposit: FromPath[UUID]) -> Response[bytes]:
    """The first page of one's own proof, small."""
    file = await seen(work, deposit)
    return serve.picture(await store.thumbnail(work, file), store.name(work, file))


@get("/desk/deposits/{deposit:uuid}/slip", access=access.desk(Payments.DEPOSITS))
async def shown(work: NamedDependency[Work], deposit: FromPath[UUID]) -> Response[bytes]:
    """The whole proof, as it was made anew."""
    return await serve.whole(work, await seen(work, deposit), inline=True)


ALL = [upload, own, shown]

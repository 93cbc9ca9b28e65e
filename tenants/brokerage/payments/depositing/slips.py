"""A client's proof of a wire: taken in made anew like a paper of verification, sealed, shown to finance.

It proves nothing by itself: money is credited by the bank's statement. It says which transfer to
look for, and stands beside the expected deposit and the statement's suggestions.
"""

from typing import Any, Final
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response

from brokerage.clients import queries as clients
from brokerage.payments.model import Deposit, DepositState
from brokerage.payments.permissions import Payments
from brokerage.payments.values import Method
from stoa.files import serve, store
from stoa.files.inspection import Inspected
from stoa.files.model import StoredFile
from stoa.files.prepared import Prepared
from stoa.files.taking import sending, taken_apart
from stoa.kernel.refusals import Conflict, NotFound
from stoa.tenancy.actor import Kind
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access, forms
from stoa.web.pages import go

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
    async with sending(request, "deposit.slip.begin") as work:
        await may_add(work, deposit)
        person = work.actor.id
    form = await forms.read(request, Slip)
    shown = await taken_apart(request, form.file, what=f"slip:{person}", most=UPLOADS_AN_HOUR)
    async with sending(request, "deposit.slip") as work:
        await add(work, deposit, *shown)
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

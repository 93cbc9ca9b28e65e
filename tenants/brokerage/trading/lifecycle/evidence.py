"""What a client shows for an account without swaps: a document beside the words, made anew and sealed.

It comes with the wish itself, so that who decides, a person or a rule, has it before them; the wish
keeps it under `wants`, and each look of staff at it is recorded.
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
from brokerage.trading.lifecycle import asking
from brokerage.trading.lifecycle.model import AccountRequest
from brokerage.trading.lifecycle.room import answered
from brokerage.trading.lifecycle.writing import own
from brokerage.trading.permissions import Trading
from stoa.files import serve, store
from stoa.files.inspection import Inspected
from stoa.files.model import StoredFile
from stoa.files.prepared import Prepared
from stoa.files.taking import sending, taken_apart
from stoa.kernel.refusals import NotFound
from stoa.tenancy.work import Work
from stoa.web import access, forms

AnyRequest = Request[Any, Any, Any]
FILE_KIND: Final = "account.evidence"
UPLOADS_AN_HOUR: Final = 10


class Ground(msgspec.Struct):
    note: str = ""
    file: Any = None


async def ask(
    work: Work, account: UUID, note: str, shown: tuple[Inspected, Prepared] | None
) -> AccountRequest:
    """The wish with its document, kept only when the wish is. Raises as `asking.swap_free`."""
    row = await own(work, account)
    kept = None
    if shown is not None:
        kept = await store.store_prepared(work, row.client, FILE_KIND, *shown)
    return await asking.swap_free(work, account, note, evidence=kept.id if kept else None)


def of(row: AccountRequest) -> UUID | None:
    """The document of a wish, where one was sent with it."""
    told = row.wants.get("evidence")
    return UUID(str(told)) if told else None


async def seen(work: Work, row: UUID) -> StoredFile:
    """For staff who may see the client; the look is recorded. Raises NotFound."""
    work.require(Trading.VIEW)
    wanted = await work.get(AccountRequest, row)
    await clients.seen(work, wanted.client)
    file = of(wanted)
    if file is None:
        raise NotFound
    work.subject = wanted.client
    work.record("account.evidence-read", request=str(row))
    return await store.find(work, file)


@post("/accounts/{account:uuid}/swap-free", access=access.room(Trading.OWN, own_transaction=True))
async def swap_free(request: AnyRequest, account: FromPath[UUID]) -> Response[Any]:
    """The wish, with a document where one was chosen: a browser sends an empty file otherwise."""
    async with sending(request, "account.evidence.begin") as work:
        await own(work, account)
        person = work.actor.id
    form = await forms.read(request, Ground)
    shown = None
    if isinstance(form.file, UploadFile) and form.file.filename:
        what = f"evidence:{person}"
        shown = await taken_apart(request, form.file, what=what, most=UPLOADS_AN_HOUR)
    async with sending(request, "account.evidence") as work:
        row = await ask(work, account, form.note, shown)
    return answered(request, row)


@get("/desk/requests/{row:uuid}/evidence", access=access.desk(Trading.VIEW))
async def document(work: NamedDependency[Work], row: FromPath[UUID]) -> Response[bytes]:
    """The whole document, as it was made anew."""
    return await serve.whole(work, await seen(work, row), inline=True)


ALL = [swap_free, document]

"""Letters at the desk: the log, one of them with its text, and a client's own."""

from typing import Any, Final
from uuid import UUID

from litestar import MediaType, Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlalchemy import select

from brokerage.clients import queries as clients
from brokerage.clients.permissions import Clients
from brokerage.crm import campaign_tables, queries
from brokerage.crm.permissions import Crm
from stoa.identity.model import Person
from stoa.identity.permissions import Identity
from stoa.kernel import process
from stoa.kernel.refusals import NotFound
from stoa.notices import keeping, notices, reading
from stoa.notices.model import Message
from stoa.tenancy.actor import Kind
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access
from stoa.web import tables as engine
from stoa.web.pages import go, page

AnyRequest = Request[Any, Any, Any]


@get("/desk/messages", access=access.desk(Crm.MESSAGES_VIEW))
async def messages(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    return await engine.answer(
        request, work, campaign_tables.MESSAGES, template="desk/crm/messages.html"
    )


async def _message(work: Work, message: UUID) -> Message:
    row = await work.first(
        select(Message).where(Message.id == message, clients.within(work, Message.person))
    )
    if row is None:
        raise NotFound
    return row


async def _right(work: Work, row: Message) -> tuple[str, str]:
    """Which right opens a letter to this reader, beside that to personal details; who they are."""
    if row.person is None:
        return Crm.LEADS_VIEW, "lead"
    if (await work.get(Person, row.person)).kind == Kind.STAFF:
        return Identity.STAFF_VIEW, "staff"
    return Clients.VIEW, "client"


@get("/desk/messages/{message:uuid}", access=access.desk(Crm.MESSAGES_VIEW))
async def message(
    request: AnyRequest, work: NamedDependency[Work], message: FromPath[UUID]
) -> Response[str]:
    row = await _message(work, message)
    named = await clients.names(work, [row.person] if row.person else [])
    name = named.get(row.person, "") if row.person else ""
    right, whose = await _right(work, row)
    may_read = work.actor.may(Clients.SEE_PII) and work.actor.may(right)
    return page(
        request,
        work,
        "desk/crm/message.html",
        audience="desk",
        letter=queries.letter(row, name),
        person=row.person,
        whose=whose,
        name=name,
        language=row.locale,
        tries=row.tries,
        digest=row.digest,
        kept=keeping.kept(work, row) if may_read else None,
        may_read=may_read,
        reading=may_read and "letter" in request.query_params,
        may_send=work.actor.may(Crm.MESSAGES_SEND),
    )


async def _read(work: Work, message: UUID, field: str) -> Message:
    """The letter, for one who may read it; that it was read is kept in the audit log."""
    work.require(Crm.MESSAGES_VIEW)
    work.require(Clients.SEE_PII)
    row = await _message(work, message)
    right, whose = await _right(work, row)
    work.require(right)
    work.subject = row.person
    facts = {whose: str(row.person)} if row.person else {}
    work.record("pii.read", field=field, message=str(row.id), **facts)
    return row


@get("/desk/messages/{message:uuid}/letter", access=access.desk(Clients.SEE_PII))
async def letter(work: NamedDependency[Work], message: FromPath[UUID]) -> Response[str]:
    """The letter itself for the frame on its page."""
    row = await _read(work, message, "letter")
    markup = await reading.shown(work, row, process.config())
    return Response(
        markup,
        media_type=MediaType.HTML,
        headers={
            "content-security-policy": reading.POLICY,
            "x-frame-options": "SAMEORIGIN",
            "cache-control": "no-store",
        },
    )


@get("/desk/messages/{message:uuid}/sent", access=access.desk(Clients.SEE_PII))
async def sent(work: NamedDependency[Work], message: FromPath[UUID]) -> Response[bytes]:
    """The letter as a file, as it was handed to the mail server. Raises NotFound when none is kept."""
    row = await _read(work, message, "letter file")
    found = keeping.kept(work, row)
    if found is None:
        raise NotFound
    return Response(
        found.raw,
        media_type="message/rfc822",
        headers={
            "content-disposition": f'attachment; filename="letter-{row.id}.eml"',
            "x-content-type-options": "nosniff",
            "cache-control": "no-store",
        },
    )


@post("/desk/messages/{message:uuid}/again", access=access.desk(Crm.MESSAGES_SEND))
async def again(
    request: AnyRequest, work: NamedDependency[Work], message: FromPath[UUID]
) -> Response[None]:
    await _message(work, message)
    await notices.send_again(work, message)
    return go(request, f"/desk/messages/{message}", notice=N_("It is tried again."))


@get("/desk/clients/{client:uuid}/messages", access=access.desk(Crm.MESSAGES_VIEW))
async def client_tab(
    request: AnyRequest, work: NamedDependency[Work], client: FromPath[UUID]
) -> Response[str]:
    """What a client was written and told, and what is to be done about them."""
    await clients.seen(work, client)
    return page(
        request,
        work,
        "desk/crm/client_tab.html",
        audience="desk",
        client=client,
        letters=await queries.letters(work, client),
        told=await queries.told(work, client),
        tasks=await queries.tasks_about(work, client),
        owners=await clients.staff(work) if work.actor.may(Crm.TASKS_EDIT) else [],
        may_edit=work.actor.may(Crm.TASKS_EDIT),
    )


WEB: Final = [messages, message, letter, sent, again, client_tab]

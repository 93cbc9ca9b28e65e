"""What the pages of the audit log read: its entries, who is in them, how far it is sealed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, false, func, or_, select, text, true

from brokerage.audit.model import ChainProof
from brokerage.clients import queries as clients
from stoa.audit.model import AuditEntry
from stoa.identity import people
from stoa.identity.model import Person
from stoa.kernel.refusals import NotFound
from stoa.tenancy.actor import Kind
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

SUPPORT: Final = "support"
KINDS: Final[dict[str, str]] = {
    Kind.STAFF: N_("Staff"),
    Kind.CLIENT: N_("Client"),
    SUPPORT: N_("Support visit"),
    Kind.API: N_("API key"),
    Kind.PROVIDER: N_("Provider"),
    Kind.SYSTEM: N_("By itself"),
    Kind.VISITOR: N_("Visitor"),
}
"""Who acts; a support visit is staff of the platform, on whose behalf a visit stands."""
_MOST_NAMES: Final = 500
_MOST_ACTIONS: Final = 500
_LARGEST: Final = 2**63 - 1
_ACTIONS: Final = text(
    "with recursive seen as ((select action from audit_entry order by action limit 1) union all "
    "select (select e.action from audit_entry e where e.action > s.action "
    "order by e.action limit 1) from seen s where s.action is not null) "
    "select action from seen where action is not null limit :most"
)
"""The different actions one after the other, a step of the index for each."""
_SEALED: Final = text(
    "select s.number, s.hash, s.sealed_at, (select count(*) from (select from audit_entry e "
    "where (e.xid, e.id) > (s.xid, s.entry) limit 1000) waiting) as waiting "
    "from audit_seal s order by s.number desc limit 1"
)
_PLACE: Final = text(
    "select s.number, s.hash, s.sealed_at, p.hash as previous from audit_seal s "
    "left join audit_seal p on p.number = s.number - 1 where s.entry = :entry"
)


@dataclass(frozen=True, slots=True)
class Sealed:
    """Where the chain stands; `waiting` counts what is not sealed yet, up to a thousand."""

    number: int
    hash: bytes
    at: datetime
    waiting: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where an entry stands in the chain."""

    number: int
    hash: bytes
    at: datetime
    previous: bytes | None


def visible(work: Work) -> ColumnElement[bool]:
    """What the reader may see: all of it, or what is about their clients and what they did."""
    if work.actor.sees_all:
        return true()
    return or_(clients.within(work, AuditEntry.subject), AuditEntry.actor == work.actor.id)


def listed(work: Work) -> Select[Any]:
    return select(AuditEntry).where(visible(work))


def of_kind(_work: Work, kind: str) -> ColumnElement[bool]:
    visit = AuditEntry.on_behalf_of.is_not(None)
    if kind == SUPPORT:
        return visit
    mine = AuditEntry.actor_kind == kind
    return mine & ~visit if kind == Kind.STAFF else mine


def by(_work: Work, person: str) -> ColumnElement[bool]:
    try:
        return AuditEntry.actor == UUID(person)
    except ValueError:
        return false()


def proofs(_work: Work) -> Select[Any]:
    return select(ChainProof)


def typed(work: Work, said: str) -> ColumnElement[bool]:
    """By number, by a person's e-mail address, by somebody's id, or by a request's reference."""
    if said.isascii() and said.isdecimal():
        return AuditEntry.id == min(int(said), _LARGEST)
    if "@" in said:
        person = select(Person.id).where(Person.email_blind == work.blind(people.EMAIL, said))
        return or_(AuditEntry.subject.in_(person), AuditEntry.actor.in_(person))
    try:
        one = UUID(said)
    except ValueError:
        return AuditEntry.request == said
    return or_(
        AuditEntry.subject == one, AuditEntry.actor == one, AuditEntry.request == said.lower()
    )


async def staff(work: Work) -> Sequence[tuple[str, str]]:
    """Everybody who is or was of the staff, by name."""
    rows = await work.rows(select(Person).where(Person.kind == "staff").limit(_MOST_NAMES))
    named = [(str(row.id), people.name_of(work, row) or people.email_of(work, row)) for row in rows]
    return sorted(named, key=lambda one: one[1].casefold())


async def actions(work: Work) -> Sequence[str]:
    return [row.action for row in await work.table(_ACTIONS, {"most": _MOST_ACTIONS})]


async def called(work: Work, rows: Sequence[AuditEntry]) -> dict[UUID, str]:
    """Names of the clients who acted or whom it is about, as the reader may see them."""
    wanted = {row.subject for row in rows} | {
        row.actor for row in rows if row.actor_kind == Kind.CLIENT
    }
    return await clients.names(work, {one for one in wanted if one is not None})


async def entry(work: Work, number: int) -> AuditEntry:
    """Raises NotFound for what is not there and for what the reader may not see."""
    if number > _LARGEST:
        raise NotFound
    row: AuditEntry | None = await work.first(listed(work).where(AuditEntry.id == number))
    if row is None:
        raise NotFound
    return row


async def beside(work: Work, row: AuditEntry) -> Sequence[AuditEntry]:
    """What else the same request did."""
    if row.request is None:
        return ()
    return await work.rows(
        listed(work)
        .where(AuditEntry.request == row.request, AuditEntry.id != row.id)
        .order_by(AuditEntry.id)
        .limit(20)
    )


async def place(work: Work, number: int) -> Place | None:
    found = (await work.run(_PLACE, {"entry": number})).first()
    if found is None:
        return None
    previous = None if found.previous is None else bytes(found.previous)
    return Place(found.number, bytes(found.hash), found.sealed_at, previous)


async def sealed(work: Work) -> Sealed | None:
    """None while nothing is sealed."""
    found = (await work.run(_SEALED)).first()
    if found is None:
        return None
    return Sealed(found.number, bytes(found.hash), found.sealed_at, found.waiting)


async def is_client(work: Work, person: UUID | None) -> bool:
    """Whether there is a page of this person at the desk."""
    if person is None:
        return False
    found = await work.value(
        select(func.count()).where(Person.id == person, Person.kind == "client")
    )
    return bool(found)

"""Reads about clients: who may be seen, what they are called, one in brief."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, bindparam, false, select, true
from sqlalchemy.orm import aliased

from brokerage.clients import finding
from brokerage.clients.model import SEARCH, Client
from brokerage.clients.permissions import Clients
from stoa.identity.model import Person
from stoa.kernel.refusals import NotFound
from stoa.product import Hit
from stoa.tenancy.actor import Kind
from stoa.tenancy.statements import kept
from stoa.tenancy.work import Work
from stoa.theming import masks

_MOST_STAFF: Final = 500
_OWNER: Final = aliased(Person)


def visible(work: Work) -> ColumnElement[bool]:
    """The condition on `Client` that holds the actor to their data scope: own, team or all."""
    actor = work.actor
    if actor.kind is Kind.CLIENT:
        return Client.id == actor.id
    if actor.kind is Kind.VISITOR:
        return false()
    if actor.sees_all:
        return true()
    if actor.scope == "team" and actor.team:
        return (Client.team == actor.team) | (Client.owner == actor.id)
    return Client.owner == actor.id


def within(work: Work, column: Any) -> ColumnElement[bool]:
    """The same condition on another table's column that holds a client's id."""
    scope = visible(work)
    if scope is true():
        return true()
    return column.in_(select(Client.id).where(scope))  # type: ignore[no-any-return]


async def among(work: Work, ids: Iterable[UUID]) -> set[UUID]:
    """Those of these clients whom the actor may see."""
    wanted, scope = set(ids), visible(work)
    if not wanted or scope is true():
        return wanted
    return set(await work.rows(select(Client.id).where(Client.id.in_(wanted), scope)))


async def seen(work: Work, client: UUID) -> Client:
    """The row if the actor may see it; raises NotFound, the same for unknown and for foreign."""
    row = await work.first(select(Client).where(Client.id == client, visible(work)))
    if row is None:
        raise NotFound
    return row


_NAMES: Final = select(Person.id, Person.kind, Person.name_sealed).where(
    Person.id.in_(bindparam("ids", expanding=True))
)


async def names(work: Work, ids: Iterable[UUID]) -> dict[UUID, str]:
    """Names of people by id (clients and staff), as the reader may see them. Unknown ids are left
    out. What serves the whole house, such as reconciliation or approvals, lists clients of
    everybody: those outside the reader's data scope are masked.
    """
    wanted = set(ids)
    if not wanted:
        return {}
    rows = await work.table(_NAMES, {"ids": list(wanted)})
    told = {row.id: work.unseal(row.id, "person.name", row.name_sealed) or "" for row in rows}
    if work.actor.sees_all:
        return told
    people = {row.id for row in rows if row.kind == "client"}
    for hidden in people - await among(work, people):
        told[hidden] = masks.mask(told[hidden], "name")
    return told


async def whole_names(work: Work, ids: Iterable[UUID]) -> dict[UUID, str]:
    """The same for what is no reader: a bank's file, a comparison. Never for a page."""
    wanted = set(ids)
    if not wanted:
        return {}
    rows = await work.table(_NAMES, {"ids": list(wanted)})
    return {row.id: work.unseal(row.id, "person.name", row.name_sealed) or "" for row in rows}


def strangers(work: Work, text: str, kind: masks.Kind = "name") -> str:
    """What others wrote of a person who may be anybody's client: whole for who sees everybody."""
    return text if work.actor.sees_all else masks.mask(text, kind)


def _with_names(statement: Select[Any], client: Any) -> Select[Any]:
    return statement.join(Person, Person.id == client).add_columns(Person.id, Person.name_sealed)


_kept_names: Final = kept(_with_names)


async def named(
    work: Work, statement: Select[Any], client: Any, limit: int, parameters: Any = None
) -> tuple[list[tuple[Any, str]], int]:
    """The first rows about clients with their clients' names, and how many rows there are in all,
    in one query. `client` is the column that says whose a row is; `parameters` are told with a
    statement that is kept.
    """
    if parameters is None:
        rows, count = await work.some_rows(_with_names(statement, client), limit)
    else:
        rows, count = await work.some_rows(_kept_names(statement, client), limit, parameters)
    return [(row[0], work.unseal(row[1], "person.name", row[2]) or "") for row in rows], count


async def emails(work: Work, ids: Iterable[UUID]) -> dict[UUID, str]:
    """E-mail addresses by id, in one query. The caller answers for showing them."""
    wanted = set(ids)
    if not wanted:
        return {}
    rows = await work.table(select(Person.id, Person.email_sealed).where(Person.id.in_(wanted)))
    return {row.id: work.unseal(row.id, "person.email", row.email_sealed) or "" for row in rows}


async def staff(work: Work) -> list[tuple[str, str]]:
    """Active members of staff as (id, name), by name: to whom something can be given."""
    rows = await work.table(
        select(Person.id, Person.name_sealed)
        .where(Person.kind == "staff", Person.state == "active")
        .limit(_MOST_STAFF)
    )
    named = [
        (str(row.id), work.unseal(row.id, "person.name", row.name_sealed) or "?") for row in rows
    ]
    return sorted(named, key=lambda one: one[1].casefold())


@dataclass(frozen=True, slots=True)
class Brief:
    """One client as other modules and the page's header need them. Sealed texts are opened."""

    id: UUID
    reference: str
    name: str
    first_name: str
    last_name: str
    email: str
    phone: str | None
    birth_date: str | None
    address: str | None
    state: str
    client_type: str
    country: str
    language: str
    level: str
    risk: str
    owner: UUID | None
    owner_name: str
    team: str | None
    tags: tuple[str, ...]
    partner: UUID | None
    source: str | None
    campaign: str | None
    registered_at: datetime
    email_verified_at: datetime | None
    deposits_total: Decimal
    withdrawals_total: Decimal
    first_deposit_at: datetime | None
    last_deposit_at: datetime | None
    last_trade_at: datetime | None
    volume_lots: Decimal
    erased_at: datetime | None

    @property
    def path(self) -> str:
        return f"/desk/clients/{self.id}"

    @property
    def net_deposits(self) -> Decimal:
        return self.deposits_total - self.withdrawals_total


_FIRST_NAME: Final = select(Client.first_name_sealed).where(Client.id == bindparam("client"))


async def first_name(work: Work, client: UUID) -> str:
    """What a client is greeted by, on their own pages. Raises Denied for another's."""
    work.actor.own(client)
    sealed = await work.value(_FIRST_NAME, {"client": client})
    return work.unseal(client, "client.first_name", sealed) or ""


async def brief(work: Work, client: UUID) -> Brief:
    """One client in the actor's scope, in one query. Raises NotFound."""
    found = await work.table(
        select(Client, Person, _OWNER.name_sealed.label("owner_name"))
        .join(Person, Person.id == Client.id)
        .outerjoin(_OWNER, _OWNER.id == Client.owner)
        .where(Client.id == client, visible(work))
    )
    if not found:
        raise NotFound
    row, person, owner_sealed = found[0]
    owner_name = work.unseal(row.owner, "person.name", owner_sealed) if row.owner else None
    return _brief(work, row, person, owner_name or "")


def _brief(work: Work, row: Client, person: Person, owner_name: str) -> Brief:
    return Brief(
        id=row.id,
        reference=row.reference,
        name=work.unseal(row.id, "person.name", person.name_sealed) or row.reference,
        first_name=work.unseal(row.id, "client.first_name", row.first_name_sealed) or "",
        last_name=work.unseal(row.id, "client.last_name", row.last_name_sealed) or "",
        email=work.unseal(row.id, "person.email", person.email_sealed) or "",
        phone=work.unseal(row.id, "client.phone", row.phone_sealed),
        birth_date=work.unseal(row.id, "client.birth_date", row.birth_date_sealed),
        address=work.unseal(row.id, "client.address", row.address_sealed),
        state=row.state,
        client_type=row.client_type,
        country=row.country,
        language=row.language,
        level=row.level,
        risk=row.risk,
        owner=row.owner,
        owner_name=owner_name,
        team=row.team,
        tags=tuple(row.tags),
        partner=row.partner,
        source=row.source,
        campaign=row.campaign,
        registered_at=row.registered_at,
        email_verified_at=person.email_verified_at,
        deposits_total=row.deposits_total,
        withdrawals_total=row.withdrawals_total,
        first_deposit_at=row.first_deposit_at,
        last_deposit_at=row.last_deposit_at,
        last_trade_at=row.last_trade_at,
        volume_lots=row.volume_lots,
        erased_at=row.erased_at,
    )


def may_see_pii(work: Work) -> bool:
    return work.actor.kind is Kind.CLIENT or work.actor.may(Clients.SEE_PII)


async def find(work: Work, typed: str, *, limit: int = 20) -> list[UUID]:
    """Clients in scope whose name, e-mail, phone or reference fit what was typed, newest first."""
    return list(
        await work.rows(
            select(Client.id)
            .where(finding.fits(work, Client.search, SEARCH, typed), visible(work))
            .order_by(Client.id.desc())
            .limit(limit)
        )
    )


async def hits(work: Work, typed: str) -> list[Hit]:
    """Clients for the global search. A whole e-mail address or reference comes first."""
    if not work.actor.may(Clients.VIEW):
        return []
    exact = await _exact(work, typed)
    ids = [*exact, *(one for one in await find(work, typed) if one not in exact)][:20]
    rows = await work.table(
        select(Client.id, Client.reference, Client.country, Client.state, Person.name_sealed)
        .join(Person, Person.id == Client.id)
        .where(Client.id.in_(ids))
    )
    shown = {row.id: row for row in rows}
    return [
        Hit(
            kind="client",
            title=work.unseal(one, "person.name", shown[one].name_sealed) or shown[one].reference,
            detail=f"{shown[one].reference} · {shown[one].country}",
            path=f"/desk/clients/{one}",
            score=100 if one in exact else 60,
        )
        for one in ids
        if one in shown
    ]


async def _exact(work: Work, typed: str) -> list[UUID]:
    wanted = typed.strip()
    found = select(Client.id).where(Client.reference == wanted.upper())
    if "@" in wanted:
        blind = work.blind("person.email", wanted)
        same = select(Person.id).where(Person.kind == "client", Person.email_blind == blind)
        found = select(Client.id).where(Client.id.in_(same))
    return list(await work.rows(found.where(visible(work)).limit(5)))

"""Clients and their wallets."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta
from sqlalchemy import select

from brokerage.api.offer import changes, reads
from brokerage.api.values import Amount, Asked, Currency, Listing, Page, digits, plain
from brokerage.clients import clients, queries, verification
from brokerage.clients.model import Client, ClientType
from brokerage.clients.permissions import Clients
from brokerage.ledger import wallets
from brokerage.ledger.permissions import Ledger
from stoa.identity.model import Person
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work

TAG = "Clients"
Text = Annotated[str, Meta(min_length=1, max_length=254)]
Country = Annotated[str, Meta(min_length=2, max_length=2, description="ISO 3166-1 alpha-2.")]


class ClientView(msgspec.Struct, frozen=True, kw_only=True):
    """A client. Name, e-mail and telephone are null without the scope `clients:pii:view`."""

    id: UUID
    reference: str
    state: Literal["registered", "active", "closed"]
    type: Literal["individual", "joint", "corporate"]
    name: str | None
    email: str | None
    phone: str | None
    country: str
    language: str
    level: Annotated[str, Meta(description="Verification level granted, `none` before.")]
    owner: Annotated[UUID | None, Meta(description="The member of staff who looks after them.")]
    team: str | None
    tags: list[str]
    partner: Annotated[UUID | None, Meta(description="Who introduced them.")]
    source: str | None
    campaign: str | None
    deposits_total: Amount
    withdrawals_total: Amount
    currency: Annotated[str, Meta(description="Of the totals: your base currency.")]
    volume_lots: Amount
    registered_at: datetime
    first_deposit_at: datetime | None
    last_trade_at: datetime | None


class ClientListing(Listing, frozen=True, kw_only=True):
    """Clients, newest first; every filter narrows."""

    state: Literal["registered", "active", "closed"] | None = None
    country: Country | None = None
    level: Text | None = None
    partner: UUID | None = None
    tag: Text | None = None
    registered_from: datetime | None = None
    email: (
        Annotated[str, Meta(max_length=254, description="Exact; wants `clients:pii:view`.")] | None
    ) = None


class NewClient(Asked, frozen=True, kw_only=True):
    """Someone who joins. `accepted` names the version of each legal text they were shown."""

    email: Text
    first_name: Annotated[str, Meta(min_length=1, max_length=80)]
    last_name: Annotated[str, Meta(min_length=1, max_length=80)]
    country: Country
    language: Annotated[str, Meta(min_length=2, max_length=8)] = "en"
    phone: Annotated[str, Meta(max_length=40)] | None = None
    birth_date: date | None = None
    type: Literal["individual", "joint", "corporate"] = "individual"
    accepted: Annotated[
        dict[str, str] | None, Meta(description="Absent: the versions in force now.")
    ] = None
    send_verification: Annotated[
        bool, Meta(description="Send them the message that proves their address.")
    ] = True


class WalletView(msgspec.Struct, frozen=True, kw_only=True):
    """A client's money in one currency. What is held has left `available`."""

    id: UUID
    currency: Currency
    available: Amount
    held: Amount
    total: Amount
    frozen: Annotated[str | None, Meta(description="Why nothing may leave, else null.")]


@reads("/clients", Clients.VIEW, TAG)
async def listed(work: Work, wanted: ClientListing) -> Page[ClientView]:
    """List clients."""
    rows = await work.table(_listed(work, wanted).limit(wanted.limit + 1))
    shown = rows[: wanted.limit]
    return Page(
        items=_views(work, shown),
        next=shown[-1][0].id if len(rows) > wanted.limit else None,
    )


def _listed(work: Work, wanted: ClientListing) -> Any:
    statement = (
        select(Client, Person)
        .join(Person, Person.id == Client.id)
        .where(queries.visible(work))
        .order_by(Client.id.desc())
    )
    for column, value in (
        (Client.state, wanted.state),
        (Client.country, wanted.country),
        (Client.level, wanted.level),
        (Client.partner, wanted.partner),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if wanted.tag is not None:
        statement = statement.where(Client.tags.contains([wanted.tag]))
    if wanted.registered_from is not None:
        statement = statement.where(Client.registered_at >= wanted.registered_from)
    if wanted.email is not None:
        work.require(Clients.SEE_PII)
        blind = work.blind("person.email", wanted.email)
        statement = statement.where(Person.email_blind == blind, Person.kind == "client")
    if wanted.after is not None:
        statement = statement.where(Client.id < wanted.after)
    return statement


def _views(work: Work, rows: Sequence[Any]) -> list[ClientView]:
    """Personal data only with its own scope; that it was read is in the audit log."""
    pii = work.actor.may(Clients.SEE_PII)
    currency = work.settings(TenantFacts).base_currency
    if pii and rows:
        work.record("read personal data", clients=len(rows))
    return [_view(work, row[0], row[1], currency, pii=pii) for row in rows]


def _view(work: Work, row: Client, person: Person, currency: str, *, pii: bool) -> ClientView:
    def opened(place: str, sealed: bytes | None) -> str | None:
        return work.unseal(row.id, place, sealed) if pii else None

    return ClientView(
        id=row.id,
        reference=row.reference,
        state=row.state,  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
        type=row.client_type,  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
        name=opened("person.name", person.name_sealed),
        email=opened("person.email", person.email_sealed),
        phone=opened("client.phone", row.phone_sealed),
        country=row.country,
        language=row.language,
        level=row.level,
        owner=row.owner,
        team=row.team,
        tags=list(row.tags),
        partner=row.partner,
        source=row.source,
        campaign=row.campaign,
        deposits_total=digits(row.deposits_total, currency),
        withdrawals_total=digits(row.withdrawals_total, currency),
        currency=currency,
        volume_lots=plain(row.volume_lots),
        registered_at=row.registered_at,
        first_deposit_at=row.first_deposit_at,
        last_trade_at=row.last_trade_at,
    )


@reads("/clients/{client}", Clients.VIEW, TAG)
async def one(work: Work, client: UUID) -> ClientView:
    """Read one client."""
    await queries.seen(work, client)
    work.subject = client
    rows = await work.table(
        select(Client, Person).join(Person, Person.id == Client.id).where(Client.id == client)
    )
    return _views(work, rows)[0]


@changes("/clients", Clients.EDIT, TAG, status=201)
async def create(work: Work, asked: NewClient) -> ClientView:
    """Register a client.

    The same rules hold as on your own registration pages: served countries, age, names. The client
    proves their address and chooses a password by the message they get.
    """
    row = await clients.register(
        work,
        email=asked.email,
        first_name=asked.first_name,
        last_name=asked.last_name,
        country=asked.country,
        language=asked.language,
        phone=asked.phone,
        birth_date=asked.birth_date,
        client_type=ClientType(asked.type),
        accepted=asked.accepted,
    )
    if asked.send_verification:
        await verification.send(work, row.id)
    return await one(work, row.id)


@reads("/clients/{client}/wallets", Ledger.VIEW, TAG)
async def money(work: Work, client: UUID) -> list[WalletView]:
    """Read a client's wallets."""
    await queries.seen(work, client)
    return [
        WalletView(
            id=one.account.id,
            currency=one.available.currency,
            available=one.available.text(),
            held=one.held.text(),
            total=one.total.text(),
            frozen=one.frozen_why,
        )
        for one in await wallets.of(work, client)
    ]

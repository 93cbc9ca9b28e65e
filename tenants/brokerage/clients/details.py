"""Who a client is and how to reach them: read masked, changed with a trace, found again."""

from uuid import UUID

import msgspec

from brokerage.clients import queries, rules
from brokerage.clients.joining import search_tokens
from brokerage.clients.model import Client
from brokerage.clients.permissions import Clients
from stoa.identity import people
from stoa.identity.model import Person
from stoa.kernel.refusals import Invalid, NotFound
from stoa.tenancy.actor import Kind
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work

FIELDS = ("email", "phone", "birth_date", "address")


class Address(msgspec.Struct, frozen=True, kw_only=True):
    street: str = ""
    city: str = ""
    postcode: str = ""

    def lines(self) -> str:
        return ", ".join(part for part in (self.street, self.postcode, self.city) if part)


def _may(work: Work, client: UUID) -> None:
    if work.actor.kind is Kind.CLIENT:
        work.actor.own(client)
        work.require(Clients.PROFILE_OWN)
    else:
        work.require(Clients.EDIT)


async def change_phone(work: Work, client: UUID, phone: str | None) -> Client:
    """Another telephone number, or none."""
    _may(work, client)
    await queries.seen(work, client)
    row = await work.lock(Client, client)
    number = rules.phone(phone, row.country) if phone else None
    row.phone_sealed = work.seal(row.id, "client.phone", number)
    row.phone_blind = work.blind("client.phone", number) if number else None
    await _find_again(work, row)
    return row


async def change_address(work: Work, client: UUID, address: Address) -> Client:
    """Where the client lives, within their country; an empty address takes it away."""
    _may(work, client)
    await queries.seen(work, client)
    if any(len(part) > 160 for part in (address.street, address.city, address.postcode)):
        raise Invalid("This is too long.", field="street")
    row = await work.lock(Client, client)
    told = msgspec.json.encode(address).decode() if address.lines() else None
    row.address_sealed = work.seal(row.id, "client.address", told)
    work.subject = client
    work.announce(f"client:{client}|profile", f"desk|client-{client}")
    return row


async def change_language(work: Work, client: UUID, language: str) -> Client:
    """The language of pages and letters, among those the tenant speaks."""
    _may(work, client)
    await queries.seen(work, client)
    if language not in work.settings(TenantFacts).languages:
        raise Invalid("Choose one of the offered values.", field="language")
    row = await work.lock(Client, client)
    person = await work.lock(Person, client)
    row.language = person.locale = language
    return row


async def rename(work: Work, client: UUID, first_name: str, last_name: str) -> Client:
    """Correct a name, as after a marriage; only staff do, with the paper in hand."""
    work.require(Clients.EDIT)
    await queries.seen(work, client)
    row = await work.lock(Client, client)
    person = await work.lock(Person, client)
    first, last = rules.name(first_name, "first_name"), rules.name(last_name, "last_name")
    row.first_name_sealed = work.keys.seal("client.first_name", row.id, first.encode())
    row.last_name_sealed = work.keys.seal("client.last_name", row.id, last.encode())
    people.rename(work, person, f"{first} {last}")
    await _find_again(work, row)
    return row


async def _find_again(work: Work, row: Client) -> None:
    person = await work.get(Person, row.id)
    phone = work.unseal(row.id, "client.phone", row.phone_sealed)
    name = people.name_of(work, person)
    row.search = search_tokens(work, name, people.email_of(work, person), phone, row.reference)
    work.subject = row.id
    work.announce(f"client:{row.id}|profile", f"desk|client-{row.id}")


def address_of(brief: queries.Brief) -> Address:
    return msgspec.json.decode(brief.address, type=Address) if brief.address else Address()


async def reveal(work: Work, client: UUID, field: str) -> str:
    """One personal detail in clear; that it was read, by whom, is kept in the audit log."""
    work.require(Clients.SEE_PII)
    if field not in FIELDS:
        raise NotFound
    found = await queries.brief(work, client)
    work.subject = client
    work.record("pii.read", client=str(client), field=field)
    if field == "address":
        return address_of(found).lines()
    return str(getattr(found, field) or "")


async def opened(work: Work, client: UUID) -> queries.Brief:
    """All personal details at once, to correct them; the reading is kept as well."""
    work.require(Clients.SEE_PII)
    found = await queries.brief(work, client)
    work.subject = client
    work.record("pii.read", client=str(client), field="all")
    return found

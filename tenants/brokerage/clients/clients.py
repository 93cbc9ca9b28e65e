"""What is done to a client: joining, being looked after, moving, leaving."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from brokerage.clients import hooks, queries, rules
from brokerage.clients.events import (
    ClientClosed,
    ClientRegistered,
    CountryChanged,
    LevelChanged,
    OwnerAssigned,
)
from brokerage.clients.model import (
    SEARCH,
    Client,
    ClientAgreement,
    ClientType,
    Risk,
    State,
)
from brokerage.clients.permissions import Clients
from brokerage.clients.settings import ClientSettings
from brokerage.clients.totals import note_deposit, note_trade, note_trades, note_withdrawal
from stoa.identity import people
from stoa.identity.model import Person, Role, StaffRole
from stoa.kernel.ids import reference
from stoa.kernel.refusals import Conflict, Invalid, ManyInvalid
from stoa.tenancy.actor import Kind
from stoa.tenancy.work import Work


async def register(
    work: Work,
    *,
    email: str,
    first_name: str,
    last_name: str,
    country: str,
    language: str = "en",
    password: str | None = None,
    accepted: Mapping[str, str] | None = None,
    phone: str | None = None,
    birth_date: date | None = None,
    client_type: ClientType = ClientType.INDIVIDUAL,
    touch: hooks.Touch | None = None,
) -> Client:
    """A new client whose address is not yet proven.

    `accepted` maps each legal text's code to the version that was shown; absent means the
    versions in force. Raises Invalid for what cannot be, Conflict (`email-taken`) for an address
    that already has an account.
    """
    rules_of = work.settings(ClientSettings)
    typed = {
        "email": email,
        "first_name": first_name,
        "last_name": last_name,
        "country": country,
        "phone": phone or "",
    }
    checked = _checked(work, typed, birth_date)
    versions = _accepted(rules_of, accepted)
    if await people.by_email(work, "client", checked["email"]) is not None:
        raise Conflict("This address already has an account.", code="email-taken")

    full_name = f"{checked['first_name']} {checked['last_name']}"
    person = await people.create(
        work, "client", checked["email"], full_name, locale=language, password=password
    )
    row = Client(
        id=person.id,
        reference=reference("C"),
        state=State.REGISTERED,
        client_type=client_type,
        country=checked["country"],
        language=language,
        owner=await _next_owner(work, rules_of.assign_role),
        tags=[],
        source=touch.source if touch else None,
        campaign=touch.campaign if touch else None,
        visitor=touch.visitor if touch else None,
        registered_at=work.now,
    )
    await _fill(work, row, checked)
    work.add(row)
    await work.flush()
    for code, version in versions.items():
        await accept(work, row.id, code, version, language)
    for hook in hooks.on_register:
        await hook(work, row, touch)
    work.subject = work.subject or row.id
    work.tell(
        ClientRegistered(
            client=row.id,
            country=row.country,
            language=language,
            client_type=str(client_type),
            visitor=row.visitor,
        )
    )
    work.announce("desk|clients")
    return row


def _checked(work: Work, typed: Mapping[str, str], born: date | None) -> dict[str, Any]:
    """All fields at once, so that a form shows every fault together. Raises ManyInvalid."""
    limits = work.settings(ClientSettings)
    checks: dict[str, Callable[[], Any]] = {
        "email": lambda: rules.email(typed["email"], limits.disposable_domains),
        "first_name": lambda: rules.name(typed["first_name"], "first_name"),
        "last_name": lambda: rules.name(typed["last_name"], "last_name"),
        "country": lambda: rules.country(typed["country"], limits.blocked_countries),
    }
    if typed["phone"]:
        checks["phone"] = lambda: rules.phone(typed["phone"], typed["country"])
    if born:
        checks["birth_date"] = lambda: rules.birth_date(born, work.now.date())
    problems: list[Invalid] = []
    found: dict[str, Any] = {"phone": None, "birth_date": None}
    for field, check in checks.items():
        try:
            found[field] = check()
        except Invalid as why:
            problems.append(why)
    if problems:
        raise problems[0] if len(problems) == 1 else ManyInvalid(problems)
    return found


def _accepted(limits: ClientSettings, accepted: Mapping[str, str] | None) -> dict[str, str]:
    if accepted is None:
        return limits.versions()
    for code, version in limits.versions().items():
        if accepted.get(code) != version:
            raise Invalid(
                "Please read and accept this. The text may have changed since you opened the page.",
                code="terms",
                field="accept",
            )
    return limits.versions()


async def _fill(work: Work, row: Client, checked: Mapping[str, Any]) -> None:
    """Seal what tells who someone is, and index it blind."""
    row.first_name_sealed = _sealed(work, row.id, "first_name", checked["first_name"])
    row.last_name_sealed = _sealed(work, row.id, "last_name", checked["last_name"])
    phone: str | None = checked["phone"]
    row.phone_sealed = work.seal(row.id, "client.phone", phone)
    row.phone_blind = work.blind("client.phone", phone) if phone else None
    born: date | None = checked["birth_date"]
    row.birth_date_sealed = work.seal(
        row.id, "client.birth_date", born.isoformat() if born else None
    )
    full_name = f"{checked['first_name']} {checked['last_name']}"
    row.search = search_tokens(work, full_name, checked["email"], phone, row.reference)


def _sealed(work: Work, row: UUID, field: str, text: str) -> bytes:
    sealed = work.seal(row, f"client.{field}", text)
    assert sealed is not None  # noqa: S101 - only None seals to None
    return sealed


def search_tokens(
    work: Work, name: str, email: str, phone: str | None, reference_: str
) -> list[int]:
    """Blind prefix tokens; a phone is found by its whole number and by its last digits."""
    phones = [] if not phone else [phone, phone[-9:], phone[-7:], phone[-4:]]
    return work.keys.tokens(SEARCH, name, email, reference_, *phones)


async def _next_owner(work: Work, role: str) -> UUID | None:
    """The one of that role who has waited longest for a client."""
    if not role:
        return None
    newest = (
        select(func.max(Client.registered_at))
        .where(Client.owner == Person.id)
        .correlate(Person)
        .scalar_subquery()
    )
    return await work.first(
        select(Person.id)
        .join(StaffRole, StaffRole.person == Person.id)
        .join(Role, Role.id == StaffRole.role)
        .where(Role.name == role, Person.state == "active", Person.kind == "staff")
        .order_by(newest.asc().nulls_first(), Person.id)
    )


async def accept(work: Work, client: UUID, code: str, version: str, language: str) -> None:
    """Note that the client accepted this version of a legal text; again changes nothing."""
    work.actor.own(client)
    document = work.settings(ClientSettings).document(code)
    if document is None or document.version != version:
        raise Invalid("This text has changed. Please read the new version.", field="accept")
    if await work.session.get(ClientAgreement, (client, code, version)) is None:
        work.add(
            ClientAgreement(
                client=client,
                document=code,
                version=version,
                language=document.language_shown(language),
                accepted_at=work.now,
            )
        )
        await work.flush()


async def _looked_after(work: Work, client: UUID) -> Client:
    """The locked row, when it is in the actor's data scope; NotFound otherwise."""
    await queries.seen(work, client)
    work.subject = client
    return await work.lock(Client, client)


async def assign(work: Work, client: UUID, owner: UUID | None) -> Client:
    """Give a client to a member of staff, or to nobody."""
    work.require(Clients.ASSIGN)
    row = await _looked_after(work, client)
    team: str | None = row.team
    if owner is not None:
        person = await work.get(Person, owner)
        if person.kind != "staff" or person.state != "active":
            raise Invalid("Choose one of your active staff. Nothing was changed.", field="owner")
        team = person.team or team
    if row.owner == owner:
        return row

    row.owner, row.team = owner, team
    work.tell(OwnerAssigned(client=client, owner=owner))
    work.announce(f"desk|client-{client}", "desk|clients")
    return row


async def tag(work: Work, client: UUID, tags: Sequence[str]) -> Client:
    """Replace a client's tags."""
    work.require(Clients.TAG)
    row = await _looked_after(work, client)
    row.tags = rules.tags(tags)
    work.announce(f"desk|client-{client}")
    return row


async def set_level(work: Work, client: UUID, level: str) -> Client:
    """What verification granted. Called by the verification floor, which holds the permission."""
    row = await work.lock(Client, client)
    if row.level == level:
        return row
    was, row.level, row.level_at = row.level, level, work.now
    work.tell(LevelChanged(client=client, was=was, level=level))
    work.announce(f"client:{client}|profile", f"desk|client-{client}")
    return row


async def set_risk(work: Work, client: UUID, risk: Risk) -> Client:
    """The band of the verification floor's risk score."""
    row = await work.lock(Client, client)
    if row.risk != risk:
        row.risk = risk
        work.announce(f"desk|client-{client}")
    return row


async def set_partner(work: Work, client: UUID, partner: UUID | None) -> Client:
    """Who introduced the client, as the partners' floor attributed it."""
    row = await work.lock(Client, client)
    if row.partner != partner:
        row.partner = partner
        work.announce(f"desk|client-{client}")
    return row


async def change_country(work: Work, client: UUID, country: str) -> Client:
    """Residence moved; rules that follow the country are resolved again by those who hear it."""
    work.require(Clients.EDIT)
    row = await _looked_after(work, client)
    limits = work.settings(ClientSettings)
    moved = rules.country(country, limits.blocked_countries)
    if moved == row.country:
        return row

    was, row.country = row.country, moved
    work.tell(CountryChanged(client=client, was=was, country=moved))
    work.announce(f"client:{client}|profile", f"desk|client-{client}")
    return row


async def stands_in_the_way(work: Work, client: UUID) -> list[str]:
    """Why this account cannot be closed yet, in sentences; empty when nothing does."""
    found: list[str] = []
    for blocker in hooks.blockers:
        found += await blocker(work, client)
    return found


async def close(work: Work, client: UUID, why: str) -> Client:
    """End the relationship; records the law asks for stay. Clients close only their own."""
    if work.actor.kind is Kind.CLIENT:
        work.actor.own(client)
        work.require(Clients.PROFILE_OWN)
    else:
        work.require(Clients.CLOSE)
    row = await _looked_after(work, client)
    standing = await stands_in_the_way(work, client)
    if standing:
        raise Conflict(
            "This account cannot be closed yet: {reasons} Nothing was changed.",
            code="still-open",
            reasons=" ".join(standing),
        )

    row.move(State.CLOSED)
    row.closed_at, row.closed_why = work.now, why[:400]
    person = await work.lock(Person, client)
    people.disable(person)
    work.tell(ClientClosed(client=client, by_client=work.actor.kind is Kind.CLIENT))
    work.announce(f"desk|client-{client}", "desk|clients")
    return row


__all__ = [
    "accept",
    "assign",
    "change_country",
    "close",
    "note_deposit",
    "note_trade",
    "note_trades",
    "note_withdrawal",
    "register",
    "set_level",
    "set_partner",
    "set_risk",
    "tag",
]

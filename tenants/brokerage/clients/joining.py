"""Joining: from what someone typed to a client whose address is not yet proven."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from brokerage.clients import hooks, rules
from brokerage.clients.events import ClientRegistered
from brokerage.clients.finding import phone_words
from brokerage.clients.model import SEARCH, Client, ClientAgreement, ClientType, State
from brokerage.clients.settings import ClientSettings
from stoa.identity import people
from stoa.identity.model import Person, Role, StaffRole
from stoa.kernel.ids import reference
from stoa.kernel.refusals import Conflict, Invalid, ManyInvalid
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
    return work.keys.tokens(SEARCH, name, email, reference_, *phone_words(phone))


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

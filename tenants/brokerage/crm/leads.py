"""What is done to a lead: arriving, being looked after, moving along, becoming a client."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from brokerage.clients import rules as client_rules
from brokerage.clients.finding import phone_words
from brokerage.clients.model import Client
from brokerage.clients.settings import ClientSettings
from brokerage.crm import rules, tasks
from brokerage.crm.events import LeadConverted, LeadCreated
from brokerage.crm.model import EMAIL, SEARCH, Lead, LeadNote
from brokerage.crm.permissions import Crm
from brokerage.crm.queries import seen_lead
from brokerage.crm.settings import CrmSettings
from stoa.identity.model import Person, Role, StaffRole
from stoa.kernel.refusals import Conflict, Invalid, NotFound
from stoa.tenancy.work import Work
from stoa.theming.texts import LANGUAGES

LONGEST_NOTE = 4000


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """A lead as it was typed, by a person, a system or a line of a file."""

    name: str
    email: str
    phone: str = ""
    country: str = ""
    language: str = "en"
    source: str = "form"
    campaign: str = ""


def checked(wish: Wish, limits: ClientSettings) -> Wish:
    """The wish in normal form. Raises Invalid naming the field."""
    country = client_rules.country(wish.country, ()) if wish.country else ""
    for field in ("name", "source", "campaign"):
        if rules.formula(getattr(wish, field)):
            raise Invalid("This begins like a formula. Leave the first sign away.", field=field)
    return Wish(
        name=client_rules.name(wish.name, "name"),
        email=client_rules.email(wish.email, limits.disposable_domains),
        phone=client_rules.phone(wish.phone, country or "GB") if wish.phone else "",
        country=country,
        language=wish.language if wish.language in LANGUAGES else "en",
        source=wish.source[:60],
        campaign=wish.campaign[:120],
    )


def values(work: Work, wish: Wish, *, owner: tuple[UUID, str | None] | None) -> dict[str, Any]:
    """Columns of a new lead, sealed and scored."""
    settings = work.settings(CrmSettings)
    row_id = work.new_id()
    points = rules.score(msgspec.to_builtins(wish), settings.score)
    return {
        "id": row_id,
        "name_sealed": work.seal(row_id, "lead.name", wish.name),
        "email_sealed": work.seal(row_id, "lead.email", wish.email),
        "email_blind": work.blind(EMAIL, wish.email),
        "phone_sealed": work.seal(row_id, "lead.phone", wish.phone or None),
        "search": work.keys.tokens(SEARCH, wish.name, wish.email, *phone_words(wish.phone)),
        "source": wish.source,
        "campaign": wish.campaign or None,
        "country": wish.country or None,
        "language": wish.language,
        "owner": owner[0] if owner else None,
        "team": owner[1] if owner else None,
        "stage": settings.first,
        "score": sum(point.points for point in points),
        "because": [[point.label, point.points] for point in points],
        "client": None,
        "batch": None,
        "created_at": work.now,
        "last_touch_at": work.now,
        "converted_at": None,
    }


async def create(work: Work, wish: Wish) -> Lead:
    """A new lead, given to whoever's turn it is. Raises Conflict for a known address."""
    work.require(Crm.LEADS_EDIT)
    tidy = checked(wish, work.settings(ClientSettings))
    blind = work.blind(EMAIL, tidy.email)
    if await work.first(select(Lead.id).where(Lead.email_blind == blind)) is not None:
        raise Conflict("There is a lead with this address already.", code="lead-known")
    client = select(Person.id).where(Person.kind == "client", Person.email_blind == blind)
    if await work.first(client) is not None:
        raise Conflict("This address belongs to a client already.", code="client-known")
    owners = await turns(work, 1)
    return await _add(work, Lead(**values(work, tidy, owner=owners[0] if owners else None)))


async def _add(work: Work, row: Lead) -> Lead:
    work.add(row)
    await work.flush()
    work.subject = row.id
    await write(work, row.id, "arrived", about={"source": row.source})
    await _first_call(work, row)
    work.tell(LeadCreated(lead=row.id, source=row.source, campaign=row.campaign))
    work.announce("desk|leads")
    return row


async def _first_call(work: Work, row: Lead) -> None:
    hours = work.settings(CrmSettings).first_call_hours
    if hours and row.owner is not None:
        name = work.unseal(row.id, "lead.name", row.name_sealed) or ""
        await tasks.open(
            work,
            name,
            owner=row.owner,
            about=row.id,
            about_kind="lead",
            path=f"/desk/leads/{row.id}",
            hours=hours,
            rule="first-call",
            once=f"first-call:{row.id}",
        )


async def turns(work: Work, count: int) -> list[tuple[UUID, str | None]]:
    """Whose turn the next leads are, longest waiting first; as many as asked, going around."""
    settings = work.settings(CrmSettings)
    if settings.assign == "nobody":
        return []
    newest = (
        select(func.max(Lead.created_at))
        .where(Lead.owner == Person.id)
        .correlate(Person)
        .scalar_subquery()
    )
    held = (
        select(func.count())
        .where(Lead.owner == Person.id, Lead.stage == settings.first)
        .correlate(Person)
        .scalar_subquery()
    )
    rows = await work.table(
        select(Person.id, Person.team)
        .join(StaffRole, StaffRole.person == Person.id)
        .join(Role, Role.id == StaffRole.role)
        .where(Role.name == settings.assign_role, Person.state == "active", Person.kind == "staff")
        .order_by(newest.asc().nulls_first(), held, Person.id)
        .limit(500)
    )
    return [(rows[n % len(rows)].id, rows[n % len(rows)].team) for n in range(count if rows else 0)]


async def write(
    work: Work,
    lead: UUID,
    kind: str,
    text: str | None = None,
    *,
    about: dict[str, Any] | None = None,
    replaces: UUID | None = None,
) -> LeadNote:
    """A line of the lead's story. `about` carries codes and ids, never personal data."""
    row_id = work.new_id()
    row = LeadNote(
        id=row_id,
        lead=lead,
        kind=kind,
        text_sealed=work.seal(row_id, "lead_note.text", text),
        about=about,
        author=work.actor.id,
        author_name=work.actor.name[:120],
        at=work.now,
        replaces=replaces,
    )
    work.add(row)
    await work.flush()
    work.announce(f"desk|lead-{lead}")
    return row


async def note(
    work: Work, lead: UUID, text: str, *, kind: str = "note", replaces: UUID | None = None
) -> LeadNote:
    """What staff write; a call, a meeting and a note count as a touch."""
    work.require(Crm.LEADS_EDIT)
    row = await _held(work, lead)
    cleaned = text.strip()
    if not cleaned:
        raise Invalid("Please write something.", field="text")
    if len(cleaned) > LONGEST_NOTE:
        raise Invalid("This is too long. 4,000 letters are the most.", field="text")
    if replaces is not None and (await work.get(LeadNote, replaces)).lead != lead:
        raise NotFound
    row.last_touch_at = work.now
    return await write(work, lead, kind, cleaned, replaces=replaces)


async def _held(work: Work, lead: UUID) -> Lead:
    """The locked row, when it is in the actor's scope."""
    await seen_lead(work, lead)
    work.subject = lead
    return await work.lock(Lead, lead)


async def move(work: Work, lead: UUID, stage: str) -> Lead:
    """Along the board. Only opening an account makes a lead won."""
    work.require(Crm.LEADS_EDIT)
    settings = work.settings(CrmSettings)
    to = settings.stage(stage)
    row = await _held(work, lead)
    if to is None:
        raise Invalid("There is no such stage. Nothing was changed.", field="stage")
    if row.stage == to.code:
        return row
    if to.outcome == "won" and row.client is None:
        raise Conflict(
            "A lead lands here by itself when it opens an account. Nothing was changed.",
            code="not-a-client",
        )
    if row.converted_at is not None and to.outcome != "won":
        raise Conflict("This lead is a client already. Nothing was changed.", code="converted")
    was, row.stage, row.last_touch_at = row.stage, to.code, work.now
    await write(work, lead, "stage", about={"was": was, "now": to.code})
    work.announce("desk|leads")
    return row


async def assign(work: Work, lead: UUID, owner: UUID | None) -> Lead:
    """Give a lead to a member of staff, or to nobody."""
    work.require(Crm.LEADS_ASSIGN)
    row = await _held(work, lead)
    team: str | None = None
    if owner is not None:
        person = await work.get(Person, owner)
        if person.kind != "staff" or person.state != "active":
            raise Invalid("Choose one of your active staff. Nothing was changed.", field="owner")
        team = person.team
    if row.owner == owner:
        return row
    row.owner, row.team = owner, team
    await write(work, lead, "owner", about={"owner": str(owner) if owner else None})
    await _first_call(work, row)
    work.announce("desk|leads")
    return row


async def spread(work: Work, leads: Sequence[UUID]) -> int:
    """Give leads out in turn; returns how many."""
    work.require(Crm.LEADS_ASSIGN)
    owners = await turns(work, len(leads))
    if not owners:
        raise Conflict(
            "Nobody with the role {role} is active. Nothing was changed.",
            role=work.settings(CrmSettings).assign_role,
        )
    for lead, (owner, _team) in zip(sorted(leads), owners, strict=False):
        await assign(work, lead, owner)
    return len(leads)


async def convert(work: Work, row: Lead, client: Client) -> None:
    """The lead opened an account: it is won, and who looked after it goes on doing so."""
    row.client, row.stage = client.id, work.settings(CrmSettings).won
    row.converted_at = row.last_touch_at = work.now
    if row.owner is not None:
        client.owner, client.team = row.owner, row.team
    await write(work, row.id, "converted", about={"client": str(client.id)})
    work.tell(LeadConverted(lead=row.id, client=client.id))
    work.announce("desk|leads", "desk|clients")


async def from_registration(work: Work, client: Client, person: Person) -> Lead | None:
    """Someone who began to open an account and never proved their address."""
    wish = Wish(
        name=work.unseal(person.id, "person.name", person.name_sealed) or client.reference,
        email=work.unseal(person.id, "person.email", person.email_sealed) or "",
        phone=work.unseal(client.id, "client.phone", client.phone_sealed) or "",
        country=client.country,
        language=client.language,
        source="registration",
        campaign=client.campaign or "",
    )
    owners = [] if client.owner else await turns(work, 1)
    owner = (client.owner, client.team) if client.owner else (owners[0] if owners else None)
    made = values(work, wish, owner=owner) | {"client": client.id}
    kept = await work.value(insert(Lead).values(**made).on_conflict_do_nothing().returning(Lead.id))
    if kept is None:
        return None
    row = await work.get(Lead, kept)
    work.record("lead.from-registration", lead=str(kept), client=str(client.id))
    await write(work, row.id, "arrived", about={"source": row.source})
    await _first_call(work, row)
    work.tell(LeadCreated(lead=row.id, source=row.source, campaign=row.campaign))
    return row

"""Letters to a segment: written, tried on oneself, sent once to each, stopped at any time."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import case, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert

from brokerage.clients.model import Client
from brokerage.crm import rules, segments, suppression
from brokerage.crm.events import CampaignGoesOn, CampaignSent
from brokerage.crm.model import Campaign, CampaignRecipient, CampaignState, Segment
from brokerage.crm.permissions import Crm
from brokerage.crm.settings import CrmSettings
from stoa.identity.model import Person
from stoa.kernel.refusals import Conflict, Invalid
from stoa.notices import notices
from stoa.tenancy.door import OpenWork
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work
from stoa.theming.brand import Brand
from stoa.theming.texts import LANGUAGES

BATCH: Final = 200
ROUNDS: Final = 5
"""Batches of one go; then the next is told, so that no reaction runs past its lease."""
_SUBJECT: Final = 150
_BODY: Final = 8000
_ACTION: Final = 40


class Text(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A letter in one language. Paragraphs are parted by an empty line."""

    subject: str
    body: str
    action: str = ""


def checked(texts: Mapping[str, Text]) -> dict[str, Text]:
    """Languages that say something. Raises Invalid naming the field, such as `body_es`."""
    found: dict[str, Text] = {}
    for language in LANGUAGES:
        text = texts.get(language)
        if text is None or not (text.subject.strip() or text.body.strip()):
            continue
        subject = " ".join(text.subject.split())
        body = text.body.replace("\r\n", "\n").strip()
        for field, said, most in (("subject", subject, _SUBJECT), ("body", body, _BODY)):
            if not said:
                raise Invalid("Please fill this in.", field=f"{field}_{language}")
            if len(said) > most:
                raise Invalid("This is too long.", field=f"{field}_{language}")
            rules.places(said, f"{field}_{language}")
        found[language] = Text(subject=subject, body=body, action=text.action.strip()[:_ACTION])
    if not found:
        raise Invalid("Write the letter in at least one language.", field="subject_en")
    return found


async def save(
    work: Work,
    *,
    name: str,
    segment: UUID,
    texts: Mapping[str, Text],
    path: str = "",
    campaign: UUID | None = None,
) -> Campaign:
    """A draft, new or changed. What is being sent cannot be changed any more."""
    work.require(Crm.CAMPAIGNS_EDIT)
    cleaned = " ".join(name.split())[:80]
    if not cleaned:
        raise Invalid("Please fill this in.", field="name")
    kept = {code: msgspec.to_builtins(text) for code, text in checked(texts).items()}
    chosen = await work.get(Segment, segment)
    link = rules.own_path(path.strip())
    if campaign is not None:
        row = await work.lock(Campaign, campaign)
        if row.state != CampaignState.DRAFT:
            raise Conflict("This campaign has begun and cannot be changed.", code="begun")
        row.name, row.segment, row.texts, row.path = cleaned, chosen.id, kept, link
        return row
    row = Campaign(
        id=work.new_id(),
        name=cleaned,
        segment=chosen.id,
        texts=kept,
        path=link,
        state=CampaignState.DRAFT,
        made_at=work.now,
        made_by=work.actor.id,
    )
    work.add(row)
    await work.flush()
    work.announce("desk|campaigns")
    return row


def texts_of(row: Campaign) -> dict[str, Text]:
    """By language, in our order of languages: the store keeps none."""
    return {code: msgspec.convert(row.texts[code], Text) for code in LANGUAGES if code in row.texts}


def text_for(row: Campaign, language: str) -> Text:
    """In the reader's language, else in the first one the letter was written in."""
    texts = texts_of(row)
    return texts.get(language) or next(iter(texts.values()))


def open_values(work: Work, reference: str = "", country: str = "") -> dict[str, str]:
    """Places that are no personal data; names are put in while the letter is composed."""
    return {
        "reference": reference,
        "country": country,
        "brand": work.settings(Brand).name or work.settings(TenantFacts).name,
    }


async def try_out(work: Work, campaign: UUID, language: str) -> UUID:
    """The letter to whoever asks, with their own name; it counts nowhere."""
    work.require(Crm.CAMPAIGNS_EDIT)
    if work.actor.id is None:
        raise Conflict("Only a person can get a test letter.")
    row = await work.get(Campaign, campaign)
    return await _letter(
        work, row, work.actor.id, text_for(row, language), open_values(work, "C-TEST", "–")
    )


async def _letter(
    work: Work,
    row: Campaign,
    person: UUID,
    text: Text,
    values: Mapping[str, str],
    *,
    campaign: UUID | None = None,
) -> UUID:
    return await notices.mail(
        work,
        person,
        "campaign",
        link=row.path,
        about=person if campaign else None,
        campaign=campaign,
        subject=rules.fill(text.subject, values),
        body=rules.fill(text.body, values),
        action=text.action if row.path else "",
    )


async def start(work: Work, campaign: UUID, *, override: str = "") -> Campaign:
    """Fix who gets it and begin. `override` is why those being verified are written to as well."""
    work.require(Crm.CAMPAIGNS_SEND)
    row = await work.lock(Campaign, campaign)
    if row.state != CampaignState.DRAFT:
        raise Conflict("This campaign has begun already. Nothing was sent twice.", code="begun")
    conditions = segments.read((await work.get(Segment, row.segment)).conditions)
    if override:
        work.require(Crm.SUPPRESSION_OVERRIDE)
        if len(override.strip()) < 10:
            raise Invalid(
                "Say in a sentence why they are written to all the same.", field="override"
            )
        row.override_why, row.override_by = override.strip()[:400], work.actor.id
        work.reason = row.override_why
    counted = await _fix(work, row, conditions)
    if not counted:
        raise Conflict("Nobody is in this segment now. Nothing was sent.", code="empty")
    row.move(CampaignState.SENDING)
    row.conditions = segments.stored(conditions)
    row.started_at, row.started_by = work.now, work.actor.id
    work.record("campaign.recipients", campaign=str(row.id), count=counted, override=bool(override))
    work.tell(CampaignGoesOn(campaign=row.id))
    work.announce("desk|campaigns", f"desk|campaign-{row.id}")
    return row


def _held_back(work: Work, row: Campaign) -> Any:
    on = work.settings(CrmSettings).suppress_while_verifying
    return suppression.why(while_verifying=on and row.override_why is None)


async def _fix(work: Work, row: Campaign, conditions: segments.Conditions) -> int:
    """Everyone of the segment as a recipient in one INSERT, held back or waiting."""
    why = _held_back(work, row)
    found = (
        select(
            literal(row.id).label("campaign"),
            Client.id,
            case((why.is_(None), "waiting"), else_="held").label("state"),
            why.label("why"),
        )
        .join(Person, Person.id == Client.id)
        .where(Client.id.in_(segments.statement(work, conditions)))
    )
    made = await work.run(
        insert(CampaignRecipient)
        .from_select(["campaign", "client", "state", "why"], found)
        .on_conflict_do_nothing()
    )
    return int(made.rowcount or 0)  # type: ignore[attr-defined]


async def stop(work: Work, campaign: UUID) -> Campaign:
    """No further letter is queued; those queued go out."""
    work.require(Crm.CAMPAIGNS_SEND)
    row = await work.lock(Campaign, campaign)
    row.move(CampaignState.STOPPED)
    row.ended_at = work.now
    work.announce("desk|campaigns", f"desk|campaign-{row.id}")
    return row


async def resume(work: Work, campaign: UUID) -> Campaign:
    """Go on with those who still wait."""
    work.require(Crm.CAMPAIGNS_SEND)
    row = await work.lock(Campaign, campaign)
    if row.started_at is None:
        raise Conflict("This campaign was put aside before it began.", code="never-began")
    row.move(CampaignState.SENDING)
    row.ended_at = None
    work.tell(CampaignGoesOn(campaign=row.id))
    work.announce("desk|campaigns", f"desk|campaign-{row.id}")
    return row


async def go_on(open_work: OpenWork, campaign: UUID, *, batch: int = BATCH) -> None:
    """A few batches, each one transaction: letter and mark commit together or not at all.

    Killed between two batches it goes on where it stopped; the row lock keeps two apart.
    """
    for _ in range(ROUNDS):
        async with open_work() as work:
            row = await work.lock(Campaign, campaign)
            if row.state != CampaignState.SENDING:
                return
            if await _batch(work, row, batch) < batch:
                await _end(work, row)
                return
    async with open_work() as work:
        work.tell(CampaignGoesOn(campaign=campaign))


async def _batch(work: Work, row: Campaign, most: int) -> int:
    """Queue letters for the next who wait; asks again whether each may be written to."""
    found = await work.table(
        select(
            CampaignRecipient,
            Person,
            Client.reference,
            Client.country,
            _held_back(work, row).label("held"),
        )
        .join(Client, Client.id == CampaignRecipient.client)
        .join(Person, Person.id == Client.id)
        .where(CampaignRecipient.campaign == row.id, CampaignRecipient.state == "waiting")
        .order_by(CampaignRecipient.client)
        .limit(most)
        .with_for_update(of=CampaignRecipient)
    )
    for one, person, reference, country, held in found:
        if held is not None:
            one.state, one.why = "held", held
            continue
        text = text_for(row, person.locale)
        values = open_values(work, reference, country)
        one.message = await _letter(work, row, person.id, text, values, campaign=row.id)
        one.state = "queued"
    work.announce(f"desk|campaign-{row.id}")
    return len(found)


async def _end(work: Work, row: Campaign) -> None:
    row.move(CampaignState.SENT)
    row.ended_at = work.now
    letters = await work.value(
        select(func.count())
        .select_from(CampaignRecipient)
        .where(CampaignRecipient.campaign == row.id, CampaignRecipient.state == "queued")
    )
    work.tell(CampaignSent(campaign=row.id, letters=int(letters or 0)))
    work.announce("desk|campaigns")


async def left(work: Work, campaign: UUID, client: UUID) -> None:
    """Someone unsubscribed by this campaign's link."""
    await work.run(
        update(CampaignRecipient)
        .where(
            CampaignRecipient.campaign == campaign,
            CampaignRecipient.client == client,
            CampaignRecipient.left_at.is_(None),
        )
        .values(left_at=work.now)
    )
    work.record("campaign.left", campaign=str(campaign), client=str(client))
    work.announce(f"desk|campaign-{campaign}")

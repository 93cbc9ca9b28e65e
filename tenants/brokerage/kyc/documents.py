"""Papers a client shows: taken in made anew, told at once whether they can be read, sealed away."""

import re
from datetime import date
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy import select, update

from brokerage.clients import queries as clients
from brokerage.clients.model import Client
from brokerage.kyc import checks, dossier, rules, standing
from brokerage.kyc.evidence import papers
from brokerage.kyc.jurisdictions.packs import DocumentRule
from brokerage.kyc.model import WITH_CLIENT, KycCase, KycDocument
from brokerage.kyc.permissions import Kyc
from brokerage.kyc.rules import Check
from stoa.files import store
from stoa.files.inspection import Inspected
from stoa.files.model import StoredFile
from stoa.files.prepared import Prepared
from stoa.kernel.refusals import Conflict, Invalid, NotFound
from stoa.tenancy.actor import Kind
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

FILE_KIND: Final = "kyc.document"
NUMBER: Final = "kyc_document.number"
MOST_UPLOADS: Final = 40
"""Of one case; whoever needs more talks to support."""
IDENTITY: Final = "identity"
PAPERS: Final = {
    "passport": N_("Passport"),
    "identity-card": N_("Identity card"),
    "driving-licence": N_("Driving licence"),
    "residence-permit": N_("Residence permit"),
    "utility-bill": N_("Utility bill"),
    "bank-statement": N_("Bank statement"),
    "tax-letter": N_("Letter of the tax office"),
    "residence-certificate": N_("Certificate of residence"),
    "register-extract": N_("Extract from the register"),
    "certificate-of-incorporation": N_("Certificate of incorporation"),
    "register-of-owners": N_("Register of owners"),
    "articles": N_("Articles of association"),
}
_NUMBER: Final = re.compile(r"[A-Z0-9][A-Z0-9 ./-]{3,30}", re.ASCII)


class Described(msgspec.Struct, frozen=True, kw_only=True):
    """What the client says of a paper; which of it is asked depends on the paper."""

    paper: str
    country: str
    number: str = ""
    issued_on: date | None = None
    expires_on: date | None = None


def rule_of(work: Work, case: KycCase, client: Client, kind: str) -> DocumentRule:
    """What the jurisdiction asks under that name. Raises NotFound."""
    pack = standing.pack_of(work, case.pack)
    for rule in papers.needed(pack, dossier.client_type(client)):
        if rule.kind == kind:
            return rule
    raise NotFound


def checked(rule: DocumentRule, told: Described, today: date) -> Described:
    """Every field that this paper needs, understood. Raises Invalid naming the field."""
    if rule.accepts and told.paper not in rule.accepts:
        raise Invalid("Choose one of the offered values.", field="paper")
    if not re.fullmatch(r"[A-Z]{2}", told.country):
        raise Invalid("Please choose a country.", field="country")
    number = " ".join(told.number.upper().split())
    if rule.kind == IDENTITY:
        if not _NUMBER.fullmatch(number):
            raise Invalid("Write the number as it is printed on the document.", field="number")
        if told.expires_on is None:
            raise Invalid("Write the day until which it is valid.", field="expires_on")
        if told.expires_on < today:
            raise Invalid(
                "This document has expired. Send one that is still valid.", field="expires_on"
            )
    if rule.max_age_months:
        if told.issued_on is None:
            raise Invalid("Write the date that stands on the document.", field="issued_on")
        if told.issued_on > today:
            raise Invalid("This day is in the future. Please check the date.", field="issued_on")
    return msgspec.structs.replace(told, number=number)


async def may_add(work: Work, case: KycCase, kind: str) -> DocumentRule:
    """Whether this client may upload this paper now; asked before the file is opened."""
    work.require(Kyc.VERIFY_OWN)
    work.actor.own(case.client)
    if case.state not in WITH_CLIENT:
        raise Conflict(
            "Your verification is being looked at; nothing can be added now. We tell you when "
            "something is missing.",
            code="not-with-you",
        )
    client = await work.get(Client, case.client)
    count = await work.count(select(KycDocument.id).where(KycDocument.case == case.id))
    if count >= MOST_UPLOADS:
        raise Conflict(
            "You have sent very many files. Please write to us, so that we can help you.",
            code="too-many-files",
        )
    return rule_of(work, case, client, kind)


async def add(
    work: Work, case: KycCase, kind: str, told: Described, seen: Inspected, made: Prepared
) -> tuple[KycDocument, Check]:
    """Take a paper in, in place of the one before; the check says at once whether it can be used."""
    rule = await may_add(work, case, kind)
    today = standing.today(work)
    told = checked(rule, told, today)
    client = await work.get(Client, case.client)
    asked = standing.applicant(work, client, document_country=told.country)
    if kind == IDENTITY:
        rules.must_not_be_blocked(standing.blocked(work), asked)

    await work.run(
        update(KycDocument)
        .where(KycDocument.case == case.id, KycDocument.kind == kind, KycDocument.in_force)
        .values(in_force=False)
    )
    file = await store.store_prepared(work, case.client, FILE_KIND, seen, made)
    row_id = work.new_id()
    row = KycDocument(
        id=row_id,
        case=case.id,
        client=case.client,
        kind=kind,
        paper=told.paper,
        file=file.id,
        country=told.country,
        issued_on=told.issued_on,
        expires_on=told.expires_on,
        number_sealed=work.seal(row_id, NUMBER, told.number or None),
        number_blind=work.blind(NUMBER, told.number.replace(" ", "")) if told.number else None,
        legible=str(made.verdict),
        uploaded_at=work.now,
    )
    work.add(row)
    await work.flush()
    if case.provider_state and case.provider_state != "approved":
        await checks.drop(work, case.id, [checks.DOCUMENT])
    found = await checks.run(work, case)
    work.subject = case.client
    work.announce(f"client:{case.client}|kyc", f"desk|kyc-{case.id}")
    return row, found[f"document-{kind}"]


async def send_as_it_is(work: Work, case: KycCase, kind: str) -> None:
    """The client has no better picture: a person will look at this one."""
    await may_add(work, case, kind)
    row = (await checks.documents_of(work, case.id)).get(kind)
    if row is None or row.legible not in papers.UNREADABLE:
        raise NotFound
    row.as_it_is = True
    await work.flush()
    await checks.run(work, case)
    work.announce(f"client:{case.client}|kyc")


async def seen(work: Work, document: UUID) -> tuple[KycDocument, StoredFile]:
    """A paper and its file, for those who may look at it. Each look by staff is recorded."""
    row = await work.get(KycDocument, document)
    if work.actor.kind is Kind.CLIENT:
        work.actor.own(row.client)
    else:
        work.require(Kyc.DOCUMENTS_VIEW)
        await clients.seen(work, row.client)
        work.subject = row.client
        work.record("document.read", document=str(row.id), client=str(row.client))
    return row, await store.find(work, row.file)


def number_of(work: Work, row: KycDocument) -> str:
    return work.unseal(row.id, NUMBER, row.number_sealed) or ""

"""Filling a case in: answers screen by screen, another country's rules at once, texts agreed to."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy import bindparam, select

from brokerage.clients.model import Client, ClientAgreement
from brokerage.clients.settings import ClientSettings
from brokerage.kyc import dossier, rules, standing
from brokerage.kyc.jurisdictions import forms
from brokerage.kyc.jurisdictions.packs import Agreement, Step, StepKind
from brokerage.kyc.model import WITH_CLIENT, KycCase
from brokerage.kyc.wizard import answers
from stoa.kernel.refusals import Conflict, Invalid, NotFound
from stoa.tenancy.work import Work


def steps_of(work: Work, case: KycCase) -> list[Step]:
    """The pages that this client goes through."""
    pack = standing.pack_of(work, case.pack)
    return [step for step in forms.steps_of(pack) if case.client_type in step.for_types]


def step_of(work: Work, case: KycCase, code: str) -> Step:
    for step in steps_of(work, case):
        if step.code == code:
            return step
    raise NotFound


def must_be_with_client(case: KycCase) -> None:
    if case.state not in WITH_CLIENT:
        raise Conflict(
            "Your verification is being looked at; nothing can be changed now.",
            code="not-with-you",
        )


async def save_part(
    work: Work, case: KycCase, step: Step, part: Step, given: Mapping[str, str]
) -> None:
    """Keep the answers of one screen. `part` is the step with only that screen's fields."""
    must_be_with_client(case)
    work.actor.own(case.client)
    pack = standing.pack_of(work, case.pack)
    clean = answers.understood(
        part, given, today=standing.today(work), least_age_years=pack.least_age_years
    )
    client = await work.get(Client, case.client)
    await _must_be_welcome(work, client, clean)

    known = dossier.read(work, case)
    known[step.code] = known.get(step.code, {}) | clean
    dossier.write(work, case, known)
    filled = known[step.code]
    complete = all(filled.get(one.code) for one in step.fields if one.required) and all(
        one.code in filled for one in step.fields
    )
    if complete and step.code not in case.steps_done:
        case.steps_done = [*case.steps_done, step.code]
    country = clean.get("country", "")
    if country and step.kind is StepKind.FORM:
        await _follow_country(work, case, client, country)
    await work.flush()


async def _must_be_welcome(work: Work, client: Client, clean: Mapping[str, str]) -> None:
    asked = standing.applicant(
        work, client, clean.get("country", ""), nationality=clean.get("nationality", "")
    )
    rules.must_not_be_blocked(standing.blocked(work), asked)


async def _follow_country(work: Work, case: KycCase, client: Client, country: str) -> None:
    """Another residence may be another jurisdiction, with other pages and papers."""
    found = standing.resolved(work, client, country)
    if found.pack != case.pack:
        row = await standing.locked(work, client.id)
        row.pack = case.pack = found.pack
        row.jurisdiction, row.resolved_at = msgspec.to_builtins(found), work.now


def agreements_of(work: Work, case: KycCase) -> list[Agreement]:
    """The texts to accept, in the version in force: the tenant's own text tells its version."""
    pack = standing.pack_of(work, case.pack)
    texts = work.settings(ClientSettings)
    found: list[Agreement] = []
    for one in pack.agreements:
        if case.client_type in one.for_types:
            document = texts.document(one.code)
            version = document.version if document else one.version
            found.append(msgspec.structs.replace(one, version=version))
    return found


_AGREED: Final = select(ClientAgreement).where(ClientAgreement.client == bindparam("client"))


async def accepted(work: Work, client: UUID) -> dict[tuple[str, str], ClientAgreement]:
    rows = await work.rows(_AGREED, {"client": client})
    return {(row.document, row.version): row for row in rows}


async def agree(work: Work, case: KycCase, step: Step, codes: Mapping[str, str]) -> None:
    """Accept all texts at once, each in the version that was shown."""
    must_be_with_client(case)
    work.actor.own(case.client)
    client = await work.get(Client, case.client)
    known = await accepted(work, case.client)
    texts = work.settings(ClientSettings)
    for one in agreements_of(work, case):
        if (one.code, one.version) in known:
            continue
        if codes.get(one.code) != one.version:
            raise Invalid(
                "Please read and accept this. The text may have changed since you opened the page.",
                field="accept",
            )
        document = texts.document(one.code)
        work.add(
            ClientAgreement(
                client=case.client,
                document=one.code,
                version=one.version,
                language=document.language_shown(client.language) if document else client.language,
                accepted_at=work.now,
            )
        )
    if step.code not in case.steps_done:
        case.steps_done = [*case.steps_done, step.code]
    await work.flush()

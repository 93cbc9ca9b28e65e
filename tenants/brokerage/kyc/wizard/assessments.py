"""The appropriateness test as a client takes it: one question a page, scored at the end."""

from typing import Final

import msgspec

from brokerage.kyc import appropriateness, checks, dossier, standing
from brokerage.kyc.appropriateness import Result
from brokerage.kyc.jurisdictions.packs import Questionnaire, Step
from brokerage.kyc.model import WITH_CLIENT, KycCase, KycTest
from brokerage.kyc.permissions import Kyc
from brokerage.kyc.settings import KycSettings
from stoa.kernel.refusals import Conflict, Invalid, NotFound
from stoa.tenancy.work import Work

DRAFT: Final = "~test"
"""The page of the dossier where answers wait until the last one is given."""
_BETWEEN: Final = ","


def questionnaire(work: Work, step: Step) -> Questionnaire:
    found = work.settings(KycSettings).questionnaire(step.questionnaire)
    if found is None:
        raise NotFound
    return found


async def tries(work: Work, case: KycCase, asked: Questionnaire) -> list[KycTest]:
    return list(await checks.newest_test(work, case.client, asked.code))


async def must_be_open(work: Work, case: KycCase, asked: Questionnaire) -> None:
    """Raises Conflict when it may not be taken (again) now."""
    work.require(Kyc.VERIFY_OWN)
    work.actor.own(case.client)
    if case.state not in WITH_CLIENT:
        raise Conflict("Your verification is being looked at; nothing can be changed now.")
    taken = await tries(work, case, asked)
    if taken and taken[0].passes and taken[0].version == asked.version:
        raise Conflict("You have passed this test already.", code="passed")
    appropriateness.must_be_allowed(asked, [row.taken_at for row in taken], work.now)


def answered(work: Work, case: KycCase) -> dict[str, tuple[str, ...]]:
    """The answers of the try under way."""
    draft = dossier.read(work, case).get(DRAFT, {})
    return {code: tuple(text.split(_BETWEEN)) for code, text in draft.items() if text}


async def answer(
    work: Work, case: KycCase, step: Step, question: str, chosen: tuple[str, ...]
) -> Result | None:
    """Keep one answer; with the last one the test is scored and kept. Raises Invalid."""
    asked = questionnaire(work, step)
    await must_be_open(work, case, asked)
    given = answered(work, case) | {question: chosen}
    known = {one.code: one for one in asked.questions}
    if question not in known:
        raise NotFound
    _must_fit(asked, question, chosen)
    answers = dossier.read(work, case)
    if set(given) < set(known):
        answers[DRAFT] = {code: _BETWEEN.join(values) for code, values in given.items()}
        dossier.write(work, case, answers)
        return None

    result = appropriateness.score(asked, given)
    work.add(
        KycTest(
            id=work.new_id(),
            client=case.client,
            questionnaire=asked.code,
            version=result.version,
            percent=result.percent,
            band=result.band,
            passes=result.passes,
            leverage_cap=result.leverage_cap,
            warning=result.warning[:400],
            lines=msgspec.to_builtins(result.lines),
            taken_at=work.now,
        )
    )
    answers.pop(DRAFT, None)
    dossier.write(work, case, answers)
    if step.code not in case.steps_done:
        case.steps_done = [*case.steps_done, step.code]
    (await standing.locked(work, case.client)).test_cap = result.leverage_cap
    await work.flush()
    await checks.run(work, case)
    work.announce(f"client:{case.client}|kyc")
    return result


def _must_fit(asked: Questionnaire, question: str, chosen: tuple[str, ...]) -> None:
    only = msgspec.structs.replace(
        asked, questions=tuple(one for one in asked.questions if one.code == question)
    )
    try:
        appropriateness.score(only, {question: chosen})
    except Invalid as why:
        problems = getattr(why, "problems", [why])
        raise Invalid(problems[0].sentence, field="answer") from why

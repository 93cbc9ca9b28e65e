"""Verification off the request: reactions to facts, and timed sweeps."""

from brokerage.clients import clients, details, queries
from brokerage.clients.events import CountryChanged
from brokerage.clients.model import Client
from brokerage.kyc import callbacks, cases, dossier, providers, screenings, standing, sweeps
from brokerage.kyc.events import (
    CallbackTaken,
    KycApproved,
    KycSubmitted,
    ListImported,
    ScreeningDue,
)
from brokerage.kyc.model import KycCase, Why
from brokerage.kyc.officers import diligence
from brokerage.kyc.providers import Order
from stoa.connectors.outcomes import Confirmed, Outcome, Refused
from stoa.kernel.refusals import NotFound, Refusal, Unavailable
from stoa.tenancy.door import OpenWork


async def follow_country(open_work: OpenWork, fact: KycSubmitted) -> None:
    """Where the client says they live is where they are served from."""
    async with open_work() as work:
        case = await work.get(KycCase, fact.case)
        country = dossier.identified(dossier.read(work, case)).country
        known = await work.get(Client, fact.client)
        if country and country != known.country:
            await clients.change_country(work, fact.client, country)


async def take_over_name(open_work: OpenWork, fact: KycApproved) -> None:
    """From now on the client is called what their papers say."""
    async with open_work() as work:
        case = await work.get(KycCase, fact.case)
        who = dossier.identified(dossier.read(work, case))
        known = await queries.brief(work, fact.client)
        if who.first_name and (who.first_name, who.last_name) != (
            known.first_name,
            known.last_name,
        ):
            await details.rename(work, fact.client, who.first_name, who.last_name)


async def screen_submitted(open_work: OpenWork, fact: KycSubmitted) -> None:
    await screenings.screen_case(open_work, fact.case, "submitted")


async def send_to_provider(open_work: OpenWork, fact: KycSubmitted) -> None:
    """Applicant, documents, review. Safe to repeat: the case is the provider's own key for it."""
    async with open_work() as work:
        order = await providers.claim(work, fact.case, fact.attempt)
    if order is None:
        return
    applicant = order.applicant
    if applicant is None:
        made = await order.connector.create_applicant(order.person)
        if not await _went(open_work, order, made):
            return
        assert isinstance(made, Confirmed)  # noqa: S101 - what went is confirmed
        applicant = made.reference
        async with open_work() as work:
            await providers.bind(work, order.case, applicant)
    for row, document in order.documents:
        if not await _went(
            open_work, order, await order.connector.add_document(applicant, document)
        ):
            return
        async with open_work() as work:
            await providers.sent(work, row, order.attempt)
    if await _went(open_work, order, await order.connector.submit(applicant)):
        async with open_work() as work:
            await providers.asked(work, order.case, order.attempt)


async def _went(open_work: OpenWork, order: Order, outcome: Outcome) -> bool:
    """Whether it is done. Raises Unavailable for what may be tried again."""
    if isinstance(outcome, Confirmed):
        return True
    if isinstance(outcome, Refused) and not outcome.technical:
        async with open_work() as work:
            await providers.refused(work, order.case, order.attempt, outcome.code)
        return False
    raise Unavailable("The verification provider did not answer: {code}", code=outcome.code)


async def take_callback(open_work: OpenWork, fact: CallbackTaken) -> None:
    """A callback only wakes us; what is true is asked of the provider."""
    async with open_work() as work:
        claimed = await callbacks.claim(work, fact.callback)
    if claimed is None:
        return
    case, applicant, connector = claimed

    result = await connector.fetch_result(applicant)

    async with open_work() as work:
        await providers.conclude(work, case, result)
        await callbacks.done(work, fact.callback)


async def ask_the_silent(open_work: OpenWork) -> None:
    """Ask providers that owe an answer; what waits too long goes to a person."""
    async with open_work() as work:
        waiting = await providers.silent(work)
    for case, applicant, connector in waiting:
        result = None
        if connector is not None:
            try:
                result = await connector.fetch_result(applicant)
            except Refusal:
                result = None
        async with open_work() as work:
            if result is not None:
                try:
                    await providers.conclude(work, case, result)
                except NotFound:
                    result = None
            await cases.settle(work, case)


async def screen_again(open_work: OpenWork, fact: ScreeningDue) -> None:
    async with open_work() as work:
        case = await cases.newest(work, fact.client)
    if case is not None and case.attempt:
        await screenings.screen_case(open_work, case.id, fact.why)


async def rescreen_book(open_work: OpenWork, fact: ListImported) -> None:
    following = await screenings.rescreen(open_work, fact.listing, fact.number, fact.after)
    if following is not None:
        async with open_work() as work:
            work.tell(ListImported(listing=fact.listing, number=fact.number, after=following))


async def resolve_again(open_work: OpenWork, fact: CountryChanged) -> None:
    """Another country may be another jurisdiction, which may ask for more."""
    async with open_work() as work:
        changed = await standing.move_to(work, fact.client, fact.country)
        if changed:
            await sweeps.step_down(work, fact.client, Why.COUNTRY)


async def watch_papers(open_work: OpenWork) -> None:
    await sweeps.papers_run(open_work)


async def watch_reviews(open_work: OpenWork) -> None:
    await sweeps.reviews_run(open_work)


async def watch_deposits(open_work: OpenWork) -> None:
    await diligence.sweep(open_work)

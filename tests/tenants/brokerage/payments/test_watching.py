"""A provider that fails gets no new payments, and its share comes back in steps."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select, update

from brokerage.payments.model import PaymentAttempt
from brokerage.payments.routing import circuit, incidents, watching
from brokerage.payments.routing.circuit import Calls, Stand
from brokerage.payments.routing.model import ProviderIncident, ProviderState
from brokerage.payments.routing.terms import Breaker
from stoa.identity.model import Person
from stoa.kernel.money import Money
from stoa.notices.model import Notice
from support.patience import LONGEST_S, until
from support.people import make_staff

from .test_routing import ALPHA, changed

pytestmark = pytest.mark.long

LIMITS = Breaker()
NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seen", "cause"),
    [
        (Calls(2, 2, 0, 2), None),
        (Calls(3, 3, 0, 3), "in-a-row"),
        (Calls(4, 3, 0, 1), None),
        (Calls(10, 5, 0, 1), "errors"),
        (Calls(10, 4, 0, 1), None),
        (Calls(10, 0, 8, 0), "slow"),
        (Calls(10, 0, 7, 0), None),
    ],
)
def test_a_circuit_opens_on_errors_and_on_slowness(seen, cause):
    assert circuit.trips(LIMITS, seen) == cause


def test_a_pause_doubles_with_each_failed_trial_up_to_its_most():
    stand = circuit.opened(LIMITS, Stand(), NOW)
    pauses = [stand.pause_s]
    for _ in range(6):
        stand = circuit.tried(LIMITS, stand, NOW, fine=False)
        pauses.append(stand.pause_s)

    assert pauses == [30, 60, 120, 240, 300, 300, 300]
    assert stand.share == 0


def test_a_share_comes_back_in_steps_and_the_first_trouble_sends_it_back():
    stand = circuit.tried(LIMITS, circuit.opened(LIMITS, Stand(), NOW), NOW, fine=True)
    shares = [stand.share]
    at = NOW
    assert circuit.stepped(LIMITS, stand, at, Calls(5, 0, 0, 0), at) is None
    while stand.circuit == "returning":
        since, at = at, at + timedelta(seconds=61)
        following = circuit.stepped(LIMITS, stand, since, Calls(5, 0, 0, 0), at)
        assert following is not None
        stand = following
        shares.append(stand.share)
    assert shares == [10, 25, 50, 100]
    back = circuit.stepped(LIMITS, Stand("returning", 25, NOW, 30), NOW, Calls(4, 1, 0, 0), NOW)
    assert (back.circuit, back.share, back.pause_s) == ("open", 0, 60)


def test_where_nobody_comes_by_patience_is_enough_to_step_up():
    stand = Stand("returning", 10, NOW + timedelta(seconds=60), 30)

    soon = circuit.stepped(LIMITS, stand, NOW, Calls(), NOW + timedelta(seconds=120))
    later = circuit.stepped(LIMITS, stand, NOW, Calls(), NOW + timedelta(seconds=240))

    assert soon is None and later.share == 25


async def standing(market):
    async with market.opener()() as work:
        return await work.first(select(ProviderState).where(ProviderState.psp == "alpha"))


async def waited(market):
    """As if the time of the present step were over, with patience to spare."""
    long = timedelta(minutes=10)
    async with market.opener()() as work:
        await work.run(
            update(ProviderState).values(
                next_at=work.now - timedelta(seconds=1), since=ProviderState.since - long
            )
        )
        await work.run(
            update(PaymentAttempt).values(asked_at=PaymentAttempt.asked_at - timedelta(hours=1))
        )
    await watching.sweep(market.opener())


async def returns(market):
    """Tried until it holds: this process's own breaker has a pause of its own."""

    async def came_back():
        await waited(market)
        return (await standing(market)).circuit == "returning"

    await until(came_back, 2 * LONGEST_S, every_s=1)


async def test_a_failing_provider_is_left_and_comes_back(market, customer, desk):
    """J7, steps 1 and 6; PSP-06: opened by the third failure, seconds after the first."""
    await changed(market, routes=ALPHA)
    await customer.paid("30.00")
    async with market.opener()() as work:
        await work.run(
            update(PaymentAttempt).values(asked_at=PaymentAttempt.asked_at - timedelta(hours=2))
        )
        owner, _ = await make_staff(work, ["Owner"])
        sales, _ = await make_staff(work, ["Sales"])
    await market.alpha.fault("error_500_before_apply", count=30)

    for _ in range(3):
        made = await customer.start("20.00")
        assert [one.psp for one in await customer.attempts(made.deposit)] == ["alpha", "beta"]
    state = await standing(market)
    assert (state.circuit, state.share) == ("open", 0)
    after = await customer.start("20.00")

    line = await customer.attempts(after.deposit)
    assert [one.psp for one in line] == ["beta"]
    assert ["alpha", "failing"] in line[0].decision["looked"]
    async with market.opener()() as work:
        told = dict(
            await work.table(
                select(Notice.person, func.count())
                .where(Notice.title.contains("fails"))
                .group_by(Notice.person)
            )
        )
        assert await work.get(Person, owner.id)
    assert told.get(owner.id) == 1 and sales.id not in told
    browser = await desk("Owner")
    page = await browser.get("/desk/psps/alpha/health")
    assert "gets no new payments" in page.text
    status = await browser.get("/desk/psps")
    assert status.text.count("Open: gets no new payments") == 1, "the list shows what all share"
    async with market.opener()() as work:
        incident = await work.first(select(ProviderIncident))
    # J7, step 8: amounts and clients, what was to be expected, and the deposits as a file.
    report = await browser.get(f"/desk/psps/incidents/{incident.id}")
    assert report.status_code == 200, report.text[:500]
    assert "60.00" in report.text and "Expected and real" in report.text
    file = await browser.get(f"/desk/psps/incidents/{incident.id}?format=csv")
    assert file.status_code == 200 and file.text.count("\nD-") == 3
    async with market.opener()() as work:
        seen = await incidents.touched(work, incident)
    assert (seen.deposits.count, seen.clients) == (3, 1)
    assert seen.deposits.money == seen.open.money == Money(Decimal(60), "USD")
    assert (seen.approval, seen.expected) == (Decimal(100), seen.deposits)
    assert seen.credited.count == 0

    await market.alpha.at.control("faults/clear")
    await returns(market)
    shares = [(await standing(market)).share]
    while (await standing(market)).circuit == "returning":
        await waited(market)
        shares.append((await standing(market)).share)
    assert shares == [10, 25, 50, 100]
    async with market.opener()() as work:
        incident = await work.first(select(ProviderIncident))
    assert "Open: gets no new payments" not in (await browser.get("/desk/psps")).text
    assert incident.state == "closed" and incident.cause == "in-a-row"
    steps = [one[1] for one in incident.story if one[1] != "open"]
    assert steps == [*["returning"] * 3, "closed"]
    shown = await browser.get(f"/desk/psps/incidents/{incident.id}")
    assert shown.status_code == 200 and "All its traffic returned" in shown.text
    assert (await browser.get("/desk/psps")).status_code == 200
    again = await customer.start("20.00")
    assert [one.psp for one in await customer.attempts(again.deposit)] == ["alpha"]


async def test_trouble_on_the_way_back_opens_it_again_for_longer(market, customer):
    await changed(market, routes=ALPHA, breaker={"steps": [99], "open_s": 5})
    await market.alpha.fault("error_500_before_apply", count=3)
    for _ in range(3):
        await customer.start("20.00")
    await returns(market)
    was = await standing(market)
    await market.alpha.fault("error_500_before_apply", count=1)

    for _ in range(3):
        await customer.start("20.00")

    state = await standing(market)
    assert state.circuit == "open"
    assert state.pause_s == min(was.pause_s * 2, 300)

"""What time does to verified clients: warnings, steps down, reviews."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from brokerage.kyc import cases, sweeps
from brokerage.kyc.model import KycStanding
from stoa.kernel.clock import Simulated
from stoa.notices.model import Notice
from support.verification import applicant, listed, officer, settled


@pytest.fixture
async def verified(house, aurora):
    """A client an officer has approved, whose passport is good for 61 more days."""
    await listed(house)
    maria = await applicant(house, aurora)
    await maria.fill()
    await maria.take_test()
    ends = datetime.now(UTC).date() + timedelta(days=61)
    await maria.upload("identity", expires_on=ends.isoformat())
    await maria.upload("address")
    await maria.agree()
    await maria.submit()
    await settled(house, aurora, maria, "review")
    olga = await officer(house, aurora)
    await olga.post(f"/desk/kyc/{(await maria.case()).id}/approve")
    assert await maria.level() == "verified"
    return maria


async def at(house, aurora, days: int, run) -> None:
    """Run a sweep so many days from now."""
    clock, house.door.clock = house.door.clock, Simulated(datetime.now(UTC) + timedelta(days=days))
    try:
        await run(house.door.opener(aurora, purpose="test"))
        await run(house.door.opener(aurora, purpose="test"))
    finally:
        house.door.clock = clock


async def notices(house, aurora, client) -> list[str]:
    async with house.door.open(aurora, purpose="test") as work:
        rows = await work.rows(
            select(Notice).where(Notice.person == client).order_by(Notice.told_at)
        )
        return [row.title for row in rows]


async def test_a_paper_that_runs_out_warns_thrice_and_then_steps_down(house, aurora, verified):
    for days in (1, 2, 31, 54, 55):
        await at(house, aurora, days, sweeps.papers_run)
    told = await notices(house, aurora, verified.id)
    assert told.count("Your document runs out in {days} days") == 3
    assert await verified.level() == "verified"

    await at(house, aurora, 61, sweeps.papers_run)
    assert await verified.level() == "verified"
    await at(house, aurora, 62, sweeps.papers_run)

    assert await verified.level() == "registered"
    case = await verified.case()
    assert case.state == "open"
    shown = await verified.web.get("/verify/documents")
    assert shown.status_code == 200


async def test_a_review_falls_due_by_risk(house, aurora, verified):
    async with house.door.open(aurora, purpose="test") as work:
        row = await work.lock(KycStanding, verified.id)
        low = row.review_on
        row.review_on = datetime.now(UTC).date() + timedelta(days=3)
    assert (low - datetime.now(UTC).date()).days > 1_000

    await at(house, aurora, 4, sweeps.reviews_run)

    case = await verified.case()
    assert (case.state, case.why) == ("open", "refresh")
    assert await verified.level() == "verified"
    shown = await verified.web.get("/verify")
    assert "Please confirm your details" in shown.text


async def test_moving_to_another_jurisdiction_is_worked_out_again(house, aurora, verified):
    from brokerage.clients import clients
    from support.verification import drained

    async with house.door.open(aurora, purpose="test") as work:
        await clients.change_country(work, verified.id, "BR")
    await drained(house, aurora)

    async with house.door.open(aurora, purpose="test") as work:
        limits = await cases.limits(work, verified.id)
    assert limits.pack.code == "offshore"
    assert (await verified.case()).why == "country"


async def test_large_deposits_ask_for_a_closer_look_once(house, aurora, verified):
    from decimal import Decimal

    from brokerage.clients.model import Client
    from brokerage.kyc.officers import diligence

    async with house.door.open(aurora, purpose="test") as work:
        row = await work.lock(Client, verified.id)
        row.deposits_total = Decimal(40_000)
    opener = house.door.opener(aurora, purpose="test")
    await diligence.sweep(opener)
    async with house.door.open(aurora, purpose="test") as work:
        held = await cases.limits(work, verified.id)
    assert held.extra == ("deposits over 15000.00 EUR",)
    assert str(held.extra_over) == "2000.00 EUR"
    olga = await officer(house, aurora)
    listed_there = await olga.get("/desk/kyc?list=extra")
    assert "Deposits over 15,000.00 EUR" in listed_there.text

    answer = await olga.post(
        f"/desk/kyc/clients/{verified.id}/diligence", {"reason": "sale of a house, deed seen"}
    )

    assert answer.status_code == 204
    await diligence.sweep(opener)
    async with house.door.open(aurora, purpose="test") as work:
        assert not (await cases.limits(work, verified.id)).extra

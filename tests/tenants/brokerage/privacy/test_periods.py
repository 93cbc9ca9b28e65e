"""What has reached its end is proposed by night, shown with counts, and goes once a person agrees."""

from sqlalchemy import select

from brokerage.approvals import waiting
from brokerage.clients.model import Client
from brokerage.privacy import holds, jobs, lists
from brokerage.privacy.model import Cause, Erasure, ErasureState
from brokerage.privacy.settings import PrivacySettings
from stoa.tenancy import settings as slices
from support.clients import a_client
from support.verification import applicant, drained, settled

from .conftest import left
from .test_erasing import rejected


async def gone_for_long(house, tenant):
    """Somebody whose verification was handed in and refused, and who left."""
    who = await applicant(house, tenant)
    await who.all_of_it()
    await settled(house, tenant, who, "review")
    await rejected(house, tenant, who)
    async with house.door.open(tenant, purpose="test") as work:
        await left(work, who.id)
    return who.id


async def of(house, tenant, client):
    async with house.door.open(tenant, purpose="test") as work:
        return await work.first(
            select(Erasure).where(Erasure.client == client).order_by(Erasure.id.desc())
        )


async def test_it_is_proposed_kind_by_kind_as_its_time_comes_and_goes_with_one_yes(
    house, aurora, screened, open_work, years, officer, as_actor
):
    client = await gone_for_long(house, aurora)
    reader = await officer()

    with years(0.1):
        await jobs.propose_ended(open_work)
        row = await of(house, aurora, client)
        assert row.cause == Cause.PERIOD and row.state == ErasureState.PROPOSED
        async with as_actor(reader) as work:
            assert (await lists.proposed(work))["marketing"] >= 1
            found = await waiting.source("erasure").listed(work)
            assert row.id in {one.key for one in found}
            await waiting.source("erasure").approve(work, row.id, row.seal)
        await drained(house, aurora)
        assert (await of(house, aurora, client)).state == ErasureState.DONE
    with years(1.5):
        await jobs.propose_ended(open_work)
        row = await of(house, aurora, client)
        assert {v["category"] for v in row.verdicts if v["says"] == "goes"} == {"traces"}
        async with as_actor(reader) as work:
            await waiting.source("erasure").approve(work, row.id, row.seal)
        await drained(house, aurora)
    with years(2):
        await jobs.propose_ended(open_work)
        assert (await of(house, aurora, client)).id == row.id
    with years(8):
        await jobs.propose_ended(open_work)
        row = await of(house, aurora, client)
        async with as_actor(reader) as work:
            await waiting.source("erasure").approve(work, row.id, row.seal)
        await drained(house, aurora)
    async with house.door.open(aurora, purpose="test") as work:
        gone = await work.get(Client, client)
        assert len(gone.erased) == 7 and gone.erased_at is not None


async def test_a_hold_keeps_the_night_away_and_nothing_goes_unasked(
    house, aurora, open_work, years, officer, as_actor
):
    first = await officer()
    async with house.door.open(aurora, purpose="test") as work:
        made = [await a_client(work, first_name="Nora") for _ in range(2)]
        for row in made:
            await left(work, row.id)
    async with as_actor(first) as work:
        await holds.place(work, made[0].id, "Court 9/26", "a claim is pending")

    with years(1):
        await jobs.propose_ended(open_work)
        await jobs.propose_ended(open_work)
        await drained(house, aurora)

    assert await of(house, aurora, made[0].id) is None
    async with house.door.open(aurora, purpose="test") as work:
        found = await work.rows(select(Erasure).where(Erasure.client == made[1].id))
        assert [row.state for row in found] == [ErasureState.PROPOSED]
        assert (await work.get(Client, made[1].id)).erased == []


async def test_a_broker_may_do_without_the_nightly_look(house, borealis, years):
    open_ = house.door.opener(borealis, purpose="test")
    async with house.door.open(borealis, purpose="test") as work:
        row = await a_client(work, first_name="Nora")
        await left(work, row.id)
        await slices.put(work, "privacy", PrivacySettings(propose=False), why="test")

    with years(1):
        await jobs.propose_ended(open_)

    assert await of(house, borealis, row.id) is None

"""What the operator sees of use: counted by the tenant's days, corrected later, drawn, taken away."""

import csv
import io
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import select, update

from brokerage.clients import clients
from brokerage.clients.model import Client
from stoa.control import metering, pulse
from stoa.kernel.clock import business_day, day_bounds
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.model import Meter, Tenant
from support.operators import inside


async def metered(house, tenant) -> dict[tuple[str, str], Decimal]:
    async with house.door.platform(purpose="test") as platform:
        rows = await platform.table(
            select(Meter.day, Meter.name, Meter.amount).where(Meter.tenant == tenant.id)
        )
    return {(row.day, row.name): row.amount for row in rows}


def noon(day, zone) -> datetime:
    return day_bounds(day, zone)[0] + timedelta(hours=12)


async def test_what_comes_late_finds_its_day_and_what_went_leaves_it(aurora, house):
    async with house.door.open(aurora, purpose="test") as work:
        zone = work.settings(TenantFacts).time_zone
        today = business_day(work.now, zone)
        client = await clients.register(
            work, email="late@example.com", first_name="Lea", last_name="Late", country="ES"
        )

    async def came(day) -> dict[tuple[str, str], Decimal]:
        async with house.door.open(aurora, purpose="test") as work:
            moved = update(Client).where(Client.id == client.id)
            await work.run(moved.values(registered_at=noon(day, zone)))
        await metering.count(house.door, house.product, aurora)
        return await metered(house, aurora)

    yesterday, long_ago = today - timedelta(days=1), today - timedelta(days=300)
    was = (await came(long_ago)).get((yesterday.isoformat(), "clients_new"))
    now = (await came(yesterday))[yesterday.isoformat(), "clients_new"]
    back = (await came(long_ago))[yesterday.isoformat(), "clients_new"]

    assert (was, now, back) == (0, 1, 0)
    async with house.door.open(aurora, purpose="test") as work:
        everybody = await work.count(select(Client.id))
    assert (await metered(house, aurora))[yesterday.isoformat(), "clients"] == everybody


async def test_the_first_count_reaches_back_and_the_next_goes_on_from_it(borealis, house):
    await metering.count(house.door, house.product, borealis)
    first = {day for day, name in await metered(house, borealis) if name == "lots"}
    async with house.door.platform(purpose="test") as platform:
        await platform.run(
            update(Meter)
            .where(Meter.tenant == borealis.id, Meter.day == min(first))
            .values(amount=7)
        )

    await metering.count(house.door, house.product, borealis)

    after = await metered(house, borealis)
    assert len(first) == metering.FURTHEST
    assert after[min(first), "lots"] == 7, "days long past are not asked for again"


async def test_the_pages_draw_it_and_the_file_holds_the_same_days(aurora, house):
    await pulse.take(house.door, house.product, aurora)
    await metering.count(house.door, house.product, aurora, days=10)
    browser, _ = await inside(house)
    about = f"/tenants/{aurora.id}"

    fleet, one, usage = [await browser.get(at) for at in ("/", about, f"{about}/usage?days=30")]

    for shown in (fleet, one, usage):
        assert shown.status_code == 200
        assert 'data-chart-kind="bars"' in shown.text
    exported = await browser.get(f"{about}/usage?format=csv")
    rows = list(csv.reader(io.StringIO(exported.text.lstrip("\ufeff"))))
    assert rows[0][0] == "Day" and len(rows) > 9
    months = [row[0] for row in rows[1:]]
    assert months == sorted(months, reverse=True)


async def test_a_new_sub_broker_says_when_something_will_be_drawn(house):
    fresh = await house.tenant()
    async with house.door.platform(purpose="test") as platform:
        assert await platform.get(Tenant, fresh.id)
    browser, _ = await inside(house)

    page = await browser.get(f"/tenants/{fresh.id}/usage")

    assert page.status_code == 200
    assert "Drawn from the second day on." in page.text
    assert "No day has been counted yet" in page.text


async def test_use_is_shown_to_those_who_may_see_tenants(aurora, house):
    browser, _ = await inside(house, ["control:jobs:view"])

    answer = await browser.get(f"/tenants/{aurora.id}/usage")

    assert answer.status_code == 403

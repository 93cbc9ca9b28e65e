"""An account's line over time follows its deals' own time, however late we hear of them."""

from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy import select

from brokerage.clients import money as glance
from brokerage.trading import lines
from brokerage.trading.model import Deal, EquityPoint
from brokerage.trading.module import home
from stoa.tenancy.facts import TenantFacts

from .test_deals import a_past


async def a_late_past(broker):
    """A client whose week of trading is all heard of at once, today."""
    customer = await broker.customer()
    await a_past(broker, customer, deals=60, days=7)
    await broker.told()
    return customer


async def test_deals_heard_of_late_stand_on_the_days_they_were_made(broker):
    customer = await a_late_past(broker)
    row = await broker.account(customer.account)

    async with broker.opener()() as work:
        line = (await lines.by_day(work, [row]))[row.id]
        deals = await work.table(
            select(Deal.at, (Deal.profit + Deal.swap + Deal.commission).label("change")).where(
                Deal.login == customer.login
            )
        )
        shown = lines.days(work)
        zone = ZoneInfo(work.settings(TenantFacts).time_zone)
    told = {
        day: sum((one.change for one in deals if one.at.astimezone(zone).date() <= day), Decimal(0))
        for day in shown
    }

    assert len(line) == lines.DAYS
    assert line[-1] == row.equity
    assert line[0] == 0  # before the account's first deal
    assert line[:-1] == [told[day] for day in shown[:-1]]
    assert len(set(line[-8:])) > 2  # two of them may be a weekend


async def test_a_day_we_watched_counts_the_open_positions_of_its_last_hour(broker):
    customer = await a_late_past(broker)
    row = await broker.account(customer.account)
    async with broker.opener()() as work:
        for hours, worth in ((50, "1.00"), (49, "777.77")):
            at = (work.now - timedelta(hours=hours)).replace(minute=0, second=0, microsecond=0)
            work.add(EquityPoint(account=row.id, at=at, balance=Decimal(1), equity=Decimal(worth)))

    async with broker.opener()() as work:
        line = (await lines.by_day(work, [row]))[row.id]

    assert Decimal("777.77") in line


async def test_the_home_of_a_client_draws_what_the_accounts_were_worth(broker):
    customer = await a_late_past(broker)

    async with broker.opener()() as work:
        cards = await home(work, customer.id)
        seen = await glance.standing(work, customer.id, cards)

    assert seen.series[-1] == seen.total.amount
    assert len(seen.series) == len(seen.days) == lines.DAYS
    assert len({round(value, 2) for value in seen.series[-8:]}) > 2

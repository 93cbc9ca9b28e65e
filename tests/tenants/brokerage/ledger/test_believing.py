"""A price that cannot be gives nobody money: the last good one stays and grows old."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from brokerage.ledger import believing, rates
from brokerage.ledger.fx import FxRate
from brokerage.ledger.hooks import Mid
from stoa.audit.model import AuditEntry

HOUR = timedelta(hours=1)
PRICES = st.decimals("0.000001", "1000000", places=6)


async def told(work, rate):
    await rates.store(work, [Mid(base="EUR", quote="USD", rate=Decimal(rate))], "mt5-live")
    return await kept(work)


async def kept(work):
    row = await work.first(select(FxRate).where(FxRate.base == "EUR", FxRate.quote == "USD"))
    await work.session.refresh(row)
    return row.rate, row.at


@pytest.mark.parametrize(
    "wrong", ["10.85", "0.1085", "1.30", "0.90", "108500", "0.00001", "999999999"]
)
async def test_a_price_far_from_the_last_good_one_is_not_taken(house, wrong):
    tenant = await house.tenant()
    async with house.door.open(tenant, purpose="test") as work:
        good = await told(work, "1.0850")
        assert good[0] == Decimal("1.0850")
        work.now += timedelta(seconds=15)

        assert await told(work, wrong) == good
        assert await told(work, wrong) == good

        work.now += timedelta(seconds=15)
        assert (await told(work, "1.0990"))[0] == Decimal("1.0990")
    async with house.door.open(tenant, purpose="test") as work:
        entries = await work.rows(select(AuditEntry).order_by(AuditEntry.id))
    found = [one for one in entries if "rate not believed" in str(one.changes)]
    assert len(found) == 1


async def test_markets_move_while_nobody_looks(house):
    tenant = await house.tenant()
    async with house.door.open(tenant, purpose="test") as work:
        await told(work, "1.0850")
        work.now += 12 * HOUR

        assert (await told(work, "2.0"))[0] == Decimal("2.0")


async def test_a_rate_of_the_settings_is_rough_and_yet_no_price_may_be_anything(house):
    tenant = await house.tenant()
    async with house.door.open(tenant, purpose="test") as work:
        await rates.store_manual(work)
        rough, _ = await kept(work)

        assert (await told(work, rough * 3))[0] == rough
        assert (await told(work, rough * Decimal("1.4")))[0] == rough * Decimal("1.4")


@given(PRICES, PRICES, st.integers(1, 100))
def test_up_and_down_are_the_same_distance(last, price, percent):
    way = believing.believable(last, price, HOUR, percent)

    assert way is believing.believable(price, last, HOUR, percent)
    assert believing.believable(last, last, timedelta(0), percent)

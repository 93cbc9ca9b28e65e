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
from brokerage.ledger.rates_desk import today
from stoa.audit.model import AuditEntry
from support.fixtures import staff
from support.people import make_staff
from support.web import signed_in

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


async def test_staff_are_shown_what_was_not_believed_until_a_good_price_comes(house, aurora):
    owner = staff("ledger:accounts:view")

    async def shown(work):
        work.actor = owner
        return [(card.figure, [one.title for one in card.items]) for card in await today(work)]

    async with house.door.open(aurora, purpose="test") as work:
        await told(work, "1.0850")
        assert await shown(work) == []
        work.now += timedelta(seconds=15)
        await told(work, "10.85")
    async with house.door.open(aurora, purpose="test") as work:
        person, _ = await make_staff(work, ["Owner"])
        assert await shown(work) == [(1, ["EUR/USD"])]
    browser = await signed_in(house, aurora, person, "desk")
    page = await browser.get("/desk/ledger/rates")
    assert page.status_code == 200, page.text[:500]
    assert "A price of EUR/USD was not believed" in page.text
    assert "10.85" in page.text and "1.085" in page.text

    async with house.door.open(aurora, purpose="test") as work:
        work.now += timedelta(seconds=30)
        await told(work, "1.0860")
        assert await shown(work) == []
        work.now += timedelta(seconds=30)
        await told(work, "0.1")
    async with house.door.open(aurora, purpose="test") as work:
        assert await shown(work) == [(1, ["EUR/USD"])], "told again as soon as it begins again"
        work.actor = staff("ledger:entries:view")
        assert await today(work) == []


@given(PRICES, PRICES, st.integers(1, 100))
def test_up_and_down_are_the_same_distance(last, price, percent):
    way = believing.believable(last, price, HOUR, percent)

    assert way is believing.believable(price, last, HOUR, percent)
    assert believing.believable(last, last, timedelta(0), percent)

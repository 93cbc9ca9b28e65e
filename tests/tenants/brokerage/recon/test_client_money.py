"""The daily client money: calculated from evidence, signed by one, reviewed by another, for good."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from brokerage.recon import booking, client_money, jobs
from brokerage.recon.model import ClientMoneyDay
from stoa.kernel.refusals import Conflict, Denied

from .conftest import IBAN, a_bank, bring, finance
from .statements import Moved, camt053
from .test_banks import day, lines_of, waited_for


@pytest.fixture
def tomorrow(market):
    """The desk a day later: the day of the test is over."""
    before = market.house.door.clock
    market.house.door.clock = lambda now: before(now) + timedelta(days=1)
    yield
    market.house.door.clock = before


async def test_a_day_is_calculated_from_evidence_and_says_where_it_is_missing(
    market, customer, tomorrow
):
    await a_bank(market)
    row = await waited_for(market, customer, "300.00")
    moved = [
        Moved("300.00", text=row.reference, ref="B1", day=day()),
        Moved("-10.00", text="fee", ref="B2", day=day()),
    ]
    await bring(market, camt053(moved, account=IBAN, day=day()))
    async with market.opener(finance())() as work:
        await booking.as_cost(work, (await lines_of(market))[1].id, "Fee of the bank")
    today = (datetime.now(UTC) + timedelta(days=1)).date()

    async with market.opener()() as work:
        (made,) = await client_money.calculate(work, today - timedelta(days=1))

    assert (made.currency, made.version) == ("USD", 1)
    # The clock of the books is a day ahead: what was posted then is not part of the day before.
    assert made.held == Decimal("290.00")
    held = [one for one in made.lines if one[0] == "held"]
    assert held[0][1] == "bank:usd-clients" and held[0][4] is True
    with pytest.raises(Conflict):
        async with market.opener()() as work:
            await client_money.calculate(work, today)


async def test_one_signs_another_reviews_and_neither_can_be_changed(market, customer):
    await customer.paid("150.00")
    before = market.house.door.clock
    market.house.door.clock = lambda now: before(now) + timedelta(days=1)
    try:
        async with market.opener()() as work:
            (made,) = await client_money.calculate(work, (work.now - timedelta(days=1)).date())
            again = await client_money.calculate(work, made.day)
        assert again == []
        assert (made.owed, made.held) == (Decimal("150.00"), Decimal("150.00"))
        assert [one[4] for one in made.lines if one[0] == "held"] == [False]

        one, other = finance(), finance()
        with pytest.raises(Conflict, match="not signed yet"):
            async with market.opener(other)() as work:
                await client_money.review(work, made.id)
        async with market.opener(one)() as work:
            await client_money.sign(work, made.id, "Looked at the bank's page")
        with pytest.raises(Denied):
            async with market.opener(one)() as work:
                await client_money.review(work, made.id)
        with pytest.raises(Conflict):
            async with market.opener(other)() as work:
                await client_money.sign(work, made.id)
        async with market.opener(other)() as work:
            await client_money.review(work, made.id)

        async with market.opener()() as work:
            given = await client_money.signs(work, made.id)
        assert [(row.role, row.person) for row in given] == [
            ("signed", one.id),
            ("reviewed", other.id),
        ]
        assert {row.hash for row in given} == {made.hash}
        for table in ("client_money_day", "client_money_sign"):
            for change in (f"update {table} set id = id", f"delete from {table}"):
                with pytest.raises(DBAPIError, match="permission denied"):
                    async with market.opener()() as work:
                        await work.run(text(change))
    finally:
        market.house.door.clock = before


async def test_a_day_nobody_signed_and_a_day_without_a_record_are_told(market, customer):
    await customer.paid("150.00")
    before = market.house.door.clock
    try:
        market.house.door.clock = lambda now: before(now) + timedelta(days=1)
        async with market.opener()() as work:
            (made,) = await client_money.calculate(work, (work.now - timedelta(days=1)).date())
        # At noon: a day is closed an hour after its end, whatever hour the test runs at.
        market.house.door.clock = lambda now: (before(now) + timedelta(days=4)).replace(hour=12)
        async with market.opener()() as work:
            assert await client_money.unsigned(work) == [made.day]
            assert await client_money.missing(work) == [
                made.day + timedelta(days=n) for n in (3, 2, 1)
            ]
        await jobs.close_day(market.opener())
        async with market.opener()() as work:
            assert await client_money.missing(work) == []
            days = await work.rows(
                select(ClientMoneyDay.day).order_by(ClientMoneyDay.day).distinct()
            )
        assert len(days) == 4
    finally:
        market.house.door.clock = before

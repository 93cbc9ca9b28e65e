"""What providers hold for us beside what clients hold, and what is left open."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokerage.risk import hedging
from brokerage.risk.ground import read
from brokerage.risk.permissions import Risk
from brokerage.risk.settings import Where
from stoa.kernel.refusals import Denied, Invalid


async def rows(desk):
    async with desk.opener()() as work:
        return {one.symbol: one for one in await hedging.read(work, await read(work))}


@pytest.fixture
async def passed_on(desk):
    await desk.tune(books=(Where(name="A", groups=("*raw*",)),), hedge_most=Decimal(100_000))
    a, b = await desk.account("a", group="real\\raw"), await desk.account("b")
    await desk.open(a, "EURUSD", "10", "1.1")
    await desk.open(b, "EURUSD", "50", "1.1")
    return desk


async def test_the_ratio_is_of_the_book_that_is_passed_on(passed_on):
    dealer = await passed_on.staff(Risk.HEDGE)
    async with passed_on.opener(dealer)() as work:
        await hedging.write_down(
            work, [("EURUSD", Decimal(8)), ("XAUUSD", Decimal(-1))], whole=True
        )

    found = await rows(passed_on)

    assert (found["EURUSD"].clients, found["EURUSD"].ratio, found["EURUSD"].left) == (10, 80, 2)
    assert found["XAUUSD"].left_value is None
    async with passed_on.opener(dealer)() as work:
        work.now = work.now.replace(year=work.now.year + 1)
        await hedging.write_down(work, [("EURUSD", Decimal(10))], whole=True)
    found = await rows(passed_on)
    assert set(found) == {"EURUSD"}
    assert found["EURUSD"].left == 0


async def test_what_is_left_over_the_bound_is_an_alert(passed_on):
    async with passed_on.opener()() as work:
        assert await hedging.look(work) == []
        await hedging.write_down(work, [("EURUSD", Decimal(8))], whole=True)
        (one,) = await hedging.look(work)

    assert one.value > 100_000
    assert one.evidence == {"clients": "10", "held": "8"}


async def test_who_may_only_look_writes_nothing_down(passed_on):
    reader = await passed_on.staff("trading:exposure:view")
    async with passed_on.opener(reader)() as work:
        with pytest.raises(Denied):
            await hedging.write_down(work, [("EURUSD", Decimal(1))], whole=False)


def test_lines_are_read_from_a_paste_or_a_file():
    said = "\ufeffSymbol,Lots\nEURUSD, 12.5\n\nXAUUSD;−3\n"

    assert hedging.lines(said) == [("EURUSD", Decimal("12.5")), ("XAUUSD", Decimal(-3))]


@pytest.mark.parametrize(
    "said",
    ["", "EURUSD", "EURUSD,x", "EURUSD,1,2", ",5", "EURUSD,1e5", "EURUSD,1\nEURUSD,2", "A,NaN"],
)
def test_a_line_that_is_none_refuses_them_all(said):
    with pytest.raises(Invalid):
        hedging.lines(said)


@given(st.text(max_size=80))
def test_no_text_breaks_the_reading_of_lines(said):
    try:
        found = hedging.lines(said)
    except Invalid:
        return
    assert all(lots.is_finite() for _, lots in found)

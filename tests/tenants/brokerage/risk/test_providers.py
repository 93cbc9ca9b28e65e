"""Who copies whom is told by the desk or by the deals, and never half."""

import pytest
from sqlalchemy import true

from brokerage.risk import providers
from brokerage.risk.ground import read
from brokerage.risk.permissions import Risk
from brokerage.trading.model import TradingAccount
from stoa.kernel.refusals import Conflict, Denied, Invalid
from stoa.web.tables.read import Asked, page

from .test_results import deal


async def login(desk, name):
    async with desk.opener()() as work:
        return (await work.get(TradingAccount, desk.accounts[name])).login


async def follows(desk, name):
    async with desk.opener()() as work:
        return (await work.get(TradingAccount, desk.accounts[name])).follows


@pytest.fixture
async def four(desk):
    for name in "pabc":
        await desk.account(name)
    return desk


async def test_followers_are_added_up_behind_their_provider(four):
    dealer = await four.staff(Risk.FOLLOWERS, "trading:exposure:view")
    async with four.opener(dealer)() as work:
        assert (
            await providers.follow(
                work, four.accounts["p"], [await login(four, "a"), await login(four, "b")]
            )
            == 2
        )
    await four.open(four.accounts["a"], "EURUSD", "1", "1.1")
    await four.open(four.accounts["b"], "EURUSD", "2", "1.1")
    await four.open(four.accounts["c"], "EURUSD", "9", "1.1")

    async with four.opener()() as work:
        ground = await read(work)
        table = providers.table(ground, true())
        shown = await page(work, table, Asked.of(table, {}))

    (row,) = shown.rows
    assert (row.cells[2], row.cells[3]) == (2, 2)
    assert row.cells[4].amount > 0


async def test_one_wrong_login_adds_nobody(four):
    dealer = await four.staff(Risk.FOLLOWERS)
    async with four.opener(dealer)() as work:
        with pytest.raises(Invalid, match="12345"):
            await providers.follow(work, four.accounts["p"], [await login(four, "a"), 12345])
        with pytest.raises(Invalid, match="itself"):
            await providers.follow(work, four.accounts["p"], [await login(four, "p")])

    assert await follows(four, "a") is None


async def test_nobody_copies_a_copier_and_no_provider_copies(four):
    dealer = await four.staff(Risk.FOLLOWERS)
    async with four.opener(dealer)() as work:
        await providers.follow(work, four.accounts["p"], [await login(four, "a")])
    async with four.opener(dealer)() as work:
        with pytest.raises(Conflict):
            await providers.follow(work, four.accounts["a"], [await login(four, "b")])
        with pytest.raises(Invalid):
            await providers.follow(work, four.accounts["b"], [await login(four, "p")])


async def test_who_may_only_look_links_nobody(four):
    reader = await four.staff("trading:exposure:view")
    async with four.opener(reader)() as work:
        with pytest.raises(Denied):
            await providers.follow(work, four.accounts["p"], [await login(four, "a")])


async def test_links_are_learnt_from_the_comments_of_a_copy_engine(four):
    await deal(four, four.accounts["a"], "0", comment=f"copy:{await login(four, 'p')} x2")
    await deal(four, four.accounts["b"], "0", comment="copy:99")
    await deal(four, four.accounts["c"], "0", comment="my own idea")
    await providers.learn(four.opener())
    assert await follows(four, "a") is None

    await four.tune(follower_mark="copy:")
    await providers.learn(four.opener())

    assert await follows(four, "a") == four.accounts["p"]
    assert await follows(four, "b") is None
    assert await follows(four, "c") is None


@pytest.mark.parametrize("said", ["", "  ", "12a", "1" * 19, "١٢", "-4"])
def test_logins_that_are_none_are_refused(said):
    with pytest.raises(Invalid):
        providers.logins(said)


def test_logins_are_read_as_people_paste_them():
    assert providers.logins("12, 13;14\n12\r\n15") == [12, 13, 14, 15]

"""What a dealer wants to know of an account is seen once it happens, with what it was seen by."""

from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest

from brokerage.risk import signs
from brokerage.risk.settings import Signs
from brokerage.trading.model import EquityPoint

from .test_results import deal

QUIET = Signs(
    profit=Decimal(0), doubled_percent=0, large_notional=Decimal(0), trades=0, scalps=0, together=0
)


async def seen(desk, **changes):
    await desk.tune(signs=msgspec.structs.replace(QUIET, **changes))
    async with desk.opener()() as work:
        return await signs.look(work)


@pytest.fixture
async def account(desk):
    return await desk.account("a", equity="3000")


async def test_nothing_is_seen_where_every_sign_is_off(desk, account):
    await deal(desk, account, "99999")

    assert await seen(desk) == []


async def test_a_large_result_either_way(desk, account):
    loser = await desk.account("b")
    await deal(desk, account, "900")
    await deal(desk, loser, "-900")
    await deal(desk, loser, "-5000", days_ago=3)

    found = await seen(desk, profit=Decimal(500))

    assert {one.account for one in found} == {account, loser}
    assert {one.rule for one in found} == {"sign:profit"}


async def test_an_account_that_doubled_since_the_window_began(desk, account):
    async with desk.opener()() as work:
        for hours, equity in ((30, "1000"), (20, "2500")):
            work.add(
                EquityPoint(
                    account=account, at=work.now - timedelta(hours=hours),
                    balance=Decimal(equity), equity=Decimal(equity),
                )
            )  # fmt: skip
    await deal(desk, account, "1500")

    (one,) = await seen(desk, doubled_percent=100)

    assert (one.rule, one.value) == ("sign:doubled", 150)
    assert one.evidence["began"] == "1000.00 USD"
    assert await seen(desk, doubled_percent=200) == []


async def test_a_large_order_is_told_by_its_deal(desk, account):
    made = await deal(desk, account, "0", entry="in", kind="buy", lots="20")
    await deal(desk, account, "0", entry="out", kind="sell", lots="20")

    (one,) = await seen(desk, large_notional=Decimal(1_000_000))

    assert one.about == f"one:{made.number}"
    assert one.evidence["trade"] == "buy 20 EURUSD @ 1.1"


async def test_many_trades_and_very_short_ones(desk, account):
    async with desk.opener()() as work:
        now = work.now
    for at in range(6):
        closed = now - timedelta(minutes=at)
        await deal(desk, account, "1", at=closed, opened_at=closed - timedelta(seconds=10))
    held = now - timedelta(minutes=3)
    await deal(desk, account, "1", at=held, opened_at=held - timedelta(hours=2))

    (pace,) = await seen(desk, trades=6, trades_minutes=30)
    (scalping,) = await seen(desk, scalps=5, scalp_s=60, scalp_percent=80)

    assert (pace.rule, pace.value) == ("sign:pace", 7)
    assert (scalping.rule, scalping.value) == ("sign:scalping", 6)
    assert scalping.evidence["median_s"] == "10"
    assert await seen(desk, scalps=5, scalp_s=60, scalp_percent=90) == []


async def test_two_accounts_in_step_are_shown_unless_one_openly_copies_the_other(desk, account):
    other = await desk.account("b")
    follower = await desk.account("c", follows=account)
    async with desk.opener()() as work:
        now = work.now
    for at in range(4):
        moment = now - timedelta(minutes=at * 5)
        for which, late in ((account, 0), (other, 1), (follower, 2)):
            await deal(
                desk, which, "0", entry="in", kind="buy", at=moment + timedelta(seconds=late)
            )

    found = await seen(desk, together=3, together_s=2)

    pairs = {frozenset(one.about.split("+")) for one in found}
    assert frozenset({str(account), str(other)}) in pairs
    assert frozenset({str(account), str(follower)}) not in pairs
    assert all(one.value == 4 for one in found)

"""Payouts by calendar: a period closes the same however often, pays on its day, two agree over a limit."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest
from sqlalchemy import select

from brokerage.ledger import check, rates, wallets
from brokerage.ledger.hooks import Mid
from brokerage.partners import payouts
from brokerage.partners.model import Partner, PartnerPayout, PayoutState
from brokerage.partners.paying import closing, periods
from brokerage.partners.paying.settings import Payouts
from brokerage.partners.permissions import Partners
from brokerage.partners.settings import PartnerSettings
from stoa.kernel.refusals import Conflict, Denied, Invalid
from support.fixtures import staff

from .builders import a_partner, a_trade, a_trader, imported, later

FINANCE = (str(Partners.PAY), str(Partners.APPROVE), "clients:client:view")


def by(work, monkeypatch, **wanted):
    """These settings for this work."""
    mine = work.settings(PartnerSettings)
    own = {name: wanted.pop(name) for name in list(wanted) if hasattr(mine, name)}
    mine = msgspec.structs.replace(mine, **own)
    mine = msgspec.structs.replace(mine, payouts=msgspec.structs.replace(mine.payouts, **wanted))
    monkeypatch.setitem(work._settings, PartnerSettings, mine)


def month_end(work):
    """The first instant of the next month."""
    start = work.now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (start + timedelta(days=32)).replace(day=1)


async def earning(work, lots, partner=None):
    partner = partner or await a_partner(work, rate="5")
    trader = await a_trader(work, partner)
    later(work, minutes=1)
    await imported(work, trader, a_trade(trader.login, work.now, lots=lots))
    return partner


async def closed(work, period):
    found, _ = await closing.close(work, period)
    await work.flush()
    return found


async def rows_of(work, partner):
    return list(
        await work.rows(
            select(PartnerPayout)
            .where(PartnerPayout.partner == partner)
            .order_by(PartnerPayout.accrued_to)
        )
    )


@pytest.mark.parametrize(
    ("calendar", "now", "code", "start", "end"),
    [
        ("monthly", "2026-11-26T12:00", "2026-10", "2026-09-30T22:00", "2026-10-31T23:00"),
        ("weekly", "2026-11-26T12:00", "2026-W47", "2026-11-15T23:00", "2026-11-22T23:00"),
        ("daily", "2026-11-26T22:59", "2026-11-25", "2026-11-24T23:00", "2026-11-25T23:00"),
        ("daily", "2026-11-26T23:01", "2026-11-26", "2026-11-25T23:00", "2026-11-26T23:00"),
        ("weekly", "2027-01-01T12:00", "2026-W52", "2026-12-20T23:00", "2026-12-27T23:00"),
    ],
)
def test_a_period_ends_at_the_tenants_midnight(calendar, now, code, start, end):
    at = datetime.fromisoformat(now).replace(tzinfo=UTC)

    found = periods.last_closed(calendar, at, "Europe/Madrid")

    assert (found.code, f"{found.start:%Y-%m-%dT%H:%M}", f"{found.end:%Y-%m-%dT%H:%M}") == (
        code,
        start,
        end,
    )
    assert periods.named(code, "Europe/Madrid") == found


@pytest.mark.parametrize("typed", ["", "2026", "2026-13", "2026-W60", "yesterday", "2026-02-30"])
def test_what_is_no_period_is_refused(typed):
    with pytest.raises(Invalid):
        periods.named(typed, "UTC")


async def test_a_month_closed_twice_is_the_same_and_pays_on_its_day(work, monkeypatch):
    by(work, monkeypatch, delay_days=3)
    rich, poor = await earning(work, "2.0003"), await earning(work, "0.1")
    work.now = month_end(work) + timedelta(hours=1)
    period = periods.last_closed("monthly", work.now, "UTC")

    first = await closed(work, period)
    told = [(r.id, r.state, r.amount, r.carried) for r in await rows_of(work, rich)]
    second = await closed(work, period)

    assert (first.made, first.carried) >= (1, 1)
    assert (second.made, second.carried) == (0, 0)
    assert [(r.id, r.state, r.amount, r.carried) for r in await rows_of(work, rich)] == told
    [row] = await rows_of(work, rich)
    assert (row.state, row.amount, row.carried) == (
        PayoutState.DUE,
        Decimal("10.00"),
        Decimal("0.0015"),
    )
    assert row.due_at == period.end + timedelta(days=3)
    [small] = await rows_of(work, poor)
    assert (small.state, small.amount, small.carried) == (PayoutState.CARRIED, 0, Decimal("0.5"))

    assert await payouts.pay_due(work) == 0
    work.now = period.end + timedelta(days=3)
    assert await payouts.pay_due(work) >= 1
    assert await payouts.pay_due(work) == 0
    assert (await wallets.available(work, rich, "USD")).amount == 10
    # This test lives in a month to come, which a posting may not.
    wrong = (await check.examine(work)).violations
    assert [one for one in wrong if one.invariant != "dated-ahead"] == []


async def test_what_was_earned_after_the_end_is_of_the_next_period(work, monkeypatch):
    partner = await earning(work, "2")
    work.now = month_end(work) + timedelta(hours=2)
    trader = await a_trader(work, partner)
    await imported(work, trader, a_trade(trader.login, work.now, lots="4"))

    await closed(work, periods.last_closed("monthly", work.now, "UTC"))
    [row] = await rows_of(work, partner)
    assert (row.rewards, row.amount) == (1, 10)

    work.now = month_end(work) + timedelta(hours=2)
    await closed(work, periods.last_closed("monthly", work.now, "UTC"))
    assert [r.amount for r in await rows_of(work, partner)] == [10, 20]


async def test_a_deal_that_comes_after_its_month_was_closed_is_paid_with_the_next(work):
    partner = await earning(work, "2")
    trader, before = await a_trader(work, partner), work.now
    later(work, minutes=5)
    work.now = month_end(work) + timedelta(hours=2)
    await closed(work, periods.last_closed("monthly", work.now, "UTC"))

    await imported(work, trader, a_trade(trader.login, before + timedelta(minutes=4), lots="4"))
    work.now = month_end(work) + timedelta(hours=2)
    await closed(work, periods.last_closed("monthly", work.now, "UTC"))

    assert [r.amount for r in await rows_of(work, partner)] == [10, 20]


async def test_a_period_that_runs_is_not_closed(work):
    with pytest.raises(Conflict):
        await closing.close(work, periods.of_day("monthly", work.now.date(), "UTC"))


async def test_over_the_limit_two_people_agree_and_neither_made_it(work, monkeypatch):
    by(work, monkeypatch, two_over=Decimal(120))
    partner = await earning(work, "30")
    maker, one, two = staff(*FINANCE), staff(*FINANCE), staff(*FINANCE)
    work.actor = maker
    row = await payouts.make(work, partner)
    assert row is not None and (row.needs, row.state) == (2, PayoutState.WAITING)

    with pytest.raises(Denied):
        await payouts.approve(work, row.id, payouts.seal(row))
    work.actor = one
    await payouts.approve(work, row.id, payouts.seal(row))
    assert row.state == PayoutState.WAITING
    with pytest.raises(Conflict, match="approved this already"):
        await payouts.approve(work, row.id, payouts.seal(row))
    work.actor = two
    with pytest.raises(Conflict, match="changed"):
        await payouts.approve(work, row.id, "0" * 32)
    await payouts.approve(work, row.id, payouts.seal(row))

    assert row.state == PayoutState.PAID
    assert [yes["by"] for yes in row.yeses] == [str(one.id), str(two.id)]
    assert (await wallets.available(work, partner, "USD")).amount == 150


async def test_paid_in_the_partners_currency_at_the_rate_that_is_kept(work):
    await rates.store(work, [Mid(base="EUR", quote="USD", rate=Decimal("1.25"))], "test")
    partner = await earning(work, "2.0003")
    (await work.get(Partner, partner)).pay_in = "EUR"
    await work.flush()

    row = await payouts.make(work, partner)

    assert row is not None
    assert (row.amount, row.currency, row.carried) == (Decimal(10), "USD", Decimal("0.0015"))
    assert (row.pay_amount, row.pay_currency, row.rate) == (Decimal(8), "EUR", Decimal("0.8"))
    assert (await wallets.available(work, partner, "EUR")).amount == 8
    assert (await wallets.available(work, partner, "USD")).amount == 0
    assert (await check.examine(work)).violations == []


async def test_one_without_a_rate_is_left_and_the_others_are_paid(work):
    odd, usual = await earning(work, "2"), await earning(work, "2")
    (await work.get(Partner, odd)).pay_in = "KWD"
    work.now = month_end(work) + timedelta(hours=1)
    period = periods.last_closed("monthly", work.now, "UTC")

    found = await closed(work, period)

    assert found.left == 1
    assert await rows_of(work, odd) == []
    assert [r.amount for r in await rows_of(work, usual)] == [10]
    await rates.store(work, [Mid(base="USD", quote="KWD", rate=Decimal("0.3"))], "test")
    assert (await closed(work, period)).made == 1


async def test_only_the_newest_payout_is_refused_as_the_others_remainders_are_used(work):
    partner = await earning(work, "2.0003")
    work.now = month_end(work) + timedelta(hours=1)
    await closed(work, periods.last_closed("monthly", work.now, "UTC"))
    [first] = await rows_of(work, partner)
    await earning(work, "4.0003", partner)
    work.now = month_end(work) + timedelta(hours=1)
    await closed(work, periods.last_closed("monthly", work.now, "UTC"))
    _, second = await rows_of(work, partner)
    assert second.carried_in == first.carried
    work.actor = staff(*FINANCE)

    with pytest.raises(Conflict, match="later payout"):
        await payouts.refuse(work, first.id, why="a mistake")
    await payouts.refuse(work, second.id, why="a mistake")
    await payouts.refuse(work, first.id, why="a mistake")

    later(work, minutes=1)
    again = await payouts.make(work, partner)
    assert again is not None and (again.rewards, again.amount, again.carried) == (
        2,
        Decimal("30.00"),
        Decimal("0.003"),
    )


async def test_a_payout_people_look_at_is_not_built_upon(work, monkeypatch):
    by(work, monkeypatch, payout_approve_over=Decimal(1))
    partner = await earning(work, "2")
    work.now = month_end(work) + timedelta(hours=1)
    await closed(work, periods.last_closed("monthly", work.now, "UTC"))
    await earning(work, "4", partner)
    work.now = month_end(work) + timedelta(hours=1)
    period = periods.last_closed("monthly", work.now, "UTC")

    assert (await closed(work, period)).left >= 1
    [row] = await rows_of(work, partner)
    work.actor = staff(*FINANCE)
    await payouts.approve(work, row.id, payouts.seal(row))
    assert (await closed(work, period)).made == 1
    assert [r.amount for r in await rows_of(work, partner)] == [10, 20]


def test_the_usual_terms_pay_by_hand():
    assert Payouts().calendar == "by-hand"

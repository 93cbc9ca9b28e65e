"""The engine around the sum: counted again, paused, judged by tiers, paid per client and by the month."""

import random
from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest
from sqlalchemy import select, text, update

from brokerage.clients.model import Client
from brokerage.ledger import check, rates
from brokerage.ledger.hooks import Mid
from brokerage.partners import queries, rules, statements
from brokerage.partners.fees import booking
from brokerage.partners.model import Attribution, Reward
from brokerage.partners.plans import simulating
from brokerage.partners.rewards import accruals, acquisitions, engine, months, recounting
from brokerage.partners.rewards.timeline import BEGINNING, Epoch, epochs
from brokerage.partners.settings import PartnerSettings
from brokerage.partners.terms import Amount, Plan, RewardRule, Tier, Tiers, When
from brokerage.partners.tree import standings, tiers
from brokerage.trading import deals
from brokerage.trading.connector import Entry
from brokerage.trading.model import TradingAccount
from stoa.kernel.clock import business_day, day_bounds
from stoa.kernel.refusals import Conflict, Invalid
from stoa.tenancy.facts import TenantFacts

from .builders import (
    AT_PAR,
    SERVER,
    a_partner,
    a_trade,
    a_trader,
    accrued,
    earned,
    imported,
    later,
    rewards,
    three,
)
from .conftest import PLAN, SETTINGS
from .test_clawing import paid, told


def with_plan(**changes):
    return msgspec.structs.replace(SETTINGS, plans=(msgspec.structs.replace(PLAN, **changes),))


async def recounted(work, settings=None, why="a test"):
    later(work, seconds=1)
    every = [Epoch(BEGINNING, settings)] if settings else None
    return await recounting.recount(
        work, work.now - timedelta(days=2), work.now + timedelta(hours=1),
        rates=AT_PAR, why=why, epochs=every,
    )  # fmt: skip


async def test_a_plan_that_begins_in_the_past_is_put_right_by_adjustments_and_only_once(work):
    tree = await three(work)
    await imported(work, tree.trader, a_trade(tree.trader.login, work.now))
    await imported(work, tree.trader, a_trade(tree.trader.login, work.now, held_s=60))
    dearer = with_plan(
        version=2, excluded=msgspec.structs.replace(PLAN.excluded, held_less_than_s=0)
    )

    first = await recounted(work, dearer, "the holding time falls away")
    assert await recounted(work, dearer) == []

    assert {one.partner for one in first} == {tree.third, tree.sub, tree.master}
    assert sum(one.amount for one in first) == 8
    lines = [one for one in await rewards(work, tree.trader.client) if one.turn]
    assert {(one.cause, one.already, one.plan_version) for one in lines} == {
        ("the holding time falls away", 0, 2)
    }
    assert await earned(work, tree.trader.client) == {tree.third: 10, tree.sub: 2, tree.master: 4}


async def test_what_is_counted_again_the_same_way_changes_nothing(work):
    tree = await three(work)
    for held, lots in ((600, "1.37"), (30, "2"), (121, "0.01")):
        told_ = a_trade(tree.trader.login, work.now, held_s=held, lots=lots)
        await imported(work, tree.trader, told_)
    before = await rewards(work, tree.trader.client)

    assert await recounted(work) == []

    assert [one.id for one in await rewards(work, tree.trader.client)] == [one.id for one in before]


async def test_replayed_three_times_out_of_order_and_doubled_it_comes_to_the_same(work):
    """T64."""
    tree = await three(work)
    again = await a_trader(work, tree.third)
    later(work, hours=1)
    plan = [(600, "1"), (30, "2"), (121, "0.01"), (119, "0.37"), (86_400, "5"), (300, "0.5")]
    straight = [a_trade(tree.trader.login, work.now, held_s=h, lots=n) for h, n in plan]
    await imported(work, tree.trader, [deal for pair in straight for deal in pair])
    mixed = [d for h, n in plan for d in a_trade(again.login, work.now, held_s=h, lots=n)]

    for seed in (1, 2, 3):
        random.Random(seed).shuffle(mixed)
        await imported(work, again, mixed[:5])
        for deal in [*mixed, *mixed[::-1]]:
            await imported(work, again, [deal])
        await accrued(work, since=work.now - timedelta(days=1))

    assert await earned(work, again.client) == await earned(work, tree.trader.client)
    assert [one for one in await recounted(work) if one.count] == []


async def test_a_deal_that_comes_late_gives_back_its_share_of_a_disputed_payment(work):
    tree = await three(work)
    deposit = await paid(work, tree.trader.client)
    later(work, hours=1)
    late = a_trade(tree.trader.login, work.now, lots="10")
    later(work, hours=1)
    await told(work, deposit, "chargeback", "125.00")

    await imported(work, tree.trader, late)

    assert await earned(work, tree.trader.client) == {
        tree.third: Decimal("37.5"),
        tree.sub: Decimal("7.5"),
        tree.master: 15,
    }
    lines = [one for one in await rewards(work, tree.trader.client) if one.dispute is not None]
    assert {one.factor for one in lines} == {Decimal("-0.25")}
    await told(work, deposit, "won", "125.00")
    assert await earned(work, tree.trader.client) == {tree.third: 50, tree.sub: 10, tree.master: 20}


async def test_while_it_is_paused_nothing_is_rewarded_and_nothing_is_lost(house):
    tenant = await house.tenant()
    async with house.door.open(tenant, purpose="test") as work:
        tree = await three(work)
        began = work.now
        await engine.pause(work, "the plan is looked at")
    opener = house.door.opener(tenant, purpose="test")
    async with opener() as work:
        work.now = began + timedelta(hours=1)
        with pytest.raises(Conflict):
            await engine.pause(work, "once more")
        told_ = a_trade(tree.trader.login, work.now)
        await deals.store(work, SERVER, told_, tree.trader.owners)
        fact = work.told[-1]
        window = {"since": fact.first, "until": fact.last, "server": SERVER}
        assert await engine.imported(work, **window) == 0
        assert await rewards(work, tree.trader.client) == []
    async with opener() as work:
        await engine.resume(work)
        resumed = work.told[-1]
    later_ = type(resumed)(since=resumed.since, until=began + timedelta(hours=2))
    await engine.catch_up(opener, later_)
    await engine.catch_up(opener, later_)

    async with opener() as work:
        assert sum((await earned(work, tree.trader.client)).values()) == 8
        assert work.settings(PartnerSettings).engine.paused_at is None


async def test_a_pause_says_why(work):
    with pytest.raises(Invalid):
        await engine.pause(work, " ")


async def test_a_plan_holds_from_when_it_was_put_in_force_or_says_it_begins(work):
    day = timedelta(days=1)
    one = with_plan()
    two = with_plan(version=2, label="Two")
    back = with_plan(version=3, label="Three", begins=work.now - 10 * day)

    plain = epochs([(work.now - 20 * day, one), (work.now, two)])
    dated = epochs([(work.now - 20 * day, one), (work.now, back)])

    assert [(e.since, e.settings.plans[0].version) for e in plain] == [
        (BEGINNING, 1),
        (work.now, 2),
    ]
    assert [(e.since, e.settings.plans[0].version) for e in dated] == [
        (BEGINNING, 1),
        (work.now - 10 * day, 3),
    ]


async def test_ratios_hold_between_their_dates(work):
    tree = await three(work)
    start = work.now
    later(work, hours=3)
    await standings.change(
        work, tree.sub, since=start + timedelta(hours=1), until=start + timedelta(hours=2),
        ratio=Decimal("0.5"),
    )  # fmt: skip
    await standings.change(work, tree.master, since=start, master=Decimal("0.5"))

    for hours in (0.5, 1.5, 2.5):
        at = start + timedelta(hours=hours)
        await imported(work, tree.trader, a_trade(tree.trader.login, at, lots="0.1"))

    lines = [one for one in await rewards(work, tree.trader.client) if one.partner == tree.sub]
    assert [one.amount for one in lines] == [Decimal("0.05"), Decimal("0.025"), Decimal("0.05")]
    assert [one.ratio for one in lines] == [Decimal("0.5"), Decimal("0.25"), Decimal("0.5")]


def test_a_tier_goes_up_at_once_and_down_after_the_grace():
    steps = tuple(
        Tier(code=code, label=code, lots_min=Decimal(lots), active_min=active)
        for code, lots, active in (("silver", 10, 0), ("gold", 50, 3), ("top", 100, 3))
    )
    slow = msgspec.structs.replace(PLAN, tiers=Tiers(steps=steps, grace_days=7))
    fast = msgspec.structs.replace(slow, tiers=Tiers(steps=steps, move="straight"))
    now = BEGINNING + timedelta(days=100)

    assert tiers.judge(slow, "", None, Decimal(120), 5, now).tier == "silver"
    assert tiers.judge(fast, "", None, Decimal(120), 5, now).tier == "top"
    assert tiers.judge(fast, "", None, Decimal(120), 2, now).tier == "silver"
    assert tiers.judge(slow, "gold", None, Decimal(5), 0, now) == tiers.Verdict("gold", now)
    waited = now - timedelta(days=7)
    assert tiers.judge(slow, "gold", waited, Decimal(5), 0, now) == tiers.Verdict("silver", None)
    assert tiers.judge(fast, "top", None, Decimal(0), 0, now).tier == ""
    assert tiers.judge(slow, "silver", waited, Decimal(10), 0, now) == tiers.Verdict("silver", None)


async def test_a_promotion_says_what_was_counted_and_which_deal_reached_it(work, monkeypatch):
    steps = (Tier(code="silver", label="Silver", lots_min=Decimal(3), active_min=1),)
    tiered = with_plan(
        tiers=Tiers(steps=steps),
        rewards=(
            RewardRule(kind="per-lot", rate=Amount(amount=Decimal(5))),
            RewardRule(kind="per-lot", rate=Amount(amount=Decimal(7)), when=When(tier=("silver",))),
        ),
    )
    monkeypatch.setitem(work._settings, PartnerSettings, tiered)
    partner = await a_partner(work)
    trader = await a_trader(work, partner)
    later(work, hours=1)
    pairs = [a_trade(trader.login, work.now + timedelta(seconds=n), lots="1") for n in range(4)]
    await imported(work, trader, [one for pair in pairs for one in pair])
    later(work, days=1)

    assert await tiers.judge_all(work) == 1
    assert await tiers.judge_all(work) == 0

    stands = await standings.at(work, partner, work.now)
    assert stands.tier == "silver"
    assert stands.because["deal"] == f"{SERVER} #{pairs[2][1].deal}"
    assert (stands.because["was"], Decimal(stands.because["lots"])) == ("", 4)
    told_ = a_trade(trader.login, work.now)
    await deals.store(work, SERVER, told_, trader.owners)
    await accruals.accrue(
        work, since=work.now, until=work.now, rates=AT_PAR, epochs=[Epoch(BEGINNING, tiered)]
    )
    last = (await rewards(work, trader.client))[-1]
    assert (last.rate, last.tier, last.found_by) == (7, "silver", "plan default, tier silver")


CPA = RewardRule(
    kind="cpa",
    rate=Amount(amount=Decimal(200)),
    hold_days=14,
    when=When(level=("verified",), deposited_min=Amount(amount=Decimal(500)), lots_min=Decimal(2)),
)


async def test_a_position_turned_round_counts_what_it_closed_and_the_rest_when_that_closes(
    work, monkeypatch
):
    tiered = with_plan(
        tiers=Tiers(steps=(Tier(code="silver", label="Silver", lots_min=Decimal(3)),))
    )
    monkeypatch.setitem(work._settings, PartnerSettings, tiered)
    partner = await a_partner(work)
    trader = await a_trader(work, partner)
    later(work, hours=1)
    opening, turning = a_trade(trader.login, work.now, lots="1")
    turned = {"entry": Entry.REVERSAL, "lots": Decimal(2), "lots_closed": Decimal(1)}
    turning = msgspec.structs.replace(turning, **turned)
    await imported(work, trader, [opening, turning])
    later(work, days=1)

    assert await tiers.judge_all(work) == 0

    client = await work.get(Client, trader.client)
    await work.session.refresh(client)
    assert client.volume_lots == 1
    closed = a_trade(trader.login, work.now, lots="2")
    await imported(work, trader, closed)
    later(work, days=1)
    assert await tiers.judge_all(work) == 1
    because = (await standings.at(work, partner, work.now)).because
    assert (Decimal(because["lots"]), because["deal"]) == (3, f"{SERVER} #{closed[1].deal}")


async def test_a_deal_that_earns_by_two_kinds_counts_its_lots_once(work, monkeypatch):
    both = with_plan(rewards=(*PLAN.rewards, RewardRule(kind="revenue-share", percent=Decimal(5))))
    monkeypatch.setitem(work._settings, PartnerSettings, both)
    monkeypatch.setattr("brokerage.partners.rewards.timeline.read", _always(both))
    partner = await a_partner(work)
    trader = await a_trader(work, partner)
    later(work, hours=1)
    await deals.store(work, SERVER, a_trade(trader.login, work.now, lots="1.5"), trader.owners)
    await accruals.accrue(work, since=work.now, until=work.now, rates=AT_PAR)

    shown = await queries.figures(work, partner, Decimal(0))
    window = {"start": work.now - timedelta(days=1), "end": work.now + timedelta(days=1)}
    symbols = await work.table(statements.BY_SYMBOL, {"partner": partner} | window)

    assert len(await rewards(work, trader.client)) == 2
    assert (sum(shown.volume), shown.lots) == (1.5, Decimal("1.5"))
    assert [(one.symbol, one.rewards, one.lots) for one in symbols] == [
        ("EURUSD", 2, Decimal("1.5"))
    ]


async def test_a_sum_per_client_is_paid_once_after_its_hold_and_falls_with_the_deposit(
    work, monkeypatch
):
    settings = with_plan(rewards=(*PLAN.rewards, CPA))
    monkeypatch.setitem(work._settings, PartnerSettings, settings)
    monkeypatch.setattr("brokerage.partners.rewards.timeline.read", _always(settings))
    tree = await three(work)
    client = tree.trader.client
    deposit = await paid(work, client)
    await _level(work, client, "verified")
    assert await acquisitions.note(work) == 0
    await imported(work, tree.trader, a_trade(tree.trader.login, work.now, lots="2"))

    assert await acquisitions.note(work) == 1
    assert await acquisitions.pay(work) == 0
    later(work, days=14)
    assert await acquisitions.pay(work) == 1
    assert await acquisitions.pay(work) == 0

    (line,) = [one for one in await rewards(work, client) if one.kind == "cpa"]
    assert (line.partner, line.amount, line.deal, line.server) == (tree.third, 200, 0, "cpa")
    await told(work, deposit, "chargeback", "10.00")
    cpa = [one for one in await rewards(work, client) if one.kind == "cpa"]
    assert sum(one.amount for one in cpa) == 0
    met = await work.first(
        select(Attribution.met).where(Attribution.client == client, Attribution.valid_to.is_(None))
    )
    assert acquisitions.qualified_at(met) is not None


def _always(settings):
    async def read(_work):
        return [Epoch(BEGINNING, settings)]

    return read


async def _level(work, client, level):
    await work.run(
        update(Client)
        .where(Client.id == client)
        .values(level=level, level_at=work.now)
        .execution_options(synchronize_session=False)
    )
    row = await work.get(Client, client)
    await work.session.refresh(row)


async def test_a_month_below_nothing_is_carried_into_the_next(work, monkeypatch):
    share = RewardRule(kind="profit-share", percent=Decimal(20))
    settings = with_plan(rewards=(share,))
    monkeypatch.setitem(work._settings, PartnerSettings, settings)
    monkeypatch.setattr("brokerage.partners.rewards.timeline.read", _always(settings))
    partner = await a_partner(work)
    trader = await a_trader(work, partner)
    later(work, hours=1)
    first = work.now - timedelta(days=1)

    async def month(profit, name):
        pair = a_trade(trader.login, work.now)
        pair[1] = msgspec.structs.replace(pair[1], profit=Decimal(profit))
        await deals.store(work, SERVER, pair, trader.owners)
        later(work, hours=1)
        count = await months.close(work, first, work.now, name)
        assert await months.close(work, first, work.now, name) == 0
        return count

    assert await month("100", "2031-01") == 1
    lines = {one.kind: one.amount for one in await rewards(work, partner)}
    assert lines == {"carried-on": 20}
    assert sum((await earned(work, trader.client)).values()) == -20
    first = work.now
    assert await month("-300", "2031-02") == 1

    total = await work.value(
        select(text("sum(amount)")).select_from(Reward).where(Reward.partner == partner)
    )
    assert total == 40


async def test_a_closed_month_is_put_right_by_adjustments_and_so_is_what_it_carries(
    work, monkeypatch
):
    share = RewardRule(kind="profit-share", percent=Decimal(20))
    settings = with_plan(rewards=(share,))
    monkeypatch.setitem(work._settings, PartnerSettings, settings)
    monkeypatch.setattr("brokerage.partners.rewards.timeline.read", _always(settings))
    zone = work.settings(TenantFacts).time_zone
    partner = await a_partner(work)
    trader, abroad = await a_trader(work, partner), await a_trader(work, partner)
    await work.run(
        update(TradingAccount)
        .where(TradingAccount.id == abroad.account)
        .values(currency="EUR")
        .execution_options(synchronize_session=False)
    )
    abroad.owners = {abroad.login: deals.Owner(abroad.account, abroad.client, "EUR", live=True)}
    await rates.store(work, [Mid(base="EUR", quote="USD", rate=Decimal("1.25"))], "test")
    day, bounds = business_day(work.now, zone), []
    for _ in range(4):
        day = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
        bounds.append((day_bounds(day, zone)[0], f"{day:%Y-%m}"))

    async def closed_with(profit, month, who=trader):
        pair = a_trade(who.login, bounds[month][0] + timedelta(days=2))
        pair[1] = msgspec.structs.replace(pair[1], profit=Decimal(profit))
        await deals.store(work, SERVER, pair, who.owners)

    async def again(why):
        later(work, seconds=1)
        return await recounting.recount(
            work, bounds[0][0] + timedelta(days=1), bounds[0][0] + timedelta(days=3),
            rates={"USD": Decimal(1), "EUR": Decimal(9)}, why=why,
        )  # fmt: skip

    async def sums():
        rows = await work.rows(select(Reward).where(Reward.partner == partner))
        assert all(rules.recompute(one) == one.amount for one in rows)
        found = {}
        for one in rows:
            found[one.server, one.kind] = found.get((one.server, one.kind), 0) + one.amount
        return found

    work.now = bounds[0][0] + timedelta(days=3)
    await closed_with("100", 0)
    await closed_with("40", 0, abroad)
    work.now = bounds[2][0] + timedelta(days=4)
    await closed_with("-300", 1)
    for month in (0, 1):
        await months.close(work, bounds[month][0], bounds[month + 1][0], bounds[month][1])
    one, two = bounds[0][1], bounds[1][1]
    assert await sums() == {
        (one, "profit-share"): -30, (one, "carried-on"): 30,
        (two, "carried-in"): -30, (two, "profit-share"): 60,
    }  # fmt: skip
    assert await again("nothing is new") == []

    await closed_with("-50", 0)
    (done,) = await again("a deal came late")

    assert (done.partner, done.count, done.adjusted, done.amount) == (partner, 3, 3, 10)
    assert await sums() == {
        (one, "profit-share"): -20, (one, "carried-on"): 20,
        (two, "carried-in"): -20, (two, "profit-share"): 60,
    }  # fmt: skip
    assert await again("once more") == []
    for month in (0, 1):
        await months.close(work, bounds[month][0], bounds[month + 1][0], bounds[month][1])
    await months.close(work, bounds[2][0], bounds[3][0], bounds[2][1])
    assert sum((await sums()).values()) == 40
    broken = {one.invariant for one in (await check.examine(work)).violations}
    assert broken <= {"dated-ahead"}


async def test_a_simulation_says_who_gains_and_who_loses_and_writes_nothing(work):
    tree = await three(work)
    await imported(work, tree.trader, a_trade(tree.trader.login, work.now, lots="2"))
    stranger = await a_partner(work)
    other = await a_trader(work, stranger)
    await imported(work, other, a_trade(other.login, work.now, lots="1"))
    later(work, seconds=1)
    count = await work.count(select(Reward.id))
    cheaper = with_plan(rewards=(RewardRule(kind="per-lot", rate=Amount(amount=Decimal(3))),))

    same = await simulating.simulate(work, SETTINGS)
    found = await simulating.simulate(work, cheaper)

    mine = {one.partner: one.difference for one in found.partners}
    assert [one for one in same.partners if one.difference] == []
    assert mine[stranger] == -2
    assert {mine[one] for one in (tree.third, tree.sub, tree.master)} == {0}
    assert await work.count(select(Reward.id)) == count
    told_ = await simulating.rehearse(work, SETTINGS, cheaper)
    assert [one.places["n"] for one in told_[1:3]] == ["0", "1"]
    assert simulating.touched(SETTINGS, cheaper) and not simulating.touched(SETTINGS, SETTINGS)


async def test_a_simulation_pays_for_clients_months_and_fees_too(work, monkeypatch):
    tree = await three(work)
    client = tree.trader.client
    await paid(work, client)
    await _level(work, client, "verified")
    await imported(work, tree.trader, a_trade(tree.trader.login, work.now, lots="2"))
    await booking.tell(
        work, [booking.Fact("prop", "evaluation-1", client, Decimal(100), "USD", work.now)]
    )
    later(work, seconds=1)
    count = await work.count(select(Reward.id))
    fee = RewardRule(kind="fee-share", percent=Decimal(7), when=When(source=("prop",)))
    month = RewardRule(kind="profit-share", percent=Decimal(10))
    won = (await work.table(text("select -sum(profit + swap + commission) as won from deal")))[
        0
    ].won

    richer = await simulating.simulate(work, with_plan(rewards=(*PLAN.rewards, CPA, fee, month)))
    monkeypatch.setitem(work._settings, PartnerSettings, with_plan(rewards=(*PLAN.rewards, CPA)))
    same = await simulating.simulate(work, with_plan(rewards=(*PLAN.rewards, CPA)))
    later(work, days=29)
    without = await simulating.simulate(work, SETTINGS)

    mine = {one.partner: one.difference for one in richer.partners}
    assert mine[tree.third] == 200 + 7 + won / 10
    assert (richer.acquired, same.acquired, without.acquired) == ((0, 1), (1, 1), (1, 0))
    assert [one for one in same.partners if one.difference] == []
    assert {one.partner: one.difference for one in without.partners}[tree.third] == -200
    told_ = await simulating.rehearse(work, SETTINGS, SETTINGS)
    assert any(one.text.startswith("A sum would have been paid") for one in told_)
    assert await work.count(select(Reward.id)) == count


async def test_a_client_who_came_far_enough_before_these_days_is_of_no_simulation(work):
    tree = await three(work)
    await paid(work, tree.trader.client)
    await _level(work, tree.trader.client, "verified")
    await imported(work, tree.trader, a_trade(tree.trader.login, work.now, lots="2"))
    later(work, days=31)
    await imported(work, tree.trader, a_trade(tree.trader.login, work.now, lots="3"))

    found = await simulating.simulate(work, with_plan(rewards=(*PLAN.rewards, CPA)))

    assert found.acquired == (0, 0)


def test_a_plan_that_says_what_cannot_be_is_refused():
    bad = (
        {"cap": {"percent_of_income": 120}},
        {"levels": {"pay": "by-level"}},
        {"rewards": [{"kind": "per-lot"}]},
        {"rewards": [{"kind": "spread-share", "percent": "101"}]},
        {"rewards": [{"kind": "per-lot", "rate": {"amount": "1", "currency": "EUR"}}]},
        {"rewards": [{"kind": "per-lot", "rate": {"amount": "1"}, "when": {"tier": ["no"]}}]},
    )
    for changes in bad:
        body = {"code": "x", "label": "X", "rewards": []} | changes
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(body, Plan, strict=False)

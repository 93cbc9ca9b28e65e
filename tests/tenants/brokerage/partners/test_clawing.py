"""IB-11: a charged-back deposit takes its rewards along, named, and less than nothing is carried."""

from datetime import timedelta
from decimal import Decimal

from sqlalchemy import select, update

from brokerage.clients.model import Client
from brokerage.ledger import accounts, check
from brokerage.partners import payouts, rules
from brokerage.partners.model import PartnerPayout, Reward
from brokerage.partners.paying import drawing
from brokerage.partners.rewards import clawing
from brokerage.payments.depositing import crediting
from brokerage.payments.disputes import noticing
from brokerage.payments.disputes.noticing import Told
from brokerage.payments.model import Deposit, PaymentAttempt
from brokerage.payments.values import DisputeStage
from stoa.kernel.ids import reference, uuid7
from stoa.kernel.money import Money
from support.planting import misnamed
from support.queries import counted

from .builders import a_trade, earned, imported, later, rewards, three


async def paid(work, client, amount="500.00"):
    """A credited deposit of a client."""
    row = Deposit(
        id=uuid7(),
        reference=reference("D"),
        client=client,
        method="card",
        amount=Decimal(amount),
        currency="USD",
        state="starting",
        psp="alpha",
        started_at=work.now,
        expires_at=work.now + timedelta(hours=1),
    )
    work.add(row)
    await work.flush()
    work.add(
        PaymentAttempt(
            id=uuid7(),
            deposit=row.id,
            number=1,
            psp="alpha",
            state="paid",
            decision={},
            reference=f"cs_{row.id}",
            asked_at=work.now,
        )
    )
    source = accounts.house(work, "psp:alpha", "USD")
    await crediting.credit(work, row, Money(row.amount, "USD"), Money.zero("USD"), source=source)
    return row


async def told(work, deposit, stage, amount="500.00", case="du_1"):
    later(work, minutes=1)
    notice = Told(
        psp="alpha",
        stage=DisputeStage(stage),
        key=str(uuid7()),
        case=case,
        at=work.now,
        money=Money(Decimal(amount), "USD"),
    )
    return await noticing.take(work, deposit.id, notice)


async def traded(work):
    """A tree of three, a deposit of 500 and ten lots after it."""
    tree = await three(work)
    deposit = await paid(work, tree.trader.client)
    later(work, hours=1)
    assert await imported(work, tree.trader, a_trade(tree.trader.login, work.now, lots="10")) == 3
    return tree, deposit


async def test_everyone_above_gives_back_what_the_deposit_paid_for_line_by_line(work):
    tree, deposit = await traded(work)
    before = await earned(work, tree.trader.client)
    assert [before[one] for one in (tree.third, tree.sub, tree.master)] == [50, 10, 20]

    row = await told(work, deposit, "chargeback")

    assert set((await earned(work, tree.trader.client)).values()) == {Decimal(0)}
    lines = [one for one in await rewards(work, tree.trader.client) if one.dispute is not None]
    assert {one.dispute for one in lines} == {row.id} and {one.step for one in lines} == {1}
    assert all(one.lots == 0 and rules.recompute(one) == one.amount for one in lines)


async def test_a_part_takes_its_share_and_a_won_dispute_gives_all_of_it_again(work):
    tree, deposit = await traded(work)
    before = await earned(work, tree.trader.client)

    await told(work, deposit, "chargeback", "125.00")
    part = await earned(work, tree.trader.client)
    await told(work, deposit, "won")
    again = await earned(work, tree.trader.client)
    await told(work, deposit, "lost")
    gone = await earned(work, tree.trader.client)

    assert part == {who: amount * Decimal("0.75") for who, amount in before.items()}
    assert again == before
    assert set(gone.values()) == {Decimal(0)}
    assert (await check.examine(work)).violations == []


async def test_money_that_came_otherwise_keeps_its_part_of_the_rewards(work):
    tree, deposit = await traded(work)
    await paid(work, tree.trader.client, "1500.00")
    before = await earned(work, tree.trader.client)

    await told(work, deposit, "chargeback")

    after = await earned(work, tree.trader.client)
    assert after == {who: amount * Decimal("0.75") for who, amount in before.items()}


async def test_what_was_earned_before_the_deposit_stays(work):
    tree = await three(work)
    assert await imported(work, tree.trader, a_trade(tree.trader.login, work.now)) == 3
    later(work, hours=1)
    deposit = await paid(work, tree.trader.client)
    before = await earned(work, tree.trader.client)

    await told(work, deposit, "chargeback")

    assert await earned(work, tree.trader.client) == before


async def test_two_disputes_of_one_deal_never_take_more_than_it_was(work):
    tree, deposit = await traded(work)
    second = await paid(work, tree.trader.client)

    await told(work, deposit, "chargeback")
    await told(work, second, "chargeback", case="du_2")
    await told(work, second, "lost", case="du_2")

    assert all(one >= 0 for one in (await earned(work, tree.trader.client)).values())
    assert (await check.examine(work)).violations == []


async def disputed_before_a_late_deal(work, count):
    """A trader with so many undone payments, and a deal of before that nobody has heard of yet."""
    tree = await three(work)
    deposits = [await paid(work, tree.trader.client) for _ in range(count)]
    later(work, hours=1)
    late = a_trade(tree.trader.login, work.now, lots="10")
    later(work, hours=1)
    for number, deposit in enumerate(deposits):
        await told(work, deposit, "chargeback", case=f"du_{tree.trader.login}_{number}")
    return tree, late


async def test_a_late_deal_asks_as_much_for_four_undone_payments_as_for_one(house, work):
    one, first = await disputed_before_a_late_deal(work, 1)
    four, second = await disputed_before_a_late_deal(work, 4)
    await imported(work, one.trader, first)
    await imported(work, four.trader, second)

    with counted(house) as for_one:
        await clawing.follow(work, [one.trader.client])
    with counted(house) as for_four:
        await clawing.follow(work, [four.trader.client])
    with counted(house) as for_both:
        await clawing.follow(work, [one.trader.client, four.trader.client])

    assert len(for_one) == len(for_four) == len(for_both)
    assert set((await earned(work, one.trader.client)).values()) == {Decimal(0)}
    assert set((await earned(work, four.trader.client)).values()) == {Decimal(0)}


async def test_undone_payments_that_ask_for_more_than_a_late_deal_gave_share_what_there_is(work):
    tree, late = await disputed_before_a_late_deal(work, 2)
    total = update(Client).where(Client.id == tree.trader.client)
    await work.run(total.values(deposits_total=Decimal(800)))
    work.session.expire_all()

    await imported(work, tree.trader, late)
    await work.run(total.values(deposits_total=Decimal(1000)))

    assert set((await earned(work, tree.trader.client)).values()) == {Decimal(0)}
    lines = [one for one in await rewards(work, tree.trader.client) if one.dispute is not None]
    assert len(lines) == 6
    by_dispute = {one.dispute: one.factor for one in lines}
    assert [by_dispute[one] for one in sorted(by_dispute)] == [Decimal("-0.625"), Decimal("-0.375")]
    assert all(rules.recompute(one) == one.amount for one in lines)
    assert (await check.examine(work)).violations == []


async def test_what_was_paid_already_is_carried_as_less_than_nothing_into_the_next_payout(work):
    tree, deposit = await traded(work)
    made = await payouts.make(work, tree.third)
    assert made is not None and made.amount == 50

    await told(work, deposit, "chargeback")
    assert (await drawing.unpaid(work, [tree.third]))[tree.third].earned == -50
    assert await payouts.make(work, tree.third) is None
    later(work, hours=1)
    more = a_trade(tree.trader.login, work.now, lots="13")
    assert await imported(work, tree.trader, more) == 3
    next_one = await payouts.make(work, tree.third)

    assert next_one is not None and next_one.amount == 15
    assert (await check.examine(work)).violations == []
    rows = await work.rows(select(PartnerPayout).where(PartnerPayout.partner == tree.third))
    assert sum(one.amount for one in rows) == 65
    mine = select(Reward.id).where(Reward.client == tree.trader.client)
    assert await work.count(mine.where(Reward.dispute.is_not(None))) == 3


PLANTS = {
    "a paid payout is said to wait": (
        "update partner_payout set state = 'waiting' where state = 'paid'",
        {"partner-unbooked"},
    ),
    "a payout claims another amount than was booked": (
        "update partner_payout set amount = amount + 1, earned = earned + 1 where state = 'paid'",
        {"partner-unbooked"},
    ),
    "a payout holds rewards there are not": (
        "update partner_payout set rewards = rewards + 100",
        {"partner-overpaid"},
    ),
    "a payout loses its remainder": (
        "update partner_payout set carried = carried + 1",
        {"partner-overpaid"},
    ),
    "a reward is taken back twice": (
        "update reward set factor = 3 * factor, amount = 3 * amount where dispute is not null",
        {"reward-taken-twice"},
    ),
    "a reward is taken back for a dispute that was won": (
        "update dispute set standing = 'none'",
        {"reward-taken-twice"},
    ),
    "a dispute gave more than it took": (
        "update reward set amount = -amount, factor = -factor where dispute is not null",
        {"reward-taken-twice"},
    ),
}


async def test_each_corruption_of_rewards_and_payouts_is_named(house):
    tenant = await house.tenant()
    async with house.door.open(tenant, purpose="test") as work:
        tree, deposit = await traded(work)
        assert await payouts.make(work, tree.third) is not None
        await told(work, deposit, "chargeback")

    assert await misnamed(house, tenant, PLANTS) == {}

"""Money that fits no order: proposed, decided by two, moved once; and news in every order."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import permutations

import pytest
from sqlalchemy import func, select

from brokerage.ledger import check
from brokerage.ledger.model import LedgerAccount, Leg
from brokerage.payments import queries, settlement
from brokerage.payments.connector import State, Status
from brokerage.payments.depositing import concluding, unresolved
from brokerage.payments.model import Deposit, PaymentAttempt, Unresolved
from brokerage.payments.settings import PaymentsSettings
from brokerage.payments.tables import UNRESOLVED
from brokerage.payments.values import Method
from brokerage.payments.withdrawing import checks
from stoa.kernel.ids import reference, uuid7
from stoa.kernel.money import Money
from stoa.kernel.refusals import Conflict, Denied, Invalid, NotFound
from stoa.tenancy import settings
from stoa.web.tables.read import Asked, page
from support.patience import until

from .people import finance
from .test_routing import body, changed, psps


async def item_of(market, deposit):
    async with market.opener()() as work:
        return await work.first(select(Unresolved).where(Unresolved.deposit == deposit))


async def put_aside(market, customer, amount="100.00", came="120.00", **more):
    """A deposit whose provider confirms another amount than was ordered."""
    made = await customer.start(amount, **more)
    tried = (await customer.attempts(made.deposit))[0]
    await told(market, tried, came)
    return made.deposit, tried


async def told(market, tried, came, currency="USD", state="review"):
    status = Status(
        reference=tried.reference,
        state=State(state),
        raw=state,
        money=Money(Decimal(came), currency),
        our_id=str(tried.id),
    )
    async with market.opener()() as work:
        await concluding.conclude(work, tried.id, status, None)


async def test_one_asks_and_another_agrees_before_money_moves(market, customer):
    deposit, _ = await put_aside(market, customer)
    item = await item_of(market, deposit)
    one, two = finance(), finance()
    assert (item.problem, item.proposed) == ("over-paid", "credit")

    assert not await unresolved.decide(market.opener(one), item.id, "credit", "paid more")
    assert await customer.available() == 0
    with pytest.raises(Denied):
        await unresolved.decide(market.opener(one), item.id, "credit", "still me")
    assert await customer.available() == 0
    assert await unresolved.decide(market.opener(two), item.id, "credit", "I agree")

    assert await customer.available() == Decimal("120.00")
    row = await item_of(market, deposit)
    assert (row.asked_by, row.resolved_by, row.outcome) == (one.id, two.id, "credited")
    with pytest.raises(Conflict):
        await unresolved.decide(market.opener(finance()), item.id, "credit", "again")


async def test_who_says_otherwise_waits_for_another_in_turn(market, customer):
    deposit, _ = await put_aside(market, customer)
    item = await item_of(market, deposit)
    one, two = finance(), finance()

    assert not await unresolved.decide(market.opener(one), item.id, "credit", "paid more")
    assert not await unresolved.decide(market.opener(two), item.id, "give-back", "not theirs")
    with pytest.raises(Denied):
        await unresolved.decide(market.opener(two), item.id, "give-back", "me again")
    assert not await unresolved.decide(market.opener(one), item.id, "credit", "yes it is")

    assert await customer.available() == 0
    assert (await item_of(market, deposit)).asked_by == one.id


async def test_twenty_who_agree_at_once_credit_once(market, customer):
    deposit, _ = await put_aside(market, customer)
    item = await item_of(market, deposit)
    assert not await unresolved.decide(market.opener(finance()), item.id, "credit", "paid more")
    places = asyncio.Semaphore(6)

    async def agree():
        async with places:
            return await unresolved.decide(market.opener(finance()), item.id, "credit", "yes")

    answers = await asyncio.gather(*(agree() for _ in range(20)), return_exceptions=True)

    assert [one for one in answers if one is True] == [True]
    assert all(isinstance(one, Conflict) for one in answers if one is not True)
    assert await customer.available() == Decimal("120.00")


async def test_little_money_is_one_persons_word_where_the_settings_say_so(market, customer):
    async with market.opener()() as work:
        now = settings.as_data(work.settings(PaymentsSettings))
        told_now = now | {"resolve_alone": {"amount": "150", "currency": "USD"}}
        value = settings.parse("payments", PaymentsSettings, told_now)
        await settings.put(work, "payments", value, why="test")
    little, _ = await put_aside(market, customer)
    much, _ = await put_aside(market, customer, "400.00", "410.00")

    one = finance()
    done = [
        await unresolved.decide(market.opener(one), (await item_of(market, each)).id, "credit", "x")
        for each in (little, much)
    ]

    assert done == [True, False]
    assert await customer.available() == Decimal("120.00")


async def test_a_second_payment_goes_back_to_its_payer_once(market, customer):
    made = await customer.paid("80.00")
    tried = (await customer.attempts(made))[0]
    async with market.opener()() as work:
        other = PaymentAttempt(
            id=uuid7(),
            deposit=made,
            number=2,
            psp=tried.psp,
            state="open",
            decision=tried.decision,
            reference="cs_second",
            asked_at=work.now,
        )
        work.add(other)
    await told(market, other, "80.00", state="succeeded")
    item = await item_of(market, made)
    assert (item.problem, item.proposed) == ("second-payment", "return")

    with pytest.raises(Conflict):
        await unresolved.decide(market.opener(finance()), item.id, "close", "nothing")
    with pytest.raises(Invalid):
        await unresolved.decide(market.opener(finance()), item.id, "credit", " ")
    with pytest.raises(Invalid):
        await unresolved.decide(market.opener(finance()), item.id, "keep", "ours now")
    assert await customer.available() == Decimal("80.00")


async def test_where_nothing_is_given_back_when_asked_two_people_say_that_it_was(
    market, customer, desk
):
    """A bank, or coins: it was given back outside, and the books say so once."""
    deposit, tried = await put_aside(market, customer)
    item = await item_of(market, deposit)
    async with market.opener()() as work:
        row = await work.get(Unresolved, item.id)
        row.psp, row.attempt = "bank:usd-clients", None  # as a bank's line that fits no order

    with pytest.raises(Conflict, match="Give it back yourself"):
        await unresolved.decide(market.opener(finance()), item.id, "give-back", "not theirs")
    page = await (await desk("Finance")).get(f"/desk/unresolved/{item.id}")
    assert 'value="gave-back"' in page.text and 'value="give-back"' not in page.text
    one, two = finance(), finance()
    assert not await unresolved.decide(market.opener(one), item.id, "gave-back", "wire 4711")
    with pytest.raises(Denied):
        await unresolved.decide(market.opener(one), item.id, "gave-back", "wire 4711")
    assert await unresolved.decide(market.opener(two), item.id, "gave-back", "seen: wire 4711")
    with pytest.raises(Conflict):
        await unresolved.decide(market.opener(finance()), item.id, "gave-back", "again")

    assert (await customer.deposit(deposit)).state == "returned"
    assert await customer.available() == 0
    async with market.opener()() as work:
        legs = await work.table(
            select(LedgerAccount.code, func.sum(Leg.amount))
            .join(Leg, Leg.account == LedgerAccount.id)
            .group_by(LedgerAccount.code)
        )
        assert (await check.examine(work)).violations == []
    held = {code: total for code, total in legs if code in {"suspense", "bank:usd-clients"}}
    assert held == {"suspense": 0, "bank:usd-clients": Decimal(120)}
    assert tried.psp


@pytest.mark.parametrize(
    ("came", "currency", "state", "problem", "proposed"),
    [
        ("60.00", "USD", "review", "under-paid", "credit"),
        ("100.00", "USD", "review", "late", "credit"),
        ("100.00", "EUR", "succeeded", "other-currency", "return"),
    ],
)
async def test_each_way_not_to_fit_has_its_proposal(
    market, customer, came, currency, state, problem, proposed
):
    made = await customer.start("100.00")
    tried = (await customer.attempts(made.deposit))[0]

    await told(market, tried, came, currency, state)

    item = await item_of(market, made.deposit)
    assert (item.problem, item.proposed) == (problem, proposed)
    assert await customer.available() == 0 == await customer.available("EUR")


async def test_the_rest_of_a_crypto_payment_joins_what_came_first(market, customer):
    """C10: wait, then the whole of it is credited as ordered; suspense is empty again."""
    deposit, tried = await put_aside(market, customer, "100.00", "60.00", method=Method.CRYPTO)
    item = await item_of(market, deposit)
    assert (item.problem, item.proposed) == ("under-paid", "wait")
    assert await unresolved.decide(market.opener(finance()), item.id, "wait", "the rest comes")

    await told(market, tried, "100.00")
    await told(market, tried, "100.00")
    item = await item_of(market, deposit)
    assert (item.amount, item.proposed, item.wait_until) == (Decimal(100), "credit", None)
    for _ in range(2):
        await unresolved.decide(market.opener(finance()), item.id, "credit", "complete now")

    assert await customer.available() == Decimal("100.00")
    assert (await customer.deposit(deposit)).state == "credited"


async def test_while_a_client_may_pay_the_provider_is_asked_every_other_minute(market, customer):
    """PSP-09: what no callback told is found within two minutes, however long the client took."""
    made = await customer.start("50.00")
    tried = (await customer.attempts(made.deposit))[0]
    async with market.opener()() as work:
        row = await work.get(Deposit, made.deposit)
        attempt = await work.get(PaymentAttempt, tried.id)
        for polls in range(60):
            attempt.polls = polls
            concluding.later(work, row, attempt)
            assert attempt.next_poll_at - work.now <= timedelta(seconds=110)
        row.expires_at = work.now - timedelta(hours=2)
        concluding.later(work, row, attempt)
        assert attempt.next_poll_at - work.now > timedelta(minutes=10)


NEWS = ("created", "pending", "expired", "cancelled", "failed", "succeeded")


async def test_all_720_orders_of_six_news_end_the_same_and_credit_once(market, customer):
    """T72: whichever comes last, money that came is credited, once."""
    orders = list(permutations(NEWS))
    made = []
    async with market.opener()() as work:
        for number in range(len(orders)):
            row = Deposit(
                id=uuid7(),
                reference=reference("D"),
                client=customer.id,
                method="card",
                amount=Decimal("1.00"),
                currency="USD",
                state="waiting",
                psp="alpha",
                started_at=work.now,
                expires_at=work.now + timedelta(hours=1),
            )
            attempt = PaymentAttempt(
                id=uuid7(),
                deposit=row.id,
                number=1,
                psp="alpha",
                state="open",
                decision={},
                reference=f"cs_{number}",
                asked_at=work.now,
            )
            work.add(row)
            await work.flush()
            work.add(attempt)
            made.append((row.id, attempt.id))
    assert len(orders) == 720

    for start in range(0, 720, 40):
        async with market.opener()() as work:
            for place in range(start, start + 40):
                for news in orders[place]:
                    status = Status(
                        reference=f"cs_{place}",
                        state=State(news),
                        raw=news,
                        money=Money(Decimal("1.00"), "USD"),
                        our_id=str(made[place][1]),
                    )
                    await concluding.conclude(work, made[place][1], status, None)

    async with market.opener()() as work:
        ends = await work.table(
            select(Deposit.state, PaymentAttempt.state, func.count())
            .join(PaymentAttempt, PaymentAttempt.deposit == Deposit.id)
            .group_by(Deposit.state, PaymentAttempt.state)
        )
    assert [tuple(one) for one in ends] == [("credited", "paid", 720)]
    assert await customer.available() == Decimal("720.00")


async def test_a_callback_that_is_late_by_a_day_is_not_lost(market, customer):
    made = await customer.start("40.00")
    tried = (await customer.attempts(made.deposit))[0]
    await told(market, tried, "0", state="expired")
    assert (await customer.deposit(made.deposit)).state == "expired"
    shop = market.alpha if tried.psp == "alpha" else market.beta
    await shop.pay(tried.reference)

    async def looked():
        await settlement.look(market.opener(), tried.id)
        return (await customer.deposit(made.deposit)).state == "credited"

    await until(looked)
    assert await customer.available() == Decimal("40.00")


async def test_money_of_clients_out_of_scope_is_neither_listed_nor_opened(market, customer):
    deposit, _ = await put_aside(market, customer)
    item = await item_of(market, deposit)
    wide, narrow = finance(), replace(finance(), scope="own")

    async with market.opener(wide)() as work:
        assert item.id in {row.id for row in (await queries.unresolved(work, 1_000))[0]}
        assert (await queries.unresolved_seen(work, item.id)).id == item.id
    async with market.opener(narrow)() as work:
        assert await queries.unresolved(work, 1_000) == ([], 0)
        assert (await page(work, UNRESOLVED, Asked.of(UNRESOLVED, {}))).rows == []
        with pytest.raises(NotFound):
            await queries.unresolved_seen(work, item.id)


@pytest.mark.parametrize(
    ("came", "currency", "state"),
    [("60.00", "USD", "review"), ("140.00", "USD", "review"), ("90.00", "EUR", "succeeded")],
)
async def test_a_deposit_that_is_credited_otherwise_is_what_came(
    market, customer, desk, came, currency, state
):
    """T52, T61: no more goes back along it than came, and only in its currency; the books agree."""
    costs = [{"method": ["card"], "percent": "2"}]
    now = await body(market)
    await changed(market, psps=psps(now, alpha={"costs": costs}, beta={"costs": costs}))
    made = await customer.start("100.00")
    tried = (await customer.attempts(made.deposit))[0]
    await told(market, tried, came, currency, state)
    item = await item_of(market, made.deposit)
    for _ in range(2):
        await unresolved.decide(market.opener(finance()), item.id, "credit", "it is theirs")

    row = await customer.deposit(made.deposit)
    assert (row.amount, row.currency, row.state) == (Decimal(came), currency, "credited")
    (kept,) = await customer.attempts(made.deposit)
    assert kept.decision["ask"]["amount"] == "100.00"
    page = await (await desk("Finance")).get(f"/desk/deposits/{made.deposit}")
    assert "Ordered" in page.text and "What came" in page.text and "100.00" in page.text
    assert kept.cost == (Decimal(came) * 2 / 100).quantize(Decimal("0.01"))
    assert await customer.available(currency) == Decimal(came)
    async with market.opener()() as work:
        back = [one.left for one in await checks.sources(work, customer.id, currency)]
        elsewhere = await checks.sources(work, customer.id, "EUR" if currency == "USD" else "USD")
        assert (await check.examine(work)).violations == []
    assert (back, elsewhere) == ([Money(Decimal(came), currency)], [])

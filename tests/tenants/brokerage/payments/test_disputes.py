"""Payments that come undone: held or owed once, whatever is told how often and in which order."""

import asyncio
from decimal import Decimal
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from brokerage.ledger import rates
from brokerage.payments import settlement
from brokerage.payments.disputes import listing, noticing, rules
from brokerage.payments.disputes.rules import Notice
from brokerage.payments.events import CallbackTaken, DepositCredited
from brokerage.payments.model import Deposit, Dispute, ProviderEvent, Unresolved
from brokerage.payments.values import DisputeStage
from brokerage.payments.withdrawing import withdrawals
from stoa.kernel.ids import uuid7
from stoa.kernel.money import Money
from stoa.kernel.refusals import Conflict
from support.patience import until

from .disputed import START, Disputing, stands, usd
from .test_callbacks import at_alpha
from .test_fees import DEPOSIT, scheduled
from .test_withdrawals import a_place, asked


@pytest.fixture
def disputes(market) -> Disputing:
    return Disputing(market)


async def test_what_is_there_is_held_and_a_client_with_it_owes_nothing(customer, disputes):
    deposit = await customer.paid("500.00")

    row = await disputes.told(deposit, "chargeback", money=usd("500.00"), reason="fraudulent")

    assert (row.standing, row.secured, row.reason) == ("secured", Decimal(500), "fraudulent")
    assert stands(await disputes.where(customer)) == ("0", "500", "0", "0")
    assert await disputes.laws() == []


async def test_a_chargeback_on_an_empty_wallet_is_a_claim_and_the_wallet_stays_at_nothing(
    customer, disputes
):
    """T62."""
    deposit = await customer.paid("500.00")
    await disputes.spend(customer, "420.00")

    await disputes.told(deposit, "chargeback", money=usd("500.00"))

    assert stands(await disputes.where(customer)) == ("0", "80", "420", "420")
    assert await disputes.laws() == []


async def test_an_inquiry_holds_and_claims_nothing_until_money_is_taken(customer, disputes):
    deposit = await customer.paid("500.00")
    await disputes.spend(customer, "100.00")

    row = await disputes.told(deposit, "inquiry", money=usd("500.00"))
    assert row.standing == "frozen"
    assert stands(await disputes.where(customer)) == ("0", "400", "0", "0")
    await disputes.told(deposit, "chargeback", day=1, money=usd("500.00"))

    assert stands(await disputes.where(customer)) == ("0", "400", "100", "100")
    assert await disputes.laws() == []


async def test_a_won_dispute_leaves_everything_as_it_was_by_linked_reversals(customer, disputes):
    deposit = await customer.paid("500.00")
    await disputes.spend(customer, "420.00")
    before = await disputes.at_provider()

    await disputes.told(deposit, "chargeback", money=usd("500.00"), debited=usd("500.00"))
    assert await disputes.at_provider() == before - 500
    assert stands(await disputes.where(customer)) == ("0", "80", "420", "-80")
    row = await disputes.told(deposit, "won", day=9)

    assert (row.standing, row.ended_at is not None) == ("none", True)
    assert stands(await disputes.where(customer)) == ("80", "0", "0", "0")
    assert await disputes.at_provider() == before
    async with disputes.market.opener()() as work:
        from brokerage.ledger.model import Entry

        undone = await work.rows(select(Entry.kind).where(Entry.reverses.is_not(None)))
    assert list(undone) == ["reversal"] * 3
    assert await disputes.laws() == []


async def test_a_lost_dispute_keeps_the_claim_and_the_house_is_whole_once_it_is_paid(
    customer, disputes
):
    deposit = await customer.paid("500.00")
    await disputes.spend(customer, "420.00")

    await disputes.told(deposit, "chargeback", money=usd("500.00"), debited=usd("500.00"))
    row = await disputes.told(deposit, "lost", day=9)

    assert row.standing == "lost"
    assert stands(await disputes.where(customer)) == ("0", "0", "420", "0")
    assert await disputes.laws() == []


async def test_a_bank_that_takes_it_a_second_time_is_followed_and_so_is_a_late_win(
    customer, disputes
):
    deposit = await customer.paid("500.00")
    for day, stage in enumerate(["chargeback", "reversed", "pre-arb", "lost", "won"]):
        row = await disputes.told(deposit, stage, day=day, money=usd("500.00"))
        assert row.stage == stage
        assert await disputes.laws() == []

    assert (row.turn, row.standing) == (2, "none")
    assert stands(await disputes.where(customer)) == ("500", "0", "0", "0")


SIX = (
    ("inquiry", 0),
    ("chargeback", 1),
    ("reversed", 2),
    ("pre-arb", 3),
    ("won", 4),
    ("lost", 5),
)


def test_all_orders_of_six_notices_come_to_the_same_stage():
    """T72: all 720 of them, with the provider's own times."""
    told = [
        Notice(DisputeStage(stage), START.replace(day=2 + day), f"k{day}") for stage, day in SIX
    ]

    assert {rules.stage_of(order) for order in permutations(told)} == {DisputeStage.LOST}


@given(
    st.lists(
        st.tuples(st.sampled_from(list(DisputeStage)), st.one_of(st.none(), st.integers(0, 5))),
        min_size=1,
        max_size=6,
    ),
    st.randoms(),
)
def test_any_notices_in_any_order_come_to_the_same(said, chance):
    told = [
        Notice(stage, None if day is None else START.replace(day=2 + day), f"k{at}", usd("5"))
        for at, (stage, day) in enumerate(said)
    ]
    mixed = list(told)
    chance.shuffle(mixed)

    assert rules.stage_of(mixed) == rules.stage_of(told)
    assert rules.claim_of(mixed) == rules.claim_of(told)


@pytest.mark.parametrize("order", [(5, 4, 3, 2, 1, 0), (3, 0, 5, 2, 4, 1), (1, 2, 0, 5, 3, 4)])
async def test_the_money_is_where_the_last_notice_puts_it_in_whatever_order_they_come(
    customer, disputes, order
):
    deposit = await customer.paid("500.00")
    await disputes.spend(customer, "420.00")
    start = await disputes.at_provider()

    for at in order:
        stage, day = SIX[at]
        took = usd("500.00") if stage in {"chargeback", "pre-arb", "lost"} else None
        await disputes.told(deposit, stage, day=day, money=usd("500.00"), debited=took)
        assert await disputes.laws() == []

    assert (await disputes.one(deposit)).stage == "lost"
    assert stands(await disputes.where(customer)) == ("0", "0", "420", "0")
    assert await disputes.at_provider() == start - 500


async def test_a_hundred_copies_of_a_notice_at_once_are_one_dispute_and_one_posting(
    market, customer, disputes
):
    """T71, over the wire: the provider's own callback, brought a hundred times."""
    made, attempt = await at_alpha(customer, "300.00")
    await customer.pay(made.deposit)
    await settlement.look(market.opener(), attempt.id)
    await disputes.spend(customer, "200.00")
    answer = await market.alpha.at.http.post(
        "/_sandbox/dispute", json={"session": attempt.reference}
    )
    assert answer.status_code == 200, answer.text
    await until(lambda: any(b"charge.dispute.created" in one.content for one in market.hooks.got))

    assert set(await market.deliver("alpha", copies=100)) == {202}
    await market.react(at_once=3)

    row = await disputes.one(made.deposit)
    assert (row.stage, row.debited, row.fee) == ("chargeback", Decimal(300), Decimal(15))
    assert row.due_at is not None and row.case_number == answer.json()["id"]
    assert stands(await disputes.where(customer)) == ("0", "100", "200", "-100")
    assert await disputes.laws() == []

    closed = await market.alpha.at.http.post(
        f"/_sandbox/disputes/{row.case_number}/close", json={"status": "won"}
    )
    assert closed.status_code == 200
    await until(lambda: any(b"charge.dispute.closed" in one.content for one in market.hooks.got))
    await market.deliver("alpha", copies=3)
    await market.react()
    assert (await disputes.one(made.deposit)).stage == "won"
    assert stands(await disputes.where(customer)) == ("100", "0", "0", "0")
    assert await disputes.laws() == []


async def test_the_same_notice_by_many_hands_at_once_is_taken_once(customer, disputes):
    deposit = await customer.paid("500.00")
    key = str(uuid7())
    places = asyncio.Semaphore(6)

    async def one():
        async with places:
            await disputes.told(deposit, "chargeback", key=key, money=usd("500.00"))

    await asyncio.gather(*(one() for _ in range(100)))

    assert len((await disputes.one(deposit)).notices) == 1
    assert stands(await disputes.where(customer)) == ("0", "500", "0", "0")


async def test_a_part_is_held_and_the_rest_stays_the_clients(customer, disputes):
    deposit = await customer.paid("500.00")

    await disputes.told(deposit, "chargeback", money=usd("120.50"))
    assert stands(await disputes.where(customer)) == ("379.5", "120.5", "0", "0")
    await disputes.told(deposit, "chargeback", day=1, money=usd("200.00"))

    assert stands(await disputes.where(customer)) == ("300", "200", "0", "0")
    assert (await disputes.one(deposit)).turn == 2
    assert await disputes.laws() == []


async def test_a_second_dispute_of_a_deposit_asks_for_what_the_first_left(customer, disputes):
    deposit = await customer.paid("500.00")
    await disputes.told(deposit, "chargeback", money=usd("400.00"))

    await disputes.told(deposit, "chargeback", case="du_2", money=usd("400.00"))

    one, two = await disputes.all_of(deposit)
    assert (one.secured, two.secured) == (Decimal(400), Decimal(100))
    assert [moment["what"] for moment in two.story][1] == "other-claims"
    assert stands(await disputes.where(customer)) == ("0", "500", "0", "0")
    assert await disputes.laws() == []


async def test_another_currency_is_asked_for_at_the_rate_of_the_day_and_never_more_than_came(
    market, customer, disputes
):
    deposit = await customer.paid("500.00")
    eur = Money(Decimal("100.00"), "EUR")
    async with market.opener()() as work:
        worth = (await rates.convert(work, eur, "USD")).rounded()

    row = await disputes.told(deposit, "chargeback", money=eur, debited=eur)
    assert (row.amount, row.currency, row.secured) == (Decimal(100), "EUR", worth.amount)
    assert row.debited == 0
    await disputes.told(deposit, "chargeback", case="du_2", money=Money(Decimal("9000.00"), "EUR"))

    assert (await disputes.where(customer)).held == Decimal(500)
    assert await disputes.laws() == []


async def test_a_number_that_comes_later_is_given_to_the_dispute_of_its_payment(customer, disputes):
    deposit = await customer.paid("500.00")

    await disputes.told(deposit, "chargeback", case="pay_9", numbered=False)
    await disputes.told(deposit, "chargeback", case="PP-D-1", day=1)
    await disputes.told(deposit, "lost", case="pay_9", numbered=False, day=2)

    row = await disputes.one(deposit)
    assert (row.case_number, row.stage) == ("PP-D-1", "lost")


async def test_a_notice_for_a_payment_nobody_knows_waits_and_then_asks_a_person(
    market, customer, disputes
):
    """T74."""
    async with market.opener()() as work:
        event = ProviderEvent(
            id=uuid7(),
            psp="alpha",
            event="evt_stray",
            kind="dispute",
            raw_kind="charge.dispute.created",
            reference="du_stray",
            payment="pi_stray",
            our_id="",
            amount=Decimal(40),
            currency="USD",
            code="fraudulent",
            stage="chargeback",
            raw_sealed=b"",
            received_at=work.now,
        )
        work.add(event)
    await settlement.settle(market.opener(), CallbackTaken(event=event.id))
    async with market.opener()() as work:
        row = await work.lock(ProviderEvent, event.id)
        assert row.state == "parked"
        row.received_at = START
    await settlement.settle(market.opener(), CallbackTaken(event=event.id))

    async with market.opener()() as work:
        item = await work.first(select(Unresolved).where(Unresolved.reference == "du_stray"))
        assert (item.problem, item.proposed) == ("chargeback", "answer")
        assert await work.count(select(Dispute.id)) == 0


async def test_a_payment_that_was_never_credited_takes_nothing_from_the_wallet(
    market, customer, disputes
):
    await customer.paid("500.00")
    made = await customer.start("70.00")
    async with market.opener()() as work:
        row = await work.get(Deposit, made.deposit)
    assert row.state != "credited"

    await disputes.told(made.deposit, "chargeback", money=usd("70.00"))

    assert stands(await disputes.where(customer)) == ("500", "0", "0", "0")
    assert await disputes.laws() == []


async def test_new_withdrawals_wait_and_go_on_once_it_is_settled(market, customer, disputes):
    await customer.paid("300.00")
    deposit = await customer.paid("500.00")
    await disputes.told(deposit, "chargeback", money=usd("500.00"))

    row = await asked(customer, "100.00", destination=await a_place(customer))
    assert (row.state, row.code) == ("held", "disputed")
    await disputes.told(deposit, "won", day=1)
    async with market.opener()() as work:
        row = await withdrawals.again(work, row.id)

    assert row.code != "disputed"


async def test_what_a_client_owes_keeps_withdrawals_waiting_after_it_is_lost(customer, disputes):
    await customer.paid("300.00")
    deposit = await customer.paid("500.00")
    await disputes.spend(customer, "600.00")
    await disputes.told(deposit, "lost", money=usd("500.00"))
    await customer.paid("90.00")

    row = await asked(customer, "60.00", destination=await a_place(customer))

    assert (row.state, row.code) == ("held", "owed")


async def test_money_does_not_go_to_another_client_while_a_payment_is_disputed(
    market, customer, disputes
):
    await customer.paid("300.00")
    deposit = await customer.paid("500.00")
    await disputes.told(deposit, "inquiry", money=usd("500.00"))
    from brokerage.payments.disputes import queries

    async with market.opener()() as work:
        with pytest.raises(Conflict) as told:
            await queries.may_give(work, customer.id, usd("5.00"), "internal-transfer")

    assert told.value.code == "disputed"


async def test_no_refund_goes_along_a_deposit_that_a_bank_has_taken(market, customer, disputes):
    from brokerage.payments.withdrawing import checks

    deposit = await customer.paid("500.00")
    async with market.opener()() as work:
        assert len(await checks.sources(work, customer.id, "USD")) == 1
    await disputes.told(deposit, "lost", money=usd("500.00"))

    async with market.opener()() as work:
        assert await checks.sources(work, customer.id, "USD") == []


async def test_the_fee_of_a_deposit_comes_back_with_it_and_pays_for_what_is_owed(
    market, customer, disputes
):
    await scheduled(market, DEPOSIT)
    deposit = await customer.paid("100.00")
    assert await customer.available() == Decimal("97.00")

    await disputes.told(deposit, "chargeback", money=usd("100.00"))
    assert stands(await disputes.where(customer)) == ("0", "97", "0", "3")
    assert await disputes.laws() == []
    await disputes.told(deposit, "won", day=1)

    assert stands(await disputes.where(customer)) == ("97", "0", "0", "0")
    assert await disputes.laws() == []


async def test_a_dispute_whose_notice_never_came_is_found_by_asking(market, customer, disputes):
    """PSP-16: what a callback would have told is heard within the hour, once."""
    made, attempt = await at_alpha(customer, "300.00")
    await customer.pay(made.deposit)
    await settlement.look(market.opener(), attempt.id)
    opened = await market.alpha.at.http.post(
        "/_sandbox/dispute", json={"session": attempt.reference, "inquiry": True}
    )
    assert opened.status_code == 200, opened.text

    for _ in range(3):
        await listing.sweep(market.opener())
        await market.react()

    row = await disputes.one(made.deposit)
    assert (row.stage, row.case_number) == ("inquiry", opened.json()["id"])
    assert len(row.notices) == 1
    assert stands(await disputes.where(customer)) == ("0", "300", "0", "0")
    closed = await market.alpha.at.http.post(f"/_sandbox/disputes/{row.case_number}/close", json={})
    assert closed.status_code == 200
    await listing.sweep(market.opener())
    await market.react()
    assert (await disputes.one(made.deposit)).stage == "won"


async def test_withdrawals_and_a_dispute_at_once_never_use_the_same_money(customer, disputes):
    """T48, T57: whoever comes first has it; what the dispute does not find, the client owes."""
    deposit = await customer.paid("500.00")
    place = await a_place(customer)
    places = asyncio.Semaphore(6)

    async def withdraw():
        async with places:
            return await asked(customer, "100.00", destination=place, key=uuid7())

    async def dispute():
        async with places:
            return await disputes.told(deposit, "chargeback", money=usd("500.00"))

    outcomes = await asyncio.gather(
        *(withdraw() for _ in range(4)),
        dispute(),
        *(withdraw() for _ in range(4)),
        return_exceptions=True,
    )

    row = await disputes.one(deposit)
    where = await disputes.where(customer)
    taken = sum(getattr(one, "amount", 0) for one in outcomes if not isinstance(one, Dispute))
    assert row.standing == "secured"
    assert where.wallet == 0
    assert where.held - taken + where.owed == Decimal(500)
    assert await disputes.laws() == []


async def test_a_deposit_that_is_credited_after_it_was_disputed_is_held_then(
    market, customer, disputes
):
    made = await customer.start("70.00")
    row = await disputes.told(made.deposit, "chargeback", money=usd("70.00"))
    assert row.secured == 0
    await customer.pay(made.deposit)
    tried = [one for one in await customer.attempts(made.deposit) if one.state == "open"][-1]
    await settlement.look(market.opener(), tried.id)
    assert await customer.available() == Decimal("70.00")
    fact = DepositCredited(
        deposit=made.deposit, client=customer.id, amount="70.00", currency="USD", first=True
    )

    for _ in range(2):
        await noticing.credited(market.opener(), fact)

    assert stands(await disputes.where(customer)) == ("0", "70", "0", "0")
    assert (await disputes.one(made.deposit)).secured == Decimal(70)
    assert await disputes.laws() == []

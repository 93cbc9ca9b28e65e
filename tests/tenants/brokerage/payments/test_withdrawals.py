"""Paying out: held at once, checked in order, agreed by others, sent once."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import update

from brokerage.ledger import wallets
from brokerage.payments.events import PayoutDue
from brokerage.payments.model import (
    Destination,
    PayoutAttempt,
    Withdrawal,
    WithdrawalApproval,
)
from brokerage.payments.payout_places import destinations, places
from brokerage.payments.values import Method
from brokerage.payments.withdrawing import payouts, withdrawals
from stoa.kernel.ids import uuid7
from stoa.kernel.money import Money
from stoa.kernel.refusals import Conflict, Denied, Invalid, NotFound
from support.patience import until

from .people import finance

IBAN = "DE89370400440532013000"


def usd(amount: str) -> Money:
    return Money(Decimal(amount), "USD")


async def a_place(customer, *, ready: bool = True) -> UUID:
    async with customer.open_work() as work:
        row = await destinations.add(work, customer.id, places.bank(IBAN))
    if ready:
        async with customer.market.opener()() as work:
            await work.run(
                update(Destination)
                .where(Destination.id == row.id)
                .values(usable_at=work.now - timedelta(hours=1))
            )
    return row.id


async def asked(customer, amount: str, **more) -> Withdrawal:
    method = more.pop("method", Method.BANK)
    async with customer.open_work() as work:
        return await withdrawals.request(work, customer.id, method, usd(amount), **more)


async def funded(customer, amount: str = "1000.00") -> None:
    """Money that came another way than by card, so that nothing has to go back to one."""
    from brokerage.ledger import accounts

    async with customer.market.opener()() as work:
        await wallets.credit(
            work,
            customer.id,
            usd(amount),
            operation=f"fund:{uuid7()}",
            kind="deposit",
            against=accounts.house(work, "bank", "USD"),
        )


async def state_of(market, withdrawal) -> Withdrawal:
    async with market.opener()() as work:
        return await work.get(Withdrawal, withdrawal)


async def parts(market, withdrawal) -> list[PayoutAttempt]:
    async with market.opener()() as work:
        return await withdrawals.parts_of(work, withdrawal)


async def approve(market, row, actor) -> None:
    async with market.opener(actor)() as work:
        await withdrawals.approve(work, row.id, row.payload_hash)


async def send_all(market, withdrawal) -> None:
    for part in await parts(market, withdrawal):
        await payouts.send(market.opener(), PayoutDue(payout=part.id))


async def test_a_card_is_paid_back_first_and_the_rest_goes_to_the_bank(market, customer):
    deposit = await customer.paid("500.00")
    await funded(customer, "500.00")
    place = await a_place(customer)

    row = await asked(customer, "700.00", destination=place)

    assert await customer.available() == Decimal("300.00")
    assert row.state == "review" and row.need == 1
    assert [(one["way"], one["amount"]) for one in row.plan] == [
        ("refund", "500.00"),
        ("payout", "200.00"),
    ]
    assert row.plan[0]["source"] == str(deposit)

    await approve(market, row, finance())
    await send_all(market, row.id)
    await until(lambda: _all_ended(market, row.id))

    done = await state_of(market, row.id)
    assert done.state == "paid", done.story
    assert await customer.available() == Decimal("300.00")
    async with market.opener()() as work:
        assert await wallets.holds(work, customer.id) == []


async def _all_ended(market, withdrawal) -> bool:
    for one in await parts(market, withdrawal):
        if one.state in {"sending", "accepted"}:
            await payouts.look(market.opener(), one.id)
    return all(one.ended_at is not None for one in await parts(market, withdrawal))


async def test_parallel_requests_take_exactly_what_there_is(market, customer):
    """T48: 100 requests of 100 over 1,000; ten fit."""
    await funded(customer, "1000.00")
    place = await a_place(customer)

    outcomes = await asyncio.gather(
        *(asked(customer, "100.00", destination=place) for _ in range(100)), return_exceptions=True
    )

    good = [one for one in outcomes if isinstance(one, Withdrawal)]
    assert len(good) == 10
    assert all(
        getattr(one, "code", "") == "not-covered"
        for one in outcomes
        if not isinstance(one, Withdrawal)
    )
    assert await customer.available() == 0


async def test_the_same_form_sent_fifty_times_is_one_request(market, customer):
    """T51."""
    await funded(customer)
    place = await a_place(customer)
    key = uuid7()

    rows = await asyncio.gather(
        *(asked(customer, "100.00", destination=place, key=key) for _ in range(50))
    )

    assert {row.id for row in rows} == {key}
    assert await customer.available() == Decimal("900.00")
    with pytest.raises(Conflict):
        await asked(customer, "101.00", destination=place, key=key)


async def test_splitting_meets_the_same_number_of_approvers(customer):
    """T44: what was asked for in 24 hours counts, not the single amount."""
    await funded(customer, "9000.00")
    place = await a_place(customer)

    needs = [(await asked(customer, "1500.00", destination=place)).need for _ in range(3)]

    assert needs == [1, 2, 2]


async def test_the_maker_never_approves_and_one_person_counts_once(market, customer):
    await funded(customer, "5000.00")
    place = await a_place(customer)
    row = await asked(customer, "3000.00", destination=place)
    assert row.need == 2
    first, second = finance(), finance()
    itself = replace_id(finance(), customer.id)

    with pytest.raises(Denied):
        await approve(market, row, itself)
    async with market.opener()() as work:
        with pytest.raises(Denied):
            await withdrawals.approve(work, row.id, row.payload_hash)
    await approve(market, row, first)
    with pytest.raises(Conflict):
        await approve(market, row, first)
    assert (await state_of(market, row.id)).state == "review"
    await approve(market, row, second)

    assert (await state_of(market, row.id)).state == "approved"


def replace_id(actor, new: UUID):
    from dataclasses import replace

    return replace(actor, id=new)


async def test_the_table_itself_refuses_the_maker(market, customer):
    from sqlalchemy.exc import IntegrityError

    await funded(customer)
    row = await asked(customer, "600.00", destination=await a_place(customer))

    with pytest.raises(IntegrityError):
        async with market.opener()() as work:
            work.add(
                WithdrawalApproval(
                    id=uuid7(),
                    withdrawal=row.id,
                    payload_hash=row.payload_hash,
                    approver=row.asked_by,
                    maker=row.asked_by,
                    at=work.now,
                )
            )


async def test_an_approval_counts_for_the_payload_it_saw(market, customer):
    await funded(customer)
    row = await asked(customer, "600.00", destination=await a_place(customer))

    with pytest.raises(Conflict) as told:
        async with market.opener(finance())() as work:
            await withdrawals.approve(work, row.id, "0" * 64)

    assert told.value.code == "payload-changed"


async def test_twenty_approvals_at_once_are_one(market, customer):
    """T42."""
    await funded(customer)
    row = await asked(customer, "600.00", destination=await a_place(customer))
    one_person = finance()

    outcomes = await asyncio.gather(
        *(approve(market, row, one_person) for _ in range(20)), return_exceptions=True
    )

    assert sum(one is None for one in outcomes) == 1
    assert len(await parts(market, row.id)) == 1


async def test_who_corrected_the_balance_does_not_approve(market, customer):
    """J3, step 5."""
    from brokerage.ledger.model import Adjustment

    await funded(customer)
    row = await asked(customer, "600.00", destination=await a_place(customer))
    maker = finance()
    async with market.opener()() as work:
        work.add(
            Adjustment(
                id=uuid7(),
                reference=f"A-{uuid7().hex[:8]}",
                client=customer.id,
                direction="credit",
                amount=Decimal(5),
                currency="USD",
                category="goodwill",
                reason="kept them waiting",
                evidence="ticket 1",
                state="asked",
                asked_by=maker.id,
                asked_at=work.now,
            )
        )

    with pytest.raises(Denied) as told:
        await approve(market, row, maker)

    assert told.value.code == "related-maker"


async def test_a_new_destination_waits_and_goes_on_by_itself(market, customer):
    """T68."""
    await funded(customer)
    place = await a_place(customer, ready=False)
    row = await asked(customer, "600.00", destination=place)
    assert (row.state, row.code) == ("held", "new-destination")

    async with market.opener()() as work:
        await work.run(
            update(Destination).where(Destination.id == place).values(usable_at=work.now)
        )
        await work.run(
            update(Withdrawal).where(Withdrawal.id == row.id).values(look_again_at=work.now)
        )
    await payouts.sweep(market.opener())

    assert (await state_of(market, row.id)).state == "review"


async def test_a_small_return_to_the_card_approves_itself_and_says_why(market, customer):
    await customer.paid("300.00")
    async with market.opener()() as work:
        from brokerage.clients.model import Client

        await work.run(
            update(Client).where(Client.id == customer.id).values(last_trade_at=work.now)
        )

    row = await asked(customer, "200.00", method=Method.CARD)

    assert row.state == "approved" and row.need == 0
    assert all(rule["passed"] for rule in row.auto) and len(row.auto) == 8


async def test_a_payout_without_an_answer_is_asked_about_and_never_sent_twice(market, customer):
    """T60."""
    await funded(customer)
    row = await asked(customer, "600.00", destination=await a_place(customer))
    await approve(market, row, finance())
    await market.beta.fault("error_500_after_apply", on="payouts")

    await asyncio.gather(*(send_all(market, row.id) for _ in range(8)))
    await until(lambda: _all_ended(market, row.id))

    assert (await state_of(market, row.id)).state == "paid"
    truth = await market.beta.truth()
    assert len(truth["payouts"]) == 1


async def test_cancelling_gives_the_money_back_and_ends_it(market, customer):
    await funded(customer)
    row = await asked(customer, "600.00", destination=await a_place(customer))

    async with customer.open_work() as work:
        await withdrawals.cancel(work, row.id)

    assert await customer.available() == Decimal("1000.00")
    with pytest.raises(Conflict):
        await approve(market, row, finance())


async def test_a_rejection_needs_a_reason_the_client_reads(market, customer):
    await funded(customer)
    row = await asked(customer, "600.00", destination=await a_place(customer))

    async with market.opener(finance())() as work:
        with pytest.raises(Invalid):
            await withdrawals.reject(work, row.id, " ")
    async with market.opener(finance())() as work:
        await withdrawals.reject(work, row.id, "The account is not in your name.")

    done = await state_of(market, row.id)
    assert done.state == "rejected" and "your name" in done.reason
    assert await customer.available() == Decimal("1000.00")


async def test_anothers_withdrawal_and_destination_do_not_exist(market, customer):
    other = await market.client()
    await funded(customer)
    place = await a_place(customer)
    row = await asked(customer, "100.00", destination=place)
    await funded(other)

    with pytest.raises(NotFound):
        await asked(other, "100.00", destination=place)
    with pytest.raises(NotFound):
        async with other.open_work() as work:
            await withdrawals.cancel(work, row.id)


@pytest.mark.parametrize("iban", ["DE00370400440532013000", "XX", "", "DE8937040044053201300O"])
async def test_a_wrong_account_number_is_refused(iban):
    with pytest.raises(Invalid):
        places.bank(iban)

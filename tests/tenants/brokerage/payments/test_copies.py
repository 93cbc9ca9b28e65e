"""A payment told many times under ids of their own: the one that settles closes the others."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import select, text

from brokerage.payments import callbacks, settlement
from brokerage.payments.connector import Event, EventKind, State
from brokerage.payments.depositing import copies
from brokerage.payments.events import CallbackTaken
from brokerage.payments.model import Deposit, PaymentAttempt, ProviderEvent
from stoa.kernel.money import Money
from support.queries import counted


@dataclass
class Told:
    """A paid deposit and the word of its provider, to be told again as often as wanted."""

    market: Any
    deposit: UUID
    attempt: PaymentAttempt
    word: Event

    async def again(self, count: int, **other: Any) -> list[UUID]:
        """Store the same news under new event ids; the ids of what is stored."""
        before = set(await self.ids())
        words = [
            msgspec.structs.replace(self.word, provider_event_id=f"{len(before)}-{n}", **other)
            for n in range(count)
        ]
        async with self.market.opener()() as work:
            await callbacks.listed(work, self.attempt.psp, words)
        return [one for one in await self.ids() if one not in before]

    async def ids(self) -> list[UUID]:
        return [one.id for one in await self.stored()]

    async def stored(self) -> list[ProviderEvent]:
        async with self.market.opener()() as work:
            return list(await work.rows(select(ProviderEvent).order_by(ProviderEvent.id)))

    async def settle(self, event: UUID) -> None:
        await settlement.settle(self.market.opener(), CallbackTaken(event=event))


@pytest.fixture
async def told(market, customer) -> Told:
    made = await customer.start("500.00")
    await customer.pay(made.deposit)
    tried = [one for one in await customer.attempts(made.deposit) if one.state == "open"][-1]
    word = Event(
        kind=EventKind.DEPOSIT,
        provider_event_id="0",
        raw="payment.succeeded",
        state=State.SUCCEEDED,
        reference=tried.reference,
        our_id=str(tried.id),
        money=Money(Decimal("500.00"), "USD"),
    )
    return Told(market, made.deposit, tried, word)


async def test_the_one_that_settles_closes_ninety_nine_waiting_in_its_own_transaction(
    told, customer
):
    waiting = await told.again(100)

    await told.settle(waiting[0])

    first, *rest = await told.stored()
    assert first.id == waiting[0] and first.state == "done" and first.because is None
    assert len(rest) == 99
    assert {one.state for one in rest} == {"done"}
    assert {one.because for one in rest} == {f"{copies.SAME}{first.id}"}
    assert {one.deposit for one in rest} == {told.deposit}
    assert {one.done_at for one in rest} == {first.done_at}
    assert await customer.available() == Decimal("500.00")


async def test_a_closed_copy_costs_one_look_at_its_row(house, told):
    waiting = await told.again(3)
    await told.settle(waiting[0])

    with counted(house) as said:
        await told.settle(waiting[1])

    assert len([one for one in said if "provider_event" in one]) == 1
    assert not [one for one in said if "FROM deposit" in one or "payment_attempt" in one]


async def test_copies_that_come_after_the_credit_are_closed_by_the_first_of_them(told, customer):
    [one] = await told.again(1)
    await told.settle(one)
    late = await told.again(50)

    await told.settle(late[7])

    rest = [row for row in await told.stored() if row.id in set(late) - {late[7]}]
    assert {row.because for row in rest} == {f"{copies.SAME}{late[7]}"}
    assert await customer.available() == Decimal("500.00")


@pytest.mark.parametrize(
    "other",
    [
        {"money": Money(Decimal("500.01"), "USD")},
        {"money": Money(Decimal("500.00"), "EUR")},
        {"state": State.FAILED},
        {"code": "05"},
        {"payment": "another"},
        {"our_id": "0190e0e0-0000-7000-8000-000000000000"},
        {"reference": "elsewhere", "our_id": ""},
    ],
    ids=["amount", "currency", "state", "code", "payment", "our id", "reference"],
)
async def test_news_that_says_anything_else_waits_for_its_own_answer(told, other):
    [same] = await told.again(1)
    [differs] = await told.again(1, **other)

    await told.settle(same)

    found = {row.id: row for row in await told.stored()}
    assert found[same].state == "done"
    assert found[differs].state == "taken" and found[differs].because is None


async def test_a_copy_that_another_worker_holds_is_left_to_it_and_credits_nothing(told, customer):
    first, held, free = await told.again(3)

    async with told.market.opener()() as other:
        await other.run(
            text("select id from provider_event where id = :id for update"), {"id": held}
        )
        await told.settle(first)
    found = {row.id: row for row in await told.stored()}
    assert found[held].state == "taken" and found[free].state == "done"
    await told.settle(held)

    found = {row.id: row for row in await told.stored()}
    assert found[held].state == "done" and found[held].because is None
    assert await customer.available() == Decimal("500.00")


async def test_a_hundred_copies_settled_at_once_credit_once_and_all_end(told, customer):
    await told.again(100)

    await told.market.react(at_once=2)

    assert {row.state for row in await told.stored()} == {"done"}
    assert await customer.available() == Decimal("500.00")


async def test_another_payment_of_the_same_amount_is_no_copy_and_is_asked_about(house, told):
    [first] = await told.again(1, payment="p-1")
    await told.settle(first)
    [again] = await told.again(1, payment="p-1")
    [second] = await told.again(1, payment="p-2")
    async with told.market.opener()() as work:
        tried = await work.get(PaymentAttempt, told.attempt.id)
        deposit = await work.get(Deposit, told.deposit)
        tried.payment = "p-1"
    rows = {row.id: row for row in await told.stored()}

    assert copies.says_the_same(rows[again], tried, deposit)
    assert not copies.says_the_same(rows[second], tried, deposit)
    await told.settle(again)
    with counted(house) as said:
        await told.settle(second)
    assert [one for one in said if "payment_attempt" in one and "FOR UPDATE" in one.upper()]

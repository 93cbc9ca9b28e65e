"""A server goes down with much on its way and comes back: in order, nothing repeated (J8)."""

from collections import defaultdict
from datetime import timedelta

import pytest
from sqlalchemy import select

from brokerage.trading import carrying, servers, transfers
from brokerage.trading.connector import mark
from brokerage.trading.lifecycle import asking, sending
from brokerage.trading.lifecycle.model import AccountRequest, RequestState
from brokerage.trading.model import Transfer, TransferState
from stoa.connectors.breaker import Limits
from stoa.connectors.lines import Lines
from stoa.kernel.refusals import Conflict
from support.patience import LONGEST_S, until

from .lives import wanted

LOST, LATER, LEVERAGES = 9, 26, 4


async def leverage(customer, ratio):
    async with customer.broker.opener(customer.actor)() as work:
        return (await asking.leverage(work, customer.account, ratio)).id


async def late(broker):
    """As if it had all been asked for a while ago, and the next look were due."""
    async with broker.opener()() as work:
        for row in await work.rows(select(Transfer)):
            if row.asked_at > work.now - timedelta(minutes=3):
                row.asked_at -= timedelta(minutes=5)
                row.sent_at = row.sent_at and row.sent_at - timedelta(minutes=5)
            row.next_ask_at = None
        for row in await work.rows(select(AccountRequest)):
            if row.ready_at and row.ready_at > work.now - timedelta(minutes=3):
                row.ready_at -= timedelta(minutes=5)
            row.next_ask_at = None


async def test_thirty_five_transfers_and_four_leverages_into_a_dead_server_end_in_order_and_once(
    fragile,
):
    # Nine answers lost one after another would open the breaker, and fewer would be lost.
    way = servers.outside()
    way.lines = Lines(way.egress, limits=Limits(in_a_row=10_000, error_rate=2))
    customers = []
    asked = defaultdict(list)
    # Nine that in fact succeed: the server moves the money and its answer is lost.
    await fragile.server.post("/faults", balance_drop_after=True)
    for _ in range(LOST):
        customer = await fragile.customer("1000.00")
        customers.append(customer)
        moved = await customer.move("in", "10.00")
        assert moved.state == TransferState.SENDING
        asked[customer.login].append(moved.id)
    await fragile.server.kill()
    requests = []
    for at in range(LATER):
        customer = customers[at % LOST]
        if at < LEVERAGES:
            requests.append((customer, await leverage(customer, 10)))
        asked[customer.login].append(await customer.ask("in", f"{at + 1}.00"))
    every = [one for some in asked.values() for one in some]
    assert len(every) == LOST + LATER == 35

    # Down: everybody sees where it stands; what was not sent can be taken back, what may be done cannot.
    for _ in range(2):
        await sending.sweep(fragile.opener())
        await carrying.sweep(fragile.opener())
    states = [(await customers[0].transfer(one)).state for one in every]
    assert states.count(TransferState.SENDING) == LOST
    assert states.count(TransferState.HELD) == LATER
    assert {(await wanted(fragile, one)).state for _, one in requests} == {RequestState.APPROVED}
    last = customers[-1]
    back = asked[last.login].pop()
    async with fragile.opener(last.actor)() as work:
        await transfers.cancel(work, back)
    with pytest.raises(Conflict):
        async with fragile.opener(last.actor)() as work:
            await transfers.cancel(work, asked[last.login][0])

    await fragile.server.start()

    async def all_ended():
        await late(fragile)
        await sending.sweep(fragile.opener())
        await carrying.sweep(fragile.opener())
        ends = [(await last.transfer(one)).done_at for some in asked.values() for one in some]
        return None not in ends and all(
            [(await wanted(fragile, one)).done_at for _, one in requests]
        )

    await until(all_ended, 3 * LONGEST_S, every_s=0.2)

    for customer in customers:
        told = await fragile.server.get(f"/truth/{customer.login}")
        marks = [mark("T", one) for one in asked[customer.login]]
        assert [one["comment"] for one in told["operations"]] == marks
        rows = [await customer.transfer(one) for one in asked[customer.login]]
        assert {row.state for row in rows} == {TransferState.DONE}
        moved = sum(row.amount for row in rows)
        found = await customer.money()
        assert (found.wallet, found.held, found.booked, found.server) == (
            1000 - moved,
            0,
            moved,
            moved,
        )
    for customer, request in requests:
        ended = await wanted(fragile, request)
        first, second = [(await customer.transfer(one)).done_at for one in asked[customer.login]][
            :2
        ]
        assert ended.state == RequestState.DONE
        assert first <= ended.done_at <= second
        there = await fragile.server.get(f"/dealer/{customer.login}/account")
        assert int(there["MarginLeverage"]) == 10
    assert (await last.transfer(back)).state == TransferState.CANCELLED
    assert await fragile.laws() == []

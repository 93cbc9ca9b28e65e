"""Money between a wallet and an account is on exactly one side, whatever breaks on the way."""

import asyncio
import contextlib
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from brokerage.trading import carrying, transfers
from brokerage.trading.model import Transfer, TransferState
from stoa.connectors.outcomes import Confirmed
from stoa.kernel.ids import uuid7
from stoa.kernel.refusals import Conflict, NotFound, Refusal, Unavailable
from stoa.notices.model import Notice
from support.patience import until
from support.people import make_staff


async def where(customer):
    """Wallet, held, at the account by our books, at the account by the server's."""
    found = await customer.money()
    return found.wallet, found.held, found.booked, found.server


async def long_ago(broker, transfer):
    """As if it had been asked for a while ago."""
    async with broker.opener()() as work:
        row = await work.lock(Transfer, transfer)
        row.asked_at -= timedelta(minutes=5)
        row.sent_at = row.sent_at and row.sent_at - timedelta(minutes=5)
        row.next_ask_at = None


async def swept(broker, customer, transfer):
    await long_ago(broker, transfer)
    await carrying.sweep(broker.opener())
    return await customer.transfer(transfer)


async def test_money_goes_to_the_account_and_back(broker):
    customer = await broker.customer("1000.00")
    asked = await customer.ask("in", "400.00")
    assert await where(customer) == (600, 400, 0, 0)

    await customer.send(asked)
    assert (await customer.transfer(asked)).state == TransferState.DONE
    assert await where(customer) == (600, 0, 400, 400)

    back = await customer.move("out", "150.25")
    assert back.state == TransferState.DONE
    assert await where(customer) == (Decimal("750.25"), 0, Decimal("249.75"), Decimal("249.75"))
    assert await broker.laws() == []


async def test_a_transfer_sent_many_times_at_once_moves_once(broker):
    customer = await broker.customer()
    asked = await customer.ask("in", "100.00")

    await asyncio.gather(*(customer.send(asked) for _ in range(5)), return_exceptions=True)
    await customer.send(asked)

    assert await where(customer) == (900, 0, 100, 100)


async def test_a_form_sent_twice_is_one_transfer_and_other_values_are_refused(broker):
    customer, key = await broker.customer(), uuid7()
    assert await customer.ask("in", "100.00", key=key) == key
    assert await customer.ask("in", "100.00", key=key) == key
    with pytest.raises(Conflict):
        await customer.ask("in", "100.01", key=key)

    await customer.send(key)
    assert await where(customer) == (900, 0, 100, 100)


async def test_a_platform_without_a_number_for_it_has_done_it_all_the_same(broker):
    customer = await broker.customer()
    await broker.server.post("/faults", balance_drop_after={"chance": 1.0, "times": 1})
    moved = await customer.move("in", "100.00")

    await carrying.conclude(broker.opener(), moved.id, Confirmed("T:OURS"))

    done = await customer.transfer(moved.id)
    assert (done.state, done.deal) == (TransferState.DONE, None)


@pytest.mark.parametrize("way", ["in", "out"])
async def test_an_answer_lost_after_money_moved_is_settled_once_by_the_journal(broker, way):
    customer = await broker.customer()
    await customer.move("in", "500.00")
    lost = {"chance": 1.0, "times": 1}
    await broker.server.post("/faults", balance_drop_after=lost)
    moved = await customer.move(way, "100.00")
    assert moved.state == TransferState.SENDING

    for _ in range(3):
        await customer.send(moved.id)
        await carrying.look(broker.opener(), moved.id)

    assert (await customer.transfer(moved.id)).state == TransferState.DONE
    there = 600 if way == "in" else 400
    assert await where(customer) == (1000 - there, 0, there, there)
    assert await broker.laws() == []


@pytest.mark.parametrize("way", ["in", "out"])
async def test_a_line_broken_before_money_moved_is_sent_again_only_when_surely_not_there(
    broker, way
):
    customer = await broker.customer()
    await customer.move("in", "500.00")
    await broker.server.post("/faults", balance_drop_before={"chance": 1.0, "times": 1})
    moved = await customer.move(way, "100.00")
    assert moved.state == TransferState.SENDING
    await customer.send(moved.id)
    assert (await customer.transfer(moved.id)).state == TransferState.SENDING

    assert (await swept(broker, customer, moved.id)).state == TransferState.HELD
    assert (await swept(broker, customer, moved.id)).state == TransferState.DONE

    there = 600 if way == "in" else 400
    assert await where(customer) == (1000 - there, 0, there, there)


async def test_more_than_the_account_holds_is_refused_and_nothing_moves(broker):
    customer = await broker.customer()
    await customer.move("in", "100.00")

    refused = await customer.move("out", "100.01")

    assert refused.state == TransferState.REFUSED
    assert refused.why
    assert await where(customer) == (900, 0, 100, 100)


async def test_a_transfer_the_server_refuses_is_in_the_wallet_again(broker):
    customer = await broker.customer()
    no = {"command": "TRADE_BALANCE", "code": 3006, "applied": False, "times": 1}
    await broker.server.post("/faults", answers=[no])

    refused = await customer.move("in", "100.00")

    assert refused.state == TransferState.REFUSED
    assert await where(customer) == (1000, 0, 0, 0)


async def test_more_than_the_wallet_holds_is_refused_at_once(broker):
    customer = await broker.customer("50.00")

    with pytest.raises(Refusal):
        await customer.ask("in", "50.01")

    assert await where(customer) == (50, 0, 0, 0)


async def test_a_cancelled_transfer_is_in_the_wallet_again_and_is_never_sent(broker):
    customer = await broker.customer()
    asked = await customer.ask("in", "100.00")
    async with broker.opener(customer.actor)() as work:
        await transfers.cancel(work, asked)

    await customer.send(asked)

    assert await where(customer) == (1000, 0, 0, 0)
    async with broker.opener(customer.actor)() as work:
        with pytest.raises(Conflict):
            await transfers.cancel(work, asked)


async def test_a_client_moves_nothing_of_another(broker):
    mine, other = await broker.customer(), await broker.customer()
    mine.account = other.account

    with pytest.raises(NotFound):
        await mine.ask("out", "1.00")


async def test_a_server_that_is_down_keeps_money_held_until_it_is_back(fragile):
    customer = await fragile.customer()
    await fragile.server.kill()
    asked = await customer.ask("in", "300.00")
    with contextlib.suppress(Unavailable):
        await customer.send(asked)
    waiting = await customer.transfer(asked)
    assert waiting.state == TransferState.HELD

    await fragile.server.start()

    async def done():
        now = await swept(fragile, customer, asked)
        assert now.state in {TransferState.HELD, TransferState.SENDING, TransferState.DONE}
        return now.state == TransferState.DONE

    await until(done, every_s=0.5)

    assert await where(customer) == (700, 0, 300, 300)


async def test_who_keeps_accounts_is_told_once_of_money_whose_side_nobody_knows_for_long(fragile):
    """The server moved it, its answer was lost, and the server is gone."""
    async with fragile.opener()() as work:
        keeper, _ = await make_staff(work, ("Owner",))
    customer = await fragile.customer()
    await fragile.server.post("/faults", balance_drop_after={"chance": 1.0, "times": 1})
    moved = (await customer.move("in", "100.00")).id
    await fragile.server.kill()

    for minutes in (0, 10, 10, 10):
        async with fragile.opener()() as work:
            row = await work.lock(Transfer, moved)
            row.asked_at, row.next_ask_at = work.now - timedelta(minutes=1), None
            row.unknown_since = row.unknown_since and row.unknown_since - timedelta(minutes=minutes)
        await carrying.sweep(fragile.opener())

    row = await customer.transfer(moved)
    assert row.state == TransferState.SENDING
    async with fragile.opener()() as work:
        told = await work.rows(select(Notice).where(Notice.path == f"/desk/accounts/{row.account}"))
    assert [one.person for one in told] == [keeper.id]
    assert row.unknown_since < row.unknown_told_at

"""A bonus as credit on a real trading server: there once, gone when it is earned or lost."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import select

from brokerage.bonuses import moving, serverside
from brokerage.bonuses.events import BonusCredited, BonusLost
from brokerage.bonuses.grants import terms_of
from brokerage.bonuses.model import Campaign, Grant, GrantState
from brokerage.bonuses.settings import BonusSettings
from brokerage.bonuses.terms import Terms
from brokerage.ledger import check
from brokerage.trading import carrying, crediting, servers, transfers
from brokerage.trading.events import TransferAsked, TransferDone
from brokerage.trading.model import Transfer
from stoa.kernel.ids import reference, uuid7
from stoa.kernel.money import Money
from stoa.tenancy import settings

GIVEN = Money(Decimal(150), "USD")


async def given(broker: Any, customer: Any, *, on: bool = True) -> Grant:
    """An active bonus of 150, as a deposit would have brought it."""
    async with broker.opener()() as work:
        told = msgspec.structs.replace(work.settings(BonusSettings), on_server=on)
        await settings.put(work, "bonuses", told, why="a test")
    terms = msgspec.to_builtins(Terms(percent=Decimal(30), most=Decimal(500)))
    async with broker.opener()() as work:
        campaign = Campaign(
            id=uuid7(), code=f"c-{uuid7().hex[-8:]}", title="Welcome", terms=terms, state="live",
            made_at=work.now, changed_at=work.now,
        )  # fmt: skip
        work.add(campaign)
        await work.flush()
        row = Grant(
            id=uuid7(), reference=reference("B"), campaign=campaign.id, client=customer.id,
            title="Welcome", terms=terms, state=GrantState.ACTIVE, amount=GIVEN.amount,
            currency="USD", need_lots=Decimal("1.5"), symbols=[], evidence=[], story=[],
            made_at=work.now, granted_at=work.now, expires_at=work.now + timedelta(days=30),
        )  # fmt: skip
        work.add(row)
        await work.flush()
        await moving.credit(work, row, GIVEN)
    return row


def fact(row: Grant) -> BonusCredited:
    return BonusCredited(grant=row.id, client=row.client, amount="150.00", currency="USD")


async def moved(broker: Any, grant: UUID) -> list[Transfer]:
    async with broker.opener()() as work:
        return list(
            await work.rows(select(Transfer).where(Transfer.cause == grant).order_by(Transfer.id))
        )


async def sent(broker: Any, grant: UUID) -> None:
    """What the worker would do with what is under way, and with what is told of it."""
    for one in await moved(broker, grant):
        if one.state != "held":
            continue
        await carrying.send(broker.opener(), TransferAsked(transfer=one.id))
        done = TransferDone(
            transfer=one.id, client=one.client, account=one.account, direction=one.direction,
            amount=str(one.amount), currency=one.currency,
        )  # fmt: skip
        await serverside.went_on(broker.opener(), done)


async def credit_on(broker: Any, customer: Any) -> Decimal:
    async with broker.opener()() as work:
        connector = await servers.connect(work, "mt5-live")
    return (await connector.get_account(customer.login)).credit


async def whole(broker: Any) -> None:
    async with broker.opener()() as work:
        assert (await check.examine(work)).violations == []


async def test_credit_is_on_the_server_once_however_often_it_is_told(broker):
    customer = await broker.customer()
    row = await given(broker, customer)

    for _ in range(3):
        await serverside.follow(broker.opener(), fact(row))
    await sent(broker, row.id)
    await serverside.sweep(broker.opener())

    assert [(one.direction, one.state) for one in await moved(broker, row.id)] == [
        ("credit-in", "done")
    ]
    assert await credit_on(broker, customer) == Decimal(150)
    await whole(broker)


async def test_what_is_lost_or_earned_is_taken_off_it(broker):
    customer = await broker.customer()
    row = await given(broker, customer)
    await serverside.follow(broker.opener(), fact(row))
    await sent(broker, row.id)

    async with broker.opener()() as work:
        held = await work.lock(Grant, row.id)
        await moving.burn(work, held, Money(Decimal(60), "USD"), "test", "revoked")
    lost = BonusLost(grant=row.id, client=row.client, amount="60", currency="USD", why="revoked")
    await serverside.follow(broker.opener(), lost)
    await sent(broker, row.id)
    assert await credit_on(broker, customer) == Decimal(90)

    async with broker.opener()() as work:
        held = await work.lock(Grant, row.id)
        await moving.burn(work, held, Money(Decimal(90), "USD"), "end", "revoked")
        moving.end(work, held, GrantState.REVOKED)
    await serverside.sweep(broker.opener())
    await sent(broker, row.id)

    assert await credit_on(broker, customer) == 0
    async with broker.opener()() as work:
        assert await serverside.credit_there(work, held) == Money(Decimal(0), "USD")
    await whole(broker)


async def test_an_answer_lost_after_credit_moved_is_found_and_not_given_twice(broker):
    customer = await broker.customer()
    row = await given(broker, customer)
    await serverside.follow(broker.opener(), fact(row))
    (one,) = await moved(broker, row.id)

    await broker.server.post("/faults", balance_drop_after={"chance": 1.0, "times": 1})
    await carrying.send(broker.opener(), TransferAsked(transfer=one.id))
    assert (await moved(broker, row.id))[0].state == "sending"
    await serverside.follow(broker.opener(), fact(row))
    await carrying.look(broker.opener(), one.id)

    assert [each.state for each in await moved(broker, row.id)] == ["done"]
    assert await credit_on(broker, customer) == Decimal(150)


async def test_where_the_tenant_does_not_want_it_no_server_is_asked(broker):
    customer = await broker.customer()
    row = await given(broker, customer, on=False)

    await serverside.follow(broker.opener(), fact(row))
    await serverside.sweep(broker.opener())

    assert await moved(broker, row.id) == []
    assert terms_of(row).kind == "deposit"


async def test_a_client_cannot_take_credit_back_as_a_transfer(broker):
    import pytest

    from stoa.kernel.refusals import NotFound

    customer = await broker.customer()
    row = await given(broker, customer)
    await serverside.follow(broker.opener(), fact(row))
    (one,) = await moved(broker, row.id)

    with pytest.raises(NotFound):
        async with broker.opener(customer.actor)() as work:
            await transfers.cancel(work, one.id)
    assert one.direction in crediting.BOTH

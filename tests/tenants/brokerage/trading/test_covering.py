"""LED-12: an account that ended below zero is brought back once, by the house or as a debt."""

import asyncio
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from brokerage.ledger import accounts
from brokerage.ledger.model import LedgerAccount, LedgerBalance, Leg
from brokerage.payments.disputes import noticing
from brokerage.payments.disputes.noticing import Told
from brokerage.payments.events import DepositDisputed, DisputeEnded
from brokerage.payments.model import Deposit
from brokerage.payments.settings import PaymentsSettings
from brokerage.payments.values import DisputeStage
from brokerage.trading import carrying, covering, restricting, transfers
from brokerage.trading.events import TransferAsked
from brokerage.trading.model import Transfer
from brokerage.trading.permissions import Trading
from brokerage.trading.settings import TradingSettings
from stoa.kernel.ids import reference, uuid7
from stoa.kernel.refusals import Conflict, NotFound
from stoa.tenancy import settings
from stoa.tenancy.actor import Actor, Kind
from support.people import make_staff
from support.planting import misnamed
from support.web import signed_in


def dealing() -> Actor:
    may = {str(one) for one in Trading if not one.endswith(":own")} | {"clients:client:view"}
    return Actor(Kind.STAFF, uuid7(), "Deal Ing", frozenset(may))


async def rules(broker, **changes):
    async with broker.opener()() as work:
        now = settings.as_data(work.settings(TradingSettings))
        mine = now | {"negative": now["negative"] | changes}
        value = settings.parse("trading", TradingSettings, mine)
        await settings.put(work, "trading", value, why="a test")


async def below(broker, customer, loss="50.00", money="100.00"):
    """As a stop-out that came too late leaves it: the balance below zero, nothing open."""
    await customer.move("in", money)
    gone = Decimal(money) + Decimal(loss)
    await broker.server.post(
        f"/dealer/{customer.login}/money", amount=str(-gone), type=5, forced=True
    )
    await broker.told()
    assert (await broker.account(customer.account)).balance == -Decimal(loss)


async def covers(broker, customer):
    async with broker.opener()() as work:
        return list(
            await work.rows(
                select(Transfer)
                .where(Transfer.account == customer.account, Transfer.direction == "cover")
                .order_by(Transfer.id)
            )
        )


async def house(broker, code="negative-balance"):
    async with broker.opener()() as work:
        return await work.value(
            select(func.coalesce(func.sum(Leg.amount), 0)).where(
                Leg.account == accounts.house(work, code, "USD").id
            )
        )


async def debt(broker, customer):
    async with broker.opener()() as work:
        return -await work.value(
            select(func.coalesce(func.sum(LedgerBalance.balance), 0))
            .join(LedgerAccount, LedgerAccount.id == LedgerBalance.account)
            .where(LedgerAccount.owner == customer.id, LedgerAccount.kind == "receivable")
        )


async def swept_and_sent(broker, customer):
    await covering.sweep(broker.opener())
    for one in await covers(broker, customer):
        await carrying.send(broker.opener(), TransferAsked(transfer=one.id))


async def test_the_house_brings_it_back_to_zero_once(broker):
    customer = await broker.customer()
    await below(broker, customer)
    before = await house(broker)

    for _ in range(3):
        await swept_and_sent(broker, customer)
    await broker.told()
    await swept_and_sent(broker, customer)

    (one,) = await covers(broker, customer)
    assert (one.state, one.payer, one.amount) == ("done", "house", Decimal(50))
    found = await customer.money()
    assert (found.server, found.booked, found.wallet) == (0, 0, Decimal(900))
    assert await house(broker) == before - 50
    assert await broker.laws() == []


async def test_many_sweeps_at_once_cover_once(broker):
    customer = await broker.customer()
    await below(broker, customer)

    await asyncio.gather(*(covering.sweep(broker.opener()) for _ in range(6)))
    (one,) = await covers(broker, customer)
    await asyncio.gather(
        *(carrying.send(broker.opener(), TransferAsked(transfer=one.id)) for _ in range(6)),
        return_exceptions=True,
    )
    await swept_and_sent(broker, customer)

    assert await customer.balance() == 0
    assert len(await covers(broker, customer)) == 1
    assert await broker.laws() == []


async def test_a_gap_in_the_market_is_found_by_itself(broker):
    """The way it happens: a stop-out that the price jumped over."""
    customer = await broker.customer()
    await customer.move("in", "200.00")
    order = {"symbol": "EURUSD", "side": "buy", "lots": "0.50"}
    await broker.server.post(f"/dealer/{customer.login}/order", **order)
    await broker.server.post("/shocks", symbol="EURUSD", percent=-3.0)
    await broker.told()
    row = await broker.account(customer.account)
    try:
        assert row.balance < 0 and row.margin == 0
        await rules(broker, alone={"amount": "100000", "currency": "USD"})

        await swept_and_sent(broker, customer)
        await broker.told()

        (one,) = await covers(broker, customer)
        assert one.amount == -row.balance
        assert (await broker.account(customer.account)).balance == 0
        assert await broker.laws() == []
    finally:
        await broker.server.post("/shocks", symbol="EURUSD", percent=3.1)


async def test_an_answer_lost_on_the_way_is_settled_by_the_journal_once(broker):
    customer = await broker.customer()
    await below(broker, customer)
    lost = {"chance": 1.0, "times": 1}
    await broker.server.post("/faults", balance_drop_after=lost)

    await swept_and_sent(broker, customer)
    (one,) = await covers(broker, customer)
    assert one.state == "sending"
    await covering.sweep(broker.opener())
    await carrying.look(broker.opener(), one.id)

    (one,) = await covers(broker, customer)
    assert one.state == "done"
    assert await customer.balance() == 0
    assert await broker.laws() == []


async def test_above_the_limit_it_waits_for_a_person(broker):
    customer = await broker.customer()
    await rules(broker, alone={"amount": "20", "currency": "USD"})
    await below(broker, customer)

    await swept_and_sent(broker, customer)
    (one,) = await covers(broker, customer)
    assert one.state == "waiting" and await customer.balance() == -50
    async with broker.opener(dealing())() as work:
        await covering.approve(work, one.id)
    async with broker.opener(dealing())() as work:
        with pytest.raises(Conflict):
            await covering.approve(work, one.id)
    await swept_and_sent(broker, customer)

    (one,) = await covers(broker, customer)
    assert one.state == "done" and one.decided_by is not None
    assert await broker.laws() == []


async def test_a_no_leaves_it_and_asks_nobody_again_until_it_moves(broker):
    customer = await broker.customer()
    await rules(broker, alone={"amount": "0", "currency": "USD"})
    await below(broker, customer)
    await covering.sweep(broker.opener())
    (one,) = await covers(broker, customer)
    async with broker.opener(dealing())() as work:
        await covering.decline(work, one.id, "it is being disputed")

    await covering.sweep(broker.opener())
    assert len(await covers(broker, customer)) == 1
    await broker.server.post(f"/dealer/{customer.login}/money", amount="-5", type=5, forced=True)
    await broker.told()
    await covering.sweep(broker.opener())

    assert [row.amount for row in await covers(broker, customer)] == [50, 55]


async def test_what_is_not_needed_any_more_is_not_sent(broker):
    customer = await broker.customer()
    await below(broker, customer)
    await covering.sweep(broker.opener())
    (one,) = await covers(broker, customer)
    await customer.move("in", "80.00")

    await carrying.send(broker.opener(), TransferAsked(transfer=one.id))

    (one,) = await covers(broker, customer)
    assert one.state == "cancelled"
    assert await customer.balance() == 30
    assert await broker.laws() == []


async def test_where_the_client_owes_it_is_a_claim_and_is_collected(broker):
    customer = await broker.customer()
    await rules(broker, cover="client")
    await below(broker, customer, money="980.00")

    await swept_and_sent(broker, customer)
    (one,) = await covers(broker, customer)
    assert one.payer == "client" and await debt(broker, customer) == 50
    assert await house(broker) == 0
    assert (await customer.money()).wallet == 20
    async with broker.opener(dealing())() as work:
        assert (await covering.collect(work, one.id)).amount == 20
    async with broker.opener(dealing())() as work:
        with pytest.raises(Conflict):
            await covering.collect(work, one.id)

    assert await debt(broker, customer) == 30
    assert (await customer.money()).wallet == 0
    assert await broker.laws() == []


async def test_a_jurisdiction_says_who_bears_it(broker):
    customer = await broker.customer()
    async with broker.opener()() as work:
        from brokerage.trading.terms import terms

        pack, _ = await terms(work, customer.id)
    await rules(broker, cover="client", packs={pack: "house"})
    await below(broker, customer)

    await covering.sweep(broker.opener())

    assert [one.payer for one in await covers(broker, customer)] == ["house"]


async def test_a_client_takes_no_cover_back_and_a_stranger_sees_none(broker):
    customer = await broker.customer()
    await below(broker, customer)
    await covering.sweep(broker.opener())
    (one,) = await covers(broker, customer)

    async with broker.opener(customer.actor)() as work:
        with pytest.raises(NotFound):
            await transfers.cancel(work, one.id)
    stranger = dealing()
    stranger = Actor(Kind.STAFF, stranger.id, "Sa Les", stranger.permissions, scope="own")
    async with broker.opener(stranger)() as work:
        with pytest.raises(NotFound):
            await covering.seen(work, one.id)


PLANTS = {
    "a cover is said to be done and never was": (
        "update transfer set state = 'done' where direction = 'cover' and state = 'waiting'",
        {"cover-misbooked", "transfer-unbooked"},
    ),
    "a cover claims another amount": (
        "update transfer set amount = amount + 1 where direction = 'cover' and state = 'done'",
        {"cover-misbooked", "transfer-unbooked"},
    ),
    "a loss of the client is said to be the house's": (
        "update transfer set payer = 'house' where payer = 'client' and state = 'done'",
        {"cover-misbooked"},
    ),
    "more is owed than was lost": (
        (
            "update ledger_balance b set balance = -9000 from ledger_account a "
            "where a.id = b.account and a.kind = 'receivable'"
        ),
        {"cover-misbooked", "balance-differs"},
    ),
    "a debt belongs to no cover": (
        "update transfer set client = gen_random_uuid() where payer = 'client' and state = 'done'",
        {"cover-owed-by-nobody"},
    ),
}


async def test_each_corruption_of_a_cover_is_named(broker):
    one, two, three = [await broker.customer() for _ in range(3)]
    await below(broker, one)
    await swept_and_sent(broker, one)
    await rules(broker, cover="client")
    await below(broker, two)
    await swept_and_sent(broker, two)
    await rules(broker, alone={"amount": "0", "currency": "USD"})
    await below(broker, three)
    await covering.sweep(broker.opener())

    assert await misnamed(broker.house, broker.tenant, PLANTS) == {}


@pytest.mark.parametrize("language", ["en", "ar"])
async def test_its_pages_answer_and_its_forms_work(broker, language):
    customer = await broker.customer()
    await rules(broker, alone={"amount": "0", "currency": "USD"}, cover="client")
    await below(broker, customer)
    await covering.sweep(broker.opener())
    (one,) = await covers(broker, customer)
    async with broker.opener()() as work:
        person, _ = await make_staff(work, ["Owner"])
    staff = await signed_in(broker.house, broker.tenant, person, "desk")
    staff.http.cookies.set("language", language)

    pages = ["/desk/negative", "/desk/negative?state=waiting", f"/desk/negative/{one.id}"]
    pages += ["/desk/negative?format=csv", "/desk", "/desk/exposure"]
    for path in (*pages, f"/desk/accounts/{customer.account}"):
        page = await staff.get(path)
        assert page.status_code == 200, (path, page.text[:400])
        assert len(page.content) < 100_000
    assert (await staff.get(f"/desk/negative/{uuid7()}")).status_code == 404
    done = await staff.post(f"/desk/negative/{one.id}/approve", {})
    assert done.status_code == 204
    await swept_and_sent(broker, customer)
    assert (await staff.get(f"/desk/negative/{one.id}")).status_code == 200
    taken = await staff.post(f"/desk/negative/{one.id}/collect", {})
    assert taken.status_code == 204
    assert await debt(broker, customer) == 0


@pytest.mark.parametrize(
    ("access", "state"), [("no-trading", "restricted"), ("close-only", "active")]
)
async def test_a_disputed_clients_accounts_are_restricted_as_far_as_the_platform_can(
    broker, access, state
):
    customer = await broker.customer()
    async with broker.opener()() as work:
        now = settings.as_data(work.settings(PaymentsSettings))
        mine = now | {"disputes": now["disputes"] | {"accounts": access}}
        value = settings.parse("payments", PaymentsSettings, mine)
        await settings.put(work, "payments", value, why="a test")
        deposit = Deposit(
            id=uuid7(),
            reference=reference("D"),
            client=customer.id,
            method="card",
            amount=Decimal(100),
            currency="USD",
            state="failed",
            psp="alpha",
            started_at=work.now,
            expires_at=work.now,
        )
        work.add(deposit)
    told = {"psp": "alpha", "case": "du_1"}
    async with broker.opener()() as work:
        row = await noticing.take(
            work, deposit.id, Told(stage=DisputeStage.CHARGEBACK, key="a", at=work.now, **told)
        )
    fact = {"dispute": row.id, "deposit": deposit.id, "client": customer.id}

    for _ in range(2):
        await restricting.disputed(broker.opener(), DepositDisputed(stage="chargeback", **fact))
    assert (await broker.account(customer.account)).state == state
    await restricting.ended(broker.opener(), DisputeEnded(stage="won", **fact))
    assert (await broker.account(customer.account)).state == state
    async with broker.opener()() as work:
        await noticing.take(
            work, deposit.id, Told(stage=DisputeStage.WON, key="b", at=work.now, **told)
        )
    await restricting.ended(broker.opener(), DisputeEnded(stage="won", **fact))

    assert (await broker.account(customer.account)).state == "active"

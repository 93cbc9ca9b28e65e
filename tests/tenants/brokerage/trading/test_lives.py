"""What time and terms do to an account: sleep, swaps, switches; and settings held against the server."""

from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest
from sqlalchemy import func, select

from brokerage.ledger import wallets
from brokerage.ledger.model import Entry
from brokerage.partners import payouts
from brokerage.partners.permissions import Partners
from brokerage.partners.tree import partners
from brokerage.payments.written import Amount
from brokerage.trading import accounts, groups, switches
from brokerage.trading.lifecycle import asking, deciding, sleeping, swapping
from brokerage.trading.lifecycle.model import AccountRequest, RequestState
from brokerage.trading.lifecycle.settings import Dormancy, Eligible, Requests, Step, SwapFree
from brokerage.trading.model import AccountState, TradingAccount
from brokerage.trading.settings import TradingSettings
from stoa.kernel.refusals import Conflict, Denied, Invalid
from stoa.notices.model import Notice
from stoa.tenancy import settings
from stoa.tenancy.actor import Actor, Kind

from .conftest import SERVER
from .lives import dealer, retuned, wanted
from .test_deals import order
from .test_requests import ask, at_server, sent, verified

FEE = Amount(amount=Decimal(10), currency="USD")
SLEEP = Dormancy(
    on=True,
    steps=(
        Step(after_days=60, do="notify"),
        Step(after_days=90, do="fee", fee=FEE),
        Step(after_days=180, do="disable"),
        Step(after_days=365, do="archive"),
    ),
)


async def idle_for(broker, customer, days):
    async with broker.opener()() as work:
        row = await work.lock(TradingAccount, customer.account)
        row.opened_at = work.now - timedelta(days=days)
        row.deals_at = None
        row.awake_from = None


async def night(broker):
    await sleeping.sweep(broker.opener())


async def trail(broker, customer):
    async with broker.opener()() as work:
        rows = await work.rows(
            select(AccountRequest)
            .where(AccountRequest.account == customer.account, AccountRequest.kind == "dormant")
            .order_by(AccountRequest.id)
        )
        return [row.wants["step"] for row in rows]


async def test_an_idle_account_is_told_charged_and_put_to_sleep_step_by_step(broker):
    customer = await broker.customer("100.00")
    await retuned(broker, dormancy=SLEEP)
    await idle_for(broker, customer, 59)
    await night(broker)
    assert await trail(broker, customer) == []

    await idle_for(broker, customer, 200)
    for _ in range(4):
        await night(broker)

    assert await trail(broker, customer) == ["notify", "fee", "disable"]
    async with broker.opener()() as work:
        left = await wallets.available(work, customer.id, "USD")
        fees = await work.value(select(func.count()).where(Entry.kind == "fee"))
        access = await work.first(
            select(AccountRequest).where(
                AccountRequest.account == customer.account, AccountRequest.kind == "access"
            )
        )
    assert (left.amount, fees) == (90, 1)
    assert (await sent(broker, access.id)).state == RequestState.DONE
    row = await broker.account(customer.account)
    assert (row.state, row.why) == (AccountState.RESTRICTED, sleeping.ASLEEP)
    assert await broker.laws() == []


async def test_the_fee_for_sleeping_never_takes_more_than_is_there(broker):
    customer = await broker.customer("3.00")
    await retuned(broker, dormancy=SLEEP)
    await idle_for(broker, customer, 100)

    for _ in range(3):
        await night(broker)

    async with broker.opener()() as work:
        assert (await wallets.available(work, customer.id, "USD")).amount == 0
    assert await broker.laws() == []


async def test_an_empty_account_is_archived_and_one_with_money_never(broker):
    empty, full = await broker.customer(), await broker.customer()
    await full.move("in", "50.00")
    await broker.told()
    await retuned(broker, dormancy=SLEEP)
    for one in (empty, full):
        await idle_for(broker, one, 400)
        async with broker.opener()() as work:
            from brokerage.trading.model import Transfer

            for row in await work.rows(select(Transfer).where(Transfer.account == one.account)):
                row.asked_at -= timedelta(days=400)

    for _ in range(5):
        await night(broker)
        async with broker.opener()() as work:
            waiting = await work.rows(
                select(AccountRequest.id).where(AccountRequest.state == RequestState.APPROVED)
            )
        for request in waiting:
            await sent(broker, request)

    assert (await broker.account(empty.account)).state == AccountState.ARCHIVED
    assert (await broker.account(full.account)).state == AccountState.RESTRICTED
    assert (await full.move("out", "50.00")).state == "done"


async def test_who_is_exempt_or_has_positions_does_not_sleep_and_it_is_kept_who_said_so(broker):
    exempt, open_one = await broker.customer(), await broker.customer("500.00")
    await open_one.move("in", "300.00")
    await order(broker, open_one, "buy", "0.01")
    await broker.told()
    await retuned(broker, dormancy=SLEEP)
    for one in (exempt, open_one):
        await idle_for(broker, one, 400)
    async with broker.opener(dealer())() as work:
        await sleeping.exempt(work, exempt.account, work.now + timedelta(days=30), "a long journey")

    await night(broker)

    assert await trail(broker, exempt) == ["exempt"]
    assert await trail(broker, open_one) == []
    with pytest.raises(Invalid, match="why"):
        async with broker.opener(dealer())() as work:
            await sleeping.exempt(work, exempt.account, None, "")


async def test_the_preview_counts_whom_tonight_would_touch(broker):
    customer = await broker.customer()
    await retuned(broker, dormancy=msgspec.structs.replace(SLEEP, on=False))
    await idle_for(broker, customer, 70)

    async with broker.opener()() as work:
        assert await sleeping.preview(work) == {"notify": 1}
    await night(broker)

    assert await trail(broker, customer) == []


async def test_whoever_brings_a_sleeping_account_back_begins_anew(broker):
    customer = await broker.customer()
    await verified(broker, customer.id)
    await retuned(broker, dormancy=SLEEP)
    await idle_for(broker, customer, 200)
    for _ in range(4):
        await night(broker)
    async with broker.opener()() as work:
        (access,) = await work.rows(
            select(AccountRequest.id).where(
                AccountRequest.account == customer.account, AccountRequest.kind == "access"
            )
        )
    await sent(broker, access)

    await sent(broker, await ask(customer, asking.restore))
    await night(broker)

    row = await broker.account(customer.account)
    assert (row.state, row.dormant, row.why) == (AccountState.ACTIVE, None, None)


# Without swaps


@pytest.fixture
async def islamic(broker):
    await retuned(
        broker,
        servers={
            SERVER: {"groups": [{"group": "real\\standard-usd", "swap_free": "real\\islamic-usd"}]}
        },
        swap_free=SwapFree(
            decides="staff",
            when=Eligible(country=("ES",)),
            fee=FEE,
            days=30,
            held_days=5,
            held_most=1,
        ),
    )
    return broker


async def test_without_swaps_by_a_persons_yes_for_a_fee_until_a_day(islamic):
    broker, customer = islamic, await islamic.customer("100.00")
    with pytest.raises(Invalid, match="ground"):
        await ask(customer, asking.swap_free, "so")
    row = await ask(customer, asking.swap_free, "My faith does not allow interest")
    async with broker.opener(dealer())() as work:
        await deciding.approve(work, row)

    done = await sent(broker, row)

    assert done.state == RequestState.DONE
    assert (await at_server(broker, customer))["Group"] == "real\\islamic-usd"
    account = await broker.account(customer.account)
    assert (account.swap_free_until - account.swap_free_since).days == 30
    assert (await customer.money()).wallet == 90
    assert await broker.laws() == []


async def test_who_is_not_eligible_or_cannot_pay_is_told_so(islamic):
    broker, poor = islamic, await islamic.customer("5.00")
    row = await ask(poor, asking.swap_free, "My faith does not allow interest")
    with pytest.raises(Conflict, match="fee"):
        async with broker.opener(dealer())() as work:
            await deciding.approve(work, row)
    assert (await wanted(broker, row)).state == RequestState.ASKED

    await retuned(broker, swap_free=SwapFree(
        decides="staff", when=Eligible(country=("AE",))
    ))  # fmt: skip
    other = await broker.customer()
    told = await wanted(broker, await ask(other, asking.swap_free, "My faith does not allow it"))
    assert (told.state, told.rule) == (RequestState.REFUSED, "not eligible")


async def test_a_fee_comes_back_when_the_server_refuses(islamic):
    broker, customer = islamic, await islamic.customer("100.00")
    row = await ask(customer, asking.swap_free, "My faith does not allow interest")
    async with broker.opener(dealer())() as work:
        await deciding.approve(work, row)
    assert (await customer.money()).wallet == 90
    no = {"command": "USER_UPDATE", "code": 3, "applied": False, "times": 1}
    await broker.server.post("/faults", answers=[no])

    told = await sent(broker, row)

    assert told.state == RequestState.REFUSED, told.answer
    assert (await customer.money()).wallet == 100
    assert await broker.laws() == []


async def test_its_time_over_an_account_has_swaps_again_and_misuse_comes_before_a_person(islamic):
    broker = islamic
    ended, misused = await broker.customer("100.00"), await broker.customer("1000.00")
    await misused.move("in", "500.00")
    await order(broker, misused, "buy", "0.01")
    await broker.told()
    for one, days in ((ended, 40), (misused, 20)):
        async with broker.opener()() as work:
            row = await work.lock(TradingAccount, one.account)
            row.server_group = "real\\islamic-usd"
            row.swap_free_since = work.now - timedelta(days=days)
            row.swap_free_until = row.swap_free_since + timedelta(days=30)
            from brokerage.trading.model import OpenPosition

            for position in await work.rows(
                select(OpenPosition).where(OpenPosition.account == one.account)
            ):
                position.opened_at = work.now - timedelta(days=15)

    for _ in range(2):
        await swapping.sweep(broker.opener())

    async with broker.opener()() as work:
        rows = await work.rows(select(AccountRequest).where(AccountRequest.kind == "swaps"))
        told = await work.rows(select(Notice.title).where(Notice.person == misused.id))
    found = {row.account: row for row in rows}
    assert len(rows) == 2
    assert found[ended.account].state == RequestState.APPROVED
    assert found[misused.account].state == RequestState.ASKED
    assert found[misused.account].answer["places"]["n"] == "1"
    assert sum("swaps again" in title for title in told) == 1
    await sent(broker, found[ended.account].id)
    row = await broker.account(ended.account)
    assert (row.server_group, row.swap_free_since) == ("real\\standard-usd", None)


# Money operations


@pytest.mark.parametrize(("right", "way"), [("deposit", "in"), ("withdrawal", "out")])
async def test_a_switched_off_operation_is_refused_in_the_verb_with_its_reason(broker, right, way):
    customer = await broker.customer()
    await customer.move("in", "100.00")
    async with broker.opener(dealer())() as work:
        await switches.set_right(
            work, customer.account, right, on=False, why="Papers are asked for"
        )

    with pytest.raises(Denied, match="Papers") as told:
        await customer.ask(way, "10.00")
    assert told.value.code == f"{right}-off"

    async with broker.opener(dealer())() as work:
        await switches.set_right(work, customer.account, right, on=True, why="They came")
    assert (await customer.move(way, "10.00")).state == "done"


async def test_a_product_without_a_right_has_no_account_that_has_it(broker):
    customer = await broker.customer()
    await retuned(broker, products={"standard": {"rights": ["withdrawal"]}})

    with pytest.raises(Denied):
        await customer.ask("in", "10.00")


async def test_money_goes_from_account_to_account_once_unless_it_is_switched_off(broker):
    customer = await broker.customer("1000.00")
    await customer.move("in", "300.00")
    async with broker.opener()() as work:
        second = await accounts.open_account(
            work, customer.id, product="standard", currency="USD", verified=True
        )
    await broker.make(second.id)
    from brokerage.trading import transfers
    from stoa.kernel.money import Money

    async def between(amount):
        async with broker.opener(customer.actor)() as work:
            row = await transfers.between(
                work, customer.account, second.id, Money(Decimal(amount), "USD")
            )
        return row.id

    first = await between("120.00")
    for _ in range(3):
        await customer.send(first)
        await customer.send(transfers.second_of(first))

    other = await broker.server.get(f"/dealer/{(await broker.account(second.id)).login}/account")
    assert Decimal(other["Balance"]) == 120
    money = await customer.money()
    assert (money.wallet, money.held, money.server) == (700, 0, 180)
    async with broker.opener(dealer())() as work:
        await switches.set_right(work, second.id, "transfer", on=False, why="Being looked at")
    with pytest.raises(Denied, match="looked at"):
        await between("10.00")
    assert await broker.laws() == []


async def test_a_partner_whose_account_has_payouts_switched_off_is_not_paid(broker):
    customer = await broker.customer()
    async with broker.opener()() as work:
        await partners.enrol(work, customer.id)
        await switches.set_right(work, customer.account, "payout", on=False, why="Under review")

    payer = Actor(Kind.STAFF, dealer().id, "Finance", frozenset(str(one) for one in Partners))
    with pytest.raises(Denied, match="Under review"):
        async with broker.opener(payer)() as work:
            await payouts.make(work, customer.id)


# Catalogue and group map


@pytest.mark.parametrize(
    ("availability", "client", "staff"),
    [("disabled", False, False), ("staff-only", False, True), ("hidden", True, True)],
)
async def test_a_product_is_opened_by_whom_it_is_for(broker, availability, client, staff):
    await retuned(broker, products={"standard": {"availability": availability}})
    person = await broker.client()
    may = frozenset(["trading:account:own"])
    for actor, allowed in (
        (Actor(Kind.CLIENT, person, "A client", may, scope="own"), client),
        (dealer(), staff),
    ):
        opened = True
        try:
            async with broker.opener(actor)() as work:
                await accounts.open_account(
                    work, person, product="standard", currency="USD", verified=True
                )
        except Conflict as why:
            assert why.code == "not-offered"
            opened = False
        assert opened is allowed


async def test_a_group_that_the_server_does_not_have_is_not_saved(broker):
    await groups.ask(broker.opener(), SERVER)

    async def save(group, currency=()):
        async with broker.opener(dealer())() as work:
            raw = msgspec.to_builtins(work.settings(TradingSettings))
            for one in raw["servers"]:
                if one["code"] == SERVER:
                    one["groups"] = [{"group": group, "when": {"currency": list(currency)}}]
            await settings.put(
                work, "trading", msgspec.convert(raw, TradingSettings, strict=False), why="map"
            )

    with pytest.raises(Invalid, match="no group") as told:
        await save("real\\nowhere")
    assert told.value.places["group"] == "real\\nowhere"
    with pytest.raises(Invalid, match="kept in EUR"):
        await save("real\\standard-eur", ("USD",))
    await save("real\\standard-eur", ("EUR",))


async def test_symbols_that_differ_from_the_map_are_named(broker):
    await broker.told()
    row = await broker.state()
    async with broker.opener()() as work:
        found = groups.symbol_differences(work.settings(TradingSettings), row.symbols)

    said = {one.places["symbol"]: one.text for one in found}
    assert "EURUSD" not in said
    assert all("{" in text for text in said.values())


async def test_a_client_cannot_ask_for_what_is_off(broker):
    customer = await broker.customer()
    await retuned(broker, requests=Requests(leverage="off"))

    with pytest.raises(Denied):
        await ask(customer, asking.leverage, 10)

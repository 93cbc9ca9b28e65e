"""Opening an account: asked once, made on the server once, whatever happens to the answer."""

from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest

from brokerage.kyc.settings import KycSettings
from brokerage.trading import accounts
from brokerage.trading.model import AccountState, TradingAccount
from stoa.kernel.refusals import Conflict, Denied, Invalid, NotFound
from stoa.tenancy import settings

GROUP = "real\\standard-usd"


async def on_server(broker, client=None):
    """How many accounts the server has, by its own count."""
    return (await broker.server.get("/health"))["accounts"]


async def test_an_account_asked_for_is_on_the_server_once(broker):
    before = await on_server(broker)
    row = await broker.asked(await broker.client())
    assert row.state == AccountState.OPENING

    for _ in range(3):
        await broker.make(row.id)

    row = await broker.account(row.id)
    assert (row.state, await on_server(broker)) == (AccountState.ACTIVE, before + 1)
    assert row.login is not None
    told = await broker.server.get(f"/dealer/{row.login}/account")
    assert told["Group"] == GROUP


@pytest.mark.parametrize(
    ("product", "rules", "opens"),
    [
        ("demo", {}, True),
        ("demo", {"demo_before_verified": False}, False),
        ("standard", {}, False),
        ("standard", {"live_before_verified": True}, True),
    ],
)
async def test_what_opens_before_verification_is_the_brokers_own_rule(
    broker, product, rules, opens
):
    client = await broker.client()
    async with broker.opener()() as work:
        was = work.settings(KycSettings)
        await settings.put(work, "kyc", msgspec.structs.replace(was, **rules), why="test")
    try:
        async with broker.opener()() as work:
            asked = accounts.open_account(work, client, product=product, currency="USD")
            if opens:
                assert (await asked).state == AccountState.OPENING
            else:
                with pytest.raises(Conflict, match="opens as soon as your verification"):
                    await asked
    finally:
        async with broker.opener()() as work:
            await settings.put(work, "kyc", was, why="test")


async def test_an_account_whose_answer_was_lost_is_found_and_not_made_again(broker):
    before = await on_server(broker)
    row = await broker.asked(await broker.client())
    lost = {"command": "USER_ADD", "code": 9, "applied": True, "times": 1}
    await broker.server.post("/faults", answers=[lost])

    with pytest.raises(Conflict):
        await broker.make(row.id)
    assert (await broker.account(row.id)).state == AccountState.OPENING
    await broker.make(row.id)

    row = await broker.account(row.id)
    assert (row.state, await on_server(broker)) == (AccountState.ACTIVE, before + 1)


async def test_the_password_shown_after_a_lost_answer_opens_the_account(broker):
    client = await broker.client()
    row = await broker.asked(client)
    lost = {"command": "USER_ADD", "code": 9, "applied": True, "times": 1}
    await broker.server.post("/faults", answers=[lost])
    with pytest.raises(Conflict):
        await broker.make(row.id)
    await broker.make(row.id)
    async with broker.opener()() as work:
        shown = await accounts.reveal(work, row.id)

    row = await broker.account(row.id)
    answer = await broker.server.call("GET", "/trade/account", login=row.login, password=shown)
    assert answer.status == 200, answer
    async with broker.opener()() as work:
        with pytest.raises(Conflict):
            await accounts.reveal(work, row.id)


async def test_a_password_that_could_not_be_set_is_not_shown_as_the_account_s_own(broker):
    row = await broker.asked(await broker.client())
    answers = [
        {"command": "USER_ADD", "code": 9, "applied": True, "times": 1},
        {"command": "USER_PASS_CHANGE", "code": 9, "applied": False, "times": 1},
    ]
    await broker.server.post("/faults", answers=answers)
    for _ in range(2):
        with pytest.raises(Conflict):
            await broker.make(row.id)
    assert (await broker.account(row.id)).state == AccountState.OPENING

    await broker.make(row.id)
    assert (await broker.account(row.id)).state == AccountState.ACTIVE


async def test_a_refused_account_says_why_and_may_be_asked_for_again(broker):
    row = await broker.asked(await broker.client())
    no = {"command": "USER_ADD", "code": 3006, "applied": False, "times": 1}
    await broker.server.post("/faults", answers=[no])
    await broker.make(row.id)
    row = await broker.account(row.id)
    assert row.state == AccountState.FAILED
    assert row.why

    async with broker.opener()() as work:
        await accounts.retry(work, row.id)
    await broker.make(row.id)

    assert (await broker.account(row.id)).state == AccountState.ACTIVE


async def test_a_client_not_verified_opens_nothing_live_and_no_one_opens_anothers(broker):
    customer = await broker.customer()
    other = await broker.client()
    async with broker.opener(customer.actor)() as work:
        with pytest.raises(Conflict):
            await accounts.open_account(work, customer.id, product="standard", currency="USD")
        with pytest.raises((Denied, NotFound)):
            await accounts.open_account(work, other, product="demo", currency="USD")
        with pytest.raises(NotFound):
            await accounts.open_account(work, customer.id, product="nothing", currency="USD")


async def test_a_currency_the_product_is_not_kept_in_is_refused_by_naming_those_it_is(broker):
    """The form's first choice was the base currency, which the demo product does not have: whoever
    pressed the button at once read that nothing could be found.
    """
    customer = await broker.customer()
    async with broker.opener(customer.actor)() as work:
        with pytest.raises(Invalid) as refused:
            await accounts.open_account(work, customer.id, product="demo", currency="CHF")

    assert refused.value.field == "currency"
    assert "USD" in str(refused.value.places["currencies"])


async def a_demo(broker):
    client = await broker.client()
    async with broker.opener()() as work:
        return await accounts.open_account(work, client, product="demo", currency="USD")


async def held(broker, account):
    """What the server says that the account holds, and of how many movements of money."""
    row = await broker.account(account)
    told = await broker.server.get(f"/dealer/{row.login}/account")
    deals = await broker.server.get(f"/dealer/{row.login}/deals")
    return Decimal(told["Balance"]), len([one for one in deals if one["Action"] == "2"])


async def test_a_demo_account_begins_with_the_play_money_of_its_product(broker):
    row = await a_demo(broker)

    for _ in range(3):
        await broker.make(row.id)

    assert (await broker.account(row.id)).state == AccountState.ACTIVE
    assert await held(broker, row.id) == (Decimal(10_000), 1)
    assert await broker.laws() == []


@pytest.mark.parametrize("applied", [True, False])
async def test_play_money_whose_answer_was_lost_is_given_once(broker, applied):
    row = await a_demo(broker)
    lost = {"command": "TRADE_BALANCE", "code": 9, "applied": applied, "times": 1}
    await broker.server.post("/faults", answers=[lost])

    with pytest.raises(Conflict):
        await broker.make(row.id)
    assert (await broker.account(row.id)).state == AccountState.OPENING
    if not applied:
        with pytest.raises(Conflict):
            await broker.make(row.id)
        async with broker.opener()() as work:
            (await work.lock(TradingAccount, row.id)).sent_at -= timedelta(hours=1)
    await broker.make(row.id)

    assert (await broker.account(row.id)).state == AccountState.ACTIVE
    assert await held(broker, row.id) == (Decimal(10_000), 1)


async def test_a_live_account_begins_with_nothing(broker):
    row = await broker.asked(await broker.client())

    await broker.make(row.id)

    assert await held(broker, row.id) == (Decimal(0), 0)

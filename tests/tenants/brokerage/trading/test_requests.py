"""What is wanted of an account: decided by rule or by a person, sent in its turn, seen in its state."""

import asyncio
import contextlib
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from brokerage.kyc.model import KycStanding
from brokerage.trading import carrying, groups, transfers
from brokerage.trading.connector import Access, Which
from brokerage.trading.events import RequestReady
from brokerage.trading.lifecycle import asking, deciding, limiting, sending
from brokerage.trading.lifecycle.model import AccountRequest, RequestState
from brokerage.trading.lifecycle.settings import Requests
from brokerage.trading.model import AccountState, TradingAccount
from brokerage.trading.permissions import Trading
from stoa.kernel.ids import uuid7
from stoa.kernel.refusals import Conflict, Denied, Invalid, NotFound, Unavailable
from stoa.notices.model import Notice
from stoa.tenancy.actor import Actor, Kind
from support.patience import until

from .conftest import SERVER
from .lives import dealer, retuned, wanted
from .test_deals import order


async def at_server(broker, customer):
    return await broker.server.get(f"/dealer/{customer.login}/account")


async def ratio(broker, customer):
    return int((await at_server(broker, customer))["MarginLeverage"])


async def ask(customer, verb, *given, actor=None, **more):
    async with customer.broker.opener(actor or customer.actor)() as work:
        return (await verb(work, customer.account, *given, **more)).id


async def sent(broker, row):
    await sending.send(broker.opener(), RequestReady(request=row))
    return await wanted(broker, row)


async def test_a_leverage_inside_the_caps_is_granted_by_rule_and_holds_at_the_server(broker):
    customer = await broker.customer()
    row = await ask(customer, asking.leverage, 10)
    assert (await wanted(broker, row)).state == RequestState.APPROVED

    done = await sent(broker, row)

    assert (done.state, done.rule) == (RequestState.DONE, "by rule")
    assert await ratio(broker, customer) == 10
    assert (await broker.account(customer.account)).leverage == 10
    async with broker.opener()() as work:
        told = await work.rows(select(Notice.title).where(Notice.person == customer.id))
    assert any("leverage" in title for title in told)


@pytest.mark.parametrize(("country", "pack"), [("ES", "eu-retail")])
async def test_a_leverage_above_the_jurisdictions_cap_is_refused_with_the_rule(
    broker, country, pack
):
    customer = await broker.customer()
    before = await ratio(broker, customer)

    row = await wanted(broker, await ask(customer, asking.leverage, 100))

    assert row.state == RequestState.REFUSED
    assert row.answer["places"] == {"cap": "30"}
    assert pack in row.rule
    assert await ratio(broker, customer) == before


@pytest.mark.parametrize(
    ("classes", "cap"),
    [(["fx_major"], 30), (["index", "gold"], 20), (["commodity"], 10), (["share"], 5), (["crypto"], 2)],
)  # fmt: skip
async def test_the_cap_is_that_of_the_classes_that_an_account_trades(broker, classes, cap):
    customer = await broker.customer()
    await retuned(
        broker, products={"standard": {"classes": classes, "leverages": [100, 30, 20, 10, 5, 2]}}
    )
    async with broker.opener()() as work:
        (await work.lock(TradingAccount, customer.account)).leverage = 1

    above = next(one for one in (100, 30, 20, 10, 5) if one > cap)
    refused = await wanted(broker, await ask(customer, asking.leverage, above))
    granted = await wanted(broker, await ask(customer, asking.leverage, cap))

    assert (refused.state, refused.answer["places"]["cap"]) == (RequestState.REFUSED, str(cap))
    assert granted.state == RequestState.APPROVED


async def test_what_no_rule_grants_waits_for_a_person_who_is_not_its_maker(broker):
    customer = await broker.customer()
    await retuned(broker, requests=Requests(leverage="staff"))
    row = await ask(customer, asking.leverage, 20)
    assert (await wanted(broker, row)).state == RequestState.ASKED
    assert (await sent(broker, row)).state == RequestState.ASKED

    async with broker.opener(dealer())() as work:
        await deciding.approve(work, row)
    done = await sent(broker, row)

    assert done.state == RequestState.DONE
    assert await ratio(broker, customer) == 20


async def test_staff_who_ask_for_more_risk_do_not_grant_it_themselves(broker):
    customer = await broker.customer()
    maker = dealer()
    lower = await ask(customer, asking.leverage, 10, actor=maker)
    assert (await wanted(broker, lower)).state == RequestState.APPROVED
    await sent(broker, lower)

    higher = await ask(customer, asking.leverage, 30, actor=maker)
    assert (await wanted(broker, higher)).state == RequestState.ASKED
    with pytest.raises(Denied, match="someone else"):
        async with broker.opener(maker)() as work:
            await deciding.approve(work, higher)
    async with broker.opener(dealer())() as work:
        await deciding.approve(work, higher)

    assert (await sent(broker, higher)).state == RequestState.DONE


async def test_a_refusal_by_a_person_needs_a_reason_and_its_owner_reads_it(broker):
    customer = await broker.customer()
    await retuned(broker, requests=Requests(leverage="staff"))
    row = await ask(customer, asking.leverage, 20)

    with pytest.raises(Invalid):
        async with broker.opener(dealer())() as work:
            await deciding.refuse(work, row, " ")
    async with broker.opener(dealer())() as work:
        await deciding.refuse(work, row, "Not with open questions")

    told = await wanted(broker, row)
    assert (told.state, told.answer["text"]) == (RequestState.REFUSED, "Not with open questions")
    with pytest.raises(Conflict):
        async with broker.opener(dealer())() as work:
            await deciding.approve(work, row)


async def test_a_client_takes_back_what_was_not_sent_and_nothing_is_sent(broker):
    customer = await broker.customer()
    before = await ratio(broker, customer)
    row = await ask(customer, asking.leverage, 10)

    async with broker.opener(customer.actor)() as work:
        await deciding.cancel(work, row)

    assert (await sent(broker, row)).state == RequestState.CANCELLED
    assert await ratio(broker, customer) == before


async def test_another_clients_request_does_not_exist(broker):
    one, other = await broker.customer(), await broker.customer()
    row = await ask(one, asking.leverage, 10)

    with pytest.raises(NotFound):
        async with broker.opener(other.actor)() as work:
            await deciding.cancel(work, row)
    with pytest.raises(NotFound):
        async with broker.opener(other.actor)() as work:
            await asking.leverage(work, one.account, 20)


async def test_one_of_a_kind_at_a_time_and_one_that_is_offered(broker):
    customer = await broker.customer()
    await ask(customer, asking.leverage, 10)

    with pytest.raises(Conflict, match="under way"):
        await ask(customer, asking.leverage, 20)
    with pytest.raises(Invalid):
        await ask(customer, asking.leverage, 77)


async def test_sent_by_many_at_once_it_is_sent_once(broker):
    customer = await broker.customer()
    row = await ask(customer, asking.leverage, 10)

    await asyncio.gather(*(sent(broker, row) for _ in range(5)))

    done = await wanted(broker, row)
    assert (done.state, done.tries) == (RequestState.DONE, 1)


async def test_an_answer_that_was_lost_is_found_by_looking(broker):
    customer = await broker.customer()
    row = await ask(customer, asking.leverage, 10)
    lost = {"command": "USER_UPDATE", "code": 9, "applied": True, "times": 1}
    await broker.server.post("/faults", answers=[lost])
    await sent(broker, row)
    async with broker.opener()() as work:
        open_one = await work.lock(AccountRequest, row)
        open_one.next_ask_at = open_one.ready_at = work.now - timedelta(minutes=1)

    await sending.sweep(broker.opener())

    assert (await wanted(broker, row)).state == RequestState.DONE
    assert await ratio(broker, customer) == 10


async def test_while_the_server_is_down_all_of_an_account_waits_and_ends_in_order(fragile):
    customer = await fragile.customer("1000.00")
    other = await fragile.customer("1000.00")
    await fragile.server.kill()
    first = await ask(customer, asking.leverage, 10)
    second = await customer.ask("in", "100.00")
    third = await ask(customer, limiting.access, Access.NO_TRADING, "as agreed", actor=dealer())
    beside = await other.ask("in", "50.00")
    with contextlib.suppress(Unavailable):
        await sending.send(fragile.opener(), RequestReady(request=first))
    await sending.send(fragile.opener(), RequestReady(request=third))
    await customer.send(second)
    assert (await customer.transfer(second)).state == "held"
    assert [(await wanted(fragile, one)).state for one in (first, third)] == ["approved"] * 2

    await fragile.server.start()
    await _late(fragile, customer, other)

    async def ended():
        await sending.sweep(fragile.opener())
        await carrying.sweep(fragile.opener())
        await _late(fragile, customer, other)
        return (await wanted(fragile, third)).done_at is not None

    await until(ended, every_s=0.5)

    ends = [
        (await wanted(fragile, first)).done_at,
        (await customer.transfer(second)).done_at,
        (await wanted(fragile, third)).done_at,
    ]
    assert None not in ends
    assert ends == sorted(ends)
    assert [(await wanted(fragile, one)).state for one in (first, third)] == ["done"] * 2
    assert (await customer.transfer(second)).state == "done"
    assert (await other.transfer(beside)).state == "done"
    assert await fragile.laws() == []


async def _late(broker, *customers):
    """As if it had all been asked for a while ago."""
    async with broker.opener()() as work:
        for customer in customers:
            for row in await work.rows(
                select(AccountRequest).where(
                    AccountRequest.account == customer.account,
                    AccountRequest.ready_at > work.now - timedelta(minutes=3),
                )
            ):
                row.ready_at -= timedelta(minutes=5)
                row.next_ask_at = None
            for row in await work.rows(
                select(transfers.Transfer).where(transfers.Transfer.account == customer.account)
            ):
                if row.asked_at > work.now - timedelta(minutes=3):
                    row.asked_at -= timedelta(minutes=5)
                row.next_ask_at = None


async def test_a_new_password_opens_the_account_and_is_shown_once(broker, house):
    customer = await broker.customer()
    row = await ask(customer, asking.password, Which.MAIN)
    done = await sent(broker, row)
    assert (done.state, done.asked_kind) == (RequestState.DONE, "client")

    async with broker.opener()() as work:
        stored = await work.get(AccountRequest, row)
        word = work.unseal(row, asking.SECRET, stored.secret_sealed)
    reply = await broker.server.call("GET", "/trade/account", login=customer.login, password=word)
    assert reply.status == 200, reply
    assert (await broker.account(customer.account)).password_sealed is None


async def lossy(broker, customer):
    """An account with little left above what it needs."""
    await customer.move("in", "200.00")
    await order(broker, customer, "buy", "0.10")
    await broker.told()
    return await broker.account(customer.account)


async def test_a_leverage_that_would_stop_it_out_is_refused_with_the_figures(broker):
    customer = await broker.customer()
    await groups.ask(broker.opener(), SERVER)
    row = await lossy(broker, customer)
    assert row.margin > 0

    told = await wanted(broker, await ask(customer, asking.leverage, 5))

    assert (told.state, told.effect["verdict"]) == (RequestState.REFUSED, "stop-out")
    assert Decimal(told.effect["margin_after"]) > row.margin
    assert "level" in told.answer["places"]
    assert await ratio(broker, customer) == row.leverage


async def test_a_person_may_still_say_yes_to_the_figures_they_saw(broker):
    customer = await broker.customer()
    await groups.ask(broker.opener(), SERVER)
    await lossy(broker, customer)
    row = await ask(customer, asking.leverage, 5, actor=dealer())
    assert (await wanted(broker, row)).state == RequestState.ASKED

    with pytest.raises(Conflict, match="figures"):
        async with broker.opener(dealer())() as work:
            await deciding.approve(work, row)
    async with broker.opener(dealer())() as work:
        await deciding.approve(work, row, deciding.seal_of(await work.get(AccountRequest, row)))

    assert (await sent(broker, row)).state == RequestState.DONE
    assert await ratio(broker, customer) == 5


async def test_what_has_become_dangerous_since_the_asking_is_not_sent(broker):
    customer = await broker.customer()
    await groups.ask(broker.opener(), SERVER)
    row = await ask(customer, asking.leverage, 5)
    assert (await wanted(broker, row)).state == RequestState.APPROVED
    # The transfer would wait for its turn after the request: the money was there before.
    async with broker.opener()() as work:
        (await work.lock(AccountRequest, row)).state = RequestState.ASKED
    before = await lossy(broker, customer)
    async with broker.opener()() as work:
        (await work.lock(AccountRequest, row)).state = RequestState.APPROVED

    told = await sent(broker, row)

    assert (told.state, told.effect["verdict"]) == (RequestState.REFUSED, "stop-out")
    assert await ratio(broker, customer) == before.leverage


async def test_access_is_the_strictest_of_all_that_limits_it(broker):
    customer, staff = await broker.customer(), dealer()

    async def set_to(access, why="as agreed"):
        await sent(broker, await ask(customer, limiting.access, access, why, actor=staff))
        return await broker.account(customer.account)

    stopped = await set_to(Access.NO_TRADING)
    assert (stopped.state, stopped.why) == (AccountState.RESTRICTED, "as agreed")
    async with broker.opener()() as work:
        row = await work.lock(TradingAccount, customer.account)
        made = await limiting.limit(work, row, "dispute", Access.NO_LOGIN, "disputed")
    await sent(broker, made.id)
    assert (await broker.account(customer.account)).access == "no-login"

    again = await set_to(Access.FULL)
    assert (again.state, again.access) == (AccountState.RESTRICTED, "no-login")
    async with broker.opener()() as work:
        row = await work.lock(TradingAccount, customer.account)
        made = await limiting.limit(work, row, "dispute", None, "settled")
    await sent(broker, made.id)

    assert (await broker.account(customer.account)).state == AccountState.ACTIVE


async def test_what_a_platform_cannot_do_is_refused_at_once(broker):
    customer = await broker.customer()

    with pytest.raises(Invalid, match="platform"):
        await ask(customer, limiting.access, Access.CLOSE_ONLY, "as agreed", actor=dealer())
    with pytest.raises(Invalid, match="why"):
        await ask(customer, limiting.access, Access.NO_LOGIN, "", actor=dealer())
    with pytest.raises(NotFound):
        await ask(customer, limiting.access, Access.NO_LOGIN, "I want it")


async def test_archiving_wants_it_empty_and_restoring_a_fresh_verification(broker):
    customer = await broker.customer()
    await customer.move("in", "100.00")
    await broker.told()
    full = await wanted(broker, await ask(customer, asking.archive))
    assert (full.state, full.rule) == (RequestState.REFUSED, "not empty")
    await customer.move("out", "100.00")
    await broker.told()

    away = await sent(broker, await ask(customer, asking.archive))
    assert away.state == RequestState.DONE
    assert (await broker.account(customer.account)).state == AccountState.ARCHIVED
    with pytest.raises(Conflict):
        await customer.ask("in", "10.00")

    stale = await wanted(broker, await ask(customer, asking.restore))
    assert (stale.state, stale.rule) == (RequestState.REFUSED, "verification")
    await verified(broker, customer.id)
    back = await sent(broker, await ask(customer, asking.restore))
    assert back.state == RequestState.DONE
    assert (await broker.account(customer.account)).state == AccountState.ACTIVE
    assert (await customer.move("in", "10.00")).state == "done"


async def test_papers_that_ran_out_keep_an_account_archived(broker):
    customer = await broker.customer()
    await sent(broker, await ask(customer, asking.archive))
    await verified(broker, customer.id)
    async with broker.opener()() as work:
        place = await work.lock(KycStanding, customer.id)
        place.expires_on = work.now.date() - timedelta(days=2)

    told = await wanted(broker, await ask(customer, asking.restore))

    assert (told.state, told.rule) == (RequestState.REFUSED, "verification")


async def verified(broker, client):
    async with broker.opener()() as work:
        from brokerage.kyc import standing

        place = await standing.locked(work, client)
        place.level = "verified"


async def test_a_group_of_another_currency_is_refused_while_money_is_on_its_way(broker):
    customer = await broker.customer()
    await groups.ask(broker.opener(), SERVER)
    moving = await customer.ask("in", "10.00")

    pending = await wanted(broker, await ask(
        customer, asking.group, "real\\standard-eur", "as agreed", actor=dealer()
    ))  # fmt: skip
    assert (pending.state, "on its way" in pending.answer["text"]) == (RequestState.REFUSED, True)
    await customer.send(moving)
    await broker.told()
    holding = await wanted(broker, await ask(
        customer, asking.group, "real\\standard-eur", "as agreed", actor=dealer()
    ))  # fmt: skip
    assert (holding.state, "empty" in holding.answer["text"]) == (RequestState.REFUSED, True)
    with pytest.raises(Invalid, match="no group"):
        await ask(customer, asking.group, "real\\nowhere", "as agreed", actor=dealer())

    other = await ask(customer, asking.group, "real\\raw-usd", "as agreed", actor=dealer())
    async with broker.opener(dealer())() as work:
        await deciding.approve(work, other)
    assert (await sent(broker, other)).state == RequestState.DONE
    assert (await at_server(broker, customer))["Group"] == "real\\raw-usd"


async def test_nobody_without_the_permission_decides(broker):
    customer = await broker.customer()
    await retuned(broker, requests=Requests(leverage="staff"))
    row = await ask(customer, asking.leverage, 20)
    support = Actor(Kind.STAFF, uuid7(), "Support", frozenset({str(Trading.VIEW)}))

    with pytest.raises(Denied):
        async with broker.opener(support)() as work:
            await deciding.approve(work, row)
    with pytest.raises(Denied):
        async with broker.opener(customer.actor)() as work:
            await deciding.approve(work, row)

"""Every page of payments answers, says what it should, and belongs to whom it belongs."""

from uuid import UUID

import pytest
from sqlalchemy import select, update

from brokerage.payments import queries
from brokerage.payments.model import Unresolved, Withdrawal
from brokerage.payments.values import Method
from brokerage.payments.withdrawing import withdrawals
from stoa.kernel.ids import uuid7
from stoa.tenancy.model import Tenant

from .test_withdrawals import a_place, asked, funded


@pytest.mark.parametrize("language", ["en", "es", "ar"])
@pytest.mark.parametrize("path", ["/deposit", "/withdraw", "/withdraw/destinations"])
async def test_a_client_sees_their_pages(customer, path, language):
    await funded(customer)
    await a_place(customer)
    browser = await customer.browser()

    browser.http.cookies.set("language", language)

    page = await browser.get(path)

    assert page.status_code == 200, page.text[:600]
    assert len(page.content) < 100_000


async def test_a_suspended_brokers_client_is_offered_no_form_that_would_be_refused(
    market, customer, house
):
    browser = await customer.browser()
    assert 'id="pay-in"' in (await browser.get("/deposit")).text
    async with house.door.platform(purpose="test") as work:
        await work.run(
            update(Tenant).where(Tenant.id == market.tenant.id).values(state="suspended")
        )
    house.door.registry.forget()

    page = await browser.get("/deposit")

    assert page.status_code == 200 and "Paying in is paused" in page.text
    assert 'id="pay-in"' not in page.text
    assert 'href="/withdraw"' in page.text


async def test_a_withdrawal_is_walked_by_its_pages(market, customer, desk):
    await customer.paid("100.00")
    await funded(customer)
    place = await a_place(customer)
    room = await customer.browser()

    review = await room.get(f"/withdraw/review?amount=700&currency=USD&to=bank:{place}")
    assert review.status_code == 200, review.text[:600]
    assert "600.00" in review.text
    key = uuid7()
    answer = await room.post(
        "/withdraw",
        {
            "method": "bank",
            "currency": "USD",
            "amount": "700.00",
            "key": str(key),
            "destination": str(place),
        },
    )
    assert answer.headers["hx-redirect"] == f"/withdrawals/{key}", answer.text
    assert (await room.get(f"/withdrawals/{key}")).status_code == 200

    staff = await desk()
    listed = await staff.get("/desk/withdrawals")
    assert listed.status_code == 200 and str(key) in listed.text
    page = await staff.get(f"/desk/withdrawals/{key}")
    assert page.status_code == 200, page.text[:600]
    async with market.opener()() as work:
        row = await work.get(Withdrawal, key)
    done = await staff.post(f"/desk/withdrawals/{key}/approve", {"payload": row.payload_hash})
    assert done.status_code == 204, done.text
    again = await staff.post(f"/desk/withdrawals/{key}/approve", {"payload": row.payload_hash})
    assert again.status_code == 409
    async with market.opener()() as work:
        assert (await work.get(Withdrawal, key)).state == "approved"


async def test_too_much_is_told_on_the_form_and_nothing_is_set_aside(customer):
    await funded(customer, "50.00")
    place = await a_place(customer)
    room = await customer.browser()

    page = await room.get(f"/withdraw/review?amount=-1&currency=USD&to=bank:{place}")
    assert page.status_code == 422 and "point for decimals" in page.text
    for currency in ("usd%3Cb", "XXX", ""):
        page = await room.get(f"/withdraw/review?amount=5&currency={currency}&to=bank:{place}")
        assert page.status_code == 422 and "This currency is not available." in page.text
    enough = await room.get(f"/withdraw/review?amount=60&currency=USD&to=bank:{place}")
    assert enough.status_code == 200 and 'action="/withdraw"' not in enough.text


async def test_the_money_out_needs_the_second_factor(market, customer):
    from stoa.identity import sessions
    from stoa.identity.model import Person
    from support.web import signed_in, state_of

    async with market.opener()() as work:
        person = await work.get(Person, customer.id)
        bearer = await sessions.start(
            work,
            person.id,
            audience="room",
            stage=sessions.FULL,
            epoch=person.epoch,
            ip="127.0.0.1",
            device="test",
            second_factor=False,
        )
        csrf = work.keys.mac("csrf", bearer)
    browser = await signed_in(market.house, market.tenant, person, "room")
    browser.http.cookies.set(state_of(market.house).cookie("room"), bearer)
    browser.csrf = csrf

    answer = await browser.post("/withdraw", {"method": "card", "currency": "USD", "amount": "5"})

    assert answer.status_code in {401, 204, 303}
    assert "second-factor" in str(answer.headers) + answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/desk",
        "/desk/deposits",
        "/desk/deposits?format=csv",
        "/desk/unresolved",
        "/desk/withdrawals",
        "/desk/withdrawals?state=review&format=xlsx",
        "/desk/psps",
    ],
)
async def test_staff_see_the_pages(customer, desk, path):
    await customer.start("100.00")
    browser = await desk()

    page = await browser.get(path)

    assert page.status_code == 200, page.text[:600]
    assert len(page.content) < 100_000


async def test_a_deposit_explains_its_route_and_its_client_tab(market, customer, desk):
    deposit = await customer.paid("100.00")
    browser = await desk()

    page = await browser.get(f"/desk/deposits/{deposit}")
    tab = await browser.get(f"/desk/clients/{customer.id}/payments")
    found = await browser.get(f"/desk/search?q={(await customer.deposit(deposit)).reference}")

    assert page.status_code == 200 and "Rule 1 “Cards”" in page.text
    assert tab.status_code == 200 and f"/desk/deposits/{deposit}" in tab.text
    assert f"/desk/deposits/{deposit}" in found.text
    for path in ("deposits", "withdrawals", "unresolved"):
        assert (await browser.get(f"/desk/{path}/{uuid7()}")).status_code == 404


async def test_what_is_unresolved_is_resolved_on_its_page(market, customer, desk):
    made = await customer.start("100.00", method=Method.CRYPTO)
    await customer.pay(made.deposit, coin="usdt-tron", paid="over")
    tried = (await customer.attempts(made.deposit))[0]
    from brokerage.payments import settlement
    from support.patience import until

    async def looked() -> bool:
        await settlement.look(market.opener(), tried.id)
        return (await customer.deposit(made.deposit)).state == "review"

    await until(looked)
    async with market.opener()() as work:
        item = await work.first(select(Unresolved).where(Unresolved.deposit == made.deposit))
    browser = await desk()

    assert (await browser.get(f"/desk/unresolved/{item.id}")).status_code == 200
    refused = await browser.post(f"/desk/unresolved/{item.id}", {"outcome": "close", "note": "x"})
    assert refused.status_code == 409
    path, said = f"/desk/unresolved/{item.id}", {"outcome": "credit", "note": "Paid more."}
    asked = await browser.post(path, said)
    assert asked.status_code == 204 and await customer.available() == 0
    assert (await browser.post(path, said)).status_code == 403
    other = await desk()
    assert "Another person has to say the same" in (await other.get(path)).text
    done = await other.post(path, said)

    assert done.status_code == 204, done.text
    assert await customer.available() == item.amount
    room = await customer.browser()
    assert (await room.get(f"/deposit/{made.deposit}")).status_code == 200


async def test_a_connection_is_tried_from_the_page(desk):
    browser = await desk()

    page = await browser.post("/desk/psps/alpha/test")

    assert page.status_code in {200, 201} and "Use the secret key" in page.text
    assert (await browser.post("/desk/psps/nobody/test")).status_code == 404


async def test_who_may_not_see_money_does_not(customer, desk):
    browser = await desk("clients:client:view")

    for path in ("/desk/deposits", "/desk/withdrawals", "/desk/psps", "/desk/unresolved"):
        assert (await browser.get(path)).status_code == 403


async def test_a_suspended_broker_takes_requests_but_sends_nothing(market, customer):
    from dataclasses import replace

    from brokerage.payments.events import PayoutDue
    from brokerage.payments.withdrawing import payouts

    await customer.paid("100.00")
    async with market.opener()() as work:
        from brokerage.clients.model import Client

        await work.run(
            update(Client).where(Client.id == customer.id).values(last_trade_at=work.now)
        )
    row = await asked(customer, "50.00", method=Method.CARD)
    assert row.state == "approved"
    stopped = market.house.door.opener(replace(market.tenant, state="suspended"), purpose="test")
    async with stopped() as work:
        part = (await withdrawals.parts_of(work, row.id))[0]

    await payouts.send(stopped, PayoutDue(payout=part.id))

    async with market.opener()() as work:
        assert (await withdrawals.parts_of(work, row.id))[0].state == "waiting"


async def test_the_last_deposits_are_the_last_ones_whatever_their_keys(market, customer):
    """A deposit's id is the key its form carried, which tells no time; lists by id jumbled them."""
    keys = [UUID(int=(at << 124) | 1) for at in (9, 3, 6, 1)]
    for at, key in enumerate(keys):
        await customer.start(f"{10 + at}.00", key=key)

    async with market.opener()() as work:
        came, _ = await queries.of_client(work, customer.id)

    assert [row.id for row in came] == keys[::-1]


async def test_the_same_withdrawal_again_is_told_of_before_it_is_made(market, customer):
    """Back, and the button again: the page was drawn anew with a new key, and money went twice."""
    await funded(customer)
    place = await a_place(customer)
    room = await customer.browser()
    address = f"/withdraw/review?amount=70&currency=USD&to=bank:{place}"
    first = await room.get(address)
    key = uuid7()
    await room.post(
        "/withdraw",
        {
            "method": "bank",
            "currency": "USD",
            "amount": "70.00",
            "key": str(key),
            "destination": str(place),
        },
    )

    again = await room.get(address)
    other = await room.get(address.replace("=70&", "=71&"))

    assert f'href="/withdrawals/{key}"' in again.text
    assert f'href="/withdrawals/{key}"' not in first.text
    assert f'href="/withdrawals/{key}"' not in other.text

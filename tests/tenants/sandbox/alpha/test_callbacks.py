"""Callbacks: proof, retries, and what the switches do to them."""

import asyncio
import hashlib
import hmac
import time

import pytest

from sandbox.alpha.api import Alpha
from sandbox.common.wire import Asked
from support.patience import until
from support.shops import AlphaShop
from support.standins import Listener, Standin


def right(asked: Asked, secret: str) -> bool:
    """Stripe's rule, written down a second time."""
    told = dict(piece.split("=", 1) for piece in asked.headers["stripe-signature"].split(","))
    signed = f"{told['t']}.".encode() + asked.content
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest() == told["v1"]


def test_the_signature_equals_what_openssl_computes() -> None:
    raw = b'{"id":"evt_1","type":"payout.paid"}'

    headers = Alpha.sign(None, {"webhook_secret": "whsec_test"}, raw, 1492774577)  # type: ignore[arg-type]

    mark = "0a39b7ea5fc3c783c8d1f3be52d783613e208a1398028a2fc545aecfedf3dd35"
    assert headers == {"stripe-signature": f"t=1492774577,v1={mark}"}


async def test_a_paid_session_is_told_once_and_signed(shop: AlphaShop) -> None:
    session = await shop.session()
    await shop.pay(session["id"])

    event = (await shop.hooks.wait(1))[0]
    await shop.hooks.none_for()

    assert event["type"] == "checkout.session.completed"
    assert event["data"]["object"]["id"] == session["id"]
    assert event["data"]["object"]["payment_status"] == "paid"
    assert event["id"].startswith("evt_")
    assert right(shop.hooks.got[0], shop.secret)
    assert shop.hooks.got[0].host.startswith("hooks.localhost:")


async def test_a_callback_is_repeated_until_the_merchant_says_2xx(shop: AlphaShop) -> None:
    shop.hooks.scripted.extend([500, 302, 404])
    await shop.pay((await shop.session())["id"])

    events = await shop.hooks.wait(4)
    await shop.hooks.none_for()

    assert len({event["id"] for event in events}) == 1
    assert all(right(asked, shop.secret) for asked in shop.hooks.got)


async def test_a_merchant_who_is_away_does_not_hold_up_another(shop: AlphaShop) -> None:
    away = AlphaShop(shop.at, Listener(url="http://127.0.0.1:9/nobody"))
    await away.open()
    for _ in range(20):
        await away.pay((await away.session())["id"])

    await shop.pay((await shop.session())["id"])
    await shop.hooks.wait(1)

    # Each of them is tried again for days: none was given up so that ours could come.
    told = (await shop.at.http.get("/_sandbox/webhooks", params={"merchant": away.id})).json()
    assert [one["state"] for one in told["deliveries"]] == ["pending"] * 20


async def test_what_was_not_delivered_is_delivered_after_kill_and_restart(
    own: Standin, hooks: Listener
) -> None:
    shop = AlphaShop(own, hooks)
    await shop.open()
    hooks.scripted.extend([503] * 3)
    await shop.pay((await shop.session())["id"])
    first = (await hooks.wait(1))[0]

    await own.kill_and_restart()
    await until(lambda: not hooks.scripted)
    last = (await hooks.wait(4))[-1]

    assert last["id"] == first["id"]


async def test_a_duplicate_bears_the_same_event_id(shop: AlphaShop) -> None:
    await shop.fault("callback_duplicate", times=4)
    await shop.pay((await shop.session())["id"])

    events = await shop.hooks.wait(5)

    assert len({event["id"] for event in events}) == 1


async def test_a_lost_callback_never_comes_and_the_api_still_knows(shop: AlphaShop) -> None:
    await shop.fault("callback_lost")
    session = await shop.session()
    await shop.pay(session["id"])

    await shop.hooks.none_for()

    read = (await shop.call("GET", f"/v1/checkout/sessions/{session['id']}")).json()
    assert read["payment_status"] == "paid"
    events = (await shop.call("GET", "/v1/events")).json()["data"]
    assert [event["type"] for event in events] == ["checkout.session.completed"]


async def test_a_forged_callback_comes_beside_the_real_one_and_only_once(shop: AlphaShop) -> None:
    await shop.fault("callback_forged")
    shop.hooks.scripted.extend([401, 401])
    await shop.pay((await shop.session())["id"])

    await shop.hooks.wait(3)
    await shop.hooks.none_for()

    assert [right(asked, shop.secret) for asked in shop.hooks.got].count(True) == 2
    assert [right(asked, shop.secret) for asked in shop.hooks.got].count(False) == 1


async def test_an_unsigned_callback_has_no_signature_at_all(shop: AlphaShop) -> None:
    await shop.fault("callback_unsigned")
    await shop.pay((await shop.session())["id"])

    await shop.hooks.wait(2)

    signed = ["stripe-signature" in asked.headers for asked in shop.hooks.got]
    assert sorted(signed) == [False, True]


async def test_another_merchants_address_gets_one_it_cannot_verify(
    own: Standin, hooks: Listener
) -> None:
    theirs = await Listener().open()
    mine, other = AlphaShop(own, hooks), AlphaShop(own, theirs)
    await mine.open()
    await other.open()
    await mine.fault("callback_other_merchant")

    await mine.pay((await mine.session())["id"])
    await theirs.wait(1)
    await hooks.wait(1)

    assert right(theirs.got[0], mine.secret)
    assert not right(theirs.got[0], other.secret)
    await theirs.close()


@pytest.mark.parametrize(
    ("fault", "name", "told"),
    [
        ("callback_mutated_amount", "amount_total", 5_000_000),
        ("callback_mutated_currency", "currency", "jpy"),
        ("callback_other_reference", "client_reference_id", "OTHER"),
    ],
)
async def test_a_mutated_callback_is_well_signed_and_false(
    shop: AlphaShop, fault: str, name: str, told: object
) -> None:
    session = await shop.session()
    await shop.session(client_reference_id="OTHER")
    await shop.fault(fault)

    await shop.pay(session["id"])
    event = (await shop.hooks.wait(1))[0]

    assert right(shop.hooks.got[0], shop.secret)
    assert event["data"]["object"]["id"] == session["id"]
    assert event["data"]["object"][name] == told
    truth = next(row for row in (await shop.truth())["payments"] if row["id"] == session["id"])
    assert (truth["amount_received"], truth["currency"]) == (50_000, "usd")


async def test_a_callback_may_come_after_the_one_that_follows_it(shop: AlphaShop) -> None:
    await shop.fault("callback_out_of_order", seconds=30)
    session = await shop.session()
    await shop.pay(session["id"], card="4000000000000002")
    await shop.pay(session["id"])

    kinds = [event["type"] for event in await shop.hooks.wait(2)]

    assert kinds == ["checkout.session.completed", "payment_intent.payment_failed"]


async def test_a_late_callback_comes_late(shop: AlphaShop) -> None:
    await shop.fault("callback_delay", seconds=0.6)
    began = time.monotonic()
    await shop.pay((await shop.session())["id"])

    await shop.hooks.wait(1)
    assert time.monotonic() - began >= 0.6


async def test_a_callback_may_overtake_the_answer_to_the_call(shop: AlphaShop) -> None:
    await shop.fault("callback_before_answer", on="payouts")

    early: list[bool] = []
    shop.hooks.at_each = lambda: early.append(not asked.done())
    asked = asyncio.create_task(shop.pay_out())
    event = (await shop.hooks.wait(1))[0]

    assert early == [True]
    assert (await asked).json()["id"] == event["data"]["object"]["id"]


async def test_a_person_may_send_one_again(shop: AlphaShop) -> None:
    await shop.pay((await shop.session())["id"])
    event = (await shop.hooks.wait(1))[0]

    await shop.at.control("webhooks/resend", event=event["id"])

    assert [one["id"] for one in await shop.hooks.wait(2)] == [event["id"]] * 2


async def test_only_the_events_a_merchant_wants_are_told(alpha: Standin, hooks: Listener) -> None:
    shop = AlphaShop(alpha, hooks)
    await shop.open(enabled_events=["payment_intent.succeeded"])

    await shop.pay((await shop.session())["id"])

    assert [event["type"] for event in await hooks.wait(1)] == ["payment_intent.succeeded"]
    await hooks.none_for()


async def test_signatures_keep_real_time_unless_the_clock_is_asked(
    own: Standin, hooks: Listener
) -> None:
    shop = AlphaShop(own, hooks)
    await shop.open()
    times: list[int] = []
    for sign in (False, True):
        await own.control("clock", offset_s=-86_400, sign=sign)
        await shop.pay((await shop.session())["id"])
        await hooks.wait(len(times) + 1)
        times.append(int(hooks.got[-1].headers["stripe-signature"].split(",")[0][2:]))

    assert abs(times[0] - time.time()) < 60
    assert abs(times[1] - (time.time() - 86_400)) < 60
    assert all(abs(event["created"] - time.time() + 86_400) < 60 for event in hooks.documents)

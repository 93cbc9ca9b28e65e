"""Beta's payments by card, as a Hyperswitch integration meets them."""

import asyncio
from typing import Any

import pytest

from support.patience import until
from support.shops import BetaShop
from support.standins import Listener, Standin

GOOD = {"number": "4242 4242 4242 4242", "expiry": "12 / 34", "cvc": "123", "name": "Anna"}


async def test_a_payment_waits_at_its_link(shop: BetaShop) -> None:
    payment = await shop.payment(12_345, "USD")

    assert payment["status"] == "requires_payment_method"
    assert (payment["amount"], payment["currency"]) == (12_345, "USD")
    assert payment["metadata"] == {"id": "our-1"}
    link = payment["payment_link"]["link"]
    assert link == f"{shop.at.url}/payment_link/{shop.id}/{payment['payment_id']}"
    assert not [name for name in payment if name.startswith("_")]
    page = await shop.at.http.get(link)
    assert "123.45 USD" in page.text
    assert "Northlight" in page.text


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"amount": -1}, "IR_05"),
        ({"amount": 0}, "IR_05"),
        ({"amount": 1.5}, "IR_06"),
        ({"amount": "1000"}, "IR_06"),
        ({"amount": None}, "IR_04"),
        ({"amount": True}, "IR_06"),
        ({"currency": "eur"}, "IR_06"),
        ({"currency": "XXX"}, "IR_06"),
        ({"colour": "red"}, "IR_06"),
        ({"return_url": "javascript:alert(1)"}, "IR_05"),
        ({"return_url": None}, "HE_03"),
        ({"allowed_payment_method_types": ["paypal"]}, "IR_06"),
        ({"session_expiry": 5}, "IR_05"),
        ({"payment_id": "a b"}, "IR_05"),
    ],
)
async def test_a_wrong_request_is_refused_with_its_code(
    shop: BetaShop, change: dict[str, Any], code: str
) -> None:
    answer = await shop.ask(**change)

    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request"
    assert answer.json()["error"]["code"] == code
    assert (await shop.truth())["payments"] == []


async def test_a_body_that_is_no_json_is_refused(shop: BetaShop) -> None:
    headers = {"api-key": shop.key, "content-type": "application/json"}

    answer = await shop.at.http.post("/payments", content=b'{"amount":', headers=headers)

    assert answer.status_code == 400


async def test_a_payment_id_of_ours_is_taken_once(shop: BetaShop) -> None:
    first = await shop.ask(payment_id=f"pay_{shop.key[-16:]}")
    again = await shop.ask(payment_id=f"pay_{shop.key[-16:]}")

    assert first.status_code == 200
    assert again.status_code == 400
    assert again.json()["error"]["code"] == "HE_01"


@pytest.mark.parametrize("key", ["", "unknown"])
async def test_without_a_known_key_nothing_is_told(beta: Standin, key: str) -> None:
    answer = await beta.http.get("/payments/pay_x", headers={"api-key": key})

    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "IR_01"


async def test_another_merchants_payment_does_not_exist(shop: BetaShop) -> None:
    other = BetaShop(shop.at, shop.hooks)
    await other.open()
    payment = await other.payment()

    answer = await shop.call("GET", f"/payments/{payment['payment_id']}")
    strange = await shop.at.http.get(f"/payment_link/{shop.id}/{payment['payment_id']}")

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "HE_02")
    assert strange.status_code == 404


async def test_a_good_card_pays_and_leads_back(shop: BetaShop) -> None:
    payment = await shop.payment()
    link = payment["payment_link"]["link"]

    answer = await shop.at.http.post(f"{link}/card", data=GOOD)

    key = payment["payment_id"]
    back = f"http://shop.example/back?tab=1&payment_id={key}&status=succeeded"
    assert (answer.status_code, answer.headers["location"]) == (303, back)
    read = await shop.read(key)
    assert (read["status"], read["amount_received"]) == ("succeeded", 50_000)
    assert read["payment_method_data"]["card"]["last4"] == "4242"
    event = (await shop.hooks.wait(1))[0]
    assert (event["event_type"], event["content"]["type"]) == (
        "payment_succeeded",
        "payment_details",
    )
    assert event["content"]["object"]["payment_id"] == key


async def test_a_declined_card_ends_the_payment(shop: BetaShop) -> None:
    payment = await shop.payment()

    said = await shop.pay(payment["payment_id"], card="4000000000009995")
    again = await shop.pay(payment["payment_id"])

    assert (said["status"], said["error_code"]) == ("failed", "insufficient_funds")
    assert again["status"] == "failed"
    assert (await shop.hooks.wait(1))[0]["event_type"] == "payment_failed"


@pytest.mark.parametrize(("answer", "status"), [("agree", "succeeded"), ("refuse", "failed")])
async def test_the_bank_is_asked_before_some_cards_pay(
    shop: BetaShop, answer: str, status: str
) -> None:
    payment = await shop.payment()
    link = payment["payment_link"]["link"]

    card = {**GOOD, "number": "4000002760003184"}
    sent_on = await shop.at.http.post(f"{link}/card", data=card)
    waiting = await shop.read(payment["payment_id"])
    done = await shop.at.http.post(sent_on.headers["location"], data={"answer": answer})

    assert waiting["status"] == "requires_customer_action"
    assert waiting["next_action"]["redirect_to_url"].startswith(shop.at.url + "/3ds/")
    assert done.headers["location"].endswith(f"status={status}")


async def test_a_mistyped_card_is_explained_and_changes_nothing(shop: BetaShop) -> None:
    payment = await shop.payment()

    link = payment["payment_link"]["link"]
    page = await shop.at.http.post(f"{link}/card", data={**GOOD, "number": "1234"})

    assert page.status_code == 422
    assert "card number is invalid" in page.text
    assert (await shop.read(payment["payment_id"]))["status"] == "requires_payment_method"


async def test_cancelled_by_the_payer_or_the_merchant_is_over(shop: BetaShop) -> None:
    one, two = await shop.payment(), await shop.payment()

    by_payer = await shop.at.http.post(f"{one['payment_link']['link']}/cancel")
    path = f"/payments/{two['payment_id']}/cancel"
    by_merchant = await shop.call("POST", path, {"cancellation_reason": "test"})
    again = await shop.call("POST", path, {})

    assert by_payer.headers["location"].endswith("status=cancelled")
    assert by_merchant.json()["status"] == "cancelled"
    assert (again.status_code, again.json()["error"]["code"]) == (400, "IR_16")


async def test_what_is_not_paid_in_time_expires(own: Standin, hooks: Listener) -> None:
    shop = BetaShop(own, hooks)
    await shop.open()
    payment = await shop.payment(session_expiry=60)
    await own.control("clock", offset_s=120)

    event = (await hooks.wait(1))[0]

    assert event["event_type"] == "payment_expired"
    page = await own.http.get(payment["payment_link"]["link"])
    assert "This page has expired" in page.text
    assert (await shop.pay(payment["payment_id"]))["status"] == "expired"


async def test_technical_trouble_at_creation_leaves_nothing(shop: BetaShop) -> None:
    await shop.fault("decline_technical")

    refused, taken = await shop.ask(), await shop.ask()

    assert (refused.status_code, refused.json()["error"]["type"]) == (503, "api")
    assert taken.status_code == 200
    assert len((await shop.truth())["payments"]) == 1


async def test_the_list_is_newest_first(shop: BetaShop) -> None:
    keys = [(await shop.payment())["payment_id"] for _ in range(3)]

    page = (await shop.call("GET", f"/payments/list?limit=2&starting_after={keys[2]}")).json()

    assert [row["payment_id"] for row in page["data"]] == [keys[1], keys[0]]


async def test_all_that_was_answered_survives_kill_9(own: Standin, hooks: Listener) -> None:
    shop = BetaShop(own, hooks)
    await shop.open()
    paid = await asyncio.gather(*(shop.payment() for _ in range(20)))
    for payment in paid[:10]:
        await shop.pay(payment["payment_id"])
    before = await own.truth()

    await own.kill_and_restart()

    after = await own.truth()
    assert after["payments"] == before["payments"]
    assert [row["paid"] for row in after["payments"]].count(True) == 10
    await until(lambda: len({event["event_id"] for event in hooks.documents}) == 10)

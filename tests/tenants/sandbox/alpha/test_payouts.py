"""Alpha's payouts, refunds and disputes."""

import pytest

from support.patience import until
from support.shops import AlphaShop


async def test_a_payout_is_pending_then_paid_and_told(shop: AlphaShop) -> None:
    payout = (await shop.pay_out(20_000, once="w-1")).json()

    event = (await shop.hooks.wait(1))[0]

    assert (payout["object"], payout["status"]) == ("payout", "pending")
    assert event["type"] == "payout.paid"
    assert event["data"]["object"]["id"] == payout["id"]
    assert event["data"]["object"]["metadata"] == {"id": "w-1"}
    read = (await shop.call("GET", f"/v1/payouts/{payout['id']}")).json()
    assert read["status"] == "paid"


async def test_a_payout_goes_back_to_the_card_that_paid(shop: AlphaShop) -> None:
    session = await shop.paid()
    card = session["payment_intent"]["latest_charge"]["payment_method"]

    payout = (await shop.pay_out(destination=card)).json()

    assert payout["destination"] == card


async def test_a_card_of_another_merchant_is_no_destination(shop: AlphaShop) -> None:
    other = AlphaShop(shop.at, shop.hooks)
    await other.open()
    card = (await other.paid())["payment_intent"]["latest_charge"]["payment_method"]

    answer = await shop.pay_out(destination=card)

    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "destination"


@pytest.mark.parametrize(
    ("fault", "code"), [("decline_hard", "declined"), ("decline_technical", "could_not_process")]
)
async def test_a_declined_payout_fails_with_its_reason(
    shop: AlphaShop, fault: str, code: str
) -> None:
    await shop.fault(fault, on="payouts")

    payout = (await shop.pay_out()).json()
    event = (await shop.hooks.wait(1))[0]

    assert payout["status"] == "pending"
    assert event["type"] == "payout.failed"
    assert event["data"]["object"]["failure_code"] == code


async def test_a_paid_payout_may_still_come_back(shop: AlphaShop) -> None:
    payout = (await shop.pay_out()).json()
    await shop.hooks.wait(1)

    await shop.at.control(f"payouts/{payout['id']}/fail", failure_code="account_closed")

    assert [event["type"] for event in await shop.hooks.wait(2)] == ["payout.paid", "payout.failed"]
    assert (await shop.truth())["payouts"][0]["status"] == "failed"


async def test_a_payout_found_by_our_id_after_a_lost_answer(shop: AlphaShop) -> None:
    await shop.pay_out()

    found = (await shop.call("GET", "/v1/payouts?limit=100&created[gte]=1")).json()["data"]

    assert [row["metadata"]["id"] for row in found] == ["w-1"]
    assert (await shop.call("GET", "/v1/payouts?created[gt]=99999999999")).json()["data"] == []


async def test_too_low_a_balance_is_refused_at_once(shop: AlphaShop) -> None:
    await shop.fault("balance_insufficient")

    answer = await shop.pay_out()

    assert answer.json()["error"]["code"] == "balance_insufficient"
    assert (await shop.truth())["payouts"] == []


async def test_hungarian_payouts_are_whole_forints(shop: AlphaShop) -> None:
    answer = await shop.pay_out(12_345, currency="huf")

    assert answer.status_code == 400


async def test_a_refund_is_pending_then_succeeded_and_told(shop: AlphaShop) -> None:
    paying = (await shop.paid(50_000))["payment_intent"]["id"]

    form = {"payment_intent": paying, "amount": 20_000, "metadata[id]": "r-1"}
    refund = (await shop.call("POST", "/v1/refunds", form, once="r-1")).json()

    assert refund["status"] == "pending"
    told = {event["type"]: event["data"]["object"] for event in await shop.hooks.wait(2)}
    assert told["refund.updated"]["status"] == "succeeded", "events come in any order"
    assert (await shop.truth())["payments"][0]["amount_refunded"] == 20_000


async def test_no_more_is_refunded_than_was_paid(shop: AlphaShop) -> None:
    paying = (await shop.paid(50_000))["payment_intent"]["id"]

    async def refund(amount: int) -> int:
        form = {"payment_intent": paying, "amount": amount}
        return (await shop.call("POST", "/v1/refunds", form)).status_code

    said = [await refund(30_000), await refund(30_000), await refund(20_000), await refund(1)]

    assert said == [200, 400, 200, 400]
    assert (await shop.truth())["payments"][0]["amount_refunded"] == 50_000


async def test_a_refund_the_card_refuses_gives_its_room_back(shop: AlphaShop) -> None:
    paying = (await shop.paid(50_000, card="4000000000005126"))["payment_intent"]["id"]

    await shop.call("POST", "/v1/refunds", {"payment_intent": paying})

    async def failed() -> bool:
        return (await shop.truth())["refunds"][0]["status"] == "failed"

    await until(failed)
    assert (await shop.truth())["payments"][0]["amount_refunded"] == 0


async def test_a_dispute_comes_once_and_may_be_closed(shop: AlphaShop) -> None:
    session = await shop.paid()

    dispute = await shop.at.control("dispute", session=session["id"], reason="fraudulent")
    again = await shop.at.http.post("/_sandbox/dispute", json={"session": session["id"]})
    await shop.at.control(f"disputes/{dispute['id']}/close", status="lost")

    assert again.status_code == 404
    kinds = [event["type"] for event in await shop.hooks.wait(3)]
    assert kinds[1:] == ["charge.dispute.created", "charge.dispute.closed"]
    assert (await shop.truth())["payments"][0]["disputed"] is True

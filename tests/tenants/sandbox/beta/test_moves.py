"""Beta's payouts, refunds, disputes and the proof on its callbacks."""

import hashlib
import hmac

import pytest

from sandbox.beta.api import Beta
from support.patience import until
from support.shops import BetaShop


def test_the_signature_equals_what_openssl_computes() -> None:
    raw = b'{"id":"evt_1","type":"payout.paid"}'

    headers = Beta.sign(None, {"webhook_secret": "response_hash_key"}, raw, 0)  # type: ignore[arg-type]

    assert headers["x-webhook-signature-512"] == (
        "88d0664fade41b72fc442176b2b7cb93af7ac882032cb9eea31a51a7428b4703"
        "1a4080715266bbb7f61a375503e0417b39bb6e6f75957602fa600a316e7cc221"
    )


async def test_callbacks_are_signed_over_the_raw_body(shop: BetaShop) -> None:
    await shop.pay((await shop.payment())["payment_id"])
    await shop.hooks.wait(1)

    asked = shop.hooks.got[0]
    mark = hmac.new(shop.secret.encode(), asked.content, hashlib.sha512).hexdigest()
    assert asked.headers["x-webhook-signature-512"] == mark
    assert shop.hooks.documents[0]["merchant_id"] == shop.id


async def test_a_payout_is_initiated_then_succeeds(shop: BetaShop) -> None:
    payout = (await shop.pay_out()).json()

    events = await shop.hooks.wait(2)

    assert payout["status"] == "initiated"
    kinds = sorted(event["event_type"] for event in events)
    assert kinds == ["payout_initiated", "payout_success"]
    read = (await shop.call("GET", f"/payouts/{payout['payout_id']}")).json()
    assert (read["status"], read["metadata"]) == ("success", {"id": "w-1"})


async def test_a_payout_id_of_ours_is_sent_once(shop: BetaShop) -> None:
    key = f"pyt_{shop.key[-16:]}"

    first, again = await shop.pay_out(payout_id=key), await shop.pay_out(payout_id=key)

    assert first.status_code == 200
    assert (again.status_code, again.json()["error"]["code"]) == (400, "HE_01")
    assert len((await shop.truth())["payouts"]) == 1


async def test_a_payout_waits_for_what_was_not_given(shop: BetaShop) -> None:
    payout = (await shop.pay_out(confirm=False, auto_fulfill=False)).json()
    path = f"/payouts/{payout['payout_id']}"

    confirmed = (await shop.call("POST", f"{path}/confirm", {})).json()
    fulfilled = (await shop.call("POST", f"{path}/fulfill", {})).json()
    cancelled = await shop.call("POST", f"{path}/confirm", {})

    assert payout["status"] == "requires_confirmation"
    assert (confirmed["status"], fulfilled["status"]) == ("requires_fulfillment", "initiated")
    assert cancelled.status_code == 400


@pytest.mark.parametrize(
    ("fault", "code"), [("decline_hard", "declined"), ("decline_technical", "could_not_process")]
)
async def test_a_payout_fails_with_its_reason(shop: BetaShop, fault: str, code: str) -> None:
    await shop.fault(fault, on="payouts")
    key = (await shop.pay_out()).json()["payout_id"]

    async def failed() -> bool:
        return (await shop.call("GET", f"/payouts/{key}")).json()["status"] == "failed"

    await until(failed)
    assert (await shop.truth())["payouts"][0]["error_code"] == code


async def test_a_payout_goes_back_to_a_known_card(shop: BetaShop) -> None:
    key = (await shop.payment())["payment_id"]
    await shop.pay(key)
    token = (await shop.read(key))["payment_method_id"]

    given = {"payout_type": "card", "payout_token": token, "payout_method_data": None}
    sent = await shop.pay_out(**given)
    strange = await shop.pay_out(**{**given, "payout_token": "pm_nobody"})

    assert (sent.status_code, sent.json()["payout_token"]) == (200, token)
    assert strange.status_code == 404


async def test_a_payout_that_succeeded_may_be_reversed(shop: BetaShop) -> None:
    key = (await shop.pay_out()).json()["payout_id"]
    await shop.hooks.wait(2)

    await shop.at.control(f"payouts/{key}/fail")

    events = await shop.hooks.wait(3)
    assert events[-1]["event_type"] == "payout_reversed"


async def test_no_card_number_of_a_payout_reaches_the_disk(shop: BetaShop) -> None:
    card = {"card_number": "4242424242424242", "expiry_month": "12", "expiry_year": "34"}

    await shop.pay_out(payout_type="card", payout_method_data={"card": card})

    assert "4242424242424242" not in (shop.at.folder / "journal.jsonl").read_text()


async def test_no_more_is_refunded_than_was_received(shop: BetaShop) -> None:
    key = (await shop.payment(50_000))["payment_id"]
    early = await shop.call("POST", "/refunds", {"payment_id": key})
    await shop.pay(key)

    async def refund(amount: int | None) -> tuple[int, str]:
        answer = await shop.call("POST", "/refunds", {"payment_id": key, "amount": amount})
        return answer.status_code, answer.json().get("error", {}).get("code", "")

    said = [await refund(30_000), await refund(30_000), await refund(None), await refund(None)]

    assert early.json()["error"]["code"] == "IR_14"
    assert said == [(200, ""), (400, "IR_13"), (200, ""), (400, "IR_13")]
    assert (await shop.truth())["payments"][0]["amount_refunded"] == 50_000


async def test_a_refund_is_told_when_it_is_done(shop: BetaShop) -> None:
    key = (await shop.payment())["payment_id"]
    await shop.pay(key)

    given = {"payment_id": key, "refund_id": f"ref_{shop.key[-16:]}", "metadata": {"id": "r-1"}}
    refund = (await shop.call("POST", "/refunds", given)).json()
    again = await shop.call("POST", "/refunds", given)
    event = (await shop.hooks.wait(2))[-1]

    assert refund["status"] == "pending"
    assert again.json()["error"]["code"] == "HE_01"
    assert event["event_type"] == "refund_succeeded"
    assert event["content"]["object"]["metadata"] == {"id": "r-1"}


async def test_a_dispute_tells_its_amount_as_text(shop: BetaShop) -> None:
    key = (await shop.payment())["payment_id"]
    await shop.pay(key)

    await shop.at.control("dispute", payment_id=key)
    event = (await shop.hooks.wait(2))[-1]

    assert event["event_type"] == "dispute_opened"
    assert event["content"]["object"]["amount"] == "50000"


@pytest.mark.parametrize(
    ("fault", "name", "told"),
    [
        ("callback_mutated_amount", "amount_received", 5_000_000),
        ("callback_mutated_currency", "currency", "USD"),
        ("callback_other_reference", "merchant_order_reference_id", "OTHER"),
    ],
)
async def test_a_mutated_callback_is_false_and_the_api_is_not(
    shop: BetaShop, fault: str, name: str, told: object
) -> None:
    key = (await shop.payment())["payment_id"]
    await shop.payment(merchant_order_reference_id="OTHER")
    await shop.fault(fault)

    await shop.pay(key)
    obj = (await shop.hooks.wait(1))[0]["content"]["object"]

    assert (obj["payment_id"], obj[name]) == (key, told)
    read = await shop.read(key)
    assert (read["amount_received"], read["currency"]) == (50_000, "EUR")
